"""HTTP/1.1 connections that do not wait for ever.

The server that carries the application has no limit on the length of a request's head and none
on the time that a client takes over it; both are set here, with the time that a client may let
an answer lie.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["Connection"]

# Slower than this, over a whole interval, counts as standing still.
_LEAST_BYTES: Final = 1024
# What a connection waits for: the rest of a head, the rest of a body, or nothing from its client.
_HEAD, _BODY, _REST = range(3)


class Connection(HttpToolsProtocol):
    """A connection of one client, for uvicorn's ``http=``.

    Attributes:
        stall_s: how long a request's head may take, or a body or an answer stand still.
        max_head_bytes: longest request line and headers.
    """

    stall_s: ClassVar[float] = 30.0
    max_head_bytes: ClassVar[int] = 64 << 10
    open: ClassVar[set[Connection]] = set()
    hot: ClassVar[Callable[[Connection, Any], bool] | None] = None
    """Answers a request the short way if it can; see `clustergraph.service.hot`."""

    _phase = _HEAD
    _since_s = 0.0
    _received = 0
    _paused = False
    _writing_since_s = 0.0
    _refused = False

    def connection_made(self, transport: Any) -> None:
        """Start the clock."""
        super().connection_made(transport)
        self._since_s = time.monotonic()
        self.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.open.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes; a head that is too long is refused."""
        if self._phase == _REST:
            self._phase, self._received, self._since_s = _HEAD, 0, time.monotonic()
        self._received += len(data)
        super().data_received(data)
        if self._phase == _HEAD and self._received > self.max_head_bytes:
            self._refuse()

    def on_message_begin(self) -> None:
        """Let the application find its connection."""
        super().on_message_begin()
        self._phase = _HEAD
        self.scope["connection"] = self  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        """Start the clock of the body."""
        if self._received > self.max_head_bytes:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > self.max_head_bytes:
                self._refuse()
                raise ValueError("the head is too long")
        self._phase, self._received, self._since_s = _BODY, 0, time.monotonic()
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        hot = Connection.hot
        if hot is None or not hot(self, cycle):
            super()._start_asgi_task(cycle, app)

    def start(self, cycle: Any, app: Any) -> None:
        """Let an application answer a request that was begun the short way."""
        super()._start_asgi_task(cycle, app)

    def on_message_complete(self) -> None:
        """Stop the clock: what follows is our part."""
        self._phase = _REST
        super().on_message_complete()

    def _refuse(self) -> None:
        if not self._refused:
            self._refused = True
            self.transport.write(
                b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n"
                b"connection: close\r\n\r\n"
            )
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, unless it is refused already."""
        if not self._refused:
            self._refused = True
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        """Start the clock of a client that does not read."""
        self._paused = True
        self._writing_since_s = time.monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Stop that clock."""
        self._paused = False
        super().resume_writing()

    def check(self, now_s: float) -> None:
        """Break the connection if its client stands still; called every second or so."""
        if self._paused:
            if now_s - self._writing_since_s > self.stall_s:
                self.abort()
            return
        if self._phase == _REST or now_s - self._since_s <= self.stall_s:
            return
        slow = self._phase == _HEAD or self._received < _LEAST_BYTES
        # Unless it is us who do not read.
        if slow and not self.flow.read_paused:
            self.abort()
        self._received, self._since_s = 0, now_s

    def abort(self) -> None:
        """Break the connection off, so that the client sees that its answer is not whole."""
        if self.transport is not None:
            self.transport.abort()
