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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, cast

from clustergraph.errors import SyntaxFaultError, UnreadableInputError, UsageError
from clustergraph.statistics.tables import SURVEYS, Cell, Survey, is_group

MOST_BYTES: Final = 1 << 30
"""How many bytes a file may hold, unpacked."""
_LONGEST_LINE: Final = 1 << 20
_UNKNOWN_REGION: Final = "region that the graph does not know"
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


def read_release(path: Path, regions: Mapping[str, str]) -> Release:
    """Read a file of Eurostat's bulk download, also compressed by gzip.

    Args:
        path: the file.
        regions: code in the release → code under which the graph has the region.

    Raises:
        UnreadableInputError: the file is missing, broken, too large or no text.
        SyntaxFaultError: a line is not in the format; names it.
        UsageError: its dimensions are those of no table that the graph holds.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            return _read(path, cast(IO[bytes], stream), regions)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableInputError(str(path), str(error)) from error


def _read(path: Path, stream: IO[bytes], regions: Mapping[str, str]) -> Release:
    lines = _lines(path, stream)
    head = next(lines, (1, ""))[1]
    first, *columns = head.split("\t")
    names, backslash, _ = first.partition("\\")
    dimensions = [name.strip().lower() for name in names.split(",")]
    years = [column.strip() for column in columns]
    if not backslash or not years or not all(map(_YEAR.fullmatch, years)):
        raise SyntaxFaultError(
            str(path), "not Eurostat's format: the first line has to name the dimensions, a "
            "backslash and the years, for example 'nace_r2,indic_sb,geo\\time<TAB>2015'", 1,
        )  # fmt: skip
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
        geo, activity = row["geo"], row["nace_r2"]
        if not _GEO.fullmatch(geo):
            raise SyntaxFaultError(str(path), f"{geo!r} is no code of a region", number)
        if (reason := _left_out(row, release.survey, regions)) is not None:
            release.skipped[reason] += 1
            if reason == _UNKNOWN_REGION:
                release.unknown.add(geo)
            continue
        for year, text in zip(years, values, strict=True):
            try:
                value, flags = _value(text.strip(), release.survey.decimals)
            except ValueError as error:
                raise SyntaxFaultError(str(path), str(error), number) from error
            if value is None:
                reason = "withheld (confidential)" if "c" in flags else "no value"
                release.skipped[reason] += 1
                continue
            cell = Cell(geo, regions[geo], activity, year, value, " ".join(flags))
            if cell.key in seen:
                told = f"a second value of {geo}, {activity}, {year}"
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


def _left_out(row: Mapping[str, str], survey: Survey, regions: Mapping[str, str]) -> str | None:
    """Return why a row is not taken; None: it is."""
    for name, value in (*survey.fixed, ("freq", "A")):
        if row.get(name, value) != value:
            return f"other {name} than {value}"
    if row["nace_r2"] not in survey.activities:
        return "activity that is neither section nor division of the table"
    if not is_group(row["geo"]) and len(row["geo"]) not in (2, 4):
        return "neither country nor NUTS 2 region"
    return None if row["geo"] in regions else _UNKNOWN_REGION


def _value(text: str, decimals: int) -> tuple[str | None, str]:
    """Return a value, None for a missing one, and its flags.

    Raises:
        ValueError: the text is no value.
    """
    match = _VALUE.fullmatch(text)
    if match is None or (match["number"] is None) == (match["none"] is None):
        raise ValueError(f"{text!r} is no value with flags")
    value = match["number"]
    if value is not None:
        whole, _, fraction = value.partition(".")
        if len(fraction.rstrip("0")) > decimals:
            raise ValueError(f"{value} is no value: expected at most {decimals} decimals")
        value = value if decimals else str(int(whole))
    return value, match["flags"]
