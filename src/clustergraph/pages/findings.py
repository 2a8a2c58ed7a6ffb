"""What the shapes find in single things: quickly enough to be shown with each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["Finding", "findings"]

_NAMES: Final = {"Violation": "violation", "Warning": "warning", "Info": "info"}
_MOST_NODES: Final = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        severity: ``violation``, ``warning`` or ``info``.
        focus: the IRI of the node that was looked at.
        shape: the IRI of the shape.
        message: what is wrong, and what to do.
        language: of the message; empty: none is told.
    """

    severity: str
    focus: str
    shape: str
    message: str
    language: str


def findings(visit: Visit, iris: Iterable[str]) -> list[Finding] | None:
    """Judge some things by the shipped shapes, the gravest findings first.

    What needs more than a look at each thing (shapes that only the reference engine can judge) is
    left to `clustergraph validate`.

    Returns:
        The findings; None: the graph is another server's, and cannot be looked at so closely.
    """
    if not visit.generation:
        return None
    found = _judged(visit, [ox.NamedNode(iri) for iri in iris][:_MOST_NODES])
    order = list(_NAMES.values())
    return sorted(set(found), key=lambda one: (order.index(one.severity), one.shape, one.focus))


def _judged(visit: Visit, nodes: list[ox.NamedNode]) -> Iterator[Finding]:
    # Only now: shapes are compiled once a worker, by whoever shows the first thing.
    from clustergraph.shacl.compile import Compiled, Graph
    from clustergraph.shacl.compile.validator import NodeValidator
    from clustergraph.shacl.run import shipped_shapes

    memory = visit.context.memory
    compiled = Compiled.of(shipped_shapes())
    graph: Any = memory.get("validated graph")
    if graph is None:
        graph = memory["validated graph"] = Graph(visit.context.store)
    judge = NodeValidator(graph)
    for shape in compiled.shapes.targeted:
        if shape.deactivated:
            continue
        for node in nodes:
            if graph.is_target(shape, node) and compiled.reason(shape, graph) is None:
                for result in judge.results(shape, node):
                    messages = {one.language or "": one.value for one in result.messages}
                    preferred = [visit.language, "en", *messages]
                    language = next((one for one in preferred if one in messages), "")
                    message = messages.get(language, "")
                    severity = _NAMES.get(result.severity.rpartition("#")[2], "violation")
                    name = getattr(result.shape, "value", "")
                    yield Finding(severity, node.value, name, message, language)
