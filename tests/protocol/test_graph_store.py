"""The Graph Store HTTP Protocol (SPARQL 1.1), section by section."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pyoxigraph as ox
import pytest

G1 = "/store?graph=http://example.org/g1"
NEW = "/store?graph=http://example.org/new"
DEFAULT = "/store?default"
TURTLE = {"content-type": "text/turtle"}
ONE = '<http://example.org/x> <http://example.org/p> "x" .'
TWO = '<http://example.org/y> <http://example.org/p> "y" .'
X = '<http://example.org/x> <http://example.org/p> "x"'
Y = '<http://example.org/y> <http://example.org/p> "y"'
A = '<http://example.org/a> <http://example.org/p> "1"'
OWN = '<http://example.org/own> <http://example.org/p> "0"'


def _put(exchange: Any, target: str, body: str = ONE, **headers: str) -> Any:
    return exchange.send("PUT", target, {**TURTLE, **headers}, body.encode())


def _post(exchange: Any, target: str, body: str = ONE, **headers: str) -> Any:
    return exchange.send("POST", target, {**TURTLE, **headers}, body.encode())


# 4: how graphs are named


def test_indirect_graph(exchange: Any) -> None:
    """4.2 MUST: the operation is on the graph whose IRI is the decoded value of ``graph``."""
    assert exchange.send("GET", G1).triples() == {A}
    encoded = "/store?graph=" + quote("http://example.org/g1", safe="")
    assert exchange.send("GET", encoded).triples() == {A}


def test_indirect_graph_is_absolute(exchange: Any) -> None:
    """4.2 MUST: 400 unless the IRI is absolute."""
    for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        reply = exchange.send(method, "/store?graph=g1", TURTLE, b"" if method == "GET" else b"#")
        assert reply.status == 400, method


def test_default_graph(exchange: Any) -> None:
    """4.2: ``default`` names the default graph: the store's own, whatever queries see."""
    assert exchange.send("GET", DEFAULT).triples() == {OWN}
    assert exchange.send("GET", "/store?default=").triples() == {OWN}


def test_one_graph_only(exchange: Any) -> None:
    """4.2: an address names one graph."""
    for target in (f"{G1}&default", f"{G1}&graph=http://example.org/g2", "/store/x?default"):
        assert exchange.send("GET", target).status == 400


def test_direct_graph(exchange: Any) -> None:
    """4.1: the path names a graph; relative to the namespace of the project's graphs."""
    assert exchange.send("GET", "/store/clusters").triples() == {
        '<http://example.org/c> <http://example.org/p> "3"@en'
    }
    reply = _put(exchange, "/store/deep/name%20x")
    assert reply.status == 201
    indirect = "/store?graph=https://w3id.org/clustergraph/graph/deep/name%2520x"
    assert exchange.send("GET", indirect).triples() == {X}


def test_direct_address_as_indirect_name(exchange: Any) -> None:
    """4.2: the full request IRI names the same graph as the IRI within it."""
    address = f"{exchange.base}/store/clusters"
    direct = exchange.send("GET", "/store/clusters").triples()
    assert exchange.send("GET", f"/store?graph={address}").triples() == direct


# 5, 5.1: formats and statuses


def test_format_without_accept(exchange: Any) -> None:
    """5 MUST: without Accept one of RDF/XML, Turtle and N-Triples."""
    assert exchange.send("GET", G1).type in (
        "application/rdf+xml",
        "text/turtle",
        "application/n-triples",
    )


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/turtle", ONE),
        ("text/turtle;charset=utf-8", "@prefix : <http://example.org/> . :x :p 'x' ."),
        ("application/n-triples", ONE),
        ("application/n-quads", ONE),
        ("application/trig", "{ " + ONE + " }"),
        ("text/n3", ONE),
        (
            "application/rdf+xml",
            '<rdf:RDF xmlns="http://example.org/" '
            'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="http://example.org/x"><p>x</p></rdf:Description>'
            "</rdf:RDF>",
        ),
        ("application/ld+json", '{"@id": "http://example.org/x", "http://example.org/p": "x"}'),
    ],
)
def test_content_in_each_format(exchange: Any, media_type: str, body: str) -> None:
    """5 MUST: the content is parsed according to its Content-Type."""
    reply = exchange.send("PUT", NEW, {"content-type": media_type}, body.encode())
    assert reply.status == 201, reply.text
    assert exchange.send("GET", NEW).triples() == {X}


