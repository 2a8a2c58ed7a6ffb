"""Requests that wait for a worker: in line, or sent ahead to one that is at work.

A worker that goes to sleep between two short requests, and has to be woken for the second, loses
as much time as they take. So a short request that finds all workers busy is sent ahead to one that
has just begun, and lies in its socket until it gets there. Should what that worker is at turn out
long, the request is recalled and waits in line again, before all others.

A worker confirms a recall, so that an answer it has given nonetheless is not taken for the next.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from clustergraph.workers import wire
from clustergraph.workers.process import BusyError, DiedError, Worker

__all__ = ["BRISK_S", "Queue", "Waiter"]

BRISK_S: Final = 0.005
"""Nobody is sent ahead to a worker that has been at work for longer."""
# Nor is what is longer: it has to fit into the socket beside the request before it.
_AHEAD_BYTES: Final = 16 << 10


@dataclass(slots=True, eq=False)
class Waiter:
    """A request that waits for a worker.

    Attributes:
        take: is given the worker.
        on_long: called once if it has to wait for more than a moment.
        deadline_s: when it has to be answered.
        request: what may be sent ahead, a frame without its kind (see `wire.ASK`); empty: nothing.
        since_s: when it began to wait.
        sent_to: the worker that it was sent ahead to.
        future: of the task that waits for the worker, if one does.
    """

    take: Callable[[Worker], object]
    on_long: Callable[[], object] | None
    deadline_s: float
    request: bytes
    since_s: float
    sent_to: Worker | None = None
    future: asyncio.Future[Worker] | None = None

    def abandon(self) -> None:
        """Nobody wants the answer any more; whoever is given the worker hands it back."""
        self.on_long, self.request = None, b""

    def wait_in_task(self) -> None:
        """From now on ``future`` is given the worker, which is sent nothing ahead."""
        self.future = asyncio.get_running_loop().create_future()
        self.take, self.on_long, self.request = self.future.set_result, None, b""


class Queue:
    """Waiters, first come first served.

    Args:
        limit: how many may stand in line.
    """

    def __init__(self, limit: int) -> None:
        self.line: deque[Waiter] = deque()
        self.ahead: dict[Worker, Waiter] = {}
        self._limit = limit
        self._recalled: set[Worker] = set()

    def __len__(self) -> int:
        return len(self.line) + len(self.ahead)

    def add(self, waiter: Waiter) -> None:
        """Let one wait in line.

        Raises:
            BusyError: the line is full.
        """
        if len(self.line) >= self._limit:
            raise BusyError(f"{self._limit} requests wait already")
        self.line.append(waiter)

    def send_ahead(self, worker: Worker) -> None:
        """Send a busy worker the request that has waited longest, if it will soon get to it."""
        if (
            not self.line
            or not 0 < len(self.line[0].request) <= _AHEAD_BYTES
            or worker.on_long is None  # what it works on is known to be long
            or worker in self.ahead
            or worker in self._recalled
            or time.monotonic() - worker.since_s > BRISK_S
        ):
            return
        waiter = self.line[0]
        with suppress(DiedError):  # whoever reads its frames learns of it
            worker.send(waiter.request)
            self.line.popleft()
            self.ahead[worker], waiter.sent_to = waiter, worker

    def stuck(self, after_s: float) -> list[Worker]:
        """Return the workers that others wait behind and that have worked for longer."""
        now = time.monotonic()
        return [worker for worker in self.ahead if now - worker.since_s > after_s]

    def recall(self, worker: Worker) -> None:
        """Put what a worker was sent ahead in line again; the worker has to confirm that."""
        self.release(worker)
        self._recalled.add(worker)
        with suppress(DiedError):
            worker.tell(wire.RECALL)

    def release(self, worker: Worker) -> None:
        """Put what a worker was sent ahead in line again: it will not answer any more."""
        self._recalled.discard(worker)
        if waiter := self.ahead.pop(worker, None):
            waiter.sent_to = None
            self.line.appendleft(waiter)

    def owes(self, worker: Worker) -> bool:
        """Say whether a worker has yet to confirm a recall."""
        return worker in self._recalled

    def settle(self, worker: Worker, done: Callable[[bool], object]) -> None:
        """Hear such a worker out, once it has answered what it was at.

        Args:
            worker: from whom frames for nobody may come.
            done: told, in the end, whether it lives.
        """

        def take(frame: bytes) -> None:
            if not frame or frame[0] == wire.RECALLED:
                self._recalled.discard(worker)
                done(bool(frame))

        worker.hear(take)
