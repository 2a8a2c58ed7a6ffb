"""RDF files: formats by name, content whether compressed or not, and what is wrong with them."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final
from xml.parsers import expat

import pyoxigraph as ox

from clustergraph.errors import ClusterGraphError, SyntaxFaultError, UnreadableInputError

__all__ = ["SUFFIXES", "format_of", "opened", "reading_of"]

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

_GZIP: Final = b"\x1f\x8b"
_BUFFER_BYTES: Final = 1 << 18


def format_of(path: Path) -> ox.RdfFormat:
    """Return the format of a file, by its name.

    Raises:
        UnreadableInputError: the name does not say.
    """
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    try:
        return SUFFIXES[suffix]
    except KeyError:
        known = ", ".join(SUFFIXES)
        raise UnreadableInputError(
            str(path), f"no RDF file by its name; the endings are {known}, each also with .gz"
        ) from None


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
        yield
    except SyntaxError as error:
        raise _fault(path, form, error) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableInputError(str(path), f"is badly compressed ({error})") from error


def _fault(path: Path, form: ox.RdfFormat, error: SyntaxError) -> ClusterGraphError:
    reason = str(error.msg)
    if "LoadDocumentCallback" in reason:
        return UnreadableInputError(
            str(path), "its @context is an address, and nothing is fetched: write the context out"
        )
    if "No scheme found" in reason:
        reason = "a relative IRI: write it in full, or say with --base against which to resolve it"
    # The parser writes the position before its reason.
    head, colon, rest = reason.partition(": ")
    if colon and head.startswith("Parser error"):
        reason = rest
    if error.lineno is not None:
        return SyntaxFaultError(str(path), reason, error.lineno, error.offset)
    if form == ox.RdfFormat.RDF_XML and (place := _place_in_xml(path)):
        return SyntaxFaultError(str(path), *place)
    return UnreadableInputError(str(path), reason)


def _place_in_xml(path: Path) -> tuple[str, int, int] | None:
    """Say what is wrong with an XML file and where; the engine's parser tells no place."""
    parser = expat.ParserCreate()
    with opened(path) as (content, _):
        try:
            parser.ParseFile(content)
        except expat.ExpatError as fault:
            return str(fault), fault.lineno, fault.offset + 1
    return None
