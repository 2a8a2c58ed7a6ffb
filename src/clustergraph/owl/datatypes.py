"""The datatypes of OWL 2: their values, and the facets that restrict them.

Source: OWL 2 Structural Specification, section 4.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree
from collections.abc import Mapping
from typing import Final

import pyoxigraph as ox

from clustergraph.rdf import xsd
from clustergraph.vocab import PREFIXES, shorten

__all__ = ["DATATYPES", "FACETS", "facet_fault", "is_well_formed"]

_XSD: Final = PREFIXES["xsd"]
_RDF: Final = PREFIXES["rdf"]
_BOUNDS: Final = ("xsd:minInclusive", "xsd:maxInclusive", "xsd:minExclusive", "xsd:maxExclusive")
_LENGTHS: Final = ("xsd:length", "xsd:minLength", "xsd:maxLength")
_OF_TEXT: Final = (*_LENGTHS, "xsd:pattern")
FACETS: Final = (*_BOUNDS, *_OF_TEXT, "rdf:langRange")
"""The facets of OWL 2, as prefixed names."""

_NUMERIC: Final = frozenset(
    [PREFIXES["owl"] + "real", PREFIXES["owl"] + "rational"]
    + [_XSD + name for name in (*xsd.INTEGER_RANGES, "decimal", "double", "float")]
)
"""Datatypes of numbers: their bounds may be given as any of them."""

_TEXTS: Final = (
    "string", "normalizedString", "token", "language", "Name", "NCName", "NMTOKEN", "anyURI",
)  # fmt: skip
# Which facets restrict which datatype (sections 4.1 to 4.7).
_FACETS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys((*_NUMERIC, _XSD + "dateTime", _XSD + "dateTimeStamp"), _BOUNDS),
    **dict.fromkeys((_XSD + name for name in _TEXTS), _OF_TEXT),
    **dict.fromkeys((_XSD + "hexBinary", _XSD + "base64Binary"), _LENGTHS),
    **dict.fromkeys((_XSD + "boolean", _RDF + "XMLLiteral", _RDF + "langString"), ()),
    PREFIXES["rdfs"] + "Literal": (),
    _RDF + "PlainLiteral": (*_OF_TEXT, "rdf:langRange"),
}
DATATYPES: Final = frozenset(_FACETS_OF)
"""The datatypes that OWL 2 DL knows; dates without a time and years are not among them."""


def facet_fault(base: str, name: str, value: object) -> str | None:
    """Return what is wrong with a restriction of a datatype; None: nothing.

    Args:
        base: the datatype.
        name: the facet, as a prefixed name.
        value: its value.
    """
    if name not in _FACETS_OF.get(base, ()):
        return f"{name} is not a facet{f' of {shorten(base)}' if name in FACETS else ''}"
    if not isinstance(value, ox.Literal):
        return f"{name} with a value that is not a literal"
    own = value.datatype.value
    if name in _LENGTHS:
        fits = own in _NUMERIC and value.value.isdecimal()
    elif name in _BOUNDS:
        fits = own in _NUMERIC if base in _NUMERIC else own == base
    else:
        fits = own == _XSD + "string"
    return None if fits else f"{name} with a value of another datatype"


_RATIONAL: Final = re.compile(r"[+-]?[0-9]+ */ *[1-9][0-9]*")
# No value is written as either.
_WITHOUT_FORM: Final = frozenset((PREFIXES["owl"] + "real", PREFIXES["rdfs"] + "Literal"))
_NO_CHARACTER: Final = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_well_formed(literal: ox.Literal) -> bool:
    """Say whether a literal is written as its datatype demands; of text, whether XML could hold it.

    Source: XML Schema Definition Language 1.1 Part 2, section 3; XML 1.0, production 2.
    """
    datatype, value = literal.datatype.value, literal.value.strip(" \t\n\r")
    if _NO_CHARACTER.search(value) or datatype in _WITHOUT_FORM:
        return False
    if datatype == PREFIXES["owl"] + "rational":
        return _RATIONAL.fullmatch(value) is not None
    if datatype == _RDF + "XMLLiteral":
        return _is_xml(value)
    name = datatype.removeprefix(_XSD)
    if name in xsd.FORMS:
        return xsd.pattern_of(name).fullmatch(value) is not None
    return xsd.is_well_formed(value, datatype)


def _is_xml(text: str) -> bool:
    # No entities can be defined within an element, so that none can multiply.
    try:
        xml.etree.ElementTree.fromstring(f"<x>{text}</x>")  # noqa: S314
    except xml.etree.ElementTree.ParseError:
        return False
    return True
