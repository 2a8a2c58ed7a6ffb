"""Limits for each client address: open requests, failures and connections."""

from __future__ import annotations

import os
import socket
import time
from collections import Counter, OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Final

# Addresses of which a throttle remembers something.
_MOST_CLIENTS: Final = 10_000
_OPEN: Final = Path("/proc/self/fd")
_HAS_PROC: Final = _OPEN.is_dir()


class OpenRequests:
    """Counts the open requests of each address.

    Args:
        limit: how many one may have; 0: any number.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._open: dict[str, int] = {}

    def enter(self, client: str) -> bool:
        """Count a request as open; False: its client has too many."""
        count = self._open.get(client, 0)
        if self.limit and count >= self.limit:
            return False
        self._open[client] = count + 1
        return True

    def leave(self, client: str) -> None:
        """Count it as finished."""
        count = self._open[client]
        if count == 1:
            del self._open[client]
        else:
            self._open[client] = count - 1


class Throttle:
    """A token bucket for each address.

    Args:
        burst: events that are accepted at once.
        interval_s: after which one more is.
    """

    def __init__(self, burst: int, interval_s: float) -> None:
        self._burst = burst
        self._interval_s = interval_s
        # For each address the time at which its bucket is full again.
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def exhausted(self, client: str) -> bool:
        """Return whether an address has no event left."""
        full_at = self._full_at.get(client)
        if full_at is None:
            return False
        return full_at - time.monotonic() > (self._burst - 1) * self._interval_s

    def count(self, client: str) -> None:
        """Count an event of an address."""
        now = time.monotonic()
        self._full_at[client] = max(self._full_at.get(client, now), now) + self._interval_s
        self._full_at.move_to_end(client)
        if len(self._full_at) > _MOST_CLIENTS:
            self._full_at.popitem(last=False)


def close_surplus_connections(port: int, limit: int) -> int:
    """Close the connections of addresses that have too many.

    No web server that we know limits connections for each address, and a connection without a
    request never reaches the application. So the descriptors of this process are looked through,
    which works with any server.

    Args:
        port: that the service listens on.
        limit: connections that one address may have.

    Returns:
        How many were closed.
    """
    found: Counter[str] = Counter()
    closed = 0
    descriptors = sorted(_OPEN.iterdir(), key=lambda path: int(path.name)) if _HAS_PROC else []
    if len(descriptors) <= limit:
        return 0
    for path in descriptors:
        with suppress(OSError):
            if not path.readlink().name.startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(path.name))) as sock:
                if sock.family not in (socket.AF_INET, socket.AF_INET6):
                    continue
                if sock.getsockname()[1] != port:
                    continue
                client = sock.getpeername()[0]
                found[client] += 1
                if found[client] > limit:
                    sock.shutdown(socket.SHUT_RDWR)
                    closed += 1
    return closed
