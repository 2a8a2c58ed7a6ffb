"""Worker processes that evaluate what cannot be stopped otherwise.

A query that runs cannot be stopped inside its process, and a text that nests too deeply takes
its process down. So each request is handled by a process that may be killed: at its deadline,
when its client leaves, or because it took itself down. The pool keeps ``size`` workers for young
requests and a spare ready; a request that grows old while others come keeps its worker, at the
lowest priority, while the spare takes that one's place.

The pool knows frames (`clustergraph.workers.wire`) but neither HTTP nor SPARQL, and never parses
what it carries. All of it belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clustergraph.errors import StoreError
from clustergraph.workers import wire
from clustergraph.workers.process import BusyError, DiedError, Target, Worker
from clustergraph.workers.queue import BRISK_S, Queue, Waiter

__all__ = ["START_S", "Pool", "PoolSize"]

_SWEEP_S: Final = 0.02
START_S: Final = 30.0
"""How long a worker may take to open a graph."""
# From then on it is worth watching whether the client is still there.
_SHORT_S: Final = 0.06


@dataclass(frozen=True, slots=True)
class PoolSize:
    """How many workers there are.

    Attributes:
        workers: for young requests.
        spares: started ahead, to replace one that has to go.
        slots: for requests that have grown old; 0: none grows old.
        aged_after_s: how long a request is young, and longer while a worker is idle.
        waiting: requests that may wait for a worker.
    """

    workers: int = 2
    spares: int = 1
    slots: int = 8
    aged_after_s: float = 0.5
    waiting: int = 512


class Pool:
    """Workers of one kind.

    Args:
        command: starts a worker; the descriptor of its socket and our process id are added.
        target: what they read.
        size: how many of them.
    """

    def __init__(self, command: Sequence[str], target: Target, size: PoolSize) -> None:
        self.target = target
        self.size = size
        self.kills: dict[str, int] = {}
        self.wall = ""
        self.on_publish: Callable[[], object] = lambda: None
        """Called when another generation is served from now on."""
        self.idle: deque[Worker] = deque()
        self.spares: deque[Worker] = deque()
        self.busy: set[Worker] = set()
        self._waiting = Queue(size.waiting)
        self._command = command
        self._buffer = bytearray(wire.FRAME_BYTES)
        self._starting = 0
        self._failures = 0
        self._tasks: set[asyncio.Task[Any]] = set()
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
            *(self._spawn() for _ in range(count)), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                await self.stop()
                raise result
            self._ready(result)

    async def stop(self) -> None:
        """End all workers."""
        self._stopped = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        for task in list(self._tasks):
            task.cancel()
        for worker in (*self.idle, *self.spares):
            worker.close()
        for worker in list(self.busy):
            worker.kill("stopped")
            worker.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def ready(self) -> bool:
        """Whether a request would find a worker, now or when one comes back."""
        return bool(self.idle or self.busy or self.spares) and not self._stopped

    def figures(self) -> dict[str, int]:
        """Return how many workers and requests there are, by state."""
        return {
            "idle": len(self.idle),
            "busy": sum(not worker.aged for worker in self.busy),
            "aged": sum(worker.aged for worker in self.busy),
            "spare": len(self.spares),
            "starting": self._starting,
            "waiting": len(self._waiting),
        }

    # Requests

    def take_now(self, deadline_s: float) -> Worker | None:
        """Return an idle worker, if there is one, for a request that ends by then.

        Args:
            deadline_s: on the clock of `time.monotonic`.
        """
        while self.idle:
            # The one that worked last: its caches are warm.
            worker = self.idle.pop()
            if worker.usable:
                return self._assign(worker, deadline_s)
            self._discard(worker)
        return None

    def wait(
        self,
        take: Callable[[Worker], object],
        deadline_s: float,
        on_long: Callable[[], object] | None = None,
        request: bytes = b"",
    ) -> Waiter:
        """Wait for a worker, first come first served, without a task.

        Args:
            take: is given the worker, some time; one that is `Waiter.sent_to` has been sent the
                request already.
            deadline_s: when the request has to be answered.
            on_long: called once if that takes more than a moment.
            request: may be sent ahead, as a frame without its kind; see `wire.ASK`.

        Raises:
            BusyError: the queue is full.
        """
        waiter = Waiter(take, on_long, deadline_s, request, time.monotonic())
        self._waiting.add(waiter)
        if request:
            for worker in self.busy:
                self._send_ahead(worker)
        self._watch()
        return waiter

    def wait_in_task(self, waiter: Waiter) -> None:
        """Let a task wait instead, in the same place: it gets the worker from `take`."""
        waiter.wait_in_task()
        if waiter.sent_to is not None:
            self._recall(waiter.sent_to)

    async def take(self, deadline_s: float, waiter: Waiter | None = None) -> Worker:
        """Return a worker, first come first served.

        Args:
            deadline_s: when the request has to be answered.
            waiter: one that has waited already and keeps its place; see `wait_in_task`.

        Raises:
            BusyError: the queue is full, or the deadline passed in it.
        """
        loop = asyncio.get_running_loop()
        if waiter is None:
            if not self._waiting.line and (worker := self.take_now(deadline_s)):
                return worker
            waiter = self.wait(_nobody, deadline_s)
            waiter.wait_in_task()
        future = waiter.future
        assert future is not None  # noqa: S101 - see `Waiter.wait_in_task`
        try:
            async with asyncio.timeout_at(loop.time() + deadline_s - time.monotonic()):
                return await future
        except TimeoutError as error:
            self._withdraw(waiter, future)
            raise BusyError("no worker became free in time") from error
        except asyncio.CancelledError:
            self._withdraw(waiter, future)
            raise

    def give(self, worker: Worker, healthy: bool) -> None:
        """Hand a worker back.

        Args:
            worker: from `take`.
            healthy: whether it has sent its whole answer.
        """
        worker.on_frame = worker.on_long = None
        if worker.watch is not None:
            worker.watch.cancel()
            worker.watch = None
        self.busy.discard(worker)
        if worker.reason:
            self.kills[worker.reason] = self.kills.get(worker.reason, 0) + 1
        elif not healthy and not worker.usable:
            cause = worker.cause()
            self.kills[cause] = self.kills.get(cause, 0) + 1
        healthy = healthy and worker.usable and not self._stopped
        if not healthy or (worker.aged and not worker.recover()):
            self._waiting.release(worker)
            worker.close()
            self._refill()
        elif self._waiting.owes(worker):
            self._assign(worker, time.monotonic() + self.size.aged_after_s)
            self._waiting.settle(worker, lambda lives: self.give(worker, lives))
        elif waiter := self._waiting.ahead.pop(worker, None):
            self._hand(worker, waiter)
        elif worker.target is not self.target:
            self._run(self._refresh(worker))
        else:
            self._place(worker)

    async def publish(self, target: Target) -> None:
        """Bring the workers to another generation without a request failing or waiting for it.

        Returns when every request taken from then on reads the new generation.
        """
        async with self._publishing:
            if target.number <= self.target.number:
                return
            fresh = self.spares.popleft() if self.spares else None
            self._starting += 1
            if fresh is None or not await self._reopen(fresh, target):
                fresh = await self._spawn(target)
            else:
                self._starting -= 1
            self.target = target
            self.on_publish()
            stale = list(self.idle) + list(self.spares)
            self.idle.clear()
            self.spares.clear()
            self._ready(fresh)
            for worker in stale:
                self._run(self._refresh(worker))

    # Inside

    def _assign(self, worker: Worker, deadline_s: float) -> Worker:
        worker.on_frame = None
        worker.since_s = time.monotonic()
        worker.deadline_s = deadline_s
        self.busy.add(worker)
        self._watch()
        return worker

    def _watch(self) -> None:
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

    def _withdraw(self, waiter: Waiter, future: asyncio.Future[Worker]) -> None:
        """Forget one that waits no longer; a worker that it was just given goes to the next."""
        if waiter in self._waiting.line:
            self._waiting.line.remove(waiter)
        elif future.done() and not future.cancelled():
            self.give(future.result(), healthy=True)

    def _offer(self, worker: Worker) -> None:
        line = self._waiting.line
        if not line:
            self._relieve(BRISK_S)
        if line:
            self._hand(worker, line.popleft())
            return
        self.idle.append(worker)
        worker.hear(self._idle_frame(worker))

    def _hand(self, worker: Worker, waiter: Waiter) -> None:
        waiter.take(self._assign(worker, waiter.deadline_s))
        self._send_ahead(worker)

    def _send_ahead(self, worker: Worker) -> None:
        if worker in self.busy and worker.target is self.target:
            self._waiting.send_ahead(worker)

    def _relieve(self, after_s: float) -> None:
        """Free requests that lie behind work of more than ``after_s`` seconds."""
        for worker in self._waiting.stuck(after_s):
            self._recall(worker)

    def _recall(self, worker: Worker) -> None:
        """Let what lies behind a worker go to the next that is free."""
        self._waiting.recall(worker)
        line = self._waiting.line
        while line and (free := self.take_now(line[0].deadline_s)):
            self._hand(free, line.popleft())

    def _idle_frame(self, worker: Worker) -> Callable[[bytes], None]:
        # An idle worker has nothing to say: if its socket turns readable, it has died.
        return lambda _: self._discard(worker)

    def _discard(self, worker: Worker) -> None:
        for place in (self.idle, self.spares):
            if worker in place:
                place.remove(worker)
        worker.close()
        self._refill()

    def _young(self) -> int:
        return len(self.idle) + sum(not worker.aged for worker in self.busy)

    def _ready(self, worker: Worker) -> None:
        """Put a worker that has opened its target where one is missing."""
        self._starting -= 1
        self.wall = worker.wall
        if self._stopped:
            worker.close()
        elif worker.target is not self.target:
            self._starting += 1
            self._run(self._refresh_started(worker))
        else:
            self._place(worker)

    def _place(self, worker: Worker) -> None:
        """Put a worker that has nothing to do where one is missing."""
        if self._young() < self.size.workers or self._waiting.line:
            self._offer(worker)
        elif len(self.spares) < self.size.spares:
            self.spares.append(worker)
            worker.hear(self._idle_frame(worker))
        else:
            worker.close()

    def _refill(self) -> None:
        """Let spares take the places that are free, and start what is missing then."""
        if self._stopped:
            return
        while self.spares and self._young() < self.size.workers:
            self._offer(self.spares.popleft())
        wanted = self.size.workers + self.size.spares
        missing = wanted - self._young() - len(self.spares) - self._starting
        for _ in range(missing):
            self._starting += 1
            self._run(self._replace())

    async def _replace(self) -> None:
        try:
            worker = await self._spawn()
        except StoreError:
            # Not at once again, or a store that went away would keep us busy with spawning.
            self._failures += 1
            await asyncio.sleep(min(0.1 * 2**self._failures, 5.0))
            self._refill()
            return
        self._failures = 0
        self._ready(worker)

    async def _spawn(self, target: Target | None = None) -> Worker:
        """Start a worker; ``_starting`` counts it already, and no longer if this fails."""
        worker = Worker(self._command, target or self.target, self._buffer)
        try:
            worker.open(worker.target)
            await worker.ready(START_S)
        except (DiedError, TimeoutError) as error:
            self._starting -= 1
            worker.close()
            code = worker.process.returncode
            raise StoreError(
                f"a worker process could not start (it ended with {code}): the memory limit may "
                f"be too low for the engine, or {worker.target.directory} cannot be read"
            ) from error
        except BaseException:
            self._starting -= 1
            worker.close()
            raise
        return worker

    async def _reopen(self, worker: Worker, target: Target) -> bool:
        """Bring a worker to a generation; say whether it survived that."""
        try:
            worker.open(target)
            await worker.ready(START_S)
        except (DiedError, TimeoutError):
            worker.close()
            return False
        except BaseException:
            worker.close()
            raise
        return True

    async def _refresh(self, worker: Worker) -> None:
        self._starting += 1
        await self._refresh_started(worker)

    async def _refresh_started(self, worker: Worker) -> None:
        if await self._reopen(worker, self.target):
            self._ready(worker)
        else:
            self._starting -= 1
            self._refill()

    def _run(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _sweep(self) -> None:
        """Kill what is past its deadline; demote what has grown old."""
        self._sweeper = None
        self._relieve(BRISK_S if self.idle else _SHORT_S)
        now = time.monotonic()
        for worker in list(self.busy):
            if now > worker.deadline_s:
                worker.kill("deadline")
                continue
            if worker.on_long is not None and now - worker.since_s > _SHORT_S:
                tell, worker.on_long = worker.on_long, None
                tell()
            if now - worker.since_s > self.size.aged_after_s and self.size.slots:
                self._age(worker)
        for waiter in list(self._waiting.line):
            if waiter.on_long is not None and now - waiter.since_s > _SHORT_S:
                tell, waiter.on_long = waiter.on_long, None
                tell()
        if self.busy or self._waiting:
            self._watch()

    def _age(self, worker: Worker) -> None:
        """Let an old request step back, if there are others that it may keep waiting."""
        if worker.aged or not worker.usable:
            worker.settle()
            return
        if self.idle and not self._waiting.line:
            return
        if sum(other.aged for other in self.busy) >= self.size.slots:
            if not self._starting:  # else there will be room in a moment
                worker.kill("slots")
            return
        worker.set_aged(True)
        self._refill()


def _nobody(_: Worker) -> None:
    raise AssertionError("a worker for nobody")
