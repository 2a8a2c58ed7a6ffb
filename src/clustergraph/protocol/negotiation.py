"""Which format a client wants (RFC 9110, sections 12.4.2, 12.5.1 and 15.5.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from clustergraph.errors import RequestError
from clustergraph.protocol.faults import no_format
from clustergraph.sparql.results import FORMATS, Format

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
        # N3 nearly always means Turtle.
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
# What stands behind is ignored: no honest header is as long, and none may cost more time.
_LONGEST_ACCEPT: Final = 4000
_MOST_RANGES: Final = 100
_EXACT: Final = 2
_Ranges: TypeAlias = tuple[tuple[str, float], ...]


def offers(kind: Kind) -> tuple[Format, ...]:
    """Return the formats for a kind of answer, best first."""
    return _OFFERS[kind]


def negotiate(accept: str | None, offered: Sequence[Format], hint: str = "") -> Format:
    """Return the offer that a client likes best.

    Args:
        accept: the Accept header; None or empty: anything.
        offered: the formats that there are; between equals the first wins.
        hint: how else to ask for them, for the error.

    Raises:
        RequestError: the client likes none (406).
    """
    ranges = _ranges(_clip(accept))
    # By quality, then by the closer fit, then by the order of the offers.
    best: tuple[float, int, int] = (0.0, -1, 0)
    chosen: Format | None = None
    for order, form in enumerate(offered):
        for media_type in (form.media_type, *form.also):
            quality, fit = _quality(ranges, media_type)
            if fit < _EXACT and media_type != form.media_type:
                continue  # another name for the format counts only where it is called so
            if quality > 0 and (quality, fit, -order) > best:
                best, chosen = (quality, fit, -order), form
    if chosen is None:
        raise _no_format(offered, hint)
    return chosen


@lru_cache(maxsize=256)
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
    return choose_of(accept, names, _OFFERS[kind], _ALSO[kind])


def choose_of(
    accept: str | None,
    names: Sequence[str],
    offered: Sequence[Format],
    also: Mapping[str, str] = MappingProxyType({}),
) -> Format:
    """Return one of the formats on offer; see `choose`.

    Args:
        accept: the Accept header.
        names: that the address gives.
        offered: the formats that there are; between equals the first wins.
        also: further names, each with that of the format.
    """
    for name in names:
        # A plus sign in an address stands for a space.
        wanted = name.strip().lower().partition(";")[0].replace(" ", "+")
        wanted = also.get(wanted, wanted)
        for form in offered:
            if wanted in (form.name, form.media_type, form.suffix[1:], *form.also):
                return form
    hint = "; or with ?format= one of " + ", ".join(form.name for form in offered)
    if any(names) and all(name == "*/*" for name, _ in _ranges(_clip(accept))):
        raise _no_format(offered, hint)
    return negotiate(accept, offered, hint)


def prefers_text(accept: str | None) -> bool:
    """Return whether a client prefers text to JSON, as a person with a browser or curl does."""
    text = max(quality_of(accept, kind)[0] for kind in ("text/plain", "text/html"))
    json = ("application/problem+json", "application/json")
    return text > max(quality_of(accept, kind)[0] for kind in json)


def prefers_html(accept: str | None) -> bool:
    """Return whether a client prefers a page to JSON, as a browser does."""
    return quality_of(accept, "text/html")[0] > quality_of(accept, "application/json")[0]


def quality_of(accept: str | None, media_type: str) -> tuple[float, int]:
    """Return the quality of a media type in an Accept header, and how closely a range fits it.

    The fit is 2 for the type itself, 1 for ``text/*``, 0 for ``*/*``, and -1 if none fits.
    """
    return _quality(_ranges(_clip(accept)), media_type)


def _no_format(offered: Sequence[Format], hint: str) -> RequestError:
    types = [form.media_type for form in offered]
    return no_format(types, f"this can be had as {', '.join(types)}{hint}")


def _quality(ranges: _Ranges, media_type: str) -> tuple[float, int]:
    fits = {media_type: _EXACT, media_type.partition("/")[0] + "/*": 1, "*/*": 0}
    fit, quality = max((fits.get(name, -1), quality) for name, quality in ranges)
    return (quality, fit) if fit >= 0 else (0.0, fit)


def _clip(accept: str | None) -> str:
    """Return an Accept header as far as it is looked at."""
    if accept is None or len(accept) <= _LONGEST_ACCEPT:
        return accept or ""
    return accept[:_LONGEST_ACCEPT].rpartition(",")[0]


@lru_cache(maxsize=256)
def _ranges(accept: str) -> _Ranges:
    found = [("*/*" if name == "*" else name, quality) for name, quality in weighted(accept)]
    return tuple(found) or (("*/*", 1.0),)


def weighted(header: str) -> list[tuple[str, float]]:
    """Return the values of a header such as Accept-Language, in lower case, with their weights.

    RFC 9110, section 12.4.2; parameters other than ``q`` are ignored.
    """
    found = []
    for part in header.split(",", _MOST_RANGES)[:_MOST_RANGES]:
        value, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, text = parameter.partition("=")
            if key.strip() == "q":
                quality = _weight(text.strip())
        if value:
            found.append((value, quality))
    return found


def _weight(value: str) -> float:
    """Return a weight (RFC 9110, section 12.4.2); one that is none counts as 0."""
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
