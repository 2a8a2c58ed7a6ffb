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
_NODE_KEYS: Final = frozenset({"@id", "@type"})


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
        return
    if not isinstance(value, dict):
        return
    if "@value" in value:
        _check_value_object(value)
        return
    if "@language" in value:
        raise AnnotationError("@language is allowed only beside @value")
    for key, item in value.items():
        if key == "@id":
            if not isinstance(item, str) or item.startswith("_:"):
                raise AnnotationError("@id must be a URL and no blank node")
            if not is_iri(resolve(item, "http://example.org/")):
                raise AnnotationError(f"@id is {item!r}, which is no URL")
        elif key == "@type":
            _check_type(item)
        elif key.startswith("@"):
            raise AnnotationError(f"{key} is not allowed here")
        else:
            if not is_iri(expand(key) or ""):
                raise AnnotationError(f"{key} is neither a prefixed name nor a URL")
            check_annotation(item)


def _check_value_object(value: Mapping[str, Any]) -> None:
    extra = value.keys() - _VALUE_KEYS
    if extra or ("@type" in value and "@language" in value):
        raise AnnotationError("beside @value stands either @type or @language and nothing else")
    if isinstance(value["@value"], dict | list):
        raise AnnotationError("@value must be a string, number or boolean")
    if "@type" in value:
        _check_type(value["@type"])
    language = value.get("@language")
    if language is not None and not (
        isinstance(language, str) and LANGUAGE_TAG.fullmatch(language)
    ):
        raise AnnotationError(f"@language is {language!r}, which is no language tag")


def _check_type(value: Any) -> None:
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, str) or not is_iri(expand(item) or ""):
            raise AnnotationError(f"@type is {item!r}, which is no term, prefixed name or URL")


def annotation_triples(
    subject: NamedNode | BlankNode,
    annotations: Mapping[str, Any],
    *,
    base: str,
    language: str,
) -> Iterator[JsonTriple]:
    """Yield the triples of common properties.

    Args:
        subject: the table or group that is annotated.
        annotations: IRI of the property → JSON value.
        base: what relative URLs are resolved against.
        language: of strings without a language; ``und`` for none.
    """
    for iri, value in annotations.items():
        yield from _property(subject, NamedNode(iri), value, base, language)


def _property(
    subject: NamedNode | BlankNode, predicate: NamedNode, value: Any, base: str, language: str
) -> Iterator[JsonTriple]:
    if isinstance(value, list):
        for item in value:
            yield from _property(subject, predicate, item, base, language)
    elif isinstance(value, dict) and "@value" not in value:
        node: NamedNode | BlankNode
        node = NamedNode(resolve(value["@id"], base)) if "@id" in value else BlankNode()
        yield subject, predicate, node
        types = value.get("@type", [])
        for name in types if isinstance(types, list) else [types]:
            yield node, _TYPE, NamedNode(expand(name) or name)
        for key, item in value.items():
            if key not in _NODE_KEYS:
                yield from _property(node, NamedNode(expand(key) or key), item, base, language)
    elif value is not None:
        yield subject, predicate, _literal(value, language)


def _literal(value: Any, language: str) -> Literal:
    datatype: str | None = None
    if isinstance(value, dict):
        language = value.get("@language") or "und"
        datatype = value.get("@type")
        value = value["@value"]
    if datatype is not None:
        return Literal(_lexical(value), datatype=NamedNode(expand(datatype) or datatype))
    if isinstance(value, bool):
        return Literal(_lexical(value), datatype=NamedNode(XSD + "boolean"))
    if isinstance(value, int):
        return Literal(str(value), datatype=NamedNode(XSD + "integer"))
    if isinstance(value, float):
        return Literal(str(value), datatype=NamedNode(XSD + "double"))
    return Literal(value) if language == "und" else Literal(value, language=language)


def _lexical(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
