"""The service in front of another SPARQL server, for real: `oxigraph serve`."""

from __future__ import annotations

import contextlib
import csv
import http.server
import io
import socket
import subprocess
import sysconfig
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyoxigraph as ox
import pytest

SMALL = """
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix code: <https://w3id.org/clustergraph/code/country/> .
@prefix graph: <https://w3id.org/clustergraph/graph/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix : <http://example.org/> .
graph:codes { code:CZ a skos:Concept . code:SK a skos:Concept . code:GR a skos:Concept . }
graph:clusters {
  :a a cg:Cluster ; rdfs:label "Alpha"@en .
  :b a cg:Cluster ; rdfs:label "Beta"@en , "Béta"@cs .
  :c a cg:Cluster ; rdfs:label "Gamma"@en .
}
"""
TOKEN = "a secret of the tests"  # noqa: S105
AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}
UPDATE = {"Content-Type": "application/sparql-update", **AUTHORISED}
LABELS = "SELECT ?label WHERE { ?x a cg:Cluster ; rdfs:label ?label } ORDER BY STR(?label)"
ENDLESS = "SELECT (COUNT(*) AS ?n) { " + " ".join(f"?a{i} ?b{i} ?c{i} ." for i in range(12)) + " }"
GRAPH = "http://example.org/g"
START_S = 60
"""How long a server may take to start."""


@dataclass
class Server:
    """A running Oxigraph server; `stop` ends it."""

    base: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def oxigraph(directory: Path) -> Iterator[Server]:
    """Run the Oxigraph server over three clusters in two graphs."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    program = Path(sysconfig.get_path("scripts")) / "oxigraph"
    command = [str(program), "serve", "--bind", f"127.0.0.1:{port}"]
    command += ["--location", str(directory / "data"), "--union-default-graph"]
    base = f"http://127.0.0.1:{port}"
    with (directory / "output").open("wb") as output:
        server = Server(base, subprocess.Popen(command, stdout=output, stderr=output))
    try:
        deadline = time.monotonic() + START_S
        while True:
            with contextlib.suppress(httpx.TransportError):
                trig = {"Content-Type": "application/trig"}
                sent = httpx.post(f"{base}/store", content=SMALL, headers=trig, trust_env=False)
                assert sent.is_success, sent.text
                break
            assert server.process.poll() is None
            assert time.monotonic() < deadline
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The other server."""
    with oxigraph(tmp_path_factory.mktemp("oxigraph")) as server:
        yield server


@pytest.fixture(scope="module")
def base(serve: Any, remote: Server) -> str:
    """The service in front of it."""
    running = serve(
        *("--store", f"{remote.base}/query", "--update-address", f"{remote.base}/update"),
        *("--graph-store-address", f"{remote.base}/store"),
        token=TOKEN,
    )
    return str(running.base)


@pytest.fixture(scope="module")
def reads(serve: Any, remote: Server) -> Any:
    """A service in front of it without a token, that knows no graph store."""
    return serve("--store", f"{remote.base}/query", "--workers", 1)


@pytest.fixture
def client(base: str) -> Iterator[httpx.Client]:
    """A client of the service."""
    with httpx.Client(base_url=base, trust_env=False, timeout=60) as client:
        yield client


def ask(client: httpx.Client, query: str, **parameters: str) -> httpx.Response:
    return client.get("/sparql", params={"query": query, **parameters})


EXPECTED = ["Alpha", "Beta", "Béta", "Gamma"]


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv", "table"])
def test_solutions_in_each_format(client: httpx.Client, name: str) -> None:
    """Project prefixes are known; formats that the other server lacks are made here."""
    answer = ask(client, LABELS, format=name)
    assert answer.status_code == 200, answer.text
    if name in ("csv", "tsv"):
        rows = list(csv.reader(io.StringIO(answer.text), delimiter="\t" if name == "tsv" else ","))
        assert [row[0].partition("@")[0].strip('"') for row in rows[1:]] == EXPECTED
    elif name == "table":
        assert answer.text.split() == ["label", "-----", *EXPECTED]
    else:
        shape = ox.QueryResultsFormat.from_media_type(answer.headers["content-type"])
        found = ox.parse_query_results(answer.content, shape)
        assert isinstance(found, ox.QuerySolutions)
        assert [row["label"].value for row in found] == EXPECTED
    assert "etag" not in answer.headers


@pytest.mark.parametrize("name", ["turtle", "ntriples", "jsonld", "rdfxml", "trig", "nquads"])
def test_triples_in_each_format(client: httpx.Client, name: str) -> None:
    """CONSTRUCT too comes in all formats."""
    answer = ask(client, "CONSTRUCT { ?x a cg:Cluster } { ?x a cg:Cluster }", format=name)
    assert answer.status_code == 200, answer.text
    form = ox.RdfFormat.from_media_type(answer.headers["content-type"].partition(";")[0])
    assert len(list(ox.parse(answer.content, form))) == 3


