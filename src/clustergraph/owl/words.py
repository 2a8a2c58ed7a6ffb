"""Axioms in plain words, with the labels of the ontology where it has some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import pyoxigraph as ox

from clustergraph.owl.structure import Axiom, Compound, Part
from clustergraph.shacl.paths import show

__all__ = ["in_words"]

# Parts by number; with e as the beginning of a sentence about all, with a as the end of one that
# gives a class; `all` is the list of them.
_SENTENCES: Final = {
    "SubClassOf": "{e0} {a1}",
    "EquivalentClasses": "{all} have the same members",
    "DisjointClasses": "nothing is two of {all}",
    "DisjointUnion": "every {s0} is exactly one of {others}",
    "SubPropertyOf": "whatever is related by {s0} is related by {s1}",
    "EquivalentProperties": "{all} relate the same things",
    "DisjointProperties": "nothing is related by two of {all}",
    "InverseProperties": "{s0} is the inverse of {s1}",
    "PropertyDomain": "whatever has a {s0} {a1}",
    "PropertyRange": "whatever is a {s0} of something {a1}",
    "FunctionalProperty": "nothing has two different {s0}",
    "InverseFunctionalProperty": "no two things share a {s0}",
    "TransitiveProperty": "{s0} of a {s0} is a {s0}",
    "SymmetricProperty": "{s0} holds both ways",
    "AsymmetricProperty": "{s0} never holds both ways",
    "ReflexiveProperty": "everything has itself as {s0}",
    "IrreflexiveProperty": "nothing has itself as {s0}",
    "ClassAssertion": "{s1} {a0}",
    "PropertyAssertion": "{s1} has as {s0} {s2}",
    "NegativePropertyAssertion": "{s1} has not as {s0} {s2}",
    "SameIndividual": "{all} are the same thing",
    "DifferentIndividuals": "{all} are different things",
    "DatatypeDefinition": "{s0} means {s1}",
}
_EXPRESSIONS: Final = {
    "ComplementOf": "what is not {s0}",
    "SomeValuesFrom": "what has as {s0} some {s1}",
    "AllValuesFrom": "what has as {s0} nothing but {s1}",
    "HasValue": "what has {s1} as {s0}",
    "HasSelf": "what has itself as {s0}",
    "InverseOf": "the inverse of {s0}",
    "MinCardinality": "what has at least {values}",
    "MaxCardinality": "what has at most {values}",
    "ExactCardinality": "what has exactly {values}",
    "IntersectionOf": "({both})",
    "UnionOf": "({either})",
    "OneOf": "one of {{{listed}}}",
    "PropertyChain": "a chain of {then}",
    "DatatypeRestriction": "{s0} with {facets}",
}
_NO_LABELS: Final[Mapping[str, str]] = MappingProxyType({})


def in_words(axiom: Axiom, labels: Mapping[str, str] = _NO_LABELS) -> str:
    """Return an axiom as a sentence, without a full stop.

    Args:
        axiom: what to say.
        labels: IRI → label; a name without one is shown as a prefixed name.
    """
    parts = axiom.parts
    if axiom.kind == "HasKey":
        keys = [one for key in parts[1:] if isinstance(key, Compound) for one in key.parts]
        return f"no two {_say(parts[0], labels)} share {_listed(keys, labels, 'and')}"
    if axiom.kind == "DisjointClasses" and len(parts) == 2:
        return "nothing is both {s0} and {s1}".format_map(_phrases(parts, labels))
    template = _SENTENCES.get(axiom.kind) or _SENTENCES[_plain(axiom.kind)]
    return template.format_map(_phrases(parts, labels))


def _plain(kind: str) -> str:
    return kind.replace("Object", "").replace("Data", "")


def _say(part: Part, labels: Mapping[str, str]) -> str:
    if not isinstance(part, Compound):
        label = labels.get(part.value) if isinstance(part, ox.NamedNode) else None
        return show(part) if label is None else f"'{label}'"
    template = _EXPRESSIONS.get(part.kind) or _EXPRESSIONS[_plain(part.kind)]
    return template.format_map(_phrases(part.parts, labels))


def _phrases(parts: Sequence[Part], labels: Mapping[str, str]) -> dict[str, str]:
    """Return what templates may name of the parts of an axiom or expression."""
    said = [_say(part, labels) for part in parts]
    phrases = {
        "all": _listed(parts, labels, "and"),
        "others": _listed(parts[1:], labels, "or"),
        "both": " and ".join(said),
        "either": " or ".join(said),
        "listed": ", ".join(said),
        "then": ", then ".join(said),
        "values": " ".join([getattr(parts[0], "value", ""), *said[1:]]),
        "facets": " and ".join(map(" ".join, zip(said[1::2], said[2::2], strict=False))),
    }
    for number, (part, one) in enumerate(zip(parts, said, strict=True)):
        is_what = one.startswith("what ")
        phrases[f"s{number}"] = one
        phrases[f"e{number}"] = f"whatever {one[5:]}" if is_what else f"every {one}"
        phrases[f"a{number}"] = f"is a {one}" if not isinstance(part, Compound) else (
            f"is something that {one[5:]}" if is_what else f"is {one}"
        )  # fmt: skip
    return phrases


def _listed(parts: Sequence[Part], labels: Mapping[str, str], last: str) -> str:
    """Return names as a list."""
    *others, end = [_say(part, labels) for part in parts] or [""]
    return f" {last} ".join(filter(None, [", ".join(others), end]))
