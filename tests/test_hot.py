"""The short ways: requests that are known at a glance, and queries that are plain."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import random
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyoxigraph as ox
import pytest
import uvicorn
from uvicorn.server import ServerState

from clustergraph.http import worker
from clustergraph.http.connection import Connection
from clustergraph.http.frames import Frames, read_request
from clustergraph.http.quick import Quick
from clustergraph.protocol import Config, Context, deliver, handle
from clustergraph.quadstore import Engine
from clustergraph.quadstore.generations import Generations
from clustergraph.workers import wire

LONG = "SELECT (COUNT(*) AS ?n) { " + " ".join(f"?a{i} ?b{i} ?c{i} ." for i in range(12)) + " }"


@pytest.fixture(scope="module")
def port(serve: Any, small_store: Path) -> int:
    """The port of a service with a deadline of two seconds."""
    running = serve("--store", small_store, "--workers", 2, "--query-timeout-s", 2)
    return int(running.base.rpartition(":")[2])


@pytest.fixture
def wired(port: int) -> Iterator[socket.socket]:
    """A connection whose headers the service knows already."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(request("ASK {}"))
        assert take(sock) == (200, True)
        yield sock


def request(query: str, more: str = "") -> bytes:
    target = f"/sparql?query={quote(query, safe='')}"
    return f"GET {target} HTTP/1.1\r\nHost: here\r\nX-Of: tests\r\n{more}\r\n".encode()


def take(sock: socket.socket) -> tuple[int, Any]:
    """Read one answer: its status, and its truth or first value."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        assert byte, head
        head += byte
    with io.BytesIO(head.partition(b"\r\n")[2]) as lines:
        length = int(http.client.parse_headers(lines)["content-length"])
    body = b""
    while len(body) < length:
        body += sock.recv(length - len(body))
    said = json.loads(body)
    if "results" in said:
        [row] = said["results"]["bindings"]
        said["boolean"] = row["n"]["value"]
    return int(head.split()[1]), said.get("boolean")


def number(value: int) -> str:
    """A query that answers with a number."""
    return f"SELECT ?n {{ VALUES ?n {{ {value} }} }}"


def metric(port: int, name: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    for line in text.splitlines():
        if line.startswith(name + " "):
            return float(line.rpartition(" ")[2])
    return 0.0


def test_requests_are_answered_in_order_however_they_come(wired: socket.socket) -> None:
    """One at a time, in pieces, several in one packet, or while one is answered."""
    for value in range(3):
        wired.sendall(request(number(value)))
        assert take(wired) == (200, str(value))
    whole = request(number(3))
    for piece in (whole[:9], whole[9:60], whole[60:-2], whole[-2:]):
        wired.sendall(piece)
    assert take(wired) == (200, "3")
    wired.sendall(b"".join(request(number(value)) for value in (4, 5, 6)))
    assert [take(wired)[1] for _ in range(3)] == ["4", "5", "6"]
    for value in range(7, 40):
        wired.sendall(request(number(value)))
    assert [take(wired)[1] for _ in range(33)] == [str(value) for value in range(7, 40)]
    wired.sendall(request(number(39)))
    assert take(wired) == (200, "39")


def test_requests_behind_a_long_one_wait_for_it(wired: socket.socket) -> None:
    """A query past its deadline gets its status, and what came meanwhile its answer."""
    wired.sendall(request(LONG))
    wired.sendall(request(number(1)) + request(number(2)))
    assert take(wired)[0] == 504
    assert [take(wired), take(wired)] == [(200, "1"), (200, "2")]


def test_half_a_head_is_not_taken_for_a_request(wired: socket.socket) -> None:
    """What looks like a request inside another one's head is part of that head."""
    wired.sendall(b"GET /sparql?query=ASK%20%7B%7D HTTP/1.1\r\nX-Of:")
    wired.sendall(request("ASK {}"))
    # One answer, to the first: the second's first line was the value of a header.
    assert take(wired) == (200, True)
    wired.sendall(request(number(1)))
    assert take(wired) == (200, "1")


