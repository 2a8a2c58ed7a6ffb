"""The tables of a search index: made of a whole graph, and brought up to date by what changed."""

# SQL is put together here of constants and question marks alone.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from clustergraph import spelling
from clustergraph.pages.facets import key
from clustergraph.pages.gather import CODES, KINDS, Name, Thing, concerned, gather
from clustergraph.vocab import CG

if TYPE_CHECKING:
    import pyoxigraph as ox

    from clustergraph.quadstore.engine import Queryable

__all__ = ["LEAST_LETTERS", "build", "update"]

LEAST_LETTERS: Final = 4
"""Shorter words have too many neighbours to put their spelling right."""

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
CREATE TABLE gram (gram TEXT, word TEXT, PRIMARY KEY (gram, word)) WITHOUT ROWID;
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


def build(engine: Queryable, database: sqlite3.Connection) -> None:
    """Fill an empty database with what the graph has."""
    database.executescript(_QUICKLY + _SCHEMA)
    with database:
        _put(database, *gather(engine))
        known = [row[0] for row in database.execute("SELECT term FROM known")]
        _learn(database, known)
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
        changed = [row[0] for row in database.execute("SELECT iri FROM changed")]
        if len(changed) > _MOST_CHANGED:
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
        new = _put(database, *gather(engine, changed))
        database.executemany(
            "DELETE FROM value WHERE name = ?1 AND value = ?2 AND NOT EXISTS "
            "(SELECT 1 FROM facet WHERE name = ?1 AND value = ?2)",
            values,
        )
        _learn(
            database, {word for row in (*gone, *new) for text in row[1:] for word in text.split()}
        )
    return True


def _put(
    database: sqlite3.Connection, things: Mapping[str, Thing], names: Mapping[str, Name]
) -> list[tuple[Any, ...]]:
    """Add things; return the words that they are found by."""
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
    return entries


def _learn(database: sqlite3.Connection, words: Iterable[str]) -> None:
    """Keep the parts of those words that are there, to find them by misspelt ones."""
    for word in words:
        if len(word) < LEAST_LETTERS or word.isdigit():
            continue
        if database.execute("SELECT 1 FROM known WHERE term = ?", [word]).fetchone():
            grams = ((gram, word) for gram in spelling.grams(word))
            database.executemany("INSERT OR IGNORE INTO gram VALUES (?, ?)", grams)
        else:
            database.execute("DELETE FROM gram WHERE word = ?", [word])


def _kind_name(kind: str, names: Mapping[str, Name]) -> Name:
    return _KIND_NAMES.get(kind) or names.get(CG + kind, Name(kind))
