"""Class expressions, data ranges, property expressions and lists, read from triples.

An expression that could be read in two ways, or only in part, is malformed.

Source: OWL 2 Mapping to RDF Graphs, section 3.2.4 (tables 11 to 15).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import pyoxigraph as ox

from clustergraph.owl.datatypes import DATATYPES, FACETS_OF, NUMERIC, is_well_formed
from clustergraph.owl.mapping import BOOLEAN, BUILT_IN, CARDINALITY, FACETS, FILLERS
from clustergraph.owl.structure import Axioms, Compound, Node, Part, Term
from clustergraph.vocab import PREFIXES

__all__ = ["ExpressionReader", "MalformedError", "UnreadableError"]

_RDF: Final = PREFIXES["rdf"]
_OWL: Final = PREFIXES["owl"]
_XSD: Final = PREFIXES["xsd"]
_NIL: Final = ox.NamedNode(_RDF + "nil")
_OF_RESTRICTIONS: Final = frozenset(
    {*FILLERS, *(_OWL + name for name in ("onProperty", "onProperties", "onClass", "onDataRange"))}
)

# Class expressions and data ranges in one axiom, and within each other: beyond every ontology that
# people write, and below what a hostile one would need.
_MOST_PARTS: Final = 10_000
_DEEPEST: Final = 100


class UnreadableError(Exception):
    """A statement that no reasoner can process."""


class MalformedError(UnreadableError):
    """A statement that is not an axiom of OWL 2."""


class ExpressionReader:
    """Reads expressions from triples.

    Args:
        triples: all of the ontology.

    Attributes:
        by_subject: the triples by subject and predicate.
        found: what was read.
        reached: nodes of expressions and lists that an axiom refers to.
    """

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self.by_subject: dict[Node, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        self.found = Axioms()
        self.parts = self.depth = 0
        self.reached: set[Node] = set()
        for triple in triples:
            subject, value = triple.subject, triple.object
            if not isinstance(subject, ox.Triple) and not isinstance(value, ox.Triple):
                self.by_subject[subject][triple.predicate.value].append(value)

    def literal(self, value: ox.Literal) -> ox.Literal:
        """Return a literal that its datatype allows."""
        datatype = value.datatype.value
        if value.language is None and datatype not in DATATYPES:
            name = datatype.replace(_XSD, "xsd:")
            raise UnreadableError(f"values of {name}, which is no datatype of OWL 2")
        if not is_well_formed(value):
            raise UnreadableError(f"values that no {datatype.replace(_XSD, 'xsd:')} can have")
        return value

    def individual(self, node: Term) -> Node:
        """Return an individual."""
        if isinstance(node, ox.Literal):
            raise MalformedError("a literal where an individual must stand")
        return node

    def value(self, node: Term, sort: str) -> Term:
        """Return what a property leads to: an individual, or a literal."""
        if sort != "Data":
            return self.individual(node)
        if not isinstance(node, ox.Literal):
            raise MalformedError("an individual where a literal must stand")
        return self.literal(node)

    def class_(self, node: Term, triple: ox.Triple) -> Part:
        """Return a class expression."""
        if isinstance(node, ox.Literal):
            raise MalformedError("a literal where a class must stand")
        if isinstance(node, ox.NamedNode):
            self.found.used.setdefault(("Class", node.value), triple)
            return node
        self.reached.add(node)
        said = self.by_subject[node]
        constructors = [name for name in (*BOOLEAN, _OWL + "complementOf") if name in said]
        if said.keys() & _OF_RESTRICTIONS:
            constructors.append(_OWL + "onProperty")
        self.only_one("a class expression", constructors)
        with self.within():
            for predicate in constructors:
                if predicate == _OWL + "onProperty":
                    return self.restriction(said, triple)
                value = self.value_of(said, predicate)
                return self.expression(predicate, value, triple, data=False)
        raise MalformedError("a blank node that is not a class expression")

    def only_one(self, what: str, names: Collection[str]) -> None:
        """Refuse an expression that is made in two ways: only one of them could be read."""
        if len(names) > 1:
            listed = " and ".join(name.replace(_OWL, "owl:") for name in names)
            raise MalformedError(f"{what} with {listed}: use one node for each")

    def value_of(self, said: Mapping[str, list[Term]], predicate: str) -> Term:
        """Return the only value of a property of an expression."""
        values = said.get(predicate, ())
        if len(values) != 1:
            name = predicate.replace(_OWL, "owl:")
            count = "without" if not values else "with two values of"
            raise MalformedError(f"an expression {count} {name}")
        return values[0]

    @contextmanager
    def within(self) -> Iterator[None]:
        """Go into an expression, unless it goes too far: it may contain itself."""
        self.parts += 1
        self.depth += 1
        if self.parts > _MOST_PARTS or self.depth > _DEEPEST:
            raise MalformedError("an expression that contains itself, or too many others")
        yield
        self.depth -= 1

    def expression(self, predicate: str, value: Term, triple: ox.Triple, data: bool) -> Part:
        """Return what a Boolean connective or an enumeration makes of its operands."""
        sort, inner = ("Data", self.range_) if data else ("Object", self.class_)
        if predicate in (_OWL + "complementOf", _OWL + "datatypeComplementOf"):
            return Compound(f"{sort}ComplementOf", (inner(value, triple),))
        members = self.list_(value)
        if not members:
            raise MalformedError("an empty list in a class expression or data range")
        if predicate == _OWL + "oneOf":
            return Compound(f"{sort}OneOf", tuple(self.value(one, sort) for one in members))
        parts = tuple(inner(one, triple) for one in members)
        return parts[0] if len(parts) == 1 else Compound(f"{sort}{BOOLEAN[predicate]}", parts)

    def restriction(self, said: Mapping[str, list[Term]], triple: ox.Triple) -> Part:
        """Return a restriction of a property."""
        if _OWL + "onProperties" in said:
            raise UnreadableError("restrictions on several properties (owl:onProperties)")
        on = self.value_of(said, _OWL + "onProperty")
        fillers = [name for name in said if name in FILLERS]
        self.only_one("a restriction", fillers)
        if not fillers:
            raise MalformedError("a restriction without a filler, such as owl:someValuesFrom")
        (predicate,) = fillers
        value = self.value_of(said, predicate)
        sort = self.sort(on)
        about = self.property_(on, triple, sort)
        filler = self.range_ if sort == "Data" else self.class_
        if predicate in CARDINALITY:
            return self.cardinality(said, predicate, value, sort, about, triple)
        match predicate.removeprefix(_OWL):
            case "hasValue":
                return Compound(f"{sort}HasValue", (about, self.value(value, sort)))
            case "hasSelf":
                if sort != "Object" or getattr(value, "value", "") not in ("true", "1"):
                    raise MalformedError("owl:hasSelf with another value than true")
                return Compound("ObjectHasSelf", (about,))
            case name:
                kind = sort + name[0].upper() + name[1:]
                return Compound(kind, (about, filler(value, triple)))

    def cardinality(
        self,
        said: Mapping[str, list[Term]],
        predicate: str,
        number: Term,
        sort: str,
        about: Part,
        triple: ox.Triple,
    ) -> Part:
        """Return a restriction of the number of values of a property."""
        name = predicate.replace(_OWL, "owl:")
        if not (isinstance(number, ox.Literal) and re.fullmatch("[0-9]{1,9}", number.value)):
            raise MalformedError(f"{name} with a value that is not a non-negative integer")
        wanted = _OWL + ("onDataRange" if sort == "Data" else "onClass")
        qualified = "Qualified" in predicate
        if qualified != bool(said.keys() & {_OWL + "onClass", _OWL + "onDataRange"}):
            lack = "without owl:onClass or owl:onDataRange" if qualified else "with owl:onClass"
            raise MalformedError(f"{name} {lack}")
        parts: tuple[Part, ...] = (number, about)
        if qualified:
            filler = self.range_ if sort == "Data" else self.class_
            parts = (*parts, filler(self.value_of(said, wanted), triple))
        return Compound(f"{sort}{CARDINALITY[predicate]}Cardinality", parts)

    def range_(self, node: Term, triple: ox.Triple) -> Part:
        """Return a data range."""
        if isinstance(node, ox.NamedNode):
            if node.value not in DATATYPES and "Datatype" not in self.kinds(node):
                name = node.value.replace(_XSD, "xsd:")
                raise UnreadableError(f"ranges of {name}, which is no datatype of OWL 2")
            self.found.used.setdefault(("Datatype", node.value), triple)
            return node
        if isinstance(node, ox.Literal):
            raise MalformedError("a literal where a data range must stand")
        self.reached.add(node)
        said = self.by_subject[node]
        constructors = [
            name
            for name in (*BOOLEAN, _OWL + "datatypeComplementOf", _OWL + "onDatatype")
            if name in said
        ]
        self.only_one("a data range", constructors)
        with self.within():
            for predicate in constructors:
                if predicate == _OWL + "onDatatype":
                    return self.restricted(said, triple)
                value = self.value_of(said, predicate)
                return self.expression(predicate, value, triple, data=True)
        raise MalformedError("a blank node that is not a data range")

    def restricted(self, said: Mapping[str, list[Term]], triple: ox.Triple) -> Part:
        """Return a datatype whose values are restricted by facets."""
        base = self.value_of(said, _OWL + "onDatatype")
        if not isinstance(base, ox.NamedNode):
            raise MalformedError("owl:onDatatype with another value than a datatype")
        range_ = self.range_(base, triple)
        facets: list[Part] = []
        for cell in self.list_(self.value_of(said, _OWL + "withRestrictions")):
            bounds = {} if isinstance(cell, ox.Literal) else self.by_subject.get(cell, {})
            if isinstance(cell, ox.BlankNode):
                self.reached.add(cell)
            if len(bounds) != 1:
                raise MalformedError("owl:withRestrictions with a member that is not one facet")
            (facet,) = bounds
            facets += [
                ox.NamedNode(facet),
                self.facet(base.value, facet, self.value_of(bounds, facet)),
            ]
        if not facets:
            raise MalformedError("owl:withRestrictions without facets")
        return Compound("DatatypeRestriction", (range_, *facets))

    def facet(self, base: str, facet: str, value: Term) -> ox.Literal:
        """Return the value of a facet that its datatype allows."""
        name = facet.replace(_XSD, "xsd:").replace(_RDF, "rdf:")
        if facet not in FACETS_OF.get(base, ()):
            short = base.replace(_XSD, "xsd:")
            known = f"is not a facet of {short}" if facet in FACETS else "is not a facet"
            raise MalformedError(f"{name} {known}")
        if not isinstance(value, ox.Literal):
            raise MalformedError(f"{name} with a value that is not a literal")
        own = value.datatype.value
        fits = {
            "length": own in NUMERIC and value.value.isdecimal(),
            "minLength": own in NUMERIC and value.value.isdecimal(),
            "maxLength": own in NUMERIC and value.value.isdecimal(),
            "pattern": own == _XSD + "string",
            "langRange": own == _XSD + "string",
        }.get(name.partition(":")[2], own in NUMERIC if base in NUMERIC else own == base)
        if not fits:
            raise MalformedError(f"{name} with a value of another datatype")
        return self.literal(value)

    def property_(self, node: Term, triple: ox.Triple, sort: str = "Object") -> Part:
        """Return a property expression that leads to things (``Object``) or values (``Data``)."""
        if isinstance(node, ox.Literal):
            raise MalformedError("a literal where a property must stand")
        if isinstance(node, ox.NamedNode):
            kinds = self.kinds(node)
            if not kinds & {"ObjectProperty", "DataProperty"}:
                raise UnreadableError("axioms about properties that nothing declares")
            if f"{sort}Property" not in kinds:
                raise UnreadableError("axioms that take values for things, or things for values")
            self.found.used.setdefault((f"{sort}Property", node.value), triple)
            return node
        self.reached.add(node)
        inverses = self.by_subject[node].get(_OWL + "inverseOf", ())
        if sort == "Object" and len(inverses) == 1 and isinstance(inverses[0], ox.NamedNode):
            return Compound("ObjectInverseOf", (self.property_(inverses[0], triple),))
        raise MalformedError("a blank node that is not a property expression")

    def kinds(self, node: Term) -> set[str]:
        """Return as which kinds of entity an IRI is declared or built in."""
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

    def list_(self, head: Term) -> list[Term]:
        """Return the members of a list; it must be well-formed (RDF Schema, section 5.2)."""
        members: list[Term] = []
        seen: set[Term] = set()
        while head != _NIL:
            if isinstance(head, ox.Literal) or not (said := self.by_subject.get(head, {})):
                raise MalformedError("a list that does not end with rdf:nil")
            if head in seen:
                raise MalformedError("a list that contains itself")
            seen.add(head)
            self.reached.add(head)
            firsts, rests = said.get(_RDF + "first", ()), said.get(_RDF + "rest", ())
            if len(firsts) != 1 or len(rests) > 1:
                raise MalformedError("a list node without exactly one rdf:first and rdf:rest")
            if not rests:
                raise MalformedError("a list that does not end with rdf:nil")
            members.append(firsts[0])
            head = rests[0]
        return members