@pytest.mark.parametrize(
    "line",
    [
        b"GET /sparql?query=ASK {} HTTP/1.1",
        b"GET /sparql?query=ASK%20%7B%7D HTTP/9.9",
        b"GET /sparql?query=ASK\x00 HTTP/1.1",
    ],
)
def test_a_wrong_request_line_is_refused(wired: socket.socket, line: bytes) -> None:
    """Known headers do not make a request right."""
    wired.sendall(line + request("ASK {}").partition(b"HTTP/1.1")[2])
    assert wired.recv(12) == b"HTTP/1.1 400"


def test_connection_is_closed_when_that_is_asked_for(wired: socket.socket) -> None:
    """The last request says so, and gets its answer first."""
    wired.sendall(request(number(1), "Connection: close\r\n"))
    assert take(wired) == (200, "1")
    assert wired.recv(1) == b""


def test_leaving_ends_the_query(port: int) -> None:
    """When a client leaves without its answer, its worker is ended, and for that reason."""
    name = 'clustergraph_workers_ended_total{reason="left"}'
    before = metric(port, name)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(request("ASK {}"))
        take(sock)
        sock.sendall(request(LONG))
    until_s = time.monotonic() + 15
    while metric(port, name) == before:
        assert time.monotonic() < until_s


def slow(value: int, size: int = 90) -> str:
    """A query that answers with a number after a tenth of a second or so."""
    digits = " ".join(map(str, range(size)))
    sets = " ".join(f"VALUES ?{name} {{ {digits} }}" for name in "abc")
    return f"SELECT (COUNT(*) - {size**3 - value} AS ?n) {{ {sets} }}"


def test_each_question_gets_its_own_answer(port: int) -> None:
    """Also where requests are sent ahead, recalled behind slow ones, abandoned and joined."""

    def visit(seed: int) -> list[tuple[int, Any, str]]:
        dice, found = random.Random(seed), []  # noqa: S311 - no secret
        sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        for turn in range(40):
            values = [seed * 1000 + turn * 10 + part for part in range(1 + (dice.random() < 0.2))]
            queries = [(slow if dice.random() < 0.05 else number)(value) for value in values]
            for query in queries:
                sock.sendall(request(query))
            if dice.random() < 0.05:
                sock.close()
                sock = socket.create_connection(("127.0.0.1", port), timeout=30)
            else:
                found += [(*take(sock), str(value)) for value in values]
        sock.close()
        return found

    with ThreadPoolExecutor(12) as threads:
        answers = [answer for each in threads.map(visit, range(1, 13)) for answer in each]
    assert len(answers) > 400
    for status, said, meant in answers:
        # A query may be too slow for the deadline on a busy machine, but never another's answer.
        assert (status, said) == (200, meant) or status in (503, 504)
    assert sum(status == 200 for status, _, _ in answers) > 0.9 * len(answers)


PLAIN = [
    "ASK { ?s ?p ?o }",
    "SELECT ?p ?o { <http://example.org/a> ?p ?o } ORDER BY ?p ?o",
    "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }",
    "SELECT ?a { " + " ".join(f"?a ?p{i} ?o{i} ." for i in range(3)) + " } ORDER BY ?a",
    'SELECT ?x { VALUES ?x { "a & b" "%41" "+" } }',
]
CLOSER = [
    "SELECT * { SERVICE <http://example.org/> { ?s ?p ?o } }",
    "SELECT * FROM <http://example.org/> { ?s ?p ?o }",
    "SELECT (NOW() AS ?n) {}",
    "SELECT (STRUUID() AS ?n) {}",
    "SELECT ?s { ?s a cg:Cluster }",
    'ASK { FILTER("\u00e9" = "\u00e9") }',
    r"ASK { FILTER('\u0041' = 'A') }",
    "CONSTRUCT WHERE { ?s ?p ?o }",
    "ASK { " * 200 + "}" * 200,
    "SELECT nonsense",
]


def frame(query: str, accept: str = "", more: str = "") -> bytes:
    raw = f"query={quote(query, safe='')}{more}"
    fields = ("GET", "/sparql", raw, accept, "", "", "", "http://here", "")
    return bytes([wire.ASK]) + "\0".join(fields).encode()


