"""A ready question: its blanks as a form; its answer in words of readers, and with a summary."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import pyoxigraph as ox
from msgspec import structs

from clustergraph.errors import ClusterGraphError
from clustergraph.pages import outcome
from clustergraph.pages.frame import page
from clustergraph.pages.outcome import Cell, Column, Outcome
from clustergraph.pages.statements import called, names_of
from clustergraph.pages.words import Words
from clustergraph.protocol import Response, questions
from clustergraph.protocol.query import lasting
from clustergraph.questions import catalogue
from clustergraph.questions.answers import named_by
from clustergraph.questions.catalogue import Question
from clustergraph.questions.names import Choice, choices_of, resolve
from clustergraph.questions.parameters import ALL, TODAY, Parameter, namespace
from clustergraph.vocab import CODE, ID

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

# A list of more than this is no longer chosen from, but typed into, with suggestions.
_MOST_CHOICES: Final = 300
_COUNTRIES: Final = "SELECT DISTINCT ?country { ?thing cg:country ?country }"
# Of these there are thousands.
_ENDLESS: Final = ("nuts", "nace")
# Parameters of the page itself, unless the question has one of that name.
_OWN: Final = ("rows", "format", "timeout", "page", "size", "version", "picture", "lang")
_COUNTED: Final = re.compile(r"\{(\w+)((?:\|[^|{}]+)+)\}")
_NAMES: Final = re.compile(
    r"(?:^|(?<=[.;:] ))[a-z]\w*(?= )|\b[a-z]+[A-Z]\w*\b|\b[a-z]+(?:-[a-z]+)+\b"
)
_QUOTED: Final = {"en": "“{}”", "cs": "„{}“"}
_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_THINGS: Final = ("thing", "country", "region")
# Columns whose cells say on what a value rests, and the values of which that is to be seen.
_BASES: Final = ("estimated", "derived", "assumed")
# What texts of answers are called in Czech: names of codes, countries, and things.
_TRANSLATIONS: Final = """SELECT DISTINCT ?en ?cs {
  { ?thing skos:prefLabel ?en , ?cs FILTER(STRSTARTS(STR(?thing), $codes)) }
  UNION { ?thing rdfs:label ?en , ?cs }
  FILTER(LANG(?en) = "en" && LANG(?cs) = "cs")
}"""


class Blank(NamedTuple):
    """A parameter as a field of a form: what is filled in, and what may be; none: anything."""

    parameter: Parameter
    values: tuple[str, ...]
    choices: tuple[Choice, ...]
    field: Literal["boxes", "select", "date", "text"]


def show(visit: Visit) -> Response:
    """Ask a question with the values of the address, or with its own; show form and answer.

    Raises:
        UnknownNameError: no such question.
    """
    question = catalogue.find(visit.captured["name"])
    own = [name for name in _OWN if name not in question.parameters]
    if "format" in visit.parameters and "format" in own:
        # A download, of a browser that would rather have a page.
        return questions.answer(visit.request, visit.context)
    asked = {name: values for name, values in visit.parameters.items() if name not in own}
    given = {name: [ALL] if ALL in values else values for name, values in asked.items()}
    for one in question.parameters.values():
        if one.type == "lang" and visit.language in one.choices:
            given.setdefault(one.name, [visit.language])
    summary_, status, text = question.summary_in(visit.language), 200, question.body
    values: dict[str, Any] = {"outcome": None, "fault": None, "told": ""}
    try:
        if visit.refused:
            raise visit.refused
        given = resolve(question.parameters, given, visit.engine)
        text = structs.replace(question, text=question.bind(given)).body
        found = outcome.gather(
            visit,
            lambda: catalogue.ask(question, visit.engine, given),
            {key: str(value) for key, value in question.plot.items()},
        )
        values |= {
            "outcome": readable(visit, found),
            "told": summary(question, found, visit.language),
            "pictures": outcome.mapped(visit, found, summary_),
            **outcome.elsewhere(visit, found, given, question.name),
        }
    except ClusterGraphError as error:
        status, values["fault"] = outcome.fault(error)
    description = " ".join(question.description_in(visit.language).split())
    return page(
        visit,
        "question",
        status=status,
        cacheable=status == 200 and lasting(text),
        question=question,
        summary=summary_,
        description=explained(description, visit.language),
        blanks=[_blank(one, given, visit) for one in question.parameters.values()],
        heading=partial(heading, language=visit.language),
        text=text,
        **outcome.about(visit),
        **values,
    )


def _blank(parameter: Parameter, given: Mapping[str, list[str]], visit: Visit) -> Blank:
    values = tuple(given.get(parameter.name, parameter.default))
    if parameter.optional and not values:
        values = (ALL,)
    key = f"choices {parameter.type} {parameter.choices} {visit.language}"
    choices = visit.once(key, lambda: tuple(_choices(parameter, visit)))
    if parameter.type == "date":
        # A field for dates of a browser shows no word.
        values = tuple(parameter.terms((TODAY,))[0].value if v == TODAY else v for v in values)
        return Blank(parameter, values, choices, "date")
    if not choices or len(choices) > _MOST_CHOICES:
        return Blank(parameter, values, (), "text")
    return Blank(parameter, values, choices, "boxes" if parameter.several else "select")


def _choices(parameter: Parameter, visit: Visit) -> list[Choice]:
    """Return what may be filled in; nothing: anything, or too much for a list."""
    if parameter.type in _ENDLESS:
        return []
    found = choices_of(parameter, visit.engine, visit.language) or []
    if parameter.type == "country":
        # Most countries of the world have nothing here.
        used = {row.country for row in visit.select(_COUNTRIES)}
        found = [one for one in found if (namespace(parameter.type) or "") + one.value in used]
    return found


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
    known_texts = translations(visit)
    kept = [place for place in range(len(names)) if place not in merged.values()]

    def shown(row: Sequence[Cell], place: int) -> Cell:
        cell, column = row[place], found.columns[place]
        if cell.iri:
            other = row[merged[place]] if place in merged else Cell()
            own = words("record") if cell.iri.startswith(ID) else cell.text
            name = known.get(cell.iri) or other.text or own
            return replace(cell, text=name, language="")
        return _worded(cell, column, words, known_texts)

    rows = tuple(tuple(shown(row, place) for place in kept) for row in found.rows)
    replaced = {names[name]: names[thing] for thing, name in merged.items()}
    plot, wanted = (
        {key: replaced.get(name, name) for key, name in drawn.items()}
        for drawn in (found.plot, found.wanted)
    )
    columns = tuple(found.columns[place] for place in kept)
    return replace(found, columns=columns, rows=rows, plot=plot, wanted=wanted)


def _named(place: int, names: Sequence[str]) -> int | None:
    """Return the column that one names: see `named_by`; `name` may follow any column."""
    if (thing := named_by(names[place], names)) is not None:
        return names.index(thing)
    return place - 1 if names[place] == "name" and place else None


def translations(visit: Visit) -> dict[str, str]:
    """Return what English texts of the graph are called in the language of the visit."""
    if visit.language == "en":
        return {}

    def make() -> dict[str, str]:
        return {row.en: row.cs for row in visit.select(_TRANSLATIONS, codes=ox.Literal(CODE))}

    return visit.once("translations", make)


def _worded(cell: Cell, column: Column, words: Words, known: Mapping[str, str]) -> Cell:
    if column.kind == "date" and cell.text:
        return replace(cell, text=words.day(cell.text), value=cell.value or cell.text)
    if column.kind == "number" or not cell.text:
        return cell
    parts = cell.text.split("; ")
    told = [words.value(one, known.get(one, one)) for one in parts]
    marked = any(one in _BASES for one in parts)
    language = cell.language if told == parts else ""
    return replace(cell, text="; ".join(told), language=language, marked=marked)


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
