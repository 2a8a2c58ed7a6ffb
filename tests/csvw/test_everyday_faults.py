"""Tables as spreadsheet programs leave them: each fault is named once, and nothing gets lost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from clustergraph.csvw import CellFault, Tables, read, workbooks
from clustergraph.csvw.formats import explain


def table(
    directory: Path,
    content: str | bytes,
    columns: list[dict[str, Any]],
    name: str = "t.csv",
    **schema: Any,
) -> Path:
    """Write a table with its metadata; return its directory."""
    data = content.encode() if isinstance(content, str) else content
    (directory / name).write_bytes(data)
    metadata = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": "t.csv",
        "tableSchema": {"columns": columns, **schema},
    }
    (directory / "csv-metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    return directory


def column(title: str, **properties: Any) -> dict[str, Any]:
    """Return the description of a column."""
    return {"name": title, "titles": title, **properties}


def workbook(directory: Path, rows: list[list[Any]], columns: list[dict[str, Any]]) -> Path:
    """Write a workbook with one sheet ``t``, and its metadata; return its path."""
    table(directory, "", columns)
    (directory / "t.csv").unlink()
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "t"
    for row in rows:
        sheet.append(row)
    path = directory / "t.xlsx"
    book.save(path)
    return path


def rewrite(path: Path, part: str, old: str, new: str) -> None:
    """Replace text in a part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    text = parts[part].decode()
    assert re.search(old, text)
    parts[part] = re.sub(old, new, text, count=1).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def messages(found: Tables) -> list[str]:
    """Return the messages of the faults."""
    return [fault.message for fault in found.faults]


def only(faults: list[CellFault]) -> CellFault:
    """Return the only fault."""
    assert len(faults) == 1, [str(fault) for fault in faults]
    return faults[0]


# Nothing crashes ----------------------------------------------------------------------------


@pytest.mark.parametrize("lacking", ["a", "b"])
def test_missing_key_column_is_one_fault(tmp_path: Path, lacking: str) -> None:
    """A header without the column of a foreign key, on either side, is one fault and no crash."""
    (tmp_path / "a.csv").write_text("x\n1\n" if lacking == "a" else "id\n1\n")
    (tmp_path / "b.csv").write_text("k\nx\n" if lacking == "b" else "k,ref\nx,1\n")
    key = {
        "columnReference": "ref",
        "reference": {"resource": "a.csv", "columnReference": "id"},
    }
    metadata = {
        "@context": "http://www.w3.org/ns/csvw",
        "tables": [
            {"url": "a.csv", "tableSchema": {"columns": [column("id")], "primaryKey": "id"}},
            {
                "url": "b.csv",
                "tableSchema": {"columns": [column("k"), column("ref")], "foreignKeys": [key]},
            },
        ],
    }
    (tmp_path / "csv-metadata.json").write_text(json.dumps(metadata))
    fault = only(read(tmp_path).faults)
    assert (fault.kind, fault.place.path.name) == ("column", f"{lacking}.csv")


def test_foreign_key_to_an_undescribed_column_is_a_fault_of_the_metadata(tmp_path: Path) -> None:
    """A foreign key that names a column that its target does not describe is reported as such."""
    key = {
        "columnReference": "ref",
        "reference": {"resource": "t.csv", "columnReference": "nothing"},
    }
    table(tmp_path, "id,ref\na,a\n", [column("id"), column("ref")], foreignKeys=[key])
    fault = only(read(tmp_path).faults)
    assert fault.kind == "metadata"
    assert "nothing" in fault.message


def test_path_with_dots_is_read(tmp_path: Path) -> None:
    """A path that leads up and down again names the same tables."""
    (tmp_path / "x").mkdir()
    (tmp_path / "data").mkdir()
    table(tmp_path / "data", "id\na\n", [column("id")])
    for path in (tmp_path / "x" / ".." / "data", tmp_path / "x/../data/t.csv"):
        found = read(path)
        assert (messages(found), found.rows) == ([], 1)


