"""Which profile of OWL 2 an ontology is in, and which axioms break the others.

DL is what a complete reasoner can take. Its profiles trade expressiveness for speed: EL for large
terminologies, QL for answering queries by rewriting them, RL for inference by rules.

Source: OWL 2 Structural Specification, sections 2.4, 5, 11; OWL 2 Profiles, sections 2 to 4.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, TypeAlias, get_args

import pyoxigraph as ox

from clustergraph.owl.axioms import Axiom, Axioms, Compound, Part, entities
from clustergraph.owl.datatypes import DATATYPES, EL_AND_QL, RL
from clustergraph.owl.mapping import BUILT_IN
from clustergraph.owl.restrictions import (
    Break,
    chain_of,
    compounds,
    name_of,
    reachable,
    restrictions,
    wider,
)
from clustergraph.vocab import PREFIXES, shorten

__all__ = ["PROFILES", "Break", "Profile", "breaks"]

Profile: TypeAlias = Literal["DL", "EL", "QL", "RL"]
PROFILES: Final[tuple[Profile, ...]] = get_args(Profile)

_OWL: Final = PREFIXES["owl"]
_THING: Final = ox.NamedNode(_OWL + "Thing")
_RESERVED: Final = tuple(PREFIXES[name] for name in ("owl", "rdf", "rdfs", "xsd"))


def breaks(found: Axioms, profile: Profile) -> list[Break]:
    """Return what keeps axioms out of a profile; nothing when they are in it.

    A profile is a part of DL, so that what breaks DL breaks each of them.
    """
    told = list(_dl(found))
    if profile != "DL":
        judge = {"EL": _el, "QL": _ql, "RL": _rl}[profile]
        for axiom in found.axioms:
            told += [Break(f"{reason} (not in OWL 2 {profile})", axiom.triple)
                     for reason in dict.fromkeys(judge(axiom))]  # fmt: skip
        if profile == "EL":
            told += _ranges_of_chains(found.axioms)
    return list(dict.fromkeys(told))


# --- DL --------------------------------------------------------------------------------------


def _dl(found: Axioms) -> Iterator[Break]:
    for reason, triples in found.left_out.items():
        yield from (Break(reason, triple) for triple in triples)
    for (kind, iri), triple in found.used.items():
        standard = BUILT_IN.get(iri) == kind or (kind == "Datatype" and iri in DATATYPES)
        if kind not in found.kinds.get(iri, ()) and not standard:
            yield Break(f"{shorten(iri)} is used as a {_KINDS[kind]} and not declared", triple)
    for iri, kinds in found.kinds.items():
        of_properties = sorted(kind for kind in kinds if kind.endswith("Property"))
        if len(of_properties) > 1:
            words = " and ".join(_KINDS[kind] for kind in of_properties)
            yield Break(f"{shorten(iri)} is {words} at once", _declared(iri, of_properties[0]))
        if {"Class", "Datatype"} <= kinds:
            yield Break(f"{shorten(iri)} is both a class and a datatype", _declared(iri, "Class"))
        if iri.startswith(_RESERVED) and iri not in BUILT_IN and iri not in DATATYPES:
            reason = f"{shorten(iri)} is a word of RDF or OWL itself and must not be declared"
            yield Break(reason, _declared(iri, min(kinds)))
    yield from restrictions(found.axioms)


def _declared(iri: str, kind: str) -> ox.Triple:
    """Return the statement that declares a term."""
    space, word = (
        (PREFIXES["rdfs"], kind)
        if kind == "Datatype"
        else (_OWL, kind.replace("DataP", "DatatypeP"))
    )
    type_ = ox.NamedNode(PREFIXES["rdf"] + "type")
    return ox.Triple(ox.NamedNode(iri), type_, ox.NamedNode(space + word))


_KINDS: Final = {
    "Class": "class",
    "Datatype": "datatype",
    "ObjectProperty": "object property",
    "DataProperty": "datatype property",
    "AnnotationProperty": "annotation property",
    "NamedIndividual": "individual",
}


def _ranges_of_chains(axioms: Iterable[Axiom]) -> Iterator[Break]:
    """Yield chains whose last step lacks a range that the whole has (Profiles, 2.2.6)."""
    axioms = list(axioms)
    above = wider([axiom for axiom in axioms if axiom.kind == "SubObjectPropertyOf"])
    ranges: dict[str, set[Part]] = defaultdict(set)
    for axiom in axioms:
        if axiom.kind == "ObjectPropertyRange":
            ranges[name_of(axiom.parts[0])].add(axiom.parts[1])

    def imposed(name: str) -> set[Part]:
        return {range_ for wider in reachable(name, above) for range_ in ranges[wider]}

    for axiom in axioms:
        if chain := chain_of(axiom):
            last, whole = name_of(chain.parts[-1]), name_of(axiom.parts[1])
            if imposed(whole) - imposed(last):
                yield Break(
                    f"{shorten(whole)} has a range that the last step of its chain, "
                    f"{shorten(last)}, has not (not in OWL 2 EL)",
                    axiom.triple,
                )


# --- the profiles ----------------------------------------------------------------------------

_Judge: TypeAlias = Callable[[Part], Iterator[str]]

# Data ranges that are neither a datatype nor common to several.
_MADE_RANGES: Final = frozenset(
    {"DataUnionOf", "DataComplementOf", "DataOneOf", "DatatypeRestriction"}
)

_EL_EXPRESSIONS: Final = frozenset(
    {
        *(f"Object{name}" for name in ("IntersectionOf", "SomeValuesFrom", "HasValue", "HasSelf")),
        *("ObjectOneOf", "ObjectPropertyChain", "DataSomeValuesFrom", "DataHasValue"),
        *("DataIntersectionOf", "DataOneOf", ""),
    }
)
_NOT_EL: Final = frozenset(
    {
        *("DisjointUnion", "DisjointObjectProperties", "DisjointDataProperties"),
        *("InverseObjectProperties", "IrreflexiveObjectProperty"),
        *("FunctionalObjectProperty", "InverseFunctionalObjectProperty"),
        *("SymmetricObjectProperty", "AsymmetricObjectProperty"),
    }
)
_NOT_QL: Final = frozenset(
    {
        *("DisjointUnion", "TransitiveObjectProperty", "HasKey", "SameIndividual"),
        *("FunctionalObjectProperty", "InverseFunctionalObjectProperty"),
        *("FunctionalDataProperty", "NegativeObjectPropertyAssertion"),
        "NegativeDataPropertyAssertion",
    }
)
_NOT_RL: Final = frozenset({"DisjointUnion", "ReflexiveObjectProperty"})


def _datatypes(axiom: Axiom, known: frozenset[str]) -> Iterator[str]:
    literals = [part for part in axiom.parts if isinstance(part, ox.Literal)]
    named = [literal.datatype.value for literal in literals if literal.language is None]
    if axiom.kind.startswith(("DataPropertyRange", "DatatypeDefinition")) or any(
        compound.kind.startswith("Data") for compound in compounds(axiom)
    ):
        named += [name.value for name in entities(axiom) if name.value in DATATYPES]
    yield from (f"the datatype {shorten(iri)}" for iri in named if iri not in known)


def _ranges(axiom: Axiom) -> Iterator[str]:
    """Yield the data ranges that neither QL nor RL takes."""
    for compound in compounds(axiom):
        if compound.kind in _MADE_RANGES:
            yield f"{_in_words(compound.kind)} of values"


def _anonymous(axiom: Axiom) -> Iterator[str]:
    if any(isinstance(name, ox.BlankNode) for name in entities(axiom)):
        yield "an individual without a name"


def _el(axiom: Axiom) -> Iterator[str]:
    if axiom.kind in _NOT_EL:
        yield _in_words(axiom.kind)
    for compound in compounds(axiom):
        if compound.kind not in _EL_EXPRESSIONS:
            yield _in_words(compound.kind)
        if compound.kind.endswith("OneOf") and len(compound.parts) > 1:
            yield "an enumeration of several"
    yield from _datatypes(axiom, EL_AND_QL)
    yield from _anonymous(axiom)


def _ql(axiom: Axiom) -> Iterator[str]:
    if axiom.kind in _NOT_QL or chain_of(axiom):
        yield "a property chain" if chain_of(axiom) else _in_words(axiom.kind)
    yield from _by_position(axiom, _ql_sub, _ql_super, _ql_sub)
    if axiom.kind == "ClassAssertion" and isinstance(axiom.parts[0], Compound):
        yield "a fact about an unnamed class"
    yield from _ranges(axiom)
    yield from _datatypes(axiom, EL_AND_QL)
    yield from _anonymous(axiom)


def _ql_sub(part: Part) -> Iterator[str]:
    if isinstance(part, Compound):
        if part.kind not in ("ObjectSomeValuesFrom", "DataSomeValuesFrom"):
            yield f"{_in_words(part.kind)} as a subclass"
        elif part.kind == "ObjectSomeValuesFrom" and part.parts[1] != _THING:
            yield "a restriction to some values of one class as a subclass"


def _ql_super(part: Part) -> Iterator[str]:
    if not isinstance(part, Compound):
        return
    match part.kind:
        case "ObjectIntersectionOf":
            for inner in part.parts:
                yield from _ql_super(inner)
        case "ObjectComplementOf":
            yield from _ql_sub(part.parts[0])
        case "ObjectSomeValuesFrom" if not isinstance(part.parts[1], Compound):
            return
        case "DataSomeValuesFrom":
            return
        case kind:
            yield f"{_in_words(kind)} as a superclass"


def _rl(axiom: Axiom) -> Iterator[str]:
    if axiom.kind in _NOT_RL:
        yield _in_words(axiom.kind)
    yield from _by_position(axiom, _rl_sub, _rl_super, _rl_equal)
    if axiom.kind == "ClassAssertion":
        yield from _rl_super(axiom.parts[0])
    yield from _ranges(axiom)
    yield from _datatypes(axiom, RL)


def _rl_sub(part: Part) -> Iterator[str]:
    if part == _THING:
        yield "owl:Thing as a subclass"
    if not isinstance(part, Compound):
        return
    match part.kind:
        case "ObjectIntersectionOf" | "ObjectUnionOf":
            for inner in part.parts:
                yield from _rl_sub(inner)
        case "ObjectSomeValuesFrom":
            if part.parts[1] != _THING:
                yield from _rl_sub(part.parts[1])
        case "ObjectOneOf" | "ObjectHasValue" | "DataHasValue" | "DataSomeValuesFrom":
            return
        case kind:
            yield f"{_in_words(kind)} as a subclass"


def _rl_super(part: Part) -> Iterator[str]:
    if part == _THING:
        yield "owl:Thing as a superclass"
    if not isinstance(part, Compound):
        return
    match part.kind:
        case "ObjectIntersectionOf":
            for inner in part.parts:
                yield from _rl_super(inner)
        case "ObjectComplementOf":
            yield from _rl_sub(part.parts[0])
        case "ObjectAllValuesFrom":
            yield from _rl_super(part.parts[1])
        case "DataAllValuesFrom" | "ObjectHasValue" | "DataHasValue":
            return
        case "ObjectMaxCardinality" | "DataMaxCardinality":
            number = part.parts[0]
            if not (isinstance(number, ox.Literal) and number.value in ("0", "1")):
                yield "a count of more than one"
            for filler in part.parts[2:] if part.kind.startswith("Object") else ():
                if filler != _THING:
                    yield from _rl_sub(filler)
        case kind:
            yield f"{_in_words(kind)} as a superclass"


def _rl_equal(part: Part) -> Iterator[str]:
    if part == _THING:
        yield "owl:Thing as an equal class"
    elif isinstance(part, Compound):
        if part.kind == "ObjectIntersectionOf":
            for inner in part.parts:
                yield from _rl_equal(inner)
        elif part.kind not in ("ObjectHasValue", "DataHasValue"):
            yield f"{_in_words(part.kind)} as an equal class"


def _by_position(axiom: Axiom, sub: _Judge, wide: _Judge, equal: _Judge) -> Iterator[str]:
    """Judge each class of an axiom by where it stands."""
    match axiom.kind:
        case "SubClassOf":
            yield from sub(axiom.parts[0])
            yield from wide(axiom.parts[1])
        case "EquivalentClasses":
            for part in axiom.parts:
                yield from equal(part)
        case "DisjointClasses":
            for part in axiom.parts:
                yield from sub(part)
        case "HasKey":
            yield from sub(axiom.parts[0])
        case "ObjectPropertyDomain" | "ObjectPropertyRange" | "DataPropertyDomain":
            yield from wide(axiom.parts[1])


def _in_words(kind: str) -> str:
    """Turn the name of a construct into words: ``ObjectUnionOf`` into ``a union``."""
    return _CONSTRUCTS.get(kind) or _CONSTRUCTS.get(kind.replace("Data", "Object"), kind)


_CONSTRUCTS: Final = {
    "DisjointUnion": "a disjoint union",
    "DisjointObjectProperties": "properties that exclude each other",
    "DisjointDataProperties": "properties that exclude each other",
    "InverseObjectProperties": "an inverse property",
    "ObjectInverseOf": "an inverse property",
    "FunctionalObjectProperty": "a functional property",
    "FunctionalDataProperty": "a functional property",
    "InverseFunctionalObjectProperty": "an inverse functional property",
    "SymmetricObjectProperty": "a symmetric property",
    "AsymmetricObjectProperty": "an asymmetric property",
    "IrreflexiveObjectProperty": "an irreflexive property",
    "ReflexiveObjectProperty": "a reflexive property",
    "TransitiveObjectProperty": "a transitive property",
    "HasKey": "a key",
    "SameIndividual": "two names of one thing",
    "NegativeObjectPropertyAssertion": "a negative fact",
    "NegativeDataPropertyAssertion": "a negative fact",
    "ObjectPropertyChain": "a property chain",
    "ObjectUnionOf": "a union",
    "ObjectComplementOf": "a complement",
    "ObjectIntersectionOf": "an intersection",
    "ObjectOneOf": "an enumeration",
    "ObjectSomeValuesFrom": "a restriction to some values",
    "ObjectAllValuesFrom": "a restriction to only certain values",
    "ObjectHasValue": "a restriction to one value",
    "ObjectHasSelf": "a restriction to itself",
    "ObjectMinCardinality": "a count",
    "ObjectMaxCardinality": "a count",
    "ObjectExactCardinality": "a count",
    "DatatypeRestriction": "a restricted datatype",
}
