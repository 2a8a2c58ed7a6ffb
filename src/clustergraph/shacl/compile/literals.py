"""Literals in queries: whether one is ill-formed, and in which language it is.

Source: XML Schema Definition Language 1.1, part 2; RFC 4647.
"""

from __future__ import annotations

from typing import Final

import pyoxigraph as ox

from clustergraph.rdf.xsd import INTEGER_RANGES, XSD

__all__ = ["ill_formed", "matches_language"]

_CASTABLE: Final = ("integer", "decimal", "double", "float", "boolean", "date", "dateTime", "time")
_AS_TEXT: Final = ("string", "anyURI", "normalizedString", "token")
_ZONES: Final = "(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))?$"
_YEARS: Final = "^-?([1-9][0-9]{3,}|0[0-9]{3})"


def ill_formed(value: str, datatype: str) -> str | None:
    """Return a SPARQL expression that holds when a literal is ill-formed, None if there is none.

    Args:
        value: a variable that is bound to a literal of the datatype.
        datatype: the IRI of the datatype.
    """
    if not datatype.startswith(XSD):
        return "false"
    name = datatype.removeprefix(XSD)
    if name in _AS_TEXT:
        return "false"
    if name in _CASTABLE:
        return f"!COALESCE(isLiteral(<{datatype}>(STR({value}))), false)"
    if name in INTEGER_RANGES:
        number = f"<{XSD}integer>(STR({value}))"
        low, high = INTEGER_RANGES[name]
        limits = [f"{number} >= {low}"] if low is not None and abs(low) < 2**62 else []
        limits += [f"{number} <= {high}"] if high is not None and abs(high) < 2**62 else []
        if len(limits) < (low is not None) + (high is not None):
            return None
        return f"!COALESCE({' && '.join(limits)}, false)"
    if name in ("gYear", "gYearMonth"):
        month = "-(0[1-9]|1[0-2])" if name == "gYearMonth" else ""
        return f"!REGEX(STR({value}), {ox.Literal(_YEARS + month + _ZONES)})"
    return None


def matches_language(tag: str, wanted: str) -> bool:
    """Return whether a language tag matches a basic range (RFC 4647, section 3.3.1)."""
    if not tag:
        return False
    tag, wanted = tag.lower(), wanted.lower()
    return wanted == "*" or tag == wanted or tag.startswith(wanted + "-")
