"""Files to validate, as triples that know where they come from.

RDF is read by the embedded engine's parsers, tables by `clustergraph.csvw`. Nothing is fetched.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.csvw import CodeLists, Place, code_lists, convert
from clustergraph.errors import UnreadableInputError
from clustergraph.rdf import files

STANDARD_INPUT: Final = Path("<stdin>")
"""What stands for standard input among paths, once `keep_input` has been given its content."""

_MARKUP: Final = re.compile(rb"\s*<(\?xml|!--|!DOCTYPE|rdf:RDF)")
_QUAD: Final = re.compile(
    rb'(<[^>]*>|_:\S+)\s+<[^>]*>\s+(<[^>]*>|_:\S+|"[^\n]*"\S*)\s+[<_][^\n]*\.\s*$'
)
_TABLES: Final = frozenset({".csv", ".tsv", ".xlsx"})
_METADATA: Final = ("csv-metadata.json", "*-metadata.json")

Statements = dict[ox.Triple, tuple[Place, ...]]
"""Triples with the places that state them; named graphs are read as one graph."""


def read(paths: Iterable[Path], notices: list[str] | None = None) -> Statements:
    """Read files and directories; a file that is named twice is read once.

    Args:
        paths: RDF files (also compressed by gzip), tables with metadata beside them, the metadata
            documents themselves, and directories of all these.
        notices: is added which of the paths hold no statements, in words.

    Raises:
        UnreadableInputError: a path does not exist, or its format is not known.
        SyntaxFaultError: a file breaks the grammar of its format.
        TablesError: cells break their table's metadata.
    """
    statements: Statements = {}
    seen: set[Path] = set()
    for path in paths:
        last: tuple[Place, ...] = ()
        empty = path.resolve() not in seen
        for triple, place in _statements(path, seen):
            empty = False
            known = statements.get(triple)
            if known is None:
                # Of an RDF file all statements share one place, until somebody looks closer.
                if not last or last[0] is not place:
                    last = (place,)
                statements[triple] = last
            elif place not in known:
                statements[triple] = (*known, place)
        if empty and notices is not None:
            notices.append(f"{path}: holds no statements")
    return statements


def read_rdf(path: Path) -> list[ox.Triple]:
    """Read one RDF file.

    Args:
        path: the file, or what stands for standard input.

    Raises:
        UnreadableInputError: it cannot be opened, its format is not known, or it needs something
            from the network.
        SyntaxFaultError: it breaks the grammar of its format.
    """
    rdf_format = format_of(path) or files.format_of(path)
    return parse(str(path), content_of(path), rdf_format, path.resolve().as_uri())


def parse(source: str, content: bytes, rdf_format: ox.RdfFormat, base: str) -> list[ox.Triple]:
    """Read an RDF document.

    Args:
        source: its path or address, as errors tell it.
        content: what it holds.
        rdf_format: what it is written in.
        base: the IRI that relative ones are resolved against.

    Raises:
        UnreadableInputError: it holds what cannot be validated, or needs the network.
        SyntaxFaultError: it breaks the grammar of its format.
    """
    if rdf_format == ox.RdfFormat.RDF_XML and (reason := files.entity_fault(io.BytesIO(content))):
        raise UnreadableInputError(source, reason)
    triples = []
    try:
        for quad in ox.parse(
            content,
            format=rdf_format,
            base_iri=base,
            rename_blank_nodes=True,
        ):
            if isinstance(quad.object, ox.Triple) or isinstance(quad.subject, ox.Triple):
                raise UnreadableInputError(
                    source, f"a triple about a triple ({quad.object}) cannot be validated"
                )
            triples.append(quad.triple)
    except SyntaxError as error:
        raise files.syntax_fault(source, rdf_format, error, io.BytesIO(content)) from error
    return triples


def _statements(path: Path, seen: set[Path]) -> Iterator[tuple[ox.Triple, Place]]:
    full = path.resolve()
    if full in seen:
        return
    seen.add(full)
    if path.is_dir():
        yield from _directory(path, seen)
    elif path not in _kept and not path.exists():
        raise UnreadableInputError(str(path), "there is no such file or directory")
    elif _is_table(path):
        yield from _tables(path)
    else:
        place = Place(path)
        for triple in read_rdf(path):
            yield triple, place


def _directory(directory: Path, seen: set[Path]) -> Iterator[tuple[ox.Triple, Place]]:
    """Read all of a directory: its tables as a group, then its RDF files at any depth."""
    found = False
    if any(next(directory.glob(pattern), None) for pattern in _METADATA):
        found = True
        yield from _tables(directory)
    for path in files.visible(directory):
        if format_of(path) is not None:
            found = True
            yield from _statements(path, seen)
    if not found:
        raise UnreadableInputError(
            str(directory),
            "holds nothing to validate: neither RDF files nor tables with csv-metadata.json",
        )


def _tables(path: Path) -> Iterator[tuple[ox.Triple, Place]]:
    for traced in convert(path, codes=_codes()):
        yield ox.Triple(traced.subject, traced.predicate, traced.object), traced.place


@cache
def _codes() -> CodeLists:
    """Return the shipped code lists, which tables are compared with."""
    return code_lists(
        triple for path in artefacts.files("ontology", "*.ttl") for triple in read_rdf(path)
    )


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in _TABLES or path.name.endswith("-metadata.json")


_kept: Final[dict[Path, bytes]] = {}
_declared: Final[dict[Path, ox.RdfFormat]] = {}


def keep_input(content: bytes, rdf_format: ox.RdfFormat | None = None) -> Path:
    """Keep what came by standard input: it is read now and, for a report, once more.

    Args:
        content: all of it, compressed by gzip or not.
        rdf_format: its format; None: what it looks like.

    Returns:
        `STANDARD_INPUT`, which is read like a file in the working directory from now on.

    Raises:
        UnreadableInputError: it is badly compressed.
    """
    content = files.decompressed(str(STANDARD_INPUT), content)
    _kept[STANDARD_INPUT] = content
    declare_format(STANDARD_INPUT, rdf_format or _likely(content))
    return STANDARD_INPUT


def declare_format(path: Path, rdf_format: ox.RdfFormat) -> None:
    """Have a file read as a format, whatever its name says."""
    _declared[path] = rdf_format


def _likely(content: bytes) -> ox.RdfFormat:
    """Return the format that a text looks to be written in.

    TriG takes Turtle and N-Triples as well; ``[`` begins a text in either TriG or JSON.
    """
    if _MARKUP.match(content):
        return ox.RdfFormat.RDF_XML
    if content.lstrip()[:1] in (b"{", b"["):
        with suppress(ValueError, RecursionError):
            json.loads(content)
            return ox.RdfFormat.JSON_LD
    lines = (line.strip() for line in content.splitlines())
    first = next((line for line in lines if line and not line.startswith(b"#")), b"")
    return ox.RdfFormat.N_QUADS if _QUAD.match(first) else ox.RdfFormat.TRIG


def format_of(path: Path) -> ox.RdfFormat | None:
    """Return the RDF syntax that the file's name promises; None for any other file."""
    return _declared.get(path) or files.format_by_name(path)


def content_of(path: Path) -> bytes:
    """Return a file's bytes, decompressed, without a byte order mark.

    Raises:
        UnreadableInputError: it cannot be opened, or is not compressed by gzip as its name says.
    """
    return _kept[path] if path in _kept else files.content_of(path)
