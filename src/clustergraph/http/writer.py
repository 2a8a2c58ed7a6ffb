"""Commits what handlers have read and checked: validation, inference, a new generation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox

from clustergraph.owl import Inference, unsettle
from clustergraph.protocol import (
    GENERATION,
    WARNINGS,
    Change,
    Config,
    Context,
    Handler,
    Request,
    Response,
)
from clustergraph.protocol.faults import fault
from clustergraph.quadstore.delta import Changed, Delta
from clustergraph.quadstore.engine import Engine
from clustergraph.quadstore.generations import Generations
from clustergraph.quadstore.memory import hold
from clustergraph.shacl.guard import Guard
from clustergraph.vocab import INFERRED

_INFERRED: Final = ox.NamedNode(INFERRED)


class Committer:
    """Commits the changes that handlers return, one after the other.

    Args:
        config: what the operator decided.
        network: whether LOAD may fetch.
        validate: whether a change that would add a violation is refused.
        infer: whether what follows from the graph is kept up to date; else it is removed.
    """

    def __init__(self, config: Config, network: bool, validate: bool, infer: bool = True) -> None:
        self._config = config
        self._network = network
        # Compiled before the first request, which must not wait for it.
        self._guard = Guard(config.shapes) if validate else None
        self._inference = Inference() if infer else None
        self._settled = 0

    def open(self, target: Mapping[str, Any]) -> Context:
        """Open a store; return what handlers see of it."""
        self._generations = Generations(Path(target["directory"]))
        # What was interrupted last time must not stay until the next commit.
        self._generations.recover()
        return self._context()

    def committing(self, handler: Handler) -> Handler:
        """Return a handler that commits the change that another one returns."""

        def handle(request: Request, _: Context) -> Response:
            context = self._context()
            found = handler(request, context)
            return self._commit(found) if isinstance(found, Change) else found

        return handle

    def _context(self) -> Context:
        current = self._generations.current
        # Writes look at the copy that they are applied to, never at the published generation.
        return Context(
            hold(()),
            current.number,
            self._config,
            network=self._network,
            committed_at=current.committed_at,
        )

    def _commit(self, change: Change) -> Response:
        warnings = 0

        def apply(store: ox.Store, number: int) -> Changed[object]:
            nonlocal warnings
            if self._inference is not None and number != self._settled:
                # Another process has written meanwhile.
                self._inference.forget()
            changed = change.apply(store, number)
            delta, warnings = admit(
                store,
                changed.delta,
                self._guard,
                lambda: Engine(self._generations.directory, number=number).store,
            )
            return Changed(changed.result, delta)

        generation, changed = self._generations.commit(apply, self._inference or unsettle)
        self._settled = generation.number
        response = change.respond(changed.result)
        response.headers.append((GENERATION, str(generation.number)))
        response.published = generation.number, generation.committed_at
        if warnings:
            response.headers.append((WARNINGS, str(warnings)))
        return response


def admit(
    store: ox.Store,
    delta: Delta | None,
    guard: Guard | None,
    before: Callable[[], ox.Store],
) -> tuple[Delta | None, int]:
    """Validate a change that has been applied to the copy; the copy of a refused one is discarded.

    Args:
        store: the copy.
        delta: what the change did to it; None: not known.
        guard: validates it; None: nobody does.
        before: opens the published graph.

    Returns:
        What the change does without removals of conclusions, and how many findings it adds.

    Raises:
        InvalidChangeError: it adds a violation.
        RequestError: it writes where only conclusions stand.
    """
    if delta is not None:
        delta = _without_conclusions(store, delta)
    if guard is None:
        return delta, 0
    return delta, len(guard.validate(store, delta, before).findings)


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
        raise fault(
            "Refused",
            f"{_INFERRED} holds what follows from the other graphs, and nothing is stated there: "
            "state it in another graph, and it is inferred anew",
        )
    Delta(removed, added, delta.dropped & graph, delta.created & graph).apply(store)
    return rest