def test_relative_path_with_dots_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path that starts with dots works as well."""
    (tmp_path / "here").mkdir()
    table(tmp_path, "id\na\n", [column("id")])
    monkeypatch.chdir(tmp_path / "here")
    assert read("..").rows == 1


def test_metadata_cannot_lead_out_of_the_directory(tmp_path: Path) -> None:
    """The URL of a table must not leave the directory of the metadata."""
    (tmp_path / "secret.csv").write_text("id\na\n")
    (tmp_path / "in").mkdir()
    table(tmp_path / "in", "", [column("id")])
    metadata = (tmp_path / "in" / "csv-metadata.json").read_text().replace("t.csv", "../secret.csv")
    (tmp_path / "in" / "csv-metadata.json").write_text(metadata)
    assert "nothing is fetched" in only(read(tmp_path / "in").faults).message


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*c", "(.*a){20}z", "([a-z]+)*1"])
def test_backtracking_patterns_come_to_an_end(tmp_path: Path, pattern: str) -> None:
    """Patterns that cost many engines exponential time are decided."""
    rows = "".join(f"{'a' * 60}!{number}\n" for number in range(30))
    datatype = {"base": "string", "format": pattern}
    table(tmp_path, "n\n" + rows, [column("n", datatype=datatype)])
    found = read(tmp_path)
    assert len(found.faults) == 30


def test_pattern_that_takes_too_long_is_given_up_once(tmp_path: Path) -> None:
    """A pattern that does not come to an end is one fault of its column, not one of each row."""
    rows = "".join(f"{'a' * 50}!{number}\n" for number in range(30))
    table(tmp_path, "n\n" + rows, [column("n", datatype={"base": "string", "format": "(a|aa)+b"})])
    assert "simplify the pattern" in only(read(tmp_path).faults).message


# Nothing gets lost --------------------------------------------------------------------------

NUMBERS = [column("id"), column("members", datatype="integer")]


def test_wrong_dimension_loses_no_rows(tmp_path: Path) -> None:
    """A sheet that declares fewer cells than it has is read whole."""
    path = workbook(tmp_path, [["id", "members"], ["a", 1], ["b", 2], ["c", "many"]], NUMBERS)
    rewrite(path, "xl/worksheets/sheet1.xml", r'<dimension ref="[^"]*"', '<dimension ref="A1:B2"')
    found = read(path)
    assert found.rows == 3
    assert only(found.faults).place.row == 4


def test_formula_without_value_is_a_fault(tmp_path: Path) -> None:
    """A formula that was never calculated is reported; it is not an empty cell."""
    path = workbook(tmp_path, [["id", "members"], ["a", "=1+1"], ["b", 2]], NUMBERS)
    fault = only(read(path).faults)
    assert (fault.place.letter, fault.place.row, fault.value) == ("B", 2, "=1+1")


def test_formula_with_value_counts_as_its_value(tmp_path: Path) -> None:
    """A formula with a stored value is that value."""
    path = workbook(tmp_path, [["id", "members"], ["a", "=1+1"]], NUMBERS)
    rewrite(path, "xl/worksheets/sheet1.xml", r"<f>1\+1</f><v\s*/>|<f>1\+1</f><v></v>",
            "<f>1+1</f><v>2</v>")  # fmt: skip
    assert messages(read(path)) == []


def test_merged_cells_are_a_fault(tmp_path: Path) -> None:
    """Of merged cells only the first has a value, so they are reported."""
    path = workbook(tmp_path, [["id", "members"], ["a", 1], ["b", None]], NUMBERS)
    book = openpyxl.load_workbook(path)
    book["t"].merge_cells("B2:B3")
    book.save(path)
    assert "B2:B3 are merged" in only(read(path).faults).message


@pytest.mark.parametrize("content", ["", "\ufeff"])
def test_empty_file_is_a_fault(tmp_path: Path, content: str) -> None:
    """A file without even a header is not a table without rows."""
    table(tmp_path, content, [column("id")], primaryKey="id")
    assert "is empty" in only(read(tmp_path).faults).message


def test_header_without_rows_is_well(tmp_path: Path) -> None:
    """A header alone is a table without rows."""
    table(tmp_path, "id\n", [column("id")], primaryKey="id")
    found = read(tmp_path)
    assert (messages(found), found.rows, found.files) == ([], 0, 1)


def test_undescribed_files_are_warned_about(tmp_path: Path) -> None:
    """Tables and spreadsheets beside the described ones are named, since they are not checked."""
    table(tmp_path, "id\na\n", [column("id")])
    (tmp_path / "other.csv").write_text("x\n1\n")
    (tmp_path / "old.xls").write_bytes(b"")
    (tmp_path / "new.xlsx").write_bytes(b"")
    found = read(tmp_path)
    assert found.faults == []
    assert {warning.place.path.name for warning in found.warnings} == {
        "other.csv", "old.xls", "new.xlsx",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words", "is_fault"),
    [
        ("Brno\x07", "control character U+0007", True),
        ("\x9dBrno", "control character U+009D", True),
        ("Br\ufffdno", "a character was lost", True),
        ("Br\u00adno", "U+00AD SOFT HYPHEN", False),
        ("\u200bBrno", "U+200B ZERO WIDTH SPACE", False),
        ("Brno\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE", False),
        ("Plzen\u030c", "normalisation form C", False),
    ],
)
def test_unseen_characters_are_reported(
    tmp_path: Path, text: str, words: str, is_fault: bool
) -> None:
    """Characters that nobody sees are named: as faults where they cannot be meant."""
    table(tmp_path, f"id,name\na,{text}\n", [column("id"), column("name")])
    found = read(tmp_path)
    listed = found.faults if is_fault else found.warnings
    assert words in only(listed).message


def test_zero_width_joiners_are_letters_of_some_scripts(tmp_path: Path) -> None:
    """Joiners have a meaning, and are left alone."""
    table(tmp_path, "id,name\na,می\u200cخواهم\n", [column("id"), column("name")])
    found = read(tmp_path)
    assert (found.faults, found.warnings) == ([], [])


def test_keys_that_look_the_same_are_duplicates(tmp_path: Path) -> None:
    """Two keys that differ only in their Unicode normalisation are one key to a reader."""
    table(tmp_path, "id\nPlze\u0148\nPlzen\u030c\n", [column("id")], primaryKey="id")
    assert "normalisation" in only(read(tmp_path).faults).message


# No false faults ----------------------------------------------------------------------------


def test_language_of_a_column_is_not_that_of_its_header(tmp_path: Path) -> None:
    """Czech values may stand below an English header."""
    table(tmp_path, "id,name\na,Klastr\n", [{"titles": "id"}, {"titles": "name", "lang": "cs"}])
    assert messages(read(tmp_path)) == []


def test_cells_are_trimmed_unless_the_dialect_says_otherwise(tmp_path: Path) -> None:
    """Space around values does not count, as the Model for Tabular Data has it by default."""
    table(tmp_path, "id , members\n a, 5 \n", NUMBERS)
    assert messages(read(tmp_path)) == []


def test_virtual_column_cannot_lack_values(tmp_path: Path) -> None:
    """A virtual column that is required has no cells that could be empty."""
    virtual = {
        "name": "kind", "virtual": True, "required": True,
        "propertyUrl": "https://example.org/p", "valueUrl": "https://example.org/v",
    }  # fmt: skip
    table(tmp_path, "id\na\n", [column("id"), virtual])
    assert messages(read(tmp_path)) == []


@pytest.mark.parametrize(
    ("number", "datatype"),
    [(1e21, "integer"), (1e-7, "decimal"), (123456789012345680.0, "integer")],
)
def test_numbers_in_scientific_notation_are_numbers(
    tmp_path: Path, number: float, datatype: str
) -> None:
    """A workbook stores numbers as floating point; how Python prints them is no fault of theirs."""
    path = workbook(
        tmp_path, [["id", "n"], ["a", number]], [column("id"), column("n", datatype=datatype)]
    )
    assert messages(read(path)) == []


# One finding for each cause, and words that help --------------------------------------------


def test_missing_column_in_the_middle_is_one_fault(tmp_path: Path) -> None:
    """A column that is missing shifts the others, which are not reported as well."""
    names = ["id", "name", "city", "members", "country"]
    columns = [column(name) for name in names]
    columns[3]["datatype"] = "integer"
    table(tmp_path, "id,city,members,country\na,Brno,3,CZ\n", columns, primaryKey="id")
    assert messages(read(tmp_path)) == ["the column 'name' is missing"]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separator_is_recognised(tmp_path: Path, separator: str) -> None:
    """A file with another separator is one fault, and its cells are checked all the same."""
    text = "id,members\na,1\nb,many\n".replace(",", separator)
    table(tmp_path, text, NUMBERS)
    found = read(tmp_path)
    assert [fault.kind for fault in found.faults] == ["column", "datatype"]
    assert "expected commas" in found.faults[0].message
    assert found.faults[1].place.row == 3


def test_hint_to_excel_is_recognised(tmp_path: Path) -> None:
    """A first line ``sep=;`` is named for what it is; rows keep their line numbers."""
    table(tmp_path, "sep=;\nid;members\na;many\n", NUMBERS)
    found = read(tmp_path)
    assert "hint to Excel" in found.faults[0].message
    assert [fault.place.row for fault in found.faults] == [1, 2, 3]


@pytest.mark.parametrize(
    ("encoding", "text", "words"),
    [
        ("cp1250", "Český klastr", "Windows-1250"),
        ("cp1252", "Pôle compétitivité", "Windows-1252"),
        ("utf-16", "Český klastr", "UTF-16"),
        ("utf-16-le", "", "UTF-16"),
    ],
)
def test_other_encoding_is_recognised(tmp_path: Path, encoding: str, text: str, words: str) -> None:
    """A file in another encoding is one fault with its name."""
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    content = f"{mark}id,name\na,{text}\nb,{text}\n".encode(encoding)
    table(tmp_path, content, [column("id"), column("name")])
    fault = only(read(tmp_path).faults)
    assert words in fault.message
    assert "save" in fault.message


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel 97-2003"),
        ("t.ods", b"PK\x03\x04", "OpenDocument"),
        ("t.xlsb", b"PK\x03\x04", "binary Excel"),
    ],
)
def test_other_spreadsheets_are_named(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    """A spreadsheet in another format is named, whether given itself or beside the metadata."""
    table(tmp_path, "", [column("id")])
    (tmp_path / "t.csv").unlink()
    (tmp_path / name).write_bytes(content)
    for path in (tmp_path, tmp_path / name):
        assert words in only(read(path).faults).message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Excel 97-2003"),
        (b"PK\x03\x04" + bytes(600), "ZIP archive"),
        (b"\x1f\x8b\x08" + bytes(60), "gzip"),
    ],
)
def test_csv_file_that_is_none_is_one_fault(tmp_path: Path, content: bytes, words: str) -> None:
    """A workbook renamed to .csv is named, instead of a fault for every row."""
    table(tmp_path, content, [column("id")])
    assert words in only(read(tmp_path).faults).message


def test_row_of_a_workbook_is_told_nothing_about_commas(tmp_path: Path) -> None:
    """Workbooks have no commas to put in quotation marks."""
    path = workbook(tmp_path, [["id", "members"], ["a", 1, "more"]], NUMBERS)
    assert only(read(path).faults).message == "the row has 3 cells, expected 2"


def test_codes_are_suggested_by_name(tmp_path: Path) -> None:
    """The name of a code, in any language, leads to the code; spelling comes second."""
    codes = {"country": {"CZ": ["Czechia", "Česko"], "SK": ["Slovakia", "Slovensko"]}}
    note = "https://w3id.org/clustergraph/ns#codeList"
    table(tmp_path, "c\nČesko\nslovakia\nCz\nČeská\n", [column("c", **{note: "country"})])
    assert [message.partition("; ")[2] for message in messages(read(tmp_path, codes=codes))] == [
        "did you mean CZ (Česko)?",
        "did you mean SK (Slovakia)?",
        "did you mean CZ?",
        "did you mean CZ (Česko)?",
    ]


def test_rows_are_suggested_by_name(tmp_path: Path) -> None:
    """A reference that holds a name instead of a key is answered with the key."""
    key = {"columnReference": "host", "reference": {"resource": "t.csv", "columnReference": "id"}}
    table(
        tmp_path,
        "id,name,host\nclutex,Cluster of Technical Textiles,\nx,X,cluster of technical textiles\n",
        [column("id"), column("name"), column("host")],
        primaryKey="id", foreignKeys=[key],
    )  # fmt: skip
    assert "did you mean clutex" in only(read(tmp_path).faults).message


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("[a-z0-9-]+", "lower-case letters, digits and hyphens"),
        ("[A-Z]{2}", "2 upper-case letters"),
        (r"\d{4}-\d{2}", "4 digits, then '-', then 2 digits"),
        (r"CZ\d{8,10}", "'CZ', then 8 to 10 digits"),
        (r"\p{L}+", "letters"),
        ("(a|b)+", None),
        ("^[a-z]+$", "lower-case letters"),
    ],
)
def test_simple_patterns_are_explained(pattern: str, words: str | None) -> None:
    """A simple pattern is put in words; any other is shown as it is."""
    assert explain(pattern) == words


def test_example_uses_the_decimal_separator_of_the_column(tmp_path: Path) -> None:
    """What is expected is written as the column writes numbers."""
    datatype = {"base": "decimal", "format": {"decimalChar": ","}}
    table(tmp_path, 'n\n"12.5"\n', [column("n", datatype=datatype)])
    assert "such as 12,5" in only(read(tmp_path).faults).message


def test_unknown_datatype_suggests_its_name(tmp_path: Path) -> None:
    """``xsd:integer`` is not a name of CSVW; the warning says which is."""
    table(tmp_path, "n\n1\n", [column("n", datatype="xsd:integer")])
    assert "write 'integer'" in only(read(tmp_path).warnings).message


# Hostile workbooks --------------------------------------------------------------------------


def test_workbook_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unpacked size is limited before anything is parsed."""
    path = workbook(tmp_path, [["id", "members"], ["a", 1]], NUMBERS)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/bomb.xml", b" " * (2 << 20))
    monkeypatch.setattr(workbooks, "MAX_UNPACKED_BYTES", 1 << 20)
    assert "when unpacked" in only(read(path).faults).message


