"""HTTP/1.1 connections that do not wait for ever.

The server that carries the application has no limit on the length of a request's head and none
on the time that a client takes over it; both are set here, with the time that a client may let
an answer lie.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from clustergraph.http.hot import Hot, Short

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
        keep_alive_s: how long a connection may wait for its next request.
    """

    stall_s: ClassVar[float] = 30.0
    max_head_bytes: ClassVar[int] = 64 << 10
    open: ClassVar[set[Connection]] = set()
    keep_alive_s: ClassVar[float] = 30.0
    hot: ClassVar[Hot | None] = None
    """Answers requests the short way; see `clustergraph.http.hot`."""

    begun: Short | None = None
    """A request that is being answered the short way."""
    _raw = b""
    _fresh = True
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
        self.begun = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Answer the usual request the short way; count what else comes.

        A head that is too long is refused.
        """
        if self._phase == _REST or self._fresh:
            if self.begun is not None:
                self.cool()
            elif self._idle and (hot := Connection.hot) is not None:
                if hot.answer(self, data):
                    self._phase, self._since_s = _REST, time.monotonic()
                    return
                self._raw = data
            self._phase, self._received, self._since_s = _HEAD, 0, time.monotonic()
        else:
            self._raw = b""
        self._take(data)

    def _take(self, data: bytes) -> None:
        self._fresh = False
        self._received += len(data)
        super().data_received(data)
        if self._phase == _HEAD and self._received > self.max_head_bytes:
            self._refuse()

    @property
    def _idle(self) -> bool:
        """Whether nothing is being answered, nothing waits, and there may be one more."""
        cycle, limit = self.cycle, self.limit_concurrency
        return (
            (cycle is None or cycle.response_complete)
            and not self._paused
            and not self.transport.is_closing()
            and (limit is None or max(len(self.connections), len(self.tasks)) < limit)
        )

    def rest(self) -> None:
        """Note that a request has been answered the short way."""
        self.begun = None
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        self._since_s = time.monotonic()

    def cool(self) -> None:
        """Go on the usual way with a request that was begun the short way."""
        assert self.begun is not None  # noqa: S101 - the callers know
        self.begun.hand_over()
        self._phase, self._received, self._raw = _HEAD, 0, b""
        self._take(self.begun.data)

    def shutdown(self) -> None:
        """Close as soon as what is being answered has been."""
        if self.begun is not None:
            self.cool()
        super().shutdown()

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
        raw, self._raw = self._raw, b""
        if self.begun is not None:
            app = self.begun.go_on
            self.begun = None
        elif raw and Connection.hot is not None and cycle.keep_alive:
            Connection.hot.learn(raw, cycle.scope)
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
        if self._phase == _REST:
            # After an answer the usual way, the server itself keeps this time.
            if (
                now_s - self._since_s > self.keep_alive_s
                and self.begun is None
                and self._idle
                and self.timeout_keep_alive_task is None
            ):
                self.transport.close()
            return
        if now_s - self._since_s <= self.stall_s:
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
