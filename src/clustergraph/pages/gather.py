"""What the search knows about each thing, as the graph states it, and the facets to find it by."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph.pages.europe import point
from clustergraph.quadstore.engine import reading
from clustergraph.vocab import CG, CODE, ID, PREFIXES, expand

if TYPE_CHECKING:
    from clustergraph.quadstore.engine import Queryable

__all__ = [
    "CODES",
    "FACETS",
    "KINDS",
    "Facet",
    "Name",
    "Thing",
    "concerned",
    "gather",
    "iri_of",
    "key",
]

KINDS: Final = (
    "ClusterOrganisation", "TechnologyPlatform", "Cluster", "ClusterInitiative", "Eurocluster",
    "ClusterPartnership", "ClusterAssociation", "ClusterNetwork", "PublicInstitution", "Company",
    "University", "ResearchOrganisation", "School", "Association", "NonProfitOrganisation",
    "Organization", "Person", "IndustrialEcosystem", "Strategy", "LegalFramework", "Policy",
    "PolicyDocument", "FundingProgramme", "Call", "Project", "PolicyInitiative",
    "PolicyPractice", "PolicyTool", "Methodology", "LabelScheme", "Label", "Award", "Service",
    "Publication", "Event", "Notion", "Country", "CountryGroup", "Region", "Sector", "Technology",
    "Class",
)  # fmt: skip
"""Kinds of things to find; a thing is of the first that one of its classes is or falls under."""

CODES: Final = {"Country": "country", "Region": "region", "Sector": "sector"}
"""Kinds of codes, which are found only where a thing refers to them, with the facet that does."""

# What only describes other things, and is shown with these.
_HIDDEN: Final = frozenset(
    (
        "Claim", "Figure", "Membership", "Participation", "LabelAward", "MonetaryAmount", "Place",
        "OrganisationChange", "Source", "CountryGroup", "Technology",
    )
)  # fmt: skip
_FOREIGN: Final = {
    "Organization": PREFIXES["org"] + "Organization",
    "Class": PREFIXES["owl"] + "Class",
}
"""Kinds whose class is another vocabulary's."""
_KIND_OF: Final = {iri: kind for kind, iri in _FOREIGN.items()}

_ABOVE: Final = "rdfs:subClassOf"
_BROADER: Final = "skos:broader"
_NAMES: Final = ("rdfs:label", "skos:prefLabel")
_KEYS: Final = ("skos:altLabel", "cg:acronym", "cg:nameAsGiven", "dcterms:identifier", "cg:celex",
                "cg:reference", "skos:notation")  # fmt: skip
_PLACES: Final = ("cg:city", "cg:regionName")
_DESCRIPTIONS: Final = ("dcterms:description", "skos:definition", "cg:objective")
_TEXTS: Final = (
    *_DESCRIPTIONS, "cg:offersService/rdfs:label", "cg:technology/skos:prefLabel",
)  # fmt: skip
_POINT: Final = "cg:place/geo:hasGeometry/geo:asWKT"
_SINGLE: Final = (_POINT, "cg:website")
_YEAR: Final = re.compile(r"\d{4}")


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
    if facet == "kind" and iri in _KIND_OF:
        return _KIND_OF[iri]
    return iri.removeprefix(FACETS[facet].space)


def iri_of(facet: str, value: str) -> str:
    """Return the IRI of a value that an address names; what no IRI holds is percent-encoded."""
    if facet == "kind" and value in _FOREIGN:
        return _FOREIGN[value]
    if "://" in value:
        return quote(value, safe="/:?#@!$&'()*+,;=-._~")
    return FACETS[facet].space + quote(value, safe="/:@!$&'()*+,;=-._~")


@dataclass(slots=True)
class Name:
    """What something is called."""

    en: str = ""
    cs: str = ""

    def in_language(self, language: str) -> str:
        """Return the name in a language, or else in the other."""
        return (self.cs if language == "cs" else "") or self.en or self.cs


@dataclass(slots=True)
class Thing:
    """One thing to find.

    Attributes:
        kind: one of `KINDS`, or the local name of its class.
        name: in each language.
        acronym: as sources give it.
        keys: other names and keys by which it is known.
        facets: by facet, the IRIs (of years: four digits) that it is found by.
        country: the IRI of where it is, not where those are who take part in it.
        city: as the source writes it.
        places: names of places.
        text: what describes it, in each language.
        texts: what else is stated about it.
        point: longitude and latitude.
        homepage: its address in the web.
    """

    kind: str
    name: Name
    acronym: str = ""
    keys: list[str] = field(default_factory=list)
    facets: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    country: str = ""
    city: str = ""
    places: list[str] = field(default_factory=list)
    text: Name = field(default_factory=Name)
    texts: list[str] = field(default_factory=list)
    point: tuple[float, float] | None = None
    homepage: str = ""


