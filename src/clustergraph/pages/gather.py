"""What the search knows of each thing (kind, facets, names, words), from the graph into SQLite."""

# SQL is put together here of constants and question marks alone.
# ruff: noqa: S608

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph import spelling
from clustergraph.pages.europe import point
from clustergraph.pages.statements import groups, rows
from clustergraph.vocab import CG, CODE, ID, PREFIXES, expand

if TYPE_CHECKING:
    from clustergraph.quadstore.evaluation import Queryable

KINDS: Final = (
    "ClusterOrganisation", "TechnologyPlatform", "Cluster", "ClusterInitiative", "Eurocluster",
    "ClusterPartnership", "ClusterAssociation", "ClusterNetwork", "PublicInstitution", "Company",
    "University", "ResearchOrganisation", "School", "Association", "NonProfitOrganisation",
    "Organization", "Person", "IndustrialEcosystem", "Strategy", "LegalFramework", "Policy",
    "PolicyDocument", "FundingProgramme", "Call", "Project", "PolicyInitiative",
    "PolicyPractice", "PolicyTool", "Methodology", "LabelScheme", "Label", "Award", "Service",
    "Publication", "Event", "Notion", "Country", "Region", "Sector", "Class",
)  # fmt: skip
"""Kinds of things to find; a thing is of the first that one of its classes is or falls under."""

# Kinds of codes, which are found only where a thing refers to them, with the facet that does.
_CODES: Final = {"Country": "country", "Region": "region", "Sector": "sector"}
# What only describes other things, and is shown with these.
_HIDDEN: Final = frozenset(
    (
        "Claim", "Figure", "Membership", "Participation", "LabelAward", "MonetaryAmount", "Place",
        "OrganisationChange", "Source", "CountryGroup", "Technology",
    )
)  # fmt: skip
_FOREIGN: Final = {
    "Organization": PREFIXES["org"] + "Organization",
    "Class": PREFIXES["owl"] + "Class",
}
"""Kinds whose class is another vocabulary's."""
_KIND_OF: Final = {iri: kind for kind, iri in _FOREIGN.items()}
_KIND_NAMES: Final = {
    "Organization": ("organisation", "organizace"),
    "Class": ("term of the ontology", "pojem ontologie"),
}

_NAMES: Final = ("rdfs:label", "skos:prefLabel")
_KEYS: Final = ("skos:altLabel", "cg:acronym", "cg:nameAsGiven", "dcterms:identifier", "cg:celex",
                "cg:reference", "skos:notation")  # fmt: skip
_PLACES: Final = ("cg:city", "cg:regionName")
_DESCRIPTIONS: Final = ("dcterms:description", "skos:definition", "cg:objective")
_TEXTS: Final = (
    *_DESCRIPTIONS, "cg:offersService/rdfs:label", "cg:technology/skos:prefLabel",
)  # fmt: skip
_POINT: Final = "cg:place/geo:hasGeometry/geo:asWKT"
_SINGLE: Final = ("cg:acronym", "cg:city", "cg:website", "cg:dissolvedOn")
_YEAR: Final = re.compile(r"\d{4}")
# Of more things than these an index is made anew.
_MOST_CHANGED: Final = 1000


class Facet(NamedTuple):
    """A facet: the namespace of its values (empty: they are no things), the path to them."""

    space: str
    path: str

    @property
    def condition(self) -> str:
        """What says in a query that ``?thing`` has the value ``$value``."""
        return f"?thing {self.path} $value ."


