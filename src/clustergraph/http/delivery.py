"""Responses out of a worker: as frames, compressed, without a body for HEAD, within the limit."""

from __future__ import annotations

import logging
import secrets
import socket
import sys
import traceback
import zlib
from functools import partial
from typing import Any, Final

from clustergraph.errors import ClusterGraphError
from clustergraph.http.codec import Head, Headers, encode_head
from clustergraph.protocol import Response, Sink, problems
from clustergraph.protocol.faults import fault
from clustergraph.workers import wire

# Shorter bodies gain nothing from compression.
_WORTH_COMPRESSING: Final = 1000
# A whole response is kept and sent often; one that is streamed has to keep up with the engine.
_WHOLE_LEVEL: Final = 6
_STREAM_LEVEL: Final = 2
_GZIP: Final = 31
_MAX_HEADER_BYTES: Final = 48 << 10
_MAX_ERROR_CHARACTERS: Final = 8000
_MOST_RECORDS: Final = 20
_DATA: Final = bytes([wire.DATA])
_END: Final = bytes([wire.END])


class HeadOnlyError(Exception):
    """Status and headers were all that was asked for."""


class LogBuffer(logging.Handler):
    """Keeps what handlers log, for the gateway to log it: a worker has no log of its own."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._records: list[str] = []
        logger = logging.getLogger("clustergraph")
        logger.addHandler(self)
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        if len(self._records) < _MOST_RECORDS:
            self._records.append(self.format(record))

    def take(self) -> str:
        """Return what has been logged since the last call."""
        if not self._records:
            return ""
        text = "\n".join(self._records)
        self._records.clear()
        return text


class Delivery:
    """Sends one response to the gateway.

    Args:
        sock: to the gateway; sending blocks while nobody reads, and that keeps a long response
            from filling memory.
        gzip: whether the client accepts gzip.
        head_only: whether it wants no body.
        limit: most bytes of the body, before compression.
        log: what handlers have logged; goes to the gateway with the response.

    Attributes:
        started: whether status and headers were sent.
        finished: whether the whole response was sent.
    """

    __slots__ = (
        "_compressor", "_gzip", "_head_only", "_limit", "_log", "_size", "_sock", "finished",
        "started",
    )  # fmt: skip

    def __init__(
        self,
        sock: socket.socket,
        gzip: bool,
        head_only: bool,
        limit: int,
        log: LogBuffer | None = None,
    ) -> None:
        self._sock = sock
        self._gzip = gzip
        self._head_only = head_only
        self._limit = limit
        self._log = log
        self._size = 0
        self._compressor: Any = None
        self.started = False
        self.finished = False

    def send(self, response: Response, error: str = "") -> None:
        """Send a response: in one piece if it is short, else streamed.

        Status and headers go out with the first chunk, not before: what fails until then still
        gets a status of its own.

        Args:
            response: the response.
            error: what the log should hold.

        Raises:
            RequestError: the body is longer than the limit.
            Exception: whatever making the body raises.
        """
        rest = response.body
        if not isinstance(rest, bytes):
            sink = Sink(partial(self._chunk, response))
            rest(sink)
            rest = sink.rest()
        if self.started:
            self._chunk(response, rest)
            self._end()
        else:
            self._whole(response, rest, error)

    def fail(self, error: Exception, accept: str | None) -> None:
        """Answer a request that failed while its response was made.

        Before the first byte it gets a status of its own; after it, the connection is aborted.
        After a complete response nothing is sent: a further frame would count for the next request.

        Args:
            error: what went wrong.
            accept: the request's Accept header.
        """
        if self.finished:
            return
        expected = isinstance(error, ClusterGraphError)
        details = str(error) if expected else "".join(traceback.format_exception(error))
        if self.started:
            self._sock.send(bytes([wire.ABORT]) + details[-_MAX_ERROR_CHARACTERS:].encode())
            return
        self._limit = sys.maxsize
        if isinstance(error, ClusterGraphError):
            self.send(problems.respond(error, accept))
            return
        identifier = secrets.token_hex(6)
        detail = f"an unexpected error, which the log of the service names {identifier}"
        told = fault("The service failed", detail, identifier=identifier)
        logged = f"{identifier}: {details}"[-_MAX_ERROR_CHARACTERS:]
        self.send(problems.respond(told, accept), logged)

    def _whole(self, response: Response, body: bytes, error: str = "") -> None:
        self._count(len(body))
        headers = _headers(response)
        if self._gzip and len(body) >= _WORTH_COMPRESSING and _compressible(headers):
            compressor = zlib.compressobj(_WHOLE_LEVEL, zlib.DEFLATED, _GZIP)
            body = compressor.compress(body) + compressor.flush()
            headers.append((b"content-encoding", b"gzip"))
        long = len(body) > wire.CHUNK_BYTES
        if (self._head_only or long) and response.status not in (204, 304):
            headers.append((b"content-length", b"%d" % len(body)))
        head = Head(response.status, headers, b"", response.cacheable, error, response.published)
        if self._head_only:
            self._send_head(wire.FULL, head)
        elif not long:
            head.body = body
            self._send_head(wire.FULL, head)
        else:
            self._send_head(wire.START, head)
            self._pieces(body)
            self._end()

    def _end(self) -> None:
        if self._compressor is not None:
            self._pieces(self._compressor.flush())
        self._sock.send(_END)
        self.finished = True

    def _chunk(self, response: Response, chunk: bytes) -> None:
        self._count(len(chunk))
        if not self.started:
            headers = _headers(response)
            if self._gzip and _compressible(headers):
                self._compressor = zlib.compressobj(_STREAM_LEVEL, zlib.DEFLATED, _GZIP)
                headers.append((b"content-encoding", b"gzip"))
            head = Head(response.status, headers, b"", response.cacheable)
            if self._head_only:
                self._send_head(wire.FULL, head)
                raise HeadOnlyError
            self._send_head(wire.START, head)
        self._pieces(chunk if self._compressor is None else self._compressor.compress(chunk))

    def _send_head(self, kind: int, head: Head) -> None:
        if self._log is not None and (logged := self._log.take()):
            head.error = "\n".join(filter(None, (head.error, logged)))[-_MAX_ERROR_CHARACTERS:]
        self._sock.send(encode_head(kind, head))
        self.started = True
        self.finished = kind == wire.FULL

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > self._limit:
            raise fault(
                "The answer is too large",
                f"the answer is longer than {self._limit:,} bytes; ask for less of it with LIMIT, "
                "or for fewer columns",
            )

    def _pieces(self, data: bytes) -> None:
        if len(data) <= wire.CHUNK_BYTES:
            if data:
                self._sock.send(_DATA + data)
            return
        view = memoryview(data)
        for start in range(0, len(view), wire.CHUNK_BYTES):
            self._sock.sendmsg([_DATA, view[start : start + wire.CHUNK_BYTES]])


def _compressible(headers: Headers) -> bool:
    return not any(
        name == b"content-encoding" or (name == b"content-type" and value == b"application/gzip")
        for name, value in headers
    )


def _headers(response: Response) -> Headers:
    """Return the headers of a response as HTTP/1.1 sends them.

    Raises:
        ValueError: a line break in one, or more than a client should be sent.
    """
    headers = [
        # Values are Latin-1 by HTTP/1.1; what is not (an IRI in a Link) goes as UTF-8 bytes.
        (name.lower().encode(), value.encode())
        for name, value in response.headers
    ]
    size = 0
    for name, value in headers:
        size += len(name) + len(value)
        if b"\n" in value or b"\r" in value or b"\0" in value:
            raise ValueError(f"a line break in the header {name.decode()}")
    if size > _MAX_HEADER_BYTES:
        raise ValueError(f"headers of {size:,} bytes")
    return headers
