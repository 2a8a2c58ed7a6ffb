"""Tables with CSVW metadata: their faults, their triples, and the cells these come from."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from clustergraph.csvw import CellFault, Place, TablesError, convert, read
from clustergraph.errors import ClusterGraphError

DATA = Path(__file__).parents[1] / "data" / "tables"
CODES = {"country": ["AT", "CZ", "DE"]}
EX = "https://example.org/"
XSD = "http://www.w3.org/2001/XMLSchema#"


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Return a copy of the test tables that a test may spoil."""
    return Path(shutil.copytree(DATA, tmp_path / "tables"))


def spoil(directory: Path, old: str, new: str, file: str = "organisations.csv") -> None:
    path = directory / file
    text = path.read_bytes().decode()
    assert text.count(old) == 1, f"{old!r} is not in {file} exactly once"
    path.write_bytes(text.replace(old, new).encode())


def faults(directory: Path) -> list[CellFault]:
    return read(directory, codes=CODES).faults


def only(found: list[CellFault]) -> CellFault:
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


def spoken(fault: CellFault) -> tuple[str, int | None, str | None, str | None, str, str]:
    place = fault.place
    return place.path.name, place.row, place.letter, place.column, fault.value, fault.kind


def describe(directory: Path, columns: list[dict[str, Any]], **table: Any) -> Path:
    """Write metadata for ``t.csv`` and return their path."""
    document = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": "t.csv",
        "tableSchema": {"columns": columns, "aboutUrl": "https://example.org/{_row}"},
        **table,
    }
    path = directory / "t.csv-metadata.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


# What is right --------------------------------------------------------------------------------


def test_tables_without_fault_have_none() -> None:
    """Right tables have no faults and no warnings."""
    found = read(DATA, codes=CODES)
    assert (found.faults, found.warnings, found.fatal) == ([], [], False)


def test_minimal_mode_says_what_the_cells_say() -> None:
    """A row becomes triples about its IRI, and nothing is said of tables and rows."""
    triples = {
        (t.subject.value, t.predicate.value.rpartition("#")[2], str(t.object))
        for t in convert(DATA, codes=CODES)
        if t.subject == ox.NamedNode(EX + "id/nanoprogress")
    }
    assert triples == {
        (EX + "id/nanoprogress", "label", '"NANOPROGRESS"'),
        (EX + "id/nanoprogress", "country", f"<{EX}country/CZ>"),
        (EX + "id/nanoprogress", "founded", f'"2010-05"^^<{XSD}gYearMonth>'),
        (EX + "id/nanoprogress", "members", f'"36"^^<{XSD}integer>'),
        (
            EX + "id/nanoprogress",
            "http://xmlns.com/foaf/0.1/homepage",
            "<https://nanoprogress.eu/>",
        ),
        (EX + "id/nanoprogress", "level", '"bronze"'),
        (EX + "id/nanoprogress", "partner", '"clutex"'),
        (EX + "id/nanoprogress", "type", "<http://www.w3.org/ns/org#Organization>"),
    }


def test_standard_mode_describes_tables_and_rows() -> None:
    """Standard mode adds the group, its annotations, a node per table and one per row."""
    objects = Counter(
        t.object.value for t in convert(DATA, "standard", codes=CODES) if "#type" in str(t[1])
    )
    assert objects["http://www.w3.org/ns/csvw#TableGroup"] == 1
    assert objects["http://www.w3.org/ns/csvw#Table"] == 2
    assert objects["http://www.w3.org/ns/csvw#Row"] == 6


@pytest.mark.parametrize(
    ("key", "datatype"),
    [("clutex", "gYear"), ("nanoprogress", "gYearMonth"), ("moravia-it", "date")],
)
def test_dates_are_typed_by_their_precision(key: str, datatype: str) -> None:
    """A year, a month and a day each get their own datatype."""
    found = [
        t.object
        for t in convert(DATA, codes=CODES)
        if t.subject.value == f"{EX}id/{key}" and t.predicate.value == EX + "ns#founded"
    ]
    assert [o.datatype.value for o in found if isinstance(o, ox.Literal)] == [XSD + datatype]


def test_graphs_are_named_by_table_or_annotation() -> None:
    """A table's triples lie in the graph that bears its name, or in the one it names itself."""
    graphs = {t.graph.value for t in convert(DATA, codes=CODES) if t.graph is not None}
    assert graphs == {
        "https://w3id.org/clustergraph/graph/organisations",
        EX + "graph/members",
    }
    template = EX + "g/{table}"
    assert EX + "g/organisations" in {
        t.graph.value for t in read(DATA, codes=CODES).triples(graph=template) if t.graph
    }
    assert {t.graph for t in read(DATA, codes=CODES).triples(graph=None)} == {None}


