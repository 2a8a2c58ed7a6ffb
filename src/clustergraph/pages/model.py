"""The ontology as its pages show it: terms with their relations, read from the shipped files.

The files, not the graph, say what a term means: they are there for a graph that is elsewhere too,
and what somebody writes into a graph does not change them. How often a term is used, the graph
says (`clustergraph.pages.lexicon`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple, TypeAlias

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.vocab import BASE, CG, PREFIXES

__all__ = ["Alignment", "Model", "Module", "Term", "Texts", "model"]

_OWL, _RDFS, _SKOS = PREFIXES["owl"], PREFIXES["rdfs"], PREFIXES["skos"]
_DCTERMS, _SCHEMA, _RDF = PREFIXES["dcterms"], PREFIXES["schema"], PREFIXES["rdf"]
_TYPE: Final = _RDF + "type"
_ONTOLOGY: Final = BASE + "ontology/"
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
_ABOVE: Final = (_RDFS + "subClassOf", _RDFS + "subPropertyOf")
_MATCHES: Final = (
    *_ABOVE, _OWL + "equivalentClass", _OWL + "equivalentProperty",
    CG + "closeMatch",
    *(_SKOS + name for name in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch",
                                "relatedMatch")),
)  # fmt: skip

Texts: TypeAlias = Mapping[str, str]
"""A text by language."""
_Facts = dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal]]


class Alignment(NamedTuple):
    """How a term relates to one of another vocabulary, why (in English), and in which file."""

    relation: str
    term: str
    note: str
    file: str


@dataclass(slots=True)
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
        below: what is a kind of it.
        domains: what it leads from (``schema:domainIncludes``).
        ranges: what it leads to.
        inverse: the IRI of the property that says the same the other way round; may be empty.
        disjoint: classes that share no member with it.
        traits: such as ``transitive``.
        chains: properties that entail it one after the other.
        alignments: to other vocabularies.
        deprecated: whether it is not to be used any more.
    """

    iri: str
    kind: str
    module: str = ""
    labels: Texts = field(default_factory=dict)
    definitions: Texts = field(default_factory=dict)
    notes: Texts = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    inverse: str = ""
    disjoint: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    chains: tuple[tuple[str, ...], ...] = ()
    alignments: tuple[Alignment, ...] = ()
    deprecated: bool = False

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
        """Return the ontology's own terms of these kinds."""
        return [term for term in self.terms.values() if term.ours and term.kind in kinds]

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
        found = {iri: None}
        todo = [iri]
        for one in todo:
            if one in self.terms:
                new = [other for other in step(self.terms[one]) if other not in found]
                found |= dict.fromkeys(new)
                todo += dict.fromkeys(new)
        return list(found)[1:]

    def about(self, iri: str) -> tuple[list[Term], list[Term]]:
        """Return the properties that lead from a class, and those that lead to it."""
        properties = self.own("object", "datatype", "annotation")
        return (
            [one for one in properties if iri in one.domains],
            [one for one in properties if iri in one.ranges],
        )


@cache
def model() -> Model:
    """Return the shipped ontology; read once per process."""
    root = artefacts.room("ontology")
    header = _read(root / "ontology.ttl")[BASE + "ontology"]
    facts: dict[str, _Facts] = defaultdict(lambda: defaultdict(list))
    modules = {}
    for name in (one.removeprefix(_ONTOLOGY) for one in _iris(header, _DCTERMS + "hasPart")):
        found = _read(root / f"{name}.ttl")
        about = found[_ONTOLOGY + name]
        description = _text(about, _DCTERMS + "description")
        modules[name] = Module(name, _texts(about, _DCTERMS + "title"), description)
        for subject, values in found.items():
            for predicate, objects in values.items():
                facts[subject][predicate] += objects
    alignments = _alignments()
    terms = {
        iri: _term(iri, kinds[0], values, facts, alignments.get(iri, []))
        for iri, values in facts.items()
        if not iri.startswith("_:")
        and (kinds := [_KINDS[one] for one in _KINDS if one in _iris(values, _TYPE)])
    }
    _relate(terms, facts)
    return Model(terms, modules, _text(header, _OWL + "versionInfo"))


