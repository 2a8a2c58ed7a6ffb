"""The header of a table compared with the columns that its metadata describe.

Source: Metadata Vocabulary, section 5.4.3 (compatibility of a table with its description).
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from clustergraph.csvw.descriptions import Column, Table
from clustergraph.csvw.metadata import column_name
from clustergraph.csvw.places import Diagnostics, Suggestions
from clustergraph.csvw.rows import Source

__all__ = ["match_columns"]

_Titles = tuple[str, ...]


def match_columns(
    description: Table, source: Source, diagnostics: Diagnostics
) -> tuple[list[Column], set[int]]:
    """Compare the described columns with the header.

    Returns:
        the columns of the annotated table, and the positions of those that do not match: their
        cells say nothing until the header is corrected, so their faults are not reported.
    """
    schema = description.schema
    described = [column for column in schema.columns if not column.virtual]
    virtual = [column for column in schema.columns if column.virtual]
    if described and not source.header and not source.rows and source.readable:
        diagnostics.fault(
            "column",
            source.place(),
            "the file is empty, without even a header",
        )
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
        doubtful = _compare(described, titles, language, source, diagnostics)
    for column in virtual:
        column.number = len(columns) + 1
        columns.append(column)
    return columns, doubtful


def _compare(
    described: Sequence[Column],
    titles: Sequence[_Titles],
    language: str,
    source: Source,
    diagnostics: Diagnostics,
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
        diagnostics.fault(
            "column",
            source.place(source.header[-1].line, value or None, position + 1),
            message,
            value=value,
        )
    for position in missing:
        title = described[position].title
        place_ = source.place(source.header[-1].line, None, position + 1)
        diagnostics.fault("column", place_, f"the column {title!r} is missing")
    return doubtful


def _column_at(position: int, described: Sequence[Column], found: _Titles, language: str) -> int:
    if position < len(described) and _matches(described[position], found, language):
        return position
    numbers = (n for n, column in enumerate(described) if _matches(column, found, language))
    return next(numbers, -1 - position) if found else -1 - position


def _matches(column: Column, found: _Titles, language: str) -> bool:
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
