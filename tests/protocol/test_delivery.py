"""How answers leave a worker: in one piece or streamed, whole or visibly broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from clustergraph.errors import ClusterGraphError, QueryError
from clustergraph.protocol import Request, Response, deliver, handle
from clustergraph.protocol.query import CHUNK_BYTES

MANY = "SELECT * { VALUES ?a { 0 1 2 3 4 5 6 7 8 9 } VALUES ?b { 0 1 2 3 4 5 6 7 8 9 } VALUES ?c { 0 1 2 3 4 5 6 7 8 9 } VALUES ?d { 0 1 2 } }"  # noqa: E501


def _query(text: str, suffix: str = "") -> Request:
    return Request("GET", "/sparql", ("query=" + quote(text) + suffix).encode())


def test_small_answer_in_one_piece(make: Callable[..., Any], outlet: Any) -> None:
    """A short answer is complete before anything is sent."""
    out = outlet()
    deliver(handle(_query("SELECT (1 AS ?x) {}"), make().context), out)
    assert len(out.chunks) == 1
    assert out.complete


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
def test_large_answer_in_chunks(make: Callable[..., Any], outlet: Any, form: str) -> None:
    """A long answer is streamed in chunks of bounded size, none of them empty."""
    out = outlet()
    deliver(handle(_query(MANY, f"&format={form}"), make().context), out)
    if form in ("json", "xml"):
        assert len(out.chunks) > 1
    assert all(0 < len(chunk) <= CHUNK_BYTES for chunk in out.chunks)
    whole = b"".join(out.chunks)
    assert whole.count(b"\n") >= 3000 or whole.count(b'"a"') >= 3000


def test_headers_wait_for_the_first_chunk(make: Callable[..., Any], outlet: Any) -> None:
    """Nothing is sent until the first chunk exists."""
    out = outlet()
    response = handle(_query(MANY), make().context)
    assert out.response is None
    assert not isinstance(response.body, bytes)
    deliver(response, out)
    assert out.response is response


def test_too_large_before_the_first_chunk(make: Callable[..., Any], outlet: Any) -> None:
    """A limit that is hit early is a proper status."""
    out = outlet()
    deliver(handle(_query(MANY), make(max_result_bytes=1000).context), out)
    assert out.response.status == 422
    assert b"LIMIT" in out.chunks[0]
    assert out.complete


def test_too_large_after_the_first_chunk(make: Callable[..., Any], outlet: Any) -> None:
    """A limit that is hit late breaks the answer off: no end, and no error text within a 200."""
    out = outlet()
    response = handle(_query(MANY), make(max_result_bytes=2 * CHUNK_BYTES).context)
    with pytest.raises(ClusterGraphError, match="longer than"):
        deliver(response, out)
    assert out.response.status == 200
    assert not out.complete
    assert b"problem" not in b"".join(out.chunks)


def test_limit_on_graphs_and_tables(make: Callable[..., Any]) -> None:
    """The limit holds for each way of writing an answer."""
    exchange = make(max_result_bytes=100)
    text = quote("CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }")
    assert exchange.send("GET", f"/sparql?query={text}&format=nt").status == 422
    assert exchange.send("GET", f"/sparql?query={quote(MANY)}&format=table").status == 422
    assert exchange.send("GET", "/store").status == 422


def test_client_that_leaves(make: Callable[..., Any], outlet: Any) -> None:
    """What the way out raises comes through as it is."""

    class Gone(outlet):  # type: ignore[misc]
        def data(self, chunk: bytes) -> None:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        deliver(handle(_query(MANY), make().context), Gone())


def test_failure_before_the_first_chunk(outlet: Any) -> None:
    """An error while nothing is sent becomes the response that stands ready for it."""

    def fail(_: object) -> bytes:
        raise QueryError("no")

    out = outlet()
    instead = Response(500, [], b"problem")
    deliver(Response(200, [], fail, instead=lambda _: instead), out)
    assert out.response is instead


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?o { ?s ?p ?o }",
        "ASK {}",
        "SELECT ?now ?random { ?now ?random 'NOW()' }",
        "CONSTRUCT WHERE { ?s ?p ?o }",
        "DESCRIBE <a:a>",
        "SELECT * { [] ?p ?o }",
    ],
)
def test_answers_that_last(make: Callable[..., Any], text: str) -> None:
    """An answer that the generation alone determines may be kept."""
    response = handle(_query(text), make().context)
    assert response.status == 200
    assert response.cacheable == ("NOW()" not in text)  # in doubt it is not kept


@pytest.mark.parametrize(
    "text",
    [
        "SELECT (NOW() AS ?x) {}",
        "SELECT (now ( ) AS ?x) {}",
        "SELECT (RAND(\n) AS ?x) {}",
        "SELECT (UUID() AS ?x) {}",
        "SELECT (StrUUID() AS ?x) {}",
        "SELECT (BNODE() AS ?x) {}",
        "SELECT (BNODE('a') AS ?x) {}",
        "SELECT (RAND# a comment\n() AS ?x) {}",
        "ASK { FILTER(RAND() < 2) }",
        "CONSTRUCT { _:b <a:b> 1 } {}",
        "CONSTRUCT { [ <a:b> 1 ] <a:c> 2 } {}",
    ],
)
def test_answers_that_do_not_last(make: Callable[..., Any], text: str) -> None:
    """RFC 9110 8.8.1: what differs from call to call must bear no strong tag."""
    response = handle(_query(text), make().context)
    assert response.status == 200, response.body
    assert not response.cacheable


def test_unknown_function(make: Callable[..., Any]) -> None:
    """A function that the engine does not know is the query's fault, not the service's."""
    reply = make().send("GET", "/sparql?query=" + quote("SELECT (<a:f>(1) AS ?x) {}"))
    assert reply.status == 400
    assert "<a:f>" in reply.json["detail"]


def test_errors_and_writes_are_not_kept(make: Callable[..., Any]) -> None:
    """Only answers of reading that succeeded may be kept."""
    context = make().context
    assert not handle(_query("SELEC"), context).cacheable
    kind = {"content-type": "application/sparql-update"}
    assert not handle(Request("POST", "/update", b"", kind, b"CLEAR ALL"), context).cacheable


def test_turtle_is_short_for_people(make: Callable[..., Any]) -> None:
    """A short graph is written with the project's prefixes that it uses, and no others."""
    exchange = make()
    text = quote("CONSTRUCT { cg:a cg:b country:CZ } {}")
    body = exchange.send("GET", f"/sparql?query={text}").text
    assert "cg:a cg:b country:CZ ." in body
    assert body.count("@prefix") == 2
    exchange.send("PUT", "/store/x", {"content-type": "text/turtle"}, b"<a:a> <a:b> 1 .")
    assert exchange.send("GET", "/store/x").text == "<a:a> <a:b> 1 .\n"


