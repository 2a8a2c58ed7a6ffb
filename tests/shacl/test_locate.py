"""Positions: every statement stands where the file says it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph import artefacts
from clustergraph.csvw import Place
from clustergraph.rdf.files import SUFFIXES as FORMATS
from clustergraph.rdf.positions import Stated, scan
from clustergraph.shacl.locate import Mentions
from clustergraph.shacl.reading import read_rdf
from clustergraph.validation import validate
from clustergraph.vocab import PREFIXES

HERE = Path(__file__).parent
SUITES = [Path(os.environ["CLUSTERGRAPH_SUITES"])] if "CLUSTERGRAPH_SUITES" in os.environ else []
SUITES += [HERE.parents[2] / "shared" / "suites"]
SUITE = next((d for home in SUITES if (d := home / "rdf-tests" / "rdf" / "rdf11").is_dir()), None)
BASE = "http://www.w3.org/2013/TurtleTests/"
RDF = PREFIXES["rdf"]
DIRECTIVE = re.compile(r"@?\b(?:prefix\s*[^\s:<]*:\s*|base\s*)<[^>]*>", re.IGNORECASE)
LINES = (ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS)
ENDS = re.compile(r"[\s,;.\])}<\"'(\[{]|$")

Part = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


def accepted(text: str, rdf_format: ox.RdfFormat) -> list[ox.Quad] | None:
    """Return what the engine's parser reads, or None if it refuses."""
    try:
        return list(ox.parse(text, rdf_format, base_iri=BASE, rename_blank_nodes=True))
    except SyntaxError:
        return None


def same(stated: list[Stated], quads: list[ox.Quad]) -> bool:
    """Say whether both are one sequence, but for the names of blank nodes."""
    forth: dict[Part, Part] = {}
    back: dict[Part, Part] = {}

    def agree(mine: Part, other: Part) -> bool:
        if isinstance(mine, ox.Triple) and isinstance(other, ox.Triple):
            return all(map(agree, mine, other))
        if isinstance(mine, ox.BlankNode) and isinstance(other, ox.BlankNode):
            return forth.setdefault(mine, other) == other and back.setdefault(other, mine) == mine
        return mine == other

    return len(stated) == len(quads) and all(
        all(map(agree, one.triple, quad.triple)) for one, quad in zip(stated, quads, strict=True)
    )


def reads_as(text: str, at: int, term: Part, declared: str) -> bool:
    """Say whether the text at an offset, read again on its own, is the term."""
    if isinstance(term, ox.BlankNode):
        return text.startswith(("[", "(", "_:"), at)
    if term.value == RDF + "type" and re.match(r"a(?![\w:])", text[at:]):
        return True
    if term.value == RDF + "nil" and text[at] in "()":
        return True
    # The longest text that is one term: a number or a name may hold a full stop.
    limit = 300 if text[at] in "\"'" else 1 if text[at] == "<" else 12
    ends = re.compile(">") if text[at] == "<" else ENDS
    for end, _ in zip(ends.finditer(text, at + 1), range(limit), strict=False):
        stop = end.end() if text[at] == "<" else end.start()
        one = f"{declared}<x:s> <x:p> {text[at:stop]} ."
        quads = accepted(one, ox.RdfFormat.TURTLE)
        if quads and len(quads) == 1 and quads[0].object == term:
            return True
    return False


def in_list(one: Stated) -> bool:
    """Say whether a statement makes a list: it stands where the list begins."""
    return one.triple.predicate.value in (RDF + "first", RDF + "rest")


def misplaced(text: str, rdf_format: ox.RdfFormat) -> Iterator[str]:
    """Yield the statements whose parts do not stand where they are said to."""
    directives = [] if rdf_format in LINES else list(DIRECTIVE.finditer(text))
    for triple, spot in scan(text, rdf_format, BASE):
        if spot is None or in_list(Stated(triple, spot)):
            assert in_list(Stated(triple, spot))
            continue
        declared = "".join(
            match[0] + (".\n" if match[0].startswith("@") else "\n")
            for match in directives
            if match.start() < spot.subject
        )
        for term, at in zip(triple, spot, strict=True):
            if not reads_as(text, at, term, declared):
                yield f"{term} at {at}"


