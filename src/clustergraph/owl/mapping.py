"""The words of OWL 2 in RDF, and the names that its structural specification has for them.

Source: OWL 2 Mapping to RDF Graphs, sections 3.1 and 3.2; Structural Specification, table 3.
"""

from __future__ import annotations

from typing import Final

from clustergraph.vocab import PREFIXES

__all__ = [
    "APART",
    "BETWEEN_CLASSES",
    "BETWEEN_INDIVIDUALS",
    "BETWEEN_PROPERTIES",
    "BOOLEAN",
    "BUILT_IN",
    "CARDINALITY",
    "CHARACTERISTICS",
    "DECLARATIONS",
    "FACETS",
    "FILLERS",
    "GROUPS",
    "PARTS_OF_EXPRESSIONS",
    "STRUCTURE",
]

_RDF: Final = PREFIXES["rdf"]
_RDFS: Final = PREFIXES["rdfs"]
_OWL: Final = PREFIXES["owl"]
_XSD: Final = PREFIXES["xsd"]

DECLARATIONS: Final = {
    _OWL + "Class": "Class",
    _RDFS + "Class": "Class",
    _RDFS + "Datatype": "Datatype",
    _OWL + "ObjectProperty": "ObjectProperty",
    _OWL + "DatatypeProperty": "DataProperty",
    _OWL + "AnnotationProperty": "AnnotationProperty",
    _OWL + "OntologyProperty": "AnnotationProperty",
    _OWL + "NamedIndividual": "NamedIndividual",
}
BUILT_IN: Final = {
    _OWL + "Thing": "Class",
    _OWL + "Nothing": "Class",
    _OWL + "topObjectProperty": "ObjectProperty",
    _OWL + "bottomObjectProperty": "ObjectProperty",
    _OWL + "topDataProperty": "DataProperty",
    _OWL + "bottomDataProperty": "DataProperty",
    **dict.fromkeys(
        (
            *(_RDFS + name for name in ("label", "comment", "seeAlso", "isDefinedBy")),
            *(_OWL + name for name in ("versionInfo", "versionIRI", "deprecated", "imports")),
            *(_OWL + name for name in ("priorVersion", "backwardCompatibleWith")),
            _OWL + "incompatibleWith",
        ),
        "AnnotationProperty",
    ),
}
CHARACTERISTICS: Final = {
    _OWL + name + "Property": name
    for name in (
        "Functional", "InverseFunctional", "Transitive", "Symmetric", "Asymmetric",
        "Reflexive", "Irreflexive",
    )
}  # fmt: skip
STRUCTURE: Final = {
    *(_OWL + name for name in ("Ontology", "Restriction", "Axiom", "Annotation", "DataRange")),
    _OWL + "DeprecatedClass",
    _OWL + "DeprecatedProperty",
    _RDF + "List",
    _RDF + "Property",
}
GROUPS: Final = {
    _OWL + "AllDisjointClasses": ("DisjointClasses", "members"),
    _OWL + "AllDifferent": ("DifferentIndividuals", "members"),
    _OWL + "AllDisjointProperties": ("Disjoint{}Properties", "members"),
}
BOOLEAN: Final = {
    _OWL + "intersectionOf": "IntersectionOf",
    _OWL + "unionOf": "UnionOf",
    _OWL + "oneOf": "OneOf",
}
CARDINALITY: Final = {
    _OWL + prefix.lower() + suffix if prefix else _OWL + suffix[0].lower() + suffix[1:]: prefix
    or "Exact"
    for prefix in ("Min", "Max", "")
    for suffix in ("Cardinality", "QualifiedCardinality")
}
BETWEEN_CLASSES: Final = {
    _RDFS + "subClassOf": "SubClassOf",
    _OWL + "equivalentClass": "EquivalentClasses",
    _OWL + "disjointWith": "DisjointClasses",
}
BETWEEN_PROPERTIES: Final = {
    _RDFS + "subPropertyOf": "Sub{}PropertyOf",
    _OWL + "equivalentProperty": "Equivalent{}Properties",
    _OWL + "propertyDisjointWith": "Disjoint{}Properties",
}
BETWEEN_INDIVIDUALS: Final = {
    _OWL + "sameAs": "SameIndividual",
    _OWL + "differentFrom": "DifferentIndividuals",
}
APART: Final = frozenset(
    {
        *("DisjointClasses", "DisjointObjectProperties", "DisjointDataProperties"),
        "DifferentIndividuals",
    }
)
FACETS: Final = {
    *(_XSD + bound + side for bound in ("min", "max") for side in ("Inclusive", "Exclusive")),
    *(_XSD + name for name in ("length", "minLength", "maxLength", "pattern")),
    _RDF + "langRange",
}
FILLERS: Final = {
    *(_OWL + name for name in ("someValuesFrom", "allValuesFrom", "hasValue", "hasSelf")),
    *CARDINALITY,
}
"""What a restriction demands of its property; it has exactly one of these."""
PARTS_OF_EXPRESSIONS: Final = {
    *(_RDF + name for name in ("first", "rest")),
    *CARDINALITY,
    *(_OWL + name for name in ("onProperty", "onProperties", "onClass", "onDataRange")),
    *(_OWL + name for name in ("someValuesFrom", "allValuesFrom", "hasValue", "hasSelf")),
    *(_OWL + name for name in ("members", "distinctMembers", "sourceIndividual")),
    *(_OWL + name for name in ("assertionProperty", "targetIndividual", "targetValue")),
    *(_OWL + name for name in ("annotatedSource", "annotatedProperty", "annotatedTarget")),
    *(_OWL + name for name in ("onDatatype", "withRestrictions", "datatypeComplementOf")),
    *FACETS,
}