def test_content_without_type_is_rdf_xml(exchange: Any) -> None:
    """5 SHOULD: without Content-Type the content is parsed as RDF/XML."""
    body = (
        b'<rdf:RDF xmlns="http://example.org/" '
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="http://example.org/x"><p>x</p></rdf:Description></rdf:RDF>'
    )
    assert exchange.send("PUT", NEW, {}, body).status == 201
    assert exchange.send("GET", NEW).triples() == {X}
    assert exchange.send("PUT", NEW, {}, ONE.encode()).status == 400


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_content_that_is_not_what_it_says(exchange: Any, method: str) -> None:
    """5.1 MUST: 400 where parsing according to Content-Type fails; nothing is changed."""
    body = ONE.encode() + b"\n<http://example.org/y> cgx:p 1 ."
    reply = exchange.send(method, G1, TURTLE, body)
    assert reply.status == 400
    assert (reply.json["line"], reply.json["column"]) == (2, 24)
    assert "prefix cgx:" in reply.json["detail"]
    assert exchange.send("GET", G1).triples() == {A}


@pytest.mark.parametrize(
    ("media_type", "body", "line"),
    [
        ("text/turtle", b'<a:a> <a:b> "x",\n "\xff" .', 2),
        ("application/n-triples", b'<a:a> <a:b> "x" .\n<a:a> <a:b> "\xff" .', 2),
        ("application/ld+json", b'{"@id": "a:a",\n "a:b": "\xff"}', 2),
        ("application/rdf+xml", b"<rdf:RDF\n>\xff</rdf:RDF>", 2),
        ("application/rdf+xml", b"<a>\n<b></a>", 2),
        ("application/ld+json", b'{"@id":\n x}', 2),
    ],
)
def test_place_of_a_fault(exchange: Any, media_type: str, body: bytes, line: int) -> None:
    """5.1 MUST: 400; and the place, whatever the format, also of what is no UTF-8."""
    reply = exchange.send("PUT", NEW, {"content-type": media_type}, body)
    assert reply.status == 400
    assert reply.json["line"] == line, reply.text


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_content_of_another_type(exchange: Any, method: str) -> None:
    """5.1 MUST: 415 for a content type that is not understood."""
    reply = exchange.send(method, G1, {"content-type": "text/csv"}, b"a,b")
    assert reply.status == 415
    assert "text/turtle" in reply.headers["accept-post"]


def test_graphs_in_content_for_one_graph(exchange: Any) -> None:
    """5.1: content for one graph holds triples, not statements of other graphs."""
    body = f"<http://example.org/other> {{ {ONE} }}".encode()
    reply = exchange.send("PUT", NEW, {"content-type": "application/trig"}, body)
    assert reply.status == 400
    assert "http://example.org/other" in reply.json["detail"]


@pytest.mark.parametrize("method", ["PATCH", "PROPFIND", "TRACE"])
def test_unsupported_method(exchange: Any, method: str) -> None:
    """5.1 MUST: 405; RFC 9110 15.5.6 MUST: with Allow."""
    reply = exchange.send(method, G1)
    assert reply.status == 405
    assert {"GET", "HEAD", "PUT", "POST", "DELETE"} <= set(
        reply.headers["allow"].replace(",", "").split()
    )


def test_methods_of_the_store_itself(exchange: Any) -> None:
    """5.1 MUST: 405 for PUT and DELETE without a graph; nothing is lost."""
    for method in ("PUT", "DELETE"):
        reply = exchange.send(method, "/store", TURTLE, ONE.encode() if method == "PUT" else b"")
        assert reply.status == 405
        assert "PUT" not in reply.headers["allow"]
    assert exchange.send("GET", G1).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_unknown_graph(exchange: Any, method: str) -> None:
    """5.1 MUST, 5.4 MUST: 404 where the operation needs the graph."""
    reply = exchange.send(method, "/store?graph=http://example.org/g11")
    assert reply.status == 404
    if method != "HEAD":
        assert "<http://example.org/g1>" in reply.json["detail"]


