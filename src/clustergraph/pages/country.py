"""Countries: a list of all, and for each a fact sheet against the median of the European Union."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, Final, cast

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError
from clustergraph.pages import charts, spans
from clustergraph.pages.europe import point
from clustergraph.pages.frame import page, refuse
from clustergraph.pages.measures import COUNTRY, MEASURES, named, numbers
from clustergraph.protocol import Response
from clustergraph.vocab import CG

if TYPE_CHECKING:
    from clustergraph.pages.visit import Row, Visit

__all__ = ["show"]

# EU statistics write two countries otherwise than ISO 3166.
_ALIASES: Final = {"EL": "GR", "UK": "GB"}
_NAMED: Final = """{thing} rdfs:label ?english FILTER(LANG(?english) = "en")
  OPTIONAL {{ {thing} rdfs:label ?own FILTER(LANG(?own) = $language) }}
  BIND(COALESCE(?own, ?english) AS ?name)"""

_ECOSYSTEMS: Final = f"""SELECT ?ecosystem ?name ?country (COUNT(DISTINCT ?cluster) AS ?n)
WHERE {{
  ?cluster a cg:ClusterOrganisation ; cg:country ?country ; cg:ecosystem ?ecosystem .
  {_NAMED.format(thing="?ecosystem")}
}}
GROUP BY ?ecosystem ?name ?country"""
_LABELS: Final = """SELECT ?level ?name ?rank (COUNT(DISTINCT ?holder) AS ?n)
WHERE {
  ?award a cg:LabelAward ; cg:holder ?holder ; cg:awardedLabel/cg:labelLevel ?level .
  ?holder cg:country $country .
  ?level skos:prefLabel ?name FILTER(LANG(?name) = $language)
  OPTIONAL { ?level cg:rank ?rank }
}
GROUP BY ?level ?name ?rank
ORDER BY DESC(?rank) ?name"""
_PLACES: Final = """SELECT ?town ?point (COUNT(DISTINCT ?cluster) AS ?n) (SAMPLE(?cluster) AS ?one)
       (GROUP_CONCAT(DISTINCT ?name; SEPARATOR=", ") AS ?names)
WHERE {
  ?cluster a cg:ClusterOrganisation ; cg:country $country ; cg:place ?place ; rdfs:label ?name .
  FILTER(LANG(?name) = "en")
  ?place rdfs:label ?town ; geo:hasGeometry/geo:asWKT ?point .
}
GROUP BY ?place ?town ?point"""
_POLICY: Final = f"""SELECT ?thing ?name ?class ?start ?end
WHERE {{
  {{
    SELECT ?thing (MIN(STR(?begins)) AS ?start) (MAX(STR(?ends)) AS ?end)
    WHERE {{
      ?thing cg:country $country ; ?beginning ?begins .
      FILTER(?beginning IN (cg:adopted, cg:validFrom, cg:periodStart, cg:started, dcterms:issued))
      OPTIONAL {{
        ?thing ?ending ?ends FILTER(?ending IN (cg:validUntil, cg:periodEnd, cg:ended))
      }}
    }}
    GROUP BY ?thing
  }}
  ?thing a ?class .
  FILTER(?class IN (cg:Strategy, cg:LegalFramework, cg:LegalAct, cg:FundingProgramme, cg:Call,
                    cg:Publication, cg:Methodology, cg:PolicyPractice))
  {_NAMED.format(thing="?thing")}
}}
ORDER BY ?start ?name"""
_PROGRAMMES: Final = f"""SELECT ?thing ?name ?start ?end ?body ?bodyName
       (COUNT(DISTINCT ?call) AS ?calls)
