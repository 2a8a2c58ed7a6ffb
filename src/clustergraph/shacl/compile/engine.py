"""A run: screen each shape with targets, evaluate the suspects, hand over what needs pySHACL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from functools import cached_property, lru_cache
from itertools import islice
from typing import Final, Protocol, TypeAlias, TypeVar, cast

import pyoxigraph as ox

from clustergraph.shacl.compile.graph import SHAPES_GRAPH, Graph
from clustergraph.shacl.compile.model import Shape
from clustergraph.shacl.compile.queries import Query
from clustergraph.shacl.compile.screen import screens, target_pattern
from clustergraph.shacl.compile.shapes import Shapes
from clustergraph.shacl.compile.validator import NodeValidator
from clustergraph.shacl.paths import Term
from clustergraph.shacl.results import Result

__all__ = ["Compiled", "validate_triples"]


class _HasPredicate(Protocol):
    @property
    def predicate(self) -> str: ...


E = TypeVar("E", bound=_HasPredicate)

_FEW: Final = 50
"""Up to how many targets are validated one by one, which is quicker than asking queries."""

_PER_QUERY: Final = 25
"""How many times as long a node takes that needs a query of its own."""


def validate_triples(
    data: Collection[ox.Triple], shapes: Collection[ox.Triple]
) -> Iterator[Result]:
    """Validate ``data`` against ``shapes``; nothing is inferred and nothing fetched.

    Raises:
        InvalidShapesError: the shapes are ill-formed.
    """
    compiled = Compiled.of(tuple(shapes))
    extra = compiled.shapes.triples if compiled.shapes.mention_shapes_graph else ()
    yield from compiled.results(Graph.of(data, extra))


class Compiled:
    """Shapes, ready to validate any number of graphs.

    Args:
        shapes: the shapes graph.
        few: up to how many targets of a shape are validated without a query.
        skip_broken: whether to leave out what is ill-formed.

    Raises:
        InvalidShapesError: the shapes are ill-formed.
    """

    def __init__(
        self, shapes: Iterable[ox.Triple], few: int = _FEW, skip_broken: bool = False
    ) -> None:
        self.shapes = Shapes(shapes, skip_broken)
        self._few = few
        self._index: dict[str, list[tuple[Shape, object]]] = {}
        self._queries: dict[Shape, list[Query]] = {}

    @staticmethod
    @lru_cache(maxsize=4)
    def of(shapes: tuple[ox.Triple, ...], skip_broken: bool = False) -> Compiled:
        """Return shapes that were compiled before, or compile them."""
        return Compiled(shapes, skip_broken=skip_broken)

    def results(self, graph: Graph) -> Iterator[Result]:
        """Yield the results of all shapes for a graph."""
        if self.shapes.advanced:
            # Rules change the data, and functions any query: pySHACL has all of it.
            from clustergraph.shacl import pyshacl_engine

            yield from pyshacl_engine.validate_triples(graph.triples(), self.shapes.triples)
            return
        run = _Run(self, graph)
        for shape in self.shapes.targeted:
            yield from self.results_of(shape, graph, run)

    def results_of(self, shape: Shape, graph: Graph, run: _Run | None = None) -> Iterator[Result]:
        """Yield the results of one shape with targets for a graph."""
        if shape.deactivated:
            return
        run = run or _Run(self, graph)
        nodes = run.inexact(shape)
        if nodes is not None:
            yield from self._shape(shape, graph, run.validator, skip=nodes)
            nodes = {node for node in nodes if graph.is_target(shape, node)}
        for focus in graph.targets(shape) if nodes is None else sorted(nodes, key=str):
            yield from run.exact.results(shape, focus)

    def index(self, footprint: Callable[[Shape], Iterable[E]]) -> dict[str, list[tuple[Shape, E]]]:
        """Return the entries of all footprints by predicate; made once."""
        known = cast("dict[str, list[tuple[Shape, E]]]", self._index)
        if not known:
            for shape in self.shapes.targeted:
                for entry in footprint(shape):
                    known.setdefault(entry.predicate, []).append((shape, entry))
        return known

    def reason(self, shape: Shape, graph: Graph) -> str | None:
        """Return why queries of a shape are not left to the store; None when they are."""
        queries = self._queries_of(shape)
        if not all(query.usable for query in queries):
            return "a query of it does not take variables bound beforehand"
        if any(query.needs_written_terms for query in queries):
            return "a query of it states a literal that the store keeps in another form"
        if any(query.may_stand_still for query in queries) and _unmentioned(shape, graph):
            return "a query of it starts from a node that the data do not name"
        if graph.inexact and any(_touches(query, graph.inexact) for query in queries):
            return "a query of it meets literals that the store keeps in another form"
        return None

    def inexact(self, shape: Shape, graph: Graph, concerned: NodesByShape) -> Set[Term] | None:
        """Return the nodes for which the store would evaluate queries of a shape inexactly.

        Args:
            shape: a shape with targets.
            graph: the data.
            concerned: returns, for each shape, the nodes that a literal concerns which the store
                keeps in another form.

        Returns:
            The nodes, targets or not; None: all targets.
        """
        queries = self._queries_of(shape)
        if not all(query.usable and not query.needs_written_terms for query in queries):
            return None
        nodes: set[Term] = set()
        if any(query.may_stand_still for query in queries):
            # By SPARQL a path without a step leads from any term to itself; for the store only
            # from those that it holds.
            nodes.update(_unmentioned(shape, graph))
        if graph.inexact and any(_touches(query, graph.inexact) for query in queries):
            found = concerned().get(shape, frozenset())
            return None if found is None else nodes | found
        return nodes

    def _queries_of(self, shape: Shape) -> list[Query]:
        if shape not in self._queries:
            constraints = (c for part in shape.reach() for c in part.constraints)
            self._queries[shape] = [c.query for c in constraints if c.query is not None]
        return self._queries[shape]

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


NodesByShape: TypeAlias = Callable[[], Mapping[Shape, Set[Term] | None]]


class _Run:
    """One evaluation of shapes over a graph: what its shapes share."""

    def __init__(self, compiled: Compiled, graph: Graph) -> None:
        self._compiled = compiled
        self._graph = graph
        self.validator = NodeValidator(graph)
        self._concerned: dict[Shape, set[Term] | None] | None = None

    def inexact(self, shape: Shape) -> Set[Term] | None:
        return self._compiled.inexact(shape, self._graph, self._by_shape)

    def _by_shape(self) -> Mapping[Shape, Set[Term] | None]:
        if self._concerned is None:
            from clustergraph.shacl.footprint import affected

            written = list(self._graph.as_written())
            self._concerned = affected(self._compiled, self._graph, written, ())
        return self._concerned

    @cached_property
    def exact(self) -> NodeValidator:
        """A validator that evaluates queries over terms as they are written."""
        # Imported here: rdflib takes half a second.
        from clustergraph.shacl.compile.reference import Reference

        shapes = self._compiled.shapes
        named = (SHAPES_GRAPH, shapes.triples) if shapes.mention_shapes_graph else None
        return NodeValidator(self._graph, Reference(self._graph.triples(), named))


def _unmentioned(shape: Shape, graph: Graph) -> list[Term]:
    return [node for node in shape.target_nodes if not graph.mentions(node)]


def _touches(query: Query, predicates: Set[str]) -> bool:
    return query.predicates is None or bool(query.predicates & predicates)


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
