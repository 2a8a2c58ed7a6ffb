"""RDF files: formats by name, content whether compressed or not, and what is wrong with them."""

from __future__ import annotations

import codecs
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final
from xml.parsers import expat

import pyoxigraph as ox

from clustergraph.errors import SyntaxFaultError, UnreadableInputError

SUFFIXES: Final = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".trig": ox.RdfFormat.TRIG,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".nq": ox.RdfFormat.N_QUADS,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".owl": ox.RdfFormat.RDF_XML,
    ".xml": ox.RdfFormat.RDF_XML,
    ".jsonld": ox.RdfFormat.JSON_LD,
}
"""The formats by the ending of a file's name; ``.gz`` may follow."""

_OTHER_SUFFIXES: Final = {
    ".ofn": "OWL functional syntax",
    ".fss": "OWL functional syntax",
    ".omn": "OWL Manchester syntax",
    ".owx": "OWL/XML",
    ".obo": "the OBO format",
}
_BEGINNINGS: Final = (
    (re.compile(rb"(?:#[^\n]*\n|\s)*(?:Prefix|Ontology)\s*\("), "OWL functional syntax"),
    (re.compile(rb"(?:#[^\n]*\n|\s)*(?:Prefix|Ontology)\s*:"), "OWL Manchester syntax"),
    (re.compile(rb"(?:![^\n]*\n|\s)*format-version\s*:"), "the OBO format"),
    (
        re.compile(rb'[^<]*(?:<[?!][^>]*>\s*)*<Ontology\s[^>]*"http://www\.w3\.org/2002/07/owl#"'),
        "OWL/XML",
    ),
)
_ENTITY: Final = re.compile(rb"<!ENTITY\s+[^\s%]+\s+(?:\"([^\"]*)\"|'([^']*)')")
_LONGEST_ENTITY: Final = 500
_CHUNK_BYTES: Final = 1 << 20
_LOOKED_AT_BYTES: Final = 10_000
_GZIP: Final = b"\x1f\x8b"
_BUFFER_BYTES: Final = 1 << 18


def format_of(path: Path) -> ox.RdfFormat:
    """Return the format of a file, by its name.

    Raises:
        UnreadableInputError: the name does not say.
    """
    if (form := format_by_name(path)) is None:
        known = ", ".join(SUFFIXES)
        raise UnreadableInputError(
            str(path), f"no RDF file by its name; the endings are {known}, each also with .gz"
        )
    return form


def format_by_name(path: Path) -> ox.RdfFormat | None:
    """Return the format of a file, by its name; None: the name is that of no RDF file."""
    return SUFFIXES.get(Path(path.name.lower().removesuffix(".gz")).suffix)


def visible(directory: Path) -> Iterator[Path]:
    """Yield the files of a directory at any depth, in order; without hidden ones."""
    for path in sorted(directory.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(directory).parts)
        if path.is_file() and not hidden:
            yield path


def content_of(path: Path) -> bytes:
    """Return the content of a file, decompressed, without a byte order mark.

    Raises:
        UnreadableInputError: it cannot be opened, or is not compressed by gzip as its name says.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = f"cannot be opened ({error.strerror or error})"
        raise UnreadableInputError(str(path), reason) from error
    return decompressed(str(path), content, packed=path.name.lower().endswith(".gz"))


def decompressed(source: str, content: bytes, packed: bool = False) -> bytes:
    """Return content without compression by gzip and without a byte order mark.

    Args:
        source: its path, as errors name it.
        content: compressed or not: its first bytes tell.
        packed: whether it has to be compressed.

    Raises:
        UnreadableInputError: it is badly compressed.
    """
    try:
        if packed or content.startswith(_GZIP):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableInputError(source, f"is not compressed by gzip ({error})") from error
    return content.removeprefix(codecs.BOM_UTF8)


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file, compressed by gzip or not: its content tells.

    Returns:
        The content, and the file itself, whose position tells how far reading has got.

    Raises:
        UnreadableInputError: it cannot be opened.
    """
    try:
        file = io.BufferedReader(io.FileIO(path), _BUFFER_BYTES)
        head = file.peek(2)[:2]
    except OSError as error:
        reason = f"cannot be opened ({error.strerror or error})"
        raise UnreadableInputError(str(path), reason) from error
    with file:
        if head != _GZIP:
            yield file, file
            return
        with gzip.GzipFile(fileobj=file) as packed:
            yield io.BufferedReader(packed, _BUFFER_BYTES), file


