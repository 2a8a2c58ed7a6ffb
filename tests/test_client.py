"""``clustergraph.connect``: questions asked from Python, answers with types."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import clustergraph
from clustergraph import dataset
from clustergraph.client import Graph
from clustergraph.errors import ParameterError, StoreError, UnknownNameError, UsageError
from clustergraph.quadstore import Engine, build
from clustergraph.rdf.values import IRI, Text


@pytest.fixture(scope="module")
def graph(shipped: Engine) -> Graph:
    return Graph(shipped)


def test_question_is_asked_by_name(graph: Graph) -> None:
    """A ready question takes its parameters as Python values; rows have types and names."""
    rows = graph.select("find-partners", country=["CZ", "SK"], ecosystem=None)
    assert len(rows) > 10
    assert rows.names[:2] == ("organisation", "name")
    row = rows[0]
    assert isinstance(row.organisation, IRI)
    assert isinstance(row["name"], Text)
    assert row.countryName in ("Czechia", "Slovakia")
    assert row.asdict()["name"] == row[1]
    assert {type(row.members) for row in rows} <= {int, type(None), type(row.members)}


def test_parameters_of_any_type_are_taken(graph: Graph) -> None:
    """A date and a number reach the query as terms of the right type."""
    year = {"from": date(2018, 1, 1), "to": date(2018, 12, 31)}
    expiring = graph.select("labels-expiring", **year)
    assert [tuple(row) for row in expiring] == [
        tuple(row) for row in graph.select("labels-expiring")
    ]
    assert len(expiring) > len(graph.select("labels-expiring", **year | {"to": date(2018, 1, 2)}))
    many, few = (graph.select("largest-clusters", least=least) for least in (1, 20))
    assert len(many) > len(few) > 0


def test_query_text_is_asked(graph: Graph) -> None:
    """SPARQL is taken as it is; ASK answers with a truth, CONSTRUCT with a graph of rdflib."""
    rows = graph.select("SELECT (1 AS ?one) (2.5 AS ?two) (?none AS ?three) {}")
    assert rows[0].one == 1
    assert rows[0].three is None
    assert graph.ask("ASK { ?x a cg:Eurocluster }") is True
    made = graph.construct("CONSTRUCT { ?x a cg:Country } { ?x a cg:Country } LIMIT 3")
    assert len(made) == 3
    assert len(graph.describe("nuts:CZ080")) > 3


def test_wrong_use_is_explained(graph: Graph) -> None:
    """What is wrong is said in words."""
    with pytest.raises(UnknownNameError, match="clusters-per-country"):
        graph.select("clusters-per-contry")
    with pytest.raises(ParameterError, match="did you mean country"):
        graph.select("find-partners", contry="CZ")
    with pytest.raises(ParameterError, match="is a dict"):
        graph.select("find-partners", country={"CZ": 1})
    with pytest.raises(UsageError, match="no SELECT"):
        graph.select("ASK { ?s ?p ?o }")
    with pytest.raises(AttributeError, match="no 'nothing'"):
        graph.select("SELECT (1 AS ?one) {}")[0].nothing  # noqa: B018


def test_value_is_never_pasted_into_the_query(graph: Graph) -> None:
    """A value that would break out of the query finds nothing, and does nothing."""
    hostile = '" } UNION { ?organisation ?p ?o } #'
    assert len(graph.select("find-partners", country="CZ", ecosystem=None, sector=hostile)) == 0


def test_frame_has_typed_columns(graph: Graph) -> None:
    """A data frame holds numbers as numbers and dates as dates; what is not bound is missing."""
    pandas = pytest.importorskip("pandas")
    rows = graph.select(
        "SELECT * { VALUES (?n ?d ?day ?t ?x ?mixed) {"
        ' (1 1.5 "2024-03-31"^^xsd:date true "a" 1) (UNDEF 2 UNDEF false rdfs:label "b") } }'
    )
    frame = rows.frame()
    kinds = [str(kind) for kind in frame.dtypes[["n", "d", "day", "t", "x", "mixed"]]]
    assert kinds[:2] == ["Int64", "Float64"]
    assert kinds[2].startswith("datetime64")
    assert kinds[3:] == ["boolean", "string", "object"]
    assert pandas.isna(frame.n[1])
    assert "<th>n</th>" in rows._repr_html_()


def test_store_and_service_are_addresses(tmp_path: Path) -> None:
    """A directory is opened as a store; what is neither a store nor the web is refused."""
    build(tmp_path / "store", lambda: list(dataset.assemble().quads)[:10])
    assert clustergraph.connect(tmp_path / "store").ask("ASK { ?s ?p ?o }")
    with pytest.raises(StoreError):
        clustergraph.connect(tmp_path / "none")
    with pytest.raises(UsageError):
        clustergraph.connect("ftp://example.org/")
