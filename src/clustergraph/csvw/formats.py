"""Formats of numbers, dates and times, as tables write them.

Source: Model for Tabular Data, sections 6.4.2 (numbers) and 6.4.4 (dates and times); the patterns
are a subset of those of Unicode Technical Standard 35.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from clustergraph.rdf.xsd import MOMENTS

__all__ = ["FormatError", "Moment", "NumberFormat", "date_parser", "xsd_moment"]


class FormatError(ValueError):
    """A format that is not one of those the recommendation knows."""


# Numbers ------------------------------------------------------------------------------------

_PATTERN: Final = re.compile(
    r"(?P<before>[+\-%‰]*)(?P<whole>[#0,]*)(?:\.(?P<fraction>[#0,]+))?"
    r"(?:E(?P<expsign>\+?)(?P<exponent>[#0]+))?(?P<after>[%‰]?)"
)


class NumberFormat:
    """A way to write numbers: a pattern such as ``#,##0.00``, the decimal and the group character.

    Args:
        pattern: a number pattern, or None for any number.
        decimal_char: what separates the fraction.
        group_char: what may stand between groups of digits; None for nothing, which with a
            pattern means ``,``.

    Raises:
        FormatError: the pattern is not a number pattern.
    """

    def __init__(
        self, pattern: str | None = None, decimal_char: str = ".", group_char: str | None = None
    ) -> None:
        self.pattern = pattern
        self.decimal_char = decimal_char
        self.group_char = group_char or ("," if pattern is not None else None)
        group = re.escape(self.group_char) if self.group_char else ""
        digits = rf"\d(?:\d|{group}(?=\d))*" if group else r"\d+"
        fraction = rf"(?:{digits})?"
        self._number = re.compile(
            rf"(?P<sign>[+-]?)(?P<mark>[%‰]?)(?P<sign2>[+-]?)"
            rf"(?P<whole>(?:{digits})?)(?:{re.escape(decimal_char)}(?P<fraction>{fraction}))?"
            rf"(?:[eE](?P<exponent>[+-]?\d{{1,9}}))?(?P<after>[%‰]?)",
            re.ASCII,
        )
        self._shape: re.Match[str] | None = None
        if pattern is not None:
            self._shape = _PATTERN.fullmatch(pattern)
            if self._shape is None or not re.search("[#0]", pattern):
                raise FormatError(f"{pattern!r} is not a number pattern")

    def parse(self, text: str) -> str | None:
        """Return the number in ``text`` in the lexical form of XSD, or None if there is none.

        The exponent sign becomes ``e``; per cent and per mille are worked out.
        """
        if text in {"NaN", "INF", "-INF"}:
            return text
        match = self._number.fullmatch(text)
        if match is None or not (match["whole"] or match["fraction"]):
            return None
        if match["sign"] and match["sign2"]:
            return None
        if self._shape is not None and not self._fits(match, self._shape):
            return None
        group = self.group_char or ""
        whole = match["whole"].replace(group, "") if group else match["whole"]
        fraction = (match["fraction"] or "").replace(group, "") if group else match["fraction"]
        number = (match["sign"] or match["sign2"]) + (whole or "0")
        if fraction:
            number += f".{fraction}"
        shift = {"": 0, "%": -2, "‰": -3}[match["mark"] or match["after"]]
        if match["exponent"]:
            exponent = match["exponent"] if not shift else str(int(match["exponent"]) + shift)
            return f"{number}e{exponent}"
        return f"{Decimal(number).scaleb(shift):f}" if shift else number

    def _fits(self, number: re.Match[str], shape: re.Match[str]) -> bool:
        """Check a number against the pattern: digits, groups, exponent, sign and marks."""
        before = shape["before"]
        sign = number["sign"] or number["sign2"]
        if ("+" in before and not sign) or ("-" in before and sign != "-"):
            return False
        if number["mark"] != before.strip("+-") or number["after"] != shape["after"]:
            return False
        if (number["exponent"] is None) != (shape["exponent"] is None):
            return False
        if shape["exponent"] is not None:
            digits = number["exponent"].lstrip("+-")
            if not shape["exponent"].count("0") <= len(digits) <= len(shape["exponent"]):
                return False
        mark = self.group_char or ","
        return _whole_fits(number["whole"], shape["whole"], mark) and _fraction_fits(
            number["fraction"], shape["fraction"], mark
        )


def _whole_fits(whole: str, shape: str, mark: str) -> bool:
    digits = whole.replace(mark, "")
    if len(digits) < shape.count("0"):
        return False
    *others, last = (len(group) for group in shape.split(","))
    if not others:
        return whole == digits
    size = others[-1] if len(others) > 1 else last
    return whole == _grouped(digits[::-1], last, size, mark)[::-1]


def _fraction_fits(fraction: str | None, shape: str | None, mark: str) -> bool:
    if shape is None or not fraction:
        return fraction is None and "0" not in (shape or "")
    digits = fraction.replace(mark, "")
    if not shape.count("0") <= len(digits) <= len(shape.replace(",", "")):
        return False
    size = len(shape.partition(",")[0]) if "," in shape else len(digits)
    return fraction == _grouped(digits, size, size, mark)


def _grouped(digits: str, first: int, size: int, mark: str) -> str:
    """Return digits in groups: one of ``first`` digits, then groups of ``size`` digits."""
    first, size = first or len(digits), size or len(digits) or 1
    rest = (digits[at : at + size] for at in range(first, len(digits), size))
    return mark.join([digits[:first], *rest])


# Dates and times ----------------------------------------------------------------------------


class Moment(NamedTuple):
    """A date or time: its XSD lexical form, and a key by which two of a kind compare."""

    lexical: str
    key: tuple[float, ...]


_LONGEST: Final = 60
"""Longest date or time, in characters: its numbers have to be calculated with."""

_DATE_FIELDS: Final = {
    "yyyy-MM-dd", "yyyyMMdd", "dd-MM-yyyy", "d-M-yyyy", "MM-dd-yyyy", "M-d-yyyy", "dd/MM/yyyy",
    "d/M/yyyy", "MM/dd/yyyy", "M/d/yyyy", "dd.MM.yyyy", "d.M.yyyy", "MM.dd.yyyy", "M.d.yyyy",
}  # fmt: skip
_TIME_FIELDS: Final = {"HH:mm:ss", "HHmmss", "HH:mm", "HHmm"}
_FIELD_PATTERNS: Final = {
    "yyyy": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d\d)",
    "M": r"(?P<month>\d\d?)",
    "dd": r"(?P<day>\d\d)",
    "d": r"(?P<day>\d\d?)",
    "HH": r"(?P<hour>\d\d)",
    "mm": r"(?P<minute>\d\d)",
    "ss": r"(?P<second>\d\d)",
}
_ZONE_PATTERNS: Final = {
    "X": r"(?P<zone>Z|[+-]\d\d(?:\d\d)?)",
    "XX": r"(?P<zone>Z|[+-]\d{4})",
    "XXX": r"(?P<zone>Z|[+-]\d\d:\d\d)",
    "x": r"(?P<zone>[+-]\d\d(?:\d\d)?)",
    "xx": r"(?P<zone>[+-]\d{4})",
    "xxx": r"(?P<zone>[+-]\d\d:\d\d)",
}


def xsd_moment(text: str, base: str) -> Moment | None:
    """Read ``text`` as the XSD type ``base`` (``date``, ``gYear`` …); None if it is none."""
    match = MOMENTS[base].fullmatch(text) if len(text) <= _LONGEST else None
    return None if match is None else _moment(match, base)


@lru_cache(maxsize=256)
def date_parser(base: str, pattern: str) -> Callable[[str], Moment | None]:
    """Return a function that reads dates and times written in ``pattern``.

    Args:
        base: ``date``, ``time``, ``dateTime`` or ``dateTimeStamp``.
        pattern: for example ``d.M.yyyy`` or ``yyyy-MM-ddTHH:mm:ss.SSS XXX``.

    Raises:
        FormatError: the pattern is none of those the recommendation lists, or not for this base.
    """
    problem = FormatError(f"{pattern!r} is not a format for {base}")
    rest = pattern
    zone = ""
    if found := re.search(r"( ?)(X{1,3}|x{1,3})$", rest):
        zone = found[1] + _ZONE_PATTERNS[found[2]]
        rest = rest[: found.start()]
    fraction = ""
    if found := re.search(r"\.(S+)$", rest):
        fraction = rf"(?:\.(?P<fraction>\d{{1,{len(found[1])}}}))?"
        rest = rest[: found.start()]
    if base == "date":
        day, between, time = rest, "", ""
    elif base == "time":
        day, between, time = "", "", rest
    else:
        parts = re.fullmatch(r"(.+?)([T ])(.+)", rest)
        if parts is None:
            raise problem
        day, between, time = parts.groups()
    if (day and day not in _DATE_FIELDS) or (time and time not in _TIME_FIELDS):
        raise problem
    if (fraction and not time.endswith("ss")) or (base == "dateTimeStamp" and not zone):
        raise problem
    fields = re.sub(
        r"yyyy|MM?|dd?|HH|mm|ss|\.",
        lambda m: _FIELD_PATTERNS.get(m[0], r"\."),
        day + between + time,
    )
    compiled = re.compile(fields + fraction + zone, re.ASCII)

    def parse(text: str) -> Moment | None:
        match = compiled.fullmatch(text)
        return None if match is None else _moment(match, base)

    return parse


def _moment(match: re.Match[str], base: str) -> Moment | None:
    """Build the lexical form and the key; None for a day or hour that does not exist."""
    fields = match.groupdict()
    year, month, day = (int(fields.get(name) or default) for name, default in _DEFAULTS)
    try:  # the calendar repeats every 400 years; Python's dates end in 9999
        ordinal = date(2000 + year % 400, month, day).toordinal()
    except ValueError:
        return None
    hour, minute, second = (int(fields.get(name) or 0) for name in ("hour", "minute", "second"))
    hour = int(fields.get("midnight") or hour)
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and (minute or second)):
        return None
    digits = fields.get("fraction") or ""
    zone = _zone(fields.get("zone"))
    years = f"{year:05}" if year < 0 else f"{year:04}"
    clock = f"{hour:02}:{minute:02}:{second:02}" + (f".{digits}" if digits else "")
    lexical = _LEXICAL[base].format(year=years, month=month, day=day, time=clock)
    seconds = hour * 3600 + minute * 60 + second + float(f"0.{digits or 0}") - _offset_s(zone)
    return Moment(lexical + zone, (float(year // 400), ordinal * 86400.0 + seconds))


_LEXICAL: Final = {
    "date": "{year}-{month:02}-{day:02}",
    "dateTime": "{year}-{month:02}-{day:02}T{time}",
    "dateTimeStamp": "{year}-{month:02}-{day:02}T{time}",
    "time": "{time}",
    "gYear": "{year}",
    "gYearMonth": "{year}-{month:02}",
    "gMonth": "--{month:02}",
    "gMonthDay": "--{month:02}-{day:02}",
    "gDay": "---{day:02}",
}
_DEFAULTS: Final = (("year", 2000), ("month", 1), ("day", 1))


def _zone(text: str | None) -> str:
    """Write a zone as XSD does: ``Z`` or ``+hh:mm``."""
    if not text or text == "Z":
        return text or ""
    digits = text[1:].replace(":", "")
    return f"{text[0]}{digits[:2]}:{digits[2:] or '00'}"


def _offset_s(zone: str) -> int:
    """Return the offset of a zone from UTC, in seconds."""
    if zone in {"", "Z"}:
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return -seconds if zone[0] == "-" else seconds
