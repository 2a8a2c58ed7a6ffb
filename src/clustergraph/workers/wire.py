"""The frames that the serving process and its workers exchange.

They travel over a pair of SEQPACKET sockets, which keep frames whole: one ``recv`` is one frame.
A frame is a kind (one byte) and its payload. A body too long for a frame travels as an open file
beside it. What payloads mean is up to both ends; the pool looks at kinds only.
"""

from __future__ import annotations

import os
import socket
from typing import IO, Final

# To a worker.
ASK: Final = 1
"""A request with its body."""
FILE: Final = 2
"""A request without its body; the next message carries an open file that holds it."""
OPEN: Final = 3
"""The generation to read from now on; JSON."""

# From a worker.
READY: Final = 4
"""The generation is open; JSON."""
FULL: Final = 5
"""A complete response."""
START: Final = 6
"""Status and headers of a streamed response; DATA frames follow."""
DATA: Final = 7
END: Final = 8
ABORT: Final = 9
"""The response cannot be completed: the connection must be aborted."""
NETWORK: Final = 10
"""The request needs a worker with network access."""
FAILED: Final = 11
"""The worker cannot start, or cannot open its generation; the reason as text."""

CHUNK_BYTES: Final = 64 * 1024
"""A body up to this length travels in one frame, a longer one in frames of this length."""
FRAME_BYTES: Final = 192 * 1024
"""No frame is longer. The usual socket buffer (208 KiB) takes one whole."""

_ENDS: Final = frozenset((FULL, END, ABORT, NETWORK))
_ASK: Final = bytes([ASK])
_FILE: Final = bytes([FILE])


def ends(frame: bytes) -> bool:
    """Return whether a frame is the last of its response."""
    return frame[0] in _ENDS


def send(sock: socket.socket, payload: bytes, file: IO[bytes] | None = None) -> None:
    """Send a request to a worker.

    Args:
        sock: the worker's socket.
        payload: the encoded request, with its body unless that is in a file.
        file: the body, of which the worker gets a descriptor of its own.

    Raises:
        OSError: the worker is gone, or its socket is full.
    """
    if file is None:
        sock.send(_ASK + payload)
        return
    file.flush()
    sock.send(_FILE + payload)
    socket.send_fds(sock, [_FILE], [file.fileno()])


def receive_file(sock: socket.socket) -> IO[bytes]:
    """Return the file that follows a FILE frame, positioned at its start."""
    _, descriptors, _, _ = socket.recv_fds(sock, 16, 1)
    file = os.fdopen(descriptors[0], "rb")
    # The descriptor shares its position with the sender's.
    file.seek(0)
    return file
