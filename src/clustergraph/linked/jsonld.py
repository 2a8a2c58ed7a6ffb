"""JSON-LD with short names: what pyoxigraph writes spells out every IRI.

The result needs no other document to be read: it holds the part of the context that it uses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

import pyoxigraph as ox

from clustergraph.vocab import PREFIXES

__all__ = ["Names", "dumps", "literal", "write"]

_RDF: Final = PREFIXES["rdf"]
_XSD: Final = PREFIXES["xsd"]
# A name of which a parser splits the right prefix off; "//" after a colon would make it an IRI.
_LOCAL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_./-]*[A-Za-z0-9_-])?")
_LONGEST_FIRST: Final = sorted(PREFIXES.items(), key=lambda item: -len(item[1]))


class Names:
    """Shortens IRIs and remembers with which prefixes."""

    def __init__(self) -> None:
        self.used: dict[str, str] = {}
        self._known: dict[str, str] = {}

    def short(self, iri: str) -> str:
        """Return an IRI as a prefixed name, where one fits."""
        name = self._known.get(iri)
        if name is None:
            name = self._known[iri] = self._shorten(iri)
        return name

    def _shorten(self, iri: str) -> str:
        for prefix, namespace in _LONGEST_FIRST:
            if iri.startswith(namespace) and _LOCAL.fullmatch(iri, len(namespace)):
                self.used[prefix] = namespace
                return f"{prefix}:{iri[len(namespace) :]}"
        return iri

    def node(self, term: ox.NamedNode | ox.BlankNode) -> str:
        """Return how a node is referred to."""
        return f"_:{term.value}" if isinstance(term, ox.BlankNode) else self.short(term.value)


def write(triples: Iterable[ox.Triple]) -> bytes:
    """Return triples as one JSON-LD document (JSON-LD 1.1, section 9)."""
    names = Names()
    nodes: dict[str, dict[str, Any]] = {}
    for triple in triples:
        subject, obj = triple.subject, triple.object
        assert not isinstance(subject, ox.Triple)  # noqa: S101 - RDF 1.2 forbids it
        name = names.node(subject)
        node = nodes.setdefault(name, {"@id": name})
        if triple.predicate.value == _RDF + "type" and isinstance(obj, ox.NamedNode | ox.BlankNode):
            node.setdefault("@type", []).append(names.node(obj))
            continue
        values = node.setdefault(names.short(triple.predicate.value), [])
        if isinstance(obj, ox.Literal):
            values.append(literal(obj, names))
        elif isinstance(obj, ox.NamedNode | ox.BlankNode):
            values.append({"@id": names.node(obj)})
    context = dict(sorted(names.used.items()))
    return dumps({"@context": context, "@graph": list(nodes.values())})


def literal(term: ox.Literal, names: Names) -> Any:
    """Return a literal as a value object, or as a text where that says all."""
    if term.language:
        value = {"@value": term.value, "@language": term.language}
        if term.direction is not None:
            value["@direction"] = str(term.direction.value)
        return value
    if term.datatype.value == _XSD + "string":
        return term.value
    return {"@value": term.value, "@type": names.short(term.datatype.value)}


def dumps(document: Any) -> bytes:
    """Return JSON for people and programs alike."""
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"
