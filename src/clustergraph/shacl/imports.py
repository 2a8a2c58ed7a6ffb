"""Ontologies and shapes on other hosts or in other files that data and shapes import.

Source: OWL 2 Structural Specification, section 3.4 (owl:imports).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple
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

__all__ = ["Fetched", "imported"]

_IMPORTS: Final = ox.NamedNode(PREFIXES["owl"] + "imports")
_TYPE: Final = ox.NamedNode(PREFIXES["rdf"] + "type")
_ONTOLOGY: Final = ox.NamedNode(PREFIXES["owl"] + "Ontology")
_VAGUE: Final = frozenset({"", "text/plain", "text/xml", "application/xml", "application/json"})
"""Media types that servers give to any text; the ending of the address then says more."""

Fetched = dict[ox.Triple, str]
"""Triples, with the address of the document that states them."""


class _Link(NamedTuple):
    """That a document is named: where it is, and the words and the place that name it."""

    address: str
    words: str
    place: Place | None

    def told(self, reason: str) -> str:
        """Return why the document is not read, after the place."""
        return f"{self.place}: {self.words} {reason}" if self.place else f"{self.words} {reason}"

    def error(self, reason: str) -> NotFetchedError:
        """Return the error that the document cannot be had."""
        if self.place is None:
            return NotFetchedError(self.words, reason)
        path, row, column = self.place.path, self.place.row, self.place.character
        return NotFetchedError(str(path), f"{self.words} {reason}", row, column)


def imported(
    statements: Statements,
    outside: Outside | None,
    local: bool = False,
    unread: list[str] | None = None,
) -> Fetched:
    """Return what documents state that are imported, and those that these import.

    An ontology that the statements themselves declare is at hand already. Documents that import
    each other are read once.

    Args:
        statements: data or shapes, with their places.
        outside: what may be fetched; hears of what it does not admit. None: nothing.
        local: whether files on this machine are read.
        unread: is added what is not read, in words.

    Raises:
        NotFetchedError: a document that may be fetched cannot be had, or not be read.
    """
    known = _declared(statements)
    found: Fetched = {}
    places = set(statements.values())
    read_already = {place.path.resolve() for several in places for place in several}
    todo = deque(_links(statements))
    while todo:
        link = todo.popleft()
        if link.address in known:
            continue
        known.add(link.address)
        path = _local_file(link.address)
        if path is not None and path in read_already:
            continue
        if local and path is not None:
            try:
                triples = read_rdf(path)
            except UnreadableInputError as error:
                raise link.error(f"cannot be read: {error}") from error
        elif outside is not None and outside.admits(link.address):
            triples = _read(link, outside)
        else:
            if outside is not None:
                remote = urlsplit(link.address).scheme in ("http", "https")
                why = "no --fetch names it" if remote else "only http and https are; give --imports"
                outside.unmatched.append(link.told(f"is not fetched: {why}"))
            elif unread is not None:
                local_hint = "give --imports, or the file as another --shapes"
                hint = local_hint if path else "--fetch names what may be fetched"
                unread.append(link.told(f"was not read: {hint}"))
            continue
        found |= dict.fromkeys(triples, link.address)
        known |= _declared(triples)
        todo.extend(
            _Link(
                urldefrag(triple.object.value)[0],
                f"owl:imports <{triple.object.value}> in <{link.address}>",
                link.place,
            )
            for triple in triples
            if triple.predicate == _IMPORTS and isinstance(triple.object, ox.NamedNode)
        )
    return found


def _links(statements: Statements) -> Iterator[_Link]:
    for triple in statements:
        if triple.predicate == _IMPORTS and isinstance(triple.object, ox.NamedNode):
            address = triple.object.value
            place = place_of(triple, statements)
            yield _Link(urldefrag(address)[0], f"owl:imports <{address}>", place)


def _local_file(address: str) -> Path | None:
    """Return the file of this machine that an address names, if it names one."""
    parts = urlsplit(address)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    return Path(url2pathname(parts.path)).resolve()


def _declared(triples: Iterable[ox.Triple]) -> set[str]:
    """Return the addresses of the ontologies that triples declare."""
    return {
        urldefrag(triple.subject.value)[0]
        for triple in triples
        if triple.predicate == _TYPE
        and triple.object == _ONTOLOGY
        and isinstance(triple.subject, ox.NamedNode)
    }


def _read(link: _Link, outside: Outside) -> list[ox.Triple]:
    # Imported here: requests need many modules, and most runs fetch nothing.
    from clustergraph.shacl.fetching import UnfetchedError

    try:
        document = outside.get(link.address)
    except UnfetchedError as error:
        raise link.error(str(error)) from error
    ending = PurePosixPath(urlsplit(document.address).path).suffix.lower()
    rdf_format = ox.RdfFormat.from_media_type(document.media_type)
    if document.media_type in _VAGUE or rdf_format is None:
        rdf_format = SUFFIXES.get(ending, rdf_format)
    if rdf_format is None:
        kind = document.media_type or "nothing"
        raise link.error(
            f"is no RDF (the server says {kind}): name the address of the document itself"
        )
    try:
        return parse(document.address, document.content, rdf_format, document.address)
    except UnreadableInputError as error:
        raise link.error(f"cannot be read: {error}") from error
