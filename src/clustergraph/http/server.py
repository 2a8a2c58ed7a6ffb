"""Runs the service: a listening socket, the worker processes and the server in between."""

from __future__ import annotations

import errno
import json
import resource
import socket
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import uvicorn

from clustergraph.errors import StoreError, UsageError
from clustergraph.http.app import create_app
from clustergraph.http.connection import Connection
from clustergraph.http.forwarding import Forwarding
from clustergraph.http.front import Front
from clustergraph.http.hot import Hot
from clustergraph.http.options import Options
from clustergraph.http.preparing import Preparing
from clustergraph.quadstore.generations import Generations
from clustergraph.questions import catalogue
from clustergraph.workers.pool import Pool, PoolSize
from clustergraph.workers.process import Target

__all__ = ["configure", "create_front", "create_remote_front", "listen", "run"]

_BACKLOG: Final = 2048
_KEEP_ALIVE_S: Final = 30
# Descriptors that are not connections: workers, files, the log.
_SPARE_DESCRIPTORS: Final = 100
_MOST_CONNECTIONS: Final = 20_000
# Writes to another server, each a request of its own; they wait for it rather than for a core.
_FORWARDING_WORKERS: Final = 2
_FEDERATED: Final = PoolSize(workers=2, spares=0, slots=0, waiting=64)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address.

    Args:
        host: a name or an address; IPv6 without brackets.
        port: 0 takes a free one.

    Raises:
        UsageError: the port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        match getattr(error, "errno", None):
            case errno.EADDRINUSE:
                reason = f"port {port} is in use; choose another: --port {port + 1 if port else 0}"
            case errno.EACCES:
                reason = f"port {port} needs privileges; choose one above 1023"
            case _:
                reason = f"not an address of this machine ({error})"
        raise UsageError(f"cannot listen on {host}:{port}: {reason}") from error


def create_front(directory: Path, options: Options) -> Front:
    """Return the service over a graph, as an ASGI application.

    Its workers start with its lifespan.

    Args:
        directory: the store.
        options: what the operator decided.

    Raises:
        StoreError: there is no graph.
    """
    target = target_of(directory)
    readers = Pool(_command("read", options), target, _size(options))
    federated = None
    if options.allow_service:
        federated = Pool(_command("federated", options), target, _FEDERATED)
    app = create_app()
    writer = _command("write", options) if options.takes_writes else None
    preparing = Preparing(_command("prepare", options)) if options.prepare else None
    look = partial(target_of, directory)
    front = Front(options, readers, app, federated, writer, look, preparing=preparing)
    app.state.graph = front
    return front


def create_remote_front(address: str, options: Options) -> Front:
    """Return the service in front of another SPARQL server, as an ASGI application.

    Args:
        address: where that server answers queries; may hold a name and a password.
        options: what the operator decided; ``remote`` is set.
    """
    target = Target(0, address)
    readers = Pool(_command("remote", options), target, _size(options))
    writing = None
    if options.takes_writes:
        size = PoolSize(_FORWARDING_WORKERS, spares=0, slots=0, waiting=options.queue)
        pool = Pool(_command("remote-write", options), target, size)
        writing = Forwarding(pool, options.write_timeout_s)
    app = create_app()
    front = Front(options, readers, app, forwarding=writing)
    app.state.graph = front
    return front


def _size(options: Options) -> PoolSize:
    return PoolSize(
        workers=options.workers,
        spares=1,
        slots=options.slots,
        aged_after_s=options.aged_after_s,
        waiting=options.queue,
    )


def target_of(directory: Path) -> Target:
    """Return what readers of a store read now: its published generation."""
    current = Generations(directory).current
    return Target(current.number, str(directory), current.committed_at)


def _command(kind: str, options: Options) -> list[str]:
    # -P: no module of the current directory is taken for one of ours.
    text = json.dumps(options.for_worker())
    return [sys.executable, "-P", "-m", "clustergraph.http.worker", kind, text]


def configure(front: Front) -> uvicorn.Config:
    """Return how uvicorn is to carry the service."""
    options = front.options
    Connection.stall_s = options.stall_s
    Connection.max_head_bytes = options.max_head_bytes
    Connection.keep_alive_s = _KEEP_ALIVE_S
    Connection.hot = Hot(front)
    return uvicorn.Config(
        front,
        http=Connection,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=5,
        limit_concurrency=_most_connections(),
    )


def _most_connections() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        wanted = hard if hard != resource.RLIM_INFINITY else _MOST_CONNECTIONS * 2
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, 65536)), hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, min(soft - _SPARE_DESCRIPTORS, _MOST_CONNECTIONS))


def run(front: Front, listener: socket.socket, tell: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        front: from `create_front`.
        listener: from `listen`.
        tell: is given the lines that say where the service is and what to try.

    Raises:
        StoreError: the workers cannot start.
        SyntaxFaultError: a ready question's file has a fault.
    """
    with listener:
        _run(front, listener, tell, catalogue.questions())


def _run(
    front: Front,
    listener: socket.socket,
    tell: Callable[[str], None],
    known: Mapping[str, catalogue.Question],
) -> None:
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def started() -> None:
        tell(f"clustergraph is at {address}/  (Ctrl-C stops it)")
        tell(f"  endpoint   {address}/sparql")
        if known:
            [name, *_] = sorted(known, key=lambda name: catalogue.KINDS.index(known[name].kind))
            tell(f"  questions  {address}/queries, for example:")
            tell(f"             curl -H 'Accept: text/csv' {address}/queries/{name}")
        wall = front.readers.wall
        if front.options.remote:
            detail = ", in front of another server"
        elif wall:
            detail = f", restricted by: {wall}"
        else:
            detail = "; this system has no means to restrict them"
        tell(f"  workers    {front.options.workers}{detail}")

    front.on_started = started
    try:
        uvicorn.Server(configure(front)).run(sockets=[listener])
    except SystemExit:
        # That is how it ends when the application cannot start, which says more about it.
        if front.failure is None:
            raise
    if front.failure is not None:
        raise StoreError(str(front.failure)) from front.failure
