"""What the service says about itself: SPARQL 1.1 Service Description, and VoID."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyoxigraph as ox
import pytest

SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "http://rdfs.org/ns/void#"
FORMATS = "http://www.w3.org/ns/formats/"
PREFIXES = f"PREFIX sd: <{SD}> PREFIX void: <{VOID}> PREFIX f: <{FORMATS}> "


def _ask(reply: Any, pattern: str) -> bool:
    assert reply.status == 200, reply.text
    store = ox.Store()
    store.load(reply.body, ox.RdfFormat.TURTLE)
    return bool(store.query(f"{PREFIXES} ASK {{ {pattern} }}"))


def _describe(exchange: Any) -> Any:
    return exchange.send("GET", "/sparql")


def test_description_at_the_endpoint(exchange: Any) -> None:
    """2 SHOULD: a GET of the endpoint without any query gives the description."""
    assert _ask(_describe(exchange), "?service a sd:Service")


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("text/turtle", ox.RdfFormat.TURTLE),
        ("application/rdf+xml", ox.RdfFormat.RDF_XML),
        ("application/ld+json", ox.RdfFormat.JSON_LD),
        ("application/n-triples", ox.RdfFormat.N_TRIPLES),
    ],
)
def test_description_is_negotiated(exchange: Any, accept: str, form: ox.RdfFormat) -> None:
    """2 MUST: in an RDF serialization; SHOULD: by content negotiation."""
    reply = exchange.send("GET", "/sparql", {"accept": accept})
    assert reply.type == accept
    assert "vary" in reply.headers
    assert len(reply.triples(form)) > 20


def test_description_in_no_other_format(exchange: Any) -> None:
    """2 SHOULD: 406 for what is no RDF serialization."""
    assert exchange.send("GET", "/sparql", {"accept": "image/png"}).status == 406


def test_head_of_the_description(exchange: Any) -> None:
    """RFC 9110 9.3.2: HEAD has the header fields of GET and no content."""
    reply = exchange.send("HEAD", "/sparql")
    assert (reply.status, reply.type, reply.body) == (200, "text/turtle", b"")


def test_other_parameters_do_not_ask_for_a_result(exchange: Any) -> None:
    """2: what names no query is still the description; its format may be named."""
    assert exchange.send("GET", "/sparql?format=ntriples").type == "application/n-triples"


def test_endpoint(exchange: Any) -> None:
    """3.1 MUST: sd:endpoint says where the service is."""
    assert _ask(_describe(exchange), f"?s a sd:Service ; sd:endpoint <{exchange.base}/sparql>")


def test_languages(exchange: Any) -> None:
    """3.4.3: the languages understood."""
    reply = _describe(exchange)
    assert _ask(reply, f"<{exchange.base}/sparql> sd:supportedLanguage sd:SPARQL11Query")
    assert _ask(reply, f"<{exchange.base}/update> sd:supportedLanguage sd:SPARQL11Update")


def test_no_update_where_none_is_taken(reader: Any) -> None:
    """3.4.3: what is not supported is not claimed."""
    assert not _ask(_describe(reader), "?s sd:supportedLanguage sd:SPARQL11Update")


def test_formats(exchange: Any) -> None:
    """3.4.6, 3.4.7: the formats of results and of input, by their registered names."""
    reply = _describe(exchange)
    for name in ("SPARQL_Results_JSON", "SPARQL_Results_CSV", "Turtle", "JSON-LD", "RDF_XML"):
        assert _ask(reply, f"<{exchange.base}/sparql> sd:resultFormat f:{name}")
    assert _ask(reply, f"<{exchange.base}/update> sd:inputFormat f:N-Quads")


def test_union_default_graph(exchange: Any, plain: Any) -> None:
    """3.2.6, 4: sd:UnionDefaultGraph is declared where it holds, and only there."""
    assert _ask(_describe(exchange), "?s sd:feature sd:UnionDefaultGraph")
    assert not _ask(_describe(plain), "?s sd:feature sd:UnionDefaultGraph")


def test_federation(make: Callable[..., Any]) -> None:
    """4: sd:BasicFederatedQuery is declared where SERVICE is allowed at all."""
    pattern = "?s sd:feature sd:BasicFederatedQuery"
    assert not _ask(_describe(make()), pattern)
    assert _ask(_describe(make(allow_service=("https://example.org/sparql",))), pattern)


def test_dataset(exchange: Any) -> None:
    """3.2.7, 3.4.11 to 3.4.14: the graphs of the default dataset, by name and size."""
    reply = _describe(exchange)
    assert _ask(
        reply,
        """?s sd:defaultDataset ?d . ?d a sd:Dataset ; sd:defaultGraph ?default .
        ?default a sd:Graph ; void:triples 4 .
        ?d sd:namedGraph ?entry . ?entry a sd:NamedGraph ;
            sd:name <http://example.org/g1> ; sd:graph ?graph .
        ?graph a sd:Graph ; void:triples 1""",
    )
    assert not _ask(reply, "?d sd:namedGraph [ sd:name ?name ; sd:graph [ void:triples 0 ] ]")


def test_size_of_a_plain_default_graph(plain: Any) -> None:
    """3.4.12: the default graph described is the one that queries see."""
    assert _ask(_describe(plain), "?d sd:defaultGraph [ void:triples 1 ]")


def test_description_follows_the_data(exchange: Any) -> None:
    """3.2.7: counted for each generation anew."""
    target = "/store?graph=http://example.org/new"
    body = b"<a:a> a <a:Kind> , <a:Other> ."
    assert exchange.send("PUT", target, {"content-type": "text/turtle"}, body).status == 201
    pattern = "?e sd:name <http://example.org/new> ; sd:graph [ void:triples 2 ]"
    assert _ask(_describe(exchange), pattern)


def test_void(exchange: Any) -> None:
    """VoID 4, 7.2: statistics at the well-known address, whole and by class and property."""
    kind = {"content-type": "text/turtle"}
    body = b"<a:a> a <a:Kind> . <a:b> a <a:Kind> ; <http://example.org/p> 5 ."
    exchange.send("POST", "/store?default", kind, body)
    reply = exchange.send("GET", "/.well-known/void")
    assert _ask(
        reply,
        f"""?page a void:DatasetDescription . ?d a void:Dataset ;
        void:sparqlEndpoint <{exchange.base}/sparql> ; void:triples 7 ;
        void:classes 1 ; void:properties 2 ;
        void:classPartition [ void:class <a:Kind> ; void:entities 2 ] ;
        void:propertyPartition [ void:property <http://example.org/p> ; void:triples 5 ]""",
    )


@pytest.mark.parametrize("exchange", ["http"], indirect=True)
def test_unchanged_description(exchange: Any) -> None:
    """RFC 9110 13.1.2: the description has a tag, and answers 304 to it."""
    for target in ("/sparql", "/.well-known/void"):
        tag = exchange.send("GET", target).headers["etag"]
        assert exchange.send("GET", target, {"if-none-match": tag}).status == 304


def test_void_is_only_read(exchange: Any) -> None:
    """RFC 9110 15.5.6: 405 with Allow."""
    reply = exchange.send("DELETE", "/.well-known/void")
    assert (reply.status, "GET" in reply.headers["allow"]) == (405, True)


def test_statistics_are_counted_once(make: Callable[..., Any]) -> None:
    """They are kept with the generation, and may be given by another worker."""
    exchange = make()
    exchange.send("GET", "/sparql")
    counted = exchange.context.memory["statistics-3"]
    exchange.send("GET", "/.well-known/void")
    assert exchange.context.memory["statistics-3"] is counted
    assert counted["graphs"] == {
        "": 1,
        "http://example.org/g1": 1,
        "http://example.org/g2": 1,
        "https://w3id.org/clustergraph/graph/clusters": 1,
    }
