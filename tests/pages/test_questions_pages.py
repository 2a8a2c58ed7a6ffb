"""The query page, the list of ready questions and the page of each, as the server makes them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from inprocess import visit

from clustergraph.protocol import Context, Request, Response
from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue

Ask = Callable[..., Response]


@pytest.fixture(scope="module")
def ask(shipped: Engine) -> Ask:
    """A function that asks for an address as a browser does."""
    context = Context(shipped.store, 1, engine=shipped)

    def respond(path: str, language: str = "en") -> Response:
        path, _, query = path.partition("?")
        headers = {"accept": "text/html"}
        base = "http://localhost:8000"
        request = Request("GET", path, query.encode(), headers, base=base, language=language)
        return visit(request, context)

    return respond


def text(response: Response) -> str:
    assert isinstance(response.body, bytes)
    return response.body.decode()


@pytest.mark.parametrize(
    "name",
    [
        "alias-in-use",  # as all checks, which are asked of the whole graph elsewhere
        *(
            name
            for name, one in sorted(catalogue.questions().items())
            # Answers for readers are looked at in both languages: test_question.py.
            if one.kind != "checks" and "reader" not in one.tags
        ),
    ],
)
def test_each_question_has_a_page(name: str, ask: Ask) -> None:
    """Every ready question is asked with its defaults, or says what is to be filled in first."""
    response = ask(f"/queries/{name}")
    assert response.status == 200
    question = catalogue.find(name)
    page = text(response)
    assert html.escape(question.summary, quote=False) in html.unescape(page).replace("&", "&amp;")
    assert 'class="outcome"' in page or "To be filled in first" in page
    for parameter in question.parameters:
        assert f'name="{parameter}"' in page


def test_czech_page_speaks_czech(ask: Ask) -> None:
    """A visit in Czech reads summaries, descriptions and hints in Czech, those of checks too."""
    page = text(ask("/queries/labels-expiring", "cs"))
    question = catalogue.find("labels-expiring")
    assert f"<h1>{question.summary_cs}</h1>" in page
    assert question.summary not in page
    assert "první den období" in page
    listed = text(ask("/queries?q=platnost+konci", "cs"))
    assert f">{question.summary_cs}</a>" in listed
    check = text(ask("/queries/alias-in-use", "cs"))
    assert f"<h1>{catalogue.find('alias-in-use').summary_cs}</h1>" in check
    assert f'<p class="lead">{catalogue.find("alias-in-use").description_cs[:20]}' in check


def test_list_is_searched(ask: Ask) -> None:
    """Questions are found by words, whatever their accents, and by tag."""
    page = text(ask("/queries?q=EUROCLUSTER+partners"))
    assert "/queries/eurocluster-partners" in page
    assert "/queries/calls" not in page
    page = text(ask("/queries?tag=money"))
    assert "/queries/money-by-programme" in page
    assert "/queries/find-partners" not in page


def test_wrong_value_is_explained(ask: Ask) -> None:
    """A value that names nothing is answered with the form and near names."""
    response = ask("/queries/partners-by-country?country=XY")
    assert response.status in (400, 404)
    assert "XY" in text(response)
    assert '<form action="/queries/partners-by-country"' in text(response)


def test_fault_has_a_place(ask: Ask) -> None:
    """A query that is not SPARQL keeps its text, with the line and a mark below the column."""
    response = ask("/query?query=SELECT+%2A%0A%7B+%3Fx+%3B%3B+%7D")
    page = text(response)
    assert response.status == 400
    assert not response.cacheable
    assert 'data-line="2"' in page
    assert "{ ?x ;; }" in page
    assert re.search(r"\n +\^", page)


def test_query_is_escaped(ask: Ask) -> None:
    """Nothing that stands in a query or in the graph becomes markup."""
    page = text(ask("/query?query=SELECT+(%22%3Cscript%3Ealert(1)%3C/script%3E%22+AS+%3Fx)+%7B%7D"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_same_from_elsewhere(ask: Ask) -> None:
    """The page tells how to ask the same with curl, in Python and as a data frame."""
    page = html.unescape(text(ask("/query?query=SELECT+%2A+%7B+%3Fx+a+cg%3ACountryGroup+%7D")))
    assert "curl -G http://localhost:8000/sparql" in page
    assert "--data-urlencode 'query=SELECT * { ?x a cg:CountryGroup }'" in page
    line = 'graph.select("SELECT * { ?x a cg:CountryGroup }")'
    assert line in page
    assert "pandas" in page
    assert "/sparql?query=SELECT+%2A+%7B+%3Fx+a+cg%3ACountryGroup+%7D&format=csv" in page


def test_shown_python_runs(ask: Ask, serve: Any) -> None:
    """The Python that a page shows runs, and finds what the page shows."""
    running = serve("--workers", 1)
    page = html.unescape(text(ask("/queries/partners-by-country?country=CZ")))
    code = re.search(r'<pre id="copy-frame"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert code is not None
    rows = re.search(r">(\d+) rows<", page)
    assert rows is not None
    pytest.importorskip("pandas", reason="pandas is not installed")
    names: dict[str, Any] = {}
    exec(code[1].replace("http://localhost:8000", running.base), names)  # noqa: S102 - our own page
    assert len(names["frame"]) == int(rows[1])


def test_page_of_a_browser_gives_files_too(ask: Ask) -> None:
    """With a format in its address the page of a question is a download."""
    response = ask("/queries/clusters-per-country?format=csv")
    assert dict(response.headers)["Content-Type"].startswith("text/csv")


def test_terms(ask: Ask) -> None:
    """The editor is told the terms, the most used first, with labels in the language."""
    for language, label in (("en", "cluster organisation"), ("cs", "klastrová organizace")):
        found = json.loads(text(ask("/query/terms", language)))
        term = next(one for one in found["classes"] if one["name"] == "cg:ClusterOrganisation")
        assert term["label"] == label
        assert term["count"] > 600
        counts = [one["count"] for one in found["properties"]]
        assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("q=clutex", "cluster-organisation:clutex"),
        ("q=techtera&prefix=cluster-organisation", "cluster-organisation:techtera"),
        ("q=CESKO&prefix=country", "country:CZ"),
        ("q=czech&property=cg:country", "country:CZ"),
        ("q=te&property=cg:ecosystem", "ecosystem:textiles"),
        ("name=country:CZ", "country:CZ"),
    ],
)
def test_things(asked: str, name: str, ask: Ask) -> None:
    """Things are found by name or label, without accents; what a property leads to comes first."""
    found = json.loads(text(ask(f"/query/things?{asked}")))
    assert found[0]["name"] == name


def test_objects_have_the_range_of_the_property(ask: Ask) -> None:
    """What a property never had as a value is offered if its range has it, and nothing else."""
    assert json.loads(text(ask("/query/things?q=japan&property=cg:regionCountry"))) == [
        {"name": "country:JP", "label": "Japan", "kind": "country"}
    ]
    found = json.loads(text(ask("/query/things?q=a&property=cg:ecosystem")))
    assert {one["kind"] for one in found} == {"ecosystem"}
    assert json.loads(text(ask("/query/things?q=a&property=cg:unheardOf"))) == []


def test_things_are_few(ask: Ask) -> None:
    """Too little typed finds nothing, unless the property says what is meant."""
    assert json.loads(text(ask("/query/things?q=c"))) == []
    assert len(json.loads(text(ask("/query/things?q=a")))) == 0
    levels = json.loads(text(ask("/query/things?q=&property=cg:labelLevel")))
    assert {one["name"] for one in levels} == {
        "label-level:bronze", "label-level:silver", "label-level:gold",
    }  # fmt: skip


def test_check(ask: Ask) -> None:
    """The editor is told where and why a text is not SPARQL, and nothing if it is."""
    assert json.loads(text(ask("/query/check?query=ASK+%7B%7D"))) == {}
    found = json.loads(text(ask("/query/check?query=ASK+%7B+%7D%0Anonsense")))
    assert (found["line"], found["column"]) == (2, 1)
    found = json.loads(text(ask("/query/check?query=ASK+%7B+%3Fx+a+cg:Custer+%7D")))
    assert (found["line"], found["column"], found["warning"]) == (1, 12, True)
    deep = "(" * 3000
    assert "message" in json.loads(text(ask(f"/query/check?query=ASK+%7B+FILTER({deep}")))
