"""The W3C's own tests of the protocols, read in place (``make conformance``)."""

# ruff: noqa: D102 - the manifests' vocabulary says what the methods read

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyoxigraph as ox
import pytest

pytestmark = pytest.mark.conformance

PREFIXES = """
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX mf: <http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#>
PREFIX ut: <http://www.w3.org/2009/sparql/tests/test-update#>
PREFIX ht: <http://www.w3.org/2011/http#>
PREFIX cnt: <http://www.w3.org/2011/content#>
"""
SUITES = Path(
    os.environ.get("CLUSTERGRAPH_SUITES", Path(__file__).parents[2].parent / "shared/suites")
)
HERE = SUITES / "rdf-tests/sparql/sparql11"
MANIFESTS = (
    "protocol/manifest",
    "graph-store-protocol/manifest-direct",
    "graph-store-protocol/manifest-indirect",
)
# By HTTP's name, as the graph store's manifest says it.
STATUS = {"OK": "200", "Created": "201", "NoContent": "204", "NotFound": "404"}
FORMATS = {
    "boolean": {"application/sparql-results+json", "application/sparql-results+xml"},
    "tabular": {
        "application/sparql-results+json",
        "application/sparql-results+xml",
        "text/csv",
        "text/tab-separated-values",
    },
    "RDF": {"text/turtle", "application/rdf+xml", "application/n-triples"},
}


@dataclass
class Message:
    """A request of a test, and what is expected of its response."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    statuses: set[str]
    expected: dict[str, str] = field(default_factory=dict)
    expected_body: str | None = None


@dataclass
class Case:
    """A test: its messages in order, and the data that is there before."""

    name: str
    messages: list[Message]
    data: dict[str, Path]


class Manifest:
    """A manifest as a graph, with the walks that reading it takes."""

    def __init__(self, path: Path) -> None:
        self.store = ox.Store()
        self.store.load(path=str(path), format=ox.RdfFormat.TURTLE, base_iri=path.as_uri())

    def objects(self, subject: Any, name: str) -> list[Any]:
        predicate = next(iter(self.store.query(f"{PREFIXES} SELECT ({name} AS ?p) {{}}")))["p"]
        return [quad.object for quad in self.store.quads_for_pattern(subject, predicate, None)]

    def one(self, subject: Any, name: str) -> Any:
        return next(iter(self.objects(subject, name)), None)

    def items(self, head: Any) -> Iterator[Any]:
        while head is not None and (first := self.one(head, "rdf:first")) is not None:
            yield first
            head = self.one(head, "rdf:rest")

    def headers(self, message: Any) -> dict[str, str]:
        return {
            self.one(item, "ht:fieldName").value.lower(): self.one(item, "ht:fieldValue").value
            for item in self.items(self.one(message, "ht:headers"))
        }

    def body(self, message: Any) -> tuple[str | None, str]:
        content = self.one(message, "ht:body")
        if content is None:
            return None, "utf-8"
        encoding = self.one(content, "cnt:characterEncoding")
        return self.one(content, "cnt:chars").value, encoding.value if encoding else "utf-8"

    def message(self, request: Any) -> Message:
        text, encoding = self.body(request)
        response = self.one(request, "ht:resp")
        names = {
            item.value.rpartition("#")[2] for item in self.objects(response, "mf:expectedStatus")
        }
        expected = self.headers(response)
        for name in ("expectedBoolean", "expectedFormat", "expectedLocation"):
            if (value := self.one(response, f"mf:{name}")) is not None:
                expected[name] = value.value
        return Message(
            self.one(request, "ht:methodName").value,
            self.one(request, "ht:absolutePath").value,
            self.headers(request),
            (text or "").encode(encoding),
            {STATUS.get(name, name.removeprefix("StatusCode").rstrip("x")) for name in names},
            expected,
            self.body(response)[0],
        )

    def cases(self) -> Iterator[Case]:
        found = self.store.query(f"{PREFIXES} SELECT ?list {{ ?m mf:entries ?list }}")
        for entry in self.items(next(iter(found))["list"]):  # type: ignore[arg-type]
            action = self.one(entry, "mf:action")
            data = {
                self.one(item, "rdfs:label").value: Path(
                    self.one(item, "ut:graph").value.removeprefix("file://")
                )
                for item in self.objects(entry, "ut:graphData")
            }
            messages = [self.message(item) for item in self.items(self.one(action, "ht:requests"))]
            yield Case(entry.value.rpartition("#")[2], messages, data)


@cache
def cases() -> list[Case]:
    """Return all tests; none where the suites are missing."""
    if not HERE.is_dir():
        return []
    return [case for name in MANIFESTS for case in Manifest(HERE / f"{name}.ttl").cases()]


def _sent(message: Message) -> str:
    """Return the path that stands for the suite's."""
    path = message.path.replace("/gsp", "/store", 1)
    kind = message.headers.get("content-type", "")
    update = "sparql-update" in kind or b"update=" in message.body or "update=" in path
    return path.replace("/sparql/", "/update" if update else "/sparql")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_w3c(plain: Any, case: Case) -> None:
    """Each request in turn gets the status, the format and the content that the test expects."""
    for name, path in case.data.items():
        target = f"/store?graph={quote(name, safe='')}"
        kind = {"content-type": "application/n-triples"}
        assert plain.send("PUT", target, kind, path.read_bytes()).status in (201, 204)
    known: dict[str, str] = {}
    for message in case.messages:
        target = _sent(message)
        for variable, value in known.items():
            target = target.replace(variable, quote(value, safe=""))
        reply = plain.send(message.method, target, message.headers, message.body)
        text = f"{message.method} {target}: {reply.status} {reply.text[:300]}"
        assert any(str(reply.status).startswith(status) for status in message.statuses), text
        if "expectedBoolean" in message.expected:
            assert str(reply.json["boolean"]).lower() == message.expected["expectedBoolean"], text
        if "expectedFormat" in message.expected:
            assert reply.type in FORMATS[message.expected["expectedFormat"]], text
        if "expectedLocation" in message.expected:
            known[message.expected["expectedLocation"]] = reply.headers["location"]
        if "content-type" in message.expected:
            assert reply.type == message.expected["content-type"].partition(";")[0]
        if message.expected_body is not None and message.method != "HEAD":
            assert _graph(reply.text) == _graph(message.expected_body), text


def _graph(turtle: str) -> ox.Dataset:
    graph = ox.Dataset(ox.parse(turtle, ox.RdfFormat.TURTLE))
    graph.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return graph
