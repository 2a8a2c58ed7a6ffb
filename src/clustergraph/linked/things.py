"""The description of a thing: what is said of it, and what refers to it, a page at a time.

Whatever refers to a thing is no more than a link to others, but the whole record where it says
something about the thing: a claim, a figure, a membership, an award.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.pages.statements import (
    ABOUT,
    follow,
    mentioned,
    names_of,
    said_of,
    stated,
    statements,
)  # fmt: skip
from clustergraph.vocab import ID, PREFIXES

if TYPE_CHECKING:
    from clustergraph.protocol import Context
    from clustergraph.quadstore.evaluation import Queryable

PAGE: Final = 100
"""Incoming links on one page."""

_RDF: Final = PREFIXES["rdf"]
_DATA: Final = PREFIXES["void"] + "Dataset"

_Answer: TypeAlias = Iterator[Any]


@dataclass(slots=True)
class Description:
    """What the graph says of a thing.

    Attributes:
        iri: the thing.
        outgoing: what is said of it, with the blank nodes that this needs.
        incoming: what refers to it, on this page.
        records: what such records say, and blank nodes.
        names: what the things that occur are called.
        page: the number of the page, from 1.
        more: whether there is another.
    """

    iri: ox.NamedNode
    outgoing: list[ox.Triple] = field(default_factory=list)
    incoming: list[ox.Triple] = field(default_factory=list)
    records: list[ox.Triple] = field(default_factory=list)
    names: list[ox.Triple] = field(default_factory=list)
    page: int = 1
    more: bool = False

    @property
    def known(self) -> bool:
        """Whether the graph says anything at all."""
        return bool(self.outgoing or self.incoming)

    def triples(self) -> list[ox.Triple]:
        """Return all of it, each statement once, those of one node together."""
        every = dict.fromkeys((*self.outgoing, *self.records, *self.incoming, *self.names))
        order = {self.iri: 0}
        for triple in every:
            order.setdefault(triple.subject, len(order))  # type: ignore[arg-type]
        return sorted(every, key=lambda triple: order[triple.subject])  # type: ignore[index]


def describe(
    engine: Queryable,
    context: Context,
    iri: ox.NamedNode,
    page: int = 1,
    *,
    inferred: bool = False,
) -> Description:
    """Return the description of a thing.

    Args:
        engine: the graph.
        context: the generation; blank nodes are followed in its store.
        iri: the thing.
        page: which of its incoming links; what is said of it is on every page's first only.
        inferred: whether what follows from other statements belongs to it.
    """
    found = Description(iri, page=page)
    if page == 1:
        said, follows = statements(engine, iri)
        found.outgoing = said + follows if inferred else said
        found.outgoing += [one for one in _use(engine, iri) if one not in found.outgoing]
    pattern = stated(f"?s ?p {iri}", inferred)
    limits = f"OFFSET {(page - 1) * PAGE} LIMIT {PAGE + 1}"
    rows = _ask(engine, f"SELECT DISTINCT ?s ?p {{ {pattern} }} {limits}")
    links = [ox.Triple(row["s"], row["p"], iri) for row in rows]
    found.more = len(links) > PAGE
    found.incoming = links[:PAGE]
    records = [t.subject for t in found.incoming if t.predicate.value in ABOUT]
    named = [node for node in records if isinstance(node, ox.NamedNode)]
    found.records = list(said_of(engine, named, inferred=inferred))
    nodes = [t.object for t in found.outgoing if isinstance(t.object, ox.BlankNode)]
    nodes += [t.subject for t in found.incoming if isinstance(t.subject, ox.BlankNode)]
    blank = list(follow(context.store, nodes))
    found.records += blank
    found.outgoing += [t for t in blank if t.subject in nodes and t not in found.outgoing]
    around = mentioned((*found.outgoing, *found.incoming, *found.records))
    around.pop(iri, None)
    found.names = names_of(engine, around, inferred=inferred)
    return found


def exists(engine: Queryable, iri: ox.NamedNode) -> bool:
    """Say whether the graph speaks of a thing, be it as a property or as a graph."""
    places = (f"{iri} ?p ?o", f"?s ?p {iri}", f"?s {iri} ?o", f"GRAPH {iri} {{ ?s ?p ?o }}")
    return bool(engine.query(f"ASK {{ {{ {' } UNION { '.join(places)} }} }}"))


def _use(engine: Queryable, iri: ox.NamedNode) -> Iterator[ox.Triple]:
    """Yield what a property or a graph is, where the graph does not say it itself."""
    for pattern, kind in (
        (f"?s {iri} ?o", _RDF + "Property"),
        (f"GRAPH {iri} {{ ?s ?p ?o }}", _DATA),
    ):
        if engine.query(f"ASK {{ {pattern} }}"):
            yield ox.Triple(iri, ox.NamedNode(_RDF + "type"), ox.NamedNode(kind))


def withdrawn(engine: Queryable, iri: ox.NamedNode) -> list[str] | None:
    """Return what replaces a thing that was withdrawn; None: it was not.

    A thing is withdrawn that bears ``owl:deprecated``, and replaced by what its
    ``dcterms:isReplacedBy`` names.
    """
    replaced = f"OPTIONAL {{ {iri} dcterms:isReplacedBy ?other }}"
    text = f"SELECT ?other {{ {iri} owl:deprecated true {replaced} }}"
    found = list(_ask(engine, text))
    return [row["other"].value for row in found if row["other"] is not None] if found else None


def _ask(engine: Queryable, text: str) -> _Answer:
    found = engine.query(text)
    assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - they are SELECTs
    return iter(found)


def thing_of(iri: str) -> str | None:
    """Return the IRI of the thing that an IRI is a second name of; None: it is none.

    ``data/identity.csv`` lists second names; the graph itself knows a thing by one IRI alone.
    """
    return _known().get(iri)


@cache
def _known() -> dict[str, str]:
    path = artefacts.room("data") / "identity.csv"
    with path.open(encoding="utf-8", newline="") as file:
        same = {
            ID + row["alias"]: ID + row["thing"]
            for row in csv.DictReader(file)
            if row["decision"] == "same"
        }
    # A thing that two others were merged into may have been merged itself.
    return {alias: _last(same, alias) for alias in same}


def _last(same: dict[str, str], alias: str) -> str:
    seen = {alias}
    while (thing := same.get(alias)) is not None and thing not in seen:
        seen.add(thing)
        alias = thing
    return alias
