"""What the words of a search are understood as, in English and Czech."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from clustergraph.pages import gather
from clustergraph.pages.index import Index, Selection
from clustergraph.pages.understanding import Vocabulary, alike, stem
from clustergraph.quadstore import Engine

ORGANISATION = "kind=ClusterOrganisation"
SEARCHES = [
    ("textilní klastry na Slovensku", "textiles", ORGANISATION, "country=SK"),
    ("Textile clusters in Slovakia", "textiles", ORGANISATION, "country=SK"),
    ("Gold label holders in Spain", "label=gold", "country=ES"),
    ("držitelé zlaté značky ve Španělsku", "label=gold", "country=ES"),
    ("silver label Lithuania", "label=silver", "country=LT"),
    ("clusters in Bavaria", ORGANISATION, "region=DE2"),
    ("klastry v Bavorsku", ORGANISATION, "region=DE2"),
    ("bavorské klastry", ORGANISATION, "region=DE2"),
    ("automotive clusters in Germany", "automotive", ORGANISATION, "country=DE"),
    ("automobilové klastry v Německu", "automotive", ORGANISATION, "country=DE"),
    ("klastry v Česku", ORGANISATION, "country=CZ"),
    ("klastry v České republice", ORGANISATION, "country=CZ"),
    ("české klastry", ORGANISATION, "country=CZ"),
    ("Czech clusters", ORGANISATION, "country=CZ"),
    ("klastry ve Spojeném království", ORGANISATION, "country=GB"),
    ("klastry ve Velké Británii", ORGANISATION, "country=GB"),
    ("klastry v Itálii", ORGANISATION, "country=IT"),
    ("klastry ve Francii", ORGANISATION, "country=FR"),
    ("francouzské letecké klastry", "country=FR", "aerospace", ORGANISATION),
    ("Slovenian clusters", ORGANISATION, "country=SI"),
    ("Slovinsko", "country=SI"),
    ("slovenské klastry", ORGANISATION, "country=SK"),
    ("klastry v Moravskoslezském kraji", ORGANISATION, "region=CZ08"),
    ("klastry v Katalánsku", ORGANISATION, "region=ES51"),
    ("Lombardy", "region=ITC4"),
    ("ICT clusters in Romania", "digital", ORGANISATION, "country=RO"),
    ("strojírenské klastry", "machinery", ORGANISATION),
    ("zdravotnické klastry v Polsku", "health", ORGANISATION, "country=PL"),
    ("energetické klastry v Rakousku", "energy", ORGANISATION, "country=AT"),
    ("stavební klastry", "construction", ORGANISATION),
    ("Dutch food clusters", "country=NL", "food", ORGANISATION),
    ("Horizon 2020", "programme=h2020"),
    ("funding programmes", "kind=FundingProgramme"),
    ("univerzity v Praze", "kind=University", "region=CZ010"),
    ("evropská partnerství klastrů v Řecku", "country=GR"),
]


@pytest.fixture(scope="module")
def whole(shipped: Engine) -> Index:
    """The index of the shipped graph, in memory."""
    database = sqlite3.connect(":memory:")
    gather.build(shipped, database)
    return Index(database)


@pytest.mark.parametrize(("text", "expected"), [(text, rest) for text, *rest in SEARCHES])
def test_words_are_understood(whole: Index, text: str, expected: list[str]) -> None:
    """Each word of these searches is a filter, whatever its grammatical form."""
    told = [
        " ".join(f"{facet}={value}" for facet, value in one.values)
        for one in whole.search(Selection(text)).meaning.filters
    ]
    for wanted in expected:
        assert any(wanted in one for one in told), told
    assert len(told) == len(expected) or "evropská" in text


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("what is a cluster", "ns#Cluster"), ("What is a cluster?", "ns#Cluster"),
        ("co je klastr", "ns#Cluster"), ("co je to klastr?", "ns#Cluster"),
        ("definition of cluster initiative", "ns#ClusterInitiative"),
        ("co je klastrová iniciativa", "ns#ClusterInitiative"),
        ("cluster policy", "ns#ClusterPolicy"),
        ("what are cluster organisations", "ns#ClusterOrganisation"),
    ],
)  # fmt: skip
def test_definitions(whole: Index, text: str, term: str) -> None:
    """Who asks what something is, or names a term, is told its definition."""
    defined = whole.search(Selection(text)).defined
    assert defined[0]["iri"].endswith(term)
    assert defined[0]["text_en"]


def test_definition_comes_first(show_shipped: Callable[..., Any]) -> None:
    """The page shows the definition, with a link to the term, before any result."""
    page = show_shipped("/find?q=what+is+a+cluster").text
    assert page.index('href="/ns/Cluster"') < page.index('class="results"')
    czech = show_shipped("/find?q=co+je+klastr", "cs").text
    assert '<dd lang="cs">' in czech


@pytest.mark.parametrize(
    "form", ["e.V.", "z.s.", "GmbH", "a.s.", "s.r.o.", "S.p.A.", "e. V.", "o.p.s."]
)
def test_legal_forms_are_ignored(whole: Index, form: str) -> None:
    """What kind of legal person an organisation is keeps nobody from finding it."""
    bare = whole.search(Selection("Nanoprogress"))
    assert bare.total > 0
    told = whole.search(Selection(f"Nanoprogress, {form}"))
    assert (told.total, told.meaning.rest) == (bare.total, bare.meaning.rest)


def test_names_are_found_whatever_they_seem_to_mean(whole: Index) -> None:
    """A thing whose name has all the words comes first, even if they were understood as filters."""
    whole.search(Selection("Moravian-Silesian Automotive Cluster"))
    assert "Moravian-Silesian Automotive Cluster" in whole.page("en", 0, 1, True)[0]["name"]
    for name in ("Czech Nanotechnology Cluster", "Bavarian Cluster Food & Nutrition"):
        whole.search(Selection(name))
        assert whole.page("en", 0, 1, True)[0]["name"] == name


def test_unknown_words_lose_nothing_silently(
    whole: Index, show_shipped: Callable[..., Any]
) -> None:
    """Words that nothing has are named, and the others still narrow the search."""
    found = whole.search(Selection("xyzzyqq clusters in Spain"))
    assert found.ignored == "xyzzyqq"
    assert found.total == whole.search(Selection("clusters in Spain")).total
    assert "“xyzzyqq” was not found" in show_shipped("/find?q=xyzzyqq+clusters+in+Spain").text


def test_chips_remove_a_filter(show_shipped: Callable[..., Any]) -> None:
    """Each filter that was understood is a link to the same search without its words."""
    page = show_shipped("/find?q=automotive+clusters+in+Germany&view=table")
    asked = [parse_qs(urlsplit(one).query).get("q") for one in page.links if "/find?" in one]
    for rest in ("clusters Germany", "automotive Germany", "automotive clusters"):
        assert [rest] in asked
    assert "literal=1" in page.text
    literal = show_shipped("/find?q=clusters+in+Bavaria&literal=1").text
    assert "Recognise filters again" in literal


def test_words_that_contradict_filters_are_not_lost(whole: Index) -> None:
    """A thing that has the other words comes first, though it does not fit the filters."""
    found = whole.search(Selection("Nanoprogress Slovakia"))
    assert found.partly
    assert "anoprogress" in whole.page("en", 0, 1, True)[0]["name"]


def test_facets_and_words_narrow_together(whole: Index) -> None:
    """What is chosen and what is understood both have to fit."""
    both = whole.search(Selection("clusters in Germany", {"sector": ["automotive"]}))
    assert 0 < both.total < whole.search(Selection("clusters in Germany")).total


def test_where_nothing_fits_fewer_words_are_offered(show_shipped: Callable[..., Any]) -> None:
    """A search without results says how many there are without each of its filters."""
    page = show_shipped("/find?q=gold+label+clusters+in+Georgia").text
    assert "0 results" in page
    assert "results without “Georgia”" in page


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("slovensku", "slovensko", True), ("cesku", "ceska", True), ("praze", "praha", True),
     ("textilni", "textil", True), ("slovensko", "slovinsko", False), ("serbia", "siberia", False),
     ("gold", "golf", False), ("irsko", "irak", False)],
)  # fmt: skip
def test_stems(one: str, other: str, same: bool) -> None:
    """Forms of a word have stems alike; other words have not."""
    assert alike(stem(one), stem(other)) == same


def test_exact_stems_come_before_similar_ones() -> None:
    """Slovakia and Slovenia are not confused, though their stems are alike."""
    known = Vocabulary([("country", "SK", "Slovensko"), ("country", "SI", "Slovenia")])
    assert known.understand("Slovensku").filters[0].values == (("country", "SK"),)
    assert known.understand("slovenia").filters[0].values == (("country", "SI"),)


@pytest.mark.parametrize("text", ["", "?", "what is", "co je", "a", "v", "…", "e.V.", "x" * 300])
def test_odd_searches(show_shipped: Callable[..., Any], text: str) -> None:
    """A search of nothing but words without meaning is answered like any other."""
    assert show_shipped(f"/find?q={text}").status == 200


def test_acronym_comes_first(show_shipped: Callable[..., Any]) -> None:
    """The title of a result begins with the acronym, unless the name has it."""
    page = show_shipped("/find?q=Connecting+Europe+Facility").text
    assert ">CEF – Connecting Europe Facility</a>" in page
    assert "CLUTEX – CLUTEX" not in show_shipped("/find?q=clutex").text
