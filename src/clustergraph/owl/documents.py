"""The documents of an ontology: its files, those that are not read, and the ontologies it imports.

Source: OWL 2 Structural Specification, sections 3.2 (ontology documents) and 3.4 (imports); OASIS
XML Catalogs 1.1, section 6.5 (``uri`` entries, as Protégé and the OWL API write them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urldefrag, urlsplit

import defusedxml.ElementTree
import pyoxigraph as ox
from defusedxml.common import DefusedXmlException

from clustergraph.errors import SyntaxFaultError, UnreadableInputError
from clustergraph.rdf.files import recognise_ontology_syntax, visible
from clustergraph.shacl.imports import declared, imports_of
from clustergraph.shacl.reading import Statements, content_of, format_of, read

_ENTRY: Final = "{urn:oasis:names:tc:entity:xmlns:xml:catalog}uri"
_SHIPPED: Final = ("*.ttl", "alignments/*.ttl")


@dataclass
class Documents:
    """An ontology with what belongs to it.

    Attributes:
        paths: the files that were read, those of imported ontologies included.
        statements: what they state, with positions.
        skipped: files that were not read, each with the reason.
        not_loaded: the statements of imports that could not be loaded.
    """

    paths: list[Path] = field(default_factory=list)
    statements: Statements = field(default_factory=dict)
    skipped: dict[Path, str] = field(default_factory=dict)
    not_loaded: list[ox.Triple] = field(default_factory=list)


def load(
    path: Path, catalog: Mapping[str, Path] | None = None, *, shipped: bool = False
) -> Documents:
    """Read an ontology and the ontologies that it imports.

    Args:
        path: a file, or a directory whose RDF files at any depth make up the ontology.
        catalog: ontology IRI → file, for imports. Without it, a ``catalog-v001.xml`` beside the
            ontology is used. Nothing is fetched.
        shipped: whether the directory is that of the shipped ontology, whose code lists are data.

    Raises:
        UnreadableInputError: a file cannot be read, or is in a syntax other than RDF.
    """
    found = Documents()
    found.paths = list(_files(path, found, shipped))
    if not found.paths:
        reasons = "".join(f"; {name.name}: {why}" for name, why in found.skipped.items())
        raise UnreadableInputError(str(path), f"contains no ontology in an RDF syntax{reasons}")
    found.statements = read_named(found.paths)
    known = dict(catalog) if catalog is not None else _catalog_beside(path)
    _load_imports(found, known)
    return found


def read_named(paths: Sequence[Path]) -> Statements:
    """Read RDF files; an error about a file in another ontology syntax names it.

    Raises:
        UnreadableInputError: as `clustergraph.shacl.reading.read`.
    """
    try:
        return read(paths)
    except SyntaxFaultError as error:
        path = Path(error.source)
        name = recognise_ontology_syntax(path, content_of(path)) if path.is_file() else None
        if name is None:
            raise
        raise UnreadableInputError(error.source, _convert(name)) from error


def _convert(name: str) -> str:
    return (
        f"this is {name}, which is not read; convert it to Turtle or RDF/XML (for example, ROBOT)"
    )


def _files(path: Path, found: Documents, shipped: bool) -> Iterator[Path]:
    if not path.is_dir():
        if path.is_file():
            name = recognise_ontology_syntax(path, content_of(path))
            if name is not None:
                raise UnreadableInputError(str(path), _convert(name))
        yield path
        return
    if shipped:
        for pattern in _SHIPPED:
            yield from sorted(path.glob(pattern))
        return
    for file in visible(path):
        if file.name == "catalog-v001.xml":
            continue
        name = recognise_ontology_syntax(file, content_of(file))
        if name is not None:
            found.skipped[file] = _convert(name)
        elif format_of(file) is not None:
            yield file


def read_catalog(path: Path) -> dict[str, Path]:
    """Return which file holds which ontology, from an XML catalogue.

    Args:
        path: the catalogue; its ``uri`` entries name files relative to it.

    Raises:
        UnreadableInputError: it cannot be read, or is not well-formed XML.
    """
    try:
        root = defusedxml.ElementTree.fromstring(path.read_bytes())
    except OSError as error:
        raise UnreadableInputError(str(path), f"cannot be read ({error.strerror})") from error
    except (SyntaxError, ValueError, DefusedXmlException) as error:
        raise UnreadableInputError(str(path), f"is not an XML catalogue: {error}") from error
    entries: dict[str, Path] = {}
    for entry in root.iter(_ENTRY):
        name, uri = entry.get("name"), entry.get("uri")
        if name and uri and urlsplit(uri).scheme in ("", "file"):
            entries[urldefrag(name)[0]] = path.parent / unquote(urlsplit(uri).path)
    return entries


def _catalog_beside(path: Path) -> dict[str, Path]:
    catalog = (path if path.is_dir() else path.parent) / "catalog-v001.xml"
    return read_catalog(catalog) if catalog.is_file() else {}


def _load_imports(found: Documents, catalog: Mapping[str, Path]) -> None:
    """Add the ontologies that are imported, and those that these import, from a catalogue."""
    read_files = {path.resolve() for path in found.paths}
    while True:
        at_hand = declared(found.statements)
        missing = {t: iri for t, iri in imports_of(found.statements) if iri not in at_hand}
        named = dict.fromkeys(catalog[iri] for iri in missing.values() if iri in catalog)
        new = [path for path in named if path.resolve() not in read_files]
        if not new:
            # A document may be imported by its address, which is not the IRI that it declares.
            found.not_loaded = [triple for triple, iri in missing.items() if iri not in catalog]
            return
        for triple, places in read_named(new).items():
            found.statements[triple] = (*found.statements.get(triple, ()), *places)
        found.paths += new
        read_files |= {path.resolve() for path in new}
