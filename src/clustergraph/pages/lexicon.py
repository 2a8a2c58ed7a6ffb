"""What pages tell of a class or property: its name, where it is described, what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from clustergraph.pages.model import Term, model
from clustergraph.pages.visit import short

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from clustergraph.pages.usage import Usage
    from clustergraph.pages.visit import Visit

__all__ = ["Entry", "Link", "entries", "entry", "in_language", "named", "title_of"]

Link: TypeAlias = tuple[str, str]
"""A name and the address of what bears it."""


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
