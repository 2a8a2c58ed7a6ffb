"""The first page, and the charts: their numbers are those of the graph."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.pages import europe, maps, pictures
from clustergraph.pages.words import Words
from clustergraph.quadstore import Engine

Show = Callable[..., Any]


def test_programs_get_json(show_shipped: Show, shipped: Engine) -> None:
    """Whoever does not prefer HTML learns of the service in JSON."""
    page = show_shipped("/", accept="*/*")
    content = json.loads(page.body)
    assert page.head["content-type"] == "application/json"
    assert content["endpoint"] == "http://test.example/sparql"
    assert content["statements"] == len(shipped.store)
    assert content["graphs"] == len(shipped.graphs())


def test_numbers_are_those_of_the_graph(show_shipped: Show, shipped: Engine) -> None:
    """Counts, map and tables of the first page say what a query says."""
    page = show_shipped("/").text
    rows = shipped.query(
        "SELECT ?code (COUNT(DISTINCT ?x) AS ?n) { ?x a cg:ClusterOrganisation ; "
        "cg:country/skos:notation ?code } GROUP BY ?code"
    )
    counts = {row["code"].value: int(row["n"].value) for row in rows}  # type: ignore[union-attr, misc]
    shown = dict(re.findall(r'country=([A-Z]{2})" tabindex="-1"><title>[^<:]*: ([\d,]+)<', page))
    on_map = {code: number for code, number in counts.items() if code in europe.outlines()}
    assert {code: int(number.replace(",", "")) for code, number in shown.items()} == on_map
    listed = re.findall(r'country=([A-Z]{2})">[^<]*</a></th><td class="n">([\d,]+)</td>', page)
    assert {code: int(number) for code, number in listed} == counts


def test_cells_of_the_heat_map_lead_to_their_things(show_shipped: Show) -> None:
    """A cell's number is that of the results that its link finds."""
    page = show_shipped("/")
    cells = [one for one in page.links if "ecosystem=" in one and "kind=" in one]
    assert len(cells) > 50
    for address in (cells[0], cells[-1]):
        escaped = address.replace("&", "&amp;")
        (count,) = re.findall(re.escape(escaped) + r'" aria-label="[^"]*: (\d+)"', page.text)
        assert re.search(rf">{count} results?<", show_shipped(address).text)


def test_links_of_the_first_page_lead_somewhere(show_shipped: Show) -> None:
    """The examples and counts of the first page find something."""
    links = {one for one in show_shipped("/").links if one.startswith("/find?")}
    assert len(links) > 40
    for address in sorted(links)[:12]:
        assert ">0 results<" not in show_shipped(address).text, address


def test_an_empty_graph_has_a_first_page(tmp_path: Any, show_from: Callable[..., Show]) -> None:
    """A graph without anything in it is shown all the same."""
    from clustergraph.quadstore import build

    build(tmp_path / "empty", list)
    show = show_from(Engine(tmp_path / "empty"), 1)
    assert "0 statements" in show("/").text
    assert "0 results" in show("/find?q=a").text


@pytest.mark.parametrize(
    ("longitude", "latitude", "inside"),
    [(14.42, 50.09, True), (-21.9, 64.15, True), (33.4, 35.2, True), (-9.14, 38.7, True),
     (25.8, 71.1, True), (-77, 38.9, False), (100, 30, False)],
)  # fmt: skip
def test_the_map_holds_europe(longitude: float, latitude: float, inside: bool) -> None:
    """Europe's corners are on the map, other continents are not."""
    assert europe.within(*europe.project(longitude, latitude)) is inside


def test_capitals_are_in_their_countries() -> None:
    """Points and outlines have the same projection: capitals lie within their countries' bounds."""
    for code, longitude, latitude in (
        ("CZ", 14.42, 50.09), ("ES", -3.7, 40.4), ("FI", 24.94, 60.17), ("GR", 23.73, 37.98),
        ("IS", -21.9, 64.15), ("CY", 33.36, 35.17), ("XK", 21.16, 42.66),
    ):  # fmt: skip
        part = maps.extent(code)
        assert part is not None
        left, top, width, height = part
        x, y = europe.project(longitude, latitude)
        assert left <= x <= left + width, code
        assert top <= y <= top + height, code


def test_outlines_stay_on_the_map() -> None:
    """No outline runs off the map by more than its margin."""
    for path in europe.outlines().values():
        for x, y in re.findall(r"M(-?[\d.]+) (-?[\d.]+)l", path):
            assert -5 <= float(x) <= europe.WIDTH + 5
            assert -5 <= float(y) <= europe.HEIGHT + 5


def test_pictures_are_well_formed_and_told() -> None:
    """Pictures are XML with a title and a description; names are never markup."""
    bad = "<b>&\"'"
    t = Words("en", "charts")
    dots = [maps.Dot(14, 50, bad, "/x?a=1&b=2", 3), maps.Dot(-100, 40, "far", "", 1)]
    map_ = maps.draw(
        t, "m", bad, bad, values={"CZ": 3, "DE": 80}, names={"CZ": bad}, links={"CZ": "/a?b&c"},
        dots=dots,
    )  # fmt: skip
    bars = pictures.bars(
        t, "b", bad, bad, [pictures.Bar(bad, 3, "/a?b&c"), pictures.Bar("two", 5000)]
    )
    for picture in (map_, bars):
        root = ElementTree.fromstring(f"<p>{picture.__html__()}</p>")[0]  # noqa: S314 - our own
        assert root.find("title").text == bad  # type: ignore[union-attr]
        assert root.find("desc").text == bad  # type: ignore[union-attr]
    assert map_.body.count('class="dot"') == 1
    assert 'class="r0"' in map_.body
    assert 'class="r1"' in map_.body
    assert "5,000" in bars.body


@given(st.lists(st.integers(min_value=0, max_value=10**7), max_size=60))
def test_shades(values: list[int]) -> None:
    """Limits grow; larger values never have lighter shades; there are five at most."""
    limits = pictures.ramp(values)
    assert list(limits) == sorted(set(limits))
    assert len(limits) <= 4
    shades = [pictures.shade(value, limits) for value in sorted(values)]
    assert shades == sorted(shades)
    assert pictures.shade(None, limits) == "ru"
