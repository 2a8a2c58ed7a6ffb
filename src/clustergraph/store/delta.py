"""What a change does to a store: the quads that it adds and removes, each of them exactly."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

import pyoxigraph as ox

__all__ = ["Changed", "Delta", "together"]

T_co = TypeVar("T_co", covariant=True)
GraphName: TypeAlias = ox.NamedNode | ox.BlankNode


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

    def inverse(self) -> Delta:
        """Return what takes this change back."""
        return Delta(self.removed, self.added, self.dropped, self.created)

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


def together(outcomes: Iterable[object]) -> Delta | None:
    """Return what changes did one after the other; None when one of them does not say.

    Args:
        outcomes: what the changes gave; each should be a `Changed`.
    """
    whole = Delta()
    for outcome in outcomes:
        delta = outcome.delta if isinstance(outcome, Changed) else None
        if delta is None:
            return None
        whole = whole.then(delta)
    return whole
