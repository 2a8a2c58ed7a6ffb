"""The order of literals, of numbers and fractions of a second exact at any size.

The store computes with 64-bit integers, decimals of 18 digits and limited fractions of a second,
and does not order booleans. What a constraint compares of these is decided here instead.

Source: SPARQL 1.1 Query, section 17.3.
"""

from __future__ import annotations

import operator
import re
import struct
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import pyoxigraph as ox

from clustergraph.quadstore.memory import ask
from clustergraph.rdf.xsd import INTEGER_RANGES, MOMENTS, is_well_formed
from clustergraph.vocab import PREFIXES

_XSD: Final = PREFIXES["xsd"]
_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LONG: Final = re.compile(r"[0-9]{19}")
_YEAR: Final = re.compile(r"-?[0-9]+")
_WITH_YEAR: Final = ("date", "dateTime", "gYear", "gYearMonth")
_FRACTION: Final = re.compile(r"(\.[0-9]{15})([0-9]+)")
"""The digits of a second that the store keeps for certain, and others."""


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
    if set(kinds) <= {"decimal", "float", "double"}:
        return _numbers(left.value, right.value, kinds, _OPERATORS[sign])
    if kinds == ("boolean", "boolean"):
        return _OPERATORS[sign](left.value in ("true", "1"), right.value in ("true", "1"))
    (one, more), (other, rest) = _cut(left), _cut(right)
    if kinds[0] == kinds[1] and kinds[0] in _WITH_YEAR:
        years = [_YEAR.findall(term.value)[0] for term in (one, other)]
        if max(map(len, years)) > 18:  # more digits than the store has
            return _OPERATORS[sign](*map(int, years))
    if more != rest and ask(f"ASK {{ FILTER({one} = {other}) }}"):
        if left.value.startswith("-P"):
            more, rest = rest, more
        digits = max(len(more), len(rest))
        return _OPERATORS[sign](more.ljust(digits, "0"), rest.ljust(digits, "0"))
    return ask(f"ASK {{ FILTER({one} {sign} {other}) }}")


def _cut(literal: ox.Literal) -> tuple[ox.Literal, str]:
    """Return a time or duration without the digits of a second that are too many, and these."""
    match = _FRACTION.search(literal.value) if _kind(literal) else None
    if match is None:
        return literal, ""
    text = literal.value[: match.start(2)] + literal.value[match.end(2) :]
    return ox.Literal(text, datatype=literal.datatype), match[2]


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
