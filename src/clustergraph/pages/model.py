"""The ontology as its pages show it: terms with their relations, read from the shipped files.

The files, not the graph, say what a term means: they are there for a graph that is elsewhere too,
and what somebody writes into a graph does not change them. How often a term is used, the graph
says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.pages.visit import short
from clustergraph.quadstore.memory import hold
from clustergraph.vocab import BASE, CG, INFERRED, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

Texts: TypeAlias = Mapping[str, str]
"""A text by language."""

_ONTOLOGY: Final = BASE + "ontology/"
_OWL: Final = PREFIXES["owl"]
_KINDS: Final = {
    _OWL + "Class": "class",
    _OWL + "ObjectProperty": "object",
    _OWL + "DatatypeProperty": "datatype",
    _OWL + "AnnotationProperty": "annotation",
}
_TRAITS: Final = {
    _OWL + f"{name}Property": name.lower()
    for name in (
        "Symmetric", "Asymmetric", "Transitive", "Reflexive", "Irreflexive", "Functional",
        "InverseFunctional",
    )
}  # fmt: skip
_TEXTS: Final = {
    "labels": "rdfs:label", "definitions": "skos:definition", "notes": "skos:scopeNote",
}  # fmt: skip
_RELATIONS: Final = {
    "sources": "dcterms:source",
    "above": "rdfs:subClassOf|rdfs:subPropertyOf",
    "below": "^rdfs:subClassOf|^rdfs:subPropertyOf",
    "domains": "schema:domainIncludes|rdfs:domain",
    "ranges": "schema:rangeIncludes|rdfs:range",
    "inverse": "owl:inverseOf|^owl:inverseOf",
    "disjoint": "owl:disjointWith|^owl:disjointWith|"
    "^rdf:first/(^rdf:rest)*/^owl:members/owl:members/rdf:rest*/rdf:first",
}
_ALIGNMENTS: Final = """SELECT DISTINCT ?term ?relation ?other ?note ?file {
  VALUES ?relation { rdfs:subClassOf rdfs:subPropertyOf owl:equivalentClass owl:equivalentProperty
    cg:closeMatch skos:exactMatch skos:closeMatch skos:broadMatch skos:narrowMatch
    skos:relatedMatch }
  GRAPH ?file { ?term ?relation ?other FILTER(STRSTARTS(STR(?term), STR(cg:)) && isIRI(?other))
    OPTIONAL { ?axiom owl:annotatedSource ?term ; owl:annotatedProperty ?relation ;
      owl:annotatedTarget ?other ; skos:note ?note } }
} ORDER BY ?term ?file ?relation ?other"""

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


class Alignment(NamedTuple):
    """How a term relates to one of another vocabulary, why (in English), and in which file."""

    relation: str
    term: str
    note: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A class or property.

    Attributes:
        iri: its IRI.
        kind: ``class``, ``object``, ``datatype`` or ``annotation``.
        module: the name of the module that defines it; empty for terms of other vocabularies.
        labels: its name by language.
        definitions: by language.
        notes: scope notes by language.
        sources: the texts that the notion comes from.
        above: what it is a kind of: IRIs.
        below: the terms that are a kind of it.
        domains: what it leads from (``schema:domainIncludes``).
        ranges: what it leads to.
        inverse: the properties that say the same the other way round.
        disjoint: classes that share no member with it.
        traits: such as ``transitive``.
        alignments: to other vocabularies.
        deprecated: whether it is not to be used any more.
    """

    iri: str
    kind: str
    module: str
    labels: Texts
    definitions: Texts
    notes: Texts
    sources: tuple[str, ...]
    above: tuple[str, ...]
    below: tuple[str, ...]
    domains: tuple[str, ...]
    ranges: tuple[str, ...]
    inverse: tuple[str, ...]
    disjoint: tuple[str, ...]
    traits: tuple[str, ...]
    alignments: tuple[Alignment, ...]
    deprecated: bool

    @property
    def ours(self) -> bool:
        """Whether the ontology defines it."""
        return bool(self.module)

    @property
    def name(self) -> str:
        """Its name in addresses: the IRI without the namespace."""
        return self.iri.removeprefix(CG)


