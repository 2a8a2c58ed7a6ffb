"""Answers in every format that can hold them, and a clear word about those that cannot."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest

from clustergraph.errors import UnknownNameError, UsageError
from clustergraph.quadstore import Engine
from clustergraph.sparql import results as answers

SELECT = "SELECT ?x ?label ?n ?none { ?x cg:members ?n ; rdfs:label ?label } ORDER BY ?n ?label"
CONSTRUCT = "CONSTRUCT WHERE { ?x cg:members ?n }"


def written(engine: Engine, text: str, form: str | None = None) -> str:
    answer = engine.query(text)
    stream = io.BytesIO()
    answers.write(answer, answers.form_for(answer, form), stream)
    return stream.getvalue().decode()


def test_solutions_in_each_format(small: Engine) -> None:
    """JSON, XML, CSV and TSV hold the same rows, with type and language where they can."""
    document = json.loads(written(small, SELECT, "json"))
    assert len(document["results"]["bindings"]) == 4
    assert document["results"]["bindings"][2]["label"]["xml:lang"] == "cs"
    tree = ElementTree.fromstring(written(small, SELECT, "xml"))  # noqa: S314 - our own
    assert len(tree.findall(".//{*}result")) == 4
    rows = list(csv.DictReader(io.StringIO(written(small, SELECT, "csv"))))
    assert [row["n"] for row in rows] == ["10", "20", "20", "30"]
    assert written(small, SELECT, "tsv").splitlines()[0] == "?x\t?label\t?n\t?none"


def test_truth_in_each_format(small: Engine) -> None:
    """ASK is written as true or false, as the standard documents or as a word."""
    assert json.loads(written(small, "ASK {}", "json"))["boolean"] is True
    assert "<boolean>false" in written(small, "ASK { FILTER(false) }", "xml")
    for form in ("table", "csv", "tsv", None):
        assert written(small, "ASK {}", form) == "true\n"


@pytest.mark.parametrize("form", ["turtle", "ntriples", "jsonld", "rdfxml", "trig", "nquads"])
def test_triples_in_each_format(small: Engine, form: str) -> None:
    """Triples read back from every format are the ones that went in."""
    engine_format = answers.FORMATS[form].engine
    assert isinstance(engine_format, ox.RdfFormat)
    back = {quad.triple for quad in ox.parse(written(small, CONSTRUCT, form), engine_format)}
    assert back == set(small.query(CONSTRUCT))  # type: ignore[arg-type]


def test_short_turtle_declares_only_what_it_uses(small: Engine) -> None:
    """A short answer is not buried under prefixes."""
    lines = written(small, CONSTRUCT).splitlines()
    declared = {line.split()[1] for line in lines if line.startswith("@prefix")}
    assert declared == {"cg:", "xsd:"}


@pytest.mark.parametrize(
    ("text", "form"), [(SELECT, "turtle"), ("ASK {}", "nquads"), (CONSTRUCT, "csv")]
)
def test_format_that_cannot_hold_the_answer(small: Engine, text: str, form: str) -> None:
    """A format for the other kind of answer is an error that lists the right ones."""
    with pytest.raises(UsageError, match=f"{form} cannot hold .* choose one of"):
        written(small, text, form)
    with pytest.raises(UnknownNameError, match="did you mean turtle"):
        written(small, text, "turtel")


def test_plain_table_is_a_row_a_line(small: Engine) -> None:
    """In a pipe each row is one line, numbers stand to the right, names have prefixes."""
    lines = written(small, SELECT).splitlines()
    assert lines[0].split() == ["x", "label", "n", "none"]
    assert len(lines) == 6
    assert lines[2].startswith("<http://example.org/a>  Alpha  10")


@pytest.mark.parametrize(
    ("term", "shown"),
    [
        (ox.NamedNode("https://w3id.org/clustergraph/ns#Cluster"), "cg:Cluster"),
        (ox.NamedNode("https://w3id.org/clustergraph/code/country/CZ"), "country:CZ"),
        (ox.NamedNode("https://w3id.org/clustergraph/id/place/cz-brno"), r"id:place\/cz-brno"),
        (ox.NamedNode("http://example.org/a"), "<http://example.org/a>"),
        (ox.NamedNode("https://w3id.org/clustergraph/ns#a(b)"), None),
        (ox.Literal("text", language="en"), "text"),
        (None, ""),
    ],
)
def test_terms_are_shown_so_that_they_can_be_pasted_back(
    small: Engine, term: ox.NamedNode | ox.Literal | None, shown: str | None
) -> None:
    """A name that is shown means the same when it is pasted into a query."""
    text = answers.display(term)
    assert shown is None or text == shown
    if isinstance(term, ox.NamedNode):
        found = small.query(f"SELECT ?x {{ VALUES ?x {{ {text} }} }}")
        assert [solution["x"] for solution in found] == [term]  # type: ignore[union-attr, call-overload, index]


def test_control_characters_do_not_reach_the_terminal(small: Engine) -> None:
    """A literal cannot smuggle escape sequences or markup into a table."""
    text = written(small, 'SELECT ("\\u001B[31mred [bold]x\\r" AS ?x) {}')
    assert "\x1b" not in text
    assert "\r" not in text
    assert "[bold]" in text
