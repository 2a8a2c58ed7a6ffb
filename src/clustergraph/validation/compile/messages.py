"""What is wrong, in words: the shape's own message, or one that follows from the constraint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import pyoxigraph as ox

from clustergraph.validation.compile.shapes import Constraint, Shape
from clustergraph.validation.paths import PropertyPath, Term, show

__all__ = ["default_message", "filled"]

_PLACEHOLDER: Final = re.compile(r"\{[?$](\w+)\}")
_WORDS: Final[Mapping[str, str]] = {
    "class": "{value} is not an instance of {term}.",
    "datatype": "{value} is not a well-formed {term}.",
    "nodeKind": "{value} is not of the kind {term}.",
    "minInclusive": "{value} is not at least {term}.",
    "maxInclusive": "{value} is not at most {term}.",
    "minExclusive": "{value} is not greater than {term}.",
    "maxExclusive": "{value} is not less than {term}.",
    "minLength": "{value} is shorter than {number}.",
    "maxLength": "{value} is longer than {number}.",
    "pattern": "{value} does not match the pattern {text}.",
    "languageIn": "{value} is in none of the languages {terms}.",
    "in": "{value} is not one of {terms}.",
    "minCount": "Fewer than {number} values.",
    "maxCount": "More than {number} values.",
    "hasValue": "The value {term} is missing.",
    "uniqueLang": "Two values in one language.",
    "equals": "{value} is a value of the one property, but not of both; see {term}.",
    "disjoint": "{value} is also a value of {term}.",
    "lessThan": "{value} is not less than every value of {term}.",
    "lessThanOrEquals": "{value} is greater than a value of {term}.",
    "closed": "The property does not belong here.",
    "node": "{value} does not conform to the shape {shape}.",
    "not": "{value} conforms to the shape {shape}, and must not.",
    "and": "{value} does not conform to all of the shapes.",
    "or": "{value} conforms to none of the shapes.",
    "xone": "{value} conforms to none or to more than one of the shapes.",
    "qualifiedMinCount": "Fewer than {number} values conform to the shape {shape}.",
    "qualifiedMaxCount": "More than {number} values conform to the shape {shape}.",
}


def default_message(
    constraint: Constraint, focus: Term, path: PropertyPath | None, value: Term | None
) -> ox.Literal:
    """Return a message for a shape that has none of its own."""
    text = _WORDS.get(constraint.name, "A constraint of the shape is broken.")
    shown = text.format(
        value="The node" if value is None or (value == focus and path is None) else show(value),
        term=show(constraint.terms[0]) if constraint.terms else "",
        terms=", ".join(map(show, constraint.terms)),
        number=constraint.number,
        text=constraint.text,
        shape=show(constraint.shapes[0].node) if constraint.shapes else "",
    )
    return ox.Literal(shown, language="en")


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
