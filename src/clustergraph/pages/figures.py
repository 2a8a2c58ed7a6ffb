"""Figures of countries and regions that several pages show, computed once a generation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from csv import DictReader
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from clustergraph.pages.rendering import query
from clustergraph.vocab import CODE, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Row, Visit

COUNTRY: Final = CODE + "country/"
REGION: Final = PREFIXES["nuts"]
MEASURES: Final = ("organisations", "platforms", "holders", "gold", "euroclusters", "practices")
"""What is counted for each country: columns of the question ``countries-in-numbers``."""


ECOSYSTEMS: Final = "ecosystems-of-countries"
"""The query behind `ecosystems`."""
_NAMES: Final = """SELECT ?country ?name
WHERE { ?country a cg:Country ; skos:prefLabel ?name FILTER(LANG(?name) = $language) }"""
_UNION: Final = "SELECT ?country { ?country a cg:Country ; cg:partOf code:country\\/EU }"


def countries(visit: Visit) -> dict[str, str]:
    """Return the names of all countries by their codes, in the language of the visit."""
    rows = visit.select(_NAMES)
    return {row.country.removeprefix(COUNTRY): row.name for row in rows}


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

    def of(self, code: str) -> dict[str, int]:
        """Return a country's numbers by measure."""
        counts = self.counts.get(code, {})
        return {name: counts.get(name, 0) for name in MEASURES}

    def known(self) -> list[str]:
        """Return the codes of the countries of which anything is counted."""
        return [code for code, counts in self.counts.items() if any(counts.values())]


def numbers(visit: Visit) -> Numbers:
    """Return the numbers of all countries."""

    def counted() -> Numbers:
        counts = {
            row.country.removeprefix(COUNTRY): {name: row[name] for name in MEASURES}
            for row in visit.ask("countries-in-numbers")
        }
        members = frozenset(row.country.removeprefix(COUNTRY) for row in visit.select(_UNION))
        medians = {
            name: middle(counts.get(code, {}).get(name, 0) for code in members) for name in MEASURES
        }
        return Numbers(counts, medians, members)

    return visit.once("numbers", counted)


def ecosystems(visit: Visit) -> dict[str, tuple[str, dict[str, tuple[int, int]]]]:
    """Return by key of each ecosystem its name, and cluster organisations by country.

    These are two numbers: how many there are, and for how many of them a source states it.
    """

    def counted() -> dict[str, tuple[str, dict[str, tuple[int, int]]]]:
        found: dict[str, tuple[str, dict[str, tuple[int, int]]]] = {}
        for row in visit.select(query(ECOSYSTEMS)):
            _, by = found.setdefault(row.ecosystem.rpartition("/")[2], (row.name, {}))
            by[row.country.removeprefix(COUNTRY)] = row.n, row.stated
        return found

    return visit.once(f"ecosystems {visit.language}", counted)


def regions(visit: Visit) -> list[Row]:
    """Return the rows of the question ``regions-in-numbers`` for all countries."""
    return visit.once("regions", lambda: visit.ask("regions-in-numbers", country="all"))


def by_name(visit: Visit, names: Mapping[str, str]) -> dict[str, str]:
    """Return names by key in the order of the alphabet of the visit's language."""
    return dict(sorted(names.items(), key=lambda item: (visit.order(item[1]), item[0])))


def middle(values: Iterable[float]) -> float:
    """Return the median; of nothing, zero."""
    return float(median([*values] or [0]))


def country_of(code: str) -> str:
    """Return the country (ISO 3166) of a region; EU statistics write two of them otherwise."""
    return {"EL": "GR", "UK": "GB"}.get(code[:2], code[:2])


def sources(visit: Visit) -> list[Row]:
    """Return the published data sets behind the statistics: table, newest year, limits, licence."""
    return visit.select(query("data-sets"))


@cache
def towns() -> Mapping[str, tuple[float, float]]:
    """Return longitude and latitude of the largest town of each region, by its code.

    Symbols for regions stand there. Source: GeoNames (CC BY 4.0).
    """
    path = Path(__file__).parent / "data" / "region_towns.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return {
            row["region"]: (float(row["longitude"]), float(row["latitude"]))
            for row in DictReader(lines)
        }
