"""The guard on writes: what a change to a graph adds to what the shapes find there.

A change that adds a violation is refused as a whole. What was wrong before and is not made worse
does not count against it, and findings of less gravity are told, no more. Only the nodes that the
change can affect are validated, and the state before it only where something was found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import InvalidChangeError
from clustergraph.quadstore.delta import Delta
from clustergraph.shacl.compile import Compiled, Graph
from clustergraph.shacl.fingerprints import beyond
from clustergraph.shacl.report import Finding, Report, Severity
from clustergraph.shacl.run import in_order, shapes_in, shipped_shapes
from clustergraph.vocab import INFERRED

_INFERRED: Final = ox.NamedNode(INFERRED)


class Guard:
    """Judges changes.

    Args:
        shapes: a file or directory of shapes; None: the shipped ones.
        threshold: from which severity on a finding refuses the change.

    Raises:
        UnreadableInputError: the shapes cannot be read, or are not well-formed.
    """

    def __init__(
        self, shapes: Path | None = None, threshold: Severity = Severity.VIOLATION
    ) -> None:
        self.triples = shipped_shapes() if shapes is None else shapes_in(shapes)
        self._threshold = threshold
        self.compiled = Compiled.of(self.triples)
        _ = self.compiled.footprints  # Made now, not with the first change.

    def validate(
        self, store: ox.Store, delta: Delta | None, before: Callable[[], ox.Store]
    ) -> Report:
        """Validate a change.

        Args:
            store: the graph after the change.
            delta: what the change added and removed; None: not known, so that all is validated.
            before: opens the graph as it was; asked only where something is wrong.

        Returns:
            The findings that the change adds, none of them grave.

        Raises:
            InvalidChangeError: a finding that it adds is as grave as the threshold.
        """
        found = self._findings(store, delta, before)
        size = 0 if delta is None else len(delta.added)
        report = Report(tuple(sorted(found, key=in_order)), size)
        if not report.conforms(self._threshold):
            raise InvalidChangeError(report)
        return report

    def _findings(
        self, store: ox.Store, delta: Delta | None, before: Callable[[], ox.Store]
    ) -> list[Finding]:
        if delta is None:
            now = list(self.compiled.results(asserted(store)))
            return _new(now, self.compiled.results(asserted(before()))) if now else now
        added, removed = (
            {quad.triple for quad in quads if quad.graph_name != _INFERRED}
            for quads in (delta.added, delta.removed)
        )
        if not added and not removed:
            return []
        graph = asserted(store)
        nodes = self.compiled.footprints.affected(graph, added, removed)
        now = list(self.compiled.results(graph, nodes))
        if not now:
            return now
        suspects = {finding.focus for finding in now}
        some = {shape: None if all_ is None else all_ & suspects for shape, all_ in nodes.items()}
        return _new(now, self.compiled.results(asserted(before()), some))


def asserted(store: ox.Store) -> Graph:
    """Return what a store states as data to validate: all its graphs but what is inferred."""
    return Graph(store, without=_INFERRED)


def _new(now: Iterable[Finding], before: Iterable[Finding]) -> list[Finding]:
    """Return the findings that were not there before."""
    return list(beyond(now, Counter(map(_mark, before)), _mark))


def _mark(one: Finding) -> tuple[object, ...]:
    return one.severity, one.shape, one.focus, one.path, one.value, one.component
