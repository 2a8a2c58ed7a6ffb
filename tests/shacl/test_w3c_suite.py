"""The W3C test suite for SHACL, read in place, through the compiled engine.

The directory that holds ``data-shapes`` is given by the environment variable
``CLUSTERGRAPH_SUITES``, or found beside the repository; without it the tests are skipped.
``deviations.toml`` lists what is not passed and why; a listed test that passes is a failure.
Every file of the suite that holds a test is run, also where its manifest forgets it.
"""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from clustergraph import cli
from clustergraph.errors import UnreadableInputError
from clustergraph.shacl.compile import Compiled, Graph
from clustergraph.shacl.paths import PropertyPath, Term
from clustergraph.vocab import PREFIXES

pytestmark = pytest.mark.conformance

HERE = Path(__file__).parent
SH, RDF = PREFIXES["sh"], PREFIXES["rdf"]
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
SHT = "http://www.w3.org/ns/shacl-test#"


def find_suite() -> Path | None:
    given = os.environ.get("CLUSTERGRAPH_SUITES")
    homes = [Path(given)] if given else [HERE.parents[2] / "shared" / "suites"]
    inner = Path("data-shapes", "data-shapes-test-suite", "tests")
    return next((d for home in homes if (d := home / inner).is_dir()), None)


SUITE = find_suite()
if SUITE is None:
    pytest.skip("the W3C suites are not here; set CLUSTERGRAPH_SUITES", allow_module_level=True)
DEVIATIONS: dict[str, dict[str, str]] = tomllib.loads((HERE / "deviations.toml").read_text("utf-8"))


class Read:
    """The triples of a file, by subject and predicate."""

    def __init__(self, path: Path) -> None:
        base = path.resolve().as_uri()
        parsed = ox.parse(path=path, format=ox.RdfFormat.TURTLE, base_iri=base)
        self.triples = [quad.triple for quad in parsed]
        self.index: dict[tuple[object, str], list[Term]] = {}
        for triple in self.triples:
            self.index.setdefault((triple.subject, triple.predicate.value), []).append(
                triple.object  # type: ignore[arg-type]
            )

    def objects(self, subject: object, predicate: str) -> list[Term]:
        """Return the objects of a subject and a predicate."""
        return self.index.get((subject, predicate), [])

    def one(self, subject: object, predicate: str) -> Term | None:
        """Return the first object of a subject and a predicate."""
        return next(iter(self.objects(subject, predicate)), None)


read = cache(Read)


@dataclass(frozen=True)
class Case:
    """A test: the file that describes it, and the node within."""

    name: str
    path: Path
    node: Term

    def file(self, role: str) -> Path:
        """Return the file of the data graph or of the shapes graph."""
        manifest = read(self.path)
        named = manifest.one(manifest.one(self.node, MF + "action"), SHT + role)
        assert isinstance(named, ox.NamedNode)
        return Path(named.value.removeprefix("file://"))


def cases() -> Iterator[Case]:
    assert SUITE is not None
    for part in ("core", "sparql"):
        for path in sorted((SUITE / part).rglob("*.ttl")):
            for subject, predicate in read(path).index:
                if predicate == MF + "action":
                    name = f"{part}/{path.parent.name}/{path.stem}"
                    yield Case(name, path, subject)  # type: ignore[arg-type]


CASES = list(cases())


def comparable(
    focus: Term | None,
    path: PropertyPath | None,
    value: Term | None,
    shape: Term | None,
    component: str,
    severity: str,
) -> tuple[str, ...]:
    """Return a result as the suite compares it; blank nodes are alike."""

    def show(term: object) -> str:
        return "_" if isinstance(term, ox.BlankNode) else str(term)

    return show(focus), str(path), show(value), show(shape), component, severity


def expected(case: Case) -> Counter[tuple[str, ...]] | None:
    """Return the results that a test wants, or None where it wants a failure."""
    manifest = read(case.path)
    report = manifest.one(case.node, MF + "result")
    if report == ox.NamedNode(SHT + "Failure"):
        return None
    wanted = []
    for node in manifest.objects(report, SH + "result"):
        path = manifest.one(node, SH + "resultPath")
        component = manifest.one(node, SH + "sourceConstraintComponent")
        severity = manifest.one(node, SH + "resultSeverity")
        assert component is not None
        assert severity is not None
        wanted.append(
            comparable(
                manifest.one(node, SH + "focusNode"),
                PropertyPath.read(path, manifest.objects) if path else None,  # type: ignore[arg-type]
                manifest.one(node, SH + "value"),
                manifest.one(node, SH + "sourceShape"),
                component.value,
                severity.value,
            )
        )
    return Counter(wanted)


