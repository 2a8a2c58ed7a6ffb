"""The W3C test suites for SPARQL 1.0, 1.1 and 1.2, over HTTP against the running service.

``make conformance SUITES=directory`` runs the tests of queries, updates, syntax and result formats.
The directory that holds ``rdf-tests/sparql`` is given by the environment variable
``CLUSTERGRAPH_SUITES``, or found beside the repository; without it the tests are skipped.

Each test is also given to the engine itself, in this process: no test that it passes may be lost on
the way through guards, workers and protocol. ``sparql_deviations.toml`` lists the tests that are
not passed, each with its reason; one that is listed and passes is a failure.

Numbers, dates and truths are compared by value, as the engine keeps the value and not how it was
written. The service takes data through the graph store protocol and updates, and
what an update did is read by a query.
"""

from __future__ import annotations

import csv
import http.client
import os
import re
import select
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote, unquote

import pyoxigraph as ox
import pytest

pytestmark = pytest.mark.conformance

HERE = Path(__file__).parent
BASE = "https://w3c.github.io/rdf-tests/sparql/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
UT = "http://www.w3.org/2009/sparql/tests/test-update#"
RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
XSD = "http://www.w3.org/2001/XMLSchema#"
ROOTS = ("sparql10/manifest.ttl", "sparql11/manifest-all.ttl", "sparql12/manifest.ttl")
# Tests of the protocols stand in test files of their own.
NOT_HERE = {"ProtocolTest", "GraphStoreProtocolTest", "ServiceDescriptionTest"}
TOKEN = "a token of the suites"  # noqa: S105 - of a server that lives as long as the test

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Row: TypeAlias = dict[str, Term]
Graphs: TypeAlias = tuple[tuple[Path, str | None], ...]
"""Files and the names of the graphs that they belong in; None is the default graph."""


def find_suite() -> Path | None:
    given = os.environ.get("CLUSTERGRAPH_SUITES")
    homes = [Path(given)] if given else [HERE.parents[2] / "shared" / "suites"]
    return next((d for home in homes if (d := home / "rdf-tests" / "sparql").is_dir()), None)


SUITE = find_suite()
if SUITE is None:
    pytest.skip("the W3C suites are not here; set CLUSTERGRAPH_SUITES", allow_module_level=True)


@dataclass(frozen=True)
class Case:
    """A test as its manifest describes it.

    Attributes:
        name: directory and name, which no other test bears.
        text: the file of the query or update.
        data: what the store holds before.
        result: the file of the expected answer, or what the store holds after an update.
        lax: whether rows may come more often than expected.
        federated: whether it calls other endpoints.
    """

    name: str
    kind: str
    text: Path
    data: Graphs
    result: Path | Graphs | None
    lax: bool
    federated: bool

    @property
    def base(self) -> str:
        """The IRI that relative ones in the query are resolved against."""
        return iri_of(self.text)

    @property
    def is_update(self) -> bool:
        """Whether it tests an update."""
        return "Update" in self.kind

    @property
    def is_syntax(self) -> bool:
        """Whether it only asks if the text is well-formed."""
        return "Syntax" in self.kind

    def read(self) -> str:
        """Return the query or update."""
        return self.text.read_text("utf-8")


def iri_of(path: Path) -> str:
    return BASE + quote(str(path.relative_to(SUITE)))


def file_of(iri: str) -> Path:
    return SUITE / unquote(iri.removeprefix(BASE))


