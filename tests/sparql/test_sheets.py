"""Answers as workbooks and Parquet files keep their values and their types."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from clustergraph.errors import UsageError
from clustergraph.rdf.values import IRI, Value
from clustergraph.sparql.sheets import write_parquet, write_xlsx


def sheet(names: Sequence[str], rows: Sequence[Sequence[Value]]) -> Any:
    stream = io.BytesIO()
    write_xlsx(names, rows, stream)
    return load_workbook(io.BytesIO(stream.getvalue())).active


def test_workbook_keeps_types() -> None:
    """Numbers, dates and truths are such; what is not bound is an empty cell."""
    rows: list[list[Value]] = [[7, Decimal("2.5"), date(2024, 3, 31), True, None]]
    found = sheet(["a", "b", "c", "d", "e"], rows)
    assert [cell.value for cell in found[1]] == ["a", "b", "c", "d", "e"]
    assert [cell.value for cell in found[2]] == [7, 2.5, datetime(2024, 3, 31), True, None]
    assert found.freeze_panes == "A2"


@pytest.mark.parametrize("text", ["=1+1", '=HYPERLINK("https://example.org")', "+1", "@a", "-1"])
def test_workbook_holds_no_formula(text: str) -> None:
    """Text that begins like a formula is text."""
    cell = sheet(["a"], [[text]])["A2"]
    assert (cell.value, cell.data_type) == (text, "s")


def test_workbook_links_only_to_the_web() -> None:
    """An IRI of the web is a link; another scheme is text."""
    found = sheet(["a"], [[IRI("https://example.org/a")], [IRI("javascript:alert(1)")]])
    assert found["A2"].hyperlink.target == "https://example.org/a"
    assert found["A3"].hyperlink is None
    assert found["A3"].value == "javascript:alert(1)"


def test_workbook_rounds_nothing_in_silence() -> None:
    """A number of more digits than a spreadsheet keeps is written as text."""
    assert sheet(["a"], [[12345678901234567890]])["A2"].value == "12345678901234567890"


def test_workbook_replaces_what_xml_cannot_hold() -> None:
    """Control characters do not break the file."""
    assert sheet(["a"], [["x\x01y"]])["A2"].value == "x\N{REPLACEMENT CHARACTER}y"


def test_text_too_long_for_a_cell_is_refused() -> None:
    """No text is cut off without a word."""
    with pytest.raises(UsageError, match=r"32,768 characters.*CSV"):
        sheet(["a"], [["x" * 32_768]])


def test_parquet_keeps_types() -> None:
    """A column has the type of its values, and is text where they have several."""
    parquet = pytest.importorskip("pyarrow.parquet")
    rows: list[list[Value]] = [
        [7, Decimal("2.5"), date(2024, 3, 31), True, "x", None, 1],
        [None, 3, None, False, IRI("https://example.org/a"), None, "many"],
    ]
    stream = io.BytesIO()
    write_parquet(list("abcdefg"), rows, stream)
    found = parquet.read_table(io.BytesIO(stream.getvalue()))
    assert [str(field.type).partition("(")[0] for field in found.schema] == [
        "int64", "decimal128", "date32[day]", "bool", "string", "string", "string",
    ]  # fmt: skip
    assert found.column("a").to_pylist() == [7, None]
    assert found.column("b").to_pylist() == [Decimal("2.5"), Decimal(3)]
    assert found.column("g").to_pylist() == ["1", "many"]
