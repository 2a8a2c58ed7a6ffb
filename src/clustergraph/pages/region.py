"""Regions: a list with a map and a matrix of specialisation, and for each region a profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from csv import DictReader
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError
from clustergraph.pages import boundaries, charts, maps
from clustergraph.pages.country import COUNTRY, named
from clustergraph.pages.frame import page
from clustergraph.protocol import Response
from clustergraph.vocab import PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Row, Visit

__all__ = ["REGION", "country_of", "show", "sources", "towns"]

REGION: Final = PREFIXES["nuts"]
_NACE: Final = PREFIXES["nace"]
# From which quotient on the shades begin: half as much as in Europe, about as much, more.
_QUOTIENTS: Final = (0.5, 0.8, 1.25, 2.0)
_BARS: Final = 15

_SETS: Final = """SELECT ?set ?name ?table ?newest ?extracted ?limits ?rights ?licence ?source
WHERE {
  ?set a qb:DataSet ; rdfs:label ?name ; cg:limitation ?limits ; dcterms:rights ?rights ;
       dcterms:license ?licence ; dcterms:identifier ?table .
  FILTER(LANG(?name) = $language && LANG(?limits) = $language && LANG(?rights) = $language)
  OPTIONAL { ?set cg:newestPeriod/cg:periodYear ?newest }
  OPTIONAL { ?set cg:extractedOn ?extracted }
  OPTIONAL { ?set dcterms:source ?source FILTER(CONTAINS(STR(?source), "europa.eu")) }
}
ORDER BY ?table ?source"""
_DIVISIONS: Final = """SELECT ?activity ?code
WHERE { ?activity cg:naceLevel 2 ; skos:notation ?code .
        FILTER(STRSTARTS(STR(?activity), $space)) }
