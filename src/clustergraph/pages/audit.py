"""What the shapes and the checks find in a whole graph: worked out once a generation and kept.

It takes a second or two for the shipped graph, and longer than anybody waits for a large one. So
there is a budget of time; what it did not suffice for is named, never passed over.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.errors import ClusterGraphError
from clustergraph.pages.rules import Rule
from clustergraph.protocol.derived import derived
from clustergraph.questions import catalogue
from clustergraph.vocab import GRAPH, INFERRED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clustergraph.pages.visit import Visit
    from clustergraph.shacl.report import Finding

__all__ = ["broken", "checked", "findings", "shapes_and_graph"]

_MOST_KEPT: Final = 500
_EXAMPLES: Final = 3


def findings(visit: Visit) -> dict[str, Any]:
    """Return what the shapes find, by rule.

    Returns:
        ``rules``, by key: severity, number, numbers by graph, some examples; ``at``, when it was
        worked out, in seconds since 1970; ``took_s``; ``left``, the names of shapes that the time
        did not suffice for.
    """

    def make() -> dict[str, Any]:
        started = time.monotonic()
        rules: dict[str, dict[str, Any]] = {}
        left = []
        graph, compiled = shapes_and_graph(visit)
        for shape in compiled.shapes.targeted:
            if time.monotonic() - started > visit.context.budget_s:
                left.append(getattr(shape.node, "value", "").rpartition("#")[2])
                continue
            for result in compiled.results(graph, {shape: None}):
                key = getattr(result.shape, "value", "").rpartition("#")[2]
                row = rules.setdefault(
                    key,
                    {"severity": result.severity.word, "n": 0, "graphs": Counter(),
                     "examples": []},
                )  # fmt: skip
                row["n"] += 1
                row["graphs"][_graph(visit, result)] += 1
                if len(row["examples"]) < _EXAMPLES and isinstance(result.focus, ox.NamedNode):
                    row["examples"].append(result.focus.value)
        took = time.monotonic() - started
        return {"rules": rules, "at": time.time(), "took_s": round(took, 2), "left": left}

    found: dict[str, Any] = derived(visit.context, "quality", make)
    return found


def broken(visit: Visit, rule: Rule) -> list[dict[str, Any]]:
    """Return the findings of one rule, each with the cell that states it where one is known."""

    def make() -> list[dict[str, Any]]:
        graph, compiled = shapes_and_graph(visit)
        owner = next(s for s in compiled.shapes.targeted if s.node == rule.owner.node)
        results = [
            result
            for result in compiled.results(graph, {owner: None})
            if result.shape == rule.shape.node and isinstance(result.focus, ox.NamedNode)
        ][:_MOST_KEPT]
        places = _places(results)
        return [
            {
                "focus": str(getattr(result.focus, "value", "")),
                "value": str(getattr(result.value, "value", "") or ""),
                "iri": isinstance(result.value, ox.NamedNode) and result.value != result.focus,
                "graph": _graph(visit, result),
                "place": places.get(number),
            }
            for number, result in enumerate(results)
        ]

    found: list[dict[str, Any]] = derived(visit.context, f"quality-{rule.key}", make)
    return found


def checked(visit: Visit) -> dict[str, Any]:
    """Return what the checks find in what is stated: rows by name; any row is a fault."""

    def make() -> dict[str, Any]:
        started = time.monotonic()
        rows: dict[str, int] = {}
        left: dict[str, str] = {}
        for name, question in catalogue.questions().items():
            if question.kind != "checks":
                continue
            # Another server is not asked eighty questions whenever somebody looks.
            if not visit.generation or time.monotonic() - started > visit.context.budget_s * 1.5:
                left[name] = ""
                continue
            try:
                answer = catalogue.ask(question, visit.engine)
                assert isinstance(answer, ox.QuerySolutions)  # noqa: S101 - checks are SELECTs
                rows[name] = sum(1 for _ in answer)
            except ClusterGraphError as error:
                left[name] = str(error)
        took = time.monotonic() - started
        return {"rows": rows, "left": left, "at": time.time(), "took_s": round(took, 2)}

    found: dict[str, Any] = derived(visit.context, "checks", make)
    return found


def shapes_and_graph(visit: Visit) -> tuple[Any, Any]:
    """Return the graph as the SHACL engine reads it, and the compiled shapes; once a worker."""
    # Only now: who reads other pages needs no engine for shapes.
    from clustergraph.shacl.compile import Compiled, Graph
    from clustergraph.shacl.run import shipped_shapes

    memory = visit.context.memory
    if "validated graph" not in memory:
        memory["validated graph"] = Graph(visit.context.store)
    return memory["validated graph"], Compiled.of(shipped_shapes())


def _graph(visit: Visit, result: Finding) -> str:
    """Return the name of the graph that states what is wrong, or else the thing itself."""
    store = visit.context.store
    predicate = result.path.last() if result.path is not None else None
    focus = result.focus
    if not isinstance(focus, ox.NamedNode | ox.BlankNode):
        return ""
    tries: list[Iterator[ox.Quad]] = []
    if predicate is not None:
        node = ox.NamedNode(predicate)
        tries.append(store.quads_for_pattern(focus, node, result.value))
        tries.append(store.quads_for_pattern(focus, node, None))
    tries.append(store.quads_for_pattern(focus, None, None))
    for quads in tries:
        for quad in quads:
            name = quad.graph_name
            if isinstance(name, ox.NamedNode) and name.value != INFERRED:
                return name.value.removeprefix(GRAPH)
    return ""


def _places(results: list[Finding]) -> dict[int, dict[str, Any]]:
    """Return the cells that state what was found, as far as the shipped tables hold it."""
    from clustergraph.shacl.locate import located
    from clustergraph.validation.whole import kept

    found: dict[int, dict[str, Any]] = {}
    # With tables mended at this moment there are no cells.
    with suppress(ClusterGraphError):
        whole = kept()
        if whole is None:
            return found
        statements = whole.statements(result.focus for result in results)
        for number, placed in enumerate(located(results, statements)):
            place = placed.place
            if place is not None:
                name = _name_of(place.path)
                found[number] = {"file": name, "row": place.row, "column": place.column}
    return found


def _name_of(path: Path) -> str:
    """Return the name of a table below the directory of the data, as addresses have it."""
    room = artefacts.room("data")
    return path.relative_to(room).as_posix() if path.is_relative_to(room) else path.name