def gather(
    engine: Queryable, only: Collection[str] | None = None
) -> tuple[dict[str, Thing], Mapping[str, Name]]:
    """Return things to find by their IRI, and the names of everything that facets refer to.

    Args:
        engine: the graph.
        only: the IRIs of the things that are wanted; None: all.
    """
    ask = _Asker(engine, only)
    kinds = _kinds(ask)
    facets, countries = _facets(ask, kinds)
    values = {
        iri
        for of in facets.values()
        for facet, iris in of.items()
        for iri in iris
        if FACETS[facet].space
    }
    names = _names(_Asker(engine, None if only is None else {*only, *values}))
    things = {iri: Thing(kind, names[iri]) for iri, kind in kinds.items() if iri in names}
    described = _names(ask, _DESCRIPTIONS)
    texts = {path: ask.texts(path) for path in (*_KEYS, *_PLACES, *_TEXTS, *_SINGLE)}

    def all_of(iri: str, *paths: str) -> list[str]:
        return [text for path in paths for text in texts[path].get(iri, ())]

    for iri, thing in things.items():
        thing.acronym, thing.city, thing.homepage = (
            next(iter(all_of(iri, path)), "") for path in ("cg:acronym", "cg:city", "cg:website")
        )
        thing.keys, thing.places = all_of(iri, *_KEYS), all_of(iri, *_PLACES)
        thing.texts = all_of(iri, *_TEXTS)
        thing.text = described.get(iri, thing.text)
        thing.point = next(filter(None, map(point, all_of(iri, _POINT))), None)
        thing.country = countries.get(iri, "")
        thing.facets = facets[iri]
    return things, names


def concerned(store: ox.Store, triples: Iterable[ox.Triple], most: int) -> set[str] | None:
    """Return the IRIs of the things whose entries a change may alter.

    Of things that are values of facets, the entries of those that have the values may alter, too.

    Args:
        store: the graph after the change.
        triples: what was added or removed.
        most: how many things may be concerned.

    Returns:
        The IRIs; None: too many, or the change is about classes or the tree of regions.
    """
    found: set[str] = set()
    for triple in triples:
        about = triple.subject.value if isinstance(triple.subject, ox.NamedNode) else ""
        if about.startswith(CG) or triple.predicate.value in _STRUCTURE:
            return None
        for steps, place in _STEPS.get(triple.predicate.value, ()):
            starts = {triple.object if steps[place].startswith("^") else triple.subject}
            for step in reversed(steps[:place]):
                starts = {one for start in starts for one in _back(store, step, start)}
            found |= {one.value for one in starts if isinstance(one, ox.NamedNode)}
        if len(found) > most:
            return None
    return found


def _back(store: ox.Store, step: str, end: Any) -> set[Any]:
    """Return from where a step of a path leads to a term."""
    predicate = ox.NamedNode(expand(step.removeprefix("^")))
    if not step.startswith("^"):
        return {quad.subject for quad in store.quads_for_pattern(None, predicate, end, None)}
    if isinstance(end, ox.Literal):
        return set()
    return {quad.object for quad in store.quads_for_pattern(end, predicate, None, None)}


def _steps() -> dict[str, list[tuple[list[str], int]]]:
    """Return, by predicate, the paths that it is a step of, and where."""
    paths = ["rdf:type", *_NAMES, *_KEYS, *_PLACES, *_TEXTS, *_SINGLE]
    paths += [path for facet in FACETS.values() for path in facet.paths]
    found: dict[str, list[tuple[list[str], int]]] = defaultdict(list)
    for path in paths:
        steps = path.split("/")
        for place, step in enumerate(steps):
            found[expand(step.removeprefix("^"))].append((steps, place))
    return found


_STRUCTURE: Final = frozenset(map(expand, (_ABOVE, _BROADER)))
_STEPS: Final = _steps()


