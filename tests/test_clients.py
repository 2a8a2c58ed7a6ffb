"""Clients that people use, against the running service: Python, curl, JavaScript."""

from __future__ import annotations

import json
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import rdflib
import SPARQLWrapper as wrapper  # noqa: N813 - the module, not the class
from rdflib.plugins.stores.sparqlstore import SPARQLStore, SPARQLUpdateStore

EX = rdflib.Namespace("http://example.org/")
TOKEN = "a-token-for-tests"  # noqa: S105 - of a server that lives as long as the test
DATA = """
PREFIX ex: <http://example.org/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
DROP ALL ;
INSERT DATA {
  GRAPH ex:g {
    ex:a a ex:Cluster ; rdfs:label "Alpha"@en, "Álfa"@cs ; ex:members 10 ; ex:near ex:b .
    ex:b a ex:Cluster ; rdfs:label "Beta"@en ; ex:members 20 .
  }
}
"""
NAMES = "SELECT ?name { ?x a <http://example.org/Cluster> ; rdfs:label ?name } ORDER BY ?name"


@dataclass(frozen=True)
class Service:
    """Where the service is."""

    url: str

    @property
    def sparql(self) -> str:
        """The address for queries."""
        return f"{self.url}/sparql"

    @property
    def update(self) -> str:
        """The address for updates."""
        return f"{self.url}/update"

    @property
    def store(self) -> str:
        """The address of the graph store."""
        return f"{self.url}/store"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service over a store of its own, which takes writes."""
    directory = tmp_path_factory.mktemp("clients")
    (directory / "token").write_text(f"{TOKEN}\n", "utf-8")
    command = [sys.executable, "-m", "clustergraph", "serve", "--port", "0", "--bare"]
    command.append("--no-prepare")
    command += ["--store", str(directory / "store"), "--token-file", str(directory / "token")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Service(address_of(process))
        finally:
            process.terminate()
            process.wait(30)


def address_of(process: subprocess.Popen[str]) -> str:
    """Return the address that the service says it listens on."""
    heard = []
    while select.select([process.stderr], [], [], 60)[0] and (line := process.stderr.readline()):
        heard.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found[0]
    pytest.fail("the service did not start:\n" + "".join(heard))


@pytest.fixture
def service(running: Service) -> Service:
    """The service with two clusters in one graph."""
    sent = wrapper.SPARQLWrapper(running.sparql, running.update)
    sent.addCustomHttpHeader("Authorization", f"Bearer {TOKEN}")
    sent.setMethod(wrapper.POST)
    sent.setQuery(DATA)
    sent.query()
    return running


# SPARQLWrapper


@pytest.mark.parametrize(
    ("method", "request_method"),
    [
        (wrapper.GET, wrapper.URLENCODED),
        (wrapper.POST, wrapper.URLENCODED),
        (wrapper.POST, wrapper.POSTDIRECTLY),
    ],
)
def test_sparqlwrapper_select(service: Service, method: str, request_method: str) -> None:
    """SPARQLWrapper gets solutions, however it asks."""
    sent = wrapper.SPARQLWrapper(service.sparql, returnFormat=wrapper.JSON)
    sent.setMethod(method)
    sent.setRequestMethod(request_method)
    sent.setQuery(NAMES)
    rows = sent.queryAndConvert()["results"]["bindings"]
    assert [row["name"]["value"] for row in rows] == ["Alpha", "Beta", "Álfa"]


@pytest.mark.parametrize("form", [wrapper.JSON, wrapper.XML, wrapper.CSV, wrapper.TSV])
def test_sparqlwrapper_formats_of_solutions(service: Service, form: str) -> None:
    """SPARQLWrapper gets each format of solutions that it can ask for, and knows it."""
    sent = wrapper.SPARQLWrapper(service.sparql, returnFormat=form)
    sent.setQuery(NAMES)
    result = sent.query()
    kind = "tab-separated-values" if form == wrapper.TSV else form
    assert kind in result.info()["content-type"]
    assert b"Alpha" in result.response.read()


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")
@pytest.mark.parametrize("form", [wrapper.TURTLE, wrapper.RDFXML, wrapper.JSONLD, wrapper.N3])
def test_sparqlwrapper_construct(service: Service, form: str) -> None:
    """SPARQLWrapper makes a graph of rdflib of each format of graphs that it can ask for."""
    sent = wrapper.SPARQLWrapper(service.sparql, returnFormat=form)
    sent.setQuery("CONSTRUCT { ?x a ?kind } { ?x a ?kind }")
    result = sent.queryAndConvert()
    if isinstance(result, bytes):
        result = rdflib.Graph().parse(data=result, format="turtle")
    assert {subject for subject, _, _ in result} == {EX.a, EX.b}


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")
def test_sparqlwrapper_ask_and_describe(service: Service) -> None:
    """SPARQLWrapper gets a truth, and a description."""
    sent = wrapper.SPARQLWrapper(service.sparql, returnFormat=wrapper.JSON)
    sent.setQuery("ASK { ?x <http://example.org/near> ?y }")
    assert sent.queryAndConvert()["boolean"] is True
    sent = wrapper.SPARQLWrapper(service.sparql, returnFormat=wrapper.XML)
    sent.setQuery("DESCRIBE <http://example.org/b>")
    assert (EX.b, EX.members, rdflib.Literal(20)) in sent.queryAndConvert()


def test_sparqlwrapper_chooses_graphs(service: Service) -> None:
    """SPARQLWrapper chooses the default graph by a parameter."""
    sent = wrapper.SPARQLWrapper(service.sparql, returnFormat=wrapper.JSON)
    sent.setQuery("ASK { ?s ?p ?o }")
    sent.addDefaultGraph("http://example.org/other")
    assert sent.queryAndConvert()["boolean"] is False


def test_sparqlwrapper_tells_what_is_wrong(service: Service) -> None:
    """SPARQLWrapper raises its own errors, with the words of the service in them."""
    sent = wrapper.SPARQLWrapper(service.sparql, returnFormat=wrapper.JSON)
    sent.setQuery("SELECT ?x { ?x a cgx:Cluster }")
    with pytest.raises(wrapper.SPARQLExceptions.QueryBadFormed, match="cgx"):
        sent.query()
    sent = wrapper.SPARQLWrapper(service.sparql, service.update)
    sent.setMethod(wrapper.POST)
    sent.setQuery("DROP ALL")
    with pytest.raises(wrapper.SPARQLExceptions.Unauthorized):
        sent.query()


# rdflib


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
@pytest.mark.parametrize("form", ["json", "xml"])
def test_rdflib_reads_a_graph(service: Service, method: str, form: str) -> None:
    """A graph of rdflib over the service answers patterns and queries."""
    graph = rdflib.Graph(SPARQLStore(service.sparql, method=method, returnFormat=form))
    assert graph.value(EX.a, EX.members) == rdflib.Literal(10)
    assert {str(row["name"]) for row in graph.query(NAMES)} == {"Alpha", "Beta", "Álfa"}
    assert (EX.a, EX.near, EX.b) in graph
    assert len(graph) == 8
    assert graph.query("ASK { ?x <http://example.org/near> ?y }").askAnswer is True


def test_rdflib_reads_named_graphs(service: Service) -> None:
    """Graphs of rdflib over the service are its named graphs."""
    store = SPARQLStore(service.sparql)
    assert len(rdflib.Graph(store, EX.g)) == 8
    assert len(rdflib.Graph(store, EX.other)) == 0


def test_rdflib_writes(service: Service) -> None:
    """What rdflib adds and removes is there, and is gone, at its next look."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    store = SPARQLUpdateStore(service.sparql, service.update, headers=headers)
    dataset = rdflib.Dataset(store)
    graph = dataset.graph(EX.written)
    graph.add((EX.c, rdflib.RDFS.label, rdflib.Literal("Gamma", lang="en")))
    assert list(graph.objects(EX.c, rdflib.RDFS.label)) == [rdflib.Literal("Gamma", lang="en")]
    graph.addN([(EX.c, EX.members, rdflib.Literal(n), graph) for n in range(100)])
    assert len(graph) == 101
    graph.remove((EX.c, EX.members, None))
    assert len(graph) == 1
    graph.update("DELETE { ?x ?p ?o } INSERT { ?x <http://example.org/was> ?o } WHERE { ?x ?p ?o }")
    assert list(graph.predicates()) == [EX.was]


