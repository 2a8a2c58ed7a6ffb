"""Whether an ontology is in OWL 2 DL, which complete reasoners can process.

Beyond the form of each axiom: names are declared and of one kind, properties that follow from
chains are not counted, chains do not define each other in a circle, datatypes are defined once and
of others. What individuals without a name must not do (section 11.2) is not looked at: nothing here
depends on it, since the reasoner is given names for them.

Source: OWL 2 Structural Specification, sections 2.4, 5, 11.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import pyoxigraph as ox

from clustergraph.owl.structure import (
    BUILT_IN,
    DATATYPES,
    SORTS,
    Axiom,
    Axioms,
    Compound,
    Part,
    compounds,
    leaves,
)
from clustergraph.vocab import PREFIXES, shorten

_OWL: Final = PREFIXES["owl"]
_TOP: Final = _OWL + "topObjectProperty"
_RESERVED: Final = tuple(PREFIXES[name] for name in ("owl", "rdf", "rdfs", "xsd"))
_KINDS: Final = {
    "Class": "class",
    "Datatype": "datatype",
    "ObjectProperty": "object property",
    "DataProperty": "datatype property",
    "AnnotationProperty": "annotation property",
}
# Axioms and expressions that demand a property which follows from no chain (section 11.2).
_SIMPLE: Final = frozenset(
    (
        "FunctionalObjectProperty", "InverseFunctionalObjectProperty", "DisjointObjectProperties",
        "IrreflexiveObjectProperty", "AsymmetricObjectProperty", "ObjectHasSelf",
        "ObjectMinCardinality", "ObjectMaxCardinality", "ObjectExactCardinality",
    )
)  # fmt: skip


class Break(NamedTuple):
    """Why an ontology is outside OWL 2 DL, and the statement that breaks it."""

    reason: str
    triple: ox.Triple


def breaks(found: Axioms) -> list[Break]:
    """Return what keeps axioms out of OWL 2 DL; nothing when they are in it.

    Malformed axioms are not repeated here: `Axioms.malformed` holds them.
    """
    left_out = (
        Break(reason, triple)
        for reason, triples in found.left_out.items()
        if reason not in found.malformed
        for triple in triples
    )
    return list(dict.fromkeys((*left_out, *_names(found), *undecidable(found.axioms))))


def undecidable(axioms: Iterable[Axiom]) -> Iterator[Break]:
    """Yield what a complete reasoner refuses; individuals without a name can be given one."""
    axioms = list(axioms)
    yield from _universal(axioms)
    yield from _datatypes(axioms)
    yield from _complex_where_simple(axioms)
    yield from _irregular(axioms)


def _names(found: Axioms) -> Iterator[Break]:
    """Yield names that are not declared, or declared as what exclude each other."""
    used: dict[tuple[str, str], ox.Triple] = {}
    for axiom in found.axioms:
        for sort, name in leaves(axiom):
            if sort in SORTS and isinstance(name, ox.NamedNode):
                used.setdefault((SORTS[sort], name.value), axiom.triple)
    for (kind, iri), triple in used.items():
        standard = BUILT_IN.get(shorten(iri)) == kind or (kind == "Datatype" and iri in DATATYPES)
        if kind not in found.kinds.get(iri, ()) and not standard:
            yield Break(f"{shorten(iri)} is used as a {_KINDS[kind]} and not declared", triple)
    for iri, kinds in found.kinds.items():
        of_properties = sorted(kind for kind in kinds if kind.endswith("Property"))
        if len(of_properties) > 1:
            words = " and ".join(_KINDS[kind] for kind in of_properties)
            yield Break(f"{shorten(iri)} is {words} at once", kinds[of_properties[0]])
        if {"Class", "Datatype"} <= kinds.keys():
            yield Break(f"{shorten(iri)} is both a class and a datatype", kinds["Class"])
        if iri.startswith(_RESERVED) and shorten(iri) not in BUILT_IN and iri not in DATATYPES:
            reason = f"{shorten(iri)} is a word of RDF or OWL itself and must not be declared"
            yield Break(reason, kinds[min(kinds)])


def _universal(axioms: Iterable[Axiom]) -> Iterator[Break]:
    """Yield uses of the universal datatype property other than above another one."""
    top = ("D", ox.NamedNode(_OWL + "topDataProperty"))
    for axiom in axioms:
        found = list(leaves(axiom))
        if top in (found[:1] if axiom.kind == "SubDataPropertyOf" else found):
            yield Break("owl:topDataProperty may only stand above another property", axiom.triple)


def _complex_where_simple(axioms: list[Axiom]) -> Iterator[Break]:
    """Yield axioms that count or restrict a property which follows from chains of others."""
    above: dict[str, set[str]] = defaultdict(set)
    for narrow, wide in _below(axioms):
        above[narrow].add(wide)
    # The universal and the empty property count as composite.
    composite = {_TOP, _OWL + "bottomObjectProperty"}
    for axiom in axioms:
        if axiom.kind == "TransitiveObjectProperty" or _chain_of(axiom):
            composite |= _reachable(_name_of(axiom.parts[-1]), above)
    for axiom in axioms:
        wholes: list[Axiom | Compound] = [axiom, *compounds(axiom)]
        counted = (
            _name_of(part)
            for whole in wholes
            if whole.kind in _SIMPLE
            for part in whole.parts[: 2 if "Cardinality" in whole.kind else None]
            if not isinstance(part, ox.Literal)
        )
        for property_ in dict.fromkeys(counted):
            if property_ in composite:
                yield Break(
                    f"{shorten(property_)} follows from a chain or is transitive, and must not be "
                    "counted, functional, irreflexive, asymmetric or disjoint",
                    axiom.triple,
                )


def _irregular(axioms: list[Axiom]) -> Iterator[Break]:
    """Yield chains that depend on what they define other than at one end."""
    below: dict[str, set[str]] = defaultdict(set)
    strict: list[tuple[str, str, Axiom]] = []
    for narrow, wide in _below(axioms):
        below[wide].add(narrow)
    for axiom in axioms:
        if (steps := _chain_of(axiom)) is None or _name_of(axiom.parts[1]) == _TOP:
            continue
        whole, inner = axiom.parts[1], steps.parts
        # What is defined may stand at one end, the same way round; or be the whole chain.
        if inner == (whole, whole):
            inner = ()
        elif inner[0] == whole:
            inner = inner[1:]
        elif inner[-1] == whole:
            inner = inner[:-1]
        for step in map(_name_of, inner):
            below[_name_of(whole)].add(step)
            strict.append((step, _name_of(whole), axiom))
    for step, property_, axiom in strict:
        if property_ in _reachable(step, below):
            yield Break(
                f"the chain of {shorten(property_)} contains {shorten(step)}, which depends on "
                f"{shorten(property_)} itself",
                axiom.triple,
            )


def _reachable(start: str, ways: Mapping[str, Iterable[str]]) -> set[str]:
    """Return what ways lead to from a name, itself included."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        if (reached := waiting.pop()) not in seen:
            seen.add(reached)
            waiting += ways.get(reached, ())
    return seen