def test_a_csv_file_finds_the_metadata_beside_it() -> None:
    """Starting from a CSV file gives what starting from its metadata gives."""
    from_csv = set(convert(DATA / "organisations.csv", codes=CODES))
    assert from_csv == set(convert(DATA / "csv-metadata.json", codes=CODES))


def test_language_of_a_column_tags_its_strings(tmp_path: Path) -> None:
    """The property ``lang`` turns strings into language-tagged literals."""
    (tmp_path / "t.csv").write_text("name\nKlastr\n", "utf-8")
    path = describe(tmp_path, [{"titles": "name", "lang": "cs"}])
    (triple,) = convert(path)
    assert triple.object == ox.Literal("Klastr", language="cs")


# Where it comes from --------------------------------------------------------------------------


def test_each_triple_is_traced_to_its_cell() -> None:
    """Reading the cell at a triple's place gives the text that the triple was made from."""
    grids: dict[Path, dict[int, list[str]]] = {}
    for path in (DATA / "organisations.csv", DATA / "memberships.csv"):
        grids[path] = {}
        reader = csv.reader(io.StringIO(path.read_text("utf-8"), newline=""))
        line = 1
        for cells in reader:
            grids[path][line] = cells
            line = reader.line_num + 1
    for triple in convert(DATA, codes=CODES):
        place = triple.place
        assert place.row is not None
        row = grids[place.path][place.row]
        if place.column == "type":
            assert place.number is None
            continue
        assert place.number is not None
        assert grids[place.path][1][place.number - 1] == place.column
        said = triple.object.value.removeprefix(EX + "country/").removeprefix(EX + "id/")
        assert said in row[place.number - 1].split(";")


def test_a_place_reads_like_a_position_in_an_editor() -> None:
    """Places of CSV show the line, those of workbooks the cell."""
    assert str(Place(Path("a.csv"), None, 12, "country", 4)) == "a.csv:12, column D (country)"
    assert str(Place(Path("a.csv"), None, 12, "type")) == "a.csv:12, column type"
    assert str(Place(Path("a.csv"), None, 3)) == "a.csv:3"
    assert str(Place(Path("a.xlsx"), "a", 12, "country", 28)) == "a.xlsx!a!AB12 (country)"


def test_rows_after_a_cell_of_two_lines_keep_their_physical_line(tables: Path) -> None:
    """The row number is the line on which the record starts, as an editor shows it."""
    spoil(tables, "styria-wood,Holzcluster Steiermark,AT", "styria-wood,Holzcluster Steiermark,XX")
    assert only(faults(tables)).place.row == 6


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_change_nothing(tables: Path, ending: str, mark: str) -> None:
    """Files from other systems give the same triples at the same places."""
    wanted = {(*t[:4], t.place[1:]) for t in convert(DATA, codes=CODES)}
    for path in tables.glob("*.csv"):
        text = mark + path.read_text("utf-8").replace("\n", ending)
        path.write_bytes(text.encode())
    got = {(*t[:4], t.place[1:]) for t in convert(tables, codes=CODES)}
    multi_line = ox.Literal(f"Moravian-Silesian{ending}IT Cluster", language="und")
    assert len(got) == len(wanted)
    different = {t[2].value for t in got - wanted}
    assert different <= {multi_line.value}


# What is wrong --------------------------------------------------------------------------------

AT_FAULT = [
    ("36", "many", ("members", 3, "E", "many", "datatype"), "'many' is not a whole number"),
    ("36", "0", ("members", 3, "E", "0", "datatype"), "'0' is not a value of at least 1"),
    ("2010-05", "2010-13",
     ("founded", 3, "D", "2010-13", "datatype"), "YYYY, YYYY-MM or YYYY-MM-DD"),
    ("2006-12-18", "2006-02-30",
     ("founded", 4, "D", "2006-02-30", "datatype"), "'2006-02-30' is not"),
    ("https://nanoprogress.eu/", "https://nano progress.eu/",
     ("website", 3, "F", "https://nano progress.eu/", "datatype"), "a URL without spaces"),
    ("bronze", "bronce", ("level", 3, "G", "bronce", "code"), "did you mean bronze?"),
    ("Steiermark,AT", "Steiermark,ATT", ("country", 6, "C", "ATT", "code"), "did you mean AT?"),
    ("Steiermark,AT", "Steiermark,", ("country", 6, "C", "", "required"), "a value is missing"),
    ("nanoprogress;moravia-it", "nanoprogres;moravia-it",
     ("partners", 2, "H", "nanoprogres", "reference"), "did you mean nanoprogress?"),
    ("nanoprogress,NANOPROGRESS", "clutex,NANOPROGRESS",
     ("key", 3, "A", "clutex", "duplicate"), "already that of row 2"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "words"), AT_FAULT)
