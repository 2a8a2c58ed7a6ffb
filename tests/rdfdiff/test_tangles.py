"""Nodes without a name are matched however entangled, or it is said that they cannot be."""

from __future__ import annotations

import importlib
import itertools
import random
from collections import defaultdict
from collections.abc import Hashable, Iterable

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from clustergraph.rdfdiff import compare, render
from clustergraph.rdfdiff.tangles import Tangle, alike

Edges = list[tuple[Hashable, Hashable]]

CUBE: Edges = [(node, node ^ 1 << bit) for node in range(128) for bit in range(7)]
CLIQUE: Edges = list(itertools.permutations(range(25), 2))
SQUARE = list(itertools.product(range(4), repeat=2))
# Two graphs of which each node looks like every other, and whose numbers all agree.
ROOK: Edges = [
    (one, other)
    for one, other in itertools.permutations(SQUARE, 2)
    if one[0] == other[0] or one[1] == other[1]
]
SHRIKHANDE: Edges = [
    (one, other)
    for one, other in itertools.permutations(SQUARE, 2)
    if ((one[0] - other[0]) % 4, (one[1] - other[1]) % 4)
    in {(0, 1), (0, 3), (1, 0), (3, 0), (1, 1), (3, 3)}
]


def circle(*lengths: int) -> Edges:
    """Return circles, one beside the other."""
    return [
        ((circle, node), (circle, (node + 1) % length))
        for circle, length in enumerate(lengths)
        for node in range(length)
    ]


def renamed(edges: Edges) -> Edges:
    """Return the same graph with other names in another order."""
    nodes = sorted({node for edge in edges for node in edge}, key=repr)
    numbers = random.Random(7).sample(range(len(nodes)), len(nodes))  # noqa: S311 - no secret
    names = dict(zip(nodes, numbers, strict=True))
    return sorted((names[one], names[other]) for one, other in edges)


def tangle(edges: Iterable[tuple[Hashable, Hashable]]) -> Tangle:
    found: dict[Hashable, list[tuple[str, Hashable]]] = defaultdict(list)
    for one, other in edges:
        found[one].append(("p", other))
        found[other].append(("^p", one))
    return found


@pytest.mark.parametrize(
    "edges",
    [CUBE, CLIQUE, ROOK, SHRIKHANDE, circle(60, 60), circle(3, 3, 3, 4, 4), circle(1, 1, 2)],
    ids=["cube", "clique", "rook", "shrikhande", "circles", "small circles", "tiny circles"],
)
def test_same_graph_by_other_names_is_alike(edges: Edges) -> None:
    """However alike the nodes are, the graph is recognised."""
    assert alike(tangle(edges), tangle(renamed(edges))) is True


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ROOK, SHRIKHANDE),
        (circle(60, 60), circle(30, 90)),
        (circle(3, 3, 4), circle(3, 4, 4)),
        (CLIQUE, CLIQUE[:-1]),
    ],
    ids=["rook and shrikhande", "circles", "small circles", "edge less"],
)
def test_other_graph_is_not(one: Edges, other: Edges) -> None:
    """Though each node looks like every other, what is connected otherwise is noticed."""
    assert alike(tangle(one), tangle(renamed(other))) is False


def test_what_else_nodes_are_connected_to_counts() -> None:
    """Neighbours with a name tell nodes apart."""
    one: Tangle = {"a": [("p", "b"), ("q", "5")], "b": [("p", "a"), ("q", "6")]}
    other: Tangle = {"x": [("p", "y"), ("q", "6")], "y": [("p", "x"), ("q", "5")]}
    assert alike(one, other) is True
    assert alike(one, {**other, "y": [("p", "x"), ("q", "7")]}) is False


@pytest.mark.parametrize(
    ("told", "words"),
    [(None, "are too entangled to tell"), (False, "refer to each other in another way")],
)
def test_work_is_bounded_and_said_to_be(
    told: bool | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no answer comes in time, the report says so rather than either."""
    assert alike(tangle(CUBE), tangle(renamed(CUBE)), work=5000) is None
    module = importlib.import_module("clustergraph.rdfdiff.graphs")
    monkeypatch.setattr(module, "alike", lambda *_: told)
    knot = [ox.Triple(ox.BlankNode("n"), ox.NamedNode("http://e/p"), ox.BlankNode("n"))]
    for output in ("text", "markdown", "html", "json"):
        assert words in render(compare(knot, knot), output)


NODES = [ox.BlankNode(f"n{number}") for number in range(6)]


@settings(max_examples=300, deadline=None)
@given(some.sets(some.tuples(some.sampled_from(NODES), some.sampled_from(NODES)), max_size=12),
       some.permutations(NODES), some.booleans())  # fmt: skip
def test_random_graphs_agree_with_canonicalization(
    edges: set[tuple[ox.BlankNode, ox.BlankNode]], names: list[ox.BlankNode], reverse: bool
) -> None:
    """Small graphs are alike exactly when their canonical forms are the same (RDFC-1.0)."""
    new = dict(zip(NODES, names, strict=True))
    other = {(new[b], new[a]) if reverse else (new[a], new[b]) for a, b in edges}
    assert alike(tangle(edges), tangle(other)) is (canonical(edges) == canonical(other))


def canonical(edges: Iterable[tuple[ox.BlankNode, ox.BlankNode]]) -> set[ox.Quad]:
    dataset = ox.Dataset(ox.Quad(a, ox.NamedNode("http://e/p"), b) for a, b in edges)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return set(dataset)
