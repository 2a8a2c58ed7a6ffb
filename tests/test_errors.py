"""Messages for clients of the service say nothing about the machine behind it."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from clustergraph.errors import (
    ClusterGraphError,
    DiskFullError,
    EndpointError,
    QueryError,
    StoreError,
    SyntaxFaultError,
    UnreadableInputError,
    without_places,
)
from clustergraph.quadstore.remote import RemoteEngine


@pytest.mark.parametrize(
    "error",
    [
        StoreError("/srv/inner/store: not a readable graph"),
        DiskFullError("/srv/inner/store: no space left"),
        EndpointError("http://inner:3030/ds cannot be reached: refused"),
        UnreadableInputError("/srv/inner/shapes.ttl", "cannot be opened"),
        SyntaxFaultError("/srv/inner/shapes.ttl", "a dot is missing", 3, 4),
        QueryError("IO error: /srv/inner/store/000041.sst", "IO error"),
    ],
)
def test_public_messages(error: ClusterGraphError) -> None:
    """The whole message is for the log; what clients get names no place."""
    assert "inner" in str(error)
    assert "inner" not in error.public_message
    assert error.public_message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IO error: While open /srv/store/000041.sst: gone", "IO error: While open …: gone"),
        ("http://127.0.0.1:3030/ds failed", "… failed"),
        ("http://[::1]:80/x failed", "… failed"),
        ("host 10.0.0.5:8080 failed", "host … failed"),
        ("unexpected ex:a/ex:b", "unexpected ex:a/ex:b"),
        ("<https://example.org/a/b/c> is unknown", "<https://example.org/a/b/c> is unknown"),
    ],
)
def test_places_are_removed(text: str, expected: str) -> None:
    """Paths and private addresses go; public IRIs and SPARQL stay."""
    assert without_places(text) == expected


def test_places_are_removed_in_linear_time() -> None:
    """Long texts take no longer than their length demands."""
    for text in ("/a" * 100_000, "/" * 200_000, "1." * 100_000, "http://" * 30_000):
        done = threading.Thread(target=without_places, args=(text,), daemon=True)
        done.start()
        done.join(20)
        assert not done.is_alive(), text[:10]


class _Refusing(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        host, port = self.server.server_address[:2]
        text = f"http://{host!s}:{port}/ds: Lucene index /srv/inner/lucene is broken".encode()
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def refusing() -> Iterator[str]:
    """A server that answers with the status that its path says, and tells all about itself."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_refusals_of_other_servers(refusing: str, status: int) -> None:
    """Neither the address of the server behind the service nor its paths reach clients."""
    with pytest.raises((EndpointError, QueryError)) as caught:
        RemoteEngine(f"{refusing}/{status}").query("ASK {}")
    public = caught.value.public_message
    assert refusing in str(caught.value)
    assert "Lucene index" in public
    for place in ("127.0.0.1", refusing.rpartition(":")[2], "inner"):
        assert place not in public


def test_unreachable_servers() -> None:
    """A server that is not there is not named either."""
    with pytest.raises(EndpointError) as caught:
        RemoteEngine("http://127.0.0.1:1/sparql").query("ASK {}")
    assert "127.0.0.1" not in caught.value.public_message
