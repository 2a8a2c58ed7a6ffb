"""How answers leave a worker: in one piece or streamed, whole or visibly broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from inprocess import deliver, handle

from clustergraph.errors import QueryError
from clustergraph.protocol import CHUNK_BYTES, Request, Response

MANY = "SELECT * { VALUES ?a { 0 1 2 3 4 5 6 7 8 9 } VALUES ?b { 0 1 2 3 4 5 6 7 8 9 } VALUES ?c { 0 1 2 3 4 5 6 7 8 9 } VALUES ?d { 0 1 2 } }"  # noqa: E501


def _query(text: str, suffix: str = "") -> Request:
    return Request("GET", "/sparql", ("query=" + quote(text) + suffix).encode())


def test_small_answer_in_one_piece(make: Callable[..., Any]) -> None:
    """A short answer is complete before anything is sent."""
    sent = deliver(handle(_query("SELECT (1 AS ?x) {}"), make().context))
    assert len(sent.frames) == 1
    assert sent.complete


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
def test_large_answer_in_chunks(make: Callable[..., Any], form: str) -> None:
    """A long answer is streamed in chunks of bounded size, none of them empty."""
    sent = deliver(handle(_query(MANY, f"&format={form}"), make().context))
    if form in ("json", "xml"):
        assert len(sent.chunks) > 1
    assert all(0 < len(chunk) <= CHUNK_BYTES for chunk in sent.chunks)
    assert sent.body.count(b"\n" if form in ("csv", "tsv") else b'"a"') >= 3000


def test_too_large_before_the_first_chunk(make: Callable[..., Any]) -> None:
    """A limit that is passed early is a proper status."""
    sent = deliver(handle(_query(MANY), make().context), limit=1000)
    assert sent.status == 422
    assert b"LIMIT" in sent.body
    assert sent.complete


def test_too_large_after_the_first_chunk(make: Callable[..., Any]) -> None:
    """A limit that is passed late aborts the answer: no end, and no error text within a 200."""
    sent = deliver(handle(_query(MANY), make().context), limit=2 * CHUNK_BYTES)
    assert sent.status == 200
    assert not sent.complete
    assert "longer than" in sent.error
    assert b"problem" not in sent.body


def test_limit_on_graphs_and_tables(make: Callable[..., Any]) -> None:
    """The limit holds for each way of writing an answer."""
    exchange = make(max_result_bytes=100)
    text = quote("CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }")
    assert exchange.send("GET", f"/sparql?query={text}&format=nt").status == 422
    assert exchange.send("GET", f"/sparql?query={quote(MANY)}&format=table").status == 422
    assert exchange.send("GET", "/store").status == 422


@pytest.mark.parametrize(
    ("error", "status"), [(QueryError("no"), 500), (RuntimeError("secret"), 500)]
)
def test_failure_before_the_first_chunk(error: Exception, status: int) -> None:
    """An error while nothing is sent is a problem document of its own status."""

    def fail(_: object) -> None:
        raise error

    sent = deliver(Response(200, [("Content-Type", "text/csv")], fail))
    assert sent.complete
    assert sent.status == status
    assert sent.headers["content-type"] == "application/problem+json"


def test_unexpected_failure_is_in_the_log_and_not_in_the_response() -> None:
    """The response names an identifier by which the log has the traceback."""

    def fail(_: object) -> None:
        raise RuntimeError("secret")

    sent = deliver(Response(200, [], fail))
    identifier = json.loads(sent.body)["identifier"]
    assert sent.error.startswith(identifier)
    assert "RuntimeError: secret" in sent.error
    assert b"secret" not in sent.body


def test_failure_after_the_first_chunk() -> None:
    """An error once something is sent aborts the answer, and the log has it."""

    def fail(sink: Any) -> None:
        sink.write(b"x" * CHUNK_BYTES)
        sink.write(b"x")
        raise RuntimeError("secret")

    sent = deliver(Response(200, [], fail))
    assert not sent.complete
    assert "secret" in sent.error


def test_head_of_a_streamed_answer_has_no_length() -> None:
    """What is not known before the end is not claimed to be 0."""

    def stream(sink: Any) -> None:
        sink.write(b"x" * CHUNK_BYTES)
        sink.write(b"y")

    sent = deliver(Response(200, [], stream), head_only=True)
    assert sent.complete
    assert "content-length" not in sent.headers
    whole = deliver(Response(200, [], b"x" * 70_000), head_only=True)
    assert whole.headers["content-length"] == "70000"


def test_nothing_follows_a_complete_response() -> None:
    """Whatever becomes of the signal that the head was enough, no frame follows the head."""

    def stream(sink: Any) -> None:
        try:
            sink.write(b"x" * CHUNK_BYTES)
            sink.write(b"y")
        except Exception as error:
            raise OSError("the engine turns one error into another") from error

    sent = deliver(Response(200, [], stream), head_only=True)
    assert len(sent.frames) == 1
    assert sent.status == 200


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x=1", "a\nb", "x" * 60_000])
def test_a_header_that_must_not_be_sent(value: str) -> None:
    """A line break in a header, or one that grows without bound, is a failure of ours."""
    sent = deliver(Response(200, [("X-Name", value)], b"body"))
    assert sent.status == 500
    assert "x-name" not in sent.headers


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
    exchange = make()
    context = exchange.context
    assert not handle(_query("SELEC"), context).cacheable
    kind = {"content-type": "application/sparql-update"}
    request = Request("POST", "/update", b"", kind, b"CLEAR ALL")
    assert not handle(request, context, exchange.commit).cacheable


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
