"""``POST /validate``: what it judges, in which context, and how it answers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest
from inprocess import deliver, handle

from clustergraph.protocol import Config, Context, Request
from clustergraph.protocol.problems import REPORTS
from clustergraph.quadstore.memory import hold
from clustergraph.sparql.results import Format

SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
<urn:x:Named> a sh:NodeShape ; sh:targetClass <urn:x:T> ;
  sh:property [ sh:path <urn:x:name> ; sh:minCount 1 ; sh:message "a name is missing" ] ;
  sh:property [ sh:path <urn:x:knows> ; sh:class <urn:x:T> ; sh:message "knows its like" ] .
"""
BAD = "# nothing here\n<urn:x:a> a <urn:x:T> ;\n    <urn:x:knows> <urn:x:known> .\n"
KNOWN = "<urn:x:known> a <urn:x:T> ."
AWARD = """@prefix cg: <https://w3id.org/clustergraph/ns#> .
<https://w3id.org/clustergraph/id/label-award/x> a cg:LabelAward .
"""


def send(
    body: bytes | str,
    query: str = "",
    *,
    graph: str = "",
    config: Config | None = None,
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:
    """Ask for a judgement; return status, headers and body."""
    store = hold(ox.parse(graph, ox.RdfFormat.TURTLE))
    given: Mapping[str, str] = {"content-type": "text/turtle"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    data = body.encode() if isinstance(body, str) else body
    request = Request("POST", "/validate", query.encode(), given, data)
    sent = deliver(handle(request, Context(store, 1, config or Config())), request)
    return sent.status, sent.headers, sent.body


def form(*parts: tuple[str, str, str]) -> tuple[bytes, str]:
    """Return a form with files, and its content type: field, file name, content of each."""
    body = b"".join(
        b'--x\r\ncontent-disposition: form-data; name="%b"; filename="%b"\r\n\r\n%b\r\n'
        % (field.encode(), name.encode(), content.encode())
        for field, name, content in parts
    )
    return body + b"--x--\r\n", "multipart/form-data; boundary=x"


def own(query: str = "", graph: str = "", data: str = BAD, name: str = "my.ttl") -> Any:
    """Have data judged by shapes that come with them; return the report."""
    body, kind = form(("data", name, data), ("shapes", "s.ttl", SHAPES))
    status, _, answer = send(body, query, graph=graph, content_type=kind)
    assert status == 200, answer
    return json.loads(answer)


def places(report: Any) -> set[tuple[str, int, int]]:
    """Return message, line and column of each finding."""
    return {(one["message"], one["line"], one["column"]) for one in report["findings"]}


def test_shipped_shapes_judge_what_is_sent() -> None:
    """Without shapes of one's own the shipped ones judge; the report is JSON by default."""
    status, headers, body = send(AWARD)
    assert status == 200
    assert headers["content-type"] == "application/json"
    report = json.loads(body)
    assert report["counts"]["violation"] == 2
    assert {one["line"] for one in report["findings"]} == {2}


def test_own_shapes_and_places() -> None:
    """Shapes come in the form's field of that name; places are those of the text sent."""
    report = own()
    assert places(report) == {("a name is missing", 2, 1), ("knows its like", 3, 19)}
    assert {one["file"] for one in report["findings"]} == {"my.ttl"}
    # The same name again: the text is another one.
    assert places(own(data="\n\n" + BAD)) == {
        ("a name is missing", 4, 1),
        ("knows its like", 5, 19),
    }


def test_text_report_quotes_what_was_sent() -> None:
    """The report for people shows the line, of this request and not of one before."""
    for letter in "ab":
        data = BAD.replace("urn:x:a", f"urn:x:{letter}")
        body, kind = form(("data", "my.ttl", data), ("shapes", "s.ttl", SHAPES))
        _, _, text = send(body, "format=text", content_type=kind)
        assert f"2 | <urn:x:{letter}> a <urn:x:T> ;" in text.decode()


def test_the_graph_is_context_when_asked_for() -> None:
    """With context=graph what the graph states of things that the data name counts."""
    assert ("knows its like", 3, 19) not in places(own("context=graph", KNOWN))
    # It is not judged itself: that it has no name is no fault of these data.
    assert len(own("context=graph", KNOWN)["findings"]) == 1
    assert len(own("context=none", KNOWN)["findings"]) == 2
    assert len(own("", KNOWN)["findings"]) == 2


def test_what_is_judged_is_not_stored() -> None:
    """The graph that serves as context stays as it is, and may be read-only."""
    store = hold(ox.parse(KNOWN, ox.RdfFormat.TURTLE))
    request = Request("POST", "/validate", b"", {"content-type": "text/turtle"}, AWARD.encode())
    assert handle(request, Context(store, 1)).status == 200
    assert len(store) == 1


@pytest.mark.parametrize("form", REPORTS, ids=lambda form: form.name)
def test_all_formats(form: Format) -> None:
    """The report comes in each format, by name or by Accept, and says so."""
    name = form.name
    for query, accept in ((f"format={name}", "*/*"), ("", form.media_type)):
        status, headers, body = send(AWARD, query, accept=accept)
        assert status == 200
        assert headers["content-type"] == form.content_type
        assert b"LabelAward" in body
        if name in ("json", "sarif", "jsonld"):
            json.loads(body)
        if name == "junit":
            ElementTree.fromstring(body)  # noqa: S314 - our own report
        if name == "turtle":
            assert list(ox.parse(body, ox.RdfFormat.TURTLE))


def test_packed_data() -> None:
    """Data may be compressed by gzip."""
    status, _, body = send(gzip.compress(AWARD.encode()), content_encoding="gzip")
    assert (status, json.loads(body)["counts"]["violation"]) == (200, 2)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("<urn:x:a> a <urn:x:T> <urn:x:g> .", "application/n-quads"),
        ("<urn:x:g> { <urn:x:a> a <urn:x:T> }", "application/trig"),
        ('{"@id": "urn:x:a", "@type": "urn:x:T"}', "application/ld+json"),
        (
            '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="urn:x:">'
            '<x:T r:about="urn:x:a"/></r:RDF>',
            "application/rdf+xml",
        ),
    ],
)
def test_all_syntaxes(data: str, kind: str) -> None:
    """Every RDF syntax that uploads may have is judged; graphs count as one."""
    text = data.replace(" a <urn:x:T>", f" <{ox.NamedNode('urn:x:p').value}> <urn:x:T>")
    status, _, body = send(text, content_type=kind)
    assert status == 200
    assert json.loads(body)["triples"] == 1


