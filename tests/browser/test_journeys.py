"""Ten journeys through the pages: in English and Czech, on a phone and on a large screen.

All but the one to a picture work without JavaScript.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

PHONE, DESK = 390, 1440
_WIDE = "document.scrollingElement.scrollWidth - window.innerWidth"
_SAY = {
    "en": {
        "textile": "textile", "cz": "Czechia", "sk": "Slovakia", "es": "Spain",
        "countries": "Countries",
        "policy": "Policy", "menu": "Menu", "run": "Run query", "query": "Query",
        "median": "EU median", "what": "what is a cluster", "meant": "did you mean SELECT?",
        "rows": r"^\d+ rows$", "compare": "Compare", "queries": "Ready questions",
    },
    "cs": {
        "textile": "textil", "cz": "Česko", "sk": "Slovensko", "es": "Španělsko",
        "countries": "Země",
        "policy": "Politika", "menu": "Nabídka", "run": "Spustit dotaz",
        "query": "Dotazy", "median": "edián EU", "what": "co je klastr",
        "meant": "did you mean SELECT?", "rows": r"^\d+ řádk[yů]$", "compare": "Porovnat",
        "queries": "Hotové otázky",
    },
}  # fmt: skip


class Walk:
    """Somebody who walks through the pages.

    Attributes:
        page: what is open, as Playwright has it.
        say: the words of the pages in the language of the walk.
        width: of the screen.
        base: the service's address.
        wrong: what went wrong.
    """

    def __init__(self, visitor: Any, language: str, width: int) -> None:
        self.page, self.base, self.wrong = visitor.page, visitor.base, visitor.wrong
        self.say, self.width, self._go = _SAY[language], width, visitor.go

    def go(self, path: str) -> None:
        """Open an address."""
        self._go(path)
        self.look()

    def menu(self, name: str) -> None:
        """Choose from the menu, which a phone opens first."""
        if self.width == PHONE:
            self.page.locator(".menu-button summary").click()
        self.page.locator("nav.menu").get_by_role("link", name=name, exact=True).click()
        self.look()

    def search(self, words: str) -> None:
        """Look for words from the first page."""
        self.go("/")
        self.page.locator("main input[name=q]").first.fill(words)
        self.page.locator("main input[name=q]").first.press("Enter")
        self.look()

    def look(self) -> None:
        """Check what holds of every page: a heading, and nothing beyond the edge."""
        self.page.wait_for_load_state()
        assert self.page.locator("h1").is_visible()
        assert self.page.evaluate(_WIDE) <= 0, self.page.url


Start = Callable[..., Walk]


_SCREENS = [
    ("en", PHONE),
    ("cs", DESK),
    # The same pages in the other combinations.
    pytest.param(("en", DESK), marks=pytest.mark.full),
    pytest.param(("cs", PHONE), marks=pytest.mark.full),
]


@pytest.fixture(params=_SCREENS, ids=lambda screen: f"{screen[0]}-{screen[1]}")
def start(request: pytest.FixtureRequest, visit: Callable[..., Any]) -> Start:
    """A function that starts a walk in a language, on a screen."""
    language, width = request.param
    locale = {"en": "en-GB", "cs": "cs-CZ"}[language]

    def begin(scripts: bool = False) -> Walk:
        size = {"width": width, "height": 844}
        window = visit(java_script_enabled=scripts, locale=locale, viewport=size)
        return Walk(window, language, width)

    return begin


def test_textile_partners_are_printed(start: Start) -> None:
    """Textile partners in two countries are found, and the list is printed without controls."""
    walk = start()
    walk.search(walk.say["textile"])
    for choice in ("kind=ClusterOrganisation", "country=CZ", "country=ES"):
        walk.page.locator(f'.filters a[href*="{choice}"]').first.click()
        walk.look()
    places = walk.page.locator(".list li").all_inner_texts()
    assert len(places) > 3
    assert all(walk.say["cz"] in one or walk.say["es"] in one for one in places)
    walk.page.emulate_media(media="print")
    assert walk.page.locator(".list li").last.is_visible()
    assert not any(one.is_visible() for one in walk.page.locator(".filters, form, .menu").all())
    assert walk.page.locator(".printed").inner_text().startswith(f"{walk.base}/find?")


def test_country_profile(start: Start) -> None:
    """A country's profile is two clicks from anywhere, and sets it against the EU median."""
    walk = start()
    walk.go("/queries")
    walk.menu(walk.say["countries"])
    walk.page.locator("main").get_by_role("link", name=walk.say["cz"], exact=True).last.click()
    walk.look()
    assert walk.page.url.endswith("/country/CZ")
    assert walk.say["cz"] in walk.page.locator("h1").inner_text()
    assert walk.page.get_by_text(re.compile(walk.say["median"])).first.is_visible()


