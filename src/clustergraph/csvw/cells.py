"""Annotated tables: rows joined with the metadata, cells parsed, every fault found.

Source: Model for Tabular Data, sections 6.1 (annotated tables), 6.4 (parsing cells); Metadata
Vocabulary, section 5.4.3 (compatibility of a table with its description).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from pyoxigraph import Literal, NamedNode

from clustergraph.csvw.datatypes import PRECISIONS, InvalidValueError, Parsed, partial_date
from clustergraph.csvw.descriptions import Column, Table
from clustergraph.csvw.formats import PatternTimeoutError
from clustergraph.csvw.headers import match_columns
from clustergraph.csvw.places import CellFault, Diagnostics, Place, quoted
from clustergraph.csvw.rows import RawRow, Source
from clustergraph.csvw.suggestions import Suggestions, names_by_value
from clustergraph.rdf.xsd import XSD
from clustergraph.vocab import CG

__all__ = ["AnnotatedTable", "CellValue", "CodeLists", "Item", "Row", "annotate"]

CodeLists = Mapping[str, Mapping[str, Collection[str]] | Collection[str]]
"""Name of a code list → its codes; as a mapping, with the names by which people know each code."""

DATE_PRECISION: Final = CG + "datePrecision"
CODE_LIST: Final = CG + "codeList"


class Item(NamedTuple):
    """A value: its text, as templates and keys use it, and the literal."""

    text: str
    literal: Literal


CellValue = Item | list[Item] | None


@dataclass(slots=True)
class Row:
    """A row of an annotated table; ``number`` counts the rows after the header from 1.

    ``reliable`` is False for a row with too few or too many cells, whose values may stand in the
    wrong columns: what follows from them is not reported.
    """

    number: int
    source_number: int
    line: int
    values: list[CellValue]
    reliable: bool = True

    def text(self, position: int) -> str | list[str] | None:
        """Return the value of a column as a URI template sees it."""
        value = self.values[position]
        if value is None:
            return None
        return [item.text for item in value] if isinstance(value, list) else value.text

    def key(self, position: int) -> str:
        """Return the value of a column as keys compare it; lists keep their parts apart."""
        value = self.values[position]
        if value is None:
            return ""
        return "\x1f".join(item.text for item in value) if isinstance(value, list) else value.text

    def items(self, position: int) -> list[Item]:
        """Return the values of a cell, none or one or several."""
        value = self.values[position]
        if value is None:
            return []
        return value if isinstance(value, list) else [value]


@dataclass(slots=True)
class AnnotatedTable:
    """A table with its description, columns and parsed rows.

    ``unreliable`` holds the positions of columns that do not match the header: what follows from
    their values is not reported.
    """

    description: Table
    source: Source
    columns: list[Column]
    rows: list[Row]
    unreliable: frozenset[int] = frozenset()

    def place(self, row: Row, column: Column) -> Place:
        """Return the place of a cell."""
        return self.source.place(row.line, column.name, column.source_number)

    def index(self, name: str) -> int | None:
        """Return the position of the column called ``name``."""
        return next((i for i, column in enumerate(self.columns) if column.name == name), None)

    def positions(self, names: Sequence[str]) -> list[int] | None:
        """Return the positions of columns; None if one is missing or does not match the header."""
        found = [self.index(name) for name in names]
        positions = [position for position in found if position is not None]
        if len(positions) < len(found) or self.unreliable.intersection(positions):
            return None
        return positions

    def names_of_rows(self) -> Iterator[tuple[str, str]]:
        """Yield the texts of each row with the row's key, for suggestions."""
        positions = self.positions(self.description.schema.primary_key)
        if positions is None or len(positions) != 1:
            return
        for row in self.rows:
            key = row.text(positions[0])
            for value in row.values:
                if isinstance(key, str) and isinstance(value, Item) and value.text != key:
                    yield value.text, key


