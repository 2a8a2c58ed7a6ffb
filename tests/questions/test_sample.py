"""The questions on a small frozen graph: answers as kept, and the same in other engines.

``tools/sample.py`` makes the graph, ``tools/expect.py`` keeps the answers.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox
import pytest
import rdflib

from clustergraph.questions.catalogue import Question

TOOL: Final = Path(__file__).parents[2] / "tools" / "expect.py"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
NUMBERS: Final = {XSD + name for name in ("integer", "decimal", "float", "double")}

Row = tuple[tuple[str, ...], ...]


def _load_tool() -> Any:
    spec = importlib.util.spec_from_file_location("clustergraph_tools_expect", TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


expect: Final = _load_tool()
QUESTIONS: Final[list[Question]] = expect.kept()

each_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)


@each_question
def test_answer_is_the_kept_one(question: Question) -> None:
    """The answer on the sample is the one that was read through and kept."""
    kept = expect.answer_file(question).read_text(encoding="utf-8")
    assert expect.render(question) == kept, f"python tools/expect.py {question.name}"


@each_question
def test_sample_has_an_answer(question: Question) -> None:
    """Each question finds something in the sample, so that a kept answer tests something."""
    answer = expect.ask(question)
    assert bool(answer) if isinstance(answer, ox.QueryBoolean) else next(answer, None) is not None


def test_no_kept_answer_is_left_over() -> None:
    """Each file of answers belongs to a question."""
    files = {path.name for path in (expect.SAMPLE / "answers").iterdir()}
    assert files == {expect.answer_file(question).name for question in QUESTIONS}


@pytest.mark.filterwarnings("ignore:(Dataset|ConjunctiveGraph):DeprecationWarning")  # its own calls
@each_question
def test_rdflib_answers_the_same(question: Question) -> None:
    """The file as it stands means the same to rdflib; with the sample's parameters, if empty."""
    text = question.text if in_engine(question, question.text) else expect.bound(question)
    assert in_rdflib(text) == in_engine(question, text)


COMUNICA_DEVIATES: Final = {
    "a count of unbound values is unbound": (
        "clusters-per-ecosystem", "completeness-per-country", "contradicting-figures",
        "ecosystem-nace", "euroclusters-per-ecosystem", "institutions-by-level",
        "label-holders-per-country", "national-associations", "networks-by-countries",
        "projects", "sources-by-claims",
    ),
    "a sub-select within OPTIONAL sees the bindings around it": (
        "cluster-density-per-region", "clusters-in-country", "clusters-per-country-and-ecosystem",
        "ecosystems-lacking-in-country", "label-levels", "money-by-strategy", "observatories",
        "policy-practices-by-level", "policy-tools", "publications", "region-hierarchy",
        "regions-without-clusters",
    ),
    "MIN of texts is not the first in order": ("policy-levels",),
    "triples of CONSTRUCT come several times": ("members-as-graph",),
    "the answer differs from run to run": ("strategies-by-ecosystem",),
    "the engine fails or does not end": (
        "ended-organisations", "european-strategies", "events", "programmes-in-country",
        "strategy-to-cluster-chain",
    ),
}  # fmt: skip
"""Questions that Comunica 4 does not answer as the standard says, by what it does."""


@pytest.mark.full
def test_comunica_answers_the_same(comunica_path: str) -> None:
    """Each file means the same to Comunica, but for the known deviations of that engine."""
    left_out = {name for names in COMUNICA_DEVIATES.values() for name in names}
    asked = [question for question in QUESTIONS if question.name not in left_out]
    graph = (expect.SAMPLE / "graph.trig").read_text(encoding="utf-8")
    done = subprocess.run(
        ["node", Path(__file__).with_name("comunica.cjs")],
        input=json.dumps({"graph": graph, "queries": {one.name: one.text for one in asked}}),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NODE_PATH": comunica_path},
    )
    answers = json.loads(done.stdout)
    differing = [
        question.name
        for question in asked
        if in_engine(question, question.text)
        != Counter(tuple(map(_of_comunica, row)) for row in answers[question.name])
    ]
    assert differing == []


def in_engine(question: Question, text: str) -> Counter[Row]:
    """Return the rows that the project's engine answers, numbers by value."""
    answer = expect.ask(question, text)
    if isinstance(answer, ox.QueryBoolean):
        return Counter([((str(bool(answer)).lower(),),)])
    rows = answer if isinstance(answer, ox.QuerySolutions) else (tuple(row)[:3] for row in answer)
    return Counter(tuple(_of_engine(term) for term in row) for row in rows)


def in_rdflib(text: str) -> Counter[Row]:
    """Return the rows that rdflib answers, numbers by value."""
    answer = rdflib_sample().query(text)
    if answer.type == "ASK":
        return Counter([((str(answer.askAnswer).lower(),),)])
    rows: Any = answer if answer.type == "SELECT" else answer.graph
    return Counter(tuple(_of_rdflib(term) for term in row) for row in rows)


@cache
def rdflib_sample() -> rdflib.Dataset:
    """Return the sample in rdflib, where a pattern looks in all graphs at once."""
    logging.getLogger("rdflib").setLevel(logging.ERROR)
    dataset = rdflib.Dataset(default_union=True)
    dataset.parse(data=(expect.SAMPLE / "graph.trig").read_text(encoding="utf-8"), format="trig")
    return dataset


def _of_engine(term: object) -> tuple[str, ...]:
    if isinstance(term, ox.NamedNode):
        return (term.value,)
    if isinstance(term, ox.Literal):
        return _literal(term.value, term.datatype.value, term.language)
    assert term is None
    return ()


def _of_rdflib(term: object) -> tuple[str, ...]:
    if isinstance(term, rdflib.URIRef):
        return (str(term),)
    if isinstance(term, rdflib.Literal):
        return _literal(str(term), str(term.datatype or XSD + "string"), term.language)
    assert term is None
    return ()


def _of_comunica(term: list[str]) -> tuple[str, ...]:
    match term:
        case [text, "@", language]:
            return (text, "@", language)
        case [text, datatype]:
            return _literal(text, datatype, None)
        case _:
            return tuple(term)


def _literal(text: str, datatype: str, language: str | None) -> tuple[str, ...]:
    if language:
        return (text, "@", language)
    # Engines write the same number differently, and divide to different precision.
    return (f"{float(text):.9g}", "number") if datatype in NUMBERS else (text, datatype)
