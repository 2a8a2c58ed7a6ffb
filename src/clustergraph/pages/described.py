"""The page of a thing: a summary, facts by group with their references, and technical details."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.pages import maps, summary
from clustergraph.pages.europe import point
from clustergraph.pages.facts import gathered
from clustergraph.pages.figures import countries
from clustergraph.pages.frame import page
from clustergraph.pages.gather import key
from clustergraph.pages.quality import findings_of
from clustergraph.pages.rendering import query
from clustergraph.pages.view import Row, View, conclusions, formats
from clustergraph.pages.visit import short
from clustergraph.protocol.parameters import whole_number
from clustergraph.vocab import CG, CODE, ID, PREFIXES, expand

if TYPE_CHECKING:
    from clustergraph.pages.facts import Thing
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Visit
    from clustergraph.protocol import Response

__all__ = ["thing"]

_TITLES: Final = tuple(PREFIXES[p] + n for p, n in (("rdfs", "label"), ("skos", "prefLabel")))


@cache
def _groups_of_properties() -> dict[str, list[str]]:
    """Return which properties stand in each group of the page, in their order."""
    path = Path(__file__).parent / "data" / "groups.toml"
    found: dict[str, list[str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def _order() -> dict[tuple[bool, str], tuple[str, int]]:
    """Return group and place of each property, by direction and IRI."""
    return {
        (name[:1] == "^", expand(name.removeprefix("^"))): (group, place)
        for group, names in _groups_of_properties().items()
        for place, name in enumerate(names)
    }


_TECHNICAL: Final = frozenset(
    map(expand, ("dcterms:identifier", "cg:curatorNote", "skos:inScheme", "skos:topConceptOf",
                "cg:passesThresholds", "geo:asWKT"))
)  # fmt: skip
_MOST_PAGES: Final = 10_000


def thing(visit: Visit, iri: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return the page of a thing.

    Args:
        visit: who sees it.
        iri: the thing.
        headers: further headers of the response.

    """
    whole = expand(visit.parameter("incoming"))
    number = whole_number(visit.parameter("page", "1"), "page", _MOST_PAGES)
    found = gathered(visit, iri, whole=whole, page=number)
    view = View(visit, found)
    awards = summary.awards(view)
    own = {"iri": visit.parameter("iri")} if visit.parameter("iri") else {}
    return page(
        visit,
        "thing",
        headers=headers,
        cacheable=not any(row["status"] for row in awards) and not _will_end(found),
        thing=found,
        view=view,
        name=found.name(iri),
        short=short(iri),
        summary=summary.summary(view),
        history=summary.history(view),
        groups=list(_groups(view)),
        figures=summary.figures(view),
        awards=awards,
        amounts=summary.amounts(view),
        technical=[view.fact(one) for one in found.facts if one.property in _TECHNICAL],
        conclusions=list(conclusions(view)),
        whole=whole,
        number_of_page=number,
        paged=lambda row, place: (
            visit.url(visit.path, **own, incoming=short(row.incoming), page=place) + "#listed"
        ),
        query_for=lambda row: f"SELECT ?thing WHERE {{ ?thing <{row.incoming}> <{iri}> }}",
        map=_map(view),
        network=visit.query_text(query("network"), thing=ox.NamedNode(iri), language=visit.tongue),
        findings=findings_of(visit, [iri, *found.recorded()]),
        query=f"SELECT ?property ?value WHERE {{ <{iri}> ?property ?value }}",
        query_in=f"SELECT ?thing ?property WHERE {{ ?thing ?property <{iri}> }}",
        formats=formats(visit, iri),
        elsewhere=_elsewhere(visit, iri),
        linked=_in_schema_org(visit, found),
    )


def _will_end(thing: Thing) -> bool:
    """Return whether what the page says of the end depends on the day."""
    ends = thing.texts(CG + "dissolvedOn", CG + "ended")
    return any(end >= summary.today()[: len(end)] for end in ends)


# What search engines are told in terms of schema.org that a thing is.
_SCHEMA_TYPES: Final = {
    "ClusterOrganisation": "Organization", "TechnologyPlatform": "Organization",
    "Company": "Corporation", "University": "CollegeOrUniversity", "School": "School",
    "ResearchOrganisation": "ResearchOrganization", "PublicInstitution": "GovernmentOrganization",
    "EUInstitution": "GovernmentOrganization", "EUAgency": "GovernmentOrganization",
    "PublicAgency": "GovernmentOrganization", "Government": "GovernmentOrganization",
    "Association": "NGO", "NonProfitOrganisation": "NGO", "ClusterAssociation": "Organization",
    "ClusterNetwork": "Organization", "NationalClusterAssociation": "Organization",
    "Eurocluster": "Project", "Project": "Project", "Person": "Person", "Event": "Event",
    "Publication": "CreativeWork", "Strategy": "CreativeWork", "LegalAct": "Legislation",
    "PolicyDocument": "CreativeWork", "FundingProgramme": "Grant",
    "Country": "Country", "Region": "AdministrativeArea", "Place": "Place", "Service": "Service",
}  # fmt: skip


