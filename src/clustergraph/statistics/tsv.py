r"""Eurostat's bulk download format: tab-separated values with the dimensions in the first column.

The first line names the dimensions, separated by commas, with the dimension of the columns after a
backslash, then the years::

    nace_r2,indic_sb,geo\time	2015 	2014
    C24,V16110,CZ08	19569 	19578 b

A value is a number, then flags; ``:`` means that there is none (``: c`` withheld, ``: z`` not
applicable). Files of the older and of the newer interface (``freq,…\TIME_PERIOD``) are read.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, cast

from clustergraph.errors import SyntaxFaultError, UnreadableInputError, UsageError
from clustergraph.statistics.tables import SURVEYS, Cell, Regions, Survey, is_group

__all__ = ["MOST_BYTES", "Release", "read_release"]

MOST_BYTES: Final = 1 << 30
"""How many bytes a file may hold, unpacked."""
_LONGEST_LINE: Final = 1 << 20
_YEAR: Final = re.compile(r"[12]\d{3}")
_VALUE: Final = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,6})?)? *(?P<none>:)? *(?P<flags>[a-z]*)")
_GEO: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{0,3}|(?:EU|EA)\d*(?:_\d{4})?")


@dataclass(slots=True)
class Release:
    """What a file holds for one survey.

    Attributes:
        survey: the survey that its dimensions belong to.
        cells: the values taken.
        skipped: why values or rows were not taken → how many.
        unknown: codes of regions that the graph does not know.
    """

    survey: Survey
    cells: list[Cell] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    unknown: set[str] = field(default_factory=set)


def read_release(path: Path, regions: Regions) -> Release:
    """Read a file of Eurostat's bulk download, also compressed by gzip.

    Args:
        path: the file.
        regions: the regions of the graph.

    Raises:
        UnreadableInputError: the file is missing, broken, too large or no text.
        SyntaxFaultError: a line is not in the format; names it.
        UsageError: its dimensions are those of no table that the graph holds.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with path.open("rb") as raw:
            stream = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if packed else raw
            return _read(path, stream, regions)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableInputError(str(path), str(error)) from error


def _read(path: Path, stream: IO[bytes], regions: Regions) -> Release:
    lines = _lines(path, stream)
    head = next(lines, (1, ""))[1]
    first, *columns = head.split("\t")
    names, backslash, _ = first.partition("\\")
    dimensions = [name.strip().lower() for name in names.split(",")]
    years = [column.strip() for column in columns]
    if not backslash or not years:
        raise SyntaxFaultError(
            str(path), "not Eurostat's format: the first line has to name the dimensions, a "
            "backslash and the years, for example 'nace_r2,indic_sb,geo\\time<TAB>2015'", 1,
        )  # fmt: skip
    for year in years:
        if not _YEAR.fullmatch(year):
            raise SyntaxFaultError(str(path), f"{year!r} is no year", 1)
    if len(set(years)) < len(years) or len(set(dimensions)) < len(dimensions):
        raise SyntaxFaultError(str(path), "a year or dimension is named twice", 1)
    release = Release(_survey(path, dimensions))
    seen: set[tuple[str, str, str]] = set()
    for number, line in lines:
        if not line.strip():
            continue
        key, *values = line.split("\t")
        codes = [code.strip() for code in key.split(",")]
        if len(codes) != len(dimensions) or len(values) != len(years):
            raise SyntaxFaultError(
                str(path), f"has {len(codes)} codes and {len(values)} values, expected "
                f"{len(dimensions)} and {len(years)} as in the first line", number,
            )  # fmt: skip
        row = dict(zip(dimensions, codes, strict=True))
        region = _taken(row, release, regions, number, path)
        if region is None:
            continue
        for year, text in zip(years, values, strict=True):
            cell = _cell(row, region, year, text.strip(), release, (path, number))
            if cell is None:
                continue
            if cell.key in seen:
                told = f"a second value of {cell.geo}, {cell.activity}, {cell.year}"
                raise SyntaxFaultError(str(path), told, number)
            seen.add(cell.key)
            release.cells.append(cell)
    return release


def _lines(path: Path, stream: IO[bytes]) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers, within the limits."""
    size = 0
    number = 0
    while line := stream.readline(_LONGEST_LINE + 1):
        number += 1
        size += len(line)
        if len(line) > _LONGEST_LINE or size > MOST_BYTES:
            raise UnreadableInputError(
                str(path), f"line {number} or the file is too long for a table of Eurostat"
            )
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise UnreadableInputError(str(path), f"line {number} is not UTF-8") from error
        yield number, text.rstrip("\r\n")


def _survey(path: Path, dimensions: list[str]) -> Survey:
    for survey in SURVEYS:
        needed = {"nace_r2", "geo", *(name for name, _ in survey.fixed if name != "sex")}
        if needed <= set(dimensions):
            return survey
    known = "; ".join(
        f"{one.code} has {', '.join(name for name, _ in one.fixed)}, nace_r2, geo"
        for one in SURVEYS
    )
    raise UsageError(
        f"{path}: a table with the dimensions {', '.join(dimensions)} is not in the graph ({known})"
    )


def _taken(
    row: dict[str, str], release: Release, regions: Regions, number: int, path: Path
) -> str | None:
    """Return the region of a row that is taken; None: it is left out, and counted."""
    for name, value in release.survey.fixed:
        if row.get(name, value) != value:
            release.skipped[f"other {name} than {value}"] += 1
            return None
    if row.get("freq", "A") != "A":
        release.skipped["not annual"] += 1
        return None
    geo = row["geo"]
    if not _GEO.fullmatch(geo):
        raise SyntaxFaultError(str(path), f"{geo!r} is no code of a region", number)
    if row["nace_r2"] not in release.survey.activities:
        release.skipped["activity that is neither section nor division of the table"] += 1
        return None
    if not is_group(geo) and len(geo) not in (2, 4):
        release.skipped["neither country nor NUTS 2 region"] += 1
        return None
    region = regions.find(geo)
    if region is None:
        release.unknown.add(geo)
        release.skipped["region that the graph does not know"] += 1
    return region


def _cell(
    row: dict[str, str], region: str, year: str, text: str, release: Release,
    place: tuple[Path, int],
) -> Cell | None:  # fmt: skip
    match = _VALUE.fullmatch(text)
    if (
        match is None
        or not (match["number"] or match["none"])
        or (match["number"] and match["none"])
    ):
        raise SyntaxFaultError(str(place[0]), f"{text!r} is no value with flags", place[1])
    if match["none"]:
        release.skipped["withheld (confidential)" if "c" in match["flags"] else "no value"] += 1
        return None
    value = match["number"]
    whole, _, fraction = value.partition(".")
    if len(fraction.rstrip("0")) > release.survey.decimals:
        expected = f"at most {release.survey.decimals} decimals"
        raise SyntaxFaultError(str(place[0]), f"{value} is no value: expected {expected}", place[1])
    if not release.survey.decimals:
        value = str(int(whole))
    flags = " ".join(match["flags"])
    return Cell(row["geo"], region, row["nace_r2"], year, value, flags)