def test_relative_names_keep_their_places() -> None:
    """Names that are resolved against the service's base are found in the text all the same."""
    report = own(data="<#a>\n  a <urn:x:T> ; <urn:x:name> 'a' ; <urn:x:knows> <#b> .")
    assert places(report) == {("knows its like", 2, 50)}


@pytest.mark.parametrize(
    ("body", "query", "headers", "status", "words"),
    [
        ("<urn:x:a> <urn:x:b> .", "", {}, 400, "the content:1:21: "),
        (AWARD, "context=all", {}, 400, "graph or none"),
        (AWARD, "format=xlsx", {}, 406, "sarif"),
        (AWARD, "", {"accept": "image/png"}, 406, "text/turtle"),
        (AWARD, "", {"content_type": "text/csv"}, 415, "text/csv"),
        (form(("shapes", "s.ttl", SHAPES))[0], "", {"content_type": form()[1]}, 400, "no data"),
        (
            form(("data", "d.ttl", BAD), ("shapes", "s.ttl", BAD))[0],
            "",
            {"content_type": form()[1]},
            400,
            "holds no SHACL shapes",
        ),
        ("<urn:x:a> <urn:x:b> <<( <urn:x:c> <urn:x:d> 1 )>> .", "", {}, 400, "about a triple"),
        ("", "", {}, 200, "conforms"),
    ],
)
def test_what_is_wrong_is_said(
    body: str | bytes, query: str, headers: dict[str, str], status: int, words: str
) -> None:
    """A request that cannot be done is answered with its reason, and with no fault of ours."""
    found, _, answer = send(body, query, **headers)
    assert found == status, answer
    assert words in answer.decode()