def test_who_funds_euroclusters(start: Start) -> None:
    """The page of policy says which programmes fund Euroclusters of an ecosystem."""
    walk = start()
    walk.go("/")
    walk.menu(walk.say["policy"])
    walk.page.locator("select[name=ecosystem]").select_option("textiles")
    walk.page.locator("form.pick:has(select[name=ecosystem]) button").click()
    walk.look()
    section = walk.page.locator("section:has(#funding)")
    assert section.get_by_role("heading", name=re.compile("Eurocluster|Euroklastr")).count()
    assert section.locator("table th a").first.get_attribute("href").startswith("/doc/")


def test_labels_that_expire_this_year(start: Start) -> None:
    """A ready question lists the labels that expire this year, each with its date."""
    walk = start()
    walk.go("/queries")
    walk.page.locator('main a[href$="/queries/labels-expiring"]').first.click()
    walk.look()
    year = str(datetime.now(UTC).year)
    walk.page.locator("input[name=from]").fill(f"{year}-01-01")
    walk.page.locator("input[name=to]").fill(f"{year}-12-31")
    walk.page.get_by_role("button", name=walk.say["run"]).click()
    walk.look()
    dates = walk.page.locator("table.result td").filter(has_text=re.compile(rf"\b{year}\b"))
    assert dates.count() >= walk.page.locator("table.result tbody tr").count() > 0


def test_what_is_a_cluster(start: Start) -> None:
    """A question for a notion is answered by its definition, before any result."""
    walk = start()
    walk.search(walk.say["what"])
    term = walk.page.locator('main a[href$="/ns/Cluster"]').first
    assert term.is_visible()
    first = walk.page.locator(".list li").first
    assert term.bounding_box()["y"] <= first.bounding_box()["y"]
    term.click()
    walk.look()
    assert len(walk.page.locator(".lead").inner_text()) > 60


def test_wrong_fact_is_reported(start: Start) -> None:
    """Each fact leads to a report that says thing, property, value and page."""
    walk = start()
    walk.go("/doc/cluster-organisation/clutex")
    address = urlsplit(walk.page.locator("a.report").first.get_attribute("href"))
    assert (address.scheme, address.path) == ("mailto", "curator@example.org")
    body = parse_qs(address.query)["body"][0]
    assert "cluster-organisation/clutex" in unquote(body)
    assert body.count("\n") > 3


def test_three_countries_are_compared(start: Start) -> None:
    """Three countries are compared: on a phone as cards that name the country, else as a table."""
    walk = start()
    walk.go("/")
    walk.menu(walk.say["compare"])
    for field, country in zip(
        walk.page.locator("[name=with]").all(), ("CZ", "SK", "AT"), strict=False
    ):
        field.select_option(country)
    walk.page.locator("form.pick button").click()
    walk.look()
    cell = walk.page.locator("table.compare tbody td").nth(1)
    label = cell.evaluate("one => getComputedStyle(one, '::before').content")
    shown = cell.evaluate("one => getComputedStyle(one).display")
    if walk.width == PHONE:
        assert (shown, label) == ("grid", f'"{walk.say["sk"]}"')
    else:
        assert (shown, label) == ("table-cell", "none")


def test_typo_in_a_query(start: Start) -> None:
    """A misspelt query is answered with what was probably meant; mended, it is answered."""
    walk = start()
    walk.go("/")
    walk.menu(walk.say["query"])
    walk.page.locator("#query").fill("SELCT ?x { ?x a cg:CountryGroup }")
    walk.page.get_by_role("button", name=walk.say["run"]).click()
    assert walk.say["meant"] in walk.page.get_by_role("alert").inner_text()
    walk.page.locator("#query").fill("SELECT ?x { ?x a cg:CountryGroup }")
    walk.page.get_by_role("button", name=walk.say["run"]).click()
    walk.look()
    assert walk.page.get_by_text(re.compile(walk.say["rows"])).is_visible()
    walk.wrong.clear()


def test_chart_as_png(start: Start) -> None:
    """A chart is saved as PNG."""
    walk = start(scripts=True)
    walk.go("/country/CZ")
    with walk.page.expect_download() as caught:
        walk.page.get_by_role("button", name="PNG").first.click()
    assert caught.value.suggested_filename.endswith(".png")
    assert caught.value.path().read_bytes().startswith(b"\x89PNG\r\n")


def test_specialisation_of_a_region(start: Start) -> None:
    """The page of a region says what it specialises in, by location quotient."""
    walk = start()
    walk.go("/region/CZ08")
    quotients = walk.page.locator("section:has(#specialisation) tbody td:nth-child(2)")
    assert quotients.count() > 5
    values = [float(one.replace(",", ".")) for one in quotients.all_text_contents()]
    assert values == sorted(values, reverse=True)
