"""Validation reports in the format that a client wants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from clustergraph.errors import InvalidChangeError, RequestError
from clustergraph.protocol.messages import Request, Response
from clustergraph.protocol.negotiation import ranges, weight_of

if TYPE_CHECKING:
    from clustergraph.shacl import Report

__all__ = ["FORMATS", "chosen", "refusal", "written"]

FORMATS: Final = {
    "json": "application/json",
    "turtle": "text/turtle",
    "jsonld": "application/ld+json",
    "text": "text/plain",
    "html": "text/html",
    "sarif": "application/sarif+json",
    "junit": "application/xml",
    "github": "text/x-github-workflow",
}
"""The formats of a report, by name, with their media types; the first is the default."""

_UTF8: Final = ("text/turtle", "text/plain", "text/html", "text/x-github-workflow")
_PROBLEM: Final = "application/problem+json"


def chosen(accept: str | None, name: str | None = None, *, first: str = "json") -> str:
    """Return the name of the format that a client wants.

    Args:
        accept: the Accept header.
        name: what ``?format=`` says; a name or a media type.
        first: the format for clients that take anything.

    Raises:
        RequestError: no format suits (406).
    """
    if name is not None:
        wanted = name.strip().lower().replace(" ", "+")
        for form, media_type in FORMATS.items():
            if wanted in (form, media_type):
                return form
        raise _none()
    parsed = ranges(accept)
    offered = [first, *(form for form in FORMATS if form != first)]
    weighed = [(*weight_of(parsed, FORMATS[form]), -order) for order, form in enumerate(offered)]
    best = max(weighed)
    if best[0] <= 0:
        raise _none()
    return offered[weighed.index(best)]


def _none() -> RequestError:
    types = list(FORMATS.values())
    detail = f"a report can be had as {', '.join(types)}; or with ?format= one of " + ", ".join(
        FORMATS
    )
    return RequestError(406, "No acceptable format", detail, offered=types)


def written(report: Report, form: str, status: int = 200) -> Response:
    """Return a report as a response.

    Args:
        report: the report.
        form: a name of ``FORMATS``.
        status: the HTTP status.
    """
    from clustergraph.shacl import render

    if form == "jsonld":
        body = _json_ld(render(report, "turtle"))
    else:
        body = render(report, form).encode("utf-8", "replace")  # type: ignore[arg-type]
    media_type = FORMATS[form]
    charset = "; charset=utf-8" if media_type in _UTF8 else ""
    headers = [("Content-Type", media_type + charset), ("Vary", "Accept")]
    headers.append(("Cache-Control", "no-store"))
    return Response(status, headers, body)


def _json_ld(turtle: str) -> bytes:
    import pyoxigraph as ox

    triples = ox.parse(turtle, ox.RdfFormat.TURTLE)
    return ox.serialize(triples, format=ox.RdfFormat.JSON_LD) or b""


def refusal(error: InvalidChangeError, request: Request) -> Response:
    """Return the 422 for a change that was refused, with the report that says why.

    By default a problem document (RFC 9457) that holds the findings; else the report in any
    format that the client prefers.
    """
    from clustergraph.protocol.problems import document

    accept = request.headers.get("accept")
    parsed = ranges(accept)
    problem = weight_of(parsed, _PROBLEM)
    others = [
        (weight_of(parsed, media_type), form)
        for form, media_type in FORMATS.items()
        if form != "json"
    ]
    best, form = max(others, key=lambda pair: pair[0])
    if best > max(problem, weight_of(parsed, "application/json")):
        return written(error.report, form, 422)
    from clustergraph.shacl import render

    findings = json.loads(render(error.report, "json"))["findings"]
    return document(422, "Invalid change", str(error), findings=findings)
