"""The update operation, as SPARQL 1.1 Protocol, section 2.2, describes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from inprocess import prepare

from clustergraph.protocol import Change, Request
from clustergraph.protocol.update import with_dataset

FORM = {"content-type": "application/x-www-form-urlencoded"}
DIRECT = {"content-type": "application/sparql-update"}
INSERT = "INSERT DATA { <http://example.org/new> <http://example.org/p> 'new' }"
ALL = "SELECT ?o { ?s ?p ?o }"


def _update(exchange: Any, text: str, suffix: str = "", **headers: str) -> Any:
    return exchange.send("POST", "/update" + suffix, {**DIRECT, **headers}, text.encode())


def test_update_by_form(exchange: Any) -> None:
    """2.2.1 MAY: the update comes in a URL-encoded form."""
    reply = exchange.send("POST", "/update", FORM, f"update={quote(INSERT)}".encode())
    assert 200 <= reply.status < 300
    assert "new" in exchange.select(ALL)


def test_update_posted_directly(exchange: Any) -> None:
    """2.2.2 MAY: the update is the content, unencoded; 2.2.4 SHOULD: 2xx."""
    assert 200 <= _update(exchange, INSERT).status < 300
    assert "new" in exchange.select(ALL)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_update_only_by_post(exchange: Any, method: str) -> None:
    """2.2 MUST: POST; RFC 9110 15.5.6: else 405 with Allow."""
    reply = exchange.send(method, "/update?update=" + quote(INSERT))
    assert reply.status == 405
    assert "POST" in reply.headers["allow"]
    assert "new" not in exchange.select(ALL)


def test_exactly_one_update(exchange: Any) -> None:
    """2.2 MUST: exactly one update string."""
    body = f"update={quote(INSERT)}&update={quote(INSERT)}".encode()
    assert exchange.send("POST", "/update", FORM, body).status == 400
    assert _update(exchange, INSERT, "?update=CLEAR%20ALL").status == 400
    assert exchange.send("POST", "/update", FORM, b"x=1").status == 400


def test_update_of_another_type(exchange: Any) -> None:
    """2.2.1, 2.2.2 MUST: the content type is one of the two; else 415."""
    for headers in ({}, {"content-type": "text/plain"}):
        assert exchange.send("POST", "/update", headers, INSERT.encode()).status == 415


def test_update_that_is_not_utf8(exchange: Any) -> None:
    """2.2.5: 400."""
    assert (
        exchange.send("POST", "/update", DIRECT, b"INSERT DATA { <a:a> <a:b> '\xff' }").status
        == 400
    )
    kind = {"content-type": "application/sparql-update; charset=UTF-16"}
    assert exchange.send("POST", "/update", kind, INSERT.encode("utf-16")).status == 400


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("INSERT DATA {\n <a:a> cgx:b 1 }", 2, 8, "did you mean cg:"),
        ("INSERT DATA { <a:a> <a:b> }", 1, 27, "too early"),
        ("DELETE FROM { }", 1, 8, "FROM"),
        ("ASK {}", 1, 1, "is a query"),
        ("x", 1, 1, "an update opens with"),
        ("CLEAR ALL INSERT DATA { <a:a> <a:b> 1 }", 1, 11, "INSERT is not expected"),
        ("INSERT DATA {} PREFIX a: <a:> CLEAR ALL", 1, 16, "a semicolon is missing before PREFIX"),
        ("DELETE { ?x <a:b> [] } WHERE { ?x ?y 1 }", 1, 22, "wrong before it"),
        ("CLEAR ALL ; PREFIX a: <a:>\nINSERT DATA { a:b a:c b:d }", 2, 23, "prefix b: is not"),
        ("CLEAR ALL ; PREFIX a: <a:> INSERT DATA { a:b a:c }", 1, 50, "too early after a:c"),
    ],
)
def test_syntax_error(exchange: Any, text: str, line: int, column: int, words: str) -> None:
    """2.2.5 SHOULD: 400 for what is no update, in words and with the place."""
    reply = _update(exchange, text)
    assert reply.status == 400, reply.text
    assert (reply.json["line"], reply.json["column"]) == (line, column)
    assert words in reply.json["detail"]


def test_failing_update_changes_nothing(exchange: Any) -> None:
    """SPARQL 1.1 Update 2.2 SHOULD: all operations of a request or none."""
    before = exchange.select(ALL)
    reply = _update(exchange, f"{INSERT} ; DROP GRAPH <http://example.org/none>")
    assert reply.status == 409
    assert "does not exist" in reply.json["detail"]
    assert exchange.select(ALL) == before


def test_several_operations(exchange: Any) -> None:
    """2.2, 3.2.4: one update string may hold several operations."""
    assert _update(exchange, f"CLEAR ALL ; {INSERT}").status == 204
    assert exchange.select(ALL) == ["new"]


def test_declarations_between_operations(exchange: Any) -> None:
    """SPARQL 1.1 Query 19.8, Update: prefixes and a base may be declared before each operation."""
    text = """PREFIX : <a:> CLEAR ALL ; PREFIX b: <b:> # and ; PREFIX c: <c:>
        INSERT DATA { :1 b:2 "; PREFIX b: <d:>" } ; PREFIX b: <c:> BASE <http://example.org/x/>
        INSERT DATA { <y> b:3 :4 ; <../z> 'told' } ; BASE <http://example.com/> PREFIX e: <f#>
        INSERT { e:6 :5 ?x } WHERE { <http://example.org/x/y> b:3 ?x } ; PREFIX late: <a:>"""
    assert _update(exchange, text).status == 204
    reply = exchange.send("GET", "/store?default", {"accept": "application/n-triples"})
    assert {" ".join(line.split()) for line in reply.text.splitlines()} == {
        '<a:1> <b:2> "; PREFIX b: <d:>" .',
        "<http://example.org/x/y> <c:3> <a:4> .",
        '<http://example.org/x/y> <http://example.org/z> "told" .',
        "<http://example.com/f#6> <a:5> <a:4> .",
    }


def test_using_graph(exchange: Any) -> None:
    """2.2.3 SHOULD: each using-graph-uri counts as USING in every operation."""
    text = (
        "INSERT { <a:1> <a:from> ?o } WHERE { ?s ?p ?o } ;"
        "INSERT { <a:2> <a:from> ?o } WHERE { ?s ?p ?o }"
    )
    assert _update(exchange, text, "?using-graph-uri=http://example.org/g1").status == 204
    for subject in ("a:1", "a:2"):
        assert exchange.select(f"SELECT ?o {{ <{subject}> <a:from> ?o }}") == ["1"]


def test_using_several_graphs(exchange: Any) -> None:
    """2.2.3: several default graphs are merged."""
    suffix = "?using-graph-uri=http://example.org/g1&using-graph-uri=http://example.org/g2"
    assert (
        _update(exchange, "INSERT { <a:1> <a:from> ?o } WHERE { ?s ?p ?o }", suffix).status == 204
    )
    assert exchange.select("SELECT ?o { <a:1> <a:from> ?o }") == ["1", "2"]


def test_using_named_graph(exchange: Any) -> None:
    """2.2.3 SHOULD: each using-named-graph-uri counts as USING NAMED."""
    text = "INSERT { <a:1> <a:from> ?o } WHERE { GRAPH ?g { ?s ?p ?o } }"
    assert _update(exchange, text, "?using-named-graph-uri=http://example.org/g2").status == 204
    assert exchange.select("SELECT ?o { <a:1> <a:from> ?o }") == ["2"]


def test_using_graphs_of_both_kinds_in_a_form(exchange: Any) -> None:
    """2.2.1, 2.2.3: in a form as well."""
    text = "INSERT { <a:1> <a:from> ?o, ?z } WHERE { ?s ?p ?o GRAPH ?g { ?x ?y ?z } }"
    body = (
        f"update={quote(text)}&using-graph-uri=http://example.org/g1"
        "&using-named-graph-uri=http://example.org/g2"
    )
    assert exchange.send("POST", "/update", FORM, body.encode()).status == 204
    assert exchange.select("SELECT ?o { <a:1> <a:from> ?o }") == ["1", "2"]


def test_using_graph_with_delete_where(exchange: Any) -> None:
    """2.2.3: the short form DELETE WHERE matches in the dataset given, too."""
    text = "DELETE WHERE { <http://example.org/own> ?p ?o }"
    assert _update(exchange, text, "?using-graph-uri=http://example.org/g1").status == 204
    assert "0" in exchange.select(ALL)
    assert _update(exchange, text).status == 204
    assert "0" not in exchange.select(ALL)


@pytest.mark.parametrize(
    "text",
    [
        "INSERT { <a:1> <a:b> ?o } USING <http://example.org/g1> WHERE { ?s ?p ?o }",
        "INSERT { <a:1> <a:b> ?o } USING NAMED <http://example.org/g1> WHERE { ?s ?p ?o }",
        "WITH <http://example.org/g1> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
    ],
)
def test_dataset_in_both_places(exchange: Any, text: str) -> None:
    """2.2.3: an error where the update has USING, USING NAMED or WITH of its own."""
    before = exchange.select(ALL)
    for name in ("using-graph-uri", "using-named-graph-uri"):
        reply = _update(exchange, text, f"?{name}=http://example.org/g2")
        assert reply.status == 400
        assert reply.json["line"] == 1
    assert exchange.select(ALL) == before


def test_using_names_are_absolute(exchange: Any) -> None:
    """2.2.3: a graph is named by an absolute IRI; what would end the clause early is none."""
    for name in ("g1", quote("a:b> USING <a:c", safe="")):
        assert _update(exchange, INSERT, f"?using-graph-uri={name}").status == 400


def test_where_inside_other_things() -> None:
    """2.2.3: only an operation's own WHERE takes the clause."""
    text = "# WHERE\nINSERT { <a:1> <a:b> 'WHERE' } WHERE { { SELECT * WHERE { ?s ?p ?o } } }"
    assert with_dataset(text, ["a:g"], []) == text.replace("} WHERE {", "}  USING <a:g> WHERE {", 1)


def test_base_iri(exchange: Any) -> None:
    """2.3 MUST: the service has a base IRI of its own."""
    assert _update(exchange, "INSERT DATA { <id/x> <a:b> 'based' }").status == 204
    assert exchange.ask("ASK { <https://w3id.org/clustergraph/id/x> ?p 'based' }")


def test_project_prefixes_need_no_declaration(exchange: Any) -> None:
    """Beyond the protocol: prefixes of the project are known in updates, too."""
    assert _update(exchange, "INSERT DATA { cg:x cg:y 'short' }").status == 204
    assert exchange.ask("ASK { <https://w3id.org/clustergraph/ns#x> ?p 'short' }")


def test_where_matches_the_stores_own_default_graph(exchange: Any) -> None:
    """SPARQL 1.1 Update 3.1.3: the union is for queries; an update names the graphs it means."""
    assert _update(exchange, "INSERT { <a:1> <a:from> ?o } WHERE { ?s ?p ?o }").status == 204
    assert exchange.select("SELECT ?o { <a:1> <a:from> ?o }") == ["0"]


def test_load_and_service_are_refused(exchange: Any) -> None:
    """2.2.5, 4.1: what would call other hosts is refused unless the operator allows it."""
    for text in (
        "LOAD <http://127.0.0.1:9/x.ttl>",
        "LOAD SILENT a:b INTO GRAPH <a:g>",
        "LOADSILENT <http://127.0.0.1:9/x.ttl>",
        "CLEAR DEFAULT;LOAD<http://127.0.0.1:9/>",
        "INSERT { ?s ?p ?o } WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
    ):
        reply = _update(exchange, text)
        assert reply.status == 403, text
        assert "refused" in reply.json["detail"]


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://127.0.0.1:9/x.ttl", "https://example.org/x.ttl", "x"]
)
def test_silent_load_that_is_refused(exchange: Any, address: str) -> None:
    """Update 3.1.4: SILENT lets a refusal pass; nothing is loaded and the rest goes on."""
    load = f"LOAD SILENT <{address}> INTO GRAPH <a:g> ; LOAD SILENT <{address}>"
    reply = _update(exchange, f"CLEAR ALL ; {load} ; {INSERT}")
    assert reply.status == 204
    assert exchange.select(ALL) == ["new"]


