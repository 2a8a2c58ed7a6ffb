"""The first page: what is here, and where to begin. To programs, / says it in JSON."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from clustergraph import artefacts
from clustergraph.pages import charts, maps
from clustergraph.pages.frame import asks_for_picture, page
from clustergraph.protocol import Response
from clustergraph.protocol.negotiation import prefers_html
from clustergraph.questions import catalogue
from clustergraph.vocab import CG, CODE, ID

if TYPE_CHECKING:
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Row, Visit

__all__ = ["show"]

# What the first page counts, and which ready question tells more about it.
_KINDS: Final = (
    "ClusterOrganisation", "TechnologyPlatform", "Eurocluster", "IndustrialEcosystem",
    "LabelAward", "Membership", "Strategy", "FundingProgramme", "PolicyPractice", "Claim",
)  # fmt: skip
_FOUND: Final = frozenset(_KINDS) - {"LabelAward", "Membership", "Claim"}
_STARTERS: Final = (
    "find-partners", "clusters-per-country-and-ecosystem", "ecosystems-lacking-in-country",
    "eurocluster-partners", "policy-timeline", "money-by-programme", "labels-held-at",
    "contradicting-claims",
)  # fmt: skip
_DUMPS: Final = ("/dump.nq.gz", "/dump.ttl.gz", "/catalog", "/.well-known/void")
_COUNTRIES: Final = 18

_BY_COUNTRY: Final = """SELECT ?country ?name (COUNT(DISTINCT ?cluster) AS ?clusters)
WHERE {
  ?cluster a cg:ClusterOrganisation ; cg:country ?country .
  ?country skos:prefLabel ?name . FILTER(LANG(?name) = $language)
}
GROUP BY ?country ?name
ORDER BY DESC(?clusters) ?name"""
_BY_ECOSYSTEM: Final = """SELECT ?country ?ecosystem (COUNT(DISTINCT ?cluster) AS ?clusters)
WHERE { ?cluster a cg:ClusterOrganisation ; cg:country ?country ; cg:ecosystem ?ecosystem }
GROUP BY ?country ?ecosystem"""
_ECOSYSTEMS: Final = """SELECT ?ecosystem ?name
WHERE { ?ecosystem a cg:IndustrialEcosystem ; rdfs:label ?name FILTER(LANG(?name) = $language) }
ORDER BY ?name"""
_TOLD: Final = """SELECT (COUNT(?claim) AS ?all)
  (SUM(IF(?basis = basis:estimated, 1, 0)) AS ?estimated)
