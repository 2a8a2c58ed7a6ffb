"""``clustergraph.connect``: questions asked from Python, answers with types."""

from __future__ import annotations

import copy
import pickle
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyoxigraph as ox
import pytest

import clustergraph
from clustergraph.client import Graph
from clustergraph.errors import ParameterError, StoreError, UnknownNameError, UsageError
from clustergraph.quadstore import Engine, build
from clustergraph.quadstore.engine import StoreEngine
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
    assert {type(row.members) for row in rows} <= {int, Decimal, type(None)}


def test_parameters_of_any_type_are_taken(graph: Graph) -> None:
    """A date and a number reach the query as terms of the right type."""
    year = {"from": date(2018, 1, 1), "to": date(2018, 12, 31)}
    expiring = graph.select("labels-expiring", **year)
    assert [tuple(row) for row in expiring] == [
        tuple(row)
        for row in graph.select("labels-expiring", **{"from": "2018-01-01", "to": "2018-12-31"})
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
    with pytest.raises(ParameterError, match="a dict"):
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
    assert kinds[3:] == ["boolean", "string", "string"]
    assert pandas.isna(frame.n[1])
    assert "<th>n</th>" in rows._repr_html_()


def test_store_and_service_are_addresses(tmp_path: Path) -> None:
    """A directory is opened as a store; what is neither a store nor the web is refused."""
    build(tmp_path / "store", lambda: [ox.Quad(*3 * [ox.NamedNode("urn:x")])])
    assert clustergraph.connect(tmp_path / "store").ask("ASK { ?s ?p ?o }")
    with pytest.raises(StoreError):
        clustergraph.connect(tmp_path / "none")
    with pytest.raises(UsageError):
        clustergraph.connect("ftp://example.org/")


def column(graph: Graph, values: str) -> tuple[str, list[object]]:
    """Return type and values of a column, as a data frame has them."""
    pytest.importorskip("pandas")
    frame = graph.select(f"SELECT ?x {{ VALUES ?x {{ {values} }} }}").frame()
    return str(frame.x.dtype), frame.x.tolist()


def test_frames_keep_large_numbers(graph: Graph) -> None:
    """Numbers that neither 64 bits nor a float hold exactly stay what they are."""
    large = "99999999999999999999999"
    assert column(graph, f'"{large}"^^xsd:integer 1') == ("object", [int(large), 1])
    long = 2**64 - 1
    assert column(graph, f'"{long}"^^xsd:unsignedLong') == ("object", [long])
    assert column(graph, f"{2**63 - 1} {-(2**63)}")[0] == "Int64"
    exact = Decimal("1234567890123456.789")
    assert column(graph, f"{exact}") == ("object", [exact])
    assert column(graph, f"1 {2**53 + 1} 0.5")[1] == [1, 2**53 + 1, Decimal("0.5")]
    assert column(graph, "1 0.5 2.5e0") == ("Float64", [1.0, 0.5, 2.5])


def test_frames_keep_moments(graph: Graph) -> None:
    """Fractions of a second stay, zones become UTC, early and late days are days."""
    kind, (first, second) = column(
        graph, '"2024-02-29T12:00:00.75"^^xsd:dateTime "2025-02-28T24:00:00"^^xsd:dateTime'
    )
    assert kind == "datetime64[us]"
    assert (str(first), str(second)) == ("2024-02-29 12:00:00.750000", "2025-03-01 00:00:00")
    kind, (first,) = column(graph, '"2024-02-29T01:30:00+02:00"^^xsd:dateTime')
    assert kind == "datetime64[us, UTC]"
    assert str(first) == "2024-02-28 23:30:00+00:00"
    kind, (first, second) = column(graph, '"0001-01-01"^^xsd:date "9999-12-31"^^xsd:date')
    assert kind.startswith("datetime64")
    assert (first.year, second.year) == (1, 9999)  # type: ignore[attr-defined]
    assert column(graph, '"0001-01-01T00:00:00+01:00"^^xsd:dateTime')[0] == "string"


def test_frames_tell_nan_from_missing(graph: Graph) -> None:
    """NaN is a value; what is not bound is missing."""
    pandas = pytest.importorskip("pandas")
    frame = graph.select('SELECT ?x { VALUES ?x { "NaN"^^xsd:double 1.5 UNDEF } }').frame()
    assert str(frame.x.dtype) == "Float64"
    assert frame.x[0] is not pandas.NA
    assert frame.x[0] != frame.x[0]
    assert frame.x[2] is pandas.NA


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ('1 "b"', ["1", "b"]),
        ('"2024-02-29"^^xsd:date "2025-02-28T12:00:00"^^xsd:dateTime',
         ["2024-02-29", "2025-02-28T12:00:00"]),
        ("true 1.5", ["true", "1.5"]),
        ('"2024-02-29T12:00:00Z"^^xsd:dateTime "2024-02-29T12:00:00"^^xsd:dateTime',
         ["2024-02-29T12:00:00+00:00", "2024-02-29T12:00:00"]),
    ],
)  # fmt: skip
def test_mixed_columns_are_text(graph: Graph, values: str, expected: list[str]) -> None:
    """A column that holds several types of value is text."""
    assert column(graph, values) == ("string", expected)


