"""Errors as problem documents (RFC 9457), or as text for clients that ask for text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.error import HTTPError, URLError

from clustergraph.errors import (
    ClusterGraphError,
    DiskFullError,
    EndpointError,
    InvalidChangeError,
    ParameterError,
    QueryError,
    QueryRefusedError,
    QuerySyntaxError,
    QueryTooLongError,
    RequestError,
    StoreError,
    SyntaxFaultError,
    UnknownNameError,
    UnreadableInputError,
    UnsupportedFunctionError,
    UsageError,
)
from clustergraph.protocol.messages import Request, Response
from clustergraph.protocol.negotiation import prefers_text
from clustergraph.vocab import BASE

__all__ = ["PROBLEM", "WORKER_FAILURES", "describe", "document", "endpoint_failed", "respond"]

PROBLEM: Final = BASE + "problem/"
"""What the types of problems start with; the rest is the title in lower case with hyphens."""

# The first class that fits decides: narrower ones stand before wider ones.
_STATUS: Final[tuple[tuple[type[ClusterGraphError], int, str], ...]] = (
    (QuerySyntaxError, 400, "Syntax error"),
    (QueryTooLongError, 413, "Content too large"),
    (UnsupportedFunctionError, 400, "Unknown function"),
    (QueryRefusedError, 403, "Refused"),
    (QueryError, 500, "The query failed"),
    (SyntaxFaultError, 400, "Syntax error"),
    (UnreadableInputError, 400, "Unreadable content"),
    (UnknownNameError, 404, "Unknown name"),
    (ParameterError, 400, "Wrong parameter"),
    (UsageError, 400, "Wrong request"),
    (DiskFullError, 507, "The disk is full"),
    (StoreError, 503, "The store failed"),
)


WORKER_FAILURES: Final = {
    "deadline": (
        504,
        "The time is up",
        "the request ran into its time limit; ask for less, or start from the most selective "
        "pattern",
    ),
    "slots": (
        503,
        "Too many long queries",
        "too many long queries run already; try again later, or ask for less",
    ),
    "memory": (
        507,
        "Out of memory",
        "the request needs more memory than one may have; a query: ask for less, or without "
        "ORDER BY, DISTINCT and large groups; data: send them in smaller parts, less deeply nested",
    ),
    "crashed": (
        502,
        "The engine gave up",
        "the request took the process down that worked on it; it may nest too deeply: make it "
        "simpler",
    ),
    "killed": (503, "Interrupted", "the work on the request was interrupted; try again"),
    "stopped": (503, "The service stops", "the service is being stopped; try again later"),
}
"""Status, title and detail by the reason for which a worker ended."""


def respond(error: ClusterGraphError, request: Request) -> Response:
    """Return the response for an error, in the form that the client prefers.

    A `RequestError` may carry ``headers``, a list of names and values, for the response.
    """
    if isinstance(error, InvalidChangeError):
        from clustergraph.protocol import reports

        return reports.refusal(error, request)
    status, members = describe(error)
    headers = members.pop("headers", None)
    response = _response(status, members, request.headers.get("accept"))
    if isinstance(headers, list):
        response.headers += headers
    return response


def describe(error: ClusterGraphError) -> tuple[int, dict[str, Any]]:
    """Return the status that an error stands for, and the members of its problem document."""
    if isinstance(error, EndpointError):
        error = endpoint_failed(error)
    if isinstance(error, RequestError):
        return error.status, _members(error.status, error.title, error.detail, error.more)
    status, title = next(
        ((code, name) for kind, code, name in _STATUS if isinstance(error, kind)),
        (500, "The service failed"),
    )
    more = {}
    if isinstance(error, QuerySyntaxError | SyntaxFaultError) and error.line is not None:
        more = {"line": error.line, "column": error.column}
    return status, _members(status, title, str(error), more)


def endpoint_failed(error: EndpointError) -> RequestError:
    """Return an endpoint's failure with its status: 504 if it took too long, else 502."""
    cause = error.__cause__
    if isinstance(cause, HTTPError):
        late = cause.code in (408, 504)
    else:
        reason = cause.reason if isinstance(cause, URLError) else cause
        late = isinstance(reason, TimeoutError)
    if late:
        return RequestError(504, "The time is up", f"{error}; ask for less")
    return RequestError(502, "The other endpoint failed", str(error))


def document(
    status: int, title: str, detail: str, accept: str | None = None, **more: object
) -> Response:
    """Return a problem document (RFC 9457, section 3), or its text.

    Args:
        status: the HTTP status.
        title: the kind of problem, the same at each occurrence.
        detail: what is wrong this time, and what to do about it.
        accept: the request's Accept header.
        more: extension members.
    """
    return _response(status, _members(status, title, detail, more), accept)


def _members(status: int, title: str, detail: str, more: Mapping[str, object]) -> dict[str, Any]:
    kind = PROBLEM + title.lower().replace(" ", "-")
    return {"type": kind, "title": title, "status": status, "detail": detail, **more}


def _response(status: int, members: Mapping[str, object], accept: str | None) -> Response:
    if _wants_text(accept):
        text = f"{members['title']} ({status})\n\n{members['detail']}\n"
        content_type = "text/plain; charset=utf-8"
    else:
        text = json.dumps(members, ensure_ascii=False, default=str) + "\n"
        content_type = "application/problem+json"
    headers = [("Content-Type", content_type), ("Vary", "Accept"), ("Cache-Control", "no-store")]
    return Response(status, headers, text.encode("utf-8", "replace"))


@lru_cache(maxsize=64)
def _wants_text(accept: str | None) -> bool:
    return prefers_text(accept)
