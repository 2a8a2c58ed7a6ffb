"""Annotated tables: rows joined with the metadata, cells parsed, every fault found.

Source: Model for Tabular Data, sections 6.1 (annotated tables), 6.4 (parsing cells); Metadata
Vocabulary, section 5.4.3 (compatibility of a table with its description).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pyoxigraph import Literal, NamedNode

from clustergraph.csvw.datatypes import PRECISIONS, InvalidValueError, Parsed, partial_date
from clustergraph.csvw.descriptions import Column, Table
from clustergraph.csvw.metadata import column_name, column_properties
from clustergraph.csvw.names import XSD
from clustergraph.csvw.places import Diagnostics, FaultKind, Place, quoted
from clustergraph.csvw.rows import RawRow, Source
from clustergraph.errors import near
from clustergraph.vocab import CG

__all__ = ["AnnotatedTable", "CellValue", "Item", "Row", "annotate"]

DATE_PRECISION: Final = CG + "datePrecision"
CODE_LIST: Final = CG + "codeList"


class Item(NamedTuple):
    """A value: its text, as templates and keys use it, and the literal."""

    text: str
    literal: Literal


CellValue = Item | list[Item] | None


@dataclass(slots=True)
class Row:
    """A row of an annotated table; ``number`` counts the rows after the header from 1."""

    number: int
    source_number: int
    line: int
    values: list[CellValue]

    def text(self, position: int) -> str | list[str] | None:
        """Return the value of a column as a URI template sees it."""
        value = self.values[position]
        if value is None:
            return None
        return [item.text for item in value] if isinstance(value, list) else value.text


@dataclass(slots=True)
class AnnotatedTable:
    """A table with its description, columns and parsed rows."""

    description: Table
    source: Source
    columns: list[Column]
    rows: list[Row]

    def place(self, row: Row, column: Column) -> Place:
        """Return the place of a cell."""
        return self.source.place(row.line, column.name, column.source_number)

    def index(self, name: str) -> int | None:
        """Return the position of the column called ``name``."""
        return next((i for i, column in enumerate(self.columns) if column.name == name), None)


def annotate(
    description: Table,
    source: Source,
    codes: Mapping[str, Collection[str]] | None,
    diagnostics: Diagnostics,
) -> AnnotatedTable:
    """Join a source with its description: match the columns, parse every cell.

    Args:
        description: what the metadata says about the table.
        source: the rows as they stand in the file.
        codes: name of a code list → its codes, for columns annotated with ``cg:codeList``; None
            leaves codes unchecked.
        diagnostics: takes every fault.
    """
    columns, doubtful = _match_columns(description, source, diagnostics)
    readers = [_Reader(column, codes, diagnostics, source) for column in columns]
    actual = [column for column in columns if not column.virtual]
    rows = []
    for number, raw in enumerate(source.rows, start=1):
        cells = raw.cells
        if len(cells) != len(actual):
            _report_ragged(raw, len(actual), source, diagnostics)
            cells = [*cells, *[""] * (len(columns) - len(cells))]
        values: list[CellValue] = []
        for position, reader in enumerate(readers):
            text = "" if reader.virtual else cells[position]
            value, troubles = reader.read(text)
            if troubles and position not in doubtful:
                column = columns[position]
                place = source.place(raw.line, column.name, column.source_number)
                for trouble in troubles:
                    trouble.report(place, column, diagnostics)
            values.append(value)
        rows.append(Row(number, raw.source_number, raw.line, values))
    return AnnotatedTable(description, source, columns, rows)


def _report_ragged(raw: RawRow, width: int, source: Source, diagnostics: Diagnostics) -> None:
    count = len(raw.cells)
    if not any(raw.cells):
        message = f"the row is empty; remove it or fill its {width} cells"
    else:
        extra = " (is a cell with a comma not in quotation marks?)" if count > width else ""
        cells = "1 cell" if count == 1 else f"{count} cells"
        message = f"the row has {cells}, expected {width}{extra}"
    diagnostics.fault(
        "ragged",
        source.place(raw.line),
        message,
        value=", ".join(raw.cells),
        expected=f"{width} cells",
    )


# Columns ------------------------------------------------------------------------------------


def _match_columns(
    description: Table, source: Source, diagnostics: Diagnostics
) -> tuple[list[Column], set[int]]:
    """Compare the described columns with the header.

    Returns:
        the columns of the annotated table, and the positions of those that do not match: their
        cells say nothing until the header is mended, so their faults are not reported.
    """
    schema = description.schema
    described = [column for column in schema.columns if not column.virtual]
    virtual = [column for column in schema.columns if column.virtual]
    width = len(source.header[0].cells) if source.header else None
    if width is None:
        width = len(described) or max((len(row.cells) for row in source.rows), default=0)
    titles = _header_titles(source, width)
    columns = list(described[:width])
    for position in range(len(columns), width):
        found = {"und": titles[position]} if titles[position] and not schema.declared else {}
        number = position + 1
        columns.append(
            Column(
                name=column_name(found, number),
                number=number,
                source_number=number,
                titles=found,
                named=False,
                **column_properties(schema.inherited),
            )
        )
    doubtful: set[int] = set()
    if schema.declared and source.header:
        doubtful = _compare(described, titles, source, diagnostics)
    for column in virtual:
        column.number = len(columns) + 1
        columns.append(column)
    return columns, doubtful


def _header_titles(source: Source, width: int) -> list[tuple[str, ...]]:
    titles: list[tuple[str, ...]] = []
    for position in range(width):
        cells = (row.cells[position] for row in source.header if position < len(row.cells))
        titles.append(tuple(cell for cell in cells if cell))
    return titles


def _compare(
    described: Sequence[Column],
    titles: Sequence[tuple[str, ...]],
    source: Source,
    diagnostics: Diagnostics,
) -> set[int]:
    """Report every column of the header that is not the one described at its position."""
    line = source.header[-1].line
    headers = {title for found in titles for title in found}
    doubtful: set[int] = set()

    def report(position: int, value: str, expected: str, message: str) -> None:
        doubtful.add(position)
        place = source.place(line, value or None, position + 1)
        diagnostics.fault("column", place, message, value=value, expected=expected)

    for position, found in enumerate(titles):
        value = found[0] if found else ""
        if position >= len(described):
            known = [column.title for column in described]
            hint = _did_you_mean(value, [title for title in known if title not in headers])
            report(position, value, "no column here", f"the column {value!r} is unknown{hint}")
        elif not _matches(described[position], found):
            title = described[position].title
            if not described[position].titles:
                name = described[position].name
                message = f"the column {name!r} is described without titles; add {value!r} to them"
            elif any(_matches(column, found) for column in described):
                message = f"the column {value!r} is out of place, expected {title!r} here"
            else:
                message = f"the header is {value!r}, expected {title!r}"
            report(position, value, title, message)
    for position in range(len(titles), len(described)):
        title = described[position].title
        if not any(_matches(described[position], found) for found in titles):
            report(position, "", title, f"the column {title!r} is missing")
    return doubtful


def _matches(column: Column, found: tuple[str, ...]) -> bool:
    """Say whether a header can be that of a column (section 5.4.3, column compatibility)."""
    if not found or not (column.titles or column.named):
        return True
    header_language = column.lang.lower()
    for language, titles in column.titles.items():
        if set(titles) & set(found) and _same_language(language.lower(), header_language):
            return True
    return False


def _same_language(one: str, other: str) -> bool:
    if "und" in (one, other):
        return True
    shorter, longer = sorted((one, other), key=len)
    return longer == shorter or longer.startswith(shorter + "-")


# Cells --------------------------------------------------------------------------------------


class _Trouble(NamedTuple):
    """A fault of a value, wherever it stands."""

    kind: FaultKind
    value: str
    expected: str
    message: str

    def report(self, place: Place, column: Column, diagnostics: Diagnostics) -> None:
        diagnostics.fault(self.kind, place, self.message, value=self.value, expected=self.expected)


class _Reader:
    """Parses the cells of one column; a text that comes again is parsed once."""

    def __init__(
        self,
        column: Column,
        codes: Mapping[str, Collection[str]] | None,
        diagnostics: Diagnostics,
        source: Source,
    ) -> None:
        self.virtual = column.virtual
        self._column = column
        self._source = source
        self._diagnostics = diagnostics
        self._datatype = column.datatype
        self._null = frozenset(column.null)
        self._known: dict[str, tuple[CellValue, tuple[_Trouble, ...]]] = {}
        self._parse: Callable[[str], Parsed] = column.datatype.read
        if DATE_PRECISION in column.annotations:
            self._parse = self._date_parser(column.annotations[DATE_PRECISION])
        name = column.annotations.get(CODE_LIST)
        self._list_name = "" if name is None else str(name)
        self._codes: frozenset[str] | None = None
        if name is not None and codes is not None:
            if self._list_name in codes:
                self._codes = frozenset(codes[self._list_name])
            else:
                expected = "one of " + ", ".join(sorted(codes))
                hint = _did_you_mean(self._list_name, codes)
                self._fail(f"the code list {name!r} is unknown{hint}", str(name), expected)

    def _fail(self, message: str, value: str, expected: str) -> None:
        place = self._source.place(None, self._column.name, self._column.source_number)
        self._diagnostics.fail(place, message, value=value, expected=expected)

    def _date_parser(self, given: Any) -> Callable[[str], Parsed]:
        """Return the parser for an annotation ``cg:datePrecision``."""
        names = tuple(PRECISIONS) if given == "any" else given
        names = [names] if isinstance(names, str) else names
        try:
            return partial_date(names)
        except (KeyError, TypeError):
            expected = "any, or some of " + ", ".join(PRECISIONS)
            self._fail(f"datePrecision is {given!r}, expected {expected}", str(given), expected)
            return self._datatype.read

    def read(self, text: str) -> tuple[CellValue, tuple[_Trouble, ...]]:
        """Return the value of a cell and what is wrong with it (section 6.4)."""
        try:
            return self._known[text]
        except KeyError:
            result = self._known[text] = self._read(text)
            return result

    def _read(self, original: str) -> tuple[CellValue, tuple[_Trouble, ...]]:
        column = self._column
        text = self._datatype.clean(original) or column.default
        if column.separator is None:
            if text in self._null:
                return None, self._missing(original)
            item, trouble = self._item(text)
            return item, trouble
        if text == "":
            return [], self._missing(original)
        if text in self._null:
            return None, self._missing(original)
        items: list[Item] = []
        troubles: list[_Trouble] = []
        for part in text.split(column.separator):
            if self._datatype.base not in ("string", "anyAtomicType", "any"):
                part = part.strip()
            part = part or column.default
            if part not in self._null:
                item, trouble = self._item(part)
                items.append(item)
                troubles.extend(trouble)
        return items, tuple(troubles)

    def _missing(self, original: str) -> tuple[_Trouble, ...]:
        if not self._column.required:
            return ()
        message = "a value is missing"
        if original:
            message += f": {original!r} stands for no value"
        return (_Trouble("required", original, "a value", message),)

    def _item(self, text: str) -> tuple[Item, tuple[_Trouble, ...]]:
        try:
            parsed = self._parse(text)
        except InvalidValueError as fault:
            hint = f"; did you mean {fault.hint!r}?" if fault.hint else ""
            message = f"{quoted(text)} is not {fault.expected}{hint}"
            trouble = _Trouble(fault.kind, text, fault.expected, message)
            return Item(text, Literal(text)), (trouble,)
        if self._codes is not None and text not in self._codes:
            expected = f"a code of the list {self._list_name!r}"
            message = f"{quoted(text)} is not {expected}{_did_you_mean(text, self._codes)}"
            return Item(text, Literal(text)), (_Trouble("code", text, expected, message),)
        return Item(parsed.lexical, self._literal(parsed)), ()

    def _literal(self, parsed: Parsed) -> Literal:
        if parsed.datatype == XSD + "string":
            lang = self._column.lang
            return Literal(parsed.lexical) if lang == "und" else _tagged(parsed.lexical, lang)
        return Literal(parsed.lexical, datatype=NamedNode(parsed.datatype))


def _tagged(text: str, language: str) -> Literal:
    return Literal(text, language=language)


def _did_you_mean(value: str, known: Collection[Any]) -> str:
    matches = near(value, known, 1)
    return f"; did you mean {matches[0]!r}?" if matches else ""
