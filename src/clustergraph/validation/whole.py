"""The whole graph as validation wants it: in memory, with the cells behind its statements.

Putting the graph together takes seconds, so that what it says is kept in the cache, and so is
which cell made which statement. Only statements that a finding is about are looked up.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph import artefacts, dataset
from clustergraph.csvw.places import Place
from clustergraph.errors import StoreError
from clustergraph.quadstore.disk import make_private
from clustergraph.quadstore.memory import hold_lines, stored
from clustergraph.settings import cache_directory
from clustergraph.shacl.paths import Term
from clustergraph.shacl.reading import Statements

_SCHEMA: Final = (
    "CREATE TABLE place (statement TEXT, path TEXT, row INTEGER, name TEXT, number INTEGER);"
    "CREATE INDEX by_statement ON place (statement);"
    "CREATE TABLE graph (triples INTEGER, files INTEGER, content BLOB);"
)
_MAKERS: Final = (
    "dataset.py", "vocab.py", "quadstore/memory.py", "validation/whole.py", "csvw/*",
    "statistics/*",
)  # fmt: skip
"""The modules that what is kept depends on, beside the files of the graph."""
_BLANK: Final = re.compile(r"_:\S+")
_KEPT: Final = 4
"""How many graphs stay: of the states between which somebody goes to and fro."""


class Whole:
    """The graph of an ontology and its tables, put together first where the cache lacks it.

    Args:
        ontology: the directory of the ontology and its code lists; the shipped one by default.
        data: the directory of the tables; the shipped one by default.

    Attributes:
        store: its triples, in the default graph.
        triples: how many different triples it holds.
        files: how many files of tables state them.

    Raises:
        StoreError: the cache directory cannot be written.
        TablesError: the tables are broken.
    """

    def __init__(self, ontology: Path | None = None, data: Path | None = None) -> None:
        self._data = data or artefacts.room("data")
        self._index = _index(ontology or artefacts.room("ontology"), self._data)
        with closing(sqlite3.connect(self._index)) as index:
            ((self.triples, self.files, content),) = index.execute("SELECT * FROM graph")
        self.store = hold_lines(content)

    def said(self) -> set[str]:
        """Return all statements as lines of N-Triples.

        Blank nodes are named anew each time that a graph is put together; here all are ``_:``.
        """
        with closing(sqlite3.connect(self._index)) as index:
            ((content,),) = index.execute("SELECT content FROM graph")
        lines = content.decode("utf-8").split("\n")
        return {_BLANK.sub("_:", line) if "_:" in line else line for line in lines}

    def statements(self, things: Iterable[Term]) -> Statements:
        """Return the statements about things, and those that name them, with their cells."""
        found: dict[ox.Triple, tuple[Place, ...]] = {}
        with closing(sqlite3.connect(self._index)) as index:
            for thing in dict.fromkeys(things):
                quads = list(self.store.quads_for_pattern(None, None, thing))
                if not isinstance(thing, ox.Literal):
                    quads += self.store.quads_for_pattern(thing, None, None)
                for triple in (quad.triple for quad in quads):
                    if triple not in found:
                        rows = index.execute(
                            "SELECT path, row, name, number FROM place WHERE statement = ?",
                            (str(triple),),
                        )
                        found[triple] = tuple(
                            Place(self._data / path, row=row, column=name, number=number)
                            for path, row, name, number in rows
                        )
        return found


@cache
def shipped() -> Whole:
    """Return the shipped graph; put together, or read from the cache, once per process."""
    return Whole()


def kept() -> Whole | None:
    """Return the shipped graph if it is in the cache; None: putting it together is left to others.

    For processes that have neither the time nor the memory for it.
    """
    exists = _path(artefacts.room("ontology"), artefacts.room("data")).exists()
    return shipped() if exists else None


def keep() -> None:
    """Put the shipped graph into the cache, where it is not there yet.

    Raises:
        StoreError: the cache directory cannot be written.
        TablesError: the shipped tables are broken.
    """
    _index(artefacts.room("ontology"), artefacts.room("data"))


def _path(ontology: Path, data: Path) -> Path:
    return cache_directory() / "whole" / f"{artefacts.fingerprint(_MAKERS, ontology, data)}.sqlite"


def _index(ontology: Path, data: Path) -> Path:
    """Return the file that holds the graph and its cells; write it first if need be."""
    path = _path(ontology, data)
    directory = path.parent
    if path.exists():
        with suppress(OSError):
            os.utime(path)
        return path
    part = directory / f"{path.name}.{os.getpid()}"
    try:
        make_private(directory)
        part.unlink(missing_ok=True)
        _write(part, ontology, data)
        part.replace(path)
        _prune(directory)
    except (OSError, sqlite3.OperationalError) as error:
        raise StoreError(
            f"{directory}: an index has to be written there, but cannot be ({error}); "
            "name another directory in CLUSTERGRAPH_CACHE"
        ) from error
    return path


def _prune(directory: Path) -> None:
    known = sorted(directory.glob("*.sqlite"), key=lambda path: -path.stat().st_mtime)
    for path in known[_KEPT:]:
        path.unlink(missing_ok=True)


def _write(path: Path, ontology: Path, data: Path) -> None:
    whole = dataset.assemble(ontology, data)
    rows = [
        (str(_as_stored(triple)), str(place.path.relative_to(data)), *place[2:5])
        for triple, places in whole.places.items()
        for place in places
    ]
    files = {place.path for places in whole.places.values() for place in places}
    triples = dict.fromkeys(quad.triple for quad in whole.quads)
    content = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    with closing(sqlite3.connect(path)) as index, index:
        index.executescript(_SCHEMA)
        index.executemany("INSERT INTO place VALUES (?, ?, ?, ?, ?)", rows)
        index.execute("INSERT INTO graph VALUES (?, ?, ?)", (len(triples), len(files), content))


def _as_stored(triple: ox.Triple) -> ox.Triple:
    value = triple.object
    if not isinstance(value, ox.Literal):
        return triple
    return ox.Triple(triple.subject, triple.predicate, stored(value))
