"""Searches of an index: SQLite with full text (FTS5), which `gather` makes of a generation."""

# SQL is put together here of constants and question marks alone.
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
import time
import weakref
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any, Final

from clustergraph import spelling
from clustergraph.pages.gather import KINDS
from clustergraph.pages.understanding import Meaning, Vocabulary, stem, stems

# How much a word counts by where it stands: name, key, place, the rest.
_WEIGHTS: Final = "10.0, 6.0, 3.0, 1.0"
_MOST_WORDS: Final = 12
# Shorter words have too many neighbours to put their spelling right.
_LEAST_LETTERS: Final = 4
# Which part of the letters a misspelt word has in common with the right one, at least.
_ALIKE: Final = 0.74
# What fits, of all that is wanted or of some, each part of that.
_FITS: Final = (
    "NOT EXISTS (SELECT 1 FROM wanted WHERE TRUE AND NOT EXISTS "
    "(SELECT 1 FROM fitting WHERE fitting.thing = id AND fitting.part = wanted.part))"
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What is looked for.

    Attributes:
        text: the words.
        chosen: by facet, values of which one is to fit; a year may be a range, ``2010-2019``.
        literal: whether words are only looked for, and not understood as values of facets.
    """

    text: str = ""
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a facet.

    Attributes:
        value: as the address has it.
        name: what it is called.
        count: how many results there are with it.
        chosen: whether it is.
    """

    value: str
    name: str
    count: int
    chosen: bool


@dataclass(slots=True)
class Found:
    """What was found.

    Attributes:
        meaning: what the words were understood to mean.
        total: how many.
        instead: words that were looked for instead of others that are nowhere.
        partly: no result had all the other words; these have some.
        ignored: the other words, if no result has any of them.
        defined: the terms and notions that the words name.
    """

    meaning: Meaning
    total: int = 0
    instead: dict[str, str] = field(default_factory=dict)
    partly: bool = False
    ignored: str = ""
    defined: Sequence[sqlite3.Row] = ()


class Index:
    """A search index, open; one search at a time.

    Args:
        database: as `gather.build` made it.
        generation: of which it was made.
    """

    def __init__(self, database: sqlite3.Connection, generation: int = 0) -> None:
        self.generation = generation
        self._database = database
        weakref.finalize(self, database.close)
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA temp_store = MEMORY")
        database.execute("CREATE TEMP TABLE hit (id INTEGER PRIMARY KEY, rank REAL)")
        database.execute("CREATE TEMP TABLE wanted (part INTEGER, name TEXT)")
        database.execute(
            "CREATE TEMP TABLE fitting (thing INTEGER, part INTEGER, PRIMARY KEY (thing, part)) "
            "WITHOUT ROWID"
        )
        self.made_at = time.monotonic()

    def search(self, selection: Selection) -> Found:
        """Look for a selection; `page`, `options` and `points` then tell of what was found."""
        found = self._understood(selection)
        meaning = found.meaning
        self._database.execute("DELETE FROM hit")
        self._want(one.values for one in meaning.filters)
        forms = [found.instead.get(word) or self._form(word) for word in meaning.rest]
        terms = [f'"{form}"*' for form in forms]
        stemmed = [f'"{stem(form)}"*' for form in forms]
        if (
            terms
            and not self._match(" AND ".join(terms))
            and not self._match(" AND ".join(stemmed))
        ):
            found.partly = len(terms) > 1 and self._match(" OR ".join(terms)) > 0
            if meaning.filters and not found.partly:
                # What has the words, though not what others mean, and what these mean.
                self._want([])
                found.partly = self._match(" AND ".join(terms)) > 0
                self._want(one.values for one in meaning.filters)
                found.ignored = "" if found.partly else " ".join(meaning.rest)
                meaning.rest = []
        if not meaning.rest:
            self._database.execute(
                f"INSERT OR IGNORE INTO hit SELECT id, place FROM thing WHERE shown AND {_FITS}"
            )
        if meaning.filters and meaning.telling:
            # Things come first that have the words themselves, and above all in their names, even
            # if the graph does not state of them what the words mean.
            terms = [f'"{self._form(word)}"*' for word in meaning.telling]
            self._match(" OR ".join(terms), "AND words.rowid IN (SELECT id FROM hit)")
            self._want([])
            named = [f'"{word}"' for word in meaning.significant]
            self._match(f"{{name key}} : ({' AND '.join(named)})", rank="- 1000")
        chosen = selection.chosen.items()
        self._want([(name, value) for value in values] for name, values in chosen if values)
        found.total = self._one(f"SELECT COUNT(*) FROM hit WHERE {_FITS}", [])
        return found

    def _understood(self, selection: Selection) -> Found:
        """Return what the words of a selection mean, misspelt ones put right."""
        if selection.literal or not selection.text:
            found = Found(Meaning(rest=spelling.words(selection.text)[:_MOST_WORDS]))
            found.instead = self._mended(found.meaning.rest)
            return found
        found = Found(self.vocabulary.understand(selection.text))
        if instead := self._mended(found.meaning.rest[:_MOST_WORDS]):
            written = (spelling.fold(word) for word in selection.text.split())
            right = " ".join(instead.get(word, word) for word in written)
            found = Found(self.vocabulary.understand(right), instead=instead)
        found.meaning.rest = found.meaning.rest[:_MOST_WORDS]
        if found.meaning.defined:
            found.defined = self._defined.get(found.meaning.defined, ())
        return found

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The names of the values of all facets."""
        rows = self._database.execute("SELECT name, value, en, cs FROM value").fetchall()
        names = ((row[0], row[1], name) for row in rows for name in row[2:] if name)
        return Vocabulary(names, (row[part] for row in self._terms for part in ("en", "cs")))

    @cached_property
    def _terms(self) -> list[sqlite3.Row]:
        """The terms of the ontology and the notions that are defined."""
        return self._database.execute(
            "SELECT * FROM thing WHERE kind IN ('Class', 'Notion') AND text_en || text_cs != '' "
            "ORDER BY kind, iri"
        ).fetchall()

    @cached_property
    def _defined(self) -> Mapping[tuple[str, ...], list[sqlite3.Row]]:
        """Terms and notions by the stems of their names."""
        found: dict[tuple[str, ...], list[sqlite3.Row]] = {}
        for row in self._terms:
            for name in {stems(row["en"]), stems(row["cs"])}:
                found.setdefault(name, []).append(row)
        return found

    def _form(self, word: str) -> str:
        """Return a word, or if nothing begins with it, its stem."""
        return word if self._begins(word) or not self._begins(stem(word)) else stem(word)

    def page(self, language: str, first: int, size: int, ranked: bool) -> list[sqlite3.Row]:
        """Return some of what was found, with ``name``, ``text``, ``kind_name``, ``country_name``.

        Args:
            language: ``en`` or ``cs``.
            first: how many to leave out before.
            size: how many at most; -1: all.
            ranked: by how well they fit, else by kind; then by name.
        """
        order = "hit.rank, thing.place" if ranked else "thing.place"
        return self._database.execute(
            f"SELECT thing.*, {_called('thing', language)} AS name, "
            f"{_called('kinds', language)} AS kind_name, "
            f"{_called('countries', language)} AS country_name FROM hit JOIN thing USING (id) "
            "LEFT JOIN value AS kinds ON kinds.name = 'kind' AND kinds.value = thing.kind "
            "LEFT JOIN value AS countries "
            "ON countries.name = 'country' AND countries.value = thing.country "
            f"WHERE {_FITS} ORDER BY {order}, LOWER(thing.en), thing.iri LIMIT ? OFFSET ?",
            [size, first],
        ).fetchall()

    def options(
        self, facet: str, chosen: Sequence[str], most: int, language: str
    ) -> tuple[list[Option], int]:
        """Return the values of a facet by which what was found can be narrowed, and how many.

        What is chosen in the facet itself does not count: further values widen the selection.

        Args:
            facet: one of `FACETS`.
            chosen: the values that are chosen.
            most: how many to return at most; those chosen are always among them.
            language: of their names.
        """
        year = facet == "year"
        value = "SUBSTR(facet.value, 1, 3) || '0-' || SUBSTR(facet.value, 1, 3) || '9'"
        rows = self._database.execute(
            f"SELECT {value if year else 'facet.value'} AS choice, COUNT(DISTINCT hit.id) AS n, "
            f"MAX({_called('value', language)}) AS name FROM hit "
            "JOIN facet ON facet.thing = hit.id AND facet.name = ? "
            "LEFT JOIN value ON value.name = facet.name AND value.value = facet.value "
            f"WHERE {_FITS.replace('TRUE', 'wanted.name != facet.name')} "
            "GROUP BY choice ORDER BY choice DESC",
            [facet],
        ).fetchall()
        options = [Option(choice, name or choice, n, choice in chosen) for choice, n, name in rows]
        if not year:
            options.sort(key=lambda one: (-one.count, spelling.collation_key(one.name, language)))
        listed = {option.value for option in options}
        options += [
            Option(value, self.named(facet, value, language), 0, True)
            for value in chosen
            if value not in listed
        ]
        kept = [one for place, one in enumerate(options) if place < most or one.chosen]
        return kept, len(options)

    def points(self, most: int) -> list[sqlite3.Row]:
        """Return where what was found is: longitude, latitude, what and how many there."""
        return self._database.execute(
            "SELECT lon, lat, city, COUNT(*) AS n, MIN(thing.en) AS en, MIN(iri) AS iri "
            f"FROM hit JOIN thing USING (id) WHERE {_FITS} AND lon IS NOT NULL "
            "GROUP BY lon, lat ORDER BY n DESC LIMIT ?",
            [most],
        ).fetchall()

    def by_country(self) -> dict[str, int]:
        """Return how many of what was found are in each country."""
        rows = self._database.execute(
            "SELECT facet.value, COUNT(DISTINCT hit.id) FROM hit "
            f"JOIN facet ON facet.thing = hit.id AND facet.name = 'country' WHERE {_FITS} "
            "GROUP BY facet.value"
        )
        return {row[0]: row[1] for row in rows}

    def facets_of(self, number: int, language: str) -> dict[str, list[str]]:
        """Return by facet what the values of a thing are called."""
        found: dict[str, list[str]] = defaultdict(list)
        for facet, name in self._database.execute(
            f"SELECT facet.name, COALESCE({_called('value', language)}, facet.value) FROM facet "
            "LEFT JOIN value USING (name, value) WHERE thing = ? ORDER BY facet.name, facet.value",
            [number],
        ):
            found[facet].append(name)
        return found

    def named(self, facet: str, value: str, language: str) -> str:
        """Return what a value of a facet is called, or else the value."""
        row = self._database.execute(
            f"SELECT {_called('value', language)} FROM value WHERE name = ? AND value = ?",
            [facet, value],
        ).fetchone()
        return row[0] or value if row else value

    def _match(self, query: str, narrower: str = "", rank: str = "") -> int:
        """Add what has words, the better the lower its rank; return how many hits there are."""
        self._database.execute(
            f"INSERT OR REPLACE INTO hit SELECT words.rowid, bm25(words, {_WEIGHTS}) * "
            f"CASE WHEN thing.place < ? THEN 1.3 ELSE 1 END {rank} "
            "FROM words JOIN thing ON thing.id = words.rowid "
            f"WHERE words MATCH ? AND shown AND {_FITS} {narrower}",
            [KINDS.index("Organization"), query],
        )
        return self._one("SELECT COUNT(*) FROM hit", [])

    def _mended(self, wanted: Sequence[str]) -> dict[str, str]:
        """Return, for words that nothing begins with, the nearest that there is."""
        mended = {}
        for word in wanted:
            if len(word) < _LEAST_LETTERS or word.isdigit() or self._begins(self._form(word)):
                continue
            if near := self._nearest(word) or self._shorter(word):
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
        """Return the known word that is most like one, of equals the most frequent."""
        rows = self._database.execute(
            "SELECT term, doc FROM known WHERE LENGTH(term) BETWEEN ? AND ? "
            "AND term NOT GLOB '[0-9]*'",
            [max(_LEAST_LETTERS, len(word) - 2), len(word) + 2],
        )
        letters, matcher, near = set(word), SequenceMatcher(b=word), [(_ALIKE, 0, "")]
        for term, n in rows:
            # Quickly told: each change takes one letter away and brings one.
            if len(letters.symmetric_difference(term)) <= 4:
                matcher.set_seq1(term)
                near.append((matcher.ratio(), n, term))
        return max(near)[2]

    def _want(self, parts: Iterable[Sequence[tuple[str, str]]]) -> None:
        """Ask from now on for things that have, of each part, one of the values of facets."""
        self._database.executescript("DELETE FROM wanted; DELETE FROM fitting")
        for part, values in enumerate(parts):
            self._database.execute("INSERT INTO wanted VALUES (?, ?)", [part, values[0][0]])
            for name, value in values:
                first, _, last = value.partition("-") if name == "year" else (value, "", "")
                self._database.execute(
                    "INSERT OR IGNORE INTO fitting SELECT thing, ? FROM facet "
                    "WHERE name = ? AND value BETWEEN ? AND ?",
                    [part, name, first, last or first],
                )

    def _one(self, text: str, values: Sequence[Any]) -> int:
        return int(self._database.execute(text, values).fetchone()[0])


def _called(table: str, language: str) -> str:
    """Return SQL for the name in a language, or else in the other one; NULL: there is none."""
    name, other = ("cs", "en") if language == "cs" else ("en", "cs")
    return f"COALESCE(NULLIF({table}.{name}, ''), NULLIF({table}.{other}, ''))"
