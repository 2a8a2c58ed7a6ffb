"""Whole answers, kept for as long as the generation that they were made from."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import clustergraph
from clustergraph.workers import wire
from clustergraph.workers.process import Target

__all__ = ["Answer", "AnswerCache", "Lines", "parse_head", "parse_lines", "tag"]

Lines = list[tuple[bytes, bytes]]

# What an entry takes besides its bytes.
_OVERHEAD_BYTES: Final = 600
# One entry takes at most this part of the room.
_SHARE: Final = 8
_VERSION: Final = clustergraph.__version__.encode()[:32]


@dataclass(slots=True)
class Answer:
    """A whole answer.

    Attributes:
        status: the HTTP status.
        lines: its headers, with ETag and Content-Length.
        body: its bytes, compressed if the headers say so.
        etag: the value of its ETag; empty: it has none.
        raw: status line, headers and body as HTTP/1.1 sends them.
    """

    status: int
    lines: Lines
    body: bytes
    etag: bytes = b""
    raw: bytes = b""


def tag(key: bytes, target: Target) -> bytes:
    """Return the ETag of what a request gets from a generation (RFC 9110, section 8.8.3).

    Another version of the program may answer the same request otherwise.
    """
    stamp = b"%.6f %b" % (target.committed_at, _VERSION)
    digest = blake2b(key, digest_size=9, key=stamp).hexdigest()
    return b'"%d-%s"' % (target.number, digest.encode())


class AnswerCache:
    """Answers by request, least recently used out first.

    Args:
        room_bytes: how much they may take; 0 keeps nothing.
    """

    def __init__(self, room_bytes: int) -> None:
        self.room_bytes = room_bytes
        self.used_bytes = 0
        self.hits = 0
        self.misses = 0
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def limit_bytes(self) -> int:
        """The longest body that is kept."""
        return self.room_bytes // _SHARE

    def get(self, key: bytes) -> Answer | None:
        """Return the answer to a request, if it is here."""
        answer = self.peek(key)
        if answer is None:
            self.misses += 1
        return answer

    def peek(self, key: bytes) -> Answer | None:
        """Return the answer to a request, if it is here; that it is not does not count."""
        answer = self._answers.get(key)
        if answer is not None:
            self.hits += 1
            self._answers.move_to_end(key)
        return answer

    def put(self, key: bytes, answer: Answer) -> None:
        """Keep an answer, unless it is too long."""
        if len(answer.body) > self.limit_bytes or key in self._answers:
            return
        self._answers[key] = answer
        self.used_bytes += _size(key, answer)
        while self.used_bytes > self.room_bytes:
            self.used_bytes -= _size(*self._answers.popitem(last=False))

    def clear(self) -> None:
        """Forget all: another generation is published."""
        self._answers.clear()
        self.used_bytes = 0


def _size(key: bytes, answer: Answer) -> int:
    # Its raw form may be made later, and is about as long as its body.
    return len(key) + 2 * len(answer.body) + _OVERHEAD_BYTES


_PARSED: dict[bytes, Lines] = {}
_PARSED_LIMIT: Final = 2000


def parse_head(frame: bytes) -> tuple[int, int, Lines, bytes]:
    """Return flags, status, headers and body of a FULL or START frame."""
    _, flags, status, length = wire.HEAD.unpack_from(frame)
    end = wire.HEAD.size + length
    block = frame[wire.HEAD.size : end]
    return flags, status, parse_lines(block), frame[end:]


def parse_lines(block: bytes) -> Lines:
    """Return header lines as pairs; names in lower case."""
    lines = _PARSED.get(block)
    if lines is None:
        if len(_PARSED) > _PARSED_LIMIT:
            _PARSED.clear()
        pairs = (line.split(b": ", 1) for line in block.split(b"\r\n")[:-1])
        lines = _PARSED[block] = [(name.lower(), value) for name, value in pairs]
    return lines
