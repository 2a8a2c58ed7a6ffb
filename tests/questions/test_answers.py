"""The invariants of answers: what each finds, and that the shipped graph keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyoxigraph as ox
import pytest

from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue
from clustergraph.questions.answers import violations
from clustergraph.questions.catalogue import Question

QUESTIONS: Final = [asked for asked in catalogue.questions().values() if asked.kind == "cq"]


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: asked.name)
def test_shipped_graph_keeps_the_invariants(asked: Question, shipped: Engine) -> None:
    """Each question's answer on the shipped data has rows, none twice, each with its names."""
    answer = catalogue.ask(asked, shipped)
    assert isinstance(answer, ox.QuerySolutions)
    assert violations(asked, answer) == []


@pytest.mark.parametrize(
    ("header", "columns", "rows", "found"),
    [
        ("", "?x ?name", "(<a:1> 'One') (<a:2> 'Two')", []),
        ("", "?x ?name", "", ["there is no row"]),
        ("", "?n", "(1) (1)", ["there twice: "]),
        ("", "?x ?name", "(<a:1> UNDEF)", ["?x without ?name: <a:1>"]),
        ("", "?x ?yName ?y", "(<a:1> UNDEF <a:2>)", ["?y without ?yName: <a:2>"]),
        ("", "?x ?yName ?y", "(<a:1> UNDEF UNDEF)", []),
        ("", "?x ?name ?n", "(<a:1> 'A' 1) (<a:1> 'B' 1)", ["several rows for names: <a:1>"]),
        ("", "?x ?name ?n", "(<a:1> 'A' 1) (<a:1> 'A' 2)", []),
        ("", "?cityName ?n", "('A' 1) ('B' 1)", []),
        ("plot: {kind: bar, x: z, y: n}", "?n", "(1)", ["the plot draws ?z"]),
    ],
)
def test_violation_is_found(header: str, columns: str, rows: str, found: list[str]) -> None:
    """A broken invariant is told with its row or column, and sound rows are not."""
    text = f"SELECT {columns} {{ VALUES ({columns}) {{ {rows} }} }}"
    question = catalogue.read(f"#+ summary: x\n#+ {header}\n{text}", Path("cq/x.rq"))
    answer = ox.Store().query(text)
    assert isinstance(answer, ox.QuerySolutions)
    told = violations(question, answer)
    assert len(told) == len(found)
    assert all(line.startswith(start) for line, start in zip(told, found, strict=True))


def test_an_answer_about_today_may_be_empty() -> None:
    """Nothing may expire in the coming year: that is no mistake of the query."""
    header = "#+ summary: x\n#+ params: {d: {type: date, default: today, description: d}}\n"
    text = "SELECT ?d { VALUES ?d { UNDEF } FILTER(BOUND(?d)) }"
    question = catalogue.read(header + text, Path("cq/x.rq"))
    answer = ox.Store().query(text)
    assert isinstance(answer, ox.QuerySolutions)
    assert violations(question, answer) == []


def test_many_rows_are_cut_short() -> None:
    """Of many rows with the same fault five are shown, and the number of the others."""
    rows = " ".join(f"({number}) ({number})" for number in range(8))
    text = f"SELECT ?n {{ VALUES (?n) {{ {rows} }} }}"
    question = catalogue.read("#+ summary: x\n" + text, Path("cq/x.rq"))
    answer = ox.Store().query(text)
    assert isinstance(answer, ox.QuerySolutions)
    assert violations(question, answer)[-1] == "… and 3 more: there twice"
