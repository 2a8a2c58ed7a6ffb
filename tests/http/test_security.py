"""What the service guarantees to its operator, in all three modes and at every route."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import inprocess
import pytest
from addresses import EXAMPLES, every, examples

from clustergraph.http import limits
from clustergraph.http.cache import AnswerCache
from clustergraph.http.codec import Head
from clustergraph.http.limits import OpenRequests, Throttle
from clustergraph.http.routes import ROUTES, resolve

TOKEN = "a secret of the tests"  # noqa: S105 - see conftest
METRICS = {"Authorization": "Bearer metrics of the tests"}
HTML = {"Accept": "text/html,*/*;q=0.8"}
EVERY = every()
SEES = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"


@pytest.fixture
def client(service: Any) -> Iterator[httpx.Client]:
    """A client; after each test no worker has ended and the service is quick."""
    with httpx.Client(base_url=service.base, trust_env=False, timeout=60) as client:
        before = ended(client)
        yield client
        assert ended(client) == before, service.said
    assert service.process.poll() is None


def ended(client: httpx.Client) -> dict[str, str]:
    """Return how many workers ended over requests, by reason."""
    text = client.get("/metrics", headers=METRICS).text
    return dict(re.findall(r'workers_ended_total\{reason="(\w+)"\} (\S+)', text))


def count(client: httpx.Client) -> str:
    found = client.get("/sparql", params={"query": SEES, "n": time.monotonic()})
    return str(found.json()["results"]["bindings"][0]["n"]["value"])


# Routes


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/validate"), ("POST", "/%73parql"), ("POST", "/%76alidate"), ("PUT", "/evil"),
        ("POST", "/evil"), ("DELETE", "/store/x"), ("PUT", "/%73tore/x"), ("PUT", "/store%2Fx"),
        ("POST", "//store"), ("POST", "/store?graph=urn:evil"), ("POST", "/update"),
        ("POST", "/%75pdate"), ("PUT", "/sparql"), ("POST", "/queries/x"), ("PUT", "/doc/x"),
        ("PATCH", "/store"), ("POST", "/ready"), ("PUT", "/.well-known/void"),
    ],
)  # fmt: skip
def test_nobody_writes_without_the_token(client: httpx.Client, method: str, path: str) -> None:
    """No address takes a change without the token, however it is written."""
    before = count(client)
    for kind, body in (
        ("text/turtle", '<urn:evil> <urn:p> "x" .'),
        ("application/sparql-update", "INSERT DATA { <urn:evil> <urn:p> 1 }"),
        (
            "application/x-www-form-urlencoded",
            "update=INSERT%20DATA%20%7B%3Cx:a%3E%20%3Cx:b%3E%201%7D",
        ),
    ):
        found = client.request(method, path, content=body, headers={"Content-Type": kind})
        assert found.status_code not in (201, 204), found.text
        assert found.status_code < 500
    assert count(client) == before


@pytest.mark.parametrize("path", ["/evil", "/sparql/", "/SPARQL", "/%00", "/a%0Ab"])
def test_unknown_paths_are_404(client: httpx.Client, path: str) -> None:
    """What no route has is not found, for programs and for people."""
    for headers in ({}, HTML):
        assert client.get(path, headers=headers).status_code == 404


def test_the_same_route_however_it_is_encoded(client: httpx.Client) -> None:
    """A route is resolved from the decoded path: for limits, tokens and handlers alike."""
    query = {"query": "ASK {}"}
    assert client.get("/%73parql", params=query).json()["boolean"] is True
    assert client.get("/%6detrics").status_code == client.get("/metrics").status_code == 401
    assert client.get("/%6detrics", headers=METRICS).status_code == 200


@pytest.mark.parametrize(("method", "path"), EVERY)
def test_headers_at_every_route(client: httpx.Client, method: str, path: str) -> None:
    """Nothing is sniffed, framed or run that is not ours, whatever the answer is."""
    for headers in ({}, HTML)[: 2 if method == "GET" else 1]:
        found = client.request(method, path, headers=headers)
        assert found.status_code < 500 or found.status_code == 501, found.text
        assert found.headers["x-content-type-options"] == "nosniff"
        policy = found.headers["content-security-policy"]
        assert "unsafe" not in policy or "sandbox" in policy
        assert "*" not in policy
        if (
            found.headers.get("content-type", "").startswith("text/html")
            and "sandbox" not in policy
        ):
            (scripts,) = re.findall(r"script-src ([^;]*)", policy)
            assert scripts.endswith("/static/")


HOSTILE_HEADERS = (
    {
        "Accept": "a/b," * 1100,
        "Accept-Language": "cs;q=0.1," * 900,
        "If-None-Match": 'W/"x",' * 900,
        "X-Forwarded-For": ",,[::" * 500,
        "X-Forwarded-Proto": "javascript",
    },
    {
        "Accept": ";;;,,,q=q=/",
        "Cookie": "lang=cs; " * 900 + "theme=x",
        "If-Modified-Since": "yesterday",
        "Accept-Encoding": "gzip;q=x, *;q=," * 500,
        "Range": "bytes=0-1,5-",
    },
    {"Accept": "text/html;q=0.1;" * 3000},
)


def test_every_route_is_visited() -> None:
    """Tests know an address of each route, which leads to that route."""
    for template, paths in EXAMPLES.items():
        for path in paths:
            found = resolve(path.partition("?")[0])
            assert found is not None
            assert {route.template for route in found[0].values()} == {template}
    assert {route.template for route in ROUTES} == set(EXAMPLES)


ONE_OF_EACH = sorted(
    {one.operation: examples(one)[0] for one in ROUTES if "GET" in one.methods}.values()
)


@pytest.mark.parametrize("path", ONE_OF_EACH)
def test_hostile_headers_at_every_route(client: httpx.Client, path: str) -> None:
    """Long and malformed headers are refused or ignored: no 500, no worker ends."""
    for headers in HOSTILE_HEADERS:
        found = client.get(path, headers=headers)
        assert found.status_code < 500 or found.status_code == 501, found.text


NAMES = (
    "%25zz", "%3Cx%3E", "a%20b", "%22", "%7B%7D", "%5C", "%FF", "%E2%80%AE", "..%2F..%2Fetc",
    "%2e%2e/%2e%2e/etc/passwd", "x" * 3000, "a%00b", "%F0%9F%98%80", "a.ttl.html",
)  # fmt: skip
ROOMS = (
    "doc", "code", "graph", "ns", "id", "store", "dump", "things", "quality", "queries", "country",
    "ontology", "data", "frames",
)  # fmt: skip


@pytest.mark.parametrize("room", ROOMS)
def test_hostile_names_at_every_route(client: httpx.Client, room: str) -> None:
    """What a path names is checked before it becomes a term, a file or a pattern."""
    for name in NAMES:
        found = client.get(f"/{room}/{name}", headers=HTML if len(name) % 2 else {})
        assert found.status_code < 500 or found.status_code == 501, (name, found.text)
        assert "root:x:" not in found.text


def test_a_target_too_long_is_414(client: httpx.Client) -> None:
    """A long query goes by POST; the header block does not grow with the request."""
    found = client.get("/sparql", params={"query": "ASK {} #" + "x" * 40_000})
    assert found.status_code == 414
    assert "POST" in found.json()["detail"]
    for path in ("/find?q=", "/queries/find-partners?page=2&country=", "/resource?iri=http://x/"):
        found = client.get(path + "x" * 7000, headers=HTML)
        assert found.status_code < 500
        assert sum(len(name) + len(value) for name, value in found.headers.items()) < 20_000


# Tokens


def test_metrics_need_a_token(client: httpx.Client) -> None:
    """Figures about clients are not for everybody."""
    assert client.get("/metrics").status_code == 401
    assert "clustergraph_workers" in client.get("/metrics", headers=METRICS).text


def test_wrong_tokens_are_throttled(small_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guessing is slow: after some wrong tokens even the right one has to wait."""
    now = 1000.0
    monkeypatch.setattr(limits.time, "monotonic", lambda: now)
    with inprocess.site(small_store, metrics_token="the right token") as client:  # noqa: S106

        def ask(token: str) -> httpx.Response:
            return client.get("/metrics", headers={"Authorization": f"Bearer {token}"})

        assert ask("the right token").status_code == 200
        assert {ask(str(number)).status_code for number in range(20)} == {401}
        refused = ask("the right token")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
        now += 3
        assert ask("the right token").status_code == 200