def test_workbook_with_too_many_cells_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of cells is limited, all sheets together."""
    path = workbook(tmp_path, [["id", "members"], *(["a", 1] for _ in range(600))], NUMBERS)
    monkeypatch.setattr(workbooks, "MAX_CELLS", 1000)
    assert "more than 1,000 cells" in only(read(path).faults).message


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_entities_in_a_workbook_are_refused(tmp_path: Path, part: str) -> None:
    """A workbook that declares entities is not parsed."""
    path = workbook(tmp_path, [["id", "members"], ["a", 1]], NUMBERS)
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>'
    rewrite(path, part, r"^(<\?xml[^>]*>)?", rf"\g<0>{bomb}")
    assert "entities" in only(read(path).faults).message


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 broken", b"<html>", b"PK\x05\x06" + bytes(18)]
)
def test_broken_workbook_is_a_fault(tmp_path: Path, content: bytes) -> None:
    """A file that is no workbook is reported, whatever it holds."""
    path = workbook(tmp_path, [["id", "members"]], NUMBERS)
    path.write_bytes(content)
    assert only(read(path).faults).kind == "unreadable"


# The command --------------------------------------------------------------------------------


def check(path: Path, pipe: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in a shell."""
    command = f'"{sys.executable}" -m clustergraph tables check "{path}"{pipe}'
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip


def test_command_tells_what_was_checked(tmp_path: Path) -> None:
    """On success the number of tables and rows is reported, and warnings are shown."""
    table(tmp_path, "n\n1\n2\n", [column("n", datatype="xsd:integer")])
    ran = check(tmp_path)
    assert ran.returncode == 0
    assert "1 table, 2 rows, 0 faults, 1 warning" in ran.stderr
    assert "warning: " in ran.stderr


def test_exit_code_survives_a_closed_pipe(tmp_path: Path) -> None:
    """When the reader leaves early the exit code still tells of the faults."""
    rows = "".join(f"x{number}\n" for number in range(20_000))
    table(tmp_path, "n\n" + rows, [column("n", datatype="integer")])
    assert check(tmp_path, " | head -1").returncode == 1
