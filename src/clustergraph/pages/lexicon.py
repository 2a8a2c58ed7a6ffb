"""What pages tell of a class or property: its name, what it means, how often it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import pyoxigraph as ox

from clustergraph.pages.model import Term, model
from clustergraph.pages.visit import short
from clustergraph.vocab import INFERRED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from clustergraph.pages.visit import Visit

__all__ = [
    "CLASSES",
    "PROPERTIES",
    "Entry",
    "Link",
    "Usage",
    "entries",
    "entry",
    "in_language",
    "named",
    "title_of",
    "usage",
]

Link: TypeAlias = tuple[str, str]
"""A name and the address of what bears it."""

CLASSES: Final = """SELECT ?term (COUNT(DISTINCT ?thing) AS ?n)
WHERE { GRAPH ?graph { ?thing a ?term } FILTER(?graph != $inferred) }
GROUP BY ?term"""
"""How many things are stated to be of each class."""

PROPERTIES: Final = """SELECT ?term (COUNT(*) AS ?n)
WHERE { GRAPH ?graph { ?thing ?term ?value } FILTER(?graph != $inferred) }
GROUP BY ?term"""
"""How many statements each property makes."""

_INFERRED: Final = """SELECT ?term (COUNT(*) AS ?n)
WHERE { GRAPH $inferred { %s } }
GROUP BY ?term"""


@dataclass(frozen=True, slots=True)
class Usage:
    """How often terms are used.

    Attributes:
        classes: things that are stated to be of each class, by IRI.
        properties: stated statements of each property.
        inferred: further uses of either, in what follows from that.
    """

    classes: dict[str, int]
    properties: dict[str, int]
    inferred: dict[str, int]

    def stated(self, iri: str) -> int:
        """Return how often a class or property is used in what was stated."""
        return self.classes.get(iri) or self.properties.get(iri, 0)


def usage(visit: Visit) -> Usage:
    """Return how often each class and property is used in the graph."""

    def make() -> dict[str, dict[str, int]]:
        def counted(text: str) -> dict[str, int]:
            rows = visit.select(text, inferred=ox.NamedNode(INFERRED))
            return {row.term: int(row.n) for row in rows}

        return {
            "classes": counted(CLASSES),
            "properties": counted(PROPERTIES),
            "inferred": {
                **counted(_INFERRED % "?thing ?term ?value"),
                **counted(_INFERRED % "?thing a ?term"),
            },
        }

    return Usage(**visit.context.derived("usage-of-terms", make))


@dataclass(frozen=True, slots=True)
class Entry:
    """A term as lists show it.

    Attributes:
        term: the term.
        title: its name in the language of the visit.
        href: where it is described.
        definition: in that language if there is one, else in English.
        language: of the definition.
        count: how often it is used in what was stated.
        domains: what it leads from.
        ranges: what it leads to.
    """

    term: Term
    title: str
    href: str
    definition: str
    language: str
    count: int
    domains: list[Link]
    ranges: list[Link]


def entry(visit: Visit, term: Term, used: Usage) -> Entry:
    """Return what is told of a term of the ontology."""
    definition, language = in_language(term.definitions, visit.language)
    return Entry(
        term,
        *named(visit, term.iri),
        definition,
        language,
        used.stated(term.iri),
        [named(visit, one) for one in term.domains],
        [named(visit, one) for one in term.ranges],
    )


def entries(visit: Visit, terms: Iterable[Term], used: Usage) -> list[Entry]:
    """Return what is told of terms, by the alphabet."""
    found = [entry(visit, term, used) for term in terms]
    return sorted(found, key=lambda one: visit.order(one.title))


def named(visit: Visit, iri: str) -> Link:
    """Return what a term is called, and where it is described."""
    return title_of(visit, iri), visit.link(iri)


def title_of(visit: Visit, iri: str) -> str:
    """Return what a class or property is called, in the language of the visit."""
    term = model().terms.get(iri)
    if term is not None and term.labels:
        return in_language(term.labels, visit.language)[0] or short(iri)
    key = short(iri)
    for words in (visit.words("rules"), visit.words("thing")):
        if words.has(key):
            return words(key)
    return key


def in_language(texts: Mapping[str, str], language: str) -> tuple[str, str]:
    """Return a text in a language, or else in English, and the language that it is in."""
    found = language if language in texts else "en"
    return texts.get(found, ""), found
