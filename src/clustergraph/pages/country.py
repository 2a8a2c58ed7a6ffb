"""Countries: a list of all, and for each a fact sheet against the median of the European Union."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError
from clustergraph.pages import figures, maps, pictures
from clustergraph.pages.europe import point
from clustergraph.pages.figures import COUNTRY, MEASURES
from clustergraph.pages.frame import page, refuse
from clustergraph.pages.rendering import query
from clustergraph.protocol import Response
from clustergraph.vocab import CG

if TYPE_CHECKING:
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Row, Visit

# Queries whose rows the page shows.
_ROWS: Final = ("labels", "places", "policy", "associations", "euroclusters", "organisations")
_SERIES: Final = {
    "Strategy": 0, "LegalFramework": 1, "LegalAct": 1, "FundingProgramme": 2, "Call": 3,
    "Publication": 4, "Methodology": 4, "PolicyPractice": 5,
}  # fmt: skip


def show(visit: Visit) -> Response:
    """Show all countries, or one."""
    names = figures.countries(visit)
    if "code" not in visit.captured:
        return _all(visit, names)
    code = figures.country_of(visit.captured["code"].upper())
    if code not in names:
        return refuse(visit, UnknownNameError("country", code, names))
    if code != visit.captured["code"]:
        target = visit.url(f"/country/{code}")
        return Response(308, [("Location", target)], b"", cacheable=True)
    return _one(visit, code, names[code])


def _all(visit: Visit, names: Mapping[str, str]) -> Response:
    t = visit.words("countries")
    found = figures.numbers(visit)
    codes = sorted(
        (code for code in found.known() if code in names), key=lambda code: visit.order(names[code])
    )
    counts = {code: n for code in codes if (n := found.of(code)["organisations"])}
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


def _one(visit: Visit, code: str, name: str) -> Response:
    country = ox.NamedNode(COUNTRY + code)
    found = figures.numbers(visit)
    texts = {key: query(f"country-{key}") for key in _ROWS}
    rows: dict[str, Any] = {key: visit.select(text, country=country) for key, text in texts.items()}
    ecosystems = _ecosystems(visit, code, found.members)
    funding = visit.ask("country-funding", country=code)
    return page(
        visit,
        "country",
        pictures=[
            _bars(visit, code, ecosystems),
            _map(visit, code, name, rows["places"]),
            _line(visit, rows["policy"]),
        ],
        code=code,
        name=name,
        iri=country.value,
        member=code in found.members,
        numbers=found.of(code),
        medians=found.medians,
        ecosystems=ecosystems,
        funding=funding,
        names=visit.names(
            row[column]
            for row in funding
            for column in ("thing", "body", "kind", "prices", "status")
        ),
        queries={
            key: visit.query_text(text, country=country)
            for key, text in {"ecosystems": query(figures.ECOSYSTEMS), **texts}.items()
        },
        class_of=lambda row: row["class"].removeprefix(CG),
        **rows,
    )


def _ecosystems(visit: Visit, code: str, members: frozenset[str]) -> list[dict[str, Any]]:
    """Return each ecosystem with numbers of organisations in a country, the largest first."""
    rows = []
    for key, (name, by) in figures.ecosystems(visit).items():
        n, stated = by.get(code, (0, 0))
        median = figures.middle(by.get(one, (0, 0))[0] for one in members)
        rows.append({"key": key, "name": name, "n": n, "stated": stated, "median": median})
    return sorted(rows, key=lambda row: (-row["n"], visit.order(row["name"])))


def _bars(visit: Visit, code: str, rows: Sequence[Mapping[str, Any]]) -> Picture | None:
    t = visit.words("country")
    shown = [
        pictures.Bar(
            row["name"],
            row["n"],
            visit.url("/find", kind="ClusterOrganisation", country=code, ecosystem=row["key"]),
            row["median"],
            estimated=row["stated"] < row["n"],
        )
        for row in rows
        if row["n"]
    ]
    title = t("ecosystems-estimated" if any(bar.estimated for bar in shown) else "ecosystems")
    description = t("ecosystems-description", name=rows[0]["name"], n=rows[0]["n"]) if rows else ""
    return pictures.bars(
        visit.words("charts"), "ecosystems", title, description, shown, t("median-head")
    )


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


def _line(visit: Visit, rows: Sequence[Row]) -> Picture | None:
    t = visit.words("country")
    kinds = [row["class"].removeprefix(CG) for row in rows]
    spans = [
        pictures.Span(row.name, row.start, row.end, _SERIES[kind], t(kind), visit.link(row.thing))
        for row, kind in zip(rows, kinds, strict=True)
    ]
    # Where several kinds share a colour, the legend names the first.
    legend = {_SERIES[kind]: t(kind) for kind in reversed(kinds)}
    description = t("policy-description", n=len(spans))
    return pictures.timeline("policy-line", t("policy"), description, spans, legend)
