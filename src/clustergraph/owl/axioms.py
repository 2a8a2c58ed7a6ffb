"""The axioms of an OWL 2 ontology, read from its triples and written for reasoners.

One axiom keeps the triple that states it, so that whatever is found out about it can be told
with its place. What carries no meaning for a reasoner, or what one cannot take, is left out, and
every statement left out is told with its reason.

Source: OWL 2 Mapping to RDF Graphs, section 3; OWL 2 Structural Specification, for the names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.owl.datatypes import DATATYPES, is_well_formed
from clustergraph.owl.mapping import (
    APART,
    BETWEEN_CLASSES,
    BETWEEN_INDIVIDUALS,
    BETWEEN_PROPERTIES,
    BOOLEAN,
    BUILT_IN,
    CARDINALITY,
    CHARACTERISTICS,
    DECLARATIONS,
    FACETS,
    GROUPS,
    PARTS_OF_EXPRESSIONS,
    STRUCTURE,
)
from clustergraph.vocab import PREFIXES

__all__ = ["Axiom", "Axioms", "Compound", "Part", "entities", "read"]

_RDF: Final = PREFIXES["rdf"]
_RDFS: Final = PREFIXES["rdfs"]
_OWL: Final = PREFIXES["owl"]
_XSD: Final = PREFIXES["xsd"]
_NIL: Final = ox.NamedNode(_RDF + "nil")

Node: TypeAlias = ox.NamedNode | ox.BlankNode
Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal


@dataclass(frozen=True, slots=True)
class Compound:
    """An expression of several parts, such as ``ObjectUnionOf``.

    Attributes:
        kind: its name in the structural specification.
        parts: what it is made of, in the order of the functional-style syntax.
    """

    kind: str
    parts: tuple[Part, ...]


Part: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | Compound


@dataclass(frozen=True, slots=True)
class Axiom:
    """One axiom.

    Attributes:
        kind: its name in the structural specification, such as ``SubClassOf``.
        parts: what it relates.
        triple: the statement that makes it; of several, the one at its head.
    """

    kind: str
    parts: tuple[Part, ...]
    triple: ox.Triple


@dataclass
class Axioms:
    """What a set of triples says in OWL.

    Attributes:
        axioms: all with a logical meaning, each once.
        kinds: for each IRI, as which kinds of entity it is declared: ``Class``, ``Datatype``,
            ``ObjectProperty``, ``DataProperty``, ``AnnotationProperty``, ``NamedIndividual``.
        left_out: statements that no reasoner gets, by the reason.
        annotations: how many statements are annotations, which mean nothing to a reasoner.
        used: where an IRI stands as a class, a datatype or a property: (kind, IRI) → a triple.
    """

    axioms: list[Axiom] = field(default_factory=list)
    kinds: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    left_out: dict[str, list[ox.Triple]] = field(default_factory=lambda: defaultdict(list))
    annotations: int = 0
    used: dict[tuple[str, str], ox.Triple] = field(default_factory=dict)


def read(triples: Iterable[ox.Triple]) -> Axioms:
    """Read axioms from triples; what they declare may stand anywhere among them."""
    return _Reader(triples).read()


def entities(part: Part | Axiom) -> Iterator[ox.NamedNode | ox.BlankNode]:
    """Yield the names in an axiom or expression, those of OWL and of datatypes as well."""
    if isinstance(part, Compound | Axiom):
        for inner in part.parts:
            yield from entities(inner)
    elif not isinstance(part, ox.Literal):
        yield part


# Class expressions and data ranges in one axiom, and within each other: beyond every ontology that
# people write, and below what a hostile one would need.
_MOST_PARTS: Final = 10_000
_DEEPEST: Final = 100


class _UnreadableError(Exception):
    """An expression that is none of OWL 2."""


class _Reader:
    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self.triples = list(dict.fromkeys(triples))
        self.by_subject: dict[Node, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        self.found = Axioms()
        self.parts = self.depth = 0
        for triple in self.triples:
            subject, value = triple.subject, triple.object
            if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
                continue
            self.by_subject[subject][triple.predicate.value].append(value)
            if triple.predicate.value == _RDF + "type" and isinstance(value, ox.NamedNode):
                if (kind := DECLARATIONS.get(value.value)) and isinstance(subject, ox.NamedNode):
                    self.found.kinds[subject.value].add(kind)
                elif value.value in CHARACTERISTICS and isinstance(subject, ox.NamedNode):
                    self._imply(subject.value, value.value)

    def _imply(self, iri: str, characteristic: str) -> None:
        """Declare what a characteristic other than functional presupposes: an object property."""
        if characteristic != _OWL + "FunctionalProperty":
            self.found.kinds[iri].add("ObjectProperty")

    def read(self) -> Axioms:
        for triple in self.triples:
            self.parts = self.depth = 0
            try:
                for kind, parts in self.axioms(triple):
                    if kind in APART and len(set(parts)) < 2:
                        raise _UnreadableError("what is told apart from itself")
                    self.found.axioms.append(Axiom(kind, tuple(parts), triple))
            except _UnreadableError as reason:
                self.found.left_out[str(reason)].append(triple)
        return self.found

    def axioms(self, triple: ox.Triple) -> Iterator[tuple[str, Collection[Part]]]:
        """Yield what one triple states; it may be nothing, or the rest of another's axiom."""
        subject, predicate, value = triple.subject, triple.predicate.value, triple.object
        if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
            raise _UnreadableError("statements about statements")
        if predicate == _RDF + "type":
            yield from self.typed(triple, subject, value)
        elif predicate in BETWEEN_CLASSES:
            if predicate == _OWL + "equivalentClass" and "Datatype" in self.kinds(subject):
                yield "DatatypeDefinition", (subject, self.range_(value, triple))
            else:
                left, right = self.class_(subject, triple), self.class_(value, triple)
                yield BETWEEN_CLASSES[predicate], (left, right)
        elif predicate == _OWL + "disjointUnionOf":
            parts = [self.class_(one, triple) for one in self.list_(value)]
            if len(parts) < 2:
                raise _UnreadableError("disjoint unions of fewer than two classes")
            yield "DisjointUnion", (self.class_(subject, triple), *parts)
        elif predicate in (*BOOLEAN, _OWL + "complementOf"):
            if isinstance(subject, ox.NamedNode):
                expression = self.expression(predicate, value, triple, data=False)
                yield "EquivalentClasses", (subject, expression)
        elif predicate in BETWEEN_PROPERTIES:
            what = self.sort(subject, value)
            if what != "Annotation":
                kind = BETWEEN_PROPERTIES[predicate].format(what)
                yield kind, [self.property_(one, triple, what) for one in (subject, value)]
        elif predicate == _OWL + "propertyChainAxiom":
            steps = tuple(self.property_(one, triple) for one in self.list_(value))
            if len(steps) < 2:
                raise _UnreadableError("property chains of fewer than two steps")
            chain = Compound("ObjectPropertyChain", steps)
            yield "SubObjectPropertyOf", (chain, self.property_(subject, triple))
        elif predicate == _OWL + "inverseOf":
            if isinstance(subject, ox.NamedNode):
                pair = (self.property_(subject, triple), self.property_(value, triple))
                yield "InverseObjectProperties", pair
        elif predicate in (_RDFS + "domain", _RDFS + "range"):
            yield from self.end(triple, subject, value, predicate == _RDFS + "range")
        elif predicate == _OWL + "hasKey":
            keys = [(self.sort(one), one) for one in self.list_(value)]
            if all(of == "Annotation" for of, _ in keys):
                raise _UnreadableError("keys of no property")
            objects, values = (
                Compound(
                    "", tuple(self.property_(one, triple, of) for of, one in keys if of == what)
                )
                for what in ("Object", "Data")
            )
            yield "HasKey", (self.class_(subject, triple), objects, values)
        elif predicate in BETWEEN_INDIVIDUALS:
            yield BETWEEN_INDIVIDUALS[predicate], (subject, self.individual(value))
        elif predicate not in PARTS_OF_EXPRESSIONS:
            yield from self.fact(triple, subject, value)

    def typed(
        self, triple: ox.Triple, subject: Node, value: Term
    ) -> Iterator[tuple[str, Collection[Part]]]:
        iri = getattr(value, "value", "")
        if iri in CHARACTERISTICS:
            name = CHARACTERISTICS[iri]
            what = self.sort(subject) if name == "Functional" else "Object"
            if what != "Annotation":
                yield f"{name}{what}Property", (self.property_(subject, triple, what),)
        elif iri in GROUPS:
            kind, key = GROUPS[iri]
            said = self.by_subject[subject]
            heads = said[_OWL + key] or said[_OWL + "distinctMembers"]
            members = list(self.list_(heads[0])) if heads else []
            if len(members) < 2:
                raise _UnreadableError(f"owl:{iri[len(_OWL) :]} without two members")
            if kind == "DisjointClasses":
                yield kind, [self.class_(one, triple) for one in members]
            elif kind == "DifferentIndividuals":
                yield kind, [self.individual(one) for one in members]
            else:
                what = self.sort(*members)
                yield kind.format(what), [self.property_(one, triple, what) for one in members]
        elif iri == _OWL + "NegativePropertyAssertion":
            said = self.by_subject[subject]
            target = said[_OWL + "targetIndividual"] or said[_OWL + "targetValue"]
            source, about = said[_OWL + "sourceIndividual"], said[_OWL + "assertionProperty"]
            if not (target and source and about):
                raise _UnreadableError("a negative statement that is not complete")
            what = self.sort(about[0])
            parts = (
                self.property_(about[0], triple, what),
                self.individual(source[0]),
                self.value(target[0], what),
            )
            yield f"Negative{what}PropertyAssertion", parts
        elif iri not in DECLARATIONS and iri not in STRUCTURE:
            if isinstance(value, ox.Literal):
                raise _UnreadableError("a value where a class must stand")
            yield "ClassAssertion", (self.class_(value, triple), subject)

    def end(
        self, triple: ox.Triple, subject: Node, value: Term, is_range: bool
    ) -> Iterator[tuple[str, Collection[Part]]]:
        what = self.sort(subject)
        if what == "Annotation":
            return
        about = self.property_(subject, triple, what)
        if is_range and what == "Data":
            yield "DataPropertyRange", (about, self.range_(value, triple))
        else:
            kind = f"{what}Property{'Range' if is_range else 'Domain'}"
            yield kind, (about, self.class_(value, triple))

    def fact(
        self, triple: ox.Triple, subject: Node, value: Term
    ) -> Iterator[tuple[str, Collection[Part]]]:
        predicate = triple.predicate
        kinds = self.kinds(predicate)
        if not kinds:
            raise _UnreadableError("properties that nothing declares")
        if not kinds & {"ObjectProperty", "DataProperty"}:
            self.found.annotations += 1
            return
        if isinstance(value, ox.Literal):
            if "DataProperty" not in kinds:
                raise _UnreadableError("values of properties that lead to things")
            self.literal(value)
            self.found.used.setdefault(("DataProperty", predicate.value), triple)
            yield "DataPropertyAssertion", (predicate, subject, value)
            return
        if "ObjectProperty" not in kinds:
            raise _UnreadableError("things as values of properties that lead to literals")
        yield "ObjectPropertyAssertion", (predicate, subject, value)

    def literal(self, value: ox.Literal) -> ox.Literal:
        datatype = value.datatype.value
        if value.language is None and datatype not in DATATYPES:
            name = datatype.replace(_XSD, "xsd:")
            raise _UnreadableError(f"values of {name}, which is no datatype of OWL 2")
        if not is_well_formed(value):
            raise _UnreadableError(f"values that no {datatype.replace(_XSD, 'xsd:')} can have")
        return value

    def individual(self, node: Term) -> Node:
        if isinstance(node, ox.Literal):
            raise _UnreadableError("a value where an individual must stand")
        return node

    def value(self, node: Term, sort: str) -> Term:
        """Return what a property leads to: an individual, or a literal."""
        if sort != "Data":
            return self.individual(node)
        if not isinstance(node, ox.Literal):
            raise _UnreadableError("an individual where a value must stand")
        return self.literal(node)

    # --- expressions ---------------------------------------------------------------------------

    def class_(self, node: Term, triple: ox.Triple) -> Part:
        """Return a class expression."""
        if isinstance(node, ox.Literal):
            raise _UnreadableError("a value where a class must stand")
        if isinstance(node, ox.NamedNode):
            self.found.used.setdefault(("Class", node.value), triple)
            return node
        said = self.by_subject[node]
        with self.within():
            if _OWL + "onProperty" in said:
                return self.restriction(said, triple)
            for predicate in (*BOOLEAN, _OWL + "complementOf"):
                if predicate in said:
                    return self.expression(predicate, said[predicate][0], triple, data=False)
        raise _UnreadableError("blank nodes that are no class expression")

    @contextmanager
    def within(self) -> Iterator[None]:
        """Go into an expression, unless it goes too far: it may contain itself."""
        self.parts += 1
        self.depth += 1
        if self.parts > _MOST_PARTS or self.depth > _DEEPEST:
            raise _UnreadableError("expressions that contain themselves, or too many others")
        yield
        self.depth -= 1

    def expression(self, predicate: str, value: Term, triple: ox.Triple, data: bool) -> Part:
        sort, inner = ("Data", self.range_) if data else ("Object", self.class_)
        if predicate in (_OWL + "complementOf", _OWL + "datatypeComplementOf"):
            return Compound(f"{sort}ComplementOf", (inner(value, triple),))
        members = list(self.list_(value))
        if not members:
            raise _UnreadableError("an empty list where classes must stand")
        if predicate == _OWL + "oneOf":
            return Compound(f"{sort}OneOf", tuple(self.value(one, sort) for one in members))
        parts = tuple(inner(one, triple) for one in members)
        return parts[0] if len(parts) == 1 else Compound(f"{sort}{BOOLEAN[predicate]}", parts)

    def restriction(self, said: dict[str, list[Term]], triple: ox.Triple) -> Part:
        sort = self.sort(said[_OWL + "onProperty"][0])
        about = self.property_(said[_OWL + "onProperty"][0], triple, sort)
        filler = self.range_ if sort == "Data" else self.class_
        for name in ("someValuesFrom", "allValuesFrom"):
            if _OWL + name in said:
                kind = sort + name[0].upper() + name[1:]
                return Compound(kind, (about, filler(said[_OWL + name][0], triple)))
        if _OWL + "hasValue" in said:
            value = self.value(said[_OWL + "hasValue"][0], sort)
            return Compound(f"{sort}HasValue", (about, value))
        if _OWL + "hasSelf" in said and sort == "Object":
            return Compound("ObjectHasSelf", (about,))
        for predicate, bound in CARDINALITY.items():
            if predicate in said:
                number = said[predicate][0]
                if not (
                    isinstance(number, ox.Literal) and re.fullmatch("[0-9]{1,9}", number.value)
                ):
                    raise _UnreadableError("a number that is none of things")
                on = said.get(_OWL + "onClass") or said.get(_OWL + "onDataRange")
                parts = (number, about, *([filler(on[0], triple)] if on else []))
                return Compound(f"{sort}{bound}Cardinality", parts)
        raise _UnreadableError("a restriction that says nothing")

    def range_(self, node: Term, triple: ox.Triple) -> Part:
        """Return a data range."""
        if isinstance(node, ox.NamedNode):
            if node.value not in DATATYPES and "Datatype" not in self.kinds(node):
                name = node.value.replace(_XSD, "xsd:")
                raise _UnreadableError(f"ranges of {name}, which is no datatype of OWL 2")
            self.found.used.setdefault(("Datatype", node.value), triple)
            return node
        said = self.by_subject[node] if isinstance(node, ox.BlankNode) else {}
        with self.within():
            for predicate in (*BOOLEAN, _OWL + "datatypeComplementOf"):
                if predicate in said:
                    return self.expression(predicate, said[predicate][0], triple, data=True)
            if _OWL + "onDatatype" in said:
                return self.restricted(said, triple)
        raise _UnreadableError("blank nodes that are no data range")

    def restricted(self, said: dict[str, list[Term]], triple: ox.Triple) -> Part:
        """Return a datatype whose values are bounded."""
        facets: list[Part] = []
        for cell in self.list_(next(iter(said.get(_OWL + "withRestrictions", ())), _NIL)):
            if isinstance(cell, ox.Literal):
                raise _UnreadableError("bounds that are none of a datatype")
            for facet, (value, *_) in self.by_subject.get(cell, {}).items():
                if facet not in FACETS or not isinstance(value, ox.Literal):
                    raise _UnreadableError("bounds that are none of a datatype")
                facets += [ox.NamedNode(facet), self.literal(value)]
        base = said[_OWL + "onDatatype"][0]
        if not facets or not isinstance(base, ox.NamedNode):
            raise _UnreadableError("bounds that are none of a datatype")
        return Compound("DatatypeRestriction", (self.range_(base, triple), *facets))

    def property_(self, node: Term, triple: ox.Triple, sort: str = "Object") -> Part:
        """Return a property expression that leads to things (``Object``) or values (``Data``)."""
        if isinstance(node, ox.Literal):
            raise _UnreadableError("a value where a property must stand")
        if isinstance(node, ox.NamedNode):
            kinds = self.kinds(node)
            if not kinds & {"ObjectProperty", "DataProperty"}:
                raise _UnreadableError("axioms about properties that nothing declares")
            if f"{sort}Property" not in kinds:
                raise _UnreadableError("axioms that take values for things, or things for values")
            self.found.used.setdefault((f"{sort}Property", node.value), triple)
            return node
        inverse = next(iter(self.by_subject[node].get(_OWL + "inverseOf", ())), None)
        if sort == "Object" and isinstance(inverse, ox.NamedNode):
            return Compound("ObjectInverseOf", (self.property_(inverse, triple),))
        raise _UnreadableError("blank nodes that are no property expression")

    def kinds(self, node: Term) -> set[str]:
        iri = node.value if isinstance(node, ox.NamedNode) else ""
        return self.found.kinds.get(iri) or ({BUILT_IN[iri]} if iri in BUILT_IN else set())

    def sort(self, *nodes: Term) -> str:
        """Tell whether properties lead to things, to literals, or are annotations."""
        kinds = {kind for node in nodes for kind in self.kinds(node)}
        if "ObjectProperty" in kinds or any(isinstance(node, ox.BlankNode) for node in nodes):
            return "Object"
        if "DataProperty" in kinds:
            return "Data"
        return "Annotation" if "AnnotationProperty" in kinds else "Object"

    def list_(self, head: Term) -> Iterator[Term]:
        seen: set[Term] = set()
        while isinstance(head, ox.NamedNode | ox.BlankNode) and head not in seen:
            seen.add(head)
            said = self.by_subject.get(head, {})
            if _RDF + "first" not in said:
                return
            yield said[_RDF + "first"][0]
            head = said[_RDF + "rest"][0] if _RDF + "rest" in said else _NIL