# 5.2: GET


def test_get_is_the_whole_graph(exchange: Any) -> None:
    """5.2 MUST: a serialization of the graph, as CONSTRUCT would give it."""
    text = "CONSTRUCT { ?s ?p ?o } { GRAPH <http://example.org/g1> { ?s ?p ?o } }"
    built = exchange.send("GET", "/sparql?query=" + quote(text))
    assert exchange.send("GET", G1).triples() == built.triples()


def test_get_in_the_preferred_format(exchange: Any) -> None:
    """5.2 SHOULD: in the format that Accept prefers; 406 where none fits."""
    accept = "application/n-triples, text/turtle;q=0.5"
    reply = exchange.send("GET", G1, {"accept": accept})
    assert reply.type == "application/n-triples"
    assert exchange.send("GET", G1, {"accept": "image/png"}).status == 406


@pytest.mark.parametrize("exchange", ["http"], indirect=True)
def test_get_is_cacheable(exchange: Any) -> None:
    """5.2 SHOULD: made cacheable: an entity tag, a date, Vary."""
    reply = exchange.send("GET", G1)
    assert reply.headers["etag"].startswith('"')
    assert "last-modified" in reply.headers
    assert "accept" in reply.headers["vary"].lower()


def test_get_of_an_empty_default_graph(exchange: Any) -> None:
    """5.2: the default graph is always there, even empty."""
    assert exchange.send("DELETE", DEFAULT).status == 204
    reply = exchange.send("GET", DEFAULT)
    assert (reply.status, reply.triples()) == (200, set())


def test_whole_store(exchange: Any) -> None:
    """Beyond the protocol: the store's own address gives all graphs, in a format that can."""
    reply = exchange.send("GET", "/store")
    assert reply.type == "application/trig"
    assert len(reply.triples(ox.RdfFormat.TRIG)) == 4
    assert exchange.send("GET", "/store", {"accept": "text/turtle"}).status == 406


# 5.3: PUT


def test_put_creates(exchange: Any) -> None:
    """5.3 MUST: 201 for new content, which is then there."""
    reply = _put(exchange, NEW)
    assert reply.status == 201
    assert exchange.send("GET", NEW).triples() == {X}
    location = reply.headers["location"].removeprefix(exchange.base)
    assert exchange.send("GET", location).triples() == {X}


@pytest.mark.parametrize("target", [G1, DEFAULT, "/store/clusters"])
def test_put_replaces(exchange: Any, target: str) -> None:
    """5.3 MUST: 200 or 204 for changed content, and nothing is left of the old one."""
    reply = _put(exchange, target)
    assert (reply.status, reply.body) == (204, b"")
    assert exchange.send("GET", target).triples() == {X}


def test_put_touches_no_other_graph(exchange: Any) -> None:
    """5.3 MUST NOT: the request is not applied to any other resource."""
    _put(exchange, G1)
    assert exchange.send("GET", DEFAULT).triples() == {OWN}
    assert exchange.send("GET", "/store/clusters").status == 200


def test_put_nothing(exchange: Any) -> None:
    """5.3: no content makes an empty graph where the content type allows for it; else 400."""
    assert _put(exchange, NEW, "").status == 201
    reply = exchange.send("GET", NEW)
    assert (reply.status, reply.triples()) == (200, set())
    assert _put(exchange, G1, "").status == 204
    assert exchange.send("GET", G1).triples() == set()
    assert exchange.send("PUT", NEW, {"content-type": "application/ld+json"}).status == 400


def test_relative_iris(exchange: Any) -> None:
    """5.3, RFC 3986 5.1: the graph's IRI is the base of its content."""
    assert _put(exchange, "/store/some/graph", "<> <#p> <x> .").status == 201
    base = "https://w3id.org/clustergraph/graph/some/"
    assert exchange.ask(f"ASK {{ <{base}graph> <{base}graph#p> <{base}x> }}")


