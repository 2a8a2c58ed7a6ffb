"""Answers as files for spreadsheets and data frames: XLSX, and Parquet where pyarrow is there."""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Final

from clustergraph.errors import MissingExtraError, UsageError
from clustergraph.rdf.values import IRI, Value

# What a spreadsheet can hold (Excel specifications and limits).
_MOST_ROWS: Final = 1_048_576
_MOST_CHARACTERS: Final = 32_767
_MOST_DIGITS: Final = 15
_FIRST_YEAR: Final = 1900
# Characters that XML 1.0 cannot hold.
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WIDEST: Final = 60
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF", re.ASCII)


def write_xlsx(names: Sequence[str], rows: Iterable[Sequence[Value]], stream: IO[bytes]) -> None:
    """Write a table as a workbook with one sheet; its head stays in sight.

    Numbers and dates are such, IRIs of the web are links. Text is always text, also when it begins
    like a formula. What a sheet has no value for is text: dates before 1900, NaN and infinity,
    numbers of more than fifteen digits, times with a zone.

    Args:
        names: the columns.
        rows: their values.
        stream: where to write.

    Raises:
        UsageError: the table is too long for a sheet, or a text too long for a cell.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    table = [list(row) for row in rows]
    if len(table) >= _MOST_ROWS:
        raise UsageError(
            f"{len(table):,} rows do not fit into a sheet, which holds {_MOST_ROWS - 1:,}: "
            "ask for fewer, or for CSV"
        )
    longest = max((len(one) for row in table for one in row if isinstance(one, str)), default=0)
    if longest > _MOST_CHARACTERS:
        raise UsageError(
            f"a text of {longest:,} characters does not fit into a cell, which holds "
            f"{_MOST_CHARACTERS:,}: ask for CSV"
        )
    book = Workbook(write_only=True)
    sheet = book.create_sheet("answer")
    sheet.freeze_panes = "A2"
    for index, name in enumerate(names):
        widest = max(
            [len(name), *(len(str(row[index])) for row in table if row[index] is not None)]
        )
        sheet.column_dimensions[get_column_letter(index + 1)].width = min(widest, _WIDEST) + 2

    def cell(content: Value) -> Any:
        made = WriteOnlyCell(sheet)
        if isinstance(content, str):
            made.value = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", content)
            # Or text that begins with = would be a formula.
            made.data_type = "s"
            if isinstance(content, IRI) and content.startswith(("http://", "https://")):
                made.hyperlink = str(content)
                made.style = "Hyperlink"
        elif isinstance(content, Decimal | int) and not isinstance(content, bool):
            digits = len(Decimal(content).as_tuple().digits)
            # A spreadsheet keeps fifteen digits and would round the rest without a word.
            made.value = content if digits <= _MOST_DIGITS else str(content)
        elif isinstance(content, float) and not math.isfinite(content):
            made.value = _plain(content)
        elif isinstance(content, date) and content.year < _FIRST_YEAR:
            made.value = content.isoformat()
        elif isinstance(content, datetime) and content.tzinfo is not None:
            made.value = str(content)
        else:
            made.value = content
        return made

    head = [cell(name) for name in names]
    for made in head:
        made.font = Font(bold=True)
    sheet.append(head)
    for row in table:
        sheet.append([cell(content) for content in row])
    book.save(stream)


def write_csv(names: Sequence[str], rows: Iterable[Sequence[Value]], stream: IO[bytes]) -> None:
    """Write a table as CSV (RFC 4180) for spreadsheets: no text becomes a formula."""
    for row in itertools.chain([names], rows):
        text = io.StringIO()
        csv.writer(text).writerow([harmless_cell(_plain(content)) for content in row])
        stream.write(text.getvalue().encode("utf-8", "replace"))


def _plain(content: Value) -> Value:
    """Return what a cell of CSV holds: truths and times in XML Schema's lexical form."""
    match content:
        case bool():
            return "true" if content else "false"
        case datetime() | date():
            return content.isoformat()
        case float() if not math.isfinite(content):
            return "NaN" if math.isnan(content) else "INF" if content > 0 else "-INF"
        case _:
            return content


def harmless_cell(content: Value) -> Value:
    """Return a cell of a CSV file so that no spreadsheet takes its text for a formula.

    Such a text gets an apostrophe in front, which spreadsheets do not show. Numbers stay.
    """
    if not isinstance(content, str) or not content.startswith(_FORMULA):
        return content
    return content if _NUMBER.fullmatch(content) else f"'{content}"


def write_parquet(names: Sequence[str], rows: Iterable[Sequence[Value]], stream: IO[bytes]) -> None:
    """Write a table as Parquet; a column has one type, and is text where its values have several.

    Args:
        names: the columns.
        rows: their values.
        stream: where to write.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("Parquet", "parquet") from error
    table = [list(row) for row in rows]
    columns = [[row[index] for row in table] for index in range(len(names))]
    # A column that holds nothing is of text; others are of what their values are.
    types = [None if set(column) - {None} else arrow.string() for column in columns]
    arrays = [arrow.array(_alike(one), kind) for one, kind in zip(columns, types, strict=True)]
    buffer = io.BytesIO()
    parquet.write_table(arrow.Table.from_arrays(arrays, names=list(names)), buffer)
    stream.write(buffer.getvalue())


def _alike(column: Sequence[Value]) -> list[Any]:
    """Return a column whose values are all of one kind."""
    kinds = {_kind(content) for content in column if content is not None}
    if kinds == {"number", "whole"}:
        return [None if content is None else Decimal(str(content)) for content in column]
    if len(kinds) > 1 or kinds == {"text"}:
        return [None if content is None else str(content) for content in column]
    return list(column)


def _kind(content: Value) -> str:
    # A truth is a whole number to Python, and a moment a day.
    kinds = {
        bool: "truth", int: "whole", Decimal: "number", float: "float", datetime: "moment",
        date: "day",
    }  # fmt: skip
    return next((name for kind, name in kinds.items() if isinstance(content, kind)), "text")
