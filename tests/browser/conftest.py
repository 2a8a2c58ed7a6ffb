"""A headless Chromium that looks at the pages of a service over the shipped graph."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@dataclass
class Visitor:
    """A page of a browser, and what went wrong while somebody looked at it.

    Attributes:
        page: the page, as Playwright has it.
        base: the service's address.
        wrong: errors on the console, requests that failed, and addresses of other hosts that
            the page asked for.
    """

    page: Any
    base: str
    wrong: list[str] = field(default_factory=list)

    def go(self, path: str) -> Any:
        """Open an address of the service, and wait until its scripts, if any, have loaded."""
        response = self.page.goto(self.base + path)
        if self.page.locator("script[type=module]").count():
            self.page.wait_for_load_state("networkidle")
        return response


# Not for the session: beside Playwright, no other test of the process can run an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The browser; without one, or without what drives it, the tests are skipped."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    named = os.environ.get("CLUSTERGRAPH_BROWSER")
    found = named or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("no Chromium is installed (CLUSTERGRAPH_BROWSER may name one)")
    with api.sync_playwright() as playwright:
        # Containers have no room for the sandbox, nor for much shared memory.
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def base(serve_for_all: Callable[..., Any]) -> str:
    """The address of a service over the shipped graph."""
    return str(serve_for_all("--workers", 2, "--contact", "curator@example.org").base)


@pytest.fixture
def visit(browser: Any, base: str) -> Iterator[Callable[..., Visitor]]:
    """A function that opens a fresh window; nothing may have gone wrong in it at the end."""
    opened: list[tuple[Any, Visitor]] = []

    def open_window(**options: Any) -> Visitor:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(60_000)
        visitor = Visitor(context.new_page(), base)
        page, wrong = visitor.page, visitor.wrong

        def route(route: Any) -> None:
            if route.request.url.startswith(base):
                route.continue_()
            else:
                wrong.append(f"asked for {route.request.url}")
                route.abort()

        context.route("**/*", route)
        page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
        page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        opened.append((context, visitor))
        return visitor

    yield open_window
    for context, visitor in opened:
        context.close()
        assert not visitor.wrong
