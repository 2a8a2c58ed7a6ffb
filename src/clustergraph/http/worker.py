"""The process that handles requests: ``python -m clustergraph.http.worker KIND OPTIONS …``.

The only place where text from strangers is parsed. One request at a time over one generation of
the graph; whoever started it ends it by SIGKILL.
"""

from __future__ import annotations

import gc
import json
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clustergraph.http.frames import EnoughError, Frames, read_request
from clustergraph.http.quick import Quick
from clustergraph.protocol import Config, Context, Request, Response, deliver, handle, questions
from clustergraph.quadstore import Engine
from clustergraph.workers import wire
from clustergraph.workers.confine import bind_to_parent, confine, limit_resources

if TYPE_CHECKING:
    from clustergraph.http.remote import Remote
    from clustergraph.http.writer import Writer

__all__ = ["main"]


_STACK_BYTES: Final = 256 << 20
_LONG_S: Final = 0.002
_RECALL: Final = bytes([wire.RECALL])
_RECALLED: Final = bytes([wire.RECALLED])


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
        self._quick: Quick | None = None

    def open(self, target: dict[str, Any]) -> None:
        """Open a generation in place of the one before."""
        # One database at a time: two would not fit into the memory that a worker may have.
        self._context = self._engine = self._quick = None
        self._engine = Engine(
            Path(target["directory"]),
            number=target["number"],
            policy=self._config.policy(self._network),
            base_iri=self._config.base_iri,
            union=self._config.default_graph == "union",
        )
        self._context = Context(
            self._engine.store,
            target["number"],
            self._config,
            network=self._network,
            committed_at=target["committed_at"],
            directory=Path(target["directory"]),
            engine=self._engine,
        )
        self._quick = Quick(self._sock, self._context)

    def serve(self) -> None:
        """Answer until the other end closes."""
        receive, ask, clock = self._sock.recv, wire.ASK, time.monotonic
        following, began_s = b"", clock()
        while data := following or receive(wire.FRAME_BYTES):
            following = b""
            kind = data[0]
            if kind == ask:
                if clock() - began_s > _LONG_S:
                    # What was sent ahead of such an answer has perhaps been recalled.
                    following = wire.waiting(self._sock)
                    if following[:1] == _RECALL:
                        continue
                began_s = clock()
                self.ask(data)
            elif kind == wire.RECALL:
                self._sock.send(_RECALLED)
            elif kind == wire.FILE:
                request, flags = read_request(data[1:])
                with wire.take_file(self._sock) as body:
                    request.body = body
                    self.answer(request, flags)
            else:
                self.open(json.loads(data[1:]))
                text = json.dumps({"wall": self._wall})
                self._sock.send(bytes([wire.READY]) + text.encode())

    def ask(self, data: bytes) -> None:
        """Answer a request that came whole."""
        try:
            if self._quick is not None and self._quick.answer(data):
                return
        except BrokenPipeError:
            sys.exit(0)
        except Exception:  # as in `answer`: something is sent already
            self._sock.send(bytes([wire.ABORT]))
            return
        self.answer(*read_request(data[1:]))

    def answer(self, request: Request, flags: bytes) -> None:
        """Handle one request and send its frames."""
        context = self._context
        assert context is not None  # noqa: S101 - OPEN comes first
        frames = Frames(self._sock, flags)
        try:
            if request.path in ("/sparql", "/store"):
                response = handle(request, context)
            else:
                response = self._other(request, context)
            if response.federated:
                self._sock.send(bytes([wire.OVER]))
            else:
                deliver(response, frames)
        except EnoughError:
            pass
        except BrokenPipeError:
            sys.exit(0)
        except Exception:  # whatever it is: nobody must take the beginning for the whole
            if not frames.started:
                raise
            self._sock.send(bytes([wire.ABORT]))

    def _other(self, request: Request, context: Context) -> Response:
        engine = self._engine
        assert engine is not None  # noqa: S101 - opened with the context
        if "language" in request.headers:
            # Only now: workers that answer queries alone need no templates.
            from clustergraph.http import showing

            return showing.respond(request, context, engine)
        if request.path.startswith("/queries/"):
            return questions.responder(engine)(request, context)
        return handle(request, context)


def main(arguments: list[str]) -> None:
    """Run a worker.

    Args:
        arguments: ``read``, ``federated``, ``prepare`` or ``write``, or for a graph elsewhere
            ``remote`` or ``remote-write``; the options as JSON; the descriptor of the socket; the
            process id of whoever started it.
    """
    kind, text, descriptor, parent = arguments
    bind_to_parent(int(parent))
    options = json.loads(text)
    # What works for strangers has to make do with less.
    own = kind in ("write", "prepare")
    memory = options["writer_memory_bytes" if own else "worker_memory_bytes"]
    limit_resources(memory, _STACK_BYTES)
    # One that is to ask other hosts, or to load from them, needs the network.
    remote = kind in ("remote", "remote-write")
    network = remote or kind == "federated" or bool(kind == "write" and options["allow_load"])
    wall = ", ".join(confine(network=network))
    sock = socket.socket(fileno=int(descriptor))
    config = config_of(options)
    server: Reader | Writer | Remote
    if kind == "write":
        from clustergraph.http.writer import Writer

        server = Writer(
            sock, config, wall, network, options["validate_writes"], options["inference"]
        )
    elif remote:
        from clustergraph.http.remote import Remote

        limit = "query_timeout_s" if kind == "remote" else "write_timeout_s"
        server = Remote(sock, config, options, options[limit])
    elif kind == "prepare":
        from clustergraph.http.preparer import Preparer

        server = Preparer(sock, config, wall, network)
    else:
        server = Reader(sock, config, wall, network)
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    server.serve()


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
        max_validate_bytes=options["max_validate_bytes"],
        shapes=options["shapes"] and Path(options["shapes"]),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
