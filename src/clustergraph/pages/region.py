"""Regions: a list with a map and a matrix of specialisation, and for each region a profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError
from clustergraph.pages import europe, figures, maps, pictures
from clustergraph.pages.figures import COUNTRY, REGION, country_of, towns
from clustergraph.pages.frame import page
from clustergraph.pages.rendering import query
from clustergraph.protocol import Response
from clustergraph.vocab import PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Row, Visit

_NACE: Final = PREFIXES["nace"]
# From which quotient on the shades begin: half as much as in Europe, about as much, more.
_QUOTIENTS: Final = (0.5, 0.8, 1.25, 2.0)
_BARS: Final = 15

_DIVISIONS: Final = """SELECT ?activity ?code
WHERE { ?activity cg:naceLevel 2 ; skos:notation ?code .
        FILTER(STRSTARTS(STR(?activity), $space)) }
ORDER BY ?activity"""


def show(visit: Visit) -> Response:
    """Show all regions, those of a country, or one."""
    code = visit.captured.get("code", "")
    if not code:
        return _all(visit)
    if code != code.upper():
        target = visit.url(f"/region/{code.upper()}")
        return Response(308, [("Location", target)], b"", cacheable=True)
    return _one(visit, code)


def _all(visit: Visit) -> Response:
    names_of_all, rows = figures.countries(visit), figures.regions(visit)
    activities = visit.once(f"divisions {visit.language}", lambda: _divisions(visit))
    names = visit.once(f"regions {visit.language}", lambda: visit.names(row.region for row in rows))
    codes = {country_of(row.code) for row in rows}
    countries = figures.by_name(visit, {code: names_of_all.get(code, code) for code in codes})
    country = visit.choice("country", countries)
    activity = visit.choice("activity", activities)
    shown = [row for row in rows if not country or country_of(row.code) == country]
    shown.sort(key=lambda row: (countries[country_of(row.code)], names[row.region]))
    values = (
        visit.ask("location-quotients", region="all", activity=activity, minimum="0")
        if activity
        else []
    )
    by_region = {row.region: row for row in values}
    sources = figures.sources(visit)
    return page(
        visit,
        "regions",
        pictures=[_map(visit, shown, names, by_region, country, activities.get(activity, ""))],
        notes=_notes(visit, sources),
        rows=shown,
        names=names,
        countries=countries,
        country_of=country_of,
        country=country,
        activities=activities,
        activity=activity,
        activity_name=lambda iri: activities.get(iri.removeprefix(_NACE), ""),
        values=by_region,
        matrix=_matrix(visit, shown, activities) if country else None,
        shade=lambda value: pictures.shade(value, _QUOTIENTS),
        limits=_QUOTIENTS,
        sources=sources,
    )


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
    values: Mapping[str, Row],
    country: str,
    activity: str,
) -> Picture:
    """Return symbols as large as employment, or the regions coloured by their quotients."""
    t = visit.words("regions")
    labels = {row.code: names[row.region] for row in rows}
    links = {code: visit.url(f"/region/{code}") for code in labels}
    quotients = {
        row.code: round(float(values[row.region].quotient), 2)
        for row in rows
        if row.region in values
    }
    dots = []
    for row in rows:
        size, text = row.measuredClusters, t("clusters", n=row.measuredClusters)
        quotient = quotients.get(row.code)
        if activity:
            size = values[row.region].persons if quotient is not None else 0
            text = t("at-place", n=size, quotient=quotient)
        if size and row.code in towns():
            label, href, name = f"{labels[row.code]}: {text}", links[row.code], labels[row.code]
            dots.append(maps.Dot(*towns()[row.code], label, href, size, name, quotient))
    known = europe.shapes(visit.context.config.regions)
    shapes = {code: known[code] for code in labels if code in known}
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
    about = visit.select(query("region-about"), region=region)
    if not about:
        raise UnknownNameError("region", code, [row.code for row in figures.regions(visit)])
    first, sources = about[0], figures.sources(visit)
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
    stated = visit.select(query("region-figures"), region=region)
    names = visit.names(
        [
            region.value, first.country, *(row.above for row in about),
            *(row.successor for row in about), *(row.activity for row in quotients),
            *(row.cluster for row in clusters), *(row.organisation for row in organisations),
            *(row.activity for row in structure), *(row.measure for row in stated),
            *(row.part for row in organisations),
        ]
    )  # fmt: skip
    name = names[region.value]
    specialised = [
        pictures.Bar(f"{row.code} {names[row.activity]}", round(float(row.quotient), 2), mark=1)
        for row in quotients[:_BARS]
    ]
    shares = [
        pictures.Bar(
            names[row.activity],
            float(row.percentOfRegion),
            mark=float(row.percentOfRegion / row.quotient) if row.quotient else None,
        )
        for row in structure
    ]
    return page(
        visit,
        "region",
        pictures=[
            _bars(visit, "specialisation", name, specialised, "quotient", "as-europe"),
            _bars(visit, "structure", name, shares, "percent", "share-eu"),
        ],
        notes=_notes(visit, sources),
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
        # Each once, with the first region that is told of it.
        organisations=list({row.organisation: row for row in reversed(organisations)}.values())[
            ::-1
        ],
        structure=structure,
        figures=stated,
        code_of=lambda iri: iri.removeprefix(REGION),
        sources=sources,
    )


def _structure(visit: Visit, code: str) -> list[Row]:
    """Return the employment of residents by groups of activities, with the country's shares."""
    rows = visit.ask("employment-structure", region=[code, code[:2]])
    own, country = ([row for row in rows if row.region == REGION + one] for one in (code, code[:2]))
    whole = {row.activity: row.percentOfRegion for row in country}
    for row in own:
        row["percentOfCountry"] = whole.get(row.activity)
    return own


def _bars(
    visit: Visit, key: str, name: str, bars: Sequence[pictures.Bar], value: str, mark: str
) -> Picture | None:
    """Return the picture of a key of the words, described by its first bar."""
    t = visit.words("region")
    if not bars:
        return None
    about = t(f"{key}-description", activity=bars[0].name, **{value: bars[0].value})
    title = t(f"{key}-of", name=name)
    return pictures.bars(visit.words("charts"), key, title, about, bars, t(mark))


def _notes(visit: Visit, sources: Iterable[Row]) -> list[str]:
    """Return source and limitations of the statistics, as they stand below pictures."""
    t = visit.words("region")
    return [
        t("note", rights=row.rights, table=row.table, newest=row.newest, extracted=row.extracted,
          limits=row.limits)
        for row in {row.table: row for row in sources}.values()
    ]  # fmt: skip
