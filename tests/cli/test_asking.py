"""Answers as people see them: names for IRIs, tables that fit, how many rows."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph import cli
from clustergraph.cli.asking import show_rows
from clustergraph.quadstore import Engine

PAIRS = "SELECT ?x ?xName ?country { ?x rdfs:label ?xName ; cg:country ?country } ORDER BY ?xName"


def shown(engine: Engine, text: str, *, iris: bool = False, width: int | None = 80) -> str:
    """Return an answer as the command line shows it."""
    answer = engine.query(text)
    assert isinstance(answer, ox.QuerySolutions)
    return plain(show_rows(answer, engine, as_markdown=False, iris=iris, width=width))


def plain(text: str) -> str:
    """Return a text without what makes it bold or dim at a terminal."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def heads(text: str) -> list[str]:
    """Return the headings of a table with borders."""
    return [cell.strip() for cell in text.splitlines()[1].strip("│").split("│")]


def test_column_of_names_replaces_the_column_of_iris(small: Engine) -> None:
    """?xName stands under the heading x; with IRIs asked for, both columns are there."""
    text = shown(small, PAIRS)
    assert heads(text) == ["x", "country"]
    assert "Alpha" in text
    assert "example.org" not in text
    assert heads(shown(small, PAIRS, iris=True)) == ["x", "xName", "country"]


def test_missing_name_leaves_the_iri(small: Engine) -> None:
    """A thing without a name is shown by its IRI, not as an empty cell."""
    query = "SELECT ?x ?xName { VALUES (?x ?xName) { (<http://example.org/n> UNDEF) } }"
    assert " http://example.org/n " in shown(small, query)


def test_things_without_a_column_of_names_are_named(shipped: Engine) -> None:
    """Labels stand for IRIs: English ones, where there are several."""
    text = shown(shipped, "SELECT ?c { VALUES ?c { country:CZ cg:ClusterOrganisation } }")
    assert "Czechia" in text
    assert "cluster organisation" in text


def test_names_that_a_query_selects_are_not_shown_twice(small: Engine) -> None:
    """A column of things repeats no column of their labels, and neither is lost."""
    text = shown(small, 'SELECT ?x ?label { ?x rdfs:label ?label FILTER(LANG(?label) = "en") }')
    assert heads(text) == ["label"]
    assert text.count("Alpha") == 1


def test_other_servers_are_asked_for_no_names(small: Engine) -> None:
    """Without a graph to name things, they keep their prefixed names."""
    answer = small.query("SELECT ?x { VALUES ?x { country:CZ } }")
    assert isinstance(answer, ox.QuerySolutions)
    assert "country:CZ" in show_rows(answer, None, as_markdown=False, iris=False, width=80)


def test_rows_are_counted_at_a_terminal_only(small: Engine) -> None:
    """A pipe gets the table alone."""
    assert shown(small, PAIRS).endswith("3 rows\n") or shown(small, PAIRS).endswith("4 rows\n")
    assert "row" not in shown(small, PAIRS, width=None)
    assert shown(small, "SELECT (1 AS ?n) {}").endswith("1 row\n")


@pytest.mark.parametrize("width", [40, 80])
def test_shipped_questions_fit_the_width(shipped: Engine, width: int) -> None:
    """No line of any answer is wider than the terminal."""
    from clustergraph.questions import catalogue

    for name in ("clusters-in-country", "clusters-per-country", "association-networks", "calls"):
        answer = catalogue.ask(catalogue.find(name), shipped)
        assert isinstance(answer, ox.QuerySolutions)
        text = plain(show_rows(answer, shipped, as_markdown=False, iris=False, width=width))
        assert max(map(len, text.splitlines())) <= width, name


@pytest.fixture
def at_a_terminal() -> Callable[..., str]:
    """A function that runs the command line at a terminal of 80 columns."""

    def run(*arguments: str) -> str:
        ours, theirs = pty.openpty()
        environment = {**os.environ, "COLUMNS": "80", "TERM": "dumb"}
        done = subprocess.run(
            [sys.executable, "-m", "clustergraph", *arguments],
            stdin=theirs, stdout=theirs, stderr=theirs, env=environment, timeout=120, check=False,
        )  # fmt: skip
        os.close(theirs)
        read = b""
        try:
            while more := os.read(ours, 65536):
                read += more
        except OSError:
            pass  # the other end is closed
        os.close(ours)
        assert done.returncode == 0, read
        return plain(read.decode()).replace("\r\n", "\n")

    return run


@pytest.mark.usefixtures("shipped")
def test_terminal_sees_an_answer_and_no_progress(at_a_terminal: Callable[..., str]) -> None:
    """Nothing is said of building when nothing is built; the table fits."""
    text = at_a_terminal("query", "graphs")
    assert "building" not in text
    assert text.rstrip().endswith("rows")
    assert max(map(len, text.splitlines())) <= 80


def test_markdown(capfd: pytest.CaptureFixture[str], small_store: Path, tmp_path: Path) -> None:
    """A table of Markdown, printed and saved alike."""
    asked = ["query", PAIRS, "--store", str(small_store)]
    with pytest.raises(SystemExit):
        cli.main([*asked, "--format", "markdown"])
    out = capfd.readouterr().out
    assert out.splitlines()[:2] == ["| x | country |", "| --- | --- |"]
    with pytest.raises(SystemExit):
        cli.main([*asked, "-o", str(tmp_path / "answer.md")])
    assert (tmp_path / "answer.md").read_text() == out