def _read(path: object) -> dict[str, _Facts]:
    found: dict[str, _Facts] = defaultdict(lambda: defaultdict(list))
    for quad in ox.parse(path=str(path), rename_blank_nodes=True):
        if not isinstance(quad.object, ox.Triple) and not isinstance(quad.subject, ox.Triple):
            subject = quad.subject
            key = subject.value if isinstance(subject, ox.NamedNode) else str(subject)
            found[key][quad.predicate.value].append(quad.object)
    return found


def _term(
    iri: str,
    kind: str,
    values: _Facts,
    facts: Mapping[str, _Facts],
    alignments: Iterable[Alignment],
) -> Term:
    home = next(iter(_iris(values, _RDFS + "isDefinedBy")), "")
    own = iri.startswith(CG) and home.startswith(_ONTOLOGY)
    return Term(
        iri,
        kind,
        module=home.removeprefix(_ONTOLOGY) if own else "",
        labels=_texts(values, _RDFS + "label"),
        definitions=_texts(values, _SKOS + "definition"),
        notes=_texts(values, _SKOS + "scopeNote"),
        sources=_iris(values, _DCTERMS + "source"),
        above=tuple(one for name in _ABOVE for one in _iris(values, name)),
        domains=_iris(values, _SCHEMA + "domainIncludes", _RDFS + "domain"),
        ranges=_iris(values, _SCHEMA + "rangeIncludes", _RDFS + "range"),
        traits=tuple(trait for name, trait in _TRAITS.items() if name in _iris(values, _TYPE)),
        chains=tuple(
            tuple(one.value for one in _list(head, facts))
            for head in values.get(_OWL + "propertyChainAxiom", ())
        ),
        alignments=tuple(alignments),
        deprecated=_text(values, _OWL + "deprecated") == "true",
    )


def _relate(terms: dict[str, Term], facts: Mapping[str, _Facts]) -> None:
    """Add what is said of a term elsewhere: what is below it, its inverse, what excludes it."""
    below: dict[str, list[str]] = defaultdict(list)
    apart: dict[str, dict[str, None]] = defaultdict(dict)
    for iri, term in terms.items():
        for one in term.above:
            below[one].append(iri)
        for one in _iris(facts[iri], _OWL + "disjointWith"):
            apart[iri][one] = apart[one][iri] = None
        for one in _iris(facts[iri], _OWL + "inverseOf"):
            term.inverse = one
            if one in terms:
                terms[one].inverse = iri
    for values in facts.values():
        if _OWL + "AllDisjointClasses" in _iris(values, _TYPE):
            for head in values[_OWL + "members"]:
                members = [one.value for one in _list(head, facts)]
                for one in members:
                    apart[one].update(dict.fromkeys(other for other in members if other != one))
    for iri, term in terms.items():
        term.below = tuple(below[iri])
        term.disjoint = tuple(apart[iri])


def _alignments() -> dict[str, list[Alignment]]:
    """Return what the files of alignments say of each of the ontology's terms, with the reason."""
    found: dict[str, list[Alignment]] = defaultdict(list)
    for path in artefacts.files("ontology", "alignments/*.ttl"):
        facts = _read(path)
        annotated = [_OWL + f"annotated{part}" for part in ("Source", "Property", "Target")]
        why = {
            tuple(_text(one, name) for name in annotated): _text(one, _SKOS + "note")
            for one in facts.values()
        }
        for subject, values in facts.items():
            if subject.startswith(CG):
                found[subject] += [
                    Alignment(relation, one, why.get((subject, relation, one), ""), path.stem)
                    for relation in _MATCHES
                    for one in _iris(values, relation)
                ]
    return found


def _list(
    head: ox.NamedNode | ox.BlankNode | ox.Literal, facts: Mapping[str, _Facts]
) -> Iterator[ox.NamedNode | ox.BlankNode | ox.Literal]:
    while (values := facts.get(str(head))) and (first := values.get(_RDF + "first")):
        yield first[0]
        head = values[_RDF + "rest"][0]


def _iris(values: Mapping[str, Iterable[object]], *names: str) -> tuple[str, ...]:
    return tuple(
        one.value for name in names for one in values.get(name, ()) if isinstance(one, ox.NamedNode)
    )


def _texts(values: _Facts, name: str) -> Texts:
    return {
        one.language or "": one.value for one in values.get(name, ()) if isinstance(one, ox.Literal)
    }


def _text(values: _Facts, name: str) -> str:
    return next((one.value for one in values.get(name, ())), "")
