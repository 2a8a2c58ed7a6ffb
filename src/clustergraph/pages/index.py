"""The search index: SQLite with full text (FTS5); `indexes` keeps one for each generation."""

# SQL is put together here of constants and question marks alone.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from clustergraph import spelling
from clustergraph.pages.facets import key
from clustergraph.pages.gather import KINDS, Name, Thing, gather
from clustergraph.vocab import CG

if TYPE_CHECKING:
    from clustergraph.quadstore.engine import Queryable

__all__ = ["Found", "Index", "Option", "Selection", "build"]

_SCHEMA: Final = """
CREATE TABLE thing (id INTEGER PRIMARY KEY, iri TEXT, kind TEXT, place INTEGER, en TEXT, cs TEXT,
  text TEXT, city TEXT, country TEXT, lon REAL, lat REAL, homepage TEXT);
CREATE TABLE facet (name TEXT, value TEXT, thing INTEGER, PRIMARY KEY (name, value, thing))
  WITHOUT ROWID;
CREATE TABLE value (name TEXT, value TEXT, iri TEXT, en TEXT, cs TEXT, PRIMARY KEY (name, value))
  WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(name, key, place, body, content='',
  tokenize="unicode61 remove_diacritics 0");
CREATE VIRTUAL TABLE known USING fts5vocab(words, row);
CREATE TABLE gram (gram TEXT, word TEXT, n INTEGER, PRIMARY KEY (gram, word)) WITHOUT ROWID;
"""
_FINISH: Final = "CREATE INDEX facets_of ON facet (thing, name); ANALYZE;"
# How much a word counts by where it stands: name, key, place, the rest.
_WEIGHTS: Final = "10.0, 6.0, 3.0, 1.0"
# Shorter words have too many neighbours.
_LEAST_LETTERS: Final = 4
_CANDIDATES: Final = 80
_MOST_WORDS: Final = 12


