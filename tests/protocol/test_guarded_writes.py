"""The guard on writes: what it refuses, what it lets pass, what it leaves of a refused change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustergraph.cli import main
from clustergraph.errors import ClusterGraphError, InvalidChangeError, RequestError
from clustergraph.http.writer import admit
from clustergraph.quadstore.delta import Delta
from clustergraph.quadstore.memory import hold
from clustergraph.quadstore.updates import update
from clustergraph.shacl import Severity
from clustergraph.shacl.compile import Graph
from clustergraph.shacl.guard import Guard, asserted
from clustergraph.vocab import INFERRED

SHAPES = '''
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <urn:x:> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:Named a sh:NodeShape ; sh:targetClass :T ;
  sh:property [ sh:path :name ; sh:minCount 1 ; sh:maxCount 1 ; sh:message "one name" ] ;
  sh:property [ sh:path :note ; sh:maxCount 0 ; sh:severity sh:Warning ; sh:message "no notes" ] ;
  sh:property [ sh:path :knows ; sh:class :T ; sh:message "knows its like" ] ;
  sh:sparql [ sh:message "no twins" ;
    sh:select """SELECT $this { $this <urn:x:name> ?n . ?other <urn:x:name> ?n
      FILTER(?other != $this) }""" ] .
'''
TOKEN = "let-me-write-for-tests"  # noqa: S105 - of a server that lives as long as the tests
Serve = Callable[..., AbstractContextManager[str]]
PREFIXES = {"": "urn:x:"}
GOOD = ":a a :T ; :name 'a' ."
BAD = ":b a :T ."


@cache
def _guard() -> Guard:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "shapes.ttl"
        path.write_text(SHAPES, "utf-8")
        return Guard(path)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of shapes that are easily broken."""
    path = tmp_path_factory.mktemp("shapes") / "shapes.ttl"
    path.write_text(SHAPES, "utf-8")
    return path


@pytest.fixture
def guard() -> Guard:
    """A guard that knows them."""
    return _guard()


def change(store: ox.Store, guard: Guard, text: str, *, told: bool = True) -> int:
    """Do an update as the writer does it; return how many warnings it gets."""
    before = hold(store)
    delta = update(store, text, prefixes=PREFIXES)
    try:
        return admit(store, delta if told else None, guard, lambda: before)[1]
    except ClusterGraphError:
        # The writer discards the copy.
        Delta(delta.removed, delta.added, delta.dropped, delta.created).apply(store)
        raise


def filled(*facts: str) -> ox.Store:
    """Return a store that holds what is told, judged by nobody."""
    store = ox.Store()
    for fact in facts:
        store.update(f"INSERT DATA {{ {fact} }}", prefixes=PREFIXES)
    return store


# Judging


def test_what_adds_a_violation_is_refused(guard: Guard) -> None:
    """A change that adds a violation is refused as a whole, and says what would be wrong."""
    store = filled(GOOD)
    store.add_graph(ox.NamedNode("urn:x:empty"))
    text = "INSERT DATA { :c :p 1 . GRAPH :new { :b a :T } } ; DROP GRAPH :empty"
    with pytest.raises(InvalidChangeError, match=r"would add 1 violation, .* one name") as caught:
        change(store, guard, text)
    (finding,) = caught.value.report.findings
    assert finding.focus == ox.NamedNode("urn:x:b")
    assert finding.severity is Severity.VIOLATION


def test_warnings_pass_and_are_counted(guard: Guard) -> None:
    """What is only a warning passes, and is counted once, when it is made."""
    store = filled(GOOD)
    assert change(store, guard, "INSERT DATA { :a :note 1, 2 }") == 1
    assert change(store, guard, "INSERT DATA { :a :other 1 }") == 0


def test_what_was_bad_before_does_not_block(guard: Guard) -> None:
    """Old violations do not stand in the way of a change, not even on the things it is about."""
    store = filled(GOOD, BAD)
    assert change(store, guard, "INSERT DATA { :a :other 1 . :b :other 1 }") == 0
    assert change(store, guard, "INSERT DATA { :b a :T ; :p 1 ; :knows :a }") == 0
    with pytest.raises(InvalidChangeError):
        change(store, guard, "INSERT DATA { :b :knows :nobody }")
    assert change(store, guard, "INSERT DATA { :b :name 'b' }") == 0
    with pytest.raises(InvalidChangeError):
        change(store, guard, "DELETE WHERE { :b :name ?n }")


