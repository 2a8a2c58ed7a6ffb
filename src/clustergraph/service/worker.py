"""The process that handles requests: ``python -m clustergraph.service.worker KIND OPTIONS …``.

The only place where text from strangers is parsed. One request at a time over one generation of
the graph; whoever started it ends it by SIGKILL.
"""

from __future__ import annotations

import gc
import json
import socket
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from clustergraph.service import questions
from clustergraph.service.protocol import Config, Context, Request, Response, deliver, handle
from clustergraph.store import Engine, wire
from clustergraph.store.confine import bind_to_parent, cut_network, limit_resources

__all__ = ["FIELDS", "Frames", "main", "read_request"]

FIELDS: Final = 8
"""Fields of a request before its body: method, path, query string, Accept, Content-Type, flags,
further headers, base."""

_STACK_BYTES: Final = 256 << 20
# Shorter answers gain nothing from compression.
_WORTH_COMPRESSING: Final = 1000
_GZIP_LEVEL: Final = 2
_GZIP: Final = 31


class _EnoughError(Exception):
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
            head = extra + b"content-length: %d\r\n" % len(body)
            self._sock.send(_head(wire.FULL, response, head))
        elif len(body) <= wire.CHUNK_BYTES:
            self._sock.send(_head(wire.FULL, response, extra) + body)
        else:
            head = extra + b"content-length: %d\r\n" % len(body)
            self._sock.send(_head(wire.START, response, head))
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
            self._sock.send(_head(wire.FULL, response, extra))
            raise _EnoughError
        self._sock.send(_head(wire.START, response, extra))
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
    return all(name.lower() != "content-encoding" for name, _ in response.headers)


def _head(kind: int, response: Response, extra: bytes) -> bytes:
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
        b"\0", FIELDS
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


class Reader:
    """A worker that reads: answers from one generation, opened read-only.

    Args:
        sock: from and to the serving process.
        config: what the operator decided.
        wall: what stands between it and the network; empty: nothing does.
        network: whether nothing is meant to.
    """

    def __init__(self, sock: socket.socket, config: Config, wall: str, network: bool) -> None:
        self._sock = sock
        self._config = config
        self._wall = wall
        self._network = network
        self._context: Context | None = None
        self._engine: Engine | None = None

    def open(self, target: dict[str, Any]) -> None:
        """Open a generation in place of the one before."""
        # One database at a time: two would not fit into the memory that a worker may have.
        self._context = self._engine = None
        self._engine = Engine(Path(target["directory"]), number=target["number"])
        self._context = Context(
            self._engine.store, target["number"], self._config, network=self._network
        )

    def serve(self) -> None:
        """Answer until the other end closes."""
        receive, ask = self._sock.recv, wire.ASK
        while data := receive(wire.FRAME_BYTES):
            kind = data[0]
            if kind == ask:
                self.answer(*read_request(data[1:]))
            elif kind == wire.FILE:
                request, flags = read_request(data[1:])
                with wire.take_file(self._sock) as body:
                    request.body = body
                    self.answer(request, flags)
            else:
                self.open(json.loads(data[1:]))
                text = json.dumps({"wall": self._wall})
                self._sock.send(bytes([wire.READY]) + text.encode())

    def answer(self, request: Request, flags: bytes) -> None:
        """Handle one request and send its frames."""
        context = self._context
        assert context is not None  # noqa: S101 - OPEN comes first
        frames = Frames(self._sock, flags)
        respond: Callable[[Request, Context], Response] = handle
        if request.path.startswith("/queries/") or request.path == "/":
            assert self._engine is not None  # noqa: S101 - opened with the context
            respond = questions.responder(self._engine)
        try:
            response = respond(request, context)
            if response.federated:
                self._sock.send(bytes([wire.OVER]))
            else:
                deliver(response, frames)
        except _EnoughError:
            pass
        except BrokenPipeError:
            sys.exit(0)
        except Exception:  # the one place where all must be caught: a bug is one request's 500
            if not frames.started:
                raise
            self._sock.send(bytes([wire.ABORT]))


def main(arguments: list[str]) -> None:
    """Run a worker.

    Args:
        arguments: ``read`` or ``federated``; the options as JSON; the descriptor of the socket;
            the process id of whoever started it.
    """
    kind, text, descriptor, parent = arguments
    bind_to_parent(int(parent))
    options = json.loads(text)
    limit_resources(options["worker_memory_bytes"], _STACK_BYTES)
    wall = cut_network() if kind == "read" else ""
    sock = socket.socket(fileno=int(descriptor))
    reader = Reader(sock, config_of(options), wall, kind == "federated")
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    reader.serve()


def config_of(options: dict[str, Any]) -> Config:
    """Return what the protocols need of the service's options."""
    return Config(
        default_graph=options["default_graph"],
        max_result_bytes=options["max_result_bytes"],
        max_query_bytes=options["max_query_bytes"],
        max_nesting=options["max_nesting"],
        max_upload_bytes=options["max_upload_bytes"],
        allow_service=tuple(options["allow_service"]),
        allow_load=tuple(options["allow_load"]),
        writable=options["writable"],
    )


if __name__ == "__main__":
    main(sys.argv[1:])
