"""Shapes and constraints as objects.

Source: SHACL, sections 2 to 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import pyoxigraph as ox

from clustergraph.shacl.compile.queries import Query
from clustergraph.shacl.paths import PropertyPath, Term
from clustergraph.vocab import PREFIXES

__all__ = ["Constraint", "Node", "Shape"]

Node: TypeAlias = ox.NamedNode | ox.BlankNode


@dataclass(frozen=True, slots=True, eq=False)
class Constraint:
    """One constraint of a shape: a component with its parameters.

    Attributes:
        name: the parameter that declares it, such as ``minCount``; ``component`` for one that the
            shapes define themselves.
        component: the IRI of the constraint component.
        terms: parameters that are terms: a class, the members of ``sh:in``, a bound.
        number: a count or length.
        text: a pattern, with its flags in ``flags``.
        shapes: shapes that values are compared with.
        siblings: of a qualified shape: those that a value must not conform to as well.
        query: what a SPARQL constraint or component asks.
        node: the SPARQL constraint itself.
        messages: messages of the constraint, which take the place of the shape's.
        bindings: values of a component's parameters, by name.
    """

    name: str
    component: str
    terms: tuple[Term, ...] = ()
    number: int = 0
    text: str = ""
    flags: str = ""
    shapes: tuple[Shape, ...] = ()
    siblings: tuple[Shape, ...] = ()
    query: Query | None = None
    node: Node | None = None
    messages: tuple[ox.Literal, ...] = ()
    bindings: tuple[tuple[str, Term], ...] = ()


@dataclass(slots=True, eq=False)
class Shape:
    """A node shape, or a property shape if it has a path.

    Attributes:
        recursive: whether the shape leads to itself.
    """

    node: Node
    path: PropertyPath | None = None
    severity: str = PREFIXES["sh"] + "Violation"
    messages: tuple[ox.Literal, ...] = ()
    deactivated: bool = False
    constraints: tuple[Constraint, ...] = ()
    properties: tuple[Shape, ...] = ()
    target_classes: tuple[ox.NamedNode | ox.BlankNode, ...] = ()
    target_nodes: tuple[Term, ...] = ()
    target_subjects_of: tuple[ox.NamedNode, ...] = ()
    target_objects_of: tuple[ox.NamedNode, ...] = ()
    recursive: bool = False

    def used(self) -> Iterator[Shape]:
        """Yield the shapes that this one refers to."""
        yield from self.properties
        for constraint in self.constraints:
            yield from constraint.shapes
            yield from constraint.siblings

    def reach(self, active: bool = False) -> list[Shape]:
        """Return this shape and all that it leads to; active: past nothing that is deactivated."""
        found: dict[Shape, None] = {}
        todo = [self]
        while todo:
            shape = todo.pop()
            if shape not in found and not (active and shape.deactivated):
                found[shape] = None
                todo.extend(shape.used())
        return list(found)
