"""tools/lookalikes.py: organisations whose names are nearly the same are found and decided on."""

from __future__ import annotations

import csv
import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / "tools" / "lookalikes.py"
FILES = ("cluster_organisations", "organisations", "identity", "links")


@pytest.fixture(scope="module")
def lookalikes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("clustergraph_tools_lookalikes", TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def row(name: str, other: str = "", country: str = "CZ", key: str = "") -> dict[str, str]:
    """Return the cells of an organisation that are compared."""
    return {
        "id": f"organisation/{key or name}",
        "country": country,
        "name_en": name,
        "other_names": other,
    }


def test_each_pair_of_the_shipped_tables_is_decided_on(lookalikes: ModuleType) -> None:
    """No two organisations of the tables look alike without a decision in identity.csv."""
    assert lookalikes.unreviewed() == [], (
        "decide in data/identity.csv: same, different or undecided"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (row("Český klastr výroby"), row("cesky klastr vyroby", key="b")),
        (row("Waste Management Cluster e.V."), row("Management of Waste Network", key="b")),
        (row("IDEAM"), row("Irish Digital Engineering and Advanced Manufacturing", key="b")),
        (row("Biotecnology Cluster North"), row("Biotechnology Cluster North", key="b")),
        (row("Fiber Valley"), row("Fiber Valley", country="", key="b")),
        (row("D.A.R.E. Puglia"), row("DARE Puglia scrl", key="b")),
    ],
)
def test_a_planted_pair_is_reported(
    lookalikes: ModuleType, one: dict[str, str], other: dict[str, str]
) -> None:
    """Accents, order, legal forms, spelling and abbreviations do not hide a second row."""
    entries = [lookalikes.organisation(one), lookalikes.organisation(other)]
    assert len(list(lookalikes.pairs(entries))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (row("Automotive Cluster", country="CZ"), row("Automotive Cluster", country="SK", key="b")),
        (row("Textile Cluster"), row("Aerospace Cluster", key="b")),
        (row("Energy Saxony"), row("Silicon Saxony", key="b")),
    ],
)
def test_sound_neighbours_are_left_alone(
    lookalikes: ModuleType, one: dict[str, str], other: dict[str, str]
) -> None:
    """The same words in another country, or another field, are no pair."""
    entries = [lookalikes.organisation(one), lookalikes.organisation(other)]
    assert list(lookalikes.pairs(entries)) == []


@pytest.mark.full
def test_a_new_row_is_compared_with_the_tables(lookalikes: ModuleType, tmp_path: Path) -> None:
    """A row that repeats an organisation in another spelling is reported until decided on."""
    for name in FILES:
        shutil.copy(ROOT / "data" / f"{name}.csv", tmp_path)
    path = tmp_path / "organisations.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    new = dict.fromkeys(rows[0], "")
    new |= row("Klastr Nanoprogress z.s.", key="nanoprogress-z-s") | {"kind": "Association"}
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, new])
    [line] = lookalikes.unreviewed(tmp_path)
    assert "organisation/nanoprogress-z-s" in line
    assert "cluster-organisation/nanoprogress" in line
    with (tmp_path / "identity.csv").open("a", encoding="utf-8") as lines:
        lines.write("organisation/nanoprogress-z-s,cluster-organisation/nanoprogress,undecided,,\n")
    assert lookalikes.unreviewed(tmp_path) == []
