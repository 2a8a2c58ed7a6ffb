"""The graph over HTTP: the SPARQL 1.1 Protocol for queries, and the ready questions."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import uvicorn

from clustergraph import catalogue
from clustergraph.errors import UsageError
from clustergraph.service.app import create_app
from clustergraph.store import Engine

__all__ = ["create_app", "listen", "run"]


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
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        match getattr(error, "errno", None):
            case errno.EADDRINUSE:
                reason = f"port {port} is in use; choose another: --port {port + 1 if port else 0}"
            case errno.EACCES:
                reason = f"port {port} needs privileges; choose one above 1023"
            case _:
                reason = f"not an address of this machine ({error})"
        raise UsageError(f"cannot listen on {host}:{port}: {reason}") from error


def run(engine: Engine, listener: socket.socket, tell: Callable[[str], None]) -> None:
    """Serve a graph until interrupted.

    Args:
        engine: the open graph.
        listener: from `listen`.
        tell: is given the lines that say where the service is and what to try.
    """
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    tell(f"clustergraph is at {address}/  (Ctrl-C stops it)")
    tell(f"  endpoint   {address}/sparql")
    if known := catalogue.questions():
        name = next(iter(known))
        tell(f"  questions  {address}/queries, for example:")
        tell(f"             curl -H 'Accept: text/csv' {address}/queries/{name}")
    config = uvicorn.Config(
        create_app(engine), log_level="warning", access_log=False, server_header=False
    )
    with listener:
        uvicorn.Server(config).run(sockets=[listener])
