"""A run: evaluate each shape with targets, and hand over what needs pySHACL or rdflib."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from functools import cached_property, lru_cache
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import UsageError
from clustergraph.shacl.compile.footprint import Footprints, NodesByShape
from clustergraph.shacl.compile.graph import SHAPES_GRAPH, Graph
from clustergraph.shacl.compile.model import Constraint, Shape
from clustergraph.shacl.compile.queries import Query
from clustergraph.shacl.compile.shapes import Shapes
from clustergraph.shacl.compile.validator import NodeValidator
from clustergraph.shacl.paths import Term, show
from clustergraph.shacl.report import Finding

_FEW: Final = 2
"""Up to how many targets queries are asked for each, which is quicker than for all at once."""


class Compiled:
    """Shapes, ready to validate any number of graphs.

    Args:
        shapes: the shapes graph.
        few: up to how many targets of a shape are validated without screening.
        skip_broken: whether to leave out what is ill-formed.

    Raises:
        InvalidShapesError: the shapes are ill-formed.
    """

    def __init__(
        self, shapes: Iterable[ox.Triple], few: int = _FEW, skip_broken: bool = False
    ) -> None:
        self.shapes = Shapes(shapes, skip_broken)
        self._few = few
        self._queries: dict[Shape, list[Query]] = {}

    @staticmethod
    @lru_cache(maxsize=4)
    def of(shapes: tuple[ox.Triple, ...], skip_broken: bool = False) -> Compiled:
        """Return shapes that were compiled before, or compile them."""
        return Compiled(shapes, skip_broken=skip_broken)

    @cached_property
    def footprints(self) -> Footprints:
        """Which triples the shapes depend on."""
        return Footprints(self.shapes.targeted)

    def graph(self, data: Iterable[ox.Triple]) -> Graph:
        """Return data as a graph to validate, with the shapes graph where queries ask it."""
        extra = self.shapes.triples if self.shapes.mention_shapes_graph else ()
        return Graph.of(data, extra)

    def results(
        self, graph: Graph, nodes: NodesByShape | None = None, store_only: bool = False
    ) -> Iterator[Finding]:
        """Yield the results of shapes for a graph.

        Args:
            graph: the data.
            nodes: the nodes to validate, by shape; those that are no targets are left out. None:
                all targets of all shapes.
            store_only: whether to leave nothing to pySHACL or rdflib.

        Raises:
            UsageError: the store alone cannot evaluate a shape exactly.
        """
        if self.shapes.advanced and store_only:
            raise UsageError(
                "the shapes use SHACL Advanced Features, which pySHACL evaluates; use --engine auto"
            )
        if self.shapes.advanced:
            # Rules change the data, and functions any query: pySHACL has all of it.
            from clustergraph.shacl import pyshacl_engine

            yield from pyshacl_engine.validate_triples(graph.triples(), self.shapes.triples)
            return
        run = _Run(self, graph, self._few, store_only)
        if nodes is None:
            nodes = dict.fromkeys(self.shapes.targeted)
        # By focus node, so that what is said of one is read once for all shapes.
        shapes: dict[Term, list[Shape]] = {}
        for shape, some in nodes.items():
            for focus in () if shape.deactivated else run.targets(shape, some):
                shapes.setdefault(focus, []).append(shape)
        for focus, wanted in shapes.items():
            for shape in wanted:
                yield from run.validator(shape, focus).results(shape, focus)

    def queries_of(self, shape: Shape) -> list[Query]:
        """Return the queries of a shape and of all shapes that it leads to."""
        if shape not in self._queries:
            constraints = (c for part in shape.reach() for c in part.constraints)
            self._queries[shape] = [c.query for c in constraints if c.query is not None]
        return self._queries[shape]


class _Run:
    """One evaluation of shapes over a graph: what its shapes share."""

    def __init__(self, compiled: Compiled, graph: Graph, few: int, store_only: bool) -> None:
        self._compiled = compiled
        self._graph = graph
        self._few = few
        self._store_only = store_only
        self._validator = NodeValidator(graph)
        self._inexact: dict[Shape, Set[Term] | None] = {}

    def targets(self, shape: Shape, nodes: Set[Term] | None) -> list[Term]:
        """Return the targets of a shape among some nodes; of all, queries are screened."""
        if nodes is not None:
            return [n for n in sorted(nodes, key=str) if self._graph.is_target(shape, n)]
        targets = list(self._graph.targets(shape))
        if len(targets) > self._few:
            self._validator.skip(targets, self._suspects(shape))
        return targets

    def validator(self, shape: Shape, focus: Term) -> NodeValidator:
        """Return what evaluates a shape for a focus node exactly."""
        if shape not in self._inexact:
            self._inexact[shape] = self._inexact_nodes(shape)
        nodes = self._inexact[shape]
        if nodes is not None and focus not in nodes:
            return self._validator
        if self._store_only:
            raise UsageError(
                f"the shape {show(shape.node)} cannot be validated by the store alone: a query of "
                "it needs terms as they are written; use --engine auto"
            )
        return self._exact

    def _suspects(self, shape: Shape) -> dict[Constraint, Set[Term]]:
        """Return the targets that may break a query, by constraint, where one query tells."""
        found: dict[Constraint, Set[Term]] = {}
        targets = target_pattern(shape, self._graph)
        for part in (shape, *(shape.properties if shape.path is None else ())):
            for constraint in part.constraints:
                query = None if constraint.bindings else constraint.query
                if query is not None and (text := query.screen(targets)) is not None:
                    found[constraint] = self._graph.focus(text)
        return found

    def _inexact_nodes(self, shape: Shape) -> Set[Term] | None:
        """Return the nodes for which the store would evaluate queries of a shape inexactly.

        Returns:
            The nodes, targets or not; None: all targets.
        """
        queries = self._compiled.queries_of(shape)
        if not all(query.usable and not query.needs_written_terms for query in queries):
            return None
        nodes: set[Term] = set()
        if any(query.may_stand_still for query in queries):
            # By SPARQL a path without a step leads from any term to itself; for the store only
            # from those that it holds.
            nodes.update(node for node in shape.target_nodes if not self._graph.mentions(node))
        inexact = {triple.predicate.value for triple in self._graph.altered}
        if inexact and any(q.predicates is None or q.predicates & inexact for q in queries):
            found = self._concerned.get(shape, frozenset())
            return None if found is None else nodes | found
        return nodes

    @cached_property
    def _concerned(self) -> NodesByShape:
        """The nodes that a literal concerns which the store keeps in another form, by shape."""
        return self._compiled.footprints.affected(self._graph, self._graph.altered, ())

    @cached_property
    def _exact(self) -> NodeValidator:
        """A validator that evaluates queries over terms as they are written."""
        # Imported here: rdflib takes half a second.
        from clustergraph.shacl.compile.reference import Reference

        shapes = self._compiled.shapes
        named = (SHAPES_GRAPH, shapes.triples) if shapes.mention_shapes_graph else None
        return NodeValidator(self._graph, Reference(self._graph.triples(), named))


def target_pattern(shape: Shape, graph: Graph) -> str:
    """Return a pattern that binds ``?this`` to each target of a shape, at least once."""
    parts = []
    below = {name for kind in shape.target_classes for name in graph.classes(kind)}
    if classes := sorted(str(name) for name in below if isinstance(name, ox.NamedNode)):
        parts.append(f"VALUES ?kind {{ {' '.join(classes)} }} ?this a ?kind .")
    if shape.target_nodes:
        parts.append(f"VALUES ?this {{ {' '.join(map(str, shape.target_nodes))} }}")
    parts += [f"?this {predicate} ?any ." for predicate in shape.target_subjects_of]
    parts += [f"?any {predicate} ?this ." for predicate in shape.target_objects_of]
    return " UNION ".join(f"{{ {part} }}" for part in parts)
