"""The pages of quality say what the shapes, the checks and the graph say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from html import unescape

import pytest

from clustergraph.pages.quality import QUESTIONS
from clustergraph.pages.rules import known
from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue
from clustergraph.shacl import shipped_shapes
from clustergraph.shacl.compile import Compiled, Graph
from clustergraph.validation.whole import keep

from .conftest import Show


@pytest.fixture(autouse=True, scope="module")
def kept() -> None:
    """Which cell states what is known, as the service sees to when it starts."""
    keep()


@pytest.mark.full
def test_findings_are_those_of_the_shapes(show_shipped: Show, shipped: Engine) -> None:
    """Each rule that is broken stands there with as many findings as validation has."""
    page = show_shipped("/quality").text
    results = Compiled.of(shipped_shapes()).results(Graph(shipped.store))
    expected = Counter(one.shape.value.rpartition("#")[2] for one in results)
    told = {
        key: int(n.replace(",", ""))
        for key, n in re.findall(r'href="/quality/([\w-]+)" aria-label="[^"]*">([\d,]+)<', page)
    }
    assert told == dict(expected)


def test_rule_tells_thing_and_cell(show_shipped: Show) -> None:
    """The page of a rule names things, the table, the row; in Czech it says so in Czech."""
    page = show_shipped("/quality/LabelAward-dated").text
    assert re.search(r"label_awards\.csv</a>, row \d+", page)
    assert 'href="/doc/label-award/' in page
    czech = unescape(show_shipped("/quality/LabelAward-dated", "cs").text)
    assert "alespoň jedna hodnota" in czech
    assert "řádek" in czech


def test_unknown_rule_is_refused(show: Show) -> None:
    """A rule that there is not is answered by 404."""
    assert show("/quality/Nothing-like-this").status == 404


def test_completeness_counts_what_is_there(show: Show) -> None:
    """Of one organisation with a region and one without, each country tells its own share."""
    page = show("/quality").text
    rows = dict(
        re.findall(r'<tr><th scope="row"><a href="/country/(\w\w)">.*?</th>(.*?)</tr>', page)
    )
    shares = {code: re.findall(r">(\d+)</td>", cells) for code, cells in rows.items()}
    assert set(shares) == {"CZ", "PL"}
    # Website, region, founding year, ecosystem, sector, members.
    assert shares["CZ"] == ["100", "100", "100", "100", "0", "100"]
    assert shares["PL"] == ["0", "0", "100", "0", "100", "0"]


def test_claims_are_counted_by_basis(show: Show) -> None:
    """Claims are counted by how they were established."""
    page = show("/quality").text
    cells = re.findall(r'<a href="/ns/(\w+)">[^<]*</a></th><td><svg.*?</svg></td>(.*?)</tr>', page)
    numbers = {name: re.findall(r">(\d+)<", row) for name, row in cells}
    assert numbers == {"ecosystem": ["0", "1", "0"]}


def test_time_that_runs_out_is_told(little: Engine, show_from: Callable[..., Show]) -> None:
    """What the budget of time does not suffice for is named, not passed over."""
    page = show_from(little, 8, budget_s=-1)("/quality").text
    assert re.search(r"Not validated for lack of time: \d+ shapes:</strong>.*LabelAward", page)
    assert "No findings." not in page


@pytest.mark.parametrize("language", ["en", "cs"])
def test_every_rule_has_a_page(show: Show, language: str) -> None:
    """Each rule has a page in either language, whether it is broken or not."""
    for rule in list(known().values())[::7]:
        assert f"<code>{rule.key}</code>" in show(f"/quality/{rule.key}", language).text


def test_checks_tell_rows(show: Show) -> None:
    """Each check stands there, with a link to it and the number of its rows."""
    page = show("/quality/checks").text
    assert "/queries/self-reference" in page
    assert re.search(r"\d+ checks? found errors", page)


@pytest.mark.parametrize("language", ["en", "cs"])
def test_checks_and_questions_are_listed(show: Show, language: str) -> None:
    """Each check stands on the page of quality, and questions about reliability do."""
    page = show("/quality", language).text
    checks = [one for one in catalogue.questions().values() if one.kind == "checks"]
    for name in (*QUESTIONS, *(one.name for one in checks)):
        assert f'href="/queries/{name}"' in page
    if language == "cs":
        assert "Otázky o\u00a0zdrojích a\u00a0spolehlivosti" in page


def test_rules_of_a_class_are_no_findings(show: Show) -> None:
    """The page of a class lists its rules without the colours of what was found in data."""
    for path in ("/ns/ClusterOrganisation", "/quality/LabelAward-dated"):
        page = show(path).text
        assert "not met" in page
        assert not re.search(r'class="badge (?:violation|warning)"', page)


def test_form_is_for_the_endpoint(show: Show) -> None:
    """The form sends a file to the service's validation, without any script."""
    page = show("/quality").text
    form = re.search(r'<form class="card check".*?</form>', page, re.DOTALL)
    assert form is not None
    assert 'action="/validate?format=html" enctype="multipart/form-data"' in form[0]
    assert "<script" not in form[0]
