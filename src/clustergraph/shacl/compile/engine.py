"""A run: screen each shape with targets, evaluate the suspects, hand over what needs pySHACL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Set
from functools import lru_cache
from itertools import islice
from typing import Final, Protocol, TypeVar, cast

import pyoxigraph as ox

from clustergraph.shacl.compile.graph import Graph
from clustergraph.shacl.compile.queries import Query
from clustergraph.shacl.compile.screen import screens, target_pattern
from clustergraph.shacl.compile.shapes import Shape, Shapes
from clustergraph.shacl.compile.validator import NodeValidator
from clustergraph.shacl.paths import Term
from clustergraph.shacl.results import Result
from clustergraph.vocab import PREFIXES

__all__ = ["Compiled", "validate_triples"]


class _HasPredicate(Protocol):
    @property
    def predicate(self) -> str: ...


E = TypeVar("E", bound=_HasPredicate)

_FEW: Final = 50
"""Up to how many targets are validated one by one, which is quicker than asking queries."""

_PER_QUERY: Final = 25
"""How many times as long a node takes that needs a query of its own."""

_TARGETS: Final = frozenset(
    PREFIXES["sh"] + f"target{name}" for name in ("", "Class", "Node", "SubjectsOf", "ObjectsOf")
)


def validate_triples(
    data: Collection[ox.Triple], shapes: Collection[ox.Triple]
) -> Iterator[Result]:
    """Validate ``data`` against ``shapes``; nothing is inferred and nothing fetched.

    Raises:
        UnreadableInputError: the shapes are not well-formed.
    """
    compiled = Compiled.of(tuple(shapes))
    extra = compiled.shapes.triples if compiled.shapes.mention_shapes_graph else ()
    yield from compiled.results(Graph.of(data, extra))


_WRITTEN: Final = "a query of it looks at how numbers are written"


class Compiled:
    """Shapes, ready to validate any number of graphs.

    Args:
        shapes: the shapes graph.
        few: up to how many targets of a shape are validated without a query.

    Raises:
        UnreadableInputError: the shapes are not well-formed.
    """

    def __init__(self, shapes: Iterable[ox.Triple], few: int = _FEW) -> None:
        self.shapes = Shapes(shapes)
        self._few = few
        self._index: dict[str, list[tuple[Shape, object]]] = {}
        self._queries: dict[Shape, tuple[str | None, list[Query], bool]] = {}

    @staticmethod
    @lru_cache(maxsize=4)
    def of(shapes: tuple[ox.Triple, ...]) -> Compiled:
        """Return shapes that were compiled before, or compile them."""
        return Compiled(shapes)

    def results(self, graph: Graph) -> Iterator[Result]:
        """Yield what all shapes find in a graph."""
        validator = NodeValidator(graph)
        for shape in self.shapes.targeted:
            yield from self.results_of(shape, graph, validator)

    def results_of(
        self, shape: Shape, graph: Graph, validator: NodeValidator | None = None
    ) -> Iterator[Result]:
        """Yield what one shape with targets finds in a graph."""
        if shape.deactivated:
            return
        validator = validator or NodeValidator(graph)
        reason = self.reason(shape, graph)
        if reason is None:
            yield from self._shape(shape, graph, validator)
        elif reason == _WRITTEN:
            yield from self._by_form(shape, graph, validator)
        else:
            yield from self._by_reference(shape, graph)

    def _by_form(self, shape: Shape, graph: Graph, validator: NodeValidator) -> Iterator[Result]:
        """Have pySHACL validate those nodes alone that such a number can concern."""
        from clustergraph.shacl.footprint import affected

        nodes = affected(self, graph, list(graph.as_written()), ()).get(shape, set())
        if nodes is None:
            yield from self._by_reference(shape, graph)
            return
        yield from self._shape(shape, graph, validator, skip=nodes)
        concerned = sorted((n for n in nodes if graph.is_target(shape, n)), key=str)
        if concerned:
            yield from self._by_reference(shape, graph, concerned)

    def index(self, footprint: Callable[[Shape], Iterable[E]]) -> dict[str, list[tuple[Shape, E]]]:
        """Return the entries of all footprints by predicate; made once."""
        known = cast("dict[str, list[tuple[Shape, E]]]", self._index)
        if not known:
            for shape in self.shapes.targeted:
                for entry in footprint(shape):
                    known.setdefault(entry.predicate, []).append((shape, entry))
        return known

    def reason(self, shape: Shape, graph: Graph) -> str | None:
        """Say why a shape, or some nodes of it, are left to pySHACL; None when none are."""
        if shape not in self._queries:
            parts = shape.reach()
            queries = [c.query for part in parts for c in part.constraints if c.query is not None]
            reason = None
            if any(part.recursive for part in parts):
                reason = "it refers to itself"
            elif not all(query.usable for query in queries):
                reason = "a query of it does not take variables bound beforehand"
            still = any(query.may_stand_still for query in queries)
            self._queries[shape] = reason, [one for one in queries if one.looks_at_form], still
        reason, textual, still = self._queries[shape]
        if reason is None and still and not all(map(graph.mentions, shape.target_nodes)):
            # By SPARQL a path without a step leads from any term to itself; for the engine only
            # from those that it holds.
            return "a query of it starts from a node that the data do not name"
        if reason is None and graph.rewritten:
            for query in textual:
                touched = query.predicates
                if touched is None or graph.rewritten & touched:
                    return _WRITTEN
        return reason

    def _shape(
        self, shape: Shape, graph: Graph, validator: NodeValidator, skip: Set[Term] = frozenset()
    ) -> Iterator[Result]:
        some = list(islice(graph.targets(shape), self._few + 1))
        if not some:
            return
        targets = target_pattern(shape, graph)
        for unit, whole in _units(shape):
            # A query costs as much as judging some dozen nodes, or a few that need a query each.
            few = self._few // _PER_QUERY if _has_query(unit) else self._few
            suspects: Iterable[Term] = some
            if len(some) > few:
                suspects = self._suspects(shape, unit, whole, targets, graph)
            found = validator.results if whole else validator.own
            for focus in suspects:
                if focus not in skip:
                    yield from found(unit, focus)

    def _suspects(
        self, shape: Shape, unit: Shape, whole: bool, targets: str, graph: Graph
    ) -> Iterator[Term]:
        """Yield the targets that may break the unit."""
        queries = screens(unit, whole, targets, graph)
        rewritten = graph.rewritten.intersection(p.value for p in shape.target_objects_of)
        if queries is None or rewritten:
            yield from graph.targets(shape)
            return
        # Blank nodes cannot be named in a query, and literals may be written otherwise there.
        unnamed = {node for node in shape.target_nodes if not isinstance(node, ox.NamedNode)}
        suspects: set[Term] = set(map(graph.constant, unnamed))
        for query in queries:
            suspects |= graph.focus(query)
        if len(suspects) > self._few:
            suspects &= graph.all_targets(shape)
        for focus in sorted(suspects, key=str):
            if graph.is_target(shape, focus):
                yield focus

    def _by_reference(
        self, shape: Shape, graph: Graph, nodes: Collection[Term] | None = None
    ) -> Iterator[Result]:
        """Have pySHACL validate one shape, at all its targets or at some nodes."""
        from clustergraph.shacl import pyshacl_engine

        yield from pyshacl_engine.validate_triples(
            graph.triples(), only(shape, self.shapes.triples, nodes)
        )


def _units(shape: Shape) -> Iterator[tuple[Shape, bool]]:
    """Yield what is screened on its own, and whether with its property shapes."""
    if shape.path is not None:
        yield shape, True
        return
    if shape.constraints:
        yield shape, False
    for part in shape.properties:
        yield part, True


def _has_query(shape: Shape) -> bool:
    return any(constraint.query is not None for constraint in shape.constraints)


def only(
    shape: Shape, triples: Iterable[ox.Triple], nodes: Collection[Term] | None = None
) -> list[ox.Triple]:
    """Return a shapes graph in which one shape alone has targets, its own or the given nodes."""
    rdfs_class = ox.NamedNode(PREFIXES["rdfs"] + "Class")
    target = ox.NamedNode(PREFIXES["sh"] + "targetNode")
    kept = [
        triple
        for triple in triples
        if (nodes is None and triple.subject == shape.node)
        or (triple.predicate.value not in _TARGETS and triple.object != rdfs_class)
    ]
    return kept + [ox.Triple(shape.node, target, node) for node in nodes or ()]
