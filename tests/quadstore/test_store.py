"""The store: what is read back, what is refused, what survives."""

from __future__ import annotations

import contextlib
import http.server
import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph import shipped
from clustergraph.errors import (
    EndpointError,
    QueryError,
    QueryRefusedError,
    QuerySyntaxError,
    StoreError,
    UnknownNameError,
    UsageError,
)
from clustergraph.quadstore import Engine, build, is_store, reading
from clustergraph.quadstore.generations import Generations
from clustergraph.quadstore.remote import Endpoint, declare_prefixes
from clustergraph.shipped import open_shipped
from clustergraph.sparql.lexer import position, query_form, tokens
from clustergraph.sparql.policy import QueryPolicy

Values = Callable[[object], list[str]]

QUAD = ox.Quad(
    ox.NamedNode("http://example.org/s"),
    ox.NamedNode("http://example.org/p"),
    ox.Literal("o"),
    ox.NamedNode("http://example.org/g"),
)


def states(engine: Engine, name: str) -> bool:
    """Return whether a graph states anything about a thing."""
    return bool(engine.query(f"ASK {{ <http://example.org/{name}> ?p ?o }}"))


# The lexer


@given(st.text(alphabet="aS:<>\"'\\#.{}()?$_@1 \n\u0300é/-", max_size=60))
def test_tokens_cover_any_text_in_order(text: str) -> None:
    """Tokens overlap nowhere, and what lies between them is white space."""
    end = 0
    for token in tokens(text):
        assert text[token.start : token.end] == token.text
        assert not text[end : token.start].strip(" \n")
        end = token.end
    assert not text[end:].strip(" \n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cg:a.b.", ["cg:a.b", "."]),
        (r"cg:it\'s 'x'", [r"cg:it\'s", "'x'"]),
        (r"cg:a\#b c", [r"cg:a\#b", "c"]),
        ("?a<?b && ?c>?d", ["?a", "<", "?b", "&&", "?c", ">", "?d"]),
        ("<http://x/#y>", ["<http://x/#y>"]),
        ('"""a"b""" "\\""', ['"""a"b"""', '"\\""']),
        ("1.5e3SERVICE", ["1.5e3", "SERVICE"]),
        ("?x\u0300'y'", ["?x\u0300", "'y'"]),
    ],
)
def test_tokens_end_where_sparql_says(text: str, expected: list[str]) -> None:
    """Names, strings, IRIs and operators are told apart as SPARQL's grammar does."""
    assert [token.text for token in tokens(text)] == expected


def test_position_counts_characters() -> None:
    """A position counts lines and characters from 1, not bytes."""
    assert position("aé\nbéc", 5) == (2, 3)


def test_query_form_skips_comments_and_prefixes() -> None:
    """The form of a query is its first keyword of that kind, outside comments and names."""
    assert query_form("# SELECT\nPREFIX ask: <x> describe ask:x") == "DESCRIBE"
    assert query_form("no query") == ""


# Asking


def test_union_of_graphs_is_the_default(small: Engine, values: Values) -> None:
    """A pattern without GRAPH looks in all graphs."""
    assert len(values(small.query("SELECT ?x { ?x a ?class }"))) == 6


def test_from_narrows_the_default_graph(small: Engine, values: Values) -> None:
    """FROM in the query beats the union of all graphs."""
    text = "SELECT ?x FROM graph:codes { ?x a ?class }"
    assert len(values(small.query(text))) == 3
    assert values(small.query("SELECT ?x FROM NAMED graph:codes { ?x a ?class }")) == []


def test_protocol_dataset(small: Engine, values: Values) -> None:
    """Graphs given beside the query make up its dataset."""
    clusters = "https://w3id.org/clustergraph/graph/clusters"
    text = "SELECT ?x { ?x a ?class }"
    assert len(values(small.query(text, default_graphs=[clusters]))) == 3
    named = "SELECT DISTINCT ?g { GRAPH ?g { ?x a ?class } }"
    assert values(small.query(named, named_graphs=[clusters])) == [clusters]
    assert values(small.query(text, named_graphs=[clusters])) == []
    with pytest.raises(QueryError, match="absolute IRI"):
        small.query(text, default_graphs=["clusters"])