def test_damage_far_from_the_change_is_found(guard: Guard) -> None:
    """A change is refused for what it does to things that it does not name."""
    store = filled(GOOD, ":c a :T ; :name 'c' ; :knows :a .")
    with pytest.raises(InvalidChangeError) as caught:
        change(store, guard, "DELETE DATA { :a a :T }")
    assert [str(one.focus) for one in caught.value.report.findings] == ["<urn:x:c>"]
    with pytest.raises(InvalidChangeError, match="no twins"):
        change(store, guard, "INSERT DATA { :d a :T ; :name 'c' }")


def test_a_change_that_is_not_told_is_judged_all_the_same(guard: Guard) -> None:
    """Without a delta the whole graph is judged."""
    store = filled(GOOD, BAD)
    assert change(store, guard, "INSERT DATA { :a :note 1 }", told=False) == 1
    with pytest.raises(InvalidChangeError) as caught:
        change(store, guard, "INSERT DATA { :c a :T }", told=False)
    assert [str(one.focus) for one in caught.value.report.findings] == ["<urn:x:c>"]


def test_conclusions_are_not_judged(guard: Guard) -> None:
    """What was inferred counts neither for nor against a change."""
    inferred = f"GRAPH <{INFERRED}>"
    # Inferred: that b is a T, without a name; that nobody is a T; a second name for a.
    facts = ":b a :T . :nobody a :T . :a :name 'again' . :z :name 'q'"
    store = filled(GOOD, f"{inferred} {{ {facts} }}")
    assert change(store, guard, "INSERT DATA { :b :other 1 . :a :other 1 }") == 0
    assert change(store, guard, "INSERT DATA { :q a :T ; :name 'q' }") == 0
    with pytest.raises(InvalidChangeError, match="knows its like"):
        change(store, guard, "INSERT DATA { :a :knows :nobody }")
    assert not list(guard.compiled.results(asserted(store)))


def test_nobody_states_conclusions(guard: Guard) -> None:
    """The inferred graph takes no statements; what empties all graphs leaves it alone."""
    store = filled(GOOD, f"GRAPH <{INFERRED}> {{ :b a :T }}")
    for text in (
        f"INSERT DATA {{ :x :p 1 . GRAPH <{INFERRED}> {{ :c a :T }} }}",
        f"CLEAR GRAPH <{INFERRED}>",
        f"DROP GRAPH <{INFERRED}>",
        f"MOVE <{INFERRED}> TO <{INFERRED}x>; COPY DEFAULT TO <{INFERRED}>",
    ):
        with pytest.raises(RequestError, match="nothing is stated there"):
            change(store, guard, text)
    change(store, guard, "DROP ALL")
    assert {str(quad.graph_name) for quad in store} == {f"<{INFERRED}>"}


NODES = st.sampled_from([":a", ":b", ":c", ":d"])
FACTS = st.one_of(
    NODES.map("{} a :T".format),
    st.tuples(NODES, st.sampled_from(["'a'", "'b'", "'c'"])).map(lambda two: " :name ".join(two)),
    st.tuples(NODES, NODES).map(lambda two: " :knows ".join(two)),
    NODES.map("{} :note 1".format),
)
MANY = st.lists(FACTS, max_size=5).map(" . ".join)


@settings(max_examples=100)
@given(MANY, MANY, MANY, MANY)
def test_the_guard_finds_what_a_full_run_finds(
    start: str, concluded: str, gone: str, come: str
) -> None:
    """Random changes: what is judged of a delta is what the statements have more afterwards."""
    guard_agrees(start, concluded, gone, come)


@pytest.mark.full
@settings(max_examples=500, deadline=None)
@given(MANY, MANY, MANY, MANY)
def test_the_guard_finds_what_a_full_run_finds_in_five_hundred_changes(
    start: str, concluded: str, gone: str, come: str
) -> None:
    """The same for many more."""
    guard_agrees(start, concluded, gone, come)


