"""The competency questions and examples: each is described, in two languages, and answers.

``test_sample`` holds their answers on a frozen graph, ``test_answers`` what holds of every
answer, and ``test_counted`` counts answers again from the tables, without SPARQL.
"""

from __future__ import annotations

from typing import Final

import pyoxigraph as ox
import pytest

from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue
from clustergraph.questions.catalogue import Question
from clustergraph.sparql.lexer import CLOSERS, OPENERS, tokens
from clustergraph.vocab import PREFIXES

QUESTIONS: Final = [asked for asked in catalogue.questions().values() if asked.kind == "cq"]
EXAMPLES: Final = [asked for asked in catalogue.questions().values() if asked.kind == "examples"]

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
    assert is_ordered(asked)


@pytest.mark.parametrize("asked", catalogue.questions().values(), ids=lambda asked: asked.name)
def test_query_file_declares_its_prefixes(asked: Question) -> None:
    """A file declares the prefixes that it uses, and no others, each as everywhere else."""
    declared = {}
    used = set()
    found = [token for token in tokens(asked.text) if token.kind != "comment"]
    for index, token in enumerate(found):
        if token.is_word("PREFIX"):
            declared[found[index + 1].text] = found[index + 2].text[1:-1]
        elif token.kind == "name" and not (index and found[index - 1].is_word("PREFIX")):
            used.add(token.text.partition(":")[0] + ":")
    assert set(declared) == used
    for prefix, namespace in declared.items():
        own = namespace.rstrip("/").rpartition("/")[2]
        assert PREFIXES.get(prefix[:-1], namespace) == namespace
        assert prefix[:-1] in PREFIXES or prefix[:-1] in (own, "vann")


@pytest.mark.parametrize("asked", catalogue.questions().values(), ids=lambda asked: asked.name)
def test_question_speaks_czech(asked: Question) -> None:
    """A question says in Czech, too, what it asks, in one short line."""
    assert asked.speaks("cs")
    assert asked.summary_in("cs") != asked.summary
    assert len(asked.summary_cs) <= 100
    assert not asked.summary_cs.endswith(".")
    if asked.kind != "checks":  # whose descriptions are for those who mend the data
        assert bool(asked.description_cs) == bool(asked.description)
    for parameter in asked.parameters.values():
        assert parameter.description_cs


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
    """A region includes the regions inside it, and a date decides which labels are held."""

    def cells(question: str, column: str, **values: str) -> set[str]:
        given = {name: [value] for name, value in values.items()}
        answer = catalogue.ask(catalogue.find(question), shipped, given)
        assert isinstance(answer, ox.QuerySolutions)
        return {row[column].value for row in answer if row[column] is not None}

    whole = cells("partners-in-region", "name", region="CZ")
    part = cells("partners-in-region", "name", region="CZ080")
    assert part < whole
    held = {"status": "held", "assumedYears": "2"}
    before = cells("labels-held-at", "award", date="2013-06-30", **held)
    after = cells("labels-held-at", "award", date="2017-06-30", **held)
    assert before != after
    assert cells("labels-held-at", "status", date="2017-06-30", **held) == {"held"}
    assert not cells("labels-held-at", "award", date="1990-01-01", status="held")
    assert cells("partners-by-ecosystem", "countryName", ecosystem="health", country="AT") == {
        "Austria"
    }


def test_questions_are_sorted_by_topic() -> None:
    """The first tag of a question is its topic; about thirty are marked for readers."""
    assert {asked.topic for asked in QUESTIONS} == set(catalogue.TOPICS)
    assert 25 <= sum("reader" in asked.tags for asked in QUESTIONS) <= 40


def is_ordered(asked: Question) -> bool:
    """Return whether the question itself, not only a sub-select, orders its rows."""
    depth = 0
    for token in tokens(asked.text):
        if token.kind == "sign":
            depth += (token.text in OPENERS) - (token.text in CLOSERS)
        elif depth == 0 and token.is_word("ORDER"):
            return True
    return False
