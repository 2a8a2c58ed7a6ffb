"""Axioms in plain words, names as prefixed names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import pyoxigraph as ox

from clustergraph.owl.axioms import Axiom, Compound, Part
from clustergraph.shacl.paths import show

__all__ = ["in_words"]

_BOUND: Final = {"Min": "at least", "Max": "at most", "Exact": "exactly"}


def in_words(axiom: Axiom) -> str:
    """Return an axiom as a sentence, without a full stop."""
    kind = axiom.kind
    for prefix in ("Object", "Data"):
        kind = kind.replace(prefix, "") if kind not in ("DatatypeDefinition",) else kind
    return _SENTENCES.get(kind, _other(kind))(axiom.parts)


def _other(kind: str) -> Callable[[Sequence[Part]], str]:
    return lambda parts: f"{kind}: {', '.join(map(_say, parts))}"


def _say(part: Part) -> str:
    if not isinstance(part, Compound):
        return show(part)
    kind, parts = part.kind.removeprefix("Object").removeprefix("Data"), part.parts
    if kind.endswith("Cardinality"):
        number, about, *filler = parts
        bound = _BOUND[kind.removesuffix("Cardinality")]
        count = number.value if isinstance(number, ox.Literal) else "?"
        return f"what has {bound} {count} {' '.join(map(_say, [about, *filler]))}"
    match kind:
        case "IntersectionOf":
            return "(" + " and ".join(map(_say, parts)) + ")"
        case "UnionOf":
            return "(" + " or ".join(map(_say, parts)) + ")"
        case "OneOf":
            return "one of {" + ", ".join(map(_say, parts)) + "}"
        case "ComplementOf":
            return f"what is not {_say(parts[0])}"
        case "SomeValuesFrom":
            return f"what has as {_say(parts[0])} some {_say(parts[1])}"
        case "AllValuesFrom":
            return f"what has as {_say(parts[0])} nothing but {_say(parts[1])}"
        case "HasValue":
            return f"what has {_say(parts[1])} as {_say(parts[0])}"
        case "HasSelf":
            return f"what has itself as {_say(parts[0])}"
        case "InverseOf":
            return f"the inverse of {_say(parts[0])}"
        case "PropertyChain":
            return "a chain of " + ", then ".join(map(_say, parts))
        case "typeRestriction":
            facets = zip(map(_say, parts[1::2]), map(_say, parts[2::2]), strict=True)
            return f"{_say(parts[0])} with {' and '.join(map(' '.join, facets))}"
    return f"{kind}({', '.join(map(_say, parts))})"


def _is(part: Part) -> str:
    """Return the end of a sentence that says of what class something is."""
    said = _say(part)
    if not isinstance(part, Compound):
        return f"is a {said}"
    return f"is {said.replace('what', 'something that', 1)}" if said.startswith("what ") else (
        f"is {said}"
    )  # fmt: skip


def _every(part: Part) -> str:
    """Return the beginning of a sentence about all members of a class."""
    said = _say(part)
    return f"whatever{said.removeprefix('what')}" if said.startswith("what ") else f"every {said}"


def _joined(words: Sequence[Part], last: str = "and") -> str:
    shown = [_say(part) for part in words]
    return f" {last} ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


_SENTENCES: Final[dict[str, Callable[[Sequence[Part]], str]]] = {
    "SubClassOf": lambda p: f"{_every(p[0])} {_is(p[1])}",
    "EquivalentClasses": lambda p: f"{_joined(p)} have the same members",
    "DisjointClasses": lambda p: (
        f"nothing is both {_say(p[0])} and {_say(p[1])}"
        if len(p) == 2
        else f"nothing is two of {_joined(p)}"
    ),
    "DisjointUnion": lambda p: f"every {_say(p[0])} is exactly one of {_joined(p[1:], 'or')}",
    "SubPropertyOf": lambda p: f"whatever is related by {_say(p[0])} is related by {_say(p[1])}",
    "EquivalentProperties": lambda p: f"{_joined(p)} relate the same things",
    "DisjointProperties": lambda p: f"nothing is related by two of {_joined(p)}",
    "InverseProperties": lambda p: f"{_say(p[0])} is the inverse of {_say(p[1])}",
    "PropertyDomain": lambda p: f"whatever has a {_say(p[0])} {_is(p[1])}",
    "PropertyRange": lambda p: f"whatever is a {_say(p[0])} of something {_is(p[1])}",
    "FunctionalProperty": lambda p: f"nothing has two different {_say(p[0])}",
    "InverseFunctionalProperty": lambda p: f"no two things share a {_say(p[0])}",
    "TransitiveProperty": lambda p: f"{_say(p[0])} of a {_say(p[0])} is a {_say(p[0])}",
    "SymmetricProperty": lambda p: f"{_say(p[0])} holds both ways",
    "AsymmetricProperty": lambda p: f"{_say(p[0])} never holds both ways",
    "ReflexiveProperty": lambda p: f"everything has itself as {_say(p[0])}",
    "IrreflexiveProperty": lambda p: f"nothing has itself as {_say(p[0])}",
    "ClassAssertion": lambda p: f"{_say(p[1])} {_is(p[0])}",
    "PropertyAssertion": lambda p: f"{_say(p[1])} has as {_say(p[0])} {_say(p[2])}",
    "NegativePropertyAssertion": lambda p: f"{_say(p[1])} has not as {_say(p[0])} {_say(p[2])}",
    "SameIndividual": lambda p: f"{_joined(p)} are the same thing",
    "DifferentIndividuals": lambda p: f"{_joined(p)} are different things",
    "HasKey": lambda p: (
        f"no two {_say(p[0])} share "
        + _joined([one for keys in p[1:] if isinstance(keys, Compound) for one in keys.parts])
    ),
    "DatatypeDefinition": lambda p: f"{_say(p[0])} means {_say(p[1])}",
}
