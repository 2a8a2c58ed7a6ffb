"""Generated requests, shapes and tables: nothing of them ends a worker, gives a 5xx or a traceback.

The seed is fixed and the number of examples bounded, so that a run takes a known time and a failure
can be repeated. `make test-full` multiplies the examples by thirty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from addresses import EXAMPLES
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as some

from clustergraph.cli import cli

TOKEN = "a token of the fuzz tests"  # noqa: S105
METRICS = "another token of the tests"
ACCEPTABLE = frozenset({501, 503, 504})
"""501 names a method that nobody has, 503 says that the service is busy, 504 that a request has
used up its time. Every other 5xx is a fault."""
# Ends that are promised: at the deadline, and when the client has left.
_BY_DESIGN = frozenset({"deadline", "left", "slots"})
_TRACEBACK = re.compile(r"Traceback \(most recent|File \"/|site-packages|\.py\", line")


def bounded(examples: int) -> Any:
    """Return settings for a number of examples, the same ones in each run."""

    def decorate(test: Any) -> Any:
        configured = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        return seed(20261201)(configured(test))

    return decorate


@pytest.fixture(
    scope="module",
    params=[pytest.param("shipped graph", marks=pytest.mark.full), "own store"],
)
def running(request: pytest.FixtureRequest, serve: Any, tmp_path_factory: Any) -> Any:
    """A service in front of the shipped graph, and one with a store that takes writes."""
    if request.param == "shipped graph":
        return serve("--query-timeout-s", 5, CLUSTERGRAPH_METRICS_TOKEN=METRICS)
    store = tmp_path_factory.mktemp("fuzz") / "store"
    return serve(
        "--store",
        store,
        "--bare",
        "--query-timeout-s",
        5,
        token=TOKEN,
        CLUSTERGRAPH_METRICS_TOKEN=METRICS,
    )


@pytest.fixture
def client(running: Any) -> Iterator[httpx.Client]:
    """A client; afterwards no worker has died, and nothing was logged that is no log line."""
    with httpx.Client(base_url=running.base, trust_env=False, timeout=30) as client:
        before = ended(client)
        yield client
        assert running.process.poll() is None
        assert ended(client) == before, "a worker died"
    assert not any(_TRACEBACK.search(line) for line in running.said), "".join(running.said[-40:])


def ended(client: httpx.Client) -> float:
    """Return how many workers have ended before their response did, but for their deadline."""
    text = client.get("/metrics", headers={"Authorization": f"Bearer {METRICS}"}).text
    pattern = r'^clustergraph_workers_ended_total\{reason="(\w+)"\} (\S+)'
    found = dict(re.findall(pattern, text, re.MULTILINE))
    return sum(float(count) for reason, count in found.items() if reason not in _BY_DESIGN)


def check(response: httpx.Response) -> None:
    """Fail if a response shows a fault of the service."""
    told = f"{response.request.method} {response.request.url} {response.text[:400]}"
    assert response.status_code < 500 or response.status_code in ACCEPTABLE, told
    assert not _TRACEBACK.search(response.text), told
    size = sum(len(name) + len(value) for name, value in response.headers.raw)
    assert size < 16_000, f"{size} bytes of headers: {told}"


# Requests by the OpenAPI document ---------------------------------------------------------------


@pytest.fixture(scope="module")
def operations(running: Any) -> Any:
    """A strategy for requests that fit the OpenAPI document, and for some that do not quite."""
    with httpx.Client(base_url=running.base, trust_env=False, timeout=30) as client:
        document = client.get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    return some.one_of(
        operation.ok().as_strategy(generation_mode=mode)
        for operation in schema.get_all_operations()
        for mode in modes
    )


def test_requests_by_the_openapi_document(
    client: httpx.Client, operations: Any, examples: int
) -> None:
    """Whatever the document allows, and what comes close to it, is answered without a 5xx."""

    @bounded(examples * 3)
    @given(case=operations)
    def send(case: Any) -> None:
        request = case.as_transport_kwargs(base_url=str(client.base_url))
        try:
            response = client.request(
                request["method"],
                request["url"],
                params=request.get("params"),
                headers=dict(request.get("headers") or {}),
                content=request.get("data"),
            )
        except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeEncodeError, TypeError):
            return  # what the client itself does not send
        except httpx.RemoteProtocolError:
            return  # the deadline came after the first byte: aborted, as promised
        check(response)

    send()


@pytest.fixture
def examples(request: pytest.FixtureRequest) -> int:
    """How many examples a test tries: few, and thirty times as many in the full run."""
    chosen = request.config.getoption("-m") or ""
    return 50 if "not full" in chosen else 1500


# Methods, paths, headers, bodies ----------------------------------------------------------------

_METHODS = some.sampled_from(
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"]
)
_PIECES = some.sampled_from(
    [
        "%00",
        "%25zz",
        "%",
        "%2F",
        "%2e%2e",
        "..",
        "//",
        ";",
        "%C3%28",
        "\u017e",
        "%0d%0a",
        "?",
        "#",
        "a" * 300,
        "{x}",
        "<s>",
        "'",
        '"',
        "%u0041",
        "&",
        "=",
        "+",
        "*",
        "\\",
        ".json",
        ".ttl",
        "~",
    ]
)
_EXAMPLES = sorted({path for paths in EXAMPLES.values() for path in paths})
_PATHS = some.one_of(
    some.builds(
        lambda example, at, piece: example[:at] + piece + example[at:],
        some.sampled_from(_EXAMPLES),
        some.integers(0, 60),
        _PIECES,
    ),
    some.builds(
        lambda example, name, value: f"{example}{'&' if '?' in example else '?'}{name}={value}",
        some.sampled_from(_EXAMPLES),
        some.sampled_from(
            [
                "q",
                "query",
                "format",
                "page",
                "size",
                "country",
                "iri",
                "graph",
                "default",
                "with",
                "timeout",
                "language",
                "to",
                "default-graph-uri",
                "named-graph-uri",
                "sort",
                "shape",
            ]
        ),
        some.one_of(_PIECES, some.text(max_size=30), some.integers(-5, 10**30).map(str)),
    ),
    some.lists(some.one_of(_PIECES, some.text(max_size=8)), max_size=6).map(
        lambda parts: "/" + "/".join(parts)
    ),
)
_HEADERS = some.dictionaries(
    some.sampled_from(
        [
            "Accept",
            "Accept-Language",
            "Accept-Encoding",
            "Content-Type",
            "Cookie",
            "Origin",
            "Prefer",
            "If-None-Match",
            "If-Match",
            "Authorization",
            "X-Forwarded-For",
            "X-Forwarded-Proto",
            "Content-Encoding",
            "Range",
            "Host",
            "Link",
            "Slug",
        ]
    ),
    some.one_of(
        some.text(some.characters(min_codepoint=32, max_codepoint=126), max_size=60),
        some.sampled_from(
            [
                "a/b," * 1100,
                "text/html;q=",
                "*/*;q=2",
                "application/json;charset=x",
                "gzip, br",
                "multipart/form-data; boundary=" + "x" * 300,
                "multipart/form-data",
                "lang=cs; theme=x",
                "W/" * 50,
                '"' * 200,
                "bytes=0-1",
                "application/x-www-form-urlencoded",
                "text/turtle",
                "application/sparql-query",
                "application/sparql-update",
                "application/ld+json",
                "q" * 4400,
            ]
        ),
    ),
    max_size=4,
)
_BODIES = some.one_of(
    some.binary(max_size=200),
    some.text(max_size=200).map(str.encode),
    some.sampled_from(
        [
            b"query=" + b"(" * 5000,
            b"=&" * 3000,
            b"\x1f\x8b" + bytes(40),
            b"<a> <b> <c> .",
            b'{"@context":' * 200,
            b"<rdf:RDF",
            b"--x\r\nContent-Disposition: form-data; name=data; "
            b'filename="' + b"n" * 300 + b'"\r\n\r\n<a> <b> "c" .\r\n--x--\r\n',
        ]
    ),
)


def test_any_request(client: httpx.Client, examples: int) -> None:
    """Whatever the method, path, headers and body, the response is no 5xx."""

    @bounded(examples * 4)
    @given(method=_METHODS, path=_PATHS, headers=_HEADERS, body=_BODIES)
    def send(method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        try:
            request = client.build_request(
                method, str(client.base_url).rstrip("/") + path, headers=headers, content=body
            )
            response = client.send(request)
        except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeEncodeError):
            return  # what the client itself does not send
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return  # the server may refuse to read on
        check(response)

    send()


# Queries, forms and shapes ----------------------------------------------------------------------

_TERMS = some.sampled_from(
    [
        "?s",
        "?x",
        "<a>",
        "cg:Cluster",
        "rdf:type",
        "'a'@en",
        "5",
        "1.50",
        "_:b",
        "true",
        '"""x"""',
        "<\\u0041>",
        "'\\uD800'",
        "rdfs:label",
        "[]",
        "()",
        "<<(?s ?p ?o)>>",
        "^rdfs:label",
        "<p>*",
    ]
)
_CLAUSES = some.recursive(
    some.one_of(
        some.builds("{} {} {} .".format, _TERMS, _TERMS, _TERMS),
        some.builds(
            "FILTER({}({}, {}))".format,
            some.sampled_from(["REGEX", "STR", "IF", "COALESCE", "CONTAINS", "NOT EXISTS"]),
            _TERMS,
            _TERMS,
        ),
        some.builds("BIND({} AS ?x)".format, _TERMS),
        some.builds("VALUES ?x {{ {} }}".format, _TERMS),
    ),
    lambda inner: some.one_of(
        some.builds("OPTIONAL {{ {} }}".format, inner),
        some.builds("{{ {} }} UNION {{ {} }}".format, inner, inner),
        some.builds("GRAPH ?g {{ {} }}".format, inner),
        some.builds("SERVICE SILENT <http://127.0.0.1:9/> {{ {} }}".format, inner),
        some.builds("{{ SELECT * {{ {} }} LIMIT 2 }}".format, inner),
    ),
    max_leaves=6,
)
_QUERIES = some.one_of(
    some.builds(
        "{} {{ {} }} {}".format,
        some.sampled_from(
            [
                "SELECT *",
                "ASK",
                "CONSTRUCT WHERE",
                "DESCRIBE ?s",
                "SELECT ?s ?s",
                "SELECT (COUNT(*) AS ?n)",
                "INSERT DATA",
                "DELETE WHERE",
            ]
        ),
        _CLAUSES,
        some.sampled_from(["", "LIMIT 3", "ORDER BY ?x", "GROUP BY ?s", "OFFSET -1", "VALUES"]),
    ),
    some.text(max_size=80),
)


def test_any_query(client: httpx.Client, examples: int) -> None:
    """Whatever the query, the endpoint, its pages and its check answer without a 5xx."""

    @bounded(examples)
    @given(query=_QUERIES, where=some.sampled_from(["/sparql", "/query", "/query/check"]))
    def send(query: str, where: str) -> None:
        headers = {"Accept": "text/html"} if where == "/query" else {}
        try:
            check(client.get(where, params={"query": query}, headers=headers))
            check(client.post("/sparql", data={"query": query}))
        except (httpx.RemoteProtocolError, httpx.ReadError):
            return  # a response that could not be completed in time

    send()


_SHAPE_PARTS = some.lists(
    some.sampled_from(
        [
            "sh:targetClass ex:C",
            "sh:targetNode ex:a",
            "sh:targetSubjectsOf ex:p",
            "sh:minCount 1",
            "sh:minCount 'x'",
            "sh:minCount 1, 2",
            "sh:path ex:p",
            "sh:path ( ex:p )",
            "sh:path []",
            "sh:path [ sh:inversePath ex:p ]",
            "sh:property [ sh:path ex:p ; sh:maxCount 0 ]",
            "sh:property ex:nothing",
            "sh:node ex:S",
            "sh:not ex:S",
            "sh:or ( ex:S ex:T )",
            "sh:or ex:S",
            "sh:pattern '('",
            "sh:pattern '(a+)+$'",
            "sh:datatype xsd:integer",
            "sh:in ( 1 'a' )",
            "sh:nodeKind ex:Unknown",
            "sh:deactivated 'maybe'",
            "sh:severity ex:odd",
            "sh:closed true",
            "sh:sparql [ sh:select 'SELECT $this { $this ?p ?o }' ]",
            "sh:sparql [ sh:select 'ASK {}' ]",
            "sh:sparql [ sh:select 'SELECT $this FROM NAMED <g> {}' ]",
            "sh:message 5",
            "sh:sparql [ sh:select 'SELECT $this { GRAPH $shapesGraph { $this ?p ?o } }' ]",
            "sh:sparql [ sh:prefixes [ sh:declare [ sh:prefix 'x' ; "
            "sh:namespace '> { SERVICE' ] ] ; "
            "sh:select 'SELECT $this { $this x:p ?o }' ]",
            "sh:rule ex:R",
            "sh:entailment ex:E",
            "sh:minInclusive 99999999999999999999",
            "sh:uniqueLang 1",
            "sh:equals ex:p",
            "sh:js ex:J",
            "sh:qualifiedValueShape ex:S ; sh:qualifiedMinCount 1",
            "sh:xone ()",
            "sh:languageIn ('en')",
        ]
    ),
    min_size=1,
    max_size=5,
)
_PREFIXES = (
    "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://example.org/> . "
    "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . "
)
_DATA = _PREFIXES + "ex:a a ex:C ; ex:p 1, 'x'@en, ex:a . ex:b ex:p ex:a ."


def test_any_shapes(client: httpx.Client, examples: int) -> None:
    """Whatever the shapes, validation over HTTP ends in a report or an error."""

    @bounded(examples)
    @given(parts=_SHAPE_PARTS, more=_SHAPE_PARTS, name=some.text(max_size=300))
    def send(parts: list[str], more: list[str], name: str) -> None:
        shapes = (
            f"{_PREFIXES} ex:S a sh:NodeShape ; {' ; '.join(parts)} . ex:T {' ; '.join(more)} ."
        )
        files = {
            "data": (name, _DATA.encode(), "text/turtle"),
            "shapes": (name, shapes.encode(), "text/turtle"),
        }
        try:
            response = client.post("/validate", files=files)
        except (httpx.LocalProtocolError, UnicodeEncodeError):
            return
        check(response)

    send()


def test_any_shapes_on_the_command_line(tmp_path: Path, examples: int) -> None:
    """Whatever the shapes, ``clustergraph validate`` never exits with 3."""
    data, path = tmp_path / "data.ttl", tmp_path / "shapes.ttl"
    data.write_text(_DATA, encoding="utf-8")

    @bounded(max(examples // 5, 20))
    @given(parts=_SHAPE_PARTS, more=_SHAPE_PARTS)
    def run(parts: list[str], more: list[str]) -> None:
        path.write_text(
            f"{_PREFIXES} ex:S a sh:NodeShape ; {' ; '.join(parts)} . ex:T {' ; '.join(more)} .",
            encoding="utf-8",
        )
        done = CliRunner().invoke(cli, ["validate", str(data), "--shapes", str(path)])
        assert done.exit_code in (0, 1, 2), (path.read_text(encoding="utf-8"), done.output)
        assert not _TRACEBACK.search(done.output)

    run()


# Tables -----------------------------------------------------------------------------------------

_CELLS = some.one_of(
    some.text(max_size=12),
    some.sampled_from(["", "1", "1e400", "2020-02-30", '"', "a,b", "\0", "="]),
)
_DESCRIPTIONS = some.dictionaries(
    some.sampled_from(
        [
            "name",
            "titles",
            "datatype",
            "required",
            "separator",
            "default",
            "null",
            "lang",
            "aboutUrl",
            "propertyUrl",
            "valueUrl",
            "virtual",
            "ordered",
            "suppressOutput",
        ]
    ),
    some.one_of(
        some.booleans(),
        some.integers(),
        some.text(max_size=8),
        some.none(),
        some.sampled_from(
            [
                "a",
                "b",
                "integer",
                "date",
                "https://example.org/{a}",
                "{",
                "x:y",
                {"base": "string", "format": "(a|aa)+b"},
                {"base": "integer", "minimum": "x"},
                {"base": "date", "format": "yyyy"},
                ["a"],
                {"en": ["a", 5]},
                {"base": 7},
            ]
        ),
    ),
    max_size=5,
)


def test_any_tables(tmp_path: Path, examples: int) -> None:
    """Whatever the table and its metadata, what is wrong is reported and never raised."""
    import json

    from clustergraph.csvw import read

    table, metadata = tmp_path / "t.csv", tmp_path / "csv-metadata.json"

    @bounded(examples)
    @given(
        rows=some.lists(some.lists(_CELLS, max_size=4), max_size=4),
        columns=some.lists(_DESCRIPTIONS, max_size=3),
        keys=some.sampled_from([None, "a", ["a", "b"], 5, "nothing"]),
        raw=some.one_of(some.none(), some.binary(max_size=60)),
    )
    def run(rows: list[list[str]], columns: list[Any], keys: Any, raw: bytes | None) -> None:
        lines = "\n".join(",".join(row) for row in [["a", "b"], *rows])
        table.write_bytes(raw if raw is not None else lines.encode("utf-8", "replace"))
        schema = {"columns": columns, **({} if keys is None else {"primaryKey": keys})}
        metadata.write_text(
            json.dumps(
                {"@context": "http://www.w3.org/ns/csvw", "url": "t.csv", "tableSchema": schema}
            ),
            encoding="utf-8",
        )
        # The command would read the code lists each time, a quarter of a second.
        found = read(tmp_path)
        written = [str(one) for one in (*found.faults, *found.warnings, *found.triples())]
        assert not any(map(_TRACEBACK.search, written))

    run()
