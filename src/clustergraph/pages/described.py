"""The page of a thing: facts by group with their sources, records, neighbours, findings."""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import pyoxigraph as ox

from clustergraph.pages import charts, facts, results, schema
from clustergraph.pages.europe import point
from clustergraph.pages.facets import key
from clustergraph.pages.findings import findings
from clustergraph.pages.frame import page
from clustergraph.pages.measures import named
from clustergraph.pages.model import model
from clustergraph.pages.neighbours import Neighbour, Neighbourhood, neighbourhood
from clustergraph.pages.visit import short
from clustergraph.protocol.parameters import whole_number
from clustergraph.vocab import BASE, CG, CODE, ID, PREFIXES, shorten

if TYPE_CHECKING:
    from clustergraph.pages.facts import Evidence, Fact, Thing
    from clustergraph.pages.visit import Visit
    from clustergraph.protocol import Response

__all__ = ["thing"]

_TITLES: Final = tuple(PREFIXES[p] + n for p, n in (("rdfs", "label"), ("skos", "prefLabel")))
# Which property stands in which group, and in which order; the rest is "other".
GROUPS: Final = {
    "about": (
        "dcterms:description", "skos:definition", "skos:scopeNote", "cg:objective", "cg:criterion",
        "cg:minimumRequirements", "cg:motto",
    ),
    "names": (
        "rdfs:label", "skos:prefLabel", "skos:altLabel", "cg:acronym", "cg:nameAsGiven", "cg:celex",
        "cg:reference", "cg:isbn", "cg:grantAgreement", "skos:notation", "dcterms:identifier",
    ),
    "place": (
        "cg:country", "cg:region", "cg:regionName", "cg:city", "cg:place", "cg:regionCountry",
    ),
    "field": (
        "cg:ecosystem", "cg:targetsEcosystem", "cg:concernsEcosystem", "cg:sector",
        "cg:technology", "cg:naceComposition", "cg:offersService",
        "cg:practiceKind", "cg:documentKind", "cg:publicationKind", "cg:eventKind", "cg:toolKind",
    ),
    "time": (
        "cg:foundingYear", "cg:adopted", "dcterms:issued", "dcterms:date", "cg:started", "cg:ended",
        "cg:periodStart", "cg:periodEnd", "cg:validFrom", "cg:validUntil", "cg:generation",
    ),
    "relations": (
        "cg:memberOf", "cg:partnerIn", "cg:participatesIn", "cg:hasPartner", "cg:coordinatedBy",
        "cg:cooperatesWith",
        "cg:projectPartnerWith", "cg:partOf", "cg:managesCluster", "cg:legalForm", "cg:hostedBy",
        "cg:operatedBy", "cg:operatorName", "cg:managedBy", "cg:awardedBy",
    ),
    "policy": (
        "cg:policyLevel", "cg:fundedBy", "cg:call", "cg:callOf", "cg:implements", "cg:setOutIn",
        "cg:legalBasis", "cg:succeeds", "cg:updatesOrReplaces", "cg:issuedBy",
        "cg:transitionPathway",
    ),
    "web": ("cg:website", "foaf:page", "cg:eccpProfile", "skos:exactMatch", "skos:closeMatch"),
}  # fmt: skip
_ORDER: Final = {
    PREFIXES[name.partition(":")[0]] + name.partition(":")[2]: (group, place)
    for group, names in GROUPS.items()
    for place, name in enumerate(names)
}
_MARKED: Final = ("estimated", "derived", "inferred")
_MOST_SIDE: Final = 8
_MOST_QUALITY: Final = 60
_MOST_PAGES: Final = 10_000
_WEB: Final = ("http://", "https://")
# Numbers of four digits may be years, and are as readable without a separator.
_YEAR_LIKE: Final = re.compile(r"\d{4}")
_DATES: Final = frozenset(PREFIXES["xsd"] + name for name in ("date", "gYearMonth"))
_NUMBERS: Final = frozenset(PREFIXES["xsd"] + name for name in ("integer", "decimal", "double"))