WHERE {{
  ?thing a cg:FundingProgramme ; cg:country $country .
  {_NAMED.format(thing="?thing")}
  OPTIONAL {{ ?thing cg:periodStart ?start }}
  OPTIONAL {{ ?thing cg:periodEnd ?end }}
  OPTIONAL {{
    ?thing cg:issuedBy ?body . ?body rdfs:label ?bodyName FILTER(LANG(?bodyName) = "en")
  }}
  OPTIONAL {{ ?call cg:callOf ?thing }}
}}
GROUP BY ?thing ?name ?start ?end ?body ?bodyName
ORDER BY ?start ?name"""
_ASSOCIATIONS: Final = f"""SELECT ?thing ?name ?site (COUNT(DISTINCT ?member) AS ?members)
WHERE {{
  {{ SELECT DISTINCT ?thing {{
    VALUES ?class {{ cg:NationalClusterAssociation cg:ClusterAssociation cg:ClusterNetwork }}
    ?thing a ?class ; cg:country $country
  }} }}
  {_NAMED.format(thing="?thing")}
  OPTIONAL {{ ?thing cg:website ?site }}
  OPTIONAL {{ ?member cg:memberOf ?thing }}
}}
GROUP BY ?thing ?name ?site
ORDER BY ?name"""
_EUROCLUSTERS: Final = f"""SELECT ?thing ?acronym ?partner ?name ?role
WHERE {{
  ?partner cg:country $country .
  ?participation cg:participant ?partner ; cg:participationIn ?thing ;
                 cg:participationRole ?as .
  ?thing cg:acronym ?acronym .
  ?as skos:prefLabel ?role .
  FILTER(LANG(?role) = $language)
  FILTER EXISTS {{ ?thing a cg:Eurocluster }}
  {_NAMED.format(thing="?partner")}
}}
ORDER BY ?acronym ?name"""
_ORGANISATIONS: Final = f"""SELECT ?thing ?name ?city ?since (MAX(?number) AS ?members)
WHERE {{
  ?thing a cg:ClusterOrganisation ; cg:country $country .
  {_NAMED.format(thing="?thing")}
  OPTIONAL {{ ?thing cg:city ?city }}
  OPTIONAL {{
    SELECT ?thing (MIN(STR(?year)) AS ?since) {{ ?thing cg:foundingYear ?year }} GROUP BY ?thing
  }}
  OPTIONAL {{ ?figure cg:figureOf ?thing ; cg:measure code:measure\\/members ; cg:value ?number }}
}}
GROUP BY ?thing ?name ?city ?since
ORDER BY ?name"""

_SERIES: Final = {
    "Strategy": 0, "LegalFramework": 1, "LegalAct": 1, "FundingProgramme": 2, "Call": 3,
    "Publication": 4, "Methodology": 4, "PolicyPractice": 5,
}  # fmt: skip


Counts = dict[tuple[str, str], dict[str, int]]


def show(visit: Visit) -> Response:
    """Show all countries, or one."""
    names = named(visit)
    if "code" not in visit.captured:
        return _all(visit, names)
    code = visit.captured["code"].upper()
    code = _ALIASES.get(code, code)
    if code not in names:
        return refuse(visit, UnknownNameError("country", code, names))
    if code != visit.captured["code"]:
        target = visit.url(f"/country/{code}")
        return Response(308, [("Location", target)], b"", cacheable=True)
    return _one(visit, code, names)


def _all(visit: Visit, names: dict[str, str]) -> Response:
    t = visit.words("countries")
    found = numbers(visit)
    codes = sorted((code for code in names if found.total(code)), key=names.__getitem__)
    counts = {code: n for code, n in found.counts["organisations"].items() if code in names}
    picture = charts.europe(
        "countries",
        t("map-title"),
        t("map-description"),
        values=counts,
        names=names,
        links={code: visit.url(f"/country/{code}") for code in counts},
    )
    return page(
        visit,
        "countries",
        rows=[(code, names[code], found.of(code), code in found.members) for code in codes],
        measures=list(MEASURES),
        picture=picture,
        limits=charts.ramp(list(counts.values())),
        least=min(counts.values(), default=1),
        queries=MEASURES,
    )


def _one(visit: Visit, code: str, names: dict[str, str]) -> Response:
    country = ox.NamedNode(COUNTRY + code)
    found = numbers(visit)

    def rows(query: str) -> list[Row]:
        return visit.select(query, **_terms(visit, query, country))

    def written(query: str) -> str:
        return visit.query_text(query, **_terms(visit, query, country))

    ecosystems = _ecosystems(visit, code, found.members)
    policy = rows(_POLICY)
    return page(
        visit,
        "country",
        code=code,
        name=names[code],
        iri=country.value,
        member=code in found.members,
        numbers=found.of(code),
        measures=MEASURES,
        ecosystems=ecosystems,
        ecosystem_bars=_bars(visit, code, ecosystems),
        labels=rows(_LABELS),
        picture=_map(visit, code, names[code], rows(_PLACES)),
        policy=policy,
        policy_line=_line(visit, policy),
        programmes=rows(_PROGRAMMES),
        associations=rows(_ASSOCIATIONS),
        euroclusters=_grouped(rows(_EUROCLUSTERS)),
        organisations=rows(_ORGANISATIONS),
        queries={
            "ecosystems": written(_ECOSYSTEMS),
            "labels": written(_LABELS),
            "places": written(_PLACES),
            "policy": written(_POLICY),
            "programmes": written(_PROGRAMMES),
            "associations": written(_ASSOCIATIONS),
            "euroclusters": written(_EUROCLUSTERS),
            "organisations": written(_ORGANISATIONS),
        },
        class_of=lambda row: row["class"].removeprefix(CG),
    )


def _terms(visit: Visit, query: str, country: ox.NamedNode) -> dict[str, Any]:
    terms = {"country": country, "language": visit.tongue}
    return {name: term for name, term in terms.items() if f"${name}" in query}


def _ecosystems(
    visit: Visit, code: str, members: frozenset[str]
) -> list[tuple[str, str, int, float]]:
    """Return key, name, number and median of each ecosystem, the largest first."""
    memory = visit.context.memory
    key = f"ecosystems {visit.language}"
    if key not in memory or not visit.generation:
        kept: Counts = defaultdict(dict)
        for row in visit.select(_ECOSYSTEMS, language=visit.tongue):
            slug = row.ecosystem.rpartition("/")[2]
            kept[slug, row.name][row.country.removeprefix(COUNTRY)] = row.n
        memory[key] = kept
    counts = cast(Counts, memory[key])
    rows = [
        (slug, name, by.get(code, 0), float(median([by.get(one, 0) for one in members] or [0])))
        for (slug, name), by in counts.items()
    ]
    return sorted(rows, key=lambda row: (-row[2], row[1]))


def _bars(visit: Visit, code: str, rows: Sequence[tuple[str, str, int, float]]) -> Any:
    t = visit.words("country")
    shown = [row for row in rows if row[2]]
    if not shown:
        return ""
    return charts.bars(
        "ecosystem-bars",
        t("ecosystems"),
        t("ecosystems-description", name=shown[0][1], n=shown[0][2]),
        [
            (name, n, visit.url("/find", kind="ClusterOrganisation", country=code, ecosystem=slug))
            for slug, name, n, _ in shown
        ],
    )


def _map(visit: Visit, code: str, name: str, rows: Sequence[Row]) -> Any:
    t = visit.words("country")
    dots = []
    for row in rows:
        if (found := point(row.point)) is not None:
            many = visit.url("/find", kind="ClusterOrganisation", country=code, q=row.town)
            dots.append(
                charts.Dot(
                    *found,
                    f"{row.town}: {row.names}",
                    visit.link(row.one) if row.n == 1 else many,
                    row.n,
                )
            )
    return charts.europe(
        "places",
        t("map", name=name),
        t("map-description", towns=len(dots)),
        dots=dots,
        here=code,
        names={code: name},
        part=charts.extent(code),
    )


def _line(visit: Visit, rows: Sequence[Row]) -> Any:
    t = visit.words("country")
    found = []
    for row in rows:
        kind = row["class"].removeprefix(CG)
        start = spans.moment(row.start)
        if start is not None:
            note = "–".join(part for part in (row.start, row.end) if part)
            found.append(
                spans.Span(
                    row.name,
                    start,
                    spans.moment(row.end, last=True),
                    _SERIES[kind],
                    f"{t(kind)}, {note}",
                    visit.link(row.thing),
                )
            )
    if not found:
        return ""
    description = t("policy-description", n=len(found))
    return spans.timeline("policy-line", t("policy"), description, found)


def _grouped(rows: Sequence[Row]) -> list[tuple[str, str, list[Row]]]:
    """Return IRI and acronym of each Eurocluster with its partners in the country."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.thing, row.acronym), []).append(row)
    return [(iri, acronym, partners) for (iri, acronym), partners in groups.items()]
