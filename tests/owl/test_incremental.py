"""Change by change, the inferred graph is what it would be if it were made anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clustergraph.owl import Inference, materialise, settle
from clustergraph.owl import incremental as module
from clustergraph.quadstore.delta import Delta

from .worlds import (
    GRAPH,
    ONTOLOGY,
    axioms,
    inferred,
    ontologies,
    quads,
    statements,
    store_of,
    world,
)

steps = st.lists(st.tuples(st.sets(quads, max_size=3), st.integers(0, 7)), min_size=1, max_size=6)


def change(store: ox.Store, added: Iterable[ox.Quad], removed: Iterable[ox.Quad]) -> Delta:
    """Change a store, and return what really changed."""
    delta = Delta(
        frozenset(quad for quad in added if quad not in store),
        frozenset(quad for quad in removed if quad in store),
    )
    delta.apply(store)
    return delta


def anew(store: ox.Store) -> set[str]:
    """Return what is inferred from what a store states."""
    fresh = ox.Store()
    fresh.extend(quad for quad in store if quad.graph_name != GRAPH)
    materialise(fresh)
    return inferred(fresh)


def stated(store: ox.Store) -> list[ox.Quad]:
    """Return the data of a store, in an order that does not change."""
    return sorted((q for q in store if q.graph_name not in (GRAPH, ONTOLOGY)), key=str)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(ontologies, statements, steps)
def test_random_changes_leave_what_follows(
    ontology: list[Any], data: set[ox.Quad], changes: list[tuple[set[ox.Quad], int]]
) -> None:
    """After each of random additions and removals, what is inferred is what follows, once."""
    store = world(ontology, data)
    keep = Inference()
    keep(store, None)
    for added, mask in changes:
        removed = [quad for index, quad in enumerate(stated(store)) if mask >> index % 3 & 1]
        keep(store, change(store, added, set(removed) - added))
        assert inferred(store) == anew(store)
        triples = [quad.triple for quad in store if quad.graph_name == GRAPH]
        told = {quad.triple for quad in store if quad.graph_name != GRAPH}
        assert not told.intersection(triples)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(ontologies, statements, axioms)
def test_changes_of_the_ontology_make_all_anew(
    ontology: list[Any], data: set[ox.Quad], axiom: list[Any]
) -> None:
    """An axiom that comes or goes changes what follows from statements that stay."""
    store = world(ontology, data)
    keep = Inference()
    keep(store, None)
    more = [ox.Quad(*triple, ONTOLOGY) for triple in axiom]
    delta = change(store, more, [])
    keep(store, delta)
    assert inferred(store) == anew(store)
    keep(store, change(store, [], delta.added))
    assert inferred(store) == anew(store)


def test_a_circle_does_not_hold_itself_up() -> None:
    """Statements that only support each other go with the last one that supported them."""
    store = store_of(":p owl:inverseOf :q . :q rdfs:subPropertyOf :r . :r owl:inverseOf :p .")
    settle(store, None)
    extra = store_of(":x :p :y .")
    settle(store, change(store, extra, []))
    assert inferred(store) == {"y q x", "y r x"}
    settle(store, change(store, [], extra))
    assert inferred(store) == set()


def test_a_statement_moves_between_the_graphs() -> None:
    """What is stated leaves the inferred graph, and comes back when only that is taken away."""
    store = store_of(":p a owl:SymmetricProperty . GRAPH :g { :x :p :y }")
    settle(store, None)
    assert inferred(store) == {"y p x"}
    told = store_of("GRAPH :h { :y :p :x }")
    settle(store, change(store, told, []))
    assert inferred(store) == set()
    settle(store, change(store, [], store_of("GRAPH :g { :x :p :y }")))
    assert inferred(store) == {"x p y"}
    settle(store, change(store, store_of("GRAPH :g { :x :p :y }"), told))
    assert inferred(store) == {"y p x"}


def test_other_graphs_that_state_the_same_keep_it() -> None:
    """Removed from one graph, a statement still holds by another one."""
    store = store_of(":A rdfs:subClassOf :B . GRAPH :g { :x a :A } GRAPH :h { :x a :A }")
    settle(store, None)
    settle(store, change(store, [], store_of("GRAPH :g { :x a :A }")))
    assert inferred(store) == {"x a B"}


def test_small_changes_do_not_make_all_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only unknown changes, a changed ontology and a missing graph are worth a new start."""
    calls = []

    def counted(store: ox.Store, *rest: Any) -> int:
        calls.append(store)
        return materialise(store, *rest)

    monkeypatch.setattr(module, "materialise", counted)
    store = store_of(":A rdfs:subClassOf :B .")
    keep = Inference()
    keep(store, Delta())
    assert len(calls) == 1, "the store has no inferred graph"
    keep(store, change(store, store_of(":x a :A ; :any ( 1 2 ) ."), []))
    assert len(calls) == 1
    assert inferred(store) == {"x a B"}
    keep(store, None)
    assert len(calls) == 2
    keep(store, change(store, store_of(":B rdfs:subClassOf :C ."), []))
    assert len(calls) == 3
    assert inferred(store) == {"x a B", "x a C"}


def test_rules_are_remembered_until_told_otherwise() -> None:
    """Who has missed what others wrote forgets the rules, and reads those that hold now."""
    store = store_of(":A rdfs:subClassOf :B .")
    keep = Inference()
    keep(store, None)
    keep(store, Delta())
    settle(store, change(store, store_of(":A rdfs:subClassOf :C ."), []))
    keep.forget()
    keep(store, change(store, store_of(":x a :A ."), []))
    assert inferred(store) == {"x a B", "x a C"}