ORDER BY ?activity"""
_ABOUT: Final = """SELECT ?level ?country ?above ?scheme ?note ?successor
WHERE {
  $region a cg:Region ; cg:nutsLevel ?level .
  OPTIONAL { $region cg:regionCountry ?country }
  OPTIONAL { $region skos:broader ?above . ?above cg:nutsLevel ?aboveLevel FILTER(?aboveLevel > 0) }
  OPTIONAL { $region skos:inScheme ?scheme }
  OPTIONAL { $region skos:changeNote ?note }
  OPTIONAL { $region dcterms:isReplacedBy ?successor }
}
ORDER BY ?successor"""
_FIGURES: Final = """SELECT ?measure ?value ?unit ?year
WHERE {
  ?figure cg:figureOf $region ; cg:measure ?measure ; cg:value ?value .
  OPTIONAL { ?figure cg:unit ?unit }
  OPTIONAL { ?figure cg:figureYear ?year }
}
ORDER BY ?measure ?year"""


def show(visit: Visit) -> Response:
    """Show all regions, those of a country, or one."""
    code = visit.captured.get("code", "")
    if not code:
        return _all(visit)
    if code != code.upper():
        target = visit.url(f"/region/{code.upper()}")
        return Response(308, [("Location", target)], b"", cacheable=True)
    return _one(visit, code)


def sources(visit: Visit) -> list[Row]:
    """Return the published data sets behind the statistics: table, newest year, limits, licence."""
    return visit.select(_SETS, language=visit.tongue)


@cache
def towns() -> Mapping[str, tuple[float, float, str]]:
    """Return longitude, latitude and name of the largest town of each region, by its code.

    Symbols for regions stand there. Source: GeoNames (CC BY 4.0).
    """
    path = Path(__file__).parent / "data" / "region_towns.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return {
            row["region"]: (float(row["longitude"]), float(row["latitude"]), row["town"])
            for row in DictReader(lines)
        }


def _all(visit: Visit) -> Response:
    countries = named(visit)
    rows: list[Row] = visit.once("regions", lambda: visit.ask("regions-in-numbers", country="all"))
    activities = visit.once(f"divisions {visit.language}", lambda: _divisions(visit))
    names = visit.once(f"regions {visit.language}", lambda: visit.names(row.region for row in rows))
    country, activity = visit.parameter("country").upper(), visit.parameter("activity")
    known = sorted(
        {country_of(row.code) for row in rows},
        key=lambda code: visit.order(countries.get(code, code or "")),
    )
    if country and country not in known:
        raise UnknownNameError("country", country, known)
    if activity and activity not in activities:
        raise UnknownNameError("activity", activity, activities)
    shown = [row for row in rows if not country or country_of(row.code) == country]
    shown.sort(key=lambda row: (countries.get(country_of(row.code), ""), names[row.region]))
    values = (
        visit.ask("location-quotients", region="all", activity=activity, minimum="0")
        if activity
        else []
    )
    codes = {row.code for row in shown}
    values = [row for row in values if row.region.removeprefix(REGION) in codes]
    matrix = _matrix(visit, shown, activities) if country else None
    return page(
        visit,
        "regions",
        pictures=[_map(visit, shown, names, values, country, activities.get(activity, ""))],
        notes=_notes(visit),
        rows=shown,
        names=names,
        countries={code: countries.get(code, code) for code in known},
        country_of=country_of,
        country=country,
        activities=activities,
        activity=activity,
        activity_name=lambda iri: activities.get(iri.removeprefix(_NACE), ""),
        values={row.region: row for row in values},
        matrix=matrix,
        shade=lambda value: charts.shade(value, _QUOTIENTS),
        limits=_QUOTIENTS,
        sources=sources(visit),
    )


def country_of(code: str) -> str:
    """Return the country (ISO 3166) of a region."""
    return {"EL": "GR", "UK": "GB"}.get(code[:2], code[:2])


def _divisions(visit: Visit) -> dict[str, str]:
    """Return the names of the divisions of NACE by their codes."""
    rows = visit.select(_DIVISIONS, space=ox.Literal(_NACE))
    names = visit.names(row.activity for row in rows)
    return {row.activity.removeprefix(_NACE): names[row.activity] for row in rows}


def _matrix(
    visit: Visit, rows: Sequence[Row], activities: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return quotients by region and activity; what is not published is not in it."""
    found = visit.ask(
        "location-quotients", region=[row.code for row in rows], period="latest", minimum="0"
    )
    cells: dict[str, dict[str, Row]] = {}
    for row in found:
        cells.setdefault(row.region, {})[row.activity.removeprefix(_NACE)] = row
    used = [code for code in activities if any(code in by for by in cells.values())]
    return {"cells": cells, "activities": used} if used else None


def _map(
    visit: Visit,
    rows: Sequence[Row],
    names: Mapping[str, str],
    values: Sequence[Row],
    country: str,
    activity: str,
) -> Picture:
    """Return symbols as large as employment, or the regions coloured by their quotients."""
    t = visit.words("regions")
    by_region = {row.region: row for row in values}
    dots, quotients, labels, links = [], {}, {}, {}
    for row in rows:
        name, href = names[row.region], visit.url(f"/region/{row.code}")
        found = by_region.get(row.region)
        labels[row.code], links[row.code] = name, href
        if found:
            quotient = quotients[row.code] = round(float(found.quotient), 2)
            size, text = found.persons, t("at-place", n=found.persons, quotient=quotient)
        elif activity:
            continue
        else:
            size, text = row.measuredClusters, t("clusters", n=row.measuredClusters)
        if row.code in towns() and size:
            longitude, latitude, _ = towns()[row.code]
            value = quotients.get(row.code)
            dots.append(maps.Dot(longitude, latitude, f"{name}: {text}", href, size, name, value))
    kept = visit.context.config.regions
    known = boundaries.shapes(kept) if kept else {}
    shapes = {code: known[code] for code in labels if code in known} or None
    here = country if country in {country_of(row.code) for row in rows} else ""
    title = t("map-activity", activity=activity) if activity else t("map-clusters")
    return maps.draw(
        visit.words("charts"),
        "regions",
        title,
        t("map-description", n=len(dots)),
        values=quotients if shapes else {},
        names=labels,
        links=links,
        dots=[] if shapes and activity else dots,
        here=here,
        part=maps.extent(here) if here else None,
        limits=_QUOTIENTS,
        shapes=shapes,
        measure=t("quotient"),
        sizes=t("persons") if activity else t("measured"),
    )


