"""The SPARQL protocols as pure functions, for a worker process: no network, no event loop."""

from clustergraph.service.protocol.messages import (
    Change,
    Commit,
    Config,
    Context,
    Handler,
    Outlet,
    Request,
    Response,
    Stream,
    Write,
)

__all__ = [
    "Change",
    "Commit",
    "Config",
    "Context",
    "Handler",
    "Outlet",
    "Request",
    "Response",
    "Stream",
    "Write",
]
