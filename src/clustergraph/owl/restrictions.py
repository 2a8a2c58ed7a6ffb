"""What OWL 2 DL demands of all axioms together, beyond the form of each.

Properties that follow from chains must not be counted, chains must not define each other in a
circle, datatypes are defined once and of others, and individuals without a name hang together like
trees. Without these a complete reasoner could not promise an answer.

Source: OWL 2 Structural Specification, sections 5.8.1, 11.1 and 11.2.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.owl.datatypes import DATATYPES
from clustergraph.owl.structure import Axiom, Compound, Part, entities
from clustergraph.vocab import PREFIXES, shorten

__all__ = [
    "Break",
    "chain_of",
    "compounds",
    "name_of",
    "reachable",
    "restrictions",
    "undecidable",
    "wider",
]

_OWL: Final = PREFIXES["owl"]
_TOP: Final = _OWL + "topObjectProperty"
_TOP_DATA: Final = _OWL + "topDataProperty"
# The universal and the empty property count as composite.
_ALWAYS_COMPOSITE: Final = (_TOP, _OWL + "bottomObjectProperty")
_SIMPLE: Final = frozenset(
    {
        "FunctionalObjectProperty",
        "InverseFunctionalObjectProperty",
        "IrreflexiveObjectProperty",
        "AsymmetricObjectProperty",
        "DisjointObjectProperties",
    }
)
_COUNTING: Final = (
    *(f"Object{kind}Cardinality" for kind in ("Min", "Max", "Exact")),
    "ObjectHasSelf",
)
_NAMED_ONLY: Final = frozenset(
    {
        "SameIndividual",
        "DifferentIndividuals",
        "NegativeObjectPropertyAssertion",
        "NegativeDataPropertyAssertion",
    }
)

Groups: TypeAlias = dict[ox.BlankNode, ox.BlankNode]


@dataclass(frozen=True)
class Break:
    """Why an ontology is outside a profile.

    Attributes:
        reason: in words.
        triple: the statement that breaks it.
    """

    reason: str
    triple: ox.Triple


def restrictions(axioms: Iterable[Axiom]) -> Iterator[Break]:
    """Yield what keeps axioms out of OWL 2 DL when they are looked at together."""
    axioms = list(axioms)
    yield from undecidable(axioms)
    yield from _anonymous(axioms)


def undecidable(axioms: Iterable[Axiom]) -> Iterator[Break]:
    """Yield what a complete reasoner refuses; individuals without a name can be given one."""
    axioms = list(axioms)
    yield from _universal(axioms)
    yield from _datatypes(axioms)
    yield from _complex_where_simple(axioms)
    yield from _irregular(axioms)


# --- properties ------------------------------------------------------------------------------


def _universal(axioms: Iterable[Axiom]) -> Iterator[Break]:
    """Yield uses of the universal datatype property other than above another one."""
    for axiom in axioms:
        concerned = axiom.parts[:1] if axiom.kind == "SubDataPropertyOf" else axiom.parts
        if any(iri.value == _TOP_DATA for part in concerned for iri in entities(part)):
            yield Break("owl:topDataProperty may only stand above another property", axiom.triple)


def _complex_where_simple(axioms: Iterable[Axiom]) -> Iterator[Break]:
    """Yield axioms that count or restrict a property which follows from chains of others."""
    axioms = list(axioms)
    above = wider(axioms)
    waiting = [*_ALWAYS_COMPOSITE]
    waiting += [
        name_of(axiom.parts[-1])
        for axiom in axioms
        if axiom.kind == "TransitiveObjectProperty" or chain_of(axiom)
    ]
    composite: set[str] = set()
    while waiting:
        if (property_ := waiting.pop()) not in composite:
            composite.add(property_)
            waiting += above.get(property_, ())
    for axiom in axioms:
        concerned = [name_of(part) for part in axiom.parts] if axiom.kind in _SIMPLE else []
        concerned += [
            name_of(part)
            for compound in compounds(axiom)
            if compound.kind in _COUNTING
            for part in compound.parts[:2]
            if not isinstance(part, ox.Literal)
        ]
        for property_ in dict.fromkeys(concerned):
            if property_ in composite:
                yield Break(
                    f"{shorten(property_)} follows from a chain or is transitive, and must not be "
                    "counted, functional, irreflexive, asymmetric or disjoint",
                    axiom.triple,
                )


def _irregular(axioms: Iterable[Axiom]) -> Iterator[Break]:
    """Yield chains that depend on what they define other than at one end."""
    axioms = list(axioms)
    below: dict[str, set[str]] = defaultdict(set)
    strict: list[tuple[str, str, Axiom]] = []
    for narrow, wide in _pairs(axioms):
        below[wide].add(narrow)
    for axiom in axioms:
        if (steps := chain_of(axiom)) is None or name_of(axiom.parts[1]) == _TOP:
            continue
        whole, inner = axiom.parts[1], steps.parts
        # What is defined may stand at one end, the same way round; or be the whole chain.
        if inner == (whole, whole):
            inner = ()
        elif inner[0] == whole:
            inner = inner[1:]
        elif inner[-1] == whole:
            inner = inner[:-1]
        for step in map(name_of, inner):
            below[name_of(whole)].add(step)
            strict.append((step, name_of(whole), axiom))
    for step, property_, axiom in strict:
        if property_ in reachable(step, below):
            yield Break(
                f"the chain of {shorten(property_)} contains {shorten(step)}, which depends on "
                f"{shorten(property_)} itself",
                axiom.triple,
            )


def reachable(start: str, ways: Mapping[str, Iterable[str]]) -> set[str]:
    """Return what ways lead to from a name, itself included."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        if (reached := waiting.pop()) not in seen:
            seen.add(reached)
            waiting += ways.get(reached, ())
    return seen


