"""Find: search with facets, all of it in the address; as a list, a table, a map, or a file."""

from __future__ import annotations

import io
import json
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from clustergraph import spelling
from clustergraph.pages import index, indexes, maps
from clustergraph.pages.frame import page
from clustergraph.pages.gather import FACETS, iri_of
from clustergraph.pages.index import Found, Option, Selection
from clustergraph.protocol import Response, faults
from clustergraph.protocol.parameters import whole_number
from clustergraph.rdf.values import IRI
from clustergraph.sparql.sheets import write_csv, write_xlsx

if TYPE_CHECKING:
    from clustergraph.pages.pictures import Picture
    from clustergraph.pages.visit import Visit

VIEWS: Final = ("list", "table", "map")
_SIZE: Final = 30
_DEFINITIONS: Final = 3
_TABLE_SIZE: Final = 100
_MOST_PAGES: Final = 10_000
_OPTIONS: Final = 8
_ALL_OPTIONS: Final = 1000
_POINTS: Final = 600
_MOST_CHARACTERS: Final = 300
_COLUMNS: Final = ("region", "ecosystem", "sector", "label", "programme", "year")
_TYPES: Final = {
    "csv": "text/csv; charset=utf-8; header=present",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def show(visit: Visit) -> Response:
    """Show what a selection finds, or hand it out as a file.

    Raises:
        RequestError: the address asks for what there is not.
    """
    selection = _selection(visit)
    found = indexes.of(visit)
    behind = found.generation if found.generation != visit.generation else None
    if behind is not None and visit.captured.get("form"):
        raise faults.not_ready("the search of this generation is being prepared")
    result = found.search(selection)
    if form := visit.captured.get("form"):
        return _file(visit, found, selection, form)
    view = visit.parameter("view", "list")
    if view not in VIEWS:
        raise faults.bad_request(f"view is one of {', '.join(VIEWS)}")
    size = _TABLE_SIZE if view == "table" else _SIZE
    last = max(1, -(-result.total // size))
    number = min(whole_number(visit.parameter("page", "1"), "page", _MOST_PAGES), last)
    rows = found.page(visit.language, (number - 1) * size, size, bool(selection.text))
    addresses = _Addresses(visit, selection, view)
    chosen = [
        (
            list(dict.fromkeys(facet for facet, _ in one.values)),
            list(dict.fromkeys(found.named(*value, visit.language) for value in one.values)),
            addresses.changed(q=one.without),
        )
        for one in result.meaning.filters
    ]
    facets = []
    for name in FACETS:
        most = _ALL_OPTIONS if visit.parameter("more") == name else _OPTIONS
        options, count = found.options(name, selection.chosen.get(name, ()), most, visit.language)
        linked = [(one, addresses.toggled(name, one)) for one in options]
        facets.append((name, linked, count))
        chosen += [([name], [one.name], address) for one, address in linked if one.chosen]
    labels = [value for one in result.meaning.filters for facet, value in one.values
              if facet == "label"]  # fmt: skip
    return page(
        visit,
        "find",
        cacheable=behind is None,
        behind=behind,
        selection=selection,
        result=result,
        rows=[_shown(visit, found, row) for row in rows],
        facets=facets,
        chosen=chosen,
        labels=[*labels, *selection.chosen.get("label", ())],
        defined=[_definition(visit, row) for row in result.defined[:_DEFINITIONS]],
        measured=[
            addresses.changed(q=one.without, kind="Cluster", view=[])
            for one in result.meaning.filters
            if one.values == (("kind", "ClusterOrganisation"),)
        ],
        less=_with_less(found, selection, result, addresses),
        addresses=addresses,
        view=view,
        views=VIEWS,
        number_of_page=number,
        last_page=last,
        first_row=(number - 1) * size,
        pictures=[_map(visit, found, addresses)] if view == "map" and result.total else [],
        query=_query(selection, result),
    )


class _Addresses:
    """The addresses that a selection leads to."""

    def __init__(self, visit: Visit, selection: Selection, view: str) -> None:
        self._visit = visit
        self._fields: dict[str, list[str]] = {
            "q": [selection.text] if selection.text else [],
            **{name: list(values) for name, values in selection.chosen.items()},
            "literal": ["1"] if selection.literal else [],
            "view": [view] if view != VIEWS[0] else [],
        }

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The fields of the address but for the text, for a form to keep."""
        return [
            (name, value)
            for name, values in self._fields.items()
            for value in values
            if name != "q"
        ]

    def toggled(self, facet: str, option: Option) -> str:
        """Return where a value of a facet is chosen, or no longer."""
        values = self._fields.get(facet, [])
        other = [one for one in values if one != option.value]
        return self.changed(**{facet: other if option.chosen else [*values, option.value]})

    def changed(self, **fields: list[str] | str) -> str:
        """Return the address with other values for some fields."""
        return self._visit.url("/find", **{**self._fields, **fields})

    def alone(self) -> str:
        """Return the address without words and filters."""
        return self._visit.url("/find", view=self._fields["view"])

    def file(self, form: str) -> str:
        """Return the address of this selection as a file."""
        return self._visit.url(f"/find.{form}", **{**self._fields, "view": []})


def _selection(visit: Visit) -> Selection:
    text = " ".join(visit.parameter("q").split())
    if len(text) > _MOST_CHARACTERS:
        detail = f"q is longer than {_MOST_CHARACTERS} characters: look for a few words"
        raise faults.bad_request(detail)
    chosen: dict[str, tuple[str, ...]] = {
        name: tuple(dict.fromkeys(visit.parameters[name]))
        for name in FACETS
        if name in visit.parameters
    }
    return Selection(text, chosen, visit.parameter("literal") == "1")


def _with_less(
    found: index.Index, selection: Selection, result: Found, addresses: _Addresses
) -> list[tuple[str, int, str]]:
    """Return, where nothing fits, how much does without some words, and where that is."""
    if result.total or len(result.meaning.filters) + bool(result.meaning.rest) < 2:
        return []
    counted = (
        (one.words, found.search(replace(selection, text=one.without)).total,
         addresses.changed(q=one.without))
        for one in result.meaning.filters
    )  # fmt: skip
    return [one for one in counted if one[1]]


def _definition(visit: Visit, row: sqlite3.Row) -> dict[str, str]:
    language = visit.language if row[f"text_{visit.language}"] else "en"
    return {
        "href": visit.link(row["iri"]),
        "name": row[visit.language] or row["en"] or row["cs"],
        "text": row[f"text_{language}"] or row["text_cs"],
        "language": language,
    }


def _shown(visit: Visit, found: index.Index, row: sqlite3.Row) -> dict[str, Any]:
    facets = found.facets_of(row["id"], visit.language)
    acronym, name = row["acronym"], row["name"]
    words = spelling.words(name)
    told = not acronym or all(word in words for word in spelling.words(acronym))
    return {
        **{facet: facets[facet] for facet in ("ecosystem", "sector", "label", "year")},
        "href": visit.link(row["iri"]),
        "name": name if told else f"{acronym} – {name}",
        "kind": row["kind_name"] or row["kind"],
        "country": row["country_name"],
        "city": row["city"],
        "definition": _definition(visit, row),
        "ended": row["ended"],
    }


def _map(visit: Visit, found: index.Index, addresses: _Addresses) -> Picture:
    t = visit.words("find")
    counts = found.by_country()
    dots = [
        maps.Dot(
            row["lon"],
            row["lat"],
            f"{row['city']}: {row['n']}" if row["n"] > 1 else f"{row['en']}, {row['city']}",
            visit.link(row["iri"]) if row["n"] == 1 else addresses.changed(q=row["city"], view=[]),
            row["n"],
            row["city"],
        )
        for row in found.points(_POINTS)
    ]
    (here,) = counts if len(counts) == 1 else ("",)
    return maps.draw(
        visit.words("charts"),
        "results",
        t("map-title"),
        t("map-description", countries=len(counts), places=len(dots)),
        values=counts,
        names={code: found.named("country", code, visit.language) for code in counts},
        links={code: addresses.changed(country=[code], view=[]) for code in counts},
        dots=dots,
        here=here,
        part=maps.extent(here) if here else None,
        measure=t("results-by-country"),
        sizes=t("results-by-place"),
    )


def _query(selection: Selection, result: Found) -> str:
    """Return a query that says the same, but for the words, which only the search tolerates."""
    lines = ["SELECT DISTINCT ?thing ?name", "WHERE {"]
    for name, values in selection.chosen.items():
        if name == "year":
            lines.append(f"  {FACETS[name].condition.replace('$value', '?date')}")
            spans = ((one[:4], (one.partition("-")[2] or one)[:4]) for one in values)
            tests = [
                f'(STR(?date) >= "{first}" && SUBSTR(STR(?date), 1, 4) <= "{last}")'
                for first, last in spans
                if (first + last).isdigit()
            ]
            lines.append(f"  FILTER({' || '.join(tests) or 'true'})")
        else:
            terms = " ".join(f"<{iri_of(name, value)}>" for value in values)
            lines.append(f"  VALUES ?{name} {{ {terms} }}")
            lines.append(f"  {FACETS[name].condition.replace('$value', f'?{name}')}")
    for one in result.meaning.filters:
        parts = [
            f"{{ {FACETS[name].condition.replace('$value', f'<{iri_of(name, value)}>')} }}"
            for name, value in one.values
        ]
        lines.append(f"  {' UNION '.join(parts)}")
    lines.append('  ?thing rdfs:label ?name . FILTER(LANG(?name) = "en")')
    for word in result.meaning.rest:
        text = json.dumps(word, ensure_ascii=False)
        lines.append(f"  FILTER(CONTAINS(LCASE(?name), {text}))")
    return "\n".join([*lines, "}", "ORDER BY ?name"])


def _file(visit: Visit, found: index.Index, selection: Selection, form: str) -> Response:
    """Return all of a selection as a file; its columns have English names and values."""
    names = [
        "iri", "name", "name_cs", "kind", "country", "city",
        *(column if column == "year" else f"{column}s" for column in _COLUMNS),
        "website", "longitude", "latitude",
    ]  # fmt: skip
    table: list[list[Any]] = []
    for row in found.page("en", 0, -1, bool(selection.text)):
        facets = found.facets_of(row["id"], "en")
        table.append([
            IRI(row["iri"]), row["name"], row["cs"], row["kind"], row["country_name"], row["city"],
            *(facets[column] for column in _COLUMNS),
            IRI(row["homepage"]), row["lon"], row["lat"],
        ])  # fmt: skip
    stream = io.BytesIO()
    if form == "json":
        # What is not known is null; what there may be several of is always a list.
        entries = [
            {name: one if one != "" else None for name, one in zip(names, row, strict=True)}
            for row in table
        ]
        stream.write(json.dumps(entries, ensure_ascii=False, indent=1).encode())
    else:
        flat = [["; ".join(one) if isinstance(one, list) else one for one in row] for row in table]
        (write_xlsx if form == "xlsx" else write_csv)(names, flat, stream)
    head = [
        ("Content-Type", _TYPES[form]),
        ("Content-Disposition", f'attachment; filename="clustergraph-selection.{form}"'),
        ("Vary", "Accept-Encoding"),
    ]
    return Response(200, head, stream.getvalue(), cacheable=True)
