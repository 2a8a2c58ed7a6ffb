"""The way from strategies to money: what is drawn is what the graph states."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, Final

import pyoxigraph as ox
import pytest
from inprocess import visit

from clustergraph.pages import flows
from clustergraph.pages.flows import Flow, Stop
from clustergraph.protocol import Config, Context, Request
from clustergraph.quadstore import Engine

CG: Final = "https://w3id.org/clustergraph/ns#"


def html(engine: Engine, query: str = "", language: str = "en") -> str:
    headers = {"accept": "text/html"}
    request = Request("GET", "/policy", query.encode(), headers, b"", language=language)
    response = visit(request, Context(engine.store, 1, Config(), engine=engine))
    assert response.status == 200
    assert isinstance(response.body, bytes)
    return response.body.decode()


def test_each_relation_is_drawn_once(shipped: Engine) -> None:
    """As many lines come from strategies as programmes are said to implement one."""
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
    drawn = re.findall(r'<path class="flow s0"', html(shipped))
    assert len(drawn) == len(stated) > 20


def test_one_strategy_is_followed(shipped: Engine) -> None:
    """Only what follows from the strategy chosen is drawn; the gaps stay those of all."""
    all_of_it, one = html(shipped), html(shipped, "strategy=industrial-2021")
    assert 0 < one.count('<path class="flow') < all_of_it.count('<path class="flow')
    assert one[one.index('id="gaps"') :].count("<li>") == all_of_it[
        all_of_it.index('id="gaps"') :
    ].count("<li>")
    assert "No programme in the graph" in html(shipped, "strategy=none")


def test_national_programmes_are_shown_when_asked_for(shipped: Engine) -> None:
    """European programmes come first; national ones are a click away, in Czech as well."""
    european, all_of_them = html(shipped), html(shipped, "scope=all", "cs")
    assert european.count("<g><title>") < all_of_them.count("<g><title>")
    assert "Programy v čase" in all_of_them


def drawn(stops: list[Stop], links: list[Flow]) -> Any:
    return flows.sankey("k", "title", "description", ["a", "b"], stops, links)


def test_height_is_what_flows_through() -> None:
    """A thing with three flows is three times as high as one with one, down to a least height."""
    stops = [Stop("s", "S", 0), *(Stop(str(n), f"T{n}", 1) for n in range(3))]
    links = [Flow("s", str(n), 2) for n in range(3)]
    heights = [float(one) for one in re.findall(r'height="([\d.]+)"', drawn(stops, links))]
    assert heights == [54.0, 18.0, 18.0, 18.0]


def test_boxes_of_a_column_do_not_overlap() -> None:
    """However the columns are ordered, each box has its room."""
    stops = [Stop(f"s{n}", f"S{n}", 0) for n in range(9)] + [
        Stop(f"t{n}", f"T{n}", 1) for n in range(4)
    ]
    links = [Flow(f"s{n}", f"t{n * 7 % 4}") for n in range(9)]
    picture = drawn(stops, links)
    for column in (0, 1):
        found = re.findall(
            rf'<rect class="s{column}" [^>]*y="([\d.]+)"[^>]*height="([\d.]+)"', picture
        )
        boxes = sorted((float(top), float(height)) for top, height in found)
        assert len(boxes) == (9, 4)[column]
        assert all(a[0] + a[1] <= b[0] for a, b in pairwise(boxes))


@pytest.mark.parametrize("name", ["<b>x</b>", '"><script>'])
def test_names_are_escaped(name: str) -> None:
    """What comes from data is text."""
    picture = drawn([Stop("s", name, 0, name), Stop("t", "T", 1)], [Flow("s", "t")])
    assert name not in picture


def test_what_has_no_flow_is_left_out() -> None:
    """A thing without a relation is no part of the picture."""
    picture = drawn([Stop("s", "S", 0), Stop("t", "T", 1), Stop("u", "U", 1)], [Flow("s", "t")])
    assert ">U<" not in picture
