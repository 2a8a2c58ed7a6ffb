"""Axioms in plain words, with the labels of the ontology where it has some."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import pyoxigraph as ox

from clustergraph.owl.structure import Axiom, Compound, Part
from clustergraph.shacl.paths import show

__all__ = ["in_words"]

_BOUND: Final = {"Min": "at least", "Max": "at most", "Exact": "exactly"}
_NO_LABELS: Final[Mapping[str, str]] = {}


def in_words(axiom: Axiom, labels: Mapping[str, str] = _NO_LABELS) -> str:
    """Return an axiom as a sentence, without a full stop.

    Args:
        axiom: what to say.
        labels: IRI → label; a name without one is shown as a prefixed name.
    """
    kind = axiom.kind
    for prefix in ("Object", "Data"):
        kind = kind.replace(prefix, "") if kind != "DatatypeDefinition" else kind
    words = _Words(labels)
    sentence = _SENTENCES.get(kind)
    if sentence is None:
        return f"{kind}: {', '.join(map(words.say, axiom.parts))}"
    return sentence(words, axiom.parts)


class _Words:
    """Phrases for the parts of axioms."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels

    def say(self, part: Part) -> str:
        if not isinstance(part, Compound):
            label = self._labels.get(part.value) if isinstance(part, ox.NamedNode) else None
            return show(part) if label is None else f"'{label}'"
        kind, parts = part.kind.removeprefix("Object").removeprefix("Data"), part.parts
        if kind.endswith("Cardinality"):
            number, about, *filler = parts
            bound = _BOUND[kind.removesuffix("Cardinality")]
            count = number.value if isinstance(number, ox.Literal) else "?"
            return f"what has {bound} {count} {' '.join(map(self.say, [about, *filler]))}"
        match kind:
            case "IntersectionOf":
                return "(" + " and ".join(map(self.say, parts)) + ")"
            case "UnionOf":
                return "(" + " or ".join(map(self.say, parts)) + ")"
            case "OneOf":
                return "one of {" + ", ".join(map(self.say, parts)) + "}"
            case "ComplementOf":
                return f"what is not {self.say(parts[0])}"
            case "SomeValuesFrom":
                return f"what has as {self.say(parts[0])} some {self.say(parts[1])}"
            case "AllValuesFrom":
                return f"what has as {self.say(parts[0])} nothing but {self.say(parts[1])}"
            case "HasValue":
                return f"what has {self.say(parts[1])} as {self.say(parts[0])}"
            case "HasSelf":
                return f"what has itself as {self.say(parts[0])}"
            case "InverseOf":
                return f"the inverse of {self.say(parts[0])}"
            case "PropertyChain":
                return "a chain of " + ", then ".join(map(self.say, parts))
            case "typeRestriction":
                facets = zip(map(self.say, parts[1::2]), map(self.say, parts[2::2]), strict=True)
                return f"{self.say(parts[0])} with {' and '.join(map(' '.join, facets))}"
        return f"{kind}({', '.join(map(self.say, parts))})"

    def is_a(self, part: Part) -> str:
        """Return the end of a sentence that gives the class of something."""
        said = self.say(part)
        if not isinstance(part, Compound):
            return f"is a {said}"
        if said.startswith("what "):
            return f"is {said.replace('what', 'something that', 1)}"
        return f"is {said}"

    def every(self, part: Part) -> str:
        """Return the beginning of a sentence about all members of a class."""
        said = self.say(part)
        if said.startswith("what "):
            return f"whatever{said.removeprefix('what')}"
        return f"every {said}"

    def joined(self, words: Sequence[Part], last: str = "and") -> str:
        """Return names as a list."""
        shown = [self.say(part) for part in words]
        return f" {last} ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


_SENTENCES: Final[dict[str, Callable[[_Words, Sequence[Part]], str]]] = {
    "SubClassOf": lambda w, p: f"{w.every(p[0])} {w.is_a(p[1])}",
    "EquivalentClasses": lambda w, p: f"{w.joined(p)} have the same members",
    "DisjointClasses": lambda w, p: (
        f"nothing is both {w.say(p[0])} and {w.say(p[1])}"
        if len(p) == 2
        else f"nothing is two of {w.joined(p)}"
    ),
    "DisjointUnion": lambda w, p: f"every {w.say(p[0])} is exactly one of {w.joined(p[1:], 'or')}",
    "SubPropertyOf": lambda w, p: (
        f"whatever is related by {w.say(p[0])} is related by {w.say(p[1])}"
    ),
    "EquivalentProperties": lambda w, p: f"{w.joined(p)} relate the same things",
    "DisjointProperties": lambda w, p: f"nothing is related by two of {w.joined(p)}",
    "InverseProperties": lambda w, p: f"{w.say(p[0])} is the inverse of {w.say(p[1])}",
    "PropertyDomain": lambda w, p: f"whatever has a {w.say(p[0])} {w.is_a(p[1])}",
    "PropertyRange": lambda w, p: f"whatever is a {w.say(p[0])} of something {w.is_a(p[1])}",
    "FunctionalProperty": lambda w, p: f"nothing has two different {w.say(p[0])}",
    "InverseFunctionalProperty": lambda w, p: f"no two things share a {w.say(p[0])}",
    "TransitiveProperty": lambda w, p: f"{w.say(p[0])} of a {w.say(p[0])} is a {w.say(p[0])}",
    "SymmetricProperty": lambda w, p: f"{w.say(p[0])} holds both ways",
    "AsymmetricProperty": lambda w, p: f"{w.say(p[0])} never holds both ways",
    "ReflexiveProperty": lambda w, p: f"everything has itself as {w.say(p[0])}",
    "IrreflexiveProperty": lambda w, p: f"nothing has itself as {w.say(p[0])}",
    "ClassAssertion": lambda w, p: f"{w.say(p[1])} {w.is_a(p[0])}",
    "PropertyAssertion": lambda w, p: f"{w.say(p[1])} has as {w.say(p[0])} {w.say(p[2])}",
    "NegativePropertyAssertion": lambda w, p: (
        f"{w.say(p[1])} has not as {w.say(p[0])} {w.say(p[2])}"
    ),
    "SameIndividual": lambda w, p: f"{w.joined(p)} are the same thing",
    "DifferentIndividuals": lambda w, p: f"{w.joined(p)} are different things",
    "HasKey": lambda w, p: (
        f"no two {w.say(p[0])} share "
        + w.joined([one for keys in p[1:] if isinstance(keys, Compound) for one in keys.parts])
    ),
    "DatatypeDefinition": lambda w, p: f"{w.say(p[0])} means {w.say(p[1])}",
}