class Manifest:
    """The graph of a manifest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.graph = ox.Dataset(ox.parse(path=str(path), base_iri=iri_of(path)))

    def all(self, subject: Term, predicate: str) -> list[Term]:
        """Return all values of a property."""
        quads = self.graph.quads_for_subject(subject)
        return [quad.object for quad in quads if quad.predicate.value == predicate]

    def one(self, subject: Term, predicate: str) -> Term | None:
        """Return a value of a property, if it has any."""
        return next(iter(self.all(subject, predicate)), None)

    def members(self, predicate: str) -> Iterator[Term]:
        """Yield what the lists hold that are values of ``predicate``."""
        for quad in list(self.graph):
            if quad.predicate.value == predicate:
                node = quad.object
                while node != ox.NamedNode(RDF + "nil"):
                    yield self.one(node, RDF + "first")
                    node = self.one(node, RDF + "rest")

    def cases(self) -> Iterator[Case]:
        """Yield the tests of this manifest and of those that it includes."""
        for included in self.members(MF + "include"):
            if (path := file_of(included.value)).is_file():
                yield from Manifest(path).cases()
        for test in self.members(MF + "entries"):
            kind = self.one(test, RDF + "type").value.rpartition("#")[2]
            if kind in NOT_HERE:
                continue
            action = self.one(test, MF + "action")
            result = self.one(test, MF + "result")
            if kind == "UpdateEvaluationTest":
                text = self.one(action, UT + "request")
                expected = self.graphs(result)
            else:
                text = self.one(action, QT + "query") or action
                expected = file_of(result.value) if isinstance(result, ox.NamedNode) else None
            yield Case(
                name=f"{self.path.parent.relative_to(SUITE)}/{re.split('[#/]', test.value)[-1]}",
                kind=kind,
                text=file_of(text.value),
                data=self.graphs(action),
                result=expected,
                lax=self.one(test, MF + "resultCardinality") is not None,
                federated=self.path.parent.name == "service",
            )

    def graphs(self, node: Term | None) -> Graphs:
        """Return the files that ``node`` names as data."""
        if not isinstance(node, ox.BlankNode):
            return ()
        found = [(file_of(d.value), None) for d in self.all(node, QT + "data")]
        found += [(file_of(d.value), None) for d in self.all(node, UT + "data")]
        for graph in self.all(node, QT + "graphData"):
            given = self.one(graph, QT + "graph") or graph
            label = self.one(graph, LABEL)
            found.append((file_of(given.value), label.value if label else given.value))
        for graph in self.all(node, UT + "graphData"):
            file = self.one(graph, UT + "graph") or self.one(graph, UT + "data")
            found.append((file_of(file.value), self.one(graph, LABEL).value))
        return tuple(found)


def load_cases() -> list[Case]:
    found: dict[str, Case] = {}
    for root in ROOTS:
        for case in Manifest(SUITE / root).cases():
            found.setdefault(case.name, case)
    return list(found.values())


CASES = load_cases()
DEVIATIONS: dict[str, str] = {
    name: entry["reason"]
    for entry in tomllib.loads((HERE / "sparql_deviations.toml").read_text("utf-8"))["deviation"]
    for name in entry["tests"]
}
TALLY: Counter[tuple[str, str]] = Counter()


# What a store holds.


@cache
def quads_of(graphs: Graphs) -> tuple[ox.Quad, ...]:
    """Return what the files hold, each in its graph."""
    return tuple(
        ox.Quad(
            quad.subject,
            quad.predicate,
            quad.object,
            ox.NamedNode(name) if name is not None else quad.graph_name,
        )
        for path, name in graphs
        for quad in ox.parse(path=str(path), base_iri=iri_of(path), rename_blank_nodes=True)
    )


def data_of(case: Case) -> Graphs:
    """Return the data of a test; what FROM names is part of it."""
    graphs = list(case.data)
    if not case.is_update and not case.is_syntax:
        for name in re.findall(r"\bFROM\s+(?:NAMED\s+)?<([^>]*)>", case.read(), re.IGNORECASE):
            path = case.text.parent / name
            if path.is_file() and (path, iri_of(path)) not in graphs:
                graphs.append((path, iri_of(path)))
    return tuple(graphs)


def canonical(quads: Iterable[ox.Quad]) -> set[str]:
    """Return the quads as text, blank nodes named by what they are connected with."""
    dataset = ox.Dataset(
        ox.Quad(quad.subject, quad.predicate, by_value(quad.object), quad.graph_name)
        for quad in quads
    )
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return {str(quad) for quad in dataset}


# Answers.


def by_value(term: Term) -> Term:
    """Return the term, a number, date or truth written in one of the ways that it can be."""
    if isinstance(term, ox.Triple):
        return ox.Triple(term.subject, term.predicate, by_value(term.object))
    if isinstance(term, ox.Literal) and term.datatype.value.startswith(XSD):
        name = term.datatype.value.removeprefix(XSD)
        with suppress(InvalidOperation, ValueError):
            if name == "decimal" or name.endswith(("nteger", "int", "ong", "hort", "yte")):
                value = Decimal(term.value).normalize()
                return ox.Literal(f"{value:f}", datatype=term.datatype)
            if name in ("double", "float"):
                return ox.Literal(repr(float(term.value)), datatype=term.datatype)
        if name == "boolean":
            truth = {"0": "false", "1": "true"}.get(term.value, term.value)
            return ox.Literal(truth, datatype=term.datatype)
        if name in ("date", "dateTime", "time"):
            return ox.Literal(re.sub(r"[+-]00:00$", "Z", term.value), datatype=term.datatype)
    return term


@dataclass
class Solutions:
    """The rows of a SELECT."""

    rows: list[Row]
    in_order: bool = False


Answer: TypeAlias = bool | Solutions | list[ox.Quad]


def read_answer(answer: object) -> Answer:
    """Return an answer of the engine, or of its parser of results, read whole."""
    if isinstance(answer, ox.QueryBoolean):
        return bool(answer)
    if isinstance(answer, ox.QuerySolutions):
        names = [variable.value for variable in answer.variables]
        return Solutions(
            [
                {n: by_value(value) for n, value in zip(names, row, strict=True) if value}
                for row in answer
            ]
        )
    return [ox.Quad(*triple) for triple in answer]


def expected_answer(path: Path) -> Answer:
    match path.suffix:
        case ".srx" | ".srj" | ".tsv":
            form = {".srx": "XML", ".srj": "JSON", ".tsv": "TSV"}[path.suffix]
            form = getattr(ox.QueryResultsFormat, form)
            return read_answer(ox.parse_query_results(path.read_bytes(), form))
        case _:
            quads = list(ox.parse(path=str(path), base_iri=iri_of(path)))
            found = result_set(quads)
            return quads if found is None else found


def result_set(quads: list[ox.Quad]) -> Solutions | bool | None:
    """Return the result that a graph describes in the vocabulary of the tests, if it does."""
    graph = ox.Dataset(quads)

    def all_of(subject: Term, name: str) -> list[Term]:
        return [
            q.object for q in graph.quads_for_subject(subject) if q.predicate.value == RS + name
        ]

    nodes = [
        q.subject
        for q in quads
        if q.predicate.value == RDF + "type" and q.object == ox.NamedNode(RS + "ResultSet")
    ]
    if not nodes:
        return None
    if truth := all_of(nodes[0], "boolean"):
        return truth[0].value == "true"
    found = []
    for solution in all_of(nodes[0], "solution"):
        row = {
            all_of(binding, "variable")[0].value: by_value(all_of(binding, "value")[0])
            for binding in all_of(solution, "binding")
        }
        place = all_of(solution, "index")
        found.append((int(place[0].value) if place else 0, row))
    in_order = bool(found) and all(place for place, _ in found)
    return Solutions([row for _, row in sorted(found, key=lambda one: one[0])], in_order)


def difference(expected: Answer, actual: Answer, lax: bool = False) -> str | None:
    """Return how two answers differ, or None."""
    if type(expected) is not type(actual):
        return f"expected {expected}, got {actual}"
    if isinstance(expected, bool):
        return None if expected == actual else f"expected {expected}"
    if isinstance(expected, list):
        want, have = canonical(expected), canonical(actual)
    elif expected.in_order:
        want, have = ([plain(row) for row in one.rows] for one in (expected, actual))
    else:
        want, have = bag(expected.rows, lax), bag(actual.rows, lax)
    return unlike(want, have)


def unlike(want: Collection[str], have: Collection[str]) -> str | None:
    """Return what is missing and what should not be there, or None if all is as it should be."""
    if want == have:
        return None
    lines = [f"  missing {line}" for line in want if line not in have]
    lines += [f"  unexpected {line}" for line in have if line not in want]
    return "\n".join(["the answers differ", *(lines or ["  in their order"])])


def plain(row: Row) -> str:
    return " ".join(
        f"{name}={'_:' if isinstance(value, ox.BlankNode) else value}"
        for name, value in sorted(row.items())
    )


def bag(rows: list[Row], lax: bool) -> set[str]:
    """Return the rows, counted, whatever their order and the names of their blank nodes."""
    counted: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for row in rows:
        key = tuple(sorted((name, str(value)) for name, value in row.items()))
        counted.setdefault(key, []).append(row)
    lines, quads = set(), []
    for key, same in counted.items():
        times = "some" if lax else str(len(same))
        if not any("_:" in value for _, value in key):
            lines.add(f"{times} x {plain(same[0])}")
            continue
        node = ox.BlankNode()
        quads.append(ox.Quad(node, ox.NamedNode("x:times"), ox.Literal(times)))
        quads += [
            ox.Quad(node, ox.NamedNode(f"x:{quote(name)}"), value)
            for name, value in same[0].items()
        ]
    return lines | canonical(quads)


# The two that are tested.


class Refused(Exception):  # noqa: N818 - a verdict, not an error
    """The query or update was not taken for SPARQL."""


class Failed(Exception):  # noqa: N818 - a verdict, not an error
    """The service answered with another status than success."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.args[0]


