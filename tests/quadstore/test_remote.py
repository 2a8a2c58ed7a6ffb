"""Servers elsewhere, for real: the Oxigraph server always, Virtuoso where it is installed."""

from __future__ import annotations

import http.server
import io
import shutil
import socket
import subprocess
import sysconfig
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph.errors import EndpointError, QueryError, UnknownNameError, UsageError
from clustergraph.quadstore.remote import Endpoint, RemoteEngine
from clustergraph.quadstore.transport import Credentials, credentials_from

Values = Callable[[object], list[str]]

G = "http://example.org/g"
START_S = 60
"""How long a server may take to start."""


@dataclass
class Server:
    """A running server.

    Attributes:
        engine: lets us in.
        stranger: the same without credentials.
        default_graph: whether the graph store has one.
        refuses: whether strangers may not write.
    """

    engine: RemoteEngine
    stranger: RemoteEngine
    default_graph: bool
    refuses: bool


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback interface that nobody listened on just now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def running(command: list[str], cwd: Path, url: str) -> Iterator[None]:
    """Run a server until the context is left; wait until it answers at ``url``."""
    log = cwd / "output"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=cwd, stdout=output, stderr=output) as server,
    ):
        try:
            deadline = time.monotonic() + START_S
            while True:
                try:
                    urllib.request.urlopen(url, timeout=5).close()  # noqa: S310
                    break
                except urllib.error.HTTPError as error:
                    error.close()
                    break
                except OSError:
                    assert server.poll() is None, log.read_text()
                    assert time.monotonic() < deadline, log.read_text()
                    with pytest.raises(subprocess.TimeoutExpired):
                        server.wait(0.05)
            yield
        finally:
            server.kill()


@contextmanager
def oxigraph(directory: Path) -> Iterator[Server]:
    """Run the Oxigraph server with an empty store."""
    program = Path(sysconfig.get_path("scripts")) / "oxigraph"
    (port,) = free_ports(1)
    base = f"http://127.0.0.1:{port}"
    command = [str(program), "serve", "--bind", f"127.0.0.1:{port}"]
    with running([*command, "--location", "data"], directory, f"{base}/"):
        engine = RemoteEngine(
            f"{base}/query",
            update_url=f"{base}/update",
            graph_store_url=f"{base}/store",
            timeout_s=30,
        )
        yield Server(engine, engine, default_graph=True, refuses=False)


VIRTUOSO_INI = """
[Database]
DatabaseFile = virtuoso.db
ErrorLogFile = virtuoso.log
LockFile = virtuoso.lck
TransactionFile = virtuoso.trx
xa_persistent_file = virtuoso.pxa
FileExtend = 200
[TempDatabase]
DatabaseFile = temp.db
TransactionFile = temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DisableUnixSocket = 1
NumberOfBuffers = 2000
DirsAllowed = .
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 5
"""


@contextmanager
def virtuoso(directory: Path) -> Iterator[Server]:
    """Run Virtuoso with an empty database."""
    program = shutil.which("virtuoso-t")
    if program is None:
        pytest.skip("Virtuoso is not installed (Debian: virtuoso-opensource-7)")
    sql, web = free_ports(2)
    (directory / "virtuoso.ini").write_text(VIRTUOSO_INI.format(sql=sql, http=web))
    command = [program, "+foreground", "+configfile", "virtuoso.ini"]
    host = f"127.0.0.1:{web}"
    with running(command, directory, f"http://{host}/sparql"):
        engine = RemoteEngine(
            # The name and the password are those of a new database.
            f"http://dba:dba@{host}/sparql-auth",
            graph_store_url=f"http://{host}/sparql-graph-crud-auth",
            timeout_s=30,
        )
        stranger = RemoteEngine(
            f"http://{host}/sparql",
            graph_store_url=f"http://{host}/sparql-graph-crud",
            timeout_s=30,
        )
        yield Server(engine, stranger, default_graph=False, refuses=True)


