"""Errors as problem documents (RFC 9457)."""

from __future__ import annotations

from typing import Any

from clustergraph.errors import (
    ClusterGraphError,
    EndpointError,
    QueryError,
    QueryRefusedError,
    QuerySyntaxError,
    RequestError,
    UnknownNameError,
    UsageError,
)
from clustergraph.service.protocol.problems import endpoint_failed

__all__ = ["describe", "document"]


def describe(error: ClusterGraphError) -> tuple[int, dict[str, Any]]:
    """Return the status that an error stands for, and its problem document."""
    if isinstance(error, EndpointError):
        error = endpoint_failed(error)
    match error:
        case RequestError():
            return document(error.status, error.title, error.detail, **error.more)
        case QuerySyntaxError():
            more = {"line": error.line, "column": error.column}
            return document(400, "The query is not SPARQL", str(error), **more)
        case QueryRefusedError():
            return document(400, "The query is refused", str(error))
        case UnknownNameError(kind="query"):
            return document(404, "No such question", str(error))
        case UsageError():
            return document(400, "The request is wrong", str(error))
        case QueryError():
            return document(500, "The query failed", str(error))
        case _:
            return document(500, "The service failed", str(error))


def document(status: int, title: str, detail: str, **more: Any) -> tuple[int, dict[str, Any]]:
    """Return a status and a problem document with it."""
    members = {"title": title, "status": status, "detail": detail, **more}
    return status, {"type": "about:blank", **members}