# 5.4: DELETE


@pytest.mark.parametrize("target", [G1, "/store/clusters"])
def test_delete(exchange: Any, target: str) -> None:
    """5.4 SHOULD, MUST: the graph is gone; 200 or 204; a second time 404."""
    assert exchange.send("DELETE", target).status == 204
    assert exchange.send("GET", target).status == 404
    assert exchange.send("DELETE", target).status == 404


def test_delete_default_graph(exchange: Any) -> None:
    """5.4: the default graph is emptied, as DROP DEFAULT does."""
    assert exchange.send("DELETE", DEFAULT).status == 204
    assert exchange.send("GET", DEFAULT).triples() == set()
    assert exchange.send("GET", G1).status == 200


# 5.5: POST


@pytest.mark.parametrize(("target", "before"), [(G1, A), (DEFAULT, OWN)])
def test_post_merges(exchange: Any, target: str, before: str) -> None:
    """5.5 MUST: the content is merged into the graph."""
    assert _post(exchange, target).status == 204
    assert exchange.send("GET", target).triples() == {before, X}


def test_post_keeps_blank_nodes_apart(exchange: Any) -> None:
    """5.5 MUST: a merge, in which blank nodes of two documents stay two."""
    for _ in range(2):
        assert _post(exchange, G1, "_:b <http://example.org/q> 1 .").status == 204
    assert exchange.select("SELECT (COUNT(?s) AS ?n) { ?s <http://example.org/q> 1 }") == ["2"]


def test_post_to_an_unknown_graph(exchange: Any) -> None:
    """5.5: as INSERT DATA does, it creates the graph; 201."""
    assert _post(exchange, NEW).status == 201
    assert exchange.send("GET", NEW).triples() == {X}


def test_post_to_the_store(exchange: Any) -> None:
    """5.5 MUST: a new graph; SHOULD: 201 with its address in Location, another than the store's."""
    first, second = _post(exchange, "/store"), _post(exchange, "/store", TWO)
    assert first.status == second.status == 201
    addresses = [reply.headers["location"] for reply in (first, second)]
    assert len({*addresses, f"{exchange.base}/store"}) == 3
    for address, triple in zip(addresses, (X, Y), strict=True):
        assert exchange.send("GET", address.removeprefix(exchange.base)).triples() == {triple}
    assert exchange.send("GET", DEFAULT).triples() == {OWN}
    iri = first.headers["link"].partition(">")[0].lstrip("<")
    assert exchange.ask(f"ASK {{ GRAPH <{iri}> {{ ?s ?p 'x' }} }}")


def test_post_quads_to_the_store(exchange: Any) -> None:
    """Beyond the protocol: statements in named graphs go to those graphs."""
    body = f"<http://example.org/g1> {{ {ONE} }} {TWO}".encode()
    reply = exchange.send("POST", "/store", {"content-type": "application/trig"}, body)
    assert reply.status == 204
    assert exchange.send("GET", G1).triples() == {A, X}
    assert exchange.send("GET", DEFAULT).triples() == {OWN, Y}


@pytest.mark.parametrize("target", ["/store", G1])
def test_post_nothing(exchange: Any, target: str) -> None:
    """5.5 SHOULD: 204 for no content."""
    assert _post(exchange, target, "").status == 204


def _form(*parts: tuple[str, str]) -> tuple[dict[str, str], bytes]:
    body = "".join(f"--b0und\r\n{head}\r\n\r\n{content}\r\n" for head, content in parts)
    return (
        {"content-type": 'multipart/form-data; boundary="b0und"'},
        f"{body}--b0und--\r\n".encode(),
    )


def _file(name: str, media_type: str = "") -> str:
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    return head + (f"\r\nContent-Type: {media_type}" if media_type else "")


def test_post_a_form_with_files(exchange: Any) -> None:
    """5.5 MUST: all documents of a multipart form are merged into the graph."""
    rdf = (
        '<rdf:RDF xmlns="http://example.org/" '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="http://example.org/y"><p>y</p></rdf:Description></rdf:RDF>'
    )
    form = _form((_file("1", "text/turtle"), ONE), (_file("2", "application/rdf+xml"), rdf))
    assert exchange.send("POST", G1, *form).status == 204
    assert exchange.send("GET", G1).triples() == {A, X, Y}