def frames(way: Any) -> tuple[bool, list[bytes]]:
    """What a way of answering returns, and the frames that it sends."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        done = way(theirs)
        theirs.close()
        found = []
        while data := ours.recv(wire.FRAME_BYTES):
            found.append(data)
    return done, found


@pytest.mark.parametrize("accept", ["", "text/csv", "application/sparql-results+xml", "a/b"])
@pytest.mark.parametrize("query", PLAIN)
def test_plain_queries_get_what_the_protocol_gives(small: Engine, query: str, accept: str) -> None:
    """The short way and the usual one send the same bytes."""
    context = Context(small.store, 1, Config())

    def usual(sock: socket.socket) -> None:
        asked, flags = read_request(frame(query, accept)[1:])
        deliver(handle(asked, context), Frames(sock, flags))

    done, short = frames(lambda sock: Quick(sock, context).answer(frame(query, accept)))
    assert done == (accept != "a/b")
    assert short == (frames(usual)[1] if done else [])


@pytest.mark.parametrize("query", CLOSER)
def test_other_queries_are_left_to_the_protocol(small: Engine, query: str) -> None:
    """Whatever the guards must see is not evaluated before they do."""
    context = Context(small.store, 1, Config())
    assert frames(lambda sock: Quick(sock, context).answer(frame(query))) == (False, [])


def test_other_parameters_are_left_to_the_protocol(small: Engine) -> None:
    """A format or a graph in the address is for the protocol to judge."""
    context = Context(small.store, 1, Config())
    asked = frame("ASK {}", more="&format=csv")
    assert frames(lambda sock: Quick(sock, context).answer(asked)) == (False, [])


def test_workers_take_the_short_way(small_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker answers a plain query without the protocol, and leaves it the others."""

    def usual(*_: Any) -> Any:
        raise AssertionError("this is for the protocol")

    monkeypatch.setattr(worker, "handle", usual)
    number = Generations(small_store).current.number

    def work(sock: socket.socket) -> bool:
        reader = worker.Reader(sock, Config(), "", False)
        reader.open({"directory": str(small_store), "number": number, "committed_at": 0.0})
        reader.ask(frame("ASK {}"))
        with pytest.raises(AssertionError, match="for the protocol"):
            reader.ask(frame("CONSTRUCT WHERE { ?s ?p ?o }"))
        return True

    _, [answer] = frames(work)
    assert answer[0] == wire.FULL
    assert json.loads(answer[answer.index(b"{") :]) == {"head": {}, "boolean": True}


def test_long_answers_of_plain_queries_come_in_pieces(small: Engine) -> None:
    """What does not fit into one frame is sent as it is made, whole and in order."""
    query = (
        "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a ?b ?c ?d ?e ?f ?g ?h ?i LIMIT 400"
    )
    context = Context(small.store, 1, Config())
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, ThreadPoolExecutor(1) as other:
        # Sending waits for whoever reads.
        done = other.submit(Quick(theirs, context).answer, frame(query))
        found = [ours.recv(wire.FRAME_BYTES)]
        while found[-1] != bytes([wire.END]):
            found.append(ours.recv(wire.FRAME_BYTES))
        assert done.result(20)
    assert found[0][0] == wire.START
    pieces = found[1:-1]
    assert len(pieces) > 1
    assert {piece[0] for piece in pieces} == {wire.DATA}
    answer = small.store.query(query, use_default_graph_as_union=True)
    assert b"".join(piece[1:] for piece in pieces) == answer.serialize(
        format=ox.QueryResultsFormat.JSON
    )


def test_connections_do_not_stay_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an answer the short way, a connection waits for its next request as long as others."""

    class Always:
        def answer(self, connection: Connection, data: bytes) -> bool:
            connection.rest()
            return True

    monkeypatch.setattr(Connection, "hot", Always())
    config = uvicorn.Config(lambda: None, log_config=None, lifespan="off")
    config.load()

    async def live() -> list[bool]:
        ours, theirs = socket.socketpair()
        with theirs:
            loop = asyncio.get_running_loop()
            state = ServerState()
            transport, connection = await loop.connect_accepted_socket(
                lambda: Connection(config, state, {}, loop), ours
            )
            connection.data_received(request("ASK {}"))
            now = time.monotonic()
            left = []
            for later_s in (0, Connection.keep_alive_s - 1, Connection.keep_alive_s + 1):
                connection.check(now + later_s)
                left.append(transport.is_closing())
            return left

    assert asyncio.run(live()) == [False, False, True]
