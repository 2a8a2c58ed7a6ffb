"""The first page: what is here, and where to begin. To programs, / says it in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from clustergraph import artefacts
from clustergraph.pages import figures, maps, pictures
from clustergraph.pages.frame import asks_for_picture, page
from clustergraph.pages.rendering import query
from clustergraph.protocol import Response
from clustergraph.protocol.negotiation import prefers_html
from clustergraph.questions import catalogue
from clustergraph.vocab import CG

if TYPE_CHECKING:
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Row, Visit

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
_COUNTRIES: Final = 18
_QUESTIONS: Final = 12

_SOURCES: Final = "SELECT (COUNT(DISTINCT ?source) AS ?n) { ?thing dcterms:source ?source }"


def show(visit: Visit) -> Response:
    """Show the overview, or describe the service in JSON."""
    if not (prefers_html(visit.request.headers.get("accept")) or asks_for_picture(visit.request)):
        return _described(visit)
    (sources,) = visit.select(_SOURCES)
    known, counted = catalogue.questions(), _counted(visit)
    numbers, names = figures.numbers(visit), figures.countries(visit)
    counts = {code: n for code in numbers.known() if (n := numbers.of(code)["organisations"])}
    named = figures.by_name(visit, {code: names[code] for code in counts if code in names})
    countries = sorted(named.items(), key=lambda one: -counts[one[0]])
    return page(
        visit,
        "overview",
        kinds=[(kind, count, kind in _FOUND) for kind, count in _kinds(visit)],
        sources=sources.n,
        countries=countries,
        clusters=counts,
        pictures=[_map(visit, countries, counts)],
        heat=_heat(visit, countries[:_COUNTRIES]),
        by_ecosystem=visit.query_text(query(figures.ECOSYSTEMS)),
        starters=[known[name] for name in _STARTERS],
        questions=len(known),
        **counted,
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


def _map(visit: Visit, countries: Sequence[tuple[str, str]], counts: Mapping[str, int]) -> Picture:
    t = visit.words("overview")
    largest = ", ".join(f"{name} ({counts[code]})" for code, name in countries[:5])
    return maps.draw(
        visit.words("charts"),
        "countries",
        t("map-title"),
        t("map-description", names=largest),
        values=counts,
        names=dict(countries),
        links={
            code: visit.url("/find", kind="ClusterOrganisation", country=code) for code in counts
        },
    )


def _heat(visit: Visit, countries: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the table of countries and ecosystems, and how much of it is estimated."""
    ecosystems = sorted(figures.ecosystems(visit).items(), key=lambda one: visit.order(one[1][0]))
    pairs = [pair for _, (_, by) in ecosystems for pair in by.values()]
    total = sum(n for n, _ in pairs)
    limits = pictures.ramp(n for n, _ in pairs)
    return {
        "countries": countries,
        "ecosystems": ecosystems,
        "shade": lambda n: pictures.shade(n, limits),
        "judged": total - sum(stated for _, stated in pairs),
        "claims": total,
    }


def _counted(visit: Visit) -> Row:
    """Return how many statements and graphs there are."""
    text = (
        "SELECT (COUNT(*) AS ?statements) (COUNT(DISTINCT ?g) AS ?graphs) { GRAPH ?g { ?s ?p ?o } }"
    )
    return visit.once("counts", lambda: visit.select(text)[0])


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