def test_project_prefixes_need_no_declaration(small: Engine) -> None:
    """cg:, code: and the rest are known; a declaration in the query wins."""
    assert bool(small.query("ASK { ?x a cg:Cluster ; cg:country code:country\\/CZ }"))
    assert not bool(small.query("PREFIX cg: <http://else/> ASK { ?x a cg:Cluster }"))


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("SELECT ?x {\n ?x cgg:label ?y }", 2, 5, "prefix cgg: is not declared; did you mean cg:"),
        ("SELECT ?x { ?x zzzzz:label ?y }", 1, 16, "PREFIX zzzzz: <…>"),
        ("SELECT ?x {\n  ?x rdfs:label ?y . FILTR(?x) }", 2, 22, "did you mean FILTER?"),
        ("SELECT ?é { ?é a 'é' . ?é a }", 1, 29, "} comes too early after a"),
        ("SELECT ?x { ?x a ( ?y }", 1, 23, "} where ) should close"),
        ("SELECT ?x { ?x a ?y", 1, 11, "{ is never closed"),
        ("ASK {} }", 1, 8, "closes nothing"),
        ("SELECT ?x WHERE", 1, 16, "ends too early"),
        ("SELECT ?x { ?x a cg:X } LIMIT ten", 1, 31, "ten is not expected after LIMIT"),
        ("SELECT ?x { ?x a 'y }", 1, 18, "never closed on its line"),
        ("SELECT ?x { ?x a code:country/CZ }", 1, 30, r"code:country\/"),
        ("SELECT ?x { ?x a <http://a b> }", 1, 18, "IRI is not well formed"),
        ("SELECT ?x (COUNT(?y) AS ?n) { ?x a ?y }", 1, 8, "?x is neither grouped nor aggregated"),
        ("SELECT ?x ?y (COUNT(*) AS ?n) { ?x a ?y } GROUP BY ?x", 1, 11, "?y is neither grouped"),
        ("SELECT (STR(?y) AS ?s) {?x a ?y} GROUP BY ?x HAVING(?x > 1)", 1, 13, "?y is neither"),
        ("SELECT ?x (MAX(?y) + ?y AS ?n) { ?x a ?y } GROUP BY ?x", 1, 22, "SAMPLE(?y)"),
        ("SELECT ?x { { SELECT ?x ?y (SUM(?z) AS ?n) { ?x ?y ?z } GROUP BY ?x } }", 1, 25, "?y is"),
        ("SELECT (SUM(?y) AS ?n) (?n / 2 AS ?m) { ?x a ?y }", 1, 25, "?n is named in the same"),
        ("SELECT ?x ?y { ?x a ?y } GROUP BY ?x ODER BY ?x", 1, 38, "did you mean ORDER?"),
        ("SELECT ?x (SUM(?y) AS ?n) { ?x a ?y } GROUPE BY ?x", 1, 39, "did you mean GROUP?"),
        ("", 1, 1, "empty"),
        ("# nothing\n", 1, 1, "empty"),
        ("PREFIX a: <b>\nDELETE WHERE { ?s ?p ?o }", 2, 1, "is an update"),
        ("LOAD <file:///etc/passwd>", 1, 1, "is an update"),
        ("nonsense", 1, 1, "a query opens with SELECT"),
        ("SELECT ?x { ?x a <abc def> }", 1, 18, "IRI is not well formed"),
        ("SELECT ?x { ?x a <\\u0020> . ?x a <b> }", 1, 18, "IRI is not well formed"),
        ("SELECT ?x { BIND(1 AS ?x) BIND(2 AS ?x) }", 1, 37, "?x has a value before"),
        ("SELECT * {\nVALUES (?a ?b) { (1 2) (3) } }", 2, 28, "too early after )"),
        ("SELECT * {} GROUP BY ?x", 1, 1, "SELECT * is not"),
        ("SELECT (STR(?x)) { ?x ?y ?z }", 1, 16, "AS ?name is missing"),
        ("ASK { ?x a _:b OPTIONAL { _:b a ?y } }", 1, 27, "use a variable"),
        ("SELECT * { ?s label ?o }", 1, 15, "(cg:label)"),
    ],
)
def test_syntax_error_in_words(
    small: Engine, text: str, line: int, column: int, words: str
) -> None:
    """A syntax error says what is wrong, and where in the text as it was written."""
    with pytest.raises(QuerySyntaxError) as caught:
        small.query(text)
    assert (caught.value.line, caught.value.column) == (line, column), str(caught.value)
    assert words in str(caught.value)
    assert "\\u{" not in str(caught.value), "the parser's own list of tokens"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that notices whoever connects to it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