def test_columns_of_any_name(graph: Graph) -> None:
    """Columns may be called like methods of tuples, of rows, or anything else."""
    row = graph.select(
        "SELECT (1 AS ?count) (2 AS ?index) (3 AS ?names) (4 AS ?asdict) (5 AS ?class) (6 AS ?_a)"
        " (7 AS ?__len__) (8 AS ?länder) {}"
    )[0]
    assert (row.count, row.index, row.names, row.asdict, row._a) == (1, 2, 3, 4, 6)
    assert (row["class"], row["__len__"], row["länder"], len(row)) == (5, 7, 8, 8)
    assert list(row) == list(range(1, 9))
    pytest.importorskip("pandas")
    frame = graph.select("SELECT (1 AS ?count) (2 AS ?index) (3 AS ?size) {}").frame()
    assert list(frame.columns) == ["count", "index", "size"]


def test_rows_travel(graph: Graph) -> None:
    """Rows can be pickled and copied, with their names and languages."""
    rows = graph.select('SELECT ("a"@de AS ?x) (1 AS ?count) {}')
    for travelled in (pickle.loads(pickle.dumps(rows)), copy.deepcopy(rows)):  # noqa: S301
        assert travelled[0] == rows[0]
        assert travelled[0].x.language == "de"
        assert travelled[0].count == 1
        assert travelled.names == ("x", "count")


def test_scalars_of_numpy_and_pandas(graph: Graph) -> None:
    """Parameters may come from arrays and frames."""
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    expected = list(graph.select("largest-clusters", least=10))
    assert expected
    for least in (numpy.int64(10), numpy.float64(10.0), 10.0, pandas.Series([10])[0]):
        assert list(graph.select("largest-clusters", least=least)) == expected
    partners = list(graph.select("find-partners", country=["CZ", "SK"], ecosystem=None))
    for several in (
        numpy.array(["CZ", "SK"]), pandas.Series(["CZ", "SK"]), pandas.Index(["CZ", "SK"]),
        ("CZ", "SK"), {"CZ": 1, "SK": 2}.keys() and {"CZ", "SK"},
    ):  # fmt: skip
        found = graph.select("find-partners", country=several, ecosystem=None)
        assert sorted(map(repr, found)) == sorted(map(repr, partners))
    dated = list(graph.select("labels-expiring", **{"from": "2018-01-01", "to": "2018-12-31"}))
    for start in (
        pandas.Timestamp("2018-01-01"), numpy.datetime64("2018-01-01"), datetime(2018, 1, 1),
        numpy.datetime64("2018-01-01T00:00:00", "ns"),
    ):  # fmt: skip
        found = graph.select("labels-expiring", **{"from": start, "to": date(2018, 12, 31)})
        assert list(found) == dated


def test_missing_values_are_no_parameters(graph: Graph) -> None:
    """NaN, NaT and NA set no condition silently: they are refused."""
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    for missing in (float("nan"), numpy.nan, pandas.NaT, pandas.NA, float("inf")):
        with pytest.raises(ParameterError):
            graph.select("largest-clusters", least=missing)
    with pytest.raises(ParameterError):
        graph.select("largest-clusters", least="١٢")
    with pytest.raises(ParameterError):
        graph.select("largest-clusters", least=10**5000)
    for wrong in (5, None, b"SELECT * {}"):
        with pytest.raises(UsageError):
            graph.select(wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        clustergraph.connect(5)  # type: ignore[arg-type]


def test_an_empty_list_matches_nothing(graph: Graph) -> None:
    """No value in the list: no rows, and not those of the default."""
    assert len(graph.select("largest-clusters", least=10)) > 0
    for empty in ([], (), set()):
        rows = graph.select("find-partners", country=empty, ecosystem=None)
        assert len(rows) == 0
        assert rows.names[:2] == ("organisation", "name")
    assert len(graph.select("largest-clusters", least=[])) == 0
    with pytest.raises(ParameterError, match="contry"):
        graph.select("find-partners", contry=[])


def test_construct_loses_no_statement(caplog: pytest.LogCaptureFixture) -> None:
    """Literals that rdflib would write alike stay apart, ill-typed ones as they are, unlogged."""
    written = [
        ("01", "integer"), ("1", "integer"), ("1.0", "decimal"), ("1.00", "decimal"),
        ("abc", "integer"), ("TRUE", "boolean"), ("1E2", "double"), ("100", "double"),
    ]  # fmt: skip
    node, xsd = ox.NamedNode("x:a"), "http://www.w3.org/2001/XMLSchema#"
    literals = [ox.Literal(text, datatype=ox.NamedNode(xsd + kind)) for text, kind in written]

    class Answering(StoreEngine):
        def query(self, text: str, **_: object) -> list[ox.Triple]:  # type: ignore[override]
            return [ox.Triple(node, node, literal) for literal in literals]

    made = Graph(Answering(ox.Store())).construct("CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }")
    assert len(made) == 8
    assert {str(value) for value in made.objects()} == {
        "01", "1", "1.0", "1.00", "abc", "TRUE", "1E2", "100",
    }  # fmt: skip
    assert not caplog.records