@pytest.mark.skipif(SUITE is None, reason="the W3C suites are not here; set CLUSTERGRAPH_SUITES")
@pytest.mark.parametrize("ending", [".ttl", ".trig", ".nt", ".nq"])
def test_w3c_statements_and_places(ending: str) -> None:
    """Of every file of the W3C suites that parses, each statement is found, and at its place."""
    assert SUITE is not None
    seen = 0
    for path in sorted(SUITE.glob(f"*/*{ending}")):
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError:
            continue
        rdf_format = FORMATS[ending]
        quads = accepted(text, rdf_format)
        if quads is None:
            continue
        assert same(scan(text, rdf_format, BASE), quads), path.name
        assert not list(misplaced(text, rdf_format)), path.name
        seen += len(quads)
    assert seen > {".ttl": 500, ".trig": 400, ".nt": 400, ".nq": 60}[ending]


LINES_TEXT = """# one
<http://e.org/a> <http://e.org/p> "x" .
  <http://e.org/\\u0061> <http://e.org/p> "a line\\nbreak" . # written with an escape
_:b <http://e.org/p> <http://e.org/a> .
<http://e.org/a> <http://e.org/p> _:b .
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_lines_with_escapes_and_blank_nodes(tmp_path: Path, ending: str) -> None:
    """Escapes, blank nodes and comments are no obstacle, whatever ends the lines."""
    path = tmp_path / "data.nt"
    path.write_bytes(LINES_TEXT.replace("\n", ending).encode())
    triples = read_rdf(path)
    places = Mentions(path, triples)
    found = [places.of(triple, "object") for triple in triples]
    assert [(at.row, at.character) for at in found if at] == [(2, 35), (3, 42), (4, 22), (5, 35)]


def written(term: Part, text: str) -> Iterator[str]:
    """Yield how a term may begin in the shipped files, without any parser."""
    if isinstance(term, ox.NamedNode):
        yield f"<{term.value}>"
        if term.value == RDF + "type":
            yield "a "
        if term.value == RDF + "nil":
            yield from ("(", ")")
        for prefix, iri in re.findall(r"@prefix\s+([\w-]*):\s+<([^>]*)>", text):
            if term.value.startswith(iri):
                yield f"{prefix}:{term.value.removeprefix(iri)}"
    elif isinstance(term, ox.BlankNode):
        yield from ("[", "(", "_:")
    elif isinstance(term, ox.Literal):
        yield term.value
        short = term.value.replace("\\", "\\\\").replace("\n", "\\n")
        yield from (
            f'"{short.replace(chr(34), chr(92) + chr(34))}"',
            f'"""{term.value}"""',
            f"'{term.value}'",
        )
        yield '"""' + term.value.replace("\\", "\\\\")


SHIPPED = [*artefacts.files("ontology", "*.ttl"), *artefacts.files("shapes", "*.ttl")]


@pytest.mark.parametrize(
    "files", [SHIPPED[::6], pytest.param(SHIPPED, marks=pytest.mark.full)], ids=["some", "all"]
)
def test_shipped_statements_and_places(files: list[Path]) -> None:
    """Of shipped Turtle files each statement is found, and at its place."""
    assert len(files) > 6
    for path in files:
        text = path.read_text(encoding="utf-8")
        quads = accepted(text, ox.RdfFormat.TURTLE)
        stated = scan(text, ox.RdfFormat.TURTLE, BASE)
        assert quads is not None
        assert same(stated, quads), path
        header = text[: text.rindex("@prefix")] + text[text.rindex("@prefix") :][:200]
        for one in stated:
            assert one.spot is not None
            for term, at in () if in_list(one) else zip(one.triple, one.spot, strict=True):
                forms = tuple(written(term, header))
                assert text.startswith(forms, at), f"{path}: {term} is not at {text[at : at + 40]}"