def test_a_bad_cell_is_named_with_what_was_expected(
    tables: Path, old: str, new: str, where: tuple[str, int, str, str, str], words: str
) -> None:
    """File, row, column and value of a single bad cell are reported, and what would be right."""
    spoil(tables, old, new)
    column, row, letter, value, kind = where
    found = [f for f in faults(tables) if f.place.column == column]
    fault = only(found)
    assert spoken(fault) == ("organisations.csv", row, letter, column, value, kind)
    assert words in fault.message


def test_a_reference_to_another_table_must_lead_somewhere(tables: Path) -> None:
    """A dangling reference names its cell, the table it misses and a near match."""
    spoil(tables, "moravia-it,clutex", "moravia-it,clutx", "memberships.csv")
    fault = only(faults(tables))
    assert spoken(fault) == ("memberships.csv", 2, "B", "organisation", "clutx", "reference")
    assert fault.message == "'clutx' is not in organisations.csv (key); did you mean clutex?"


def test_a_key_of_two_columns_may_not_come_twice(tables: Path) -> None:
    """Keys are compared as a whole."""
    spoil(tables, "2012-03\n", "2012-03\nclutex,moravia-it,2013\nclutex,nanoprogress,2014\n",
          "memberships.csv")  # fmt: skip
    fault = only(faults(tables))
    assert (fault.place.row, fault.kind, fault.value) == (5, "duplicate", "clutex, nanoprogress")


def test_an_empty_key_is_told_once(tables: Path) -> None:
    """A missing key is one fault, not one for each IRI that is built from it."""
    spoil(tables, "nanoprogress,NANOPROGRESS", ",NANOPROGRESS")
    found = [f for f in faults(tables) if f.place.row == 3 and f.kind != "reference"]
    assert spoken(only(found)) == ("organisations.csv", 3, "A", "key", "", "required")


def test_dates_keep_to_the_precisions_allowed(tables: Path) -> None:
    """A column may allow some precisions only."""
    spoil(tables, "2012-03", "2012-03-01", "memberships.csv")
    fault = only(faults(tables))
    assert fault.message == "'2012-03-01' is not a date as YYYY or YYYY-MM"


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ("moravia-it,clutex", "2 cells, expected 3"),
        ("moravia-it,clutex,2015,", "4 cells"),
        ("", "empty"),
    ],
)
def test_ragged_rows_are_faults(tables: Path, new: str, words: str) -> None:
    """A row with too few cells, too many or none is reported with its line."""
    spoil(tables, "moravia-it,clutex,2015", new, "memberships.csv")
    found = [f for f in faults(tables) if f.kind == "ragged"]
    assert only(found).place.row == 2
    assert words in found[0].message


def test_columns_missing_unknown_and_moved_are_faults(tables: Path) -> None:
    """The header is compared with the metadata column by column."""
    spoil(tables, "member,organisation,since", "member,since,organisation", "memberships.csv")
    spoil(tables, "level,partners", "levle,partners,notes")
    columns = [f for f in faults(tables) if f.kind == "column"]
    assert {(f.place.path.name, f.place.letter): f.message for f in columns} == {
        ("memberships.csv", "B"): (
            "the column 'since' is out of place, expected behind 'organisation'"
        ),
        ("organisations.csv", "G"): "the header is 'levle', expected 'level'",
        ("organisations.csv", "I"): "the column 'notes' is unknown",
    }


def test_a_column_that_is_missing_is_named(tables: Path) -> None:
    """A table that lacks its last column says which."""
    path = tables / "memberships.csv"
    path.write_text("member,organisation\nclutex,nanoprogress\n", "utf-8")
    fault = only(faults(tables))
    assert (fault.kind, fault.message) == ("column", "the column 'since' is missing")


def test_bytes_that_are_no_utf8_are_found_with_their_line(tables: Path) -> None:
    """Bytes of another encoding are reported once, with the encoding that they seem to have."""
    path = tables / "organisations.csv"
    path.write_bytes(
        path.read_bytes().replace("–".encode(), b"\x96").replace(b"Holz", b"H\xf6lz", 1)
    )
    found = [f for f in faults(tables) if f.kind == "unreadable"]
    assert [f.place.row for f in found] == [2]
    assert "not UTF-8; the file looks like Windows-125" in found[0].message


