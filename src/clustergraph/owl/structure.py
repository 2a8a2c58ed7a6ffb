"""Axioms and expressions as the OWL 2 Structural Specification names them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import pyoxigraph as ox

__all__ = ["Axiom", "Axioms", "Compound", "Node", "Part", "Term", "entities"]

Node: TypeAlias = ox.NamedNode | ox.BlankNode
Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal


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
        used: where an IRI stands as a class, a datatype or a property: (kind, IRI) → a triple.
    """

    axioms: list[Axiom] = field(default_factory=list)
    kinds: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    left_out: dict[str, list[ox.Triple]] = field(default_factory=lambda: defaultdict(list))
    malformed: set[str] = field(default_factory=set)
    annotations: int = 0
    used: dict[tuple[str, str], ox.Triple] = field(default_factory=dict)


def entities(part: Part | Axiom) -> Iterator[ox.NamedNode | ox.BlankNode]:
    """Yield the names in an axiom or expression, those of OWL and of datatypes as well."""
    if isinstance(part, Compound | Axiom):
        for inner in part.parts:
            yield from entities(inner)
    elif not isinstance(part, ox.Literal):
        yield part
