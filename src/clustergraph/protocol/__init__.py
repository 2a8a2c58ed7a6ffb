"""Handlers of the SPARQL protocols as pure functions, for a worker process.

They know neither network nor event loop; see `clustergraph.protocol.messages`.
"""

from clustergraph.protocol.messages import (
    Change,
    Config,
    Context,
    Handler,
    Operator,
    Request,
    Response,
    Stream,
    Write,
)

__all__ = [
    "Change",
    "Config",
    "Context",
    "Handler",
    "Operator",
    "Request",
    "Response",
    "Stream",
    "Write",
]
