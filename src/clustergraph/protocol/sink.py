"""Bodies of responses: serialisers write into chunks, and Turtle loses idle prefixes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

__all__ = ["CHUNK_BYTES", "Sink", "drop_idle_prefixes"]

CHUNK_BYTES: Final = 64 * 1024
"""An answer up to this long is sent in one piece, a longer one in chunks of about this length."""


class Sink:
    """A file for the engine's serialisers: gathers small writes into chunks.

    Args:
        write: takes one chunk; may block as long as the client is slow; raises when it has gone.
    """

    __slots__ = ("_parts", "_size", "_write", "broken", "total")

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._parts: list[bytes] = []
        self._size = 0
        self.total = 0
        self.broken = False

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        size = len(data)
        self.total += size
        if self._size + size > CHUNK_BYTES:
            try:
                self._write(b"".join(self._parts))
            except BaseException:
                self.broken = True
                raise
            self._parts = []
            self._size = 0
        self._parts.append(data)
        self._size += size
        return size

    def flush(self) -> None:
        """Do nothing: chunks go out when they are full."""

    def rewrite(self, change: Callable[[bytes], bytes], most_bytes: int = CHUNK_BYTES) -> None:
        """Change the whole body, if it is no longer than that and none of it has gone out."""
        if self.total == self._size <= most_bytes:
            self._parts = [change(self.rest())]
            self.total = self._size = len(self._parts[0])

    def rest(self) -> bytes:
        """Return what has not been written yet."""
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)


def drop_idle_prefixes(turtle: bytes) -> bytes:
    """Return Turtle or TriG without the declarations at its head that nothing below needs."""
    lines = turtle.split(b"\n")
    body = next((at for at, line in enumerate(lines) if not line.startswith(b"@prefix ")), 0)
    below = b"\n".join(lines[body:])
    kept = [line for line in lines[:body] if line[8 : line.index(b":") + 1] in below]
    return b"\n".join([*kept, below])
