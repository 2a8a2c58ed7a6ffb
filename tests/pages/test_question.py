"""Results of ready questions as readers see them, and the list of the questions."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from clustergraph.pages import question as pages
from clustergraph.pages import words
from clustergraph.pages.outcome import Cell, Column, Outcome
from clustergraph.questions import catalogue
from clustergraph.questions.answers import named_by
from clustergraph.questions.catalogue import TOPICS, Question

Show = Callable[..., Any]
QUESTIONS = [one for one in catalogue.questions().values() if one.kind == "cq"]
READER = [one for one in QUESTIONS if "reader" in one.tags]
TEXTS = Path(words.__file__).parent / "texts" / "columns.toml"


def outcome_of(page: str) -> str:
    found = re.search(r'<p class="outcome">(.*?)</p>', page, re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]*>", " ", unescape(found[1])).split())


def test_columns_have_headers() -> None:
    """Each column that a reader sees, and each parameter, has a header in both languages."""
    known, store = tomllib.loads(TEXTS.read_text(encoding="utf-8")), ox.Store()
    for question in QUESTIONS:
        answer = store.query(question.text)
        assert isinstance(answer, ox.QuerySolutions)
        columns = [variable.value for variable in answer.variables]
        seen = [one for one in columns if named_by(one, columns) is None]
        assert [one for one in (*seen, *question.parameters) if one not in known] == [], question


@pytest.mark.parametrize("question", READER, ids=lambda one: one.name)
def test_answers_for_readers(question: Question, show_shipped: Show) -> None:
    """No cell shows an IRI or a prefixed name, no header a variable, in either language."""
    for language in ("en", "cs"):
        page = show_shipped(f"/queries/{question.name}", language).text
        cells = [unescape(re.sub(r"<[^>]*>", "", one)) for one in re.findall(r"<td.*?</td>", page)]
        assert not [one for one in cells if re.match(r"(id|cg|code|country|nuts):", one)]
        assert not [one for one in cells if re.fullmatch(r"true|false|\d{4}-\d\d-\d\d", one)]
        heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page)
        assert not [one for one in heads if re.search(r"[a-z][A-Z]", one)]
        assert re.search(r"\d+ (row|řád)", outcome_of(page))
        assert "{" not in outcome_of(page)
        assert all(f'name="{parameter}"' in page for parameter in question.parameters)


def test_there_are_about_thirty_for_readers() -> None:
    """Readers choose from about thirty questions, of which each says what was found."""
    assert 25 <= len(READER) <= 36
    assert {one.topic for one in READER} <= set(TOPICS)
    assert len([one for one in READER if one.answer and one.answer_cs]) >= 30


def test_summary_counts_different_values(show_shipped: Show) -> None:
    """The sentence counts things, not rows, with the form of the word that fits the number."""
    page = show_shipped("/queries/clusters-per-country").text
    rows = len(re.findall(r"<tr>", page)) - 1
    assert f"{rows} countries" in outcome_of(page)
    assert re.search(
        r"\d+ zemí", outcome_of(show_shipped("/queries/clusters-per-country", "cs").text)
    )


def test_summary_has_the_forms_of_both_languages() -> None:
    """One, two to four, and more are told apart; what is cut is not counted."""
    question = Question(
        "q", "cq", Path("q.rq"), "q", "", answer="{x|thing|things}", answer_cs="{x|věc|věci|věcí}"
    )

    def told(n: int, language: str, cut: bool = False) -> str:
        rows = tuple((Cell(str(number)),) for number in range(n))
        found = Outcome("solutions", (Column("x", "text"),), rows, cut=cut)
        return pages.summary(question, found, language)

    assert [told(n, "en") for n in (1, 2)] == ["1 thing", "2 things"]
    assert [told(n, "cs") for n in (1, 3, 7)] == ["1 věc", "3 věci", "7 věcí"]
    assert told(3, "en", cut=True) == told(0, "en") == ""


def test_summary_counts_columns_of_the_answer() -> None:
    """What a sentence counts is projected by the query, in both languages or in neither."""
    for question in QUESTIONS:
        assert bool(question.answer) == bool(question.answer_cs), question.name
        for column in re.findall(r"\{(\w+)\|", question.answer + question.answer_cs):
            assert f"?{column}" in question.body, question.name


def test_names_are_in_the_language_of_the_page(show_shipped: Show) -> None:
    """Countries, also those that only a text names, and bases are Czech on Czech pages."""
    assert ">Španělsko</a>" in show_shipped("/queries/clusters-per-country", "cs").text
    page = show_shipped("/queries/partners-by-country?country=DK", "cs").text
    assert "<td>Dánsko</td>" in page
    assert "<td>Denmark</td>" not in page


def test_descriptions_name_headers(show_shipped: Show) -> None:
    """A description speaks of columns and other questions as the page shows them."""
    page = show_shipped("/queries/clusters-per-country").text
    assert "“In the EU” says whether" in page
    assert f"“{catalogue.find('country-figures').summary}” lists" in page
    assert "inEu říká" not in show_shipped("/queries/clusters-per-country", "cs").text


def test_estimates_are_marked(show_shipped: Show) -> None:
    """A cell that says that a value was estimated or derived stands out."""
    page = show_shipped("/queries/partners-by-ecosystem?ecosystem=textiles").text
    assert '<span class="badge">estimated</span>' in page


def test_pictures_get_values_as_they_are(show_shipped: Show) -> None:
    """Dates and codes keep the value that plots and maps read, and plots know the columns."""
    page = show_shipped("/queries/european-strategies").text
    assert re.search(r'data-value="\d{4}-\d\d-\d\d">\d+ \w+ \d{4}<', page)
    page = show_shipped("/queries/clusters-per-country").text
    assert 'data-name="country" data-kind="country"' in page
    assert '"x": "country"' in unescape(page)
    assert 'data-value="ES"' in page


def test_lists_are_for_readers_first(show_shipped: Show) -> None:
    """Questions for readers stand by topic before the others; checks are on the page on quality."""
    page = show_shipped("/queries").text
    assert page.index("/queries/find-partners") < page.index("More for analysts")
    assert page.index("/queries/claims-by-basis") > page.index("More for analysts")
    assert "/queries/alias-in-use" not in page
    assert 'href="/quality/checks"' in page
    assert "/queries/alias-in-use" in show_shipped("/quality/checks").text
    czech = show_shipped("/queries", "cs").text
    assert "Hledání partnerů" in czech
    assert "Další pro analytiky" in czech


def test_headers_without_rows_are_those_with_rows(show_shipped: Show) -> None:
    """A table without rows has the same columns: none is there twice, as a thing and its name."""
    address = "/queries/labels-expiring?from={}-01-01&to={}-12-31"
    heads = [
        re.findall(r'<th scope="col"[^>]*>(.*?)</th>', show_shipped(address.format(*years)).text)
        for years in (("2017", "2019"), ("1950", "1951"))
    ]
    names = [[re.sub(r"<[^>]*>", "", one) for one in found] for found in heads]
    assert names[0] == names[1]
    assert len(set(names[1])) == len(names[1]) > 2
