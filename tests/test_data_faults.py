"""Wrong cells in the shipped tables: each is reported where it stands."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from clustergraph import artefacts, dataset

METADATA = json.loads((artefacts.room("data") / "csv-metadata.json").read_text(encoding="utf-8"))
TABLES = [table["url"] for table in METADATA["tables"]]
# No code, key, number, date, address or other restricted text of any table looks like this.
WRONG = " \N{SNOWMAN} wrong <cell> "


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a copy of the shipped tables, to break."""
    return Path(shutil.copytree(artefacts.room("data"), tmp_path / "data"))


def restricted(column: dict[str, object]) -> bool:
    """Say whether the metadata restrict what may stand in a column."""
    datatype = column.get("datatype", "string")
    free = datatype == "string" or (isinstance(datatype, dict) and set(datatype) <= {"base"})
    return not free or "cg:codeList" in column or "cg:refersTo" in column


def spoil(path: Path, line: int, columns: list[str]) -> None:
    """Put a wrong value into columns of one record, counted from 1 with the header."""
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    # A table may be empty as yet.
    rows += [[""] * len(rows[0]) for _ in range(line - len(rows))]
    for name in columns:
        rows[line - 1][rows[0].index(name)] = WRONG
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8")


@pytest.mark.full
def test_a_wrong_cell_in_each_column_of_each_table_is_reported(data: Path) -> None:
    """Every restricted column of every table tells of a wrong cell, with file, row and column."""
    expected = set()
    for table in METADATA["tables"]:
        columns = [
            column["name"]
            for column in table["tableSchema"]["columns"]
            if not column.get("virtual") and restricted(column)
        ]
        assert columns, f"{table['url']}: no column is restricted"
        spoil(data / table["url"], 2, columns)
        expected |= {(table["url"], 2, name) for name in columns}
    told = {
        (fault.place.path.relative_to(data).as_posix(), fault.place.row, fault.place.column)
        for fault in dataset.check_tables(data)
        if WRONG.strip() in fault.value
    }
    assert expected <= told, expected - told


@pytest.mark.parametrize("table", TABLES)
def test_the_key_of_each_table_is_guarded(table: str) -> None:
    """Each table has a primary key, so that a row told twice is found."""
    [schema] = [t["tableSchema"] for t in METADATA["tables"] if t["url"] == table]
    assert schema.get("primaryKey"), table


def test_fifty_faults_are_fifty_reports(data: Path) -> None:
    """A table with fifty wrong cells reports fifty, each with a row of its own."""
    path = data / "cluster_organisations.csv"
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    for line in range(10, 60):
        rows[line - 1][rows[0].index("country")] = "Utopia"
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8")
    faults = dataset.check_tables(data)
    assert [(fault.place.row, fault.value) for fault in faults] == [
        (line, "Utopia") for line in range(10, 60)
    ]
    assert all("country" in str(fault) for fault in faults)