def thing(visit: Visit, iri: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return the page of a thing.

    Args:
        visit: who sees it.
        iri: the thing.
        headers: further headers of the response.

    """
    whole = _expanded(visit.parameter("incoming"))
    place = whole_number(visit.parameter("page", "1"), "page", _MOST_PAGES)
    found = facts.gathered(visit, iri, incoming=whole, page=place)
    view = _View(visit, found)
    return page(
        visit,
        "thing",
        headers=headers,
        thing=found,
        view=view,
        name=found.name(iri, visit.language),
        short=short(iri),
        groups=view.groups(),
        inferred=[view.fact(one) for one in found.facts if one.inferred],
        proofs=_proofs(found),
        incoming=[view.incoming(link) for link in found.incoming],
        whole=whole,
        number_of_page=place,
        map=view.map(),
        around=view.around(),
        **results.about(visit),
        findings=_quality(visit, found),
        query=f"SELECT ?property ?value WHERE {{ <{iri}> ?property ?value }}",
        query_in=f"SELECT ?thing ?property WHERE {{ ?thing ?property <{iri}> }}",
        formats=_formats(visit, iri),
        elsewhere=_elsewhere(visit, iri),
        linked=schema.described(visit, found),
    )


@dataclass(frozen=True, slots=True)
class _Value:
    """A value as the page shows it."""

    text: str
    href: str = ""
    language: str = ""
    outside: bool = False
    marks: tuple[str, ...] = ()
    sources: tuple[int, ...] = ()
    year: str = ""
    roles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class _View:
    """What the page shows of a thing, in the words of a visit."""

    visit: Visit
    thing: Thing
    sources: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.words = self.visit.words("thing")
        for source in self.thing.sources:
            self._source(source)

    def name(self, iri: str) -> str:
        """Return what an IRI is called; properties of other vocabularies by words of the page."""
        key = short(iri)
        if iri not in self.thing.names and self.words.has(key):
            return self.words(key)
        name = self.thing.name(iri, self.visit.language)
        if iri.startswith(PREFIXES["nuts"]):
            # Regions of different levels bear the same name.
            name += f" ({iri.removeprefix(PREFIXES['nuts'])})"
        return name

    @property
    def language(self) -> str:
        """The language of the thing's name, where it is not that of the page; else nothing."""
        known = self.thing.names.get(self.thing.iri, {})
        return "en" if self.visit.language not in known and "en" in known else ""

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """The classes: name and address; only the narrowest, as far as the names tell."""
        classes = [
            one.value
            for one in self.thing.values.get(PREFIXES["rdf"] + "type", ())
            if isinstance(one, ox.NamedNode)
        ]
        own = [one for one in classes if one.startswith(CG)] or classes
        return [(self.name(one), self.visit.link(one)) for one in own]

    def groups(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """Return the facts by group."""
        found: dict[str, list[tuple[int, str, Fact]]] = defaultdict(list)
        for one in self.thing.facts:
            if one.inferred or (one.property in _TITLES and len(one.values) < 2):
                continue
            group, place = _ORDER.get(one.property, ("other", 0))
            found[group].append((place, self.name(one.property), one))
        return [
            (group, [self.fact(fact) for *_, fact in sorted(found[group], key=lambda it: it[:2])])
            for group in (*GROUPS, "other")
            if group in found
        ]

    def fact(self, fact: Fact) -> dict[str, Any]:
        """Return one fact, ready to be shown."""
        values = [self.value(said.term, said.evidence) for said in fact.values]
        languages = (self.visit.language, "en", "")
        values.sort(
            key=lambda one: languages.index(one.language) if one.language in languages else 9
        )
        return {
            "name": self.name(fact.property),
            "href": self.visit.link(fact.property) if fact.property.startswith(BASE) else "",
            "values": values,
            "disputed": fact.disputed,
            "long": any(len(one.text) > 90 for one in values),
        }

    def value(self, term: Any, evidence: Sequence[Evidence] = ()) -> _Value:
        """Return one value, with what its evidence says."""
        sources = tuple(
            dict.fromkeys(self._source(source) for one in evidence for source in one.sources)
        )
        marks = tuple(dict.fromkeys(one.basis for one in evidence if one.basis in _MARKED))
        years = dict.fromkeys(self.words.day(one.year) for one in evidence if one.year)
        about: dict[str, Any] = {
            "marks": marks,
            "sources": sources,
            "year": ", ".join(years),
            "roles": tuple(
                dict.fromkeys(
                    self.name(role)
                    for one in evidence
                    for role in one.roles
                    if not role.endswith(("/member", "/partner"))
                )
            ),
            "notes": tuple(dict.fromkeys(note for one in evidence for note in one.notes)),
        }
        if isinstance(term, ox.NamedNode):
            return self._linked(term.value, about)
        if isinstance(term, ox.Literal):
            return _Value(self._text(term), language=term.language or "", **about)
        return _Value(str(term), **about)

    def _linked(self, iri: str, about: dict[str, Any]) -> _Value:
        ours = iri.startswith(BASE) or iri in self.thing.names
        if ours:
            return _Value(self.name(iri), self.visit.link(iri), **about)
        # Whatever else an address may be (javascript:, data:), it is shown and not linked.
        href = iri if iri.startswith(_WEB) else ""
        name = short(iri)
        text = _shown_address(iri) if name == iri else name
        return _Value(text, href, outside=True, **about)

    def _text(self, term: ox.Literal) -> str:
        kind = term.datatype.value
        if kind in _DATES:
            return self.words.day(term.value)
        if kind in _NUMBERS and not _YEAR_LIKE.fullmatch(term.value):
            try:
                return self.words.number(
                    float(term.value) if "." in term.value else int(term.value)
                )
            except ValueError:
                return term.value
        return term.value

    def incoming(self, link: facts.Incoming) -> dict[str, Any]:
        """Return what refers to the thing by one property."""
        visit, iri = self.visit, self.thing.iri
        values = [
            self.value(ox.NamedNode(one), link.evidence.get(one, ())) for one in link.subjects
        ]
        key = short(link.property)
        whole = visit.url(visit.path, **_own(visit), incoming=key)
        return {
            "property": link.property,
            "name": self.words("incoming-" + key)
            if self.words.has("incoming-" + key)
            else self.name(link.property),
            "values": values,
            "total": link.total,
            "whole": whole + "#incoming",
            "page": lambda number: (
                visit.url(visit.path, **_own(visit), incoming=key, page=str(number)) + "#incoming"
            ),
            "query": f"SELECT ?thing WHERE {{ ?thing <{link.property}> <{iri}> }}",
        }

    def figures(self) -> list[dict[str, Any]]:
        """Return the figures: measure, year, value, sources; those that disagree are marked."""
        rows: list[dict[str, Any]] = []
        for one in self.thing.records.get("figure", ()):
            value = one.first(CG + "value")
            text = (
                self._text(value) if isinstance(value, ox.Literal) else one.text(CG + "textValue")
            )
            qualifier = one.text(CG + "qualifier")
            rows.append(
                {
                    "href": self.visit.link(one.iri),
                    "measure": self.name(one.text(CG + "measure")),
                    "year": one.text(CG + "figureYear"),
                    "value": text,
                    "qualifier": self.name(qualifier) if qualifier else "",
                    "unit": one.text(CG + "unit"),
                    "shown": self.value(ox.Literal(text), [one.evidence]),
                }
            )
        rows.sort(key=lambda row: (row["measure"], row["year"]))
        seen: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in rows:
            seen[row["measure"], row["year"]].add(row["value"])
        for row in rows:
            row["disputed"] = len(seen[row["measure"], row["year"]]) > 1
        return rows

    def awards(self) -> list[dict[str, Any]]:
        """Return the label awards and other awards, the newest first."""
        rows = [
            {
                "href": self.visit.link(one.iri),
                "name": self.name(one.text(CG + "awardedLabel") or one.iri),
                "link": self.visit.link(one.text(CG + "awardedLabel") or one.iri),
                "on": one.text(CG + "awardedOn"),
                "until": one.text(CG + "expiresOn"),
                "by": self.name(by) if (by := one.text(CG + "awardedBy")) else "",
                "shown": self.value(ox.Literal(""), [one.evidence]),
            }
            for one in self.thing.records.get("award", ())
        ]
        return sorted(rows, key=lambda row: str(row["on"]), reverse=True)

    def amounts(self) -> list[dict[str, Any]]:
        """Return the amounts of money."""
        return [
            {
                "href": self.visit.link(one.iri),
                "kind": self.name(one.text(CG + "amountKind")),
                "value": self._text(amount) if isinstance(amount, ox.Literal) else "",
                "currency": one.text(CG + "currency").rpartition("/")[2],
                "prices": self.name(prices) if (prices := one.text(CG + "prices")) else "",
                "shown": self.value(ox.Literal(""), [one.evidence]),
            }
            for one in self.thing.records.get("amount", ())
            for amount in [one.first(CG + "amountValue")]
        ]

    def map(self) -> str | None:
        """Return a map of where the thing is, if that is known."""
        code = self.thing.first(CG + "country", CG + "regionCountry").removeprefix(
            CODE + "country/"
        )
        if self.thing.iri.startswith(CODE + "country/"):
            code = self.thing.iri.removeprefix(CODE + "country/")
        point = self._point()
        part = (charts.near(*point) if point else None) or charts.extent(code)
        if part is None:
            return None
        name = self.thing.name(self.thing.iri, self.visit.language)
        where = self.thing.first(CG + "city") or self.name(CODE + "country/" + code)
        dots = [charts.Dot(*point, f"{name}, {where}")] if point else []
        return charts.europe(
            "where", self.words("map-title", name=name), self.words("map-description", where=where),
            here=code, names={code: self.name(CODE + "country/" + code)}, part=part, dots=dots,
        )  # fmt: skip

    def _point(self) -> tuple[float, float] | None:
        place = self.thing.first(CG + "place")
        node = ox.NamedNode(place if place.startswith(ID) else self.thing.iri)
        text = "SELECT ?point { $place geo:hasGeometry/geo:asWKT ?point } LIMIT 1"
        for row in self.visit.select(text, place=node):
            if (found := point(str(row.point))) is not None:
                return found
        return None

    def around(self) -> Neighbourhood | None:
        """Return the thing among its neighbours, if it has any."""
        after: dict[str, Neighbour] = {}
        for fact in self.thing.facts:
            if fact.inferred:
                continue
            for said in fact.values[:_MOST_SIDE]:
                if isinstance(said.term, ox.NamedNode) and said.term.value.startswith(BASE):
                    self._meet(after, said.term.value, self.name(fact.property), fact.property)
        before: dict[str, Neighbour] = {}
        for link in self.thing.incoming:
            relation = self.incoming(link)["name"]
            for one in link.subjects[:_MOST_SIDE]:
                self._meet(before, one, relation, link.property)
        if not after and not before:
            return None
        iri = self.thing.iri
        name = self.thing.first(CG + "acronym") or self.name(iri)
        centre = Neighbour(iri, name, self.visit.link(iri))
        return neighbourhood(self.visit, centre, before, after, self._title)

    def _title(self, iri: str) -> str:
        """Return what a property is called, also one that nothing says of the thing."""
        known = model().terms.get(iri)
        labels = known.labels if known else {}
        return labels.get(self.visit.language) or labels.get("en") or self.name(iri)

    def _meet(
        self, known: dict[str, Neighbour], iri: str, relation: str, property_iri: str
    ) -> None:
        if iri != self.thing.iri:
            known.setdefault(
                iri, Neighbour(iri, self.name(iri), self.visit.link(iri), relation, property_iri)
            )

    def listed_sources(self) -> Iterator[tuple[int, str, str]]:
        """Yield the sources: number, text, address (empty: none that may be linked)."""
        for number, source in enumerate(self.sources, start=1):
            linked = source.startswith(_WEB)
            yield number, _shown_address(source) if linked else source, source if linked else ""

    def _source(self, source: str) -> int:
        if source not in self.sources:
            self.sources.append(source)
        return self.sources.index(source) + 1


def _quality(visit: Visit, found: Thing) -> list[Any] | None:
    records = [one.iri for several in found.records.values() for one in several]
    return findings(visit, [found.iri, *records][:_MOST_QUALITY])


def _own(visit: Visit) -> dict[str, str]:
    """Return the parameters that say which thing it is, where the path does not."""
    return {"iri": visit.parameter("iri")} if visit.parameter("iri") else {}


def _formats(visit: Visit, iri: str) -> list[tuple[str, str, str]]:
    """Return name, media type and address of the other forms of a description."""
    path, mark, query = visit.link(iri).partition("?")
    return [
        (name, kind, path + suffix + mark + query)
        for name, kind, suffix in (
            ("Turtle", "text/turtle", ".ttl"),
            ("JSON-LD", "application/ld+json", ".jsonld"),
            ("N-Triples", "application/n-triples", ".nt"),
            ("RDF/XML", "application/rdf+xml", ".rdf"),
        )
    ]


def _elsewhere(visit: Visit, iri: str) -> list[tuple[str, str]]:
    """Return where else the service tells of a thing: a key of the words, and an address."""
    found = []
    code = iri.removeprefix(CODE + "country/")
    if code != iri and code in named(visit):
        found.append(("sheet", visit.url(f"/country/{code}")))
    for facet in ("country", "region", "ecosystem", "sector", "programme"):
        value = key(facet, iri)
        if value != iri:
            found.append(("find-in", visit.url("/find", **{facet: value})))
    return found


def _proofs(thing: Thing) -> list[str]:
    """Return for each relation that only follows the command that tells why it holds."""
    return [
        " ".join(
            ("clustergraph explain", *map(_argument, (thing.iri, fact.property, said.term.value)))
        )
        for fact in thing.facts
        if fact.inferred
        for said in fact.values
        if isinstance(said.term, ox.NamedNode)
    ]


def _argument(iri: str) -> str:
    """Return an IRI as a shell takes it: by its prefix where that needs no escapes."""
    name = shorten(iri)
    return shlex.quote(iri if "\\" in name else name)


def _expanded(name: str) -> str:
    prefix, _, local = name.partition(":")
    return PREFIXES[prefix] + local if prefix in PREFIXES else name


def _shown_address(iri: str) -> str:
    """Return an address as people read it: without scheme, not too long."""
    parts = urlsplit(iri)
    if parts.scheme not in ("http", "https"):
        return iri[:200]
    text = parts.netloc.removeprefix("www.") + unquote(parts.path).rstrip("/")
    if parts.query:
        text += "?" + unquote(parts.query)
    text = " ".join(text.split())
    return text if len(text) <= 90 else text[:88] + "…"
