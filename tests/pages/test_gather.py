"""Facets: one definition for search, addresses and queries."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from clustergraph.pages.europe import point
from clustergraph.pages.gather import FACETS, iri_of, key
from clustergraph.quadstore import Engine, build
from clustergraph.sparql.sheets import harmless_cell

GRAPH = """
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix id: <https://w3id.org/clustergraph/id/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix graph: <https://w3id.org/clustergraph/graph/> .
graph:x {
  id:cluster-organisation\\/a a cg:ClusterOrganisation ; rdfs:label "=1+1"@en ; cg:city "@home" .
  id:cluster-organisation\\/b a cg:ClusterOrganisation ; rdfs:label "-5"@en ; cg:city "-a" .
}
"""


@pytest.mark.parametrize(
    ("facet", "value"),
    [("kind", "Cluster"), ("kind", "Organization"), ("country", "CZ"), ("region", "CZ064"),
     ("ecosystem", "textiles"), ("sector", "media"), ("label", "gold"), ("programme", "smp")],
)  # fmt: skip
def test_values_and_iris_are_inverse(facet: str, value: str) -> None:
    """The name of a value in addresses and its IRI lead to each other."""
    assert key(facet, iri_of(facet, value)) == value


def test_iris_of_values_are_iris() -> None:
    """Whatever an address names as a value becomes an IRI that a query can hold."""
    for facet in FACETS:
        iri = iri_of(facet, 'a> } DROP ALL # "x\x00\u2028é')
        assert ox.NamedNode(iri if facet != "year" else "urn:" + iri)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"), ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"), ("@SUM(A1)", "'@SUM(A1)"),
        ("-1+2", "'-1+2"), ("\t=1", "'\t=1"), ("\r=1", "'\r=1"), ("\uff1d1", "'\uff1d1"),
        ("-5", "-5"), ("+1.5e3", "+1.5e3"), ("-INF", "-INF"), ("a=1", "a=1"), ("", ""), (-5, -5),
    ],
)  # fmt: skip
def test_cells_are_no_formulas(text: Any, shown: Any) -> None:
    """A text that a spreadsheet would calculate gets an apostrophe; a number does not."""
    assert harmless_cell(text) == shown


def test_download_holds_no_formula(tmp_path: Path, show_from: Callable[..., Any]) -> None:
    """/find.csv: names and places from the data are text in a spreadsheet."""
    build(tmp_path / "store", lambda: ox.parse(GRAPH, ox.RdfFormat.TRIG))
    body = show_from(Engine(tmp_path / "store"), 1)("/find.csv", accept="text/csv").body
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert {(row["name"], row["city"]) for row in rows} == {("'=1+1", "'@home"), ("-5", "'-a")}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("POINT(16.6 49.2)", (16.6, 49.2)),
        (" point ( -8 60. ) ", (-8.0, 60.0)),
        ("POINT(1.2.3 4)", None),
        ("POINT(.. ..)", None),
        ("POINT(٣ ٤)", None),
        ("POINT(" + "1" * 5000 + " 2)", None),
    ],
)
def test_points(text: str, found: tuple[float, float] | None) -> None:
    """What is no point in well-known text is no point on the map, and no error."""
    assert point(text) == found


@pytest.mark.parametrize("page", ["0", "-1", "9" * 5000, "1" + "0" * 5000, "000001" + "9" * 5000,
                                  "٣", "1.0", "x"])  # fmt: skip
@pytest.mark.parametrize("address", ["/find?page=", "/doc/organisation/hub?page=",
                                     "/doc/organisation/hub.ttl?page="])  # fmt: skip
def test_page_numbers(show: Callable[..., Any], address: str, page: str) -> None:
    """A number of a page that is none, or of 5,000 digits, is refused."""
    assert show(address + page).status == 400


def test_records_without_a_name(tmp_path: Path, show_from: Callable[..., Any]) -> None:
    """A claim or a figure that is a blank node is shown with its thing, and breaks nothing."""
    data = """
    @prefix cg: <https://w3id.org/clustergraph/ns#> .
    @prefix id: <https://w3id.org/clustergraph/id/> .
    @prefix graph: <https://w3id.org/clustergraph/graph/> .
    graph:x {
      id:cluster-organisation\\/a a cg:ClusterOrganisation .
      [] a cg:Figure ; cg:figureOf id:cluster-organisation\\/a ; cg:value 7 .
      _:1a cg:claimSubject id:cluster-organisation\\/a .
    }
    """
    build(tmp_path / "store", lambda: ox.parse(data, ox.RdfFormat.TRIG))
    assert show_from(Engine(tmp_path / "store"), 1)("/doc/cluster-organisation/a").status == 200