@dataclass(frozen=True, slots=True)
class Selection:
    """What is looked for.

    Attributes:
        text: the words.
        chosen: by facet, values of which one is to fit; a year may be a range, ``2010-2019``.
    """

    text: str = ""
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a facet.

    Attributes:
        value: as the address has it.
        en: its name.
        cs: its name in Czech; empty: none.
        count: how many results there are with it.
        chosen: whether it is.
    """

    value: str
    en: str
    cs: str
    count: int
    chosen: bool

    def name(self, language: str) -> str:
        """Return its name in a language, as far as there is one."""
        return (self.cs if language == "cs" else "") or self.en or self.cs or self.value


@dataclass(slots=True)
class Found:
    """What was found.

    Attributes:
        total: how many.
        instead: words that were looked for instead of others that are nowhere.
        partly: no result had all the words; these have some.
    """

    total: int = 0
    instead: dict[str, str] = field(default_factory=dict)
    partly: bool = False


class Index:
    """A search index, open; one search at a time.

    Args:
        database: as `build` made it.
        generation: of which it was made.
    """

    def __init__(self, database: sqlite3.Connection, generation: int = 0) -> None:
        self.generation = generation
        self._database = database
        weakref.finalize(self, database.close)
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA temp_store = MEMORY")
        database.execute("CREATE TEMP TABLE hit (id INTEGER PRIMARY KEY, rank REAL)")
        self.made_at = time.monotonic()
        self._conditions: dict[str, tuple[str, list[str]]] = {}

    def search(self, selection: Selection) -> Found:
        """Look for a selection; `page`, `options` and `points` then tell of what was found."""
        found = Found()
        self._database.execute("DELETE FROM hit")
        wanted = spelling.words(selection.text)[:_MOST_WORDS]
        if wanted:
            found.instead = self._mended(wanted)
            terms = [f'"{found.instead.get(word, word)}"*' for word in wanted]
            if not self._match(" AND ".join(terms)) and len(terms) > 1:
                found.partly = bool(self._match(" OR ".join(terms)))
        else:
            self._database.execute("INSERT INTO hit SELECT id, place FROM thing")
        self._conditions = {
            name: _condition(name, values) for name, values in selection.chosen.items() if values
        }
        found.total = self._one(f"SELECT COUNT(*) FROM hit {self._where()}", self._values())
        return found

    def page(self, language: str, first: int, size: int, ranked: bool) -> list[sqlite3.Row]:
        """Return some of what was found, with ``name`` and ``country_name``.

        Args:
            language: ``en`` or ``cs``.
            first: how many to leave out before.
            size: how many at most; -1: all.
            ranked: by how well they fit, else by kind; then by name.
        """
        name, other = ("cs", "en") if language == "cs" else ("en", "cs")
        order = "hit.rank, thing.place" if ranked else "thing.place"
        return self._database.execute(
            f"SELECT thing.*, COALESCE(NULLIF(thing.{name}, ''), thing.{other}) AS name, "
            f"COALESCE(NULLIF(value.{name}, ''), value.{other}) AS country_name "
            "FROM hit JOIN thing USING (id) "
            "LEFT JOIN value ON value.name = 'country' AND value.value = thing.country "
            f"{self._where()} ORDER BY {order}, LOWER(thing.en), thing.iri LIMIT ? OFFSET ?",
            [*self._values(), size, first],
        ).fetchall()

    def options(self, facet: str, chosen: Sequence[str], most: int) -> tuple[list[Option], int]:
        """Return the values of a facet by which what was found can be narrowed, and how many.

        What is chosen in the facet itself does not count: further values widen the selection.

        Args:
            facet: one of `FACETS`.
            chosen: the values that are chosen.
            most: how many to return at most; those chosen are always among them.
        """
        year = facet == "year"
        value = "SUBSTR(facet.value, 1, 3) || '0-' || SUBSTR(facet.value, 1, 3) || '9'"
        rows = self._database.execute(
            f"SELECT {value if year else 'facet.value'} AS choice, COUNT(DISTINCT hit.id) AS n, "
            "MAX(value.en) AS en, MAX(value.cs) AS cs FROM hit "
            "JOIN facet ON facet.thing = hit.id AND facet.name = ? "
            "LEFT JOIN value ON value.name = facet.name AND value.value = facet.value "
            f"{self._where(facet)} GROUP BY choice "
            f"ORDER BY {'choice DESC' if year else 'n DESC, en'}",
            [facet, *self._values(facet)],
        ).fetchall()
        options = [
            Option(
                row["choice"],
                row["choice"] if year else row["en"] or "",
                "" if year else row["cs"] or "",
                row["n"],
                row["choice"] in chosen,
            )
            for row in rows
        ]
        listed = {option.value for option in options}
        for value in chosen:
            if value not in listed:
                names = self.named(facet, value)
                options.append(Option(value, names.en or value, names.cs, 0, True))
        kept = [one for place, one in enumerate(options) if place < most or one.chosen]
        return kept, len(options)

    def points(self, most: int) -> list[sqlite3.Row]:
        """Return where what was found is: longitude, latitude, what and how many there."""
        return self._database.execute(
            "SELECT lon, lat, city, COUNT(*) AS n, MIN(thing.en) AS en, MIN(iri) AS iri "
            f"FROM hit JOIN thing USING (id) {self._where()} AND lon IS NOT NULL "
            "GROUP BY lon, lat ORDER BY n DESC LIMIT ?",
            [*self._values(), most],
        ).fetchall()

    def by_country(self) -> dict[str, int]:
        """Return how many of what was found are in each country."""
        rows = self._database.execute(
            "SELECT facet.value, COUNT(DISTINCT hit.id) FROM hit "
            f"JOIN facet ON facet.thing = hit.id AND facet.name = 'country' {self._where()} "
            "GROUP BY facet.value",
            self._values(),
        )
        return {row[0]: row[1] for row in rows}

    def facets_of(
        self, ids: Iterable[int], names: Iterable[str]
    ) -> dict[tuple[int, str], list[str]]:
        """Return the values of some facets of some things, by thing and facet."""
        found: dict[tuple[int, str], list[str]] = {}
        wanted = set(names)
        for number in ids:
            for name, value in self._database.execute(
                "SELECT name, value FROM facet WHERE thing = ? ORDER BY name, value", [number]
            ):
                if name in wanted:
                    found.setdefault((number, name), []).append(value)
        return found

    def named(self, facet: str, value: str) -> Name:
        """Return what a value of a facet is called."""
        row = self._database.execute(
            "SELECT en, cs FROM value WHERE name = ? AND value = ?", [facet, value]
        ).fetchone()
        return Name(row["en"], row["cs"]) if row else Name()

    def _match(self, query: str) -> int:
        self._database.execute("DELETE FROM hit")
        self._database.execute(
            f"INSERT INTO hit SELECT words.rowid, bm25(words, {_WEIGHTS}) * "
            "CASE WHEN thing.place < ? THEN 1.3 ELSE 1 END "
            "FROM words JOIN thing ON thing.id = words.rowid WHERE words MATCH ?",
            [KINDS.index("Organization"), query],
        )
        return self._one("SELECT COUNT(*) FROM hit", [])

    def _mended(self, wanted: Sequence[str]) -> dict[str, str]:
        """Return, for words that nothing begins with, the nearest that there is."""
        mended = {}
        for word in wanted:
            if len(word) < _LEAST_LETTERS or word.isdigit():
                continue
            if not self._begins(word) and (near := self._nearest(word) or self._shorter(word)):
                mended[word] = near
        return mended

    def _begins(self, word: str) -> int:
        return self._one(
            "SELECT EXISTS (SELECT 1 FROM known WHERE term >= ? AND term < ?)",
            [word, word + "\U0010ffff"],
        )

    def _shorter(self, word: str) -> str:
        """Return the longest beginning of a word that is known: its stem, with another ending."""
        least = max(_LEAST_LETTERS, len(word) * 2 // 3)
        stems = (word[:end] for end in range(len(word) - 1, least - 1, -1))
        return next((stem for stem in stems if self._begins(stem)), "")

    def _nearest(self, word: str) -> str:
        marks = list(spelling.grams(word))
        rows = self._database.execute(
            "SELECT word, MAX(n) AS n, COUNT(*) AS shared FROM gram "
            f"WHERE gram IN ({','.join('?' * len(marks))}) GROUP BY word "
            "ORDER BY shared DESC, n DESC LIMIT ?",
            [*marks, _CANDIDATES],
        ).fetchall()
        most = 1 if len(word) <= 5 else 2
        best = min(
            (
                (spelling.distance(word, row["word"], most), -row["shared"], -row["n"], row["word"])
                for row in rows
            ),
            default=(most + 1, 0, 0, ""),
        )
        return best[3] if best[0] <= most else ""

    def _where(self, but: str = "") -> str:
        clauses = [clause for name, (clause, _) in self._conditions.items() if name != but]
        return "WHERE " + " AND ".join(clauses or ["TRUE"])

    def _values(self, but: str = "") -> list[Any]:
        return [
            one for name, (_, values) in self._conditions.items() if name != but for one in values
        ]

    def _one(self, text: str, values: Sequence[Any]) -> int:
        return int(self._database.execute(text, values).fetchone()[0])


def _condition(name: str, values: Sequence[str]) -> tuple[str, list[str]]:
    tests, given = [], [name]
    for value in values:
        first, _, last = value.partition("-")
        if name == "year" and last:
            tests.append("f.value BETWEEN ? AND ?")
            given += [first, last]
        else:
            tests.append("f.value = ?")
            given.append(value)
    clause = (
        f"SELECT 1 FROM facet f WHERE f.thing = hit.id AND f.name = ? AND ({' OR '.join(tests)})"
    )
    return f"EXISTS ({clause})", given


def build(engine: Queryable, database: sqlite3.Connection) -> None:
    """Fill an empty database with what the graph has."""
    things, names = gather(engine)
    database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
    values: set[tuple[str, str]] = set()
    with database:
        for number, (iri, thing) in enumerate(things.items(), start=1):
            _put(database, number, iri, thing, names)
            thing.facets["kind"] = {CG + thing.kind}
            for facet, iris in thing.facets.items():
                for one in iris:
                    short = one if facet == "year" else key(facet, one)
                    database.execute("INSERT INTO facet VALUES (?, ?, ?)", [facet, short, number])
                    if facet != "year" and (facet, short) not in values:
                        values.add((facet, short))
                        called = _kind_name(short, names) if facet == "kind" else names[one]
                        database.execute(
                            "INSERT INTO value VALUES (?, ?, ?, ?, ?)",
                            [facet, short, one, called.en, called.cs],
                        )
        for word, n in database.execute("SELECT term, doc FROM known").fetchall():
            if len(word) >= _LEAST_LETTERS and not word.isdigit():
                database.executemany(
                    "INSERT OR IGNORE INTO gram VALUES (?, ?, ?)",
                    ((gram, word, n) for gram in spelling.grams(word)),
                )
    database.executescript(_FINISH)


def _kind_name(kind: str, names: Mapping[str, Name]) -> Name:
    if kind == "Organization":
        return Name("organisation", "organizace")
    return names.get(CG + kind, Name(kind))


def _put(
    database: sqlite3.Connection, number: int, iri: str, thing: Thing, names: Mapping[str, Name]
) -> None:
    place = KINDS.index(thing.kind) if thing.kind in KINDS else len(KINDS)
    country = key("country", thing.own_country)
    longitude, latitude = thing.point or (None, None)
    database.execute(
        "INSERT INTO thing VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            number, iri, thing.kind, place, thing.name.en, thing.name.cs,
            thing.texts[0] if thing.texts else "", thing.city, country, longitude, latitude,
            thing.homepage,
        ],
    )  # fmt: skip
    around = [
        part
        for facet in ("country", "region", "ecosystem", "sector")
        for one in thing.facets.get(facet, ())
        for part in (names[one].en, names[one].cs)
    ]
    columns = (
        [thing.name.en, thing.name.cs],
        [*thing.keys, iri.rpartition("/")[2]],
        [*thing.places, *around],
        thing.texts,
    )
    database.execute(
        "INSERT INTO words (rowid, name, key, place, body) VALUES (?, ?, ?, ?, ?)",
        [number, *(" ".join(spelling.words(" ".join(column))) for column in columns)],
    )
