"""The formats of linked data, and which of them a client wants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import pyoxigraph as ox

from clustergraph.linked import jsonld
from clustergraph.pages.visit import Visit
from clustergraph.protocol import Response
from clustergraph.protocol.faults import no_format
from clustergraph.protocol.negotiation import negotiate
from clustergraph.protocol.sink import drop_idle_prefixes
from clustergraph.sparql.answers import obstacle
from clustergraph.sparql.results import Format
from clustergraph.vocab import PREFIXES

__all__ = [
    "DOCUMENTS",
    "FORMS",
    "HTML",
    "JSON",
    "RDF",
    "choose",
    "fitting",
    "respond",
    "split",
    "wanted",
]

TURTLE: Final = Format(
    "Turtle", "text/turtle", ".ttl", ox.RdfFormat.TURTLE, ("text/n3", "application/x-turtle")
)
HTML: Final = Format("HTML", "text/html", ".html", None, ("application/xhtml+xml",))
JSON: Final = Format("JSON", "application/json", ".json", None)
RDF: Final = (
    TURTLE,
    Format("JSON-LD", "application/ld+json", ".jsonld", ox.RdfFormat.JSON_LD),
    Format("N-Triples", "application/n-triples", ".nt", ox.RdfFormat.N_TRIPLES, ("text/plain",)),
    Format("RDF/XML", "application/rdf+xml", ".rdf", ox.RdfFormat.RDF_XML, ("application/xml",)),
)
"""The four that hold the same graph."""
DOCUMENTS: Final = (TURTLE, HTML, *RDF[1:])
"""Those of documents about several things; where a client takes anything, the first."""
FORMS: Final = (*DOCUMENTS, JSON)
"""Those of the description of a thing."""


def split(path: str, offered: Iterable[Format] = FORMS) -> tuple[str, Format | None]:
    """Split the suffix of a format off a path; None: it has none."""
    for form in offered:
        if path.endswith(form.suffix):
            return path.removesuffix(form.suffix), form
    return path, None


def wanted(visit: Visit, offered: Sequence[Format]) -> tuple[str, Format, bool]:
    """Return a path without its suffix, the format wanted, and whether the header chose it.

    Raises:
        RequestError: the client likes none of those on offer (406).
    """
    path, form = split(visit.path, offered)
    return path, form or choose(visit.request.headers.get("accept"), offered), form is None


def choose(accept: str | None, offered: Sequence[Format] = FORMS) -> Format:
    """Return the format that a client likes best.

    Raises:
        RequestError: it likes none (406).
    """
    return negotiate(accept, offered)


def fitting(
    triples: Sequence[ox.Triple], chosen: Format, accept: str | None, negotiated: bool
) -> Format:
    """Return a format that can hold the triples: the chosen one, else the next that a client likes.

    RDF/XML has no name for some properties, and XML no place for some characters; JSON-LD has no
    triple terms.

    Args:
        triples: what is to be written.
        chosen: the format wanted first.
        accept: the Accept header.
        negotiated: whether the header chose it, and not the address.

    Raises:
        RequestError: the client likes none that can (406).
    """
    reason = _obstacle(triples, chosen)
    if not reason:
        return chosen
    able = [form for form in RDF if not _obstacle(triples, form)]
    if negotiated:
        return negotiate(accept, able, f"; {chosen.name} cannot hold it: {reason}")
    types = [form.media_type for form in able]
    raise no_format(types, f"{chosen.name} cannot hold this: {reason}; ask for {', '.join(types)}")


def _obstacle(triples: Sequence[ox.Triple], form: Format) -> str:
    assert isinstance(form.engine, ox.RdfFormat)  # noqa: S101 - HTML and JSON hold anything
    return next(filter(None, (obstacle(triple, form.engine) for triple in triples)), "")


def respond(
    triples: Sequence[ox.Triple], form: Format, head: Sequence[tuple[str, str]]
) -> Response:
    """Return a response that holds triples in one of the RDF formats."""
    headers = [("Content-Type", form.content_type), ("Vary", "Accept"), *head]
    return Response(200, headers, _write(triples, form), cacheable=True)


def _write(triples: Sequence[ox.Triple], form: Format) -> bytes:
    assert isinstance(form.engine, ox.RdfFormat)  # noqa: S101 - HTML and JSON are made elsewhere
    if form.engine == ox.RdfFormat.JSON_LD:
        return jsonld.write(triples)
    prefixes = dict(PREFIXES) if form.suffix in (".ttl", ".rdf") else None
    text = ox.serialize(triples, None, form.engine, prefixes=prefixes) or b""
    return drop_idle_prefixes(text) if form.engine == ox.RdfFormat.TURTLE else text