def _groups(view: View) -> Iterator[tuple[str, list[Row], str]]:
    """Yield the facts by group, and whether ``all`` or ``some`` are estimates; empty: none is."""
    found: dict[str, list[tuple[int, Row]]] = {}
    for fact in view.thing.facts:
        if fact.property in _TECHNICAL or (fact.property in _TITLES and len(fact.values) == 1):
            continue
        group, place = _order().get((False, fact.property), ("other", 0))
        found.setdefault(group, []).append((place, view.fact(fact)))
    for link in view.thing.incoming:
        if not link.inferred:
            group, place = _order().get((True, link.property), ("other", 1))
            found.setdefault(group, []).append((place, view.fact(link)))
    for key_ in (*_groups_of_properties(), "other"):
        if key_ in found:
            ordered = sorted(
                found[key_],
                key=lambda pair: (pair[0], view.visit.order(pair[1].name)),
            )
            rows = [row for _, row in ordered]
            estimated = sum(row.estimated for row in rows)
            total = sum(row.total for row in rows)
            yield key_, rows, "" if not estimated else "all" if estimated >= total else "some"


def _map(view: View) -> Picture | None:
    """Return a map of where the thing is, if that is known."""
    thing = view.thing
    code = thing.text(CG + "country", CG + "regionCountry").removeprefix(CODE + "country/")
    if thing.iri.startswith(CODE + "country/"):
        code = thing.iri.removeprefix(CODE + "country/")
    place = _point(view)
    part = (maps.near(*place) if place else None) or maps.extent(code)
    if part is None:
        return None
    name = thing.name(thing.iri)
    country = view.name(CODE + "country/" + code)
    where = thing.text(CG + "city") or country
    dots = [maps.Dot(*place, f"{name}, {where}", place=where)] if place else []
    return maps.draw(
        view.visit.words("charts"),
        "where", view.words("map-title", name=name), view.words("map-description", where=where),
        here=code, names={code: country}, part=part, dots=dots,
    )  # fmt: skip


def _point(view: View) -> tuple[float, float] | None:
    place = view.thing.text(CG + "place")
    node = ox.NamedNode(place if place.startswith(ID) else view.thing.iri)
    text = "SELECT ?point { $place geo:hasGeometry/geo:asWKT ?point } LIMIT 1"
    found = (point(str(row.point)) for row in view.visit.select(text, place=node))
    return next((one for one in found if one is not None), None)


def _elsewhere(visit: Visit, iri: str) -> list[tuple[str, str]]:
    """Return where else the service tells of a thing: a key of the words, and an address."""
    found = []
    code = iri.removeprefix(CODE + "country/")
    if code != iri and code in countries(visit):
        found.append(("sheet", visit.url(f"/country/{code}")))
    if iri.startswith(PREFIXES["nuts"]):
        found.append(("profile", visit.url("/region/" + iri.removeprefix(PREFIXES["nuts"]))))
    cluster = iri.removeprefix(ID + "cluster/")
    if cluster != iri:
        address = visit.url("/queries/measured-cluster-evidence", cluster=cluster)
        found.append(("computation", address))
    for facet in ("country", "region", "ecosystem", "sector", "programme"):
        value = key(facet, iri)
        if value != iri:
            found.append(("find-in", visit.url("/find", **{facet: value})))
    return found


def _in_schema_org(visit: Visit, thing: Thing) -> dict[str, Any]:
    """Return what search engines read in the page of a thing: JSON-LD in terms of schema.org."""
    kinds = [
        _SCHEMA_TYPES[name]
        for one in thing.values.get(PREFIXES["rdf"] + "type", ())
        if (name := str(getattr(one, "value", "")).removeprefix(CG)) in _SCHEMA_TYPES
    ]
    kind = kinds[0] if kinds else "Thing"
    content: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": kind,
        "@id": thing.iri,
        "name": thing.name(thing.iri),
        "url": visit.base + visit.link(thing.iri).removeprefix(visit.root),
    }
    other = {one.value for one in thing.titles} - {content["name"]}
    if other:
        content["alternateName"] = sorted(other)
    if text := thing.text(PREFIXES["dcterms"] + "description"):
        content["description"] = text
    if (page := thing.text(PREFIXES["cg"] + "website")).startswith(("http://", "https://")):
        content["sameAs"] = page
    if (year := thing.text(CG + "foundingYear")) and "Organization" in kind:
        content["foundingDate"] = year
    country = thing.text(CG + "country").removeprefix(CODE + "country/")
    if country and kind not in ("CreativeWork", "Grant", "Legislation", "Country"):
        address = {"@type": "PostalAddress", "addressCountry": country}
        if city := thing.text(CG + "city"):
            address["addressLocality"] = city
        content["address" if kind not in ("Event", "Project") else "location"] = address
    return content