class Redirecting(http.server.BaseHTTPRequestHandler):
    """Sends everybody on to another of its addresses."""

    status: int
    seen: list[str]

    def do_GET(self) -> None:
        """Answer any request."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append(self.path)
        self.send_response(200 if self.path == "/inside" else self.status)
        self.send_header("Location", "/inside")
        self.send_header("Content-Type", "text/turtle")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - the server calls it so

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_engine_follows_no_redirect(status: int) -> None:
    """A host that the operator admits cannot lead SERVICE or LOAD on to one that is not."""
    Redirecting.status, Redirecting.seen = status, []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirecting) as admitted:
        thread = threading.Thread(target=admitted.serve_forever, args=(0.01,))
        thread.start()
        address = f"http://127.0.0.1:{admitted.server_port}/"
        store = ox.Store()
        with pytest.raises((OSError, RuntimeError)):
            list(store.query(f"SELECT * {{ SERVICE <{address}> {{ ?s ?p ?o }} }}"))
        with pytest.raises((OSError, RuntimeError)):
            store.update(f"LOAD <{address}>")
        admitted.shutdown()
        thread.join()
    assert Redirecting.seen == ["/", "/"]


HOSTILE = [
    "SELECT * {{ SERVICE <{u}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ SERVICE SILENT <{u}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ sErViCe<{u}>{{ ?s ?p ?o }} }}",
    "PREFIX : <{u}> SELECT * {{ SERVICE:x {{ ?s ?p ?o }} }}",
    "PREFIX : <{u}> SELECT * {{ SERVICESILENT:x {{ ?s ?p ?o }} }}",
    "PREFIX service: <{u}> SELECT * {{ SERVICE service:x {{ ?s ?p ?o }} }}",
    "SELECT * {{ VALUES ?u {{ <{u}> }} SERVICE?u{{ ?s ?p ?o }} }}",
    "SELECT * {{ ?s ?p 1SERVICE<{u}> {{ ?s ?p ?o }} }}",
    "PREFIX : <{u}> SELECT * {{ ?s ?p trueSERVICE:x {{ ?s ?p ?o }} }}",
    "PREFIX : <{u}> SELECT * {{ FILTER(1<2)SERVICE#>\n:x {{ ?s ?p ?o }} }}",
    "PREFIX : <{u}> SELECT * {{ FILTER(1<'&&?b>') SERVICE :x {{ ?s ?p ?o }} FILTER(''='') }}",
    "SELECT * {{ FILTER(1<2#>\n) SERVICE <{u}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ # comment\nSERVICE # '\n<{u}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ ?s cg:it\\'s ?o . SERVICE <{u}> {{ ?s ?p ?o }} ?s cg:it\\'s ?o }}",
    "SELECT * {{ ?s cg:a\\#b ?o . SERVICE <{u}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ ?s cg:a\u0300\\'s ?o . SERVICE <{u}> {{ ?s ?p ?o }} ?s cg:it\\'s ?o }}",
    "SELECT * {{ FILTER EXISTS {{ SERVICE <{u}> {{ ?s ?p ?o }} }} }}",
    "SELECT * {{ {{ SELECT * {{ SERVICE <{u}> {{ ?s ?p ?o }} }} }} }}",
    "DESCRIBE ?s {{ SERVICE <{u}> {{ ?s ?p ?o }} }}",
    "CONSTRUCT {{ ?s ?p ?o }} {{ SERVICE <{u}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ ?s ?p '''a'b\"\"\"''' SERVICE <{u}> {{ ?s ?p \"\"\"'''\"\"\" }} }}",
    'SELECT * {{ ?s ?p "\\"" SERVICE <{u}> {{ ?s ?p "\\"" }} }}',
    "SELECT * {{ SERV\\u0049CE <{u}> {{ ?s ?p ?o }} }}",
    "SELECT * FROM <{u}> {{ ?s ?p ?o }}",
    "SELECT * FROM NAMED <{u}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    "LOAD <{u}>",
]


@pytest.mark.parametrize("template", HOSTILE)
def test_no_query_reaches_out(small: Engine, listener: socket.socket, template: str) -> None:
    """However a SERVICE clause is spelt or hidden, nothing connects to the address in it."""
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with contextlib.suppress(QueryError):
        list(small.query(template.format(u=url)))  # type: ignore[arg-type]
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?s a cg:Service ; cg:offersService ?service . # SERVICE\n }",
        "PREFIX service: <http://x/> SELECT * { ?s service:x <http://x/service#a> }",
        "PREFIX service: <http://x/> SELECT * { GRAPH service:x { ?s ?p 'SERVICE' } }",
        'SELECT * { ?s ?p "it\'s a SERVICE <x> {}" }',
    ],
)
def test_the_word_service_is_free_elsewhere(small: Engine, text: str) -> None:
    """Only the clause is refused: names, strings, variables and comments may say service."""
    small.query(text)


def test_service_is_refused_with_its_place(small: Engine) -> None:
    """A refusal says where the clause stands."""
    with pytest.raises(QueryRefusedError, match=r"line 2, column 3: SERVICE is refused"):
        small.query("ASK {\n  SERVICE <http://x/> {} }")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * " + "{" * 201 + "}" * 201,
        "ASK { FILTER(" + "(" * 10_000 + "1" + ")" * 10_000 + ") }",
        "ASK { FILTER(1<'&&?b>' && " + "(" * 300 + "1" + ")" * 300 + ") }",
        "ASK { } #" + " " * 100_000,
    ],
)
def test_bombs_are_refused_unparsed(text: str) -> None:
    """Texts that could overflow the parser's stack are refused before it sees them."""
    with pytest.raises(QueryRefusedError):
        QueryPolicy().check_query(text)


