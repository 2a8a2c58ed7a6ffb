"""One way to talk to the protocols, in this process or over HTTP, for the very same tests."""

# ruff: noqa: D102 - the protocol `Exchange` says what the methods do

from __future__ import annotations

import json
import re
import select
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pyoxigraph as ox
import pytest
from inprocess import deliver, handle

from clustergraph.protocol import Config, Context, Request
from clustergraph.quadstore import build

T = TypeVar("T")

DATA = """
@prefix : <http://example.org/> .
:own :p "0" .
<http://example.org/g1> { :a :p "1" . }
<http://example.org/g2> { :b :p "2" . }
<https://w3id.org/clustergraph/graph/clusters> { :c :p "3"@en . }
"""
RESET = """
DROP ALL ; INSERT DATA {
  <http://example.org/own> <http://example.org/p> "0" .
  GRAPH <http://example.org/g1> { <http://example.org/a> <http://example.org/p> "1" }
  GRAPH <http://example.org/g2> { <http://example.org/b> <http://example.org/p> "2" }
  GRAPH <https://w3id.org/clustergraph/graph/clusters> {
    <http://example.org/c> <http://example.org/p> "3"@en }
}
"""


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    chunks: int = 1
    cacheable: bool = False

    @property
    def type(self) -> str:
        """The media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def rows(self) -> list[dict[str, str]]:
        """The solutions of a JSON answer, sorted."""
        found = self.json["results"]["bindings"]
        plain = [{name: term["value"] for name, term in row.items()} for row in found]
        return sorted(plain, key=lambda row: sorted(row.items()))

    @property
    def values(self) -> list[str]:
        """The values of a JSON answer with one column, sorted."""
        return sorted(value for row in self.rows for value in row.values())

    def triples(self, form: ox.RdfFormat = ox.RdfFormat.TURTLE) -> set[str]:
        """The statements of a graph, as text."""
        return {str(quad) for quad in ox.parse(self.body, form)}


class Exchange(Protocol):
    """Sends requests to a service with the graph of ``DATA``."""

    base: str

    # Sends one request.
    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Reply: ...

    # The values that a SELECT with one column finds, sorted.
    def select(self, query: str, suffix: str = "") -> list[str]: ...

    # The truth that an ASK finds.
    def ask(self, query: str) -> bool: ...


class _Asking:
    """The shortcuts that both ways share."""

    send: Callable[..., Reply]

    def select(self, query: str, suffix: str = "") -> list[str]:
        kind = {"content-type": "application/sparql-query"}
        reply = self.send("POST", "/sparql" + suffix, kind, query.encode())
        assert reply.status == 200, reply.text
        return reply.values

    def ask(self, query: str) -> bool:
        kind = {"content-type": "application/sparql-query"}
        reply = self.send("POST", "/sparql", kind, query.encode())
        assert reply.status == 200, reply.text
        return bool(reply.json["boolean"])


class InProcess(_Asking):
    """Calls the handlers themselves; commits by copying a store in memory."""

    base = "http://service.example"

    def __init__(self, *, writes: bool = True, **config: Any) -> None:
        store = ox.Store()
        store.load(DATA, ox.RdfFormat.TRIG)
        self.context = Context(
            store,
            1,
            Config(writable=writes, **config),
            committed_at=1_700_000_000.0,
        )
        self.commit = self._commit if writes else None

    def _commit(self, apply: Callable[[ox.Store, int | None], T]) -> tuple[int, T]:
        now = self.context
        copy = ox.Store()
        copy.extend(now.store)
        for graph in now.store.named_graphs():
            copy.add_graph(graph)
        result = apply(copy, now.generation)
        self.context = Context(
            copy,
            now.generation + 1,
            now.config,
            committed_at=1_700_000_100.0,
        )
        return now.generation + 1, result

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Reply:
        path, _, query_string = target.partition("?")
        head_only = method == "HEAD"
        method = "GET" if head_only else method
        request = Request(method, path, query_string.encode(), dict(headers or {}), body, self.base)
        response = handle(request, self.context, self.commit)
        assert not response.federated
        limit = self.context.config.max_result_bytes
        sent = deliver(response, request, limit=limit, head_only=head_only)
        assert sent.complete
        return Reply(sent.status, sent.headers, sent.body, len(sent.chunks), response.cacheable)


class OverHttp(_Asking):
    """Talks to a running service, whose graph is emptied and filled again for each test.

    Args:
        base: its address, without a slash at the end.
        token: what it takes writes with; empty: it takes none, and its graph is ``DATA``.
    """

    def __init__(self, base: str, token: str = "") -> None:
        import httpx

        self.base = base
        self._client = httpx.Client(base_url=base, trust_env=False, timeout=30)
        self._token = token
        self._touched = True

    def reset(self) -> None:
        """Bring the graph back to ``DATA`` if a request may have changed it."""
        if self._touched:
            kind = {"content-type": "application/sparql-update"}
            assert self.send("POST", "/update", kind, RESET.encode()).status == 204
            self._touched = False

    def close(self) -> None:
        self._client.close()

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Reply:
        given = {"accept": "", **(headers or {})}
        if not given["accept"]:
            del given["accept"]
        request = self._client.build_request(method, target, content=body or None)
        # Nothing that the client adds on its own may steer the answer.
        for name in ("accept", "accept-encoding", "user-agent"):
            request.headers.pop(name, None)
        request.headers.update(given)
        if self._token and method not in ("GET", "HEAD", "OPTIONS"):
            self._touched = self._touched or not target.startswith("/sparql")
            request.headers["authorization"] = f"Bearer {self._token}"
        reply = self._client.send(request)
        return Reply(reply.status_code, dict(reply.headers), reply.content)


TOKEN = "let-me-write-for-tests"  # noqa: S105 - of a server that lives as long as the tests


@contextmanager
def _serving(directory: Path, *options: str) -> Iterator[str]:
    """Run the service over the store in a directory, and yield its address."""
    command = [sys.executable, "-m", "clustergraph", "serve", "--port", "0", "--no-prepare"]
    command += [
        "--workers",
        "1",
        "--store",
        str(directory / "store"),
        "--client-limit",
        "0",
        *options,
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=directory) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()
            process.wait(30)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    heard = ""
    while select.select([process.stderr], [], [], 60)[0] and (line := process.stderr.readline()):
        heard += line
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found[0]
    pytest.fail(f"the service did not start:\n{heard}")


def _client(factory: pytest.TempPathFactory, *options: str) -> Iterator[OverHttp]:
    # The data of the protocol's tests are not about clusters, and no shape would admit them.
    options = ("--no-validate-writes", *options)
    directory = factory.mktemp("served")
    (directory / "token").write_text(TOKEN, encoding="utf-8")
    with _serving(directory, "--bare", "--token-file", "token", *options) as base:
        service = OverHttp(base, TOKEN)
        yield service
        service.close()


@pytest.fixture(scope="session")
def union_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OverHttp]:
    """A running service that takes writes; queries see the union of all graphs."""
    yield from _client(tmp_path_factory)


@pytest.fixture(scope="session")
def own_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OverHttp]:
    """A running service that takes writes; queries see the store's own default graph."""
    yield from _client(tmp_path_factory, "--default-graph", "own")