def test_rdflib_federates(service: Service) -> None:
    """A query that rdflib evaluates itself asks the service by SERVICE."""
    found = rdflib.Graph().query(
        f"SELECT ?x {{ SERVICE <{service.sparql}> {{ ?x <http://example.org/members> 20 }} }}"
    )
    assert [row.x for row in found] == [EX.b]


# curl


@pytest.fixture
def curl(service: Service, tmp_path: Path) -> Iterator[object]:
    """A function that calls curl and returns status, headers and body."""
    path = shutil.which("curl")
    if path is None:
        pytest.skip("curl is not installed")

    def call(*arguments: str, token: bool = False) -> tuple[int, dict[str, str], str]:
        command = [path, "--silent", "--show-error", "--dump-header", str(tmp_path / "head")]
        command += ["--header", f"Authorization: Bearer {TOKEN}"] if token else []
        said = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, check=True, timeout=60
        )
        # What precedes the last head is "100 Continue".
        head = (tmp_path / "head").read_text().strip().split("\n\n")[-1].splitlines()
        pairs = (line.partition(":") for line in head[1:])
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        return int(head[0].split()[1]), headers, said.stdout

    return call


def test_curl_asks(service: Service, curl) -> None:
    """The program curl asks by GET, form and body, and takes what --compressed brings."""
    for arguments in (
        ("--get", "--data-urlencode", f"query={NAMES}"),
        ("--data-urlencode", f"query={NAMES}"),
        ("--header", "Content-Type: application/sparql-query", "--data-binary", NAMES),
        ("--get", "--data-urlencode", f"query={NAMES}", "--compressed"),
    ):
        status, headers, body = curl("--header", "Accept: text/csv", *arguments, service.sparql)
        assert status == 200
        assert headers["content-type"].startswith("text/csv")
        assert body.split() == ["name", "Alpha", "Beta", "Álfa"]


