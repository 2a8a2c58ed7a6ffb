"""Two to five countries, regions or cluster organisations side by side."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

import pyoxigraph as ox

from clustergraph.errors import near
from clustergraph.pages.country import COUNTRY, MEASURES, named, numbers
from clustergraph.pages.frame import page
from clustergraph.pages.region import country_of, sources
from clustergraph.protocol import Response
from clustergraph.sparql.sheets import write_csv, write_xlsx
from clustergraph.spelling import fold
from clustergraph.vocab import ID, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Row, Visit

__all__ = ["show"]

Kind = Literal["country", "region", "organisation"]
KINDS: Final[tuple[Kind, ...]] = ("country", "region", "organisation")
MOST: Final = 5
_CODE: Final = re.compile(r"\(([A-Z]{2}\w{0,3})\)\s*$")
_ORGANISATION: Final = ID + "cluster-organisation/"
_NUTS: Final = PREFIXES["nuts"]

# What may be compared.
_REGIONS: Final = """SELECT DISTINCT ?region
WHERE {
  { ?cluster a cg:ClusterOrganisation ; cg:region/skos:broader* ?region }
  UNION { ?total cg:observedActivity code:activity-group\\/divisions ; cg:observedRegion ?region }
  FILTER EXISTS { ?region cg:nutsLevel ?level FILTER(?level > 0) }
}"""
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
_TYPES: Final = {
    "csv": "text/csv; charset=utf-8; header=present",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# Columns of the question ``regions-in-numbers``.
_OF_STATISTICS: Final = ("organisations", "measuredClusters", "persons")
_ROWS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "country": (*MEASURES, "ecosystem", "label"),
    "region": ("country", *_OF_STATISTICS, "strongest", "ecosystem", "label"),
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
        size: the number, which is drawn as a bar; None: it is none.
        percent: the length of the bar, of the longest in the row.
    """

    text: str
    href: str = ""
    note: str = ""
    shared: bool = False
    size: float | None = None
    percent: float = 0.0


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
    """Show what is chosen, and the form to choose more; or return it as a file."""
    given = list(dict.fromkeys(visit.parameters.get("with", [])))
    kind = _kind(visit.parameter("kind"), given)
    options = visit.once(f"compare {kind} {visit.language}", lambda: _options(visit, kind))
    columns, missing = _columns(visit, kind, given[:MOST], options)
    for column in columns:
        column.cells = _cells(visit, kind, column)
    _mark_shared(columns)
    union = _union(visit, kind) if columns else None
    shown = [*columns, *([union] if union else [])]
    _draw_bars(shown)
    rows = [row for row in _ROWS[kind] if any(column.cells.get(row) for column in columns)]
    if "form" in visit.captured:
        return _file(visit, shown, rows, visit.captured["form"])
    query = {"country": _OF_COUNTRY, "region": _OF_REGION, "organisation": _OF_ORGANISATION}[kind]
    chosen = [_written(kind, column) for column in columns] + [key for key, _ in missing]
    return page(
        visit,
        "compare",
        kind=kind,
        kinds=KINDS,
        options=options,
        columns=columns,
        union=union,
        shown=shown,
        missing=missing,
        too_many=len(given) > MOST,
        rows=rows,
        most=MOST,
        chosen=chosen + [""] * (MOST - len(chosen)),
        sources=sources(visit) if kind == "region" and columns else [],
        query=visit.query_text(query, thing=ox.NamedNode(columns[0].iri), language=visit.tongue)
        if columns
        else "",
    )


def _written(kind: Kind, column: Column) -> str:
    """Return what stands in the form for something chosen."""
    return f"{column.name} ({column.key})" if kind == "region" else column.key


def _union(visit: Visit, kind: Kind) -> Column | None:
    """Return the column of the European Union: medians of its members or their regions."""
    t = visit.words("compare")
    members = numbers(visit).members
    if kind == "country":
        medians = numbers(visit).medians
    elif kind == "region":
        regions = [row for row in _statistics(visit).values() if country_of(row.code) in members]
        medians = {
            name: float(median([row[name] for row in regions] or [0])) for name in _OF_STATISTICS
        }
    else:
        return None
    cells = {name: [Value(t.number(n), size=n)] for name, n in medians.items()}
    return Column("EU", t("union-" + kind), "", "", cells)


