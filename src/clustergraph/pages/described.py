"""The page of a thing: a summary, facts by group with their references, and technical details."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.pages import maps, summary
from clustergraph.pages.europe import point
from clustergraph.pages.facts import gathered
from clustergraph.pages.figures import countries
from clustergraph.pages.frame import page
from clustergraph.pages.gather import FACETS
from clustergraph.pages.model import model
from clustergraph.pages.quality import findings_of
from clustergraph.pages.rendering import query
from clustergraph.pages.statements import NAMES
from clustergraph.pages.view import Row, View, conclusions, formats
from clustergraph.pages.visit import short
from clustergraph.protocol.parameters import whole_number
from clustergraph.vocab import CG, CODE, ID, PREFIXES, expand

if TYPE_CHECKING:
    from clustergraph.pages.facts import Thing
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Visit
    from clustergraph.protocol import Response

# By which property what schema.org tells apart has a postal address.
_WHERE: Final = {"Event": "location", "Project": "location", "Person": "address"}


_GROUPS: Final[dict[str, list[str]]] = tomllib.loads(
    (Path(__file__).parent / "data" / "groups.toml").read_text(encoding="utf-8")
)
# Group and place of each property, by direction and IRI.
_PLACES: Final = {
    (name[:1] == "^", expand(name.removeprefix("^"))): (group, place)
    for group, names in _GROUPS.items()
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
        pictures=[_map(view)],
        network=visit.query_text(query("network"), thing=ox.NamedNode(iri)),
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


def _groups(view: View) -> Iterator[tuple[str, list[Row], str]]:
    """Yield the facts by group, and whether ``all`` or ``some`` are estimates; empty: none is."""
    thing = view.thing
    found: dict[str, list[tuple[int, Row]]] = defaultdict(list)
    for fact in (*thing.facts, *(link for link in thing.incoming if not link.inferred)):
        if fact.property in _TECHNICAL or (fact.property in NAMES and len(fact.values) == 1):
            continue
        # What is in no group stands in the last: first what is said, then what refers.
        key_ = (fact.incoming, fact.property)
        group, place = _PLACES.get(key_, ("other", int(fact.incoming)))
        found[group].append((place, view.fact(fact)))
    for group in (*_GROUPS, "other"):
        if group in found:
            found[group].sort(key=lambda pair: (pair[0], view.visit.order(pair[1].name)))
            rows = [row for _, row in found[group]]
            estimated, total = sum(row.estimated for row in rows), sum(row.total for row in rows)
            yield group, rows, "" if not estimated else "all" if estimated >= total else "some"


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
    dots = [maps.Dot(*place, f"{name}, {where}", size=12, place=where)] if place else []
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
    if (code := _after(CODE + "country/", iri)) and code in countries(visit):
        found.append(("sheet", visit.url(f"/country/{code}")))
    if code := _after(PREFIXES["nuts"], iri):
        found.append(("profile", visit.url(f"/region/{code}")))
    if cluster := _after(ID + "cluster/", iri):
        address = visit.url("/queries/measured-cluster-evidence", cluster=cluster)
        found.append(("computation", address))
    for facet in ("country", "region", "ecosystem", "sector", "programme"):
        if value := _after(FACETS[facet].space, iri):
            found.append(("find-in", visit.url("/find", **{facet: value})))
    return found


def _after(space: str, iri: str) -> str:
    """Return what follows a namespace in an IRI; nothing, if it is in another."""
    return iri.removeprefix(space) if iri.startswith(space) else ""


def _in_schema_org(visit: Visit, thing: Thing) -> dict[str, Any]:
    """Return what search engines read in the page of a thing: JSON-LD in terms of schema.org."""
    kind = _schema_type(thing)
    text = {name: thing.text(CG + name) for name in ("website", "foundingYear", "country", "city")}
    country = _after(CODE + "country/", text["country"])
    address = {"@type": "PostalAddress", "addressCountry": country, "addressLocality": text["city"]}
    name = thing.name(thing.iri)
    content: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": kind,
        "@id": thing.iri,
        "name": name,
        "url": visit.base + visit.link(thing.iri).removeprefix(visit.root),
        "alternateName": sorted({one.value for one in thing.titles} - {name}),
        "description": thing.text(PREFIXES["dcterms"] + "description"),
        "sameAs": text["website"] if text["website"].startswith(("http://", "https://")) else "",
    }
    if "Organization" in kind:
        content["foundingDate"] = text["foundingYear"]
    where = _WHERE.get(kind, "address" if "Organization" in kind else "")
    if country and where:
        content[where] = {key: one for key, one in address.items() if one}
    return {key: one for key, one in content.items() if one}


def _schema_type(thing: Thing) -> str:
    """Return what a thing is in terms of schema.org, by the alignments of its stated classes."""
    terms = model().terms
    for iri in thing.texts(PREFIXES["rdf"] + "type"):
        for one in (iri, *model().ancestors(iri)):
            for alignment in terms[one].alignments if one in terms else ():
                if found := _after(PREFIXES["schema"], alignment.term):
                    return found
    return "Thing"
