"""The frame of the pages: language, theme, words, files, headers, refusals."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clustergraph.http.exchange import visitor
from clustergraph.pages import frame
from clustergraph.pages.words import Words

Show = Callable[..., Any]

ROOM = Path(frame.__file__).parent
TEMPLATES = sorted((ROOM / "templates").rglob("*.html"))


@pytest.mark.parametrize(
    ("accepted", "cookie", "expected"),
    [
        (b"", b"", "en"),
        (b"cs-CZ,cs;q=0.9,en;q=0.8", b"", "cs"),
        (b"de,cs;q=0.3,en;q=0.7", b"", "en"),
        (b"de, fr", b"", "en"),
        (b"cs;q=0", b"", "en"),
        (b"en", b"lang=cs", "cs"),
        (b"cs", b"other=1; lang=en; theme=dark", "en"),
        (b"cs", b"lang=xx", "cs"),
        (b"cs;q=..,;;,\xff" * 50, b"lang=\xff", "en"),
    ],
)
def test_language_is_chosen(accepted: bytes, cookie: bytes, expected: str) -> None:
    """The cookie decides, else the best of the languages that the client accepts, else English."""
    language, _ = visitor({b"accept-language": accepted, b"cookie": cookie})
    assert language == expected


def test_visitors_have_few_forms() -> None:
    """Whatever a client sends, what pages depend on has one of six forms."""
    seen = {
        visitor({b"accept-language": language, b"cookie": b"theme=" + theme})
        for language in (b"cs", b"en-GB", b"*", b"xx-long")
        for theme in (b"dark", b"light", b"auto", b"<x>", b"")
    }
    assert len(seen) == 6


@pytest.mark.parametrize("path", sorted((ROOM / "texts").glob("*.toml")), ids=lambda p: p.stem)
def test_words_are_in_both_languages(path: Path) -> None:
    """Each text is there in English and Czech, with the same values to fill in, and not empty."""
    for key, texts in tomllib.loads(path.read_text(encoding="utf-8")).items():
        assert set(texts) == {"en", "cs"}, key
        english, czech = (
            texts[language] if isinstance(texts[language], list) else [texts[language]]
            for language in ("en", "cs")
        )
        assert all(one.strip() for one in english + czech), key
        blanks = {frozenset(re.findall(r"\{(\w+)\}", one)) for one in english + czech}
        assert len(blanks) == 1 or len(english) > 1, key


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_find_their_words(path: Path) -> None:
    """Each key that a template names outright has a text."""
    words = Words("en", path.stem)
    source = path.read_text(encoding="utf-8")
    for call, key in re.findall(r"""\b(t|frame)\(["']([^"']+)["'][,)]""", source):
        known = Words("en", "frame") if call == "frame" else words
        assert known.has(key), f"{path.name}: no words for {key!r}"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_keep_to_the_policy(path: Path) -> None:
    """No template has inline styles or scripts, handlers, or addresses of other hosts to load."""
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", source)
    assert not re.search(r"""\ssrc=["'](?:https?:)?//""", source)
    for script in re.findall(r"<script[^>]*>", source):
        assert "src=" in script or 'type="application/' in script, script


@pytest.mark.parametrize(
    ("language", "number", "expected"),
    [("en", 1234567, "1,234,567"), ("cs", 1234567, "1\u00a0234\u00a0567"), ("cs", 2.5, "2,5"),
     ("en", -1, "−1"), ("en", 1e20, "100,000,000,000,000,000,000")],
)  # fmt: skip
def test_numbers(language: str, number: float, expected: str) -> None:
    """Numbers look as the language writes them."""
    assert Words(language, "frame").number(number) == expected


@pytest.mark.parametrize(
    ("language", "written", "expected"),
    [("en", "2024-03-05", "5 March 2024"), ("cs", "2024-03-05", "5. března 2024"),
     ("cs", "2024-03", "3/2024"), ("en", "2024-03", "March 2024"), ("en", "2024", "2024"),
     ("en", "no date", "no date"), ("cs", "2024-13-01", "2024-13-01"), ("en", None, "")],
)  # fmt: skip
def test_days(language: str, written: str | None, expected: str) -> None:
    """Days look as the language writes them; what is no date stays as it is."""
    assert Words(language, "frame").day(written) == expected


@pytest.mark.parametrize(("n", "expected"), [(1, "1 výsledek"), (3, "3 výsledky"),
                                             (5, "5 výsledků"), (0, "0 výsledků")])  # fmt: skip
def test_plural_forms(n: int, expected: str) -> None:
    """Czech has three forms of the plural."""
    assert Words("cs", "find")("results", n=n) == expected


def test_headers_of_a_page(show: Show) -> None:
    """A page says its language, and may be kept while the generation lasts."""
    response = show("/find", language="cs")
    lines = response.head
    assert lines["content-language"] == "cs"
    assert response.cacheable
    page = response.text
    assert '<html lang="cs">' in page
    assert "Hledat" in page


def test_theme_of_a_page(show: Show) -> None:
    """The chosen theme is said to the style sheet; without a choice the system decides."""
    assert 'data-theme="dark"' in show("/find", theme="dark").text
    assert "data-theme" not in show("/find").text


def test_files_are_found_by_their_version(show: Show) -> None:
    """What a page names is kept for ever; the same file at another version is asked for again."""
    named = [one for one in show("/find").links if one.startswith("/static/")]
    assert len(named) >= 3
    for address in named:
        response = show(address)
        assert "immutable" in response.head["cache-control"]
        old = show(re.sub("/static/[^/]+/", "/static/old/", address))
        assert old.body == response.body
        assert old.head["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["none.css", "../frame.py", "..%2Fframe.py", ".hidden"])
def test_other_files_are_not_handed_out(show: Show, name: str) -> None:
    """Nothing but the known files is to be had, whatever the path."""
    assert show(f"/static/x/{name}").status == 404


@pytest.mark.parametrize(
    ("query", "cookie", "location"),
    [
        ("lang=cs&next=/find%3Fq%3Da", "lang=cs", "/find?q=a"),
        ("theme=dark&next=//evil.example/", "theme=dark", "/"),
        ("theme=auto&next=/%5Cevil.example", "theme=auto; Path=/; Max-Age=0", "/"),
        ("lang=cs&next=https://evil.example/", "lang=cs", "/"),
        ("lang=cs&next=/a%0d%0aX:1", "lang=cs", "/"),
    ],
)
def test_switches(show: Show, query: str, cookie: str, location: str) -> None:
    """A switch sets a cookie and leads back, and to no other host."""
    response = show(f"/settings?{query}")
    lines = response.head
    assert response.status == 303
    assert lines["location"] == location
    assert lines["set-cookie"].startswith(cookie)
    assert not response.cacheable


def test_unknown_values_of_switches_set_nothing(show: Show) -> None:
    """A language that there is not sets no cookie."""
    assert "set-cookie" not in show("/settings?lang=xx&theme=blue").head


def test_a_refusal_is_a_page_or_a_problem(show: Show) -> None:
    """What is wrong is told to people as a page, to programs as a problem document."""
    response = show("/find?view=cake")
    assert response.status == 400
    assert b"view is one of list, table, map" in response.body
    assert b"<main" in response.body
    response = show("/find?view=cake", accept="application/json")
    assert response.head["content-type"] == "application/problem+json"
    assert response.status == 400


def test_an_unknown_address_is_a_page(show: Show) -> None:
    """An address that there is not is told on a page that leads on."""
    page = show("/fnd")
    assert page.status == 404
    assert b'href="/find"' in page.body
