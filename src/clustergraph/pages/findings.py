"""What the shapes find in single things: quickly enough to be shown with each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph.pages.audit import shapes_and_graph

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["Finding", "findings"]

_ORDER: Final = ("violation", "warning", "info")
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
    """Validate some things with the shipped shapes, the gravest findings first.

    What needs more than a look at each thing (shapes that only the reference engine can evaluate)
    is left to `clustergraph validate`.

    Returns:
        The findings; None: the graph is another server's, and cannot be looked at so closely.
    """
    if not visit.generation:
        return None
    # Records may be blank nodes, which have no name that says anything here.
    nodes = [ox.NamedNode(iri) for iri in iris if ":" in iri]
    found = _validated(visit, nodes[:_MOST_NODES])
    return sorted(set(found), key=lambda one: (_ORDER.index(one.severity), one.shape, one.focus))


def _validated(visit: Visit, nodes: list[ox.NamedNode]) -> Iterator[Finding]:
    from clustergraph.shacl.compile.validator import NodeValidator

    graph, compiled = shapes_and_graph(visit)
    validator = NodeValidator(graph)
    for shape in compiled.shapes.targeted:
        if shape.deactivated:
            continue
        for node in nodes:
            if graph.is_target(shape, node) and compiled.reason(shape, graph) is None:
                for result in validator.results(shape, node):
                    messages = {one.language or "": one.value for one in result.messages}
                    preferred = [visit.language, "en", *messages]
                    language = next((one for one in preferred if one in messages), "")
                    message = messages.get(language, "")
                    name = getattr(result.shape, "value", "")
                    yield Finding(result.severity.word, node.value, name, message, language)