def test_an_open_quotation_mark_is_found_where_it_opens(tables: Path) -> None:
    """The line on which the cell begins is reported, not the end of the file."""
    spoil(tables, "NANOPROGRESS", '"NANOPROGRESS')
    spoil(tables, '"Moravian-Silesian\nIT Cluster"', "Moravia")
    found = [f for f in faults(tables) if f.kind == "unreadable"]
    assert only(found).place.row == 3
    assert "never closed" in found[0].message


def test_all_of_fifty_faults_are_reported(tmp_path: Path) -> None:
    """A table with fifty bad cells has fifty faults, in the order of its rows."""
    rows = [f"{n},{'x' if n % 2 else 'bad ' * (n % 4)}{n}" for n in range(1, 101)]
    (tmp_path / "t.csv").write_text("\n".join(["n,value", *rows, ""]), "utf-8")
    path = describe(
        tmp_path,
        [
            {"titles": "n", "datatype": "integer"},
            {"titles": "value", "datatype": {"base": "string", "format": "[^x].*"}},
        ],
    )
    found = read(path).faults
    assert len(found) == 50
    assert [f.place.row for f in found] == list(range(2, 102, 2))


def test_convert_raises_all_faults_at_once(tables: Path) -> None:
    """Conversion yields nothing from tables with faults, and the error holds all of them."""
    spoil(tables, "36", "many")
    spoil(tables, "Steiermark,AT", "Steiermark,XX")
    with pytest.raises(TablesError) as caught:
        next(convert(tables, codes=CODES))
    assert isinstance(caught.value, ClusterGraphError)
    assert [f.place.row for f in caught.value.faults] == [3, 6]
    assert "organisations.csv:3, column E (members): 'many' is not a whole number" in str(
        caught.value
    )


def test_files_that_are_missing_are_faults(tables: Path) -> None:
    """A missing table, directory or document is a fault with the path."""
    (tables / "memberships.csv").unlink()
    fault = only(faults(tables))
    assert (fault.kind, fault.place.path.name) == ("unreadable", "memberships.csv")
    assert only(read(tables / "nowhere").faults).kind == "unreadable"
    assert only(read(tables / "nowhere.json").faults).kind == "metadata"


def test_nothing_outside_the_directory_is_read(tmp_path: Path) -> None:
    """A table's URL may neither leave the directory nor name another host."""
    for url in ("../t.csv", "https://example.org/t.csv", "file:///etc/hostname"):
        fault = only(read(describe(tmp_path, [{"titles": "a"}], url=url)).faults)
        assert fault.kind == "unreadable"


# What is wrong with the metadata --------------------------------------------------------------


def test_broken_json_is_reported_with_its_line(tables: Path) -> None:
    """A slip in the metadata stops everything, and says where it is."""
    spoil(tables, '"url": "memberships.csv",', '"url": "memberships.csv"', "csv-metadata.json")
    fault = only(read(tables / "organisations.csv").faults)
    assert (fault.kind, fault.place.path.name) == ("metadata", "csv-metadata.json")
    assert fault.place.row is not None
    assert fault.place.row > 60


def test_a_template_with_an_unknown_column_is_a_fault(tables: Path) -> None:
    """A misspelt variable would give one IRI to all rows."""
    spoil(tables, "id/{member}", "id/{membr}", "csv-metadata.json")
    fault = only(faults(tables))
    assert fault.kind == "metadata"
    assert "names 'membr', which is no column; did you mean member?" in fault.message


def test_a_prefix_that_only_this_project_knows_is_a_fault(tables: Path) -> None:
    """Metadata stay readable for other processors."""
    spoil(tables, "https://example.org/ns#since", "cg:since", "csv-metadata.json")
    fault = only(faults(tables))
    assert "write https://w3id.org/clustergraph/ns#since" in fault.message


def test_an_unknown_code_list_is_a_fault() -> None:
    """A column that names a code list nobody gave is reported; without lists none is compared."""
    fault = only(read(DATA, codes={"countries": ["CZ", "AT"]}).faults)
    assert fault.message == "the code list 'country' is unknown; did you mean countries?"
    assert read(DATA).faults == []


def test_what_the_recommendation_says_to_ignore_is_a_warning(tmp_path: Path) -> None:
    """Unknown properties are no faults."""
    (tmp_path / "t.csv").write_text("a\n1\n", "utf-8")
    found = read(describe(tmp_path, [{"titles": "a", "colour": "red"}]))
    assert found.faults == []
    assert "tableSchema.columns[0]: 'colour'" in found.warnings[0].message


