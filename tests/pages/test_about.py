"""The pages about the service, who publishes it, and where errors are reported."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from clustergraph.pages import about
from clustergraph.pages.visit import Visit
from clustergraph.protocol import Config, Context, Operator, Request
from clustergraph.quadstore import Engine

from .conftest import Show

TEXTS = Path(about.__file__).parent / "templates" / "about"
OPERATOR = Operator("Ministry of Examples", "data@ministry.example")
FACT = ("https://w3id.org/clustergraph/id/organisation/hub", "founding year", "2006 & <more>",
        "https://source.example/?a=b&c=d")  # fmt: skip


@pytest.fixture
def visit(little: Engine) -> Callable[[Operator], Visit]:
    """A function that returns a visit of a service that an operator runs."""

    def make(operator: Operator) -> Visit:
        context = Context(little.store, 7, Config(operator=operator), engine=little)
        request = Request("GET", "/doc/organisation/hub", base="http://test.example/graph")
        return Visit(request, context, little, "/doc/organisation/hub")

    return make


@pytest.mark.parametrize("name", about.PAGES)
def test_pages_are_in_both_languages(show: Show, name: str) -> None:
    """Each page exists in English and Czech, with as many headings, and names its language."""
    english, czech = show(f"/{name}").text, show(f"/{name}", "cs").text
    assert english.count("<h2>") == czech.count("<h2>") > 0 or name == "contact"
    assert '<html lang="cs">' in czech
    assert len(list(TEXTS.glob(f"{name}.*.html"))) == 2
    for page in (english, czech):
        assert page.count("<h1>") == 1
        assert re.search(rf'href="/{name}" aria-current="page"', page)


def test_every_page_names_publisher_version_licence_and_date(
    little: Engine, show_from: Callable[..., Show]
) -> None:
    """The foot of a page tells who publishes which version of the data, of which day."""
    show = show_from(little, 7, operator=OPERATOR)
    foot = show("/find").text.partition('<footer class="bottom">')[2]
    state = re.sub(r"<[^>]+>", "", re.findall(r'<p class="state">(.*?)</p>', foot)[0])
    assert state == (
        "Publisher: Ministry of Examples · Data version 7 of 15 June 2025 · Data: CC BY 4.0"
    )
    assert "Verze dat 7 ze dne 15. června 2025" in show("/find", "cs").text
    for name in about.PAGES:
        assert f'href="/{name}"' in foot


def test_the_operator_is_named(little: Engine, show_from: Callable[..., Show]) -> None:
    """Publisher and address stand on the pages, in the citation and in the catalogue."""
    show = show_from(little, 7, operator=OPERATOR)
    assert "Ministry of Examples: <cite>" in show("/cite").text
    assert "author = {{Ministry of Examples}}" in show("/cite").text
    assert 'href="mailto:data@ministry.example"' in show("/contact").text
    assert "Ministry of Examples" in show("/catalog.ttl", accept="text/turtle").text


def test_legal_text_is_text(little: Engine, show_from: Callable[..., Show]) -> None:
    """The operator's own statement replaces the general one, by paragraphs; nothing is markup."""
    legal = "# Notice\n\nThe <b>Ministry</b>\nanswers.\r\n\r\n\r\nSecond."
    show = show_from(little, 7, operator=Operator("M", legal=legal))
    page = show("/legal").text
    assert "<h2>Notice</h2>" in page
    assert "<p>The &lt;b&gt;Ministry&lt;/b&gt; answers.</p>" in page
    assert "<p>Second.</p>" in page
    assert "without any guarantee" not in page


def test_reports_by_mail(visit: Callable[[Operator], Visit]) -> None:
    """A report is a message to the operator that names thing, fact, value, source and page."""
    address = urlsplit(about.report(visit(OPERATOR), *FACT))
    assert (address.scheme, address.path) == ("mailto", "data@ministry.example")
    fields = parse_qs(address.query, strict_parsing=True)
    assert set(fields) == {"subject", "body"}
    assert fields["subject"] == ["Error: hub, founding year"]
    (body,) = fields["body"]
    for text in FACT:
        assert text in body
    assert "Page: http://test.example/graph/doc/organisation/hub" in body


def test_reports_to_a_tracker(visit: Callable[[Operator], Visit]) -> None:
    """An address with blanks takes the fact, escaped; no value can add a parameter or a blank."""
    tracker = "https://tracker.example/new?t={title}&v={value}&s={source}&p={property}&i={thing}"
    operator = Operator("M", "data@ministry.example", tracker)
    fact = (FACT[0], FACT[1], "{source}&t=x#y\r\nz", FACT[3])
    address = urlsplit(about.report(visit(operator), *fact))
    assert address.netloc == "tracker.example"
    assert not address.fragment
    fields = parse_qs(address.query, strict_parsing=True)
    assert fields == {
        "t": ["Error: hub, founding year"], "v": [fact[2]], "s": [fact[3]], "p": [fact[1]],
        "i": [fact[0]],
    }  # fmt: skip


def test_no_reports_without_an_address(visit: Callable[[Operator], Visit], show: Show) -> None:
    """Whoever publishes no address gets no reports, and the page on contact says so."""
    assert about.report(visit(Operator()), *FACT) == ""
    assert "mailto:" not in show("/contact").text
    assert "No e-mail address" in show("/contact").text


def test_long_values_are_cut(visit: Callable[[Operator], Visit]) -> None:
    """An address stays short enough for browsers and mail programs."""
    address = about.report(visit(OPERATOR), FACT[0], FACT[1], "ž" * 10_000, FACT[3])
    assert len(address) < 4000
    assert "ž" * 300 in unquote(address)
