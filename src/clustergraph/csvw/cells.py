"""Annotated tables: rows and header joined with the metadata, cells parsed, every fault found.

Source: Model for Tabular Data, sections 6.1 (annotated tables), 6.4 (parsing cells); Metadata
Vocabulary, section 5.4.3 (compatibility of a table with its description).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Any, Final, NamedTuple

from pyoxigraph import Literal, NamedNode, Quad, Triple

from clustergraph.csvw.datatypes import PRECISIONS, InvalidValueError, Parsed, partial_date
from clustergraph.csvw.descriptions import Column, Table
from clustergraph.csvw.formats import PatternTimeoutError
from clustergraph.csvw.metadata import column_name
from clustergraph.csvw.places import CellFault, Diagnostics, Place, Suggestions, quoted
from clustergraph.csvw.rows import RawRow, Source
from clustergraph.rdf.xsd import XSD
from clustergraph.vocab import CG, CODE, PREFIXES

CodeLists = Mapping[str, Mapping[str, Collection[str]] | Collection[str]]
"""Name of a code list → its codes; as a mapping, with the names by which people know each code."""

DATE_PRECISION: Final = CG + "datePrecision"
CODE_LIST: Final = CG + "codeList"


class Item(NamedTuple):
    """A value: its text, as templates and keys use it, and the literal."""

    text: str
    literal: Literal


@dataclass(slots=True)
class Row:
    """A row of an annotated table; ``number`` counts the rows after the header from 1.

    Each cell has any number of values. ``reliable`` is False for a row with too few or too many
    cells, whose values may stand in the wrong columns: what follows from them is not reported.
    """

    number: int
    source_number: int
    line: int
    values: tuple[tuple[Item, ...], ...]
    reliable: bool


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
    _keys: dict[int, list[str]] = field(default_factory=dict)

    @property
    def diagnostics(self) -> Diagnostics:
        """What takes the faults of the table."""
        return self.source.diagnostics

    def place(self, row: Row, position: int) -> Place:
        """Return the place of a cell."""
        column = self.columns[position]
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

    def keys(self, positions: Sequence[int]) -> list[tuple[str, ...]]:
        """Return the values of columns in each row as keys compare them."""
        for position in positions:
            if position not in self._keys:
                # The parts of a list are kept apart by a character that no cell has.
                self._keys[position] = [
                    "\x1f".join([item.text for item in row.values[position]]) for row in self.rows
                ]
        return list(zip(*(self._keys[position] for position in positions), strict=True))

    def names_of_rows(self) -> Iterator[tuple[str, str]]:
        """Yield the texts of each row with the row's key, for suggestions."""
        positions = self.positions(self.description.schema.primary_key)
        if positions is None or len(positions) != 1:
            return
        for row, (key,) in zip(self.rows, self.keys(positions), strict=True):
            for items in row.values:
                if len(items) == 1 and items[0].text != key:
                    yield items[0].text, key


def annotate(
    description: Table,
    source: Source,
    codes: CodeLists | None,
) -> AnnotatedTable:
    """Join a source with its description: match the columns, parse every cell.

    Args:
        description: what the metadata says about the table.
        source: the rows as they stand in the file; takes every fault.
        codes: name of a code list → its codes, for columns annotated with ``cg:codeList``, each
            with the names by which people know it; None leaves codes unchecked.
    """
    columns, doubtful = _match_columns(description, source)
    width = sum(not column.virtual for column in columns)
    described = sum(not column.virtual for column in description.schema.columns)
    for raw in source.rows:
        # A row that fits the described columns shows that the header is wrong, not the row.
        if len(raw.cells) != width and not (doubtful and len(raw.cells) == described):
            _report_ragged(raw, width, source)
    values = []
    for position, column in enumerate(columns):
        parser = _ColumnParser(column, codes, source)
        cells = [raw.cells[position] if position < len(raw.cells) else "" for raw in source.rows]
        if column.virtual:
            cells = [""] * len(cells)
        parsed = {text: parser.read(text) for text in dict.fromkeys(cells)}
        values.append([parsed[text][0] for text in cells])
        if position in doubtful or not any(faults for _, faults in parsed.values()):
            continue
        for raw, text in zip(source.rows, cells, strict=True):
            if len(raw.cells) == width:
                for fault in parsed[text][1]:
                    source.diagnostics.add(replace(fault, place=fault.place._replace(row=raw.line)))
    rows = [
        Row(number, raw.source_number, raw.line, cells, len(raw.cells) == width)
        for number, (raw, cells) in enumerate(
            zip(source.rows, zip(*values, strict=True), strict=bool(values)), start=1
        )
    ]
    return AnnotatedTable(description, source, columns, rows, frozenset(doubtful))


def _report_ragged(raw: RawRow, width: int, source: Source) -> None:
    count = len(raw.cells)
    if not any(raw.cells):
        message = f"the row is empty; remove it or fill its {width} cells"
    else:
        unquoted = count > width and source.sheet is None
        extra = " (is a cell with a comma not in quotation marks?)" if unquoted else ""
        cells = "1 cell" if count == 1 else f"{count} cells"
        message = f"the row has {cells}, expected {width}{extra}"
    source.fault("ragged", message, raw.line, value=", ".join(raw.cells))


