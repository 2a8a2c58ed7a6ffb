"""Work beside the requests: what pages need of a whole generation is computed ahead.

`Background` belongs to the serving process and runs one such process at a time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from clustergraph.errors import StoreError
from clustergraph.workers.process import Target, Worker

# Commits that follow each other closely are computed as one.
_PAUSE_S: Final = 2.0
_MOST_S: Final = 1800.0
_log: Final = logging.getLogger("clustergraph")


class Background:
    """Computes page data of the generation that is served, one process at a time.

    What it has begun it finishes, since searches use the last that was finished; and it rests at
    least as long as it has worked. The first generation is prepared whole; after a commit the
    search index is brought up to date, and other pages compute what they need when visited.

    Args:
        command: starts the process for the first generation; the descriptor of its socket and our
            process id are appended.
        refresh: starts it for the generations that follow.
        scratch: directory for its temporary files.
    """

    def __init__(
        self, command: Sequence[str], refresh: Sequence[str], scratch: Path | None = None
    ) -> None:
        self.on_failure: Callable[[], object] = lambda: None
        """Called when a generation could not be prepared."""
        self._command = command
        self._refresh = refresh
        self._scratch = scratch
        self._next: Target | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self, target: Target, after_s: float = _PAUSE_S) -> None:
        """Prepare a generation in a while, unless a later one comes before."""
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
            begun_s = time.monotonic()
            await self._prepare(target)
            self._command = self._refresh
            pause_s = max(_PAUSE_S, time.monotonic() - begun_s)

    async def _prepare(self, target: Target) -> None:
        worker = Worker(self._command, target, self._scratch)
        try:
            await worker.open(target, _MOST_S)
        except StoreError as error:
            # Pages compute it when they are asked for, within the limits of queries.
            _log.warning("page data could not be computed ahead: %s", error)
            self.on_failure()
        finally:
            worker.close()
