"""Whether a change that has been applied to the copy may stay there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import pyoxigraph as ox

from clustergraph.errors import InvalidChangeError, RequestError, StoreError
from clustergraph.quadstore.delta import Changed, Delta
from clustergraph.shacl.guard import Guard
from clustergraph.vocab import INFERRED

__all__ = ["WARNINGS", "Admitted", "SpoiltError", "admit"]

T = TypeVar("T")

WARNINGS: Final = "Clustergraph-Warnings"
"""The header that says how many findings a change has added that do not forbid it."""

_INFERRED: Final = ox.NamedNode(INFERRED)


@dataclass(frozen=True, slots=True)
class Admitted(Changed[T]):
    """A change that stays.

    Attributes:
        warnings: how many findings it adds.
    """

    warnings: int = 0


class SpoiltError(StoreError):
    """A change that is refused, and cannot be taken back: the copy has to go."""

    def __init__(self, reason: InvalidChangeError) -> None:
        self.reason = reason
        super().__init__(str(reason))


def admit(
    store: ox.Store,
    changed: Changed[T],
    guard: Guard | None,
    before: Callable[[], ox.Store],
) -> Admitted[T]:
    """Judge a change that has been applied; take it back if it must not stay.

    Args:
        store: the copy.
        changed: what the change gave.
        guard: judges it; None: nobody does.
        before: opens the graph as it is published.

    Raises:
        InvalidChangeError: it adds a violation; the copy is as it was before.
        RequestError: it writes where only conclusions stand; the copy is as it was before.
        SpoiltError: it adds a violation, and the copy is of no use any more.
    """
    delta = changed.delta
    if delta is not None:
        delta = _without_conclusions(store, delta)
    warnings = 0
    if guard is not None:
        try:
            warnings = len(guard.validate(store, delta, before).findings)
        except InvalidChangeError as error:
            if delta is None:
                raise SpoiltError(error) from error
            delta.inverse().apply(store)
            raise
    return Admitted(changed.result, delta, warnings)


def _without_conclusions(store: ox.Store, delta: Delta) -> Delta:
    """Put back what a change has removed of the inferred graph; refuse what it put there.

    What removes all graphs, or moves in all of them, is not about the conclusions.
    """
    added = {quad for quad in delta.added if quad.graph_name == _INFERRED}
    removed = {quad for quad in delta.removed if quad.graph_name == _INFERRED}
    graph = {_INFERRED} & {*delta.created, *delta.dropped}
    if not (added or removed or graph):
        return delta
    rest = Delta(
        delta.added - added, delta.removed - removed, delta.created - graph, delta.dropped - graph
    )
    if added or rest == Delta():
        delta.inverse().apply(store)
        raise RequestError(
            403,
            "Refused",
            f"{_INFERRED} holds what follows from the other graphs, and nothing is stated there: "
            "state it in another graph, and it is inferred anew",
        )
    Delta(removed, added, delta.dropped & graph, delta.created & graph).apply(store)
    return rest
