"""What the graph says of a thing: statements, records about it, and blank nodes.

Pages and descriptions for programs read it here, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pyoxigraph as ox

from clustergraph.pages.naming import groups, stated
from clustergraph.quadstore.engine import reading
from clustergraph.vocab import INFERRED, PREFIXES

if TYPE_CHECKING:
    from clustergraph.quadstore.engine import Queryable

__all__ = ["ABOUT", "RECORDS", "Term", "follow", "mentioned", "said_of", "statements"]

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

_CG, _ORG = PREFIXES["cg"], PREFIXES["org"]
RECORDS: Final[Mapping[str, str]] = {
    _CG + "claimSubject": "claim",
    _CG + "figureOf": "figure",
    _CG + "holder": "award",
    _CG + "amountOf": "amount",
    _CG + "changeOf": "change",
    _CG + "resultingOrganisation": "origin",
    _ORG + "member": "member",
    _CG + "participant": "member",
    _ORG + "organization": "body",
    _CG + "participationIn": "body",
}
"""By which property a record says what it is about, and what kind of record that makes it."""

ABOUT: Final = frozenset((*RECORDS, _CG + "serviceOf", PREFIXES["owl"] + "annotatedSource"))
"""By which properties whatever refers to a thing says something about it."""


def statements(engine: Queryable, iri: ox.NamedNode) -> tuple[list[ox.Triple], list[ox.Triple]]:
    """Return what is stated of a thing, and what is only inferred, each once.

    A graph on another server may have statements in its default graph alone.
    """
    text = f"SELECT ?p ?o ?g {{ {{ GRAPH ?g {{ {iri} ?p ?o }} }} UNION {{ {iri} ?p ?o }} }}"
    graphs: dict[ox.Triple, set[str]] = {}
    for predicate, value, graph in _rows(engine, text):
        found = graphs.setdefault(ox.Triple(iri, predicate, value), set())
        if graph is not None:
            found.add(graph.value)
    said = [triple for triple, names in graphs.items() if names != {INFERRED}]
    return said, [triple for triple, names in graphs.items() if names == {INFERRED}]


def said_of(
    engine: Queryable, nodes: Iterable[ox.NamedNode], *, inferred: bool = False
) -> Iterator[ox.Triple]:
    """Yield what is said of several things, such as the records about one.

    Args:
        engine: the graph.
        nodes: the things.
        inferred: whether what follows from other statements counts.
    """
    pattern = stated("?s ?p ?o", inferred)
    for group in groups(nodes):
        text = f"SELECT DISTINCT ?s ?p ?o {{ VALUES ?s {{ {group} }} {pattern} }}"
        for subject, predicate, value in _rows(engine, text):
            yield ox.Triple(subject, predicate, value)


def follow(store: ox.Store, nodes: Iterable[ox.BlankNode]) -> Iterator[ox.Triple]:
    """Yield what is said of blank nodes, and of those that they lead to.

    A graph that is elsewhere has an empty store here: names of its blank nodes mean nothing from
    one query to the next.
    """
    waiting, seen = list(nodes), set(nodes)
    while waiting:
        for quad in store.quads_for_pattern(waiting.pop(), None, None):
            yield quad.triple
            if isinstance(quad.object, ox.BlankNode) and quad.object not in seen:
                seen.add(quad.object)
                waiting.append(quad.object)


def mentioned(triples: Iterable[ox.Triple]) -> dict[ox.NamedNode, None]:
    """Return the things that are subject or value of statements, each once."""
    return {
        term: None
        for triple in triples
        for term in (triple.subject, triple.object)
        if isinstance(term, ox.NamedNode)
    }


def _rows(engine: Queryable, text: str) -> Iterator[tuple[Any, ...]]:
    with reading():
        found = engine.query(text)
        assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
        for solution in found:
            yield tuple(solution)
