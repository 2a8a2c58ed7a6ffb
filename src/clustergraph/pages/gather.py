"""What the search knows about each thing, as the graph says it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.pages.europe import point
from clustergraph.pages.facets import FACETS
from clustergraph.quadstore.engine import reading
from clustergraph.vocab import CG, CODE, ID, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.europe import point
from clustergraph.quadstore.engine import Queryable

__all__ = ["KINDS", "Name", "Thing", "gather"]

KINDS: Final = (
    "ClusterOrganisation", "TechnologyPlatform", "Cluster", "ClusterInitiative", "Eurocluster",
    "ClusterPartnership", "ClusterAssociation", "ClusterNetwork", "PublicInstitution", "Company",
    "University", "ResearchOrganisation", "School", "Association", "NonProfitOrganisation",
    "Organization", "Person", "IndustrialEcosystem", "Strategy", "LegalFramework", "Policy",
    "PolicyDocument", "FundingProgramme", "Call", "Project", "PolicyInitiative",
    "PolicyPractice", "PolicyTool", "Methodology", "LabelScheme", "Label", "Award", "Service",
    "Publication", "Event", "Notion", "Country", "CountryGroup", "Region", "Sector", "Technology",
)  # fmt: skip
"""Kinds of things to find; a thing is of the first that one of its classes is or falls under."""

# What only says something about other things, and is shown with these.
_HIDDEN: Final = frozenset(
    (
        "Claim",
        "Figure",
        "Membership",
        "Participation",
        "LabelAward",
        "MonetaryAmount",
        "Place",
        "OrganisationChange",
        "Source",
    )
)
_ORG: Final = "http://www.w3.org/ns/org#Organization"
# Codes are worth finding where something refers to them.
_CODES: Final = ("Country", "CountryGroup", "Region", "Sector", "Technology")

_CLASSES: Final = "SELECT ?thing ?class { ?thing a ?class }"
_ABOVE: Final = "SELECT ?class ?above { ?class rdfs:subClassOf ?above FILTER(isIRI(?above)) }"
_VALUES: Final = "SELECT ?thing ?value {{ ?thing {path} ?value }}"
_NAMES: Final = ("rdfs:label", "skos:prefLabel")
_KEYS: Final = ("skos:altLabel", "cg:acronym", "cg:nameAsGiven", "dcterms:identifier", "cg:celex",
                "cg:reference", "skos:notation")  # fmt: skip
_PLACES: Final = ("cg:city", "cg:regionName")
_TEXTS: Final = ("dcterms:description", "skos:definition", "cg:objective",
                 "cg:offersService/rdfs:label", "cg:technology/skos:prefLabel")  # fmt: skip
_YEAR: Final = re.compile(r"\d{4}")


@dataclass(slots=True)
class Name:
    """What something is called."""

    en: str = ""
    cs: str = ""

    def add(self, text: str, language: str | None) -> None:
        """Take one more name; the first of a language stays."""
        if language == "cs":
            self.cs = self.cs or text
        elif language == "en" or not self.en:
            self.en = text if language == "en" else self.en or text


@dataclass(slots=True)
class Thing:
    """One thing to find.

    Attributes:
        kind: one of `KINDS`, or the local name of its class.
        name: in each language.
        keys: other names and keys by which it is known.
        facets: by facet, the IRIs (of years: four digits) that it is found by.
        own_country: where it is, not where those are who take part in it.
        city: as the source writes it.
        texts: what else is said of it.
        point: longitude and latitude.
        homepage: its address in the web.
    """

    kind: str
    name: Name
    keys: list[str] = field(default_factory=list)
    facets: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    own_country: str = ""
    city: str = ""
    places: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    point: tuple[float, float] | None = None
    homepage: str = ""


def gather(engine: Queryable) -> tuple[dict[str, Thing], dict[str, Name]]:
    """Return all things by their IRI, and the names of everything that facets refer to."""
    ask = _Asker(engine)
    names: dict[str, Name] = defaultdict(Name)
    for path in _NAMES:
        for iri, term in ask(path):
            names[iri].add(term.value, getattr(term, "language", None))
    things = {
        iri: Thing(kind, names[iri]) for iri, kind in _kinds(ask, names).items() if iri in names
    }
    for path in _KEYS:
        for iri, term in ask(path):
            if iri in things:
                things[iri].keys.append(term.value)
    for path in _PLACES:
        for iri, term in ask(path):
            if iri in things:
                things[iri].places.append(term.value)
                things[iri].city = things[iri].city or (term.value if path == "cg:city" else "")
    for path in _TEXTS:
        for iri, term in ask(path):
            if iri in things:
                things[iri].texts.append(term.value)
    used = _facets(ask, things, names)
    for iri, term in ask("cg:place/geo:hasGeometry/geo:asWKT"):
        if iri in things:
            things[iri].point = point(term.value) or things[iri].point
    for iri, term in ask("cg:website"):
        if iri in things:
            things[iri].homepage = things[iri].homepage or term.value
    kept = {iri: thing for iri, thing in things.items() if thing.kind not in _CODES or iri in used}
    return kept, names


class _Asker:
    """Asks for the values of a path; each once."""

    def __init__(self, engine: Queryable) -> None:
        self._engine = engine

    def __call__(self, path: str) -> Iterator[tuple[str, Any]]:
        yield from self.pairs(_VALUES.format(path=path))

    def pairs(self, text: str) -> Iterator[tuple[str, Any]]:
        with reading():
            found = self._engine.query(text)
            assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - all of these are SELECTs
            for one, other in found:
                if isinstance(one, ox.NamedNode) and not isinstance(other, ox.BlankNode):
                    yield one.value, other


def _kinds(ask: _Asker, names: Mapping[str, Name]) -> dict[str, str]:
    """Return the kind of each thing that is to be found."""
    above: dict[str, set[str]] = defaultdict(set)
    for one, other in ask.pairs(_ABOVE):
        above[one].add(other.value)
    kind_of: dict[str, tuple[int, str]] = {}

    def rank(name: str) -> tuple[int, str]:
        """Return the place of a class among the kinds, and the kind."""
        if name not in kind_of:
            local = "Organization" if name == _ORG else name.removeprefix(CG)
            own = KINDS.index(local) if local in KINDS else len(KINDS)
            kind_of[name] = own, local
            if own == len(KINDS) and local not in _HIDDEN:
                kind_of[name] = min([(own, local), *(rank(one) for one in above[name])])
        return kind_of[name]

    found: dict[str, tuple[int, str]] = {}
    for iri, name in ask.pairs(_CLASSES):
        if not iri.startswith((ID, CODE, PREFIXES["nuts"])):
            continue
        place, kind = rank(name.value)
        if kind in _HIDDEN or (place == len(KINDS) and not name.value.startswith(CG)):
            continue
        best = found.get(iri)
        found[iri] = min(best, (place, kind)) if best else (place, kind)
    return {iri: kind for iri, (_, kind) in found.items()}


def _facets(ask: _Asker, things: Mapping[str, Thing], names: Mapping[str, Name]) -> set[str]:
    """Note by which facets things are found; return what they refer to."""
    used: set[str] = set()
    for facet, about in FACETS.items():
        for path in about.paths if about.space else ():
            for iri, term in ask(path):
                thing = things.get(iri)
                if thing is None or not isinstance(term, ox.NamedNode):
                    continue
                if facet == "programme" and not term.value.startswith(about.space):
                    continue
                if path == "cg:country":
                    thing.own_country = term.value
                thing.facets[facet].add(term.value)
    above: dict[str, str] = {}
    for iri, term in ask("skos:broader"):
        if iri.startswith(PREFIXES["nuts"]):
            above[iri] = term.value
    for path in FACETS["year"].paths:
        for iri, term in ask(path):
            if iri in things and (match := _YEAR.match(term.value)):
                things[iri].facets["year"].add(match[0])
    # A country stands among the regions as well, as the highest of them, and sometimes twice.
    countries = {names[iri].en for iri, thing in things.items() if thing.kind == "Country"}
    nuts = len(PREFIXES["nuts"])
    whole = {
        iri
        for iri, thing in things.items()
        if thing.kind == "Region" and (len(iri) <= nuts + 2 or names[iri].en in countries)
    }
    for iri, thing in things.items():
        regions = thing.facets["region"]
        if thing.kind == "Region":
            regions.add(iri)
        regions |= set(_ancestors(regions, above))
        thing.facets["region"] = {region for region in regions if region not in whole}
        if thing.kind not in _CODES:
            for values in thing.facets.values():
                used |= values
    for iri in used:
        if iri in things and things[iri].kind == "Country":
            things[iri].facets["country"].add(iri)
    return used


def _ancestors(regions: Iterable[str], above: Mapping[str, str]) -> Iterator[str]:
    for region in regions:
        seen: set[str] = set()
        while (region := above.get(region, "")) and region not in seen:
            seen.add(region)
            yield region