def test_long_flat_queries_pass() -> None:
    """Many brackets side by side are no bomb."""
    QueryPolicy().check_query("ASK { VALUES (?a ?b) { " + "(1 2) " * 5000 + "} }")
    QueryPolicy().check_query("ASK { ?s ?p '" + "(" * 5000 + "' }")


def test_failure_while_reading_is_a_query_error(small: Engine) -> None:
    """What fails while an answer is read is a QueryError too."""
    answer = small.query("SELECT (COUNT(*) AS ?n) { ?x a ?y }")
    assert isinstance(answer, ox.QuerySolutions)
    with pytest.raises(QueryError, match="no space"), reading():
        answer.serialize(_FullDisk(), ox.QueryResultsFormat.JSON)


class _FullDisk(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, _: object) -> int:
        raise OSError(28, "no space")


# Building and opening


def test_built_store_reads_back(tmp_path: Path, values: Values) -> None:
    """What was built is there, in a published generation that `current` names."""
    build(tmp_path / "deep" / "store", lambda: [QUAD])
    directory = tmp_path / "deep" / "store"
    assert is_store(directory)
    assert (directory / "current").read_text() == "000001\n"
    engine = Engine(directory)
    assert engine.graphs() == ["http://example.org/g"]
    assert states(engine, "s")
    assert not states(engine, "o")


def test_failed_build_leaves_nothing(tmp_path: Path) -> None:
    """A build that fails half-way leaves neither a store nor its debris."""

    def broken() -> Iterator[ox.Quad]:
        yield QUAD
        raise QueryError("no more")

    with pytest.raises(QueryError, match="no more"):
        build(tmp_path / "store", broken)
    assert list(tmp_path.iterdir()) == []


def test_build_spares_what_is_there(tmp_path: Path) -> None:
    """A directory that holds something else is never overwritten."""
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(StoreError, match="not empty"):
        build(tmp_path, lambda: [QUAD])
    assert (tmp_path / "precious.txt").read_text() == "mine"


@pytest.mark.parametrize("content", [None, "", "../../etc", "000009"])
def test_opening_no_store_gives_advice(tmp_path: Path, content: str | None) -> None:
    """A directory that is no store, or names no generation, is an error that says so."""
    if content is not None:
        (tmp_path / "current").write_text(content)
    with pytest.raises(StoreError, match=r"serve --store|names no generation"):
        Engine(tmp_path)
    with pytest.raises(StoreError, match="does not exist"):
        Engine(tmp_path / "missing")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache directory; returns the directory of the graphs in it."""
    monkeypatch.setenv("CLUSTERGRAPH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "graphs"


class Counter:
    """Makes the quads of a graph and counts how often it was asked to."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> list[ox.Quad]:
        """Return the quads."""
        self.calls += 1
        return [QUAD]