FACETS: Final[Mapping[str, Facet]] = {
    "kind": Facet(CG, "a"),
    "country": Facet(
        f"{CODE}country/", "cg:country|cg:regionCountry|^cg:partnerIn/cg:country"
    ),
    "region": Facet(PREFIXES["nuts"], "cg:region/skos:broader*"),
    "ecosystem": Facet(
        f"{ID}ecosystem/", "cg:ecosystem|cg:targetsEcosystem|cg:concernsEcosystem"
    ),
    "sector": Facet(f"{CODE}sector/", "cg:sector"),
    "label": Facet(
        f"{CODE}label-level/", "cg:hasLabel/cg:awardedLabel/cg:labelLevel|cg:labelLevel"
    ),
    "programme": Facet(
        f"{ID}programme/", "cg:fundedBy|cg:call/cg:callOf|cg:partnerIn/cg:fundedBy"
    ),
    "year": Facet(
        "",
        "cg:foundingYear|cg:started|cg:adopted|dcterms:issued|cg:periodStart|cg:validFrom",
    ),
}  # fmt: skip
"""All facets by name, in the order in which the page shows them."""

# The names of these values are also among the words of a thing.
_AROUND: Final = ("country", "region", "ecosystem", "sector")
_PATHS: Final = (
    *_NAMES, *_KEYS, *_PLACES, *_TEXTS, *_SINGLE, _POINT, *(one.path for one in FACETS.values())
)  # fmt: skip
_PREDICATES: Final = frozenset(
    expand(name) for path in _PATHS for name in re.findall(r"[a-z]+:\w+", path)
) | {PREFIXES["rdf"] + "type"}
# What may lead from a thing to another whose statements count for it.
_LEADING: Final = set(re.findall(r"\^?[a-z]+:\w+(?=/)", " ".join(_PATHS)))
_STEP: Final = f"({'|'.join(sorted(_LEADING))})?"
_STRUCTURE: Final = frozenset(map(expand, ("rdfs:subClassOf", "skos:broader")))

