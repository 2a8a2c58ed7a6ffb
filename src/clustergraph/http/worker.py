"""The process that handles requests: ``python -m clustergraph.http.worker JOB …``.

The only place where untrusted text is parsed. It handles one request at a time over one generation
of the graph; the gateway ends it by SIGKILL.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from clustergraph import artefacts
from clustergraph.errors import ClusterGraphError
from clustergraph.http import remote, routes
from clustergraph.http.codec import Job, decode_job, decode_request
from clustergraph.http.delivery import Delivery, HeadOnlyError, LogBuffer
from clustergraph.pages import indexes
from clustergraph.pages.visit import Visit
from clustergraph.pages.words import LANGUAGES
from clustergraph.protocol import (
    Change,
    Config,
    Context,
    Handler,
    Request,
    Response,
    faults,
    problems,
)
from clustergraph.quadstore import Engine
from clustergraph.quadstore.transport import credentials_from
from clustergraph.settings import cache_directory
from clustergraph.vocab import BASE
from clustergraph.workers import wire
from clustergraph.workers.confine import (
    bind_to_parent,
    confine,
    limit_resources,
    lower_priority,
)

_STACK_BYTES: Final = 256 << 20
_ROOMS: Final = ("ontology", "shapes", "queries", "data")
# Requests come first, but page data must not starve: visitors may wait for them.
_PREPARE_NICE: Final = 5
# Nobody waits for page data at the other end.
_PREPARE_BUDGET_S: Final = 120.0
AHEAD: Final = ("/find", "/catalog", "/things", "/ontology", "/quality", "/quality/checks")
"""The pages that keep something on disk for each generation, the most used first."""


def respond(handler: Handler, request: Request, context: Context) -> Response:
    """Return the response of a handler that reads; errors become problem documents."""
    try:
        found = handler(request, context)
    except ClusterGraphError as error:
        return problems.respond(error, request.headers.get("accept"))
    if isinstance(found, Change):
        raise faults.read_only()
    if not context.generation:
        # Nothing is known of another server's generations: no answer is kept or bears a tag.
        found.cacheable = False
    return found


class Reader:
    """A worker that reads: answers from one generation, opened read-only.

    Args:
        sock: from and to the gateway.
        open_context: opens a generation.
        handlers: by operation.
        wall: what keeps it from the network; empty: nothing does.
    """

    def __init__(
        self,
        sock: socket.socket,
        open_context: Callable[[Mapping[str, Any]], Context],
        handlers: Mapping[str, Handler],
        wall: str = "",
    ) -> None:
        self._sock = sock
        self._open_context = open_context
        self._handlers = handlers
        self._wall = wall
        self._context: Context | None = None
        self._log = LogBuffer()

    def serve(self) -> None:
        """Answer until the other end closes."""
        receive = self._sock.recv
        while frame := receive(wire.FRAME_BYTES):
            kind = frame[0]
            if kind == wire.ASK:
                self._answer(decode_request(memoryview(frame)[1:]))
            elif kind == wire.FILE:
                request = decode_request(memoryview(frame)[1:])
                with wire.receive_file(self._sock) as request.body:
                    self._answer(request)
            else:
                self._open(json.loads(frame[1:]))

    def _open(self, target: Mapping[str, Any]) -> None:
        # One database at a time: two would not fit into the memory that a worker may have.
        self._context = None
        self._context = self._open_context(target)
        ready = json.dumps({"wall": self._wall}).encode()
        self._sock.send(bytes([wire.READY]) + ready)

    def _answer(self, request: Request) -> None:
        context = self._context
        assert context is not None  # noqa: S101 - OPEN comes first
        limit = context.config.max_result_bytes
        delivery = Delivery(self._sock, request.gzip, request.head_only, limit, self._log)
        try:
            response = respond(self._handlers[request.operation], request, context)
            if response.federated:
                self._sock.send(bytes([wire.NETWORK]))
            else:
                delivery.send(response)
        except HeadOnlyError:
            pass
        except BrokenPipeError:
            sys.exit(0)
        except Exception as error:
            delivery.fail(error, request.headers.get("accept"))


def open_generation(config: Config, network: bool) -> Callable[[Mapping[str, Any]], Context]:
    """Return what opens a generation of a store."""

    def open_context(target: Mapping[str, Any]) -> Context:
        engine = Engine(
            Path(target["directory"]),
            number=target["number"],
            policy=config.policy(network),
            base_iri=BASE,
            union=config.default_graph == "union",
        )
        return Context(
            engine.store,
            target["number"],
            config,
            committed_at=target["committed_at"],
            network=network,
            directory=engine.directory,
            engine=engine,
        )

    return open_context


def preparing(
    open_context: Callable[[Mapping[str, Any]], Context], whole: bool
) -> Callable[[Mapping[str, Any]], Context]:
    """Return what opens a generation and computes what pages need of the whole of it.

    So the first visitor does not wait, and no deadline of a query applies to a large graph.

    Args:
        open_context: opens a generation.
        whole: whether all pages that keep something on disk are made, or the search index alone,
            of that of an earlier generation where possible.
    """

    def open_and_prepare(target: Mapping[str, Any]) -> Context:
        context = replace(open_context(target), budget_s=_PREPARE_BUDGET_S)
        indexes.ensure(Visit(Request("GET", "/find"), context, context.engine, "/find"))
        for path, language in itertools.product(AHEAD, LANGUAGES) if whole else ():
            found = routes.resolve(path)
            assert found is not None  # noqa: S101 - pages have routes
            route, parameters = found[0]["GET"], found[1]
            request = Request(
                "GET", path, headers={"accept": "text/html"}, operation=route.operation,
                parameters=parameters, language=language,
            )  # fmt: skip
            routes.READERS[route.operation](request, context)
        return context

    return open_and_prepare


def main(arguments: list[str]) -> None:
    """Run a worker.

    Args:
        arguments: a `Job` as JSON; the descriptor of the socket; the process id of the gateway.
    """
    text, descriptor, parent = arguments
    bind_to_parent(int(parent))
    sock = socket.socket(fileno=int(descriptor))
    try:
        _run(decode_job(text), sock)
    except Exception as error:
        expected = isinstance(error, ClusterGraphError)
        reason = str(error) if expected else traceback.format_exc()
        sock.send(bytes([wire.FAILED]) + reason.encode()[-wire.CHUNK_BYTES :])
        sys.exit(3)


def _run(job: Job, sock: socket.socket) -> None:
    limit_resources(job.memory_bytes, _STACK_BYTES)
    config = job.config
    # One that calls other hosts, or loads from them, needs the network.
    network = job.kind in ("remote", "remote-write", "federated") or bool(
        job.kind == "write" and config.allow_load
    )
    wall = ", ".join(_confine(job, network))
    handlers, opened = routes.READERS, open_generation(config, network)
    if job.kind == "write":
        # Readers, of which there are many, start sooner without what validates.
        from clustergraph.http.writer import Committer

        committer = Committer(config, network, job.validate, job.infer)
        handlers = {name: committer.committing(one) for name, one in routes.WRITERS.items()}
        opened = committer.open
    elif job.kind in ("remote", "remote-write"):
        handlers = remote.WRITERS if job.kind == "remote-write" else remote.READERS
        # Neither the list of processes nor a log shows what is in the environment.
        opened = remote.opener(job, credentials_from(os.environ))
    elif job.kind in ("prepare", "refresh"):
        lower_priority(os.getpid(), _PREPARE_NICE)
        opened = preparing(opened, whole=job.kind == "prepare")
    server = Reader(sock, opened, handlers, wall)
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    server.serve()


def _confine(job: Job, network: bool) -> tuple[str, ...]:
    """Restrict this process to its store, its temporary directory and the shipped files."""
    temporary = Path(tempfile.gettempdir())
    write = [*map(Path, job.directories), temporary, cache_directory()]
    read = [artefacts.room(name) for name in _ROOMS]
    read += [path for path in (job.config.shapes, job.config.regions) if path is not None]
    return confine(network=network, write=write, read=read)


if __name__ == "__main__":
    main(sys.argv[1:])
