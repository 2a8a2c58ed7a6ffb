"""What may be filled into the blank of a question, as the graph has it."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox

from clustergraph.quadstore import Queryable
from clustergraph.questions.parameters import Parameter, namespace
from clustergraph.spelling import collation_key

__all__ = ["Choice", "choices_of"]

# The language asked for comes first, then English, then whatever the thing is called.
_QUERY = """SELECT ?thing (MIN(?preferred) AS ?best) (MIN(?english) AS ?other) (MIN(?name) AS ?any)
WHERE {{
  ?thing a ?class .
  FILTER(isIRI(?thing) && STRSTARTS(STR(?thing), {space}))
  OPTIONAL {{ ?thing skos:prefLabel|rdfs:label ?preferred FILTER(LANG(?preferred) = {language}) }}
  OPTIONAL {{ ?thing skos:prefLabel|rdfs:label ?english FILTER(LANG(?english) = "en") }}
  OPTIONAL {{ ?thing skos:prefLabel|rdfs:label|skos:altLabel ?name }}
}}
GROUP BY ?thing"""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that may be filled in.

    Attributes:
        value: as it is written.
        label: what it is called.
    """

    value: str
    label: str


def choices_of(parameter: Parameter, engine: Queryable, language: str) -> list[Choice] | None:
    """Return the values that a parameter may have, sorted by label.

    Args:
        parameter: of a question.
        engine: holds the graph that the question is asked of.
        language: of the labels; English stands in where there is none.

    Returns:
        The values; None: it takes any value of its type.
    """
    space = namespace(parameter.type)
    if space is None:
        if parameter.type == "boolean":
            return [Choice(word, word) for word in ("true", "false")]
        return [Choice(value, value) for value in parameter.choices] or None
    found = engine.query(_QUERY.format(space=ox.Literal(space), language=ox.Literal(language)))
    assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
    choices = []
    for solution in found:
        name = solution["thing"].value.removeprefix(space)
        label = solution["best"] or solution["other"] or solution["any"]
        if name and (not parameter.choices or name in parameter.choices):
            choices.append(Choice(name, label.value if label else name))
    return sorted(choices, key=lambda one: (collation_key(one.label, language), one.value))
