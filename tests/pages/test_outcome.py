"""What a query found, as pages show it: kinds of columns, pictures that suit, and the cut."""

from __future__ import annotations

from typing import Any

import pytest

from clustergraph.errors import QueryRefusedError, QuerySyntaxError
from clustergraph.pages import outcome
from clustergraph.pages.visit import Visit
from clustergraph.protocol import Config, Context, Request
from clustergraph.protocol.query import lasting
from clustergraph.quadstore import Engine

PER_COUNTRY = """SELECT ?country ?name (COUNT(?x) AS ?n) {
  ?x a cg:ClusterOrganisation ; cg:country ?country . ?country skos:prefLabel ?name
  FILTER(LANG(?name) = "en") } GROUP BY ?country ?name"""


@pytest.fixture
def visit(shipped: Engine) -> Visit:
    """Somebody who looks at the shipped graph."""
    return Visit(Request("GET", "/query"), Context(shipped.store, 1), shipped, "/query")


def ask(visit: Visit, text: str) -> outcome.Outcome:
    return outcome.gather(visit, lambda: visit.context.engine.query(text))  # type: ignore[union-attr]


def kinds(found: outcome.Outcome) -> dict[str, str]:
    return {column.name: column.kind for column in found.columns}


def values(text: str) -> str:
    return f"SELECT * {{ VALUES {text} }}"


def test_kinds_of_columns(visit: Visit) -> None:
    """A column of one kind of value is of that kind, a mixed one is text."""
    found = ask(
        visit,
        values(
            "(?country ?region ?thing ?n ?year ?day ?point ?word ?mixed) {"
            "(country:CZ nuts:CZ010 cg:Cluster 1.5 '2020'^^xsd:gYear '2020-02-03'^^xsd:date"
            " 'POINT(14 50)'^^geo:wktLiteral 'x' 1)"
            "(country:SK UNDEF cg:Region 2 '2021'^^xsd:gYear '2020-03'^^xsd:gYearMonth"
            " UNDEF 'y' 'z') }"
        ),
    )
    assert kinds(found) == {
        "country": "country", "region": "region", "thing": "thing", "n": "number",
        "year": "date", "day": "date", "point": "point", "word": "text", "mixed": "text",
    }  # fmt: skip
    at = [column.name for column in found.columns].index("country")
    assert [row[at].value for row in found.rows] == ["CZ", "SK"]


def test_calculated_years_are_dates(visit: Visit) -> None:
    """Years that are numbers or text are dates where the column says so."""
    found = ask(visit, values("(?year ?from ?code) { (2020 '2020-05' '2011') }"))
    assert kinds(found) == {"year": "date", "from": "date", "code": "text"}


@pytest.mark.parametrize(
    ("text", "views", "plot"),
    [
        (PER_COUNTRY, ("table", "plot", "map"), {"kind": "bar", "x": "name", "y": "n"}),
        (
            values("(?year ?n) { (2020 1) (2021 2) (2022 3) }"),
            ("table", "plot"),
            {"kind": "line", "x": "year", "y": "n"},
        ),
        (
            values("(?a ?b ?n) { ('x' 'p' 1) ('x' 'q' 2) ('y' 'p' 3) }"),
            ("table", "plot"),
            {"kind": "heat", "x": "a", "y": "b", "group": "n"},
        ),
        (values("?n { 1 2 3 }"), ("table", "plot"), {"kind": "histogram", "x": "n"}),
        (values("(?m ?n) { (1 2) (3 4) }"), ("table", "plot"), {"kind": "dot", "x": "m", "y": "n"}),
        (values("?word { 'x' }"), ("table",), {}),
        (values("?n { }"), ("table",), {}),
        ("CONSTRUCT { cg:a cg:b cg:c } {}", ("table", "graph"), {}),
        ("CONSTRUCT { cg:a cg:b 'c' } {}", ("table",), {}),
        (
            "SELECT ?x ?y { VALUES (?x ?y) { (cg:a cg:b) } }",
            ("table", "graph"),
            {},
        ),
    ],
)
def test_shape_decides(
    text: str, views: tuple[str, ...], plot: dict[str, str], visit: Visit
) -> None:
    """What a result is drawn as follows from its shape."""
    found = ask(visit, text)
    assert found.views == views
    assert found.plot == plot
    assert found.first == "table"


def test_author_decides(visit: Visit) -> None:
    """What the header of a question says goes before the shape, as far as it fits."""
    evaluate: Any = lambda: visit.engine.query(PER_COUNTRY)  # noqa: E731
    found = outcome.gather(visit, evaluate, {"kind": "dot", "x": "n", "y": "name"})
    assert (found.plot["kind"], found.first) == ("dot", "plot")
    found = outcome.gather(visit, evaluate, {"kind": "map", "x": "country", "y": "n"})
    assert (found.plot["kind"], found.first) == ("bar", "map")
    found = outcome.gather(visit, evaluate, {"kind": "dot", "x": "missing", "y": "n"})
    assert found.plot["kind"] == "bar"


def test_cut_is_told_from_complete(visit: Visit) -> None:
    """As many rows as are shown are complete; one more is a cut."""

    def asked(n: int) -> outcome.Outcome:
        return ask(visit, values(f"?n {{ {' '.join(map(str, range(n)))} }}"))

    assert not asked(1000).cut
    assert asked(1001).cut
    assert len(asked(1001).rows) == 1000


def test_truth(visit: Visit) -> None:
    """ASK is answered by a truth."""
    assert ask(visit, "ASK { ?x a cg:ClusterOrganisation }").truth is True
    assert ask(visit, "ASK { ?x a cg:Nothing }").truth is False


@pytest.mark.parametrize(
    ("iri", "href"),
    [
        ("cg:Cluster", "/ns/Cluster"),
        ("<https://example.org/x>", "https://example.org/x"),
        ("<javascript:alert(1)>", ""),
        ("<data:text/html,x>", ""),
    ],
)
def test_only_harmless_addresses_are_links(iri: str, href: str, visit: Visit) -> None:
    """What the graph has is linked here, the web is linked there, and nothing that runs."""
    assert ask(visit, values(f"?x {{ {iri} }}")).rows[0][0].href == href


def test_errors(visit: Visit) -> None:
    """A query that is wrong, too deep or asks elsewhere is refused."""
    with pytest.raises(QuerySyntaxError) as caught:
        ask(visit, "SELECT *\n{ ?x ")
    assert caught.value.line == 2
    with pytest.raises(QueryRefusedError):
        ask(visit, "SELECT * { SERVICE <http://localhost/> { ?a ?b ?c } }")
    with pytest.raises(QueryRefusedError):
        ask(visit, f"ASK {{ FILTER({'(' * 5000}1{')' * 5000}) }}")


def test_default_graph_of_the_operator(shipped: Engine) -> None:
    """Where the default graph is the store's own, pages ask that one too."""
    context = Context(shipped.store, 1, Config(default_graph="own"))
    visit = Visit(Request("GET", "/query"), context, shipped, "/query")
    assert ask(visit, "ASK { ?x a cg:ClusterOrganisation }").truth is False
    assert ask(visit, "ASK { GRAPH ?g { ?x a cg:Region } }").truth is True
    with pytest.raises(QueryRefusedError):
        ask(visit, "ASK { SERVICE <http://localhost/> { ?a ?b ?c } }")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ASK { FILTER(NOW() > 1) }", False), ("SELECT ?known { ?known a cg:Now }", True)],
)
def test_lasting(text: str, expected: bool) -> None:
    """What is calculated from the clock or by chance is not kept."""
    assert lasting(text) is expected