# Disclosure


def test_links_start_with_the_public_address(launch: Any, small_store: Path) -> None:
    """A Host header cannot send our visitors elsewhere; a proxy may add a prefix."""
    public = "https://data.example.org/graph"
    with launch("--store", small_store, "--public-address", public) as one:
        evil = {"Host": "evil.example"}
        get = lambda path, **more: httpx.get(  # noqa: E731
            one.base + path, headers={**evil, **more}, trust_env=False
        )
        for path in ("/.well-known/void", "/sparql", "/catalog.ttl", "/robots.txt", "/sitemap.xml"):
            found = get(path)
            assert found.status_code == 200
            assert "evil.example" not in found.text
            assert public in found.text
        moved = get("/id/x")
        assert moved.headers.get("location", public).startswith(public)
        page = get("/", Accept="text/html")
        assert 'href="/graph/' in page.text
        assert f"script-src {public}/static/;" in page.headers["content-security-policy"]


def test_errors_do_not_show_the_server_behind(launch: Any) -> None:
    """Clients learn that the other server failed; its address is in the log alone."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with launch("--store", f"http://127.0.0.1:{port}/secret") as one:
        # Status for programs, and for people: the protocols have no HTML.
        for path, statuses in (
            ("/sparql?query=ASK%7B%7D", (502, 502)),
            ("/queries/graphs", (502, 502)),
            ("/", (502, 502)),
            ("/store", (502, 406)),
            ("/ready", (503, 503)),
        ):
            for accept, status in zip(("*/*", "text/html"), statuses, strict=True):
                found = httpx.get(one.base + path, headers={"Accept": accept}, trust_env=False)
                assert found.status_code == status, found.text
                assert "secret" not in found.text
                assert str(port) not in found.text
    assert any("secret" in line or str(port) in line for line in one.said)


# Limits


def test_every_request_counts(launch_with: Any, tmp_path: Path) -> None:
    """The limit of open requests and the log cover questions, pages, 404 and OpenAPI alike."""
    log = tmp_path / "log"
    endless = (
        "SELECT (COUNT(*) AS ?n) { " + " ".join(f"?a{i} ?b{i} ?c{i} ." for i in range(12)) + " }"
    )
    paths = ["/queries", "/queries/graphs", "/", "/nothing", "/openapi.json", "/health", "/find",
             "/sparql?query=ASK%7B%7D", "/static/x/style.css", "/validate"]  # fmt: skip
    options = {"client_limit": 1, "access_log": str(log), "query_timeout_s": 60}
    with launch_with(**options) as one:  # noqa: SIM117 - the service first
        with socket.create_connection(one.address) as held:
            held.sendall(f"GET /sparql?query={quote(endless)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            with httpx.Client(base_url=one.base, trust_env=False) as client:
                deadline = time.monotonic() + 20
                while client.get("/health").status_code == 200:
                    assert time.monotonic() < deadline
                assert {client.get(path).status_code for path in paths} == {429}
    text = log.read_text()
    assert all(f'"path": "{path.partition("?")[0]}"' in text for path in paths)


def test_failed_workers_are_rate_limited() -> None:
    """A client whose requests take workers down soon gets 429; others do not."""
    throttle = Throttle(3, 100.0)
    for _ in range(3):
        assert not throttle.exhausted("a")
        throttle.count("a")
    assert throttle.exhausted("a")
    assert not throttle.exhausted("b")
    for n in range(20_000):
        throttle.count(str(n))
    assert len(throttle._full_at) <= 10_000


def test_open_requests_are_counted_by_address() -> None:
    """Each address has its own limit, and leaves nothing behind."""
    limit = OpenRequests(2)
    assert [limit.enter("a"), limit.enter("a"), limit.enter("a"), limit.enter("b")] == [
        True, True, False, True
    ]  # fmt: skip
    for client in ("a", "a", "b"):
        limit.leave(client)
    assert limit._open == {}
    assert all(OpenRequests(0).enter("a") for _ in range(1000))


def test_the_cache_is_bounded_in_bytes() -> None:
    """Keys, headers and bodies count; what is too large is not kept."""
    cache = AnswerCache(1_000_000)
    for n in range(2000):
        key = b"%d" % n + b"k" * 900
        cache.put(key, Head(200, [(b"link", b"l" * 5000)], b"b" * 100))
        kept = sum(len(key) + 5100 for _ in range(len(cache)))
        assert kept <= 1_000_000
    assert cache.used_bytes <= 1_000_000
    cache.clear()
    cache.put(b"k" * 200_000, Head(200, [], b""))
    cache.put(b"k", Head(200, [(b"link", b"l" * 200_000)], b""))
    assert len(cache) == cache.used_bytes == 0


def receive(sock: socket.socket) -> bytes:
    """Return what comes until the other end closes."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while chunk := sock.recv(65536):
            found += chunk
    return found


