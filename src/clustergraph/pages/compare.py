"""Two to five countries, regions or cluster organisations side by side."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import pyoxigraph as ox

from clustergraph.errors import near
from clustergraph.pages import figures
from clustergraph.pages.figures import COUNTRY, MEASURES, REGION, country_of
from clustergraph.pages.frame import page
from clustergraph.pages.rendering import query
from clustergraph.protocol import Response
from clustergraph.sparql.sheets import write_csv, write_xlsx
from clustergraph.spelling import fold
from clustergraph.vocab import ID

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

Kind = Literal["country", "region", "organisation"]
MOST: Final = 5
_CODE: Final = re.compile(r"\(([A-Z]{2}\w{0,3})\)\s*$")
_SPACES: Final[Mapping[Kind, str]] = {
    "country": COUNTRY, "region": REGION, "organisation": ID + "cluster-organisation/",
}  # fmt: skip
_LOOKS: Final[Mapping[Kind, re.Pattern[str]]] = {
    "country": re.compile("[A-Za-z]{2}"), "region": re.compile("[A-Z0-9]{1,5}"),
}  # fmt: skip

_ORGANISATIONS: Final = "SELECT ?thing { ?thing a cg:ClusterOrganisation }"
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
_THINGS: Final = _SHARED | {"country", "label"}


class Value(NamedTuple):
    """A value in a cell: its text, where it leads, what stands beside it, the length of its bar."""

    text: str
    href: str = ""
    note: str = ""
    size: float | None = None


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
    iri: str = ""
    href: str = ""
    cells: dict[str, list[Value]] = field(default_factory=dict)

    def of(self, row: str) -> list[Value]:
        """Return the values in a row."""
        return self.cells.get(row, [])


def show(visit: Visit) -> Response:
    """Show what is chosen, and the form to choose more; or return it as a file."""
    given = list(dict.fromkeys(visit.parameters.get("with", [])))
    kind = _kind(visit.parameter("kind"), given)
    options = visit.once(f"compare {kind} {visit.language}", lambda: _options(visit, kind))
    columns, missing = _columns(visit, kind, given[:MOST], options)
    shown = [*columns, *(_union(visit, kind) if columns else ())]
    rows = [row for row in _ROWS[kind] if any(column.of(row) for column in columns)]
    if "form" in visit.captured:
        return _file(visit, shown, rows, visit.captured["form"])
    common = {
        row: Counter(text for one in columns for text in {value.text for value in one.of(row)})
        for row in _SHARED
    }
    sizes = {row: [one.size or 0 for each in shown for one in each.of(row)] for row in rows}
    first = ox.NamedNode(columns[0].iri) if columns else None
    return page(
        visit,
        "compare",
        kind=kind,
        kinds=_SPACES,
        options=options,
        columns=columns,
        shown=shown,
        missing=missing,
        too_many=len(given) > MOST,
        rows=rows,
        most=MOST,
        shared={row: {text for text, n in seen.items() if n > 1} for row, seen in common.items()},
        longest={row: max(found, default=0) for row, found in sizes.items()},
        sources=figures.sources(visit) if kind == "region" and columns else [],
        query=visit.query_text(_values_of(kind), thing=first) if first else "",
    )


def _union(visit: Visit, kind: Kind) -> Iterator[Column]:
    """Yield the column of the European Union: medians of its members or their regions."""
    t, found = visit.words("compare"), figures.numbers(visit)
    medians = found.medians
    if kind == "region":
        rows = [row for row in figures.regions(visit) if country_of(row.code) in found.members]
        medians = {name: figures.middle(row[name] for row in rows) for name in _OF_STATISTICS}
    if kind != "organisation":
        cells = {name: [Value(t.number(n), size=n)] for name, n in medians.items()}
        yield Column("EU", t("union-" + kind), cells=cells)


def _file(visit: Visit, columns: Sequence[Column], rows: Sequence[str], form: str) -> Response:
    """Return the table for a spreadsheet."""
    t = visit.words("compare")

    def text(values: Sequence[Value]) -> str | float:
        if len(values) == 1 and values[0].size is not None:
            return values[0].size
        return "; ".join(one.text + (f" ({one.note})" if one.note else "") for one in values)

    table = [[t("row-" + row), *(text(column.of(row)) for column in columns)] for row in rows]
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
    first = keys[0] if keys else "CZ"
    named = [kind for kind in _SPACES if kind == given]
    looks = [kind for kind, pattern in _LOOKS.items() if pattern.fullmatch(first)]
    return [*named, *looks, "organisation"][0]


def _options(visit: Visit, kind: Kind) -> dict[str, str]:
    """Return the names of what may be compared, by key."""
    if kind == "country":
        names = figures.countries(visit)
        found = {code: names[code] for code in figures.numbers(visit).known() if code in names}
    else:
        rows = visit.select(query("comparable-regions") if kind == "region" else _ORGANISATIONS)
        called = visit.names(row.thing for row in rows)
        found = {iri.removeprefix(_SPACES[kind]): name for iri, name in called.items()}
    return figures.by_name(visit, found)


def _columns(
    visit: Visit, kind: Kind, given: Sequence[str], options: Mapping[str, str]
) -> tuple[list[Column], list[tuple[str, list[str]]]]:
    """Return a column for each key or name given, and those that nothing is called, with hints."""
    by_name = {fold(name): key for key, name in options.items()}
    columns: dict[str, Column] = {}
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
        else:
            iri = _SPACES[kind] + key
            href = visit.link(iri) if kind == "organisation" else visit.url(f"/{kind}/{key}")
            columns[key] = Column(key, options[key], iri, href, _cells(visit, kind, key, iri))
    return list(columns.values()), missing


def _values_of(kind: Kind) -> str:
    """Return the query for what stands in a column."""
    if kind == "organisation":
        return query("compare-organisation")
    text = query("compare-place")
    return text if kind == "country" else text.replace("cg:country", "cg:region/skos:broader*")


def _cells(visit: Visit, kind: Kind, key: str, iri: str) -> dict[str, list[Value]]:
    """Return the values of one column by row."""
    t = visit.words("compare")
    cells: dict[str, list[Value]] = {}
    if kind == "country":
        for measure, n in figures.numbers(visit).of(key).items():
            cells[measure] = [Value(t.number(n), size=n)]
    elif kind == "region":
        code = country_of(key)
        name = figures.countries(visit).get(code, code)
        cells["country"] = [Value(name, visit.link(COUNTRY + code))]
        cells["organisations"] = [Value("0", size=0)]
        for row in (one for one in figures.regions(visit) if one.code == key):
            for measure in ("measuredClusters", "persons"):
                cells[measure] = [Value(t.number(row[measure]), size=row[measure])]
            if row.strongest:
                note = t.number(round(float(row.quotient), 2))
                called = visit.names([row.strongest])[row.strongest]
                cells["strongest"] = [Value(called, visit.link(row.strongest), note)]
    rows = visit.select(_values_of(kind), thing=ox.NamedNode(iri))
    names = visit.names(row.value for row in rows if row.what in _THINGS)
    rows.sort(key=lambda row: visit.order(names.get(row.value, str(row.value))))
    rows.sort(key=lambda row: str(row.n or "").zfill(9), reverse=True)
    for row in rows:
        note = t.number(row.n) if isinstance(row.n, int) else row.n or ""
        if row.what == "organisations":
            cells["organisations"] = [Value(note, size=row.n)]
        elif row.what in _THINGS:
            one = Value(names.get(row.value, row.value), visit.link(row.value), note)
            cells.setdefault(row.what, []).append(one)
        else:
            text = str(row.value)
            address = text if text.startswith(("http://", "https://")) else ""
            text = text.partition("://")[2].rstrip("/") if address else text
            cells.setdefault(row.what, []).append(Value(text, address, note))
    return cells
