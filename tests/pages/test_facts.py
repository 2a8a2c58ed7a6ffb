"""Fact sheets of countries, and things side by side, say what the graph says."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from html import unescape
from statistics import median

import pyoxigraph as ox
import pytest
from inprocess import visit

from clustergraph.pages import pictures
from clustergraph.protocol import Config, Context, Request, Response
from clustergraph.quadstore import Engine

Markup = Callable[..., str]


class Visitor:
    """Opens pages as a worker makes them.

    Args:
        engine: the graph.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._context = Context(engine.store, 1, Config(), committed_at=1.7e9)

    def open(self, address: str, language: str = "en") -> Response:
        """Return the page at an address."""
        path, _, query = address.partition("?")
        headers = {"accept": "text/html"}
        request = Request("GET", path, query.encode(), headers, b"", language=language)
        return visit(request, self._context)

    def read(self, address: str, language: str = "en") -> str:
        """Return the text of a page, without its tags."""
        response = self.open(address, language)
        assert isinstance(response.body, bytes)
        text = re.sub(r"<(script|style)\b.*?</\1>", "", response.body.decode(), flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.fixture(scope="module")
def visitor(shipped: Engine) -> Visitor:
    """Visits the pages of the shipped graph."""
    return Visitor(shipped)


@pytest.fixture(scope="module")
def markup(visitor: Visitor) -> Callable[..., str]:
    """A function that returns the HTML of a page."""

    def html(address: str, language: str = "en") -> str:
        response = visitor.open(address, language)
        assert response.status == 200
        assert isinstance(response.body, bytes)
        return response.body.decode()

    return html


# Fact sheets


def counted(engine: Engine) -> Counter[str]:
    """Count the cluster organisations of each country, statement by statement."""
    kind = ox.NamedNode("https://w3id.org/clustergraph/ns#ClusterOrganisation")
    country = ox.NamedNode("https://w3id.org/clustergraph/ns#country")
    store = engine.store
    things = {quad.subject for quad in store.quads_for_pattern(None, None, kind)}
    found = {
        (thing, quad.object)
        for thing in things
        for quad in store.quads_for_pattern(thing, country, None)
    }
    return Counter(str(one.value).rpartition("/")[2] for _, one in found)  # type: ignore[union-attr]


def test_fact_sheet_counts_what_the_graph_holds(visitor: Visitor, shipped: Engine) -> None:
    """The number of organisations and the median of the union are those counted without SPARQL."""
    counts = counted(shipped)
    text = visitor.read("/country/CZ")
    assert f"{counts['CZ']} cluster organisations" in text
    members = [
        quad.subject
        for quad in shipped.store.quads_for_pattern(
            None,
            ox.NamedNode("https://w3id.org/clustergraph/ns#partOf"),
            ox.NamedNode("https://w3id.org/clustergraph/code/country/EU"),
        )
    ]
    assert len(members) == 27
    middle = median(counts.get(str(one.value).rpartition("/")[2], 0) for one in members)  # type: ignore[union-attr]
    assert f"{counts['CZ']} cluster organisations EU median {middle:g}" in text


def test_each_organisation_is_listed(markup: Markup, shipped: Engine) -> None:
    """A fact sheet lists all organisations of its country, each with a link."""
    html = markup("/country/SK")
    table = html[html.index('id="organisations"') :]
    assert table.count('<th scope="row"><a href="/doc/') == counted(shipped)["SK"]


def test_time_line_and_its_table_hold_the_same(markup: Markup) -> None:
    """Whatever is drawn stands in the table as well."""
    html = markup("/country/CZ")
    drawn = re.findall(r'<svg class="timeline picture".*?</svg>', html, re.DOTALL)[0]
    table = html[html.index("</svg>", html.index('class="timeline picture"')) :].partition(
        "</table>"
    )[0]
    assert drawn.count("<title>") == table.count('<th scope="row">') > 20


def test_country_is_known_by_other_codes(visitor: Visitor) -> None:
    """Codes of EU statistics and small letters lead to the address that stays."""
    for written in ("EL", "gr"):
        response = visitor.open(f"/country/{written}")
        assert (response.status, dict(response.headers)["Location"]) == (308, "/country/GR")
    assert visitor.open("/country/QQ").status == 404


def test_page_speaks_czech(visitor: Visitor) -> None:
    """Names of countries and ecosystems are in the language of the visit."""
    text = visitor.read("/country/CZ", "cs")
    assert "Česko" in text
    assert "medián EU" in text
    assert "Show query" not in text


def test_country_without_anything_has_a_page(visitor: Visitor) -> None:
    """A country of which nothing is told says so."""
    assert "No data recorded" in visitor.read("/country/AF")


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2024", 2024, 2025),
        ("2024-03", 2024 + 2 / 12, 2024 + 3 / 12),
        ("2024-12-31", 2024 + 11 / 12 + 30 / 372, 2024 + 11 / 12 + 31 / 372),
        ("soon", None, None),
        (None, None, None),
    ],
)
def test_moment(written: str | None, first: float | None, last: float | None) -> None:
    """A date stands where it begins, or where it ends."""
    assert pictures.moment(written) == pytest.approx(first)
    assert pictures.moment(written, last=True) == pytest.approx(last)


def test_names_on_a_time_line_are_escaped() -> None:
    """What comes from data is text."""
    drawn = pictures.timeline("t", "a", "b", [pictures.Span("<script>", "2000", None, href='"><x')])
    assert "<script>" not in drawn.body
    assert '"><x' not in drawn.body


