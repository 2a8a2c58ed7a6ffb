"""Policy and money: what is listed and drawn is what the graph states."""

from __future__ import annotations

import re
from html import escape
from typing import Final

import pyoxigraph as ox
import pytest
from inprocess import visit

from clustergraph.protocol import Config, Context, Request
from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue

CG: Final = "https://w3id.org/clustergraph/ns#"


def html(engine: Engine, query: str = "", language: str = "en") -> str:
    headers = {"accept": "text/html"}
    request = Request("GET", "/policy", query.encode(), headers, b"", language=language)
    response = visit(request, Context(engine.store, 1, Config(), engine=engine))
    assert response.status == 200
    assert isinstance(response.body, bytes)
    return response.body.decode()


def test_ecosystem_finds_its_programmes(shipped: Engine) -> None:
    """The page lists the programmes that the ready question finds, and says what is estimated."""
    found = catalogue.ask(
        catalogue.find("programmes-for-ecosystem"), shipped, {"ecosystem": ["textiles"]}
    )
    names = [row["name"].value for row in found]  # type: ignore[union-attr, misc]
    section = html(shipped, "ecosystem=textiles").split('id="funding"')[1].split("</section>")[0]
    assert len(names) == section.count('<th scope="row">') > 5
    assert all(escape(name) in section for name in names)
    assert "estimated" in section


def test_country_narrows_the_programmes(shipped: Engine) -> None:
    """With a country there are its own programmes and the European ones."""
    section = html(shipped, "ecosystem=textiles&country=sk").split('id="funding"')[1]
    cells = re.findall(r"</th><td>([^<]*)</td>", section.split("</section>")[0])
    assert set(cells) <= {"European", "Slovakia"}
    assert "European" in cells


@pytest.mark.parametrize("query", ["ecosystem=texile", "ecosystem=textiles&country=QQ"])
def test_unknown_choice_is_told(shipped: Engine, query: str) -> None:
    """What is no ecosystem or country is 404."""
    request = Request("GET", "/policy", query.encode(), {"accept": "text/html"}, b"")
    assert visit(request, Context(shipped.store, 1, Config(), engine=shipped)).status == 404


def test_each_relation_is_listed_once(shipped: Engine) -> None:
    """As many rows lead from strategies as programmes are said to implement one."""
    store = shipped.store
    programmes = {
        quad.subject
        for quad in store.quads_for_pattern(None, None, ox.NamedNode(CG + "FundingProgramme"))
    }
    strategies = {
        quad.subject for quad in store.quads_for_pattern(None, None, ox.NamedNode(CG + "Strategy"))
    }
    stated = {
        (quad.subject, quad.object)
        for quad in store.quads_for_pattern(None, ox.NamedNode(CG + "implements"), None)
        if quad.subject in programmes and quad.object in strategies
    }
    step = html(shipped).split("Programmes that implement a strategy <span")[1]
    assert step.split("</details>")[0].count("<tr><td>") == len(stated) > 20


def test_one_strategy_is_followed(shipped: Engine) -> None:
    """Only what follows from the strategy chosen is listed; the gaps stay those of all."""
    all_of_it, one = html(shipped), html(shipped, "strategy=industrial-2021")
    assert 0 < one.count("<tr><td>") < all_of_it.count("<tr><td>")
    assert one[one.index('id="gaps"') :].count("<li>") == all_of_it[
        all_of_it.index('id="gaps"') :
    ].count("<li>")
    assert "No programme in the data" in html(shipped, "strategy=none")


def test_national_programmes_are_shown_when_asked_for(shipped: Engine) -> None:
    """European programmes come first; national ones are a click away, in Czech as well."""
    european, all_of_them = html(shipped), html(shipped, "scope=all", "cs")
    assert european.count("<title>") < all_of_them.count("<title>")
    assert "Programy v\u00a0čase" in all_of_them
