"""Worker processes that handle requests which cannot be stopped otherwise.

A running query cannot be stopped inside its process, and a text that nests too deeply crashes its
process. So each request is handled by a process that may be killed: at its deadline, when its
client leaves, or because it crashed. The pool keeps a few more workers than may handle short
requests at once; a request that runs long while others wait keeps its worker, at the lowest
priority, and a spare one takes that worker's place.

The pool knows frames (`clustergraph.workers.wire`) but neither HTTP nor SPARQL, and never parses
what it carries. It belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from clustergraph.errors import StoreError
from clustergraph.workers import wire
from clustergraph.workers.process import BusyError, DiedError, Target, Worker

_FRAMES_AHEAD: Final = 4
"""Frames read ahead of a slow client; the rest stays in the kernel and blocks the worker."""
_SWEEP_S: Final = 0.02
# A request that takes longer than this is worth watching whether its client is still there.
_LONG_S: Final = 0.06


@dataclass(frozen=True, slots=True)
class PoolSize:
    """How many workers there are.

    Attributes:
        workers: for short requests.
        spares: started ahead, to replace one that has to go.
        slots: for long requests; 0: requests keep their priority.
        long_after_s: how long a request is short, and longer while no other waits.
        queue: requests that may wait for a worker.
        repeat: whether a request is repeated, once, whose worker another process has killed.
        limit_s: how long a worker may take for a request, however long that has waited; 0: until
            the deadline of the request.
    """

    workers: int = 2
    spares: int = 1
    slots: int = 8
    long_after_s: float = 0.5
    queue: int = 512
    repeat: bool = True
    limit_s: float = 0.0


class Call:
    """One request on its way through the pool, and the frames of its response.

    Attributes:
        deadline_s: when the response has to be complete, on the clock of `time.monotonic`.
        worker: that handles it; None: it waits for one.
        on_long: called once if it takes longer than a moment.
    """

    __slots__ = (
        "_waiter", "begun_s", "deadline_s", "file", "frames", "on_long", "payload", "pool",
        "reason", "repeated", "started", "worker",
    )  # fmt: skip

    def __init__(
        self, pool: Pool, payload: bytes, file: IO[bytes] | None, deadline_s: float
    ) -> None:
        self.pool = pool
        self.payload = payload
        self.file = file
        self.deadline_s = deadline_s
        self.on_long: Callable[[], object] | None = None
        self.worker: Worker | None = None
        self.frames: deque[bytes] = deque()
        self.begun_s = time.monotonic()
        self.repeated = False
        self.started = False
        self.reason = ""
        self._waiter: asyncio.Future[None] | None = None

    @property
    def target(self) -> Target:
        """The generation that it is answered from."""
        assert self.worker is not None  # noqa: S101 - a frame has come
        return self.worker.target

    async def frame(self) -> bytes:
        """Return the next frame of the response.

        Raises:
            DiedError: the worker ended.
            BusyError: no worker became free before the deadline.
        """
        while not self.frames:
            if self.reason == "busy":
                raise BusyError("no worker became free in time")
            if self.reason:
                raise DiedError(self.reason)
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        frame = self.frames.popleft()
        if len(self.frames) == _FRAMES_AHEAD - 1 and self.worker is not None:
            self.worker.resume()
        return frame

    def add(self, frame: bytes) -> None:
        """Take a frame from the worker."""
        self.started = True
        self.frames.append(frame)
        self._wake()

    def fail(self, reason: str) -> None:
        """Let `frame` raise an error when the frames that have come are read."""
        self.reason = reason
        self._wake()

    def cancel(self, reason: str) -> None:
        """End the request: leave the queue, or kill the worker that works on it."""
        self.pool.end(self, reason)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


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
        self._newest = target
        self.size = size
        self.failures: dict[str, int] = {}
        self.wall = ""
        self.on_publish: Callable[[], object] = lambda: None
        """Called when another generation is served from now on."""
        self._make = partial(Worker, command, scratch=scratch, environment=environment)
        self._idle: deque[Worker] = deque()
        self._busy: dict[Worker, Call] = {}
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
        for result in results:
            if isinstance(result, Worker):
                self._place_started(result)
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
        for call in (*self._queue, *self._busy.values()):
            call.fail("stopped")
        for worker in (*self._busy, *self._idle):
            worker.close()
        for some in (self._queue, self._busy, self._idle):
            some.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def ready(self) -> bool:
        """Whether a request would find a worker, now or when one becomes free."""
        return bool(self._idle or self._busy) and not self._stopped

    def figures(self) -> dict[str, int]:
        """Return how many workers and requests there are, by state."""
        short = self._short()
        idle = min(len(self._idle), self.size.workers - short)
        return {
            "idle": idle,
            "busy": short,
            "aged": len(self._busy) - short,
            "spare": len(self._idle) - idle,
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
        if len(self._queue) >= self.size.queue:
            raise BusyError(f"{self.size.queue} requests wait already")
        call = Call(self, payload, file, deadline_s)
        self._queue.append(call)
        self._fill()
        self._watch()
        return call

    def end(self, call: Call, reason: str) -> None:
        """End a request whose response is not complete."""
        if call.worker is None:
            if call in self._queue:
                self._queue.remove(call)
            call.fail(reason)
        elif self._busy.get(call.worker) is call:
            call.worker.kill(reason)

    def _fill(self) -> None:
        while self._queue and self._idle and self._short() < self.size.workers:
            # The worker used last: its caches are warm.
            worker, call = self._idle.pop(), self._queue[0]
            try:
                worker.send(call.payload, call.file)
            except DiedError:
                self._discard(worker)
                continue
            self._queue.popleft()
            call.worker = worker
            worker.begun_s = time.monotonic()
            if self.size.limit_s:
                call.deadline_s = worker.begun_s + self.size.limit_s
            self._busy[worker] = call

    def _on_frame(self, worker: Worker, frame: bytes) -> None:
        if not frame:
            self._on_end(worker)
            return
        call = self._busy.get(worker)
        if call is None:
            return
        call.add(frame)
        if wire.ends(frame):
            del self._busy[worker]
            self._release(worker)
        elif len(call.frames) >= _FRAMES_AHEAD:
            worker.pause()

    def _on_end(self, worker: Worker) -> None:
        """Let another worker take the place of one that has ended."""
        cause = worker.cause()
        call = self._busy.pop(worker, None)
        if call is not None:
            self.failures[cause] = self.failures.get(cause, 0) + 1
            if cause == "killed" and self.size.repeat and not (call.started or call.repeated):
                call.repeated, call.worker = True, None
                self._queue.appendleft(call)
            else:
                call.fail(cause)
        self._discard(worker)
        self._fill()

    def _release(self, worker: Worker) -> None:
        if not worker.usable or worker.deprioritised:
            # Raising its priority again needs rights that few processes have.
            self._discard(worker)
        elif worker.target is not self.target:
            self._run(self._refresh(worker))
        else:
            self._place(worker)

    # Generations

    async def publish(self, target: Target) -> None:
        """Bring the workers to another generation without a request failing or waiting for it.

        Returns when every request submitted from then on reads the new generation.
        """
        if target.number > self._newest.number:
            self._newest = target
        async with self._publishing:
            if target.number <= self.target.number:
                return
            target, fresh = await self._reader_of_newest()
            self.target = target
            self.on_publish()
            stale = [*self._idle]
            self._idle.clear()
            self._place_started(fresh)
            for worker in stale:
                self._run(self._refresh(worker))

    async def _reader_of_newest(self) -> tuple[Target, Worker]:
        """Return the newest generation and a worker that reads it.

        Raises:
            StoreError: none can be opened.
        """
        while True:
            target = self._newest
            fresh = self._idle.popleft() if self._idle else None
            self._starting += 1
            if fresh is not None and await self._open(fresh, target):
                return target, fresh
            try:
                return target, await self._spawn(target)
            except StoreError:
                # The generation may have been removed when newer ones were committed.
                if self._newest is target:
                    raise

    async def _open(self, worker: Worker, target: Target) -> bool:
        """Bring a worker to a generation; return whether it survived that."""
        try:
            await worker.open(target)
        except BaseException as error:
            worker.close()
            if isinstance(error, StoreError):
                return False
            raise
        worker.on_frame = partial(self._on_frame, worker)
        return True

    async def _refresh(self, worker: Worker) -> None:
        """Bring a worker to the generation that is served, and use it."""
        self._starting += 1
        while worker.target is not self.target:
            if not await self._open(worker, self.target):
                self._starting -= 1
                self._refill()
                return
        self._place_started(worker)

    # Workers

    async def _spawn(self, target: Target) -> Worker:
        """Start a worker; ``_starting`` counts it already, and no longer if this fails."""
        worker = self._make(target)
        try:
            await worker.open(target)
        except BaseException:
            self._starting -= 1
            worker.close()
            raise
        worker.on_frame = partial(self._on_frame, worker)
        return worker

    def _place_started(self, worker: Worker) -> None:
        self._starting -= 1
        self.wall = worker.wall
        if self._stopped:
            worker.close()
        elif worker.target is not self.target:
            self._run(self._refresh(worker))
        else:
            self._place(worker)

    def _place(self, worker: Worker) -> None:
        """Let a worker that has nothing to do wait for requests, if it is missing."""
        if self._missing() + self._starting > 0:
            self._idle.append(worker)
            self._fill()
        else:
            worker.close()

    def _discard(self, worker: Worker) -> None:
        if worker in self._idle:
            self._idle.remove(worker)
        worker.close()
        self._refill()

    def _short(self) -> int:
        """Return how many workers handle requests that are not known to be long."""
        return sum(not worker.deprioritised for worker in self._busy)

    def _missing(self) -> int:
        wanted = self.size.workers + self.size.spares
        return wanted - self._short() - len(self._idle) - self._starting

    def _refill(self) -> None:
        """Start the workers that are missing."""
        for _ in range(0 if self._stopped else self._missing()):
            self._starting += 1
            self._run(self._replace())

    async def _replace(self) -> None:
        try:
            worker = await self._spawn(self.target)
        except StoreError:
            # Wait before the next attempt: a missing store must not keep us busy with starting.
            self._failed_starts += 1
            await asyncio.sleep(min(0.1 * 2**self._failed_starts, 5.0))
            self._refill()
            return
        self._failed_starts = 0
        self._place_started(worker)

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
        for call in (*self._queue, *self._busy.values()):
            if now > call.deadline_s:
                self.end(call, "busy" if call.worker is None else "deadline")
            elif call.on_long is not None and now - call.begun_s > _LONG_S:
                report, call.on_long = call.on_long, None
                report()
        if self.size.slots:
            for worker in list(self._busy):
                if now - worker.begun_s > self.size.long_after_s:
                    self._deprioritise(worker)
        self._fill()
        if self._busy or self._queue:
            self._watch()

    def _deprioritise(self, worker: Worker) -> None:
        """Lower the priority of a long request while others wait."""
        if worker.deprioritised or not worker.usable or not self._queue:
            return
        if len(self._busy) - self._short() >= self.size.slots:
            if not self._starting:  # else there will be room in a moment
                worker.kill("slots")
            return
        worker.deprioritise()
        self._refill()
        self._fill()
