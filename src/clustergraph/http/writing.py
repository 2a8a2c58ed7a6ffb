"""Writes, seen from the serving process: one worker commits them, in groups, for all."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from clustergraph.errors import StoreError
from clustergraph.http.codec import Head, decode_head, encode_request
from clustergraph.http.exchange import Exchange
from clustergraph.http.metrics import Metrics
from clustergraph.http.responder import complete, log_error, refuse_busy, refuse_failure
from clustergraph.workers import wire
from clustergraph.workers.process import BusyError, DiedError, Target, Worker

__all__ = ["Writes"]

_GROUP: Final = 64
# Parsing and checking a write takes a small part of the time of carrying it out: one that takes
# longer than this is made to hold up others.
_PARSE_S: Final = 10.0
_PARSE_BYTES_PER_S: Final = 256 << 10
_INVALID: Final = 422
_log: Final = logging.getLogger("clustergraph")
_WARNINGS: Final = b"clustergraph-warnings"


async def _nobody(_: Target) -> None:
    """Tell nobody of a new generation."""


async def _receive(worker: Worker, frame: bytes) -> Head:
    """Return a response that begins with a frame, complete."""
    head = decode_head(frame)
    if frame[0] == wire.START:
        pieces = [head.body]
        while (frame := await worker.frame())[0] == wire.DATA:
            pieces.append(frame[1:])
        head.body = b"".join(pieces)
    return head


@dataclass(slots=True, eq=False)
class _Write:
    """A write that waits."""

    payload: bytes
    file: IO[bytes] | None
    done: asyncio.Future[Head]
    begun: bool = False

    def size_bytes(self) -> int:
        return len(self.payload) if self.file is None else self.file.seek(0, 2)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def succeed(self, head: Head) -> None:
        if not self.done.done():
            self.done.set_result(head)


class Writes:
    """Hands writes to the worker that writes, as many at a time as wait.

    Args:
        command: starts that worker.
        target: the generation that is published now.
        timeout_s: how long one write may take.
        wait_s: how long one may wait for others.
        queue: writes that may wait.
        scratch: directory for the temporary files of the worker.

    Attributes:
        publish: is told of each new generation, and awaited before its writers are answered, so
            that they read what they wrote.
    """

    def __init__(
        self,
        command: Sequence[str],
        target: Target,
        timeout_s: float,
        wait_s: float,
        queue: int,
        scratch: Path | None = None,
    ) -> None:
        self.publish: Callable[[Target], Awaitable[None]] = _nobody
        self.failures: dict[str, int] = {}
        self._command = command
        self._target = target
        self._timeout_s = timeout_s
        self._wait_s = wait_s
        self._limit = queue
        self._scratch = scratch
        self._waiting: deque[_Write] = deque()
        self._worker: Worker | None = None
        self._runner: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Start the worker.

        Raises:
            StoreError: it cannot start; says why.
        """
        await self._ready()

    async def stop(self) -> None:
        """End it; what it has not published has not happened."""
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        if self._worker is not None:
            self._worker.close()
        for write in self._waiting:
            write.fail(DiedError("stopped"))

    async def answer(self, exchange: Exchange, metrics: Metrics) -> None:
        """Carry out a write whose body has been received, and answer it."""
        try:
            head = await self.submit(encode_request(exchange.ask()), exchange.file)
        except BusyError as error:
            await refuse_busy(exchange, error)
            return
        except DiedError as died:
            exchange.outcome = died.reason
            await refuse_failure(exchange, died.reason)
            return
        if head.error:
            log_error(exchange, head.error)
        if head.status == _INVALID:
            exchange.outcome = "invalid"
            metrics.refused_writes.inc()
        for name, value in head.headers:
            if name == _WARNINGS:
                exchange.outcome = f"{value.decode()} warnings"
                metrics.write_warnings.inc(int(value))
        answer = complete(exchange, head)
        await exchange.reply(answer.status, answer.headers, answer.body)

    async def submit(self, payload: bytes, file: IO[bytes] | None) -> Head:
        """Return the response to a write, once it is durable and can be read.

        Raises:
            BusyError: too many wait already, or others have taken too long.
            DiedError: the worker ended over it; nothing has happened.
        """
        if len(self._waiting) >= self._limit:
            raise BusyError(f"{self._limit} writes wait already")
        loop = asyncio.get_running_loop()
        write = _Write(payload, file, loop.create_future())
        self._waiting.append(write)
        if self._runner is None or self._runner.done():
            self._runner = loop.create_task(self._run())
        timer = loop.call_later(self._wait_s, self._give_up, write)
        try:
            return await write.done
        finally:
            timer.cancel()

    def _give_up(self, write: _Write) -> None:
        """Let a write go that has waited too long for others."""
        if not write.begun:
            write.fail(BusyError(f"other writes have been under way for {self._wait_s:g} s"))

    async def _run(self) -> None:
        group: list[_Write] = []
        try:
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(_GROUP, len(self._waiting)))]
                await self._handle(group)
        except BaseException:
            for write in group:
                write.fail(DiedError("stopped"))
            raise
        finally:
            self._limit_time(None)

    async def _handle(self, group: list[_Write]) -> None:
        """Let the worker take a group and commit it."""
        taken: list[_Write] = []
        guilty: _Write | None = None
        try:
            worker = await self._ready()
            for write in group:
                if write.done.done():
                    continue  # it has waited too long
                write.begun = True
                guilty = write
                limit_s = min(_PARSE_S + write.size_bytes() / _PARSE_BYTES_PER_S, self._timeout_s)
                self._limit_time(worker, limit_s)
                worker.send(write.payload, write.file)
                frame = await worker.frame()
                if frame[0] == wire.TAKEN:
                    taken.append(write)
                else:
                    write.succeed(await _receive(worker, frame))
            if taken:
                guilty = taken[0]
                self._limit_time(worker, self._timeout_s)
                worker.send_kind(wire.COMMIT)
                async for number in self._outcomes(worker, taken):
                    guilty = taken[number] if number < len(taken) else None
        except DiedError as died:
            self._count(died.reason)
            open_ones = [write for write in group if not write.done.done()]
            if guilty is None:
                # All were applied: whether they were published is not known.
                for write in open_ones:
                    write.fail(died)
                return
            guilty.fail(died)
            # The others have done nothing wrong, and nothing of them has happened.
            for write in open_ones:
                write.begun = False
            self._waiting.extendleft(write for write in reversed(open_ones) if write is not guilty)
        except StoreError as error:
            _log.error("the worker that writes cannot start: %s", error)
            for write in group:
                write.fail(DiedError("crashed"))

    async def _outcomes(self, worker: Worker, taken: list[_Write]) -> AsyncIterator[int]:
        """Answer those that were committed; yield the number of the one that is applied."""
        open_ones = deque(taken)
        while open_ones:
            frame = await worker.frame()
            if frame[0] == wire.APPLYING:
                self._limit_time(worker, self._timeout_s)
                yield int.from_bytes(frame[1:5], "big")
            elif frame[0] == wire.PUBLISHED:
                note = json.loads(frame[1:])
                directory = self._target.directory
                self._target = Target(note["number"], directory, note["committed_at"])
                await self.publish(self._target)
            else:
                open_ones.popleft().succeed(await _receive(worker, frame))

    async def _ready(self) -> Worker:
        """Return the worker, started anew if it has ended."""
        if self._worker is None or not self._worker.usable:
            if self._worker is not None:
                self._worker.close()
            self._worker = Worker(self._command, self._target, self._scratch)
            await self._worker.open(self._target)
        return self._worker

    def _limit_time(self, worker: Worker | None, limit_s: float = 0.0) -> None:
        """Give the worker so much time for the next step; None: it is idle."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if worker is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(limit_s, worker.kill, "deadline")

    def _count(self, reason: str) -> None:
        self.failures[reason] = self.failures.get(reason, 0) + 1
