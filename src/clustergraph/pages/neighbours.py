"""A thing among its neighbours: a table, which a script draws as a network.

The table has what the thing refers to, what refers to it, and what these have to do with each
other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.pages.lexicon import title_of
from clustergraph.vocab import BASE, CG, INFERRED

if TYPE_CHECKING:
    from clustergraph.pages.view import View

__all__ = ["Link", "Network", "network"]

_MOST: Final = 40
_MOST_OF_ONE: Final = 8
_QUERY: Final = """SELECT ?from ?property ?to
WHERE {
  { $thing ?property ?to FILTER(isIRI(?to) && ?property != rdf:type) BIND($thing AS ?from) }
  UNION
  { ?from ?property $thing BIND($thing AS ?to) }
}"""


@dataclass(frozen=True, slots=True)
class Link:
    """Two things, by IRI, name and address, and how the first relates to the second, in words."""

    source: tuple[str, str, str]
    relation: str
    target: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Network:
    """What a page shows of the things around one.

    Attributes:
        links: the rows of the table.
        query: finds what is next to the thing.
    """

    links: Sequence[Link]
    query: str


def network(view: View) -> Network | None:
    """Return the things around one; None: there are none."""
    visit, thing = view.visit, view.thing
    around = {iri: link for link in _adjacent(view) if (iri := _other(link, thing.iri))}
    if not around:
        return None
    known = list(around)[:_MOST]
    links = [around[iri] for iri in known]
    for row in visit.select(_between(known)):
        links.append(
            Link(_end(view, row["from"]), title_of(visit, row.property), _end(view, row.to))
        )
    return Network(links, visit.query_text(_QUERY, thing=ox.NamedNode(thing.iri)))


def _adjacent(view: View) -> Iterator[Link]:
    """Yield how the thing and others relate, of each relation a few."""
    visit, thing = view.visit, view.thing
    centre = _end(view, thing.iri, thing.text(CG + "acronym"))
    relations: list[tuple[str, Iterable[Any], bool]] = [
        (link.property, link.subjects, True) for link in thing.incoming if not link.inferred
    ]
    relations += [(fact.property, fact.values, False) for fact in thing.facts]
    for name, values, refers in relations:
        for said in list(values)[:_MOST_OF_ONE]:
            iri = said.term.value if isinstance(said.term, ox.NamedNode) else ""
            if iri.startswith(BASE) and iri != thing.iri:
                other = _end(view, iri)
                ends = (other, centre) if refers else (centre, other)
                yield Link(ends[0], title_of(visit, name), ends[1])


def _other(link: Link, iri: str) -> str:
    return link.target[0] if link.source[0] == iri else link.source[0]


def _end(view: View, iri: str, name: str = "") -> tuple[str, str, str]:
    return iri, name or view.name(iri), view.visit.link(iri)


def _between(iris: Sequence[str]) -> str:
    """Return a query for what things have to do with each other."""
    known = " ".join(str(ox.NamedNode(iri)) for iri in iris)
    return (
        f"SELECT ?from (SAMPLE(?one) AS ?property) ?to {{ VALUES ?from {{ {known} }} "
        f"VALUES ?to {{ {known} }} ?from ?one ?to FILTER(?from != ?to) "
        f"FILTER NOT EXISTS {{ GRAPH <{INFERRED}> {{ ?from ?one ?to }} }} }} GROUP BY ?from ?to"
    )
