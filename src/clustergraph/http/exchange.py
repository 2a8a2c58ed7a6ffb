"""One HTTP request under way: what came in, and how to answer it."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO, Any, Final

from clustergraph.errors import ClusterGraphError
from clustergraph.http.cache import Lines
from clustergraph.http.refusals import document, page
from clustergraph.protocol.negotiation import prefers_html

__all__ = ["LEFT", "Exchange", "Receive", "Scope", "Send", "joined", "watch"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# What workers are told besides Accept and Content-Type.
_PASSED_ON: Final = (
    b"content-encoding", b"content-disposition", b"if-match", b"if-none-match", b"slug",
)  # fmt: skip
_TIMEOUT: Final = re.compile(rb"(?:^|&)timeout=([0-9]{1,6}(?:\.[0-9]{1,6})?)(?:&|$)")
_WAIT: Final = re.compile(rb"(?:^|[,;\s])wait=([0-9]{1,6})(?:$|[,;\s])")
_NOTHING: Final = re.compile(rb"q\s*=\s*0(?:\.0*)?")
_HOST: Final = re.compile(
    rb"[A-Za-z0-9.\-_]{1,255}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?"
)
# Bodies longer than this wait on disk for their worker.
_SPOOL_BYTES: Final = 256 << 10

LEFT: Final = 499
"""The status that the log has for a client that left before its answer."""


@dataclass(slots=True)
class Exchange:
    """One request under way.

    Attributes:
        visitor: for whom a page is made, as `clustergraph.http.places.visitor` says it.
    """

    scope: Scope
    receive: Receive
    send: Send
    operation: str
    headers: dict[bytes, bytes]
    client: str
    visitor: bytes = b""
    started_s: float = field(default_factory=time.monotonic)
    deadline_s: float = 0.0
    status: int = LEFT
    size: int = 0
    how: str = "miss"
    answering: bool = False
    left: bool = False
    body: bytes | IO[bytes] = b""

    @property
    def accept(self) -> bytes:
        """The Accept header."""
        return self.headers.get(b"accept", b"")

    def prepare(self) -> tuple[bytes, bytes] | None:
        """Return the key and the head of a request for a worker; None: it is not well-formed."""
        scope, headers = self.scope, self.headers
        host = headers.get(b"host", b"localhost")
        if not _HOST.fullmatch(host):
            return None
        method = scope["method"].encode()
        flags = b"g" if _takes_gzip(headers.get(b"accept-encoding", b"")) else b""
        more = self.visitor
        if method not in (b"GET", b"HEAD"):
            found = [(name, headers[name]) for name in _PASSED_ON if name in headers]
            more = b"\x01".join([piece for pair in found for piece in pair])
            if more.count(b"\x01") != max(2 * len(found) - 1, 0):
                return None
        rest = (
            scope["raw_path"], scope["query_string"], self.accept,
            headers.get(b"content-type", b""),
        )  # fmt: skip
        base = scope["scheme"].encode() + b"://" + host + scope.get("root_path", "").encode()
        key = b"\0".join((b"GET" if method == b"HEAD" else method, *rest, flags, more, base, b""))
        if key.count(b"\0") != 8:
            return None
        if method != b"HEAD":
            return key, key
        # Workers see a GET of which the head is wanted alone.
        return key, b"\0".join((b"GET", *rest, flags + b"h", more, base, b""))

    def time_limit(self, most_s: float) -> float:
        """Return how long the answer may take: what the request asks for, within the limit.

        A request says so by ``?timeout=SECONDS`` or by ``Prefer: wait=SECONDS`` (RFC 7240).
        """
        limit = most_s
        query_string = self.scope["query_string"]
        if b"timeout=" in query_string and (found := _TIMEOUT.search(query_string)):
            limit = min(limit, float(found[1]))
        if found := _WAIT.search(self.headers.get(b"prefer", b"")):
            limit = min(limit, float(found[1]))
        return limit

    async def take_body(self, limit: int) -> bool:
        """Receive the body; False: it was too long and has been refused, or the client left."""
        length = self.headers.get(b"content-length", b"0")
        size, file = 0, None
        chunks: list[bytes] = []
        more = not (length.isdigit() and int(length) > limit)
        too_long = not more
        while more:
            event = await self.receive()
            if event["type"] == "http.disconnect":
                self.left = True
                return False
            chunk = event.get("body", b"")
            more = event.get("more_body", False)
            size += len(chunk)
            if size > limit:
                too_long = True
                break
            if file is None and size > _SPOOL_BYTES:
                file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the exchange
                file.write(b"".join(chunks))
                chunks.clear()
            if file is None:
                chunks.append(chunk)
            else:
                file.write(chunk)
        if too_long:
            await self.refuse(
                413, "The request is too large", f"at most {limit:,} bytes are accepted",
                [(b"connection", b"close")],
            )  # fmt: skip
            return False
        self.body = file if file is not None else b"".join(chunks)
        return True

    async def reply(self, status: int, lines: Lines, body: bytes) -> None:
        """Answer, whole."""
        self.status, self.answering = status, True
        if self.scope["method"] != "HEAD":
            self.size = len(body)
        await self.send({"type": "http.response.start", "status": status, "headers": lines})
        await self.send({"type": "http.response.body", "body": body})

    async def refuse(
        self,
        status: int,
        title: str,
        detail: str,
        lines: Lines | None = None,
    ) -> None:
        """Answer with a refusal; see `document`."""
        make = page if self.visitor and prefers_html(self.accept.decode("latin-1")) else document
        await self.reply(*make(status, title, detail, self.accept, lines))

    async def break_off(self, reason: str) -> None:
        """Break the connection, so that nobody takes what was sent for the whole."""
        self.how = reason
        connection = self.scope.get("connection")
        if connection is None:
            raise ClusterGraphError(f"the answer cannot be finished: {reason}")
        connection.abort()
        # Until the server has noticed, it would complain about an answer without an end.
        while not connection.cycle.disconnected and connection.transport is not None:
            await asyncio.sleep(0.001)


@lru_cache(maxsize=128)
def _takes_gzip(accepted: bytes) -> bool:
    """Say whether Accept-Encoding admits gzip (RFC 9110, section 12.5.3): named, or as ``*``."""
    codings = {}
    for part in accepted.lower().split(b","):
        coding, _, weight = part.partition(b";")
        codings[coding.strip()] = not _NOTHING.fullmatch(weight.strip())
    named = [codings[name] for name in (b"gzip", b"x-gzip", b"*") if name in codings]
    return bool(named) and named[0]


def joined(pairs: Lines) -> dict[bytes, bytes]:
    """Return headers by name, the values of one name joined by commas (RFC 9110, 5.3)."""
    joined: dict[bytes, bytes] = {}
    for name, value in pairs:
        joined[name] = joined[name] + b", " + value if name in joined else value
    return joined


async def watch(exchange: Exchange, act: Callable[[], object]) -> None:
    """Wait until the client leaves, then act."""
    while (await exchange.receive())["type"] != "http.disconnect":
        pass
    exchange.left = True
    act()
