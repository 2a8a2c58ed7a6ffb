"""Reading what is to be validated, judging it in context, and reporting."""

from __future__ import annotations

import gzip
import json
import socket
from pathlib import Path
from types import SimpleNamespace

import pyoxigraph as ox
import pytest

from clustergraph import validation
from clustergraph.errors import SyntaxFaultError, TablesError, UnreadableInputError
from clustergraph.quadstore.memory import hold
from clustergraph.shacl import Options, Report, Severity, render
from clustergraph.shacl.paths import PropertyPath
from clustergraph.validation import validate
from clustergraph.vocab import PREFIXES

FIXTURES = Path(__file__).parents[1] / "shapes"
BROKEN = FIXTURES / "violates-LabelAward-holder.ttl"
HEADER = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
FORMATS = {
    "ttl": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "nt": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
    "rdf": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}


def write(path: Path, text: str) -> Path:
    path.write_text(HEADER + text, encoding="utf-8")
    return path


def names(report: Report) -> list[str]:
    return [finding.shape_name for finding in report.findings]


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "gzip"])
def test_reads_every_format(tmp_path: Path, ending: str, compressed: bool) -> None:
    """The same data in another syntax, compressed or not, give the same finding."""
    triples = [quad.triple for quad in ox.parse(path=BROKEN)]
    content = ox.serialize(triples, format=FORMATS[ending])
    assert content is not None
    path = tmp_path / (f"data.{ending}.gz" if compressed else f"data.{ending}")
    path.write_bytes(gzip.compress(content) if compressed else content)
    report = validate([path])
    assert names(report) == ["shape:LabelAward-holder"]
    assert report.findings[0].file == path
    assert report.triples == len(triples)


