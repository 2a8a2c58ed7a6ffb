"""Lists of references: one IRI for each item, and keys of several tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clustergraph.csvw import convert, read

THING = "https://example.org/{+id}"


def write(directory: Path, members: str, refers_to: object) -> Path:
    """Write three tables, of which the last refers to the keys of the others."""
    (directory / "firms.csv").write_text("id\nfirm/a\n", encoding="utf-8")
    (directory / "schools.csv").write_text("id\nschool/b\n", encoding="utf-8")
    (directory / "groups.csv").write_text(f"id,members\ngroup/g,{members}\n", encoding="utf-8")
    key = {"name": "id", "titles": "id", "required": True, "suppressOutput": True}
    member: dict[str, Any] = {
        "name": "members",
        "titles": "members",
        "separator": "|",
        "propertyUrl": "https://example.org/member",
        "valueUrl": "https://example.org/{+members}",
        "cg:valueUrlPerItem": True,
        "cg:refersTo": refers_to,
    }
    tables = [
        {"url": f"{stem}.csv", "tableSchema": {"columns": columns, "primaryKey": "id"}}
        for stem, columns in (("firms", [key]), ("schools", [key]), ("groups", [key, member]))
    ]
    tables[2]["tableSchema"]["aboutUrl"] = THING  # type: ignore[index]
    path = directory / "csv-metadata.json"
    path.write_text(
        json.dumps({"@context": "http://www.w3.org/ns/csvw", "tables": tables}), encoding="utf-8"
    )
    return path


def test_each_item_of_a_list_becomes_an_iri(tmp_path: Path) -> None:
    """A list of keys yields one triple for each key, not one for the joined list."""
    path = write(tmp_path, "firm/a|school/b", ["firms", "schools"])
    assert [str(triple.object) for triple in convert(path)] == [
        "<https://example.org/firm/a>",
        "<https://example.org/school/b>",
    ]


def test_item_found_in_no_table_is_reported_at_its_cell(tmp_path: Path) -> None:
    """A key that none of the tables has is a fault that names row, column and near match."""
    path = write(tmp_path, "firm/a|school/c", ["firms", "schools"])
    [fault] = read(path).faults
    assert (fault.place.path.name, fault.place.row, fault.place.column) == (
        "groups.csv",
        2,
        "members",
    )
    assert fault.kind == "reference"
    assert "'school/c' is not a key of firms or schools; did you mean school/b?" in fault.message


def test_table_that_is_not_described_is_reported(tmp_path: Path) -> None:
    """``cg:refersTo`` may only name tables of the metadata."""
    [fault] = read(write(tmp_path, "firm/a", ["firms", "colleges"])).faults
    assert fault.kind == "metadata"
    assert "colleges" in fault.value