@pytest.mark.usefixtures("cache")
def test_shipped_graph_is_built_once() -> None:
    """The second opening finds the first one's graph."""
    quads = Counter()
    assert states(open_shipped(quads), "s")
    assert states(open_shipped(quads), "s")
    assert quads.calls == 1


@pytest.mark.usefixtures("cache")
def test_concurrent_openings_build_once() -> None:
    """Of several that start together one builds, and all get the graph."""
    quads = Counter()
    together = threading.Barrier(4)

    def start(_: int) -> bool:
        together.wait()
        return states(open_shipped(quads), "s")

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [True] * 4
    assert quads.calls == 1


@pytest.mark.parametrize("damage", ["truncate", "remove", "current", "sizes", "record"])
def test_damaged_cache_is_built_again(cache: Path, damage: str) -> None:
    """A graph in the cache that lost something is built again, without a word."""
    quads = Counter()
    open_shipped(quads)
    (directory,) = (path for path in cache.iterdir() if path.is_dir())
    table = next(directory.rglob("*.sst"))
    match damage:
        case "truncate":
            table.write_bytes(table.read_bytes()[:-7])
        case "remove":
            table.unlink()
        case "current":
            (directory / "current").unlink()
        case "sizes":
            (directory / "sizes.json").unlink()
        case "record":
            (directory / "sizes.json").write_text("{")
    assert states(open_shipped(quads), "s")
    assert quads.calls == 2