@pytest.fixture(scope="module")
def impatient(launch_with: Any) -> Iterator[Any]:
    """A service that waits for a client for one second."""
    with launch_with(
        head_timeout_s=1, stall_timeout_s=1, client_limit=20, query_timeout_s=60
    ) as one:
        yield one


@pytest.mark.parametrize(
    "data",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nX-A: ", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"],
)
def test_a_connection_without_a_request_is_closed(impatient: Any, data: bytes) -> None:
    """Silent, slow and idle connections are closed by the service, not by the client."""
    with socket.create_connection(impatient.address, timeout=20) as sock:
        sock.sendall(data)
        found = receive(sock)
    assert (
        found.startswith(b"HTTP/1.1 200")
        if b"Host" in data
        else not found.startswith(b"HTTP/1.1 200")
    )


def test_a_slow_body_is_408(impatient: Any) -> None:
    """A body that does not come is given up."""
    head = b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
    head += b"Content-Type: application/sparql-query\r\n\r\n"
    with socket.create_connection(impatient.address, timeout=20) as sock:
        sock.sendall(head + b"ASK")
        assert receive(sock).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("size", [200_000, 2_000_000])
def test_an_oversized_head_is_431(impatient: Any, size: int) -> None:
    """A head beyond the buffer is refused without being read to its end."""
    with socket.create_connection(impatient.address, timeout=20) as sock:
        with contextlib.suppress(ConnectionError):
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * size + b"\r\n\r\n")
        assert receive(sock)[:12] in (b"HTTP/1.1 431", b"")


