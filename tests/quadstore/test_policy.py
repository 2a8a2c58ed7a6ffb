"""Engines enforce the policy for untrusted queries themselves, whoever calls them."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyoxigraph as ox
import pytest

from clustergraph.errors import QueryRefusedError, QuerySyntaxError, QueryTooLongError
from clustergraph.quadstore import updates
from clustergraph.quadstore.engine import StoreEngine
from clustergraph.quadstore.remote import RemoteEngine
from clustergraph.sparql.policy import QueryPolicy

REFUSED = [
    "SELECT * { SERVICE <ADDRESS> { ?s ?p ?o } }",
    "SELECT * { SERVICE SILENT <ADDRESS> { ?s ?p ?o } }",
    "CONSTRUCT { ?s ?p ?o } { SERVICE <ADDRESS> { ?s ?p ?o } }",
    "ASK { FILTER EXISTS { SERVICE <ADDRESS> { ?s ?p ?o } } }",
    r"SELECT * { \u0053ERVICE <ADDRESS> { ?s ?p ?o } }",
    "ASK " + "{" * 300 + "}" * 300,
]


@dataclass
class Listener:
    """A server on this machine that notes what it is asked."""

    address: str
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A server that answers each query with an empty result."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            found.requests.append(self.rfile.read(length).decode())
            body = b'{"head": {"vars": []}, "results": {"bindings": []}}'
            self.send_response(200)
            self.send_header("Content-Type", "application/sparql-results+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Listener(f"http://127.0.0.1:{server.server_port}/x")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


Make = Callable[[str, QueryPolicy], StoreEngine | RemoteEngine]


def embedded(_: str, policy: QueryPolicy) -> StoreEngine:
    return StoreEngine(ox.Store(), policy=policy)


def remote(address: str, policy: QueryPolicy) -> RemoteEngine:
    return RemoteEngine(address, policy=policy)


@pytest.mark.parametrize("make", [embedded, remote])
@pytest.mark.parametrize("text", REFUSED)
@pytest.mark.parametrize("way", ["query", "check"])
def test_refused(make: Make, text: str, way: str, listener: Listener) -> None:
    """Neither asking nor checking sends anything anywhere."""
    engine = make(listener.address, QueryPolicy())
    with pytest.raises(QueryRefusedError):
        getattr(engine, way)(text.replace("ADDRESS", listener.address))
    assert not listener.requests


@pytest.mark.parametrize("make", [embedded, remote])
def test_too_long(make: Make, listener: Listener) -> None:
    """The limit of an engine is that of its policy."""
    engine = make(listener.address, QueryPolicy(max_bytes=50))
    with pytest.raises(QueryTooLongError):
        engine.query("ASK { ?s ?p '" + "x" * 50 + "' }")


@pytest.mark.parametrize("make", [embedded, remote])
def test_syntax_is_checked_beside_an_allowed_service(
    make: Make, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query with an allowed SERVICE is parsed here as well, which calls nobody."""
    monkeypatch.setattr("clustergraph.sparql.policy.objection", lambda *_, **__: None)
    policy = QueryPolicy(services=(listener.address,), network=True)
    engine = make(listener.address, policy)
    clause = f"SERVICE <{listener.address}> {{ ?s ?p ?o }}"
    with pytest.raises(QuerySyntaxError, match="line 2"):
        engine.check(f"ASK {{ {clause}\n ?s ?p }}")
    engine.check(f"ASK {{ {clause} }}")
    engine.check(f"SELECT * {{ {clause} }}")
    assert not listener.requests
    with pytest.raises(QuerySyntaxError):
        engine.query(f"SELECT * {{ {clause} ?s ?p }}")
    assert not listener.requests


@pytest.mark.parametrize(
    "text",
    [
        "LOAD <ADDRESS>",
        r"\u004COAD <ADDRESS>",
        "INSERT { ?s ?p ?o } WHERE { SERVICE <ADDRESS> { ?s ?p ?o } }",
        "INSERT DATA { <x:a> <x:b> <x:c> } ; LOAD <ADDRESS>",
    ],
)
def test_updates_are_refused(text: str, listener: Listener) -> None:
    """Updates meet the policy in both engines, before anything of them is carried out."""
    text = text.replace("ADDRESS", listener.address)
    store = ox.Store()
    with pytest.raises(QueryRefusedError):
        updates.update(store, text)
    assert not len(store)
    with pytest.raises(QueryRefusedError):
        remote(listener.address, QueryPolicy()).update(text)
    assert not listener.requests


def test_silent_load_of_a_refused_address(listener: Listener) -> None:
    """It succeeds at once, without a call; the operations around it are carried out."""
    store = ox.Store()
    updates.update(
        store,
        f"LOAD SILENT <{listener.address}> ; INSERT DATA {{ <x:a> <x:b> <x:c> }}",
    )
    assert len(store) == 1
    remote(listener.address, QueryPolicy()).update(f"LOAD SILENT <{listener.address}/other>")
    (sent,) = listener.requests
    assert "other" not in sent


def test_graphs_of_a_part(listener: Listener) -> None:
    """An engine over some graphs of a store enforces its policy as well."""
    store = ox.Store()
    store.add(ox.Quad(*[ox.NamedNode("x:a")] * 3, ox.NamedNode("x:g")))
    engine = StoreEngine(store, graphs=[ox.NamedNode("x:g")])
    assert bool(engine.query("ASK { GRAPH <x:g> { ?s ?p ?o } }"))
    with pytest.raises(QueryRefusedError):
        engine.query(REFUSED[0].replace("ADDRESS", listener.address))
