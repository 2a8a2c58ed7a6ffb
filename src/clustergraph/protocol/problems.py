"""Errors as problem documents (RFC 9457), or as text for clients that ask for text."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, Final
from urllib.error import HTTPError, URLError

from clustergraph.errors import (
    ClusterGraphError,
    DiskFullError,
    EndpointError,
    FormatError,
    InvalidChangeError,
    MissingExtraError,
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
from clustergraph.protocol import Request, Response, faults, reports
from clustergraph.protocol.negotiation import prefers_text, quality_of
from clustergraph.vocab import BASE

__all__ = ["PROBLEM", "WORKER_FAILURES", "describe", "document", "respond"]

PROBLEM: Final = BASE + "problem/"
"""What the types of problems start with; the rest is the title in lower case with hyphens."""

# The first class that fits decides: narrower ones stand before wider ones.
_TITLES: Final[tuple[tuple[type[ClusterGraphError], str], ...]] = (
    (QuerySyntaxError, "Syntax error"),
    (QueryTooLongError, "Content too large"),
    (UnsupportedFunctionError, "Wrong request"),
    (QueryRefusedError, "Refused"),
    (QueryError, "The query failed"),
    (SyntaxFaultError, "Syntax error"),
    (UnreadableInputError, "Wrong content"),
    (UnknownNameError, "Not found"),
    (ParameterError, "Wrong parameter"),
    (FormatError, "No acceptable format"),
    (MissingExtraError, "Not implemented"),
    (UsageError, "Wrong request"),
    (DiskFullError, "The disk is full"),
    (StoreError, "The store failed"),
)
_LATE: Final = "the server that holds the graph took too long; ask for less"
_LONGEST_DETAIL: Final = 2000
_log: Final = logging.getLogger("clustergraph.protocol")

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
        return _refusal(error, request)
    status, members = describe(error)
    headers = members.pop("headers", None)
    response = _response(status, members, request.headers.get("accept"))
    if isinstance(headers, list):
        response.headers += headers
    return response


def describe(error: ClusterGraphError) -> tuple[int, dict[str, Any]]:
    """Return the status that an error stands for, and the members of its problem document.

    Clients get the public message; where that is not the whole message, the log gets the whole.
    """
    if isinstance(error, RequestError):
        return error.status, _members(error.status, error.title, error.detail, error.more)
    title = _title(error)
    detail = _LATE if title == "The time is up" else error.public_message
    if detail != str(error):
        _log.warning("%s: %s", title, error)
    more = {}
    if isinstance(error, QuerySyntaxError | SyntaxFaultError) and error.line is not None:
        more = {"line": error.line, "column": error.column}
    status = faults.KINDS[title]
    return status, _members(status, title, detail, more)


def _title(error: ClusterGraphError) -> str:
    if isinstance(error, EndpointError):
        return "The time is up" if _late(error) else "The other endpoint failed"
    if type(error) is QueryError and isinstance(error.__cause__, HTTPError):
        # It passed our parser; the server that holds the graph refused it.
        return "Wrong request"
    found = (title for kind, title in _TITLES if isinstance(error, kind))
    return next(found, "The service failed")


def _late(error: EndpointError) -> bool:
    cause = error.__cause__
    if isinstance(cause, HTTPError):
        return cause.code in (408, 504)
    reason = cause.reason if isinstance(cause, URLError) else cause
    return isinstance(reason, TimeoutError)


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


def _refusal(error: InvalidChangeError, request: Request) -> Response:
    """Return the 422 for a change that was refused, with the report that says why.

    By default a problem document that holds the findings; else the report in any format that the
    client prefers.
    """
    accept = request.headers.get("accept")
    json_form, *others = reports.FORMATS
    form = max(others, key=lambda form: quality_of(accept, form.media_type))
    json_types = ("application/problem+json", "application/json")
    best = quality_of(accept, form.media_type)
    if best > max(quality_of(accept, kind) for kind in json_types):
        return reports.written(error.report, form, 422)
    body = reports.written(error.report, json_form).body
    assert isinstance(body, bytes)  # noqa: S101 - reports are whole
    findings = json.loads(body)["findings"]
    return document(422, "Invalid change", str(error), findings=findings)


def _members(status: int, title: str, detail: str, more: Mapping[str, object]) -> dict[str, Any]:
    kind = PROBLEM + title.lower().replace(" ", "-")
    if len(detail) > _LONGEST_DETAIL:
        detail = detail[:_LONGEST_DETAIL] + "…"
    return {"type": kind, "title": title, "status": status, "detail": detail, **more}


def _response(status: int, members: Mapping[str, object], accept: str | None) -> Response:
    if prefers_text(accept):
        text = f"{members['title']} ({status})\n\n{members['detail']}\n"
        content_type = "text/plain; charset=utf-8"
    else:
        text = json.dumps(members, ensure_ascii=False, default=str) + "\n"
        content_type = "application/problem+json"
    headers = [("Content-Type", content_type), ("Vary", "Accept"), ("Cache-Control", "no-store")]
    return Response(status, headers, text.encode("utf-8", "replace"))
