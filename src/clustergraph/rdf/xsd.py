"""The lexical spaces of the datatypes of XML Schema: which texts are values at all.

Source: XML Schema Definition Language 1.1, part 2, section 3. White space is not collapsed, because
it is no part of the lexical form of an RDF literal (RDF 1.1 Concepts, section 3.3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

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

_NUMBER: Final = r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)"
_CLOCK: Final = r"(?:T(?=[0-9])(?:[0-9]++H)?(?:[0-9]++M)?(?:[0-9]++(?:\.[0-9]++)?S)?)?"
LETTERS: Final = (
    r"A-Za-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    r"\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
"""The letters of names in XML, SPARQL and Turtle, as part of a character class."""
INNER: Final = rf"{LETTERS}_0-9\xb7\u0300-\u036f\u203f\u2040"
"""What may stand in such a name behind its first letter, apart from ``-`` and ``.``."""
# Namespaces in XML 1.0, section 3: what a name may begin and go on with.
_START: Final = rf"{LETTERS}_"
_INNER: Final = rf"{INNER}\-."
_PATH: Final = r"(?:[-A-Za-z0-9._~/?#@!$&'()*+,;=\xa1-\U0010ffff]|%[0-9A-Fa-f]{2})*"
FORMS: Final[Mapping[str, str]] = {
    "decimal": _NUMBER,
    "double": rf"{_NUMBER}(?:[eE][+-]?[0-9]++)?|[+-]?INF|NaN",
    "float": rf"{_NUMBER}(?:[eE][+-]?[0-9]++)?|[+-]?INF|NaN",
    "boolean": r"true|false|0|1",
    "duration": rf"-?P(?=[0-9T])(?:[0-9]++Y)?(?:[0-9]++M)?(?:[0-9]++D)?{_CLOCK}",
    "dayTimeDuration": rf"-?P(?=[0-9T])(?:[0-9]++D)?{_CLOCK}",
    "yearMonthDuration": r"-?P(?=[0-9])(?:[0-9]++Y)?(?:[0-9]++M)?",
    "hexBinary": r"(?:[0-9a-fA-F]{2})*+",
    "base64Binary": r"(?:[A-Za-z0-9+/]{4})*+"
    r"(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?",
    "language": r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*",
    "Name": rf"[:{_START}][:{_INNER}]*",
    "NCName": rf"[{_START}][{_INNER}]*",
    "QName": rf"(?:[{_START}][{_INNER}]*:)?[{_START}][{_INNER}]*",
    "NMTOKEN": rf"[:{_INNER}]+",
    "anyURI": rf"(?:[A-Za-z][A-Za-z0-9+.-]*:(?:{_PATH}:)*)?{_PATH}",
}
"""The lexical forms of datatypes that are neither integers nor moments, by their local names;
that of ``base64Binary`` is without spaces."""

_ZONE: Final = r"(?P<zone>Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_YEAR: Final = r"(?P<year>-?(?:[1-9][0-9]{3,}|0[0-9]{3}))"
_MONTH: Final = r"(?P<month>0[1-9]|1[0-2])"
_DAY: Final = r"(?P<day>0[1-9]|[12][0-9]|3[01])"
_TIME: Final = (
    r"(?:(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9])"
    r"(?:\.(?P<fraction>[0-9]++))?|(?P<midnight>24):00:00(?:\.0++)?)"
)
MOMENTS: Final[Mapping[str, str]] = {
    "date": f"{_YEAR}-{_MONTH}-{_DAY}{_ZONE}?",
    "dateTime": f"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}?",
    "dateTimeStamp": f"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}",
    "time": f"{_TIME}{_ZONE}?",
    "gYear": f"{_YEAR}{_ZONE}?",
    "gYearMonth": f"{_YEAR}-{_MONTH}{_ZONE}?",
    "gMonth": f"--{_MONTH}{_ZONE}?",
    "gMonthDay": f"--{_MONTH}-{_DAY}{_ZONE}?",
    "gDay": f"---{_DAY}{_ZONE}?",
}
"""The lexical forms of dates and times, with groups for their parts; days may be too many."""


@cache
def pattern_of(name: str) -> re.Pattern[str]:
    """Return the lexical form of a datatype in `FORMS` or `MOMENTS`, by its local name."""
    return re.compile(FORMS.get(name) or MOMENTS[name])  # few are needed by one process


_INTEGER: Final = re.compile(r"[+-]?[0-9]++")
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# More digits than any bounded integer type has.
_LONG: Final = 40


# What SPARQL and SHACL call ill-typed; of other datatypes of XML Schema every text is a literal.
_CHECKED: Final = frozenset(FORMS) - {"language", "Name", "NCName", "QName", "NMTOKEN", "anyURI"}


def is_well_formed(text: str, datatype: str) -> bool:
    """Return whether a text is in the lexical space of a datatype; unknown datatypes take all.

    Args:
        text: the lexical form as it stands.
        datatype: the IRI of the datatype.
    """
    name = datatype.removeprefix(XSD) if datatype.startswith(XSD) else ""
    if name in INTEGER_RANGES:
        return _is_integer(text, *INTEGER_RANGES[name])
    if name in _CHECKED:
        packed = text.replace(" ", "") if name == "base64Binary" else text
        return pattern_of(name).fullmatch(packed) is not None
    return name not in MOMENTS or _is_moment(text, name)


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
    match = pattern_of(name).fullmatch(text)
    if match is None:
        return False
    parts = match.groupdict()
    day, month = parts.get("day"), parts.get("month")
    if day is None or month is None:
        return True
    if month == "02" and day == "29" and (year := parts.get("year")) is not None:
        # The calendar repeats itself every 400 years, and 10,000 years are 25 times that.
        number = int(year[-4:])
        return number % 4 == 0 and (number % 100 != 0 or number % 400 == 0)
    return int(day) <= _DAYS[int(month) - 1]
