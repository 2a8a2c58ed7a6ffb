"""What all reports say alike: places, counts, explanations, the source line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from clustergraph.csvw import Place
from clustergraph.errors import UnreadableInputError
from clustergraph.shacl.paths import show
from clustergraph.shacl.reading import content_of
from clustergraph.shacl.report import Finding, Report, Severity
from clustergraph.vocab import PREFIXES

_SH: Final = PREFIXES["sh"]
_WIDTH: Final = 110
_WORD: Final = re.compile(r'"(?:[^"\\]|\\.)*"?[^\s;,\])}]*|<[^>]*>|[\[(]|[^\s;,\])}]+')


class View(NamedTuple):
    """How a report is wanted.

    Attributes:
        fail_on: from which severity on a finding fails.
        colour: whether text is for a terminal that shows colours.
        base: the directory that file names are told from, where they are below it.
    """

    fail_on: Severity
    colour: bool
    base: Path

    def style(self, text: str, code: str) -> str:
        """Return a text in a style (by its ANSI code), if colours are shown."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


class Excerpt(NamedTuple):
    """A line of a file, where in it something is wrong (from 0), and over how many characters."""

    line: str
    start: int
    width: int


def by_file(report: Report) -> Iterator[tuple[str, list[Finding]]]:
    """Yield the names of files, each with what was found there."""
    ordered = sorted(report.findings, key=lambda finding: str(finding.file or ""))
    for file, found in groupby(ordered, key=lambda finding: finding.file):
        yield str(relative(file, Path.cwd())) if file else "(in no file)", list(found)


def message(finding: Finding) -> str:
    """Return what is wrong in words."""
    return finding.message or "The node does not conform to the shape."


def rule_name(finding: Finding) -> str:
    """Return the shape's name; of one without a name, its path and kind of constraint."""
    if not finding.shape_name.startswith("_:"):
        return finding.shape_name
    kind = finding.component.rpartition("#")[2].removesuffix("ConstraintComponent")
    return f"{finding.path or 'node'} {kind}".strip()


def about(finding: Finding) -> str:
    """Return focus node, path and value on one line."""
    parts = [show(finding.focus)]
    if finding.path is not None:
        parts.append(str(finding.path))
    if finding.value is not None and finding.value != finding.focus:
        parts.append(show(finding.value))
    return "  ".join(parts)


def where(place: Place | None) -> str:
    """Return the place within its file; empty when it is the whole file or unknown."""
    if place is None or place.row is None:
        return ""
    if place.character is not None:
        return f"line {place.row}, column {place.character}"
    cell = f"{place.sheet}, row {place.row}" if place.sheet else f"row {place.row}"
    if place.column is None:
        return cell
    letter = f" {place.letter}" if place.letter else ""
    return f"{cell}, column{letter} ({place.column})"


def explanation(finding: Finding) -> list[str]:
    """Return the nested findings as the lines of a tree: which shape failed on what."""
    name = "shape" if finding.component == f"{_SH}AndConstraintComponent" else "alternative"
    branches: list[_Branch] = []
    for part, found in groupby(finding.detail, key=lambda inner: inner.part):
        told = [_told(finding, inner) for inner in found]
        if not part:
            branches += told
        elif len(told) == 1:
            branches.append((f"{name} {part}: {told[0][0]}", told[0][1]))
        else:
            branches.append((f"{name} {part}:", _tree(told)))
    return _tree(branches)


_Branch = tuple[str, list[str]]


def _told(finding: Finding, inner: Finding) -> _Branch:
    """Return what a nested finding says, and what stands below it."""
    subject = "" if inner.focus in (finding.focus, finding.value) else f"{show(inner.focus)}: "
    value = None if inner.value in (None, inner.focus) else inner.value
    on = " ".join(part for part in (inner.path and str(inner.path), value and show(value)) if part)
    stated = f"{inner.shape_name}: " if not inner.shape_name.startswith("_:") else ""
    below = explanation(inner)
    return f"{stated}{subject}{message(inner)}", [f"({on})", *below] if on else below


def _tree(branches: list[_Branch]) -> list[str]:
    lines = []
    for number, (head, below) in enumerate(branches, 1):
        last = number == len(branches)
        lines.append(f"{'└─' if last else '├─'} {head}")
        lines += [f"{'   ' if last else '│  '}{line}" for line in below]
    return lines


def summary(report: Report) -> str:
    """Return the numbers of findings, triples and files in one line."""
    counts = ", ".join(
        f"{number} {severity.word}{'' if number == 1 else 's'}"
        for severity, number in report.counts().items()
        if number
    )
    files = "1 file" if report.files == 1 else f"{report.files} files"
    return f"{counts or 'no findings'} in {report.triples:,} triples of {files}"


def relative(path: Path, base: Path) -> Path:
    """Return ``path`` from the directory ``base``, where it is below it; else in full."""
    full = path.resolve()
    return full.relative_to(base) if full.is_relative_to(base) else full


def excerpt(place: Place | None) -> Excerpt | None:
    """Return the line of the file that a place is in; None when there is none to show."""
    if place is None or place.row is None or place.sheet is not None:
        return None
    lines = _lines(place.path)
    if place.row > len(lines):
        return None
    line = lines[place.row - 1].replace("\t", " ")
    if place.character is not None:
        start = place.character - 1
        word = _WORD.match(line, start)
        width = max(1, word.end() - start) if word else 1
    else:
        start, width = _cell(line, place)
    if len(line) > _WIDTH:
        cut = max(0, min(start - 30, len(line) - _WIDTH))
        line, start = line[cut : cut + _WIDTH], start - cut
    return Excerpt(line, start, max(1, min(width, len(line) - start)))


def _cell(line: str, place: Place) -> tuple[int, int]:
    """Return where a cell stands in its line, and how wide it is."""
    if place.number is None and place.path.suffix.lower() not in (".csv", ".tsv"):
        return 0, len(line)
    # Of a row, the first cell: its key.
    number = place.number or 1
    delimiter = "\t" if place.path.suffix.lower() == ".tsv" else ","
    cells = next(csv.reader([line], delimiter=delimiter), [])
    start = 0
    for cell in cells[: number - 1]:
        start = line.find(delimiter, line.find(cell, start) + len(cell)) + 1
    width = len(cells[number - 1]) if number <= len(cells) else 1
    return start, width


def forget() -> None:
    """Forget the lines of files: they may be others now."""
    _lines.cache_clear()


@lru_cache(maxsize=64)
def _lines(path: Path) -> list[str]:
    try:
        text = content_of(path).decode("utf-8", errors="replace")
    except UnreadableInputError:
        return []
    return re.split(r"\r\n|\n|\r", text)