def test_admitted_service_goes_to_a_worker_with_a_network(make: Callable[..., Any]) -> None:
    """A worker without a network passes on what it may not evaluate itself."""
    exchange = make(allow_service=("https://example.org/sparql",), allow_load=("https://b.org/*",))
    text = "ASK { SERVICE <https://example.org/sparql> { ?s ?p ?o } }"
    assert handle(_query(text), exchange.context).federated
    other = "ASK { SERVICE <https://example.org/other> { ?s ?p ?o } }"
    refused = handle(_query(other), exchange.context)
    assert (refused.federated, refused.status) == (False, 403)
    kind = {"content-type": "application/sparql-update"}
    request = Request("POST", "/update", b"", kind, b"LOAD <https://b.org/x.ttl>")
    assert handle(request, exchange.context).federated


def test_too_long_and_too_deep(make: Callable[..., Any]) -> None:
    """Limits on texts are checked before the engine's parser sees them."""
    exchange = make(max_query_bytes=1000, max_nesting=50)
    for path, kind in (("/sparql", "query"), ("/update", "update")):
        headers = {"content-type": f"application/sparql-{kind}"}
        assert exchange.send("POST", path, headers, b"#" * 1001).status == 413
        deep = b"ASK " + b"{" * 51 + b"}" * 51
        assert exchange.send("POST", path, headers, deep).status == 403
