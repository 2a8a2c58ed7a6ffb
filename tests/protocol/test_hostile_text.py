"""Text from strangers costs time in proportion to its length, and never a worker."""

from __future__ import annotations

import gzip
import re
from contextlib import suppress
from typing import Any

import pyoxigraph as ox
import pytest

from clustergraph.errors import RequestError
from clustergraph.protocol import Config, Request, uploads
from clustergraph.protocol.parameters import shown

LONG = 200_000
# How much work a linear scan of such a text may be, in matches.
_FORM = "multipart/form-data; boundary=b"


def form(disposition: str, content: str = "<a:a> <a:b> 1 .", kind: str = "text/turtle") -> Request:
    """A form with one file."""
    body = (
        f"--b\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: {kind}\r\n\r\n"
        f"{content}\r\n--b--\r\n"
    )
    return Request("POST", "/store", b"", {"content-type": _FORM}, body.encode())


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (uploads._JSON_TOKEN, b'"' + b'\\"' * LONG),
        (uploads._JSON_TOKEN, b'"a' * LONG + b"\\"),
        (uploads._TERM_TOKEN, b'"' + b'\\"' * LONG),
        (uploads._TERM_TOKEN, b'"""' + b'\\"""' * LONG),
        (uploads._TERM_TOKEN, b"'''" + b"\\'''" * LONG),
        (uploads._TERM_TOKEN, b'"""' + b'""a' * LONG),
        (uploads._TERM_TOKEN, b"<a" * LONG),
        (uploads._TERM_TOKEN, b"<" + b"a" * LONG),
        (uploads._TERM_TOKEN, b"#" * LONG),
    ],
)
def test_tokens_do_not_overlap(pattern: re.Pattern[bytes], text: bytes) -> None:
    """A string that is never closed is one token, not one from each of its quotes on."""
    ends = [match.end() for match in pattern.finditer(text)]
    assert ends == sorted(set(ends))
    # What no token covers is looked at once: the gaps and the tokens make up the text.
    assert sum(len(match.group()) for match in pattern.finditer(text)) >= len(text) // 3


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/turtle", "<a:a> <a:b> " + "<<( <a:a> <a:b> " * 1001 + '"""x""""' + " )>>" * 1001),
        ("text/turtle", "<a:a> <a:b> '''<<''', " + "<<( <a:a> <a:b> " * 1001),
        ("application/ld+json", '{"a:\\"b":' * 1001 + "1" + "}" * 1001),
    ],
)
def test_depth_is_seen_behind_strings(media_type: str, body: str) -> None:
    """Nesting counts whatever strings stand before it."""
    request = Request("POST", "/store", b"", {"content-type": media_type}, body.encode())
    (document,) = uploads.read(request, Config(), "http://example.org/")
    with pytest.raises(RequestError, match="nests deeper"):
        document.check(triples_only=True)


@pytest.mark.parametrize(
    "name",
    [
        "x" * 300 + ".ttl",
        "a\x00b.ttl",
        "../../etc/passwd.ttl",
        "C:\\data\\x.ttl",
        "ž" * 300 + ".ttl",
    ],
)
def test_file_names_are_harmless(name: str) -> None:
    """A name of 300 characters, with NUL or a path, is shortened to one that any disk takes."""
    (document,) = uploads.read(form(f'name="data"; filename="{name}"'), Config(), "http://e.org/")
    assert document.form == ox.RdfFormat.TURTLE
    assert len(document.source.encode()) <= 130
    assert document.source.isprintable()
    assert "/" not in document.source


@pytest.mark.parametrize(
    "disposition",
    [
        "filename=" + "a" * 3000, "filename=" + '"' * 3000, ";" * 3000, "a=b;" * 700, "\\" * 3000,
        ';"' * LONG,
    ],
)  # fmt: skip
def test_form_headers_are_bounded(disposition: str) -> None:
    """Whatever stands in the headers of a part, there is an answer."""
    with suppress(RequestError):
        (document,) = uploads.read(form(disposition), Config(), "http://example.org/")
        assert len(document.source) <= 130


@pytest.mark.parametrize(
    "body",
    [
        "", "--b", "--b\r\n", "--b\r\nA: b\r\n\r\nx", "--b--", "--b\r\n\r\n", "x" * LONG,
        "--b\r\n" + "A" * LONG, "--b\r\n" + "A: b\r\n" * 1000,
        "--b\r\nA: b\r\n\r\n" * 101 + "--b--",
        "--b\r\n" + "".join(
            f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(2000)
        ),
    ],
)  # fmt: skip
def test_malformed_form(exchange: Any, body: str) -> None:
    """A form that breaks off, has no part, or too many, is refused."""
    reply = exchange.send("POST", "/store?default", {"content-type": _FORM}, body.encode())
    # No body at all adds nothing.
    assert reply.status == (400 if body else 204)


def test_messages_quote_little() -> None:
    """What a client sent is quoted in part, and without control characters."""
    assert shown("a\x07b\u202e") == "a\\u0007b\\u202e"
    assert len(shown("x" * LONG)) < 300


@pytest.mark.parametrize(
    "body",
    [start + "x" * LONG for start in ("<a:a> <a:b> ", '<a:a> <a:b> "', "@prefix ", "<")],
)
def test_syntax_errors_are_short(exchange: Any, body: str) -> None:
    """The message about a broken document of 200 kB is no longer than a person reads."""
    reply = exchange.send(
        "PUT", "/store?graph=http://example.org/x", {"content-type": "text/turtle"}, body.encode()
    )
    assert reply.status == 400
    assert len(reply.body) < 3000


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    ("media_type", "unit"),
    [
        ("text/turtle", b"# nothing\n"),
        ("text/turtle", b"<<"),
        ("application/ld+json", b"[["),
        ("application/rdf+xml", b"<a/>"),
        ("multipart/form-data; boundary=b", b"--b\r\n"),
    ],
)
def test_content_beyond_the_limit_is_too_large(media_type: str, unit: bytes, packed: bool) -> None:
    """15.5.14: content that is longer than the limit once unpacked is 413, whatever it holds."""
    body = unit * (400_000 // len(unit))
    headers = {"content-type": media_type}
    if packed:
        body = gzip.compress(body)
        headers["content-encoding"] = "gzip"
    request = Request("POST", "/validate", b"", headers, body)

    def check() -> None:
        for document in uploads.read(request, Config(max_upload_bytes=100_000), "http://e.org/"):
            document.check(triples_only=False)

    with pytest.raises(RequestError) as refused:
        check()
    assert refused.value.status == 413


def test_report_as_a_page_is_sandboxed(exchange: Any) -> None:
    """A report quotes what was sent: as a page it may run nothing."""
    reply = exchange.send(
        "POST",
        "/validate",
        {"content-type": "text/turtle", "accept": "text/html"},
        b'<urn:a> <http://www.w3.org/2000/01/rdf-schema#label> "<script>alert(1)</script>" .',
    )
    assert reply.status == 200
    policy = reply.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "<script>alert" not in reply.body.decode()
