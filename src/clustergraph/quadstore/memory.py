"""Graphs in memory, for work that ends with the process: validation, comparison, tests.

The engine keeps numbers, dates and the like as values, not as they were written: ``4.0`` comes
back as ``4``, and ``"5"^^xsd:int`` as an ``xsd:integer``. Who has to know the written form asks
`stored` before.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import pyoxigraph as ox

_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_TEXTS: Final = frozenset({f"{_XSD}string", f"{_XSD}anyURI"})
_SCRATCH: Final = ox.Store()
_EMPTY: Final = ox.Store()
_NODE: Final = ox.NamedNode("urn:x-clustergraph:scratch")


def hold(quads: Iterable[ox.Quad]) -> ox.Store:
    """Return a store in memory that holds the quads."""
    store = ox.Store()
    store.bulk_extend(quads)
    return store


def hold_lines(lines: bytes) -> ox.Store:
    """Return a store in memory that holds N-Triples which the engine itself has written."""
    store = ox.Store()
    store.bulk_load(lines, format=ox.RdfFormat.N_TRIPLES, lenient=True)
    return store


def stored(literal: ox.Literal) -> ox.Literal:
    """Return the literal as the engine would give it back once it is stored."""
    if literal.language is not None:
        lower = literal.language.lower()
        same = lower == literal.language
        return literal if same else ox.Literal(literal.value, language=lower)
    if literal.datatype.value in _TEXTS:
        return literal
    return _stored(literal)


@lru_cache(maxsize=100_000)
def _stored(literal: ox.Literal) -> ox.Literal:
    quad = ox.Quad(_NODE, _NODE, literal)
    _SCRATCH.add(quad)
    found = next(_SCRATCH.quads_for_pattern(None, None, None)).object
    _SCRATCH.remove(quad)
    return found if isinstance(found, ox.Literal) else literal


def parse(text: str) -> None:
    """Raise SyntaxError unless ``text`` is a query."""
    _EMPTY.query(text)


def ask(text: str) -> bool:
    """Answer an ASK query that needs no data."""
    return bool(_EMPTY.query(text))