@contextmanager
def reading_of(path: Path, form: ox.RdfFormat) -> Iterator[None]:
    """Turn what the parsers raise while they read a file into errors that say where.

    Raises:
        SyntaxFaultError: it breaks the grammar of its format.
        UnreadableInputError: it needs something from elsewhere, or is badly compressed.
    """
    try:
        if form == ox.RdfFormat.RDF_XML:
            with opened(path) as (content, _):
                if reason := entity_fault(content):
                    raise UnreadableInputError(str(path), reason)
        yield
    except SyntaxError as error:
        with opened(path) as (content, _):
            raise syntax_fault(str(path), form, error, content) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableInputError(str(path), f"is badly compressed ({error})") from error


def entity_fault(content: IO[bytes]) -> str:
    """Return what is wrong with the entities of RDF/XML; empty: nothing.

    Those that are long or hold others can grow without bounds when they are replaced (XML 1.0,
    section 4.4), which the engine's parser does not limit.

    Args:
        content: the document, from its beginning.
    """
    head = before = content.read(_CHUNK_BYTES)
    while chunk := content.read(_CHUNK_BYTES):
        if b"<!ENTITY" in before[-len(b"<!ENTITY") :] + chunk:
            return "entities are declared at the start, or not at all"
        before = chunk
    found = list(_ENTITY.finditer(head))
    for match in found:
        value = match[1] if match[1] is not None else match[2]
        if len(value) > _LONGEST_ENTITY or b"&" in value:
            return "an entity may hold a namespace, not other entities"
    if head.count(b"<!ENTITY") != len(found):
        return "an entity must be a plain text; none is fetched"
    return ""


def syntax_fault(
    source: str, form: ox.RdfFormat, error: SyntaxError, content: IO[bytes]
) -> UnreadableInputError:
    """Return the error that says where a document breaks the grammar of its format.

    Args:
        source: its path or address, as errors name it.
        form: its format.
        error: what the parser raised.
        content: the document, from its beginning.
    """
    reason = str(error.msg)
    if "LoadDocumentCallback" in reason:
        return UnreadableInputError(
            source,
            "its @context is an address, and contexts are not fetched: put the content of a local "
            "copy in its place",
        )
    if "No scheme found" in reason:
        reason = "a relative IRI: write it in full, or say with --base against which to resolve it"
    # The parser writes the position before its reason.
    head, colon, rest = reason.partition(": ")
    if colon and head.startswith("Parser error"):
        reason = rest
    if error.lineno is not None:
        column = error.offset
        if column is not None and form == ox.RdfFormat.JSON_LD:
            # The parser of JSON counts bytes, the others count characters.
            line = next(itertools.islice(content, error.lineno - 1, None), b"")
            column = len(line[: column - 1].decode("utf-8", errors="ignore")) + 1
        return SyntaxFaultError(source, reason, error.lineno, column)
    if form == ox.RdfFormat.RDF_XML:
        # The engine's parser reports no position in XML.
        parser = expat.ParserCreate()
        try:
            parser.ParseFile(content)
        except expat.ExpatError as fault:
            return SyntaxFaultError(source, str(fault), fault.lineno, fault.offset + 1)
    return UnreadableInputError(source, reason)


def recognise_ontology_syntax(path: Path, content: bytes) -> str | None:
    """Return the name of the syntax of an ontology that is not RDF, or None.

    Args:
        path: the file, whose suffix may tell.
        content: of the file; only its beginning is looked at.
    """
    head = content.removeprefix(b"\xef\xbb\xbf")[:_LOOKED_AT_BYTES]
    for pattern, name in _BEGINNINGS:
        if pattern.match(head):
            return name
    return _OTHER_SUFFIXES.get(path.suffix.lower())
