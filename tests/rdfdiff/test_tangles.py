"""Blank nodes that refer to each other: matched where that is cheap, else reported as undecided."""

from __future__ import annotations

import itertools
import random
from collections.abc import Hashable

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from clustergraph.rdfdiff import compare, render

Edges = list[tuple[Hashable, Hashable]]
_P = ox.NamedNode("http://example.org/p")


def circle(*lengths: int) -> Edges:
    """Return circles, one beside the other."""
    return [
        ((circle, node), (circle, (node + 1) % length))
        for circle, length in enumerate(lengths)
        for node in range(length)
    ]


def clique(size: int) -> Edges:
    """Return nodes that all refer to each other."""
    return list(itertools.permutations(range(size), 2))


def graph(edges: Edges, seed: int = 0) -> list[ox.Triple]:
    """Return a graph with fresh blank nodes, its triples in random order."""
    names = {node: ox.BlankNode() for edge in edges for node in edge}
    triples = [ox.Triple(names[one], _P, names[other]) for one, other in edges]
    random.Random(seed).shuffle(triples)  # noqa: S311 - no secret
    return triples


def named(node: str, triples: list[ox.Triple]) -> list[ox.Triple]:
    """Let a named thing refer to the subject of the first triple."""
    thing = ox.NamedNode(f"http://example.org/{node}")
    subject = triples[0].subject
    assert isinstance(subject, ox.BlankNode)
    return [*triples, ox.Triple(thing, _P, subject)]


@pytest.mark.parametrize(
    "edges",
    [circle(6), circle(3, 3), circle(1, 1, 2), clique(5), clique(3) + circle(2)],
)
def test_same_graph_with_other_nodes_is_the_same(edges: Edges) -> None:
    """Names of blank nodes and the order of statements make no difference."""
    assert not compare(graph(edges, 1), graph(edges, 2))


@pytest.mark.parametrize(
    ("one", "other"),
    [(circle(3, 3), circle(6)), (circle(2, 4), circle(3, 3)), (circle(2, 3), circle(5))],
)
def test_other_connections_are_noticed(one: Edges, other: Edges) -> None:
    """Though each node looks like every other, what is connected otherwise is noticed."""
    difference = compare(graph(one), graph(other))
    assert difference.added
    assert difference.removed


@pytest.mark.parametrize("edges", [clique(25), circle(1000)], ids=["clique", "long circle"])
def test_what_costs_too_much_is_reported_as_undecided(edges: Edges) -> None:
    """A graph that could take for ever is not canonicalized, and the report says so."""
    said = render(compare(graph(edges, 1), graph(edges, 2)))
    assert "too many look the same" in said


def test_named_neighbours_tell_nodes_apart() -> None:
    """A node that something named refers to is not taken for another one."""
    assert not compare(named("x", graph(circle(6), 1)), named("x", graph(circle(6), 2)))
    assert compare(named("x", graph(circle(6), 1)), named("y", graph(circle(6), 2)))


_NODES = some.integers(0, 4)


@settings(max_examples=60, deadline=None)
@given(some.sets(some.tuples(_NODES, _NODES), min_size=1, max_size=8), some.integers(0, 9))
def test_random_graphs_are_the_same_as_themselves(edges: set[tuple[int, int]], seed: int) -> None:
    """A small graph never differs from itself with other blank nodes."""
    listed: Edges = sorted(edges)
    said = compare(graph(listed, seed), graph(listed, seed + 1))
    assert not said or "too many" in render(said)
