"""Terms that a query uses and that the graph does not have."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from clustergraph.cli import cli
from clustergraph.protocol import Context, Request
from clustergraph.protocol.query import answer
from clustergraph.quadstore import build
from clustergraph.quadstore.engine import StoreEngine
from clustergraph.sparql.terms import used_terms
from clustergraph.vocab import CG, PREFIXES

DATA = f"""
@prefix cg: <{CG}> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
cg:ClusterOrganisation a owl:Class . cg:Cluster a owl:Class . cg:foundingYear
  a owl:DatatypeProperty .
<x:a> a cg:ClusterOrganisation ; cg:onlyUsed 1 .
"""


@pytest.fixture
def engine() -> StoreEngine:
    store = ox.Store()
    store.extend(ox.parse(DATA, ox.RdfFormat.TURTLE))
    return StoreEngine(store)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * {\n ?x a cg:ClusterOrganization }",
         "line 2, column 7: cg:ClusterOrganization is unknown to this graph; "
         "did you mean cg:ClusterOrganisation"),
        ("SELECT * { ?x cg:foundationYear ?y }", "did you mean cg:foundingYear"),
        (f"PREFIX c: <{CG}> SELECT * {{ ?x a c:Clusters }}", "did you mean c:Cluster"),
        (f"SELECT * {{ ?x a <{CG}Clustr> }}", f"did you mean <{CG}Cluster>"),
        ("SELECT * { ?x cg:qqqqqqq ?y }", "cg:qqqqqqq is unknown to this graph"),
    ],
)  # fmt: skip
def test_unknown_terms_are_told(engine: StoreEngine, query: str, expected: str) -> None:
    """An unknown term is told with its place and with terms that resemble it."""
    (warning,) = engine.warnings(query, CG)
    assert expected in warning


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?x a cg:ClusterOrganisation ; cg:onlyUsed ?y ; cg:foundingYear ?z }",
        "SELECT * { ?x a <http://example.org/Unknown> ; rdfs:label ?y }",
        "SELECT * { ?x ?y 'cg:Nothing' } # cg:Nothing",
        "PREFIX cg: <http://example.org/> SELECT * { ?x a cg:Nothing }",
        "SELECT (STRAFTER(STR(?x), STR(cg:)) AS ?y) { ?x ?p ?o }",
    ],
)
def test_known_terms_are_not(engine: StoreEngine, query: str) -> None:
    """Terms that are used or described, those of others, and names in texts are none."""
    assert engine.warnings(query, CG) == []
    assert engine.warnings(query, CG) == []  # also once they are known


def test_used_terms() -> None:
    """Each IRI comes once, in full, with its place; declarations do not count."""
    text = "PREFIX ex: <http://example.org/>\nASK { ex:a ex:b\\-c <x:y> . ex:a a cg:Cluster }"
    found = list(used_terms(text, PREFIXES))
    assert [one.iri for one in found] == [
        "http://example.org/a", "http://example.org/b-c", "x:y", f"{CG}Cluster",
    ]  # fmt: skip
    assert (found[0].line, found[0].column) == (2, 7)


def test_answers_say_so_in_a_header(engine: StoreEngine) -> None:
    """The endpoint warns in a header of bounded length, and of deviations likewise."""
    context = Context(engine._store, 1)

    def warned(query: str) -> str:
        kind = {"content-type": "application/sparql-query"}
        response = answer(Request("POST", "/sparql", headers=kind, body=query.encode()), context)
        assert response.status == 200
        return dict(response.headers).get("Clustergraph-Query-Warnings", "")

    assert "did you mean cg:ClusterOrganisation" in warned("ASK { ?x a cg:ClusterOrganization }")
    assert warned("ASK { ?x a cg:Cluster }") == ""
    assert "UNION" in warned("SELECT * { ?x (cg:onlyUsed|a)/a ?y }")
    many = " ".join(f"cg:unknown{'ž' * 50}{number} ," for number in range(8))
    long = warned(f"ASK {{ ?x a {many} cg:Cluster }}")
    assert 0 < len(long) <= 500
    assert long.isascii()


def test_the_command_line_says_so(tmp_path: Path) -> None:
    """The warning goes to standard error, the answer to standard output."""
    build(tmp_path / "store", lambda: ox.parse(DATA, ox.RdfFormat.TURTLE))
    text = "SELECT * { ?x a cg:ClusterOrganization }"
    result = CliRunner().invoke(
        cli, ["query", text, "--store", str(tmp_path / "store"), "--format", "csv"]
    )
    assert result.exit_code == 0
    assert "did you mean cg:ClusterOrganisation" in result.stderr
    assert result.stdout.strip() == "x"