def test_reads_directories(tmp_path: Path) -> None:
    """A directory stands for all its files at any depth, hidden ones and others left out."""
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "award.ttl").write_bytes(BROKEN.read_bytes())
    (tmp_path / ".hidden.ttl").write_text("no Turtle", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no Turtle", encoding="utf-8")
    report = validate([tmp_path])
    assert names(report) == ["shape:LabelAward-holder"]
    assert report.files == 1


def test_several_files_are_judged_together(tmp_path: Path) -> None:
    """What one file lacks another may supply."""
    holder = write(
        tmp_path / "holder.ttl",
        "<https://w3id.org/clustergraph/id/label-award/textile-gold> cg:holder "
        "<https://w3id.org/clustergraph/id/cluster-organisation/textile> .",
    )
    assert names(validate([BROKEN, holder])) == []


def test_named_graphs_are_read_as_one(tmp_path: Path) -> None:
    """Statements of different named graphs complete each other."""
    path = write(
        tmp_path / "data.trig",
        "GRAPH <http://example.org/a> { <http://example.org/c> a cg:Company ; "
        'rdfs:label "Firm"@en }\n'
        "GRAPH <http://example.org/b> "
        "{ <http://example.org/c> dcterms:source <http://example.org/s> }",
    )
    assert names(validate([path])) == []


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("bad.ttl", b"@prefix a: <http://a/> .\n\na:b a:c .\n", 3),
        ("bad.trig", b"<http://a/g> {\n<http://a/b> <http://a/c> }\n", 2),
        ("bad.nt", b"<http://a/b> <http://a/c> <http://a/d> .\n<http://a/b> .\n", 2),
        ("bad.nq", b"\n\nnonsense\n", 3),
        ("bad.rdf", b"<?xml version='1.0'?>\n<a>\n<b>\n</a>\n", 4),
        ("bad.jsonld", b'{"@context": {},\n "a": [1,}', 2),
    ],
)
def test_syntax_error_names_file_and_line(
    tmp_path: Path, name: str, content: bytes, line: int
) -> None:
    """Input that breaks the grammar of its format is refused where it does."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SyntaxFaultError) as caught:
        validate([path])
    assert caught.value.line == line
    assert str(caught.value).startswith(f"{path}:{line}:")


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("bad.ttl", '\n<http://a/b> <http://a/c> "žluťoučký 😀" , oops .', "oops"),
        ("bad.nt", '\n<http://a/b> <http://a/c> "žluťoučký 😀" oops .', "oops"),
        ("bad.jsonld", '{\n"http://a/c": "žluťoučký 😀", oops}', "oops"),
        ("bad.rdf", "<a>\n<b>žluťoučký 😀</b><c></a>", "</a>"),
    ],
)
def test_syntax_error_counts_characters(tmp_path: Path, name: str, text: str, wrong: str) -> None:
    """The column of a syntax error counts characters, not bytes."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SyntaxFaultError) as caught:
        validate([path])
    line = text.splitlines()[1]
    assert caught.value.line == 2
    assert caught.value.column in range(line.index(wrong) + 1, line.index(wrong) + 1 + len(wrong))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("data.txt", b"", "the endings are .ttl"),
        ("data.ttl.gz", b"not compressed", "not compressed by gzip"),
        (
            "data.jsonld",
            b'{"@context": "http://example.org/context", "a": 1}',
            "contexts are not fetched",
        ),
        (
            "data.nt",
            b"<http://a/s> <http://a/p> <<( <http://a/s> <http://a/p> <http://a/o> )>> .",
            "cannot be validated",
        ),
    ],
)
def test_unreadable_input_says_why(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    """Input that cannot be read is named, with the reason."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableInputError, match=reason) as caught:
        validate([path])
    assert caught.value.source == str(path)


def test_missing_and_empty_input_is_refused(tmp_path: Path) -> None:
    """A path that is not there, or a directory without data, is no conforming input."""
    with pytest.raises(UnreadableInputError, match="no such file"):
        validate([tmp_path / "absent.ttl"])
    with pytest.raises(UnreadableInputError, match="nothing to validate"):
        validate([tmp_path])


def test_context_supplies_codes_but_is_not_validated(tmp_path: Path) -> None:
    """A country of the code list is known, and no finding is about the code list itself."""
    text = (
        '<http://example.org/c> a cg:Company ; rdfs:label "Firm"@en ; '
        "dcterms:source <http://example.org/s> ; cg:country "
        "<https://w3id.org/clustergraph/code/country/{}> ."
    )
    assert names(validate([write(tmp_path / "good.ttl", text.format("CZ"))])) == []
    triples = [quad.triple for quad in ox.parse(path=tmp_path / "good.ttl")]
    around = validation.around(triples)
    assert any(triple.object == ox.NamedNode(PREFIXES["cg"] + "Country") for triple in around)
    assert len(around) < 2000


def test_context_supplies_shipped_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped data are looked up for what neither the file nor the code lists describe."""
    asked: list[bool] = []
    host = ox.NamedNode("https://w3id.org/clustergraph/id/organisation/host")
    kind = ox.NamedNode(PREFIXES["cg"] + "Company")
    store = hold([ox.Quad(host, ox.NamedNode(PREFIXES["rdf"] + "type"), kind)])

    def shipped() -> SimpleNamespace:
        asked.append(True)
        return SimpleNamespace(store=store)

    monkeypatch.setattr(validation, "shipped", shipped)
    text = (
        '<http://example.org/c> a cg:Company ; rdfs:label "Firm"@en ; '
        "dcterms:source <http://example.org/s>{} ."
    )
    assert names(validate([write(tmp_path / "alone.ttl", text.format(""))])) == []
    assert not asked
    hosted = f"; cg:hostedBy {host}"
    assert names(validate([write(tmp_path / "hosted.ttl", text.format(hosted))])) == []
    assert asked
    unknown = "; cg:hostedBy <https://w3id.org/clustergraph/id/organisation/nobody>"
    report = validate([write(tmp_path / "dangling.ttl", text.format(unknown))])
    assert names(report) == ["shape:Organisation-hostedBy"]


def test_own_shapes_stand_alone(tmp_path: Path) -> None:
    """Other shapes replace the shipped ones, and then no shipped ontology is added."""
    shapes = write(
        tmp_path / "shapes.ttl",
        "<http://example.org/S> a sh:NodeShape ; sh:targetClass org:Organization ; "
        "sh:property <http://example.org/S-country> .\n"
        "<http://example.org/S-country> sh:path cg:country ; sh:class cg:Country .",
    )
    text = (
        "<http://example.org/c> a {} ; cg:country <https://w3id.org/clustergraph/code/country/CZ> ."
    )
    direct = write(tmp_path / "direct.ttl", text.format("org:Organization"))
    report = validate([direct], shapes=shapes)
    assert [finding.component for finding in report.findings] == [
        PREFIXES["sh"] + "ClassConstraintComponent"
    ]
    subclass = write(tmp_path / "subclass.ttl", text.format("cg:Company"))
    assert names(validate([subclass], shapes=shapes)) == []


def test_data_are_no_shapes(tmp_path: Path) -> None:
    """Shapes without a shape are a slip of the command line, not a set that all data conform to."""
    data = write(tmp_path / "data.ttl", "<http://example.org/c> a cg:Company .")
    with pytest.raises(UnreadableInputError, match="no SHACL shapes"):
        validate([data], shapes=data)


@pytest.mark.parametrize("path", ["_:path", '"text"'], ids=["no path", "literal"])
def test_ill_formed_shapes_are_refused(tmp_path: Path, path: str) -> None:
    """Shapes that SHACL does not allow are unreadable input, not an internal fault."""
    shapes = write(
        tmp_path / "shapes.ttl",
        "<http://example.org/S> a sh:NodeShape ; sh:targetClass cg:Company ; "
        f"sh:property [ sh:path {path} ; sh:minCount 1 ] .",
    )
    data = write(tmp_path / "data.ttl", "<http://example.org/c> a cg:Company .")
    with pytest.raises(UnreadableInputError, match="the shapes"):
        validate([data], shapes=shapes)


def test_sparql_constraint_with_a_syntax_error_is_refused(tmp_path: Path) -> None:
    """A query of a shape that is no SPARQL is unreadable input."""
    shapes = write(
        tmp_path / "shapes.ttl",
        "<http://example.org/S> a sh:NodeShape ; sh:targetClass cg:Company ; "
        'sh:sparql [ sh:select "SELECT $this WHERE { $this ?p }" ] .',
    )
    data = write(tmp_path / "data.ttl", "<http://example.org/c> a cg:Company .")
    with pytest.raises(UnreadableInputError, match="not SPARQL"):
        validate([data], shapes=shapes)


def test_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Imports and addresses in data and shapes are left alone."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    shapes = write(
        tmp_path / "shapes.ttl",
        "<http://example.org/> a owl:Ontology ; owl:imports <http://example.org/more> .\n"
        "<http://example.org/S> a sh:NodeShape ; sh:targetClass cg:Company ; sh:nodeKind sh:IRI .",
    )
    data = write(
        tmp_path / "data.ttl",
        "<http://example.org/> a owl:Ontology ; owl:imports <http://example.org/more> ; "
        "sh:shapesGraph <http://example.org/shapes> .\n<http://example.org/c> a cg:Company .",
    )
    assert names(validate([data], shapes=shapes)) == []


