"""The facets by which things are found: how the graph states them, and how addresses name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from clustergraph.vocab import CG, CODE, ID, PREFIXES

__all__ = ["FACETS", "Facet", "iri_of", "key"]

_KINDS: Final = {
    "Organization": PREFIXES["org"] + "Organization",
    "Class": PREFIXES["owl"] + "Class",
}
"""Kinds whose class is another vocabulary's."""


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet.

    Attributes:
        space: the namespace of its values; empty: they are no things.
        paths: from a thing to its values.
        pattern: says in a query that ``?thing`` has the value ``$value``.
    """

    space: str = ""
    paths: tuple[str, ...] = ()
    pattern: str = ""

    @property
    def condition(self) -> str:
        """The pattern, or else one of the paths."""
        return self.pattern or f"?thing {'|'.join(self.paths)} $value ."


FACETS: Final[Mapping[str, Facet]] = {
    "kind": Facet(CG, pattern="?thing a $value ."),
    "country": Facet(
        f"{CODE}country/", ("cg:country", "cg:regionCountry", "^cg:partnerIn/cg:country")
    ),
    "region": Facet(
        PREFIXES["nuts"], ("cg:region",), "?thing cg:region/skos:broader* $value ."
    ),
    "ecosystem": Facet(
        f"{ID}ecosystem/", ("cg:ecosystem", "cg:targetsEcosystem", "cg:concernsEcosystem")
    ),
    "sector": Facet(f"{CODE}sector/", ("cg:sector",)),
    "label": Facet(
        f"{CODE}label-level/",
        ("cg:hasLabel/cg:awardedLabel/cg:labelLevel", "cg:labelLevel"),
    ),
    "programme": Facet(
        f"{ID}programme/", ("cg:fundedBy", "cg:call/cg:callOf", "cg:partnerIn/cg:fundedBy")
    ),
    "year": Facet(
        paths=(
            "cg:foundingYear", "cg:started", "cg:adopted", "dcterms:issued", "cg:periodStart",
            "cg:validFrom",
        ),
    ),
}  # fmt: skip
"""All facets by name, in the order in which the page shows them."""


def key(facet: str, iri: str) -> str:
    """Return how an address names a value of a facet: without its namespace."""
    foreign = (kind for kind, name in _KINDS.items() if facet == "kind" and name == iri)
    return next(foreign, iri.removeprefix(FACETS[facet].space))


def iri_of(facet: str, value: str) -> str:
    """Return the IRI of a value that an address names; what no IRI holds is percent-encoded."""
    if facet == "kind" and value in _KINDS:
        return _KINDS[value]
    if "://" in value:
        return quote(value, safe="/:?#@!$&'()*+,;=-._~")
    return FACETS[facet].space + quote(value, safe="/:@!$&'()*+,;=-._~")
