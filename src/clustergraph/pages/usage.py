"""How often each term of the ontology is used: counted once a generation, for all workers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from clustergraph.quadstore.kept import kept
from clustergraph.vocab import INFERRED

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["CLASSES", "PROPERTIES", "Usage", "once", "usage"]

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

    return Usage(**once(visit, "usage", make))


def once(visit: Visit, name: str, make: Callable[[], Any]) -> Any:
    """Return what is worked out once a generation: from memory, from the disk, or anew.

    What is said of a graph that is elsewhere is worked out each time, since it may have changed.

    Args:
        visit: who asks.
        name: what it is; letters and hyphens.
        make: works it out; its result can be written as JSON.
    """
    context = visit.context
    if not visit.generation:
        return make()
    known = context.memory.get(name)
    if known is None:
        if context.directory is None or context.committed_at is None:
            known = make()
        else:
            data = kept(
                context.directory,
                context.generation,
                context.committed_at,
                name,
                lambda: json.dumps(make(), ensure_ascii=False).encode(),
            )
            known = json.loads(data)
        context.memory[name] = known
    return known
