"""The data as validation sees them: statements by their ends, paths, classes, queries.

A store keeps numbers and dates as values. So triples that were read are kept as they are written,
and put into a store only for queries; a graph on disk is taken as the store holds it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
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

_TYPE: Final = ox.NamedNode(PREFIXES["rdf"] + "type")
_SUBCLASS: Final = ox.NamedNode(PREFIXES["rdfs"] + "subClassOf")
SHAPES_GRAPH: Final = ox.NamedNode("urn:x-clustergraph:shapes")

_MOST_KNOWN: Final = 20_000
"""How many subjects a graph remembers the statements of."""

_NOTHING: Final[list[Term]] = []
_named: Final = lru_cache(maxsize=4096)(ox.NamedNode)
"""Makes names of predicates, each once."""


class Links(ABC):
    """Statements that property paths lead along."""

    @abstractmethod
    def objects(self, subject: Term, predicate: ox.NamedNode) -> list[Term]:
        """Return the objects of a subject and a predicate, each once; not to be altered."""

    @abstractmethod
    def subjects(self, predicate: ox.NamedNode, value: Term) -> list[Node]:
        """Return the subjects of a predicate and an object, each once; not to be altered."""

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
                seen = dict.fromkeys(nodes if repeated == "zeroOrMorePath" else ())
                while nodes:
                    reached = dict.fromkeys(self._walk(nodes, path.parts[0], back))
                    nodes = [term for term in reached if term not in seen]
                    seen.update(dict.fromkeys(nodes))
                return list(seen)


class Graph(Links):
    """A data graph in a store that nobody changes as long as this object is asked.

    Args:
        store: where the triples are.
        union: whether the data are all graphs of the store together; else the default graph.
        without: a graph that does not count among all graphs of the store.

    Attributes:
        altered: the triples with a literal that queries of the store see otherwise than written.
    """

    altered: tuple[ox.Triple, ...] = ()

    def __init__(
        self, store: ox.Store, union: bool = True, without: ox.NamedNode | None = None
    ) -> None:
        self.store = store
        self._union = union
        self._place = None if union else ox.DefaultGraph()
        if without is not None and not store.contains_named_graph(without):
            without = None
        self._without = without
        self._counted: list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None = None
        if without is not None:
            named = (graph for graph in store.named_graphs() if graph != without)
            self._counted = [ox.DefaultGraph(), *named]
        self._said: dict[Term, dict[ox.NamedNode, list[Term]]] = {}
        self._below: dict[Term, frozenset[Term]] = {}

    @staticmethod
    def of(triples: Iterable[ox.Triple], shapes: Iterable[ox.Triple] = ()) -> Graph:
        """Return triples as a graph, their literals as they are written.

        Args:
            triples: the data.
            shapes: the shapes graph, where queries may ask it.
        """
        return _Written(triples, shapes)

    def _quads(
        self, subject: Node | None, predicate: ox.NamedNode | None, value: Term | None
    ) -> Iterator[ox.Quad]:
        quads = self.store.quads_for_pattern(subject, predicate, value, self._place)
        if self._without is None:
            return quads
        return (quad for quad in quads if quad.graph_name != self._without)

    def constant(self, term: Term) -> Term:
        """Return a term of a shape in the form in which the graph would hold it."""
        return stored(term) if isinstance(term, ox.Literal) else term

    def objects(self, subject: Term, predicate: ox.NamedNode) -> list[Term]:
        """Return the objects of a subject and a predicate, each once; not to be altered."""
        if isinstance(subject, ox.Literal):
            return _NOTHING
        return self.described(subject).get(predicate, _NOTHING)

    def described(self, subject: Node) -> Mapping[ox.NamedNode, list[Term]]:
        """Return the objects of a subject by predicate, each once.

        They are kept: who asks for one property of a thing soon asks for the others.
        """
        said = self._said.get(subject)
        if said is None:
            if len(self._said) >= _MOST_KNOWN:
                self._said.clear()
            said = self._said[subject] = {}
            for quad in self._quads(subject, None, None):
                said.setdefault(quad.predicate, []).append(cast(Term, quad.object))
            if self._union:
                for name, terms in said.items():
                    if len(terms) > 1:
                        said[name] = list(dict.fromkeys(terms))
        return said

    def subjects(self, predicate: ox.NamedNode, value: Term) -> list[Node]:
        """Return the subjects of a predicate and an object, each once; not to be altered."""
        quads = self._quads(None, predicate, value)
        return list(dict.fromkeys(cast(Node, quad.subject) for quad in quads))

    def stated(self, predicate: ox.NamedNode) -> Iterator[tuple[Node, Term]]:
        """Yield subject and object of each triple with a predicate."""
        for quad in self._quads(None, predicate, None):
            yield cast(Node, quad.subject), cast(Term, quad.object)

    def triples(self) -> Iterator[ox.Triple]:
        """Yield all triples."""
        return (quad.triple for quad in self._quads(None, None, None))

    def mentions(self, term: Term) -> bool:
        """Say whether a statement has a term as its subject or object."""
        if not isinstance(term, ox.Literal) and self.described(term):
            return True
        return any(True for _ in self._quads(None, None, term))

    def about(self, subject: Term) -> Iterator[tuple[ox.NamedNode, Term]]:
        """Yield predicate and object of each triple of a subject, each once."""
        if not isinstance(subject, ox.Literal):
            for predicate, values in self.described(subject).items():
                yield from ((predicate, value) for value in values)

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
        for narrow, wide in self.stated(_SUBCLASS):
            below.setdefault(wide, []).append(narrow)
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
        found: dict[Term, None] = dict.fromkeys(map(self.constant, shape.target_nodes))
        for name in shape.target_classes:
            for kind in sorted(self.classes(name), key=str):
                found.update(dict.fromkeys(self.subjects(_TYPE, kind)))
        for predicate in shape.target_subjects_of:
            found.update(dict.fromkeys(subject for subject, _ in self.stated(predicate)))
        for predicate in shape.target_objects_of:
            found.update(dict.fromkeys(value for _, value in self.stated(predicate)))
        return iter(found)

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
                use_default_graph_as_union=self._union and self._counted is None,
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


class _Written(Graph):
    """Triples in memory, as they are written; language tags are compared in lower case."""

    def __init__(self, triples: Iterable[ox.Triple], shapes: Iterable[ox.Triple]) -> None:
        self._union, self._counted = False, None
        self._below = {}
        self._shapes = tuple(shapes)
        self._of: dict[Term, dict[ox.NamedNode, list[Term]]] = {}
        self._to: dict[Term, dict[ox.NamedNode, list[Node]]] = defaultdict(dict)
        altered = []
        for triple in dict.fromkeys(triples):
            subject, predicate, value = triple
            if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
                continue
            self._of.setdefault(subject, {}).setdefault(predicate, []).append(value)
            self._to[self.constant(value)].setdefault(predicate, []).append(subject)
            if isinstance(value, ox.Literal) and (
                stored(value) != value or is_beyond_the_store(value)
            ):
                altered.append(triple)
        self.altered = tuple(altered)

    @cached_property
    def store(self) -> ox.Store:  # type: ignore[override]
        """The triples as queries see them."""
        quads = [ox.Quad(*triple) for triple in self.triples()]
        quads += [ox.Quad(s, predicate, o, SHAPES_GRAPH) for s, predicate, o in self._shapes]
        return hold(quads)

    def constant(self, term: Term) -> Term:
        if isinstance(term, ox.Literal) and term.language:
            return ox.Literal(term.value, language=term.language.lower())
        return term

    def described(self, subject: Node) -> Mapping[ox.NamedNode, list[Term]]:
        return self._of.get(subject, {})

    def subjects(self, predicate: ox.NamedNode, value: Term) -> list[Node]:
        found = self._to.get(self.constant(value))
        return found.get(predicate, []) if found else []

    def stated(self, predicate: ox.NamedNode) -> Iterator[tuple[Node, Term]]:
        for subject, said in self._of.items():
            yield from ((cast(Node, subject), value) for value in said.get(predicate, ()))

    def triples(self) -> Iterator[ox.Triple]:
        for subject, said in self._of.items():
            for predicate, values in said.items():
                yield from (ox.Triple(cast(Node, subject), predicate, value) for value in values)

    def mentions(self, term: Term) -> bool:
        return term in self._of or self.constant(term) in self._to
