"""The formats of linked data, and the headers that lead on: links (RFC 8288), the last change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph.linked import jsonld
from clustergraph.pages.visit import Visit
from clustergraph.protocol import Response, drop_idle_prefixes, parameters
from clustergraph.protocol.negotiation import negotiate
from clustergraph.protocol.preconditions import http_date
from clustergraph.sparql.answers import holdable
from clustergraph.sparql.results import Format
from clustergraph.vocab import PREFIXES

_URI: Final = "/:?#[]@!$&'()*+,;=-._~%"
# Links repeat the address: a long one would make the headers many times as long.
_MOST_BYTES: Final = 4000
_LONGEST: Final = 1000
_MOST_PAGES: Final = 1_000_000

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


def wanted(visit: Visit, offered: Sequence[Format]) -> tuple[str, Format]:
    """Return a path without its suffix, and the format wanted.

    Raises:
        RequestError: the client likes none of those on offer (406).
    """
    path, form = split(visit.path, offered)
    return path, form or choose(visit.request.headers.get("accept"), offered)


def choose(accept: str | None, offered: Sequence[Format] = FORMS) -> Format:
    """Return the format that a client likes best.

    Raises:
        RequestError: it likes none (406).
    """
    return negotiate(accept, offered)


def respond(
    triples: Sequence[ox.Triple], form: Format, head: Sequence[tuple[str, str]]
) -> Response:
    """Return a response that holds triples in one of the RDF formats.

    Raises:
        FormatError: it cannot hold them (406): RDF/XML has no name for some properties, XML no
            place for some characters, JSON-LD no triple terms.
    """
    assert isinstance(form.engine, ox.RdfFormat)  # noqa: S101 - HTML and JSON are made elsewhere
    held = list(holdable(triples, form.engine))
    prefixes = dict(PREFIXES) if form.suffix in (".ttl", ".rdf") else None
    if form.engine == ox.RdfFormat.JSON_LD:
        body = jsonld.write(held)
    else:
        body = ox.serialize(held, None, form.engine, prefixes=prefixes) or b""
    if form.engine == ox.RdfFormat.TURTLE:
        body = drop_idle_prefixes(body)
    headers = [("Content-Type", form.content_type), ("Vary", "Accept"), *head]
    return Response(200, headers, body, cacheable=True)


def uri(iri: str) -> str:
    """Return an IRI as a URI, which is ASCII (RFC 3987, section 3.1)."""
    return quote(iri, safe=_URI)


def link(target: str, rel: str, media_type: str = "", **more: str) -> str:
    """Return one link for a Link header."""
    parameters = {"rel": rel, **({"type": media_type} if media_type else {}), **more}
    words = "".join(f'; {name}="{value}"' for name, value in parameters.items())
    return f"<{uri(target)}>{words}"


def alternates(address: str, chosen: Format, offered: Sequence[Format]) -> list[str]:
    """Return links to the other formats of a document, each of which has a suffix."""
    return [
        link(suffixed(address, form.suffix), "alternate", form.media_type, title=form.name)
        for form in offered
        if form is not chosen
    ]


def suffixed(address: str, suffix: str) -> str:
    """Return an address with the suffix of a format at the end of its path."""
    path, mark, query = address.partition("?")
    return path + suffix + mark + query


def header(links: Iterable[str]) -> list[tuple[str, str]]:
    """Return the Link header, without the links that would make it too long."""
    kept, size = [], 0
    for one in links:
        if len(one) <= _LONGEST and size + len(one) <= _MOST_BYTES:
            kept.append(one)
            size += len(one) + 2
    return [("Link", ", ".join(kept))] if kept else []


def pages(document: str, page: int, more: bool, address: Callable[[int], str]) -> str:
    """Return, in Turtle, how the pages of a document follow each other (Hydra core vocabulary).

    Args:
        document: the whole, as a term.
        page: the number of this page, from 1.
        more: whether another follows.
        address: returns the address of a page.
    """
    here = f"<{address(page)}>"
    text = f"{document} hydra:view {here} . {here} a hydra:PartialCollectionView .\n"
    text += f"{here} hydra:first <{address(1)}> .\n"
    if page > 1:
        text += f"{here} hydra:previous <{address(page - 1)}> .\n"
    return f"{text}{here} hydra:next <{address(page + 1)}> .\n" if more else text


def page_number(visit: Visit) -> int:
    """Return the number of the page that an address asks for, from 1.

    Raises:
        RequestError: it is no such number (400).
    """
    return parameters.whole_number(visit.parameter("page", "1"), "page", _MOST_PAGES)


def modified(visit: Visit) -> list[tuple[str, str]]:
    """Return the header that says when the graph changed last, if that is known."""
    committed_at = visit.context.committed_at
    return [] if committed_at is None else [("Last-Modified", http_date(committed_at))]
