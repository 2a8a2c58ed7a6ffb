"""Services that the tests of this directory share: one for each kind of graph."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from clustergraph.quadstore import build

TOKEN = "a secret of the tests"  # noqa: S105 - of services that live as long as the tests
METRICS = "metrics of the tests"
_DATA = """
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
GRAPH <https://w3id.org/clustergraph/graph/codes> {
  <https://w3id.org/clustergraph/id/cluster-organisation/clutex> a cg:ClusterOrganisation ;
    rdfs:label "CLUTEX"@en . }
GRAPH <https://w3id.org/clustergraph/graph/inferred> {
  <https://w3id.org/clustergraph/id/cluster-organisation/clutex> a cg:Organisation . }
"""
# A few shapes: compiling the shipped ones takes a worker seconds.
_SHAPES = """
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
[] a sh:NodeShape ; sh:targetClass cg:ClusterOrganisation ;
  sh:property [ sh:path rdfs:label ; sh:minCount 1 ] .
"""
_SCRIPT = """
import json, sys
from pathlib import Path
from clustergraph.http.options import Options
from clustergraph.http.server import create_gateway, reserve, run
options = Options(**json.loads(sys.argv[2]))
report = lambda line: print(line, file=sys.stderr, flush=True)
run(create_gateway(Path(sys.argv[1]), options), reserve("127.0.0.1", 0), report)
"""


@dataclass
class Service:
    """A running service.

    Attributes:
        base: its address, without a slash at the end.
        process: the process.
        said: what it wrote on standard error.
    """

    base: str
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.base.removeprefix("http://").partition(":")
        return host, int(port)


@contextlib.contextmanager
def running(command: list[str], **variables: str) -> Iterator[Service]:
    """Run a command that serves; yield it as soon as it answers."""
    environment = {**os.environ, "CLUSTERGRAPH_METRICS_TOKEN": METRICS, **variables}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        said: list[str] = []
        found = None
        while not found:
            line = process.stderr.readline()
            if not line:
                pytest.fail("".join(said))
            said.append(line)
            found = re.search(r"clustergraph is at (http://[^/]+)", line)
        drain = threading.Thread(target=lambda: said.extend(process.stderr or ()), daemon=True)
        drain.start()
        try:
            yield Service(found[1], process, said)
        finally:
            process.terminate()
            process.wait(30)
            drain.join(30)


def serving(*arguments: object, **variables: str) -> contextlib.AbstractContextManager[Service]:
    """Run ``clustergraph serve`` with arguments."""
    command = [sys.executable, "-m", "clustergraph", "serve", "--port", "0", "--no-prepare"]
    command += ["--workers", "1"]
    return running([*command, *map(str, arguments)], **variables)


@pytest.fixture(scope="session")
def launch() -> Callable[..., contextlib.AbstractContextManager[Service]]:
    """A function that runs ``clustergraph serve``; a context manager."""
    return serving


@pytest.fixture(scope="session")
def launch_with(
    small_store: Path,
) -> Callable[..., contextlib.AbstractContextManager[Service]]:
    """A function that serves the small store with `Options`, also those without an option."""

    def start(**options: Any) -> contextlib.AbstractContextManager[Service]:
        text = json.dumps({"prepare": False, "workers": 1, "metrics_token": METRICS, **options})
        return running([sys.executable, "-c", _SCRIPT, str(small_store), text])

    return start


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the shapes that services validate by."""
    path = tmp_path_factory.mktemp("shapes") / "shapes.ttl"
    path.write_text(_SHAPES, "utf-8")
    return path


@pytest.fixture(scope="session")
def reading_service(tmp_path_factory: pytest.TempPathFactory, shapes: Path) -> Iterator[Service]:
    """The service over a graph that takes no writes."""
    store = tmp_path_factory.mktemp("stores") / "reading"
    build(store, lambda: ox.parse(_DATA, ox.RdfFormat.TRIG))
    with serving("--store", store, "--shapes", shapes) as service:
        yield service


@pytest.fixture(scope="session")
def own_service(tmp_path_factory: pytest.TempPathFactory, shapes: Path) -> Iterator[Service]:
    """The service over a store of its own, which takes writes."""
    store = tmp_path_factory.mktemp("stores") / "own"
    build(store, lambda: ox.parse(_DATA, ox.RdfFormat.TRIG))
    arguments = ("--store", store, "--no-validate-writes", "--no-inference")
    with serving(*arguments, "--shapes", shapes, CLUSTERGRAPH_TOKEN=TOKEN) as service:
        yield service


@pytest.fixture(scope="session")
def engine_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another SPARQL server: Oxigraph's own, with the same graph."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    program = Path(sys.executable).with_name("oxigraph")
    location = tmp_path_factory.mktemp("oxigraph")
    command = [str(program), "serve", "--location", str(location), "--bind", f"127.0.0.1:{port}"]
    with subprocess.Popen(
        [*command, "--union-default-graph"], stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 30
        request = urllib.request.Request(  # noqa: S310 - ours
            f"{base}/store", _DATA.encode(), {"Content-Type": "application/trig"}, method="PUT"
        )
        while True:
            try:
                urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - likewise
                break
            except OSError:
                assert time.monotonic() < deadline
        yield base
        process.kill()


@pytest.fixture(scope="session")
def remote_service(engine_address: str, shapes: Path) -> Iterator[Service]:
    """The service in front of another server, which takes writes."""
    with serving(
        *("--store", f"{engine_address}/query"),
        *("--update-address", f"{engine_address}/update"),
        *("--graph-store-address", f"{engine_address}/store", "--shapes", shapes),
        CLUSTERGRAPH_TOKEN=TOKEN,
    ) as service:
        yield service


@pytest.fixture(params=["reading", "own", "remote"])
def service(request: pytest.FixtureRequest) -> Service:
    """The service in each of its three modes."""
    found: Service = request.getfixturevalue(f"{request.param}_service")
    return found
