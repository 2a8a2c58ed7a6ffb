"""Pictures that can be had alone: documents that need nothing, and may be embedded."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html import unescape
from typing import Any
from xml.etree import ElementTree

import pytest

from clustergraph.pages import europe, maps, pictures
from clustergraph.pages.europe import rings_of
from clustergraph.pages.words import Words

Show = Callable[..., Any]

PAGES = {
    "/": "countries",
    "/country": "countries",
    "/country/CZ": "places",
    "/policy": "programmes-line",
    "/region?country=CZ": "regions",
    "/region/CZ08": "specialisation",
}
T = Words("en", "charts")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("address", PAGES)
def test_each_picture_of_a_page_can_be_had_alone(show_shipped: Show, address: str) -> None:
    """What a page offers to download and to embed is a document with title, source and licence."""
    html = show_shipped(address).text
    offered = [unescape(one) for one in re.findall(r'href="([^"]+)" data-picture download="', html)]
    assert any(f"picture={PAGES[address]}" in one for one in offered)
    for place in offered:
        answer = show_shipped(place)
        root = ElementTree.fromstring(answer.body)  # noqa: S314 - our own
        assert answer.head["content-type"] == "image/svg+xml"
        assert root.find(f"{SVG}title").text  # type: ignore[union-attr]
        assert "CC BY 4.0" in answer.text
        assert "data version" in answer.text
        assert f"http://test.example{place}" in unescape(unescape(html))


def test_picture_may_be_embedded_and_pages_may_not(show_shipped: Show) -> None:
    """The policy of a picture admits other sites, and its own style alone; scripts never run."""
    answer = show_shipped("/country/CZ?picture=places")
    policy = answer.head["content-security-policy"]
    style = re.search(r"<style><!\[CDATA\[(.*?)\]\]></style>", answer.text, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "frame-ancestors *" in policy
    assert "sandbox" in policy
    assert answer.head["cross-origin-resource-policy"] == "cross-origin"
    assert "content-security-policy" not in show_shipped("/country/CZ").head
    assert not re.search(r"<(script|a|image|foreignObject)\b|\shref=|\son\w+=", answer.text)


def test_language_is_that_of_the_address(show_shipped: Show) -> None:
    """An embedded picture keeps its language, whoever looks at it."""
    answer = show_shipped("/country/CZ?picture=places&lang=cs", language="en")
    assert "Zdroj: clustergraph" in answer.text


@pytest.mark.parametrize(
    "address",
    ["/?picture=countries", "/queries/clusters-per-country?picture=map", "/region?picture=regions"],
)
def test_element_img_gets_the_picture(show_shipped: Show, address: str) -> None:
    """A browser that loads a picture for another site does not ask for HTML."""
    answer = show_shipped(address, accept="image/avif,image/webp,image/apng,image/*,*/*;q=0.8")
    assert answer.head["content-type"] == "image/svg+xml"


def test_unknown_picture_is_told(show_shipped: Show) -> None:
    """A picture that the page has not is 404."""
    assert show_shipped("/country/CZ?picture=cake").status == 404


def test_colours_are_all_defined() -> None:
    """Each colour that the style of pictures uses is in the palette that is taken along."""
    style = pictures.document(pictures.bars(T, "k", "t", "d", [pictures.Bar("a", 1)]), []).body
    assert isinstance(style, bytes)
    used = set(re.findall(rb"var\((--[\w-]+)", style))
    assert used
    assert used <= set(re.findall(rb"(--[\w-]+):", style))
    assert b"color-scheme: light;" in style


def test_statistics_say_their_limits(show_shipped: Show) -> None:
    """A picture of the statistics names Eurostat and what is missing, in the language."""
    text = show_shipped("/region/CZ08?picture=structure&lang=cs").text
    assert "Eurostat" in text
    assert "Pouze tržní ekonomika" in " ".join(re.findall(r">([^<]+)</text>", text))


def test_title_is_text() -> None:
    """What comes from data is text, in the document as well."""
    bad = "</style><script>x</script>"
    body = pictures.document(pictures.bars(T, "k", bad, bad, [pictures.Bar(bad, 1)]), [bad]).body
    assert isinstance(body, bytes)
    assert b"<script" not in body
    ElementTree.fromstring(body)  # noqa: S314 - our own


def test_missing_value_is_not_zero() -> None:
    """A bar without a value says so, and has no length; zero has a length and says 0."""
    drawn = pictures.bars(T, "k", "t", "d", [pictures.Bar("a", None), pictures.Bar("b", 0)]).body
    assert drawn.count('class="bar"') == 1
    assert ">no data<" in drawn
    assert ">0<" in drawn


def test_estimate_is_hatched_and_explained() -> None:
    """A bar that rests on estimates is hatched, and the legend says what that means."""
    picture = pictures.bars(
        T, "k", "t", "d", [pictures.Bar("a", 2, estimated=True), pictures.Bar("b", 1)]
    )
    assert picture.body.count("url(#k-hatch)") == 1
    assert [entry.style for entry in picture.legend] == ["hatched"]


@pytest.mark.parametrize(
    ("least", "limits", "expected"),
    [
        (1, (5, 20), ["1–4", "5–19", "20+"]),
        (1, (2, 3), ["1", "2", "3+"]),
        (0.1 + 0.2, (0.5,), ["0.3 – < 0.5", "0.5+"]),
        (0.25, (0.5, 0.8, 1.25, 2.0), ["0.25 – < 0.5", "0.5 – < 0.8", "0.8 – < 1.25",
                                       "1.25 – < 2", "2+"]),
        (0.7, (0.5, 0.8), ["< 0.5", "0.5 – < 0.8", "0.8+"]),
    ],
)  # fmt: skip
def test_limits_are_readable(least: float, limits: tuple[float, ...], expected: list[str]) -> None:
    """The legend of shades never shows 0.30000000000004."""
    assert [entry.text for entry in pictures.shades(T, least, limits)] == expected


def inside(name: Any, code: str, longitude: float, latitude: float) -> bool:
    """Say whether a place lies in a country as the map draws it."""
    x, y = europe.project(longitude, latitude)
    crossings = 0
    for ring in rings_of(europe.outlines(name)[code]):
        for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                crossings += 1
    return crossings % 2 == 1


@pytest.mark.parametrize("name", ["coarse", "fine"])
def test_boundaries_follow_the_union(name: str) -> None:
    """The Crimea is in Ukraine, the north of Cyprus in Cyprus, and Kosovo is drawn."""
    assert inside(name, "UA", 34.1, 45.2)
    assert not inside(name, "RU", 34.1, 45.2)
    assert inside(name, "CY", 33.6, 35.28)
    assert inside(name, "XK", 20.9, 42.6)


def test_kosovo_has_its_footnote(show_shipped: Show) -> None:
    """Maps with Kosovo bear the footnote, in both languages, also where they are embedded."""
    assert "UNSCR 1244/1999" in show_shipped("/").text
    assert "OSN 1244/1999" in show_shipped("/", language="cs").text
    texts = re.findall(r">([^<]+)</text>", show_shipped("/?picture=countries").text)
    assert "UNSCR 1244/1999" in " ".join(texts)


@pytest.mark.parametrize(
    ("longitude", "latitude", "name"),
    [(-15.43, 28.1, "Canarias"), (-16.92, 32.65, "Madeira"), (-25.67, 37.74, "Açores"),
     (-61.5, 16.27, "Guadeloupe"), (-61.06, 14.6, "Martinique"), (-52.33, 4.93, "Guyane"),
     (55.45, -20.88, "La Réunion"), (45.23, -12.78, "Mayotte")],
)  # fmt: skip
def test_outermost_regions_are_shown(longitude: float, latitude: float, name: str) -> None:
    """A place in an outermost region stands on its inset, which has an outline."""
    (inset,) = (one for one in europe.INSETS if one.holds(longitude, latitude))
    assert inset.name == name
    assert europe.outlines("insets")[name].startswith("M")
    dots = [maps.Dot(longitude, latitude, "there", size=1), maps.Dot(14, 50, "here", size=1)]
    assert maps.draw(T, "m", "t", "d", dots=dots).body.count('class="dot"') == 2


def test_symbols_are_proportional() -> None:
    """A symbol of four times the size has four times the area; the legend says how much it is."""
    dots = [maps.Dot(14, 50, "a", size=1000), maps.Dot(10, 50, "b", size=4000)]
    body = maps.draw(T, "m", "t", "d", dots=dots, sizes="persons").body
    radii = [float(one) for one in re.findall(r'class="dot"[^>]* r="([\d.]+)"', body)]
    assert radii[0] == pytest.approx(2 * radii[1], rel=0.02)
    assert body.count('class="ring"') == 3
    assert ">4,000<" in body


def test_map_is_zoomed_with_names() -> None:
    """A part of the map shows the names of its places, and not those that would overlap."""
    dots = [maps.Dot(14.42, 50.09, "a", size=9, place="Praha"),
            maps.Dot(14.43, 50.09, "b", size=1, place="Vinohrady"),
            maps.Dot(16.6, 49.2, "c", size=2, place="Brno")]  # fmt: skip
    body = maps.draw(T, "m", "t", "d", dots=dots, here="CZ", part=maps.extent("CZ")).body
    assert re.findall(r'class="place"[^>]*>([^<]+)<', body) == ["Praha", "Brno"]
    assert body.count("<path") < maps.draw(T, "m", "t", "d").body.count("<path")
