"""The axioms of an OWL 2 ontology, read from its triples and written for reasoners.

An axiom keeps the triple that states it, so that findings about it have a position in a file. What
has no meaning for a reasoner, or what one cannot process, is left out with the reason; what is not
an axiom of OWL 2 at all is malformed. Nothing is dropped silently.

Source: OWL 2 Mapping to RDF Graphs, section 3; OWL 2 Structural Specification, for the names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

import pyoxigraph as ox

from clustergraph.owl.expressions import ExpressionReader, MalformedError, UnreadableError
from clustergraph.owl.mapping import (
    APART,
    BETWEEN_CLASSES,
    BETWEEN_INDIVIDUALS,
    BETWEEN_PROPERTIES,
    BOOLEAN,
    CHARACTERISTICS,
    DECLARATIONS,
    GROUPS,
    PARTS_OF_EXPRESSIONS,
    STRUCTURE,
)
from clustergraph.owl.structure import Axiom, Axioms, Compound, Node, Part, Term
from clustergraph.vocab import PREFIXES

__all__ = ["read"]

_RDF: Final = PREFIXES["rdf"]
_RDFS: Final = PREFIXES["rdfs"]
_OWL: Final = PREFIXES["owl"]
_XSD: Final = PREFIXES["xsd"]
_OF_NEGATIVES: Final = frozenset(
    _OWL + name
    for name in ("sourceIndividual", "assertionProperty", "targetIndividual", "targetValue")
)


def read(triples: Iterable[ox.Triple]) -> Axioms:
    """Read axioms from triples; what they declare may stand anywhere among them."""
    return _AxiomReader(triples).read()


class _AxiomReader(ExpressionReader):
    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self.triples = list(dict.fromkeys(triples))
        super().__init__(self.triples)
        for subject, said in self.by_subject.items():
            for value in said.get(_RDF + "type", ()):
                if not (isinstance(value, ox.NamedNode) and isinstance(subject, ox.NamedNode)):
                    continue
                if kind := DECLARATIONS.get(value.value):
                    self.found.kinds[subject.value].add(kind)
                elif value.value in CHARACTERISTICS:
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
                        raise MalformedError(
                            "something that is disjoint with or different from itself"
                        )
                    self.found.axioms.append(Axiom(kind, tuple(parts), triple))
            except MalformedError as reason:
                self.refuse(triple, reason)
                self.reach(triple)
            except UnreadableError as reason:
                self.found.left_out[str(reason)].append(triple)
                self.reach(triple)
        self.check_headers()
        self.check_unused_parts()
        return self.found

    def refuse(self, triple: ox.Triple, reason: MalformedError) -> None:
        self.found.left_out[str(reason)].append(triple)
        self.found.malformed.add(str(reason))

    def reach(self, triple: ox.Triple) -> None:
        """Count all nodes below a statement as used: its own fault is reported already."""
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
        predicate = ox.NamedNode(_OWL + "versionIRI")
        for subject, said in self.by_subject.items():
            for version in said.get(predicate.value, ())[1:]:
                triple = ox.Triple(subject, predicate, version)
                self.refuse(triple, MalformedError("an ontology with two version IRIs"))

    def check_unused_parts(self) -> None:
        """Report parts of expressions that belong to no axiom, once for each node."""
        referred = {
            value for said in self.by_subject.values() for values in said.values()
            for value in values if isinstance(value, ox.BlankNode)
        }  # fmt: skip
        # What refers to others comes first: their faults are consequences.
        for node, said in sorted(self.by_subject.items(), key=lambda one: one[0] in referred):
            parts = [name for name in said if name in PARTS_OF_EXPRESSIONS]
            types = {getattr(one, "value", "") for one in said.get(_RDF + "type", ())}
            if not parts or node in self.reached or isinstance(node, ox.NamedNode):
                continue
            if types & {_OWL + "Axiom", _OWL + "Annotation"}:
                continue
            name = parts[0].replace(_OWL, "owl:").replace(_RDF, "rdf:").replace(_XSD, "xsd:")
            if said.keys() & _OF_NEGATIVES:
                reason = "a negative property assertion without rdf:type"
            elif said.keys() & {_OWL + "members", _OWL + "distinctMembers"}:
                reason = "owl:members of a node without rdf:type, such as owl:AllDisjointClasses"
            else:
                reason = f"{name} of a node that no axiom refers to"
            triple = ox.Triple(node, ox.NamedNode(parts[0]), said[parts[0]][0])
            self.refuse(triple, MalformedError(reason))
            self.reach(triple)

    def axioms(self, triple: ox.Triple) -> Iterator[tuple[str, Collection[Part]]]:
        """Yield what one triple states; it may be nothing, or the rest of another's axiom."""
        subject, predicate, value = triple.subject, triple.predicate.value, triple.object
        if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
            raise UnreadableError("statements about statements")
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
                raise MalformedError("a disjoint union of fewer than two classes")
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
                raise MalformedError("a property chain of fewer than two steps")
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
                raise MalformedError("a key without properties")
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
            self.reached.add(subject)
            said = self.by_subject[subject]
            heads = [*said[_OWL + key], *said[_OWL + "distinctMembers"]]
            if len(heads) > 1:
                raise MalformedError(f"owl:{iri[len(_OWL) :]} with two lists of members")
            members = self.list_(heads[0]) if heads else []
            if len(members) < 2:
                raise MalformedError(f"owl:{iri[len(_OWL) :]} without two members")
            if kind == "DisjointClasses":
                yield kind, [self.class_(one, triple) for one in members]
            elif kind == "DifferentIndividuals":
                yield kind, [self.individual(one) for one in members]
            else:
                what = self.sort(*members)
                yield kind.format(what), [self.property_(one, triple, what) for one in members]
        elif iri == _OWL + "NegativePropertyAssertion":
            said = self.by_subject[subject]
            self.reached.add(subject)
            target = [*said[_OWL + "targetIndividual"], *said[_OWL + "targetValue"]]
            source, about = said[_OWL + "sourceIndividual"], said[_OWL + "assertionProperty"]
            if not len(target) == len(source) == len(about) == 1:
                raise MalformedError(
                    "a negative property assertion that lacks its source, property or target, or "
                    "has two of one"
                )
            what = self.sort(about[0])
            parts = (
                self.property_(about[0], triple, what),
                self.individual(source[0]),
                self.value(target[0], what),
            )
            yield f"Negative{what}PropertyAssertion", parts
        elif iri not in DECLARATIONS and iri not in STRUCTURE:
            if isinstance(value, ox.Literal):
                raise MalformedError("a literal where a class must stand")
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
            raise UnreadableError("properties that nothing declares")
        if not kinds & {"ObjectProperty", "DataProperty"}:
            self.found.annotations += 1
            return
        if isinstance(value, ox.Literal):
            if "DataProperty" not in kinds:
                raise UnreadableError("values of properties that lead to things")
            self.literal(value)
            self.found.used.setdefault(("DataProperty", predicate.value), triple)
            yield "DataPropertyAssertion", (predicate, subject, value)
            return
        if "ObjectProperty" not in kinds:
            raise UnreadableError("things as values of properties that lead to literals")
        yield "ObjectPropertyAssertion", (predicate, subject, value)