def test_curl_asks_only_for_what_is_new(service: Service, curl) -> None:
    """An answer that curl has is not sent again, until something was written."""
    query = ("--get", "--data-urlencode", f"query={NAMES}", service.sparql)
    _, headers, _ = curl(*query)
    known = ("--header", f"If-None-Match: {headers['etag']}")
    assert curl(*known, *query)[::2] == (304, "")
    body = ("--data-urlencode", f"update=INSERT DATA {{ <{EX.d}> a <{EX.Cluster}> }}")
    assert curl(*body, service.update, token=True)[0] in (200, 204)
    assert curl(*known, *query)[0] == 200


def test_curl_writes_a_graph(service: Service, curl, tmp_path: Path) -> None:
    """The program curl puts a file as a graph, takes it back as another format, and deletes it."""
    (tmp_path / "graph.ttl").write_text(f"<{EX.e}> a <{EX.Cluster}> .", "utf-8")
    turtle = ("--header", "Content-Type: text/turtle")
    where = f"{service.store}?graph={EX.put}"
    upload = ("--upload-file", str(tmp_path / "graph.ttl"), *turtle, where)
    assert curl(*upload)[0] == 401
    assert curl(*upload, token=True)[0] == 201
    assert curl(*upload, token=True)[0] in (200, 204)
    status, _, body = curl("--header", "Accept: application/n-triples", where)
    assert status == 200
    assert body.strip() == f"<{EX.e}> <{rdflib.RDF.type}> <{EX.Cluster}> ."
    assert curl("--head", where)[0] == 200
    assert curl("--request", "DELETE", where, token=True)[0] in (200, 204)
    assert curl("--head", where)[0] == 404


def test_curl_uploads_files_by_form(service: Service, curl, tmp_path: Path) -> None:
    """The program curl sends several files of a form to one graph."""
    for name in ("f", "g"):
        (tmp_path / f"{name}.ttl").write_text(f"<{EX[name]}> a <{EX.Cluster}> .", "utf-8")
    parts = [f"file=@{tmp_path / name};type=text/turtle" for name in ("f.ttl", "g.ttl")]
    where = f"{service.store}?graph={EX.form}"
    assert curl("--form", parts[0], "--form", parts[1], where, token=True)[0] in (200, 201, 204)
    _, _, body = curl("--header", "Accept: application/n-triples", where)
    assert len(body.splitlines()) == 2


# JavaScript

SCRIPT = """
import { SparqlEndpointFetcher } from 'fetch-sparql-endpoint';
const [sparql, update, token] = process.argv.slice(2);
const all = async stream => { const got = []; for await (const one of stream) got.push(one); return got; };
const said = {};
for (const [name, options] of Object.entries({
  form: {}, get: { method: 'GET' }, direct: { method: 'POST', directPost: true },
})) {
  const fetcher = new SparqlEndpointFetcher(options);
  const rows = await fetcher.fetchBindings(sparql, 'PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> '
    + 'SELECT ?name { ?x rdfs:label ?name } ORDER BY ?name');
  const names = (await all(rows)).map(row => row.name.value);
  const ask = await fetcher.fetchAsk(sparql, 'ASK { ?s <http://example.org/near> ?o }');
  const triples = await all(await fetcher.fetchTriples(sparql,
    'CONSTRUCT WHERE { ?s <http://example.org/members> ?o }'));
  said[name] = { names, ask, members: triples.map(one => one.object.value).sort() };
}
const writer = new SparqlEndpointFetcher({
  defaultHeaders: new Headers({ Authorization: `Bearer ${token}` }),
});
await writer.fetchUpdate(update, 'INSERT DATA { <http://example.org/js> <http://example.org/was> "here" }');
said.written = await writer.fetchAsk(sparql, 'ASK { <http://example.org/js> ?p "here" }');
console.log(JSON.stringify(said));
"""  # noqa: E501


def test_javascript(service: Service, javascript_client: Path, tmp_path: Path) -> None:
    """fetch-sparql-endpoint reads solutions, truths and graphs, and writes."""
    (tmp_path / "client.mjs").write_text(SCRIPT, "utf-8")
    (tmp_path / "node_modules").symlink_to(javascript_client)
    command = ["node", str(tmp_path / "client.mjs"), service.sparql, service.update, TOKEN]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    expected = {"names": ["Alpha", "Beta", "Álfa"], "ask": True, "members": ["10", "20"]}
    assert said == {"form": expected, "get": expected, "direct": expected, "written": True}
