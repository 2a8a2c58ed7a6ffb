"""Pages of an answer hold each of its rows once."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph.quadstore.engine import StoreEngine
from clustergraph.questions import catalogue
from clustergraph.sparql.rewriting import Page, page_of

TEXTS = [
    "SELECT ?c WHERE { ?c a owl:Class }",
    "SELECT ?c WHERE { ?c a owl:Class } # classes",
    "SELECT ?c { ?c a owl:Class } ORDER BY DESC(?c) LIMIT 20 OFFSET 3",
    "SELECT ?c { ?c a owl:Class } ORDER BY ?c OFFSET 3 LIMIT 20",
    "SELECT ?k (COUNT(?c) AS ?n) { ?c a ?k } GROUP BY ?k HAVING (COUNT(?c) > 2)",
    "SELECT ?c { { SELECT ?c { ?c a owl:Class } ORDER BY ?c LIMIT 9 } } VALUES ?k { 1 2 }",
    "PREFIX o: <http://www.w3.org/2002/07/owl#> SELECT * { ?c a o:Class ; rdfs:label ?limit }",
]  # fmt: skip


@pytest.fixture(scope="module")
def sample() -> StoreEngine:
    """The frozen graph that the answers of questions are kept for."""
    store = ox.Store()
    store.bulk_load(path=Path(__file__).parents[1] / "sample" / "graph.trig")
    return StoreEngine(store)


def turned(engine: StoreEngine, text: str, size: int) -> tuple[list[str], list[str]]:
    """Return all rows of an answer, and those of its pages, one after the other."""
    answer = engine.query(text)
    assert isinstance(answer, ox.QuerySolutions)
    names = [variable.value for variable in answer.variables]
    whole = [str(row) for row in answer]
    pages: list[str] = []
    for number in range(1, Page(1, size).last(len(whole)) + 2):
        pages += [str(row) for row in engine.query(page_of(text, names, Page(number, size)))]  # type: ignore[union-attr]
    return whole, pages


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_pages_hold_each_row_once(sample: StoreEngine, text: str, size: int) -> None:
    """All pages together are the answer; a LIMIT and OFFSET of its own stay in force."""
    whole, pages = turned(sample, text, size)
    assert whole
    assert sorted(whole) == sorted(pages)


@pytest.mark.parametrize(
    "name", ["clusters-per-country", "find-partners", "strategy-lineage", "region-hierarchy"]
)
def test_pages_keep_the_order_of_a_question(sample: StoreEngine, name: str) -> None:
    """What a question orders comes in that order, page after page."""
    question = catalogue.find(name)
    whole, pages = turned(sample, question.bind(), 13)
    assert whole
    assert whole == pages


@pytest.mark.parametrize(("rows", "last"), [(0, 1), (1, 1), (10, 1), (11, 2), (20, 2)])
def test_last_page(rows: int, last: int) -> None:
    """The last page is the one that holds the last row."""
    assert Page(1, 10).last(rows) == last
