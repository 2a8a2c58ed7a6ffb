"""Hostile requests against the running service: it lives on, never says 500, and stays quick."""

from __future__ import annotations

import gzip
import io
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

TOKEN = "hostile-token-of-tests"  # noqa: S105
KNOWN = (200, 204, 400, 401, 403, 404, 405, 406, 408, 411, 413, 414, 415, 422, 429, 431, 501, 502,
         503, 504, 507)  # fmt: skip
_QUERY = {"Content-Type": "application/sparql-query"}
_UPDATE = {"Content-Type": "application/sparql-update", "Authorization": f"Bearer {TOKEN}"}


def _turtle(kind: str = "text/turtle") -> dict[str, str]:
    return {"Content-Type": kind, "Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def running(serve: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A service that takes writes and asks nobody, with short limits."""
    store = tmp_path_factory.mktemp("hostile") / "store"
    return serve(
        "--store", store, "--bare", "--workers", 2, "--query-timeout-s", 3, "--write-timeout-s", 20,
        "--max-upload-bytes", 20_000_000, "--max-result-bytes", 50_000_000, token=TOKEN,
    )  # fmt: skip


@pytest.fixture
def client(running: Any) -> Iterator[httpx.Client]:
    """A client; after each test the service must still answer, and quickly."""
    with httpx.Client(base_url=running.base, trust_env=False, timeout=40) as client:
        yield client
    assert running.process.poll() is None
    with httpx.Client(base_url=running.base, trust_env=False, timeout=10) as fresh:
        assert fresh.get("/sparql", params={"query": "ASK {}"}).json()["boolean"] is True


def address(running: Any) -> tuple[str, int]:
    host, _, port = running.base.removeprefix("http://").partition(":")
    return host, int(port)


def raw(running: Any, data: bytes) -> bytes:
    """Send bytes and return what comes back until the connection ends or falls silent."""
    with socket.create_connection(address(running), timeout=5) as sock:
        answer = b""
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while chunk := sock.recv(65536):
                answer += chunk
        except OSError:
            pass  # refused while it was still being sent
    return answer


def deep(opener: str, closer: str, core: str = "", depth: int = 10_000) -> str:
    return opener * depth + core + closer * depth


QUERIES = {
    "10,000 parentheses": "ASK { FILTER(" + deep("(", ")", "1") + ") }",
    "10,000 parentheses, unclosed": "ASK { FILTER(" + "(" * 10_000,
    "10,000 braces": "ASK " + deep("{", "}"),
    "10,000 braces, unclosed": "ASK " + "{" * 10_000,
    "10,000 brackets": "ASK { " + deep("[ <x:p> ", "] ", "1") + " <x:p> 1 }",
    "10,000 lists": "ASK { " + deep("(", ")", "1") + " <x:p> 1 }",
    "triple terms": "ASK { " + deep("<<( <x:s> <x:p> ", ")>>", "<x:o>", 2000) + " <x:p> 1 }",
    "reified triples": "ASK { " + deep("<< <x:s> <x:p> ", ">>", "<x:o>", 2000) + " <x:p> 1 }",
    "paths": "ASK { ?s " + deep("(", ")", "<x:p>", 5000) + "* ?o }",
    "path of a million stars": "ASK { ?s <x:p>" + "*" * 90_000 + " ?o }",
    "path of 20,000 steps": "ASK { ?s <x:p>" + "/<x:p>" * 14_000 + " ?o }",
    "path of alternatives": "ASK { ?s <x:p>" + "|<x:p>" * 14_000 + " ?o }",
    "negations": "ASK { FILTER(" + "!" * 90_000 + "true) }",
    "minus signs": "ASK { FILTER(" + "-" * 90_000 + "1 = 1) }",
    "sum of 40,000": "ASK { FILTER(1" + "+1" * 40_000 + " > 0) }",
    "product of 40,000": "ASK { FILTER(1" + "*1" * 40_000 + " > 0) }",
    "conjunction": "ASK { FILTER(true" + "&&true" * 15_000 + ") }",
    "disjunction": "ASK { FILTER(true" + "||true" * 15_000 + ") }",
    "100,000 UNIONs": "ASK { {}" + " UNION {}" * 100_000 + " }",
    "9,000 UNIONs": "ASK { {}" + "UNION{}" * 9_000 + " }",
    "9,000 OPTIONALs": "ASK { " + "OPTIONAL{}" * 9_000 + " }",
    "nested OPTIONALs": "ASK { " + deep("OPTIONAL {", "}", "?s ?p ?o", 5000) + " }",
    "9,000 MINUSes": "ASK { " + "MINUS{}" * 9_000 + " }",
    "subqueries": "ASK " + deep("{ SELECT * ", "}", "{}", 3000),
    "functions": "ASK { FILTER(" + deep("STR(", ")", "1", 5000) + " = '') }",
    "EXISTS in EXISTS": "ASK { " + deep("FILTER EXISTS {", "}", "?s ?p ?o", 3000) + " }",
    "IF in IF": "SELECT (" + deep("IF(true,", ",1)", "1", 5000) + " AS ?x) {}",
    "GROUP_CONCAT explosion": "SELECT (GROUP_CONCAT(?z) AS ?x) { VALUES ?a { "
    + "1 " * 300 + "} VALUES ?b { " + "1 " * 300 + "} VALUES ?c { " + "1 " * 300
    + "} VALUES ?d { " + "1 " * 300 + "} BIND('" + "x" * 1000 + "' AS ?z) }",
    "ORDER BY explosion": "SELECT * { VALUES ?a { " + "1 " * 900 + "} VALUES ?b { " + "1 " * 900
    + "} VALUES ?c { " + "1 " * 900 + "} } ORDER BY ?c ?a",
    "DISTINCT explosion": "SELECT DISTINCT ?x { VALUES ?a { " + "1 " * 900 + "} VALUES ?b { "
    + "1 " * 900 + "} VALUES ?c { " + "1 " * 900 + "} BIND(UUID() AS ?x) }",
    "doubling strings": "SELECT (STRLEN(?s30) AS ?n) { BIND('0123456789' AS ?s0) "
    + " ".join(f"BIND(CONCAT(?s{i}, ?s{i}) AS ?s{i + 1})" for i in range(30)) + " }",
    "regular expression": "ASK { FILTER(REGEX('" + "a" * 5000 + "b', '(a+)+(a+)+(a+)+$')) }",
    "huge repetition": "ASK { FILTER(REGEX('a', '((a{1,1000}){1,1000}){1,1000}')) }",
    "NUL": "ASK { ?s ?p 'a\0b' }",
    "control characters": "".join(map(chr, range(1, 32))) * 50,
    "lone escape": "ASK { ?s ?p '\\uD800' }",
    "escape too large": "ASK { ?s ?p '\\UFFFFFFFF' }",
    "BOM": "\ufeffASK {}",
    "unclosed string": "ASK { ?s ?p '''" + "x" * 50_000,
    "unclosed IRI": "ASK { <http://" + "x" * 50_000,
    "20,000 prefixes": "".join(f"PREFIX p{i}:<x:> " for i in range(5000)) + "ASK {}",
    "huge LIMIT": "SELECT * {} LIMIT 99999999999999999999999999999999999999",
    "negative OFFSET": "SELECT * {} OFFSET -1",
    "long number": "ASK { FILTER(" + "9" * 50_000 + " > 1) }",
    "long variable": "SELECT ?" + "x" * 90_000 + " {}",
    "too long by far": "ASK {} #" + "x" * 3_000_000,
    "nothing": "",
    "not a query": "DROP DATABASE; --",
    "update as query": "INSERT DATA { <x:a> <x:b> <x:c> }",
}  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
def test_hostile_queries(client: httpx.Client, name: str) -> None:
    """Deep, long, explosive and malformed queries are refused or answered, never with 500."""
    content = QUERIES[name].encode("utf-8", "surrogatepass")
    try:
        response = client.post("/sparql?timeout=1", content=content, headers=_QUERY)
    except httpx.RemoteProtocolError as error:
        # Its time was up, or it grew too long, after the first rows had gone out.
        assert "incomplete chunked read" in str(error)  # noqa: PT017
        return
    assert response.status_code in KNOWN, response.text
    assert "panicked" not in response.text


SECRETS = [
    "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://LOCALHOST:{port}/",
    "http://127.1:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/", "http://0x7f.0.0.1:{port}/", "http://127.000.000.001:{port}/",
    "http://0:{port}/", "http://0.0.0.0:{port}/", "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/", "http://[::]:{port}/", "http://[64:ff9b::7f00:1]:{port}/",
    "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://10.0.0.1/",
    "http://192.168.0.1/", "http://172.16.0.1/", "http://100.64.0.1/", "http://[fd00::1]/",
    "http://localhost.:{port}/", "http://a.localhost:{port}/", "http://user@127.0.0.1:{port}/",
    "http://example.org@127.0.0.1:{port}/", "http://127.0.0.1%2f@example.org:{port}/",
    "http://１２７.0.0.1:{port}/", "http://127。0。0。1:{port}/", "file:///etc/passwd",
    "FILE:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "data:text/turtle,",
    "//127.0.0.1:{port}/", "http:127.0.0.1:{port}",
]  # fmt: skip


@pytest.fixture(scope="module")
def trap() -> Iterator[tuple[int, list[bytes]]]:
    """A server on the loopback that nobody may reach, and what reached it."""
    reached: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    reached.append(connection.recv(1000))

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield port, reached
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.fixture(scope="module")
def open_handed(serve: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A service whose operator has allowed far too much."""
    store = tmp_path_factory.mktemp("open") / "store"
    wide = ["http://*", "https://*", "http://127.0.0.1:*", "http://localhost*", "file:*", "*"]
    options = [part for entry in wide for part in ("--allow-service", entry, "--allow-load", entry)]
    limits = ("--workers", 2, "--query-timeout-s", 5)
    running = serve("--store", store, "--bare", *limits, *options, token=TOKEN)
    told = [line for line in running.said if "admits nothing" in line]
    assert len(told) == 2 * len(wide), "the operator is not told that this admits nothing"
    return running


@pytest.mark.parametrize("target", SECRETS)
@pytest.mark.parametrize("way", ["closed", "wide open"])
def test_no_request_reaches_a_private_address(
    running: Any, open_handed: Any, trap: tuple[int, list[bytes]], target: str, way: str
) -> None:
    """SERVICE, LOAD and FROM reach nothing local or private, in whatever notation."""
    port, reached = trap
    iri = target.format(port=port)
    base = (running if way == "closed" else open_handed).base
    with httpx.Client(base_url=base, trust_env=False, timeout=30) as client:
        statuses = {}
        for name, text in {
            "SERVICE": f"SELECT * {{ SERVICE <{iri}> {{ ?s ?p ?o }} }}",
            "SILENT": f"SELECT * {{ SERVICE SILENT <{iri}> {{ ?s ?p ?o }} }}",
            "variable": f"SELECT * {{ VALUES ?x {{ <{iri}> }} SERVICE ?x {{ ?s ?p ?o }} }}",
            "FROM": f"SELECT * FROM <{iri}> {{ ?s ?p ?o }}",  # noqa: S608
        }.items():
            response = client.post("/sparql", content=text.encode(), headers=_QUERY)
            statuses[name] = response.status_code
        response = client.post("/update", content=f"LOAD <{iri}>".encode(), headers=_UPDATE)
        statuses["LOAD"] = response.status_code
        alive = client.get("/sparql", params={"query": "ASK {}"})
        assert alive.json()["boolean"] is True
    assert not reached
    assert set(statuses.values()) <= {200, 400, 403, 502, 503}, statuses
    assert statuses["SERVICE"] != 200
    assert statuses["LOAD"] in (400, 403)


def _bomb(size: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as file:
        for _ in range(size >> 20):
            file.write(b" " * (1 << 20))
    return packed.getvalue()


# fmt: off
_LAUGHS = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(15)
) + ']><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' \
    '<rdf:Description rdf:about="x:a"><p xmlns="x:">&o;</p></rdf:Description></rdf:RDF>'
# fmt: on
_OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="x:a"><p xmlns="x:">&x;</p></rdf:Description></rdf:RDF>'
)
UPLOADS: dict[str, tuple[dict[str, str], Callable[[], bytes]]] = {
    "gzip bomb": (
        {**_turtle(), "Content-Encoding": "gzip"}, lambda: _bomb(300 << 20),
    ),
    "gzip within gzip": (
        {**_turtle(), "Content-Encoding": "gzip, gzip"}, lambda: gzip.compress(_bomb(64 << 20)),
    ),
    "not gzip": ({**_turtle(), "Content-Encoding": "gzip"}, lambda: b"<x:a> <x:b> 1 ."),
    "gzip cut off": (
        {**_turtle(), "Content-Encoding": "gzip"}, lambda: gzip.compress(b"<x:a> <x:b> 1 .")[:-9],
    ),
    "unknown encoding": ({**_turtle(), "Content-Encoding": "br"}, lambda: b"x"),
    "deflate": ({**_turtle(), "Content-Encoding": "deflate"}, lambda: zlib.compress(b" ")),
    "billion laughs": (_turtle("application/rdf+xml"), _LAUGHS.encode),
    "external entity": (_turtle("application/rdf+xml"), _OUTSIDE.encode),
    "deep XML": (
        _turtle("application/rdf+xml"),
        lambda: deep("<a xmlns='x:'>", "</a>", "", 10_000).encode(),
    ),
    "deep Turtle": (
        _turtle(), lambda: ("<x:s> <x:p> " + deep("[ <x:p> ", "]", "1", 50_000) + " .").encode(),
    ),
    "deep list": (
        _turtle(), lambda: ("<x:s> <x:p> " + deep("(", ")", "1", 30_000) + " .").encode(),
    ),
    "deep triple terms": (
        _turtle(),
        lambda: ("<x:s> <x:p> " + deep("<<( <x:s> <x:p> ", ")>>", "1", 20_000) + " .").encode(),
    ),
    "deep JSON-LD": (
        _turtle("application/ld+json"),
        lambda: (deep('{"@id":"x:a","x:p":', "}", "1", 20_000)).encode(),
    ),
    "JSON-LD context elsewhere": (
        _turtle("application/ld+json"),
        lambda: json.dumps({"@context": "http://127.0.0.1/c", "@id": "x:a", "p": 1}).encode(),
    ),
    "too large": (_turtle(), lambda: b"#" * 21_000_000),
    "not UTF-8": (_turtle(), lambda: b"<x:a> <x:b> '\xff\xfe' ."),
    "no media type": ({"Authorization": f"Bearer {TOKEN}"}, lambda: b"x"),
    "odd media type": (_turtle("text/turtle; charset=\\\"x"), lambda: b"<x:a> <x:b> 1 ."),
    "multipart without end": (
        _turtle("multipart/form-data; boundary=x"), lambda: b"--x\r\nContent-Disposition: " * 999,
    ),
    "multipart without boundary": (_turtle("multipart/form-data"), lambda: b"--x\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", UPLOADS)
def test_hostile_uploads(client: httpx.Client, name: str) -> None:
    """Bombs and malformed documents are refused, and nothing of them is kept."""
    headers, make = UPLOADS[name]
    target = "/store?graph=" + quote("http://example.org/hostile")
    try:
        response = client.put(target, content=make(), headers=headers)
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        return  # refused while it was being sent
    assert response.status_code in (*KNOWN, 201), response.text
    if response.status_code < 300:
        client.delete(target, headers=headers)
    assert "root:" not in response.text


HEADS = {
    "CONNECT": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT with a path": b"CONNECT /sparql HTTP/1.1\r\nHost: x\r\n\r\n",
    "TRACE": b"TRACE /sparql HTTP/1.1\r\nHost: x\r\n\r\n",
    "unknown method": b"FROBNICATE /sparql HTTP/1.1\r\nHost: x\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "garbage": bytes(range(256)) * 20,
    "HTTP/9.9": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "bytes in the address": b"GET /sparql?query=\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in the address": b"GET /sparql?query=ASK%7B%7D\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "encoded NUL": b"GET /sparql?query=ASK%7B%7D%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "invalid UTF-8, encoded": b"GET /sparql?query=ASK%7B%7D%23%FF HTTP/1.1\r\nHost: x\r\n\r\n",
    "cut-off escape": b"GET /sparql?query=%7 HTTP/1.1\r\nHost: x\r\n\r\n",
    "way out of the tree": b"GET /../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "encoded way out": b"GET /queries/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: x\r\n\r\n",
    "header of 1 MB": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "50,000 headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
    "address of 1 MB": b"GET /sparql?query=" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "line break in Host": b"GET /sparql HTTP/1.1\r\nHost: x\ry: z\r\n\r\n",
    "markup in Host": b'GET /sparql HTTP/1.1\r\nHost: "><script>\r\n\r\n',
    "no Host": b"GET /sparql HTTP/1.1\r\n\r\n",
    "lengths that differ": b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    b"Content-Length: 30\r\n\r\nASK",
    "length and chunks": b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "length below 0": b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "length beyond all": b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: "
    b"99999999999999999999999\r\n\r\n",
    "chunk beyond all": b"POST /sparql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"FFFFFFFFFFFFFFFFF\r\n",
    "Accept of 60 kB": b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\nAccept: "
    + b"a/b;q=0.1," * 6000 + b"*/*\r\n\r\n",
    "Accept of nonsense": b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\n"
    b"Accept: ;;;,,,q=q=\xff/\x01\r\n\r\n",
    "upgrade": b"GET /sparql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "1,000 requests at once": b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 1000,
    "form without end": b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nquery=%FF",
    "40,000 fields": b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 80000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + b"a&" * 40_000,
    "timeout of nonsense": b"GET /sparql?query=ASK{}&timeout=-1e9 HTTP/1.1\r\nHost: x\r\n\r\n",
    "forwarded nonsense": b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: "
    b"\xff<script>,,[::,127.0.0.1\r\nX-Forwarded-Proto: javascript:\r\n\r\n",
    "timeout of zero": b"GET /sparql?query=ASK%7B%7D&timeout=0 HTTP/1.1\r\nHost: x\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
def test_hostile_heads(client: httpx.Client, running: Any, name: str) -> None:
    """What is not proper HTTP is refused or dropped; the status is never 500."""
    answer = raw(running, HEADS[name])
    assert not answer.startswith(b"HTTP/1.1 500"), answer[:300]
    assert b"root:x:" not in answer
    assert b"<script>" not in answer


@pytest.mark.parametrize("form", ["csv\r\nSet-Cookie: a=b", "json%0d%0aX-Injected: 1", "\r\n\r\n"])
def test_no_header_can_be_injected(client: httpx.Client, form: str) -> None:
    """What a request holds never becomes a header line of its own."""
    for params in (
        {"query": "ASK {}", "format": form},
        {"query": f"ASK {{}} #{form}"},
        {"query": "ASK {}", "default-graph-uri": f"http://x/{form}"},
    ):
        response = client.get("/sparql", params=params)
        assert response.status_code in KNOWN
        assert "set-cookie" not in response.headers
        assert "x-injected" not in response.headers
    response = client.get("/queries/" + quote(form, safe=""))
    assert response.status_code == 404


def test_200_dropped_connections(client: httpx.Client, running: Any) -> None:
    """Clients that ask and leave at once cost no more than their own requests."""
    text = quote("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }")
    for i in range(200):
        with socket.create_connection(address(running), timeout=5) as sock:
            request = f"GET /sparql?query={text}%23{i} HTTP/1.1\r\nHost: x\r\n\r\n"
            sock.sendall(request.encode())
    # Those that had come to a worker cost it; the others leave the queue.
    deadline = time.monotonic() + 60
    while client.get("/sparql", params={"query": "ASK {}"}).status_code == 503:
        assert time.monotonic() < deadline


def test_clients_that_do_not_read(client: httpx.Client, running: Any) -> None:
    """Long answers that nobody takes hold no memory and no other client."""
    values = " ".join(map(str, range(2000)))
    text = f"SELECT * {{ VALUES ?a {{ {values} }} VALUES ?b {{ {values} }} }}"
    head = "POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
    data = f"{head}Content-Length: {len(text)}\r\n\r\n{text}".encode()
    lazy = [socket.create_connection(address(running)) for _ in range(4)]
    for sock in lazy:
        sock.sendall(data)
        assert sock.recv(1000).startswith(b"HTTP/1.1 200")
    before = _memory(running.process.pid)
    for i in range(20):
        assert client.get("/sparql", params={"query": f"ASK {{}} #{i}"}).status_code == 200
    assert _memory(running.process.pid) - before < 100 << 20
    for sock in lazy:
        sock.close()


def test_broken_answers_are_seen_to_be_broken(client: httpx.Client) -> None:
    """An answer that grows too long ends without its last chunk, not as if it were whole."""
    values = " ".join(map(str, range(3000)))
    text = f"SELECT * {{ VALUES ?a {{ {values} }} VALUES ?b {{ {values} }} }}"
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/sparql", content=text, headers={**_QUERY, "Accept-Encoding": "identity"})


def test_slow_heads_and_bodies(client: httpx.Client, running: Any) -> None:
    """A hundred requests that never end leave room for one that does."""
    slow = [socket.create_connection(address(running)) for _ in range(100)]
    for i, sock in enumerate(slow):
        if i % 2:
            sock.sendall(b"GET /sparql?query=ASK HTTP/1.1\r\nX: ")
        else:
            sock.sendall(
                b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
                b"Content-Length: 1000\r\n\r\nASK"
            )
    assert client.get("/sparql", params={"query": "ASK {}"}).status_code == 200
    for sock in slow:
        sock.close()


def _memory(pid: int) -> int:
    """Return the resident memory of a process in bytes."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * 4096
