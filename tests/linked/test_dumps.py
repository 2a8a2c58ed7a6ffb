"""Dumps hold the whole graph, the default graph included, or are refused before the first byte."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import inprocess
import pyoxigraph as ox
import pytest

from clustergraph.quadstore import Engine, build

BASE = "https://w3id.org/clustergraph/"
DATA = f"""
<urn:a> <urn:p> "in the default graph" .
<urn:a> <urn:p> "in a named graph" <{BASE}graph/one> .
<urn:a> <urn:p> "inferred" <{BASE}graph/inferred> .
<urn:a> <urn:p> "a\\u0001b" <{BASE}graph/control> .
<urn:a> <urn:1> "no name" <{BASE}graph/unnamed> .
<urn:a> <urn:p> <<( <urn:a> <urn:p> "x" )>> <{BASE}graph/terms> .
"""
FORMS = {
    ".nq": ox.RdfFormat.N_QUADS,
    ".trig": ox.RdfFormat.TRIG,
    ".ttl": ox.RdfFormat.TURTLE,
    ".nt": ox.RdfFormat.N_TRIPLES,
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service over that graph."""
    directory: Path = tmp_path_factory.mktemp("stores") / "dumps"
    build(directory, lambda: ox.parse(DATA, ox.RdfFormat.N_QUADS))
    with inprocess.site(directory) as client:
        yield client


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("ending", FORMS)
def test_default_graph_is_in_the_dump(site: httpx.Client, ending: str, packed: str) -> None:
    """A statement in the default graph stands in each dump, and what is inferred in none."""
    answer = site.get(f"/dump{ending}{packed}")
    assert answer.status_code == 200
    body = gzip.decompress(answer.content) if packed else answer.content
    values = {str(getattr(quad.object, "value", "")) for quad in ox.parse(body, FORMS[ending])}
    assert {"in the default graph", "in a named graph"} <= values
    assert "inferred" not in values
    if FORMS[ending].supports_datasets:
        graphs = {quad.graph_name for quad in ox.parse(body, FORMS[ending])}
        assert ox.DefaultGraph() in graphs


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/dump/control.rdf", "XML cannot hold"),
        ("/dump/unnamed.rdf", "XML name"),
        ("/dump/terms.jsonld", "triple about a triple"),
    ],
)
def test_what_a_format_cannot_hold(site: httpx.Client, path: str, word: str) -> None:
    """RFC 9110 15.5.7: 406 says why, before the first byte; Turtle holds everything."""
    answer = site.get(path)
    assert (answer.status_code, word in answer.text) == (406, True)
    assert site.get(path.rpartition(".")[0] + ".ttl").status_code == 200


@pytest.mark.parametrize(
    ("form", "graph", "accept", "status"),
    [
        ("SELECT *", "control", "application/sparql-results+xml", 406),
        ("SELECT *", "control", "application/sparql-results+json", 200),
        ("CONSTRUCT { ?s ?p ?o }", "control", "application/rdf+xml", 406),
        ("CONSTRUCT { ?s ?p ?o }", "unnamed", "application/rdf+xml", 406),
        ("CONSTRUCT { ?s ?p ?o }", "terms", "application/ld+json", 406),
        ("CONSTRUCT { ?s ?p ?o }", "terms", "text/turtle", 200),
    ],
)
def test_answers_are_well_formed(
    site: httpx.Client, form: str, graph: str, accept: str, status: int
) -> None:
    """An answer that its format cannot hold is 406, and never malformed."""
    query = f"{form} {{ GRAPH <{BASE}graph/{graph}> {{ ?s ?p ?o }} }}"
    answer = site.get("/sparql", params={"query": query}, headers={"Accept": accept})
    assert answer.status_code == status


def test_descriptions_are_well_formed(site: httpx.Client) -> None:
    """A description that its format cannot hold is 406."""
    assert site.get("/resource.ttl?iri=urn:a").status_code == 200
    assert site.get("/resource.rdf?iri=urn:a").status_code == 406
    assert site.get("/resource.jsonld?iri=urn:a").status_code == 406


def test_dump_in_process(tmp_path: Path) -> None:
    """`Engine.dump` writes the default graph and leaves out what is inferred."""
    build(tmp_path / "store", lambda: ox.parse(DATA, ox.RdfFormat.N_QUADS))
    with (tmp_path / "out").open("wb") as file:
        Engine(tmp_path / "store").dump(file, ox.RdfFormat.N_QUADS, inferred=False)
    text = (tmp_path / "out").read_text("utf-8")
    assert "in the default graph" in text
    assert '"inferred"' not in text
