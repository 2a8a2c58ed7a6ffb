"""What a change does to a store: the quads that it adds and removes, each of them exactly.

::

    STORE/changes    a line of JSON for each commit: its number, when the generation that it
                     changed was published, and the triples that it added or removed

The file is a convenience: where a line is missing, for instance after a crash or a roll-back, what
has changed is unknown, and whatever depends on it is made anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

import pyoxigraph as ox

from clustergraph.quadstore.memory import hold, stored

MOST_QUADS: Final = 100_000
"""Larger changes are made by the engine at once, and not told: to find what they did, quad by quad,
would take longer than to look at the whole graph."""

_FILE: Final = "changes"
_MOST_TRIPLES: Final = 2000
_MOST_BYTES: Final = 4 << 20

T_co = TypeVar("T_co", covariant=True)
GraphName: TypeAlias = ox.NamedNode | ox.BlankNode
Graph: TypeAlias = GraphName | ox.DefaultGraph


@dataclass(frozen=True, slots=True)
class Delta:
    """The difference between two states of a store.

    Attributes:
        added: quads that are there after, and were not before; as the store holds them.
        removed: quads that were there before, and are not after.
        created: named graphs that are there after, and were not before, be they empty.
        dropped: named graphs that were there before, and are not after.
    """

    added: Set[ox.Quad] = field(default_factory=frozenset)
    removed: Set[ox.Quad] = field(default_factory=frozenset)
    created: Set[GraphName] = field(default_factory=frozenset)
    dropped: Set[GraphName] = field(default_factory=frozenset)

    def then(self, later: Delta) -> Delta:
        """Return what this change and a later one do together."""
        return Delta(
            (self.added - later.removed) | (later.added - self.removed),
            (self.removed - later.added) | (later.removed - self.added),
            (self.created - later.dropped) | (later.created - self.dropped),
            (self.dropped - later.created) | (later.dropped - self.created),
        )

    def apply(self, store: ox.Store) -> None:
        """Do this change to a store in the state before it."""
        for quad in self.removed:
            store.remove(quad)
        for graph in self.dropped:
            store.remove_graph(graph)
        for graph in self.created:
            store.add_graph(graph)
        store.extend(self.added)


@dataclass(frozen=True, slots=True)
class Changed(Generic[T_co]):
    """What a change to a store gives.

    Attributes:
        result: for whoever asked for it.
        delta: what it did to the store; None: not known, so that anything may have changed.
    """

    result: T_co
    delta: Delta | None


def named(store: ox.Store) -> set[GraphName]:
    """Return the names of all named graphs, empty ones too."""
    return set(store.named_graphs())


def exchange(store: ox.Store, old: Iterable[ox.Quad], new: Iterable[ox.Quad]) -> Delta:
    """Remove quads from a store, then add others.

    Returns:
        What has changed by it.
    """
    inserted = set(map(_as_stored, new))
    removed = {quad for quad in map(_as_stored, old) if quad not in inserted and quad in store}
    added = {quad for quad in inserted if quad not in store}
    graphs = {quad.graph_name for quad in added if not isinstance(quad.graph_name, ox.DefaultGraph)}
    created = {graph for graph in graphs if not store.contains_named_graph(graph)}
    delta = Delta(added, removed, created)
    delta.apply(store)
    return delta


def contents(store: ox.Store, graph: Graph, most: int) -> set[ox.Quad] | None:
    """Return the quads of one graph; None if they are more than ``most``."""
    found = set(islice(store.quads_for_pattern(None, None, None, graph), most + 1))
    return None if len(found) > most else found


class Document(Protocol):
    """Statements that are to be loaded."""

    def load(self, store: ox.Store, graph: ox.NamedNode | ox.DefaultGraph | None, /) -> None:
        """Add them to a store; ``graph`` is the one that triples go to."""
        ...

    def quads(self) -> Iterator[ox.Quad]:
        """Yield them."""
        ...


def fill_graph(
    store: ox.Store,
    graph: ox.NamedNode | ox.DefaultGraph | None,
    documents: Sequence[Document],
    *,
    replace: bool = False,
    most: int = MOST_QUADS,
) -> Delta | None:
    """Load documents into a store.

    Args:
        store: is changed.
        graph: which graph triples go to, made if it is not there; None: the graphs that the
            documents name.
        documents: have been parsed before, so that they are known to be sound.
        replace: whether the graph's content goes.
        most: how many quads may be touched and still be told.

    Returns:
        What has changed; None: that is not known.
    """
    old = contents(store, graph, most) if replace and graph is not None else set()
    quads = (quad for document in documents for quad in document.quads())
    new = set() if old is None else set(islice(quads, most + 1))
    if old is None or len(new) > most:
        if replace and graph is not None:
            store.clear_graph(graph)
        if isinstance(graph, ox.NamedNode):
            store.add_graph(graph)
        for document in documents:
            document.load(store, graph)
        return None
    made = isinstance(graph, ox.NamedNode) and not store.contains_named_graph(graph)
    if graph is not None:
        new = {ox.Quad(quad.subject, quad.predicate, quad.object, graph) for quad in new}
    delta = exchange(store, old, new)
    if made and isinstance(graph, ox.NamedNode):
        store.add_graph(graph)
        return Delta(delta.added, delta.removed, delta.created | {graph}, delta.dropped)
    return delta


def drop_graph(store: ox.Store, graph: Graph, most: int = MOST_QUADS) -> Delta | None:
    """Remove a graph, or empty the default graph; it must be there.

    Returns:
        What has changed; None: that is not known.
    """
    old = contents(store, graph, most)
    if isinstance(graph, ox.DefaultGraph):
        store.clear_graph(graph)
        return None if old is None else Delta(removed=old)
    store.remove_graph(graph)
    return None if old is None else Delta(removed=old, dropped={graph})


def _as_stored(quad: ox.Quad) -> ox.Quad:
    """Return a quad as a store gives it back: numbers and dates as values, not as written."""
    value = quad.object
    if isinstance(value, ox.Literal):
        same = stored(value)
        if same != value:
            return ox.Quad(quad.subject, quad.predicate, same, quad.graph_name)
    elif isinstance(value, ox.Triple):
        (quad,) = hold([quad])
    return quad


def record(directory: Path, number: int, since: float, delta: Delta | None) -> None:
    """Note what a generation changed; nothing is noted of large or unknown changes.

    Args:
        directory: the store.
        number: the generation, which has just been published.
        since: when the generation before it was published, in seconds since 1970.
        delta: what differs from the generation before, inferred statements included; None: unknown.
    """
    if delta is None or len(delta.added) + len(delta.removed) > _MOST_TRIPLES:
        return
    triples = sorted({str(quad.triple) for quad in (*delta.added, *delta.removed)})
    path = directory / _FILE
    with suppress(OSError):
        if path.exists() and path.stat().st_size > _MOST_BYTES:
            path.unlink()
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([number, since, triples]) + "\n")


def changed(directory: Path, after: int, since: float, until: int) -> set[ox.Triple] | None:
    """Return the triples that some generations added or removed in any graph.

    Args:
        directory: the store.
        after: the number of the generation before the first of them.
        since: when that was published; distinguishes it from a generation of the same number of
            an earlier store at the same place.
        until: the number of the last of them.

    Returns:
        The triples; None: unknown.
    """
    noted: dict[int, tuple[float, list[str]]] = {}
    with suppress(OSError, ValueError):
        for line in (directory / _FILE).read_text(encoding="utf-8").splitlines():
            number, published_at, triples = json.loads(line)
            noted[number] = published_at, triples
    wanted = range(after + 1, until + 1)
    if not all(number in noted for number in wanted) or noted[after + 1][0] != since:
        return None
    text = "".join(f"{triple} .\n" for number in wanted for triple in noted[number][1])
    return {quad.triple for quad in ox.parse(text, ox.RdfFormat.N_TRIPLES)}