@pytest.fixture(scope="module", params=[oxigraph, virtuoso], ids=lambda run: run.__name__)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Each server in turn."""
    with tempfile.TemporaryDirectory() as directory, request.param(Path(directory)) as started:
        yield started


@pytest.fixture
def engine(server: Server) -> Iterator[RemoteEngine]:
    """A server with two statements in one graph, and with nothing else of ours."""
    data = '<http://example.org/s> <http://example.org/p> "é" , 1 .'
    server.engine.put_graph(G, data.encode(), "text/turtle")
    yield server.engine
    for graph in server.engine.graphs():
        if graph.startswith("http://example.org/"):
            server.engine.delete_graph(graph)


def objects(engine: RemoteEngine, graph: str = G) -> list[str]:
    """Return what the statements of a graph say."""
    answer = engine.query(f"SELECT ?o {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
    assert isinstance(answer, ox.QuerySolutions)
    return sorted(row[0].value for row in answer)


# Queries


def test_select_ask_construct(engine: RemoteEngine) -> None:
    """All forms of queries come back as they do from the embedded engine."""
    assert objects(engine) == ["1", "é"]
    ask = f"ASK {{ GRAPH <{G}> {{ ?s ?p %s }} }}"
    assert bool(engine.query(ask % 1))
    assert not bool(engine.query(ask % 2))
    answer = engine.query(f"CONSTRUCT {{ ?s a ?o }} WHERE {{ GRAPH <{G}> {{ ?s ?p ?o }} }}")
    assert isinstance(answer, list)
    assert {triple.object.value for triple in answer} == {"1", "é"}


def test_dataset_of_the_protocol(engine: RemoteEngine, values: Values) -> None:
    """Graphs given beside the query make up its dataset."""
    text = "SELECT ?o { ?s ?p ?o }"
    assert values(engine.query(text, default_graphs=[G])) == ["1", "é"]
    assert values(engine.query(text, default_graphs=["http://example.org/none"])) == []
    named = "SELECT ?o { GRAPH ?g { ?s ?p ?o } }"
    assert values(engine.query(named, named_graphs=[G])) == ["1", "é"]


def test_wrong_query_is_told_in_the_servers_words(engine: RemoteEngine) -> None:
    """A query that the server cannot parse is a QueryError with its address and reason."""
    with pytest.raises(QueryError, match=r"refused the query: .*(line|2:10)"):
        engine.query("SELECT ?x {\n ?x a ;; }} ")
    with pytest.raises(QueryError, match="refused the query"):
        engine.update("INSERT DATA { <http://a> ")


# Updates and graphs


def test_update(engine: RemoteEngine) -> None:
    """An update is made there; prefixes of the project need no declaration."""
    engine.update(f"INSERT DATA {{ GRAPH <{G}> {{ <http://example.org/x> a cg:Cluster }} }}")
    assert "https://w3id.org/clustergraph/ns#Cluster" in objects(engine)
    engine.update(f"DELETE WHERE {{ GRAPH <{G}> {{ ?x a cg:Cluster ; ?p ?o }} }}")
    assert objects(engine) == ["1", "é"]


def test_update_with_dataset_of_the_protocol(server: Server, engine: RemoteEngine) -> None:
    """Graphs given beside an update are what its WHERE looks in."""
    if server.refuses:
        pytest.skip("Virtuoso 7 knows no using-graph-uri")
    engine.update(
        "INSERT { GRAPH <http://example.org/h> { ?s ?p ?o } } WHERE { ?s ?p ?o }",
        using_graphs=[G],
    )
    assert objects(engine, "http://example.org/h") == ["1", "é"]


def test_graph_is_put_added_to_fetched_and_deleted(engine: RemoteEngine) -> None:
    """The Graph Store Protocol: PUT replaces, POST adds, GET fetches, DELETE removes."""
    graph, data = "http://example.org/new?a=1&b=ü#c", "<http://example.org/a> a %s ."
    thing = "<http://example.org/T{}>"
    assert not engine.has_graph(graph)
    assert engine.put_graph(graph, (data % thing.format(1)).encode(), "text/turtle")
    assert not engine.put_graph(graph, io.BytesIO((data % thing.format(2)).encode()), "text/turtle")
    assert engine.has_graph(graph)
    engine.post_graph(graph, (data % thing.format(3)).encode(), "text/turtle")
    assert sorted(one.object.value[-2:] for one in engine.get_graph(graph)) == ["T2", "T3"]
    engine.delete_graph(graph)
    assert not engine.has_graph(graph)
    with pytest.raises(UnknownNameError, match=r"unknown graph: 'http://example\.org/new"):
        engine.delete_graph(graph)


def test_default_graph(server: Server, engine: RemoteEngine) -> None:
    """The default graph is a graph of the store where the server has one."""
    if not server.default_graph:
        with pytest.raises(EndpointError, match="not configured to have default graph"):
            engine.put_graph(None, b"", "text/turtle")
        return
    engine.put_graph(None, b"<http://a> <http://b> <http://c> .", "text/turtle")
    assert engine.has_graph(None)
    stream = io.BytesIO()
    engine.dump(stream, ox.RdfFormat.N_QUADS)
    assert b"\n<http://a> <http://b> <http://c> .\n" in b"\n" + stream.getvalue()
    engine.put_graph(None, b"", "text/turtle")
    assert not engine.has_graph(None)


def test_content_that_is_wrong(engine: RemoteEngine) -> None:
    """Content that the server cannot parse changes nothing."""
    with pytest.raises((QueryError, EndpointError), match=r"127\.0\.0\.1"):
        engine.put_graph(G, b"<http://a> <http://b> ", "text/turtle")
    assert objects(engine) == ["1", "é"]


# As an engine


def test_as_the_embedded_engine(engine: RemoteEngine) -> None:
    """What is asked of the embedded engine can be asked of a server."""
    assert engine.query(f"ASK {{ GRAPH <{G}> {{ <http://example.org/s> ?p ?o }} }}")
    assert G in engine.graphs()
    stream = io.BytesIO()
    engine.dump(stream, ox.RdfFormat.N_QUADS, G)
    assert len(stream.getvalue().splitlines()) == 2
    stream = io.BytesIO()
    engine.dump(stream, ox.RdfFormat.TURTLE, G)
    assert "é" in stream.getvalue().decode()
    with pytest.raises(UnknownNameError):
        engine.dump(stream, ox.RdfFormat.TURTLE, "http://example.org/none")


# Credentials


def test_strangers_may_not_write(server: Server, engine: RemoteEngine) -> None:
    """A server that wants credentials refuses those who have none, in its own words."""
    if not server.refuses:
        pytest.skip("the Oxigraph server lets everybody write")
    with pytest.raises(EndpointError, match="SECURITY"):
        server.stranger.update(f"INSERT DATA {{ GRAPH <{G}> {{ <http://a> <http://b> 1 }} }}")
    with pytest.raises(EndpointError, match="403"):
        server.stranger.put_graph(G, b"<http://a> <http://b> 1 .", "text/turtle")
    with pytest.raises(EndpointError, match="401") as caught:
        Endpoint(engine.url, credentials=Credentials("dba", "secret")).query("ASK {}")
    assert "secret" not in str(caught.value)


class _Guarded(http.server.BaseHTTPRequestHandler):
    """Answers ASK queries of those who know the password or the token."""

    seen: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        given = self.headers.get("Authorization", "")
        self.seen.append(given)
        if given not in ("Basic ZGJhOnA6dyE=", "Bearer abc"):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b'{"head": {}, "boolean": true}'
        self.send_response(200)
        self.send_header("Content-Type", "application/sparql-results+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def guarded() -> Iterator[str]:
    """The host of a server that wants a password."""
    _Guarded.seen = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Guarded) as running_server:
        thread = threading.Thread(target=running_server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{running_server.server_port}"
        running_server.shutdown()
        thread.join()


def test_password_and_token(guarded: str) -> None:
    """A password is given when asked for, a token with each request; neither shows anywhere."""
    engine = Endpoint(f"http://dba:p%3Aw!@{guarded}/sparql")
    assert engine.url == f"http://{guarded}/sparql"
    assert bool(engine.query("ASK {}"))
    assert _Guarded.seen == ["", "Basic ZGJhOnA6dyE="]
    assert bool(Endpoint(engine.url, credentials=Credentials(token="abc")).query("ASK {}"))  # noqa: S106
    assert _Guarded.seen[2:] == ["Bearer abc"]
    assert "abc" not in repr(Credentials("u", "abc", "abc"))
    with pytest.raises(EndpointError, match="401"):
        Endpoint(engine.url).query("ASK {}")


class _Moved(_Guarded):
    """Sends everybody on to another server."""

    onwards: str

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(302)
        self.send_header("Location", self.onwards)
        self.send_header("Content-Length", "0")
        self.end_headers()


def test_token_is_for_the_server_that_is_asked(guarded: str) -> None:
    """Where that server sends us on to, no token is shown."""
    _Moved.onwards = f"http://{guarded}/elsewhere"
    _Guarded.do_GET = lambda self: self.seen.append(self.headers.get("Authorization", ""))  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Moved) as moved:
        thread = threading.Thread(target=moved.serve_forever, args=(0.01,))
        thread.start()
        address = f"http://127.0.0.1:{moved.server_port}/sparql"
        with pytest.raises(EndpointError):
            Endpoint(address, credentials=Credentials(token="abc")).query("ASK {}")  # noqa: S106
        moved.shutdown()
        thread.join()
    assert _Guarded.seen == [""]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, None),
        ({"TOKEN": ""}, None),
        ({"TOKEN": "abc"}, Credentials(token="abc")),  # noqa: S106
        ({"USER": "dba", "PASSWORD": "p:w!"}, Credentials("dba", "p:w!")),
        ({"USER": "dba"}, Credentials("dba")),
        ({"TOKEN": "abc", "USER": "dba"}, "exclude each other"),
        ({"PASSWORD": "p"}, "without"),
        ({"TOKEN": "a\nb"}, "characters"),
    ],
)
def test_credentials_of_the_environment(
    given: dict[str, str], found: Credentials | str | None
) -> None:
    """A token, or a name and a password; half of it is an error that does not show it."""
    environment = {f"CLUSTERGRAPH_REMOTE_{name}": value for name, value in given.items()}
    if isinstance(found, str):
        with pytest.raises(UsageError, match=found):
            credentials_from(environment)
    else:
        assert credentials_from(environment) == found


def test_password_in_a_wrong_address_is_not_repeated() -> None:
    """The message about an address that is none leaves out what may be a password."""
    with pytest.raises(UsageError, match="not the address") as caught:
        Endpoint("http://dba:p@w@127.0.0.1:port/sparql")
    assert "p@w" not in str(caught.value)


def test_graphs_need_a_graph_store() -> None:
    """Without the address of a graph store there are no whole graphs."""
    with pytest.raises(UsageError, match="where its graph store is"):
        RemoteEngine("http://127.0.0.1/sparql").delete_graph(G)
    with pytest.raises(UsageError, match="not the address"):
        RemoteEngine("http://127.0.0.1/sparql", update_url="file:///tmp")


class _Dribbling(http.server.BaseHTTPRequestHandler):
    """Sends an answer byte by byte, for longer than anybody waits."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.end_headers()
        ended = threading.Event()
        try:
            while not ended.wait(0.02):
                self.wfile.write(b"x")
        except OSError:
            ended.set()

    def log_message(self, *_: object) -> None:
        pass


def test_deadline_is_for_the_whole_answer() -> None:
    """A server that keeps sending a little is cut off all the same."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Dribbling) as slow:
        thread = threading.Thread(target=slow.serve_forever, args=(0.01,))
        thread.start()
        try:
            engine = Endpoint(f"http://127.0.0.1:{slow.server_port}/", timeout_s=0.3)
            with pytest.raises(EndpointError, match=r"no answer within 0\.3 s"):
                engine.query("ASK {}")
        finally:
            slow.shutdown()
            thread.join()