def test_type_of_a_file_in_a_form(exchange: Any) -> None:
    """5.5 MAY: without Content-Type the file's extension tells; else 400."""
    octets = "application/octet-stream"
    form = _form((_file("one.ttl"), ONE), (_file("dir/two.NT", octets), TWO))
    assert exchange.send("POST", NEW, *form).status == 201
    assert exchange.send("GET", NEW).triples() == {X, Y}
    assert exchange.send("POST", NEW, *_form((_file("one"), ONE))).status == 400
    assert exchange.send("POST", NEW, *_form((_file("one", "image/png"), ONE))).status == 415


def test_fault_in_a_form(exchange: Any) -> None:
    """5.1, 5.5: one bad document spoils the form, and the message names it."""
    form = _form((_file("good.ttl"), ONE), (_file("bad.ttl"), "nonsense"))
    reply = exchange.send("POST", G1, *form)
    assert reply.status == 400
    assert "bad.ttl" in reply.json["detail"]
    assert exchange.send("GET", G1).triples() == {A}


@pytest.mark.parametrize("cut", ["head", "tail", "boundary"])
def test_malformed_form(exchange: Any, cut: str) -> None:
    """RFC 7578 4.1, RFC 2046 5.1.1: a form without its boundaries is a 400."""
    headers, body = _form((_file("one.ttl"), ONE))
    if cut == "boundary":
        headers = {"content-type": "multipart/form-data"}
    body = {"head": body[20:], "tail": body[:-6], "boundary": body}[cut]
    assert exchange.send("POST", G1, headers, body).status == 400


# 5.6: HEAD


@pytest.mark.parametrize("target", [G1, DEFAULT, "/store", "/store/clusters"])
def test_head(exchange: Any, target: str) -> None:
    """5.6 MUST NOT have content; the header fields are those of GET."""
    got, head = exchange.send("GET", target), exchange.send("HEAD", target)
    assert (head.status, head.body) == (200, b"")
    for name in ("content-type", "etag", "vary"):
        assert head.headers.get(name) == got.headers.get(name)


# 6: security


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("target", [G1, DEFAULT])
def test_read_only(reader: Any, method: str, target: str) -> None:
    """6: writes that are not taken are refused (401, 403), and nothing is changed."""
    body = b"" if method == "DELETE" else ONE.encode()
    assert reader.send(method, target, TURTLE, body).status == 403
    assert reader.send("GET", target).triples() in ({A}, {OWN})


# RFC 9110, 13: preconditions


@pytest.mark.parametrize("exchange", ["http"], indirect=True)
def test_unchanged_graph(exchange: Any) -> None:
    """RFC 9110 13.1.2 MUST: 304 where If-None-Match names the current tag; 15.4.5 MUST: ETag."""
    tag = exchange.send("GET", G1).headers["etag"]
    for value in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        for method in ("GET", "HEAD"):
            reply = exchange.send(method, G1, {"if-none-match": value})
            assert (reply.status, reply.body) == (304, b"")
            assert reply.headers["etag"] == tag
            assert "vary" in reply.headers
    assert exchange.send("GET", G1, {"if-none-match": '"x"'}).status == 200


@pytest.mark.parametrize("exchange", ["http"], indirect=True)
def test_tag_changes_with_format_and_content(exchange: Any) -> None:
    """RFC 9110 8.8.3: a strong tag is another for other bytes."""
    turtle = exchange.send("GET", G1).headers["etag"]
    triples = exchange.send("GET", G1, {"accept": "application/n-triples"}).headers["etag"]
    _post(exchange, G1)
    assert len({turtle, triples, exchange.send("GET", G1).headers["etag"]}) == 3