def annotate(
    description: Table,
    source: Source,
    codes: CodeLists | None,
    diagnostics: Diagnostics,
) -> AnnotatedTable:
    """Join a source with its description: match the columns, parse every cell.

    Args:
        description: what the metadata says about the table.
        source: the rows as they stand in the file.
        codes: name of a code list → its codes, for columns annotated with ``cg:codeList``, each
            with the names by which people know it; None leaves codes unchecked.
        diagnostics: takes every fault.
    """
    columns, doubtful = match_columns(description, source, diagnostics)
    parsers = [_ColumnParser(column, codes, diagnostics, source) for column in columns]
    actual = sum(not column.virtual for column in columns)
    described = sum(not column.virtual for column in description.schema.columns)
    rows = []
    for number, raw in enumerate(source.rows, start=1):
        cells = raw.cells
        reliable = len(cells) == actual
        # A row that fits the described columns shows that the header is wrong, not the row.
        if not reliable and not (doubtful and len(cells) == described):
            _report_ragged(raw, actual, source, diagnostics)
        cells = [*cells[:actual], *[""] * (len(columns) - min(len(cells), actual))]
        values: list[CellValue] = []
        for position, parser in enumerate(parsers):
            value, faults = parser.read(cells[position])
            if faults and reliable and position not in doubtful:
                for fault in faults:
                    place = parser.place._replace(row=raw.line)
                    diagnostics.add(replace(fault, place=place))
            values.append(value)
        rows.append(Row(number, raw.source_number, raw.line, values, reliable))
    return AnnotatedTable(description, source, columns, rows, frozenset(doubtful))


def _report_ragged(raw: RawRow, width: int, source: Source, diagnostics: Diagnostics) -> None:
    count = len(raw.cells)
    if not any(raw.cells):
        message = f"the row is empty; remove it or fill its {width} cells"
    else:
        unquoted = count > width and source.sheet is None
        extra = " (is a cell with a comma not in quotation marks?)" if unquoted else ""
        cells = "1 cell" if count == 1 else f"{count} cells"
        message = f"the row has {cells}, expected {width}{extra}"
    diagnostics.fault(
        "ragged",
        source.place(raw.line),
        message,
        value=", ".join(raw.cells),
        expected=f"{width} cells",
    )


# Cells --------------------------------------------------------------------------------------