class Module(NamedTuple):
    """A part of the ontology: the name of its file, titles by language, an English description."""

    name: str
    titles: Texts
    description: str


@dataclass(frozen=True, slots=True)
class Model:
    """The whole ontology.

    Attributes:
        terms: by IRI; those of other vocabularies that it builds on among them.
        modules: by name, in the order in which the ontology names its parts.
        version: of the ontology.
    """

    terms: Mapping[str, Term]
    modules: Mapping[str, Module]
    version: str

    def own(self, *kinds: str) -> list[Term]:
        """Return the ontology's own terms of these kinds, or of any."""
        return [
            term for term in self.terms.values() if term.ours and (not kinds or term.kind in kinds)
        ]

    def roots(self) -> list[Term]:
        """Return the classes that are at the top and lead to classes of the ontology."""
        return [
            term
            for term in self.terms.values()
            if term.kind == "class"
            and not any(one in self.terms for one in term.above)
            and (term.ours or any(self.terms[one].ours for one in self.descendants(term.iri)))
        ]

    def ancestors(self, iri: str) -> list[str]:
        """Return what a term is a kind of, at any distance, the nearest first."""
        return self._reached(iri, lambda term: term.above)

    def descendants(self, iri: str) -> list[str]:
        """Return what is a kind of a term, at any distance."""
        return self._reached(iri, lambda term: term.below)

    def _reached(self, iri: str, step: Callable[[Term], Iterable[str]]) -> list[str]:
        todo = [iri]
        for one in todo:
            if one in self.terms:
                todo += [other for other in step(self.terms[one]) if other not in todo]
        return todo[1:]


@cache
def model() -> Model:
    """Return the shipped ontology; read once per process."""
    root = artefacts.room("ontology")
    header = list(ox.parse(path=str(root / "ontology.ttl")))
    names = [_text(one.object).removeprefix(_ONTOLOGY) for one in header
             if one.predicate.value == PREFIXES["dcterms"] + "hasPart"]  # fmt: skip
    store = hold(
        quad
        for name in names
        for quad in ox.parse(path=str(root / f"{name}.ttl"), rename_blank_nodes=True)
    )
    texts: dict[str, Any] = {name: _texts(store, path) for name, path in _TEXTS.items()}
    relations = {name: _related(store, path) for name, path in _RELATIONS.items()}
    types, homes = _related(store, "a"), _related(store, "rdfs:isDefinedBy")
    deprecated, alignments = _texts(store, "owl:deprecated"), _alignments()
    kinds = {
        iri: kind
        for type_, kind in reversed(_KINDS.items())
        for iri, own in types.items()
        if type_ in own
    }
    terms = {}
    for iri in sorted(kinds):
        related: dict[str, Any] = {name: found.get(iri, ()) for name, found in relations.items()}
        related["below"] = tuple(one for one in related["below"] if one in kinds)
        home = next(iter(homes.get(iri, ())), "")
        own = iri.startswith(CG) and home.startswith(_ONTOLOGY)
        terms[iri] = Term(
            iri=iri,
            kind=kinds[iri],
            module=home.removeprefix(_ONTOLOGY) if own else "",
            traits=tuple(trait for name, trait in _TRAITS.items() if name in types[iri]),
            alignments=tuple(alignments.get(iri, ())),
            deprecated=deprecated.get(iri, {}).get("") == "true",
            **{name: found.get(iri, {}) for name, found in texts.items()},
            **related,
        )
    titles, about = _texts(store, "dcterms:title"), _texts(store, "dcterms:description")
    modules = {
        name: Module(name, titles.get(_ONTOLOGY + name, {}), about[_ONTOLOGY + name].get("en", ""))
        for name in names
    }
    versions = (one.object for one in header if one.predicate.value == _OWL + "versionInfo")
    return Model(terms, modules, _text(next(versions, None)))


