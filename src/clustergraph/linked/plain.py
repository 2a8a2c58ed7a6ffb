"""A description as plain JSON, for web developers who want no RDF.

The names are those of `/context.jsonld`, which turns it back into RDF for those who do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import pyoxigraph as ox

from clustergraph.linked.contexts import name_of
from clustergraph.linked.jsonld import dumps
from clustergraph.linked.things import Description
from clustergraph.pages.addresses import local
from clustergraph.pages.naming import called
from clustergraph.pages.statements import ABOUT
from clustergraph.vocab import PREFIXES

__all__ = ["write"]

_TYPE: Final = PREFIXES["rdf"] + "type"
_XSD: Final = PREFIXES["xsd"]


def write(found: Description, base: str) -> bytes:
    """Return a description as JSON: the thing, what is said of it, and what refers to it."""
    said = _by_subject((*found.outgoing, *found.records))
    titles = called((*found.names, *found.outgoing), "en")
    thing = _node(found.iri, said, titles)
    if said[found.iri]:
        thing["page"] = base + local(found.iri.value)
    incoming: dict[str, list[Any]] = defaultdict(list)
    for triple in found.incoming:
        subject = triple.subject
        assert not isinstance(subject, ox.Triple)  # noqa: S101 - RDF 1.2 forbids it
        name = name_of(triple.predicate.value)
        if triple.predicate.value in ABOUT and said[subject]:
            record = _node(subject, said, titles)
            record.pop(name, None)
            incoming[name].append(record)
        else:
            incoming[name].append(_reference(subject, titles))
    return dumps({**thing, "incoming": dict(sorted(incoming.items())), "more": found.more})


_Node = ox.NamedNode | ox.BlankNode


def _by_subject(triples: Iterable[ox.Triple]) -> dict[Any, list[ox.Triple]]:
    found: dict[Any, list[ox.Triple]] = defaultdict(list)
    for triple in dict.fromkeys(triples):
        found[triple.subject].append(triple)
    return found


def _reference(node: _Node, titles: dict[str, str]) -> dict[str, Any]:
    reference = {"id": str(node) if isinstance(node, ox.BlankNode) else node.value}
    return {**reference, "label": titles[node.value]} if node.value in titles else reference


def _node(
    node: _Node, said: dict[Any, list[ox.Triple]], titles: dict[str, str], depth: int = 0
) -> dict[str, Any]:
    """Return a node with what is said of it; names in several languages stand by language."""
    values: dict[str, list[Any]] = defaultdict(list)
    texts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for triple in said[node]:
        term, name = triple.object, name_of(triple.predicate.value)
        if isinstance(term, ox.Literal) and term.language:
            texts[name][term.language].append(term.value)
        elif isinstance(term, ox.Literal):
            values[name].append(_value(term))
        elif triple.predicate.value == _TYPE and isinstance(term, ox.NamedNode):
            values["type"].append(name_of(term.value))
        elif isinstance(term, ox.BlankNode) and depth < 4:
            values[name].append(_node(term, said, titles, depth + 1))
        elif isinstance(term, ox.NamedNode | ox.BlankNode):
            values[name].append(_reference(term, titles))
    for name, languages in texts.items():
        by_language = {
            language: several[0] if len(several) == 1 else several
            for language, several in sorted(languages.items())
        }
        if name in values:
            by_language["@none"] = values[name][0] if len(values[name]) == 1 else values[name]
        values[name] = [by_language]
    plain = {
        name: several[0] if len(several) == 1 else several
        for name, several in sorted(values.items())
    }
    return {"id": node.value if isinstance(node, ox.NamedNode) else str(node), **plain}


def _value(term: ox.Literal) -> Any:
    """Return a literal as JSON has it: numbers and truths as such, all else as text."""
    kind = term.datatype.value.removeprefix(_XSD)
    try:
        if kind == "integer":
            return int(term.value)
        if kind in ("decimal", "double", "float"):
            return float(term.value)
    except ValueError:
        return term.value
    return term.value == "true" if kind == "boolean" else term.value
