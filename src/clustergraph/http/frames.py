"""Requests out of frames and responses into frames, on the side of the workers."""

from __future__ import annotations

import socket
import zlib
from typing import Any, Final

from clustergraph.protocol import Request, Response
from clustergraph.workers import wire

__all__ = ["EnoughError", "Frames", "head", "read_request"]

_FIELDS: Final = 8
"""Fields of a request before its body: method, path, query string, Accept, Content-Type, flags,
further headers, base."""
# Shorter answers gain nothing from compression.
_WORTH_COMPRESSING: Final = 1000
_GZIP_LEVEL: Final = 2
_GZIP: Final = 31


class EnoughError(Exception):
    """The head of the answer was all that was asked for."""


class Frames:
    """Puts a response into frames, compressed where that is asked for.

    Args:
        sock: to whom they go; sending blocks while nobody reads, and that is what keeps a long
            answer from filling memory.
        flags: ``g``: the client takes gzip; ``h``: it wants the head alone.
    """

    def __init__(self, sock: socket.socket, flags: bytes) -> None:
        self._sock = sock
        self._gzip = b"g" in flags
        self._head_only = b"h" in flags
        self._squeeze: Any = None
        self.started = False

    def whole(self, response: Response) -> None:
        """Send a complete response."""
        body = response.body
        assert isinstance(body, bytes)  # noqa: S101 - what `whole` means
        extra = b""
        if self._gzip and len(body) >= _WORTH_COMPRESSING and _compressible(response):
            squeeze = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP)
            body = squeeze.compress(body) + squeeze.flush()
            extra = b"content-encoding: gzip\r\n"
        if self._head_only:
            lines = extra + b"content-length: %d\r\n" % len(body)
            self._sock.send(head(wire.FULL, response, lines))
        elif len(body) <= wire.CHUNK_BYTES:
            self._sock.send(head(wire.FULL, response, extra) + body)
        else:
            lines = extra + b"content-length: %d\r\n" % len(body)
            self._sock.send(head(wire.START, response, lines))
            self.started = True
            self._pieces(memoryview(body))
            self._sock.send(bytes([wire.END]))

    def start(self, response: Response) -> None:
        """Send status and headers; chunks follow."""
        extra = b""
        if self._gzip and _compressible(response):
            self._squeeze = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP)
            extra = b"content-encoding: gzip\r\n"
        if self._head_only:
            self._sock.send(head(wire.FULL, response, extra))
            raise EnoughError
        self._sock.send(head(wire.START, response, extra))
        self.started = True

    def data(self, chunk: bytes) -> None:
        """Send a chunk of the body."""
        if self._squeeze is not None:
            chunk = self._squeeze.compress(chunk)
        if chunk:
            self._pieces(memoryview(chunk))

    def end(self, chunk: bytes) -> None:
        """Send the last chunk."""
        if self._squeeze is not None:
            chunk = self._squeeze.compress(chunk) + self._squeeze.flush()
        self._pieces(memoryview(chunk))
        self._sock.send(bytes([wire.END]))

    def _pieces(self, chunk: memoryview) -> None:
        for start in range(0, len(chunk), wire.CHUNK_BYTES):
            self._sock.sendmsg([bytes([wire.DATA]), chunk[start : start + wire.CHUNK_BYTES]])


def _compressible(response: Response) -> bool:
    return not any(
        name.lower() == "content-encoding" or value == "application/gzip"
        for name, value in response.headers
    )


def head(kind: int, response: Response, extra: bytes) -> bytes:
    """Return the beginning of a FULL or START frame.

    Args:
        kind: of the frame.
        response: whose status and headers it holds.
        extra: further header lines.
    """
    lines = "".join([f"{name}: {value}\r\n" for name, value in response.headers])
    if lines.count("\n") != len(response.headers) or lines.count("\r") != len(response.headers):
        raise ValueError("a line break in a response header")
    # Values are Latin-1 by HTTP/1.1; what is not (an IRI in a Link) goes as UTF-8 bytes.
    encoded = lines.encode("utf-8") + extra
    flags = wire.KEEP if response.cacheable else 0
    return wire.HEAD.pack(kind, flags, response.status, len(encoded)) + encoded


def read_request(payload: bytes) -> tuple[Request, bytes]:
    """Return the request that a payload holds, and its flags."""
    method, path, query_string, accept, content_type, flags, more, base, body = payload.split(
        b"\0", _FIELDS
    )
    headers = {}
    if accept:
        headers["accept"] = accept.decode("latin-1")
    if content_type:
        headers["content-type"] = content_type.decode("latin-1")
    if more:
        pieces = more.decode("latin-1").split("\x01")
        headers.update(zip(pieces[::2], pieces[1::2], strict=True))
    request = Request(
        method.decode("latin-1"),
        path.decode("latin-1"),
        query_string,
        headers,
        body,
        base.decode("latin-1"),
    )
    return request, flags
