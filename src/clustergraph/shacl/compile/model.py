"""Shapes and constraints as objects, and what is wrong in words.

A message is the shape's own, or one that follows from the constraint.

Source: SHACL, sections 2 to 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.shacl.compile.queries import Query
from clustergraph.shacl.paths import PropertyPath, Term, show
from clustergraph.vocab import PREFIXES

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


_PLACEHOLDER: Final = re.compile(r"\{[?$](\w+)\}")
_WORDS: Final[Mapping[str, str]] = {
    "class": "{value} is not an instance of {of}.",
    "datatype": "{value} is not a well-formed {of}.",
    "nodeKind": "{value} is not of the kind {of}.",
    "minInclusive": "{value} is not at least {of}.",
    "maxInclusive": "{value} is not at most {of}.",
    "minExclusive": "{value} is not greater than {of}.",
    "maxExclusive": "{value} is not less than {of}.",
    "minLength": "{value} is shorter than {of}.",
    "maxLength": "{value} is longer than {of}.",
    "pattern": "{value} does not match the pattern {of}.",
    "languageIn": "{value} is in none of the languages {of}.",
    "in": "{value} is not one of {of}.",
    "minCount": "There are fewer than {of} values.",
    "maxCount": "There are more than {of} values.",
    "hasValue": "The value {of} is missing.",
    "uniqueLang": "Two values in one language.",
    "equals": "{value} is a value of the one property, but not of both; see {of}.",
    "disjoint": "{value} is also a value of {of}.",
    "lessThan": "{value} is not less than every value of {of}.",
    "lessThanOrEquals": "{value} is greater than a value of {of}.",
    "closed": "The property does not belong here.",
    "node": "{value} does not conform to the shape {of}.",
    "not": "{value} conforms to the shape {of}, and must not.",
    "and": "{value} does not conform to all of the shapes.",
    "or": "{value} conforms to none of the shapes.",
    "xone": "{value} conforms to none of the shapes, or to more than one.",
    "qualifiedMinCount": "Too few values conform to the shape {of}.",
    "qualifiedMaxCount": "Too many values conform to the shape {of}.",
}

_FEW: Final[Mapping[tuple[str, int], str]] = {
    ("minCount", 1): "A value is missing.",
    ("maxCount", 1): "There is more than one value.",
    ("maxCount", 0): "There is a value, and must be none.",
}
_MOST_PARTS: Final = 3
_DEEPEST: Final = 2
"""How much is told of a shape without a name."""


def default_message(
    constraint: Constraint,
    focus: Term,
    path: PropertyPath | None,
    value: Term | None,
) -> ox.Literal:
    """Return a message for a shape that has none of its own."""
    text = _WORDS.get(constraint.name, "A constraint of the shape is broken.")
    if constraint.number < 2:
        text = _FEW.get((constraint.name, constraint.number), text)
    if "{value}" in text:
        itself = value is None or (value == focus and path is None)
        text = text.replace("{value}", "The node" if value is None or itself else show(value))
    return ox.Literal(text.replace("{of}", _of(constraint)), language="en")


@lru_cache(maxsize=10_000)
def _of(constraint: Constraint) -> str:
    """Return what the constraint asks for, in words."""
    if constraint.shapes:
        return _shape(constraint.shapes[0])
    return constraint.text or ", ".join(map(show, constraint.terms)) or str(constraint.number)


def _shape(shape: Shape, depth: int = 0) -> str:
    """Return a shape's name; of one without a name, what it asks for."""
    if isinstance(shape.node, ox.NamedNode):
        return show(shape.node)
    parts = [f"{constraint.name} {_asked(constraint, depth)}" for constraint in shape.constraints]
    if depth < _DEEPEST:
        parts += [_shape(part, depth + 1) for part in shape.properties]
    more = ["…"] if len(parts) > _MOST_PARTS else []
    asked = ", ".join(parts[:_MOST_PARTS] + more) or "…"
    return f"({shape.path}: {asked})" if shape.path else f"({asked})"


def _asked(constraint: Constraint, depth: int) -> str:
    if constraint.query is not None:
        return "a query"
    if not constraint.shapes:
        return _of(constraint)
    if depth >= _DEEPEST:
        return "…"
    return " ".join(_shape(shape, depth + 1) for shape in constraint.shapes)


def filled(
    shape: Shape, constraint: Constraint, solution: Mapping[str, Term]
) -> tuple[ox.Literal, ...]:
    """Return the messages of a SPARQL constraint, ``{?name}`` replaced by what was found.

    A message that the query itself gives (as ``?message``) comes first, then those of the
    constraint, then those of the shape (SHACL, sections 5.3.2 and 6.3).
    """
    said = solution.get("message")
    if isinstance(said, ox.Literal):
        return (said,)
    messages = constraint.messages or shape.messages
    if not messages:
        return (default_message(constraint, solution["this"], shape.path, solution.get("value")),)
    return tuple(_fill(message, solution) for message in messages)


def _fill(message: ox.Literal, solution: Mapping[str, Term]) -> ox.Literal:
    def found(match: re.Match[str]) -> str:
        term = solution.get(match[1])
        return match[0] if term is None else term.value

    text = _PLACEHOLDER.sub(found, message.value)
    return ox.Literal(text, language=message.language) if message.language else ox.Literal(text)
