"""The shortest way from a short query to its answer: without a parser, a task or ASGI.

Most requests are a GET of /sparql whose answer is in the cache, or comes within milliseconds and
in one frame, and a client sends the same headers with each of them. A block of headers that the
server has parsed once is known by its bytes from then on; a request that comes whole, with such a
block, is answered from callbacks in a third of the time that the usual way takes. All that is out
of the ordinary is handed over to it: before anything is done about the request, or as soon as its
worker ends, takes long, or has more to say than one frame.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from clustergraph.http.cache import Answer, parse_lines, tag
from clustergraph.http.exchange import LEFT, Exchange, Receive, Scope, Send
from clustergraph.http.reading import ALWAYS
from clustergraph.workers import wire
from clustergraph.workers.process import BusyError, DiedError, Worker
from clustergraph.workers.queue import Waiter

if TYPE_CHECKING:
    from clustergraph.http.connection import Connection
    from clustergraph.http.front import Front

__all__ = ["Hot", "Short"]

_BEGINNING: Final = b"GET /sparql?"
# The rest of the request line: no character that a query string must not hold (RFC 3986, 3.4).
_LINE: Final = re.compile(rb"[!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]* HTTP/1\.1")
_VERSION: Final = len(b" HTTP/1.1")
# A request with one of these takes the usual way.
_COLD: Final = frozenset(
    (
        b"content-length", b"transfer-encoding", b"expect", b"upgrade", b"if-none-match",
        b"prefer", b"x-forwarded-for", b"x-forwarded-proto",
    )
)  # fmt: skip
_LONGEST_BLOCK: Final = 4096
_MOST_BLOCKS: Final = 1000
_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
# Headers that the worker may have set itself; such answers are left as they are.
_SET: Final = re.compile(rb"(?:^|\n)(?:etag|content-length):", re.IGNORECASE)
_ALWAYS: Final = b"".join([b"%b: %b\r\n" % line for line in ALWAYS])


@dataclass(frozen=True, slots=True)
class Known:
    """What a block of headers comes to.

    Attributes:
        headers: by name.
        rest: what follows the query string in a request for a worker.
    """

    headers: dict[bytes, bytes]
    rest: bytes


class Hot:
    """Answers requests the short way, those that can be.

    Args:
        front: the application.
    """

    def __init__(self, front: Front) -> None:
        self.front = front
        self._known: dict[bytes, Known] = {}
        self._heads: dict[tuple[int, bytes], tuple[bytes, bool]] = {}

    def learn(self, raw: bytes, scope: Scope) -> None:
        """Remember the headers of a request, if the next one with them can go the short way.

        Args:
            raw: what came on its connection: the request, and perhaps more or less than it.
            scope: what the server made of it.
        """
        end = raw.find(b"\r\n")
        block = raw[end:]
        headers = dict(scope["headers"])
        if (
            not raw.startswith(_BEGINNING)
            or not _LINE.fullmatch(raw, len(_BEGINNING), end)
            or len(block) > _LONGEST_BLOCK
            or block.find(b"\r\n\r\n") != len(block) - 4
            or len(headers) != len(scope["headers"])
            or not _COLD.isdisjoint(headers)
        ):
            return
        prepared = Exchange(scope, _unused, _unused, "query", headers, "").prepare()
        before = b"GET\0/sparql\0" + scope["query_string"]
        if prepared is None or not prepared[0].startswith(before + b"\0"):
            return
        if len(self._known) >= _MOST_BLOCKS:
            self._known.clear()
        self._known[block] = Known(headers, prepared[0][len(before) :])

    def answer(self, connection: Connection, data: bytes) -> bool:
        """Answer a request, now or in a moment.

        Args:
            connection: on which nothing else is under way.
            data: what came on it.

        Returns:
            Whether it is taken care of; if not, nothing has happened.
        """
        if not data.startswith(_BEGINNING):
            return False
        end = data.find(b"\r\n", len(_BEGINNING))
        known = self._known.get(data[end:])
        if (
            known is None
            or not _LINE.fullmatch(data, len(_BEGINNING), end)
            or len(data) > connection.max_head_bytes
        ):
            return False
        query_string = data[len(_BEGINNING) : end - _VERSION]
        front = self.front
        client = connection.client[0] if connection.client else ""
        if b"timeout=" in query_string or not front.admits(client):
            return False
        key = b"GET\0/sparql\0" + query_string + known.rest
        answer = front.reading.cache.peek(key)
        if answer is None:
            try:
                Short(self, connection, data, known, key, client)
            except BusyError:
                return False
            return True
        started_s = time.monotonic()
        if not answer.raw:
            lines = b"".join([b"%b: %b\r\n" % line for line in answer.lines])
            answer.raw = b"%b%b\r\n%b" % (_STATUS_LINES[answer.status], lines, answer.body)
        connection.transport.write(answer.raw)
        connection.rest()
        front.note(
            "query", client, "GET", "/sparql", query_string, answer.status, started_s,
            len(answer.body), "hit",
        )  # fmt: skip
        return True

    def head(self, status: int, block: bytes) -> tuple[bytes, bool]:
        """Return the head of an answer as far as it is always the same, and if it lacks an ETag.

        Args:
            status: of the answer.
            block: header lines from the worker.
        """
        found = self._heads.get((status, block))
        if found is None:
            if len(self._heads) >= _MOST_BLOCKS:
                self._heads.clear()
            found = _STATUS_LINES[status] + _ALWAYS + block, not _SET.search(block)
            self._heads[status, block] = found
        return found


class Short:
    """A request that waits for a worker or is with one; no task waits for it.

    Attributes:
        data: as it came.
    """

    __slots__ = (
        "_client", "_connection", "_deadline_s", "_front", "_hot", "_key", "_known", "_started_s",
        "_waiter", "_worker", "data",
    )  # fmt: skip

    def __init__(
        self, hot: Hot, connection: Connection, data: bytes, known: Known, key: bytes, client: str
    ) -> None:
        self._hot = hot
        self._front = front = hot.front
        self._connection = connection
        self.data = data
        self._known = known
        self._key = key
        self._client = client
        self._started_s = time.monotonic()
        self._deadline_s = self._started_s + front.options.query_timeout_s
        self._worker: Worker | None = None
        self._waiter: Waiter | None = None
        readers = front.reading.readers
        worker = readers.take_now(self._deadline_s)
        if worker is None:
            self._waiter = readers.wait(self._ask, self._deadline_s, self._cool, key)
        front.reading.cache.misses += 1
        front.enter(client)
        connection.begun = self
        if worker is not None:
            self._ask(worker)

    def _ask(self, worker: Worker) -> None:
        waiter, self._waiter = self._waiter, None
        self._worker = worker
        if waiter is None or waiter.sent_to is not worker:
            if self._connection.begun is not self:
                self._drop(healthy=True)
                return
            try:
                worker.send(self._key)
            except DiedError:
                self._worker = None
                self._front.reading.readers.give(worker, healthy=False)
                self._cool()
                return
        worker.on_long = self._cool
        worker.hear(self._take)

    def _take(self, frame: bytes) -> None:
        if not frame or frame[0] != wire.FULL:
            self._cool(frame)
            return
        connection, worker, front = self._connection, self._worker, self._front
        assert worker is not None  # noqa: S101 - its frame came
        if connection.begun is not self:
            self._drop(healthy=True)
            return
        readers = front.reading.readers
        _, flags, status, length = wire.HEAD.unpack_from(frame)
        end = wire.HEAD.size + length
        block = frame[wire.HEAD.size : end]
        body = frame[end:]
        begin, bare = self._hot.head(status, block)
        if flags & wire.KEEP and bare and status == 200 and worker.target is readers.target:
            etag = tag(self._key, worker.target)
            raw = b"%betag: %b\r\ncontent-length: %d\r\n\r\n%b" % (begin, etag, len(body), body)
            size = (b"content-length", b"%d" % len(body))
            lines = [*ALWAYS, *parse_lines(block), (b"etag", etag), size]
            front.reading.cache.put(self._key, Answer(status, lines, body, etag, raw))
        else:
            raw = b"%bcontent-length: %d\r\n\r\n%b" % (begin, len(body), body)
        connection.transport.write(raw)
        connection.rest()
        readers.give(worker, healthy=True)
        self._end(status, len(body), "miss")

    def _end(self, status: int, size: int, how: str) -> None:
        self._front.leave(self._client)
        _, _, query_string, _ = self._key.split(b"\0", 3)
        self._front.note(
            "query", self._client, "GET", "/sparql", query_string, status, self._started_s, size,
            how,
        )  # fmt: skip

    def _drop(self, healthy: bool) -> None:
        """Forget it: its client has left."""
        if self._waiter is not None:
            self._waiter.abandon()
            return
        if self._worker is not None:
            if not healthy:
                self._worker.kill("left")
            self._front.reading.readers.give(self._worker, healthy)
        self._end(LEFT, 0, "left")

    def _cool(self, frame: bytes = b"") -> None:
        """Go on the usual way."""
        if self._connection.begun is not self:
            if self._worker is not None:
                self._worker.on_frame = self._worker.on_long = None
            self._drop(healthy=False)
            return
        if frame and self._worker is not None:
            self._worker.put_back(frame)
        self._connection.cool()

    def hand_over(self) -> None:
        """Leave what comes now to `go_on`."""
        if self._worker is not None:
            self._worker.on_frame = self._worker.on_long = None
        if self._waiter is not None:
            self._front.reading.readers.wait_in_task(self._waiter)

    async def go_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer it the usual way (ASGI 3)."""
        exchange = Exchange(
            scope, receive, send, "query", self._known.headers, self._client,
            started_s=self._started_s, deadline_s=self._deadline_s,
        )  # fmt: skip
        try:
            await self._front.reading.go_on(exchange, self._key, self._worker, self._waiter)
        finally:
            self._front.leave(self._client)
            self._front.record(exchange)


async def _unused(*_: Any) -> Any:
    raise AssertionError("nothing is received or sent")
