"""Complete responses, kept for as long as the generation that they were made from."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from clustergraph.http.codec import Head

# What an entry takes besides its bytes, and a header besides its.
_ENTRY_BYTES: Final = 600
_HEADER_BYTES: Final = 120
# One entry takes at most this part of the room.
_SHARE: Final = 8


class AnswerCache:
    """Responses by request; the least recently used is removed first.

    Args:
        room_bytes: how much memory they may take, keys and headers included; 0 keeps nothing.
    """

    def __init__(self, room_bytes: int) -> None:
        self.room_bytes = room_bytes
        self.used_bytes = 0
        self.hits = 0
        self.misses = 0
        self._answers: OrderedDict[bytes, Head] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def limit_bytes(self) -> int:
        """The largest entry that is kept."""
        return self.room_bytes // _SHARE

    def get(self, key: bytes) -> Head | None:
        """Return the response to a request, if it is kept."""
        answer = self._answers.get(key)
        if answer is None:
            self.misses += 1
            return None
        self.hits += 1
        self._answers.move_to_end(key)
        return answer

    def put(self, key: bytes, answer: Head) -> None:
        """Keep a response, unless it is too long."""
        size = len(key) + _size_bytes(answer)
        if size > self.limit_bytes or key in self._answers:
            return
        self._answers[key] = answer
        self.used_bytes += size
        while self.used_bytes > self.room_bytes:
            oldest, removed = self._answers.popitem(last=False)
            self.used_bytes -= len(oldest) + _size_bytes(removed)

    def clear(self) -> None:
        """Remove all: another generation is published."""
        self._answers.clear()
        self.used_bytes = 0


def _size_bytes(answer: Head) -> int:
    headers = sum(len(name) + len(value) + _HEADER_BYTES for name, value in answer.headers)
    return len(answer.body) + headers + _ENTRY_BYTES