@pytest.mark.parametrize("name", ["json", "xml", "csv", "tsv", "table"])
def test_truth(client: httpx.Client, name: str) -> None:
    """ASK comes in all formats."""
    assert "true" in ask(client, "ASK { ?x a cg:Cluster }", format=name).text
    assert "false" in ask(client, "ASK { ?x a cg:Clutter }", format=name).text


def test_negotiation_head_and_dataset(client: httpx.Client) -> None:
    """Accept decides, HEAD sends the head alone, the request may name the graphs."""
    answer = client.get("/sparql", params={"query": LABELS}, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    none = client.get("/sparql", params={"query": LABELS}, headers={"Accept": "image/png"})
    assert none.status_code == 406
    head = client.head("/sparql", params={"query": LABELS})
    assert head.status_code == 200
    assert not head.content
    elsewhere = {"query": LABELS, "default-graph-uri": "http://example.org/none"}
    assert client.post("/sparql", data=elsewhere).json()["results"]["bindings"] == []


def test_guards_stand_in_front(client: httpx.Client) -> None:
    """What is wrong or not allowed never reaches the other server."""
    wrong = ask(client, "SELECT *\nWHERE { ?x a cgg:Y }")
    assert wrong.status_code == 400
    assert wrong.headers["content-type"] == "application/problem+json"
    assert (wrong.json()["line"], wrong.json()["column"]) == (2, 14)
    assert "did you mean" in wrong.json()["detail"]
    refused = ask(client, "ASK { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }")
    assert refused.status_code == 403
    assert "SERVICE is refused" in refused.text
    assert ask(client, "ASK " + "{" * 300 + "}" * 300).status_code == 403
    long = client.post("/sparql", data={"query": "ASK { # " + "x" * 200_000 + "\n}"})
    assert long.status_code == 413


def test_updates_need_the_token(client: httpx.Client) -> None:
    """With it they are made there, and read at once; what is wrong changes nothing."""
    text = "INSERT DATA { GRAPH <http://example.org/u> { cg:new a cg:Thing } }"
    bare = {"Content-Type": "application/sparql-update"}
    assert client.post("/update", content=text, headers=bare).status_code == 401
    for wrong in (text[:-2], "DROP GRAPH <http://example.org/u> ;\nINSERT { x }"):
        answer = client.post("/update", content=wrong, headers=UPDATE)
        assert answer.status_code == 400, answer.text
        assert answer.json()["line"]
    load = client.post("/update", content="LOAD <http://127.0.0.1/x>", headers=UPDATE)
    assert load.status_code == 403
    there = "ASK { GRAPH <http://example.org/u> { cg:new a cg:Thing } }"
    assert ask(client, there).json()["boolean"] is False
    made = client.post("/update", content=text, headers=UPDATE)
    assert made.status_code == 204, made.text
    assert ask(client, there).json()["boolean"] is True
    later = "DROP GRAPH e:u ; INSERT DATA { GRAPH e:v { e:a e:b e:c } }"
    text = f"PREFIX e: <http://example.org/> {later}"
    assert client.post("/update", content=text, headers=UPDATE).status_code == 204
    assert ask(client, there).json()["boolean"] is False
    gone = client.post("/update", content="DROP GRAPH <http://example.org/v>", headers=UPDATE)
    assert gone.status_code == 204


def test_graph_store(client: httpx.Client) -> None:
    """Graphs are put, read in any format, added to and deleted."""
    where = {"graph": GRAPH}
    turtle = {"Content-Type": "text/turtle", **AUTHORISED}
    first, second = "<a> <b> <c> .", "[] <b> <d> ."
    assert client.put("/store", params=where, content=first).status_code == 401
    assert client.get("/store", params=where).status_code == 404
    put = client.put("/store", params=where, content=first, headers=turtle)
    assert put.status_code == 201, put.text
    assert put.headers["location"]
    post = client.post("/store", params=where, content=second, headers=turtle)
    assert post.status_code == 204, post.text
    for kind in ("text/turtle", "application/rdf+xml", "application/ld+json"):
        got = client.get("/store", params=where, headers={"Accept": kind})
        form = ox.RdfFormat.from_media_type(kind)
        quads = list(ox.parse(got.content, form))
        assert {quad.object.value for quad in quads} == {
            "http://example.org/c",
            "http://example.org/d",
        }
    wrong = client.put("/store", params=where, content="<a> <b>", headers=turtle)
    assert wrong.status_code == 400
    assert wrong.json()["line"] == 1
    guarded = client.put("/store", params=where, content=first, headers={**turtle, "If-Match": "*"})
    assert guarded.status_code == 412
    whole = client.get("/store", params={"format": "nquads"})
    assert f"<{GRAPH}>" in whole.text
    assert client.delete("/store", params=where, headers=AUTHORISED).status_code == 204
    assert client.get("/store", params=where).status_code == 404
    assert client.delete("/store", params=where, headers=AUTHORISED).status_code == 404


def test_questions_pages_and_descriptions(client: httpx.Client) -> None:
    """The catalogue, the home page and the descriptions are of that server's graph."""
    graphs = client.get("/queries/graphs", params={"format": "csv"})
    assert graphs.status_code == 200
    assert "clusters" in graphs.text
    assert client.get("/queries/nonsense").status_code == 404
    home = client.get("/", headers={"Accept": "text/html"})
    assert home.status_code == 200
    assert "2 named graphs" in home.text
    for path in ("/sparql", "/.well-known/void"):
        answer = client.get(path, headers={"Accept": "application/n-triples"})
        assert answer.status_code == 200
        assert "etag" not in answer.headers
        assert "http://rdfs.org/ns/void#triples" in answer.text
    assert client.get("/ready").json() == {**client.get("/health").json(), "generation": None}


def test_without_token_and_graph_store(serve: Any, remote: Server, reads: Any) -> None:
    """Nobody writes without a token; graphs can be read without the graph store protocol."""
    with httpx.Client(base_url=reads.base, trust_env=False, timeout=60) as client:
        assert client.post("/update", content="CLEAR ALL", headers=UPDATE).status_code == 403
        where = {"graph": "https://w3id.org/clustergraph/graph/codes"}
        codes = client.get("/store", params=where, headers={"Accept": "application/n-triples"})
        assert len(codes.text.splitlines()) == 3
    writes = serve("--store", f"{remote.base}/query", "--workers", 1, token=TOKEN)
    with httpx.Client(base_url=writes.base, trust_env=False, timeout=60) as client:
        put = client.put("/store", params=where, content="", headers=AUTHORISED)
        assert put.status_code == 501
        assert "--graph-store-address" in put.text


def test_dump_holds_the_default_graph(remote: Server, reads: Any) -> None:
    """A dump of another server's graph holds its default graph, and nothing that is inferred."""
    inferred = "https://w3id.org/clustergraph/graph/inferred"
    stores = [f"{remote.base}/store?{name}" for name in ("default", f"graph={GRAPH}")]
    stores.append(f"{remote.base}/store?graph={inferred}")
    for value, store in enumerate(stores, 1):
        body = f"<urn:a> <urn:p> {value} ."
        kind = {"Content-Type": "text/turtle"}
        httpx.put(store, content=body, headers=kind).raise_for_status()
    answer = httpx.get(f"{reads.base}/dump.nq", trust_env=False, timeout=60)
    for store in stores:
        httpx.delete(store).raise_for_status()
    assert answer.status_code == 200
    found = {
        (quad.graph_name, quad.object.value)
        for quad in ox.parse(answer.content, ox.RdfFormat.N_QUADS)
    }
    assert {(ox.DefaultGraph(), "1"), (ox.NamedNode(GRAPH), "2")} <= found
    assert (ox.NamedNode(inferred), "3") not in found


def test_slow_then_gone(serve: Any, tmp_path: Path) -> None:
    """A server that takes too long is 504, one that is gone 502; the service stays up."""
    with oxigraph(tmp_path) as server:
        running = serve("--store", f"{server.base}/query", "--workers", 1, token=TOKEN)
        with httpx.Client(base_url=running.base, trust_env=False, timeout=60) as client:
            slow = ask(client, ENDLESS, timeout="1")
            assert slow.status_code == 504
            assert slow.headers["content-type"] == "application/problem+json"
            server.stop()
            for gone in (
                ask(client, "ASK {}"),
                ask(client, LABELS),
                client.get("/queries/graphs"),
                client.get("/"),
                client.post("/update", content="CLEAR DEFAULT", headers=UPDATE),
            ):
                assert gone.status_code == 502, gone.text
                assert gone.headers["content-type"] == "application/problem+json"
                assert "cannot be reached" in gone.json()["detail"]
            assert client.get("/ready").status_code == 503
            assert client.get("/health").status_code == 200


def test_a_server_that_never_answers(serve: Any) -> None:
    """A connection that is taken and left alone ends at the deadline."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/sparql"
        running = serve("--store", address, "--write-timeout-s", 1, "--workers", 1, token=TOKEN)
        with httpx.Client(base_url=running.base, trust_env=False, timeout=60) as client:
            assert ask(client, "ASK {}", timeout="0.5").status_code == 504
            late = client.post("/update", content="CLEAR DEFAULT", headers=UPDATE)
            assert late.status_code == 504


class Confused(http.server.BaseHTTPRequestHandler):
    """Answers whatever it is asked with the beginning of a result."""

    def do_POST(self) -> None:
        """Answer a query."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/sparql-results+json")
        self.end_headers()
        self.wfile.write(b'{"head": {"vars": ["x"]}, "results": {"bindings": [{"x"')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_server_that_answers_nonsense(serve: Any) -> None:
    """What is not well-formed, or no result of that kind, is a 502, not a 200."""
    with http.server.HTTPServer(("127.0.0.1", 0), Confused) as confused:
        threading.Thread(target=confused.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{confused.server_port}/sparql"
        running = serve("--store", address, "--workers", 1)
        with httpx.Client(base_url=running.base, trust_env=False, timeout=60) as client:
            for text in (LABELS, "ASK {}", "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }"):
                form = "ntriples" if "CONSTRUCT" in text else "xml"
                answer = ask(client, text, format=form)
                assert answer.status_code == 502, answer.text
        confused.shutdown()


class Guarded(http.server.BaseHTTPRequestHandler):
    """Says yes to whoever knows the password or the token."""

    seen: list[str]
    known = ("Basic ZGJhOmFsaWVuLXNlY3JldA==", "Bearer alien-secret")

    def do_POST(self) -> None:
        """Answer a query."""
        self.rfile.read(int(self.headers["Content-Length"]))
        given = self.headers.get("Authorization", "")
        self.seen.append(given)
        body = b'{"head": {}, "boolean": true}' if given in self.known else b""
        self.send_response(200 if body else 401)
        if not body:
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Type", "application/sparql-results+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("name", "variables", "wanted"),
    [
        ("password", {"USER": "dba", "PASSWORD": "alien-secret"}, ["", Guarded.known[0]]),
        ("wrong", {"TOKEN": "alien-secret-2"}, ["Bearer alien-secret-2"]),
    ],
)
def test_credentials_from_the_environment(
    serve: Any, tmp_path: Path, name: str, variables: dict[str, str], wanted: list[str]
) -> None:
    """What lets the service in shows neither in the list of processes nor in any log or answer."""
    Guarded.seen = []
    log = tmp_path / "access.jsonl"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as guarded:
        threading.Thread(target=guarded.serve_forever, args=(0.01,), daemon=True).start()
        running = serve(
            *("--store", f"http://127.0.0.1:{guarded.server_port}/sparql", "--log-queries"),
            *("--access-log", log, "--workers", 1),
            **{f"CLUSTERGRAPH_REMOTE_{key}": value for key, value in variables.items()},
        )
        with httpx.Client(base_url=running.base, trust_env=False, timeout=60) as client:
            answer = ask(client, "ASK {}")
            told = answer.text + client.get("/metrics").text + client.get("/ready").text
        assert answer.status_code == (502 if name == "wrong" else 200), answer.text
        children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
        for pid in (str(running.process.pid), *children.read_text().split()):
            told += Path(f"/proc/{pid}/cmdline").read_text()
        running.stop()
        guarded.shutdown()
    assert Guarded.seen[: len(wanted)] == wanted
    assert "alien-secret" not in told + "".join(running.said) + log.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--update-address", "http://x/"), "--store https://"),
        (("--store", "http://x/", "--bare"), "--bare"),
        (("--store", "http://x/", "--default-graph", "own"), "--default-graph own"),
        (("--store", "http://x y/"), "not the address of an endpoint"),
    ],
)
def test_bad_usage(arguments: tuple[str, ...], words: str) -> None:
    """Options that do not go together are refused before anything is started."""
    from click.testing import CliRunner

    from clustergraph import cli

    result = CliRunner().invoke(cli.cli, ["serve", "--port", "0", *arguments])
    assert result.exit_code != 0
    assert words in result.output + str(result.exception)
    assert "Traceback" not in result.output


@pytest.mark.parametrize("path", ["/query", "/query/check", "/sparql"])
@pytest.mark.parametrize("clause", ["SERVICE", "SERVICE SILENT", "\\u0053ERVICE"])
def test_pages_call_no_inner_host(client: httpx.Client, path: str, clause: str) -> None:
    """The query page and its syntax check meet the same policy as the endpoint."""
    asked: list[str] = []

    class Inner(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Inner) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/x"
        text = f"SELECT * {{ {clause} <{address}> {{ ?s ?p ?x }} }}"
        answer = client.get(path, params={"query": text}, headers={"Accept": "text/html"})
        server.shutdown()
        thread.join()
    assert not asked
    assert "SERVICE is refused" in answer.text
