"""From a request that reads to its answer: out of the cache, or by a worker."""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import Final

from clustergraph.http.cache import Answer, AnswerCache, Lines, parse_head, tag
from clustergraph.http.exchange import Exchange, watch
from clustergraph.http.options import Options
from clustergraph.protocol.negotiation import prefers_html
from clustergraph.protocol.problems import WORKER_FAILURES
from clustergraph.workers import wire
from clustergraph.workers.pool import Pool
from clustergraph.workers.process import BusyError, DiedError, Worker
from clustergraph.workers.queue import Waiter

__all__ = ["ALWAYS", "CORS", "Reading", "complete", "retry_after"]

CORS: Final = [
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"ETag, Link, Content-Disposition, Retry-After, Clustergraph-Warnings",
    ),
]
# With every answer of a worker, which may have compressed it.
ALWAYS: Final = [*CORS, (b"vary", b"Accept-Encoding")]
# A client that lets an answer lie must read this fast on the whole.
_LEAST_BYTES_PER_S: Final = 16 << 10
# A worker that finishes so soon after its client has left need not be replaced.
_GRACE_S: Final = 0.05
# How long it may take to say on a page why there is none.
_EXPLAIN_S: Final = 20.0


class Reading:
    """Lets workers answer, and keeps what they answered.

    Args:
        options: what the operator decided.
        readers: workers that read.
        federated: workers that may ask other hosts; None: there are none.
    """

    def __init__(self, options: Options, readers: Pool, federated: Pool | None) -> None:
        self.options = options
        self.readers = readers
        self.federated = federated
        self.cache = AnswerCache(options.cache_bytes)

    async def answer(self, exchange: Exchange) -> None:
        """Answer one request."""
        prepared = exchange.prepare()
        if prepared is None:
            await exchange.refuse(400, "The request is wrong", "NUL or no proper host")
            return
        key, head = prepared
        body = exchange.body
        if isinstance(body, bytes):
            key += body
            if answer := self.cache.get(key):
                exchange.how = "hit"
                await self.send(exchange, answer)
                return
            if await self._confirmed(exchange, key):
                return
        else:
            key = b""
        limit = exchange.time_limit(self.options.query_timeout_s)
        exchange.deadline_s = exchange.started_s + limit
        try:
            await self._ask(exchange, self.readers, head, key)
        except BusyError as error:
            await self._refuse_busy(exchange, error)

    async def _confirmed(self, exchange: Exchange, key: bytes) -> bool:
        """Answer 304 without a worker: only who has the answer knows its tag."""
        wanted = exchange.headers.get(b"if-none-match")
        if not wanted or exchange.scope["method"] == "POST":
            return False
        etag = tag(key, self.readers.target)
        if etag not in _tags(wanted):
            return False
        exchange.how = "hit"
        await exchange.reply(304, [*ALWAYS, (b"vary", b"Accept"), (b"etag", etag)], b"")
        return True

    async def go_on(
        self, exchange: Exchange, key: bytes, worker: Worker | None, waiter: Waiter | None
    ) -> None:
        """Answer a request that was begun the short way and has no body.

        Args:
            exchange: the request.
            key: what workers are sent.
            worker: it has been sent it already.
            waiter: it waits for a worker.
        """
        try:
            await self._ask(exchange, self.readers, key, key, worker, waiter)
        except BusyError as error:
            await self._refuse_busy(exchange, error)

    async def _refuse_busy(self, exchange: Exchange, error: BusyError) -> None:
        detail = f"{error}; try again later"
        await exchange.refuse(503, "Too busy", detail, [(b"retry-after", b"1")])

    async def _ask(
        self,
        exchange: Exchange,
        pool: Pool,
        head: bytes,
        key: bytes,
        sent: Worker | None = None,
        waiter: Waiter | None = None,
    ) -> None:
        """Let workers answer; try again, once, if the first was killed by somebody else."""
        again = True
        while True:
            worker = sent or (None if waiter else pool.take_now(exchange.deadline_s))
            if worker is None:
                taking = asyncio.ensure_future(pool.take(exchange.deadline_s, waiter))
                waiter = None
                watching = asyncio.ensure_future(watch(exchange, taking.cancel))
                try:
                    worker = await taking
                except asyncio.CancelledError:
                    if not exchange.left:
                        raise
                    return
                finally:
                    watching.cancel()
            healthy, ended = False, ""
            try:
                if sent is None:
                    worker.send(head, exchange.body)
                sent = None
                over = await self._relay(exchange, worker, pool, key)
                healthy = True
            except DiedError as died:
                if exchange.answering or died.reason in ("left", "stalled"):
                    await exchange.break_off(died.reason)
                    return
                if again and died.reason == "killed":
                    again = False
                    continue
                ended = died.reason
            finally:
                pool.give(worker, healthy)
            if ended:
                await self._tell_why(exchange, pool, ended)
                return
            if not over:
                return
            if self.federated is None or pool is self.federated:
                await exchange.refuse(503, "No way out", "no worker may ask other hosts")
                return
            pool = self.federated

    async def _tell_why(self, exchange: Exchange, pool: Pool, reason: str) -> None:
        """Answer a request over which a worker ended; people are shown a page by another one."""
        exchange.how = reason
        if exchange.visitor and prefers_html(exchange.accept.decode("latin-1")):
            exchange.visitor += b"\x01refused\x01" + reason.encode()
            prepared = exchange.prepare()
            worker = None
            healthy = False
            try:
                worker = await pool.take(time.monotonic() + _EXPLAIN_S)
                assert prepared is not None  # noqa: S101 - it was well-formed before
                worker.send(prepared[1])
                await self._relay(exchange, worker, pool, b"")
                healthy = True
            except (BusyError, DiedError):
                if exchange.answering:
                    await exchange.break_off(reason)
                    return
            finally:
                if worker is not None:
                    pool.give(worker, healthy)
            if healthy:
                return
        await exchange.refuse(*WORKER_FAILURES[reason], retry_after(reason))

    async def _relay(self, exchange: Exchange, worker: Worker, pool: Pool, key: bytes) -> bool:
        """Pass a worker's answer on; say whether the request is for one with a network."""
        worker.on_long = lambda: _start_watch(exchange, worker)
        frame = await worker.frame()
        if frame[0] == wire.OVER:
            return True
        flags, status, lines, body = parse_head(frame)
        keep = bool(flags & wire.KEEP) and bool(key) and worker.target is pool.target
        if frame[0] == wire.FULL:
            _stop_watch(worker)
            answer = complete(status, lines, body, key if keep else b"", worker)
            if keep and exchange.scope["method"] != "HEAD":
                self.cache.put(key, answer)
            await self.send(exchange, answer)
            return False
        _start_watch(exchange, worker)
        if keep:
            lines = [*_untagged(lines), (b"etag", tag(key, worker.target))]
        exchange.status, exchange.answering = status, True
        await exchange.send(
            {"type": "http.response.start", "status": status, "headers": [*ALWAYS, *lines]}
        )
        kept: list[bytes] | None = [] if keep else None
        blocked_s = 0.0
        while True:
            before = time.monotonic()
            await exchange.send({"type": "http.response.body", "body": body, "more_body": True})
            waited = time.monotonic() - before
            # A slow client does not use up the query's time, but it must not be too slow.
            worker.deadline_s += waited
            blocked_s += waited
            exchange.size += len(body)
            if blocked_s > self.options.stall_s + exchange.size / _LEAST_BYTES_PER_S:
                worker.kill("stalled")
            if kept is not None:
                kept.append(body)
                if exchange.size > self.cache.limit_bytes:
                    kept = None
            frame = await worker.frame()
            if frame[0] == wire.END:
                _stop_watch(worker)
                break
            if frame[0] == wire.ABORT:
                await exchange.break_off("failed")
                return False
            body = frame[1:]
        await exchange.send({"type": "http.response.body", "body": b""})
        if kept is not None:
            self.cache.put(key, complete(status, lines, b"".join(kept), key, worker))
        return False

    async def send(self, exchange: Exchange, answer: Answer) -> None:
        """Send a whole answer, or 304 if the client has it."""
        if answer.status == 200 and _has(exchange, answer):
            head = [line for line in answer.lines if not line[0].startswith(b"content-")]
            await exchange.reply(304, head, b"")
        else:
            await exchange.reply(answer.status, answer.lines, answer.body)


