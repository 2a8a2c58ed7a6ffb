"""Names for shapes that have none, from what they say: they outlive another reading of the file."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import lru_cache
from typing import Final

import pyoxigraph as ox

from clustergraph.shacl.compile.syntax import Index, index_of
from clustergraph.shacl.paths import Term, show
from clustergraph.vocab import PREFIXES

__all__ = ["content_key"]

_SH: Final = PREFIXES["sh"]
_WORDS: Final = frozenset(
    {_SH + name for name in ("message", "severity", "name", "description", "order", "group")}
    | {PREFIXES["rdfs"] + name for name in ("label", "comment")}
)
"""What may change without making another rule."""
_DEEPEST: Final = 30


def content_key(shape: ox.BlankNode, statements: Collection[ox.Triple]) -> str:
    """Return 16 hex digits for what a shape asks for, and for the shapes with names it is part of.

    Args:
        shape: a shape without a name.
        statements: the shapes graph.
    """
    index, owners = _indexed(_Once(statements))
    text = f"{_content(shape, index, 0)} of {' '.join(sorted(_named(shape, owners)))}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class _Once:
    """A collection by its identity, so that it is indexed once."""

    def __init__(self, statements: Collection[ox.Triple]) -> None:
        self.statements = statements

    def __hash__(self) -> int:
        return hash((id(self.statements), len(self.statements)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Once) and other.statements is self.statements


@lru_cache(maxsize=1)
def _indexed(once: _Once) -> tuple[Index, dict[Term, list[Term]]]:
    index = index_of(once.statements)
    owners: dict[Term, list[Term]] = {}
    for subject, described in index.items():
        for values in described.values():
            for value in values:
                if isinstance(value, ox.BlankNode) and isinstance(
                    subject, ox.NamedNode | ox.BlankNode
                ):
                    owners.setdefault(value, []).append(subject)
    return index, owners


def _content(term: Term, index: Index, depth: int) -> str:
    if not isinstance(term, ox.BlankNode) or depth > _DEEPEST:
        return "_:" if isinstance(term, ox.BlankNode) else show(term)
    parts = [
        f"{predicate} {_content(value, index, depth + 1)}"
        for predicate, values in index.get(term, {}).items()
        if predicate not in _WORDS
        for value in values
    ]
    return f"[{' ; '.join(sorted(parts))}]"


def _named(node: Term, owners: dict[Term, list[Term]]) -> set[str]:
    """Return the nearest subjects with names that lead to a node."""
    found: set[str] = set()
    seen: set[Term] = set()
    todo = [node]
    while todo:
        for owner in owners.get(todo.pop(), ()):
            if isinstance(owner, ox.NamedNode):
                found.add(owner.value)
            elif owner not in seen:
                seen.add(owner)
                todo.append(owner)
    return found