def test_a_client_that_does_not_read_is_cut_off(impatient: Any) -> None:
    """Its worker is freed: it is the only one, and answers somebody else."""
    values = " ".join(map(str, range(2000)))
    text = f"SELECT * {{ VALUES ?a {{ {values} }} VALUES ?b {{ {values} }} }}"
    head = "POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
    with socket.create_connection(impatient.address, timeout=30) as lazy:
        lazy.sendall(f"{head}Content-Length: {len(text)}\r\n\r\n{text}".encode())
        assert lazy.recv(100).startswith(b"HTTP/1.1 200")
        with httpx.Client(base_url=impatient.base, trust_env=False, timeout=60) as client:
            deadline = time.monotonic() + 30
            while not int(float(ended(client).get("left", ended(client).get("stalled", "0")))):
                assert time.monotonic() < deadline
                threading.Event().wait(0.05)
            assert client.get("/sparql?query=ASK%7B%7D").status_code == 200
        assert not receive(lazy).endswith(b"\r\n0\r\n\r\n")


def test_connections_of_one_address_are_limited(impatient: Any) -> None:
    """Beyond twice the limit of requests, connections are closed; others are served."""
    held = []
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            sock = stack.enter_context(socket.create_connection(impatient.address, timeout=30))
            # Kept alive by requests, so that no timeout closes them.
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            held.append(sock)
        deadline = time.monotonic() + 30
        closed = 0
        while closed < 20:
            assert time.monotonic() < deadline
            closed = 0
            for sock in held:
                sock.settimeout(0.01)
                with contextlib.suppress(TimeoutError):
                    try:
                        while sock.recv(65536):
                            pass
                        closed += 1
                    except ConnectionError:
                        closed += 1
    assert closed >= 20