def guard_agrees(start: str, concluded: str, gone: str, come: str) -> None:
    """Hold what the guard finds in a change to what full runs before and after it find."""
    guard, store, plain = _guard(), filled(start), filled(start)
    update(store, f"INSERT DATA {{ GRAPH <{INFERRED}> {{ {concluded} }} }}", prefixes=PREFIXES)
    before = hold(store)
    text = f"DELETE {{ {gone} }} INSERT {{ {come} }} WHERE {{}}"
    known = {_mark(result) for result in guard.compiled.results(Graph(plain))}
    update(plain, text, prefixes=PREFIXES)
    delta = update(store, text, prefixes=PREFIXES)
    wanted = {_mark(result) for result in guard.compiled.results(Graph(plain))} - known
    try:
        report = guard.validate(store, delta, lambda: before)
        refused = False
    except InvalidChangeError as error:
        report, refused = error.report, True
    assert {_mark(finding) for finding in report.findings} == wanted
    assert refused == any(finding.severity is Severity.VIOLATION for finding in report.findings)


def _mark(thing: object) -> tuple[str, ...]:
    names = ("focus", "path", "value", "component")
    return tuple(str(getattr(thing, name)) for name in names)


# Over HTTP


@pytest.fixture(scope="module")
def service(
    serve: Serve, shapes: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A running service with these shapes, whose graph is empty at first."""
    directory = tmp_path_factory.mktemp("guarded")
    (directory / "token").write_text(TOKEN, encoding="utf-8")
    options = ("--bare", "--token-file", "token", "--shapes", str(shapes))
    options += ("--access-log", str(directory / "log"))
    with serve(directory, *options) as base:
        head = {"authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=base, headers=head, trust_env=False, timeout=30) as client:
            yield client


@pytest.fixture
def write(service: httpx.Client) -> Callable[..., httpx.Response]:
    """Send an update to a service whose graph holds one good thing."""

    def send(text: str, **headers: str) -> httpx.Response:
        prologue = "PREFIX : <urn:x:> "
        kind = {"content-type": "application/sparql-update"} | headers
        return service.post("/update", content=prologue + text, headers=kind)

    assert send(f"DROP ALL ; INSERT DATA {{ {GOOD} }}").status_code == 204
    return send


def count(service: httpx.Client) -> int:
    """Return how many statements the graph holds."""
    answer = service.get("/sparql", params={"query": "SELECT * { ?s ?p ?o }", "format": "csv"})
    return answer.text.count("\r\n") - 1


def test_a_refused_update_says_why(
    service: httpx.Client, write: Callable[..., httpx.Response]
) -> None:
    """An update that adds a violation gets 422 with the findings, and nothing happens."""
    refused = write("INSERT DATA { :b a :T ; :p 1 }")
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    (finding,) = refused.json()["findings"]
    assert (finding["focus"], finding["path"]) == ("urn:x:b", "<urn:x:name>")
    assert count(service) == 2
    passed = write("INSERT DATA { :a :note 1 }")
    assert passed.status_code == 204
    assert passed.headers["clustergraph-warnings"] == "1"
    metrics = service.get("/metrics").text
    assert "\nclustergraph_write_warnings_total 1.0\n" in metrics
    assert "\nclustergraph_refused_writes_total 1.0\n" in metrics


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("text/turtle", "sh:ValidationReport"),
        ("application/ld+json", "http://www.w3.org/ns/shacl#ValidationReport"),
        ("text/plain", "one name"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "<!doctype html>"),
        ("application/sarif+json", '"version": "2.1.0"'),
        ("application/json", '"findings"'),
    ],
)
def test_the_report_comes_as_the_client_wants_it(
    accept: str, found: str, write: Callable[..., httpx.Response]
) -> None:
    """The report of a refused write comes in the format that Accept asks for."""
    refused = write("INSERT DATA { :b a :T }", accept=accept)
    assert refused.status_code == 422
    assert found in refused.text


def test_graphs_are_guarded_too(
    service: httpx.Client, write: Callable[..., httpx.Response]
) -> None:
    """PUT, POST and DELETE of graphs are judged, forms with several files as one change."""
    graph = {"params": {"graph": "urn:x:g"}}
    turtle = {"content-type": "text/turtle"}
    bad = service.put("/store", content="<urn:x:b> a <urn:x:T> .", headers=turtle, **graph)
    assert bad.status_code == 422
    assert service.get("/store", **graph).status_code == 404
    files = [
        ("one", ("one.ttl", "<urn:x:b> a <urn:x:T> .", "text/turtle")),
        ("two", ("two.ttl", "<urn:x:b> <urn:x:name> 'b' .", "text/turtle")),
    ]
    assert service.post("/store", files=files, **graph).status_code == 201
    assert write("INSERT DATA { :a :knows :b }").status_code == 204
    assert service.delete("/store", **graph).status_code == 422
    worse = service.post("/store", content="<urn:x:b> <urn:x:name> 'c' .", headers=turtle, **graph)
    assert worse.status_code == 422
    assert count(service) == 5


def test_writes_at_once_are_judged_apart(
    service: httpx.Client, write: Callable[..., httpx.Response]
) -> None:
    """Of many writes at once those are refused that add violations, and no others."""

    def send(number: int) -> int:
        name = f" ; :name 'n{number}'" if number % 3 else ""
        text = f"PREFIX : <urn:x:> INSERT DATA {{ :t{number} a :T{name} }}"
        kind = {"content-type": "application/sparql-update"}
        return service.post("/update", content=text, headers=kind).status_code

    with ThreadPoolExecutor(12) as threads:
        found = list(threads.map(send, range(24)))
    assert found == [204 if number % 3 else 422 for number in range(24)]
    assert count(service) == 2 + 2 * 16


def test_the_service_can_be_told_not_to_judge(serve: Serve, tmp_path: Path, shapes: Path) -> None:
    """With --no-validate-writes everything passes."""
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    options = ("--bare", "--token-file", "token", "--shapes", str(shapes), "--no-validate-writes")
    with serve(tmp_path, *options) as base:
        head = {"authorization": f"Bearer {TOKEN}", "content-type": "application/sparql-update"}
        text = "INSERT DATA { <urn:x:b> a <urn:x:T> }"
        answer = httpx.post(f"{base}/update", content=text, headers=head, trust_env=False)
        assert answer.status_code == 204


# By the command line


@dataclass
class Loaded:
    """What a run of ``clustergraph load`` came to."""

    returncode: int
    stdout: str
    stderr: str


Load = Callable[..., Loaded]


@pytest.fixture
def run_load(capsys: pytest.CaptureFixture[str]) -> Load:
    """Run ``clustergraph load`` in this process."""

    def run(*arguments: str | Path) -> Loaded:
        with pytest.raises(SystemExit) as caught:
            main(["load", *map(str, arguments)])
        return Loaded(int(caught.value.code or 0), *capsys.readouterr())

    return run


def test_load_refuses_with_places(tmp_path: Path, shapes: Path, run_load: Load) -> None:
    """A file that adds a violation is not loaded; the finding says line and column."""
    good, bad, store = tmp_path / "good.ttl", tmp_path / "bad.ttl", tmp_path / "store"
    good.write_text("<urn:x:a> a <urn:x:T> ; <urn:x:name> 'a' .\n", "utf-8")
    bad.write_text("\n\n  <urn:x:b> a <urn:x:T> .\n", "utf-8")
    assert run_load(store, good, "--shapes", shapes).returncode == 0
    refused = run_load(store, good, bad, "--shapes", shapes)
    assert refused.returncode == 1
    assert "bad.ttl" in refused.stdout
    assert "line 3, column 3" in refused.stdout
    assert "nothing was loaded" in refused.stderr
    assert run_load(store, bad, "--shapes", shapes, "--no-validate-writes").returncode == 0
    # It is in the graph now, and so does not block what has nothing to do with it.
    assert run_load(store, good, "--shapes", shapes).returncode == 0


def test_large_loads_are_judged_as_a_whole(tmp_path: Path, shapes: Path, run_load: Load) -> None:
    """A load of too many statements to look at one by one is judged all the same, with places."""
    large, store = tmp_path / "large.nt", tmp_path / "store"
    lines = [f"<urn:x:n{number}> <urn:x:p> <urn:x:o> ." for number in range(100_010)]
    lines.append("<urn:x:b> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <urn:x:T> .")
    large.write_text("\n".join(lines), "utf-8")
    refused = run_load(store, large, "--shapes", shapes)
    assert refused.returncode == 1, refused.stderr
    assert "line 100011, column 1" in refused.stdout
    assert not store.exists()


def test_findings_are_fit_for_programs() -> None:
    """The problem document of a refusal is JSON whose findings have fingerprints."""
    from clustergraph.protocol.problems import respond

    store, guard = filled(GOOD), _guard()
    with pytest.raises(InvalidChangeError) as caught:
        change(store, guard, "INSERT DATA { :b a :T }")
    response = respond(caught.value, None)
    assert response.status == 422
    assert isinstance(response.body, bytes)
    assert all(len(one["fingerprint"]) == 16 for one in json.loads(response.body)["findings"])
