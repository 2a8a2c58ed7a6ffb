"""Small ontologies and graphs for tests of inference, written down or drawn at random."""

from __future__ import annotations

from typing import Final

import pyoxigraph as ox
from hypothesis import strategies as st

from clustergraph.owl.rules import TYPE
from clustergraph.vocab import INFERRED, PREFIXES

Triple = tuple[ox.NamedNode | ox.BlankNode, ox.NamedNode, ox.NamedNode | ox.BlankNode | ox.Literal]

GRAPH: Final = ox.NamedNode(INFERRED)
ONTOLOGY: Final = ox.NamedNode("http://example.org/ontology")


def name(local: str) -> ox.NamedNode:
    """Return a thing of the example."""
    return ox.NamedNode(f"http://example.org/{local}")


def store_of(*texts: str) -> ox.Store:
    """Return a store that holds TriG, with the usual prefixes and ``:`` for the example."""
    store = ox.Store()
    prefixes = {**PREFIXES, "": "http://example.org/"}
    head = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in prefixes.items())
    for text in texts:
        store.load(head + text, ox.RdfFormat.TRIG)
    return store


def inferred(store: ox.Store) -> set[str]:
    """Return what is inferred in a store, with local names."""
    return {
        " ".join(map(short, quad.triple))
        for quad in store.quads_for_pattern(None, None, None, GRAPH)
    }


def short(term: object) -> str:
    """Return the local name of a term of the example, ``a`` for rdf:type, else its text."""
    if term == TYPE:
        return "a"
    return str(term).removeprefix("<http://example.org/").rstrip(">")


PROPERTIES: Final = [name(f"p{number}") for number in range(3)]
CLASSES: Final = [name(f"C{number}") for number in range(3)]
THINGS: Final = [*(name(f"x{number}") for number in range(3)), ox.BlankNode("b")]
PLACES: Final = [name("g1"), name("g2"), ox.DefaultGraph()]

_properties = st.sampled_from(PROPERTIES)
_classes = st.sampled_from(CLASSES)


def _said(namespace: str, local: str) -> ox.NamedNode:
    return ox.NamedNode(PREFIXES[namespace] + local)


def _chain(head: ox.NamedNode, row: list[ox.NamedNode]) -> list[Triple]:
    nodes = [ox.BlankNode() for _ in row]
    triples: list[Triple] = [(head, _said("owl", "propertyChainAxiom"), nodes[0])]
    for node, member, rest in zip(nodes, row, [*nodes[1:], _said("rdf", "nil")], strict=True):
        triples += [(node, _said("rdf", "first"), member), (node, _said("rdf", "rest"), rest)]
    return triples


axioms: Final = st.one_of(
    st.tuples(_classes, st.just(_said("rdfs", "subClassOf")), _classes).map(lambda t: [t]),
    st.tuples(_classes, st.just(_said("owl", "equivalentClass")), _classes).map(lambda t: [t]),
    st.tuples(
        _properties,
        st.sampled_from(
            [
                _said("rdfs", "subPropertyOf"),
                _said("owl", "equivalentProperty"),
                _said("owl", "inverseOf"),
            ]
        ),
        _properties,
    ).map(lambda t: [t]),
    st.tuples(
        _properties,
        st.sampled_from([_said("rdfs", "domain"), _said("rdfs", "range")]),
        _classes,
    ).map(lambda t: [t]),
    st.tuples(
        _properties,
        st.just(TYPE),
        st.sampled_from([_said("owl", "SymmetricProperty"), _said("owl", "TransitiveProperty")]),
    ).map(lambda t: [t]),
    st.builds(_chain, _properties, st.lists(_properties, min_size=2, max_size=3)),
)
"""Axioms of one kind each, as lists of triples."""

ontologies: Final = st.lists(axioms, min_size=3, max_size=7).map(
    lambda found: [triple for axiom in found for triple in axiom]
)

facts: Final = st.one_of(
    st.tuples(st.sampled_from(THINGS), st.just(TYPE), _classes),
    st.tuples(st.sampled_from(THINGS), _properties, st.sampled_from(THINGS)),
    st.tuples(st.sampled_from(THINGS), _properties, st.just(ox.Literal("1"))),
)

quads: Final = st.builds(lambda fact, place: ox.Quad(*fact, place), facts, st.sampled_from(PLACES))

statements: Final = st.sets(quads, min_size=6, max_size=15)
"""Enough statements about few enough things that most worlds have something to infer."""


def world(ontology: list[Triple], data: set[ox.Quad]) -> ox.Store:
    """Return a store that holds an ontology and data, with nothing inferred yet."""
    store = ox.Store()
    store.extend(ox.Quad(*triple, ONTOLOGY) for triple in ontology)
    store.extend(data)
    return store
