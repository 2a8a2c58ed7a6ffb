"""Adding rows as docs/data.md describes changes no test: the tests run on a copy that has them."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
FACTS: Final = ROOT.parent / "shared" / "facts"
SOURCE: Final = "https://example.org/register-of-clusters"
ORGANISATION: Final = "cluster-organisation/klastr-horkych-pramenu"
ROWS: Final = {
    "cluster_organisations.csv": {
        "id": ORGANISATION, "kind": "ClusterOrganisation", "name_en": "Hot Springs Cluster",
        "name_cs": "Klastr horkých pramenů", "country": "CZ", "city": "Karlovy Vary",
        "founded": "2024", "website": "https://horke-prameny.example/", "source": SOURCE,
    },
    "value_claims.csv": {
        "id": "claim/klastr-horkych-pramenu--founding-year--2024", "subject": ORGANISATION,
        "property": "foundingYear", "value": "2024", "basis": "stated", "source": SOURCE,
    },
    "figures.csv": {
        "id": "figure/klastr-horkych-pramenu--members--2025", "figure_of": ORGANISATION,
        "measure": "members", "year": "2025", "value": "31", "unit": "members", "source": SOURCE,
    },
    "memberships.csv": {
        "id": "membership/sinec--klastr-horkych-pramenu", "member": "cluster-organisation/sinec",
        "organisation": ORGANISATION, "role": "member", "membership_kind": "cluster",
        "stated_year": "2025", "source": SOURCE,
    },
    "label_awards.csv": {
        "id": "label-award/klastr-horkych-pramenu--gold--2025-06-01", "holder": ORGANISATION,
        "label": "label/gold", "awarded": "2025-06-01", "expires": "2028-06-01",
        "awarded_by": "organisation/esca", "source": SOURCE,
    },
    "participations.csv": {
        "id": "participation/klastr-horkych-pramenu--danubiovalnet", "participant": ORGANISATION,
        "undertaking": "project/danubiovalnet", "role": "partner", "source": SOURCE,
    },
    "amounts.csv": {
        "id": "amount/aec--budget", "amount_of": "eurocluster/aec", "kind": "budget",
        "value": "1750000", "currency": "EUR", "price_basis": "not-stated", "source": SOURCE,
    },
}  # fmt: skip
# What knows nothing about the data, or compares the copy with things outside of it.
WITHOUT: Final = (
    "browser", "csvw", "http", "owl", "protocol", "quadstore", "rdf", "rdfdiff", "security",
    "shacl", "sparql", "workers", "test_ci.py", "test_distribution.py", "test_release.py",
    "test_web.py", "test_wheel.py",
)  # fmt: skip


@pytest.mark.full
def test_added_rows_change_no_test(tmp_path: Path) -> None:
    """An organisation with all that usually belongs to it: every test of the data still passes."""
    copy = tmp_path / "clustergraph"
    subprocess.run(["git", "clone", "--quiet", ROOT, copy], check=True)
    if FACTS.is_dir():
        # The tests that compare the tables with the collected facts look for them here.
        (tmp_path / "shared").mkdir()
        (tmp_path / "shared" / "facts").symlink_to(FACTS)
    for name, row in ROWS.items():
        table = copy / "data" / name
        with table.open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        assert row.keys() <= set(header)
        with table.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, header, lineterminator="\n").writerow(row)
    left_out = [f"--ignore=tests/{name}" for name in WITHOUT]
    chosen = ["-m", "not full and not conformance", *left_out]
    # Not those of a run of which this test is a part.
    variables = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-n", "auto", *chosen],
        cwd=copy,
        env={
            **variables,
            "PYTHONPATH": str(copy / "src"),
            "CLUSTERGRAPH_CACHE": str(tmp_path / "cache"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "passed" in done.stdout
