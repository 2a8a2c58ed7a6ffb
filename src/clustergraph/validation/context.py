"""What a file may refer to without describing it: the ontology, the code lists, the shipped data.

A file that is validated on its own names countries, regions, roles or organisations that stand
elsewhere. The context supplies what the graph says of them, so that ``sh:class`` and the like can
be validated; it is not validated itself. Only what the file refers to is supplied, not the tens of
thousands of triples of the code lists: shapes look at a code's class, name and neighbours, never
at the whole list. The class hierarchy is always there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Final

import pyoxigraph as ox

from clustergraph import artefacts, dataset
from clustergraph.shacl.reading import read_rdf
from clustergraph.shacl.run import Options
from clustergraph.vocab import BASE, PREFIXES

__all__ = ["around", "in_context"]

_REACH: Final = 2
"""How many steps the context follows from what a file names, such as code → broader code."""

_HIERARCHY: Final = frozenset(
    PREFIXES["rdfs"] + name for name in ("subClassOf", "subPropertyOf", "domain", "range")
)
_TYPE: Final = PREFIXES["rdf"] + "type"
_TERMS: Final = frozenset(
    {PREFIXES["owl"] + "Class", PREFIXES["rdfs"] + "Class"}
    | {PREFIXES["owl"] + f"{kind}Property" for kind in ("Object", "Datatype", "Annotation")}
)

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Index = dict[Term, list[ox.Triple]]


def in_context(options: Options) -> Options:
    """Return options by which files are validated beside what the shipped graph knows.

    Shapes of one's own leave it out: the files then stand alone.
    """
    return options if options.shapes else replace(options, surroundings=around)


def around(triples: Collection[ox.Triple]) -> set[ox.Triple]:
    """Return what is known of the things that ``triples`` name, apart from the triples themselves.

    The shipped tables are converted only when something is named that neither the triples nor the
    ontology and its code lists describe.

    Raises:
        TablesError: the shipped tables were needed and are broken.
        UnreadableInputError: a file of the installation is missing or broken.
    """
    known, hierarchy = _ontology()
    described: set[Term] = {triple.subject for triple in triples}
    named: set[Term] = described | {triple.object for triple in triples}
    context = set(hierarchy)
    context.update(_reach(named, known))
    unknown = {
        term
        for term in named - described
        if isinstance(term, ox.NamedNode) and term.value.startswith(BASE) and term not in known
    }
    if unknown:
        shipped = _shipped()
        context.update(_reach(unknown, shipped, steps=1))
    return context.difference(triples)


def _reach(terms: Iterable[Term], index: Index, steps: int = _REACH) -> Iterator[ox.Triple]:
    """Yield the triples of ``terms`` and of what they lead to within some steps."""
    seen: set[Term] = set()
    frontier = set(terms)
    for _ in range(steps):
        seen |= frontier
        following: set[Term] = set()
        for term in frontier:
            for triple in index.get(term, ()):
                yield triple
                following.add(triple.object)
        frontier = following - seen


@cache
def _ontology() -> tuple[Index, frozenset[ox.Triple]]:
    """Return the ontology and code lists by subject, and the class hierarchy."""
    triples = [triple for path in artefacts.files("ontology", "*.ttl") for triple in read_rdf(path)]
    return _index(triples), frozenset(triple for triple in triples if _is_hierarchy(triple))


@cache
def _shipped() -> Index:
    return _index(quad.triple for quad in dataset.assemble().quads)


def _index(triples: Iterable[ox.Triple]) -> Index:
    index: Index = {}
    for triple in triples:
        index.setdefault(triple.subject, []).append(triple)
    return index


def _is_hierarchy(triple: ox.Triple) -> bool:
    predicate = triple.predicate.value
    if predicate == _TYPE and isinstance(triple.object, ox.NamedNode):
        return triple.object.value in _TERMS
    return predicate in _HIERARCHY and isinstance(triple.object, ox.NamedNode)
