"""`clustergraph validate` as one types it: standard input, few words, which shapes there are."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from clustergraph import artefacts
from clustergraph.cli import main

PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix ex: <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
SHAPES = """ex:Firm a sh:NodeShape ; sh:targetClass ex:Company ; sh:property ex:Firm-label , [
    sh:path ex:age ; sh:maxInclusive 900 ] .
ex:Firm-label sh:path rdfs:label ; sh:minCount 1 ; sh:severity sh:Warning ; sh:message "Name it." .
ex:Owned a sh:NodeShape ; sh:targetObjectsOf ex:owns ; sh:nodeKind sh:IRI .
ex:Asleep a sh:NodeShape ; sh:targetClass ex:Company ; sh:deactivated true ; sh:property ex:Dull .
ex:Dull sh:path ex:dull ; sh:minCount 1 .
"""


class Ran(NamedTuple):
    """What a run came to."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """What runs the command beside a file of shapes, with a standard input."""
    monkeypatch.chdir(tmp_path)
    Path("shapes.ttl").write_text(PREFIXES + SHAPES, encoding="utf-8")

    def call(*arguments: str, given: str | bytes = b"") -> Ran:
        content = given.encode() if isinstance(given, str) else given
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        with pytest.raises(SystemExit) as caught:
            main(["validate", *arguments])
        out, err = capsys.readouterr()
        return Ran(int(caught.value.code or 0), out, err)

    return call


SAID = {
    "Turtle": (PREFIXES + "ex:a a ex:Company ;\n  ex:age 901 .\n", 5, 10),
    "TriG": (PREFIXES + "ex:g {\n  ex:a a ex:Company ; ex:age 901 }\n", 5, 30),
    "brackets": (PREFIXES + "[] a ex:Company ; ex:age 901 .\n", 4, 26),
    "N-Quads": (
        "# a comment\n<http://example.org/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
        "<http://example.org/Company> <http://example.org/g> .\n<http://example.org/a> "
        '<http://example.org/age> "901"^^<http://www.w3.org/2001/XMLSchema#integer> _:g .\n',
        3,
        49,
    ),
    "JSON-LD": (
        '[{"@id": "http://example.org/a",\n  "@type": "http://example.org/Company",\n'
        '  "http://example.org/age": 901}]',
        None,
        None,
    ),
    "RDF/XML": (
        '<?xml version="1.0"?>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"\n'
        '  xmlns:ex="http://example.org/">\n<ex:Company rdf:about="http://example.org/a">\n'
        '<ex:age rdf:datatype="http://www.w3.org/2001/XMLSchema#integer">901</ex:age>\n'
        "</ex:Company></rdf:RDF>",
        5,
        1,
    ),
}


@pytest.mark.parametrize("syntax", SAID)
@pytest.mark.parametrize("packed", [False, True])
def test_standard_input(run: Run, syntax: str, packed: bool) -> None:
    """Whatever it is written in, but for JSON-LD, a finding has its line and column."""
    text, line, column = SAID[syntax]
    content = gzip.compress(text.encode()) if packed else text.encode()
    ran = run("-", "--shapes", "shapes.ttl", "--format", "json", given=content)
    assert ran.code == 1, ran
    found = [one for one in json.loads(ran.out)["findings"] if one["severity"] == "violation"]
    assert [(one["file"], one["line"], one["column"]) for one in found] == [
        ("<stdin>", line, column)
    ]


def test_standard_input_is_shown_and_beside_files(run: Run) -> None:
    """The report has the source line, and a relative IRI means what it would in a file here."""
    Path("b.ttl").write_text(PREFIXES + "<a> a ex:Company ; rdfs:label 'A' .", encoding="utf-8")
    given = PREFIXES + "<a> ex:age 901 ."
    ran = run("b.ttl", "-", "--shapes", "shapes.ttl", given=given)
    assert ran.code == 1
    assert "<stdin>\n" in ran.out
    assert "4 | <a> ex:age 901 .\n" in ran.out
    assert "^^^" in ran.out
    sarif = json.loads(run("-", "--shapes", "-", "--format", "sarif", given=given + SHAPES).out)
    assert sarif["runs"][0]["results"] == []


@pytest.mark.parametrize(
    ("arguments", "given", "words"),
    [
        (["-"], "<http://a.example/>\n  a oops .", "<stdin>:2:"),
        (["-"], b"\x1f\x8bnothing", "<stdin>: is not compressed by gzip"),
        (["-", "--input-format", "ntriples"], PREFIXES, "<stdin>:1:"),
        (["-", "--changed-since", "HEAD"], "", "standard input has no history"),
        (["-"], '{"@context": "https://example.org/c"}', "contexts are not fetched"),
    ],
)
def test_bad_standard_input(run: Run, arguments: list[str], given: str, words: str) -> None:
    """What cannot be read or combined is told, with its place, and exits with 2."""
    ran = run(*arguments, "--shapes", "shapes.ttl", given=given)
    assert ran.code == 2
    assert words in ran.err


def test_quiet(run: Run) -> None:
    """Quiet leaves out what is less grave than --fail-on, and says nothing when nothing is left."""
    unnamed = PREFIXES + "ex:a a ex:Company ."
    old = PREFIXES + "ex:a a ex:Company ; ex:age 901 ."
    use = ("-", "--shapes", "shapes.ttl")
    assert "1 warning" in run(*use, given=unnamed).out
    assert run(*use, "-q", given=unnamed) == Ran(0, "", "")
    assert run(*use, "-q", "-o", "report.txt", given=unnamed) == Ran(0, "", "")
    assert Path("report.txt").exists()
    ran = run(*use, "--quiet", "--fail-on", "warning", given=unnamed)
    assert ran.code == 1
    assert "Name it." in ran.out
    ran = run(*use, "--quiet", given=old)
    assert ran.code == 1
    assert "Name it." not in ran.out
    assert ran.out.endswith("1 violation in 2 triples of 1 file\n")
    document = json.loads(run(*use, "-q", "--format", "json", given=unnamed).out)
    assert document["findings"] == []


def test_list_of_shapes(run: Run) -> None:
    """Listed is what judges: by name, with target and path, severity and file."""
    ran = run("--shapes", "shapes.ttl", "--list-shapes")
    assert ran.code == 0
    head, _, *lines = ran.out.splitlines()
    assert [line.split(maxsplit=3) for line in (head, *lines)] == [
        ["name", "severity", "file", "target"],
        ["http://example.org/Firm", "violation", "shapes.ttl", "<http://example.org/Company>"],
        ["http://example.org/Firm-label", "warning", "shapes.ttl",
         "rdfs:label of <http://example.org/Company>"],
        ["http://example.org/Owned", "violation", "shapes.ttl",
         "objects of <http://example.org/owns>"],
    ]  # fmt: skip
    ran = run("--shapes", "shapes.ttl", "--list-shapes", "--shape", "Owned")
    assert len(ran.out.splitlines()) == 3
    assert run("--shapes", "shapes.ttl", "--list-shapes", "--shape", "Ownd").code == 2


def test_list_of_shipped_shapes(run: Run) -> None:
    """Without --shapes the shipped ones are listed, those about the ontology itself left out."""
    rows = [line.split(maxsplit=3) for line in run("--list-shapes").out.splitlines()[2:]]
    ours = {path.name for path in artefacts.files("shapes", "*.ttl")} - {"meta.ttl"}
    assert {Path(file).name for _, _, file, _ in rows} <= ours
    holder = next(row for row in rows if row[0] == "shape:LabelAward-holder")
    assert holder[3] == "cg:holder of cg:LabelAward"