def _pairs(axioms: Iterable[Axiom]) -> Iterator[tuple[str, str]]:
    """Yield narrower and wider property; of equal and inverse ones, each way."""
    for axiom in axioms:
        if axiom.kind == "SubObjectPropertyOf" and chain_of(axiom) is None:
            yield name_of(axiom.parts[0]), name_of(axiom.parts[1])
        elif axiom.kind in ("EquivalentObjectProperties", "InverseObjectProperties"):
            one, other = map(name_of, axiom.parts[:2])
            yield from ((one, other), (other, one))


def wider(axioms: Iterable[Axiom]) -> dict[str, set[str]]:
    """Return for each property those directly above it; equal and inverse ones each way."""
    above: dict[str, set[str]] = defaultdict(set)
    for narrow, wide in _pairs(axioms):
        above[narrow].add(wide)
    return above


# --- datatypes and individuals ---------------------------------------------------------------


def _datatypes(axioms: Iterable[Axiom]) -> Iterator[Break]:
    """Yield datatypes that nothing defines, that are defined twice, or by themselves."""
    axioms = list(axioms)
    made_of: dict[str, set[str]] = {}
    for axiom in axioms:
        if axiom.kind != "DatatypeDefinition":
            continue
        defined = name_of(axiom.parts[0])
        if defined in made_of or defined in DATATYPES:
            yield Break(f"the datatype {shorten(defined)} is defined more than once", axiom.triple)
        made_of.setdefault(defined, set()).update(one.value for one in entities(axiom.parts[1]))
    for axiom in axioms:
        for iri in dict.fromkeys(_used_datatypes(axiom)):
            if iri not in DATATYPES and iri not in made_of:
                yield Break(f"no axiom defines the datatype {shorten(iri)}", axiom.triple)
        if axiom.kind == "DatatypeDefinition":
            defined = name_of(axiom.parts[0])
            if any(defined in reachable(part, made_of) for part in made_of[defined]):
                yield Break(f"the datatype {shorten(defined)} is defined by itself", axiom.triple)


def _used_datatypes(part: Axiom | Part) -> Iterator[str]:
    """Yield the datatypes that an axiom or an expression in it names."""
    match part:
        case Axiom(kind="DataPropertyRange" | "DatatypeDefinition", parts=(_, range_)):
            yield from _of_range(range_)
        case Compound(kind=kind, parts=(_, filler)) if kind.startswith("Data") and (
            kind.endswith("ValuesFrom")
        ):
            yield from _of_range(filler)
        case Compound(kind=kind, parts=(_, _, filler)) if kind.startswith("Data") and (
            kind.endswith("Cardinality")
        ):
            yield from _of_range(filler)
        case Axiom() | Compound():
            for inner in part.parts:
                yield from _used_datatypes(inner)


def _of_range(range_: Part) -> Iterator[str]:
    if isinstance(range_, ox.NamedNode):
        yield range_.value
    elif isinstance(range_, Compound) and range_.kind != "DataOneOf":
        # Of a restricted datatype the first part is a datatype, the others are facets.
        parts = range_.parts[:1] if range_.kind == "DatatypeRestriction" else range_.parts
        for part in parts:
            yield from _of_range(part)


def _anonymous(axioms: Iterable[Axiom]) -> Iterator[Break]:
    """Yield axioms about individuals without a name that do not hang together like trees."""
    groups: Groups = {}
    to_named: dict[ox.BlankNode, list[Axiom]] = defaultdict(list)
    for axiom in axioms:
        nameless = [part for part in axiom.parts if isinstance(part, ox.BlankNode)]
        if axiom.kind in _NAMED_ONLY and nameless:
            yield Break("individuals without a name must not be told apart or denied", axiom.triple)
        elif axiom.kind == "ObjectPropertyAssertion" and len(nameless) == 2:
            one, other = (_root(node, groups) for node in nameless)
            if one == other:
                yield Break("individuals without a name are related in a circle", axiom.triple)
            groups[one] = other
        elif nameless:
            about = to_named[nameless[0]]
            about += [axiom] if axiom.kind == "ObjectPropertyAssertion" else []
    # One node of each tree, its root, has at most one relation to what bears a name.
    trees: dict[ox.BlankNode, list[ox.BlankNode]] = defaultdict(list)
    for node in {*groups, *groups.values(), *to_named}:
        trees[_root(node, groups)].append(node)
    for nodes in trees.values():
        if all(len(to_named.get(node, ())) > 1 for node in nodes):
            first = min((to_named[node][1] for node in nodes), key=lambda axiom: str(axiom.triple))
            yield Break(
                "an individual without a name is related to several that bear one", first.triple
            )


def _root(node: ox.BlankNode, groups: Groups) -> ox.BlankNode:
    while node in groups and groups[node] != node:
        node = groups[node]
    return node


# --- parts of axioms -------------------------------------------------------------------------


def chain_of(axiom: Axiom) -> Compound | None:
    """Return the chain that an axiom puts below a property; None for any other axiom."""
    first = axiom.parts[0] if axiom.kind == "SubObjectPropertyOf" else None
    if isinstance(first, Compound) and first.kind == "ObjectPropertyChain":
        return first
    return None


def name_of(part: Part) -> str:
    """Return the IRI of a property or datatype; of an inverse, the one it is the inverse of."""
    return name_of(part.parts[0]) if isinstance(part, Compound) else part.value


def compounds(part: Axiom | Part) -> Iterator[Compound]:
    """Yield the expressions in an axiom, those within others as well."""
    if isinstance(part, Compound):
        yield part
    if isinstance(part, Compound | Axiom):
        for inner in part.parts:
            yield from compounds(inner)
