"""The SPARQL protocols as pure functions, for a worker process: no network, no event loop.

A request is handled and its response delivered::

    deliver(handle(request, context), outlet)
"""

from clustergraph.protocol.dispatch import deliver, handle, prepare
from clustergraph.protocol.messages import (
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
    "deliver",
    "handle",
    "prepare",
]
