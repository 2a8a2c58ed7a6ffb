"""Data that somebody sends to be validated, beside a graph that they may refer to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph.shacl.compile import Compiled
from clustergraph.shacl.paths import Term
from clustergraph.shacl.reading import Statements
from clustergraph.shacl.report import Report
from clustergraph.shacl.run import report_of
from clustergraph.vocab import INFERRED, PREFIXES

__all__ = ["validate_sent"]

_REACH: Final = 2
"""How many steps the context follows from what the data name, such as code → broader code."""

_HIERARCHY: Final = ox.NamedNode(PREFIXES["rdfs"] + "subClassOf")
_INFERRED: Final = ox.NamedNode(INFERRED)


def validate_sent(
    statements: Statements, compiled: Compiled, context: ox.Store | None, base: str | None = None
) -> Report:
    """Validate data.

    Args:
        statements: the data, with the files that hold them.
        compiled: the shapes.
        context: a graph that the data may refer to: what it states of the things that they name
            counts, and is not validated itself; None: the data stand alone.
        base: what relative IRIs in the files were resolved against.

    Returns:
        The findings, the gravest first, each with its place.
    """
    surroundings = set() if context is None else _around(statements, context)
    results = compiled.results(compiled.graph([*statements, *surroundings]))
    return report_of(results, statements, surroundings, base)


def _around(triples: Collection[ox.Triple], store: ox.Store) -> set[ox.Triple]:
    """Return what a graph states of the things that triples name, and its hierarchy of classes."""
    found = set(_stated(store.quads_for_pattern(None, _HIERARCHY, None)))
    seen: set[Term] = set()
    frontier = set(_named(triples))
    for _ in range(_REACH):
        seen |= frontier
        following: set[ox.Triple] = set()
        for term in frontier:
            following.update(_stated(store.quads_for_pattern(term, None, None)))
        found |= following
        frontier = set(_named(following)) - seen
    return found.difference(triples)


def _stated(quads: Iterable[ox.Quad]) -> Iterator[ox.Triple]:
    return (quad.triple for quad in quads if quad.graph_name != _INFERRED)


def _named(triples: Iterable[ox.Triple]) -> Iterator[ox.NamedNode]:
    for triple in triples:
        for term in (triple.subject, triple.object):
            if isinstance(term, ox.NamedNode):
                yield term


def file_in(directory: Path, name: str, suffix: str) -> Path:
    """Return where in a directory to keep what was sent under a name; never outside of it."""
    plain = Path(name.replace("\\", "/")).name.lstrip(".") or "data"
    path = directory / (plain if Path(plain).suffix.lower() == suffix else plain + suffix)
    number = 1
    while path.exists():
        number += 1
        path = directory / f"{number}-{plain}{suffix}"
    return path
