"""Reading shapes from their triples: checked for form, linked to each other.

Source: SHACL, sections 2 to 5.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import InvalidShapesError
from clustergraph.shacl.compile import syntax
from clustergraph.shacl.compile.model import Constraint, Node, Shape
from clustergraph.shacl.compile.queries import Query, declarations
from clustergraph.shacl.compile.syntax import PARAMETERS
from clustergraph.shacl.compile.text import QueryFaultError
from clustergraph.shacl.paths import PropertyPath, Term, members_of, show
from clustergraph.shacl.report import Fault
from clustergraph.sparql.regex import RegexFaultError, translated
from clustergraph.vocab import PREFIXES

SH: Final = PREFIXES["sh"]
RDF: Final = PREFIXES["rdf"]
RDFS: Final = PREFIXES["rdfs"]

_TARGETS: Final = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf")
_RANGES: Final = ("minExclusive", "minInclusive", "maxExclusive", "maxInclusive")
_LENGTHS: Final = ("minLength", "maxLength")
_PAIRS: Final = ("equals", "disjoint", "lessThan", "lessThanOrEquals")
_LISTS: Final = ("and", "or", "xone")


class Shapes:
    """All shapes of a shapes graph.

    Args:
        triples: the shapes graph.
        skip_broken: whether to leave out constraints that are ill-formed, or that refer to a shape
            that is; else any fault is an error.

    Attributes:
        faults: what is ill-formed.
        advanced: whether the shapes use SHACL Advanced Features, which pySHACL evaluates.
        targeted: the shapes with targets.

    Raises:
        InvalidShapesError: shapes are ill-formed; tells all faults.
    """

    def __init__(self, triples: Iterable[ox.Triple], skip_broken: bool = False) -> None:
        self.triples = tuple(triples)
        self._index = syntax.index_of(self.triples)
        self.advanced = syntax.is_advanced(self._index)
        self.faults = list(syntax.faults_of(self._index))
        self._faulty = {(fault.node, fault.predicate) for fault in self.faults}
        self._known: dict[Node, Shape] = {}
        self._declared: dict[tuple[Term, ...], dict[str, str]] = {}
        self._components = tuple(self._read_components())
        try:
            self.targeted = tuple(self._read_targeted())
        except RecursionError as error:
            reason = "refers to shapes within shapes too deeply"
            raise InvalidShapesError([Fault(next(iter(self._known)), reason)]) from error
        self.faults = self._with_names(self.faults)
        if self.faults and not skip_broken:
            raise InvalidShapesError(self.faults)
        if self.faults:
            self._leave_out_broken()
        for shape in self._known.values():
            shape.recursive = any(shape in used.reach() for used in shape.used())

    @property
    def all(self) -> Collection[Shape]:
        """The shapes with targets, those that are typed as shapes, and what these lead to."""
        return self._known.values()

    @property
    def sound(self) -> tuple[ox.Triple, ...]:
        """The shapes graph without the statements that are ill-formed."""
        if not self.faults:
            return self.triples
        faulty = {(fault.node, fault.predicate) for fault in self.faults}
        return tuple(t for t in self.triples if (t.subject, t.predicate.value) not in faulty)

    def notices(self) -> list[Fault]:
        """Return what has no effect in the shapes, or not the one that may be expected."""
        return self._with_names(syntax.notices_of(self._index))

    def _with_names(self, faults: Iterable[Fault]) -> list[Fault]:
        return [one._replace(name=syntax.name_of(one.node, self._index)) for one in faults]

    def _leave_out_broken(self) -> None:
        """Drop constraints that refer to broken shapes; a property shape loses only its own."""
        broken = {fault.node for fault in self.faults}
        todo = list(self.targeted)
        seen: set[Shape] = set()
        while todo:
            shape = todo.pop()
            if shape in seen:
                continue
            seen.add(shape)
            shape.constraints = tuple(
                constraint
                for constraint in shape.constraints
                if not any(
                    part.node in broken
                    for inner in (*constraint.shapes, *constraint.siblings)
                    for part in inner.reach()
                )
            )
            shape.properties = tuple(part for part in shape.properties if part.path is not None)
            todo += shape.properties

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
            is_shape = types & kinds or not PARAMETERS.isdisjoint(properties)
            implicit = bool(is_shape) and subject in classes
            if implicit or any(SH + name in properties for name in _TARGETS):
                shape = self.shape(subject)
                nodes = self.objects(subject, SH + "targetNode")
                shape.target_nodes = tuple(n for n in nodes if not isinstance(n, ox.BlankNode))
                shape.target_classes = tuple(self._iris(subject, "targetClass")) + (
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

    def shape(self, node: Node) -> Shape:
        """Return the shape that stands at ``node``."""
        if (known := self._known.get(node)) is not None:
            return known
        shape = self._known[node] = Shape(node)
        shape.path = self._path(node)
        if severity := self._one(node, "severity"):
            shape.severity = severity.value
        shape.messages = self._messages(node)
        shape.deactivated = self._true(node, "deactivated")
        shape.properties = tuple(
            part for part in self._shapes(self.objects(node, SH + "property")) if part.path
        )
        shape.constraints = tuple(self._constraints(shape))
        return shape

    def _shapes(self, nodes: Iterable[Term]) -> list[Shape]:
        return [self.shape(node) for node in nodes if not isinstance(node, ox.Literal)]

    def _path(self, node: Node) -> PropertyPath | None:
        for path in self.objects(node, SH + "path")[:1]:
            if not isinstance(path, ox.Literal) and (node, SH + "path") not in self._faulty:
                return PropertyPath.read(path, self.objects)
        return None

    def _constraints(self, shape: Shape) -> Iterator[Constraint]:
        node = shape.node

        def component(name: str) -> str:
            return f"{SH}{name[0].upper()}{name[1:]}ConstraintComponent"

        said = self._index.get(node, {})
        stated = {name.removeprefix(SH) for name in said if (node, name) not in self._faulty}

        def present(*names: str) -> list[str]:
            return [name for name in names if name in stated]

        for name in present("class", "datatype", "nodeKind", *_RANGES, *_PAIRS, "hasValue"):
            for term in said[SH + name]:
                yield Constraint(name, component(name), terms=(term,))
        for name in present("minCount", "maxCount", *_LENGTHS):
            yield Constraint(name, component(name), number=_number(said[SH + name][0]))
        yield from self._patterns(node, component("pattern"))
        for name in present("in", "languageIn"):
            terms = tuple(members_of(said[SH + name][0], self.objects))
            yield Constraint(name, component(name), terms=terms)
        # The definition says true, and means the literal: "1" is another term.
        if ox.Literal(True) in self.objects(node, SH + "uniqueLang"):
            yield Constraint("uniqueLang", component("uniqueLang"))
        if self._true(node, "closed"):
            yield Constraint("closed", component("closed"), terms=tuple(self._allowed(node)))
        for name in present("node", "not"):
            for inner in self._shapes(said[SH + name]):
                yield Constraint(name, component(name), shapes=(inner,))
        for name in present(*_LISTS):
            for head in said[SH + name]:
                members = tuple(self._shapes(members_of(head, self.objects)))
                yield Constraint(name, component(name), shapes=members)
        if shape.path is not None and present("qualifiedValueShape"):
            yield from self._qualified(node)
        yield from self._sparql(shape)

    def _patterns(self, node: Node, component: str) -> Iterator[Constraint]:
        flag = self._one(node, "flags")
        flags = flag.value if flag else ""
        for term in self.objects(node, SH + "pattern"):
            if {(node, SH + "pattern"), (node, SH + "flags")} & self._faulty:
                continue
            try:
                translated(term.value, flags)
            except RegexFaultError as error:
                self._note(Fault(node, f"sh:pattern: {error}", SH + "pattern", term))
            else:
                yield Constraint("pattern", component, text=term.value, flags=flags)

    def _note(self, fault: Fault) -> None:
        if fault not in self.faults:
            self.faults.append(fault)

    def _qualified(self, node: Node) -> Iterator[Constraint]:
        for term in self.objects(node, SH + "qualifiedValueShape"):
            siblings: tuple[Shape, ...] = ()
            if self._true(node, "qualifiedValueShapesDisjoint"):
                siblings = tuple(self._shapes(self._siblings(node, term)))
            for name in ("qualifiedMinCount", "qualifiedMaxCount"):
                if (node, SH + name) in self._faulty:
                    continue
                for count in self.objects(node, SH + name):
                    yield Constraint(
                        name,
                        f"{SH}Q{name[1:]}ConstraintComponent",
                        number=_number(count),
                        shapes=tuple(self._shapes([term])),
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
        if (node, SH + "ignoredProperties") not in self._faulty:
            for head in self.objects(node, SH + "ignoredProperties"):
                yield from members_of(head, self.objects)

    def _sparql(self, shape: Shape) -> Iterator[Constraint]:
        for term in self.objects(shape.node, SH + "sparql"):
            if isinstance(term, ox.Literal) or self._true(term, "deactivated"):
                continue
            query = self._query(term, "select", frozenset({"this"}), shape)
            if query is not None:
                yield Constraint(
                    "sparql",
                    SH + "SPARQLConstraintComponent",
                    query=query,
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
                found = self._validator(validators, shape)
                if found is None:
                    reason = f"{show(component)} has no validator for this kind of shape"
                    self._note(Fault(shape.node, reason, mandatory[0], first))
                    continue
                validator, kind = found
                names = {_local(path) for path in values} | {"this"}
                if kind == "ask":
                    names.add("value")
                query = self._query(validator, kind, frozenset(names), shape)
                if query is None:
                    continue
                yield Constraint(
                    "component",
                    component.value,
                    query=query,
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
        self, validators: dict[str, list[Term]], shape: Shape
    ) -> tuple[Node, str] | None:
        """Return the validator that fits the kind of shape best (section 6.2.3)."""
        own = "nodeValidator" if shape.path is None else "propertyValidator"
        for name, kind in ((own, "select"), ("validator", "ask")):
            for node in validators[name]:
                if not isinstance(node, ox.Literal):
                    return node, kind
        return None

    def _query(self, node: Node, kind: str, bound: frozenset[str], shape: Shape) -> Query | None:
        """Return the query at a node; None, and a fault is noted, where it cannot be used."""
        texts = self.objects(node, SH + kind)
        text = texts[0] if texts else None
        owner = node if isinstance(node, ox.NamedNode) else shape.node
        if len(texts) != 1 or not isinstance(text, ox.Literal):
            self._note(Fault(owner, f"a query of it has to be exactly one text (sh:{kind})"))
            return None
        try:
            named = tuple(self.objects(node, SH + "prefixes"))
            if (prefixes := self._declared.get(named)) is None:
                prefixes = declarations(named, self.objects, self._ontologies)
                self._declared[named] = prefixes
            return Query(text.value, kind, prefixes, bound, shape.path)
        except QueryFaultError as error:
            self._note(Fault(owner, f"its query {error} in {text.value}", SH + kind, text))
            return None

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

    def _iris(self, node: Node, name: str) -> Iterator[ox.NamedNode]:
        for term in self.objects(node, SH + name):
            if isinstance(term, ox.NamedNode):
                yield term


def _number(term: Term) -> int:
    """Return a count; one beyond all sizes is as good as a smaller one."""
    return int(term.value) if len(term.value) < 19 else 10**18


def _local(iri: str) -> str:
    return iri[max(iri.rfind("#"), iri.rfind("/")) + 1 :]
