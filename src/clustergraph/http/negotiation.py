"""Which format a client wants (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clustergraph.errors import RequestError
from clustergraph.sparql.results import FORMATS, Format

__all__ = ["choose", "prefers_html"]


@dataclass(frozen=True, slots=True)
class _Range:
    """One media range of an Accept header."""

    media_type: str
    quality: float

    def specificity(self, media_type: str) -> int:
        """Return how closely the range fits: 2 exactly, 1 by its type, 0 as ``*/*``, -1 not."""
        if self.media_type == media_type:
            return 2
        if self.media_type == "*/*":
            return 0
        return 1 if self.media_type == media_type.partition("/")[0] + "/*" else -1


def choose(accept: str | None, triples: bool, names: Sequence[str] = ()) -> Format:
    """Return the format for an answer.

    Args:
        accept: the Accept header; None or empty: anything.
        triples: whether the answer holds triples (CONSTRUCT, DESCRIBE).
        names: formats that the request gives outright (``?format=``), by name or media type. Where
            none fits, Accept decides if it is given: SPARQLWrapper asks for ``format=xml`` even
            when it wants RDF/XML, and says so in Accept.

    Raises:
        RequestError: no format suits (406).
    """
    offers = [form for form in FORMATS.values() if form.holds_triples == triples]
    for name in names:
        for form in offers:
            if name in (form.name, form.media_type, *form.also):
                return form
    if names and (accept or "*/*").strip() in ("", "*/*"):
        raise _not_acceptable(offers)
    ranges = _parse(accept)
    # The best quality wins; between equals the closer fit, then the order of the offers.
    best: tuple[float, int, int] | None = None
    chosen: Format | None = None
    for order, form in enumerate(offers):
        for media_type in (form.media_type, *form.also):
            quality, fit = _quality(ranges, media_type)
            if media_type in form.also and fit < 2:
                # What we send bears the first name; another only counts where it is asked for.
                continue
            rank = (quality, fit, -order)
            if quality > 0 and (best is None or rank > best):
                best, chosen = rank, form
    if chosen is None:
        raise _not_acceptable(offers)
    return chosen


def _not_acceptable(offers: Sequence[Format]) -> RequestError:
    types = [form.media_type for form in offers]
    detail = f"this answer can be had as {', '.join(types)}"
    return RequestError(406, "No acceptable format", detail, offered=types)


def prefers_html(accept: str | None) -> bool:
    """Say whether a client would rather read a page than JSON, as a browser would."""
    ranges = _parse(accept)
    html, json = (_quality(ranges, kind) for kind in ("text/html", "application/json"))
    return html > json


def _quality(ranges: Sequence[_Range], media_type: str) -> tuple[float, int]:
    """Return the quality of a media type, by the range that fits it best, and that fit."""
    fits = [(one.specificity(media_type), one.quality) for one in ranges]
    fit, quality = max(fits, default=(-1, 0.0))
    return (quality, fit) if fit >= 0 else (0.0, fit)


def _parse(accept: str | None) -> list[_Range]:
    if not accept or not accept.strip():
        return [_Range("*/*", 1.0)]
    ranges = []
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                try:
                    quality = min(max(float(value), 0.0), 1.0)
                except ValueError:
                    quality = 0.0
        if media_type:
            ranges.append(_Range(media_type, quality))
    return ranges
