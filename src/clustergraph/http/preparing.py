"""Has what pages need of a whole generation worked out ahead, beside the requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from clustergraph.workers import wire
from clustergraph.workers.process import DiedError, Target, Worker

__all__ = ["Preparing"]

# Commits that follow each other closely are worked out as one.
_PAUSE_S: Final = 2.0
_MOST_S: Final = 1800.0


class Preparing:
    """One process at a time, for the generation that is served; see `preparer`.

    What it has begun it finishes, since searches fall back on the last that was finished; and it
    rests at least as long as it has worked.

    Args:
        command: starts the process; the descriptor of its socket and our process id are added.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.failures = 0
        self._command = command
        self._next: Target | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self, target: Target, after_s: float = _PAUSE_S) -> None:
        """Have a generation worked out in a while, unless a later one comes before."""
        self._next = target
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(after_s))

    async def stop(self) -> None:
        """End it; what is not finished is begun anew by the next service."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, pause_s: float) -> None:
        while self._next is not None:
            await asyncio.sleep(pause_s)
            target, self._next = self._next, None
            began_s = time.monotonic()
            await self._prepare(target)
            pause_s = max(_PAUSE_S, time.monotonic() - began_s)

    async def _prepare(self, target: Target) -> None:
        worker = Worker(self._command, target, bytearray(wire.FRAME_BYTES))
        try:
            worker.open(target)
            await worker.ready(_MOST_S)
        except (DiedError, TimeoutError):
            # The pages work it out when they are asked for, within the limits of queries.
            self.failures += 1
        finally:
            worker.close()
