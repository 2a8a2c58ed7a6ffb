"""Adding a release of Eurostat to the tables, and measuring the clusters anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.errors import UnreadableInputError, UsageError
from clustergraph.statistics.measure import (
    CLUSTER_COLUMNS,
    TOTAL_COLUMNS,
    Thresholds,
    cluster_rows,
    measure,
    total_rows,
)
from clustergraph.statistics.tables import (
    SBS,
    Cell,
    read_cells,
    read_rows,
    write_cells,
    write_rows,
)
from clustergraph.statistics.tsv import Release, read_release
from clustergraph.vocab import CG, PREFIXES

_SLICE_COLUMNS: Final = (
    "id", "kind", "group_of", "slice_of", "key", "period", "label_en", "label_cs",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remeasured:
    """The clusters after measuring.

    Attributes:
        clusters: how many pass.
        new: how many of them are new.
        gone: how many of the table no longer pass.
    """

    clusters: int
    new: int
    gone: int


@dataclass(frozen=True, slots=True)
class Added:
    """What a release brought.

    Attributes:
        release: what the file holds.
        counts: how many values are ``new``, ``changed`` (they replace others), or the ``same``.
        measured: the clusters measured from the result.
    """

    release: Release
    counts: Counter[str]
    measured: Remeasured


def directory() -> Path:
    """Return the directory of the shipped tables of statistics."""
    return artefacts.room("data") / "statistics"


def add(path: Path, tables: Path | None = None) -> Added:
    """Add a file of Eurostat's bulk download to the tables, and measure the clusters anew.

    Args:
        path: the file, ``.tsv`` or ``.tsv.gz``.
        tables: the directory of the tables of statistics; the shipped one by default.

    Raises:
        UnreadableInputError: the file or a table cannot be read or written.
        SyntaxFaultError: the file breaks the format.
        UsageError: it is another table than those that the graph holds, or holds nothing for it.
    """
    tables = tables or directory()
    release = read_release(path, _regions(tables))
    if not release.cells:
        why = "; ".join(f"{reason}: {count}" for reason, count in release.skipped.most_common())
        raise UsageError(f"{path}: holds no value for {release.survey.code} ({why or 'no row'})")
    if unknown := {cell.year for cell in release.cells} - _notations("period"):
        raise UsageError(
            f"{path}: the list of periods lacks {', '.join(sorted(unknown))}; add what is missing "
            "to ontology/codes/period.ttl"
        )
    file = tables / "observations" / release.survey.file
    held = {cell.key: cell for cell in read_cells(file, release.survey)}
    counts = Counter(
        "new" if (old := held.get(cell.key)) is None
        else "same" if (float(old.value), old.flags) == (float(cell.value), cell.flags)
        else "changed"
        for cell in release.cells
    )  # fmt: skip
    held.update({cell.key: cell for cell in release.cells})
    write_cells(file, release.survey, held.values())
    return Added(release, counts, remeasure(tables))


def remeasure(tables: Path | None = None) -> Remeasured:
    """Write the tables that follow from the observations: totals, slices, measured clusters.

    Args:
        tables: the directory of the tables of statistics; the shipped one by default.

    Raises:
        UnreadableInputError: a table cannot be read or written.
    """
    tables = tables or directory()
    cells = read_cells(tables / "observations" / SBS.file, SBS)
    write_rows(tables / "employment_totals.csv", TOTAL_COLUMNS, total_rows(cells))
    write_rows(tables / "slices.csv", _SLICE_COLUMNS, _slices(cells))
    file = tables / "measured_clusters.csv"
    earlier = list(read_rows(file, CLUSTER_COLUMNS)) if file.exists() else []
    names = _names("nuts", "nuts2013", "nace")
    rows = cluster_rows(measure(cells, thresholds()), names, names, earlier)
    write_rows(file, CLUSTER_COLUMNS, rows)
    passes = CLUSTER_COLUMNS.index("passes")
    passing = {row[0] for row in rows if row[passes] == "true"}
    before = {row["id"] for row in earlier if row["passes"] == "true"}
    return Remeasured(len(passing), len(passing - before), len(before - passing))


def thresholds() -> Thresholds:
    """Return the thresholds of the cluster measurement, from the code list of its criteria."""
    values = {
        code: float(value.value)
        for code, value in _values("cluster-criterion", CG + "thresholdValue")
    }
    try:
        return Thresholds(**values)
    except TypeError as error:
        raise UnreadableInputError(
            "ontology/codes/cluster-criterion.ttl", f"a threshold is missing or unknown ({error})"
        ) from error


def _slices(cells: Collection[Cell]) -> list[tuple[str, ...]]:
    data_set = "data-set/employment-sbs"
    rows: list[tuple[str, ...]] = [
        ("observation-group/sbs-latest", "ObservationGroup", data_set, "", "", "latest",
         "Newest values of the business statistics", "Nejnovější hodnoty podnikové statistiky"),
    ]  # fmt: skip
    for year in sorted({cell.year for cell in cells}):
        rows.append(
            (f"observation-group/sbs-{year}", "Slice", "", data_set, "by-period", year,
             f"Business statistics of {year}", f"Podniková statistika za rok {year}")
        )  # fmt: skip
    return rows


def _regions(tables: Path) -> dict[str, str]:
    """Return code of a region in a release → code under which the graph has it."""
    renamed = read_rows(tables / "renamed_regions.csv", ("former_code", "region"))
    known = _notations("nuts", "nuts2013", "observed-area")
    return {code: code for code in known} | {row["former_code"]: row["region"] for row in renamed}


def _notations(*lists: str) -> set[str]:
    notation = PREFIXES["skos"] + "notation"
    return {value.value for name in lists for _, value in _values(name, notation)}


def _names(*lists: str) -> dict[str, tuple[str, str]]:
    """Return the English and the Czech name of each code; the native one where there is none."""
    found: dict[str, dict[str, str]] = {}
    for name in lists:
        for label in (PREFIXES["rdfs"] + "label", PREFIXES["skos"] + "prefLabel"):
            for code, value in _values(name, label):
                found.setdefault(code, {})[value.language or ""] = value.value
    return {
        code: (
            labels.get("en") or labels.get("") or next(iter(labels.values())),
            labels.get("cs") or labels.get("") or next(iter(labels.values())),
        )
        for code, labels in found.items()
    }


def _values(name: str, predicate: str) -> Iterator[tuple[str, ox.Literal]]:
    """Yield the codes of a list, each with its values of a property."""
    path = artefacts.room("ontology") / "codes" / f"{name}.ttl"
    try:
        for quad in ox.parse(path=path):
            if quad.predicate.value == predicate and isinstance(quad.object, ox.Literal):
                yield str(quad.subject).strip("<>").rpartition("/")[2], quad.object
    except (OSError, SyntaxError) as error:
        raise UnreadableInputError(str(path), str(error)) from error
