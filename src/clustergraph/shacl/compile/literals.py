"""Whether a literal is well-formed, and in which language it is.

Source: XML Schema Definition Language 1.1, part 2; RFC 4647.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

import pyoxigraph as ox

from clustergraph.vocab import PREFIXES

__all__ = ["INTEGERS", "ill_formed", "is_well_formed", "matches_language"]

_XSD: Final = PREFIXES["xsd"]
_RANGES: Final[dict[str, tuple[int | None, int | None]]] = {
    "integer": (None, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-(2**7), 2**7 - 1),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 2**8 - 1),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
}
INTEGERS: Final = frozenset(_RANGES)
"""The local names of the datatypes that are derived from xsd:integer, with itself."""
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_FORMS: Final = {
    "decimal": re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"),
    "double": re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF|NaN"),
    "boolean": re.compile(r"true|false|0|1"),
    "duration": re.compile(
        r"-?P(?=[0-9T])([0-9]+Y)?([0-9]+M)?([0-9]+D)?"
        r"(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?"
    ),
    "dayTimeDuration": re.compile(
        r"-?P(?=[0-9T])([0-9]+D)?(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?"
    ),
    "yearMonthDuration": re.compile(r"-?P(?=[0-9])([0-9]+Y)?([0-9]+M)?"),
    "hexBinary": re.compile(r"([0-9a-fA-F]{2})*"),
}
_FORMS["float"] = _FORMS["double"]
_ZONE: Final = r"(?P<zone>Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_YEAR: Final = r"(?P<year>-?(?:[1-9][0-9]{3,}|0[0-9]{3}))"
_MONTH: Final = r"(?P<month>0[1-9]|1[0-2])"
_DAY: Final = r"(?P<day>0[1-9]|[12][0-9]|3[01])"
_TIME: Final = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)"
_MOMENTS: Final = {
    "date": re.compile(f"{_YEAR}-{_MONTH}-{_DAY}{_ZONE}"),
    "dateTime": re.compile(f"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}"),
    "dateTimeStamp": re.compile(f"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}(?<=[Z0-9])"),
    "time": re.compile(_TIME + _ZONE),
    "gYear": re.compile(_YEAR + _ZONE),
    "gYearMonth": re.compile(f"{_YEAR}-{_MONTH}{_ZONE}"),
    "gMonth": re.compile(f"--{_MONTH}{_ZONE}"),
    "gMonthDay": re.compile(f"--{_MONTH}-{_DAY}{_ZONE}"),
    "gDay": re.compile(f"---{_DAY}{_ZONE}"),
}
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_CASTABLE: Final = ("integer", "decimal", "double", "float", "boolean", "date", "dateTime", "time")
_AS_TEXT: Final = ("string", "anyURI", "normalizedString", "token")
_ZONES: Final = "(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))?$"
_YEARS: Final = "^-?([1-9][0-9]{3,}|0[0-9]{3})"


def is_well_formed(text: str, datatype: str) -> bool:
    """Say whether ``text`` is in the lexical space of a datatype; unknown datatypes take all.

    Args:
        text: the lexical form as it stands.
        datatype: the IRI of the datatype.
    """
    name = datatype.removeprefix(_XSD) if datatype.startswith(_XSD) else ""
    if name in _RANGES:
        return _is_integer(text, *_RANGES[name])
    if name in _FORMS:
        return _FORMS[name].fullmatch(text) is not None
    if name in _MOMENTS:
        return _is_moment(text, name)
    if name == "base64Binary":
        try:
            base64.b64decode(text.replace(" ", ""), validate=True)
        except (binascii.Error, ValueError):
            return False
    return True


def ill_formed(value: str, datatype: str) -> str | None:
    """Return a SPARQL expression that holds when a literal is ill-formed, None if there is none.

    Args:
        value: a variable that is bound to a literal of the datatype.
        datatype: the IRI of the datatype.
    """
    if not datatype.startswith(_XSD):
        return "false"
    name = datatype.removeprefix(_XSD)
    if name in _AS_TEXT:
        return "false"
    if name in _CASTABLE:
        return f"!COALESCE(isLiteral(<{datatype}>(STR({value}))), false)"
    if name in _RANGES:
        number = f"<{_XSD}integer>(STR({value}))"
        low, high = _RANGES[name]
        limits = [f"{number} >= {low}"] if low is not None and abs(low) < 2**62 else []
        limits += [f"{number} <= {high}"] if high is not None and abs(high) < 2**62 else []
        if len(limits) < (low is not None) + (high is not None):
            return None
        return f"!COALESCE({' && '.join(limits)}, false)"
    if name in ("gYear", "gYearMonth"):
        month = "-(0[1-9]|1[0-2])" if name == "gYearMonth" else ""
        return f"!REGEX(STR({value}), {ox.Literal(_YEARS + month + _ZONES)})"
    return None


def _is_integer(text: str, low: int | None, high: int | None) -> bool:
    if not _INTEGER.fullmatch(text):
        return False
    if low is None and high is None:
        return True
    if len(text) > 40:
        return (low is None) if text.startswith("-") else (high is None)
    number = int(text)
    return (low is None or number >= low) and (high is None or number <= high)


def _is_moment(text: str, name: str) -> bool:
    match = _MOMENTS[name].fullmatch(text)
    if match is None:
        return False
    parts = match.groupdict()
    if name == "dateTimeStamp" and not parts["zone"]:
        return False
    day, month = parts.get("day"), parts.get("month")
    if day is None or month is None:
        return True
    if month == "02" and day == "29" and (year := parts.get("year")) is not None:
        number = int(year[-4:])
        return number % 4 == 0 and (number % 100 != 0 or int(year) % 400 == 0)
    return int(day) <= _DAYS[int(month) - 1]


def matches_language(tag: str, wanted: str) -> bool:
    """Say whether a language tag matches a basic range (RFC 4647, section 3.3.1)."""
    if not tag:
        return False
    tag, wanted = tag.lower(), wanted.lower()
    return wanted == "*" or tag == wanted or tag.startswith(wanted + "-")
