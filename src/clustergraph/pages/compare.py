"""Two to five countries, regions or cluster organisations side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, cast

import pyoxigraph as ox

from clustergraph.errors import near
from clustergraph.pages.frame import page
from clustergraph.pages.measures import COUNTRY, MEASURES, named, numbers
from clustergraph.protocol import Response
from clustergraph.spelling import fold
from clustergraph.vocab import ID, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Row, Visit

__all__ = ["show"]

Kind = Literal["country", "region", "organisation"]
KINDS: Final[tuple[Kind, ...]] = ("country", "region", "organisation")
MOST: Final = 5
_ORGANISATION: Final = ID + "cluster-organisation/"
_NUTS: Final = PREFIXES["nuts"]

# What may be compared: key, name.
_REGIONS: Final = """SELECT ?key (MIN(?called) AS ?name)
WHERE {
  { SELECT DISTINCT ?region {
    ?cluster a cg:ClusterOrganisation ; cg:region/skos:broader* ?region
  } }
  ?region a cg:Region ; skos:notation ?key ; skos:prefLabel ?called .
  FILTER(LANG(?called) IN ("", "en", $language))
}
GROUP BY ?key
ORDER BY ?key"""
_ORGANISATIONS: Final = """SELECT ?thing ?name
WHERE { ?thing a cg:ClusterOrganisation ; rdfs:label ?name FILTER(LANG(?name) = "en") }
ORDER BY ?name"""

# Rows of values: what, the value, its name where it is a thing, and a note.
_OF_COUNTRY: Final = """SELECT ?what ?value ?name (COUNT(DISTINCT ?cluster) AS ?n)
WHERE {
  ?cluster a cg:ClusterOrganisation ; cg:country $thing .
  {
    ?cluster cg:ecosystem ?value . ?value rdfs:label ?name BIND("ecosystem" AS ?what)
  } UNION {
    ?award cg:holder ?cluster ; cg:awardedLabel/cg:labelLevel ?value .
    ?value skos:prefLabel ?name BIND("label" AS ?what)
  }
  FILTER(LANG(?name) = $language)
}
GROUP BY ?what ?value ?name
ORDER BY ?what DESC(?n) ?name"""
_OF_REGION: Final = """SELECT ?what ?value ?name (COUNT(DISTINCT ?cluster) AS ?n)
WHERE {
  ?cluster cg:region/skos:broader* $thing .
  FILTER EXISTS { ?cluster a cg:ClusterOrganisation }
  {
    BIND($thing AS ?value) BIND("" AS ?name) BIND("organisations" AS ?what)
  } UNION {
    ?cluster cg:ecosystem ?value . ?value rdfs:label ?name FILTER(LANG(?name) = $language)
    BIND("ecosystem" AS ?what)
  } UNION {
    ?award cg:holder ?cluster ; cg:awardedLabel/cg:labelLevel ?value .
    ?value skos:prefLabel ?name FILTER(LANG(?name) = $language) BIND("label" AS ?what)
  }
}
GROUP BY ?what ?value ?name
ORDER BY ?what DESC(?n) ?name"""
_WHERE_REGION: Final = """SELECT ("country" AS ?what) ?value ?name
WHERE {
  $thing cg:regionCountry ?value . ?value skos:prefLabel ?name FILTER(LANG(?name) = $language)
}"""
_OF_ORGANISATION: Final = """SELECT DISTINCT ?what ?value ?name ?note
WHERE {
  {
    $thing cg:country ?value . ?value skos:prefLabel ?name FILTER(LANG(?name) = $language)
    BIND("country" AS ?what)
  } UNION {
    $thing cg:city ?name BIND("city" AS ?what)
  } UNION {
    $thing cg:foundingYear ?year BIND(STR(?year) AS ?name) BIND("founded" AS ?what)
  } UNION {
    ?figure cg:figureOf $thing ; cg:measure ?measure .
    OPTIONAL { ?figure cg:value ?number }
    OPTIONAL { ?figure cg:textValue ?text }
    OPTIONAL { ?figure cg:figureYear ?told }
    BIND(STR(COALESCE(?number, ?text)) AS ?name) BIND(STR(?told) AS ?note)
    BIND(STRAFTER(STR(?measure), "/measure/") AS ?what)
  } UNION {
    $thing cg:ecosystem ?value . ?value rdfs:label ?name FILTER(LANG(?name) = $language)
    BIND("ecosystem" AS ?what)
  } UNION {
    $thing cg:sector ?value . ?value skos:prefLabel ?name FILTER(LANG(?name) = "en")
    BIND("sector" AS ?what)
  } UNION {
    ?award cg:holder $thing ; cg:awardedLabel ?value . ?value rdfs:label ?name
    FILTER(LANG(?name) = "en")
    OPTIONAL { ?award cg:awardedOn ?day BIND(SUBSTR(STR(?day), 1, 4) AS ?note) }
    BIND("label" AS ?what)
  } UNION {
    $thing cg:memberOf ?value . ?value rdfs:label ?name FILTER(LANG(?name) = "en")
    BIND("member-of" AS ?what)
  } UNION {
    $thing cg:partnerIn ?value . ?value rdfs:label ?name FILTER(LANG(?name) = "en")
    BIND("partner-in" AS ?what)
  } UNION {
    $thing cg:fundedBy ?value . ?value rdfs:label ?name FILTER(LANG(?name) = "en")
    BIND("funded-by" AS ?what)
  } UNION {
    $thing cg:website ?site BIND(STR(?site) AS ?name) BIND("site" AS ?what)
  }
}
ORDER BY ?what DESC(?note) ?name"""
_ROWS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "country": (*MEASURES, "ecosystem", "label"),
    "region": ("country", "organisations", "ecosystem", "label"),
    "organisation": (
        "country", "city", "founded", "members", "sme-members", "large-firm-members",
        "research-members", "members-employees", "ecosystem", "sector", "label", "member-of",
        "partner-in", "funded-by", "site",
    ),
}  # fmt: skip
_SHARED: Final = frozenset({"ecosystem", "sector", "member-of", "partner-in", "funded-by"})


@dataclass(slots=True)
class Value:
    """A value in a cell.

    Attributes:
        text: what is shown.
        href: where it leads; empty: nowhere.
        note: a number or a year, shown beside it.
        shared: whether others on the page have it too.
    """

    text: str
    href: str = ""
    note: str = ""
    shared: bool = False


@dataclass(slots=True)
class Column:
    """One of those that are compared.

    Attributes:
        key: as the address has it.
        name: for people.
        iri: of the thing.
        href: its own page.
        cells: values by row.
    """

    key: str
    name: str
    iri: str
    href: str
    cells: dict[str, list[Value]] = field(default_factory=dict)


def show(visit: Visit) -> Response:
    """Show what is chosen, and the form to choose more."""
    given = list(dict.fromkeys(visit.parameters.get("with", [])))
    kind = _kind(visit.parameter("kind"), given)
    options = _options(visit, kind)
    columns, missing = _columns(visit, kind, given[:MOST], options)
    for column in columns:
        column.cells = _cells(visit, kind, column)
    _mark_shared(columns)
    chosen = [column.key for column in columns] + [key for key, _ in missing]
    rows = [row for row in _ROWS[kind] if any(column.cells.get(row) for column in columns)]
    query = {"country": _OF_COUNTRY, "region": _OF_REGION, "organisation": _OF_ORGANISATION}[kind]
    return page(
        visit,
        "compare",
        kind=kind,
        kinds=KINDS,
        options=options,
        columns=columns,
        missing=missing,
        too_many=len(given) > MOST,
        rows=rows,
        most=MOST,
        chosen=chosen + [""] * (MOST - len(chosen)),
        query=visit.query_text(query, thing=ox.NamedNode(columns[0].iri), language=visit.tongue)
        if columns
        else "",
    )


def _kind(given: str, keys: Sequence[str]) -> Kind:
    """Return what is compared: as the address says, or as its keys look."""
    for kind in KINDS:
        if given == kind:
            return kind
    first = keys[0] if keys else "CZ"
    if len(first) == 2 and first.isalpha():
        return "country"
    return "region" if first.isupper() and first.isalnum() and len(first) <= 5 else "organisation"


def _options(visit: Visit, kind: Kind) -> dict[str, str]:
    """Return the names of what may be compared, by key; found once a generation."""
    memory = visit.context.memory
    place = f"compare {kind} {visit.language}"
    if place not in memory or not visit.generation:
        memory[place] = _found(visit, kind)
    return cast(dict[str, str], memory[place])


def _found(visit: Visit, kind: Kind) -> dict[str, str]:
    if kind == "country":
        found = numbers(visit)
        names = {code: name for code, name in named(visit).items() if found.total(code)}
        return dict(sorted(names.items(), key=lambda item: fold(item[1])))
    if kind == "region":
        rows = visit.select(_REGIONS, language=visit.tongue)
        return {row.key: row.name for row in rows}
    rows = visit.select(_ORGANISATIONS)
    return {row.thing.removeprefix(_ORGANISATION): row.name for row in rows}


def _columns(
    visit: Visit, kind: Kind, given: Sequence[str], options: Mapping[str, str]
) -> tuple[list[Column], list[tuple[str, list[str]]]]:
    """Return a column for each key or name given, and those that nothing is called, with hints."""
    by_name = {fold(name): key for key, name in options.items()}
    space = {"country": COUNTRY, "region": _NUTS, "organisation": _ORGANISATION}[kind]
    columns: list[Column] = []
    missing: list[tuple[str, list[str]]] = []
    for written in given:
        upper = written.upper() if kind != "organisation" else written
        key = upper if upper in options else by_name.get(fold(written))
        if key is None:
            hints = [by_name[name] for name in near(fold(written), by_name, limit=3)]
            missing.append((written, hints))
        elif key not in [column.key for column in columns]:
            iri = space + key
            href = visit.url(f"/country/{key}") if kind == "country" else visit.link(iri)
            columns.append(Column(key, options[key], iri, href))
    return columns, missing


def _cells(visit: Visit, kind: Kind, column: Column) -> dict[str, list[Value]]:
    """Return the values of one column by row."""
    thing = ox.NamedNode(column.iri)
    cells: dict[str, list[Value]] = {}
    if kind == "organisation":
        rows = visit.select(_OF_ORGANISATION, thing=thing, language=visit.tongue)
        for row in rows:
            cells.setdefault(row.what, []).append(_told(visit, row))
        return cells
    t = visit.words("compare")
    if kind == "country":
        for measure, (n, _) in numbers(visit).of(column.key).items():
            cells[measure] = [Value(t.number(n))]
        rows = visit.select(_OF_COUNTRY, thing=thing, language=visit.tongue)
    else:
        for row in visit.select(_WHERE_REGION, thing=thing, language=visit.tongue):
            cells["country"] = [Value(row.name, visit.link(row.value))]
        cells["organisations"] = [Value("0")]
        rows = visit.select(_OF_REGION, thing=thing, language=visit.tongue)
    for row in rows:
        if row.what == "organisations":
            cells["organisations"] = [Value(t.number(row.n))]
        else:
            one = Value(row.name, visit.link(row.value), t.number(row.n))
            cells.setdefault(row.what, []).append(one)
    return cells


def _told(visit: Visit, row: Row) -> Value:
    href = visit.link(row.value) if row.value else ""
    if row.what == "site" and row.name.startswith(("http://", "https://")):
        return Value(row.name.partition("://")[2].rstrip("/"), row.name)
    return Value(row.name, href, row.note or "")


def _mark_shared(columns: Sequence[Column]) -> None:
    """Mark what more than one column has."""
    for row in _SHARED:
        seen = Counter(
            text
            for column in columns
            for text in {value.text for value in column.cells.get(row, [])}
        )
        for column in columns:
            for value in column.cells.get(row, []):
                value.shared = seen[value.text] > 1