def test_literals_keep_their_form(tmp_path: Path) -> None:
    """A pattern sees 4.0 as 4.0, and an ill-formed date is a finding that shows it as it stands."""
    shapes = write(
        tmp_path / "shapes.ttl",
        "<http://example.org/S> a sh:NodeShape ; sh:targetClass cg:Figure ; "
        "sh:property <http://example.org/value> , <http://example.org/day> .\n"
        '<http://example.org/value> sh:path cg:value ; sh:pattern "^4[.]0$" .\n'
        "<http://example.org/day> sh:path cg:day ; sh:datatype xsd:date .",
    )
    data = write(
        tmp_path / "data.ttl",
        '<http://example.org/f> a cg:Figure ; cg:value 4.0 ; cg:day "2023-02-31"^^xsd:date .',
    )
    (finding,) = validate([data], shapes=shapes).findings
    assert isinstance(finding.value, ox.Literal)
    assert finding.value.value == "2023-02-31"


def test_blank_nodes_of_different_files_stay_apart(tmp_path: Path) -> None:
    """The same label in two files means two nodes."""
    for name in ("a", "b"):
        write(tmp_path / f"{name}.ttl", "_:x a cg:Figure .")
    shapes = write(
        tmp_path / "shapes.ttl",
        "<http://example.org/S> a sh:NodeShape ; sh:targetClass cg:Figure ; sh:nodeKind sh:IRI .",
    )
    report = validate([tmp_path / "a.ttl", tmp_path / "b.ttl"], shapes=shapes)
    assert len(report.findings) == 2
    assert {finding.file and finding.file.name for finding in report.findings} == {"a.ttl", "b.ttl"}


