"""The search index of a generation: a database that is made once, kept, and shared by workers.

It is a file in the cache directory, named after the store, its generation and the code that made
it. A process of its own makes it when a generation is published (`http.ahead`), or else whoever
needs it first, and removes those of older generations. If the store knows what was changed since an
older one, this is copied and brought up to date. Where the cache cannot be written, or the graph is
another server's, the index is made in memory.
"""

# SQL is put together here of constants and question marks alone.
# ruff: noqa: S608

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clustergraph import spelling
from clustergraph.errors import StoreError
from clustergraph.pages.gather import CODES, KINDS, Name, Thing, concerned, gather, key
from clustergraph.pages.index import Index
from clustergraph.protocol import faults
from clustergraph.quadstore.delta import changed
from clustergraph.quadstore.disk import alone, make_private
from clustergraph.quadstore.engine import Engine
from clustergraph.settings import cache_directory
from clustergraph.vocab import CG

if TYPE_CHECKING:
    import pyoxigraph as ox

    from clustergraph.pages.visit import Visit
    from clustergraph.quadstore.engine import Queryable

__all__ = ["build", "ensure", "of", "update"]

_REFRESH_S: Final = 600
# How long a visitor waits for another process that makes the index.
_PATIENCE_S: Final = 5.0
# For as long as it may take to make the index of a new generation anew, that of the one before it
# serves.
_SOON_S: Final = 120.0
_SCHEMA: Final = """
CREATE TABLE thing (id INTEGER PRIMARY KEY, iri TEXT UNIQUE, kind TEXT, place INTEGER,
  shown INTEGER, en TEXT, cs TEXT, acronym TEXT, text_en TEXT, text_cs TEXT, city TEXT,
  country TEXT, lon REAL, lat REAL, homepage TEXT);
CREATE TABLE facet (name TEXT, value TEXT, thing INTEGER, PRIMARY KEY (name, value, thing))
  WITHOUT ROWID;
CREATE TABLE value (name TEXT, value TEXT, iri TEXT, en TEXT, cs TEXT, PRIMARY KEY (name, value))
  WITHOUT ROWID;
CREATE INDEX value_of ON value (iri);
CREATE TABLE entry (id INTEGER PRIMARY KEY, name TEXT, key TEXT, place TEXT, body TEXT);
CREATE VIRTUAL TABLE words USING fts5(name, key, place, body, content='entry', content_rowid='id',
  tokenize="unicode61 remove_diacritics 0");
CREATE VIRTUAL TABLE known USING fts5vocab(words, row);
"""
_FINISH: Final = "CREATE INDEX facets_of ON facet (thing, name); ANALYZE;"
# Whoever fails throws the file away.
_QUICKLY: Final = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
_KIND_NAMES: Final = {
    "Organization": Name("organisation", "organizace"),
    "Class": Name("term of the ontology", "pojem ontologie"),
}
# The names of these values are also among the words of a thing.
_AROUND: Final = ("country", "region", "ecosystem", "sector")
# Of more things than these the index is made anew.
_MOST_CHANGED: Final = 1000


def of(visit: Visit) -> Index:
    """Return the index of the generation that a visit is answered from; make it if need be.

    Where it has to be made anew, that of a generation before serves; `Index.generation` tells.

    Raises:
        RequestError: another process makes it, and there is none from before.
    """
    memory = visit.context.memory
    kept = memory.get("search index")
    if isinstance(kept, Index) and (
        visit.generation or time.monotonic() - kept.made_at < _REFRESH_S
    ):
        return kept
    index = _shared(visit)
    if index is None:
        database = sqlite3.connect(":memory:")
        build(visit.engine, database)
        index = Index(database, visit.generation)
    if index.generation == visit.generation:
        memory["search index"] = index
    return index


def ensure(visit: Visit) -> None:
    """Make the index of a generation, unless it is there, however long that takes."""
    if (place := _place(visit)) is not None:
        with suppress(OSError, sqlite3.OperationalError):
            place.made(wait_s=None)


