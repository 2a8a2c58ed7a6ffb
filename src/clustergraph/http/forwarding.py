"""Writes that go to another server, by workers of their own."""

from __future__ import annotations

import time
from typing import IO

from clustergraph.http.cache import Answer, parse_head
from clustergraph.http.reading import complete
from clustergraph.workers import wire
from clustergraph.workers.pool import Pool

__all__ = ["Forwarding"]


class Forwarding:
    """Hands writes to workers that pass them on; stands where `Writing` does.

    Args:
        pool: these workers.
        timeout_s: how long one write may take, waiting included.
    """

    def __init__(self, pool: Pool, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s

    async def start(self) -> None:
        """Start the workers.

        Raises:
            StoreError: they cannot start.
        """
        await self._pool.start()

    async def stop(self) -> None:
        """End them; whether what they had sent was done, only the other server knows."""
        await self._pool.stop()

    async def submit(self, head: bytes, body: bytes | IO[bytes]) -> Answer:
        """Return the answer to a write; it is never sent twice.

        Raises:
            BusyError: too many wait already.
            DiedError: the worker ended over it.
        """
        worker = await self._pool.take(time.monotonic() + self._timeout_s)
        healthy = False
        try:
            worker.send(head, body)
            frame = await worker.frame()
            _, status, lines, content = parse_head(frame)
            if frame[0] == wire.START:
                while (frame := await worker.frame())[0] == wire.DATA:
                    content += frame[1:]
            healthy = True
            return complete(status, lines, content, b"", worker)
        finally:
            self._pool.give(worker, healthy)
