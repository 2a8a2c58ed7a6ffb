"""Ontologies and shapes on other hosts or in other files that data and shapes import.

Source: OWL 2 Structural Specification, section 3.4 (owl:imports).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import urldefrag, urlsplit
from urllib.request import url2pathname

import pyoxigraph as ox

from clustergraph.csvw import Place
from clustergraph.errors import NotFetchedError, UnreadableInputError
from clustergraph.rdf.files import SUFFIXES
from clustergraph.shacl.locate import place_of
from clustergraph.shacl.reading import Statements, parse, read_rdf
from clustergraph.vocab import PREFIXES

if TYPE_CHECKING:
    from clustergraph.shacl.fetching import Outside

_IMPORTS: Final = ox.NamedNode(PREFIXES["owl"] + "imports")
_VERSION: Final = ox.NamedNode(PREFIXES["owl"] + "versionIRI")
_TYPE: Final = ox.NamedNode(PREFIXES["rdf"] + "type")
_ONTOLOGY: Final = ox.NamedNode(PREFIXES["owl"] + "Ontology")
_VAGUE: Final = frozenset({"", "text/plain", "text/xml", "application/xml", "application/json"})
"""Media types that servers give to any text; the ending of the address then says more."""


def declared(triples: Iterable[ox.Triple]) -> set[str]:
    """Return the IRIs and version IRIs of the ontologies that triples declare."""
    found: set[object] = set()
    for triple in triples:
        if triple.predicate == _TYPE and triple.object == _ONTOLOGY:
            found.add(triple.subject)
        elif triple.predicate == _VERSION:
            found.add(triple.object)
    return {urldefrag(term.value)[0] for term in found if isinstance(term, ox.NamedNode)}


def imports_of(triples: Iterable[ox.Triple]) -> Iterator[tuple[ox.Triple, str]]:
    """Yield the statements that import an ontology, with its address."""
    for triple in triples:
        if triple.predicate == _IMPORTS and isinstance(triple.object, ox.NamedNode):
            yield triple, urldefrag(triple.object.value)[0]


def imported(
    statements: Statements,
    outside: Outside | None,
    local: bool = False,
    unread: list[str] | None = None,
) -> dict[ox.Triple, str]:
    """Return what documents state that are imported, and those that these import.

    An ontology that the statements themselves declare is at hand already. Documents that import
    each other are read once.

    Args:
        statements: data or shapes, with their places.
        outside: what may be fetched; hears of what it does not admit. None: nothing.
        local: whether files on this machine are read.
        unread: is added what is not read, in words.

    Returns:
        Triples, each with the address of the document that states it.

    Raises:
        NotFetchedError: a document that may be fetched cannot be had, or not be read.
    """
    known = declared(statements)
    found: dict[ox.Triple, str] = {}
    files = {place.path.resolve() for places in set(statements.values()) for place in places}
    todo: deque[tuple[str, str, Place | None]] = deque(
        (address, f"owl:imports {triple.object}", place_of(triple, statements))
        for triple, address in imports_of(statements)
    )
    while todo:
        address, words, place = todo.popleft()
        path = _local_file(address)
        if address in known or path in files:
            continue
        known.add(address)
        told = f"{place}: {words}" if place else words
        try:
            if local and path is not None:
                triples = read_rdf(path)
            elif outside is not None and outside.admits(address):
                triples = _fetched(address, outside)
            elif outside is not None:
                remote = urlsplit(address).scheme in ("http", "https")
                why = "no --fetch names it" if remote else "only http and https are; give --imports"
                outside.unmatched.append(f"{told} is not fetched: {why}")
                continue
            else:
                local_hint = "give --imports, or the file as another --shapes"
                hint = local_hint if path else "--fetch names what may be fetched"
                if unread is not None:
                    unread.append(f"{told} was not read: {hint}")
                continue
        except UnreadableInputError as error:
            reason = f"{words} cannot be read: {error}"
            at = place or Place(Path("owl:imports"))
            raise NotFetchedError(str(at.path), reason, at.row, at.character) from error
        found |= dict.fromkeys(triples, address)
        known |= declared(triples)
        todo.extend(
            (further, f"owl:imports {triple.object} in <{address}>", place)
            for triple, further in imports_of(triples)
        )
    return found


def _local_file(address: str) -> Path | None:
    """Return the file of this machine that an address names, if it names one."""
    parts = urlsplit(address)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    return Path(url2pathname(parts.path)).resolve()


def _fetched(address: str, outside: Outside) -> list[ox.Triple]:
    document = outside.get(address)
    rdf_format = ox.RdfFormat.from_media_type(document.media_type)
    if document.media_type in _VAGUE or rdf_format is None:
        ending = PurePosixPath(urlsplit(document.address).path).suffix.lower()
        rdf_format = SUFFIXES.get(ending, rdf_format)
    if rdf_format is None:
        kind = document.media_type or "nothing"
        reason = f"is no RDF (the server says {kind}): name the address of the document itself"
        raise UnreadableInputError(document.address, reason)
    return parse(document.address, document.content, rdf_format, document.address)
