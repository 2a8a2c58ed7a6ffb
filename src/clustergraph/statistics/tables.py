"""The tables of observations: reading, updating and writing them.

A cell is what Eurostat publishes of one region, activity and year. Cells that Eurostat withholds
(confidential) or does not have (not available) have no row: missing is never zero.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clustergraph.errors import UnreadableInputError

_HEADER: Final = (
    "id", "geo", "region", "area", "activity", "period", "value", "flags", "newest",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Survey:
    """A table of Eurostat that the graph holds.

    Attributes:
        key: short name; part of every IRI of its observations.
        code: Eurostat's code of the table.
        file: the CSV file of its observations, in ``data/statistics/observations``.
        fixed: the dimensions that are the same in all rows taken, with the value taken.
        activities: the codes of activities taken, as Eurostat writes them.
        decimals: digits after the point.
    """

    key: str
    code: str
    file: str
    fixed: tuple[tuple[str, str], ...]
    activities: frozenset[str]
    decimals: int


_SECTIONS: Final = {
    "B": range(5, 10), "C": range(10, 34), "D": (35,), "E": range(36, 40), "F": range(41, 44),
    "G": range(45, 48), "H": range(49, 54), "I": (55, 56), "J": range(58, 64), "L": (68,),
    "M": range(69, 76), "N": range(77, 83), "S": (95,),
}  # fmt: skip
_DIVISIONS: Final = {
    f"{section}{number:02}": f"{number:02}"
    for section, numbers in _SECTIONS.items()
    for number in numbers
}
ACTIVITIES: Final = {**{section: section for section in _SECTIONS if section != "S"}, **_DIVISIONS}
"""Eurostat's code of an activity of the business statistics → the code of NACE (C24 → 24)."""

SBS: Final = Survey(
    "sbs", "sbs_r_nuts06_r2", "employment_sbs.csv", (("indic_sb", "V16110"),),
    frozenset(ACTIVITIES), 0,
)  # fmt: skip
LFS: Final = Survey(
    "lfs", "lfst_r_lfe2en2", "employment_lfs.csv",
    (("unit", "THS"), ("sex", "T"), ("age", "Y_GE15")),
    frozenset(("A", "B-E", "F", "G-I", "J", "K", "L", "M_N", "O-Q", "R-U", "TOTAL", "NRP")), 1,
)  # fmt: skip
SURVEYS: Final = (SBS, LFS)


@dataclass(frozen=True, slots=True)
class Cell:
    """One published value.

    Attributes:
        geo: the region as Eurostat wrote it, in the NUTS version of the release.
        region: the code under which the graph has it.
        activity: as Eurostat writes it: ``C24``, ``B-E``.
        year: four digits.
        value: the number as published; no sign, no exponent.
        flags: the letters beside it (b: break in series, d: definition differs, u: unreliable).
    """

    geo: str
    region: str
    activity: str
    year: str
    value: str
    flags: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What the value is of: region, activity and year."""
        return self.region, self.activity, self.year


def is_division(activity: str) -> bool:
    """Return whether an activity, as Eurostat writes it, is a division of NACE."""
    return activity in _DIVISIONS


def is_group(code: str) -> bool:
    """Return whether a code is one of a group of countries, such as EU28."""
    return code[:2] in ("EU", "EA")


def is_region(code: str) -> bool:
    """Return whether a code is one of a NUTS 2 region."""
    return len(code) == 4 and not is_group(code)


def activity_key(activity: str) -> str:
    """Return an activity as it stands in IRIs: ``c24``, ``b-e``, ``m-n``."""
    return activity.lower().replace("_", "-")


def read_cells(path: Path, survey: Survey) -> list[Cell]:
    """Read the observations of a survey.

    Raises:
        UnreadableInputError: the file is missing or has other columns.
    """
    back = {nace: code for code, nace in ACTIVITIES.items()} if survey is SBS else {}
    return [
        Cell(
            row["geo"],
            row["region"] or row["area"],
            back.get(row["activity"], row["activity"]),
            row["period"],
            row["value"],
            row["flags"],
        )
        for row in read_rows(path, _HEADER)
    ]


def write_cells(path: Path, survey: Survey, cells: Iterable[Cell]) -> None:
    """Write the observations of a survey, sorted; mark the newest year of each pair."""
    ordered = sorted(cells, key=lambda cell: cell.key)
    newest = {(cell.region, cell.activity): cell.year for cell in ordered}
    rows = []
    for cell in ordered:
        name = f"{cell.region.lower()}-{activity_key(cell.activity)}-{cell.year}"
        is_newest = survey is SBS and newest[cell.region, cell.activity] == cell.year
        activity = ACTIVITIES[cell.activity] if survey is SBS else cell.activity
        region, area = ("", cell.region) if is_group(cell.region) else (cell.region, "")
        rows.append((
            f"observation/{survey.key}-{name}", cell.geo, region, area, activity, cell.year,
            cell.value, cell.flags, f"{survey.key}-latest" if is_newest else "",
        ))  # fmt: skip
    write_rows(path, _HEADER, rows)


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file as dictionaries.

    Raises:
        UnreadableInputError: the file is missing, is no UTF-8 text, or lacks a column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise UnreadableInputError(str(path), f"has no column {missing[0]}")
            yield from reader
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableInputError(str(path), str(error)) from error


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file; a failure leaves what was there before.

    Raises:
        UnreadableInputError: the file cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)
        part.replace(path)
    except OSError as error:
        raise UnreadableInputError(str(path), f"cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)
