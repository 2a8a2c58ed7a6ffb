"""Sheets of XLSX workbooks as tables.

A workbook is a ZIP archive of XML documents from somebody else: its unpacked size and the number of
its cells are limited before anything is parsed, and entity declarations are refused (openpyxl
parses with defusedxml where that is installed, which our dependencies see to).
"""

from __future__ import annotations

import re
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from clustergraph.csvw.descriptions import Dialect
from clustergraph.csvw.places import Diagnostics, Place
from clustergraph.csvw.rows import Source, arrange

WORKBOOKS: Final = (".xlsx", ".xlsm")
"""Suffixes of workbooks that can be read."""

MAX_UNPACKED_BYTES: Final = 200 << 20
"""Largest sum of the unpacked parts of a workbook."""
MAX_CELLS: Final = 1_000_000
"""Most cells of a workbook, all sheets together."""

_CELL: Final = re.compile(rb"<(?:\w+:)?c[ >/]")
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[ >/]")


class _LimitError(ValueError):
    """A workbook that is too large to be read safely."""


class Workbook:
    """An XLSX file whose sheets are tables: ``organisations.csv`` is the sheet ``organisations``.

    Args:
        path: the file.
        diagnostics: takes the faults; one that cannot be opened has no sheets.
    """

    def __init__(self, path: Path, diagnostics: Diagnostics) -> None:
        # Imported here because it takes longer than reading most tables, which are CSV.
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException

        self.path = path
        self._diagnostics = diagnostics
        self._sheets: dict[str, Any] = {}
        self._formulas: dict[str, Any] = {}
        try:
            has_formulas = _inspect(path)
            # Not read-only: that mode trusts the sheet's declared dimension, and knows nothing of
            # merged cells.
            book = load_workbook(path, data_only=True)
            if has_formulas:
                formulas = load_workbook(path, data_only=False)
                self._formulas = {sheet.title: sheet for sheet in formulas.worksheets}
        except _LimitError as error:
            diagnostics.fault("unreadable", Place(path), str(error))
            return
        except (
            OSError, InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError,
            AttributeError, IndexError, SyntaxError, NotImplementedError,
        ) as error:  # fmt: skip
            message = f"not a workbook that can be read: {error or type(error).__name__}"
            diagnostics.fault("unreadable", Place(path), message)
            return
        self._sheets = {sheet.title: sheet for sheet in book.worksheets}

    @property
    def sheets(self) -> tuple[str, ...]:
        """The names of the sheets, in their order."""
        return tuple(self._sheets)

    def read(self, sheet: str, dialect: Dialect) -> Source:
        """Read a sheet; of the ``dialect``, the header, skipped rows and columns, and trim apply.

        Empty rows and columns at the end are left out: spreadsheets keep them when only their
        layout was touched. Merged cells, errors that the spreadsheet shows and formulas without a
        stored value are faults.

        Args:
            sheet: its name, one of `sheets`.
            dialect: of the table.
        """
        source = Source(self.path, self._diagnostics, sheet)
        values = self._sheets[sheet]
        for merged in values.merged_cells.ranges:
            message = (
                f"the cells {merged.coord} are merged, so only the first has a value; separate "
                "them and fill each"
            )
            source.fault(
                "unreadable", message, merged.min_row, None, merged.min_col, value=merged.coord
            )
        for cells in self._formulas[sheet].iter_rows() if sheet in self._formulas else ():
            for cell in cells:
                if cell.data_type == "f" and values.cell(cell.row, cell.column).value is None:
                    message = (
                        f"the formula {cell.value} has no stored value; open the workbook in a "
                        "spreadsheet program and save it, or replace the formula by its value"
                    )
                    source.fault(
                        "unreadable", message, cell.row, None, cell.column, value=str(cell.value)
                    )
        rows: list[tuple[int, list[str]]] = []
        for line, cells in enumerate(values.iter_rows(), start=1):
            for cell in cells:
                if cell.data_type == "e":
                    message = f"the spreadsheet shows the error {cell.value} here"
                    source.fault(
                        "unreadable", message, line, None, cell.column, value=str(cell.value)
                    )
            texts = list(map(_text, cells))
            while texts and not texts[-1]:
                texts.pop()
            if line > dialect.skip_rows:
                rows.append((line, texts))
        while rows and not rows[-1][1]:
            rows.pop()
        width = len(rows[0][1]) if rows and dialect.header_row_count else 0
        padded = ((line, texts + [""] * (width - len(texts))) for line, texts in rows)
        # Until here the columns are those of the sheet.
        source.skip_columns = dialect.skip_columns
        arrange(padded, dialect, source)
        return source


def _inspect(path: Path) -> bool:
    """Check the size of a workbook before it is parsed; return whether it has formulas.

    Raises:
        _LimitError: it is too large, or declares entities.
        OSError: it cannot be read.
        zipfile.BadZipFile: it is not a ZIP archive.
    """
    has_formulas, cells = False, 0
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        # The module reads no more of a part than its declared size.
        if (size := sum(part.file_size for part in parts)) > MAX_UNPACKED_BYTES:
            raise _LimitError(
                f"the workbook has {size:,} bytes when unpacked; at most {MAX_UNPACKED_BYTES:,} "
                "are accepted: split it, or save its sheets as CSV"
            )
        for part in parts:
            if not part.filename.endswith((".xml", ".rels")):
                continue
            content = archive.read(part)
            if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
                raise _LimitError(f"{part.filename} declares XML entities, which no XLSX needs")
            if part.filename.startswith("xl/worksheets/"):
                cells += sum(1 for _ in _CELL.finditer(content))
                has_formulas = has_formulas or _FORMULA.search(content) is not None
            if cells > MAX_CELLS:
                raise _LimitError(
                    f"the workbook has more than {MAX_CELLS:,} cells; split it, or save its "
                    "sheets as CSV"
                )
    return has_formulas


def _text(cell: Any) -> str:
    """Write a cell as the CSV of the same table has it: ISO 8601 dates, plain decimal numbers."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return (value.date() if midnight else value.replace(microsecond=0)).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        # The shortest decimal that is this number, never in scientific notation.
        text = f"{Decimal(repr(value)):f}"
        return text.removesuffix(".0") if "." in text else text
    return str(value)
