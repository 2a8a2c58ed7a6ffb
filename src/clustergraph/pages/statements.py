"""What the graph says of things: their statements and names, records about them, blank nodes.

Pages and descriptions for programs read it here, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pyoxigraph as ox

from clustergraph.sparql.answers import reading
from clustergraph.vocab import INFERRED, PREFIXES

if TYPE_CHECKING:
    from clustergraph.quadstore.evaluation import Queryable

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

NAMES: Final = (PREFIXES["rdfs"] + "label", PREFIXES["skos"] + "prefLabel")
"""The properties that name a thing."""

# How many things are asked for at once.
_TOGETHER: Final = 400

_CG, _ORG = PREFIXES["cg"], PREFIXES["org"]
RECORDS: Final[Mapping[str, str]] = {
    _CG + "claimSubject": "claim",
    _CG + "figureOf": "figure",
    _CG + "holder": "award",
    _CG + "amountOf": "amount",
    _CG + "changeOf": "change",
    _CG + "resultingOrganisation": "origin",
    _ORG + "member": "member",
    _CG + "participant": "member",
    _ORG + "organization": "body",
    _CG + "participationIn": "body",
}
"""By which property a record says what it is about, and what kind of record that makes it."""

ABOUT: Final = frozenset((*RECORDS, _CG + "serviceOf", PREFIXES["owl"] + "annotatedSource"))
"""By which properties whatever refers to a thing says something about it."""


def statements(engine: Queryable, iri: ox.NamedNode) -> tuple[list[ox.Triple], list[ox.Triple]]:
    """Return what is stated of a thing, and what is only inferred, each once.

    A graph on another server may have statements in its default graph alone.
    """
    text = f"SELECT ?p ?o ?g {{ {{ GRAPH ?g {{ {iri} ?p ?o }} }} UNION {{ {iri} ?p ?o }} }}"
    graphs: dict[ox.Triple, set[str]] = {}
    for predicate, value, graph in rows(engine, text):
        found = graphs.setdefault(ox.Triple(iri, predicate, value), set())
        if graph is not None:
            found.add(graph.value)
    said = [triple for triple, names in graphs.items() if names != {INFERRED}]
    return said, [triple for triple, names in graphs.items() if names == {INFERRED}]


def said_of(
    engine: Queryable, nodes: Iterable[ox.NamedNode], *, inferred: bool = False
) -> Iterator[ox.Triple]:
    """Yield what is said of several things, such as the records about one.

    Args:
        engine: the graph.
        nodes: the things.
        inferred: whether what follows from other statements counts.
    """
    pattern = stated("?s ?p ?o", inferred)
    for group in groups(nodes):
        text = f"SELECT DISTINCT ?s ?p ?o {{ VALUES ?s {{ {group} }} {pattern} }}"
        for subject, predicate, value in rows(engine, text):
            yield ox.Triple(subject, predicate, value)


def follow(store: ox.Store, nodes: Iterable[ox.BlankNode]) -> Iterator[ox.Triple]:
    """Yield what is said of blank nodes, and of those that they lead to.

    A graph that is elsewhere has an empty store here: names of its blank nodes mean nothing from
    one query to the next.
    """
    waiting, seen = list(nodes), set(nodes)
    while waiting:
        for quad in store.quads_for_pattern(waiting.pop(), None, None):
            yield quad.triple
            if isinstance(quad.object, ox.BlankNode) and quad.object not in seen:
                seen.add(quad.object)
                waiting.append(quad.object)


def mentioned(triples: Iterable[ox.Triple]) -> dict[ox.NamedNode, None]:
    """Return the things that are subject or value of statements, each once."""
    return {
        term: None
        for triple in triples
        for term in (triple.subject, triple.object)
        if isinstance(term, ox.NamedNode)
    }


def names_of(
    engine: Queryable,
    iris: Iterable[ox.NamedNode],
    languages: Sequence[str] = ("", "en", "cs"),
    *,
    inferred: bool = True,
) -> list[ox.Triple]:
    """Return the statements that name things.

    Args:
        engine: the graph.
        iris: the things.
        languages: of the names, empty for none; no languages: all of them.
        inferred: whether a name that only follows from other statements counts.
    """
    wanted = ", ".join(str(ox.Literal(one)) for one in languages)
    condition = f"FILTER(LANG(?name) IN ({wanted}))" if languages else ""
    found: list[ox.Triple] = []
    for group in groups(iris):
        for name in NAMES:
            pattern = stated(f"?thing <{name}> ?name", inferred)
            where = f"VALUES ?thing {{ {group} }} {pattern} {condition}"
            found += [
                ox.Triple(thing, ox.NamedNode(name), text)
                for thing, text in rows(engine, f"SELECT DISTINCT ?thing ?name {{ {where} }}")
                if isinstance(text, ox.Literal)
            ]
    return found


def called(statements: Iterable[ox.Triple], language: str) -> dict[str, str]:
    """Return one name for each thing, by its IRI: in a language, else in English, else any."""
    ranks = {language: 0, "en": 1, "": 2}
    found: dict[str, tuple[int, str]] = {}
    for one in statements:
        if one.predicate.value not in NAMES or not isinstance(one.object, ox.Literal):
            continue
        iri = one.subject.value  # type: ignore[union-attr]
        rank = ranks.get(one.object.language or "", 3)
        if iri not in found or rank < found[iri][0]:
            found[iri] = rank, one.object.value
    return {iri: name for iri, (_, name) in found.items()}


def rows(engine: Queryable, text: str) -> Iterator[Any]:
    """Yield the solutions of a SELECT, which unpack into terms and None."""
    with reading():
        found = engine.query(text)
        assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
        yield from found


def stated(pattern: str, inferred: bool = False) -> str:
    """Return a pattern that leaves out what only follows, unless that is wanted."""
    hidden = f"FILTER NOT EXISTS {{ GRAPH <{INFERRED}> {{ {pattern} }} }}"
    return pattern if inferred else f"{pattern} {hidden}"


def groups(nodes: Iterable[ox.NamedNode]) -> Iterator[str]:
    """Yield things as they stand in VALUES, a few hundred at once."""
    known = list(nodes)
    for start in range(0, len(known), _TOGETHER):
        yield " ".join(map(str, known[start : start + _TOGETHER]))