# Side by side


def cells(html: str, row: str) -> list[str]:
    """Return the texts of the cells of a row."""
    found = re.search(rf'<th scope="row">{re.escape(row)}</th>(.*?)</tr>', html, re.DOTALL)
    assert found, row
    parts = re.findall(r"<td data-label=\"[^\"]*\">(.*?)</td>", found[1], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", part).split()) for part in parts]


def test_organisations_stand_side_by_side(markup: Markup) -> None:
    """Contradicting years both stand there; what several share is marked."""
    html = markup("/compare?with=clutex&with=agrofood-murcia&with=techtera")
    assert cells(html, "Country") == ["Czechia", "Spain", "France"]
    founded = cells(html, "Founded (according to all sources)")
    assert founded[0].split() == ["2006", "2016"]
    assert html.count("<mark>") >= 3
    assert cells(html, "Town")[1] == "not known"


def test_kind_is_told_by_the_first_key(markup: Markup) -> None:
    """Codes of countries and regions need no kind beside them."""
    assert int(cells(markup("/compare?with=CZ&with=SK"), "Cluster organisations")[0]) > 50
    regions = markup("/compare?with=CZ0&with=ES51")
    assert cells(regions, "Country") == ["Czechia", "Spain", ""]
    assert int(cells(regions, "Cluster organisations")[0]) > 10


def test_name_is_understood(markup: Markup) -> None:
    """A name stands for its key, whatever its accents and case."""
    html = markup("/compare?kind=country&with=CZECHIA&with=sk")
    assert cells(html, "Cluster organisations") == cells(
        markup("/compare?with=CZ&with=SK"), "Cluster organisations"
    )


def test_unknown_name_gets_a_hint(visitor: Visitor) -> None:
    """What nothing is called is said, with near names; the rest is shown."""
    text = visitor.read("/compare?kind=organisation&with=modacc&with=CLUTX")
    assert "“CLUTX” was not found." in text
    assert "MODACC" in text


def test_no_more_than_five(visitor: Visitor, markup: Markup) -> None:
    """A sixth is left out, and that is said."""
    codes = ["CZ", "SK", "AT", "DE", "PL", "FR"]
    address = "/compare?" + "&".join(f"with={code}" for code in codes)
    assert "Only the first 5" in visitor.read(address)
    assert len(cells(markup(address), "Cluster organisations")) == 5 + 1  # and the Union


def test_name_in_the_address_is_escaped(markup: Markup) -> None:
    """What comes by the address is text."""
    assert "<script>x" not in markup("/compare?kind=organisation&with=%3Cscript%3Ex")


def test_union_stands_beside_countries(markup: Markup) -> None:
    """A column holds the median of the Union; bars are as long as their numbers."""
    html = markup("/compare?with=DE&with=SK")
    row = cells(html, "Cluster organisations")
    assert len(row) == 3
    assert "EU-27 median" in html
    widths = [float(one) for one in re.findall(r'class="r3" width="([\d.]+)"', html)[:3]]
    most = max(int(one) for one in row)
    assert widths == [pytest.approx(100 * int(one) / most, abs=0.1) for one in row]


def test_region_is_chosen_by_name(markup: Markup) -> None:
    """A region is offered by name with its code, and found by name, code or both."""
    html = markup("/compare?kind=region&with=Moravia-Silesia+(CZ08)&with=es51")
    assert '<option value="Moravia-Silesia (CZ08)">' in html
    assert 'href="/region/CZ08"' in html
    assert "basic metals" in cells(html, "Strongest specialisation (location quotient)")[0]
    assert "Market economy only" in html
    assert cells(markup("/compare?kind=region&with=Moravia-Silesia"), "Country") == ["Czechia", ""]


def test_cells_are_labelled(markup: Markup) -> None:
    """On a phone, where columns become cards, each cell says whose it is."""
    html = markup("/compare?with=CZ&with=SK")
    assert set(re.findall(r'data-label="([^"]*)"', html)) == {
        "Czechia", "Slovakia", "EU-27 median"
    }  # fmt: skip


def test_comparison_is_downloaded(visitor: Visitor) -> None:
    """The table is to be had for a spreadsheet, with plain numbers."""
    response = visitor.open("/compare.csv?with=CZ&with=SK")
    assert isinstance(response.body, bytes)
    rows = list(csv.reader(response.body.decode().splitlines()))
    assert rows[0] == ["Feature", "Czechia", "Slovakia", "EU-27 median"]
    assert int(rows[1][1]) > 50
    assert "attachment" in dict(response.headers)["Content-Disposition"]
    assert visitor.open("/compare.xlsx?with=CZ&with=SK").body[:2] == b"PK"  # type: ignore[index]


def test_funding_keeps_its_currencies(markup: Markup) -> None:
    """Amounts stand in the currency of their source, one a row, and are not added."""
    html = markup("/country/CZ").split('id="funding"')[1].split("</section>")[0]
    assert "81,500,000,000 CZK" in html
    assert "€" not in html
    assert "must not be added" in html


def test_estimates_are_marked(markup: Markup) -> None:
    """Numbers that rest on estimates are marked in the title and hatched."""
    html = markup("/country/ES")
    assert "Cluster organisations by ecosystem (partly estimates)" in html
    assert "url(#ecosystems-hatch)" in html
