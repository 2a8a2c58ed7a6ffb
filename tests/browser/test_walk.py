"""Each page that the service has, as people with different needs see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import httpx
import pytest
from addresses import examples

from clustergraph.http.routes import ROUTES

# What leads elsewhere, answers in JSON, or is a part of pages.
_PAGES = {
    "overview", "find", "query-page", "questions", "question", "country", "region", "compare",
    "policy", "quality", "ontology", "document", "thing", "catalog", "things", "about",
}  # fmt: skip
_SHOWN = [
    [one for one in examples(route) if "." not in one.partition("?")[0]]
    for route in ROUTES
    if route.operation in _PAGES
]
# Pages of one kind share their template; the quick tests look at one of each.
PAGES = [
    pytest.param(path, marks=() if at == 0 else pytest.mark.full)
    for paths in _SHOWN
    for at, path in enumerate(paths)
]
_WIDE = "document.scrollingElement.scrollWidth - window.innerWidth"
# What is pressed with a finger and is lower than that; links within texts and tables may be.
_LOW = """() => [...document.querySelectorAll(
  "button, input, select, textarea, summary, nav a, .chip, .views a, .language a, .bottom a")]
  .filter((one) => one.checkVisibility() && !["checkbox", "radio"].includes(one.type))
  .filter((one) => one.getBoundingClientRect().height < 44)
  .map((one) => one.outerHTML.slice(0, 90))"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe-core, which looks for what keeps people from using a page."""
    pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page: Any, only: str = "") -> str:
    """Return what axe-core finds on a page as it is at the moment, one to a line."""
    rules = f", runOnly: ['{only}']" if only else ""
    found = page.evaluate(f"axe.run(document, {{resultTypes: ['violations']{rules}}})")
    return "\n".join(
        f"{violation['id']}: {node['target']} {' '.join(node['failureSummary'].split())}"
        for violation in found["violations"]
        for node in violation["nodes"]
    )


@pytest.mark.parametrize("path", PAGES)
def test_page(path: str, visit: Callable[..., Any], axe: str) -> None:
    """A page works in light and dark and on a phone, with nothing that keeps people out."""
    visitor = visit(color_scheme="light", locale="en-GB", reduced_motion="reduce")
    response = visitor.go(path)
    page = visitor.page
    # Evaluated by the debugger, which the security policy of the page does not bind.
    page.evaluate(axe)
    assert response.status == 200
    assert response.headers["content-security-policy"].startswith("default-src 'self'")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("h1").count() == 1
    assert violations(page) == ""
    page.emulate_media(color_scheme="dark")
    # The rest of it is the same in the dark.
    assert violations(page, "color-contrast") == ""
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate(_WIDE) <= 0
    assert page.evaluate(_LOW) == []


@pytest.mark.parametrize("path", PAGES)
def test_page_in_czech_without_scripts(path: str, base: str) -> None:
    """A page says what it has to say without a script, to whoever prefers Czech in Czech."""
    headers = {"Accept": "text/html", "Accept-Language": "cs"}
    answer = httpx.get(base + path, headers=headers, trust_env=False, timeout=60)
    assert answer.headers["content-language"] == "cs"
    assert '<html lang="cs"' in answer.text
    assert re.search(r"<h1[^>]*>[^<]*\w", answer.text)
    assert answer.text.count(">Přejít na obsah</a>") == 1


@pytest.mark.full
@pytest.mark.parametrize("path", [path for paths in _SHOWN for path in paths])
def test_page_in_czech(path: str, visit: Callable[..., Any], axe: str) -> None:
    """Nothing in the Czech page keeps people out, and it fits on a phone."""
    visitor = visit(color_scheme="light", locale="cs-CZ", reduced_motion="reduce")
    visitor.go(path)
    visitor.page.evaluate(axe)
    assert violations(visitor.page) == ""
    visitor.page.set_viewport_size({"width": 390, "height": 800})
    assert visitor.page.evaluate(_WIDE) <= 0


def test_first_page_is_light(base: str) -> None:
    """The first page and all that it loads are sent in less than 150 kB."""
    headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    with httpx.Client(base_url=base, trust_env=False, headers=headers) as client:
        first = client.get("/")
        loaded = {
            part.split('"')[0]
            for mark in ('src="', '<link rel="stylesheet" href="', 'type="image/svg+xml" href="')
            for part in first.text.split(mark)[1:]
        }
        assert loaded
        sent = [first, *(client.get(address) for address in sorted(loaded))]
        assert all(one.status_code == 200 for one in sent)
        assert sum(one.num_bytes_downloaded for one in sent) < 150_000


def test_switches(visit: Callable[..., Any]) -> None:
    """Language and theme are switched by links, stay, and lead back to where one was."""
    visitor = visit(color_scheme="light", locale="en-GB")
    visitor.go("/queries?tag=country")
    page = visitor.page
    page.get_by_role("link", name="Čeština").click()
    assert page.locator("html").get_attribute("lang") == "cs"
    assert page.url.endswith("/queries?tag=country")
    bright = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("link", name="Tmavý").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != bright
    visitor.go("/")
    assert page.locator("html").get_attribute("lang") == "cs"
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_menu_on_a_phone(visit: Callable[..., Any]) -> None:
    """On a small screen a button opens the menu, without JavaScript; on a large one it is there."""
    visitor = visit(java_script_enabled=False, viewport={"width": 390, "height": 800})
    visitor.go("/queries")
    page = visitor.page
    menu = page.get_by_role("navigation", name="Main menu")
    assert not menu.is_visible()
    page.get_by_text("Menu", exact=True).click()
    menu.get_by_role("link", name="Ontology").click()
    assert page.url.endswith("/ontology")
    page.set_viewport_size({"width": 1440, "height": 900})
    assert menu.is_visible()
    assert not page.get_by_text("Menu", exact=True).is_visible()


def test_print(visit: Callable[..., Any]) -> None:
    """On paper a page is light, has no controls, shows its tables in full, and says its address."""
    visitor = visit(color_scheme="dark", locale="en-GB")
    visitor.go("/query?query=SELECT%20?s%20{?s%20a%20cg:ClusterOrganisation}%20LIMIT%2090")
    page = visitor.page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    controls = page.locator("button, input, select, form").all()
    assert not [one for one in controls if one.is_visible()]
    clipped = "one => one.scrollHeight - one.clientHeight"
    assert page.locator(".scroll:has(table.result)").evaluate(clipped) <= 0
    assert page.locator(".bottom").get_by_text(f"{visitor.base}/query?query=SELECT").is_visible()


def test_skip_link(visit: Callable[..., Any]) -> None:
    """The first stop of the keyboard leads past the menu to the content."""
    visitor = visit()
    visitor.go("/queries")
    visitor.page.keyboard.press("Tab")
    assert visitor.page.evaluate("document.activeElement.className") == "skip"
    visitor.page.keyboard.press("Enter")
    assert visitor.page.evaluate("document.activeElement.id") == "content"