BROKEN: list[tuple[str, Any]] = [
    ("tableSchema", "nowhere.json"),
    ("tableSchema", "https://example.org/schema.json"),
    ("cg:graph", "no iri"),
    ("@id", "no iri"),
    ("dc:title", {"@id": "no iri"}),
    ("dialect", {"delimiter": '"'}),
    ("tables", [{"url": 1}]),
    ("@context", {"cg": "https://w3id.org/clustergraph/ns#"}),
]


@pytest.mark.parametrize(("key", "value"), BROKEN, ids=lambda part: str(part)[:30])
def test_metadata_that_cannot_be_used_are_a_fault(tmp_path: Path, key: str, value: Any) -> None:
    """What leaves the tables without meaning is told, and nothing is read."""
    (tmp_path / "t.csv").write_text("a\n1\n", "utf-8")
    found = read(describe(tmp_path, [{"titles": "a"}], **{key: value}))
    assert found.fatal
    assert {fault.kind for fault in found.faults} == {"metadata"}
    assert list(found.triples()) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


def spots(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container of a JSON value with every key or index in it."""
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield value, key
            yield from spots(value[key])


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_metadata_make_reading_break_down(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever stands at whatever spot of the metadata, reading tells it as fault or warning."""
    directory = tmp_path_factory.getbasetemp() / "spoilt"
    if not directory.exists():
        shutil.copytree(DATA, directory)
    document = json.loads((DATA / "csv-metadata.json").read_text("utf-8"))
    container, key = data.draw(st.sampled_from(list(spots(document))))
    container[key] = data.draw(JSON)
    (directory / "csv-metadata.json").write_text(json.dumps(document), "utf-8")
    found = read(directory, codes=CODES)
    for mode in ("minimal", "standard"):
        assert all(triple.place.path for triple in found.triples(mode))


# Workbooks ------------------------------------------------------------------------------------


def workbook(directory: Path, *names: str) -> Path:
    """Write the named tables as sheets, numbers and dates as a spreadsheet has them."""
    book = Workbook()
    book.remove(book.active)
    for name in names:
        sheet = book.create_sheet(name)
        text = (directory / f"{name}.csv").read_text("utf-8")
        for row in csv.reader(io.StringIO(text, newline="")):
            sheet.append([int(cell) if cell.isdigit() else cell or None for cell in row])
    path = directory / "tables.xlsx"
    book.save(path)
    return path


def test_a_workbook_says_what_its_tables_say(tables: Path) -> None:
    """A sheet per table gives the triples of the CSV files, at places in the sheets."""
    path = workbook(tables, "organisations", "memberships")
    from_book = list(convert(path, codes=CODES))
    from_files = list(convert(tables, codes=CODES))
    assert [t[:4] for t in from_book] == [t[:4] for t in from_files]
    places = {t.place for t in from_book}
    assert {p.sheet for p in places} == {"organisations", "memberships"}
    assert Place(path, "organisations", 5, "members", 5) in places


def test_a_bad_cell_of_a_workbook_is_named(tables: Path) -> None:
    """A fault in a sheet shows the cell as the spreadsheet does."""
    spoil(tables, "160", "-160")
    fault = only(read(workbook(tables, "organisations", "memberships"), codes=CODES).faults)
    assert str(fault.place).endswith("tables.xlsx!organisations!E5 (members)")


def test_a_workbook_may_hold_some_of_the_tables(tables: Path) -> None:
    """Tables without a sheet are read for references and yield no triples."""
    path = workbook(tables, "memberships")
    assert {t.place.sheet for t in convert(path, codes=CODES)} == {"memberships"}


def test_a_sheet_that_is_no_table_is_a_fault(tables: Path) -> None:
    """A misnamed sheet is reported with the table it may mean."""
    (tables / "membership.csv").write_text("a\n", "utf-8")
    fault = only(read(workbook(tables, "organisations", "membership"), codes=CODES).faults)
    assert fault.message == "no table is called 'membership'; did you mean memberships?"


def test_a_workbook_elsewhere_is_read_with_given_metadata(tables: Path, tmp_path: Path) -> None:
    """A spreadsheet sent by mail is checked against the project's metadata."""
    path = workbook(tables, "organisations").rename(tmp_path / "mail.xlsx")
    assert read(path, metadata=tables / "csv-metadata.json", codes=CODES).faults == []


def test_what_is_no_workbook_is_a_fault(tables: Path) -> None:
    """A file that only bears the name of a workbook is unreadable."""
    path = tables / "tables.xlsx"
    path.write_bytes(b"PK no")
    assert only(read(path).faults).kind == "unreadable"
