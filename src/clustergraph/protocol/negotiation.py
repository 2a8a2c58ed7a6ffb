"""Which format a client wants (RFC 9110, sections 12.4.2, 12.5.1 and 15.5.7)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from clustergraph.errors import RequestError
from clustergraph.sparql.results import FORMATS, Format

__all__ = ["Kind", "choose", "offers", "prefers_html", "prefers_text", "ranges", "weight_of"]

Kind: TypeAlias = Literal["solutions", "graph", "dataset"]
"""SELECT and ASK; triples; quads."""

_OFFERS: Final[dict[Kind, tuple[Format, ...]]] = {
    "solutions": tuple(form for form in FORMATS.values() if not form.holds_triples),
    "graph": tuple(form for form in FORMATS.values() if form.holds_triples),
    "dataset": (FORMATS["trig"], FORMATS["nquads"], FORMATS["jsonld"]),
}
# Names by which clients ask besides a format's own name, media types and suffix. The same word
# means the nearest thing for each kind, because clients send one setting with all queries.
_ALSO: Final[dict[Kind, dict[str, str]]] = {
    "solutions": {
        "sparql-results+json": "json",
        "sparql-results+xml": "xml",
        "tab-separated-values": "tsv",
        "text": "table",
        "txt": "table",
    },
    "graph": {
        "json": "jsonld",
        "json-ld": "jsonld",
        "n-quads": "nquads",
        "n-triples": "ntriples",
        # Whoever says N3 nearly always means Turtle.
        "n3": "turtle",
        "text/n3": "turtle",
        "rdf+n3": "turtle",
        "text/rdf+n3": "turtle",
        "rdf": "rdfxml",
        "rdf+xml": "rdfxml",
        "rdf/xml": "rdfxml",
        "xml": "rdfxml",
    },
    "dataset": {"json": "jsonld", "json-ld": "jsonld", "n-quads": "nquads"},
}
_LONGEST_ACCEPT: Final = 4000
_EXACT: Final = 2


class Range(NamedTuple):
    """One media range of an Accept header."""

    media_type: str
    quality: float

    def specificity(self, media_type: str) -> int:
        """Return how closely the range fits: 2 exactly, 1 by its type, 0 as ``*/*``, -1 not."""
        if self.media_type == media_type:
            return _EXACT
        if self.media_type == "*/*":
            return 0
        return 1 if self.media_type == media_type.partition("/")[0] + "/*" else -1


def offers(kind: Kind) -> tuple[Format, ...]:
    """Return the formats for a kind of answer, best first."""
    return _OFFERS[kind]


@lru_cache(maxsize=512)
def choose(accept: str | None, names: tuple[str, ...], kind: Kind) -> Format:
    """Return the format for an answer.

    Args:
        accept: the Accept header; None or empty: anything.
        names: names, suffixes or media types that the address gives (``?format=``). The first that
            is known decides. SPARQLWrapper sends what it wants under several of them, and in
            Accept: where none is known, Accept decides if it says anything.
        kind: what is to be written.

    Raises:
        RequestError: no format suits (406).
    """
    offered = _OFFERS[kind]
    for name in names:
        # A plus sign in an address stands for a space.
        wanted = name.strip().lower().partition(";")[0].replace(" ", "+")
        wanted = _ALSO[kind].get(wanted, wanted)
        for form in offered:
            if wanted in (form.name, form.media_type, form.suffix[1:], *form.also):
                return form
    parsed = ranges(accept)
    if any(names) and all(one.media_type == "*/*" for one in parsed):
        raise _not_acceptable(offered)
    # The best quality wins; between equals the closer fit, then the order of the offers.
    best: tuple[float, int, int] = (0.0, -1, 0)
    chosen: Format | None = None
    for order, form in enumerate(offered):
        for media_type in (form.media_type, *form.also):
            quality, fit = weight_of(parsed, media_type)
            if fit < _EXACT and media_type != form.media_type:
                continue  # another name for the format counts only where it is called so
            if quality > 0 and (quality, fit, -order) > best:
                best, chosen = (quality, fit, -order), form
    if chosen is None:
        raise _not_acceptable(offered)
    return chosen


def _not_acceptable(offered: Sequence[Format]) -> RequestError:
    types = [form.media_type for form in offered]
    names = ", ".join(form.name for form in offered)
    detail = f"this answer can be had as {', '.join(types)}; or with ?format= one of {names}"
    return RequestError(406, "No acceptable format", detail, offered=types)


def prefers_text(accept: str | None) -> bool:
    """Say whether a client would rather read text than JSON: a person with a browser or curl."""
    parsed = ranges(accept[:_LONGEST_ACCEPT] if accept else accept)
    text = max(weight_of(parsed, kind)[0] for kind in ("text/plain", "text/html"))
    json = max(
        weight_of(parsed, kind)[0] for kind in ("application/problem+json", "application/json")
    )
    return text > json


def prefers_html(accept: str | None) -> bool:
    """Say whether a client would rather read a page than JSON, as a browser would."""
    parsed = ranges(accept)
    html, json = (weight_of(parsed, kind)[0] for kind in ("text/html", "application/json"))
    return html > json


def weight_of(parsed: Sequence[Range], media_type: str) -> tuple[float, int]:
    """Return the quality of a media type, by the range that fits it best, and that fit."""
    fit, quality = max((one.specificity(media_type), one.quality) for one in parsed)
    return (quality, fit) if fit >= 0 else (0.0, fit)


def ranges(accept: str | None) -> list[Range]:
    """Return the media ranges of an Accept header; parameters other than ``q`` are ignored.

    Raises:
        RequestError: the header is longer than any honest one (431).
    """
    if not accept or not accept.strip(" ,\t"):
        return [Range("*/*", 1.0)]
    if len(accept) > _LONGEST_ACCEPT:
        detail = f"Accept may have {_LONGEST_ACCEPT:,} characters"
        raise RequestError(431, "Header too long", detail)
    found = []
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = _weight(value.strip())
        if media_type:
            found.append(Range("*/*" if media_type == "*" else media_type, quality))
    return found or [Range("*/*", 1.0)]


def _weight(value: str) -> float:
    """Return a weight (RFC 9110, section 12.4.2); one that is none counts as 0."""
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
