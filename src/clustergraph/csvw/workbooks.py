"""Sheets of XLSX workbooks as tables.

A workbook is a ZIP archive of XML documents from somebody else: its unpacked size and the number of
its cells are limited before anything is parsed, and entity declarations are refused (openpyxl
parses with defusedxml where that is installed, which our dependencies see to).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from clustergraph.csvw.descriptions import Dialect
from clustergraph.csvw.places import Diagnostics, Place
from clustergraph.csvw.rows import Source, arrange

__all__ = ["MAX_CELLS", "MAX_UNPACKED_BYTES", "WORKBOOKS", "Workbook"]

WORKBOOKS: Final = (".xlsx", ".xlsm")
"""Suffixes of workbooks that can be read."""

MAX_UNPACKED_BYTES: Final = 200 << 20
"""Largest sum of the unpacked parts of a workbook."""
MAX_CELLS: Final = 1_000_000
"""Most cells of a workbook, all sheets together."""

_MIDNIGHT: Final = time()
_CHUNK_BYTES: Final = 1 << 20
_CELL: Final = re.compile(rb"<(?:\w+:)?c[ >/]")
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[ >/]")
# Longest of the patterns above; what a chunk's end may cut off.
_OVERLAP_BYTES: Final = 16


class _LimitError(ValueError):
    """A workbook that is too large to be read safely."""


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
            diagnostics.fault("unreadable", Place(path), str(error), expected="a smaller workbook")
            return
        except (
            OSError, InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError,
            AttributeError, IndexError, SyntaxError, NotImplementedError,
        ) as error:  # fmt: skip
            message = f"not a workbook that can be read: {error or type(error).__name__}"
            diagnostics.fault("unreadable", Place(path), message, expected="an XLSX file")
            return
        self._sheets = {sheet.title: sheet for sheet in book.worksheets}

    @property
    def sheets(self) -> tuple[str, ...]:
        """The names of the sheets, in their order."""
        return tuple(self._sheets)

    def read(self, sheet: str, dialect: Dialect, diagnostics: Diagnostics) -> Source:
        """Read a sheet; of the ``dialect``, the header, skipped rows and columns, and trim apply.

        Empty rows and columns at the end are left out: spreadsheets keep them when only their
        layout was touched.

        Args:
            sheet: its name, one of `sheets`.
            dialect: of the table.
            diagnostics: takes a fault for merged cells, errors that the spreadsheet shows, and
                formulas without a stored value.
        """
        source = Source(self.path, sheet, dialect.skip_columns)
        self._report_merged(sheet, diagnostics)
        formulas = self._formulas[sheet].iter_rows() if sheet in self._formulas else None
        rows: list[tuple[int, list[str]]] = []
        last = dialect.skip_rows
        for line, cells in enumerate(self._sheets[sheet].iter_rows(), start=1):
            texts = [_text(cell, source, line, diagnostics) for cell in cells]
            if formulas is not None:
                self._report_uncalculated(next(formulas), cells, source, line, diagnostics)
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
        arrange(padded, dialect, source)
        return source

    def _report_merged(self, sheet: str, diagnostics: Diagnostics) -> None:
        for merged in self._sheets[sheet].merged_cells.ranges:
            place = Place(self.path, sheet, merged.min_row, None, merged.min_col)
            diagnostics.fault(
                "unreadable",
                place,
                f"the cells {merged.coord} are merged, so only the first has a value; separate "
                "them and fill each",
                value=merged.coord,
                expected="cells that are not merged",
            )

    def _report_uncalculated(
        self, formulas: Any, values: Any, source: Source, line: int, diagnostics: Diagnostics
    ) -> None:
        for formula, value in zip(formulas, values, strict=False):
            if formula.data_type == "f" and value.value is None:
                diagnostics.fault(
                    "unreadable",
                    Place(source.path, source.sheet, line, None, formula.column),
                    f"the formula {formula.value} has no stored value; open the workbook in a "
                    "spreadsheet program and save it, or replace the formula by its value",
                    value=str(formula.value),
                    expected="a value",
                )


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
            is_sheet = part.filename.startswith("xl/worksheets/")
            for chunk in _chunks(archive, part):
                if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
                    raise _LimitError(f"{part.filename} declares XML entities, which no XLSX needs")
                if is_sheet:
                    cells += sum(1 for _ in _CELL.finditer(chunk))
                    has_formulas = has_formulas or _FORMULA.search(chunk) is not None
            if cells > MAX_CELLS:
                raise _LimitError(
                    f"the workbook has more than {MAX_CELLS:,} cells; split it, or save its "
                    "sheets as CSV"
                )
    return has_formulas


def _chunks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the content of a part; each chunk begins with the end of the one before."""
    tail = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield tail + chunk
            tail = chunk[-_OVERLAP_BYTES:]


def _text(cell: Any, source: Source, line: int, diagnostics: Diagnostics) -> str:
    """Write a cell as the CSV of the same table has it: ISO 8601 dates, plain decimal numbers."""
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
    if isinstance(value, float):
        # The shortest decimal that is this number, never in scientific notation.
        text = f"{Decimal(repr(value)):f}"
        return text.removesuffix(".0") if "." in text else text
    return str(value)
