"""What things are called, in each language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph.quadstore import reading
from clustergraph.vocab import INFERRED, PREFIXES

if TYPE_CHECKING:
    from clustergraph.quadstore.engine import Queryable

__all__ = ["NAMES", "called", "groups", "names_of", "stated"]

NAMES: Final = (PREFIXES["rdfs"] + "label", PREFIXES["skos"] + "prefLabel")
"""The properties that name a thing."""

# How many things are asked for at once.
_TOGETHER: Final = 400


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
            with reading():
                rows = engine.query(f"SELECT DISTINCT ?thing ?name {{ {where} }}")
                assert isinstance(rows, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
                found += [
                    ox.Triple(row["thing"], ox.NamedNode(name), row["name"])
                    for row in rows
                    if isinstance(row["name"], ox.Literal)
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


def stated(pattern: str, inferred: bool = False) -> str:
    """Return a pattern that leaves out what only follows, unless that is wanted."""
    hidden = f"FILTER NOT EXISTS {{ GRAPH <{INFERRED}> {{ {pattern} }} }}"
    return pattern if inferred else f"{pattern} {hidden}"


def groups(nodes: Iterable[ox.NamedNode]) -> Iterator[str]:
    """Yield things as they stand in VALUES, a few hundred at once."""
    known = list(nodes)
    for start in range(0, len(known), _TOGETHER):
        yield " ".join(map(str, known[start : start + _TOGETHER]))
