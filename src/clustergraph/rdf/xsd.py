"""The lexical spaces of the datatypes of XML Schema: which texts are values at all.

Source: XML Schema Definition Language 1.1, part 2, section 3. White space is not collapsed, because
it is no part of the lexical form of an RDF literal (RDF 1.1 Concepts, section 3.3).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

__all__ = ["INTEGER_RANGES", "XSD", "is_well_formed"]

XSD: Final = "http://www.w3.org/2001/XMLSchema#"

INTEGER_RANGES: Final[Mapping[str, tuple[int | None, int | None]]] = {
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
"""The integer types by their local names, with their least and greatest values."""

_INTEGER: Final = re.compile(r"[+-]?[0-9]++")
_FORMS: Final = {
    "decimal": re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)"),
    "double": re.compile(
        r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|[+-]?INF|NaN"
    ),
    "boolean": re.compile(r"true|false|0|1"),
    "duration": re.compile(
        r"-?P(?=[0-9T])(?:[0-9]++Y)?(?:[0-9]++M)?(?:[0-9]++D)?"
        r"(?:T(?=[0-9])(?:[0-9]++H)?(?:[0-9]++M)?(?:[0-9]++(?:\.[0-9]++)?S)?)?"
    ),
    "dayTimeDuration": re.compile(
        r"-?P(?=[0-9T])(?:[0-9]++D)?"
        r"(?:T(?=[0-9])(?:[0-9]++H)?(?:[0-9]++M)?(?:[0-9]++(?:\.[0-9]++)?S)?)?"
    ),
    "yearMonthDuration": re.compile(r"-?P(?=[0-9])(?:[0-9]++Y)?(?:[0-9]++M)?"),
    "hexBinary": re.compile(r"(?:[0-9a-fA-F]{2})*+"),
}
_FORMS["float"] = _FORMS["double"]
_ZONE: Final = r"(?P<zone>Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_YEAR: Final = r"(?P<year>-?(?:[1-9][0-9]{3,}|0[0-9]{3}))"
_MONTH: Final = r"(?P<month>0[1-9]|1[0-2])"
_DAY: Final = r"(?P<day>0[1-9]|[12][0-9]|3[01])"
_TIME: Final = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]++)?|24:00:00(?:\.0++)?)"
_MOMENTS: Final = {
    "date": re.compile(f"{_YEAR}-{_MONTH}-{_DAY}{_ZONE}"),
    "dateTime": re.compile(f"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}"),
    "dateTimeStamp": re.compile(f"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}"),
    "time": re.compile(_TIME + _ZONE),
    "gYear": re.compile(_YEAR + _ZONE),
    "gYearMonth": re.compile(f"{_YEAR}-{_MONTH}{_ZONE}"),
    "gMonth": re.compile(f"--{_MONTH}{_ZONE}"),
    "gMonthDay": re.compile(f"--{_MONTH}-{_DAY}{_ZONE}"),
    "gDay": re.compile(f"---{_DAY}{_ZONE}"),
}
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# More digits than any bounded integer type has.
_LONG: Final = 40


def is_well_formed(text: str, datatype: str) -> bool:
    """Return whether a text is in the lexical space of a datatype; unknown datatypes take all.

    Args:
        text: the lexical form as it stands.
        datatype: the IRI of the datatype.
    """
    name = datatype.removeprefix(XSD) if datatype.startswith(XSD) else ""
    if name in INTEGER_RANGES:
        return _is_integer(text, *INTEGER_RANGES[name])
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


def _is_integer(text: str, low: int | None, high: int | None) -> bool:
    if not _INTEGER.fullmatch(text):
        return False
    if low is None and high is None:
        return True
    digits = text.lstrip("+-").lstrip("0") or "0"
    if len(digits) > _LONG:
        return (low is None) if text.startswith("-") else (high is None)
    number = -int(digits) if text.startswith("-") else int(digits)
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
        # The calendar repeats itself every 400 years, and 10,000 years are 25 times that.
        number = int(year[-4:])
        return number % 4 == 0 and (number % 100 != 0 or number % 400 == 0)
    return int(day) <= _DAYS[int(month) - 1]
