"""Writes, seen from the serving process: one worker commits them, in groups, for all."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import IO, Final

from clustergraph.http.cache import Answer, parse_head
from clustergraph.http.reading import complete
from clustergraph.workers import wire
from clustergraph.workers.pool import START_S
from clustergraph.workers.process import BusyError, DiedError, Target, Worker

__all__ = ["Writing"]

_GROUP: Final = 64
# Reading and checking what a write carries takes a small part of the time that carrying it out
# may: what takes longer than this is made to hold up others.
_READ_S: Final = 10.0
_LEAST_BYTES_PER_S: Final = 256 << 10


@dataclass(slots=True, eq=False)
class _Write:
    """One that waits."""

    head: bytes
    body: bytes | IO[bytes]
    done: asyncio.Future[Answer]
    begun: bool = False

    def size(self) -> int:
        """Return the length of the body, in bytes."""
        if isinstance(self.body, bytes):
            return len(self.body)
        return self.body.seek(0, 2)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def succeed(self, answer: Answer) -> None:
        if not self.done.done():
            self.done.set_result(answer)


class Writing:
    """Hands writes to the worker that writes, as many at a time as wait.

    Args:
        command: starts that worker.
        target: the generation that is published now.
        publish: is told of each new generation, and awaited before its writers are answered, so
            that they read what they wrote.
        timeout_s: how long one write may take.
        wait_s: how long one may wait for others.
        waiting: writes that may wait.
    """

    def __init__(
        self,
        command: Sequence[str],
        target: Target,
        publish: Callable[[Target], Awaitable[None]],
        timeout_s: float,
        wait_s: float,
        waiting: int,
    ) -> None:
        self.kills: dict[str, int] = {}
        self._command = command
        self._target = target
        self._publish = publish
        self._timeout_s = timeout_s
        self._wait_s = wait_s
        self._limit = waiting
        self._waiting: deque[_Write] = deque()
        self._worker: Worker | None = None
        self._runner: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._buffer = bytearray(wire.FRAME_BYTES)

    async def start(self) -> None:
        """Start the worker.

        Raises:
            DiedError: it cannot start.
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

    async def submit(self, head: bytes, body: bytes | IO[bytes]) -> Answer:
        """Return the answer to a write, once it is on the disk and can be read.

        Raises:
            BusyError: too many wait already, or others have taken too long.
            DiedError: the worker ended over it; nothing has happened.
        """
        if len(self._waiting) >= self._limit:
            raise BusyError(f"{self._limit} writes wait already")
        loop = asyncio.get_running_loop()
        write = _Write(head, body, loop.create_future())
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
                limit_s = min(_READ_S + write.size() / _LEAST_BYTES_PER_S, self._timeout_s)
                self._limit_time(worker, limit_s)
                worker.send(write.head, write.body)
                frame = await worker.frame()
                if frame[0] == wire.TAKEN:
                    taken.append(write)
                else:
                    write.succeed(await self._answer(worker, frame))
            if taken:
                guilty = taken[0]
                self._limit_time(worker, self._timeout_s)
                worker.tell(wire.COMMIT)
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
                await self._publish(self._target)
            else:
                open_ones.popleft().succeed(await self._answer(worker, frame))

    async def _answer(self, worker: Worker, frame: bytes) -> Answer:
        _, status, lines, body = parse_head(frame)
        if frame[0] == wire.START:
            while (frame := await worker.frame())[0] == wire.DATA:
                body += frame[1:]
        return complete(status, lines, body, b"", worker)

    async def _ready(self) -> Worker:
        """Return the worker, started anew if it has ended."""
        if self._worker is None or not self._worker.usable:
            if self._worker is not None:
                self._worker.close()
            self._worker = Worker(self._command, self._target, self._buffer)
            try:
                self._worker.open(self._target)
                await self._worker.ready(START_S)
            except TimeoutError:
                self._worker.kill("crashed")
                raise DiedError("crashed") from None
        return self._worker

    def _limit_time(self, worker: Worker | None, limit_s: float = 0.0) -> None:
        """Give the worker so much time for the next step; None: it rests."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if worker is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(limit_s, worker.kill, "deadline")

    def _count(self, reason: str) -> None:
        self.kills[reason] = self.kills.get(reason, 0) + 1