class _Asker:
    """Asks for the values of paths.

    Args:
        engine: the graph.
        only: the IRIs of the things that are wanted; None: all.
    """

    def __init__(self, engine: Queryable, only: Collection[str] | None = None) -> None:
        self._engine = engine
        self._only = ""
        if only is not None:
            self._only = f"VALUES ?thing {{ {' '.join(str(ox.NamedNode(iri)) for iri in only)} }}"

    def __call__(self, path: str, everywhere: bool = False) -> Iterator[tuple[str, Any]]:
        """Yield the pairs of things and values that a path connects."""
        only = "" if everywhere else self._only
        with reading():
            found = self._engine.query(f"SELECT ?thing ?value {{ {only} ?thing {path} ?value }}")
            assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
            for one, other in found:
                if isinstance(one, ox.NamedNode) and not isinstance(other, ox.BlankNode):
                    yield one.value, other

    def iris(self, path: str, everywhere: bool = False) -> dict[str, set[str]]:
        """Return the things at the end of a path by those at its beginning."""
        found: dict[str, set[str]] = defaultdict(set)
        for iri, term in self(path, everywhere):
            if isinstance(term, ox.NamedNode):
                found[iri].add(term.value)
        return found

    def texts(self, path: str) -> dict[str, list[str]]:
        """Return the values of a path by thing, as sorted texts."""
        found: dict[str, set[str]] = defaultdict(set)
        for iri, term in self(path):
            found[iri].add(term.value)
        return {iri: sorted(values) for iri, values in found.items()}


def _names(ask: _Asker, paths: Sequence[str] = _NAMES) -> dict[str, Name]:
    """Return names, or other texts, in English (or else another language) and Czech."""
    found: dict[str, set[tuple[bool, int, str, str]]] = defaultdict(set)
    for place, path in enumerate(paths):
        for iri, term in ask(path):
            language = getattr(term, "language", None) or ""
            found[iri].add((language != "en", place, language, term.value))
    names: dict[str, Name] = defaultdict(Name)
    for iri, terms in found.items():
        name = names[iri]
        for _, _, language, text in sorted(terms):
            if language == "cs":
                name.cs = name.cs or text
            else:
                name.en = name.en or text
    return names


def _kinds(ask: _Asker) -> dict[str, str]:
    """Return the kind of each thing that is to be found."""
    above = ask.iris(_ABOVE, everywhere=True)
    kind_of: dict[str, tuple[int, str]] = {}

    def rank(name: str) -> tuple[int, str]:
        """Return the place of a class among the kinds, and the kind."""
        if name not in kind_of:
            local = _KIND_OF.get(name) or name.removeprefix(CG)
            own = KINDS.index(local) if local in KINDS else len(KINDS)
            kind_of[name] = own, local
            if own == len(KINDS) and local not in _HIDDEN:
                kind_of[name] = min([(own, local), *map(rank, above.get(name, ()))])
        return kind_of[name]

    found: dict[str, str] = {}
    for iri, classes in ask.iris("a").items():
        ranks = [
            (place, kind)
            for name in classes
            for place, kind in [rank(name)]
            if kind not in _HIDDEN and (place < len(KINDS) or name.startswith(CG))
        ]
        if ranks and iri.startswith((CG, ID, CODE, PREFIXES["nuts"])):
            found[iri] = min(ranks)[1]
    return found


def _facets(
    ask: _Asker, kinds: Mapping[str, str]
) -> tuple[dict[str, dict[str, set[str]]], dict[str, str]]:
    """Return by which facets things are found, and in which countries they are."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    countries: dict[str, str] = {}
    above = ask.iris(_BROADER, everywhere=True)
    for iri, kind in kinds.items():
        found[iri]["kind"].add(CG + kind)
        if kind == "Country":
            found[iri]["country"].add(iri)
        if kind == "Region":
            found[iri]["region"] |= set(_with_those_above(iri, above))
    for facet, about in FACETS.items():
        for path in about.paths if about.space else ():
            for iri, values in ask.iris(path).items():
                if path == "cg:country":
                    countries[iri] = min(values)
                if facet == "region":
                    values = {one for value in values for one in _with_those_above(value, above)}
                if facet == "programme":
                    values = {value for value in values if value.startswith(about.space)}
                found[iri][facet] |= values
    for path in FACETS["year"].paths:
        for iri, texts in ask.texts(path).items():
            found[iri]["year"] |= {match[0] for text in texts if (match := _YEAR.match(text))}
    return found, countries


def _with_those_above(region: str, above: Mapping[str, set[str]]) -> Iterator[str]:
    """Yield a region and those that it is part of, but for whole countries."""
    seen: set[str] = set()
    waiting = [region]
    while waiting:
        region = waiting.pop()
        if region not in seen:
            seen.add(region)
            waiting += above.get(region, ())
            if not _is_whole(region):
                yield region


def _is_whole(region: str) -> bool:
    """Say whether a region of NUTS is a whole country: its code has nothing but zeros to it."""
    space = PREFIXES["nuts"]
    return region.startswith(space) and not region[len(space) + 2 :].strip("0")