class Engine:
    """The engine in this process."""

    def __init__(self) -> None:
        self.store = ox.Store()

    def fill(self, graphs: Graphs) -> None:
        """Let the store hold these graphs and nothing else."""
        self.store = ox.Store()
        self.store.extend(quads_of(graphs))

    def ask(self, case: Case) -> Iterator[Answer]:
        """Yield the answer to the query."""
        try:
            answer = self.store.query(case.read(), base_iri=case.base)
        except SyntaxError as error:
            raise Refused(str(error)) from error
        if case.result is not None and Path(str(case.result)).suffix == ".csv":
            yield answer.serialize(format=ox.QueryResultsFormat.CSV)
        else:
            yield read_answer(answer)

    def update(self, case: Case) -> None:
        """Apply the update."""
        try:
            self.store.update(case.read(), base_iri=case.base)
        except SyntaxError as error:
            raise Refused(str(error)) from error

    def parse(self, case: Case) -> None:
        """Evaluate a query or update; whether it can be answered is of no concern."""
        # SERVICE and LOAD shall not reach out.
        text = re.sub(r"<https?:", "<nowhere:", case.read())
        try:
            with suppress(OSError, RuntimeError, ValueError):
                (self.store.update if case.is_update else self.store.query)(
                    text, base_iri=case.base
                )
        except SyntaxError as error:
            raise Refused(str(error)) from error

    def quads(self) -> list[ox.Quad]:
        """Return what the store holds."""
        return list(self.store)


