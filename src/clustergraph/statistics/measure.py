"""Measuring clusters: totals of employment, location quotients, and the pairs that stand out.

For a region r, an activity a (a division of NACE) and a period::

    share(r, a)    = persons(r, a) / persons(r)
    quotient(r, a) = share(r, a) / (persons(a) / persons)

``persons(r)`` adds up the divisions published for the region, ``persons(a)`` the regions for which
the division is published, and ``persons`` all published divisions of all regions. The period is a
year, or ``latest``: of each region and activity the newest year published. What is withheld is
missing in the sums; it is never counted as zero. docs/statistics.md tells the consequences.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from clustergraph.statistics.tables import (
    ACTIVITIES,
    Cell,
    activity_key,
    is_division,
    is_group,
    is_region,
)
from clustergraph.vocab import CODE, PREFIXES

LATEST: Final = "latest"
TOTAL_COLUMNS: Final = ("id", "region", "activity", "period", "persons", "cells")
CLUSTER_COLUMNS: Final = (
    "id", "name_en", "name_cs", "country", "region", "activity", "year", "persons", "quotient",
    "share", "criteria", "passes", "indicator", "cell", "region_total", "activity_total", "total",
)  # fmt: skip
_DIVISIONS: Final = "divisions"
_ISO: Final = {"EL": "GR", "UK": "GB"}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The least values with which a pair of region and activity is a measured cluster.

    Attributes:
        employment: persons employed.
        coverage: the region's published divisions relative to its published sections.
        specialisation: the location quotient.
        size: part of the regions with fewer persons employed in the activity.
        focus: part of all pairs with a smaller share of their region.
    """

    employment: float
    coverage: float
    specialisation: float
    size: float
    focus: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A pair of region and activity with its indicators.

    Attributes:
        cell: the observation measured.
        quotient: location quotient.
        share: share of the region, 0 to 1.
        criteria: which of specialisation, size and focus it passes.
    """

    cell: Cell
    quotient: float
    share: float
    criteria: tuple[str, ...]


Names = Mapping[str, tuple[str, str]]
"""Code → English and Czech name."""


def latest(cells: Iterable[Cell]) -> list[Cell]:
    """Return of each region and activity the cell of the newest year."""
    ordered = sorted(cells, key=lambda cell: cell.key)
    return list({(cell.region, cell.activity): cell for cell in ordered}.values())


def measure(cells: Collection[Cell], thresholds: Thresholds) -> list[Measured]:
    """Return the measured clusters among the newest cells, sorted by region and activity.

    Args:
        cells: the observations of the business statistics.
        thresholds: what a cluster has to pass.
    """
    newest = [cell for cell in latest(cells) if is_region(cell.region)]
    pairs = [cell for cell in newest if is_division(cell.activity)]
    by_region = _sums(pairs, lambda cell: cell.region)
    by_activity = _sums(pairs, lambda cell: cell.activity)
    total = sum(by_region.values())
    sections = _sums(
        (cell for cell in newest if not is_division(cell.activity) or cell.activity == "S95"),
        lambda cell: cell.region,
    )
    sizes: dict[str, list[int]] = defaultdict(list)
    for cell in pairs:
        sizes[cell.activity].append(int(cell.value))
    shares = sorted(_ratio(int(cell.value), by_region[cell.region]) for cell in pairs)
    for values in sizes.values():
        values.sort()
    found = []
    for cell in pairs:
        persons = int(cell.value)
        share = _ratio(persons, by_region[cell.region])
        expected = _ratio(by_activity[cell.activity], total)
        if not expected:
            continue
        quotient = share / expected
        among = sizes[cell.activity]
        passed = {
            "specialisation": quotient >= thresholds.specialisation,
            "size": bisect_left(among, persons) / len(among) >= thresholds.size,
            "focus": bisect_left(shares, share) / len(shares) >= thresholds.focus,
        }
        if (
            persons >= thresholds.employment
            and _ratio(by_region[cell.region], sections.get(cell.region, 0)) >= thresholds.coverage
            and passed["specialisation"]
            and (passed["size"] or passed["focus"])
        ):
            criteria = tuple(name for name, yes in passed.items() if yes)
            found.append(Measured(cell, quotient, share, criteria))
    return sorted(found, key=lambda one: one.cell.key)


def total_rows(cells: Collection[Cell]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table of totals: regions, activities and all, for each period."""
    periods: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        periods[cell.year].append(cell)
    periods[LATEST] = latest(cells)
    for period in sorted(periods):
        for level in (0, 2):
            area = f"nuts-{level}"
            values: dict[tuple[int, str, str], list[int]] = defaultdict(list)
            for cell in periods[period]:
                if len(cell.region) - 2 != level or is_group(cell.region):
                    continue
                values[1, area, cell.activity].append(int(cell.value))
                if is_division(cell.activity):
                    values[0, cell.region, _DIVISIONS].append(int(cell.value))
                    values[2, area, _DIVISIONS].append(int(cell.value))
            for (_, region, activity), persons in sorted(values.items()):
                yield (
                    total_key(region, activity, period),
                    f"{CODE}observed-area/{area}" if region == area else PREFIXES["nuts"] + region,
                    f"{CODE}activity-group/{activity}" if activity == _DIVISIONS
                    else PREFIXES["nace"] + ACTIVITIES[activity],
                    period, str(sum(persons)), str(len(persons)),
                )  # fmt: skip


def total_key(region: str, activity: str, period: str) -> str:
    """Return the key of a total: of a region, of an activity, or of all."""
    return f"observation/total-{region.lower()}-{activity_key(activity)}-{period}"


def cluster_rows(
    measured: Iterable[Measured],
    regions: Names,
    activities: Names,
    earlier: Iterable[Mapping[str, str]],
) -> list[tuple[str, ...]]:
    """Return the rows of the table of measured clusters.

    Args:
        measured: the clusters that pass today.
        regions: names of their regions.
        activities: names of their activities, by their codes of NACE.
        earlier: the rows of the table so far; a cluster that no longer passes keeps its row, with
            ``passes`` false, since its IRI is published.
    """
    rows: dict[str, tuple[str, ...]] = {}
    for one in measured:
        cell = one.cell
        pair = f"{cell.region.lower()}-{activity_key(cell.activity)}"
        region, activity = regions[cell.region], activities[ACTIVITIES[cell.activity]]
        rows[f"cluster/{pair}"] = (
            f"cluster/{pair}",
            f"{activity[0]} in {region[0]}",
            f"{activity[1]} – {region[1]}",
            _ISO.get(cell.region[:2], cell.region[:2]),
            cell.region,
            ACTIVITIES[cell.activity],
            cell.year,
            cell.value,
            f"{one.quotient:.4f}",
            f"{one.share:.6f}",
            "|".join(one.criteria),
            "true",
            f"observation/cluster-{pair}-{cell.year}",
            f"observation/sbs-{pair}-{cell.year}",
            total_key(cell.region, _DIVISIONS, LATEST),
            total_key("nuts-2", cell.activity, LATEST),
            total_key("nuts-2", _DIVISIONS, LATEST),
        )
    for row in earlier:
        if row["id"] not in rows:
            rows[row["id"]] = tuple(
                "false" if name == "passes" else row[name] for name in CLUSTER_COLUMNS
            )
    return [rows[key] for key in sorted(rows)]


def _sums(cells: Iterable[Cell], key: Callable[[Cell], str]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for cell in cells:
        sums[key(cell)] += int(cell.value)
    return sums


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
