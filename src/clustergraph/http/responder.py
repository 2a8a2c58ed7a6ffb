"""Responses of workers: out of the cache, confirmed by 304, or made by a worker and streamed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from clustergraph.http.cache import AnswerCache
from clustergraph.http.codec import Head, decode_head, encode_request
from clustergraph.http.exchange import ALWAYS, AbortError, Exchange, secured
from clustergraph.http.limits import Throttle
from clustergraph.http.metrics import Metrics
from clustergraph.http.options import Options
from clustergraph.http.routes import Route
from clustergraph.protocol import WARNINGS, Request
from clustergraph.protocol.faults import KINDS, WORKER_FAILURES, fault
from clustergraph.protocol.negotiation import prefers_html
from clustergraph.protocol.preconditions import entity_tag, holds, not_modified
from clustergraph.workers import wire
from clustergraph.workers.pool import Call, Pool
from clustergraph.workers.process import BusyError, DiedError, Target

# A client that leaves so soon before the end of a response does not cost its worker.
_GRACE_S: Final = 0.05
# How long another worker may take to show people why there is no response.
_EXPLAIN_S: Final = 20.0
# Failed workers that one client may cause at once, and one more after each interval.
_FAILURES: Final = 60
_FAILURE_INTERVAL_S: Final = 1.0
# What a worker ended over that its client is not to blame for.
_BLAMELESS: Final = ("killed", "stopped", "slots")
_CONDITIONS: Final = (b"if-none-match", b"if-modified-since")
_INVALID: Final = 422
_WARNINGS: Final = WARNINGS.lower().encode()

_log: Final = logging.getLogger("clustergraph")


class Responder:
    """Lets workers answer, and keeps what they answered.

    Args:
        options: what the operator decided.
        readers: workers that read.
        federated: workers that may call other hosts; None: there are none.
        writers: workers that write, here or to another server; None: there are none.

    Attributes:
        publish: is told of each generation that a write has made, and awaited before the writer is
            answered, so that clients read what they wrote.
    """

    def __init__(
        self,
        options: Options,
        readers: Pool,
        federated: Pool | None = None,
        writers: Pool | None = None,
    ) -> None:
        self.options = options
        self.readers = readers
        self.federated = federated
        self.writers = writers
        self.cache = AnswerCache(options.cache_mb << 20)
        self.metrics = Metrics(readers, self.cache)
        self.failures = Throttle(_FAILURES, _FAILURE_INTERVAL_S)
        self.publish: Callable[[Target], Awaitable[None]] = readers.publish

    async def answer(self, exchange: Exchange) -> None:
        """Answer a request: from the cache, by 304, or by a worker."""
        request = exchange.request()
        payload = encode_request(request)
        key = b"" if exchange.file is not None else payload
        if key:
            answer = self.cache.get(key)
            if answer is not None:
                exchange.outcome = "hit"
                await _reply(exchange, answer)
                return
            if await self._confirm(exchange, key):
                return
        if self.failures.exhausted(exchange.client):
            detail = "too many of your requests failed; make them simpler, and try again later"
            raise fault("Too many requests", detail, headers=[("Retry-After", "5")])
        if exchange.method == "HEAD":
            request.head_only = True
            payload = encode_request(request)
        limit_s = exchange.time_limit_s(self.options.query_timeout_s)
        exchange.deadline_s = exchange.begun_s + limit_s
        await self._ask(exchange, self.readers, payload, key, request)

    async def write(self, exchange: Exchange) -> None:
        """Let a worker change the graph; the change is never sent twice."""
        assert self.writers is not None  # noqa: S101 - the gateway has looked
        request = exchange.request()
        exchange.deadline_s = time.monotonic() + self.options.write_wait_s
        await self._ask(exchange, self.writers, encode_request(request), b"", request)

    async def _confirm(self, exchange: Exchange, key: bytes) -> bool:
        """Answer 304 without a worker: only a client that has the response knows its tag."""
        wanted = exchange.headers.get(b"if-none-match")
        if not wanted or exchange.method == "POST":
            return False
        etag = _entity_tag(key, self.readers.target)
        if wanted.strip() == b"*" or not holds(wanted.decode("latin-1"), etag.decode()):
            return False
        exchange.outcome = "hit"
        assert exchange.route is not None  # noqa: S101 - resolved before
        await exchange.reply(304, [*ALWAYS, _vary(exchange.route), (b"etag", etag)], b"")
        return True

    async def _ask(
        self, exchange: Exchange, pool: Pool, payload: bytes, key: bytes, request: Request
    ) -> None:
        call: Call | None = None
        # A write goes on when its client leaves.
        writes = pool is self.writers
        try:
            call = pool.submit(payload, exchange.file, exchange.deadline_s)
            if not writes:
                call.on_long = lambda: _start_watching(exchange, call)
            frame = await call.frame()
            if frame[0] == wire.NETWORK:
                if self.federated is None or pool is self.federated:
                    raise BusyError("no worker may call other hosts")
                await self._ask(exchange, self.federated, payload, key, request)
                return
            head = decode_head(frame)
            call.on_long = None
            if head.error:
                log_error(exchange, head.error)
            if writes:
                await self._note_write(exchange, head)
            keep = head.cacheable and bool(key) and call.target is self.readers.target
            _complete_headers(exchange, head, key if keep else b"", call.target)
            if frame[0] == wire.FULL:
                await self._reply(exchange, head, key if keep else b"")
            else:
                _start_watching(exchange, call)
                await self._stream(exchange, call, head, key if keep else b"")
        except BusyError as error:
            exchange.outcome = "busy"
            headers = [("Retry-After", "1")]
            raise fault("Too busy", f"{error}; try again later", headers=headers) from error
        except DiedError as died:
            # A request that left the queue cost no worker.
            if call is not None and call.worker is not None:
                self._count_failure(exchange, died.reason)
            await self._explain(exchange, pool, died.reason, request)
        except BaseException:
            if call is not None and (call.started or not writes):
                call.cancel("left")
            raise
        finally:
            if call is not None:
                call.on_long = None
            if exchange.watch is not None:
                exchange.watch.cancel()
                exchange.watch = None

    async def _reply(self, exchange: Exchange, head: Head, key: bytes) -> None:
        """Send a complete response, and keep it under a key, if it has one."""
        if exchange.method != "HEAD":
            if head.status not in (204, 304):
                head.headers.append((b"content-length", b"%d" % len(head.body)))
            if key:
                self.cache.put(key, head)
        await _reply(exchange, head)

    async def _stream(self, exchange: Exchange, call: Call, head: Head, key: bytes) -> None:
        """Pass a response on as it comes, and keep it under a key, if it has one.

        Raises:
            AbortError: it cannot be completed.
        """
        await exchange.start(head.status, head.headers)
        kept: list[bytes] | None = [] if key else None
        try:
            while (frame := await call.frame())[0] != wire.END:
                if frame[0] == wire.ABORT:
                    log_error(exchange, frame[1:].decode("utf-8", "replace"))
                    exchange.outcome = "failed"
                    raise AbortError("the response cannot be completed")
                # A slow client does not use up the time of the query.
                call.deadline_s += await exchange.send(frame[1:])
                if kept is not None:
                    kept.append(frame[1:])
                    if exchange.sent_bytes > self.cache.limit_bytes:
                        kept = None
        except DiedError as died:
            exchange.outcome = died.reason
            self._count_failure(exchange, died.reason)
            raise AbortError(f"the response cannot be completed: {died.reason}") from died
        await exchange.send(b"", more=False)
        if kept is not None:
            head.body = b"".join(kept)
            if not any(name == b"content-length" for name, _ in head.headers):
                head.headers.append((b"content-length", b"%d" % len(head.body)))
            self.cache.put(key, head)

    async def _note_write(self, exchange: Exchange, head: Head) -> None:
        """Serve what a write has published, and count what it met."""
        if head.published is not None:
            number, committed_at = head.published
            await self.publish(Target(number, self.readers.target.directory, committed_at))
        if head.status == _INVALID:
            exchange.outcome = "invalid"
            self.metrics.refused_writes.inc()
        for name, value in head.headers:
            if name == _WARNINGS:
                exchange.outcome = f"{value.decode()} warnings"
                self.metrics.write_warnings.inc(int(value))

    async def _explain(self, exchange: Exchange, pool: Pool, reason: str, request: Request) -> None:
        """Answer a request over which a worker ended; people are shown a page by another one."""
        exchange.outcome = reason
        if reason == "left":
            return
        assert exchange.route is not None  # noqa: S101 - resolved before
        if not request.failure and exchange.route.personal and prefers_html(exchange.accept):
            request.failure = reason
            exchange.deadline_s = time.monotonic() + _EXPLAIN_S
            await self._ask(exchange, pool, encode_request(request), b"", request)
            return
        title, detail = WORKER_FAILURES[request.failure or reason]
        headers = [("Retry-After", "5")] if KINDS[title] == 503 else []
        raise fault(title, detail, headers=headers)

    def _count_failure(self, exchange: Exchange, reason: str) -> None:
        if reason not in _BLAMELESS:
            self.failures.count(exchange.client)

    async def consult(self, operation: str, limit_s: float) -> None:
        """Let a worker carry out an operation of the service itself.

        Raises:
            RequestError: it failed, or no worker could.
        """
        request = Request("GET", "", operation=operation)
        try:
            call = self.readers.submit(encode_request(request), None, time.monotonic() + limit_s)
            head = decode_head(await call.frame())
        except BusyError as error:
            raise fault("Too busy", f"no worker became free ({error})") from error
        except DiedError as died:
            raise fault(*WORKER_FAILURES[died.reason]) from died
        if head.error:
            _log.error("%s: %s", operation, head.error)
        if head.status != 200:
            raise fault("Not ready", "the other server does not answer")


def log_error(exchange: Exchange, error: str) -> None:
    """Log what went wrong unexpectedly in a worker."""
    _log.warning("%s %s: %s", exchange.method, exchange.path, error)


def _complete_headers(exchange: Exchange, head: Head, key: bytes, target: Target) -> None:
    """Complete the headers of a response by those that are the gateway's to set.

    Args:
        exchange: the request.
        head: the response.
        key: under which the response is kept; empty: it is not, and has no tag.
        target: the generation that it is made from.
    """
    assert exchange.route is not None  # noqa: S101 - resolved before
    headers = [*ALWAYS, _vary(exchange.route)]
    headers += [one for one in head.headers if one[0] != b"vary"]
    if key and head.status == 200:
        headers.append((b"etag", _entity_tag(key, target)))
    head.headers = secured(headers, exchange.base)


def _entity_tag(key: bytes, target: Target) -> bytes:
    return entity_tag(target.number, target.committed_at, key).encode()


def _vary(route: Route) -> tuple[bytes, bytes]:
    if route.personal:
        return b"vary", b"Accept, Accept-Encoding, Accept-Language, Cookie"
    return b"vary", b"Accept, Accept-Encoding"


async def _reply(exchange: Exchange, answer: Head) -> None:
    """Send a complete response, or 304 if the client has it."""
    asked = exchange.headers
    if answer.status == 200 and (b"if-none-match" in asked or b"if-modified-since" in asked):
        conditions = {
            name.decode(): asked[name].decode("latin-1") for name in _CONDITIONS if name in asked
        }
        found = {name: value.decode() for name, value in answer.headers}
        if not_modified(conditions, found.get(b"etag", ""), found.get(b"last-modified", "")):
            kept = [one for one in answer.headers if not one[0].startswith(b"content-")]
            await exchange.reply(304, kept, b"")
            return
    await exchange.reply(answer.status, answer.headers, answer.body)


def _start_watching(exchange: Exchange, call: Call | None) -> None:
    if exchange.watch is None and call is not None:
        exchange.watch = asyncio.ensure_future(_end_when_left(exchange, call))


async def _end_when_left(exchange: Exchange, call: Call) -> None:
    await exchange.disconnected()
    # The client may have read all of a response whose end is not known here yet.
    await asyncio.sleep(_GRACE_S)
    call.cancel("left")
