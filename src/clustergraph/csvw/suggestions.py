"""Suggestions for a value that is not among the known ones: by name first, then by spelling."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches

from clustergraph.spelling import fold

__all__ = ["Suggestions"]


class Suggestions:
    """Hints for messages: ``; did you mean 'CZ' (Česko)?``.

    Args:
        known: the values that would be right.
        names: returns pairs of a name that people use and the value it stands for; called once,
            when the first hint is asked for.
    """

    def __init__(
        self, known: Iterable[str], names: Callable[[], Iterable[tuple[str, str]]] = lambda: ()
    ) -> None:
        self._source = known
        self._names_source = names
        self._known: dict[str, str] = {}
        self._names: dict[str, tuple[str, str]] = {}

    def __call__(self, value: str) -> str:
        """Return the end of a message about a value, empty if nothing resembles it."""
        if not self._known:
            self._known = {_plain(text): text for text in self._source}
            for name, text in self._names_source():
                self._names.setdefault(_plain(name), (name, text))
        folded = _plain(value)
        if (same := self._known.get(folded)) is not None:
            return f"; did you mean {same!r}?"
        if (named := self._names.get(folded)) is not None:
            return _named(*named)
        # A name that is nearly right says more than a short code that shares two letters.
        for known, cutoff in ((True, 0.75), (False, 0.55), (True, 0.55)):
            matches = get_close_matches(folded, self._known if known else self._names, 1, cutoff)
            if matches and known:
                return f"; did you mean {self._known[matches[0]]!r}?"
            if matches:
                return _named(*self._names[matches[0]])
        return ""


def _named(name: str, value: str) -> str:
    return f"; did you mean {value!r} ({name})?"


def _plain(text: str) -> str:
    """Return a text without case, accents, invisible characters and surrounding space."""
    return "".join(sign for sign in fold(text) if sign.isprintable()).strip()