def tables(directory: Path, value: str) -> Path:
    (directory / "firms.csv").write_text(
        f"key,name,homepage\none,First,http://one.example/\ntwo,Second,{value}\n", encoding="utf-8"
    )
    describe = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": "firms.csv",
        "tableSchema": {
            "aboutUrl": "http://example.org/{key}",
            "primaryKey": "key",
            "columns": [
                {"name": "key", "titles": "key", "suppressOutput": True, "required": True},
                {"name": "name", "titles": "name", "lang": "en", "propertyUrl": "rdfs:label"},
                {
                    "name": "homepage",
                    "titles": "homepage",
                    "propertyUrl": "https://w3id.org/clustergraph/ns#website",
                },
                {
                    "virtual": True,
                    "propertyUrl": "rdf:type",
                    "valueUrl": "https://w3id.org/clustergraph/ns#Company",
                },
                {
                    "virtual": True,
                    "propertyUrl": "dcterms:source",
                    "valueUrl": "http://example.org/source",
                },
            ],
        },
    }
    metadata = directory / "csv-metadata.json"
    metadata.write_text(json.dumps(describe), encoding="utf-8")
    return directory


def test_finding_in_a_table_names_its_cell(tmp_path: Path) -> None:
    """A finding about a value from a table says file, row and column."""
    report = validate([tables(tmp_path, "two.example")])
    found = [finding for finding in report.findings if str(finding.focus).endswith("/two>")]
    assert {finding.shape_name for finding in found} == {"shape:Thing-homepage"}
    assert {(finding.file, finding.line) for finding in found} == {(tmp_path / "firms.csv", 3)}
    place = found[0].place
    assert place is not None
    assert place.column == "homepage"
    assert "row 3, column C (homepage)" in render(report)


def test_bad_cells_are_not_validated_but_reported(tmp_path: Path) -> None:
    """Tables that break their own metadata raise their faults."""
    directory = tables(tmp_path, "x")
    with (directory / "firms.csv").open("a", encoding="utf-8") as lines:
        lines.write("two,Again,y\n")
    with pytest.raises(TablesError, match="two"):
        validate([directory])


SEVERAL = (
    "<http://example.org/S> a sh:NodeShape ; sh:targetClass cg:Company ; sh:property "
    "<http://example.org/v> , <http://example.org/w> , <http://example.org/i> , "
    "<http://example.org/o> .\n"
    '<http://example.org/v> sh:path ( rdfs:label cg:a ) ; sh:minCount 1 ; sh:message "no v"@en , '
    '"žádné v"@cs .\n'
    "<http://example.org/w> sh:path [ sh:inversePath cg:b ] ; sh:minCount 1 ; "
    "sh:severity sh:Warning .\n"
    "<http://example.org/i> sh:path [ sh:alternativePath ( cg:c [ sh:zeroOrMorePath cg:d ] ) ] ; "
    "sh:minCount 2 ; sh:severity sh:Info .\n"
    "<http://example.org/o> sh:path cg:e ; sh:minCount 1 ; "
    "sh:severity <http://example.org/Grave> .\n"
)


@pytest.fixture
def several(tmp_path: Path) -> Report:
    shapes = write(tmp_path / "shapes.ttl", SEVERAL)
    data = write(tmp_path / "data.ttl", "<http://example.org/c> a cg:Company .")
    return validate([data], shapes=shapes)


def test_severities_rank(several: Report) -> None:
    """Findings come gravest first; a severity that SHACL does not define counts as a violation."""
    assert [finding.severity.word for finding in several.findings] == [
        "violation",
        "violation",
        "warning",
        "info",
    ]
    assert several.counts() == {Severity.VIOLATION: 2, Severity.WARNING: 1, Severity.INFO: 1}


def test_exit_code_follows_the_threshold() -> None:
    """A report fails at its gravest finding's severity and below, not above."""
    warned = Report(validate([FIXTURES / "violates-LabelAward-bodyKnown.ttl"]).findings)
    assert warned.exit_code() == 0
    assert warned.exit_code(Severity.VIOLATION) == 0
    assert warned.exit_code(Severity.WARNING) == 1
    assert warned.exit_code(Severity.INFO) == 1
    assert warned.conforms(Severity.VIOLATION)
    assert not warned.conforms()
    assert Report(()).exit_code(Severity.INFO) == 0