def test_silence_of_one_load_covers_no_other(exchange: Any) -> None:
    """Update 3.1.4: the operation beside it that does not say SILENT is refused."""
    text = "LOAD SILENT <http://127.0.0.1:9/> ; LOAD <http://127.0.0.1:9/>"
    assert _update(exchange, text).status == 403


def test_words_that_only_look_like_load(exchange: Any) -> None:
    """4.1: a name or a literal with the word in it is no clause."""
    text = "PREFIX load: <a:> INSERT DATA { load:x load:download 'LOAD <a:b>' }"
    assert _update(exchange, text).status == 204


def test_read_only(reader: Any) -> None:
    """2.2.5: where no updates are taken, 403."""
    assert _update(reader, INSERT).status == 403


def test_generation_of_an_update(exchange: Any) -> None:
    """2.2.4: the answer of a success is the service's own; a header names the generation."""
    first = int(_update(exchange, INSERT).headers["clustergraph-generation"])
    second = int(_update(exchange, "CLEAR ALL").headers["clustergraph-generation"])
    assert second > first


@pytest.mark.parametrize("exchange", ["http"], indirect=True)
def test_conditional_update(exchange: Any) -> None:
    """RFC 9110 13.1.1: If-Match with the tag of what was read; 412 when it has changed."""
    tag = exchange.send("GET", "/store?default").headers["etag"]
    assert _update(exchange, INSERT, **{"if-match": tag}).status == 204
    reply = _update(exchange, "CLEAR ALL", **{"if-match": tag})
    assert reply.status == 412
    assert "new" in exchange.select(ALL)


def test_prepared_changes(make: Callable[..., Any]) -> None:
    """A change waits to be applied by whoever commits it."""
    exchange = make()
    request = Request("POST", "/update", b"", DIRECT, INSERT.encode())
    change = prepare(request, exchange.context)
    assert isinstance(change, Change)
    assert "new" not in exchange.select(ALL)
    _, result = exchange.commit(change.apply)
    assert change.respond(result).status == 204
    assert "new" in exchange.select(ALL)
