"""Errors as problem documents (RFC 9457) or text, and validation reports, as the client prefers."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError, URLError

import pyoxigraph as ox

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
from clustergraph.protocol import Response, faults
from clustergraph.protocol.negotiation import prefers_text, quality_of
from clustergraph.sparql.results import Format
from clustergraph.vocab import BASE

if TYPE_CHECKING:
    from clustergraph.shacl import Report

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


def respond(error: ClusterGraphError, accept: str | None) -> Response:
    """Return the response for an error, in the form that the client prefers.

    A change that was refused gets the report that says why: by default its findings in a problem
    document, else in any format of reports. A `RequestError` may carry ``headers``, a list of names
    and values, for the response.

    Args:
        error: what went wrong.
        accept: the request's Accept header.
    """
    if isinstance(error, InvalidChangeError):
        json_form, *others = REPORTS
        form = max(others, key=lambda form: quality_of(accept, form.media_type))
        json_types = ("application/problem+json", "application/json")
        best = quality_of(accept, form.media_type)
        if best > max(quality_of(accept, kind) for kind in json_types):
            return report_response(error.report, form, 422)
        body = report_response(error.report, json_form).body
        assert isinstance(body, bytes)  # noqa: S101 - reports are whole
        findings = json.loads(body)["findings"]
        error = faults.fault("Invalid change", str(error), findings=findings)
    members = describe(error)
    extra = members.pop("headers", [])
    if prefers_text(accept):
        text = f"{members['title']} ({members['status']})\n\n{members['detail']}\n"
        content_type = "text/plain; charset=utf-8"
    else:
        text = json.dumps(members, ensure_ascii=False, default=str) + "\n"
        content_type = "application/problem+json"
    headers = [("Content-Type", content_type), ("Vary", "Accept"), ("Cache-Control", "no-store")]
    return Response(members["status"], [*headers, *extra], text.encode("utf-8", "replace"))


def describe(error: ClusterGraphError) -> dict[str, Any]:
    """Return the members of the problem document for an error (RFC 9457, section 3).

    Clients get the public message; where that is not the whole message, the log gets the whole.
    """
    if not isinstance(error, RequestError):
        title = _title(error)
        detail = _LATE if title == "The time is up" else error.public_message
        if detail != str(error):
            _log.warning("%s: %s", title, error)
        place = {}
        if isinstance(error, QuerySyntaxError | SyntaxFaultError) and error.line is not None:
            place = {"line": error.line, "column": error.column}
        error = faults.fault(title, detail, **place)
    detail = error.detail
    if len(detail) > _LONGEST_DETAIL:
        detail = detail[:_LONGEST_DETAIL] + "…"
    kind = PROBLEM + error.title.lower().replace(" ", "-")
    return {
        "type": kind,
        "title": error.title,
        "status": error.status,
        "detail": detail,
        **error.more,
    }


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


REPORTS: Final = (
    Format("json", "application/json", ".json", None),
    Format("turtle", "text/turtle", ".ttl", None),
    Format("jsonld", "application/ld+json", ".jsonld", None),
    Format("text", "text/plain", ".txt", None),
    Format("html", "text/html", ".html", None),
    Format("sarif", "application/sarif+json", ".sarif", None),
    Format("junit", "application/xml", ".xml", None),
    Format("github", "text/x-github-workflow", ".github", None),
)
"""The formats of a report; the first is the default."""

# A report quotes what strangers sent: as a page it may do nothing but be read.
_SANDBOX: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def report_response(report: Report, form: Format, status: int = 200) -> Response:
    """Return a validation report as a response.

    Args:
        report: the report.
        form: one of ``REPORTS``.
        status: the HTTP status.
    """
    from clustergraph.shacl import render

    name = "turtle" if form.name == "jsonld" else form.name
    body = render(report, name).encode("utf-8", "replace")  # type: ignore[arg-type]
    if form.name == "jsonld":
        triples = ox.parse(body, ox.RdfFormat.TURTLE)
        body = ox.serialize(triples, format=ox.RdfFormat.JSON_LD) or b""
    headers = [("Content-Type", form.content_type), ("Vary", "Accept")]
    headers.append(("Cache-Control", "no-store"))
    if form.name == "html":
        headers.append(("Content-Security-Policy", _SANDBOX))
    return Response(status, headers, body)