def _one(visit: Visit, code: str) -> Response:
    region = ox.NamedNode(REGION + code)
    about = visit.select(_ABOUT, region=region)
    if not about:
        known = (row.code for row in visit.ask("regions-in-numbers", country="all"))
        raise UnknownNameError("region", code, list(known))
    first = about[0]
    published = first.level in (0, 2)
    quotients = (
        visit.ask("location-quotients", region=code, level=str(first.level)) if published else []
    )
    clusters = (
        visit.ask("measured-clusters", country="all", region=code, leastQuotient="0", minimum="0")
        if first.level == 2
        else []
    )
    structure = _structure(visit, code) if published else []
    organisations = visit.ask("partners-in-region", region=code)
    figures = visit.select(_FIGURES, region=region)
    names = visit.names(
        [
            region.value, first.country, *(row.above for row in about),
            *(row.successor for row in about), *(row.activity for row in quotients),
            *(row.cluster for row in clusters), *(row.organisation for row in organisations),
            *(row.activity for row in structure), *(row.measure for row in figures),
            *(row.part for row in organisations),
        ]
    )  # fmt: skip
    name = names[region.value]
    return page(
        visit,
        "region",
        pictures=[
            *_bars(visit, name, quotients, names),
            *_compared(visit, name, structure, names),
        ],
        notes=_notes(visit),
        code=code,
        name=name,
        iri=region.value,
        level=first.level,
        country=(first.country or "").removeprefix(COUNTRY),
        above=sorted({row.above for row in about if row.above}),
        successors=sorted({row.successor for row in about if row.successor}),
        names=names,
        quotients=quotients,
        clusters=clusters,
        organisations=_merged(organisations),
        structure=structure,
        figures=figures,
        code_of=lambda iri: iri.removeprefix(REGION),
        sources=sources(visit),
    )


def _merged(rows: Sequence[Row]) -> list[Row]:
    """Return organisations once each, with the first region that is told of them."""
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row.organisation, row)
    return list(found.values())


def _structure(visit: Visit, code: str) -> list[Row]:
    """Return the employment of residents by groups of activities, with the country's shares."""
    rows = visit.ask("employment-structure", region=[code, code[:2]])
    own, country = ([row for row in rows if row.region == REGION + one] for one in (code, code[:2]))
    whole = {row.activity: row.percentOfRegion for row in country}
    for row in own:
        row["percentOfCountry"] = whole.get(row.activity)
    return own


def _bars(visit: Visit, name: str, rows: Sequence[Row], names: Mapping[str, str]) -> list[Picture]:
    t = visit.words("region")
    shown = [
        charts.Bar(f"{row.code} {names[row.activity]}", round(float(row.quotient), 2), mark=1)
        for row in rows[:_BARS]
    ]
    if not shown:
        return []
    return [
        charts.bars(
            visit.words("charts"),
            "specialisation",
            t("specialisation-of", name=name),
            t("specialisation-description", activity=shown[0].name, quotient=shown[0].value),
            shown,
            t("as-europe"),
        )
    ]


def _compared(
    visit: Visit, name: str, rows: Sequence[Row], names: Mapping[str, str]
) -> list[Picture]:
    t = visit.words("region")
    shown = [
        charts.Bar(
            names[row.activity],
            float(row.percentOfRegion),
            mark=float(row.percentOfRegion / row.quotient) if row.quotient else None,
        )
        for row in rows
    ]
    if not shown:
        return []
    return [
        charts.bars(
            visit.words("charts"),
            "structure",
            t("structure-of", name=name),
            t("structure-description", activity=shown[0].name, percent=shown[0].value),
            shown,
            t("share-eu"),
        )
    ]


def _notes(visit: Visit) -> list[str]:
    """Return source and limitations of the statistics, as they stand below pictures."""
    t = visit.words("region")
    return [
        t("note", rights=row.rights, table=row.table, newest=row.newest, extracted=row.extracted,
          limits=row.limits)
        for row in {row.table: row for row in sources(visit)}.values()
    ]  # fmt: skip
