"""Worker processes that handle requests which cannot be stopped otherwise.

A running query cannot be stopped inside its process, and a text that nests too deeply crashes its
process. So each request is handled by a process that may be killed: at its deadline, when its
client leaves, or because it crashed. The pool keeps ``size`` workers for short requests and a
spare ready; a request that runs long while others wait keeps its worker, at the lowest priority,
and the spare takes that worker's place.

A worker handles its requests in order. One that has just begun may be sent a second request, which
then waits in its socket and saves a wake-up. If the first takes longer than a moment, the second
is sent to another worker as well: requests are idempotent, and the later response is discarded.

The pool knows frames (`clustergraph.workers.wire`) but neither HTTP nor SPARQL, and never parses
what it carries. It belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from clustergraph.errors import StoreError
from clustergraph.workers import wire
from clustergraph.workers.call import FRAMES_AHEAD, Call, Seat
from clustergraph.workers.process import BusyError, DiedError, Target, Worker

__all__ = ["Pool", "PoolSize"]

_SWEEP_S: Final = 0.02
# A request behind one that takes longer than this is sent to another worker as well.
_MOMENT_S: Final = 0.005
# A request that takes longer than this is worth watching whether its client is still there.
_LONG_S: Final = 0.06
# A second request has to fit into the socket beside the first.
_SECOND_BYTES: Final = 16 << 10


@dataclass(frozen=True, slots=True)
class PoolSize:
    """How many workers there are.

    Attributes:
        workers: for short requests.
        spares: started ahead, to replace one that has to go.
        slots: for long requests; 0: requests keep their priority.
        long_after_s: how long a request is short, and longer while a worker is idle.
        queue: requests that may wait for a worker.
        depth: requests that a worker may have at once; 1 unless requests are idempotent.
    """

    workers: int = 2
    spares: int = 1
    slots: int = 8
    long_after_s: float = 0.5
    queue: int = 512
    depth: int = 2


class Pool:
    """Workers of one kind.

    Args:
        command: starts a worker; the descriptor of its socket and our process id are appended.
        target: what they read.
        size: how many of them.
        scratch: directory for their temporary files.
        environment: what they get besides our environment; see `Worker`.
    """

    def __init__(
        self,
        command: Sequence[str],
        target: Target,
        size: PoolSize,
        scratch: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.target = target
        self.size = size
        self.failures: dict[str, int] = {}
        self.wall = ""
        self.on_publish: Callable[[], object] = lambda: None
        """Called when another generation is served from now on."""
        self._command = command
        self._scratch = scratch
        self._environment = environment
        self._idle: deque[Seat] = deque()
        self._spares: deque[Seat] = deque()
        self._busy: set[Seat] = set()
        self._queue: deque[Call] = deque()
        self._starting = 0
        self._failed_starts = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._publishing = asyncio.Lock()
        self._stopped = False

    # Life

    async def start(self) -> None:
        """Start all workers and wait until they are ready.

        Raises:
            StoreError: they cannot start; says why.
        """
        count = self.size.workers + self.size.spares
        self._starting += count
        results = await asyncio.gather(
            *(self._spawn(self.target) for _ in range(count)), return_exceptions=True
        )
        seats = [result for result in results if isinstance(result, Seat)]
        for seat in seats:
            self._place_started(seat)
        for result in results:
            if isinstance(result, BaseException):
                await self.stop()
                raise result

    async def stop(self) -> None:
        """End all workers and all requests."""
        self._stopped = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for task in list(self._tasks):
            task.cancel()
        for call in list(self._queue):
            self.end(call, "stopped")
        for seat in (*self._busy, *self._idle, *self._spares):
            seat.process.close()
            for call in seat.calls:
                self._finish(call, "stopped")
        self._busy.clear()
        self._idle.clear()
        self._spares.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def ready(self) -> bool:
        """Whether a request would find a worker, now or when one becomes free."""
        return bool(self._idle or self._busy or self._spares) and not self._stopped

    def figures(self) -> dict[str, int]:
        """Return how many workers and requests there are, by state."""
        low = sum(seat.process.deprioritised for seat in self._busy)
        return {
            "idle": len(self._idle),
            "busy": len(self._busy) - low,
            "aged": low,
            "spare": len(self._spares),
            "starting": self._starting,
            "waiting": len(self._queue),
        }

    # Requests

    def submit(self, payload: bytes, file: IO[bytes] | None, deadline_s: float) -> Call:
        """Send a request to a worker, or let it wait for one, first come first served.

        Args:
            payload: what the worker gets; see `wire.send`.
            file: a body too long for a frame.
            deadline_s: when the response has to be complete, on the clock of `time.monotonic`.

        Raises:
            BusyError: the queue is full.
        """
        call = Call(self.end, payload, file, deadline_s)
        if not self._queue and self._dispatch(call):
            return call
        if len(self._queue) >= self.size.queue:
            raise BusyError(f"{self.size.queue} requests wait already")
        call.queued = True
        self._queue.append(call)
        self._watch()
        return call

    def end(self, call: Call, reason: str) -> None:
        """End a request whose response is not complete."""
        seat = call.worker
        if call.queued:
            call.queued = False
            self._queue.remove(call)
        elif seat is not None and seat.calls and seat.calls[0] is call:
            seat.process.kill(reason)
            return
        self._finish(call, reason)

    def _finish(self, call: Call, reason: str) -> None:
        if not call.reason:
            call.reason = reason
        call.wake()

    def _dispatch(self, call: Call) -> bool:
        """Send a request to an idle worker, or behind one that has just begun."""
        while self._idle:
            # The worker used last: its caches are warm.
            seat = self._idle.pop()
            if seat.process.usable:
                self._busy.add(seat)
                if self._send(seat, call):
                    return True
            else:
                self._discard(seat)
        if self.size.depth > 1 and call.file is None and len(call.payload) <= _SECOND_BYTES:
            now = time.monotonic()
            for seat in self._busy:
                if (
                    len(seat.calls) < self.size.depth
                    and now - seat.begun_s < _MOMENT_S
                    and seat.process.target is self.target
                    and seat.process.usable
                    and seat.calls[0].file is None
                ):
                    return self._send(seat, call)
        return False

    def _send(self, seat: Seat, call: Call) -> bool:
        try:
            seat.process.send(call.payload, call.file)
        except DiedError:
            if not seat.calls:
                self._discard(seat)
            return False
        if not seat.calls:
            seat.begun_s = time.monotonic()
        seat.calls.append(call)
        call.worker = seat
        call.queued = False
        if self._sweeper is None:
            self._watch()
        return True

    def _on_frame(self, seat: Seat, frame: bytes) -> None:
        """Give a frame to the request that a worker is handling."""
        if not frame:
            self._on_end(seat)
            return
        if not seat.calls:
            return
        call = seat.calls[0]
        if call.worker is seat and not call.reason:
            call.started = True
            call.frames.append(frame)
            if len(call.frames) >= FRAMES_AHEAD:
                seat.process.pause()
            call.wake()
        if wire.ends(frame):
            seat.calls.popleft()
            seat.begun_s = time.monotonic()
            seat.process.resume()
            if not seat.calls:
                self._release(seat)
                return
            following = seat.calls[0]
            if following.queued:
                # It waited for another worker as well, and this one was free first.
                self._queue.remove(following)
                following.queued = False
                following.worker = seat
            if self._queue:
                self._fill()

    def _on_end(self, seat: Seat) -> None:
        """Let another worker take the place of one that has ended."""
        cause = seat.process.cause()
        calls = list(seat.calls)
        seat.calls.clear()
        self._discard(seat, refill=False)
        if calls and cause != "superfluous":
            self.failures[cause] = self.failures.get(cause, 0) + 1
        for index, call in enumerate(reversed(calls)):
            if call.worker is not seat or call.queued or call.reason:
                continue
            first = index == len(calls) - 1
            retry = not (call.started or call.retried) and self.size.depth > 1
            if first and not (retry and cause == "killed"):
                self._finish(call, cause)
            else:
                # It only waited behind another, or something else killed its worker.
                call.retried = call.retried or first
                call.worker = None
                call.queued = True
                self._queue.appendleft(call)
        self._refill()
        self._fill()

    def _release(self, seat: Seat) -> None:
        """Use a worker that has nothing to do."""
        self._busy.discard(seat)
        process = seat.process
        if not process.usable or (process.deprioritised and not process.recover()):
            self._discard(seat)
        elif process.target is not self.target:
            self._run(self._refresh(seat))
        else:
            self._place(seat)
            self._fill()

    def _fill(self) -> None:
        """Dispatch what waits, as far as there are workers."""
        while self._queue:
            call = self._queue[0]
            call.queued = False
            if not self._dispatch(call):
                call.queued = True
                return
            self._queue.popleft()

    # Generations

    async def publish(self, target: Target) -> None:
        """Bring the workers to another generation without a request failing or waiting for it.

        Returns when every request submitted from then on reads the new generation.
        """
        async with self._publishing:
            if target.number <= self.target.number:
                return
            fresh = self._spares.popleft() if self._spares else None
            self._starting += 1
            if fresh is not None and not await self._open(fresh, target):
                fresh = None
            if fresh is None:
                fresh = await self._spawn(target)
            self.target = target
            self.on_publish()
            stale = [*self._idle, *self._spares]
            self._idle.clear()
            self._spares.clear()
            self._place_started(fresh)
            for seat in stale:
                self._run(self._refresh(seat))

    async def _open(self, seat: Seat, target: Target) -> bool:
        """Bring a worker to a generation; return whether it survived that."""
        try:
            await seat.process.open(target)
        except StoreError:
            seat.process.close()
            return False
        except BaseException:
            seat.process.close()
            raise
        seat.process.on_frame = lambda frame: self._on_frame(seat, frame)
        return True

    async def _refresh(self, seat: Seat) -> None:
        """Bring a worker to the generation that is served, and use it."""
        self._starting += 1
        while seat.process.target is not self.target:
            if not await self._open(seat, self.target):
                self._starting -= 1
                self._refill()
                return
        self._place_started(seat)

    # Workers

    async def _spawn(self, target: Target) -> Seat:
        """Start a worker; ``_starting`` counts it already, and no longer if this fails."""
        seat = Seat(Worker(self._command, target, self._scratch, self._environment))
        try:
            await seat.process.open(target)
        except BaseException:
            self._starting -= 1
            seat.process.close()
            raise
        seat.process.on_frame = lambda frame: self._on_frame(seat, frame)
        return seat

    def _place_started(self, seat: Seat) -> None:
        self._starting -= 1
        self.wall = seat.process.wall
        if self._stopped:
            seat.process.close()
        elif seat.process.target is not self.target:
            self._run(self._refresh(seat))
        else:
            self._place(seat)
            self._fill()

    def _place(self, seat: Seat) -> None:
        """Put a worker that has nothing to do where one is missing."""
        if self._short() < self.size.workers or self._queue:
            self._idle.append(seat)
        elif len(self._spares) < self.size.spares:
            self._spares.append(seat)
        else:
            seat.process.close()

    def _discard(self, seat: Seat, refill: bool = True) -> None:
        for seats in (self._idle, self._spares):
            if seat in seats:
                seats.remove(seat)
        self._busy.discard(seat)
        seat.process.close()
        if refill:
            self._refill()

    def _short(self) -> int:
        low = sum(seat.process.deprioritised for seat in self._busy)
        return len(self._idle) + len(self._busy) - low

    def _refill(self) -> None:
        """Let spares take the free places, and start what is missing then."""
        if self._stopped:
            return
        while self._spares and self._short() < self.size.workers:
            self._idle.append(self._spares.popleft())
        wanted = self.size.workers + self.size.spares
        missing = wanted - self._short() - len(self._spares) - self._starting
        for _ in range(missing):
            self._starting += 1
            self._run(self._replace())

    async def _replace(self) -> None:
        try:
            seat = await self._spawn(self.target)
        except StoreError:
            # Wait before the next attempt: a missing store must not keep us busy with starting.
            self._failed_starts += 1
            await asyncio.sleep(min(0.1 * 2**self._failed_starts, 5.0))
            self._refill()
            return
        self._failed_starts = 0
        self._place_started(seat)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Time

    def _watch(self) -> None:
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        """Kill what is past its deadline; lower the priority of what runs long."""
        self._sweeper = None
        now = time.monotonic()
        for call in [one for one in self._queue if now > one.deadline_s]:
            self.end(call, "busy")
        for seat in list(self._busy):
            self._sweep_seat(seat, now)
        for call in list(self._queue):
            _report_long(call, now)
        if self._queue:
            self._fill()
        if self._busy or self._queue:
            self._watch()

    def _sweep_seat(self, seat: Seat, now: float) -> None:
        if not seat.calls:
            return
        first, *others = seat.calls
        discarded = bool(first.reason) or first.worker is not seat
        if now > first.deadline_s:
            seat.process.kill("superfluous" if discarded else "deadline")
            return
        if discarded and now - seat.begun_s > _LONG_S:
            # Another worker answers it, or has done so.
            seat.process.kill("superfluous")
            return
        _report_long(first, now)
        if now - seat.begun_s > _MOMENT_S:
            for call in others:
                if call.worker is seat and not call.queued and not call.reason:
                    call.worker = None
                    call.queued = True
                    self._queue.appendleft(call)
        if self.size.slots and now - seat.begun_s > self.size.long_after_s:
            self._deprioritise(seat)

    def _deprioritise(self, seat: Seat) -> None:
        """Lower the priority of a long request, if it may keep others waiting."""
        if seat.process.deprioritised or not seat.process.usable:
            seat.process.retry_priority()
            return
        if self._idle and not self._queue:
            return
        if sum(other.process.deprioritised for other in self._busy) >= self.size.slots:
            if not self._starting:  # else there will be room in a moment
                seat.process.kill("slots")
            return
        seat.process.set_priority(low=True)
        self._refill()
        self._fill()


def _report_long(call: Call, now: float) -> None:
    if call.on_long is not None and now - call.begun_s > _LONG_S:
        report, call.on_long = call.on_long, None
        report()