def test_results_are_limited_at_every_route(launch_with: Any) -> None:
    """--max-result-bytes holds for questions, pages' downloads, dumps and the graph store."""
    with launch_with(max_result_bytes=1000) as one:
        for path in (
            "/queries/graphs?format=table", "/find.csv", "/dump.nq", "/store", "/find",
            "/catalog.ttl", "/sparql?query=SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo%7D&format=xml",
        ):  # fmt: skip
            found = httpx.get(one.base + path, trust_env=False, timeout=60)
            assert found.status_code == 422 or len(found.content) <= 1000, path


def test_head_of_what_is_streamed(reading_service: Any) -> None:
    """HEAD never claims that a long answer is empty."""
    with httpx.Client(base_url=reading_service.base, trust_env=False, timeout=60) as client:
        for path in ("/dump.nq", "/dump.trig", "/store", "/dump/inferred.ttl"):
            head = client.head(path)
            assert head.status_code == 200
            assert head.headers.get("content-length") != "0"
            assert head.content == b""


def test_nothing_is_left_of_a_killed_validation(launch_with: Any, tmp_path: Path) -> None:
    """What a worker was validating when it was killed goes with it."""
    import os

    scratch = Path(os.environ["CLUSTERGRAPH_CACHE"]) / "scratch"
    body = "".join(f"<urn:x:{n}> <urn:p> <urn:x:{n + 1}> .\n" for n in range(100_000))
    with launch_with(query_timeout_s=0.5, max_validate_bytes=50_000_000) as one:
        pid = one.process.pid
        found = httpx.post(
            f"{one.base}/validate",
            content=body,
            headers={"Content-Type": "text/turtle"},
            trust_env=False,
            timeout=60,
        )
        assert found.status_code == 504, found.text
        (mine,) = scratch.glob(f"{pid}-*")
        assert mine.stat().st_mode & 0o77 == 0
        deadline = time.monotonic() + 20
        while any(path.is_file() for path in mine.rglob("*")):
            assert time.monotonic() < deadline
            threading.Event().wait(0.05)


Start = Callable[..., Any]


def test_a_failed_start_says_why(small_store: Path) -> None:
    """A service whose workers cannot start ends with the reason of the worker."""
    import asyncio

    from clustergraph.errors import StoreError
    from clustergraph.http.options import Options
    from clustergraph.http.server import create_gateway

    gateway = create_gateway(small_store, Options(prepare=False, shapes=None))
    gateway.readers.target = type(gateway.readers.target)(7, str(small_store))
    with pytest.raises(StoreError, match=r"unknown generation: .7"):
        asyncio.run(gateway.start())


def test_two_services_share_nothing(small_store: Path) -> None:
    """Metrics, cache and limits belong to a service, not to the process."""
    from clustergraph.http.options import Options
    from clustergraph.http.server import create_gateway

    first, second = (create_gateway(small_store, Options(prepare=False)) for _ in range(2))
    first.metrics.observe("query", 200, 0.1, 10)
    first.responder.cache.put(b"key", Head(200, [], b"x"))
    assert b'operation="query"' in first.metrics.render()
    assert b'operation="query"' not in second.metrics.render()
    assert len(second.responder.cache) == 0
