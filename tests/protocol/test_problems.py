"""Errors as problem documents (RFC 9457), and as text for people."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from clustergraph.errors import (
    ClusterGraphError,
    DiskFullError,
    EndpointError,
    QueryError,
    RequestError,
    StoreError,
    UnknownNameError,
    UsageError,
)
from clustergraph.protocol import faults
from clustergraph.protocol.problems import PROBLEM, respond

BAD = "/sparql?query=SELEC"


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", BAD, 400),
        ("DELETE", "/sparql", 405),
        ("GET", "/store?graph=http://example.org/none", 404),
        ("GET", "/sparql?query=ASK%7B%7D&format=pdf", 406),
        ("POST", "/sparql", 415),
    ],
)
def test_problem_document(exchange: Any, method: str, target: str, status: int) -> None:
    """3: JSON of type application/problem+json with type, title, status and detail."""
    reply = exchange.send(method, target, {}, b"x" if method == "POST" else b"")
    assert (reply.status, reply.type) == (status, "application/problem+json")
    problem = reply.json
    assert problem["type"].startswith(PROBLEM)
    assert problem["title"]
    assert problem["detail"]


def test_status_member(exchange: Any) -> None:
    """3.1.2 MUST: the status member is the status of the response."""
    for target in (BAD, "/store?graph=x", "/sparql?query=ASK%7B%7D&format=pdf"):
        reply = exchange.send("GET", target)
        assert reply.json["status"] == reply.status


def test_type_is_an_absolute_uri(exchange: Any) -> None:
    """3.1.1 RECOMMENDED: an absolute URI, the same for the same kind of problem."""
    kinds = {exchange.send("GET", target).json["type"] for target in (BAD, "/sparql?query=ASK")}
    assert kinds == {"https://w3id.org/clustergraph/problem/syntax-error"}


def test_title_does_not_change(exchange: Any) -> None:
    """3.1.3 SHOULD NOT change from occurrence to occurrence; 3.1.4: detail tells them apart."""
    problems = [exchange.send("GET", target).json for target in (BAD, "/sparql?query=ASK")]
    assert problems[0]["title"] == problems[1]["title"]
    assert problems[0]["detail"] != problems[1]["detail"]


def test_extension_members(exchange: Any) -> None:
    """3.1.4 SHOULD NOT have to parse detail, 3.2: line and column are members of their own."""
    problem = exchange.send("GET", BAD).json
    assert (problem["line"], problem["column"]) == (1, 1)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/problem+json", "application/problem+json"),
        ("application/json, text/plain, */*", "application/problem+json"),
        ("*/*", "application/problem+json"),
        ("text/plain", "text/plain"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/plain"),
        ("text/plain;q=0.5, application/json;q=0.4", "text/plain"),
        ("text/turtle", "application/problem+json"),
    ],
)
def test_form_of_errors(exchange: Any, accept: str, media_type: str) -> None:
    """3: JSON, unless the client would rather have text, as browsers and people do."""
    reply = exchange.send("GET", BAD, {"accept": accept})
    assert (reply.status, reply.type) == (400, media_type)
    assert "SELEC" in reply.text


def test_errors_are_not_kept(exchange: Any) -> None:
    """RFC 9110 15.1: some statuses may be cached by default; errors of this service may not."""
    assert exchange.send("GET", BAD).headers["cache-control"] == "no-store"


def test_text_names_place_and_reason(exchange: Any) -> None:
    """The text says what is wrong, where, and what to do."""
    reply = exchange.send("GET", "/sparql?query=ASK{cgx:a+a+1}", {"accept": "text/plain"})
    assert "line 1, column 5: prefix cgx: is not declared; did you mean cg:?" in reply.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (QueryError("x"), 500),
        (EndpointError("x"), 502),
        (StoreError("x"), 503),
        (DiskFullError("x"), 507),
        (UsageError("x"), 400),
        (UnknownNameError("query", "x", []), 404),
        (RequestError(418, "Tea", "x", pot=1), 418),
        (ClusterGraphError("x"), 500),
    ],
)
def test_status_of_each_error(error: ClusterGraphError, status: int) -> None:
    """Each error of the project stands for a status."""
    response = respond(error, None)
    assert response.status == status


def test_no_line_breaks_from_the_request_in_headers(exchange: Any) -> None:
    """RFC 9110 5.5: nothing that a client sends ends a header field."""
    target = "/store?graph=http://example.org/%0d%0aSet-Cookie:%20x"
    for method in ("GET", "PUT"):
        reply = exchange.send(method, target, {"content-type": "text/turtle"}, b"")
        assert reply.status == 400
        assert "set-cookie" not in reply.headers


def test_unknown_path(exchange: Any) -> None:
    """RFC 9110 15.5.5: 404."""
    for path in ("/store/", "/sparql/x", "/updates"):
        assert exchange.send("GET", path).status == 404


def test_each_kind_of_problem_is_in_the_table() -> None:
    """3.1.3: whatever makes a problem, its title is in the table, which has its status."""
    package = Path(faults.__file__).parents[1]
    calls = [
        re.findall(r'\b(?:fault\(|fault,)\s*"([^"]+)"', path.read_text("utf-8"))
        for path in package.rglob("*.py")
        if "faults" in path.read_text("utf-8")
        and path.parent.name in ("protocol", "http", "pages", "linked")
    ]
    made = {title for titles in calls for title in titles}
    made |= {title for title, _ in faults.WORKER_FAILURES.values()}
    assert len(made) > 10
    assert made <= set(faults.KINDS)
    assert len({title.lower() for title in faults.KINDS}) == len(faults.KINDS)
