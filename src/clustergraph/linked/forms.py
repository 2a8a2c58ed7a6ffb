"""The formats of linked data, and which of them a client wants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import RequestError
from clustergraph.linked import jsonld
from clustergraph.protocol.negotiation import ranges, weight_of
from clustergraph.protocol.query import drop_idle_prefixes
from clustergraph.vocab import PREFIXES

__all__ = ["FORMS", "HTML", "JSON", "RDF", "Form", "choose", "split", "write"]


@dataclass(frozen=True, slots=True)
class Form:
    """A format.

    Attributes:
        suffix: what addresses of this format end with.
        media_type: what Content-Type says.
        engine: what writes it; None: it is not for RDF as such.
        also: further media types by which it may be asked for.
        name: how people are told of it.
    """

    suffix: str
    media_type: str
    engine: ox.RdfFormat | None
    name: str
    also: tuple[str, ...] = ()

    @property
    def content_type(self) -> str:
        """The value of Content-Type."""
        text = self.media_type.startswith("text/")
        return f"{self.media_type}; charset=utf-8" if text else self.media_type


TURTLE: Final = Form(
    ".ttl", "text/turtle", ox.RdfFormat.TURTLE, "Turtle", ("text/n3", "application/x-turtle")
)
HTML: Final = Form(".html", "text/html", None, "HTML", ("application/xhtml+xml",))
JSON: Final = Form(".json", "application/json", None, "JSON")
RDF: Final = (
    TURTLE,
    Form(".jsonld", "application/ld+json", ox.RdfFormat.JSON_LD, "JSON-LD"),
    Form(".nt", "application/n-triples", ox.RdfFormat.N_TRIPLES, "N-Triples", ("text/plain",)),
    Form(".rdf", "application/rdf+xml", ox.RdfFormat.RDF_XML, "RDF/XML", ("application/xml",)),
)
"""The four that hold the same graph."""
FORMS: Final = (TURTLE, HTML, *RDF[1:], JSON)
"""All of them; where a client takes anything, the first."""


def split(path: str, offered: Iterable[Form] = FORMS) -> tuple[str, Form | None]:
    """Split the suffix of a format off a path; None: it has none."""
    for form in offered:
        if path.endswith(form.suffix):
            return path.removesuffix(form.suffix), form
    return path, None


def choose(accept: str | None, offered: Sequence[Form] = FORMS) -> Form:
    """Return the format that a client likes best (RFC 9110, section 12.5.1).

    Raises:
        RequestError: it likes none (406).
    """
    parsed = ranges(accept)
    best: tuple[float, int, int] = (0.0, -1, 0)
    chosen: Form | None = None
    for order, form in enumerate(offered):
        for media_type in (form.media_type, *form.also):
            liked, fit = weight_of(parsed, media_type)
            # A range such as text/* means a format by its own name alone.
            named = media_type == form.media_type or fit == 2
            if liked > 0 and named and (liked, fit, -order) > best:
                best, chosen = (liked, fit, -order), form
    if chosen is None:
        types = [form.media_type for form in offered]
        detail = f"this can be had as {', '.join(types)}"
        raise RequestError(406, "No acceptable format", detail, offered=types)
    return chosen


def write(triples: Sequence[ox.Triple], form: Form) -> bytes:
    """Return triples in one of the RDF formats."""
    assert form.engine is not None  # noqa: S101 - HTML and JSON are made elsewhere
    if form.engine == ox.RdfFormat.JSON_LD:
        return jsonld.write(triples)
    prefixes = dict(PREFIXES) if form.suffix in (".ttl", ".rdf") else None
    text = ox.serialize(triples, None, form.engine, prefixes=prefixes) or b""
    return drop_idle_prefixes(text) if form.engine == ox.RdfFormat.TURTLE else text
