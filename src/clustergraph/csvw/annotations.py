"""Common properties: the annotations that a metadata document adds beside CSVW's own properties.

Their values are a restricted JSON-LD. Source: Metadata Vocabulary, section 5.8 (what is allowed)
and section 6.2; Generating RDF, section 4.5 (how it becomes RDF).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pyoxigraph import BlankNode, Literal, NamedNode

from clustergraph.csvw.names import LANGUAGE_TAG, RDF, expand, is_iri, resolve
from clustergraph.rdf.xsd import XSD

__all__ = ["AnnotationError", "JsonTriple", "annotation_triples", "check_annotation"]

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