def found(case: Case, few: int) -> Counter[tuple[str, ...]]:
    compiled = Compiled(read(case.file("shapesGraph")).triples, few=few)
    extra = compiled.shapes.triples if compiled.shapes.mention_shapes_graph else ()
    graph = Graph.of(read(case.file("dataGraph")).triples, extra)
    return Counter(
        comparable(
            result.focus,
            result.path,
            result.value,
            result.shape,
            result.component,
            result.severity_iri,
        )
        for result in compiled.results(graph, store_only=True)
    )


@pytest.mark.parametrize("few", [100, 0], ids=["one by one", "by queries"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_w3c_shacl(case: Case, few: int) -> None:
    """The results are those that the suite lists, judged one by one and found by queries alike."""
    wanted = expected(case)
    listed = case.name in DEVIATIONS
    try:
        results = found(case, few)
    except UnreadableInputError:
        assert (wanted is None) != listed
        return
    assert (wanted == results) != listed, (results - (wanted or Counter()), wanted)


def test_the_suite_is_whole() -> None:
    """Core has 98 tests and SPARQL 23, and no deviation is listed that is no test."""
    parts = Counter(case.name.partition("/")[0] for case in CASES)
    assert parts == {"core": 98, "sparql": 23}
    assert set(DEVIATIONS) <= {case.name for case in CASES}


def test_messages_are_copied() -> None:
    """Where a test lists a message, the result has it (the suite leaves that to the harness)."""
    for case in CASES:
        manifest = read(case.path)
        report = manifest.one(case.node, MF + "result")
        listed = {
            message
            for node in manifest.objects(report, SH + "result")
            for message in manifest.objects(node, SH + "resultMessage")
        }
        if listed:
            compiled = Compiled(read(case.file("shapesGraph")).triples)
            graph = Graph.of(read(case.file("dataGraph")).triples, compiled.shapes.triples)
            assert listed == {text for r in compiled.results(graph) for text in r.messages}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_w3c_shacl_through_the_command_line(case: Case) -> None:
    """``clustergraph validate`` writes the standard report with the results that are wanted."""
    wanted = expected(case)
    listed = case.name in DEVIATIONS
    run = CliRunner().invoke(
        cli.cli,
        [
            "validate", str(case.file("dataGraph")), "--format", "turtle",
            "--shapes", str(case.file("shapesGraph")),
        ],
    )  # fmt: skip
    if isinstance(run.exception, UnreadableInputError):
        assert (wanted is None) != listed
        return
    assert (wanted == reported(run.stdout)) != listed
    if wanted is not None and not listed:
        # A severity that SHACL does not define counts as a violation.
        violated = any(key[-1] not in (SH + "Warning", SH + "Info") for key in wanted)
        assert run.exit_code == (1 if violated else 0)


def reported(text: str) -> Counter[tuple[str, ...]]:
    """Return the results of a report, those left out that stand within others."""
    index: dict[tuple[object, str], list[Term]] = {}
    for quad in ox.parse(text, format=ox.RdfFormat.TURTLE):
        index.setdefault((quad.subject, quad.predicate.value), []).append(
            quad.object  # type: ignore[arg-type]
        )
    (report,) = (s for (s, p), o in index.items() if p == SH + "conforms")

    def objects(subject: object, predicate: str) -> list[Term]:
        return index.get((subject, predicate), [])

    found = []
    for node in objects(report, SH + "result"):
        named = ("focusNode", "resultPath", "value", "sourceShape")
        focus, path, value, shape = (next(iter(objects(node, SH + n)), None) for n in named)
        (component,) = objects(node, SH + "sourceConstraintComponent")
        (severity,) = objects(node, SH + "resultSeverity")
        read_path = PropertyPath.read(path, objects) if path else None  # type: ignore[arg-type]
        found.append(comparable(focus, read_path, value, shape, component.value, severity.value))
    return Counter(found)
