"""Indicators and measured clusters equal an independent computation in pandas, cell by cell."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd
import pyoxigraph as ox
import pytest

from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue
from clustergraph.statistics import update
from clustergraph.statistics.measure import LATEST

TABLES: Final = Path(__file__).parents[2] / "data" / "statistics"


@pytest.fixture(scope="module")
def cells() -> pd.DataFrame:
    """The published values of the business statistics, straight from the CSV file."""
    frame = pd.read_csv(
        TABLES / "observations" / "employment_sbs.csv", dtype=str, keep_default_na=False
    )
    frame["value"] = frame["value"].astype(int)
    return frame


def of_period(cells: pd.DataFrame, period: str, level: int) -> pd.DataFrame:
    """Return the values of a year, or the newest of each region and activity, at a NUTS level."""
    if period == LATEST:
        chosen = cells.sort_values("period").groupby(["region", "activity"]).tail(1)
    else:
        chosen = cells[cells.period == period]
    return chosen[chosen.region.str.len() == level + 2]


def quotients(cells: pd.DataFrame, period: str, level: int) -> dict[tuple[str, str], float]:
    """Return the location quotient of each region and division."""
    chosen = of_period(cells, period, level)
    table = chosen[chosen.activity.str.fullmatch(r"\d\d")].pivot(
        index="region", columns="activity", values="value"
    )
    share = table.div(table.sum(axis=1), axis=0)
    expected = table.sum() / table.sum().sum()
    found = share.div(expected, axis=1).stack()
    return {key: value for key, value in found.items() if value == value}


def rows(engine: Engine, question: str, **given: str) -> list[ox.QuerySolution]:
    """Return the answer to a question, with one value for each parameter given."""
    asked = catalogue.find(question)
    answer = catalogue.ask(asked, engine, {name: (value,) for name, value in given.items()})
    assert isinstance(answer, ox.QuerySolutions)
    return list(answer)


def code(row: ox.QuerySolution, name: str) -> str:
    """Return the last part of an IRI in an answer."""
    return str(row[name].value).rpartition("/")[2]


OTHERS = [("2014", 2), ("2015", 2), ("2014", 0)]


@pytest.mark.parametrize(
    ("period", "level"),
    [
        (LATEST, 2),
        *(pytest.param(*one, marks=pytest.mark.full) for one in OTHERS),
    ],
)
def test_location_quotients_equal_pandas(
    cells: pd.DataFrame, shipped: Engine, period: str, level: int
) -> None:
    """Each location quotient of each region and division is the one that pandas computes."""
    found = {
        (code(row, "region"), code(row, "activity")): float(row["quotient"].value)
        for row in rows(
            shipped, "location-quotients", region="all", period=period, level=str(level),
            minimum="0",
        )
    }  # fmt: skip
    expected = quotients(cells, period, level)
    assert found.keys() == expected.keys()
    assert all(abs(found[key] - expected[key]) <= 0.00005001 for key in expected)


def test_known_specialisations(cells: pd.DataFrame) -> None:
    """Steel in Moravia-Silesia and cars in Stuttgart stand out as the sources say."""
    found = quotients(cells, LATEST, 2)
    assert round(found["CZ08", "24"], 1) == 7.6
    assert round(found["DE11", "29"], 1) == 5.9


def test_focus_and_size_equal_pandas(cells: pd.DataFrame, shipped: Engine) -> None:
    """The shares of a region, and of all regions, are those that pandas computes."""
    chosen = of_period(cells, LATEST, 2)
    divisions = chosen[chosen.activity.str.fullmatch(r"\d\d")]
    region = divisions[divisions.region == "CZ08"].set_index("activity").value
    found = {
        code(row, "activity"): float(row["percentOfRegion"].value)
        for row in rows(shipped, "employment-focus", region="CZ08", minimum="0")
    }
    assert found == pytest.approx(dict(100 * region / region.sum()), abs=0.0001)
    steel = divisions[divisions.activity == "24"].set_index("region").value
    sizes = {
        code(row, "region"): float(row["percentOfAll"].value)
        for row in rows(shipped, "employment-size", activity="C24", minimum="0")
    }
    assert sizes == pytest.approx(dict(100 * steel / steel.sum()), abs=0.0001)


def test_change_equals_pandas(cells: pd.DataFrame, shipped: Engine) -> None:
    """The change between two years is shown for pairs with both values, and only for them."""
    table = cells[(cells.region == "CZ08") & cells.activity.str.fullmatch(r"\d\d")].pivot(
        index="activity", columns="period", values="value"
    )
    both = table.dropna()
    found = {
        code(row, "activity"): int(row["change"].value)
        for row in rows(shipped, "employment-change", region="CZ08", minimum="0")
    }
    assert found == dict((both["2015"] - both["2014"]).astype(int))


def test_measured_clusters_equal_pandas(cells: pd.DataFrame) -> None:
    """The table holds exactly the pairs that pass the thresholds when pandas applies them."""
    least = update.thresholds()
    chosen = of_period(cells, LATEST, 2)
    pairs = chosen[chosen.activity.str.fullmatch(r"\d\d")].copy()
    sections = chosen[~chosen.activity.str.fullmatch(r"\d\d") | (chosen.activity == "95")]
    total = pairs.groupby("region").value.sum()
    coverage = total / sections.groupby("region").value.sum().reindex(total.index)
    pairs["share"] = pairs.value / pairs.region.map(total)
    expected = pairs.groupby("activity").value.sum() / pairs.value.sum()
    pairs["quotient"] = pairs.share / pairs.activity.map(expected)
    by_activity = pairs.groupby("activity").value
    pairs["size"] = (by_activity.rank("min") - 1) / by_activity.transform("count")
    pairs["focus"] = (pairs.share.rank(method="min") - 1) / len(pairs)
    passing = pairs[
        (pairs.value >= least.employment)
        & (pairs.region.map(coverage) >= least.coverage)
        & (pairs.quotient >= least.specialisation)
        & ((pairs["size"] >= least.size) | (pairs.focus >= least.focus))
    ]
    table = pd.read_csv(TABLES / "measured_clusters.csv", dtype=str)
    held = table[table.passes == "true"].set_index(["region", "activity"])
    assert set(held.index) == set(zip(passing.region, passing.activity, strict=True))
    wanted = passing.set_index(["region", "activity"]).quotient
    assert dict(held.quotient.astype(float)) == pytest.approx(dict(wanted), abs=0.0001)


def test_every_cluster_has_its_values(shipped: Engine) -> None:
    """Each measured cluster leads to the four values that its quotient is computed from."""
    answer = shipped.query(
        "SELECT ?cluster (COUNT(?value) AS ?values) WHERE { ?cluster cg:measuredBy ?indicator . "
        "?indicator prov:wasDerivedFrom ?value . ?value cg:personsEmployed ?persons } "
        "GROUP BY ?cluster"
    )
    counts = {row["cluster"].value: int(row["values"].value) for row in answer}
    table = pd.read_csv(TABLES / "measured_clusters.csv", dtype=str)
    assert len(counts) == len(table)
    assert set(counts.values()) == {4}


@pytest.mark.parametrize("name", ["employment_sbs", "employment_lfs"])
def test_every_row_is_an_observation(shipped: Engine, name: str) -> None:
    """Each row of the tables is an observation of the graph, and there are no others."""
    frame = pd.read_csv(TABLES / "observations" / f"{name}.csv", usecols=["id"])
    answer = shipped.query(
        f"SELECT ?one WHERE {{ GRAPH graph:{name} {{ ?one a qb:Observation }} }}"
    )
    found = {row["one"].value.partition("/id/")[2] for row in answer}
    assert found == set(frame.id)