def _select(store: ox.Store, text: str) -> Any:
    return store.query(text, prefixes=dict(PREFIXES))


def _related(store: ox.Store, path: str) -> dict[str, tuple[str, ...]]:
    """Return what a path leads to from each term, if it has an IRI and is another one."""
    found: dict[str, list[str]] = defaultdict(list)
    for one, other in _select(store, f"SELECT DISTINCT ?one ?other {{ ?one {path} ?other }}"):
        if isinstance(one, ox.NamedNode) and isinstance(other, ox.NamedNode) and one != other:
            found[one.value].append(other.value)
    return {iri: tuple(sorted(others)) for iri, others in found.items()}


def _texts(store: ox.Store, name: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for one, text in _select(store, f"SELECT ?one ?text {{ ?one {name} ?text }}"):
        if isinstance(text, ox.Literal):
            found[one.value][text.language or ""] = text.value
    return found


def _alignments() -> dict[str, list[Alignment]]:
    """Return what the files of alignments say of each of the ontology's terms, with the reason."""
    store = hold(
        ox.Quad(quad.subject, quad.predicate, quad.object, ox.NamedNode("file:" + path.stem))
        for path in artefacts.files("ontology", "alignments/*.ttl")
        for quad in ox.parse(path=str(path), rename_blank_nodes=True)
    )
    found: dict[str, list[Alignment]] = defaultdict(list)
    for term, relation, other, note, file in _select(store, _ALIGNMENTS):
        where = file.value.removeprefix("file:")
        found[term.value].append(Alignment(relation.value, other.value, _text(note), where))
    return found


def _text(term: object) -> str:
    return str(getattr(term, "value", ""))


class Usage(NamedTuple):
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

    def counted(text: str) -> dict[str, int]:
        rows = visit.select(text, inferred=ox.NamedNode(INFERRED))
        return {row.term: int(row.n) for row in rows}

    def make() -> dict[str, dict[str, int]]:
        inferred = (_INFERRED % "?thing ?term ?value", _INFERRED % "?thing a ?term")
        return {
            "classes": counted(CLASSES),
            "properties": counted(PROPERTIES),
            "inferred": counted(inferred[0]) | counted(inferred[1]),
        }

    return Usage(**visit.context.derived("usage-of-terms", make))


def entry(visit: Visit, term: Term, used: Usage) -> dict[str, Any]:
    """Return a term as lists show it.

    Returns:
        ``term``, ``title`` in the language of the visit, ``href``, ``definition`` and its
        ``language``, ``count`` of stated uses.
    """
    definition, language = in_language(term.definitions, visit.language)
    return {
        "term": term, "title": title_of(visit, term.iri), "href": visit.link(term.iri),
        "definition": definition, "language": language, "count": used.stated(term.iri),
    }  # fmt: skip


def entries(visit: Visit, terms: Iterable[Term], used: Usage) -> list[dict[str, Any]]:
    """Return what is told of terms, by the alphabet."""
    found = [entry(visit, term, used) for term in terms]
    return sorted(found, key=lambda one: visit.order(one["title"]))


def title_of(visit: Visit, iri: str) -> str:
    """Return what a class or property is called, in the language of the visit."""
    if (term := model().terms.get(iri)) is not None and term.labels:
        return in_language(term.labels, visit.language)[0] or short(iri)
    key = short(iri)
    texts = (visit.words("rules"), visit.words("thing"))
    return next((words(key) for words in texts if words.has(key)), key)


def in_language(texts: Texts, language: str) -> tuple[str, str]:
    """Return a text in a language, or else in English, and the language that it is in."""
    found = language if language in texts else "en"
    return texts.get(found, ""), found
