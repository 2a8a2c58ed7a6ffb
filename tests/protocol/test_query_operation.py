"""The query operation, as SPARQL 1.1 Protocol, section 2.1, describes it."""

from __future__ import annotations

import gzip
import sys
from typing import Any
from urllib.parse import quote

import pyoxigraph as ox
import pytest

FORM = {"content-type": "application/x-www-form-urlencoded"}
DIRECT = {"content-type": "application/sparql-query"}
ALL = "SELECT ?o { ?s ?p ?o }"
NAMED = "SELECT ?o { GRAPH ?g { ?s ?p ?o } }"
G1 = "default-graph-uri=http://example.org/g1"
N2 = "named-graph-uri=http://example.org/g2"


def test_query_by_get(exchange: Any) -> None:
    """2.1.1 MAY: the query comes percent-encoded in the address."""
    reply = exchange.send("GET", "/sparql?query=" + quote("ASK { ?s ?p 'ü', '+' }"))
    assert (reply.status, reply.json["boolean"]) == (200, False)
    exchange_value = quote("SELECT ('ü+&=;\\\\' AS ?x) {}", safe="")
    assert exchange.send("GET", f"/sparql?query={exchange_value}").values == ["ü+&=;\\"]


def test_plus_stands_for_a_space(exchange: Any) -> None:
    """2.1.1: parameters are encoded as forms are, so a plus sign is a space."""
    assert exchange.send("GET", "/sparql?query=SELECT+('a+b'+AS+?x)+{}").values == ["a b"]


def test_stray_percent_sign_stands_for_itself(exchange: Any) -> None:
    """2.1.1: what is no escape is left alone."""
    assert exchange.send("GET", "/sparql?query=SELECT ('100%zz%' AS ?x) {}").values == ["100%zz%"]


@pytest.mark.parametrize("separate", ["a=1&query={}&b=2", "query={}&format=json", "&&query={}&"])
def test_parameters_in_any_order(exchange: Any, separate: str) -> None:
    """2.1.1 MUST/MAY: separated by ampersands, in any order; others are ignored."""
    assert exchange.send("GET", "/sparql?" + separate.format("ASK{}")).json["boolean"] is True


def test_query_by_form(exchange: Any) -> None:
    """2.1.2 MAY: the query comes in a URL-encoded form."""
    reply = exchange.send("POST", "/sparql", FORM, b"query=" + quote(ALL).encode())
    assert reply.values == ["0", "1", "2", "3"]


def test_form_type_with_charset(exchange: Any) -> None:
    """2.1.2, RFC 9110 8.3.1: parameters and letter case of the media type do not matter."""
    kind = {"content-type": "Application/X-WWW-Form-URLencoded; charset=UTF-8"}
    assert exchange.send("POST", "/sparql", kind, b"query=ASK{}").status == 200


def test_form_with_dataset(exchange: Any) -> None:
    """2.1.2, 2.1.4: the form names the dataset."""
    body = f"query={quote(ALL)}&{G1}".encode()
    assert exchange.send("POST", "/sparql", FORM, body).values == ["1"]


def test_form_with_dataset_in_the_address(exchange: Any) -> None:
    """2.1.2: the W3C suite sends the dataset beside the form; both are heard."""
    body = f"query={quote(ALL)}".encode()
    assert exchange.send("POST", f"/sparql?{G1}", FORM, body).values == ["1"]


def test_query_posted_directly(exchange: Any) -> None:
    """2.1.3 MAY: the query is the content, unencoded."""
    assert exchange.send("POST", "/sparql", DIRECT, b"ASK { FILTER('%41+' = '%41+') }").json[
        "boolean"
    ]


def test_direct_post_with_dataset_in_the_address(exchange: Any) -> None:
    """2.1.3 MAY: dataset parameters stand in the address."""
    assert exchange.select(ALL, f"?{G1}") == ["1"]
    assert exchange.select(NAMED, f"?{N2}") == ["2"]


