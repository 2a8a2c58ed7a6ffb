"""All things of a generation: for indexes, sitemaps, and what somebody may have meant."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph.errors import near
from clustergraph.protocol.derived import derived
from clustergraph.vocab import BASE, PREFIXES

if TYPE_CHECKING:
    from clustergraph.protocol import Context
    from clustergraph.quadstore.engine import Queryable

__all__ = ["Listing", "kind_of", "listing", "namespaces", "path_of"]

_THINGS: Final = "SELECT DISTINCT ?s { ?s ?p ?o FILTER(isIRI(?s)) }"
# A graph that is elsewhere is asked each time, and so not for everything.
_MOST_ELSEWHERE: Final = 20_000
# Comparing names takes time: only those that share something are looked at closely.
_MOST_COMPARED: Final = 2000


def kind_of(iri: str) -> str:
    """Return the kind that an IRI says a thing is of: ``id/place``, ``code/role``, ``ns``.

    Things of other namespaces are of the kind ``other``.
    """
    if not iri.startswith(BASE):
        return "other"
    local = iri[len(BASE) :]
    if local.startswith("ns#"):
        return "ns"
    parts = local.split("/")
    return "/".join(parts[:2]) if parts[0] in ("id", "code") and len(parts) > 2 else parts[0]


def namespaces() -> dict[str, str]:
    """Return the namespaces of other vocabularies that have a prefix here."""
    return {prefix: iri for prefix, iri in PREFIXES.items() if not iri.startswith(BASE)}


class Listing:
    """The IRIs of all things.

    Args:
        iris: sorted.
    """

    def __init__(self, iris: Sequence[str]) -> None:
        self.iris = iris

    @cached_property
    def kinds(self) -> dict[str, list[str]]:
        """The IRIs by kind."""
        found: dict[str, list[str]] = {}
        for iri in self.iris:
            found.setdefault(kind_of(iri), []).append(iri)
        return dict(sorted(found.items()))

    def within(self, start: str) -> list[str]:
        """Return the IRIs that start with a text."""
        first = bisect_left(self.iris, start)
        return list(takewhile(lambda iri: iri.startswith(start), islice(self.iris, first, None)))

    def like(self, iri: str) -> list[str]:
        """Return the IRIs of things that somebody may have meant, best first."""
        kind = kind_of(iri)
        place = iri[: max(iri.rfind("/"), iri.rfind("#")) + 1]
        name = iri[len(place) :]
        here = [one[len(place) :] for one in self.kinds.get(kind, ()) if one.startswith(place)]
        found = [place + other for other in near(name, _alike(name, here))]
        if len(found) < 3:
            # The right name of a thing that was filed elsewhere.
            ending = ("/" + name, "#" + name)
            found += [one for one in self.iris if one.endswith(ending) and one not in found]
        return found[:5]


def listing(engine: Queryable, context: Context) -> Listing:
    """Return the things of a generation."""
    known = context.memory.get("listing")
    if isinstance(known, Listing):
        return known
    query = _THINGS if context.generation else f"{_THINGS} LIMIT {_MOST_ELSEWHERE}"
    found = Listing(derived(context, "things-2", lambda: _iris(engine, query)))
    context.memory["listing"] = found
    return found


def _iris(engine: Queryable, text: str) -> list[str]:
    found = engine.query(text)
    assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
    return sorted(row[0].value for row in found)


def _alike(name: str, names: Iterable[str]) -> list[str]:
    """Return names that share a word, the beginning or the end with one."""
    words = {word for word in name.casefold().replace("_", "-").split("-") if len(word) > 2}
    start, end = name[:3].casefold(), name[-4:].casefold()

    def shares(other: str) -> bool:
        folded = other.casefold()
        return (
            folded.startswith(start)
            or folded.endswith(end)
            or not words.isdisjoint(folded.split("-"))
        )

    known = list(names)
    if len(known) > _MOST_COMPARED:
        known = [other for other in known if shares(other)]
    return known[:_MOST_COMPARED]


def path_of(kind: str) -> str:
    """Return the path of the index of a kind."""
    return f"/things/{quote(kind)}"