_SCHEMA: Final = """
CREATE TABLE thing (id INTEGER PRIMARY KEY, iri TEXT UNIQUE, kind TEXT, place INTEGER,
  shown INTEGER, en TEXT, cs TEXT, acronym TEXT, city TEXT, homepage TEXT,
  ended TEXT, text_en TEXT, text_cs TEXT, country TEXT, lon REAL, lat REAL);
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


def key(facet: str, iri: str) -> str:
    """Return how an address names a value of a facet: without its namespace."""
    if facet == "kind" and iri in _KIND_OF:
        return _KIND_OF[iri]
    return iri.removeprefix(FACETS[facet].space)


def iri_of(facet: str, value: str) -> str:
    """Return the IRI of a value that an address names; what no IRI holds is percent-encoded."""
    if facet == "kind" and value in _FOREIGN:
        return _FOREIGN[value]
    if "://" in value:
        return quote(value, safe="/:?#@!$&'()*+,;=-._~")
    return FACETS[facet].space + quote(value, safe="/:@!$&'()*+,;=-._~")


def build(engine: Queryable, database: sqlite3.Connection) -> None:
    """Fill an empty database with what the graph has."""
    database.executescript(_QUICKLY + _SCHEMA)
    with database:
        _put(database, engine)
    database.executescript(_FINISH)


def update(engine: Queryable, database: sqlite3.Connection, triples: Iterable[ox.Triple]) -> bool:
    """Bring the index of an earlier state of the graph in line with the present one.

    Args:
        engine: the graph after the change.
        database: as `build` made it; of no use any more if this fails.
        triples: what was added to the graph or removed from it since.

    Returns:
        Whether that was done; no: so much may have changed that `build` is quicker.
    """
    concern = _concerned(engine, triples)
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
        database.execute(
            "INSERT INTO words (words, rowid, name, key, place, body) "
            f"SELECT 'delete', * FROM entry WHERE id IN {ids}"
        )
        for table, column in (("entry", "id"), ("facet", "thing"), ("thing", "id")):
            database.execute(f"DELETE FROM {table} WHERE {column} IN {ids}")
        _put(database, engine, iris)
        database.execute(
            "DELETE FROM value WHERE NOT EXISTS "
            "(SELECT 1 FROM facet WHERE name = value.name AND value = value.value)"
        )
    return True


def _concerned(engine: Queryable, triples: Iterable[ox.Triple]) -> set[str] | None:
    """Return the IRIs of the things whose entries a change may alter.

    Returns:
        The IRIs; None: too many, or the change is about classes, the tree of regions, or nodes
        without a name, which cannot be asked for.
    """
    nodes = set()
    for subject, predicate, value in triples:
        if isinstance(subject, ox.NamedNode) and subject.value.startswith(CG):
            return None
        if predicate.value in _STRUCTURE:
            return None
        if predicate.value in _PREDICATES:
            if not isinstance(subject, ox.NamedNode):
                return None
            nodes.add(subject)
            if predicate.value == CG + "partnerIn" and isinstance(value, ox.NamedNode):
                nodes.add(value)
    found: set[str] = set()
    for group in groups(nodes):
        where = f"VALUES ?node {{ {group} }} ?thing {_STEP}/{_STEP} ?node"
        things = rows(engine, f"SELECT DISTINCT ?thing {{ {where} }}")
        found.update(thing.value for (thing,) in things if isinstance(thing, ox.NamedNode))
    return found if len(found) <= _MOST_CHANGED else None


def _put(
    database: sqlite3.Connection, engine: Queryable, only: Collection[str] | None = None
) -> None:
    """Add things with their facets, and the words that they are found by."""
    ask = _Asker(engine, only)
    kinds = _kinds(ask)
    facets = _facets(ask, kinds)
    values = {one for of in facets.values() for facet, one in of if FACETS[facet].space}
    names = _names(_Asker(engine, None if only is None else {*only, *values}), _NAMES)
    described = _names(ask, _DESCRIPTIONS)
    countries = ask.texts("cg:country")
    texts = {path: ask.texts(path) for path in (*_KEYS, *_PLACES, *_TEXTS, *_SINGLE, _POINT)}

    def all_of(iri: str, *paths: str) -> list[str]:
        return [text for path in paths for text in texts[path].get(iri, ())]

    (last,) = database.execute("SELECT COALESCE(MAX(id), 0) FROM thing").fetchone()
    things, in_facets, of_values, entries = [], [], set(), []
    for number, iri in enumerate((one for one in kinds if one in names), start=last + 1):
        kind, name = kinds[iri], names[iri]
        place = KINDS.index(kind) if kind in KINDS else len(KINDS)
        single = [next(iter(all_of(iri, path)), "") for path in _SINGLE]
        country = key("country", next(iter(countries.get(iri, ())), ""))
        where = next(filter(None, map(point, all_of(iri, _POINT))), (None, None))
        things.append((number, iri, kind, place, True, *name, *single,
                     *described.get(iri, ("", "")), country, *where))  # fmt: skip
        around: list[str] = []
        for facet, one in facets[iri]:
            short = one if facet == "year" else key(facet, one)
            in_facets.append((facet, short, number))
            if facet != "year":
                called = _KIND_NAMES.get(short) if facet == "kind" else None
                of_values.add((facet, short, one, *(called or names.get(one, (short, "")))))
            if facet in _AROUND:
                around += names.get(one, ())
        columns = (name, [*all_of(iri, *_KEYS), iri.rpartition("/")[2]],
                   [*all_of(iri, *_PLACES), *sorted(around)], all_of(iri, *_TEXTS))  # fmt: skip
        folded = (" ".join(spelling.words(" ".join(column))) for column in columns)
        entries.append((number, *folded))
    for table, found, width in (
        ("thing", things, 16), ("facet", in_facets, 3), ("value", of_values, 5),
        ("entry", entries, 5), ("words (rowid, name, key, place, body)", entries, 5),
    ):  # fmt: skip
        marks = ", ".join("?" * width)
        database.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", found)
    for kind, facet in _CODES.items():
        database.execute(
            "UPDATE thing SET shown = EXISTS (SELECT 1 FROM value JOIN facet USING (name, value) "
            "JOIN thing AS one ON one.id = facet.thing WHERE value.name = ?1 "
            f"AND value.iri = thing.iri AND one.kind NOT IN {(*_CODES,)}) WHERE kind = ?2",
            [facet, kind],
        )


class _Asker:
    """Asks for the values of paths.

    Args:
        engine: the graph.
        only: the IRIs of the things that are wanted; None: all.
    """

    def __init__(self, engine: Queryable, only: Collection[str] | None) -> None:
        self._engine = engine
        self._only = ""
        if only is not None:
            self._only = f"VALUES ?thing {{ {' '.join(str(ox.NamedNode(iri)) for iri in only)} }}"

    def __call__(
        self, path: str, condition: str = "", everywhere: bool = False
    ) -> Iterator[tuple[str, Any]]:
        """Yield the pairs of things and values that a path connects."""
        only = "" if everywhere else self._only
        text = f"SELECT ?thing ?value {{ {only} ?thing {path} ?value {condition} }}"
        for one, other in rows(self._engine, text):
            if isinstance(one, ox.NamedNode) and not isinstance(other, ox.BlankNode):
                yield one.value, other

    def texts(self, path: str) -> dict[str, list[str]]:
        """Return the values of a path by thing, as sorted texts."""
        found: dict[str, set[str]] = defaultdict(set)
        for iri, term in self(path):
            found[iri].add(term.value)
        return {iri: sorted(values) for iri, values in found.items()}


def _names(ask: _Asker, paths: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return names, or other texts, in English (or else another language) and Czech."""
    found: dict[str, set[tuple[bool, int, str, str]]] = defaultdict(set)
    for place, path in enumerate(paths):
        for iri, term in ask(path):
            language = getattr(term, "language", None) or ""
            found[iri].add((language != "en", place, language, term.value))
    return {
        iri: (
            next((text for *_, language, text in sorted(terms) if language != "cs"), ""),
            next((text for *_, language, text in sorted(terms) if language == "cs"), ""),
        )
        for iri, terms in found.items()
    }


