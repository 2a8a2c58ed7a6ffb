"""Axioms and expressions as the OWL 2 Structural Specification names them.

`SIGNATURES` says of each kind what its parts are; reading, writing and looking for names go by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.vocab import PREFIXES

__all__ = [
    "BUILT_IN", "CONSTRUCTORS", "DECLARATIONS", "SIGNATURES", "SORTS", "Axiom", "Axioms",
    "Compound", "Node", "Part", "Term", "compounds", "entities", "leaves", "sorts",
]  # fmt: skip

Node: TypeAlias = ox.NamedNode | ox.BlankNode
Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal

SORTS: Final = {"C": "Class", "R": "Datatype", "P": "ObjectProperty", "D": "DataProperty"}
"""The kinds of entities that are declared, by the letters of `SIGNATURES`."""

SIGNATURES: Final = {
    kind: signature
    for signature, kinds in {
        "C": "ObjectComplementOf",
        "C*": "ObjectIntersectionOf ObjectUnionOf SubClassOf EquivalentClasses DisjointClasses "
        "DisjointUnion",
        "R": "DataComplementOf",
        "R*": "DataIntersectionOf DataUnionOf DatatypeDefinition",
        "RF*": "DatatypeRestriction",
        "I*": "ObjectOneOf SameIndividual DifferentIndividuals",
        "L*": "DataOneOf",
        "P": "ObjectInverseOf ObjectHasSelf FunctionalObjectProperty TransitiveObjectProperty "
        "InverseFunctionalObjectProperty SymmetricObjectProperty AsymmetricObjectProperty "
        "ReflexiveObjectProperty IrreflexiveObjectProperty",
        "P*": "ObjectPropertyChain ObjectKeys SubObjectPropertyOf EquivalentObjectProperties "
        "DisjointObjectProperties InverseObjectProperties",
        "D": "FunctionalDataProperty",
        "D*": "DataKeys SubDataPropertyOf EquivalentDataProperties DisjointDataProperties",
        "PC": "ObjectSomeValuesFrom ObjectAllValuesFrom ObjectPropertyDomain ObjectPropertyRange",
        "PI": "ObjectHasValue",
        "DC": "DataPropertyDomain",
        "DR": "DataSomeValuesFrom DataAllValuesFrom DataPropertyRange",
        "DL": "DataHasValue",
        "NPC": "ObjectMinCardinality ObjectMaxCardinality ObjectExactCardinality",
        "NDR": "DataMinCardinality DataMaxCardinality DataExactCardinality",
        "CI": "ClassAssertion",
        "PII": "ObjectPropertyAssertion NegativeObjectPropertyAssertion",
        "DIL": "DataPropertyAssertion NegativeDataPropertyAssertion",
        "CK*": "HasKey",
    }.items()
    for kind in kinds.split()
}
"""What the parts of each kind of axiom or expression are.

One letter for each part, an asterisk where the last may be repeated: ``I`` individual, ``L``
literal, ``N`` number, ``F`` facet and its value in turn, ``K`` properties of a key, else `SORTS`.
A cardinality may lack its last part. ``ObjectKeys`` and ``DataKeys`` are the two lists of a key.
"""

DECLARATIONS: Final = {
    **dict.fromkeys(("owl:Class", "rdfs:Class"), "Class"),
    "rdfs:Datatype": "Datatype",
    "owl:ObjectProperty": "ObjectProperty",
    "owl:DatatypeProperty": "DataProperty",
    **dict.fromkeys(("owl:AnnotationProperty", "owl:OntologyProperty"), "AnnotationProperty"),
    "owl:NamedIndividual": "NamedIndividual",
}
"""What kind of entity a class of OWL or RDF Schema declares, as prefixed names."""

CONSTRUCTORS: Final = {
    "C": {
        f"owl:{name}": f"Object{name[0].upper()}{name[1:]}"
        for name in ("intersectionOf", "unionOf", "oneOf", "complementOf")
    },
    "R": {
        **{
            f"owl:{name}": f"Data{name[0].upper()}{name[1:]}"
            for name in ("intersectionOf", "unionOf", "oneOf")
        },
        "owl:datatypeComplementOf": "DataComplementOf",
        "owl:onDatatype": "DatatypeRestriction",
    },
}
"""What makes a class expression or data range of a blank node, and which kind."""

BUILT_IN: Final = {
    **dict.fromkeys(("owl:Thing", "owl:Nothing"), "Class"),
    **dict.fromkeys(("owl:topObjectProperty", "owl:bottomObjectProperty"), "ObjectProperty"),
    **dict.fromkeys(("owl:topDataProperty", "owl:bottomDataProperty"), "DataProperty"),
    **dict.fromkeys(
        (
            *("rdfs:label", "rdfs:comment", "rdfs:seeAlso", "rdfs:isDefinedBy"),
            *("owl:versionInfo", "owl:versionIRI", "owl:deprecated", "owl:imports"),
            *("owl:priorVersion", "owl:backwardCompatibleWith", "owl:incompatibleWith"),
        ),
        "AnnotationProperty",
    ),
}
"""Entities that need no declaration (Structural Specification, section 5), as prefixed names."""


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
        malformed: those of these reasons that mean that the statement is not an axiom of OWL 2.
        annotations: how many statements are annotations, which mean nothing to a reasoner.
    """

    axioms: list[Axiom] = field(default_factory=list)
    kinds: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    left_out: dict[str, list[ox.Triple]] = field(default_factory=lambda: defaultdict(list))
    malformed: set[str] = field(default_factory=set)
    annotations: int = 0


def sorts(kind: str, count: int) -> str:
    """Return the letters of `SIGNATURES` for so many parts of an axiom or expression."""
    letters = SIGNATURES[kind].rstrip("*")
    return letters[:count].ljust(count, letters[-1])


def leaves(part: Part | Axiom, sort: str = "") -> Iterator[tuple[str, Term]]:
    """Yield the names and literals in an axiom or expression, each with its letter."""
    if isinstance(part, Compound | Axiom):
        for letter, inner in zip(sorts(part.kind, len(part.parts)), part.parts, strict=True):
            yield from leaves(inner, letter)
    else:
        yield sort, part


def compounds(part: Part | Axiom) -> Iterator[Compound]:
    """Yield the expressions in an axiom, those within others as well."""
    if isinstance(part, Compound):
        yield part
    if isinstance(part, Compound | Axiom):
        for inner in part.parts:
            yield from compounds(inner)


def entities(part: Part | Axiom) -> set[Node]:
    """Return the names in an axiom or expression that are not of a standard vocabulary."""
    standard = tuple(PREFIXES[prefix] for prefix in ("owl", "rdf", "rdfs", "xsd"))
    return {
        term
        for _, term in leaves(part)
        if isinstance(term, ox.BlankNode)
        or (isinstance(term, ox.NamedNode) and not term.value.startswith(standard))
    }