def test_direct_post_is_utf8_only(exchange: Any) -> None:
    """2.1.3: UTF-8 is the only valid charset."""
    assert (
        exchange.send(
            "POST",
            "/sparql",
            {**DIRECT, "content-type": DIRECT["content-type"] + ";charset=utf-8"},
            "ASK { FILTER('é' = 'é') }".encode(),
        ).status
        == 200
    )
    other = {"content-type": "application/sparql-query; charset=iso-8859-1"}
    assert exchange.send("POST", "/sparql", other, b"ASK {}").status == 415


@pytest.mark.parametrize(
    ("target", "headers", "body"),
    [
        ("/sparql?query=ASK%7B%7D%FF", {}, b""),
        ("/sparql", FORM, b"query=ASK%20%7B%20%3Fs%20%3Fp%20'%E9'%7D"),
        ("/sparql", DIRECT, b"ASK {\n  ?s ?p '\xe9'}"),
        ("/sparql", DIRECT, "ASK {}".encode("utf-16")),
    ],
)
def test_not_utf8(exchange: Any, target: str, headers: dict[str, str], body: bytes) -> None:
    """2.1.3, 2.1.7: what is not UTF-8 is a 400 that says where."""
    reply = exchange.send("POST" if body else "GET", target, headers, body)
    assert reply.status == 400
    assert "UTF-8" in reply.json["detail"]
    assert reply.json["line"] >= 1


def test_place_of_bytes_that_are_no_utf8(exchange: Any) -> None:
    """2.1.7: line and column count characters."""
    reply = exchange.send("POST", "/sparql", DIRECT, "ASK {\n 'ü".encode() + b"\xff' }")
    assert (reply.json["line"], reply.json["column"]) == (2, 4)


def test_exactly_one_query(exchange: Any) -> None:
    """2.1 MUST: exactly one query string."""
    for target, headers, body in (
        ("/sparql?query=ASK{}&query=ASK{}", {}, b""),
        ("/sparql?query=ASK{}", DIRECT, b"ASK {}"),
        ("/sparql?query=ASK{}", FORM, b"query=ASK{}"),
        ("/sparql", FORM, b"query=ASK{}&query=SELECT*{}"),
    ):
        reply = exchange.send("POST" if body else "GET", target, headers, body)
        assert (reply.status, reply.type) == (400, "application/problem+json")
    assert exchange.send("POST", "/sparql", FORM, b"").status == 400
    assert exchange.send("GET", f"/sparql?{G1}").status == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "PROPFIND"])
def test_only_get_and_post(exchange: Any, method: str) -> None:
    """2.1 MUST: GET or POST; RFC 9110 15.5.6 MUST: 405 with Allow."""
    reply = exchange.send(method, "/sparql?query=ASK%7B%7D")
    assert reply.status == 405
    assert {"GET", "HEAD", "POST"} <= set(reply.headers["allow"].replace(",", "").split())


@pytest.mark.parametrize(
    "headers",
    [{}, {"content-type": "text/plain"}, {"content-type": "application/json"}],
)
def test_post_of_another_type(exchange: Any, headers: dict[str, str]) -> None:
    """2.1.2, 2.1.3 MUST: the content type tells form from query; RFC 9110 15.5.16: else 415."""
    reply = exchange.send("POST", "/sparql", headers, b"ASK {}")
    assert reply.status == 415
    assert "application/sparql-query" in reply.headers["accept-post"]


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_query_in_a_content_coding(exchange: Any, coding: str) -> None:
    """RFC 9110 15.5.16 SHOULD: 415 with Accept-Encoding; queries are short, and sent plain."""
    headers = {"content-type": "application/sparql-query", "content-encoding": coding}
    reply = exchange.send("POST", "/sparql", headers, gzip.compress(b"ASK {}"))
    assert (reply.status, reply.headers["accept-encoding"]) == (415, "identity")
    plain = {**headers, "content-encoding": "identity"}
    assert exchange.send("POST", "/sparql", plain, b"ASK {}").status == 200