def _kinds(ask: _Asker) -> dict[str, str]:
    """Return the kind of each thing that is to be found."""
    above: dict[str, set[str]] = defaultdict(set)
    for one, other in ask("rdfs:subClassOf+", everywhere=True):
        above[one].add(other.value)

    @cache
    def kind_of(classes: frozenset[str]) -> str:
        names = classes.union(*(above.get(one, ()) for one in classes))
        local = {_KIND_OF.get(one) or one.removeprefix(CG) for one in names}
        if kind := next((one for one in KINDS if one in local), ""):
            return kind
        own = [one.removeprefix(CG) for one in names if one.startswith(CG)]
        return min(own, default="") if local.isdisjoint(_HIDDEN) else ""

    classes: dict[str, set[str]] = defaultdict(set)
    # Most of the graph are observations, which nobody looks for.
    for iri, term in ask("a", "FILTER(?value != qb:Observation)"):
        if iri.startswith((CG, ID, CODE, PREFIXES["nuts"])):
            classes[iri].add(term.value)
    kinds = {iri: kind_of(frozenset(of)) for iri, of in classes.items()}
    return {iri: kind for iri, kind in kinds.items() if kind}


def _facets(ask: _Asker, kinds: Mapping[str, str]) -> dict[str, set[tuple[str, str]]]:
    """Return by which values of which facets things are found."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for iri, kind in kinds.items():
        found[iri].add(("kind", CG + kind))
        if kind in ("Country", "Region"):
            found[iri].add((kind.lower(), iri))
    for iri, term in ask("skos:broader+"):
        if kinds.get(iri) == "Region":
            found[iri].add(("region", term.value))
    for facet, (space, path) in FACETS.items():
        for iri, term in ask(path) if facet != "kind" else ():
            if facet == "year":
                found[iri].update(("year", one) for one in _YEAR.findall(term.value[:4]))
            elif isinstance(term, ox.NamedNode) and (
                facet != "programme" or term.value.startswith(space)
            ):
                found[iri].add((facet, term.value))
    whole = {one for of in found.values() for one in of if one[0] == "region" and _is_whole(one[1])}
    return {iri: of - whole for iri, of in found.items()}


def _is_whole(region: str) -> bool:
    """Say whether a region of NUTS is a whole country: its code has nothing but zeros to it."""
    space = PREFIXES["nuts"]
    return region.startswith(space) and not region[len(space) + 2 :].strip("0")
