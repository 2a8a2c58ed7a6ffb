"""How often each term of the ontology is used: counted once a generation, for all workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph.protocol.derived import derived
from clustergraph.vocab import INFERRED

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["CLASSES", "PROPERTIES", "Usage", "usage"]

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
        stated: uses in what was stated: things of a class, statements of a property; by IRI.
        inferred: further uses in what follows from that.
    """

    stated: dict[str, int]
    inferred: dict[str, int]


def usage(visit: Visit) -> Usage:
    """Return how often each class and property is used in the graph."""

    def make() -> dict[str, dict[str, int]]:
        graph = ox.NamedNode(INFERRED)
        found: dict[str, dict[str, int]] = {"stated": {}, "inferred": {}}
        for key, text in (
            ("stated", CLASSES),
            ("stated", PROPERTIES),
            ("inferred", _INFERRED % "?thing a ?term"),
            ("inferred", _INFERRED % "?thing ?term ?value"),
        ):
            for row in visit.select(text, inferred=graph):
                found[key].setdefault(row.term, int(row.n))
        return found

    return Usage(**derived(visit.context, "usage", make))
