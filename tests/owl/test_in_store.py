"""What follows is in the store: from its making on, after each load and each write."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from clustergraph import cli
from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue
from clustergraph.vocab import INFERRED, PREFIXES

TOKEN = "a-token-of-a-test"  # noqa: S105 - of a server that lives as long as the test
ONTOLOGY = """@prefix : <http://example.org/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:A rdfs:subClassOf :B . :p owl:inverseOf :q . """
DATA = "@prefix : <http://example.org/> . :x a :A ; :p :y ."
Row = tuple[str, ...]


class Client:
    """Asks and writes."""

    def __init__(self, base: str) -> None:
        self.base = base

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}", **more.pop("headers", {})}
        with httpx.Client(trust_env=False, timeout=60, headers=headers) as http:
            return http.request(method, self.base + path, **more)

    def inferred(self) -> set[Row]:
        """Return what the inferred graph holds, without the namespace."""
        text = f"SELECT ?s ?p ?o {{ GRAPH <{INFERRED}> {{ ?s ?p ?o }} }}"
        asked = {"params": {"query": text}, "headers": {"Accept": "text/csv"}}
        answer = self._ask("GET", "/sparql", **asked)
        _, *rows = csv.reader(io.StringIO(answer.text))
        return {tuple(cell.rpartition("/")[2].rpartition("#")[2] for cell in row) for row in rows}

    def put(self, name: str, text: str) -> int:
        """Put a graph."""
        answer = self._ask(
            "PUT",
            "/store",
            params={"graph": f"http://example.org/{name}"},
            content=text,
            headers={"Content-Type": "text/turtle"},
        )
        return answer.status_code

    def update(self, text: str) -> int:
        """Update."""
        head = "PREFIX : <http://example.org/> "
        answer = self._ask("POST", "/update", data={"update": head + text})
        return answer.status_code


def test_each_write_brings_what_follows_up_to_date(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    """Ontology, data, deletions: after each commit the inferred graph is right, for all readers."""
    running = serve("--store", tmp_path / "store", "--bare", token=TOKEN)
    client = Client(running.base)
    assert client.put("data", DATA) == 201
    assert client.inferred() == set()
    assert client.put("ontology", ONTOLOGY) == 201
    assert client.inferred() == {("x", "type", "B"), ("y", "q", "x")}
    assert client.update("INSERT DATA { GRAPH :more { :x a :B . :z :p :x } }") == 204
    assert client.inferred() == {("y", "q", "x"), ("x", "q", "z")}
    assert client.update("DELETE WHERE { GRAPH :more { ?s ?p ?o } }") == 204
    assert client.inferred() == {("x", "type", "B"), ("y", "q", "x")}
    assert client.update(f"INSERT DATA {{ GRAPH <{INFERRED}> {{ :x a :C }} }}") == 403
    assert client.update("DROP GRAPH :ontology") == 204
    assert client.inferred() == set()


def test_what_another_process_wrote_counts(
    serve: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An axiom loaded behind the service's back holds for the next write."""
    running = serve("--store", tmp_path / "store", "--bare", token=TOKEN)
    client = Client(running.base)
    assert client.put("ontology", ONTOLOGY) == 201
    file = tmp_path / "more.ttl"
    file.write_text(ONTOLOGY.replace(":B", ":C"), encoding="utf-8")
    assert run(["load", str(tmp_path / "store"), str(file)]) == 0
    assert client.update("INSERT DATA { GRAPH :data { :x a :A } }") == 204
    assert client.inferred() == {("x", "type", "B"), ("x", "type", "C")}
    capsys.readouterr()


def test_no_inference_holds_only_what_is_stated(serve: Callable[..., Any], tmp_path: Path) -> None:
    """With --no-inference nothing is inferred, and what was goes with the next write."""
    running = serve("--store", tmp_path / "store", "--bare", token=TOKEN)
    client = Client(running.base)
    assert client.put("ontology", ONTOLOGY + ":x a :A .") == 201
    assert client.inferred()
    running.stop()
    plain = serve("--store", tmp_path / "store", "--no-inference", token=TOKEN)
    client = Client(plain.base)
    assert client.inferred()
    assert client.update("INSERT DATA { GRAPH :data { :z a :A } }") == 204
    assert client.inferred() == set()
    assert INFERRED not in Engine(tmp_path / "store").graphs()


def run(arguments: list[str]) -> int:
    """Run the command line; return its exit code."""
    with pytest.raises(SystemExit) as exit_:
        cli.main(arguments)
    return int(str(exit_.value.code))


def test_load_infers_and_export_leaves_it_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files are loaded with what follows; an export holds it only when that is asked for."""
    store, file = tmp_path / "store", tmp_path / "data.ttl"
    file.write_text(ONTOLOGY + ":x a :A .", encoding="utf-8")
    assert run(["load", str(store), str(file)]) == 0
    assert Engine(store).graphs() == [INFERRED]
    capsys.readouterr()

    def export(*options: str) -> str:
        assert run(["export", "--store", str(store), "--format", *options]) == 0
        return capsys.readouterr().out

    conclusion = f"<http://example.org/x> <{PREFIXES['rdf']}type> <http://example.org/B>"
    assert conclusion not in export("nquads")
    assert conclusion not in export("ntriples")
    assert f"{conclusion} <{INFERRED}>" in export("nquads", "--inferred")
    assert conclusion in export("ntriples", "--inferred")
    assert export("ntriples", "--graph", "inferred") == f"{conclusion} .\n"
    assert run(["load", str(store), str(file), "--no-inference"]) == 0
    assert Engine(store).graphs() == []


def test_shipped_graph_answers_in_foreign_terms(shipped: Engine) -> None:
    """Who knows ORG alone finds our organisations, and can tell what was inferred."""
    text = """SELECT (COUNT(*) AS ?all) (COUNT(?stated) AS ?told) {
        ?x a org:Organization
        OPTIONAL { GRAPH ?stated { ?x a org:Organization } FILTER(?stated != graph:inferred) }
    }"""
    (row,) = shipped.query(text)  # type: ignore[misc]
    assert int(row["all"].value) > 900
    assert 0 < int(row["told"].value) < int(row["all"].value)


def test_no_statement_is_both_stated_and_inferred(shipped: Engine) -> None:
    """In the shipped graph the inferred statements are none of the stated ones."""
    text = "SELECT (COUNT(*) AS ?n) { GRAPH graph:inferred { ?s ?p ?o } GRAPH ?g { ?s ?p ?o } "
    (row,) = shipped.query(text + "FILTER(?g != graph:inferred) }")  # type: ignore[misc]
    assert row["n"].value == "0"


def test_checks_judge_what_is_stated(shipped: Engine) -> None:
    """A check is asked of the stated graphs alone; other questions of all."""
    check = catalogue.find("inverse-missing")
    question = catalogue.find("region-hierarchy")
    assert catalogue.asked_of(question, shipped) is shipped
    stated = catalogue.asked_of(check, shipped)
    count = "SELECT (COUNT(*) AS ?n) { GRAPH graph:inferred { ?s ?p ?o } }"
    (row,) = stated.query(count)  # type: ignore[misc]
    assert row["n"].value == "0"
    (row,) = shipped.query(count)  # type: ignore[misc]
    assert int(row["n"].value) > 10_000
