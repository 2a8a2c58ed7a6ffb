"""Find: the index, what it tolerates, facets and their counts, the files."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest

from clustergraph import spelling
from clustergraph.pages import gather
from clustergraph.pages.gather import FACETS
from clustergraph.pages.index import Index, Selection
from clustergraph.quadstore import Engine, build

Show = Callable[..., Any]


@pytest.fixture(scope="module")
def small_index(little: Engine) -> Index:
    """The index of the little graph, in memory."""
    database = sqlite3.connect(":memory:")
    gather.build(little, database)
    return Index(database)


def names(found: Index, words: str, **chosen: list[str]) -> list[str]:
    """Return the names of what is found, the best first."""
    found.search(Selection(words, chosen))
    return [row["name"] for row in found.page("en", 0, -1, bool(words))]


@pytest.mark.parametrize(
    ("words", "best"),
    [
        ("Łódź", "Łódź Media Cluster"),
        ("lodz", "Łódź Media Cluster"),
        ("ALPHA", "Alpha Textile Cluster"),
        ("alfa klastr", "Alpha Textile Cluster"),
        ("alp", "Alpha Textile Cluster"),
        ("aplha", "Alpha Textile Cluster"),
        ("textiel cluster", "Alpha Textile Cluster"),
        ("klastry", "Alpha Textile Cluster"),
        ("brno", "Alpha Textile Cluster"),
        ("jihomoravsky", "Jihomoravský kraj"),
        ("česko textil", "Alpha Textile Cluster"),
        ("spokes", "Hub & Spokes"),
    ],
)
def test_search_tolerates(small_index: Index, words: str, best: str) -> None:
    """Accents, case, beginnings of words, typing errors and endings do not keep from finding."""
    assert names(small_index, words)[0] == best


def test_what_is_looked_for_instead_is_told(small_index: Index) -> None:
    """A word that is nowhere is told with the one that stands for it; a known one is not."""
    found = small_index.search(Selection("aplha cluster"))
    assert found.instead == {"aplha": "alpha"}
    assert small_index.search(Selection("xqzvw")).total == 0


def test_some_words_will_do(small_index: Index) -> None:
    """Where nothing has all the words, what has some is found, and that is told."""
    found = names(small_index, "alpha media")
    assert {"Alpha Textile Cluster", "Łódź Media Cluster"} <= set(found)
    assert small_index.search(Selection("alpha media")).partly
    assert not small_index.search(Selection("alpha cluster")).partly


@pytest.mark.parametrize("words", ['"', "a* OR b", "name:alpha", "(", "NEAR(a b)", "'; DROP", "\0"])
def test_words_are_no_query_language(small_index: Index, words: str) -> None:
    """Signs that the full-text engine gives a meaning to have none here."""
    assert small_index.search(Selection(words)).total >= 0


def test_counts_are_those_of_the_results(small_index: Index) -> None:
    """Each value of each facet, once chosen, has as many results as it said."""
    for facet in FACETS:
        small_index.search(Selection())
        options, number = small_index.options(facet, (), 1000, "en")
        assert len(options) == number
        for option in options:
            found = small_index.search(Selection("", {facet: [option.value]}))
            assert found.total == option.count, (facet, option)


def test_values_of_a_facet_widen_and_facets_narrow(small_index: Index) -> None:
    """Several values of one facet are alternatives; several facets all have to fit."""
    both = names(small_index, "", country=["CZ", "PL"], kind=["ClusterOrganisation"])
    assert sorted(both) == ["Alpha Textile Cluster", "Łódź Media Cluster"]
    assert names(small_index, "", country=["PL"], ecosystem=["textiles"]) == []
    small_index.search(Selection("", {"country": ["PL"], "kind": ["ClusterOrganisation"]}))
    countries, _ = small_index.options("country", ["PL"], 10, "en")
    assert {(one.value, one.count, one.chosen) for one in countries} == {
        ("CZ", 1, False),
        ("PL", 1, True),
    }


def test_regions_hold_those_below_them(small_index: Index) -> None:
    """A thing is found by its region and by those that this one is part of."""
    for code in ("CZ064", "CZ06"):
        assert "Alpha Textile Cluster" in names(small_index, "", region=[code])


def test_years_by_decade_and_range(small_index: Index) -> None:
    """Years are offered by decade; an address may name a year or any range."""
    small_index.search(Selection())
    decades, _ = small_index.options("year", (), 10, "en")
    assert [(one.value, one.count) for one in decades] == [
        ("2010-2019", 1), ("2000-2009", 1), ("1990-1999", 1),
    ]  # fmt: skip
    assert names(small_index, "", year=["2006"]) == ["Alpha Textile Cluster"]
    assert names(small_index, "", year=["1998-2001"]) == ["Łódź Media Cluster"]


def test_unused_codes_and_records_are_not_found(small_index: Index) -> None:
    """What nothing refers to, and what only says something of other things, is left out."""
    every = names(small_index, "")
    assert "Unused" not in every
    assert "Media" in every
    assert not [name for name in every if name in ("Brno", "")]


def test_the_address_holds_the_selection(show: Show) -> None:
    """Links to values of facets keep the words, the view and what is chosen."""
    page = show("/find?q=cluster&country=CZ&view=table")
    narrower = [one for one in page.links if "ecosystem=textiles" in one]
    assert narrower
    for part in ("q=cluster", "country=CZ", "view=table"):
        assert part in narrower[0]
    assert "1 result" in show(narrower[0]).text


@pytest.mark.parametrize("view", ["list", "table", "map"])
def test_views_show_the_same_selection(show: Show, view: str) -> None:
    """List, table and map are of the same results, and show names as text, not as markup."""
    page = show(f"/find?country=CZ&country=PL&kind=ClusterOrganisation&view={view}").text
    assert "2 results" in page
    assert "<script>alert" not in page
    if view == "map":
        assert "<circle" in page
        assert "Poland: 1" in page
    else:
        assert "Łódź Media Cluster" in page


def test_pages_of_results(show: Show) -> None:
    """Results come by pages, each leading to the next; a page behind the last is the last."""
    page = show("/find?kind=University")
    assert "1 to 30 of 130" in page.text
    (following,) = [one for one in page.links if "page=2" in one]
    assert "31 to 60 of 130" in show(following).text
    assert "121 to 130 of 130" in show("/find?kind=University&page=99").text


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=1e9", "view=x", "q=" + "x" * 400])
def test_wrong_addresses_are_refused(show: Show, query: str) -> None:
    """What the address asks for and there is not is refused, with what there is."""
    assert show(f"/find?{query}").status == 400


@pytest.mark.parametrize("query", ["country=XX", "kind=<script>", "year=abc-", "region='"])
def test_unknown_values_find_nothing(show: Show, query: str) -> None:
    """A value that there is not finds nothing, and can be taken back."""
    page = show(f"/find?{query}")
    assert "0 results" in page.text
    assert "<script>" not in page.text
    assert "/find" in page.links


def rows(show: Show, form: str, query: str) -> Any:
    response = show(f"/find.{form}?{query}")
    assert response.status == 200
    assert f".{form}" in response.head["content-disposition"]
    return response.body


def test_files_hold_the_whole_selection(show: Show) -> None:
    """CSV, JSON and XLSX hold the same rows: all of the selection, not a page of it."""
    query = "country=CZ&kind=ClusterOrganisation"
    table = list(csv.DictReader(io.StringIO(rows(show, "csv", query).decode())))
    assert [row["name"] for row in table] == ["Alpha Textile Cluster"]
    assert table[0]["regions"] == "Jihovýchod; Jihomoravský kraj"
    assert table[0]["year"] == "2006; 2016"
    (entry,) = json.loads(rows(show, "json", query))
    assert entry["ecosystems"] == ["Textiles"]
    assert entry["latitude"] == 49.2
    book = openpyxl.load_workbook(io.BytesIO(rows(show, "xlsx", query)), read_only=True)
    first, second = list(book.worksheets[0].iter_rows(values_only=True))
    book.close()
    assert list(first) == list(table[0])
    assert second[1] == "Alpha Textile Cluster"
    assert len(json.loads(rows(show, "json", "kind=University"))) == 130


def test_the_query_says_the_same(show_shipped: Show, shipped: Engine) -> None:
    """The query that the page offers finds what the facets found."""
    page = show_shipped("/find?country=CZ&ecosystem=textiles&kind=ClusterOrganisation")
    (link,) = [one for one in page.links if one.startswith("/query?")]
    (query,) = parse_qs(urlsplit(link).query)["query"]
    found = {row["thing"].value for row in shipped.query(query)}  # type: ignore[union-attr, misc]
    listed = json.loads(
        rows(show_shipped, "json", "country=CZ&ecosystem=textiles&kind=ClusterOrganisation")
    )
    assert found == {row["iri"] for row in listed}
    assert found


@pytest.mark.parametrize("view", ["list", "table"])
def test_organisations_that_ended_are_marked(show_shipped: Show, view: str) -> None:
    """A result that no longer exists says when it ended, and others do not."""
    page = show_shipped(f"/find?q=optitec&view={view}").text
    assert "ended 1 January 2024" in page
    assert "ended " not in show_shipped(f"/find?q=clutex&view={view}").text


@pytest.mark.parametrize("query", ["q=Gold+label+holders+in+Spain", "label=gold&country=ES"])
def test_labels_are_not_shown_as_current(show_shipped: Show, query: str) -> None:
    """Holders of a label are those to whom it was ever awarded, which is said with a way on."""
    page = show_shipped(f"/find?{query}").text
    assert "label awarded: Gold" in page
    assert "may have expired" in page
    assert "/queries/labels-held-at?level=gold&amp;" in page
    assert "may have expired" not in show_shipped("/find?country=ES").text


def test_one_file_a_generation(little: Engine, show_from: Callable[..., Show]) -> None:
    """Workers share one index, which is kept with the store."""
    for _ in range(2):
        assert show_from(little, 101)("/find").status == 200
    assert len(list(little.directory.glob("kept/000101-*.search-*"))) == 1


def test_without_a_place_to_write_it_works_all_the_same(
    little: Engine, show_from: Callable[..., Show], tmp_path: Path
) -> None:
    """Where nothing can be written, each worker keeps an index of its own."""
    build(tmp_path / "store", lambda: little.store)
    (tmp_path / "store" / "kept").write_text("no directory")
    assert "Łódź" in show_from(Engine(tmp_path / "store"), 1)("/find?q=lodz").text


@pytest.mark.parametrize(
    ("written", "folded"),
    [("Łódź", "lodz"), ("Straße", "strasse"), ("Ålesund", "alesund"), ("İzmir", "izmir")],
)
def test_folding(written: str, folded: str) -> None:
    """Accents, case and letters that only look like one with an accent are evened out."""
    assert spelling.fold(written) == folded
