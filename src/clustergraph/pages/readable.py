"""Results of ready questions for readers: names, translated headers and values, a summary."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.pages.naming import called, names_of
from clustergraph.pages.outcome import Cell, Column, Outcome
from clustergraph.pages.words import Words
from clustergraph.questions import catalogue
from clustergraph.questions.columns import named_by
from clustergraph.vocab import CODE, ID

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit
    from clustergraph.questions.catalogue import Question

__all__ = ["explained", "heading", "readable", "summary"]

_COUNTED: Final = re.compile(r"\{(\w+)((?:\|[^|{}]+)+)\}")
_NAMES: Final = re.compile(
    r"(?:^|(?<=[.;:] ))[a-z]\w*(?= )|\b[a-z]+[A-Z]\w*\b|\b[a-z]+(?:-[a-z]+)+\b"
)
_QUOTED: Final = {"en": "“{}”", "cs": "„{}“"}
_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_THINGS: Final = ("thing", "country", "region")
# Columns whose cells say on what a value rests, and the values of which that is to be seen.
_BASES: Final = ("estimated", "derived", "assumed")
# What texts of answers are called in Czech: codes, countries, ecosystems, classes.
_TRANSLATIONS: Final = """SELECT DISTINCT ?en ?cs {
  { ?thing skos:prefLabel ?en , ?cs FILTER(STRSTARTS(STR(?thing), $codes)) }
  UNION { ?thing a cg:IndustrialEcosystem ; rdfs:label ?en , ?cs }
  UNION { ?thing a owl:Class ; rdfs:label ?en , ?cs }
  FILTER(LANG(?en) = "en" && LANG(?cs) = "cs")
}"""


def readable(visit: Visit, found: Outcome) -> Outcome:
    """Return a table with names in place of IRIs, in the language of the visit where possible.

    A column of names is merged into the one that it names. Values of code lists, truth values and
    dates are written as people write them; pictures still get them as they are.

    Args:
        visit: who asks, in which language.
        found: the answer.
    """
    if found.form != "solutions":
        return found
    names = [column.name for column in found.columns]
    merged = {
        thing: place
        for place in range(len(names))
        if (thing := _named(place, names)) is not None
        and (not found.rows or found.columns[thing].kind in _THINGS)
    }
    iris = {
        cell.iri
        for row in found.rows
        for cell, column in zip(row, found.columns, strict=True)
        if cell.iri and column.kind in (*_THINGS, "text")
    }
    known = called(names_of(visit.engine, map(ox.NamedNode, sorted(iris))), visit.language)
    words = Words(visit.language, "columns")
    translations = _translations(visit)
    kept = [place for place in range(len(names)) if place not in merged.values()]

    def shown(row: Sequence[Cell], place: int) -> Cell:
        cell, column = row[place], found.columns[place]
        if cell.iri:
            other = row[merged[place]] if place in merged else Cell()
            own = words("record") if cell.iri.startswith(ID) else cell.text
            name = known.get(cell.iri) or other.text or own
            return replace(cell, text=name, language="")
        return _worded(cell, column, words, translations)

    rows = tuple(tuple(shown(row, place) for place in kept) for row in found.rows)
    replaced = {names[name]: names[thing] for thing, name in merged.items()}
    return replace(
        found,
        columns=tuple(found.columns[place] for place in kept),
        rows=rows,
        plot=_renamed(found.plot, replaced),
        wanted=_renamed(found.wanted, replaced),
    )


def _named(place: int, names: Sequence[str]) -> int | None:
    """Return the column that one names: see `named_by`; `name` may follow any column."""
    if (thing := named_by(names[place], names)) is not None:
        return names.index(thing)
    return place - 1 if names[place] == "name" and place else None


def _translations(visit: Visit) -> dict[str, str]:
    """Return what English texts of the graph are called in the language of the visit."""
    if visit.language == "en":
        return {}
    if "translations" not in visit.context.memory:
        rows = visit.select(_TRANSLATIONS, codes=ox.Literal(CODE))
        visit.context.memory["translations"] = {row.en: row.cs for row in rows}
    known: Any = visit.context.memory["translations"]
    return dict(known)


def _worded(cell: Cell, column: Column, words: Words, translations: Mapping[str, str]) -> Cell:
    if column.kind == "date" and cell.text:
        return replace(cell, text=words.day(cell.text), value=cell.value or cell.text)
    if column.kind == "number" or not cell.text:
        return cell
    parts = cell.text.split("; ")
    told = [
        words(f"value-{one}") if words.has(f"value-{one}") else translations.get(one, one)
        for one in parts
    ]
    marked = any(one in _BASES for one in parts)
    language = cell.language if told == parts else ""
    return replace(cell, text="; ".join(told), language=language, marked=marked)


def _renamed(plot: Mapping[str, str], replaced: Mapping[str, str]) -> dict[str, str]:
    return {key: replaced.get(name, name) for key, name in plot.items()}


def heading(name: str, language: str) -> str:
    """Return what a column or parameter is called: translated, or its own name in words."""
    words = Words(language, "columns")
    return words(name) if words.has(name) else _CAPITAL.sub(" ", name).capitalize()


def explained(text: str, language: str) -> str:
    """Return the description of a question with headings and titles in place of names.

    A word in mixed case is the name of a column, and so is one in lower case that begins a
    sentence; one with hyphens may be the name of another question.
    """
    known = catalogue.questions()

    def told(match: re.Match[str]) -> str:
        name = match[0]
        if name in known:
            return _QUOTED[language].format(known[name].summary_in(language))
        has = Words(language, "columns").has(name)
        return _QUOTED[language].format(heading(name, language)) if has else name

    return _NAMES.sub(told, text)


def summary(question: Question, found: Outcome, language: str) -> str:
    """Return a sentence on a result, as the header of the question has it.

    In ``{country|country|countries}`` stands the number of different values of a column, with the
    form of the word that fits it.

    Args:
        question: says how.
        found: the answer, all columns included.
        language: ``en`` or ``cs``.

    Returns:
        The sentence; empty: the header has none, or not all rows are known.
    """
    template = question.answer_in(language)
    if not template or found.cut or not found.rows:
        return ""
    words = Words(language, "columns")
    places = {column.name: place for place, column in enumerate(found.columns)}

    def counted(match: re.Match[str]) -> str:
        place = places[match[1]]
        values = {row[place].iri or row[place].text for row in found.rows} - {""}
        return words.counted(len(values), match[2].strip("|").split("|"))

    return _COUNTED.sub(counted, template)
