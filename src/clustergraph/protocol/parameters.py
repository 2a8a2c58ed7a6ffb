"""What a SPARQL request holds: the text, its dataset, the format asked for.

SPARQL 1.1 Protocol, sections 2.1.1 to 2.1.4 and 2.2.1 to 2.2.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Final, Literal
from urllib.parse import unquote_to_bytes

import pyoxigraph as ox

from clustergraph.errors import RequestError
from clustergraph.protocol import Request, faults

FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 2000
_MOST_DIGITS: Final = 10
_LONGEST_IRI: Final = 2048
_DATASET: Final = {
    "query": ("default-graph-uri", "named-graph-uri"),
    "update": ("using-graph-uri", "using-named-graph-uri"),
}


@dataclass(slots=True)
class Given:
    """What a request gives.

    Attributes:
        text: the query or update; None: there is none.
        default_graphs: IRIs of the graphs that make up the default graph.
        named_graphs: IRIs of the graphs that GRAPH may name.
        forms: the names of formats that the address gives, in order.
    """

    text: str | None = None
    default_graphs: Sequence[str] = ()
    named_graphs: Sequence[str] = ()
    forms: tuple[str, ...] = ()


def read(request: Request, kind: Literal["query", "update"]) -> Given:
    """Return what a request gives.

    Args:
        request: GET or POST.
        kind: what the address takes; also the parameter's name.

    Raises:
        RequestError: two texts, not UTF-8, of a media type that is no such thing, or for a graph
            whose name is no IRI.
    """
    raw = request.query_string
    if request.method != "POST":
        if raw.startswith(b"query=") and b"&" not in raw:
            return Given(decode(raw[6:]))
        return _gather(fields(raw), kind, Given())
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        detail = f"a {kind} is sent plain; this says that it is packed: {coding[:100]}"
        raise faults.unsupported_coding(detail, "identity")
    declared = request.headers.get("content-type", "")
    essence = media_type(declared)
    given = Given()
    if essence == FORM:
        body = content(request.body)
        _gather(fields(raw), kind, given)
        return _gather(fields(body), kind, given)
    accepted = f"application/sparql-{kind}, {FORM}"
    if essence != f"application/sparql-{kind}":
        if essence in ("application/sparql-query", "application/sparql-update"):
            raise _elsewhere(kind)
        detail = f"{essence[:100] or 'no Content-Type'}: send a {kind} as {accepted}"
        raise faults.unsupported_type(detail, accepted)
    if "charset" in declared.lower() and "utf" not in declared.lower().replace("-", ""):
        detail = f"a {kind} is encoded in UTF-8, and in nothing else; this says {declared[:100]}"
        raise faults.unsupported_type(detail, accepted)
    given.text = decode(content(request.body), form=False)
    return _gather(fields(raw), kind, given)


def _gather(pairs: Iterator[tuple[bytes, bytes]], kind: str, given: Given) -> Given:
    default, named = _DATASET[kind]
    for name, value in pairs:
        if name == b"query" or name == b"update":
            if name.decode() != kind:
                raise _elsewhere(kind)
            if given.text is not None:
                detail = f"the request holds more than one {kind}; send one"
                raise faults.bad_request(detail)
            given.text = decode(value)
        elif name == b"format":
            given.forms = (*given.forms, decode(value))
        elif value and name == default.encode():
            given.default_graphs = (*given.default_graphs, node(decode(value), default).value)
        elif value and name == named.encode():
            given.named_graphs = (*given.named_graphs, node(decode(value), named).value)
    return given


def _elsewhere(kind: str) -> RequestError:
    place = "/update" if kind == "query" else "/sparql"
    return faults.bad_request(f"this address takes a {kind}; send this to {place}")


def fields(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield names, decoded, and values, still encoded, of a form or a query string.

    Raises:
        RequestError: there are too many (400).
    """
    if not raw:
        return
    pieces = raw.split(b"&", _MOST_FIELDS)
    if len(pieces) > _MOST_FIELDS:
        raise faults.bad_request(f"at most {_MOST_FIELDS:,} parameters are taken")
    for piece in pieces:
        name, _, value = piece.partition(b"=")
        yield unquote_to_bytes(name.replace(b"+", b" ")), value


def decode(raw: bytes, form: bool = True) -> str:
    """Return the text of a value.

    Args:
        raw: the bytes sent.
        form: whether they are encoded as in a form: ``+`` for a space and ``%`` for bytes.

    Raises:
        RequestError: it is not UTF-8; says where.
    """
    if form:
        if b"+" in raw:
            raw = raw.replace(b"+", b" ")
        if b"%" in raw:
            raw = unquote_to_bytes(raw)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        detail = (
            f"line {line}, column {column}: the text is not UTF-8 from byte {error.start + 1} on"
        )
        raise faults.bad_request(detail, line=line, column=column) from error


def content(body: bytes | IO[bytes]) -> bytes:
    """Return a body as bytes."""
    return body if isinstance(body, bytes) else body.read()


def media_type(value: str) -> str:
    """Return the media type of a Content-Type header, without its parameters."""
    return value.partition(";")[0].strip().lower()


def node(text: str, name: str = "iri") -> ox.NamedNode:
    """Return an IRI that a client has written as a term.

    Args:
        text: the IRI.
        name: the parameter, for the message.

    Raises:
        RequestError: it is no absolute IRI, or longer than any honest one (400).
    """
    if len(text) > _LONGEST_IRI:
        raise faults.bad_request(f"{name}: an IRI may have {_LONGEST_IRI:,} characters")
    try:
        return ox.NamedNode(text)
    except ValueError as error:
        detail = f"{name}: {shown(text)} is no absolute IRI ({shown(str(error))})"
        raise faults.bad_request(detail) from error


def whole_number(text: str, name: str, most: int) -> int:
    """Return a whole number from 1 on that a client has written.

    Args:
        text: the number.
        name: the parameter, for the message.
        most: the largest number that is taken.

    Raises:
        RequestError: it is no such number (400).
    """
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and 1 <= int(text) <= most:
        return int(text)
    raise faults.bad_request(f"{name}={shown(text, 40)}: a whole number from 1 to {most:,}")


def shown(text: str, most: int = 200) -> str:
    """Return a text as messages quote it: short, and without control characters."""
    cut = text if len(text) <= most else text[:most] + "…"
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in cut)


def values(query_string: bytes) -> dict[str, list[str]]:
    """Return the parameters of an address by name, those without a value as empty text.

    Raises:
        RequestError: they are not UTF-8, or too many (400).
    """
    found: dict[str, list[str]] = {}
    for name, value in fields(query_string):
        found.setdefault(decode(name, form=False), []).append(decode(value))
    return found