def test_update_sent_to_the_query_address(exchange: Any) -> None:
    """2.2: updates have an address of their own; the answer says which."""
    kind = {"content-type": "application/sparql-update"}
    for target, headers, body in (
        ("/sparql", kind, b"DROP ALL"),
        ("/sparql", FORM, b"update=DROP+ALL"),
        ("/sparql?update=DROP%20ALL", {}, b""),
    ):
        reply = exchange.send("POST" if body else "GET", target, headers, body)
        assert reply.status == 400
        assert "/update" in reply.json["detail"]


def test_dataset_of_the_request_wins(exchange: Any) -> None:
    """2.1.4 MUST: a dataset in the request replaces that of the query."""
    text = "SELECT ?o FROM <http://example.org/g2> { ?s ?p ?o }"
    assert exchange.select(text) == ["2"]
    assert exchange.select(text, f"?{G1}") == ["1"]
    named = "SELECT ?o FROM <http://example.org/g1> { GRAPH ?g { ?s ?p ?o } }"
    assert exchange.select(named, f"?{N2}") == ["2"]


def test_default_graphs_are_merged(exchange: Any) -> None:
    """2.1.4: several default graphs make up one."""
    assert exchange.select(ALL, f"?{G1}&default-graph-uri=http://example.org/g2") == ["1", "2"]


def test_dataset_of_both_kinds(exchange: Any) -> None:
    """2.1.4: default and named graphs together are the whole dataset."""
    both = f"?{G1}&{N2}"
    assert exchange.select(ALL, both) == ["1"]
    assert exchange.select(NAMED, both) == ["2"]


def test_named_graphs_alone_leave_the_default_graph_empty(exchange: Any) -> None:
    """2.1.4, SPARQL 1.1 Query 13.2: without a default graph in the dataset it is empty."""
    assert exchange.select(ALL, f"?{N2}") == []
    assert exchange.select("SELECT ?o FROM NAMED <http://example.org/g1> { ?s ?p ?o }") == []


def test_default_graphs_alone_leave_no_named_ones(exchange: Any) -> None:
    """2.1.4, SPARQL 1.1 Query 13.2: graphs that the dataset does not name are not in it."""
    assert exchange.select(NAMED, f"?{G1}") == []


def test_unknown_graphs_are_empty_and_never_fetched(exchange: Any) -> None:
    """2.1.4 MAY: the service's own choice; a graph that it does not hold has no statements."""
    assert exchange.select(ALL, "?default-graph-uri=http://127.0.0.1:9/data.ttl") == []
    assert exchange.select("SELECT ?o FROM <http://127.0.0.1:9/data.ttl> { ?s ?p ?o }") == []


def test_graph_names_are_absolute(exchange: Any) -> None:
    """2.1.4: a graph is named by an absolute IRI; else 400."""
    for name in ("default-graph-uri", "named-graph-uri"):
        reply = exchange.send("GET", f"/sparql?query=ASK%7B%7D&{name}=g1")
        assert reply.status == 400
        assert name in reply.json["detail"]


def test_default_dataset_is_the_union(exchange: Any) -> None:
    """2.1.4 MAY: without a dataset the default graph is the union of all graphs."""
    assert exchange.select(ALL) == ["0", "1", "2", "3"]
    assert exchange.select(NAMED) == ["1", "2", "3"]


def test_default_dataset_may_be_plain(plain: Any) -> None:
    """2.1.4 MAY: … or the store's own, where the operator wants it so."""
    assert plain.select(ALL) == ["0"]
    assert plain.select(NAMED) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        ("SELECT * {}", "application/sparql-results+json"),
        ("ASK {}", "application/sparql-results+json"),
        ("CONSTRUCT WHERE { ?s ?p ?o }", "text/turtle"),
        ("DESCRIBE <http://example.org/a>", "text/turtle"),
    ],
)
def test_content_type_by_query_form(exchange: Any, text: str, media_type: str) -> None:
    """2.1.6: SELECT and ASK give a results document, the others a graph, each with its type."""
    reply = exchange.send("GET", "/sparql?query=" + quote(text))
    assert (reply.status, reply.type) == (200, media_type)