def test_message_is_english_where_there_is_one(several: Report) -> None:
    """Of the messages in several languages the English one is shown."""
    messages = {str(finding.shape): finding.message for finding in several.findings}
    assert messages["<http://example.org/v>"] == "no v"


def test_paths_are_written_as_sparql_writes_them(several: Report) -> None:
    """Every kind of path is readable, with the project's prefixes."""
    assert {str(finding.shape)[-2]: str(finding.path) for finding in several.findings} == {
        "v": "rdfs:label/cg:a",
        "w": "^cg:b",
        "i": "cg:c|cg:d*",
        "o": "cg:e",
    }


@pytest.mark.parametrize(
    "path",
    [
        PropertyPath("predicate", "http://example.org/p"),
        PropertyPath(
            "sequence",
            parts=(
                PropertyPath("inversePath", parts=(PropertyPath("predicate", "http://e.org/p"),)),
                PropertyPath(
                    "alternativePath",
                    parts=(
                        PropertyPath("predicate", "http://e.org/q"),
                        PropertyPath(
                            "oneOrMorePath", parts=(PropertyPath("predicate", "http://e.org/r"),)
                        ),
                    ),
                ),
            ),
        ),
        PropertyPath("zeroOrOnePath", parts=(PropertyPath("predicate", "http://e.org/p"),)),
    ],
    ids=str,
)
def test_path_survives_as_rdf(path: PropertyPath) -> None:
    """A path written as RDF reads back as the same path."""
    triples = [q.triple for q in ox.parse(f"<x:s> <x:p> {path.turtle()} .", ox.RdfFormat.TURTLE)]
    (start,) = (triple.object for triple in triples if triple.predicate.value == "x:p")

    def objects(
        node: ox.NamedNode | ox.BlankNode, predicate: str
    ) -> list[ox.NamedNode | ox.BlankNode | ox.Literal]:
        return [
            triple.object
            for triple in triples
            if triple.subject == node and triple.predicate.value == predicate
        ]

    assert PropertyPath.read(start, objects) == path


def test_turtle_is_the_standard_report(several: Report) -> None:
    """The Turtle report is an ``sh:ValidationReport`` with a result per finding."""
    store = ox.Store()
    store.load(render(several, "turtle").encode(), format=ox.RdfFormat.TURTLE)
    query = (
        "PREFIX sh: <http://www.w3.org/ns/shacl#>\n"
        "SELECT (COUNT(DISTINCT ?r) AS ?n) { ?report a sh:ValidationReport ; sh:conforms false ; "
        "sh:result ?r . ?r a sh:ValidationResult ; sh:focusNode <http://example.org/c> ; "
        "sh:resultSeverity ?s ; sh:sourceShape ?shape ; sh:resultPath ?path ; "
        "sh:sourceConstraintComponent sh:MinCountConstraintComponent ; sh:resultMessage ?m }"
    )
    (row,) = store.query(query)  # type: ignore[misc]
    assert row["n"].value == "4"


def test_json_report(several: Report, tmp_path: Path) -> None:
    """The JSON report has the counts and every finding with its place."""
    document = json.loads(render(several, "json"))
    assert document["conforms"] is False
    assert document["counts"] == {"violation": 2, "warning": 1, "info": 1}
    first = document["findings"][0]
    assert first["focus"] == "http://example.org/c"
    assert first["file"] == str(tmp_path / "data.ttl")
    assert {finding["path"] for finding in document["findings"]} >= {"^cg:b"}


def test_text_report_is_grouped(several: Report, tmp_path: Path) -> None:
    """The text says file, severity, shape, message once, then each place, and sums up."""
    text = render(several)
    assert text.startswith(f"{tmp_path / 'data.ttl'}\n")
    line = len(HEADER.splitlines()) + 1
    place = f"line {line}, column 1  <http://example.org/c>"
    assert f"  violation  http://example.org/v\n    no v\n    - {place}" in text
    assert text.endswith("2 violations, 1 warning, 1 info in 1 triples of 1 file\n")
    assert render(Report((), 3, 2)) == "no findings in 3 triples of 2 files\n"


def test_progress_is_told(tmp_path: Path) -> None:
    """Whoever waits is told what is being done."""
    told: list[str] = []
    data = write(tmp_path / "data.ttl", "<http://example.org/c> a cg:Event .")
    validate([data], options=Options(progress=told.append))
    assert told == ["reading the shapes", "reading the data", "evaluating"]
