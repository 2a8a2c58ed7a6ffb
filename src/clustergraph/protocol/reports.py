"""Validation reports in the format that a client wants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clustergraph.protocol import faults
from clustergraph.protocol.messages import Response
from clustergraph.protocol.negotiation import negotiate

if TYPE_CHECKING:
    from clustergraph.shacl import Report

__all__ = ["FORMATS", "chosen", "written"]


@dataclass(frozen=True, slots=True)
class _Format:
    """A format of a report: its name for ``?format=``, and its media type."""

    name: str
    media_type: str
    also: tuple[str, ...] = ()


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

_OFFERED: Final = tuple(_Format(name, media_type) for name, media_type in FORMATS.items())
_HINT: Final = "; or with ?format= one of " + ", ".join(FORMATS)
_UTF8: Final = ("text/turtle", "text/plain", "text/html", "text/x-github-workflow")
# A report quotes what strangers sent: as a page it may do nothing but be read.
_SANDBOX: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def chosen(accept: str | None, name: str | None = None) -> str:
    """Return the name of the format that a client wants.

    Args:
        accept: the Accept header.
        name: what ``?format=`` says; a name or a media type.

    Raises:
        RequestError: no format suits (406).
    """
    if name is None:
        return negotiate(accept, _OFFERED, _HINT).name
    wanted = name.strip().lower().replace(" ", "+")
    for form, media_type in FORMATS.items():
        if wanted in (form, media_type):
            return form
    types = list(FORMATS.values())
    raise faults.no_format(types, f"this can be had as {', '.join(types)}{_HINT}")


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
    if form == "html":
        headers.append(("Content-Security-Policy", _SANDBOX))
    return Response(status, headers, body)


def _json_ld(turtle: str) -> bytes:
    import pyoxigraph as ox

    triples = ox.parse(turtle, ox.RdfFormat.TURTLE)
    return ox.serialize(triples, format=ox.RdfFormat.JSON_LD) or b""
