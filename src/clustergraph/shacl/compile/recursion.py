"""Shapes that refer to themselves.

SHACL leaves open how they are validated. Here a node that is reached again while it is being
checked against the same shape is taken to conform: of all consistent answers the one with the
fewest violations (the greatest fixed point). Data without cycles are followed to any depth.

Source: SHACL, section 3.4.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from clustergraph.errors import UnreadableInputError
from clustergraph.shacl.compile.model import Shape
from clustergraph.shacl.paths import Term, show

__all__ = ["Recursion"]

_DEEPEST: Final = 40
"""How many nested checks run on Python's stack; deeper ones are done first, on their own."""

Key = tuple[Shape, Term]


class _TooDeepError(Exception):
    """A check has to be done first, on its own; caught in `Recursion.conforms`."""

    def __init__(self, key: Key) -> None:
        self.key = key


class Recursion:
    """Decides whether nodes conform to shapes that refer to themselves.

    Args:
        holds: evaluates one shape for one node; asks `conforms` for what it depends on.
    """

    def __init__(self, holds: Callable[[Shape, Term], bool]) -> None:
        self._holds = holds
        self._known: dict[Key, bool] = {}
        # Checks that are under way, and how many were when each began.
        self._open: dict[Key, int] = {}
        # Checks that came out well as long as one under way, of that number, does.
        self._pending: dict[Key, int] = {}
        self._lowest = 0
        self._base = 0

    def conforms(self, shape: Shape, node: Term) -> bool:
        """Return whether a node conforms to a shape.

        Raises:
            UnreadableInputError: a shape refers to itself through a negation, along a cycle in
                the data that is too long to be followed.
        """
        if self._open:
            return self._checked((shape, node))
        todo: list[tuple[Key, int]] = [((shape, node), 0)]
        result = True
        try:
            while todo:
                key, start = todo[-1]
                self._open = {other: number for number, (other, _) in enumerate(todo[:-1])}
                self._base = len(self._open)
                before = len(self._pending)
                try:
                    result = self._checked(key, start)
                    todo.pop()
                except _TooDeepError as error:
                    self._forget(before)
                    if any(error.key == other for other, _ in todo) or len(todo) > 1_000_000:
                        raise UnreadableInputError(
                            "the shapes",
                            f"{show(shape.node)} refers to itself through a negation, and the data "
                            "have a long cycle there",
                        ) from error
                    todo.append((error.key, before))
        finally:
            self._open = {}
            self._pending.clear()
        return result

    def _checked(self, key: Key, start: int | None = None) -> bool:
        known = self._known.get(key)
        if known is not None:
            return known
        under_way = self._open.get(key, self._pending.get(key))
        if under_way is not None:
            self._lowest = min(self._lowest, under_way)
            return True
        number = len(self._open)
        if number - self._base >= _DEEPEST:
            raise _TooDeepError(key)
        start = len(self._pending) if start is None else start
        above, self._lowest = self._lowest if number else number, number
        self._open[key] = number
        conforms = self._holds(*key)
        del self._open[key]
        lowest, self._lowest = self._lowest, min(above, self._lowest)
        shape = key[0]
        if lowest >= number:
            # Nothing above was assumed; what assumed this one is settled with it.
            self._known[key] = conforms
            if conforms:
                settled = [k for k in list(self._pending)[start:] if self._pending[k] >= number]
                self._known |= dict.fromkeys(settled, True)
            self._forget(start)
        elif not conforms:
            self._forget(start)
            if not shape.unstratified:
                self._known[key] = False
        elif not shape.unstratified:
            self._pending[key] = lowest
        return conforms

    def _forget(self, start: int) -> None:
        for key in list(self._pending)[start:]:
            del self._pending[key]
