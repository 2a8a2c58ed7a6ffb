"""What error messages about queries say, and how long they are."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from clustergraph.errors import QueryError, QuerySyntaxError
from clustergraph.quadstore import updates
from clustergraph.quadstore.checks import check_update_syntax
from clustergraph.quadstore.engine import StoreEngine
from clustergraph.sparql.policy import QueryPolicy


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT\u00a0* { ?s ?p ?o }", "line 1, column 7: [U+00A0 NO-BREAK SPACE]"),
        ("SELECT * {\n ?s ?p\u200b ?o }", "line 2, column 7: [U+200B ZERO WIDTH SPACE]"),
        ("\ufeffSELECT * { ?s ?p ?o }", "[U+FEFF ZERO WIDTH NO-BREAK SPACE]"),
        ("SELECT * { ?s ?p\u2003?o }", "[U+2003 EM SPACE]"),
        ("SELECT * { ?s \u0001 ?p ?o }", "[U+0001 control character]"),
        ("SELECT * { ?s ?p \u202e ?o }", "[U+202E RIGHT-TO-LEFT OVERRIDE]"),
    ],
)
def test_invisible_characters_are_named(query: str, expected: str) -> None:
    """A character that nobody sees is named, with its place."""
    with pytest.raises(QuerySyntaxError) as caught:
        StoreEngine(ox.Store()).query(query)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?s ?p " + "x" * 60_000 + " ?o }",
        "SELECT * { ?s " + "x" * 60_000 + ":y ?o }",
        "SELECT * { ?s ?p ?" + "y" * 60_000 + " ?z }",
        "SELECT * { ?s ?p '" + "x" * 60_000,
        "SELECT * { ?s ?p <" + "x" * 60_000 + "> }",
        "x" * 60_000,
        "SELECT * { ?s ?p 1 } }" + "\u200b" * 30_000,
        "SELECT (" + " ".join(f"?v{n}" for n in range(9_000)) + " { ?s ?p ?o }",
        "ASK { FILTER(<http://example.org/" + "f" * 60_000 + ">(1)) }",
        "SELECT * { SERVICE <https://example.org/" + "x" * 60_000 + "> {} }",
    ],
)
def test_messages_are_short(query: str) -> None:
    """No message repeats a page of what was sent."""
    policy = QueryPolicy(services=("https://example.org/",))
    with pytest.raises(QueryError) as caught:
        StoreEngine(ox.Store(), policy=policy).query(query)
    assert len(str(caught.value)) < 1000


def test_messages_about_updates_are_short() -> None:
    """Updates likewise."""
    text = "INSERT DATA { <x:a> <x:b> " + "x" * 60_000 + " }"
    with pytest.raises(QuerySyntaxError) as caught:
        check_update_syntax(text)
    assert len(str(caught.value)) < 1000
    with pytest.raises(SyntaxError):
        updates.update(ox.Store(), text)
