"""The W3C test suites for Turtle, TriG, N-Triples and N-Quads, over HTTP through the graph store.

``make conformance SUITES=directory`` runs them. The directory that holds ``rdf-tests/rdf`` is given
by the environment variable ``CLUSTERGRAPH_SUITES``, or found beside the repository; without it the
tests are skipped.

The engine passes all of them by itself; so must uploads, on their way through guards, workers and
the protocol. What a document says is read back from the store and compared with the expected
statements, both as the engine keeps them: it keeps the value of a number, not how it was written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyoxigraph as ox
import pytest

pytestmark = pytest.mark.conformance

HERE = Path(__file__).parent
BASE = "https://w3c.github.io/rdf-tests/rdf/rdf11/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
FORMS = {
    "Turtle": ox.RdfFormat.TURTLE,
    "NTriples": ox.RdfFormat.N_TRIPLES,
    "Trig": ox.RdfFormat.TRIG,
    "NQuads": ox.RdfFormat.N_QUADS,
}
TOKEN = "a token of the suites"  # noqa: S105 - of a server that lives as long as the test
AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}


def find_suite() -> Path | None:
    given = os.environ.get("CLUSTERGRAPH_SUITES")
    homes = [Path(given)] if given else [HERE.parents[2] / "shared" / "suites"]
    return next((d for home in homes if (d := home / "rdf-tests/rdf/rdf11").is_dir()), None)


SUITE = find_suite()
if SUITE is None:
    pytest.skip("the W3C suites are not here; set CLUSTERGRAPH_SUITES", allow_module_level=True)


@dataclass(frozen=True)
class Case:
    """A test as its manifest describes it.

    Attributes:
        kind: such as ``TurtleEval`` or ``NQuadsNegativeSyntax``.
        path: of the document.
        result: of the expected statements, if there are any.
    """

    kind: str
    path: Path
    result: Path | None

    @property
    def name(self) -> str:
        """Directory and name."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def form(self) -> ox.RdfFormat:
        """What the document is written in."""
        return next(form for name, form in FORMS.items() if self.kind.startswith(name))

    def expected(self) -> ox.Dataset:
        """Return what the document says."""
        store = ox.Store()
        if self.result is None:
            store.load(self.path.read_bytes(), self.form, base_iri=BASE + self.name)
        else:
            quads = self.result.suffix == ".nq"
            form = ox.RdfFormat.N_QUADS if quads else ox.RdfFormat.N_TRIPLES
            store.load(self.result.read_bytes(), form)
        return canonical(store)


def canonical(quads: Any) -> ox.Dataset:
    """Return statements in a form that does not depend on the names of blank nodes."""
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return dataset


def cases(manifest: Path) -> Iterator[Case]:
    """Yield the tests of a manifest."""
    graph = ox.Dataset(ox.parse(path=str(manifest), base_iri=BASE))

    def one(subject: Any, predicate: str) -> Any:
        quads = graph.quads_for_subject(subject)
        return next((quad.object for quad in quads if quad.predicate.value == predicate), None)

    entries = next(quad.object for quad in graph if quad.predicate.value == MF + "entries")
    while entries.value != RDF + "nil":
        entry, entries = one(entries, RDF + "first"), one(entries, RDF + "rest")
        path, result = (
            found and manifest.parent / found.value.removeprefix(BASE)
            for found in (one(entry, MF + "action"), one(entry, MF + "result"))
        )
        yield Case(one(entry, RDF + "type").value.partition("#Test")[2], path, result)


CASES = [case for manifest in sorted(SUITE.glob("*/manifest.ttl")) for case in cases(manifest)]


@pytest.fixture(scope="module")
def client(serve: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service over an empty store that judges and infers nothing."""
    store = tmp_path_factory.mktemp("suite") / "store"
    options = ("--bare", "--no-validate-writes", "--no-inference")
    running = serve("--store", store, *options, token=TOKEN)
    with httpx.Client(base_url=running.base, trust_env=False, timeout=60) as client:
        yield client


def test_suites_are_whole() -> None:
    """No manifest was passed over, and each test has its document."""
    assert len(CASES) == 826
    assert all(case.path.is_file() for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rdf_suite(case: Case, client: httpx.Client) -> None:
    """What is well-formed is taken and says what it should; what is not is a 400 with its place."""
    headers = {**AUTHORISED, "Content-Type": case.form.media_type}
    content = case.path.read_bytes()
    if case.form.supports_datasets:
        update = {**AUTHORISED, "Content-Type": "application/sparql-update"}
        assert client.post("/update", content="DROP ALL", headers=update).status_code == 204
        if case.form == ox.RdfFormat.TRIG:
            # There is no one graph to resolve relative IRIs against.
            content = f"@base <{BASE}{case.name}> .\n".encode() + content
        where: dict[str, str] = {}
        sent = client.post("/store", content=content, headers=headers)
    else:
        where = {"graph": BASE + case.name}
        sent = client.put("/store", params=where, content=content, headers=headers)
    if "Negative" in case.kind:
        assert sent.status_code == 400, sent.text
        assert sent.json()["line"] >= 1
        return
    assert sent.is_success, sent.text
    form = ox.RdfFormat.N_QUADS if case.form.supports_datasets else ox.RdfFormat.N_TRIPLES
    got = client.get("/store", params=where, headers={"Accept": form.media_type})
    assert canonical(ox.parse(got.content, form)) == case.expected()
