"""The order of literals, exact at any size.

The store computes with 64-bit integers, decimals of 18 digits and limited fractions of a second,
and does not order booleans. What a constraint compares is decided here instead.

Source: SPARQL 1.1 Query, section 17.3; XML Schema Definition Language 1.1, part 2, sections 3.3 and
appendix E.3 (the seven-property model and the order of durations).
"""

from __future__ import annotations

import operator
import re
import struct
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import pyoxigraph as ox

from clustergraph.quadstore.memory import ask
from clustergraph.rdf.xsd import INTEGER_RANGES, MOMENTS, is_well_formed, pattern_of
from clustergraph.vocab import PREFIXES

__all__ = ["compares", "is_beyond_the_store"]

_XSD: Final = PREFIXES["xsd"]
_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_DURATION: Final = re.compile(
    r"(-)?P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(\.\d+)?S)?)?"
)
_ZONE_SPAN_S: Final = 14 * 3600
"""How far the time zone that a value lacks may move it, in seconds."""
_LONG: Final = re.compile(r"[0-9]{19}")
_REFERENCES: Final = ((1696, 9), (1697, 2), (1903, 3), (1903, 7))
"""The months from which two durations are compared."""


_Moment = tuple[Fraction, bool]
"""Seconds of the calendar, and whether the time zone is known."""
_Duration = tuple[int, Fraction]
"""Months and seconds."""


@lru_cache(maxsize=20_000)
def compares(left: ox.Literal, sign: str, right: ox.Literal) -> bool:
    """Return whether ``left sign right`` holds in SPARQL; what cannot be compared does not.

    Args:
        left: a literal.
        sign: ``<``, ``<=``, ``>`` or ``>=``.
        right: a literal.
    """
    if not all(is_well_formed(term.value, term.datatype.value) for term in (left, right)):
        return False
    kinds = _kind(left), _kind(right)
    if "" in kinds:
        # Strings, and datatypes that have no order.
        return ask(f"ASK {{ FILTER({left} {sign} {right}) }}")
    if set(kinds) <= {"decimal", "float", "double"}:
        return _numbers(left.value, right.value, kinds, _OPERATORS[sign])
    if kinds[0] != kinds[1]:
        return False
    if kinds[0] == "boolean":
        return _OPERATORS[sign](left.value in ("true", "1"), right.value in ("true", "1"))
    if kinds[0] == "duration":
        return _durations(_duration(left.value), _duration(right.value), sign)
    return _moments(_moment(left.value, kinds[0]), _moment(right.value, kinds[1]), sign)


def is_beyond_the_store(literal: ox.Literal) -> bool:
    """Return whether the store may be unable to compute with a literal, though it is well-formed.

    Errs on the side of caution: any run of 19 digits counts.
    """
    return bool(literal.datatype.value.startswith(_XSD) and _LONG.search(literal.value)) and bool(
        _kind(literal)
    )


def _kind(literal: ox.Literal) -> str:
    """Return the name of the type in whose order a literal stands; empty where there is none."""
    datatype = literal.datatype.value
    name = datatype.removeprefix(_XSD) if datatype.startswith(_XSD) else ""
    if name in INTEGER_RANGES:
        return "decimal"
    if name == "dateTimeStamp":
        return "dateTime"
    if name in ("dayTimeDuration", "yearMonthDuration"):
        return "duration"
    return name if name in _ORDERED else ""


_ORDERED: Final = frozenset({"decimal", "float", "double", "boolean", "duration", *MOMENTS})


def _numbers(
    left: str, right: str, kinds: tuple[str, str], holds: Callable[[Any, Any], bool]
) -> bool:
    if "double" in kinds:
        return holds(float(left), float(right))
    if "float" in kinds:
        return holds(_single(left), _single(right))
    return holds(Decimal(left), Decimal(right))


def _single(text: str) -> float:
    number = float(text)
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _moments(left: _Moment, right: _Moment, sign: str) -> bool:
    (one, one_zoned), (other, other_zoned) = left, right
    if one_zoned == other_zoned:
        return _OPERATORS[sign](one, other)
    # Without a zone a value may stand 14 hours earlier or later.
    if sign in ("<", "<="):
        return one + _ZONE_SPAN_S < other
    return one - _ZONE_SPAN_S > other


def _durations(left: _Duration, right: _Duration, sign: str) -> bool:
    def length(duration: _Duration, year: int, month: int) -> Fraction:
        months = year * 12 + month - 1 + duration[0]
        days = _days(months // 12, months % 12 + 1, 1) - _days(year, month, 1)
        return duration[1] + days * 86400

    return all(
        _OPERATORS[sign](length(left, *reference), length(right, *reference))
        for reference in _REFERENCES
    )


def _moment(text: str, kind: str) -> _Moment:
    match = pattern_of(kind).fullmatch(text)
    parts = {name: part for name, part in match.groupdict().items() if part} if match else {}
    # A value that lacks a part is taken to stand in a leap year, on the last day, at midnight.
    days = _days(int(parts.get("year", 1972)), int(parts.get("month", 12)), 1)
    days += int(parts.get("day", 1)) - 1
    hours = days * 24 + int(parts.get("hour") or parts.get("midnight", 0))
    minutes = hours * 60 + int(parts.get("minute", 0))
    zone = parts.get("zone", "Z")
    if zone != "Z":
        offset = int(zone[1:3]) * 60 + int(zone[4:])
        minutes += offset if zone[0] == "-" else -offset
    seconds = minutes * 60 + int(parts.get("second", 0)) + Fraction(f"0.{parts.get('fraction', 0)}")
    return (Fraction(seconds), "zone" in parts)


def _duration(text: str) -> _Duration:
    match = _DURATION.fullmatch(text)
    minus, *numbers, fraction = match.groups() if match else ("",) * 8
    years, months, days, hours, minutes, seconds = (int(number or 0) for number in numbers)
    whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    sign = -1 if minus else 1
    length = whole + Fraction("0" + (fraction or ""))
    return (sign * (years * 12 + months), sign * length)


def _days(year: int, month: int, day: int) -> int:
    """Return the number of a day of the proleptic Gregorian calendar, for years of any size."""
    year -= month <= 2
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + of_year