class _ColumnParser:
    """Parses the cells of one column; a text that occurs again is parsed once."""

    def __init__(
        self, column: Column, codes: CodeLists | None, diagnostics: Diagnostics, source: Source
    ) -> None:
        self.virtual = column.virtual
        self.place = source.place(None, column.name, column.source_number)
        self._column = column
        self._diagnostics = diagnostics
        self._datatype = column.datatype
        self._null = frozenset(column.null)
        self._known: dict[str, tuple[CellValue, list[CellFault]]] = {}
        self._parse: Callable[[str], Parsed] = column.datatype.read
        if DATE_PRECISION in column.annotations:
            self._parse = self._date_parser(column.annotations[DATE_PRECISION])
        self._list_name = str(column.annotations.get(CODE_LIST, ""))
        self._codes = None if codes is None else codes.get(self._list_name)
        if self._codes is not None:
            names = self._codes if isinstance(self._codes, Mapping) else {}
            self._suggest = Suggestions(self._codes, lambda: names_by_value(names))
        elif codes is not None and self._list_name:
            hint = Suggestions(codes)(self._list_name)
            message = f"the code list {self._list_name!r} is unknown{hint}"
            expected = "one of " + ", ".join(sorted(codes))
            diagnostics.fail(self.place, message, value=self._list_name, expected=expected)

    def _date_parser(self, given: Any) -> Callable[[str], Parsed]:
        """Return the parser for an annotation ``cg:datePrecision``."""
        names = tuple(PRECISIONS) if given == "any" else given
        try:
            return partial_date([names] if isinstance(names, str) else names)
        except (KeyError, TypeError):
            expected = "any, or some of " + ", ".join(PRECISIONS)
            message = f"datePrecision is {given!r}, expected {expected}"
            self._diagnostics.fail(self.place, message, value=str(given), expected=expected)
            return self._datatype.read

    def read(self, text: str) -> tuple[CellValue, list[CellFault]]:
        """Return the value of a cell and what is wrong with it (section 6.4)."""
        if text not in self._known:
            faults: list[CellFault] = []
            value = self._read(text, faults)
            if not text.isascii() or not text.isprintable():
                faults.extend(_unseen(text, self.place))
            self._known[text] = value, faults
        return self._known[text]

    def _read(self, original: str, faults: list[CellFault]) -> CellValue:
        column = self._column
        text = self._datatype.clean(original) or column.default
        separator = column.separator
        if text in self._null or (separator is not None and text == ""):
            # A virtual column has no cells in the file that could be filled.
            if column.required and not self.virtual:
                message = "a value is missing"
                message += f": {original!r} stands for no value" if original else ""
                faults.append(CellFault(self.place, original, "a value", message, "required"))
            return [] if separator is not None and text == "" else None
        if separator is None:
            return self._item(text, faults)
        items: list[Item] = []
        for part in text.split(separator):
            if self._datatype.kind not in ("string", "anyAtomicType"):
                part = part.strip()
            part = part or column.default
            if part not in self._null:
                items.append(self._item(part, faults))
        return items

    def _item(self, text: str, faults: list[CellFault]) -> Item:
        try:
            parsed = self._parse(text)
        except InvalidValueError as fault:
            hint = f"; did you mean {fault.hint!r}?" if fault.hint else ""
            message = f"{quoted(text)} is not {fault.expected}{hint}"
            faults.append(CellFault(self.place, text, fault.expected, message, fault.kind))
        except PatternTimeoutError as error:
            message = str(error)
            faults.append(CellFault(self.place, text, "a simpler pattern", message, "metadata"))
        else:
            if self._codes is None or text in self._codes:
                return Item(parsed.lexical, self._literal(parsed))
            expected = f"a code of the list {self._list_name!r}"
            message = f"{quoted(text)} is not {expected}{self._suggest(text)}"
            faults.append(CellFault(self.place, text, expected, message, "code"))
        return Item(text, Literal(text))

    def _literal(self, parsed: Parsed) -> Literal:
        if parsed.datatype != XSD + "string":
            return Literal(parsed.lexical, datatype=NamedNode(parsed.datatype))
        if self._column.lang == "und":
            return Literal(parsed.lexical)
        return Literal(parsed.lexical, language=self._column.lang)


# Characters that join letters in some scripts and emoji; all other format characters are invisible
# leftovers of word processors.
_JOINERS: Final = "\u200c\u200d"
_LINE_BREAKS: Final = "\t\n\r"


def _unseen(text: str, place: Place) -> Iterator[CellFault]:
    """Yield what is wrong with a text and cannot be seen: characters, and their normalisation."""
    for character in dict.fromkeys(text):
        category = unicodedata.category(character)
        name = f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()
        if character == "\ufffd":
            message = f"contains {name}: a character was lost when the file was converted"
            expected, doubtful = "the original character", False
        elif category == "Cc" and character not in _LINE_BREAKS:
            message = f"contains the control character {name}; remove it"
            expected, doubtful = "text without control characters", False
        elif category == "Cf" and character not in _JOINERS:
            message = f"contains the invisible character {name}; remove it"
            expected, doubtful = "text without invisible characters", True
        else:
            continue
        yield CellFault(place, text, expected, f"{quoted(text)} {message}", "datatype", doubtful)
    composed = unicodedata.normalize("NFC", text)
    if composed != text:
        message = (
            f"{quoted(text)} is not in Unicode normalisation form C, so it differs from the same "
            "text typed on a keyboard; convert it to NFC"
        )
        yield CellFault(place, text, composed, message, "datatype", doubtful=True)
