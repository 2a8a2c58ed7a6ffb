"""The answers to queries on a map."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

Show = Callable[..., Any]


def asked(text: str) -> str:
    return "/query?picture=map&query=" + quote(text)


def titles(show: Show, address: str) -> list[str]:
    """Return what the shapes of a map are called."""
    return re.findall(r"<title>([^<]*)</title>", show(address).text)


def test_countries_are_coloured(show_shipped: Show) -> None:
    """Rows of one country are counts, and are added; names are in the reader's language."""
    rows = "(country:CZ 2) (country:CZ 3) (country:SK 9)"
    text = f"SELECT ?country ?n {{ VALUES (?country ?n) {{ {rows} }} }}"
    assert "Czechia: 5" in titles(show_shipped, asked(text))
    assert "Slovensko: 9" in titles(show_shipped, asked(text) + "&lang=cs")


def test_amounts_are_not_added(show_shipped: Show) -> None:
    """Where a column tells units or currencies, the largest amount is shown."""
    text = (
        "SELECT ?country ?n ?currency { VALUES (?country ?n ?currency)"
        ' { (country:CZ 2 "EUR") (country:CZ 3 "EUR") (country:SK 9 "EUR") } }'
    )
    assert "Czechia: 3" in titles(show_shipped, asked(text))


def test_what_is_off_the_map_is_told(show_shipped: Show) -> None:
    """A country that the map does not show is named in the description."""
    text = "SELECT ?country ?n { VALUES (?country ?n) { (country:CZ 2) (country:US 3) } }"
    assert "Not on the map: United States" in show_shipped(asked(text)).text


def test_regions_are_circles_without_boundaries(show_shipped: Show) -> None:
    """Without boundaries a region is a circle at its largest town."""
    text = "SELECT ?region ?n { VALUES (?region ?n) { (nuts:CZ08 2) (nuts:CZ06 8) } }"
    body = show_shipped(asked(text)).text
    assert body.count('class="dot"') == 2
    assert "2 of 2 regions" in body


def test_places_are_dots(show_shipped: Show) -> None:
    """Places lie where they are, zoomed, those in one place together."""
    page = show_shipped("/queries/organisations-on-a-map?country=CZ")
    (address,) = re.findall(r'data-map="([^"]+)"', page.text)
    body = show_shipped(address.replace("&amp;", "&")).text
    assert body.count('class="dot"') > 5
    assert ">Brno<" in body


def test_address_without_a_map_is_told(show_shipped: Show) -> None:
    """A page says nothing of a map where there is none, and answers all the same."""
    text = "SELECT ?a { VALUES ?a { 1 2 } }"
    assert "data-map" not in show_shipped("/query?query=" + quote(text)).text


def test_question_may_have_picture_and_language(show_shipped: Show) -> None:
    """The parameters of the page are not taken for those of the question."""
    answer = show_shipped("/queries/clusters-per-country?picture=map&lang=cs")
    assert answer.head["content-type"] == "image/svg+xml"
    assert not answer.cacheable
