"""One request on its way through the pool, and the seat that it has at a worker."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import IO, Final

from clustergraph.workers.process import BusyError, DiedError, Target, Worker

__all__ = ["FRAMES_AHEAD", "Call", "Seat"]

FRAMES_AHEAD: Final = 4
"""Frames read ahead of a slow client; the rest stays in the kernel and blocks the worker."""


class Call:
    """One request on its way through the pool, and the frames of its response.

    Attributes:
        deadline_s: when the response has to be complete, on the clock of `time.monotonic`.
        target: the generation that it is answered from, once it has a worker.
        on_long: called once if it takes longer than a moment.
    """

    __slots__ = (
        "_end", "_waiter", "begun_s", "deadline_s", "file", "frames", "on_long", "payload",
        "queued", "reason", "retried", "started", "worker",
    )  # fmt: skip

    def __init__(
        self,
        end: Callable[[Call, str], object],
        payload: bytes,
        file: IO[bytes] | None,
        deadline_s: float,
    ) -> None:
        self.payload = payload
        self.file = file
        self.deadline_s = deadline_s
        self.on_long: Callable[[], object] | None = None
        self.worker: Seat | None = None
        self.frames: deque[bytes] = deque()
        self.begun_s = time.monotonic()
        self.queued = False
        self.retried = False
        self.started = False
        self.reason = ""
        self._end = end
        self._waiter: asyncio.Future[None] | None = None

    @property
    def target(self) -> Target:
        """The generation that it is answered from."""
        assert self.worker is not None  # noqa: S101 - a frame has come
        return self.worker.process.target

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
        if len(self.frames) == FRAMES_AHEAD - 1 and self.worker is not None:
            self.worker.process.resume()
        return frame

    def cancel(self, reason: str) -> None:
        """End the request: leave the queue, or kill the worker that works on it."""
        self._end(self, reason)

    def wake(self) -> None:
        """Let `frame` look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Seat:
    """A worker and the requests that it has been sent, in order; the first is being handled."""

    __slots__ = ("begun_s", "calls", "process")

    def __init__(self, process: Worker) -> None:
        self.process = process
        self.calls: deque[Call] = deque()
        self.begun_s = 0.0