@pytest.fixture(scope="session")
def reading_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OverHttp]:
    """A running service without a token, over a store that was filled before."""
    directory = tmp_path_factory.mktemp("served")
    build(directory / "store", lambda: ox.parse(DATA, ox.RdfFormat.TRIG))
    with _serving(directory) as base:
        service = OverHttp(base, TOKEN)
        yield service
        service.close()


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractContextManager[str]]:
    """What runs a service over the store in a directory, and gives its address."""
    return _serving


WAYS = ["in-process", "http"]


def _exchange(request: pytest.FixtureRequest, kind: str, **config: Any) -> Iterator[Exchange]:
    if request.param == "in-process":
        yield InProcess(**config)
        return
    service: OverHttp = request.getfixturevalue(f"{kind}_service")
    if config.get("writes", True):
        service.reset()
    yield service


@pytest.fixture(params=WAYS)
def exchange(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    """A service that takes writes; queries see the union of all graphs."""
    yield from _exchange(request, "union")


@pytest.fixture(params=WAYS)
def plain(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    """A service that takes writes; queries see the store's own default graph."""
    yield from _exchange(request, "own", default_graph="own")


@pytest.fixture(params=WAYS)
def reader(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    """A service that takes no writes."""
    yield from _exchange(request, "reading", writes=False)


@pytest.fixture
def make() -> Callable[..., InProcess]:
    """A function that makes a service in this process with other settings."""
    return InProcess
