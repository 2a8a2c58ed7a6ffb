"""Validation reports in the format that a client wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph.protocol import Response
from clustergraph.sparql.results import Format

if TYPE_CHECKING:
    from clustergraph.shacl import Report

__all__ = ["FORMATS", "written"]


FORMATS: Final = (
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


def written(report: Report, form: Format, status: int = 200) -> Response:
    """Return a report as a response.

    Args:
        report: the report.
        form: one of ``FORMATS``.
        status: the HTTP status.
    """
    from clustergraph.shacl import render

    if form.name == "jsonld":
        body = _json_ld(render(report, "turtle"))
    else:
        body = render(report, form.name).encode("utf-8", "replace")  # type: ignore[arg-type]
    headers = [("Content-Type", form.content_type), ("Vary", "Accept")]
    headers.append(("Cache-Control", "no-store"))
    if form.name == "html":
        headers.append(("Content-Security-Policy", _SANDBOX))
    return Response(status, headers, body)


def _json_ld(turtle: str) -> bytes:
    triples = ox.parse(turtle, ox.RdfFormat.TURTLE)
    return ox.serialize(triples, format=ox.RdfFormat.JSON_LD) or b""
