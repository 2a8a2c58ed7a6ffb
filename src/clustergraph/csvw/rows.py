"""The rows of a table as they stand in a CSV file or in a sheet of a workbook.

Source: Model for Tabular Data, section 8 (parsing tabular data); RFC 4180.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final, NamedTuple

from clustergraph.csvw.descriptions import Dialect
from clustergraph.csvw.places import Diagnostics, Place

__all__ = ["RawRow", "Source", "Workbook", "read_csv"]

_MIDNIGHT: Final = time()


class RawRow(NamedTuple):
    """A row: the line on which it starts, its number among the file's rows, and its cells."""

    line: int
    source_number: int
    cells: list[str]


@dataclass(slots=True)
class Source:
    """What stands in a file or sheet: header rows, rows, comments."""

    path: Path
    sheet: str | None = None
    skip_columns: int = 0
    header: list[RawRow] = field(default_factory=list)
    rows: list[RawRow] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    def place(
        self, row: int | None = None, column: str | None = None, number: int | None = None
    ) -> Place:
        """Return a place in this source; ``number`` counts the described columns from 1."""
        position = None if number is None else number + self.skip_columns
        return Place(self.path, self.sheet, row, column, position)


# CSV ----------------------------------------------------------------------------------------


def read_csv(data: bytes, path: Path, dialect: Dialect, diagnostics: Diagnostics) -> Source:
    """Read a CSV file.

    Args:
        data: its content.
        path: its name in places.
        dialect: how it is written.
        diagnostics: takes a fault for every byte sequence that is no text, and one for a
            quotation mark that is out of place.
    """
    source = Source(path, skip_columns=dialect.skip_columns)
    text = _decode(data, dialect.encoding, source, diagnostics)
    if dialect.line_terminators and not set(dialect.line_terminators) <= {"\r\n", "\n", "\r"}:
        ends = "|".join(map(re.escape, sorted(dialect.line_terminators, key=len, reverse=True)))
        text = re.sub(ends, "\n", text)
    records = _records(text, dialect, source, diagnostics)
    _arrange(records, dialect, source)
    return source


def _decode(data: bytes, encoding: str, source: Source, diagnostics: Diagnostics) -> str:
    """Decode the file; report each line with bytes that are no text and put U+FFFD there."""
    name = encoding.lower().replace("_", "-")
    codec = "utf-8-sig" if name in {"utf-8", "utf8"} else encoding
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        pass
    for line, raw in enumerate(data.split(b"\n"), start=1):
        try:
            raw.decode(codec)
        except UnicodeDecodeError as error:
            shown = raw[max(0, error.start - 20) : error.end + 20].decode(codec, "replace")
            diagnostics.fault(
                "unreadable",
                source.place(line),
                f"the bytes {raw[error.start : error.end].hex(' ')} near {shown.strip()!r} are no "
                f"{encoding.upper()}; save the file with that encoding",
                value=shown.strip(),
                expected=f"text in {encoding.upper()}",
            )
    return data.decode(codec, "replace")


def _records(
    text: str, dialect: Dialect, source: Source, diagnostics: Diagnostics
) -> Iterator[tuple[int, list[str]]]:
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
        diagnostics.fault("unreadable", source.place(), f"the dialect cannot be used: {error}")
    except csv.Error as error:
        unclosed = "unexpected end" in str(error)
        reason = (
            "a quotation mark that is opened in this row is never closed"
            if unclosed
            else f"the row cannot be read ({error}); a quotation mark inside a cell must be doubled"
        )
        diagnostics.fault(
            "unreadable", source.place(start), reason, expected="cells in paired quotation marks"
        )


def _arrange(records: Iterator[tuple[int, list[str]]], dialect: Dialect, source: Source) -> None:
    """Sort records into comments, header rows and rows; trim the cells."""
    prefix = dialect.comment_prefix
    trim = _trimmer(dialect.trim)
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


def _trimmer(trim: bool | str) -> Any:
    if trim == "start":
        return str.lstrip
    if trim == "end":
        return str.rstrip
    return str.strip if trim else None


# XLSX ---------------------------------------------------------------------------------------


class Workbook:
    """An XLSX file whose sheets are tables: ``organisations.csv`` is the sheet ``organisations``.

    Args:
        path: the file.
        diagnostics: takes a fault if it cannot be opened; there are then no sheets.
    """

    def __init__(self, path: Path, diagnostics: Diagnostics) -> None:
        # Imported here because it takes longer than reading most tables, which are CSV.
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException

        self.path = path
        self._sheets: dict[str, Any] = {}
        try:
            book = load_workbook(path, read_only=True, data_only=True)
        except (OSError, InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
            diagnostics.fault(
                "unreadable", Place(path), f"no workbook: {error}", expected="an XLSX file"
            )
            return
        self._book = book
        self._sheets = {sheet.title: sheet for sheet in book.worksheets}

    @property
    def sheets(self) -> tuple[str, ...]:
        """The names of the sheets, in their order."""
        return tuple(self._sheets)

    def read(self, sheet: str, dialect: Dialect, diagnostics: Diagnostics) -> Source:
        """Read a sheet; of the ``dialect``, the header, skipped rows and columns, and trim hold.

        Empty rows and columns at the end are left out: spreadsheets keep them when only their
        layout was touched.
        """
        source = Source(self.path, sheet, dialect.skip_columns)
        rows: list[tuple[int, list[str]]] = []
        last = dialect.skip_rows
        for line, cells in enumerate(self._sheets[sheet].iter_rows(), start=1):
            texts = [_text(cell, source, line, diagnostics) for cell in cells]
            while texts and not texts[-1]:
                texts.pop()
            if line <= dialect.skip_rows:
                continue
            rows.append((line, texts))
            if texts:
                last = line
        rows = [row for row in rows if row[0] <= last]
        width = len(rows[0][1]) if rows and dialect.header_row_count else 0
        padded = ((line, texts + [""] * (width - len(texts))) for line, texts in rows)
        _arrange(padded, dialect, source)
        return source

    def close(self) -> None:
        """Release the file."""
        if self._sheets:
            self._book.close()


def _text(cell: Any, source: Source, line: int, diagnostics: Diagnostics) -> str:
    """Write a cell as the CSV of the same table has it: dates as ISO 8601, whole numbers bare."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "e":
        diagnostics.fault(
            "unreadable",
            Place(source.path, source.sheet, line, None, cell.column),
            f"the spreadsheet shows the error {value} here",
            value=str(value),
            expected="a value",
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.time() == _MIDNIGHT:
            return value.date().isoformat()
        return value.replace(microsecond=0).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