@pytest.mark.parametrize("exchange", ["http"], indirect=True)
def test_unchanged_since(exchange: Any) -> None:
    """RFC 9110 13.1.3 SHOULD: 304 by date; MUST be ignored beside If-None-Match, or malformed."""
    stamp = exchange.send("GET", G1).headers["last-modified"]
    assert exchange.send("GET", G1, {"if-modified-since": stamp}).status == 304
    before = {"if-modified-since": "Mon, 13 Nov 2023 00:00:00 GMT"}
    assert exchange.send("GET", G1, before).status == 200
    both = {"if-modified-since": stamp, "if-none-match": '"x"'}
    assert exchange.send("GET", G1, both).status == 200
    assert exchange.send("GET", G1, {"if-modified-since": "yesterday"}).status == 200


@pytest.mark.parametrize("exchange", ["http"], indirect=True)
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_write_if_match(exchange: Any, method: str) -> None:
    """RFC 9110 13.1.1 MUST NOT be done, 412, when the tag is an old one; done when current."""
    body = b"" if method == "DELETE" else ONE.encode()
    old = exchange.send("GET", G1).headers["etag"]
    _post(exchange, DEFAULT)
    reply = exchange.send(method, G1, {**TURTLE, "if-match": old}, body)
    assert reply.status == 412
    assert exchange.send("GET", G1).triples() == {A}
    current = exchange.send("GET", G1).headers["etag"]
    assert exchange.send(method, G1, {**TURTLE, "if-match": f'"x", {current}'}, body).status == 204


@pytest.mark.parametrize("exchange", ["http"], indirect=True)
def test_write_if_match_compares_strongly(exchange: Any) -> None:
    """RFC 9110 13.1.1 MUST: strong comparison, which a weak tag never passes."""
    tag = exchange.send("GET", G1).headers["etag"]
    assert _put(exchange, G1, **{"if-match": f"W/{tag}"}).status == 412


def test_write_if_there_is_something(exchange: Any) -> None:
    """RFC 9110 13.1.1: If-Match: * wants the graph to exist."""
    assert _put(exchange, NEW, **{"if-match": "*"}).status == 412
    assert exchange.send("GET", NEW).status == 404
    assert _put(exchange, G1, **{"if-match": "*"}).status == 204


def test_write_if_there_is_nothing(exchange: Any) -> None:
    """RFC 9110 13.1.2: If-None-Match: * keeps a PUT from replacing what it did not know."""
    assert _put(exchange, G1, **{"if-none-match": "*"}).status == 412
    assert exchange.send("GET", G1).triples() == {A}
    assert _put(exchange, NEW, **{"if-none-match": "*"}).status == 201


@pytest.mark.parametrize("exchange", ["http"], indirect=True)
def test_write_if_unmodified_since(exchange: Any) -> None:
    """RFC 9110 13.1.4 MUST NOT be done, 412, when it was changed later."""
    before = {"if-unmodified-since": "Mon, 13 Nov 2023 00:00:00 GMT"}
    assert _put(exchange, G1, **before).status == 412
    stamp = {"if-unmodified-since": exchange.send("GET", G1).headers["last-modified"]}
    assert _put(exchange, G1, **stamp).status == 204


def test_precondition_of_what_fails_anyway(exchange: Any) -> None:
    """RFC 9110 13.2.1 MUST: preconditions are ignored where the answer is no success without."""
    assert exchange.send("DELETE", NEW, {"if-match": '"x"'}).status == 404
    assert _put(exchange, G1, "nonsense", **{"if-match": '"x"'}).status == 400


# RFC 9110, 8.4: content codings


def test_compressed_content(exchange: Any) -> None:
    """RFC 9110 8.4.1.3: gzip, and x-gzip for the same."""
    for coding in ("gzip", "x-gzip", "GZIP", "identity"):
        packed = ONE.encode() if coding == "identity" else gzip.compress(ONE.encode())
        reply = exchange.send("PUT", NEW, {**TURTLE, "content-encoding": coding}, packed)
        assert reply.status in (201, 204)
        assert exchange.send("GET", NEW).triples() == {X}


def test_unknown_coding(exchange: Any) -> None:
    """RFC 9110 15.5.16 SHOULD: 415 with Accept-Encoding."""
    reply = _put(exchange, NEW, **{"content-encoding": "br"})
    assert reply.status == 415
    assert "gzip" in reply.headers["accept-encoding"]