def test_graph_of_a_describe(exchange: Any) -> None:
    """2.1.6: the graph is what the query describes."""
    reply = exchange.send("GET", "/sparql?query=" + quote("DESCRIBE <http://example.org/a>"))
    assert reply.triples() == {'<http://example.org/a> <http://example.org/p> "1"'}


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("SELECT * {\n  ?s cgx:a ?o }", 2, 6, "did you mean cg:"),
        ("SELEC * {}", 1, 1, "SELECT"),
        ("ASK { ?s ?p ", 1, 5, "never closed"),
        ("INSERT DATA { }", 1, 1, "update"),
    ],
)
def test_syntax_error(exchange: Any, text: str, line: int, column: int, words: str) -> None:
    """2.1.7: 400 for what is not SPARQL, in words and with the place."""
    reply = exchange.send("POST", "/sparql", DIRECT, text.encode())
    assert reply.status == 400
    problem = reply.json
    assert (problem["line"], problem["column"]) == (line, column)
    assert words in problem["detail"]


def test_refused_query(exchange: Any) -> None:
    """2.1.7: what is refused is an error of its own, not a result."""
    text = b"ASK { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"
    reply = exchange.send("POST", "/sparql", DIRECT, text)
    assert reply.status == 403
    assert "SERVICE" in reply.json["detail"]


def test_relative_iris_resolve_against_the_base_of_the_service(exchange: Any) -> None:
    """2.3 MUST: the service has a base IRI of its own; BASE overrides it."""
    assert exchange.select("SELECT (STR(<id/x>) AS ?iri) {}") == [
        "https://w3id.org/clustergraph/id/x"
    ]
    assert exchange.select("BASE <http://b.example/> SELECT (STR(<x>) AS ?iri) {}") == [
        "http://b.example/x"
    ]


def test_head_is_get_without_content(exchange: Any) -> None:
    """RFC 9110 9.3.2 MUST NOT send content; SHOULD send the same header fields."""
    target = "/sparql?query=" + quote(ALL)
    got, head = exchange.send("GET", target), exchange.send("HEAD", target)
    assert (head.status, head.body) == (200, b"")
    for name in ("content-type", "vary"):
        assert head.headers[name] == got.headers[name]
    assert exchange.send("HEAD", "/sparql?query=nonsense").status == 400
    assert exchange.send("HEAD", "/sparql?query=nonsense").body == b""


def test_options_says_what_is_allowed(exchange: Any) -> None:
    """RFC 9110 9.3.7 SHOULD: header fields tell what the address takes."""
    reply = exchange.send("OPTIONS", "/sparql")
    assert reply.status == 204
    assert "POST" in reply.headers["allow"]


def test_project_prefixes_need_no_declaration(exchange: Any) -> None:
    """Beyond the protocol: prefixes of the project are known; a declaration overrides them."""
    assert exchange.select("SELECT (STR(cg:x) AS ?iri) {}") == [
        "https://w3id.org/clustergraph/ns#x"
    ]
    assert exchange.select("PREFIX cg: <http://b.example/> SELECT (STR(cg:x) AS ?iri) {}") == [
        "http://b.example/x"
    ]


def test_construct_in_each_format(exchange: Any) -> None:
    """2.1.6: every RDF serialization holds the same graph."""
    text = quote("CONSTRUCT { ?s ?p ?o } { GRAPH <http://example.org/g1> { ?s ?p ?o } }")
    for name, form in (
        ("turtle", ox.RdfFormat.TURTLE),
        ("ntriples", ox.RdfFormat.N_TRIPLES),
        ("nquads", ox.RdfFormat.N_QUADS),
        ("trig", ox.RdfFormat.TRIG),
        ("rdfxml", ox.RdfFormat.RDF_XML),
        ("jsonld", ox.RdfFormat.JSON_LD),
    ):
        reply = exchange.send("GET", f"/sparql?format={name}&query={text}")
        assert reply.triples(form) == {'<http://example.org/a> <http://example.org/p> "1"'}


def test_parquet_needs_its_library(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9110 15.6.2: without pyarrow Parquet is 501, and says what is missing."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    reply = make().send("GET", "/sparql?query=SELECT%20*%20%7B%7D&format=parquet")
    assert reply.status == 501
    assert "pyarrow" in reply.json["detail"]
