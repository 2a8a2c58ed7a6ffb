"""The competency questions: each is well kept and answers as it was read through.

``test_questions_counted`` counts the answers again without SPARQL.
"""

from __future__ import annotations

from typing import Final

import pyoxigraph as ox
import pytest

from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue, expected
from clustergraph.questions.catalogue import Question

QUESTIONS: Final = [asked for asked in catalogue.questions().values() if asked.kind == "cq"]
EXAMPLES: Final = [asked for asked in catalogue.questions().values() if asked.kind == "examples"]

MOST_ROWS: Final = 200

each_question = pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: asked.name)


def solutions(asked: Question, engine: Engine) -> ox.QuerySolutions:
    """Return the rows that a question answers with its defaults."""
    answer = catalogue.ask(asked, engine)
    assert isinstance(answer, ox.QuerySolutions)
    return answer


# Well kept ------------------------------------------------------------------------------------


def test_there_are_enough_questions() -> None:
    """The catalogue holds the competency questions that it promises."""
    assert len(QUESTIONS) >= 75


@each_question
def test_question_is_described(asked: Question) -> None:
    """A question says what it asks, can be found by words, and fixes the order of its rows."""
    assert asked.summary
    assert len(asked.summary) <= 100
    assert not asked.summary.endswith(".")
    assert asked.tags
    assert expected.is_ordered(asked)
    assert "NOW(" not in asked.body.upper(), "the answer would change from day to day"


@pytest.mark.parametrize("asked", catalogue.questions().values(), ids=lambda asked: asked.name)
def test_question_speaks_czech(asked: Question) -> None:
    """A question says in Czech, too, what it asks, in one short line."""
    assert asked.speaks("cs")
    assert asked.summary_in("cs") != asked.summary
    assert len(asked.summary_cs) <= 100
    assert not asked.summary_cs.endswith(".")
    if asked.kind != "checks":  # whose descriptions are for those who mend the data
        assert bool(asked.description_cs) == bool(asked.description)


@each_question
def test_question_answers_as_kept(asked: Question, shipped: Engine) -> None:
    """The answer on the shipped data is the one that was read through and kept."""
    assert expected.differences(asked, catalogue.ask(asked, shipped)) == []


@each_question
def test_answer_is_of_use(asked: Question, shipped: Engine) -> None:
    """There are rows, not too many, none twice; each has a name; the plot finds its columns."""
    answer = solutions(asked, shipped)
    columns = [variable.value for variable in answer.variables]
    rows = [tuple(map(str, row)) for row in answer]
    assert 0 < len(rows) <= MOST_ROWS
    assert len(set(rows)) == len(rows), "a row is there twice"
    drawn = {str(asked.plot[key]) for key in ("x", "y", "group") if key in asked.plot}
    assert drawn <= set(columns)


@pytest.mark.parametrize(
    "asked",
    [asked for asked in QUESTIONS + EXAMPLES if any(p.optional for p in asked.parameters.values())],
    ids=lambda asked: asked.name,
)
def test_question_answers_without_its_optional_conditions(asked: Question, shipped: Engine) -> None:
    """Setting an optional parameter to "all" sets no condition, and the question still answers."""
    free = {name: ["all"] for name, parameter in asked.parameters.items() if parameter.optional}
    narrow = len(list(solutions(asked, shipped)))
    answer = catalogue.ask(asked, shipped, free)
    assert isinstance(answer, ox.QuerySolutions)
    assert len(list(answer)) >= narrow


@pytest.mark.parametrize("asked", EXAMPLES, ids=lambda asked: asked.name)
def test_example_answers(asked: Question, shipped: Engine) -> None:
    """An example that shows nothing teaches nothing."""
    answer = catalogue.ask(asked, shipped)
    assert bool(answer) if isinstance(answer, ox.QueryBoolean) else list(answer)


def test_parameters_change_the_answer(shipped: Engine) -> None:
    """A region takes in the regions inside it, and a date decides which labels hold."""

    def names(question: str, column: str, **values: str) -> set[str]:
        given = {name: [value] for name, value in values.items()}
        answer = catalogue.ask(catalogue.find(question), shipped, given)
        assert isinstance(answer, ox.QuerySolutions)
        return {row[column].value for row in answer}

    whole = names("partners-in-region", "name", region="CZ")
    part = names("partners-in-region", "name", region="CZ080")
    assert part < whole
    assert names("labels-held-at", "name", date="2016-06-30") != names(
        "labels-held-at", "name", date="2017-06-30"
    )
    assert names("labels-held-at", "levelName", date="2016-06-30", level="bronze") == {"Bronze"}
    assert names("partners-by-ecosystem", "countryName", ecosystem="health", country="AT") == {
        "Austria"
    }
