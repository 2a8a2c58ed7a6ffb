"""The datatypes of OWL 2: their values, and the facets that restrict them.

Source: OWL 2 Structural Specification, section 4.
"""

from __future__ import annotations

import calendar
import math
import re
import xml.etree.ElementTree
from collections.abc import Mapping
from typing import Final

import pyoxigraph as ox

from clustergraph.vocab import PREFIXES

__all__ = ["DATATYPES", "FACETS_OF", "NUMERIC", "is_well_formed"]

_XSD: Final = PREFIXES["xsd"]
_BASIC: Final = frozenset(
    {
        *(PREFIXES["rdf"] + name for name in ("PlainLiteral", "XMLLiteral", "langString")),
        PREFIXES["rdfs"] + "Literal",
        *(
            _XSD + name
            for name in (
                "decimal", "integer", "nonNegativeInteger", "string", "normalizedString", "token",
                "Name", "NCName", "NMTOKEN", "hexBinary", "base64Binary", "anyURI", "dateTime",
                "dateTimeStamp",
            )
        ),
    }
)  # fmt: skip
_NUMBERS: Final = frozenset(
    _XSD + name
    for name in (
        "nonPositiveInteger", "positiveInteger", "negativeInteger", "long", "int", "short", "byte",
        "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte", "double", "float",
    )
)  # fmt: skip
_REALS: Final = frozenset(PREFIXES["owl"] + name for name in ("real", "rational"))

DATATYPES: Final = _BASIC | _NUMBERS | _REALS | {_XSD + "boolean", _XSD + "language"}
"""The datatypes that OWL 2 DL knows; dates without a time and years are not among them."""

NUMERIC: Final = (
    _NUMBERS | _REALS | {_XSD + name for name in ("decimal", "integer", "nonNegativeInteger")}
)
"""Datatypes of numbers: their bounds may be given as any of them."""

_BOUNDING: Final = frozenset(
    _XSD + bound + side for bound in ("min", "max") for side in ("Inclusive", "Exclusive")
)
_LENGTHS: Final = frozenset(_XSD + name for name in ("length", "minLength", "maxLength"))
_OF_TEXT: Final = _LENGTHS | {_XSD + "pattern"}
_TEXTS: Final = tuple(
    _XSD + name
    for name in (
        "string", "normalizedString", "token", "language", "Name", "NCName", "NMTOKEN", "anyURI",
    )
)  # fmt: skip

FACETS_OF: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(NUMERIC, _BOUNDING),
    **dict.fromkeys((_XSD + "dateTime", _XSD + "dateTimeStamp"), _BOUNDING),
    **dict.fromkeys(_TEXTS, _OF_TEXT),
    **dict.fromkeys((_XSD + "hexBinary", _XSD + "base64Binary"), _LENGTHS),
    PREFIXES["rdf"] + "PlainLiteral": _OF_TEXT | {PREFIXES["rdf"] + "langRange"},
}
"""Which facets restrict which datatype (sections 4.1 to 4.7); none for those not listed."""

_LETTER: Final = (
    r"A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    r"\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd"
)
_REST: Final = rf"{_LETTER}\-.0-9\xb7\u0300-\u036f\u203f\u2040"
_PATH: Final = r"(?:[-A-Za-z0-9._~/?#@!$&'()*+,;=\xa1-\U0010ffff]|%[0-9A-Fa-f]{2})*"
_FORMS: Final = {
    _XSD + name: re.compile(form)
    for name, form in {
        "decimal": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)",
        "boolean": r"true|false|0|1",
        "double": r"[+-]?(?:INF|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|NaN",
        "float": r"[+-]?(?:INF|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|NaN",
        "language": r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*",
        "Name": rf"[:{_LETTER}][:{_REST}]*",
        "NCName": rf"[{_LETTER}][{_REST}]*",
        "NMTOKEN": rf"[:{_REST}]+",
        "hexBinary": r"(?:[0-9A-Fa-f]{2})*",
        "base64Binary": r"(?:[A-Za-z0-9+/]{4})*"
        r"(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?",
        "anyURI": rf"(?:[A-Za-z][A-Za-z0-9+.-]*:(?:{_PATH}:)*)?{_PATH}",
    }.items()
} | {
    PREFIXES["owl"] + "rational": re.compile(r"[+-]?[0-9]+ */ *[1-9][0-9]*"),
    # No value is written as either.
    PREFIXES["owl"] + "real": re.compile(r"(?!)"),
    PREFIXES["rdfs"] + "Literal": re.compile(r"(?!)"),
}  # fmt: skip
_DATE_TIME: Final = re.compile(
    r"-?([0-9]{4,})-(0[1-9]|1[0-2])-([0-9]{2})"
    r"T(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)"
    r"(Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
)
_BOUNDS: Final = {
    _XSD + name: bounds
    for name, bounds in {
        "integer": (-math.inf, math.inf),
        "nonNegativeInteger": (0, math.inf),
        "positiveInteger": (1, math.inf),
        "nonPositiveInteger": (-math.inf, 0),
        "negativeInteger": (-math.inf, -1),
        "long": (-(2**63), 2**63 - 1),
        "int": (-(2**31), 2**31 - 1),
        "short": (-(2**15), 2**15 - 1),
        "byte": (-(2**7), 2**7 - 1),
        "unsignedLong": (0, 2**64 - 1),
        "unsignedInt": (0, 2**32 - 1),
        "unsignedShort": (0, 2**16 - 1),
        "unsignedByte": (0, 2**8 - 1),
    }.items()
}
_NO_CHARACTER: Final = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,4000}")


def is_well_formed(literal: ox.Literal) -> bool:
    """Say whether a literal is written as its datatype demands; of text, whether XML could hold it.

    Source: XML Schema Definition Language 1.1 Part 2, section 3; XML 1.0, production 2.
    """
    datatype, value = literal.datatype.value, literal.value.strip(" \t\n\r")
    if _NO_CHARACTER.search(value):
        return False
    if bounds := _BOUNDS.get(datatype):
        return bool(_INTEGER.fullmatch(value)) and bounds[0] <= int(value) <= bounds[1]
    if datatype in (_XSD + "dateTime", _XSD + "dateTimeStamp"):
        return _is_date_time(value, with_zone=datatype.endswith("Stamp"))
    if datatype == PREFIXES["rdf"] + "XMLLiteral":
        return _is_xml(value)
    form = _FORMS.get(datatype)
    return form is None or form.fullmatch(value) is not None


def _is_date_time(text: str, with_zone: bool) -> bool:
    found = _DATE_TIME.fullmatch(text)
    if not found or (with_zone and not found[4]):
        return False
    # The calendar repeats itself every 400 years.
    return int(found[3]) in range(
        1, calendar.monthrange(int(found[1][-4:]) % 400 + 400, int(found[2]))[1] + 1
    )


def _is_xml(text: str) -> bool:
    # No entities can be defined within an element, so that none can multiply.
    try:
        xml.etree.ElementTree.fromstring(f"<x>{text}</x>")  # noqa: S314
    except xml.etree.ElementTree.ParseError:
        return False
    return True