TRICKY = """@prefix : <http://example.org/> .
@base <http://example.org/base/> .
# a comment with :s :p "o" .
:s a :T ; # another
   :p 1 , -2.50 , .5e3 ,
      "a \\"quoted\\" # no comment" ;
   :q \"\"\"several
lines, "one" with :s :p 4 .
\"\"\" , 'x'@EN-gb ;;
   :r [ :p ( "a" ( ) [ :deep <relative#x> ] ) ] .
_:b.c :p\t:s, :e\\.scaped%20 . [] :p [] . ( _:b.c ) :p true .
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_tricky_text(ending: str) -> None:
    """Comments, escapes, long strings, lists, blank nodes, line ends lead nobody astray."""
    text = TRICKY.replace("\n", ending)
    quads = accepted(text, ox.RdfFormat.TURTLE)
    assert quads is not None
    assert same(scan(text, ox.RdfFormat.TURTLE, BASE), quads)
    assert not list(misplaced(text, ox.RdfFormat.TURTLE))


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_lines_and_columns(tmp_path: Path, ending: str, mark: str) -> None:
    """Lines and columns count characters from 1; a byte order mark is none of them."""
    path = tmp_path / "data.ttl"
    text = TRICKY.replace("\n", ending)
    path.write_bytes((mark + text).encode())
    triples = read_rdf(path)
    found = Mentions(path, triples)
    by_value = {
        triple.object.value: triple for triple in triples if hasattr(triple.object, "value")
    }
    places = {
        value: (place.row, place.character)
        for value in ("http://example.org/T", "-2.50", "x", "a", "true")
        if (place := found.of(by_value[value], "object"))
    }
    assert places == {
        "http://example.org/T": (4, 6),
        "-2.50": (5, 11),
        "x": (9, 7),
        "a": (10, 12),
        "true": (11, 54),
    }
    first = found.first(ox.NamedNode("http://example.org/s"))
    assert first is not None
    assert str(first) == f"{path}:4:1"
    deep = next(triple for triple in triples if triple.predicate.value.endswith("deep"))
    spot = found.first(deep.subject)
    assert spot is not None
    assert (spot.row, spot.character) == (10, 22)


HEADER = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
RULES = (
    "<http://example.org/S> a sh:NodeShape ; sh:targetClass cg:Company ; sh:nodeKind sh:IRI ; "
    "sh:property <http://example.org/name> , <http://example.org/year> , <http://example.org/of>, "
    "<http://example.org/deep>, <http://example.org/short> .\n"
    "<http://example.org/name> sh:path rdfs:label ; sh:minCount 1 ; sh:maxCount 1 .\n"
    "<http://example.org/year> sh:path cg:foundingYear ; sh:datatype xsd:gYear .\n"
    "<http://example.org/of> sh:path [ sh:inversePath cg:partOf ] ; sh:nodeKind sh:IRI .\n"
    "<http://example.org/deep> sh:path ( cg:hasAmount cg:amountValue ) ; "
    "sh:datatype xsd:decimal .\n"
    "<http://example.org/short> sh:path [ sh:oneOrMorePath cg:partOf ] ; sh:nodeKind sh:IRI .\n"
)
DATA = """<http://example.org/a> a cg:Company ;
  rdfs:label "One" ,
    "Two" ;
  cg:foundingYear 1999 .
<http://example.org/b> a cg:Company ; cg:hasAmount [
    cg:amountValue "much"
  ] .
