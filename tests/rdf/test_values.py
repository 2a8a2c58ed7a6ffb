"""Terms become the Python values that they stand for."""

from __future__ import annotations

import pickle
from datetime import date, datetime
from decimal import Decimal

import pyoxigraph as ox
import pytest

from clustergraph.rdf.values import IRI, Text, Value, value

XSD = "http://www.w3.org/2001/XMLSchema#"


def literal(text: str, datatype: str) -> ox.Literal:
    return ox.Literal(text, datatype=ox.NamedNode(XSD + datatype))


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (None, None),
        (ox.NamedNode("https://example.org/a"), IRI("https://example.org/a")),
        (literal("7", "integer"), 7),
        (literal("7", "nonNegativeInteger"), 7),
        (literal("2.50", "decimal"), Decimal("2.50")),
        (literal("2.5E0", "double"), 2.5),
        (literal("1", "boolean"), True),
        (literal("2024-03-31", "date"), date(2024, 3, 31)),
        (literal("2024-03-31T12:00:00", "dateTime"), datetime(2024, 3, 31, 12)),
        (literal("2024", "gYear"), 2024),
        (literal("2024-03", "gYearMonth"), "2024-03"),
        (ox.Literal("Brno"), "Brno"),
    ],
)
def test_value_has_the_type_of_its_term(term: ox.Literal | None, expected: Value) -> None:
    """A number is a number, a date a date; what Python has no type for stays text."""
    assert value(term) == expected
    assert type(value(term)) is type(expected)


@pytest.mark.parametrize(
    ("text", "datatype"),
    [("many", "integer"), ("INF", "decimal"), ("2024-02-30", "date"), ("maybe", "boolean"),
     ("2024Z", "gYear"), ("-0001-01-01", "date"), ("1_000", "integer"), ("١٢", "integer"),
     ("1e5", "decimal"), ("1_0.5", "decimal"), ("infinity", "double"), ("nan", "double"),
     ("20240229", "date"), ("2024-W09-4", "date"), ("2024-02-29", "dateTime"),
     ("2024-02-29 12:00:00", "dateTime"), ("20240229T120000", "dateTime"), ("24", "gYear"),
     ("300", "byte"), ("-5", "nonNegativeInteger"), (" 8 ", "int"), ("TRUE", "boolean"),
     ("2024-02-29T12:00:00.123456789Z", "dateTime"), ("2024-02-29Z", "date"),
     ("12024-01-01", "date"), ("2024-02-29T12:00:00", "dateTimeStamp"),
     ("9" * 5000, "integer"), ("9999-12-31T24:00:00", "dateTime"), ("0x10", "integer")],
)  # fmt: skip
def test_ill_typed_literal_stays_text(text: str, datatype: str) -> None:
    """A literal whose text does not fit its datatype, or Python, loses nothing."""
    assert value(literal(text, datatype)) == text


def test_text_keeps_its_language() -> None:
    """A text in a language says which, also after a journey between processes."""
    found = pickle.loads(pickle.dumps(value(ox.Literal("klastr", language="cs"))))  # noqa: S301
    assert isinstance(found, Text)
    assert (found, found.language) == ("klastr", "cs")