WHERE { ?claim cg:claimProperty cg:ecosystem ; cg:basis ?basis }"""
_SOURCES: Final = "SELECT (COUNT(DISTINCT ?source) AS ?n) { ?thing dcterms:source ?source }"


def show(visit: Visit) -> Response:
    """Show the overview, or describe the service in JSON."""
    if not (prefers_html(visit.request.headers.get("accept")) or asks_for_picture(visit.request)):
        return _described(visit)
    countries = visit.select(_BY_COUNTRY, language=visit.tongue)
    for row in countries:
        row["code"] = row.country.removeprefix(CODE + "country/")
    (sources,) = visit.select(_SOURCES)
    known = catalogue.questions()
    counted = _counted(visit)
    return page(
        visit,
        "overview",
        kinds=[(kind, count, kind in _FOUND) for kind, count in _kinds(visit)],
        sources=sources.n,
        countries=countries,
        pictures=[_map(visit, countries)],
        by_country=visit.query_text(_BY_COUNTRY, language=visit.tongue),
        heat=_heat(visit, countries),
        by_ecosystem=_BY_ECOSYSTEM,
        starters=[known[name] for name in _STARTERS if name in known],
        questions=len(known),
        dumps=_DUMPS,
        statements=counted["statements"],
        graphs=counted["graphs"],
    )


def _kinds(visit: Visit) -> list[tuple[str, int]]:
    """Return how many things there are of each kind that is counted, and of which there are any."""
    values = " ".join(f"cg:{kind}" for kind in _KINDS)
    rows = visit.select(
        f"SELECT ?kind (COUNT(?thing) AS ?n) {{ VALUES ?kind {{ {values} }} ?thing a ?kind }} "
        "GROUP BY ?kind"
    )
    counts = {row.kind.removeprefix(CG): row.n for row in rows}
    return [(kind, counts[kind]) for kind in _KINDS if counts.get(kind)]


def _map(visit: Visit, countries: Sequence[Row]) -> Picture:
    t = visit.words("overview")
    return maps.draw(
        visit.words("charts"),
        "countries",
        t("map-title"),
        t(
            "map-description",
            names=", ".join(f"{row.name} ({row.clusters})" for row in countries[:5]),
        ),
        values={row.code: row.clusters for row in countries},
        names={row.code: row.name for row in countries},
        links={row.code: _address(visit, country=row.code) for row in countries},
    )


def _heat(visit: Visit, countries: Sequence[Row]) -> dict[str, Any]:
    """Return the table of countries and ecosystems: heads, rows of cells, limits of the shades."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for row in visit.select(_BY_ECOSYSTEM):
        counts[row.country][row.ecosystem] = row.clusters
    (told,) = visit.select(_TOLD)
    ecosystems = visit.select(_ECOSYSTEMS, language=visit.tongue)
    limits = charts.ramp([number for row in counts.values() for number in row.values()])
    rows = [
        (
            country,
            [
                (
                    number := counts[country.country].get(ecosystem.ecosystem, 0),
                    charts.shade(number, limits) if number else "",
                    _address(
                        visit, country=country.code,
                        ecosystem=ecosystem.ecosystem.removeprefix(ID + "ecosystem/"),
                    ),
                    ecosystem.name,
                )
                for ecosystem in ecosystems
            ],
        )
        for country in countries[:_COUNTRIES]
    ]  # fmt: skip
    return {
        "ecosystems": ecosystems,
        "rows": rows,
        "limits": limits,
        "more": max(0, len(countries) - _COUNTRIES),
        "judged": told.estimated or 0,
        "claims": told.all or 0,
    }


def _address(visit: Visit, **chosen: str) -> str:
    return visit.url("/find", kind="ClusterOrganisation", **chosen)


def _counted(visit: Visit) -> dict[str, int]:
    """Return how many statements and graphs there are; counted once a generation."""
    counts: Any = visit.context.memory.get("counts")
    if counts is None or not visit.generation:
        (row,) = visit.select(
            "SELECT (COUNT(*) AS ?statements) (COUNT(DISTINCT ?g) AS ?graphs) "
            "{ GRAPH ?g { ?s ?p ?o } }"
        )
        counts = visit.context.memory["counts"] = dict(row)
    return {"statements": counts["statements"], "graphs": counts["graphs"]}


_QUESTIONS: Final = 12


def _described(visit: Visit) -> Response:
    """Say in JSON what is here: the endpoint, how much the graph holds, some questions."""
    base = visit.base + "/"
    known = catalogue.questions()
    # Competency questions first: they say best what the graph is for.
    order = sorted(known.values(), key=lambda question: catalogue.KINDS.index(question.kind))
    content = {
        "name": "clustergraph",
        "version": artefacts.version(),
        "description": "A knowledge graph of cluster policy",
        "endpoint": f"{base}sparql",
        "health": f"{base}health",
        "queries": f"{base}queries",
        "openapi": f"{base}openapi.json",
        **_counted(visit),
        "questions": [
            {"summary": question.summary, "href": f"{base}queries/{question.name}"}
            for question in order[:_QUESTIONS]
        ],
        "question_count": len(known),
    }
    headers = [("Content-Type", "application/json"), ("Vary", "Accept")]
    return Response(200, headers, json.dumps(content).encode(), cacheable=True)
