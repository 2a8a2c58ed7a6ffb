"""The shipped graph as validation wants it: open on disk, with the cells behind its statements.

Putting the graph together takes seconds, so that it is kept in the cache, and so is what says
which cell made which statement. Only statements that a finding is about are looked up.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.errors import StoreError
from clustergraph.settings import cache_directory
from clustergraph.store import fingerprint, open_shipped
from clustergraph.store.memory import stored
from clustergraph.tables import Place
from clustergraph.validation.paths import Term
from clustergraph.validation.reading import Statements

if TYPE_CHECKING:
    from clustergraph.dataset import Dataset

__all__ = ["Shipped"]

_SCHEMA: Final = (
    "CREATE TABLE place (statement TEXT, path TEXT, row INTEGER, name TEXT, number INTEGER);"
    "CREATE INDEX by_statement ON place (statement);"
    "CREATE TABLE size (triples INTEGER, files INTEGER);"
)


class Shipped:
    """The shipped graph, built first where the cache lacks it.

    Attributes:
        store: all its named graphs.
        triples: how many different triples it holds.
        files: how many files state them.

    Raises:
        StoreError: the cache directory cannot be written.
        TablesError: the shipped tables are broken.
    """

    def __init__(self) -> None:
        self._engine = open_shipped(lambda: _assembled().quads)
        self.store = self._engine.store
        self._index = _index()
        with closing(sqlite3.connect(self._index)) as index:
            ((self.triples, self.files),) = index.execute("SELECT triples, files FROM size")

    def statements(self, things: Iterable[Term]) -> Statements:
        """Return the statements about things, and those that name them, with their cells."""
        found: dict[ox.Triple, tuple[Place, ...]] = {}
        room = artefacts.room("data")
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
                            Place(room / path, row=row, column=name, number=number)
                            for path, row, name, number in rows
                        )
        return found


@cache
def _assembled() -> Dataset:
    from clustergraph import dataset

    return dataset.assemble()


def _index() -> Path:
    """Return the file that says which cell made which statement; write it first if need be."""
    directory = cache_directory() / "places"
    path = directory / f"{fingerprint()}.sqlite"
    if path.exists():
        return path
    part = directory / f"{path.name}.{os.getpid()}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        _write(part)
        for other in directory.glob("*.sqlite"):
            other.unlink(missing_ok=True)
        part.replace(path)
    except (OSError, sqlite3.OperationalError) as error:
        raise StoreError(
            f"{directory}: an index has to be written there, but cannot be ({error}); "
            "name another directory in CLUSTERGRAPH_CACHE"
        ) from error
    return path


def _write(path: Path) -> None:
    whole, room = _assembled(), artefacts.room("data")
    rows = [
        (str(_as_stored(triple)), str(place.path.relative_to(room)), *place[2:5])
        for triple, places in whole.places.items()
        for place in places
    ]
    files = {place.path for places in whole.places.values() for place in places}
    with closing(sqlite3.connect(path)) as index, index:
        index.executescript(_SCHEMA)
        index.executemany("INSERT INTO place VALUES (?, ?, ?, ?, ?)", rows)
        triples = len({quad.triple for quad in whole.quads})
        index.execute("INSERT INTO size VALUES (?, ?)", (triples, len(files)))


def _as_stored(triple: ox.Triple) -> ox.Triple:
    value = triple.object
    if not isinstance(value, ox.Literal):
        return triple
    return ox.Triple(triple.subject, triple.predicate, stored(value))
