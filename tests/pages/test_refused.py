"""Pages that are not to be had: what people see when a worker ended over one, or none is free."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clustergraph.http.exchange import Exchange
from clustergraph.http.options import Options
from clustergraph.http.routes import resolve
from clustergraph.protocol.faults import fault

ENDLESS = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l } ORDER BY ?l"
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def site(world_like: Path, serve: Any) -> Iterator[httpx.Client]:
    """A client of a service over a small graph."""
    running = serve("--store", world_like, "--workers", 1)
    with httpx.Client(base_url=running.base, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def world_like(little: Any) -> Path:
    """The directory of the little graph."""
    return Path(little.directory)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "ran into its time limit"), ("cs", "překročil časový limit")]
)
def test_a_query_that_takes_too_long(site: httpx.Client, language: str, said: str) -> None:
    """The page says what is wrong and what to do, and the query is still in the editor."""
    fields = {"query": ENDLESS, "timeout": "0.5"}
    answer = site.get("/query", params=fields, headers={**HTML, "Accept-Language": language})
    assert answer.status_code == 504
    assert answer.headers["content-type"].startswith("text/html")
    assert said in answer.text
    assert f">{ENDLESS}</textarea>" in answer.text
    assert "etag" not in answer.headers


def test_a_page_that_takes_too_long(site: httpx.Client) -> None:
    """Any page may; people see a page, in their language, and programs a problem document."""
    address = "/quality?timeout=0.1"
    page = site.get(address, headers={**HTML, "Accept-Language": "cs"})
    assert page.status_code == 504
    assert "Časový limit překročen" in page.text
    fields = {"query": ENDLESS, "timeout": "0.1"}
    problem = site.get("/sparql", params=fields, headers={"Accept": "application/json"})
    assert problem.status_code == 504
    assert problem.headers["content-type"] == "application/problem+json"
    assert site.get("/find", headers=HTML).status_code == 200


def test_nobody_makes_a_page_refuse_itself(site: httpx.Client) -> None:
    """What tells workers of a refusal comes from the service alone."""
    assert site.get("/find", headers={**HTML, "refused": "deadline"}).status_code == 200


def test_the_page_of_a_service_without_a_free_worker() -> None:
    """It is made by hand, and what it says is text, never markup."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is received")

    scope = {"method": "GET", "path": "/find", "query_string": b"", "scheme": "http"}
    exchange = Exchange(scope, receive, send, {b"accept": b"text/html"}, "", Options())
    exchange.route = resolve("/find")[0]["GET"]  # type: ignore[index]
    asyncio.run(exchange.refuse(fault("Too busy", "<b>try</b> again")))
    head, body = sent
    assert head["status"] == 503
    assert (b"content-type", b"text/html; charset=utf-8") in head["headers"]
    assert b"&lt;b&gt;try&lt;/b&gt; again" in body["body"]
