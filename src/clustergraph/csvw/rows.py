"""The rows of a table as they stand in a CSV file.

A file that a spreadsheet program has written in another encoding, with another separator or in
another format is reported once, by name, instead of as many faults of its cells.

Source: Model for Tabular Data, section 8 (parsing tabular data); RFC 4180.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from clustergraph.csvw.descriptions import Dialect
from clustergraph.csvw.places import Diagnostics, FaultKind, Place

_SEPARATOR_NAMES: Final = {";": "semicolons", "\t": "tabs", "|": "vertical bars", ",": "commas"}


_TRIMMERS: Final = {True: str.strip, "start": str.lstrip, "end": str.rstrip}


class RawRow(NamedTuple):
    """A row: the line on which it starts, its number among the file's rows, and its cells."""

    line: int
    source_number: int
    cells: list[str]


@dataclass(slots=True)
class Source:
    """What stands in a file or sheet: header rows, rows, comments; ``diagnostics`` takes faults."""

    path: Path
    diagnostics: Diagnostics
    sheet: str | None = None
    skip_columns: int = 0
    header: list[RawRow] = field(default_factory=list)
    rows: list[RawRow] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    readable: bool = True  # False: the file could not be read, and a fault says so

    def place(
        self, row: int | None = None, column: str | None = None, number: int | None = None
    ) -> Place:
        """Return a place in this source; ``number`` counts the described columns from 1."""
        position = None if number is None else number + self.skip_columns
        return Place(self.path, self.sheet, row, column, position)

    def fault(
        self,
        kind: FaultKind,
        message: str,
        row: int | None = None,
        column: str | None = None,
        number: int | None = None,
        *,
        value: str = "",
    ) -> None:
        """Report what is wrong at a `place`."""
        self.diagnostics.fault(kind, self.place(row, column, number), message, value=value)


# CSV ----------------------------------------------------------------------------------------


def read_csv(
    data: bytes,
    path: Path,
    dialect: Dialect,
    diagnostics: Diagnostics,
    titles: Sequence[str] = (),
) -> Source:
    """Read a CSV file.

    Args:
        data: its content.
        path: its name in places.
        dialect: how it is written.
        diagnostics: takes the faults: bytes that are not text, a quotation mark out of place,
            another separator than the dialect's, another format than CSV.
        titles: titles of the described columns, to recognise a header with another separator.
    """
    source = Source(path, diagnostics, skip_columns=dialect.skip_columns)
    if (found := _recognise_format(data)) is not None:
        message = f"the file is {found}, not CSV; save it as CSV in UTF-8, or as XLSX"
        source.fault("unreadable", message)
        source.readable = False
        return source
    text = _decode(data, dialect.encoding, source)
    if dialect.line_terminators and not set(dialect.line_terminators) <= {"\r\n", "\n", "\r"}:
        ends = "|".join(map(re.escape, sorted(dialect.line_terminators, key=len, reverse=True)))
        text = re.sub(ends, "\n", text)
    if titles and dialect.header_row_count:
        dialect = _check_separator(text, dialect, source, titles)
    arrange(_records(text, dialect, source), dialect, source)
    return source


def _check_separator(text: str, dialect: Dialect, source: Source, titles: Sequence[str]) -> Dialect:
    """Report a hint to Excel in the first line, and a separator that the metadata do not give.

    Returns:
        the dialect in which the file is written, so that its cells can be checked all the same.
    """
    lines = text.split("\n", dialect.skip_rows + 2)
    header = lines[dialect.skip_rows] if len(lines) > dialect.skip_rows else ""
    if _HINT.fullmatch(header.strip()):
        message = f"{header.strip()!r} is a hint to Excel, not the header; remove the line"
        source.fault("column", message, dialect.skip_rows + 1, value=header.strip())
        dialect = replace(dialect, skip_rows=dialect.skip_rows + 1)
        header = lines[dialect.skip_rows] if len(lines) > dialect.skip_rows else ""
    used = _delimiter_of(header.rstrip("\r"), dialect.delimiter, titles)
    if used is not None:
        name, wanted = (_SEPARATOR_NAMES.get(one, repr(one)) for one in (used, dialect.delimiter))
        message = (
            f"the cells are separated by {name}, expected {wanted}; save the file with {wanted}, "
            f'or give the metadata the dialect {{"delimiter": "{used}"}}'
        )
        source.fault("column", message, dialect.skip_rows + 1, value=header)
        dialect = replace(dialect, delimiter=used)
    return dialect


