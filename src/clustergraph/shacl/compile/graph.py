"""The data as validation sees them: triples by pattern, paths, classes, literals as written.

A store keeps numbers and dates as values. So a graph that was made from triples remembers, beside
its store, the literals that the store writes otherwise; a graph on disk has none to remember.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Final, cast

import pyoxigraph as ox

from clustergraph.errors import UnreadableInputError
from clustergraph.quadstore.memory import hold, stored
from clustergraph.shacl.compile.comparison import is_beyond_the_store
from clustergraph.shacl.compile.model import Node, Shape
from clustergraph.shacl.paths import PropertyPath, Term
from clustergraph.sparql.regex import functions
from clustergraph.vocab import PREFIXES

__all__ = ["SHAPES_GRAPH", "Graph"]

_TYPE: Final = ox.NamedNode(PREFIXES["rdf"] + "type")
_SUBCLASS: Final = ox.NamedNode(PREFIXES["rdfs"] + "subClassOf")
SHAPES_GRAPH: Final = ox.NamedNode("urn:x-clustergraph:shapes")

_MOST_KNOWN: Final = 20_000
"""How many terms a graph remembers the statements about."""

_NOTHING: Final[list[Term]] = []
_named: Final = lru_cache(maxsize=4096)(ox.NamedNode)
"""Makes names of predicates, each once."""


class Graph:
    """A data graph that nobody changes as long as this object is asked.

    Args:
        store: where the triples are.
        union: whether the data are all graphs of the store together; else the default graph.
        written: literals that the store writes otherwise, by subject and predicate: all objects
            of the pair, as they were written.
        without: a graph that does not count among all graphs of the store.
    """

    def __init__(
        self,
        store: ox.Store,
        union: bool = True,
        written: Mapping[tuple[Node, ox.NamedNode], tuple[Term, ...]] | None = None,
        without: ox.NamedNode | None = None,
    ) -> None:
        self.store = store
        self.union = union
        self._place = None if union else ox.DefaultGraph()
        if without is not None and not store.contains_named_graph(without):
            without = None
        self._without = without
        self._counted: list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None = None
        if without is not None:
            named = (graph for graph in store.named_graphs() if graph != without)
            self._counted = [ox.DefaultGraph(), *named]
        self._normal = written is None
        self._written = dict(written or {})
        self.rewritten: frozenset[str] = frozenset(
            predicate.value
            for (_, predicate), terms in self._written.items()
            if any(
                isinstance(term, ox.Literal) and not term.language and stored(term) != term
                for term in terms
            )
        )
        self.inexact: frozenset[str] = frozenset(predicate.value for _, predicate in self._written)
        """The predicates whose values a query of the store may see otherwise than written."""
        self._said: dict[Term, dict[ox.NamedNode, list[Term]]] = {}
        self._below: dict[Term, frozenset[Term]] = {}

    @classmethod
    def of(cls, triples: Iterable[ox.Triple], shapes: Iterable[ox.Triple] = ()) -> Graph:
        """Hold triples in memory.

        Args:
            triples: the data.
            shapes: the shapes graph, where queries may ask it.
        """
        default, extra = ox.DefaultGraph(), SHAPES_GRAPH
        altered: dict[tuple[Node, ox.NamedNode], None] = {}
        quads: list[ox.Quad] = []
        for triple in triples:
            subject, value = triple.subject, triple.object
            if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
                continue
            quads.append(ox.Quad(subject, triple.predicate, value, default))
            if isinstance(value, ox.Literal) and (
                stored(value) != value or is_beyond_the_store(value)
            ):
                altered[subject, triple.predicate] = None
        written: dict[tuple[Node, ox.NamedNode], list[Term]] = {pair: [] for pair in altered}
        for quad in quads if written else ():
            known = written.get((cast(Node, quad.subject), quad.predicate))
            if known is not None and quad.object not in known:
                known.append(cast(Term, quad.object))
        quads += [ox.Quad(t.subject, t.predicate, t.object, extra) for t in shapes]
        forms = {pair: tuple(terms) for pair, terms in written.items()}
        return cls(hold(quads), union=False, written=forms)

    def _quads(
        self, subject: Node | None, predicate: ox.NamedNode | None, value: Term | None
    ) -> Iterator[ox.Quad]:
        quads = self.store.quads_for_pattern(subject, predicate, value, self._place)
        if self._without is None:
            return quads
        return (quad for quad in quads if quad.graph_name != self._without)

    def constant(self, term: Term) -> Term:
        """Return a term of a shape in the form in which the graph would hold it."""
        if not isinstance(term, ox.Literal):
            return term
        if term.language:
            return ox.Literal(term.value, language=term.language.lower())
        return stored(term) if self._normal else term

    def forms(self, value: Term | None, values: Iterable[Term]) -> list[Term | None]:
        """Return how a value that a query found is written, where it is one of ``values``."""
        if not self._written or not isinstance(value, ox.Literal):
            return [value]
        written: list[Term | None] = [
            term for term in values if isinstance(term, ox.Literal) and stored(term) == value
        ]
        return written or [value]

    def objects(self, subject: Term, predicate: ox.NamedNode) -> list[Term]:
        """Return the objects of a subject and a predicate, each once; not to be altered."""
        if isinstance(subject, ox.Literal):
            return []
        if self._written and (known := self._written.get((subject, predicate))) is not None:
            return list(known)
        said = self._said.get(subject)
        if said is None:
            said = self._read(subject)
        return said.get(predicate, _NOTHING)

    def _read(self, subject: Node) -> dict[ox.NamedNode, list[Term]]:
        """Read and keep the statements of a subject by predicate.

        Who asks for one property of a thing soon asks for the others, which lie beside it.
        """
        if len(self._said) >= _MOST_KNOWN:
            self._said.clear()
        said: dict[ox.NamedNode, list[Term]] = {}
        for quad in self._quads(subject, None, None):
            said.setdefault(quad.predicate, []).append(cast(Term, quad.object))
        if self.union:
            for name, terms in said.items():
                if len(terms) > 1:
                    said[name] = list(dict.fromkeys(terms))
        self._said[subject] = said
        return said

    def subjects(self, predicate: ox.NamedNode, value: Term) -> list[Node]:
        """Return the subjects of a predicate and an object, each once; not to be altered."""
        quads = self._quads(None, predicate, value)
        found = list(dict.fromkeys(cast(Node, quad.subject) for quad in quads))
        if predicate.value in self.rewritten and isinstance(value, ox.Literal):
            found = [subject for subject in found if value in self.objects(subject, predicate)]
        return found

    def mentions(self, term: Term) -> bool:
        """Say whether a statement has a term as its subject or object."""
        subjects = () if isinstance(term, ox.Literal) else self._quads(term, None, None)
        return any(True for quads in (self._quads(None, None, term), subjects) for _ in quads)

    def about(self, subject: Term) -> Iterator[tuple[ox.NamedNode, Term]]:
        """Yield predicate and object of each triple of a subject, each once."""
        if isinstance(subject, ox.Literal):
            return
        quads = self._quads(subject, None, None)
        for predicate in dict.fromkeys(quad.predicate for quad in quads):
            for value in self.objects(subject, predicate):
                yield predicate, value

    def values(self, focus: Term, path: PropertyPath) -> list[Term]:
        """Return the value nodes of a path from a focus node, each once (section 2.3.1)."""
        if path.operator == "predicate":
            return self.objects(focus, _named(path.predicate))
        return list(dict.fromkeys(self._walk([focus], path)))

    def sources(self, ends: Iterable[Term], path: PropertyPath) -> list[Term]:
        """Return the nodes from which a path leads to one of ``ends``."""
        return self._walk(ends, path, back=True)

    def _walk(self, nodes: Iterable[Term], path: PropertyPath, back: bool = False) -> list[Term]:
        nodes = list(dict.fromkeys(nodes))
        match path.operator:
            case "predicate":
                predicate = _named(path.predicate)
                if back:
                    return [s for node in nodes for s in self.subjects(predicate, node)]
                return [o for node in nodes for o in self.objects(node, predicate)]
            case "sequence":
                for part in reversed(path.parts) if back else path.parts:
                    nodes = list(dict.fromkeys(self._walk(nodes, part, back)))
                return nodes
            case "alternativePath":
                return [term for part in path.parts for term in self._walk(nodes, part, back)]
            case "inversePath":
                return self._walk(nodes, path.parts[0], not back)
            case "zeroOrOnePath":
                return nodes + self._walk(nodes, path.parts[0], back)
            case repeated:
                return self._closure(nodes, path.parts[0], back, repeated == "zeroOrMorePath")

    def _closure(
        self, nodes: list[Term], path: PropertyPath, back: bool, from_zero: bool
    ) -> list[Term]:
        seen: dict[Term, None] = dict.fromkeys(nodes) if from_zero else {}
        frontier = nodes
        while frontier:
            reached = dict.fromkeys(self._walk(frontier, path, back))
            frontier = [term for term in reached if term not in seen]
            seen.update(dict.fromkeys(frontier))
        return list(seen)

    def classes(self, name: Term) -> frozenset[Term]:
        """Return a class and all below it, by the data's own hierarchy."""
        if name not in self._below:
            seen = {name: None}
            todo = [name]
            while todo:
                lower = [one for one in self._hierarchy.get(todo.pop(), ()) if one not in seen]
                seen.update(dict.fromkeys(lower))
                todo += lower
            self._below[name] = frozenset(seen)
        return self._below[name]

    @cached_property
    def _hierarchy(self) -> dict[Term, list[Term]]:
        below: dict[Term, list[Term]] = {}
        for quad in self._quads(None, _SUBCLASS, None):
            below.setdefault(cast(Term, quad.object), []).append(cast(Term, quad.subject))
        return below

    def is_instance(self, node: Term, name: Term) -> bool:
        """Say whether a node is a SHACL instance of a class (section 1.1)."""
        return not self.classes(name).isdisjoint(self.objects(node, _TYPE))

    def is_target(self, shape: Shape, node: Term) -> bool:
        """Say whether a shape looks at a node."""
        return (
            any(self.is_instance(node, name) for name in shape.target_classes)
            or node in map(self.constant, shape.target_nodes)
            or any(self.objects(node, predicate) for predicate in shape.target_subjects_of)
            or any(self.subjects(predicate, node) for predicate in shape.target_objects_of)
        )

    def targets(self, shape: Shape) -> Iterator[Term]:
        """Yield the nodes that a shape looks at, each once (section 2.1.3)."""
        return iter(dict.fromkeys(self._targets(shape)))

    def _targets(self, shape: Shape) -> Iterator[Term]:
        yield from map(self.constant, shape.target_nodes)
        for name in shape.target_classes:
            for kind in sorted(self.classes(name), key=str):
                for quad in self._quads(None, _TYPE, kind):
                    yield cast(Node, quad.subject)
        for predicate in shape.target_subjects_of:
            for quad in self._quads(None, predicate, None):
                yield cast(Node, quad.subject)
        for predicate in shape.target_objects_of:
            for quad in self._quads(None, predicate, None):
                yield from self.objects(cast(Node, quad.subject), predicate)

    def ask(self, text: str, values: Mapping[str, Term]) -> Iterator[dict[str, Term]]:
        """Yield the solutions of a SELECT query, with values in the place of variables."""
        for solution in self._query(text, values):
            yield {name: term for name, term in solution if term is not None}

    def focus(self, text: str) -> set[Term]:
        """Return what a query finds as ``?this``."""
        return {term for ((_, term),) in self._query(text, {}) if term is not None}

    def _query(
        self, text: str, values: Mapping[str, Term]
    ) -> Iterator[list[tuple[str, Term | None]]]:
        try:
            solutions = self.store.query(
                text,
                use_default_graph_as_union=self.union and self._counted is None,
                default_graph=self._counted,
                substitutions={ox.Variable(name): term for name, term in values.items()} or None,
                custom_functions=functions,
            )
            assert isinstance(solutions, ox.QuerySolutions)  # noqa: S101 - checked before
            names = [variable.value for variable in solutions.variables]
            for solution in solutions:
                yield list(zip(names, cast("tuple[Term | None]", solution), strict=True))
        except (OSError, RuntimeError, SyntaxError, ValueError) as error:
            raise UnreadableInputError(
                "the shapes", f"a query cannot be evaluated ({error}): {text}"
            ) from error

    def as_written(self) -> Iterator[ox.Triple]:
        """Yield the triples of each subject and predicate with a literal that is rewritten."""
        for (subject, predicate), values in self._written.items():
            for value in values:
                yield ox.Triple(subject, predicate, value)

    def triples(self) -> Iterator[ox.Triple]:
        """Yield all triples, literals as they were written."""
        for quad in self._quads(None, None, None):
            pair = (cast(Node, quad.subject), quad.predicate)
            if pair not in self._written:
                yield quad.triple
        yield from self.as_written()
