"""Shapes as objects: read once from their triples, checked for form, linked to each other.

Source: SHACL, sections 2 to 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.errors import UnreadableInputError
from clustergraph.shacl.compile.queries import Query, QueryFaultError, declarations
from clustergraph.shacl.paths import PropertyPath, Term, show
from clustergraph.vocab import PREFIXES

__all__ = ["Constraint", "Node", "Shape", "Shapes"]

Node: TypeAlias = ox.NamedNode | ox.BlankNode

SH: Final = PREFIXES["sh"]
RDF: Final = PREFIXES["rdf"]
RDFS: Final = PREFIXES["rdfs"]

_TARGETS: Final = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf")
_RANGES: Final = ("minExclusive", "minInclusive", "maxExclusive", "maxInclusive")
_LENGTHS: Final = ("minLength", "maxLength")
_PAIRS: Final = ("equals", "disjoint", "lessThan", "lessThanOrEquals")
_LISTS: Final = ("and", "or", "xone")
_ONLY_WITH_PATH: Final = ("minCount", "maxCount", "uniqueLang", "lessThan", "lessThanOrEquals")


@dataclass(frozen=True, slots=True, eq=False)
class Constraint:
    """One constraint of a shape: a component with its parameters.

    Attributes:
        name: the parameter that declares it, such as ``minCount``; ``component`` for one that the
            shapes define themselves.
        component: the IRI of the constraint component.
        terms: parameters that are terms: a class, the members of ``sh:in``, a bound.
        number: a count or length.
        text: a pattern, with its flags in ``flags``.
        shapes: shapes that values are compared with.
        siblings: of a qualified shape: those that a value must not conform to as well.
        query: what a SPARQL constraint or component asks.
        node: the SPARQL constraint itself.
        messages: messages of the constraint, which take the place of the shape's.
        bindings: values of a component's parameters, by name.
    """

    name: str
    component: str
    terms: tuple[Term, ...] = ()
    number: int = 0
    text: str = ""
    flags: str = ""
    shapes: tuple[Shape, ...] = ()
    siblings: tuple[Shape, ...] = ()
    query: Query | None = None
    node: Node | None = None
    messages: tuple[ox.Literal, ...] = ()
    bindings: tuple[tuple[str, Term], ...] = ()


@dataclass(slots=True, eq=False)
class Shape:
    """A node shape, or a property shape if it has a path."""

    node: Node
    path: PropertyPath | None = None
    severity: str = SH + "Violation"
    messages: tuple[ox.Literal, ...] = ()
    deactivated: bool = False
    constraints: tuple[Constraint, ...] = ()
    properties: tuple[Shape, ...] = ()
    target_classes: tuple[ox.NamedNode | ox.BlankNode, ...] = ()
    target_nodes: tuple[Term, ...] = ()
    target_subjects_of: tuple[ox.NamedNode, ...] = ()
    target_objects_of: tuple[ox.NamedNode, ...] = ()
    recursive: bool = False

    @property
    def has_targets(self) -> bool:
        """Whether the shape says itself which nodes it looks at."""
        return bool(
            self.target_classes
            or self.target_nodes
            or self.target_subjects_of
            or self.target_objects_of
        )

    def used(self) -> Iterator[Shape]:
        """Yield the shapes that this one refers to."""
        yield from self.properties
        for constraint in self.constraints:
            yield from constraint.shapes
            yield from constraint.siblings

    def reach(self) -> list[Shape]:
        """Return this shape and all that it leads to."""
        found: dict[Shape, None] = {}
        todo = [self]
        while todo:
            shape = todo.pop()
            if shape not in found:
                found[shape] = None
                todo.extend(shape.used())
        return list(found)


class Shapes:
    """All shapes of a shapes graph.

    Args:
        triples: the shapes graph.

    Raises:
        UnreadableInputError: a shape is not well-formed.
    """

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self.triples = tuple(triples)
        self._index: dict[object, dict[str, list[Term]]] = {}
        for subject, predicate, value in self.triples:
            if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
                continue
            by_predicate = self._index.setdefault(subject, {})
            values = by_predicate.setdefault(predicate.value, [])
            if value not in values:
                values.append(value)
        self._known: dict[Node, Shape] = {}
        self._declared: dict[tuple[Term, ...], dict[str, str]] = {}
        self._components = tuple(self._read_components())
        try:
            self.targeted = tuple(self._read_targeted())
        except RecursionError as error:
            raise _fault("shapes refer to shapes too deeply") from error
        for shape in self._known.values():
            shape.recursive = any(shape in used.reach() for used in shape.used())

    def objects(self, node: Term, predicate: str) -> list[Term]:
        """Return the objects of a subject and a predicate's IRI in the shapes graph."""
        return self._index.get(node, {}).get(predicate, [])

    @cached_property
    def mention_shapes_graph(self) -> bool:
        """Whether a query asks the shapes graph itself."""
        return any(
            constraint.query is not None and "shapesGraph" in constraint.query.variables
            for shape in self._known.values()
            for constraint in shape.constraints
        )

    def _read_targeted(self) -> Iterator[Shape]:
        classes = self._instances_of(RDFS + "Class")
        kinds = {SH + "NodeShape", SH + "PropertyShape"}
        for subject, properties in list(self._index.items()):
            if not isinstance(subject, ox.NamedNode | ox.BlankNode):
                continue
            types = {getattr(kind, "value", "") for kind in properties.get(RDF + "type", ())}
            implicit = subject in classes and bool(types & kinds)
            if implicit or any(SH + name in properties for name in _TARGETS):
                shape = self.shape(subject)
                shape.target_nodes = tuple(self.objects(subject, SH + "targetNode"))
                shape.target_classes = tuple(self._nodes(subject, "targetClass")) + (
                    (subject,) if implicit else ()
                )
                shape.target_subjects_of = tuple(self._iris(subject, "targetSubjectsOf"))
                shape.target_objects_of = tuple(self._iris(subject, "targetObjectsOf"))
                yield shape
            elif types & kinds:
                self.shape(subject)

    def _instances_of(self, kind: str) -> set[Node]:
        """Return the SHACL instances of a class within the shapes graph."""
        classes: set[object] = {ox.NamedNode(kind)}
        grown = True
        while grown:
            found = {
                subject
                for subject, properties in self._index.items()
                if classes.intersection(properties.get(RDFS + "subClassOf", ()))
            }
            grown = not found <= classes
            classes |= found
        return {
            subject
            for subject, properties in self._index.items()
            if isinstance(subject, ox.NamedNode | ox.BlankNode)
            and classes.intersection(properties.get(RDF + "type", ()))
        }

    def shape(self, node: Term) -> Shape:
        """Return the shape that stands at ``node``.

        Raises:
            UnreadableInputError: it is not well-formed.
        """
        if isinstance(node, ox.Literal):
            raise _fault(f"{node} stands where a shape is expected")
        if (known := self._known.get(node)) is not None:
            return known
        shape = self._known[node] = Shape(node)
        shape.path = self._path(node)
        if severity := self._one(node, "severity"):
            shape.severity = severity.value
        shape.messages = self._messages(node)
        shape.deactivated = self._true(node, "deactivated")
        shape.properties = tuple(self.shape(p) for p in self.objects(node, SH + "property"))
        for part in shape.properties:
            if part.path is None:
                raise _fault(f"{show(part.node)} is no property shape: it has no sh:path")
        shape.constraints = tuple(self._constraints(shape))
        return shape

    def _path(self, node: Node) -> PropertyPath | None:
        paths = self.objects(node, SH + "path")
        if not paths:
            return None
        if len(paths) > 1:
            raise _fault(f"{show(node)} has more than one sh:path")
        if isinstance(paths[0], ox.Literal):
            raise _fault(f"{paths[0]} is not a property path")
        try:
            return PropertyPath.read(paths[0], self.objects)
        except (ValueError, RecursionError) as error:
            raise _fault(f"at {show(node)}: {error}") from error

    def _constraints(self, shape: Shape) -> Iterator[Constraint]:
        node = shape.node

        def component(name: str) -> str:
            return f"{SH}{name[0].upper()}{name[1:]}ConstraintComponent"

        said = self._index.get(node, {})
        stated = {name.removeprefix(SH) for name in said}

        def present(*names: str) -> list[str]:
            return [name for name in names if name in stated]

        for name in present("class", "datatype", "nodeKind", *_RANGES, *_PAIRS, "hasValue"):
            for term in said[SH + name]:
                yield Constraint(name, component(name), terms=(term,))
        for name in present("minCount", "maxCount", *_LENGTHS):
            for term in self.objects(node, SH + name):
                yield Constraint(name, component(name), number=_count(node, name, term))
        flags = self._one(node, "flags")
        for term in self.objects(node, SH + "pattern"):
            yield Constraint(
                "pattern", component("pattern"), text=term.value, flags=flags.value if flags else ""
            )
        for name in present("in", "languageIn"):
            for head in self.objects(node, SH + name):
                yield Constraint(name, component(name), terms=tuple(self._list(head)))
        # The definition says true, and means the literal: "1" is another term.
        if ox.Literal(True) in self.objects(node, SH + "uniqueLang"):
            yield Constraint("uniqueLang", component("uniqueLang"))
        if self._true(node, "closed"):
            yield Constraint("closed", component("closed"), terms=tuple(self._allowed(node)))
        for name in present("node", "not"):
            for term in self.objects(node, SH + name):
                yield Constraint(name, component(name), shapes=(self.shape(term),))
        for name in present(*_LISTS):
            for head in self.objects(node, SH + name):
                members = tuple(self.shape(member) for member in self._list(head))
                yield Constraint(name, component(name), shapes=members)
        if shape.path is not None:
            yield from self._qualified(node)
        yield from self._sparql(shape)
        if shape.path is None:
            for name in present(*_ONLY_WITH_PATH):
                raise _fault(f"{show(node)} is a node shape and must not have sh:{name}")

    def _qualified(self, node: Node) -> Iterator[Constraint]:
        for term in self.objects(node, SH + "qualifiedValueShape"):
            siblings: tuple[Shape, ...] = ()
            if self._true(node, "qualifiedValueShapesDisjoint"):
                siblings = tuple(self.shape(other) for other in self._siblings(node, term))
            for name in ("qualifiedMinCount", "qualifiedMaxCount"):
                for count in self.objects(node, SH + name):
                    yield Constraint(
                        name,
                        f"{SH}Q{name[1:]}ConstraintComponent",
                        number=_count(node, name, count),
                        shapes=(self.shape(term),),
                        siblings=siblings,
                    )

    def _siblings(self, node: Node, qualified: Term) -> list[Term]:
        """Return the qualified shapes beside this one (section 4.7.3)."""
        found: dict[Term, None] = {}
        for properties in self._index.values():
            parts = properties.get(SH + "property", ())
            if node in parts:
                for part in parts:
                    for other in self.objects(part, SH + "qualifiedValueShape"):
                        if other != qualified:
                            found[other] = None
        return list(found)

    def _allowed(self, node: Node) -> Iterator[Term]:
        for part in self.objects(node, SH + "property"):
            for path in self.objects(part, SH + "path"):
                if isinstance(path, ox.NamedNode):
                    yield path
        for head in self.objects(node, SH + "ignoredProperties"):
            yield from self._list(head)

    def _sparql(self, shape: Shape) -> Iterator[Constraint]:
        for term in self.objects(shape.node, SH + "sparql"):
            if isinstance(term, ox.Literal) or self._true(term, "deactivated"):
                continue
            yield Constraint(
                "sparql",
                SH + "SPARQLConstraintComponent",
                query=self._query(term, "select", frozenset({"this"}), shape.path),
                node=term,
                messages=self._messages(term),
            )
        for component, mandatory, optional, validators in self._components:
            values = {path: self.objects(shape.node, path) for path in (*mandatory, *optional)}
            if not all(values[path] for path in mandatory):
                continue
            given = [path for path, terms in values.items() if terms]
            many = values[mandatory[0]] if len(mandatory) == 1 else values[mandatory[0]][:1]
            for first in many:
                bindings = {_local(path): values[path][0] for path in given}
                bindings[_local(mandatory[0])] = first
                validator, kind = self._validator(component, validators, shape)
                names = {_local(path) for path in values} | {"this"}
                if kind == "ask":
                    names.add("value")
                yield Constraint(
                    "component",
                    component.value,
                    query=self._query(validator, kind, frozenset(names), shape.path),
                    messages=self._messages(validator) or self._messages(component),
                    bindings=tuple(bindings.items()),
                )

    def _read_components(
        self,
    ) -> Iterator[tuple[Node, tuple[str, ...], tuple[str, ...], dict[str, list[Term]]]]:
        for node in sorted(self._instances_of(SH + "ConstraintComponent"), key=str):
            mandatory: list[str] = []
            optional: list[str] = []
            for parameter in self.objects(node, SH + "parameter"):
                for path in self.objects(parameter, SH + "path"):
                    single = not isinstance(parameter, ox.Literal) and self._true(
                        parameter, "optional"
                    )
                    (optional if single else mandatory).append(path.value)
            validators = {
                name: self.objects(node, SH + name)
                for name in ("validator", "nodeValidator", "propertyValidator")
            }
            if mandatory and any(validators.values()):
                yield node, tuple(mandatory), tuple(optional), validators

    def _validator(
        self, component: Node, validators: dict[str, list[Term]], shape: Shape
    ) -> tuple[Node, str]:
        """Return the validator that fits the kind of shape best (section 6.2.3)."""
        own = "nodeValidator" if shape.path is None else "propertyValidator"
        for name, kind in ((own, "select"), ("validator", "ask")):
            for node in validators[name]:
                if not isinstance(node, ox.Literal):
                    return node, kind
        raise _fault(f"{show(component)} has no validator for {show(shape.node)}")

    def _query(
        self, node: Node, kind: str, bound: frozenset[str], path: PropertyPath | None
    ) -> Query:
        texts = self.objects(node, SH + kind)
        if len(texts) != 1 or not isinstance(texts[0], ox.Literal):
            raise _fault(f"{show(node)} has to have exactly one sh:{kind}")
        try:
            named = tuple(self.objects(node, SH + "prefixes"))
            if (prefixes := self._declared.get(named)) is None:
                prefixes = declarations(named, self.objects, self._ontologies)
                self._declared[named] = prefixes
            return Query(texts[0].value, kind, prefixes, bound, path)
        except QueryFaultError as fault:
            raise _fault(f"the query of {show(node)} {fault} in {texts[0].value}") from fault

    @cached_property
    def _ontologies(self) -> list[Node]:
        return sorted(self._instances_of(PREFIXES["owl"] + "Ontology"), key=str)

    def _messages(self, node: Node) -> tuple[ox.Literal, ...]:
        found = self.objects(node, SH + "message")
        return tuple(message for message in found if isinstance(message, ox.Literal))

    def _one(self, node: Node, name: str) -> Term | None:
        return next(iter(self.objects(node, SH + name)), None)

    def _true(self, node: Node, name: str) -> bool:
        return any(term.value in ("true", "1") for term in self.objects(node, SH + name))

    def _nodes(self, node: Node, name: str) -> Iterator[Node]:
        for term in self.objects(node, SH + name):
            if isinstance(term, ox.Literal):
                raise _fault(f"sh:{name} of {show(node)} must not be a literal ({term})")
            yield term

    def _iris(self, node: Node, name: str) -> Iterator[ox.NamedNode]:
        for term in self.objects(node, SH + name):
            if not isinstance(term, ox.NamedNode):
                raise _fault(f"sh:{name} of {show(node)} has to be an IRI, not {term}")
            yield term

    def _list(self, head: Term) -> Iterator[Term]:
        seen: set[Term] = set()
        while head != ox.NamedNode(RDF + "nil"):
            first, rest = self.objects(head, RDF + "first"), self.objects(head, RDF + "rest")
            if head in seen or len(first) != 1 or len(rest) != 1:
                raise _fault(f"{head} is not a well-formed list")
            seen.add(head)
            yield first[0]
            head = rest[0]


def _count(node: Node, name: str, term: Term) -> int:
    try:
        return int(term.value)
    except ValueError as error:
        raise _fault(f"sh:{name} of {show(node)} has to be a whole number, not {term}") from error


def _local(iri: str) -> str:
    return iri[max(iri.rfind("#"), iri.rfind("/")) + 1 :]


def _fault(reason: str) -> UnreadableInputError:
    return UnreadableInputError("the shapes", reason)
