"""The guard on writes: what a change to a graph adds to what the shapes find there.

A change that adds a violation is refused as a whole. What was wrong before and is not made worse
does not count against it, and findings of less gravity are told, no more. Only the nodes that the
change can affect are validated, and the state before it only where something was found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import pyoxigraph as ox

from clustergraph.errors import InvalidChangeError
from clustergraph.quadstore.delta import Delta
from clustergraph.quadstore.memory import hold
from clustergraph.shacl.compile import Compiled, Graph
from clustergraph.shacl.footprint import affected, footprint, footprint_of, results_about
from clustergraph.shacl.paths import Term
from clustergraph.shacl.report import Report, Severity
from clustergraph.shacl.results import Result
from clustergraph.shacl.run import finding_of, in_order, shapes_in, shipped_shapes
from clustergraph.vocab import INFERRED

if TYPE_CHECKING:
    from clustergraph.shacl.compile.queries import Query

__all__ = ["Guard", "asserted"]

_INFERRED: Final = ox.NamedNode(INFERRED)
_MOST_AROUND: Final = 2000
"""Statements around a node that are looked at apart; where there are more, the graph is asked."""


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
        self.triples = shipped_shapes() if shapes is None else tuple(shapes_in(shapes))
        self._threshold = threshold
        self.compiled = Compiled.of(self.triples)
        self.compiled.index(footprint)
        # Things that the shapes themselves name are looked at before anything states them.
        self._named = {
            node for shape in self.compiled.shapes.targeted for node in shape.target_nodes
        }

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
        report = Report(tuple(sorted(map(finding_of, found), key=in_order)), size)
        if not report.conforms(self._threshold):
            raise InvalidChangeError(report)
        return report

    def _findings(
        self, store: ox.Store, delta: Delta | None, before: Callable[[], ox.Store]
    ) -> list[Result]:
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
        nodes = affected(self.compiled, graph, added, removed)
        now = list(results_about(self.compiled, graph, nodes))
        # What is about things that the change has brought is new without a look back.
        suspects = {result.focus for result in now}
        suspects = {
            focus for focus in suspects if focus in self._named or not _brought(store, delta, focus)
        }
        if not suspects:
            return now
        some = {shape: None if all_ is None else all_ & suspects for shape, all_ in nodes.items()}
        old = asserted(before())
        return _new(now, results_about(self.compiled, old, some))


def _brought(store: ox.Store, delta: Delta, thing: Term) -> bool:
    """Say whether all that names a thing was added by a change, which removed nothing."""
    if delta.removed or isinstance(thing, ox.Literal):
        return False
    patterns = ((thing, None, None), (None, None, thing))
    return all(
        quad in delta.added for pattern in patterns for quad in store.quads_for_pattern(*pattern)
    )


class _Stated(Graph):
    """A graph of which queries see what is stated, and meet as little else as can be."""

    def ask(
        self,
        text: str,
        values: Mapping[str, Term],
        query: Query | None = None,
        focus: Term | None = None,
    ) -> Iterator[dict[str, Term]]:
        store = cast(object, self.store)
        if isinstance(store, _Asserted) and query is not None and focus is not None:
            if not store.infers(query.predicates):
                # To ask all graphs as one is much quicker than to ask all but one,
                return Graph(store.whole).ask(text, values)
            if (around := self._around(query, focus)) is not None:
                # and so it is to ask the few statements that the query can look at.
                return Graph(hold(around), union=False).ask(text, values)
        return super().ask(text, values)

    def _around(self, query: Query, focus: Term) -> set[ox.Quad] | None:
        """Return all statements that a query about a node can meet; None if that is not known."""
        found: set[ox.Quad] = set()
        if (entries := footprint_of(query)) is None:
            return None
        for entry in entries:
            ends = [focus] if entry.path is None else self.values(focus, entry.path)
            predicate = ox.NamedNode(entry.predicate)
            for end in ends:
                if entry.inverse:
                    pairs = [(one, end) for one in self.subjects(predicate, end)]
                else:
                    pairs = [(end, one) for one in self.objects(end, predicate)]  # type: ignore[misc]
                found.update(ox.Quad(subject, predicate, value) for subject, value in pairs)
                if len(found) > _MOST_AROUND:
                    return None
        return found


def asserted(store: ox.Store) -> Graph:
    """Return what a store states as data to validate: all its graphs but what is inferred."""
    inferred = next(store.quads_for_pattern(None, None, None, _INFERRED), None)
    return _Stated(store if inferred is None else cast(ox.Store, _Asserted(store)))


class _Asserted:
    """A store as if it did not hold the inferred graph."""

    def __init__(self, store: ox.Store) -> None:
        self.whole = store
        self._inferred: dict[str, bool] = {}
        self._graphs: list[Any] = [ox.DefaultGraph()]
        self._graphs += [graph for graph in store.named_graphs() if graph != _INFERRED]

    def quads_for_pattern(self, *pattern: Any) -> Iterator[ox.Quad]:
        for quad in self.whole.quads_for_pattern(*pattern):
            if quad.graph_name != _INFERRED:
                yield quad

    def infers(self, names: frozenset[str] | None) -> bool:
        """Say whether a conclusion has one of the names as its predicate; None: any."""
        return names is None or any(map(self._infers, names))

    def _infers(self, name: str) -> bool:
        if (known := self._inferred.get(name)) is None:
            quads = self.whole.quads_for_pattern(None, ox.NamedNode(name), None, _INFERRED)
            known = self._inferred[name] = next(quads, None) is not None
        return known

    def query(self, text: str, *, use_default_graph_as_union: bool, **more: Any) -> object:
        return self.whole.query(text, default_graph=self._graphs, **more)


def _new(now: Iterable[Result], before: Iterable[Result]) -> list[Result]:
    """Return the results that were not there before."""
    known = Counter(map(_mark, before))
    found = []
    for result in now:
        mark = _mark(result)
        if known[mark] > 0:
            known[mark] -= 1
        else:
            found.append(result)
    return found


def _mark(result: Result) -> tuple[object, ...]:
    return result[:5] + result[6:7]
