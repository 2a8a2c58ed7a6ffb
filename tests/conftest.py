"""What all tests share: one cache for the run, one open graph, and a small one to play with."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pyoxigraph as ox
import pytest

from clustergraph.quadstore import Engine, build
from clustergraph.shipped import open_graph

# The graph is built once for all tests, also for those that start processes, and never in the
# cache of whoever runs them. Workers of pytest-xdist inherit the cache of the run.
if "PYTEST_XDIST_WORKER" not in os.environ:
    _CACHE = tempfile.TemporaryDirectory(prefix="clustergraph-tests-")
    os.environ["CLUSTERGRAPH_CACHE"] = _CACHE.name
# The many processes that tests start would compile every module again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes depends on what else the machine does; times belong to benchmarks/.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    """Build the graph while several processes collect their tests."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        program = "from clustergraph.shipped import open_graph; open_graph()"
        building = subprocess.Popen([sys.executable, "-c", program])
        config.add_cleanup(building.wait)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes run the tests: while one waits for a service, another goes on."""
    return max(2, len(os.sched_getaffinity(0)) * 3 // 2)


@pytest.fixture(scope="session")
def shipped() -> Engine:
    """The graph of the shipped data, with what follows from it."""
    return open_graph()


SMALL = """
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix code: <https://w3id.org/clustergraph/code/> .
@prefix graph: <https://w3id.org/clustergraph/graph/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix : <http://example.org/> .

graph:codes {
  code:country\\/CZ a skos:Concept . code:country\\/SK a skos:Concept .
  code:country\\/GR a skos:Concept .
}
graph:clusters {
  :a a cg:Cluster ; rdfs:label "Alpha"@en ; cg:country code:country\\/CZ ;
    cg:founded "2004"^^xsd:gYear ; cg:members 10 .
  :b a cg:Cluster ; rdfs:label "Beta"@en , "Béta"@cs ; cg:country code:country\\/SK ;
    cg:founded "2010"^^xsd:gYear ; cg:members 20 .
  :c a cg:Cluster ; rdfs:label "Gamma"@en ; cg:country code:country\\/CZ ; cg:members 30 .
}
"""


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a store with three clusters in two graphs."""
    directory = tmp_path_factory.mktemp("stores") / "small"
    build(directory, lambda: ox.parse(SMALL, ox.RdfFormat.TRIG))
    return directory


@pytest.fixture
def small(small_store: Path) -> Engine:
    """A store with three clusters in two graphs."""
    return Engine(small_store)


@pytest.fixture
def values() -> Callable[[object], list[str]]:
    """A function that returns the first column of a SELECT's answer, as text, sorted."""

    def read(answer: object) -> list[str]:
        assert isinstance(answer, ox.QuerySolutions)
        return sorted(solution[0].value for solution in answer if solution[0] is not None)

    return read


@contextmanager
def interruptible() -> Iterator[None]:
    """Start processes that SIGINT ends, also where this one was started to ignore it.

    A shell without job control has background jobs ignore SIGINT, and their children inherit it.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture(name="interruptible")
def _interruptible() -> Callable[[], AbstractContextManager[None]]:
    """The context in which processes are started that SIGINT ends."""
    return interruptible


METRICS_TOKEN = "metrics of the tests"  # noqa: S105 - of services that live as long as the tests


class Running:
    """A service in a process of its own.

    Attributes:
        base: its address, without a slash at the end.
        store: the directory of its graph, if it was given.
        process: the process.
        said: what it wrote on standard error, so far.
    """

    def __init__(
        self, *arguments: object, token: str = "", within: Sequence[str] = (), **variables: str
    ) -> None:
        environment = {
            **os.environ,
            "CLUSTERGRAPH_TOKEN": token,
            "CLUSTERGRAPH_METRICS_TOKEN": METRICS_TOKEN,
            **variables,
        }
        self.store = next((b for a, b in itertools.pairwise(arguments) if a == "--store"), None)
        # What it would prepare is looked at in tests/pages/test_ahead.py; here it only takes time,
        # as does each further worker.
        command = [sys.executable, "-m", "clustergraph", "serve", "--port", "0", "--no-prepare"]
        command = [*within, *command, "--workers", "1", *map(str, arguments)]
        with interruptible():
            self.process = subprocess.Popen(
                command, stderr=subprocess.PIPE, text=True, env=environment
            )
        assert self.process.stderr is not None
        self.said: list[str] = []
        found = None
        while not found:
            line = self.process.stderr.readline()
            if not line:
                self.process.kill()
                pytest.fail("".join(self.said) + self.process.communicate()[1])
            self.said.append(line)
            found = re.search(r"clustergraph is at (http://[^/]+)", line)
        self.base = found[1]
        self._drain = threading.Thread(target=self._read, daemon=True)
        self._drain.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(self.process.stderr)

    def stop(self) -> int:
        """Interrupt it, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        self._drain.join(30)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


def _services() -> Iterator[Callable[..., Running]]:
    """A function that starts a service with the options of the command line."""
    started: list[Running] = []

    def start(*arguments: object, token: str = "", **more: Any) -> Running:
        started.append(Running(*arguments, token=token, **more))
        return started[-1]

    yield start
    for running in started:
        running.stop()


serve = pytest.fixture(_services, scope="module", name="serve")
serve_for_all = pytest.fixture(_services, scope="session", name="serve_for_all")


@pytest.fixture(autouse=True)
def _no_surprises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the environment of whoever runs the tests out of them."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def from_npm(package: str) -> Path:
    """Return the directory of a package from npm, installed once and kept from run to run.

    Args:
        package: name and version, such as ``left-pad@1``; the test is skipped without npm.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    name, _, version = package.rpartition("@")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    directory = home / "clustergraph-tests" / f"{name.replace('/', '-').strip('@')}-{version}"
    installed = directory / "node_modules" / name
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed.is_dir():
            return installed
        command = [npm, "install", "--prefix", str(directory), "--no-audit", "--no-fund"]
        done = subprocess.run(
            [*command, "--ignore-scripts", package], capture_output=True, check=False, timeout=300
        )
        if done.returncode:
            pytest.skip(f"{package} cannot be installed from npm")
    return installed


@pytest.fixture(scope="session")
def sarif_schema() -> dict[str, object]:
    """The schema of OASIS for SARIF 2.1.0, as a package of npm carries it."""
    package = from_npm("@microsoft/jest-sarif@1.0.0-beta.0")
    [path] = [
        path
        for path in package.rglob("sarif*2.1.0*.json")
        if "node_modules" not in path.parts[len(package.parts) :]
    ]
    return dict(json.loads(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def javascript_client() -> Path:
    """The directory of modules that holds the JavaScript client."""
    return from_npm("fetch-sparql-endpoint@7").parent


@pytest.fixture(scope="session")
def comunica_path() -> str:
    """The search path of Node.js for Comunica and the RDF parser N3.js."""
    comunica = from_npm("@comunica/query-sparql-rdfjs-lite@4").parents[1]
    return os.pathsep.join(map(str, (comunica, from_npm("n3@1").parent)))