def _shared(visit: Visit) -> Index | None:
    """Open the file of a generation, or make it; None: that cannot be done."""
    place = _place(visit)
    if place is None:
        return None
    try:
        if not place.path.exists():
            older = place.before()
            left = older is not None and time.time() - place.committed_at < _SOON_S
            if not place.made(_PATIENCE_S, whole=not left):
                if older is not None:
                    return older.open()
                raise faults.not_ready(
                    "the search is being prepared for this state of the graph; try again in a "
                    "few seconds"
                )
        return place.open()
    except (OSError, sqlite3.OperationalError):
        return None


def _place(visit: Visit) -> _Place | None:
    engine = visit.engine
    if not isinstance(engine, Engine):
        return None
    store = blake2b(str(engine.directory).encode(), digest_size=9).hexdigest()
    return _Place(engine, store, visit.generation, visit.context.committed_at or 0.0)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the index of a generation lies.

    Attributes:
        engine: the graph.
        store: a digest of the store's directory.
        generation: the number.
        committed_at: when it was published.
    """

    engine: Engine
    store: str
    generation: int
    committed_at: float

    @property
    def path(self) -> Path:
        name = f"{self.store}-{self.generation:06}-{self.committed_at}-{_code()}.sqlite"
        return cache_directory() / "search" / name

    def open(self) -> Index:
        address = f"file:{self.path.as_posix()}?mode=ro&immutable=1"
        return Index(sqlite3.connect(address, uri=True), self.generation)

    def made(self, wait_s: float | None, whole: bool = True) -> bool:
        """Make it, unless it is there; return whether it is there now.

        Args:
            wait_s: how long to wait for somebody else who is at it; None: as long as it takes.
            whole: whether to make it anew if no other can be brought up to date.

        Raises:
            OSError: the cache cannot be written.
        """
        room = self.path.parent
        make_private(room)
        if not os.access(room, os.W_OK):
            raise PermissionError(str(room))
        try:
            with alone(room, f"{self.store}.lock", wait_s):
                if not self.path.exists():
                    if not self._make(whole):
                        return False
                    for other in self._others():
                        # Not what was published later. Workers that have one open keep reading it.
                        if other.committed_at <= self.committed_at:
                            other.path.unlink(missing_ok=True)
        except StoreError:
            return False
        return True

    def before(self) -> _Place | None:
        """Return the last one before it that there is."""
        earlier = (one for one in self._others() if one.generation < self.generation)
        return max(earlier, key=lambda one: one.generation, default=None)

    def _others(self) -> Iterator[_Place]:
        for path in self.path.parent.glob(f"{self.store}-*.sqlite"):
            _, number, committed_at, code = path.stem.split("-")
            if code != _code():
                path.unlink(missing_ok=True)
            elif path != self.path:
                yield _Place(self.engine, self.store, int(number), float(committed_at))

    def _make(self, whole: bool) -> bool:
        """Make the file; nothing but a whole index ever stands there, whoever is killed."""
        with tempfile.TemporaryDirectory(prefix=self.path.name, dir=self.path.parent) as room:
            work = Path(room) / "index"
            if not self._updated(work):
                if not whole:
                    return False
                work.unlink(missing_ok=True)
                with closing(sqlite3.connect(work)) as database:
                    build(self.engine, database)
            work.replace(self.path)
        return True

    def _updated(self, work: Path) -> bool:
        """Bring a copy of an older index up to date; return whether that could be done."""
        older = self.before()
        if older is None:
            return False
        triples = changed(
            self.engine.directory, older.generation, older.committed_at, self.generation
        )
        if triples is None:
            return False
        shutil.copyfile(older.path, work)
        with closing(sqlite3.connect(work)) as database:
            return update(self.engine, self.engine.store, database, triples)


@cache
def _code() -> str:
    """Return a digest of the code that makes indexes: another one makes other indexes."""
    digest = blake2b(digest_size=6)
    pages = Path(__file__).parent
    sources = [pages / f"{name}.py" for name in ("indexes", "gather", "europe")]
    for source in (*sources, Path(spelling.__file__)):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def build(engine: Queryable, database: sqlite3.Connection) -> None:
    """Fill an empty database with what the graph has."""
    database.executescript(_QUICKLY + _SCHEMA)
    with database:
        _put(database, *gather(engine))
    database.executescript(_FINISH)


def update(
    engine: Queryable, store: ox.Store, database: sqlite3.Connection, triples: Iterable[ox.Triple]
) -> bool:
    """Bring the index of an earlier state of the graph in line with the present one.

    Args:
        engine: asks the graph.
        store: holds it.
        database: as `build` made it; of no use any more if this fails.
        triples: what was added to the graph or removed from it since.

    Returns:
        Whether that was done; no: so much may have changed that `build` is quicker.
    """
    concern = concerned(store, triples, _MOST_CHANGED)
    if concern is None:
        return False
    database.executescript(_QUICKLY + "CREATE TEMP TABLE changed (iri TEXT PRIMARY KEY)")
    with database:
        database.executemany("INSERT INTO changed VALUES (?)", ([iri] for iri in concern))
        # The name of a value is also among the words of the things that have it.
        database.execute(
            "INSERT OR IGNORE INTO changed SELECT thing.iri FROM changed JOIN value USING (iri) "
            "JOIN facet USING (name, value) JOIN thing ON thing.id = facet.thing "
            f"LIMIT {_MOST_CHANGED + 1}"
        )
        iris = [row[0] for row in database.execute("SELECT iri FROM changed")]
        if len(iris) > _MOST_CHANGED:
            return False
        ids = "(SELECT id FROM thing JOIN changed USING (iri))"
        values = database.execute(
            f"SELECT DISTINCT name, value FROM facet WHERE thing IN {ids}"
        ).fetchall()
        gone = database.execute(f"SELECT * FROM entry WHERE id IN {ids}").fetchall()
        database.executemany(
            "INSERT INTO words (words, rowid, name, key, place, body) VALUES ('delete', ?,?,?,?,?)",
            gone,
        )
        for table, column in (("entry", "id"), ("facet", "thing"), ("thing", "id")):
            database.execute(f"DELETE FROM {table} WHERE {column} IN {ids}")
        _put(database, *gather(engine, iris))
        database.executemany(
            "DELETE FROM value WHERE name = ?1 AND value = ?2 AND NOT EXISTS "
            "(SELECT 1 FROM facet WHERE name = ?1 AND value = ?2)",
            values,
        )
    return True


def _put(
    database: sqlite3.Connection, things: Mapping[str, Thing], names: Mapping[str, Name]
) -> None:
    """Add things, and the words that they are found by."""
    (last,) = database.execute("SELECT COALESCE(MAX(id), 0) FROM thing").fetchone()
    rows, facets, values, entries = [], [], {}, []
    for number, (iri, thing) in enumerate(things.items(), start=last + 1):
        place = KINDS.index(thing.kind) if thing.kind in KINDS else len(KINDS)
        rows.append(
            (number, iri, thing.kind, place, True, thing.name.en, thing.name.cs, thing.acronym,
             thing.text.en, thing.text.cs, thing.city, key("country", thing.country),
             *(thing.point or (None, None)), thing.homepage)
        )  # fmt: skip
        around = []
        for facet, iris in thing.facets.items():
            for one in iris:
                short = one if facet == "year" else key(facet, one)
                facets.append((facet, short, number))
                if facet != "year":
                    name = _kind_name(short, names) if facet == "kind" else names[one]
                    values[facet, short] = (facet, short, one, name.en, name.cs)
                if facet in _AROUND:
                    around += [names[one].en, names[one].cs]
        columns = (
            [thing.name.en, thing.name.cs],
            [*thing.keys, iri.rpartition("/")[2]],
            [*thing.places, *sorted(around)],
            thing.texts,
        )
        texts = (" ".join(spelling.words(" ".join(column))) for column in columns)
        entries.append((number, *texts))
    for table, found in (
        ("thing", rows), ("facet", facets), ("value", list(values.values())), ("entry", entries),
        ("words (rowid, name, key, place, body)", entries),
    ):  # fmt: skip
        if found:
            marks = ", ".join("?" * len(found[0]))
            database.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", found)
    for kind, facet in CODES.items():
        database.execute(
            "UPDATE thing SET shown = EXISTS (SELECT 1 FROM value JOIN facet USING (name, value) "
            "JOIN thing AS one ON one.id = facet.thing WHERE value.name = ?1 "
            f"AND value.iri = thing.iri AND one.kind NOT IN {(*CODES,)}) WHERE kind = ?2",
            [facet, kind],
        )


def _kind_name(kind: str, names: Mapping[str, Name]) -> Name:
    return _KIND_NAMES.get(kind) or names.get(CG + kind, Name(kind))