# Headers ------------------------------------------------------------------------------------

_Titles = tuple[str, ...]


def _match_columns(description: Table, source: Source) -> tuple[list[Column], set[int]]:
    """Compare the described columns with the header.

    Returns:
        the columns of the annotated table, and the positions of those that do not match: their
        cells say nothing until the header is corrected, so their faults are not reported.
    """
    schema = description.schema
    described = [column for column in schema.columns if not column.virtual]
    virtual = [column for column in schema.columns if column.virtual]
    if described and not source.header and not source.rows and source.readable:
        source.fault("column", "the file is empty, without even a header")
    width = len(described) or max((len(row.cells) for row in source.rows), default=0)
    if source.header:
        width = len(source.header[0].cells)
    titles = [
        tuple(row.cells[at] for row in source.header if at < len(row.cells) and row.cells[at])
        for at in range(width)
    ]
    columns = list(described[:width])
    for position in range(len(columns), width):
        found = {"und": titles[position]} if titles[position] and not schema.declared else {}
        number = position + 1
        name = column_name(found, number)
        columns.append(Column(name, number, number, found, named=False, **schema.inherited))
    doubtful: set[int] = set()
    if schema.declared and source.header:
        language = str(schema.inherited.get("lang", "und")).lower()
        doubtful = _compare(described, titles, language, source)
    for column in virtual:
        column.number = len(columns) + 1
        columns.append(column)
    return columns, doubtful