def test_code_or_data_change_makes_a_new_graph(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fingerprint has its graph; old ones go, except the last few and those in use."""
    quads = Counter()
    held = None
    for number in range(8):
        monkeypatch.setattr(shipped, "fingerprint", lambda number=number: f"print{number}")
        engine = open_shipped(quads)
        held = held or engine
    assert quads.calls == 8
    left = {path.name for path in cache.iterdir() if path.is_dir()}
    assert "print0" in left, "still open"
    assert "print7" in left
    assert len(left) == 5, left


def test_unwritable_cache_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the cache cannot be, the error names the variable that moves it."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLUSTERGRAPH_CACHE", str(tmp_path / "file"))
    with pytest.raises(StoreError, match="CLUSTERGRAPH_CACHE"):
        open_shipped(Counter())


def test_cache_directory_follows_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CACHE_HOME is heeded when absolute and ignored when not."""
    from clustergraph.settings import cache_directory

    monkeypatch.delenv("CLUSTERGRAPH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_directory() == Path("/somewhere/clustergraph")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_directory() == Path.home() / ".cache" / "clustergraph"


# Writing out


def test_dump_writes_graphs_and_their_union(small: Engine) -> None:
    """A dataset keeps the graphs apart, a graph format joins them, and one can be had alone."""
    dataset, union, one = io.BytesIO(), io.BytesIO(), io.BytesIO()
    small.dump(dataset, ox.RdfFormat.N_QUADS)
    small.dump(union, ox.RdfFormat.N_TRIPLES)
    small.dump(one, ox.RdfFormat.TURTLE, "https://w3id.org/clustergraph/graph/codes")
    assert len(dataset.getvalue().splitlines()) == len(union.getvalue().splitlines()) == 18
    assert len(list(ox.parse(one.getvalue(), ox.RdfFormat.TURTLE))) == 3
    with pytest.raises(UnknownNameError, match="did you mean codes"):
        small.dump(one, ox.RdfFormat.TURTLE, "https://w3id.org/clustergraph/graph/code")


# Remote endpoints


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers with what the test put into the server."""

    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.received.append((dict(self.headers), self.rfile.read(length).decode()))
        if self.server.silent is not None:
            self.server.silent.wait(10)
            return
        self.send_response(self.server.status)
        self.send_header("Content-Type", self.server.kind)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    status = 200
    kind = "application/sparql-results+json"
    body = b'{"head": {"vars": ["x"]}, "results": {"bindings": []}}'
    silent: threading.Event | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[dict[str, str], str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/sparql"


@pytest.fixture
def server() -> Iterator[_Server]:
    """A stand-in for an endpoint elsewhere."""
    with _Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        if running.silent is not None:
            running.silent.set()
        running.shutdown()
        thread.join()


def test_remote_select(server: _Server, values: Values) -> None:
    """Solutions from elsewhere are read like our own; the prefixes used are declared."""
    binding = {"x": {"type": "uri", "value": "http://example.org/a"}}
    document = {"head": {"vars": ["x"]}, "results": {"bindings": [binding]}}
    server.body = json.dumps(document).encode()
    assert values(Endpoint(server.url).query("SELECT ?x { ?x a cg:X }")) == ["http://example.org/a"]
    headers, body = server.received[0]
    assert headers["User-Agent"].startswith("clustergraph/")
    assert "PREFIX+cg%3A" in body


def test_remote_construct(server: _Server) -> None:
    """Triples from elsewhere are read in whatever RDF format the endpoint chose."""
    server.kind, server.body = "text/turtle; charset=utf-8", b"<http://a> <http://b> 1 ."
    answer = Endpoint(server.url).query("CONSTRUCT WHERE { ?s ?p ?o }")
    assert isinstance(answer, list)
    assert str(answer[0].object) == '"1"^^<http://www.w3.org/2001/XMLSchema#integer>'


@pytest.mark.parametrize(
    ("status", "kind", "body", "error", "words"),
    [
        (400, "text/plain", b"Parse error near FOO", QueryError, "refused the query.*near FOO"),
        (500, "text/plain", b"oops", (EndpointError, QueryError), "oops"),
        (503, "text/plain", b"busy", EndpointError, "503.*busy"),
        (200, "text/html", b"<p>hello</p>", EndpointError, "text/html, which is no result"),
        (200, "application/sparql-results+json", b"{", EndpointError, "not well-formed"),
    ],
)
def test_remote_failures_are_named(
    server: _Server, status: int, kind: str, body: bytes, error: type[Exception], words: str
) -> None:
    """Whatever goes wrong at the endpoint is told with its address and its own words."""
    server.status, server.kind, server.body = status, kind, body
    with pytest.raises(error, match=rf"(?s){words}") as caught:
        Endpoint(server.url).query("ASK {}")
    assert server.url in str(caught.value)


def test_remote_timeout_and_absence(server: _Server) -> None:
    """An endpoint that does not answer in time, or is not there, is an EndpointError."""
    server.silent = threading.Event()
    with pytest.raises(EndpointError, match="no answer within 1 s"):
        Endpoint(server.url, timeout_s=1).query("ASK {}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(EndpointError, match="cannot be reached"):
        Endpoint(f"http://127.0.0.1:{port}/").query("ASK {}")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "example.org/sparql",
        "ftp://x/",
        "http://",
        "http://x:port/",
        "http://x/a b",
        "http://x/\n",
        "http://[::1/",
    ],
)
def test_only_http_addresses_are_endpoints(url: str) -> None:
    """Neither files nor bare names are asked."""
    with pytest.raises(UsageError, match="not the address of an endpoint"):
        Endpoint(url)


def test_declared_prefixes_keep_lines() -> None:
    """Declarations are added on the first line, once, and only for what is used undeclared."""
    text = "PREFIX cg: <http://x/>\nSELECT * { ?x a cg:A , skos:Concept, 'id:x' }"
    assert declare_prefixes(text) == ("PREFIX skos: <http://www.w3.org/2004/02/skos/core#> " + text)


def test_engine_outlives_a_change_of_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that was named by a relative path is read on from wherever the process goes."""
    monkeypatch.chdir(tmp_path)
    build(Path("here"), list)
    names = [ox.NamedNode(f"urn:x:{number}") for number in range(5)]
    for name in names:
        # Each commit makes files of its own, most of which are opened when they are needed.
        Generations(Path("here")).commit(
            lambda store, _, name=name: store.add(ox.Quad(name, name, name, name))
        )
    engine = Engine(Path("here"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for name in names:
        assert list(engine.store.quads_for_pattern(None, name, None))
        assert list(engine.store.quads_for_pattern(None, None, name, name))