def _below(axioms: Iterable[Axiom]) -> Iterator[tuple[str, str]]:
    """Yield narrower and wider property; of equal and inverse ones, each way."""
    for axiom in axioms:
        if axiom.kind == "SubObjectPropertyOf" and _chain_of(axiom) is None:
            yield _name_of(axiom.parts[0]), _name_of(axiom.parts[1])
        elif axiom.kind in ("EquivalentObjectProperties", "InverseObjectProperties"):
            one, other = map(_name_of, axiom.parts[:2])
            yield from ((one, other), (other, one))


def _datatypes(axioms: list[Axiom]) -> Iterator[Break]:
    """Yield datatypes that nothing defines, that are defined twice, or by themselves."""
    made_of: dict[str, set[str]] = {}
    definitions = [axiom for axiom in axioms if axiom.kind == "DatatypeDefinition"]
    for axiom in definitions:
        defined = _name_of(axiom.parts[0])
        if defined in made_of or defined in DATATYPES:
            yield Break(f"the datatype {shorten(defined)} is defined more than once", axiom.triple)
        made_of.setdefault(defined, set()).update(_datatypes_in(axiom.parts[1]))
    for axiom in axioms:
        for iri in dict.fromkeys(_datatypes_in(axiom)):
            if iri not in DATATYPES and iri not in made_of:
                yield Break(f"no axiom defines the datatype {shorten(iri)}", axiom.triple)
    for axiom in definitions:
        defined = _name_of(axiom.parts[0])
        if any(defined in _reachable(part, made_of) for part in made_of[defined]):
            yield Break(f"the datatype {shorten(defined)} is defined by itself", axiom.triple)


def _datatypes_in(part: Axiom | Part) -> Iterator[str]:
    for sort, name in leaves(part, "R"):
        if sort == "R" and isinstance(name, ox.NamedNode):
            yield name.value


def _chain_of(axiom: Axiom) -> Compound | None:
    """Return the chain that an axiom puts below a property; None for any other axiom."""
    first = axiom.parts[0] if axiom.kind == "SubObjectPropertyOf" else None
    is_chain = isinstance(first, Compound) and first.kind == "ObjectPropertyChain"
    return first if is_chain and isinstance(first, Compound) else None


def _name_of(part: Part) -> str:
    """Return the IRI of a property or datatype; of an inverse, the one it is the inverse of."""
    return _name_of(part.parts[0]) if isinstance(part, Compound) else part.value