def _compare(
    described: Sequence[Column],
    titles: Sequence[_Titles],
    language: str,
    source: Source,
) -> set[int]:
    """Report each difference between the header and the described columns once.

    A column that is missing in the middle shifts all columns behind it: that is one fault, not as
    many as there are columns.
    """
    # Each header cell becomes the number of the column that it matches, or a negative number.
    found = [_column_at(at, described, titles[at], language) for at in range(len(titles))]
    width = max(len(described), len(titles))
    doubtful = {
        at for at in range(width) if at >= min(len(described), len(found)) or found[at] != at
    }
    missing: list[int] = []
    unknown: list[int] = []
    matcher = SequenceMatcher(None, range(len(described)), found, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            missing += range(a, b)
            unknown += range(c, d)
    names = [described[position].title for position in missing]
    for position in unknown:
        value = titles[position][0] if titles[position] else ""
        column = described[position] if position in missing else None
        if found[position] in missing:
            column = described[found[position]]
            behind = described[found[position] - 1].title
            place = f"behind {behind!r}" if found[position] else "first"
            message = f"the column {value!r} is out of place, expected {place}"
        elif column is None:
            message = f"the column {value!r} is unknown{Suggestions(names)(value)}"
        elif column.titles:
            message = f"the header is {value!r}, expected {column.title!r}"
        else:
            name = column.name
            message = f"the column {name!r} is described without titles; add {value!r} to them"
        if column is not None:
            missing.remove(described.index(column))
        line = source.header[-1].line
        source.fault("column", message, line, value or None, position + 1, value=value)
    for position in missing:
        message = f"the column {described[position].title!r} is missing"
        source.fault("column", message, source.header[-1].line, None, position + 1)
    return doubtful


def _column_at(position: int, described: Sequence[Column], found: _Titles, language: str) -> int:
    if position < len(described) and _can_be(described[position], found, language):
        return position
    numbers = (n for n, column in enumerate(described) if _can_be(column, found, language))
    return next(numbers, -1 - position) if found else -1 - position


def _can_be(column: Column, found: _Titles, language: str) -> bool:
    """Return whether a header can be that of a column (section 5.4.3, column compatibility).

    Args:
        column: as described.
        found: the header cells.
        language: of the header: that of the table or schema. A language given for the column
            alone is that of its values.
    """
    if not found or not (column.titles or column.named):
        return True
    return any(
        set(titles) & set(found)
        and (
            "und" in (own.lower(), language)
            or f"{own.lower()}-".startswith(f"{language}-")
            or f"{language}-".startswith(f"{own.lower()}-")
        )
        for own, titles in column.titles.items()
    )


# Cells --------------------------------------------------------------------------------------


class _ColumnParser:
    """Parses the cells of one column."""

    def __init__(self, column: Column, codes: CodeLists | None, source: Source) -> None:
        self._place = source.place(None, column.name, column.source_number)
        self._column = column
        self._diagnostics = source.diagnostics
        self._datatype = column.datatype
        self._parse: Callable[[str], Parsed] = column.datatype.read
        if DATE_PRECISION in column.annotations:
            self._parse = self._date_parser(column.annotations[DATE_PRECISION])
        self._list_name = str(column.annotations.get(CODE_LIST, ""))
        self._codes = None if codes is None else codes.get(self._list_name)
        if self._codes is not None:
            labels = self._codes if isinstance(self._codes, Mapping) else {}
            self._suggest = Suggestions(
                self._codes,
                lambda: ((name, code) for code, names in labels.items() for name in names),
            )
        elif codes is not None and self._list_name:
            hint = Suggestions(codes)(self._list_name)
            message = f"the code list {self._list_name!r} is unknown{hint}"
            self._diagnostics.fail(self._place, message, value=self._list_name)

    def _date_parser(self, given: Any) -> Callable[[str], Parsed]:
        """Return the parser for an annotation ``cg:datePrecision``."""
        names = tuple(PRECISIONS) if given == "any" else given
        try:
            return partial_date([names] if isinstance(names, str) else names)
        except (KeyError, TypeError):
            expected = "any, or some of " + ", ".join(PRECISIONS)
            message = f"datePrecision is {given!r}, expected {expected}"
            self._diagnostics.fail(self._place, message, value=str(given))
            return self._datatype.read

    def read(self, original: str) -> tuple[tuple[Item, ...], list[CellFault]]:
        """Return the values of a cell and what is wrong with it (section 6.4)."""
        column, faults = self._column, list[CellFault]()
        if not original.isascii() or not original.isprintable():
            faults.extend(_unseen(original, self._place))
        text = self._datatype.clean(original) or column.default
        if text in column.null or (column.separator is not None and text == ""):
            # A virtual column has no cells in the file that could be filled.
            if column.required and not column.virtual:
                message = "a value is missing"
                message += f": {original!r} stands for no value" if original else ""
                faults.append(CellFault(self._place, original, message, "required"))
            return (), faults
        if column.separator is None:
            return (self._item(text, faults),), faults
        parts = text.split(column.separator)
        if self._datatype.kind not in ("string", "anyAtomicType"):
            parts = [part.strip() for part in parts]
        parts = [part or column.default for part in parts]
        return tuple(self._item(one, faults) for one in parts if one not in column.null), faults

    def _item(self, text: str, faults: list[CellFault]) -> Item:
        try:
            parsed = self._parse(text)
        except InvalidValueError as fault:
            message = f"{quoted(text)} is not {fault.expected}"
            faults.append(CellFault(self._place, text, message, fault.kind))
        except PatternTimeoutError as error:
            message = str(error)
            faults.append(CellFault(self._place, text, message, "metadata"))
        else:
            if self._codes is None or text in self._codes:
                return Item(parsed.lexical, self._literal(parsed))
            named = f"a code of the list {self._list_name!r}"
            message = f"{quoted(text)} is not {named}{self._suggest(text)}"
            faults.append(CellFault(self._place, text, message, "code"))
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
        elif category == "Cc" and character not in _LINE_BREAKS:
            message = f"contains the control character {name}; remove it"
        elif category == "Cf" and character not in _JOINERS:
            message = f"contains the invisible character {name}; remove it"
        else:
            continue
        doubtful = category == "Cf"
        yield CellFault(place, text, f"{quoted(text)} {message}", "datatype", doubtful)
    if not unicodedata.is_normalized("NFC", text):
        message = (
            f"{quoted(text)} is not in Unicode normalisation form C, so it differs from the same "
            "text typed on a keyboard; convert it to NFC"
        )
        yield CellFault(place, text, message, "datatype", doubtful=True)


# Code lists ---------------------------------------------------------------------------------

_LABELS: Final = frozenset(
    (PREFIXES["skos"] + "prefLabel", PREFIXES["skos"] + "altLabel", PREFIXES["rdfs"] + "label")
)


def code_lists(statements: Iterable[Quad | Triple]) -> CodeLists:
    """Return the codes of each list, as tables write them, each with its labels.

    ``country`` has ``CZ``, ``role`` has ``partner``, ``nuts`` has ``CZ080``, ``nace`` has ``C13``
    in the notation of NACE, and ``nace-iri`` the local part of its IRI.
    """
    lists: dict[str, dict[str, list[str]]] = {}
    labels: dict[str, list[str]] = {}
    notation, in_scheme = (PREFIXES["skos"] + name for name in ("notation", "inScheme"))
    nuts, nace = (PREFIXES[name] for name in ("nuts", "nace"))
    for quad in statements:
        if not isinstance(quad.subject, NamedNode):
            continue
        iri, predicate = quad.subject.value, quad.predicate.value
        known = labels.setdefault(iri, [])
        if isinstance(quad.object, Literal):
            if predicate in _LABELS:
                known.append(quad.object.value)
            elif predicate == notation and iri.startswith(nace):
                lists.setdefault("nace", {})[quad.object.value] = known
        elif predicate == in_scheme:
            for namespace, name in ((nuts, "nuts"), (nace, "nace-iri")):
                if iri.startswith(namespace):
                    lists.setdefault(name, {})[iri.removeprefix(namespace)] = known
            if iri.startswith(CODE):
                name, _, code = iri.removeprefix(CODE).partition("/")
                lists.setdefault(name, {})[code] = known
    return lists
