"""What metadata documents take from JSON-LD: names that need no declaration, and annotations.

Source: the CSVW namespace document and its JSON-LD context (http://www.w3.org/ns/csvw), which
takes its prefixes from the RDFa initial context; Metadata Vocabulary, sections 5.8 and 6.2.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from pyoxigraph import BlankNode, Literal, NamedNode

from clustergraph.rdf.xsd import FORMS, INTEGER_RANGES, MOMENTS, XSD

CSVW: Final = "http://www.w3.org/ns/csvw#"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"

PREFIXES: Final[Mapping[str, str]] = tomllib.loads(
    Path(__file__).with_name("prefixes.toml").read_text(encoding="utf-8")
)
"""Prefix → namespace, as the CSVW context defines them."""

BUILT_IN_DATATYPES: Final[dict[str, str]] = {
    **{name: XSD + name for name in (*INTEGER_RANGES, *MOMENTS, *FORMS) if name != "NCName"},
    **{name: XSD + name for name in ("anyAtomicType", "normalizedString", "string", "token")},
    "any": XSD + "anyAtomicType",
    "binary": XSD + "base64Binary",
    "datetime": XSD + "dateTime",
    "html": RDF + "HTML",
    "json": CSVW + "JSON",
    "number": XSD + "double",
    "xml": RDF + "XMLLiteral",
}
"""Name of a built-in datatype → its IRI (Metadata Vocabulary, section 5.11.1)."""

_CLASSES: Final = (
    "Cell", "Column", "Datatype", "Dialect", "Direction", "ForeignKey", "NumericFormat", "Row",
    "Schema", "Table", "TableGroup", "TableReference", "Transformation",
)  # fmt: skip

TERMS: Final[dict[str, str]] = {
    **BUILT_IN_DATATYPES,
    **{name: CSVW + name for name in _CLASSES},
    "Template": CSVW + "Transformation",
}
"""Term → IRI for the classes and datatypes of the context."""

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

LANGUAGE_TAG: Final = re.compile(r"(?:[A-Za-z]{2,8}|[xX](?=-))(?:-[A-Za-z0-9]{1,8})*")
"""A language tag (BCP 47), as far as the lengths of its parts go; to be matched as a whole."""


def is_iri(text: str) -> bool:
    """Say whether ``text`` is an absolute IRI (RFC 3987, as far as characters go)."""
    try:
        return NamedNode(text) is not None
    except ValueError:
        return False


def expand(name: str) -> str | None:
    """Return the IRI behind a term, prefixed name or absolute URL; None if it is none of them."""
    return TERMS.get(name) or _absolute(name)


def resolve(url: str, base: str) -> str:
    """Return ``url`` as an absolute URL: prefixed names expanded, the rest taken from ``base``."""
    if (absolute := _absolute(url)) is not None:
        return absolute
    if url.startswith("#"):  # urljoin drops an empty fragment and the base's query
        return base.partition("#")[0] + url
    return urljoin(base, url)


def _absolute(name: str) -> str | None:
    prefix, colon, local = name.partition(":")
    if colon and prefix in PREFIXES and not local.startswith("//"):
        return PREFIXES[prefix] + local
    return name if _ABSOLUTE.match(name) else None


# Annotations: common properties, in a restricted JSON-LD (Generating RDF, section 4.5) ---------

JsonTriple = tuple[NamedNode | BlankNode, NamedNode, NamedNode | BlankNode | Literal]

_TYPE: Final = NamedNode(RDF + "type")
_VALUE_KEYS: Final = frozenset({"@value", "@type", "@language"})
_DATATYPES: Final = {bool: XSD + "boolean", int: XSD + "integer", float: XSD + "double"}


class AnnotationError(ValueError):
    """A value that JSON-LD may know but CSVW metadata do not allow."""


def check_annotation(value: Any) -> None:
    """Check the value of a common property.

    Raises:
        AnnotationError: it breaks a rule of section 5.8.2.
    """
    if isinstance(value, list):
        for item in value:
            check_annotation(item)
    if not isinstance(value, dict):
        return
    is_value = "@value" in value
    if is_value and (value.keys() - _VALUE_KEYS or {"@type", "@language"} <= value.keys()):
        raise AnnotationError("beside @value stands either @type or @language and nothing else")
    for key, item in value.items():
        if key == "@type":
            for name in item if isinstance(item, list) else [item]:
                if not isinstance(name, str) or not is_iri(expand(name) or ""):
                    raise AnnotationError(f"@type is {name!r}, no term, prefixed name or URL")
        elif key == "@value":
            if isinstance(item, dict | list):
                raise AnnotationError("@value must be a string, number or boolean")
        elif key == "@language" and is_value:
            if not (isinstance(item, str) and LANGUAGE_TAG.fullmatch(item)):
                raise AnnotationError(f"@language is {item!r}, which is no language tag")
        elif key == "@id":
            if not isinstance(item, str) or item.startswith("_:"):
                raise AnnotationError("@id must be a URL and no blank node")
            if not is_iri(resolve(item, "http://example.org/")):
                raise AnnotationError(f"@id is {item!r}, which is no URL")
        elif key.startswith("@"):
            raise AnnotationError(f"{key} is not allowed here")
        elif not is_iri(expand(key) or ""):
            raise AnnotationError(f"{key} is neither a prefixed name nor a URL")
        else:
            check_annotation(item)


def annotation_triples(
    subject: NamedNode | BlankNode, annotations: Mapping[str, Any], base: str, language: str
) -> Iterator[JsonTriple]:
    """Yield the triples of common properties.

    Args:
        subject: the table or group that is annotated.
        annotations: IRI of the property → JSON value.
        base: what relative URLs are resolved against.
        language: of strings without a language; ``und`` for none.
    """
    for key, value in annotations.items():
        predicate = NamedNode(expand(key) or key)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, list):
                yield from annotation_triples(subject, {key: item}, base, language)
            elif isinstance(item, dict) and "@value" not in item:
                node = NamedNode(resolve(item["@id"], base)) if "@id" in item else BlankNode()
                yield subject, predicate, node
                types = item.get("@type", [])
                for name in types if isinstance(types, list) else [types]:
                    yield node, _TYPE, NamedNode(expand(name) or name)
                inner = {name: one for name, one in item.items() if not name.startswith("@")}
                yield from annotation_triples(node, inner, base, language)
            elif item is not None:
                yield subject, predicate, _literal(item, language)


def _literal(value: Any, language: str) -> Literal:
    datatype: str | None = None
    if isinstance(value, dict):
        language = value.get("@language", "und")
        datatype = value.get("@type")
        value = value["@value"]
    datatype = expand(datatype) if datatype else _DATATYPES.get(type(value))
    if datatype is not None:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return Literal(text, datatype=NamedNode(datatype))
    return Literal(value) if language == "und" else Literal(value, language=language)
