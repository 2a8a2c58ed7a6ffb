"""The datatypes of OWL 2, and which of them each of its profiles takes.

Source: OWL 2 Structural Specification, section 4; OWL 2 Profiles, sections 2.2.1, 3.2.1, 4.2.1.
"""

from __future__ import annotations

import re
from typing import Final

import pyoxigraph as ox

from clustergraph.vocab import PREFIXES

__all__ = ["DATATYPES", "EL_AND_QL", "RL", "is_well_formed"]

_XSD: Final = PREFIXES["xsd"]
_SHARED: Final = frozenset(
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

EL_AND_QL: Final = _SHARED | _REALS
"""The datatypes of the profiles EL and QL, which are the same."""
RL: Final = _SHARED | _NUMBERS | {_XSD + "boolean", _XSD + "language"}
"""The datatypes of the profile RL."""
DATATYPES: Final = RL | _REALS
"""The datatypes that OWL 2 DL knows; dates without a time and years are not among them."""

_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_FORMS: Final = {
    _XSD + "decimal": re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"),
    _XSD + "boolean": re.compile(r"true|false|0|1"),
    _XSD + "double": re.compile(
        r"[+-]?(?:INF|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|NaN"
    ),
    _XSD + "dateTime": re.compile(
        r"-?[0-9]{4,}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
        r"T(?:[01][0-9]|2[0-4]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:Z|[+-][01][0-9]:[0-5][0-9])?"
    ),
}
_FORMS[_XSD + "float"] = _FORMS[_XSD + "double"]
for _name in (*(_SHARED | _NUMBERS),):
    if _name.lower().endswith(("integer", "long", "int", "short", "byte")):
        _FORMS[_name] = _INTEGER


def is_well_formed(literal: ox.Literal) -> bool:
    """Say whether a literal is written as its datatype demands; text always is."""
    form = _FORMS.get(literal.datatype.value)
    return form is None or form.fullmatch(literal.value.strip()) is not None