def _statistics(visit: Visit) -> dict[str, Row]:
    """Return the numbers of all regions, by code."""
    rows = visit.once("regions", lambda: visit.ask("regions-in-numbers", country="all"))
    return {row.code: row for row in rows}


def _draw_bars(columns: Sequence[Column]) -> None:
    """Give each number the length of its bar."""
    for row in {row for column in columns for row in column.cells}:
        values = [value for column in columns for value in column.cells.get(row, [])]
        most = max((value.size or 0 for value in values), default=0)
        for value in values:
            value.percent = 100 * value.size / most if value.size and most else 0.0


def _file(visit: Visit, columns: Sequence[Column], rows: Sequence[str], form: str) -> Response:
    """Return the table for a spreadsheet."""
    t = visit.words("compare")

    def text(values: Sequence[Value]) -> str | float:
        if len(values) == 1 and values[0].size is not None:
            return values[0].size
        return "; ".join(
            value.text + (f" ({value.note})" if value.note else "") for value in values
        )

    table = [[t("row-" + row), *(text(c.cells.get(row, [])) for c in columns)] for row in rows]
    names = [t("feature"), *(column.name for column in columns)]
    stream = io.BytesIO()
    (write_csv if form == "csv" else write_xlsx)(names, table, stream)
    head = [
        ("Content-Type", _TYPES[form]),
        ("Content-Disposition", f'attachment; filename="clustergraph-comparison.{form}"'),
    ]
    return Response(200, head, stream.getvalue(), cacheable=True)


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
    """Return the names of what may be compared, by key."""
    if kind == "country":
        found = numbers(visit)
        names = {code: name for code, name in named(visit).items() if found.total(code)}
    elif kind == "region":
        called = visit.names(row.region for row in visit.select(_REGIONS))
        names = {iri.removeprefix(_NUTS): name for iri, name in called.items()}
    else:
        rows = visit.select(_ORGANISATIONS)
        names = {row.thing.removeprefix(_ORGANISATION): row.name for row in rows}
    return dict(sorted(names.items(), key=lambda item: visit.order(item[1])))


def _columns(
    visit: Visit, kind: Kind, given: Sequence[str], options: Mapping[str, str]
) -> tuple[list[Column], list[tuple[str, list[str]]]]:
    """Return a column for each key or name given, and those that nothing is called, with hints."""
    by_name = {fold(name): key for key, name in options.items()}
    space = {"country": COUNTRY, "region": _NUTS, "organisation": _ORGANISATION}[kind]
    columns: list[Column] = []
    missing: list[tuple[str, list[str]]] = []
    for written in given:
        # A region is offered by its name, with its code behind it.
        named_code = _CODE.search(written) if kind == "region" else None
        code = named_code[1] if named_code else written
        upper = code.upper() if kind != "organisation" else code
        key = upper if upper in options else by_name.get(fold(written))
        if key is None:
            hints = [by_name[name] for name in near(fold(written), by_name, limit=3)]
            missing.append((written, hints))
        elif key not in [column.key for column in columns]:
            iri = space + key
            href = visit.link(iri) if kind == "organisation" else visit.url(f"/{kind}/{key}")
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
            cells[measure] = [Value(t.number(n), size=n)]
        rows = visit.select(_OF_COUNTRY, thing=thing, language=visit.tongue)
    else:
        for row in visit.select(_WHERE_REGION, thing=thing, language=visit.tongue):
            cells["country"] = [Value(row.name, visit.link(row.value))]
        cells["organisations"] = [Value("0", size=0)]
        if (found := _statistics(visit).get(column.key)) is not None:
            for name in ("measuredClusters", "persons"):
                cells[name] = [Value(t.number(found[name]), size=found[name])]
            if found.strongest:
                called = visit.names([found.strongest])[found.strongest]
                note = t.number(round(float(found.quotient), 2))
                cells["strongest"] = [Value(called, visit.link(found.strongest), note)]
        rows = visit.select(_OF_REGION, thing=thing, language=visit.tongue)
    for row in rows:
        if row.what == "organisations":
            cells["organisations"] = [Value(t.number(row.n), size=row.n)]
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
