"""Ready questions over HTTP: pages, downloads, and what may be kept."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from clustergraph.errors import RequestError
from clustergraph.protocol import Context, Request, Sink, questions
from clustergraph.quadstore import Engine, build
from clustergraph.questions import catalogue
from clustergraph.questions.parameters import TODAY

DATA = """
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix graph: <https://w3id.org/clustergraph/graph/> .
graph:a { <urn:a> <urn:p> "x" } graph:b { <urn:a> <urn:p> "y" }
"""


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A small graph."""
    directory: Path = tmp_path_factory.mktemp("stores") / "questions"
    build(directory, lambda: ox.parse(DATA, ox.RdfFormat.TRIG))
    engine = Engine(directory)
    return Context(engine.store, 1, engine=engine)


def ask(context: Context, query: bytes, accept: str = "text/csv", name: str = "graphs") -> Any:
    """The response to a question, with its body."""
    request = Request(
        "GET", f"/queries/{name}", query, {"accept": accept}, parameters={"name": name}
    )
    response = questions.answer(request, context)
    parts: list[bytes] = []
    if not isinstance(response.body, bytes):
        sink = Sink(parts.append)
        response.body(sink)
        response.body = b"".join([*parts, sink.rest()])
    return response


@pytest.mark.parametrize("query", [b"page=0", b"page=x", b"size=0", b"size=10001",
                                   b"page=" + b"9" * 5000, b"size=%D9%A3"])  # fmt: skip
def test_pages_that_are_none(context: Context, query: bytes) -> None:
    """A number that is none, or of 5,000 digits, is 400."""
    with pytest.raises(RequestError) as refused:
        ask(context, query)
    assert refused.value.status == 400


def test_links_are_short(context: Context) -> None:
    """RFC 8288: the Link header does not grow with the address."""
    short = dict(ask(context, b"page=1&size=1").headers)
    assert 'rel="next"' in short["Link"]
    long = dict(ask(context, b"page=1&size=1" + b"&format=csv" * 500).headers)
    assert len(long.get("Link", "")) <= 4000


def test_csv_is_read_back(context: Context) -> None:
    """RFC 4180: a download has a head and a row for each solution."""
    rows = list(csv.reader(io.StringIO(ask(context, b"").body.decode())))
    assert len(rows) == 3


def test_what_depends_on_today_is_not_kept(context: Context) -> None:
    """A question with today's date as a default is answered anew each time."""
    about_today = [
        one.name
        for one in catalogue.questions().values()
        if any(TODAY in parameter.default for parameter in one.parameters.values())
    ]
    assert about_today
    assert not ask(context, b"", "application/json", about_today[0]).cacheable
    assert ask(context, b"").cacheable
