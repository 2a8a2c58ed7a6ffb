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

    return Usage(**derived(visit.context, "usage-of-terms", make))
