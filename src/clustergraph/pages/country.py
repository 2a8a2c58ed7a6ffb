"""Countries: a list of all, and for each a fact sheet against the median of the European Union."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError
from clustergraph.pages import charts, maps, spans
from clustergraph.pages.europe import point
from clustergraph.pages.frame import page, refuse
from clustergraph.protocol import Response
from clustergraph.vocab import CG, CODE

if TYPE_CHECKING:
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Row, Visit

__all__ = ["COUNTRY", "MEASURES", "Numbers", "named", "numbers", "show"]

COUNTRY: Final = CODE + "country/"
MEASURES: Final = ("organisations", "platforms", "holders", "gold", "euroclusters", "practices")
"""What is counted for each country: columns of the question ``countries-in-numbers``."""

# EU statistics write two countries otherwise than ISO 3166.
_ALIASES: Final = {"EL": "GR", "UK": "GB"}
_NAMED: Final = """{thing} rdfs:label ?english FILTER(LANG(?english) = "en")
  OPTIONAL {{ {thing} rdfs:label ?own FILTER(LANG(?own) = $language) }}
  BIND(COALESCE(?own, ?english) AS ?name)"""
_NAMES: Final = """SELECT ?country ?name
WHERE { ?country a cg:Country ; skos:prefLabel ?name FILTER(LANG(?name) = $language) }"""
_UNION: Final = "SELECT ?country { ?country a cg:Country ; cg:partOf code:country\\/EU }"

_ECOSYSTEMS: Final = f"""SELECT ?ecosystem ?name ?country (COUNT(DISTINCT ?cluster) AS ?n)
       (COUNT(DISTINCT ?source) AS ?stated)