def test_broken_compression(exchange: Any) -> None:
    """RFC 9110 15.5.1: 400 for content that is not what its coding says."""
    packed = gzip.compress(ONE.encode() * 100)
    for body in (ONE.encode(), packed[:-10], packed[:20]):
        reply = exchange.send("PUT", NEW, {**TURTLE, "content-encoding": "gzip"}, body)
        assert reply.status == 400
        assert "gzip" in reply.json["detail"]


def test_too_much_content(make: Callable[..., Any]) -> None:
    """RFC 9110 15.5.14: 413, also when it is only long after decompression."""
    exchange = make(max_upload_bytes=1000)
    long = ("#" * 99 + "\n") * 20
    assert _put(exchange, NEW, long).status == 413
    packed = {**TURTLE, "content-encoding": "gzip"}
    assert exchange.send("PUT", NEW, packed, gzip.compress(long.encode())).status == 413
    form = _form((_file("long.ttl"), long))
    assert exchange.send("POST", NEW, *form).status == 413
    assert _put(exchange, NEW, long[:1000]).status == 201


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/turtle", "<a:a> <a:b> " + "<<( <a:a> <a:b> " * 1001 + "1" + " )>>" * 1001 + " ."),
        ("application/ld+json", '{"a:b":' * 1001 + "1" + "}" * 1001),
        ("application/ld+json", '{"a:b":' + "[" * 20000 + "]" * 20000 + "}"),
        (
            "application/rdf+xml",
            '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
        ),
        ("application/rdf+xml", " " * (1 << 20) + '<!DOCTYPE x [<!ENTITY a "a">]><x>&a;</x>'),
        ("application/rdf+xml", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'),
    ],
)
def test_content_that_overwhelms_the_parser(exchange: Any, media_type: str, body: str) -> None:
    """6: nesting and entities are limited before the parser sees them."""
    assert exchange.send("PUT", NEW, {"content-type": media_type}, body.encode()).status == 400


def test_brackets_in_literals_do_not_nest(exchange: Any) -> None:
    """6: only what nests counts."""
    many = "<<" * 5000
    assert _put(exchange, NEW, f'<a:a> <a:b> "{many}", """{many}\n""" . # {many}').status == 201
    body = '{"a:b": "' + "[{" * 5000 + '"}'
    kind = {"content-type": "application/ld+json"}
    assert exchange.send("PUT", NEW, kind, body.encode()).status == 204


def test_entities_for_namespaces(exchange: Any) -> None:
    """6: the entities that ontology editors write are no bomb."""
    body = (
        '<!DOCTYPE rdf:RDF [<!ENTITY ex "http://example.org/">]>'
        '<rdf:RDF xmlns="http://example.org/" '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="&ex;x"><p>x</p></rdf:Description></rdf:RDF>'
    )
    kind = {"content-type": "application/rdf+xml"}
    assert exchange.send("PUT", NEW, kind, body.encode()).status == 201
    assert exchange.send("GET", NEW).triples() == {X}


def test_content_in_a_file(make: Callable[..., Any], tmp_path: Any) -> None:
    """Long content comes to a worker as an open file, and is read from there."""
    from inprocess import handle

    from clustergraph.protocol import Request

    exchange = make(max_upload_bytes=10_000)
    path = tmp_path / "content"
    for packed in (False, True):
        path.write_bytes(gzip.compress(ONE.encode()) if packed else ONE.encode())
        headers = {**TURTLE, **({"content-encoding": "gzip"} if packed else {})}
        with path.open("rb") as body:
            request = Request("PUT", "/store/file", b"", headers, body)
            assert handle(request, exchange.context, exchange.commit).status in (201, 204)
        assert exchange.send("GET", "/store/file").triples() == {X}
    path.write_bytes(ONE.encode() * 1000)
    with path.open("rb") as body:
        request = Request("PUT", "/store/file", b"", TURTLE, body)
        assert handle(request, exchange.context, exchange.commit).status == 413
