"""The service over HTTP on the loopback: protocol, negotiation, refusals, ready questions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from clustergraph.errors import UsageError
from clustergraph.http.server import reserve
from clustergraph.protocol.negotiation import prefers_html
from clustergraph.settings import MAX_QUERY_BYTES

SELECT = "SELECT ?x { ?x a cg:Cluster }"
JSON = "application/sparql-results+json"


@pytest.fixture(scope="module")
def client(small_store: Any, serve: Any) -> Iterator[httpx.Client]:
    """A client of the service over the small graph."""
    running = serve("--store", small_store, "--workers", 2)
    with httpx.Client(base_url=running.base, trust_env=False, timeout=60) as client:
        yield client


def rows(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    return list(response.json()["results"]["bindings"])


# The protocol: SPARQL 1.1 Protocol, section 2.1


def test_get_query(client: httpx.Client) -> None:
    """Query by GET."""
    assert len(rows(client.get("/sparql", params={"query": SELECT}))) == 3


def test_head_query(client: httpx.Client) -> None:
    """HEAD has the headers of GET and no body."""
    response = client.head("/sparql", params={"query": SELECT})
    assert response.status_code == 200
    assert response.headers["content-type"] == JSON
    assert response.content == b""


def test_post_form_query(client: httpx.Client) -> None:
    """Query by URL-encoded POST, with a parameter of the media type."""
    assert len(rows(client.post("/sparql", data={"query": SELECT}))) == 3
    response = client.post(
        "/sparql",
        content="query=ASK+%7B%7D",
        headers={"Content-Type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8"},
    )
    assert response.json()["boolean"] is True


def test_post_direct_query(client: httpx.Client) -> None:
    """Query by POST directly, with the dataset in the address."""
    response = client.post(
        "/sparql",
        params={"default-graph-uri": "https://w3id.org/clustergraph/graph/codes"},
        content="SELECT ?x { ?x a ?class }",
        headers={"Content-Type": "application/sparql-query"},
    )
    assert len(rows(response)) == 3


def test_dataset_parameters(client: httpx.Client) -> None:
    """named-graph-uri restricts what GRAPH sees."""
    text = "SELECT DISTINCT ?g { GRAPH ?g { ?x a ?class } }"
    graph = "https://w3id.org/clustergraph/graph/clusters"
    found = rows(client.get("/sparql", params={"query": text, "named-graph-uri": graph}))
    assert [row["g"]["value"] for row in found] == [graph]


def test_construct_and_describe(client: httpx.Client) -> None:
    """Graph queries answer with Turtle unless asked otherwise."""
    for text in ("CONSTRUCT WHERE { ?x cg:members ?n }", "DESCRIBE <http://example.org/a>"):
        response = client.get("/sparql", params={"query": text})
        assert response.headers["content-type"] == "text/turtle; charset=utf-8"
        assert "cg:members" in response.text


# Content negotiation: RFC 9110, section 12.5.1


@pytest.mark.parametrize("accept", ["image/png", "text/turtle", "*/*;q=0", "text/csv;q=nonsense"])
def test_unacceptable_is_406(client: httpx.Client, accept: str) -> None:
    """A format that cannot hold the answer is refused, with those that can."""
    response = client.get("/sparql", params={"query": SELECT}, headers={"Accept": accept})
    assert response.status_code == 406
    assert JSON in response.json()["offered"]


def test_format_parameter_beats_accept(client: httpx.Client) -> None:
    """?format= takes a format by name or media type."""
    for name in ("csv", "text/csv"):
        response = client.get(
            "/sparql", params={"query": SELECT, "format": name}, headers={"Accept": JSON}
        )
        assert response.headers["content-type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize("form", ["json", "xml", "turtle"])
def test_sparqlwrapper_is_served(client: httpx.Client, form: str) -> None:
    """The client that most Python programs use gets what it asks for, in each of its formats."""
    from SPARQLWrapper import SPARQLWrapper

    wrapper = SPARQLWrapper(str(client.base_url.join("/sparql")), returnFormat=form)
    if form == "turtle":
        wrapper.setQuery("CONSTRUCT WHERE { ?x cg:members ?n }")
        assert b"cg:members" in wrapper.query().convert()
        return
    wrapper.setQuery("SELECT ?x { ?x a cg:Cluster }")
    assert b"http://example.org/a" in wrapper.query().response.read()
    wrapper.setQuery("DESCRIBE <http://example.org/a>")
    if form == "xml":
        assert b"<rdf:RDF" in wrapper.query().response.read()


def test_answers_vary_by_accept(client: httpx.Client) -> None:
    """A cache is told that the answer depends on Accept."""
    varies = client.get("/sparql", params={"query": SELECT}).headers["vary"]
    assert {"Accept", "Accept-Encoding"} <= set(varies.split(", "))


# Refusals: RFC 9457


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return dict(document)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/sparql", 405),
        ("POST", "/update", 403),
        ("GET", "/none", 404),
        ("GET", "/queries/none", 404),
        ("DELETE", "/queries", 405),
        ("GET", "/sparql?query=x", 400),
        ("GET", "/store?graph=x", 400),
    ],
)
def test_errors_of_all_parts_look_alike(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    """Whichever part of the service refuses: one form of documents, in text for who prefers it."""
    for accept in ("*/*", "application/json, text/plain, */*"):
        found = client.request(method, path, headers={"Accept": accept})
        document = problem(found, status)
        kind = document["title"].lower().replace(" ", "-")
        assert document["type"] == f"https://w3id.org/clustergraph/problem/{kind}"
        assert "Accept" in found.headers["vary"]
        assert found.headers["cache-control"] == "no-store"
        assert found.headers["access-control-allow-origin"] == "*"
    for accept in ("text/plain", "text/plain, application/json;q=0.1"):
        text = client.request(method, path, headers={"Accept": accept})
        assert text.status_code == status
        assert text.headers["content-type"] == "text/plain; charset=utf-8"
        assert text.text == f"{document['title']} ({status})\n\n{document['detail']}\n"


@pytest.mark.parametrize(
    "path",
    ["/sparql", "/store", "/.well-known/void", "/", "/queries", "/queries/graphs", "/find",
     "/health", "/ready", "/openapi.json"],
)  # fmt: skip
def test_head_options_and_cors_at_every_address(client: httpx.Client, path: str) -> None:
    """Where GET is taken, HEAD and OPTIONS are, and scripts of other origins may read."""
    full = client.get(path)
    head = client.head(path)
    assert (head.status_code, head.content) == (full.status_code, b"")
    assert head.headers["content-type"] == full.headers["content-type"]
    assert full.headers["access-control-allow-origin"] == "*"
    options = client.options(path)
    assert options.status_code == 204
    assert options.headers["access-control-allow-origin"] == "*"
    for name in ("allow", "access-control-allow-methods"):
        assert {"GET", "HEAD", "OPTIONS"} <= set(options.headers[name].split(", "))


def test_syntax_error_has_line_and_column(client: httpx.Client) -> None:
    """400 says where the query is wrong, in words."""
    document = problem(client.get("/sparql", params={"query": "ASK {\n ?x cgg:y 1 }"}), 400)
    assert (document["line"], document["column"]) == (2, 5)
    assert "did you mean cg:?" in document["detail"]


@pytest.mark.parametrize(
    "params", [{"query": ["ASK {}", "ASK {}"]}, {"query": ""}], ids=["two", "empty"]
)
def test_exactly_one_query(client: httpx.Client, params: dict[str, Any]) -> None:
    """Two queries and an empty one are 400."""
    problem(client.get("/sparql", params=params), 400)


def test_updates_are_refused(client: httpx.Client) -> None:
    """The service is read-only, however an update comes."""
    update = "INSERT DATA { <a:a> <a:b> <a:c> }"
    problem(client.post("/sparql", data={"update": update}), 400)
    problem(client.post("/update", data={"update": update}), 403)
    headers = {"Content-Type": "application/sparql-update"}
    problem(client.post("/update", content=update, headers=headers), 403)
    assert client.post("/sparql", content=update, headers=headers).status_code == 400
    problem(client.get("/sparql", params={"query": update}), 400)
    assert len(rows(client.get("/sparql", params={"query": SELECT}))) == 3


@pytest.mark.parametrize("kind", ["text/plain", "application/json", ""])
def test_unsupported_media_type_is_415(client: httpx.Client, kind: str) -> None:
    """A body that is no query is 415 and says what would be one."""
    headers = {"Content-Type": kind} if kind else {}
    document = problem(client.post("/sparql", content=b"ASK {}", headers=headers), 415)
    assert "application/sparql-query" in document["detail"]


def test_body_that_is_no_text(client: httpx.Client) -> None:
    """Bytes that are not UTF-8 are 400, in the body as in the form."""
    for kind, body in (
        ("application/sparql-query", b"ASK { ?x ?y '\xff' }"),
        ("application/x-www-form-urlencoded", b"query=ASK%7B%7D%FF"),
        ("application/x-www-form-urlencoded", b"a&" * 200),
    ):
        problem(client.post("/sparql", content=body, headers={"Content-Type": kind}), 400)


def test_service_clause_is_refused(client: httpx.Client) -> None:
    """The service does not ask other endpoints."""
    text = "ASK { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }"
    assert "SERVICE" in problem(client.get("/sparql", params={"query": text}), 403)["detail"]


def chain(link: str, start: str = "", end: str = "") -> str:
    """Return as long a query as the service accepts, of ``link`` repeated."""
    frame = f"ASK {{ {start}" + f"{end} }}"
    return f"ASK {{ {start}" + link * ((MAX_QUERY_BYTES - len(frame)) // len(link)) + f"{end} }}"


@pytest.mark.parametrize(
    "text",
    [
        "ASK { FILTER(" + "(" * 10_000 + "1" + ")" * 10_000 + ") }",
        "ASK " + "{" * 10_000 + "}" * 10_000,
        chain("!", "FILTER(", "true)"),
        chain("OPTIONAL{}"),
        chain(" ", "?s ?p ?o"),
        "ASK { } #" + "x" * MAX_QUERY_BYTES,
        "query" * MAX_QUERY_BYTES,
    ],
    ids=lambda text: text[4:24],
)
def test_bombs_leave_the_service_standing(client: httpx.Client, text: str) -> None:
    """Deep, long and endless-looking texts are answered or refused; the process lives on."""
    headers = {"Content-Type": "application/sparql-query"}
    response = client.post("/sparql", content=text.encode(), headers=headers)
    assert response.status_code in (200, 400, 403, 413)
    assert client.get("/health").json()["status"] == "ok"


def test_unknown_address_and_method(client: httpx.Client) -> None:
    """404 says where to look, 405 what is allowed."""
    assert "/nowhere" in problem(client.get("/nowhere"), 404)["detail"]
    response = client.delete("/sparql")
    problem(response, 405)
    assert set(response.headers["allow"].replace(",", "").split()) == {
        "GET",
        "HEAD",
        "OPTIONS",
        "POST",
    }


# What else is here


def test_home_says_what_is_here(client: httpx.Client) -> None:
    """/ gives programs JSON and browsers a page, both with endpoint, counts and questions."""
    content = client.get("/").json()
    assert content["statements"] == 18
    assert content["graphs"] == 2
    assert content["endpoint"].endswith("/sparql")
    assert content["questions"]
    page = client.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "18 statements" in page.text
    assert "<form" in page.text
    assert prefers_html("text/html")
    assert not prefers_html("*/*")


def test_questions_are_listed_and_asked(client: httpx.Client) -> None:
    """/queries lists the catalogue; /queries/NAME asks, with parameters from the address."""
    listed = {entry["name"]: entry for entry in client.get("/queries").json()}
    (parameter,) = listed["organisations-in-country"]["parameters"]
    assert (parameter["name"], parameter["type"]) == ("country", "country")
    found = rows(client.get("/queries/graphs"))
    assert len(found) == 2
    text = client.get("/queries/graphs", params={"format": "csv"}).text
    assert text.splitlines()[0] == "graph,statements"
    response = client.get("/queries/organisations-in-country", params={"country": ["CZ", "SK"]})
    assert rows(response) == []


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/queries/grahps", 404, "did you mean graphs"),
        ("/queries/graphs?x=1", 400, "no parameters"),
        ("/queries/organisations-in-country?country=SKK", 400, "did you mean SK"),
        ("/queries/organisations-in-country?contry=SK", 400, "did you mean country"),
    ],
)
def test_wrong_question_is_a_problem(
    client: httpx.Client, address: str, status: int, words: str
) -> None:
    """An unknown question, parameter or value suggests what was meant."""
    assert words in problem(client.get(address), status)["detail"]


def test_description_of_the_interface(client: httpx.Client) -> None:
    """The OpenAPI document describes each question, and the operations with their formats."""
    paths = json.loads(client.get("/openapi.json").text)["paths"]
    names = {question["name"] for question in json.loads(client.get("/queries").text)}
    assert names
    assert {f"/queries/{name}" for name in names} <= set(paths)
    assert {"/sparql", "/update", "/store", "/validate"} <= set(paths)
    judged = paths["/validate"]["post"]
    (formats,) = (one["schema"]["enum"] for one in judged["parameters"] if one["name"] == "format")
    for name in formats:
        answer = client.post(
            "/validate",
            params={"format": name, "context": "none"},
            content="<urn:x:a> a <urn:x:B> .",
            headers={"content-type": "text/turtle"},
        )
        assert answer.status_code == 200
        assert (
            answer.headers["content-type"].partition(";")[0]
            in (judged["responses"]["200"]["content"])
        )


def test_reserve_names_what_is_wrong() -> None:
    """A port in use and an address that is not ours are errors that say what to do."""
    with reserve("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is in use; choose another: --port"):
            reserve("127.0.0.1", port)
    with pytest.raises(UsageError, match="not an address of this machine"):
        reserve("192.0.2.1", 0)