[] cg:partOf <http://example.org/b> .
[ a cg:Company ; rdfs:label "Three" ] .
<http://example.org/c> a cg:Company ; rdfs:label "Four" ; cg:partOf [ ] .
"""


def placed(data: Path, shapes: Path) -> dict[str, tuple[int | None, int | None]]:
    report = validate([data], shapes=shapes)
    return {
        finding.shape_name.rpartition("/")[2] + " " + finding.component.rpartition("#")[2][:8]: (
            finding.place.row,
            finding.place.character,
        )
        for finding in report.findings
        if finding.place
    }


def test_findings_stand_at_their_statement(tmp_path: Path) -> None:
    """A wrong value, too many, something missing, and ways through other nodes: each its place."""
    shapes = tmp_path / "shapes.ttl"
    shapes.write_text(HEADER + RULES, encoding="utf-8")
    data = tmp_path / "data.ttl"
    data.write_text(HEADER + DATA, encoding="utf-8")
    start = len(HEADER.splitlines())
    assert placed(data, shapes) == {
        "name MaxCount": (start + 2, 3),
        "name MinCount": (start + 5, 1),
        "year Datatype": (start + 4, 19),
        "deep Datatype": (start + 6, 20),
        "of NodeKind": (start + 8, 1),
        "S NodeKind": (start + 9, 1),
        "short NodeKind": (start + 10, 69),
    }


def test_findings_in_other_formats(tmp_path: Path) -> None:
    """RDF/XML names the line of the element, JSON-LD the file."""
    shapes = tmp_path / "shapes.ttl"
    shapes.write_text(HEADER + RULES, encoding="utf-8")
    xml = tmp_path / "data.rdf"
    xml.write_text(
        f'<rdf:RDF xmlns:rdf="{RDF}" xmlns:cg="{PREFIXES["cg"]}"\n'
        f' xmlns:rdfs="{PREFIXES["rdfs"]}">\n'
        '<cg:Company rdf:about="http://example.org/ä">\n'
        "  <rdfs:label>Ö</rdfs:label> <cg:foundingYear>1999</cg:foundingYear>\n"
        "  <cg:hasAmount><rdf:Description>\n"
        "    <cg:amountValue>much</cg:amountValue>\n"
        "  </rdf:Description></cg:hasAmount>\n"
        "</cg:Company>\n"
        '<cg:Company rdf:about="http://example.org/b"/>\n'
        "</rdf:RDF>\n",
        encoding="utf-8",
    )
    assert placed(xml, shapes) == {
        "year Datatype": (4, 30),
        "deep Datatype": (6, 5),
        "name MinCount": (9, 1),
    }
    path = tmp_path / "data.jsonld"
    path.write_text(
        json.dumps({"@id": "http://example.org/b", "@type": PREFIXES["cg"] + "Company"}), "utf-8"
    )
    (finding,) = validate([path], shapes=shapes).findings
    assert finding.place == Place(path)


def test_statements_of_two_files_keep_their_own_places(tmp_path: Path) -> None:
    """A file is looked into with the blank nodes that it, not another, has."""
    shapes = tmp_path / "shapes.ttl"
    shapes.write_text(HEADER + RULES, encoding="utf-8")
    for name, lines in (("a", ""), ("b", "\n\n")):
        (tmp_path / f"{name}.ttl").write_text(
            f'{HEADER}{lines}_:x a cg:Company ; rdfs:label "Same" .\n', encoding="utf-8"
        )
    report = validate([tmp_path / "a.ttl", tmp_path / "b.ttl"], shapes=shapes)
    start = len(HEADER.splitlines()) + 1
    assert sorted((f.file.name, f.line) for f in report.findings if f.file) == [
        ("a.ttl", start),
        ("b.ttl", start + 2),
    ]


names = st.sampled_from(["http://example.org/a", "http://example.org/b#c", "urn:x:1", "http://e/é"])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
nodes = names.map(ox.NamedNode) | st.sampled_from("xyz").map(ox.BlankNode)
literals = (
    texts.map(ox.Literal)
    | texts.map(lambda text: ox.Literal(text, language="en-gb"))
    | st.builds(ox.Literal, texts, datatype=names.map(ox.NamedNode))
    | st.integers().map(ox.Literal)
    | st.floats(allow_nan=False, allow_infinity=False).map(ox.Literal)
    | st.booleans().map(ox.Literal)
)
graphs = st.just(ox.DefaultGraph()) | nodes
quads = st.builds(ox.Quad, nodes, names.map(ox.NamedNode), nodes | literals, graphs)


@given(st.lists(quads, max_size=12), st.sampled_from([ox.RdfFormat.TRIG, ox.RdfFormat.N_QUADS]))
def test_whatever_is_written_is_found(written: list[ox.Quad], rdf_format: ox.RdfFormat) -> None:
    """Any quads that the engine writes are found again, each term at its place."""
    text = (ox.serialize(written, format=rdf_format, prefixes={"e": "http://e/"}) or b"").decode()
    read = accepted(text, rdf_format)
    assert read is not None
    assert same(scan(text, rdf_format, BASE), read)
    assert not list(misplaced(text, rdf_format))
