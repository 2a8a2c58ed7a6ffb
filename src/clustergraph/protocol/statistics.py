"""How much a generation of the graph holds, counted once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import pyoxigraph as ox

from clustergraph.protocol import Context
from clustergraph.protocol.derived import derived
from clustergraph.quadstore.engine import StoreEngine
from clustergraph.vocab import BASE, PREFIXES

__all__ = ["TARGETS", "Statistics", "statistics"]

# Properties that lead from our things to the same or nearby things of others.
_LINKING: Final = (
    "skos:exactMatch skos:closeMatch skos:broadMatch skos:narrowMatch skos:relatedMatch "
    "owl:sameAs rdfs:seeAlso cg:region cg:naceActivity cg:naceComposition"
)
TARGETS: Final = (
    "http://data.europa.eu/nuts/",
    "http://data.europa.eu/ux2/nace2/",
    "http://data.europa.eu/ux2/nace2.1/",
    "http://publications.europa.eu/resource/authority/country/",
    "http://publications.europa.eu/resource/celex/",
    "https://sws.geonames.org/",
    "http://www.wikidata.org/entity/",
)
"""Namespaces of others to which links are counted."""


@dataclass(slots=True)
class Statistics:
    """How much a generation holds.

    Attributes:
        union: whether a query's default graph is the union of all graphs.
        graphs: statements by the IRI of the graph; the default graph's under the empty text.
        properties: statements by the property's IRI, those of all graphs added up.
        classes: distinct instances by the class's IRI.
        links: statements that lead to things of others, by property and namespace with a space in
            between.
    """

    union: bool = False
    graphs: dict[str, int] = field(default_factory=dict)
    properties: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    links: dict[str, int] = field(default_factory=dict)

    @property
    def triples(self) -> int:
        """Return the statements of all graphs added up."""
        return sum(self.graphs.values())


def statistics(context: Context) -> Statistics:
    """Return the counts of the generation at hand, counted once."""
    return Statistics(**derived(context, "statistics-3", lambda: asdict(_count(context))))


def _count(context: Context) -> Statistics:
    """Count the graph; scans it once, about a second for a million statements."""
    if isinstance(context.engine, StoreEngine):
        # The store itself keeps the default graph apart, whatever queries see there.
        names = {graph.value: 0 for graph in context.store.named_graphs()}
        found = Statistics(context.config.default_graph == "union", names)
        _add(found, context.store.query, apart=True)
    else:
        ask = context.engine.query
        one = "ASK { { SELECT * { GRAPH ?g { ?s ?p ?o } } LIMIT 1 } ?s ?p ?o }"
        found = Statistics(bool(ask(one)))
        _add(found, ask, apart=not found.union)
    return found


def _add(found: Statistics, ask: Callable[[str], Any], apart: bool) -> None:
    """Count by queries.

    Args:
        found: what the counts are added to.
        ask: evaluates a query.
        apart: whether the default graph holds none of the statements of named graphs.
    """

    def everywhere(pattern: str) -> str:
        named = f"GRAPH ?g {{ {pattern} }}"
        return f"{{ {named} }} UNION {{ {pattern} }}" if apart else named

    where = everywhere("?s ?p ?o")
    for graph, predicate, number in ask(
        f"SELECT ?g ?p (COUNT(*) AS ?n) WHERE {{ {where} }} GROUP BY ?g ?p"
    ):
        name = graph.value if graph is not None else ""
        amount = int(number.value)
        found.graphs[name] = found.graphs.get(name, 0) + amount
        found.properties[predicate.value] = found.properties.get(predicate.value, 0) + amount
    where = everywhere("?thing a ?class")
    for kind, number in ask(
        f"SELECT ?class (COUNT(DISTINCT ?thing) AS ?n) WHERE {{ {where} }} GROUP BY ?class"
    ):
        if isinstance(kind, ox.NamedNode):
            found.classes[kind.value] = int(number.value)
    linking = " ".join(
        f"<{PREFIXES[name.partition(':')[0]]}{name.partition(':')[2]}>" for name in _LINKING.split()
    )
    where = everywhere("?s ?p ?o")
    for predicate, thing, number in ask(
        f"""SELECT ?p ?o (COUNT(DISTINCT ?s) AS ?n) WHERE {{
            VALUES ?p {{ {linking} }} {where} FILTER(STRSTARTS(STR(?s), "{BASE}"))
        }} GROUP BY ?p ?o"""
    ):
        for target in TARGETS:
            if isinstance(thing, ox.NamedNode) and thing.value.startswith(target):
                key = f"{predicate.value} {target}"
                found.links[key] = found.links.get(key, 0) + int(number.value)