def test_long_data_are_refused() -> None:
    """Data beyond the limit are refused, also when they are packed small."""
    config = Config(max_validate_bytes=1000)
    long = "# " + "x" * 2000
    assert send(long, config=config)[0] == 413
    assert send(gzip.compress(long.encode()), config=config, content_encoding="gzip")[0] == 413


def test_fixed_shapes(tmp_path: Any) -> None:
    """Where the service has shapes of its own these judge, and clients bring none."""
    path = tmp_path / "shapes.ttl"
    path.write_text(SHAPES, "utf-8")
    config = Config(shapes=path)
    _, _, answer = send(BAD, "context=none", config=config)
    assert len(json.loads(answer)["findings"]) == 2
    body, kind = form(("data", "d.ttl", BAD), ("shapes", "s.ttl", SHAPES))
    assert send(body, config=config, content_type=kind)[0] == 403


def test_names_of_files_lead_nowhere() -> None:
    """A file's name cannot name a place outside; two files of one name are told apart."""
    body, kind = form(
        ("data", "../../x.ttl", BAD), ("data", "x.ttl", AWARD), ("shapes", "s.ttl", SHAPES)
    )
    status, _, answer = send(body, content_type=kind)
    assert status == 200
    assert {one["file"] for one in json.loads(answer)["findings"]} == {"x.ttl"}


def test_remote_context_is_refused_in_words() -> None:
    """A context by address is not fetched, and the refusal says what to do."""
    sent = '{"@context": "http://127.0.0.1:9/c", "@id": "urn:x:a", "name": "x"}'
    status, _, answer = send(sent, content_type="application/ld+json")
    assert status == 400
    assert "contexts are not fetched" in json.loads(answer)["detail"]


RECURSIVE = "<urn:x:S> sh:targetClass <urn:x:T> ; sh:node <urn:x:S> ; sh:sparql [ sh:select "


@pytest.mark.parametrize(
    "shapes",
    [
        "<urn:x:S> sh:targetClass <urn:x:T> ; sh:sparql [ sh:select 'ASK { $this ?p ?o }' ] .",
        "<urn:x:S> sh:targetClass <urn:x:T> ; sh:sparql [ sh:select 'CONSTRUCT {} WHERE {}' ] .",
        f"{RECURSIVE} 'SELECT $this FROM NAMED <urn:g> {{ GRAPH ?g {{ $this ?p ?o }} }}' ] .",  # noqa: S608
        "<urn:x:S> sh:targetClass <urn:x:T> ; sh:minCount 'one' .",
        "<urn:x:o> sh:declare [ sh:prefix 'e' ; sh:namespace 'urn:x> {' ] . "
        "<urn:x:S> sh:targetClass <urn:x:T> ; "
        "sh:sparql [ sh:prefixes <urn:x:o> ; sh:select 'SELECT $this { $this e:p 1 }' ] .",
    ],
)
def test_shapes_that_cannot_be_used_are_a_problem_of_the_request(shapes: str) -> None:
    """Hostile or broken shapes get a problem document with status 4xx, and kill nobody."""
    text = "@prefix sh: <http://www.w3.org/ns/shacl#> .\n" + shapes
    body, kind = form(("data", "my.ttl", BAD), ("shapes", "s.ttl", text))
    status, headers, answer = send(body, content_type=kind)
    assert (status, headers["content-type"]) == (400, "application/problem+json"), answer
