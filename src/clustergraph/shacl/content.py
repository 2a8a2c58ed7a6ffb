"""Names for shapes that have none, from what they say: they outlive another reading of the file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final, cast

import pyoxigraph as ox

from clustergraph.shacl.compile.syntax import Index, index_of
from clustergraph.shacl.paths import Term, show
from clustergraph.vocab import PREFIXES

__all__ = ["ContentKeys"]

_SH: Final = PREFIXES["sh"]
_WORDS: Final = frozenset(
    {_SH + name for name in ("message", "severity", "name", "description", "order", "group")}
    | {PREFIXES["rdfs"] + name for name in ("label", "comment")}
)
"""What may change without making another rule."""
_DEEPEST: Final = 30


class ContentKeys:
    """Keys for the shapes of a shapes graph.

    Args:
        statements: the shapes graph.
    """

    def __init__(self, statements: Iterable[ox.Triple]) -> None:
        self._index = index_of(statements)
        self._owners: dict[Term, list[Term]] = {}
        for subject, described in self._index.items():
            for value in (value for values in described.values() for value in values):
                if isinstance(value, ox.BlankNode):
                    self._owners.setdefault(value, []).append(cast(Term, subject))

    def key(self, shape: ox.BlankNode) -> str:
        """Return 16 hex digits for what a shape without a name asks for.

        The shapes with names that it is part of count as well.
        """
        owners = " ".join(sorted(_named(shape, self._owners)))
        text = f"{_content(shape, self._index, 0)} of {owners}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


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
