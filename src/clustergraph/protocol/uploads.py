"""RDF documents that requests carry: formats, compression, forms with files, limits, faults.

Graph Store HTTP Protocol, sections 5 and 5.5; RFC 7578 for forms.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Final

import pyoxigraph as ox
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from clustergraph.protocol import Config, Request, faults
from clustergraph.protocol.parameters import media_type, shown
from clustergraph.rdf.files import entity_fault, syntax_fault
from clustergraph.sparql.results import FORMATS

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

ACCEPTED: Final = (
    "text/turtle, application/n-triples, application/rdf+xml, application/ld+json, "
    "application/trig, application/n-quads, multipart/form-data"
)
MAX_DEPTH: Final = 1000
"""Deepest nesting of triple terms, and of objects and arrays in JSON-LD: the engine's parsers
recurse on them."""

UNNAMED: Final = "the content"
"""How messages call a document that has no name."""

_MOST_PARTS: Final = 100
_CHUNK: Final = 1 << 20
# RFC 2046, section 5.1.1.
_LONGEST_BOUNDARY: Final = 70
_LONGEST_NAME: Final = 100
_MEDIA_TYPES: Final = {
    **{
        kind: form.engine
        for form in FORMATS.values()
        if isinstance(form.engine, ox.RdfFormat)
        for kind in (form.media_type, *form.also)
        if kind not in ("application/xml", "application/json")
    },
    "application/xml": ox.RdfFormat.RDF_XML,
    "text/xml": ox.RdfFormat.RDF_XML,
    "application/json": ox.RdfFormat.JSON_LD,
    # Whoever says N3 nearly always means Turtle; rules and formulas are no RDF.
    "text/n3": ox.RdfFormat.TURTLE,
    "text/x-nquads": ox.RdfFormat.N_QUADS,
    "application/x-trig": ox.RdfFormat.TRIG,
}
# Strings and comments are passed over, so that brackets in them do not count. A string that is not
# closed is one token up to the end: looked at again from each of its quotes, it would cost its
# length squared.
_JSON_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
_TERM_TOKEN: Final = re.compile(
    rb'"""(?:[^"\\]|\\.|"{1,2}(?!"))*+(?:"{3,5}|["\\]*\Z)'
    rb"|'''(?:[^'\\]|\\.|'{1,2}(?!'))*+(?:'{3,5}|['\\]*\Z)"
    rb'|"(?:[^"\\\n]|\\.)*+"?|\'(?:[^\'\\\n]|\\.)*+\'?'
    rb"|<<|>>|<[^\x00-\x20<>\"{}|^`\\]*+>?|#[^\n]*+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Document:
    """A document that a request carries.

    Attributes:
        source: how messages call it.
        form: its format.
        base_iri: against which it resolves relative IRIs.
        body: as received.
        packed: whether ``body`` is compressed by gzip.
        max_bytes: longest content.
        field: the field of the form that holds it; empty where there is no form.
    """

    source: str
    form: ox.RdfFormat
    base_iri: str
    body: bytes | IO[bytes]
    packed: bool
    max_bytes: int
    field: str = ""

    def open(self) -> IO[bytes]:
        """Return the content, from its start; reading past the limit raises `RequestError`."""
        if isinstance(self.body, bytes):
            stream: IO[bytes] = io.BytesIO(self.body)
        else:
            stream = self.body
            stream.seek(0)
        if not self.packed and isinstance(self.body, bytes) and len(self.body) <= self.max_bytes:
            return stream
        return _Limited(stream, self.packed, self.max_bytes)  # type: ignore[return-value]

    def check(self, *, triples_only: bool) -> int:
        """Parse it to the end.

        Args:
            triples_only: whether a statement in a named graph is a fault.

        Returns:
            The number of statements.

        Raises:
            RequestError: it is not what it claims to be, too long or too deeply nested.
        """
        count = 0
        try:
            self._limit_depth()
            quads = ox.parse(self.open(), self.form, base_iri=self.base_iri)
            if not triples_only or not self.form.supports_datasets:
                last = deque(enumerate(quads, 1), maxlen=1)
                return last[0][0] if last else 0
            for quad in quads:
                count += 1
                if not isinstance(quad.graph_name, ox.DefaultGraph):
                    raise faults.bad_content(
                        f"{self.source} holds statements in {shown(str(quad.graph_name))}, and the "
                        "request names one graph for all: send triples, or POST to /store"
                    )
        except SyntaxError as error:
            raise syntax_fault(self.source, self.form, error, self.open()) from error
        except (EOFError, OSError, zlib.error) as error:
            if not self.packed:
                raise
            detail = f"{self.source} is not what gzip writes ({error})"
            raise faults.bad_content(detail) from error
        return count

    def load(self, store: ox.Store, graph: ox.NamedNode | ox.DefaultGraph | None) -> None:
        """Add its statements to a store.

        Args:
            store: where to.
            graph: which graph triples go to; None: the graphs that the document names.
        """
        store.load(self.open(), self.form, base_iri=self.base_iri, to_graph=graph)

    def quads(self) -> Iterator[ox.Quad]:
        """Yield its statements; its blank nodes are new ones each time."""
        yield from ox.parse(self.open(), self.form, base_iri=self.base_iri, rename_blank_nodes=True)

    def _limit_depth(self) -> None:
        if self.form == ox.RdfFormat.RDF_XML:
            if reason := entity_fault(self.open()):
                raise faults.bad_content(f"{self.source}: {reason}")
            return
        json = self.form == ox.RdfFormat.JSON_LD
        openers = (b"{", b"[") if json else (b"<<",)
        closers = (b"}", b"]") if json else (b">>",)
        pattern = _JSON_TOKEN if json else _TERM_TOKEN
        stream = self.open()
        found = 0
        # To the end, so that what is too long is refused before anything looks at it closely.
        while chunk := stream.read(_CHUNK):
            found += sum(chunk.count(opener) for opener in openers)
        if found <= MAX_DEPTH:
            return
        depth = 0
        for match in pattern.finditer(self.open().read()):
            token = match.group()
            depth += (token in openers) - (depth > 0 and token in closers)
            if depth > MAX_DEPTH:
                detail = f"{self.source} nests deeper than {MAX_DEPTH:,} levels"
                raise faults.bad_content(detail)


class _Limited(io.RawIOBase):
    """Reads at most so many bytes, decompressed."""

    def __init__(self, stream: IO[bytes], packed: bool, max_bytes: int) -> None:
        self._stream: IO[bytes] = gzip.GzipFile(fileobj=stream) if packed else stream  # type: ignore[assignment]
        self._left = self._max = max_bytes

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = self._left + 1 if size is None or size < 0 else min(size, self._left + 1)
        data = self._stream.read(wanted)
        self._left -= len(data)
        if self._left < 0:
            detail = f"at most {self._max:,} bytes are taken, decompressed; send it in parts"
            raise faults.fault("Content too large", detail)
        return data


def read(request: Request, config: Config, base_iri: str) -> list[Document]:
    """Return the documents that a PUT or POST carries.

    Args:
        request: the request.
        config: its limits hold for each document.
        base_iri: the graph's IRI.

    Raises:
        RequestError: the content's type or coding is not understood (415), or it is malformed.
    """
    packed = _packed(request.headers.get("content-encoding", ""))
    declared = request.headers.get("content-type", "")
    essence = media_type(declared)
    if essence == "multipart/form-data":
        whole = Document(
            "the form", ox.RdfFormat.TURTLE, base_iri, request.body, packed, config.max_upload_bytes
        )
        body = whole.open().read()
        return [
            Document(name, form, base_iri, part, False, config.max_upload_bytes, field)
            for name, form, field, part in _parts(body, declared)
        ]
    # Without Content-Type it is RDF/XML (section 5).
    form = _MEDIA_TYPES.get(essence) if essence else ox.RdfFormat.RDF_XML
    if form is None:
        detail = f"{shown(essence)} is no RDF format known here; send one of {ACCEPTED}"
        raise faults.unsupported_type(detail, ACCEPTED)
    return [Document(UNNAMED, form, base_iri, request.body, packed, config.max_upload_bytes)]


def _packed(encoding: str) -> bool:
    codings = [coding.strip().lower() for coding in encoding.split(",") if coding.strip()]
    codings = [coding for coding in codings if coding != "identity"]
    if codings in ([], ["gzip"], ["x-gzip"]):
        return bool(codings)
    detail = f"{shown(encoding)} is not understood; send the content plain or compressed by gzip"
    raise faults.unsupported_coding(detail, "gzip, identity")


@dataclass(slots=True)
class _Part:
    """One part of a form: its headers by lower-case name, and its content."""

    headers: dict[str, str]
    content: bytearray


def _parts(body: bytes, declared: str) -> Iterator[tuple[str, ox.RdfFormat, str, bytes]]:
    """Yield name, format, field and content of each file in a form (RFC 7578)."""
    boundary = parse_options_header(declared)[1].get(b"boundary")
    if not boundary or len(boundary) > _LONGEST_BOUNDARY:
        raise faults.bad_content("multipart/form-data without a boundary")
    form = _Form()
    try:
        parser = MultipartParser(boundary, form.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise faults.bad_content(f"the form is malformed: {shown(str(error))}") from error
    if not form.complete:
        raise faults.bad_content("the form does not end with its boundary")
    if not form.parts:
        raise faults.bad_content("the form holds no file")
    for part in form.parts:
        yield *_format_of(part.headers), bytes(part.content)


class _Form:
    """Collects the parts of a form as the parser meets them."""

    def __init__(self) -> None:
        self.parts: list[_Part] = []
        self.complete = False
        self._name = self._value = b""

    def callbacks(self) -> MultipartCallbacks:
        """Return what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) == _MOST_PARTS:
            raise faults.bad_content(f"a form may have {_MOST_PARTS} parts")
        self.parts.append(_Part({}, bytearray()))

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        name = self._name.decode("latin-1").lower()
        self.parts[-1].headers[name] = self._value.decode("utf-8", "replace")
        self._name = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].content += memoryview(data)[start:end]

    def _end(self) -> None:
        self.complete = True


def _format_of(headers: dict[str, str]) -> tuple[str, ox.RdfFormat, str]:
    """Return name, format and field of a part."""
    # The parser of headers knows Latin-1 alone.
    disposition = headers.get("content-disposition", "").encode().decode("latin-1")
    named = parse_options_header(disposition)[1]
    field = named.get(b"name", b"").decode("utf-8", "replace")
    name = file_name(named.get(b"filename", b"").decode("utf-8", "replace") or field)
    name = name or "a part of the form"
    essence = media_type(headers.get("content-type", ""))
    form = _MEDIA_TYPES.get(essence)
    if form is None and essence in ("", "application/octet-stream", "text/plain"):
        # Browsers do not know the types of RDF files: the name tells.
        form = ox.RdfFormat.from_extension(PurePosixPath(name).suffix[1:].lower())
    if form is None:
        if essence:
            detail = f"{name}: {shown(essence)} is no RDF format known here; send one of {ACCEPTED}"
            raise faults.unsupported_type(detail, ACCEPTED)
        detail = f"{name}: give each file a Content-Type, or a name that ends in .ttl or the like"
        raise faults.bad_content(detail)
    return name, form, field


def file_name(text: str) -> str:
    """Return a name that a client gives a file, as it may stand in messages and on a disk."""
    plain = PurePosixPath(text.replace("\\", "/")).name
    plain = "".join(one for one in plain if one.isprintable())
    stem, dot, suffix = plain.rpartition(".")
    if len(plain.encode("utf-8", "replace")) <= _LONGEST_NAME:
        return plain
    return f"{(stem or suffix)[:40]}…{dot}{suffix[:10]}" if dot else plain[:40] + "…"
