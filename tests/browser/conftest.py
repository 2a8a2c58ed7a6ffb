"""A headless Chromium that looks at the pages of a service over the shipped graph."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

_NAMES = (
    # Without a window it takes a third of the time.
    "chromium-headless-shell",
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
)  # fmt: skip


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


Open = Callable[..., Visitor]


@pytest.fixture(scope="module")
def windows(browser: Any, base: str) -> Iterator[Open]:
    """A function that returns a window with given options, new or as good as new."""
    opened: dict[str, tuple[Any, Visitor]] = {}

    def open_window(**options: Any) -> Visitor:
        options = {"viewport": {"width": 1280, "height": 900}, **options}
        if repr(options) not in opened:
            context = browser.new_context(**options)
            context.set_default_timeout(60_000)
            visitor = Visitor(context.new_page(), base)
            _watch(context, visitor)
            opened[repr(options)] = (context.new_cdp_session(visitor.page), visitor)
        session, visitor = opened[repr(options)]
        visitor.page.goto("about:blank")
        session.send("Storage.clearDataForOrigin", {"origin": base, "storageTypes": "all"})
        visitor.page.set_viewport_size(options["viewport"])
        visitor.page.emulate_media(media="null", color_scheme=options.get("color_scheme", "null"))
        visitor.wrong.clear()
        return visitor

    yield open_window
    for _, visitor in opened.values():
        visitor.page.context.close()


def _watch(context: Any, visitor: Visitor) -> None:
    """Keep the window to the service, and note what goes wrong in it."""

    def route(route: Any) -> None:
        if route.request.url.startswith(visitor.base):
            route.continue_()
        else:
            visitor.wrong.append(f"asked for {route.request.url}")
            route.abort()

    context.route("**/*", route)
    visitor.page.on("pageerror", lambda error: visitor.wrong.append(f"script: {error}"))
    visitor.page.on(
        "console", lambda said: said.type == "error" and visitor.wrong.append(said.text)
    )


@pytest.fixture
def visit(windows: Open) -> Iterator[Open]:
    """A function that opens a fresh window; nothing may have gone wrong in it at the end."""
    used: list[Visitor] = []

    def open_window(**options: Any) -> Visitor:
        used.append(windows(**options))
        return used[-1]

    yield open_window
    for visitor in used:
        assert not visitor.wrong
