"""What a query found, as pages show it: a table, pictures that suit it, and other formats."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import pyoxigraph as ox

from clustergraph.errors import ClusterGraphError
from clustergraph.pages import europe, figures, maps
from clustergraph.pages.visit import short, value
from clustergraph.protocol.problems import describe
from clustergraph.quadstore import Answer, reading
from clustergraph.sparql.results import FORMATS, is_triples
from clustergraph.vocab import BASE, CODE, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Visit
    from clustergraph.pages.words import Words

# How many rows a page may show.
_LIMITS: Final = (100, 1000, 5000)
_USUAL: Final = 1000

Kind: TypeAlias = Literal["number", "date", "country", "region", "point", "thing", "text"]
"""What a column holds: what pictures can be made of it."""

_COUNTRY: Final = CODE + "country/"
_REGION: Final = PREFIXES["nuts"]
_XSD: Final = PREFIXES["xsd"]
_WKT: Final = PREFIXES["geo"] + "wktLiteral"
_DATES: Final = frozenset(_XSD + name for name in ("gYear", "gYearMonth", "date", "dateTime"))
_NUMBERS: Final = frozenset(_XSD + name for name in ("integer", "decimal", "double", "float"))
_YEARS: Final = range(1000, 3000)
# What the graph describes itself; other addresses lead out.
_OURS: Final = tuple({BASE, *PREFIXES.values()})
_DAY: Final = re.compile(r"[12]\d{3}(-\d\d(-\d\d)?)?")
_DATED: Final = re.compile(r"date|year|from|until|since|start|end|open|close|issue|adopt|award")
# Things in one column of names, at most, to be told apart by colour.
_FEW: Final = 8
# Of these kinds, the first of which there are columns names what is plotted.
_NAMING: Final = ("text", "country", "thing", "region")
_PLOTS: Final = ("bar", "line", "dot", "heat", "histogram")
# Amounts in different units must not be added; other numbers are counts.
_UNITS: Final = re.compile(r"currency(Code)?|unit")
_MOST_NAMES: Final = 20


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell.

    Attributes:
        text: for people.
        value: for scripts, where it differs from the text.
        href: where the thing is described.
        number: the number that it is.
        language: of the text.
        iri: the thing that it is, if it is one.
        marked: whether it tells that something was estimated or derived.
    """

    text: str = ""
    value: str = ""
    href: str = ""
    number: Any = None
    language: str = ""
    iri: str = ""
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the variable's name, and what it holds."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a query found.

    Attributes:
        form: rows, triples, or a truth.
        columns: of the table.
        rows: its rows; no more than asked for.
        truth: the answer of ASK.
        cut: whether there are more rows than are shown.
        milliseconds: how long it took, without the making of the page.
        views: how it can be shown, the table first.
        plot: how to plot it: kind, and the columns for x, y and group.
        wanted: how the author of the query wants it shown, in the same words.
        first: the view to begin with.
    """

    form: Literal["solutions", "graph", "truth"]
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    truth: bool | None = None
    cut: bool = False
    milliseconds: float = 0.0
    views: tuple[str, ...] = ("table",)
    plot: Mapping[str, str] = field(default_factory=dict)
    wanted: Mapping[str, str] = field(default_factory=dict)
    first: str = "table"


def gather(
    visit: Visit, asked: Callable[[], Answer], plot: Mapping[str, str] | None = None
) -> Outcome:
    """Return what an answer holds, for a page: no more rows than the visitor wants to see.

    Args:
        visit: who asks.
        asked: asks, and returns the answer.
        plot: how the author of the query wants it drawn.

    Raises:
        QueryError: the query cannot be evaluated.
    """
    begun, most = time.perf_counter(), _most_rows(visit)
    with reading():
        answer = asked()
        if isinstance(answer, ox.QueryBoolean):
            return Outcome("truth", truth=bool(answer), milliseconds=_since(begun))
        names = ["subject", "predicate", "object"]
        triples = is_triples(answer)
        if isinstance(answer, ox.QuerySolutions):
            names = [variable.value for variable in answer.variables]
        # One more than is shown tells whether there are more.
        terms = [tuple(row[at] for at in range(len(names))) for row in islice(answer, most + 1)]
    taken = _since(begun)
    cut = len(terms) > most
    del terms[most:]
    columns = tuple(_column(name, [row[at] for row in terms]) for at, name in enumerate(names))
    rows = tuple(
        tuple(
            _cell(term, column.kind, visit.link) for term, column in zip(row, columns, strict=True)
        )
        for row in terms
    )
    views, drawn, first = _suited(columns, rows, triples, plot or {})
    form: Literal["graph", "solutions"] = "graph" if triples else "solutions"
    return Outcome(form, columns, rows, None, cut, taken, views, drawn, plot or {}, first)


def _since(begun: float) -> float:
    """Return the milliseconds since a moment, as people read them."""
    taken = (time.perf_counter() - begun) * 1000
    return round(taken, 0 if taken >= 10 else 1)


def _column(name: str, terms: Sequence[Any]) -> Column:
    kinds = {_kind(term) for term in terms if term is not None}
    if len(kinds) == 1:
        (kind,) = kinds
    else:
        kind = "thing" if kinds and kinds <= {"country", "region", "thing"} else "text"
    # A year that was calculated is a number, but nobody sums years.
    named = kind == "number" and "year" in name.lower()
    texts = (str(value(term)) for term in terms if term is not None)
    if kind == "text" and _DATED.search(name.lower()) and all(map(_DAY.fullmatch, texts)):
        kind = "date"
    if named and all(term is None or value(term) in _YEARS for term in terms):
        kind = "date"
    return Column(name, kind)


def _kind(term: Any) -> Kind:
    if isinstance(term, ox.Literal):
        datatype = term.datatype.value
        if datatype in _NUMBERS:
            return "number"
        if datatype in _DATES:
            return "date"
        return "point" if datatype == _WKT and "POINT" in term.value.upper() else "text"
    if isinstance(term, ox.NamedNode):
        iri = term.value
        if iri.startswith(_COUNTRY):
            return "country"
        return "region" if iri.startswith(_REGION) else "thing"
    return "thing" if isinstance(term, ox.BlankNode) else "text"


def _cell(term: Any, kind: Kind, link: Callable[[str], str]) -> Cell:
    if term is None:
        return Cell()
    if isinstance(term, ox.Literal):
        number = value(term) if kind == "number" else None
        written = "" if number is None else term.value
        return Cell(term.value, written, number=number, language=term.language or "")
    if isinstance(term, ox.NamedNode):
        iri = term.value
        name = short(iri)
        marked = {"country": iri.removeprefix(_COUNTRY), "region": iri.removeprefix(_REGION)}
        # Only what a browser may follow without harm becomes a link.
        outward = iri if re.match(r"https?://", iri) else ""
        href = link(iri) if iri.startswith(_OURS) else outward
        return Cell(name, marked.get(kind, ""), href, iri=iri)
    return Cell(str(term))


def _suited(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    triples: bool,
    wanted: Mapping[str, str],
) -> tuple[tuple[str, ...], dict[str, str], str]:
    """Return how a table can be shown, how a plot of it is drawn, and what to show first.

    What the author of the query wants, and does not fit, is ignored.
    """
    names = {column.name for column in columns}
    kinds = [column.kind for column in columns]
    plot = {key: name for key, name in wanted.items() if key == "kind" or name in names}
    kind = plot.get("kind", "")
    if not rows:
        return ("table",), {}, "table"
    if triples:
        return ("table", "graph") if any(row[2].href for row in rows) else ("table",), {}, "table"
    drawn = plot if kind in _PLOTS and "x" in plot else _plotted(columns, rows)
    views = ["table"]
    if drawn:
        views.append("plot")
    if "point" in kinds or "country" in kinds or "region" in kinds or kind == "map":
        views.append("map")
    if kind == "network" or sum(one in ("thing", "country", "region") for one in kinds) > 1:
        views.append("graph")
    first = {"map": "map", "network": "graph", "": "table"}.get(kind, "plot")
    return tuple(views), drawn, first if first in views else "table"


def _plotted(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> dict[str, str]:
    """Choose marks by what the columns hold."""
    by_kind: dict[str, list[str]] = {}
    different: dict[str, int] = {}
    for at, column in enumerate(columns):
        by_kind.setdefault(column.kind, []).append(column.name)
        different[column.name] = len({row[at].text for row in rows})
    numbers, dates = by_kind.get("number", []), by_kind.get("date", [])
    names = next((by_kind[kind] for kind in _NAMING if kind in by_kind), [])
    if dates and numbers:
        kind = "line" if different[dates[0]] > 2 else "bar"
        few = [name for name in names if different[name] <= _FEW]
        return {"kind": kind, "x": dates[0], "y": numbers[0], **({"group": few[0]} if few else {})}
    # Two columns of names make a grid, if they are not a list of things with a detail.
    if len(names) >= 2 and numbers and all(1 < different[one] < len(rows) for one in names[:2]):
        return {"kind": "heat", "x": names[0], "y": names[1], "group": numbers[0]}
    if names and numbers:
        return {"kind": "bar", "x": names[0], "y": numbers[0]}
    if len(numbers) >= 2:
        return {"kind": "dot", "x": numbers[0], "y": numbers[1]}
    if numbers and len(rows) > 1:
        return {"kind": "histogram", "x": numbers[0]}
    if dates and names:
        return {"kind": "dot", "x": dates[0], "y": names[0]}
    return {}


def _most_rows(visit: Visit) -> int:
    """Return how many rows a visitor wants to see at most."""
    wanted = visit.parameter("rows")
    return int(wanted) if wanted in map(str, _LIMITS) else _USUAL


def about(visit: Visit) -> dict[str, Any]:
    """Return what the templates of results need besides the result: words, for scripts as well.

    ``older`` is the data version that a link was made with, if it is no longer the current one.
    """
    version = visit.parameter("version")
    return {
        "r": visit.words("results"),
        "island_words": visit.words("islands").own(),
        "limits": _LIMITS,
        "most": _most_rows(visit),
        "older": version if version.isdecimal() and version != str(visit.generation) else "",
    }


def fault(error: ClusterGraphError) -> tuple[int, dict[str, Any]]:
    """Return the status of a query that failed, and what to say of it."""
    document = describe(error)
    return document["status"], {
        key: document.get(key) for key in ("status", "title", "detail", "line", "column")
    }


def elsewhere(
    visit: Visit, found: Outcome, fields: Mapping[str, Sequence[str]], question: str = ""
) -> dict[str, Any]:
    """Return how to have an answer elsewhere: its other formats, commands for it, and a link.

    Args:
        visit: who asks.
        found: the answer.
        fields: the parameters of the address: those of a ready question, or ``query``.
        question: the name of the ready question; empty: it is a query of one's own.
    """
    path = f"/queries/{question}" if question else "/sparql"
    triples = found.form == "graph"
    return {
        "downloads": [
            (name, visit.url(path, **{**fields, "format": name}))
            for name, form in FORMATS.items()
            if form.holds_triples == triples and _is_written(name)
        ],
        "asked": {"address": visit.base + path, "fields": fields, "question": question},
        "link": visit.url(path if question else "/query", **fields, version=visit.generation),
    }


@cache
def _is_written(name: str) -> bool:
    """Say whether a format can be written here; text tables are for terminals and documents."""
    if name == "parquet":
        return find_spec("pyarrow") is not None
    return name not in ("table", "markdown", "trig", "nquads")


def mapped(visit: Visit, found: Outcome, title: str) -> list[Picture]:
    """Return the map of an answer, if the address asks for it and there is one.

    Args:
        visit: who asks.
        found: the answer.
        title: what it is called.
    """
    kinds = [column.kind for column in found.columns]
    wanted = [kind for kind in ("point", "country", "region") if kind in kinds]
    if visit.parameter("picture") != "map" or "map" not in found.views or not wanted:
        return []
    t = visit.words("charts")
    at = kinds.index(wanted[0])
    number = _number(found)
    measure = t("rows") if number is None else found.columns[number].name
    if wanted[0] == "point":
        drawn = _places(t, found, at, number, measure)
    else:
        values, names = _sums(found, at, number)
        of_areas = _countries if wanted[0] == "country" else _regions
        drawn = of_areas(visit, t, values, names, measure)
    return [maps.draw(t, "map", title or drawn["description"], **drawn)]


def _number(found: Outcome) -> int | None:
    """Return the column that holds the number to show."""
    numbers = [at for at, column in enumerate(found.columns) if column.kind == "number"]
    wanted = [at for at in numbers if found.columns[at].name == found.wanted.get("y")]
    return next(iter([*wanted, *numbers]), None)


def _sums(found: Outcome, at: int, number: int | None) -> tuple[dict[str, float], dict[str, str]]:
    """Return value and name by code; several rows of a code are added if they are counts."""
    columns = [column.name for column in found.columns]
    mixed = any(map(_UNITS.fullmatch, columns))
    name = f"{columns[at]}Name"
    label = columns.index(name) if name in columns else at
    values: dict[str, float] = {}
    names: dict[str, str] = {}
    for row in found.rows:
        code = row[at].value
        amount = 1 if number is None else row[number].number
        if code and amount is not None:
            names.setdefault(code, row[label].text or code)
            before = values.get(code, 0)
            values[code] = max(before, float(amount)) if mixed else before + float(amount)
    return values, names


def _countries(
    visit: Visit, t: Words, values: dict[str, float], names: dict[str, str], measure: str
) -> dict[str, Any]:
    names |= figures.countries(visit)
    off = ", ".join(names[code] for code in values if code not in europe.outlines())
    description = t("answer-countries", measure=measure, n=len(values), off=off)
    shown = {code: names[code] for code in values}
    return {"description": description, "values": values, "names": shown, "measure": measure}


def _regions(
    visit: Visit, t: Words, values: dict[str, float], names: dict[str, str], measure: str
) -> dict[str, Any]:
    levels = {len(code) for code in values}
    known = europe.shapes(visit.context.config.regions)
    shapes = {code: shape for code, shape in known.items() if len(code) in levels}
    placed = {code: figures.towns()[code] for code in values if code in figures.towns()}
    dots = [
        maps.Dot(*place, f"{names[code]}: {t.number(values[code])}", "", values[code], names[code])
        for code, place in placed.items()
        if values[code] > 0 and not shapes
    ]
    drawn = sum(code in shapes for code in values) if shapes else len(dots)
    return {
        "description": t("answer-regions", measure=measure, n=drawn, all=len(values)),
        "values": values if shapes else {}, "names": names, "shapes": shapes, "dots": dots,
        "part": maps.around(placed.values()), "measure": measure, "sizes": measure,
    }  # fmt: skip


def _places(t: Words, found: Outcome, at: int, number: int | None, measure: str) -> dict[str, Any]:
    columns = found.columns
    label = next((i for i, one in enumerate(columns) if one.kind == "text"), 0)
    place = next((i for i, one in enumerate(columns) if one.name == "placeName"), None)
    together: dict[europe.Point, list[tuple[Cell, ...]]] = {}
    for row in found.rows:
        if (where := europe.point(row[at].text)) is not None:
            together.setdefault(where, []).append(row)
    dots = [
        maps.Dot(
            *where,
            ", ".join(row[label].text for row in rows[:_MOST_NAMES]),
            size=sum(1 if number is None else float(row[number].number or 0) for row in rows),
            place="" if place is None else rows[0][place].text,
        )
        for where, rows in together.items()
    ]
    n = sum(map(len, together.values()))
    return {
        "description": t("answer-places", n=n, missing=len(found.rows) - n),
        "dots": dots, "part": maps.around(together), "sizes": measure,
    }  # fmt: skip