def complete(status: int, lines: Lines, body: bytes, key: bytes, worker: Worker) -> Answer:
    """Return a whole answer, with the headers that are ours to set."""
    etag = b""
    if key and status == 200:
        # The worker's own tag is the same for gzip and plain.
        lines = [*_untagged(lines), (b"etag", tag(key, worker.target))]
    head = [*ALWAYS, *lines]
    sized = False
    for name, value in lines:
        if name == b"etag":
            etag = value
        elif name == b"content-length":
            sized = True
    if not sized and status not in (204, 304):
        head.append((b"content-length", b"%d" % len(body)))
    return Answer(status, head, body, etag)


def _untagged(lines: Lines) -> Lines:
    return [line for line in lines if line[0] != b"etag"]


def _has(exchange: Exchange, answer: Answer) -> bool:
    """Say whether a client has an answer already (RFC 9110, sections 13.1.2 and 13.1.3)."""
    wanted = exchange.headers.get(b"if-none-match")
    if wanted is not None:
        return bool(wanted and answer.etag and _matches(wanted, answer.etag))
    since = exchange.headers.get(b"if-modified-since")
    if since is None:
        return False
    modified = next((value for name, value in answer.lines if name == b"last-modified"), None)
    if modified is None or modified == since:
        return modified is not None
    try:
        had, has = (parsedate_to_datetime(date.decode("latin-1")) for date in (since, modified))
    except ValueError:
        return False
    return had.tzinfo is not None and has.tzinfo is not None and has <= had


def _matches(wanted: bytes, etag: bytes) -> bool:
    """Compare weakly, as If-None-Match does (RFC 9110, section 13.1.2)."""
    given = _tags(wanted)
    return b"*" in given or etag.removeprefix(b"W/") in given


def _tags(header: bytes) -> list[bytes]:
    return [one.strip().removeprefix(b"W/") for one in header.split(b",")]


def retry_after(reason: str) -> Lines:
    """Return the header that says when to try again, where that helps."""
    return [(b"retry-after", b"5")] if WORKER_FAILURES[reason][0] == 503 else []


def _stop_watch(worker: Worker) -> None:
    """Let a worker live that has said all, however soon its client leaves then."""
    worker.on_long = None
    if worker.watch is not None:
        worker.watch.cancel()
        worker.watch = None


def _start_watch(exchange: Exchange, worker: Worker) -> None:
    if worker.watch is None:
        worker.watch = asyncio.ensure_future(_end_when_left(exchange, worker))


async def _end_when_left(exchange: Exchange, worker: Worker) -> None:
    await watch(exchange, lambda: None)
    # Whoever has read all of an answer may leave before its end is known here; a worker that is
    # given back meanwhile is not watched any more.
    await asyncio.sleep(_GRACE_S)
    worker.kill("left")
