"""The W3C test suite for CSV on the Web, read in place.

``make conformance SUITES=directory`` runs every test of the manifests for RDF and for validation.
The directory that holds ``csvw/tests`` is given by the environment variable
``CLUSTERGRAPH_SUITES``, or found beside the repository; without it the tests are skipped.
``csvw_deviations.toml`` lists the tests that are not passed, each with its reason; a test that is
listed there and passes is a failure, so that the list stays true.
"""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph.csvw.convert import Reader, Tables
from clustergraph.csvw.files import Files
from clustergraph.csvw.places import Diagnostics

pytestmark = pytest.mark.conformance

HERE = Path(__file__).parent
BASE = "http://www.w3.org/2013/csvw/tests/"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
CSVT = BASE + "vocab#"
RDF_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
# What the suite asks a processor to find at http://www.w3.org/.well-known/csvm.
SITE_TEMPLATES = ("{+url}-metadata.json", "csv-metadata.json", "{+url}.json", "csvm.json")


def find_suite() -> Path | None:
    given = os.environ.get("CLUSTERGRAPH_SUITES")
    homes = [Path(given)] if given else [HERE.parents[2] / "shared" / "suites"]
    return next((d for home in homes if (d := home / "csvw" / "tests").is_dir()), None)


SUITE = find_suite()
if SUITE is None:
    pytest.skip("the W3C suites are not here; set CLUSTERGRAPH_SUITES", allow_module_level=True)
DEVIATIONS: dict[str, dict[str, str]] = tomllib.loads(
    (HERE / "csvw_deviations.toml").read_text("utf-8")
)


@dataclass(frozen=True)
class Case:
    """A test as its manifest describes it."""

    manifest: str
    name: str
    kind: str
    title: str
    action: str
    result: str | None
    minimal: bool
    metadata: str | None
    link: str | None


def load_cases(manifest: str) -> Iterator[Case]:
    store = ox.Dataset(
        ox.parse(
            path=str(SUITE / f"manifest-{manifest}.ttl"),
            base_iri=f"{BASE}manifest-{manifest}",
        )
    )

    def value(subject: ox.NamedNode | ox.BlankNode, predicate: str) -> str | None:
        quads = store.quads_for_subject(subject)
        return next((q.object.value for q in quads if q.predicate.value == predicate), None)

    for quad in sorted(store, key=lambda quad: quad.subject.value):
        if quad.predicate.value != MF + "action":
            continue
        test = quad.subject
        options = next(
            (
                q.object
                for q in store.quads_for_subject(test)
                if q.predicate.value == CSVT + "option"
            ),
            test,
        )
        link = value(test, CSVT + "httpLink")
        yield Case(
            manifest=manifest,
            name=test.value.partition("#")[2],
            kind=(value(test, RDF_TYPE.value) or "").partition("#")[2],
            title=value(test, MF + "name") or "",
            action=quad.object.value,
            result=value(test, MF + "result"),
            minimal=value(options, CSVT + "minimal") == "true",
            metadata=value(options, CSVT + "metadata"),
            link=None if link is None else link[1 : link.index(">")],
        )


CASES = [case for manifest in ("rdf", "validation") for case in load_cases(manifest)]
TALLY: Counter[tuple[str, bool]] = Counter()


def read(case: Case) -> Tables:
    reader = Reader(Files(SUITE, BASE, SITE_TEMPLATES), Diagnostics())
    reader.add(case.action, case.metadata, case.link)
    return reader.finish()


def canonical(quads: Iterator[ox.Quad]) -> set[str]:
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return {str(quad) for quad in dataset}


def expected_graph(case: Case) -> set[str]:
    assert case.result is not None
    path = SUITE / case.result.removeprefix(BASE)
    return canonical(iter(ox.parse(path=str(path), base_iri=case.result)))


def verdict(case: Case) -> str | None:
    """Return why the test fails, or None if it passes."""
    tables = read(case)
    # Doubtful values (invisible characters, normalisation) are our own warnings, not CSVW's.
    warnings = [warning for warning in tables.warnings if warning.kind == "metadata"]
    findings = [*tables.faults, *warnings]
    if case.kind == "NegativeRdfTest":
        return None if tables.fatal else "no error was raised"
    if case.manifest == "rdf":
        if tables.fatal:
            return f"an error was raised: {tables.faults[0]}"
        if case.kind == "ToRdfTestWithWarnings" and not findings:
            return "no warning was given"
        mode = "minimal" if case.minimal else "standard"
        quads = (ox.Quad(*triple[:3]) for triple in tables.triples(mode, graph=None))
        actual, expected = canonical(quads), expected_graph(case)
        if actual != expected:
            return "\n".join(
                ["the graphs differ"]
                + [f"  unexpected {line}" for line in sorted(actual - expected)]
                + [f"  missing {line}" for line in sorted(expected - actual)]
            )
        return None
    if case.kind == "NegativeValidationTest":
        return None if tables.faults else "no error was raised"
    if tables.faults:
        return f"an error was raised: {tables.faults[0]}"
    if case.kind == "WarningValidationTest":
        return None if warnings else "no warning was given"
    return f"a warning was given: {warnings[0]}" if warnings else None


@pytest.fixture(scope="module", autouse=True)
def summary(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print how many tests of each manifest passed."""
    yield
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    lines = []
    for manifest in sorted({name for name, _ in TALLY}):
        passed, failed = TALLY[manifest, True], TALLY[manifest, False]
        lines.append(f"CSVW {manifest}: {passed} of {passed + failed} tests pass")
    with capture.global_and_fixture_disabled():
        print("", *lines, sep="\n")


def test_deviations_name_tests_of_the_suite() -> None:
    """A deviation that names no test would excuse nothing."""
    known = {(case.manifest, case.name) for case in CASES}
    listed = {(manifest, name) for manifest, names in DEVIATIONS.items() for name in names}
    assert listed <= known


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.manifest}-{case.name}")
def test_csvw_suite(case: Case) -> None:
    """Each test passes, or stands in the list of deviations with its reason."""
    problem = verdict(case)
    reason = DEVIATIONS.get(case.manifest, {}).get(case.name)
    TALLY[case.manifest, problem is None] += 1
    if reason is None:
        assert problem is None, f"{case.title}: {problem}"
    elif problem is None:
        pytest.fail(f"{case.name} passes; remove it from csvw_deviations.toml")
    else:
        pytest.xfail(reason)
