"""Shapes that refer to themselves.

SHACL leaves open how they are validated. Here every node conforms unless something is wrong with
it: of all consistent answers, the one with the fewest violations (the greatest fixed point). Data
are followed to any depth.

Source: SHACL, section 3.4.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from clustergraph.errors import UnreadableInputError
from clustergraph.shacl.compile.model import Shape
from clustergraph.shacl.paths import Term, show

__all__ = ["Recursion"]

_MOST_CHANGES: Final = 100
"""How often an answer may change; along a cycle with a negation it would do so for ever."""

Key = tuple[Shape, Term]


class Recursion:
    """Decides whether nodes conform to shapes that refer to themselves."""

    def __init__(self) -> None:
        self._known: dict[Key, bool] = {}
        self._asked_by: dict[Key, set[Key]] = {}
        self._waiting: list[Key] = []
        self._evaluated: Key | None = None

    @property
    def is_running(self) -> bool:
        """Whether answers may still change."""
        return self._evaluated is not None

    def conforms(self, shape: Shape, node: Term, holds: Callable[[Shape, Term], bool]) -> bool:
        """Return whether a node conforms to a shape; as far as is known, while this is running.

        Args:
            shape: the shape.
            node: the node.
            holds: evaluates one shape for one node; asks this method for what it depends on.

        Raises:
            UnreadableInputError: a shape refers to itself through a negation, along a cycle or a
                long chain in the data.
        """
        key = (shape, node)
        known = self._known.get(key)
        if self._evaluated is not None:
            self._asked_by.setdefault(key, set()).add(self._evaluated)
            if known is None:
                known = self._known[key] = True
                self._waiting.append(key)
        elif known is None:
            self._settle(key, holds)
            known = self._known[key]
        return known

    def _settle(self, first: Key, holds: Callable[[Shape, Term], bool]) -> None:
        """Evaluate a key and all that it depends on, until no answer changes any more."""
        self._known[first] = True
        self._waiting = [first]
        changes: Counter[Key] = Counter()
        try:
            while self._waiting:
                key = self._evaluated = self._waiting.pop()
                conforms = holds(*key)
                if conforms == self._known[key]:
                    continue
                self._known[key] = conforms
                self._waiting.extend(self._asked_by.get(key, ()))
                changes[key] += 1
                if changes[key] > _MOST_CHANGES:
                    raise UnreadableInputError(
                        "the shapes",
                        f"{show(key[0].node)} refers to itself through a negation, and the data "
                        "have a cycle or a long chain there",
                    )
        finally:
            self._evaluated = None