class Service:
    """The running service."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.holds: Graphs | None = None
        self.only_default = True

    def send(self, path: str, text: str | bytes, kind: str, accept: str = "*/*") -> bytes:
        """POST or PUT; return the body.

        Raises:
            Refused: it is not well-formed.
            Failed: something else is wrong with it.
        """
        headers = {"Content-Type": kind, "Accept": accept, "Authorization": f"Bearer {TOKEN}"}
        body = text.encode() if isinstance(text, str) else text
        method = "PUT" if path.startswith("/store") else "POST"
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        if response.status == 400 and b"is not supported here" not in content:
            raise Refused(content.decode())
        if response.status not in (200, 201, 204):
            raise Failed(response.status, content.decode())
        return content

    def fill(self, graphs: Graphs) -> None:
        """Let the store hold these graphs and nothing else."""
        if self.holds == graphs:
            return
        parts: dict[str, list[ox.Triple]] = {}
        for quad in quads_of(graphs):
            parts.setdefault(str(quad.graph_name), []).append(quad.triple)
        text = {
            graph: ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES).decode()
            for graph, triples in parts.items()
        }
        only_default = set(text) <= {str(ox.DefaultGraph())}
        if only_default and self.only_default:
            self.send("/store?default", "".join(text.values()), "application/n-triples")
        else:
            # In one update, as graphs may share blank nodes.
            groups = [
                triples if graph == str(ox.DefaultGraph()) else f"GRAPH {graph} {{ {triples} }}"
                for graph, triples in text.items()
            ]
            data = f"DROP ALL ; INSERT DATA {{ {' '.join(groups)} }}"
            self.send("/update", data, "application/sparql-update")
        self.holds, self.only_default = graphs, only_default

    def ask(self, case: Case) -> Iterator[Answer]:
        """Yield the answer in each of the formats that can hold it."""
        text = f"BASE <{case.base}>\n{case.read()}"
        expected = expected_answer(case.result) if case.result.suffix != ".csv" else None
        if expected is None:
            yield self.send("/sparql", text, "application/sparql-query", "text/csv")
        elif isinstance(expected, list):
            for form in (ox.RdfFormat.TURTLE, ox.RdfFormat.N_TRIPLES):
                body = self.send("/sparql", text, "application/sparql-query", form.media_type)
                yield list(ox.parse(body, form))
        else:
            forms = ["JSON", "XML"] if isinstance(expected, bool) else ["JSON", "XML", "TSV"]
            for form in (getattr(ox.QueryResultsFormat, name) for name in forms):
                body = self.send("/sparql", text, "application/sparql-query", form.media_type)
                yield read_answer(ox.parse_query_results(body, form))

    def update(self, case: Case) -> None:
        """Apply the update."""
        self.holds, self.only_default = None, False
        text = f"BASE <{case.base}>\n{case.read()}"
        self.send("/update", text, "application/sparql-update")

    def parse(self, case: Case) -> None:
        """Send a query or update as it is; whether it can be answered is of no concern."""
        if case.is_update:
            self.holds, self.only_default = None, False
        kind = "update" if case.is_update else "query"
        path = "/update" if case.is_update else "/sparql"
        try:
            self.send(path, case.text.read_bytes(), f"application/sparql-{kind}")
        except Failed as failed:
            # What calls other hosts may be refused before it is read.
            if failed.status == 403 and case.kind.startswith("Negative"):
                raise Refused(str(failed)) from failed

    def quads(self) -> list[ox.Quad]:
        """Return what the store holds."""
        text = "SELECT ?s ?p ?o ?g { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"
        form = ox.QueryResultsFormat.JSON
        body = self.send("/sparql", text, "application/sparql-query", form.media_type)
        return [
            ox.Quad(*(value for value in row if value is not None))
            for row in ox.parse_query_results(body, form)
        ]


def verdict(tested: Engine | Service, case: Case) -> str | None:
    """Return why the test fails, or None if it passes."""
    if case.federated and isinstance(tested, Engine):
        return "not asked: it would call other hosts"
    try:
        if not case.is_syntax:
            tested.fill(data_of(case))
        if case.is_syntax:
            tested.parse(case)
        elif case.is_update:
            tested.update(case)
            return unlike(canonical(quads_of(case.result)), canonical(tested.quads()))
        elif case.result.suffix == ".csv":
            want = csv_rows(case.result.read_bytes())
            return next(
                (f"got {have}" for have in tested.ask(case) if csv_rows(have) != want), None
            )
        else:
            want = expected_answer(case.result)
            problems = (difference(want, have, case.lax) for have in tested.ask(case))
            return next((problem for problem in problems if problem), None)
    except Refused as refused:
        return None if case.kind.startswith("Negative") else f"refused: {refused}"
    except (Failed, OSError, RuntimeError, ValueError, SyntaxError) as error:
        return f"{type(error).__name__}: {error}"
    return "accepted" if case.kind.startswith("Negative") else None


def csv_rows(data: bytes) -> list[list[tuple[str, str]]]:
    return sorted(
        sorted((name, cell_by_value(cell)) for name, cell in row.items())
        for row in csv.DictReader(data.decode().splitlines())
    )


def cell_by_value(cell: str) -> str:
    if cell.startswith("_:"):
        return "_:"
    with suppress(InvalidOperation):
        return f"{Decimal(cell).normalize():f}"
    return cell


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    directory = tmp_path_factory.mktemp("suite")
    (directory / "token").write_text(TOKEN, "utf-8")
    command = [sys.executable, "-m", "clustergraph", "serve", "--port", "0", "--bare"]
    command.append("--no-prepare")
    command += ["--store", str(directory / "store"), "--default-graph", "own"]
    command += ["--token-file", str(directory / "token")]
    # The suites' data follow no shapes of ours, and nothing but their own may follow from them.
    command += ["--no-validate-writes", "--no-inference"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            running = Service(port_of(process))
            yield running
            running.connection.close()
        finally:
            process.terminate()
            process.wait(30)


def port_of(process: subprocess.Popen[str]) -> int:
    """Return the port that the service says it listens on."""
    heard = []
    while select.select([process.stderr], [], [], 60)[0] and (line := process.stderr.readline()):
        heard.append(line)
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            return int(found[1])
    pytest.fail("the service did not start:\n" + "".join(heard))


@pytest.fixture(scope="module", autouse=True)
def summary(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print how many tests of each part passed."""
    yield
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    lines = []
    for part in sorted({part for part, _ in TALLY}):
        all_of = TALLY[part, "all"]
        lines.append(
            f"{part}: {TALLY[part, 'service']} of {all_of} tests pass over HTTP, "
            f"{TALLY[part, 'engine']} in the engine, {TALLY[part, 'lost']} lost on the way"
        )
    with capture.global_and_fixture_disabled():
        print("", *lines, sep="\n")


def test_deviations_name_tests_of_the_suite() -> None:
    """A deviation that names no test would excuse nothing."""
    assert set(DEVIATIONS) <= {case.name for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sparql_suite(case: Case, service: Service) -> None:
    """Each test passes over HTTP, or stands in the list of deviations with its reason."""
    in_engine, over_http = verdict(Engine(), case), verdict(service, case)
    part = case.name.partition("/")[0]
    TALLY[part, "all"] += 1
    TALLY[part, "engine"] += in_engine is None
    TALLY[part, "service"] += over_http is None
    TALLY[part, "lost"] += in_engine is None and over_http is not None
    if case.name not in DEVIATIONS:
        assert over_http is None, f"{'lost on the way: ' * (in_engine is None)}{over_http}"
    elif over_http is None:
        pytest.fail(f"{case.name} passes; remove it from sparql_deviations.toml")
    else:
        pytest.xfail(DEVIATIONS[case.name])
