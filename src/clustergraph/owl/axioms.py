"""The axioms of an OWL 2 ontology, read from its triples.

An axiom keeps the triple that states it, so that findings about it have a position in a file. What
has no meaning for a reasoner, or what one cannot process, is left out with the reason; what is not
an axiom of OWL 2 at all, or could be read in two ways, is malformed. Nothing is dropped silently.

Source: OWL 2 Mapping to RDF Graphs, section 3; OWL 2 Structural Specification, for the names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

import pyoxigraph as ox

from clustergraph.owl.structure import (
    BUILT_IN,
    CONSTRUCTORS,
    DATATYPES,
    DECLARATIONS,
    FACETS,
    SIGNATURES,
    SORTS,
    Axiom,
    Axioms,
    Compound,
    Node,
    Part,
    facet_fault,
    is_well_formed,
    sorts,
)
from clustergraph.shacl.paths import Term
from clustergraph.vocab import PREFIXES, shorten

_CHARACTERISTICS: Final = {
    f"owl:{name}Property": name
    for name in (
        "Functional", "InverseFunctional", "Transitive", "Symmetric", "Asymmetric",
        "Reflexive", "Irreflexive",
    )
}  # fmt: skip
_STRUCTURE: Final = frozenset(
    (
        "owl:Ontology", "owl:Restriction", "owl:Axiom", "owl:Annotation", "owl:DataRange",
        "owl:DeprecatedClass", "owl:DeprecatedProperty", "rdf:List", "rdf:Property",
    )
)  # fmt: skip
_GROUPS: Final = {
    "owl:AllDisjointClasses": "DisjointClasses",
    "owl:AllDifferent": "DifferentIndividuals",
    "owl:AllDisjointProperties": "Disjoint{}Properties",
}
# `{}` stands for Object or Data, as the properties are.
_RELATIONS: Final = {
    "rdfs:subClassOf": "SubClassOf",
    "owl:equivalentClass": "EquivalentClasses",
    "owl:disjointWith": "DisjointClasses",
    "owl:sameAs": "SameIndividual",
    "owl:differentFrom": "DifferentIndividuals",
    "owl:inverseOf": "InverseObjectProperties",
    "rdfs:subPropertyOf": "Sub{}PropertyOf",
    "owl:equivalentProperty": "Equivalent{}Properties",
    "owl:propertyDisjointWith": "Disjoint{}Properties",
    "rdfs:domain": "{}PropertyDomain",
    "rdfs:range": "{}PropertyRange",
}
_CARDINALITY: Final = {
    **dict.fromkeys(("owl:cardinality", "owl:qualifiedCardinality"), "Exact"),
    **dict.fromkeys(("owl:minCardinality", "owl:minQualifiedCardinality"), "Min"),
    **dict.fromkeys(("owl:maxCardinality", "owl:maxQualifiedCardinality"), "Max"),
}
# What a restriction demands of its property; it has exactly one of these.
_FILLERS: Final = frozenset(
    ("owl:someValuesFrom", "owl:allValuesFrom", "owl:hasValue", "owl:hasSelf", *_CARDINALITY)
)
_QUALIFIERS: Final = frozenset(("owl:onClass", "owl:onDataRange"))
_OF_RESTRICTIONS: Final = _FILLERS | _QUALIFIERS | {"owl:onProperty", "owl:onProperties"}
_OF_NEGATIVES: Final = frozenset(
    ("owl:sourceIndividual", "owl:assertionProperty", "owl:targetIndividual", "owl:targetValue")
)
_OF_GROUPS: Final = frozenset(("owl:members", "owl:distinctMembers"))
_PARTS_OF_EXPRESSIONS: Final = frozenset(
    (
        *_OF_RESTRICTIONS, *_OF_NEGATIVES, *_OF_GROUPS, *FACETS, "rdf:first", "rdf:rest",
        "owl:annotatedSource", "owl:annotatedProperty", "owl:annotatedTarget",
        "owl:onDatatype", "owl:withRestrictions", "owl:datatypeComplementOf",
    )
)  # fmt: skip
_APART: Final = re.compile("Disjoint(Classes|(Object|Data)Properties)|DifferentIndividuals")
_WORDS: Final = {
    **dict.fromkeys("PD", "a property"),
    "C": "a class",
    "R": "a data range",
    "I": "an individual",
}
# Class expressions and data ranges in one axiom, and within each other: beyond every ontology that
# people write, and below what a hostile one would need.
_MOST_PARTS: Final = 10_000
_DEEPEST: Final = 100


class _UnreadableError(Exception):
    """A statement that no reasoner can process."""


class _MalformedError(Exception):
    """A statement that is not an axiom of OWL 2."""


def read(triples: Iterable[ox.Triple]) -> Axioms:
    """Read axioms from triples; what they declare may stand anywhere among them."""
    return _Reader(triples).read()


@lru_cache(maxsize=100_000)
def _short(term: object) -> str:
    """Return the prefixed name of an IRI; of others, nothing."""
    return shorten(term.value) if isinstance(term, ox.NamedNode) else ""


def _iri(name: str) -> ox.NamedNode:
    """Return the IRI that a prefixed name stands for."""
    prefix, _, local = name.partition(":")
    return ox.NamedNode(PREFIXES[prefix] + local)


class _Reader:
    """Reads axioms and expressions; ``reached`` are the nodes of those that an axiom refers to."""

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self.triples = list(dict.fromkeys(triples))
        self.by_subject: dict[Node, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        self.found = Axioms()
        self.parts = self.depth = 0
        self.reached: set[Node] = set()
        for triple in self.triples:
            subject, value = triple.subject, triple.object
            if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
                continue
            self.by_subject[subject][_short(triple.predicate)].append(value)
            type_ = _short(value) if _short(triple.predicate) == "rdf:type" else ""
            if isinstance(subject, ox.NamedNode):
                if kind := DECLARATIONS.get(type_):
                    self.found.kinds[subject.value].setdefault(kind, triple)
                elif type_ in _CHARACTERISTICS and type_ != "owl:FunctionalProperty":
                    self.found.kinds[subject.value].setdefault("ObjectProperty", triple)

    def read(self) -> Axioms:
        for triple in self.triples:
            self.parts = self.depth = 0
            try:
                for kind, parts in self.axioms(triple):
                    if _APART.fullmatch(kind) and len(set(parts)) < 2:
                        reason = "something that is disjoint with or different from itself"
                        raise _MalformedError(reason)
                    self.found.axioms.append(Axiom(kind, tuple(parts), triple))
            except (_UnreadableError, _MalformedError) as reason:
                self.leave_out(triple, reason)
        self.check_headers()
        self.check_unused_parts()
        return self.found

    def leave_out(self, triple: ox.Triple, reason: Exception) -> None:
        """Keep a statement from the reasoner; nodes below it count as used, its fault is told."""
        self.found.left_out[str(reason)].append(triple)
        if isinstance(reason, _MalformedError):
            self.found.malformed.add(str(reason))
        waiting: list[object] = [triple.subject, triple.object]
        seen: set[ox.BlankNode] = set()
        while waiting:
            node = waiting.pop()
            if isinstance(node, ox.BlankNode) and node not in seen:
                seen.add(node)
                waiting += [one for values in self.by_subject[node].values() for one in values]
        self.reached |= seen

    def check_headers(self) -> None:
        """Report ontologies with more than one version IRI (Structural Specification, 3.1)."""
        for subject, said in list(self.by_subject.items()):
            for version in said.get("owl:versionIRI", ())[1:]:
                triple = ox.Triple(subject, _iri("owl:versionIRI"), version)
                self.leave_out(triple, _MalformedError("an ontology with two version IRIs"))

    def check_unused_parts(self) -> None:
        """Report parts of expressions that belong to no axiom, once for each node."""
        referred = {
            value for said in self.by_subject.values() for values in said.values()
            for value in values if isinstance(value, ox.BlankNode)
        }  # fmt: skip
        # What refers to others comes first: their faults are consequences.
        for node, said in sorted(self.by_subject.items(), key=lambda one: one[0] in referred):
            parts = [name for name in said if name in _PARTS_OF_EXPRESSIONS]
            types = {_short(one) for one in said.get("rdf:type", ())}
            if not parts or node in self.reached or isinstance(node, ox.NamedNode):
                continue
            if types & {"owl:Axiom", "owl:Annotation"}:
                continue
            if said.keys() & _OF_NEGATIVES:
                reason = "a negative property assertion without rdf:type"
            elif said.keys() & _OF_GROUPS:
                reason = "owl:members of a node without rdf:type, such as owl:AllDisjointClasses"
            else:
                reason = f"{parts[0]} of a node that no axiom refers to"
            triple = ox.Triple(node, _iri(parts[0]), said[parts[0]][0])
            self.leave_out(triple, _MalformedError(reason))

    # --- axioms ------------------------------------------------------------------------------

    def axioms(self, triple: ox.Triple) -> Iterator[tuple[str, Collection[Part]]]:
        """Yield what one triple states; it may be nothing, or the rest of another's axiom."""
        subject, predicate, value = triple.subject, _short(triple.predicate), triple.object
        if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
            raise _UnreadableError("statements about statements")
        named = isinstance(subject, ox.NamedNode)
        if predicate == "rdf:type":
            yield from self.typed(subject, value)
        elif predicate == "owl:equivalentClass" and "Datatype" in self.kinds(subject):
            yield "DatatypeDefinition", (subject, self.part(value, "R"))
        elif predicate == "owl:inverseOf" and not named:
            return
        elif predicate in _RELATIONS:
            ends = predicate in ("rdfs:domain", "rdfs:range")
            what = self.sort(subject) if ends else self.sort(subject, value)
            template = _RELATIONS[predicate]
            if "{}" not in template or what != "Annotation":
                kind = template.format(what)
                yield kind, self.all_parts(kind, (subject, value))
        elif predicate == "owl:disjointUnionOf":
            if len(members := self.members(value)) < 2:
                raise _MalformedError("a disjoint union of fewer than two classes")
            yield "DisjointUnion", self.all_parts("DisjointUnion", (subject, *members))
        elif predicate in CONSTRUCTORS["C"]:
            if named:
                kind = CONSTRUCTORS["C"][predicate]
                yield "EquivalentClasses", (subject, self.expression(kind, value))
        elif predicate == "owl:propertyChainAxiom":
            steps = self.all_parts("ObjectPropertyChain", self.members(value))
            if len(steps) < 2:
                raise _MalformedError("a property chain of fewer than two steps")
            chain = Compound("ObjectPropertyChain", steps)
            yield "SubObjectPropertyOf", (chain, self.part(subject, "P"))
        elif predicate == "owl:hasKey":
            keys = [(self.sort(one), one) for one in self.members(value)]
            if all(of == "Annotation" for of, _ in keys):
                raise _MalformedError("a key without properties")
            objects, values = (
                Compound(f"{what}Keys", self.all_parts(f"{what}Keys", of_one_sort))
                for what in ("Object", "Data")
                for of_one_sort in [[one for of, one in keys if of == what]]
            )
            yield "HasKey", (self.part(subject, "C"), objects, values)
        elif predicate not in _PARTS_OF_EXPRESSIONS:
            yield from self.fact(triple.predicate, subject, value)

    def typed(self, subject: Node, value: Term) -> Iterator[tuple[str, Collection[Part]]]:
        type_ = _short(value)
        if type_ in _CHARACTERISTICS:
            what = self.sort(subject) if type_ == "owl:FunctionalProperty" else "Object"
            if what != "Annotation":
                kind = f"{_CHARACTERISTICS[type_]}{what}Property"
                yield kind, self.all_parts(kind, [subject])
        elif type_ in _GROUPS:
            self.reached.add(subject)
            said = self.by_subject[subject]
            heads = [*said["owl:members"], *said["owl:distinctMembers"]]
            if len(heads) > 1:
                raise _MalformedError(f"{type_} with two lists of members")
            members = self.members(heads[0]) if heads else []
            if len(members) < 2:
                raise _MalformedError(f"{type_} without two members")
            kind = _GROUPS[type_].format(self.sort(*members))
            if kind in SIGNATURES:
                yield kind, self.all_parts(kind, members)
        elif type_ == "owl:NegativePropertyAssertion":
            self.reached.add(subject)
            said = self.by_subject[subject]
            source, about = said["owl:sourceIndividual"], said["owl:assertionProperty"]
            target = [*said["owl:targetIndividual"], *said["owl:targetValue"]]
            if not len(target) == len(source) == len(about) == 1:
                reason = "lacks its source, property or target, or has two of one"
                raise _MalformedError(f"a negative property assertion that {reason}")
            data = self.sort(about[0]) == "Data"
            kind = f"Negative{'Data' if data else 'Object'}PropertyAssertion"
            yield kind, self.all_parts(kind, (about[0], source[0], target[0]))
        elif type_ not in DECLARATIONS and type_ not in _STRUCTURE:
            yield "ClassAssertion", (self.part(value, "C"), subject)

    def fact(
        self, predicate: ox.NamedNode, subject: Node, value: Term
    ) -> Iterator[tuple[str, Collection[Part]]]:
        kinds = self.kinds(predicate)
        if not kinds:
            raise _UnreadableError("properties that nothing declares")
        if not kinds & {"ObjectProperty", "DataProperty"}:
            self.found.annotations += 1
        elif isinstance(value, ox.Literal):
            if "DataProperty" not in kinds:
                raise _UnreadableError("values of properties that lead to things")
            yield "DataPropertyAssertion", (predicate, subject, self.part(value, "L"))
        elif "ObjectProperty" not in kinds:
            raise _UnreadableError("things as values of properties that lead to literals")
        else:
            yield "ObjectPropertyAssertion", (predicate, subject, value)

    # --- expressions -------------------------------------------------------------------------

    def all_parts(self, kind: str, nodes: Collection[Term]) -> tuple[Part, ...]:
        """Return the parts of an axiom or expression of some kind."""
        return tuple(map(self.part, nodes, sorts(kind, len(nodes))))

    def part(self, node: Term, sort: str) -> Part:
        """Return a name, a literal or an expression of a sort (see `SIGNATURES`)."""
        if isinstance(node, ox.Literal):
            if sort == "L":
                return self.literal(node)
            raise _MalformedError(f"a literal where {_WORDS[sort]} must stand")
        if sort == "L":
            raise _MalformedError("an individual where a literal must stand")
        if sort == "I":
            return node
        if isinstance(node, ox.NamedNode):
            self.check_name(node, sort)
            return node
        self.reached.add(node)
        said = self.by_subject[node]
        if sort in ("P", "D"):
            inverses = said.get("owl:inverseOf", ())
            if sort == "P" and len(inverses) == 1 and isinstance(inverses[0], ox.NamedNode):
                return Compound("ObjectInverseOf", (self.part(inverses[0], "P"),))
            raise _MalformedError("a blank node that is not a property expression")
        constructors = [name for name in CONSTRUCTORS[sort] if name in said]
        if sort == "C" and said.keys() & _OF_RESTRICTIONS:
            constructors.append("owl:onProperty")
        what = "class expression" if sort == "C" else "data range"
        _only_one(f"a {what}", constructors)
        with self.within():
            if not constructors:
                raise _MalformedError(f"a blank node that is not a {what}")
            if constructors == ["owl:onProperty"]:
                return self.restriction(said)
            if constructors == ["owl:onDatatype"]:
                return self.restricted_datatype(said)
            kind = CONSTRUCTORS[sort][constructors[0]]
            return self.expression(kind, self.value_of(said, constructors[0]))

    def literal(self, value: ox.Literal) -> ox.Literal:
        """Return a literal that its datatype allows."""
        datatype = value.datatype.value
        if value.language is None and datatype not in DATATYPES:
            reason = f"values of {shorten(datatype)}, which is no datatype of OWL 2"
            raise _UnreadableError(reason)
        if not is_well_formed(value):
            raise _UnreadableError(f"values that no {shorten(datatype)} can have")
        return value

    def check_name(self, name: ox.NamedNode, sort: str) -> None:
        """Refuse a name that is not declared as what it stands for; classes need not be."""
        kinds = self.kinds(name)
        if sort == "R" and name.value not in DATATYPES and "Datatype" not in kinds:
            reason = f"ranges of {shorten(name.value)}, which is no datatype of OWL 2"
            raise _UnreadableError(reason)
        if sort in ("P", "D") and SORTS[sort] not in kinds:
            raise _UnreadableError(
                "axioms that take values for things, or things for values"
                if kinds & {"ObjectProperty", "DataProperty"}
                else "axioms about properties that nothing declares"
            )

    def value_of(self, said: Mapping[str, list[Term]], predicate: str) -> Term:
        """Return the only value of a property of an expression."""
        values = said.get(predicate, ())
        if len(values) != 1:
            count = "without" if not values else "with two values of"
            raise _MalformedError(f"an expression {count} {predicate}")
        return values[0]

    @contextmanager
    def within(self) -> Iterator[None]:
        """Go into an expression, unless it goes too far: it may contain itself."""
        self.parts, self.depth = self.parts + 1, self.depth + 1
        if self.parts > _MOST_PARTS or self.depth > _DEEPEST:
            raise _MalformedError("an expression that contains itself, or too many others")
        yield
        self.depth -= 1

    def expression(self, kind: str, value: Term) -> Part:
        """Return what a Boolean connective or an enumeration makes of its operands."""
        if kind.endswith("ComplementOf"):
            return Compound(kind, self.all_parts(kind, [value]))
        parts = self.all_parts(kind, self.members(value))
        if not parts:
            raise _MalformedError("an empty list in a class expression or data range")
        return parts[0] if len(parts) == 1 and not kind.endswith("OneOf") else Compound(kind, parts)

    def restriction(self, said: Mapping[str, list[Term]]) -> Part:
        """Return a restriction of a property."""
        if "owl:onProperties" in said:
            raise _UnreadableError("restrictions on several properties (owl:onProperties)")
        on = self.value_of(said, "owl:onProperty")
        fillers = [name for name in said if name in _FILLERS]
        _only_one("a restriction", fillers)
        if not fillers:
            raise _MalformedError("a restriction without a filler, such as owl:someValuesFrom")
        filler, value = fillers[0], self.value_of(said, fillers[0])
        sort = "Data" if self.sort(on) == "Data" else "Object"
        if filler in _CARDINALITY:
            return self.cardinality(said, filler, value, sort, on)
        if filler == "owl:hasSelf":
            if sort != "Object" or getattr(value, "value", "") not in ("true", "1"):
                raise _MalformedError("owl:hasSelf with another value than true")
            return Compound("ObjectHasSelf", (self.part(on, "P"),))
        kind = sort + filler[4].upper() + filler[5:]
        return Compound(kind, self.all_parts(kind, (on, value)))

    def cardinality(
        self, said: Mapping[str, list[Term]], name: str, number: Term, sort: str, on: Term
    ) -> Part:
        """Return a restriction of the number of values of a property."""
        if not (isinstance(number, ox.Literal) and re.fullmatch("[0-9]{1,9}", number.value)):
            raise _MalformedError(f"{name} with a value that is not a non-negative integer")
        qualified = "qualified" in name.lower()
        if qualified != bool(said.keys() & _QUALIFIERS):
            lack = "without owl:onClass or owl:onDataRange" if qualified else "with owl:onClass"
            raise _MalformedError(f"{name} {lack}")
        kind = f"{sort}{_CARDINALITY[name]}Cardinality"
        nodes = [on]
        if qualified:
            nodes.append(
                self.value_of(said, "owl:on" + ("DataRange" if sort == "Data" else "Class"))
            )
        return Compound(kind, (number, *map(self.part, nodes, SIGNATURES[kind][1:])))

    def restricted_datatype(self, said: Mapping[str, list[Term]]) -> Part:
        """Return a datatype whose values are restricted by facets."""
        base = self.value_of(said, "owl:onDatatype")
        if not isinstance(base, ox.NamedNode):
            raise _MalformedError("owl:onDatatype with another value than a datatype")
        parts = [self.part(base, "R")]
        for cell in self.members(self.value_of(said, "owl:withRestrictions")):
            bounds = {} if isinstance(cell, ox.Literal) else self.by_subject.get(cell, {})
            if isinstance(cell, ox.BlankNode):
                self.reached.add(cell)
            if len(bounds) != 1:
                raise _MalformedError("owl:withRestrictions with a member that is not one facet")
            (facet,) = bounds
            value = self.value_of(bounds, facet)
            if fault := facet_fault(base.value, facet, value):
                raise _MalformedError(fault)
            parts += [_iri(facet), self.part(value, "L")]
        if len(parts) == 1:
            raise _MalformedError("owl:withRestrictions without facets")
        return Compound("DatatypeRestriction", tuple(parts))

    def kinds(self, node: Term) -> set[str]:
        """Return as which kinds of entity an IRI is declared or built in."""
        iri = node.value if isinstance(node, ox.NamedNode) else ""
        built_in = BUILT_IN.get(_short(node))
        return {*self.found.kinds.get(iri, ())} or ({built_in} if built_in else set())

    def sort(self, *nodes: Term) -> str:
        """Tell whether properties lead to things, to literals, or are annotations."""
        kinds = {kind for node in nodes for kind in self.kinds(node)}
        if "ObjectProperty" in kinds or any(isinstance(node, ox.BlankNode) for node in nodes):
            return "Object"
        if "DataProperty" in kinds:
            return "Data"
        return "Annotation" if "AnnotationProperty" in kinds else "Object"

    def members(self, head: Term) -> list[Term]:
        """Return the members of a list; it must be well-formed (RDF Schema, section 5.2)."""
        members: list[Term] = []
        seen: set[Term] = set()
        while _short(head) != "rdf:nil":
            said = {} if isinstance(head, ox.Literal) else self.by_subject.get(head, {})
            firsts, rests = said.get("rdf:first", ()), said.get("rdf:rest", ())
            if head in seen:
                raise _MalformedError("a list that contains itself")
            if not said or (len(firsts) == 1 and not rests):
                raise _MalformedError("a list that does not end with rdf:nil")
            if len(firsts) != 1 or len(rests) != 1:
                raise _MalformedError("a list node without exactly one rdf:first and rdf:rest")
            seen.add(head)
            members += firsts
            (head,) = rests
        self.reached |= {node for node in seen if not isinstance(node, ox.Literal)}
        return members


def _only_one(what: str, names: Collection[str]) -> None:
    if len(names) > 1:  # only one of them could be read
        raise _MalformedError(f"{what} with {' and '.join(names)}: use one node for each")