WHERE {{
  ?cluster a cg:ClusterOrganisation ; cg:country ?country ; cg:ecosystem ?ecosystem .
  OPTIONAL {{
    ?claim cg:claimSubject ?cluster ; cg:claimProperty cg:ecosystem ; cg:claimObject ?ecosystem ;
           cg:basis basis:stated .
    BIND(?cluster AS ?source)
  }}
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
_ORGANISATIONS: Final = f"""SELECT ?thing ?name ?city ?since ?ended (MAX(?number) AS ?members)
WHERE {{
  ?thing a cg:ClusterOrganisation ; cg:country $country .
  {_NAMED.format(thing="?thing")}
  OPTIONAL {{ ?thing cg:city ?city }}
  OPTIONAL {{ ?thing cg:dissolvedOn ?ended }}
  OPTIONAL {{
    SELECT ?thing (MIN(STR(?year)) AS ?since) {{ ?thing cg:foundingYear ?year }} GROUP BY ?thing
  }}
  OPTIONAL {{ ?figure cg:figureOf ?thing ; cg:measure code:measure\\/members ; cg:value ?number }}
}}
GROUP BY ?thing ?name ?city ?since ?ended
ORDER BY ?name"""
_QUERIES: Final = {
    "ecosystems": _ECOSYSTEMS, "labels": _LABELS, "places": _PLACES, "policy": _POLICY,
    "associations": _ASSOCIATIONS, "euroclusters": _EUROCLUSTERS, "organisations": _ORGANISATIONS,
}  # fmt: skip

_SERIES: Final = {
    "Strategy": 0, "LegalFramework": 1, "LegalAct": 1, "FundingProgramme": 2, "Call": 3,
    "Publication": 4, "Methodology": 4, "PolicyPractice": 5,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of all countries.

    Attributes:
        counts: by two-letter code and measure; a country without an entry has nothing.
        medians: by measure, of the members of the European Union, those with none included.
        members: the codes of these members.
    """

    counts: Mapping[str, Mapping[str, int]]
    medians: Mapping[str, float]
    members: frozenset[str]

    def of(self, code: str) -> dict[str, tuple[int, float]]:
        """Return a country's number and the median, by measure."""
        counts = self.counts.get(code, {})
        return {name: (counts.get(name, 0), self.medians[name]) for name in MEASURES}

    def total(self, code: str) -> int:
        """Return all that is counted in a country."""
        return sum(self.counts.get(code, {}).get(name, 0) for name in MEASURES)


def numbers(visit: Visit) -> Numbers:
    """Return the numbers of all countries; counted once a generation."""
    return visit.once("numbers", lambda: _counted(visit))


def _counted(visit: Visit) -> Numbers:
    counts = {
        row.country.removeprefix(COUNTRY): {name: row[name] for name in MEASURES}
        for row in visit.ask("countries-in-numbers")
    }
    members = frozenset(row.country.removeprefix(COUNTRY) for row in visit.select(_UNION))
    medians = {
        name: float(median([counts.get(code, {}).get(name, 0) for code in members] or [0]))
        for name in MEASURES
    }
    return Numbers(counts, medians, members)


def named(visit: Visit) -> dict[str, str]:
    """Return the names of all countries by their codes, in the language of the visit."""
    rows = visit.select(_NAMES, language=visit.tongue)
    return {row.country.removeprefix(COUNTRY): row.name for row in rows}


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
    codes = sorted(
        (code for code in names if found.total(code)), key=lambda code: visit.order(names[code])
    )
    counts = {code: n for code in codes if (n := found.of(code)["organisations"][0])}
    picture = maps.draw(
        visit.words("charts"),
        "countries",
        t("map-title"),
        t("map-description"),
        values=counts,
        names=names,
        links={code: visit.url(f"/country/{code}") for code in counts},
        measure=t("organisations"),
    )
    return page(
        visit,
        "countries",
        rows=[(code, names[code], found.of(code), code in found.members) for code in codes],
        measures=MEASURES,
        pictures=[picture],
    )


def _one(visit: Visit, code: str, names: dict[str, str]) -> Response:
    country = ox.NamedNode(COUNTRY + code)
    found = numbers(visit)

    def terms(query: str) -> dict[str, Any]:
        known = {"country": country, "language": visit.tongue}
        return {name: term for name, term in known.items() if f"${name}" in query}

    rows: dict[str, Any] = {
        name: visit.select(query, **terms(query))
        for name, query in _QUERIES.items()
        if name != "ecosystems"
    }
    ecosystems = _ecosystems(visit, code, found.members)
    funding = visit.ask("country-funding", country=code)
    pictures = [
        *_bars(visit, code, ecosystems),
        _map(visit, code, names[code], rows["places"]),
        *_line(visit, rows["policy"]),
    ]
    return page(
        visit,
        "country",
        pictures=pictures,
        code=code,
        name=names[code],
        iri=country.value,
        member=code in found.members,
        numbers=found.of(code),
        measures=MEASURES,
        ecosystems=ecosystems,
        euroclusters=_grouped(rows.pop("euroclusters")),
        funding=funding,
        names=visit.names(
            row[column]
            for row in funding
            for column in ("thing", "body", "kind", "prices", "status")
        ),
        queries={name: visit.query_text(query, **terms(query)) for name, query in _QUERIES.items()},
        class_of=lambda row: row["class"].removeprefix(CG),
        **rows,
    )


@dataclass(frozen=True, slots=True)
class _Ecosystem:
    """Organisations of a country in an ecosystem: how many, how many of them sources state."""

    key: str
    name: str
    n: int
    stated: int
    median: float


def _ecosystems(visit: Visit, code: str, members: frozenset[str]) -> list[_Ecosystem]:
    """Return each ecosystem, the largest first."""

    def counted() -> dict[tuple[str, str], dict[str, tuple[int, int]]]:
        kept: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
        for row in visit.select(_ECOSYSTEMS, language=visit.tongue):
            by = kept.setdefault((row.ecosystem.rpartition("/")[2], row.name), {})
            by[row.country.removeprefix(COUNTRY)] = (row.n, row.stated)
        return kept

    counts = visit.once(f"ecosystems {visit.language}", counted)
    none = (0, 0)
    rows = [
        _Ecosystem(
            key,
            name,
            *by.get(code, none),
            float(median([by.get(one, none)[0] for one in members] or [0])),
        )
        for (key, name), by in counts.items()
    ]
    return sorted(rows, key=lambda row: (-row.n, visit.order(row.name)))


def _bars(visit: Visit, code: str, rows: Sequence[_Ecosystem]) -> list[Picture]:
    t = visit.words("country")
    shown = [
        charts.Bar(
            row.name,
            row.n,
            visit.url("/find", kind="ClusterOrganisation", country=code, ecosystem=row.key),
            row.median,
            estimated=row.stated < row.n,
        )
        for row in rows
        if row.n
    ]
    if not shown:
        return []
    title = t("ecosystems-estimated" if any(bar.estimated for bar in shown) else "ecosystems")
    description = t("ecosystems-description", name=shown[0].name, n=shown[0].value)
    return [
        charts.bars(
            visit.words("charts"), "ecosystems", title, description, shown, t("median-head")
        )
    ]


def _map(visit: Visit, code: str, name: str, rows: Sequence[Row]) -> Picture:
    t = visit.words("country")
    dots = []
    for row in rows:
        if (found := point(row.point)) is not None:
            many = visit.url("/find", kind="ClusterOrganisation", country=code, q=row.town)
            href = visit.link(row.one) if row.n == 1 else many
            dots.append(maps.Dot(*found, f"{row.town}: {row.names}", href, row.n, row.town))
    return maps.draw(
        visit.words("charts"),
        "places",
        t("map", name=name),
        t("map-description", towns=len(dots)),
        dots=dots,
        here=code,
        names={code: name},
        part=maps.extent(code),
        sizes=t("organisations-title"),
    )


def _line(visit: Visit, rows: Sequence[Row]) -> list[Picture]:
    t = visit.words("country")
    found = []
    kinds: dict[int, str] = {}
    for row in rows:
        kind = row["class"].removeprefix(CG)
        start = spans.moment(row.start)
        if start is not None:
            note = "–".join(part for part in (row.start, row.end) if part)
            kinds.setdefault(_SERIES[kind], t(kind))
            end = spans.moment(row.end, last=True)
            found.append(
                spans.Span(
                    row.name, start, end, _SERIES[kind], f"{t(kind)}, {note}", visit.link(row.thing)
                )
            )
    if not found:
        return []
    description = t("policy-description", n=len(found))
    legend = [(name, series) for series, name in sorted(kinds.items())]
    return [spans.timeline("policy-line", t("policy"), description, found, legend)]


def _grouped(rows: Sequence[Row]) -> list[tuple[str, str, list[Row]]]:
    """Return IRI and acronym of each Eurocluster with its partners in the country."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.thing, row.acronym), []).append(row)
    return [(iri, acronym, partners) for (iri, acronym), partners in groups.items()]
