"""Which format comes back (RFC 9110, sections 12.4.2, 12.5.1, 12.5.5 and 15.5.7)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from clustergraph.protocol.negotiation import choose

SELECT = "/sparql?query=" + quote("SELECT ?o { ?s ?p ?o } ORDER BY ?o LIMIT 1")
ASK = "/sparql?query=ASK%7B%7D"
GRAPH = "/sparql?query=" + quote("CONSTRUCT { <a:a> <a:b> 1 } {}")
JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        (",", JSON),
        (JSON, JSON),
        (XML, XML),
        ("text/csv", "text/csv"),
        ("text/tab-separated-values", "text/tab-separated-values"),
        ("text/plain", "text/plain"),
        ("application/json", JSON),
        ("application/xml", XML),
        ("application/*", JSON),
        ("text/*", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/csv; charset=utf-8", "text/csv"),
        ("text/csv;header=present;q=1", "text/csv"),
        ("image/png, text/csv", "text/csv"),
        (f"{JSON};q=0.5, {XML};q=0.8, text/csv;q=0.1", XML),
        (f"{JSON};q=0.5, {XML}", XML),
        ("text/csv;q=0.2, */*;q=0.1", "text/csv"),
        (f"*/*, {JSON};q=0", XML),
        (f"application/*;q=0.9, {JSON};q=0.1, text/csv;q=0.5", XML),
        (f"{JSON};Q=0.1 , {XML} ; q=0.2", XML),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", XML),
        (f"{XML};q=2, {JSON};q=0.001", JSON),
    ],
)
def test_preference(exchange: Any, accept: str, expected: str) -> None:
    """12.5.1, 12.4.2: the most specific range gives the weight; 0 means not; no header: any."""
    reply = exchange.send("GET", SELECT, {"accept": accept} if accept else {})
    assert (reply.status, reply.type) == (200, expected)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "text/turtle"),
        ("*/*", "text/turtle"),
        ("application/n-triples", "application/n-triples"),
        ("application/n-quads", "application/n-quads"),
        ("application/trig", "application/trig"),
        ("application/rdf+xml", "application/rdf+xml"),
        ("application/ld+json", "application/ld+json"),
        ('application/ld+json;profile="x"', "application/ld+json"),
        ("application/json", "application/ld+json"),
        ("application/rdf+xml;q=0.9, text/turtle;q=0.8", "application/rdf+xml"),
        (f"{JSON}, application/n-triples;q=0.5", "application/n-triples"),
    ],
)
def test_preference_for_graphs(exchange: Any, accept: str, expected: str) -> None:
    """12.5.1: graphs are offered in RDF formats, whatever else the client would take."""
    reply = exchange.send("GET", GRAPH, {"accept": accept} if accept else {})
    assert (reply.status, reply.type) == (200, expected)


@pytest.mark.parametrize(
    ("accept", "start"),
    [
        (JSON, b"{"),
        (XML, b"<?xml"),
        ("text/csv", b"true"),
        ("text/tab-separated-values", b"true"),
        ("text/plain", b"true"),
    ],
)
def test_boolean(exchange: Any, accept: str, start: bytes) -> None:
    """SPARQL 1.1 Protocol 2.1.6: a truth comes in each results format."""
    reply = exchange.send("GET", ASK, {"accept": accept})
    assert (reply.status, reply.type) == (200, accept)
    assert reply.body.startswith(start)


@pytest.mark.parametrize(
    "accept", ["image/png", "text/turtle", f"{JSON};q=0", "nonsense", "*/json"]
)
def test_nothing_acceptable(exchange: Any, accept: str) -> None:
    """15.5.7: 406; SHOULD list what can be had."""
    reply = exchange.send("GET", SELECT, {"accept": accept})
    assert reply.status == 406
    assert JSON in reply.json["offered"]


@pytest.mark.parametrize("target", [SELECT, ASK, GRAPH, "/sparql", "/store?default"])
def test_vary(exchange: Any, target: str) -> None:
    """12.5.5 SHOULD: Vary names what the choice depends on, on errors as well."""
    for accept in ("*/*", "image/png"):
        reply = exchange.send("GET", target, {"accept": accept})
        assert "accept" in [item.strip().lower() for item in reply.headers["vary"].split(",")]


@pytest.mark.parametrize(
    ("target", "name", "expected"),
    [
        (SELECT, "csv", "text/csv"),
        (SELECT, "JSON", JSON),
        (SELECT, "srx", XML),
        (SELECT, "text/csv", "text/csv"),
        (SELECT, "application/sparql-results+xml", XML),
        (SELECT, "application/sparql-results%2Bxml", XML),
        (SELECT, "table", "text/plain"),
        (GRAPH, "turtle", "text/turtle"),
        (GRAPH, "ttl", "text/turtle"),
        (GRAPH, "nt", "application/n-triples"),
        (GRAPH, "rdf%2Bxml", "application/rdf+xml"),
        (GRAPH, "xml", "application/rdf+xml"),
        (GRAPH, "json", "application/ld+json"),
        (GRAPH, "json-ld", "application/ld+json"),
        (GRAPH, "n3", "text/turtle"),
        (SELECT, "sparql-results%2Bjson", JSON),
        (SELECT, "tsv&format=text/tab-separated-values", "text/tab-separated-values"),
        (SELECT, "&format=pdf&format=csv&format=json", "text/csv"),
        (GRAPH, "rdf%2Bxml&format=application/rdf%2Bxml", "application/rdf+xml"),
    ],
)
def test_format_in_the_address(exchange: Any, target: str, name: str, expected: str) -> None:
    """Beyond the specifications: ``format`` outweighs Accept, for links and for browsers."""
    reply = exchange.send("GET", f"{target}&format={name}", {"accept": "image/png"})
    assert (reply.status, reply.type) == (200, expected)


def test_unknown_format_in_the_address(exchange: Any) -> None:
    """15.5.7: 406 with what can be had."""
    for target, name in ((SELECT, "pdf"), (SELECT, "turtle"), (GRAPH, "csv")):
        reply = exchange.send("GET", f"{target}&format={name}")
        assert reply.status == 406
        assert "?format=" in reply.json["detail"]


def test_unknown_format_beside_an_accept_that_says_something(exchange: Any) -> None:
    """12.5.1: words that mean nothing here do not outweigh an Accept that does."""
    reply = exchange.send("GET", f"{SELECT}&format=pdf&format=", {"accept": "text/csv"})
    assert (reply.status, reply.type) == (200, "text/csv")


def test_content_type_has_a_charset_for_text(exchange: Any) -> None:
    """RFC 9110 8.3: text says how it is encoded."""
    assert exchange.send("GET", SELECT + "&format=csv").headers["content-type"] == (
        "text/csv; charset=utf-8"
    )


@pytest.mark.parametrize("accept", ["a/b;q=" * 900, "a" * 200_000, ",;=" * 3000, "a/b" * 2000])
def test_boundless_accept(accept: str) -> None:
    """12.5.1: a header beyond all measure is looked at as far as an honest one is long."""
    assert choose(accept, (), "solutions").name == "json"
    assert choose("text/csv," + accept, (), "solutions").name == "csv"


@pytest.mark.parametrize("accept", ["a/b," * 1100, "text/html," + "a/b," * 1100])
@pytest.mark.parametrize("target", [SELECT, "/sparql", "/store?default"])
def test_long_accept_is_answered(exchange: Any, target: str, accept: str) -> None:
    """12.5.1: an Accept header of 4,400 characters costs an answer, not the worker."""
    assert exchange.send("GET", target, {"accept": accept}).status == 406
    assert exchange.send("GET", target, {"accept": "text/turtle, */*;q=0.1"}).status == 200
