"""The frames that the serving process and its workers exchange.

They travel over a pair of SEQPACKET sockets, which keep frames whole: one ``recv`` is one frame.
A frame is a kind (one byte) and what belongs to it. What is too long for a frame goes as an
open file beside it.
"""

from __future__ import annotations

import os
import socket
import struct
import tempfile
from typing import IO, Final

__all__ = [
    "ABORT",
    "APPLIED",
    "APPLYING",
    "ASK",
    "CHUNK_BYTES",
    "COMMIT",
    "DATA",
    "END",
    "FILE",
    "FRAME_BYTES",
    "FULL",
    "HEAD",
    "KEEP",
    "OPEN",
    "OVER",
    "PUBLISHED",
    "READY",
    "RECALL",
    "RECALLED",
    "START",
    "TAKEN",
    "send",
    "take_file",
    "waiting",
]

# To a worker.
ASK: Final = 1
"""A request, whole: fields joined by NUL, the last of which, the body, may hold anything."""
FILE: Final = 2
"""A request with an empty body; the next message brings an open file that holds it."""
OPEN: Final = 3
"""Another generation to read; JSON."""

# From a worker.
READY: Final = 4
"""It has opened what it was told to; JSON."""
FULL: Final = 5
"""A whole answer: `HEAD`, header lines, body."""
START: Final = 6
"""The head of a long answer and its first bytes; laid out like FULL."""
DATA: Final = 7
END: Final = 8
ABORT: Final = 9
"""The answer cannot be finished: whoever reads it must see that it is broken."""
OVER: Final = 10
"""The request is for a worker that has a network."""

# A worker at work may be sent its next request ahead (see `clustergraph.workers.queue`).
RECALL: Final = 15
"""The request before this is for another; to a worker, which may have begun it already."""
RECALLED: Final = 16
"""The answer to RECALL: what was sent between the answer at hand and this is for nobody."""

# Between the serving process and the worker that writes.
COMMIT: Final = 11
"""Apply and publish what was taken; to the worker."""
TAKEN: Final = 12
"""The request is read and checked, and waits to be applied."""
APPLYING: Final = 13
"""It applies the request of that number, in four bytes; `APPLIED` stands for: all are."""
PUBLISHED: Final = 14
"""A new generation is on the disk; JSON. The answers follow."""
APPLIED: Final = 0xFFFFFFFF

HEAD: Final = struct.Struct("<BBHI")
"""Kind, flags, HTTP status, length of the header lines in bytes."""

KEEP: Final = 1
"""Flag: the same request gets the same bytes as long as the generation stays."""

CHUNK_BYTES: Final = 64 * 1024
"""An answer up to this long travels as one frame, a longer one in pieces of about this length."""
FRAME_BYTES: Final = 160 * 1024
"""No frame is longer. The usual socket buffer (208 KiB) takes one whole."""

_INLINE_BYTES: Final = 96 * 1024


def send(sock: socket.socket, head: bytes, body: bytes | IO[bytes]) -> None:
    """Send a request to an idle worker.

    Args:
        sock: its socket.
        head: all fields but the body, each followed by NUL.
        body: whole, or a file, of which the worker gets a descriptor of its own.

    Raises:
        OSError: the worker is gone.
    """
    if isinstance(body, bytes):
        if len(head) + len(body) <= _INLINE_BYTES:
            sock.send(b"\x01" + head + body)
            return
        with tempfile.TemporaryFile() as file:
            file.write(body)
            file.flush()
            _send_file(sock, head, file)
    else:
        body.flush()
        _send_file(sock, head, body)


def _send_file(sock: socket.socket, head: bytes, file: IO[bytes]) -> None:
    sock.send(b"\x02" + head)
    socket.send_fds(sock, [b"\x02"], [file.fileno()])


def waiting(sock: socket.socket) -> bytes:
    """Return the next frame if there is one already, else nothing."""
    try:
        return sock.recv(FRAME_BYTES, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return b""


def take_file(sock: socket.socket) -> IO[bytes]:
    """Return the file that follows a FILE frame, at its start."""
    _, descriptors, _, _ = socket.recv_fds(sock, 16, 1)
    file = os.fdopen(descriptors[0], "rb")
    # The descriptor shares its position with the sender's.
    file.seek(0)
    return file
