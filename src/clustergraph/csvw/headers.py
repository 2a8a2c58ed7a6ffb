"""The header of a table compared with the columns that its metadata describe.

Source: Metadata Vocabulary, section 5.4.3 (compatibility of a table with its description).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from clustergraph.csvw.descriptions import Column, Table
from clustergraph.csvw.metadata import column_name, column_properties
from clustergraph.csvw.places import Diagnostics
from clustergraph.csvw.rows import Source
from clustergraph.csvw.suggestions import Suggestions

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
            expected="a header with " + ", ".join(column.title for column in described),
        )
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
        language = str(schema.inherited.get("lang", "und")).lower()
        doubtful = _compare(described, titles, language, source, diagnostics)
    for column in virtual:
        column.number = len(columns) + 1
        columns.append(column)
    return columns, doubtful


def _header_titles(source: Source, width: int) -> list[_Titles]:
    titles: list[_Titles] = []
    for position in range(width):
        cells = (row.cells[position] for row in source.header if position < len(row.cells))
        titles.append(tuple(cell for cell in cells if cell))
    return titles


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
    line = source.header[-1].line

    def report(position: int, value: str, expected: str, message: str) -> None:
        place = source.place(line, value or None, position + 1)
        diagnostics.fault("column", place, message, value=value, expected=expected)

    def matches(column: Column, found: _Titles) -> bool:
        return _matches(column, found, language)

    width = max(len(described), len(titles))
    doubtful = {
        position
        for position in range(width)
        if position >= len(described)
        or position >= len(titles)
        or not matches(described[position], titles[position])
    }
    if not doubtful:
        return doubtful
    missing, unknown = _differences(described, titles, matches)
    names = [described[position].title for position in missing]
    for position in unknown:
        value = titles[position][0] if titles[position] else ""
        moved = next((p for p in missing if matches(described[p], titles[position])), None)
        if moved is not None and titles[position]:
            missing.remove(moved)
            place = "first" if moved == 0 else f"behind {described[moved - 1].title!r}"
            message = f"the column {value!r} is out of place, expected {place}"
            report(position, value, described[moved].title, message)
        elif position in missing:
            missing.remove(position)
            title = described[position].title
            if described[position].titles:
                message = f"the header is {value!r}, expected {title!r}"
            else:
                name = described[position].name
                message = f"the column {name!r} is described without titles; add {value!r} to them"
            report(position, value, title, message)
        else:
            hint = Suggestions(names)(value)
            report(position, value, "no column here", f"the column {value!r} is unknown{hint}")
    for position in missing:
        title = described[position].title
        report(position, "", title, f"the column {title!r} is missing")
    return doubtful


def _differences(
    described: Sequence[Column],
    titles: Sequence[_Titles],
    matches: Callable[[Column, _Titles], bool],
) -> tuple[list[int], list[int]]:
    """Return the described positions that the header lacks, and its positions that are unknown."""
    wanted = list(range(len(described)))
    # Each header cell becomes the number of the column that it matches, if there is one.
    found = [_column_at(at, described, titles[at], matches) for at in range(len(titles))]
    missing: list[int] = []
    unknown: list[int] = []
    for tag, a, b, c, d in SequenceMatcher(None, wanted, found, autojunk=False).get_opcodes():
        if tag != "equal":
            missing += range(a, b)
            unknown += range(c, d)
    return missing, unknown


def _column_at(
    position: int,
    described: Sequence[Column],
    found: _Titles,
    matches: Callable[[Column, _Titles], bool],
) -> int:
    """Return the number of the column that a header cell matches, or a negative number."""
    if position < len(described) and matches(described[position], found):
        return position
    numbers = (number for number, column in enumerate(described) if matches(column, found))
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
        set(titles) & set(found) and _same_language(own.lower(), language)
        for own, titles in column.titles.items()
    )


def _same_language(one: str, other: str) -> bool:
    if "und" in (one, other):
        return True
    shorter, longer = sorted((one, other), key=len)
    return longer == shorter or longer.startswith(shorter + "-")