def _records(text: str, dialect: Dialect, source: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the physical line on which it starts."""
    options: dict[str, Any] = {
        "delimiter": dialect.delimiter,
        "quotechar": dialect.quote_char or None,
        "quoting": csv.QUOTE_MINIMAL if dialect.quote_char else csv.QUOTE_NONE,
        "doublequote": dialect.double_quote,
        "escapechar": None if dialect.double_quote else "\\",
        "skipinitialspace": dialect.skip_initial_space,
        "strict": True,
    }
    lines = io.StringIO(text, newline="")
    for _ in range(dialect.skip_rows):
        comment = lines.readline().rstrip("\r\n")
        if dialect.comment_prefix and comment.startswith(dialect.comment_prefix):
            comment = comment[len(dialect.comment_prefix) :]
        if comment.strip():
            source.comments.append(comment.strip())
    # The csv module refuses cells above a limit, by default 131,072 characters; it is its own.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    start = dialect.skip_rows + 1
    try:
        reader = csv.reader(lines, **options)
        for record in reader:
            yield start, record
            start = dialect.skip_rows + reader.line_num + 1
    except (ValueError, TypeError) as error:
        source.fault("unreadable", f"the dialect cannot be used: {error}")
    except csv.Error as error:
        unclosed = "unexpected end" in str(error)
        reason = f"the row cannot be read ({error}); a quotation mark in a cell must be doubled"
        if unclosed:
            reason = "a quotation mark that is opened in this row is never closed"
        source.fault("unreadable", reason, start)


def arrange(records: Iterator[tuple[int, list[str]]], dialect: Dialect, source: Source) -> None:
    """Sort records into comments, header rows and rows; trim the cells."""
    prefix = dialect.comment_prefix
    trim = _TRIMMERS.get(dialect.trim)
    # The source numbers count the skipped lines and the comments (section 8, steps 5 and 7).
    for number, (line, record) in enumerate(records, start=dialect.skip_rows + 1):
        if prefix and record and record[0].startswith(prefix):
            comment = dialect.delimiter.join(record)[len(prefix) :].strip()
            source.comments.append(comment)
            continue
        cells = record or [""]
        if trim is not None:
            cells = [trim(cell) for cell in cells]
        if len(source.header) < dialect.header_row_count:
            source.header.append(RawRow(line, number, cells[dialect.skip_columns :]))
        elif not (dialect.skip_blank_rows and not any(cells)):
            source.rows.append(RawRow(line, number, cells[dialect.skip_columns :]))


# Other formats, encodings and separators ----------------------------------------------------

OTHER_FORMATS: Final = {
    ".xls": "an Excel 97-2003 workbook",
    ".xlsb": "a binary Excel workbook",
    ".ods": "an OpenDocument spreadsheet",
    ".numbers": "a Numbers spreadsheet",
}
"""Spreadsheet formats that cannot be read, by suffix."""

_SIGNATURES: Final = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel 97-2003 workbook"),
    (b"PK\x03\x04", "a workbook or another ZIP archive"),
    (b"\x1f\x8b", "compressed with gzip"),
)
_CENTRAL_EUROPEAN: Final = frozenset("ěščřžýáíéúůďťňľĺŕôäąćęłńśźżőűăâîșțđŠČŘŽĚŮĎŤŇŁŚŹŻĄĘĆŐŰ")
_PUNCTUATION: Final = "–—„“”‘’…«»€§°·"
_SEPARATORS: Final = ";\t|,"
_HINT: Final = re.compile('"?sep=."?', re.IGNORECASE)


def _recognise_format(data: bytes) -> str | None:
    """Return the format of a file that is not text, in words, or None if it may be text."""
    if data.startswith(b"PK\x03\x04") and b"mimetypeapplication/vnd.oasis" in data[:100]:
        return OTHER_FORMATS[".ods"]
    return next((name for magic, name in _SIGNATURES if data.startswith(magic)), None)


def _decode(data: bytes, encoding: str, source: Source) -> str:
    """Decode a file; report bytes that are not text in its encoding once.

    Args:
        data: the content of the file.
        encoding: the encoding that its dialect gives, for example ``utf-8``.
        source: takes the fault. Decoding goes on with the encoding that the file seems to have, so
            that its cells can be checked all the same.
    """
    name = codecs.lookup(encoding).name
    wanted = encoding.upper()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not name.startswith(
        "utf-16"
    ):
        message = f"the file is UTF-16, expected {wanted}; save it as UTF-8"
        source.fault("unreadable", message)
        return data.decode("utf-16", "replace")
    codec = "utf-8-sig" if name == "utf-8" else encoding
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        first = error
    guessed = _guess(data)
    start = data.rfind(b"\n", 0, first.start) + 1
    raw = data[max(start, first.start - 20) : first.start + 20].partition(b"\n")[0]
    shown = raw.decode(guessed or codec, "replace").strip()
    looks = f"; the file looks like {_NAMES[guessed]}" if guessed else ""
    source.fault(
        "unreadable",
        f"the bytes {data[first.start : first.end].hex(' ')} near {shown!r} are not "
        f"{wanted}{looks}; save the file as {wanted}",
        data.count(b"\n", 0, first.start) + 1,
        value=shown,
    )
    return data.decode(guessed or codec, "replace")


_NAMES: Final = {"cp1250": "Windows-1250", "cp1252": "Windows-1252"}


def _guess(data: bytes) -> str | None:
    """Return the encoding of European spreadsheet programs that a file seems to have."""
    plausible = {}
    for codec in _NAMES:
        # What a code page has no character for, is no letter.
        foreign = [one for one in data.decode(codec, "replace") if ord(one) > 127]
        if sum(one.isalpha() or one in _PUNCTUATION for one in foreign) >= 0.7 * len(foreign):
            plausible[codec] = sum(one in _CENTRAL_EUROPEAN for one in foreign)
    # Both map almost every byte; letters that are common in Central Europe decide.
    return max(reversed(plausible), key=plausible.__getitem__, default=None)


def _delimiter_of(line: str, expected: str, titles: Sequence[str]) -> str | None:
    """Return the separator that a header line uses instead of the expected one, or None.

    Args:
        line: the header, as it stands in the file.
        expected: the delimiter of the dialect.
        titles: the titles of the described columns; with fewer than two, nothing is recognised.
    """
    if len(titles) < 2 or len(next(csv.reader([line], delimiter=expected), [])) > 1:
        return None
    wanted = {title.casefold() for title in titles}
    for candidate in _SEPARATORS.replace(expected, ""):
        cells = next(csv.reader([line], delimiter=candidate), [])
        if len(cells) > 1 and wanted & {cell.strip().casefold() for cell in cells}:
            return candidate
    return None
