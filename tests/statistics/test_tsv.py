"""Releases in Eurostat's bulk download format: what is taken, left out, and refused."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from clustergraph.cli import cli, main
from clustergraph.errors import ClusterGraphError
from clustergraph.statistics import tables, tsv, update

HEAD = "nace_r2,indic_sb,geo\\time\t2016 \t2015 "
REGIONS = {"CZ": "CZ", "CZ08": "CZ08", "FRB0": "FRB0", "FR24": "FRB0", "EU28": "EU28"}


def release(tmp_path: Path, *lines: str, head: str = HEAD) -> tsv.Release:
    """Write a release and read it."""
    path = tmp_path / "release.tsv"
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return tsv.read_release(path, REGIONS)


def test_values_flags_and_renamed_regions_are_taken(tmp_path: Path) -> None:
    """A value keeps its flags; a region that was only renamed gets today's code."""
    found = release(tmp_path, "C24,V16110,CZ08\t19000 b\t0 ", "C24,V16110,FR24\t: c\t12 bd")
    assert [(c.region, c.year, c.value, c.flags) for c in found.cells] == [
        ("CZ08", "2016", "19000", "b"),
        ("CZ08", "2015", "0", ""),
        ("FRB0", "2015", "12", "b d"),
    ]


def test_missing_is_never_zero(tmp_path: Path) -> None:
    """Withheld and missing values have no cell, and are counted."""
    found = release(tmp_path, "C24,V16110,CZ08\t: c\t: ")
    assert not found.cells
    assert found.skipped == {"withheld (confidential)": 1, "no value": 1}


def test_other_rows_are_counted(tmp_path: Path) -> None:
    """Other indicators, groups of NACE, NUTS 1 regions and unknown regions are left out, told."""
    found = release(
        tmp_path, "C24,V11110,CZ08\t1\t1", "C241,V16110,CZ08\t1\t1", "C24,V16110,CZ0\t1\t1",
        "C24,V16110,XX99\t1\t1",
    )  # fmt: skip
    assert not found.cells
    assert len(found.skipped) == 4
    assert found.unknown == {"XX99"}


def test_labour_force_survey_is_recognised(tmp_path: Path) -> None:
    """The dimensions tell the survey; the newer interface names them in another way."""
    head = "freq,unit,sex,age,nace_r2,geo\\TIME_PERIOD\t2016"
    found = release(
        tmp_path, "A,THS,T,Y_GE15,B-E,EU28\t38000.5 u", "A,THS,F,Y_GE15,B-E,CZ08\t1", head=head
    )
    assert found.survey is tables.LFS
    assert [(c.region, c.value, c.flags) for c in found.cells] == [("EU28", "38000.5", "u")]


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("", ""),
        ("geo\t2015", "CZ08\t1"),
        ("nace_r2,geo\\time\t2015", "C24,CZ08\t1"),
        ("nace_r2,indic_sb,geo\\time\tsoon", "C24,V16110,CZ08\t1"),
        ("nace_r2,indic_sb,geo\\time\t2015\t2015", "C24,V16110,CZ08\t1\t1"),
        (HEAD, "C24,V16110,CZ08\t1"),
        (HEAD, "C24,V16110\t1\t1"),
        (HEAD, "C24,V16110,CZ08\t-1\t1"),
        (HEAD, "C24,V16110,CZ08\t1e5\t1"),
        (HEAD, "C24,V16110,CZ08\tmany\t1"),
        (HEAD, "C24,V16110,CZ08\t1.5\t1"),
        (HEAD, "C24,V16110,CZ08\t\t1"),
        (HEAD, "C24,V16110,../..\t1\t1"),
        (HEAD, "C24,V16110,CZ08\t1\t1\nC24,V16110,CZ08\t2\t2"),
        (HEAD, "C24,V16110,FR24\t1\t1\nC24,V16110,FRB0\t2\t2"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, head: str, line: str) -> None:
    """What is not in the format is an error that names the file, and exits with 2."""
    path = tmp_path / "broken.tsv"
    path.write_text(f"{head}\n{line}\n", encoding="utf-8")
    with pytest.raises(ClusterGraphError, match=r"broken\.tsv"):
        tsv.read_release(path, REGIONS)
    with pytest.raises(SystemExit) as stop:
        main(["statistics", "add", str(path), "--tables", str(copied(tmp_path))])
    assert stop.value.code == 2


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08rubbish", b"\xff\xfe\x00", b"", b"\x00" * 9])
def test_files_that_are_no_text_are_refused(tmp_path: Path, content: bytes) -> None:
    """Broken archives, other encodings and empty files end with a plain error."""
    path = tmp_path / "x.tsv.gz"
    path.write_bytes(content)
    with pytest.raises(ClusterGraphError):
        tsv.read_release(path, REGIONS)


def copied(tmp_path: Path) -> Path:
    """Return a copy of the shipped tables."""
    target = tmp_path / "statistics"
    if not target.exists():
        shutil.copytree(update.directory(), target)
    return target


def test_a_newer_year_is_one_command(tmp_path: Path) -> None:
    """The command adds values, replaces changed ones, and measures the clusters anew."""
    target = copied(tmp_path)
    path = tmp_path / "sbs.tsv.gz"
    text = f"{HEAD}\nC24,V16110,CZ08\t400 \t19569 \nC29,V16110,CZ08\t21000 \t20583 b\n"
    path.write_bytes(gzip.compress(text.encode()))
    result = CliRunner().invoke(cli, ["statistics", "add", str(path), "--tables", str(target)])
    assert result.exit_code == 0, result.output
    assert "sbs_r_nuts06_r2: 2 new, 1 changed, 1 unchanged" in result.output
    held = {
        cell.key: cell
        for cell in tables.read_cells(target / "observations" / "employment_sbs.csv", tables.SBS)
    }
    assert held["CZ08", "C29", "2015"].value == "20583"
    assert held["CZ08", "C24", "2016"].value == "400"
    rows = {row["id"]: row for row in tables.read_rows(target / "measured_clusters.csv", ("id",))}
    # Steel no longer passes: its IRI is published, so the row stays and says so.
    assert rows["cluster/cz08-c24"]["passes"] == "false"
    assert rows["cluster/cz08-c29"]["year"] == "2016"


def test_measuring_again_changes_nothing(tmp_path: Path) -> None:
    """The shipped tables are what the shipped observations and thresholds give."""
    target = copied(tmp_path)
    names = ("employment_totals.csv", "slices.csv", "measured_clusters.csv")
    before = {name: (target / name).read_bytes() for name in names}
    update.remeasure(target)
    assert {name: (target / name).read_bytes() for name in names} == before
