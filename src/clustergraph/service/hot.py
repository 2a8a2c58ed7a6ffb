"""The shortest way from a short query to its answer, without a task and without ASGI.

Most requests are a GET of /sparql whose answer is in the cache, or comes within milliseconds and
in one frame. These are answered from callbacks, which takes half the time of the usual way. All
that is out of the ordinary is handed over to it: before anything is done about the request, or
as soon as its worker ends, takes long, or has more to say than one frame.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from clustergraph.service.cache import Answer, parse_lines, tag
from clustergraph.service.exchange import Exchange, Receive, Scope, Send
from clustergraph.service.reading import ALWAYS
from clustergraph.store import wire
from clustergraph.store.pool import Waiter
from clustergraph.store.process import BusyError, DiedError, Worker

if TYPE_CHECKING:
    from clustergraph.service.connection import Connection
    from clustergraph.service.front import Front

__all__ = ["answer_hot"]

# A request with one of these takes the usual way.
_COLD: Final = frozenset(
    (
        b"content-length", b"transfer-encoding", b"expect", b"upgrade", b"if-none-match",
        b"x-forwarded-for", b"x-forwarded-proto",
    )
)  # fmt: skip
_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
# Headers that the worker may have set itself; such answers are left as they are.
_SET: Final = re.compile(rb"(?:^|\n)(?:etag|content-length):", re.IGNORECASE)
_ALWAYS: Final = b"".join([b"%b: %b\r\n" % line for line in ALWAYS])


def answer_hot(front: Front, connection: Connection, cycle: Any) -> bool:
    """Answer a request the short way, now or in a moment.

    Args:
        front: the application.
        connection: the request's.
        cycle: the request, as the server keeps it.

    Returns:
        Whether it is taken care of; if not, nothing has happened.
    """
    scope = cycle.scope
    if scope["path"] != "/sparql" or scope["method"] != "GET" or not cycle.keep_alive:
        return False
    pairs = scope["headers"]
    headers = dict(pairs)
    if len(headers) != len(pairs) or not _COLD.isdisjoint(headers):
        return False
    client = scope["client"][0] if scope["client"] else ""
    if not front.admits(client):
        return False
    exchange = Exchange(scope, cycle.receive, cycle.send, "query", headers, client)
    prepared = exchange.prepare()
    if prepared is None:
        return False
    key, _ = prepared
    reading = front.reading
    answer = reading.cache.peek(key)
    if answer is not None:
        exchange.how = "hit"
        if not answer.raw:
            lines = b"".join([b"%b: %b\r\n" % line for line in answer.lines])
            answer.raw = b"%b%b\r\n%b" % (_STATUS_LINES[answer.status], lines, answer.body)
        _finish(front, connection, cycle, exchange, answer.status, answer.raw, len(answer.body))
        return True
    exchange.deadline_s = exchange.started_s + exchange.time_limit(front.options.query_timeout_s)
    try:
        _Hot(front, connection, cycle, exchange, key)
    except BusyError:
        return False
    return True


def _finish(
    front: Front,
    connection: Connection,
    cycle: Any,
    exchange: Exchange,
    status: int,
    raw: bytes,
    size: int,
) -> None:
    exchange.status, exchange.size, exchange.answering = status, size, True
    if not cycle.disconnected:
        connection.transport.write(raw)
    cycle.response_started = cycle.response_complete = True
    cycle.message_event.set()
    connection.on_response_complete()
    front.record(exchange)


class _Hot:
    """A request that waits for a worker or is with one; no task waits for it."""

    __slots__ = ("_connection", "_cycle", "_exchange", "_front", "_key", "_waiter", "_worker")

    def __init__(
        self, front: Front, connection: Connection, cycle: Any, exchange: Exchange, key: bytes
    ) -> None:
        self._front = front
        self._connection = connection
        self._cycle = cycle
        self._exchange = exchange
        self._key = key
        self._worker: Worker | None = None
        self._waiter: Waiter | None = None
        readers = front.reading.readers
        worker = readers.take_now(exchange.deadline_s)
        if worker is None:
            self._waiter = readers.wait(self._ask, exchange.deadline_s, self._cool)
        front.reading.cache.misses += 1
        front.enter(exchange.client)
        if worker is not None:
            self._ask(worker)

    def _ask(self, worker: Worker) -> None:
        self._waiter = None
        if self._cycle.disconnected:
            self._exchange.left = True
            self._front.reading.readers.give(worker, healthy=True)
            self._end()
            return
        try:
            worker.send(self._key)
        except DiedError:
            self._front.reading.readers.give(worker, healthy=False)
            self._cool()
            return
        self._worker = worker
        worker.on_frame = self._take
        worker.on_long = self._cool

    def _end(self) -> None:
        self._front.leave(self._exchange.client)
        self._front.record(self._exchange)

    def _take(self, frame: bytes) -> None:
        if not frame or frame[0] != wire.FULL:
            self._cool(frame)
            return
        worker, front, exchange = self._worker, self._front, self._exchange
        assert worker is not None  # noqa: S101 - its frame came
        readers = front.reading.readers
        _, flags, status, length = wire.HEAD.unpack_from(frame)
        end = wire.HEAD.size + length
        block = frame[wire.HEAD.size : end]
        size = len(frame) - end
        etag = b""
        current = worker.target is readers.target
        if flags & wire.KEEP and current and status == 200 and not _SET.search(block):
            etag = tag(self._key, worker.target)
        raw = b"%b%b%b%bcontent-length: %d\r\n\r\n%b" % (
            _STATUS_LINES[status],
            _ALWAYS,
            block,
            b"etag: %b\r\n" % etag if etag else b"",
            size,
            frame[end:],
        )
        if etag:
            lines = [
                *ALWAYS,
                *parse_lines(block),
                (b"etag", etag),
                (b"content-length", b"%d" % size),
            ]
            front.reading.cache.put(self._key, Answer(status, lines, frame[end:], etag, raw))
        readers.give(worker, healthy=True)
        front.leave(exchange.client)
        _finish(front, self._connection, self._cycle, exchange, status, raw, size)

    def _cool(self, frame: bytes = b"") -> None:
        """Go on the usual way."""
        worker, waiter, exchange = self._worker, self._waiter, self._exchange
        if worker is not None:
            worker.on_frame = worker.on_long = None
            if frame:
                worker.put_back(frame)
        if waiter is not None:
            waiter.await_it()

        async def go_on(_: Scope, receive: Receive, send: Send) -> None:
            exchange.receive, exchange.send = receive, send
            try:
                await self._front.reading.go_on(exchange, self._key, worker, waiter)
            finally:
                self._end()

        self._connection.start(self._cycle, go_on)
