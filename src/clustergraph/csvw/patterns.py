"""Regular expressions of columns: matched within bounded time, and explained in words.

The recommendation refers to ECMAScript for their syntax; the library ``regex`` knows it, Unicode
properties included, and can be stopped, which a pattern such as ``(a+)+`` makes necessary.

Source: Model for Tabular Data, section 6.4.6.
"""

from __future__ import annotations

from typing import Final

import regex

from clustergraph.csvw.formats import FormatError
from clustergraph.errors import ClusterGraphError

__all__ = ["Pattern", "PatternTimeoutError"]

TIMEOUT_S: Final = 1.0
"""Longest time that matching one cell may take."""


class PatternTimeoutError(ClusterGraphError):
    """A pattern takes too long on a value; it is not tried on further values."""


class Pattern:
    """A regular expression that the whole text of a cell has to match.

    Args:
        source: the expression, as the metadata give it.

    Raises:
        FormatError: it is not a regular expression.
    """

    def __init__(self, source: str) -> None:
        try:
            self._compiled = regex.compile(source)
        except (regex.error, OverflowError, RecursionError) as error:
            raise FormatError(f"{source!r} is not a regular expression: {error}") from error
        self.source = source
        self._given_up = False

    @property
    def expected(self) -> str:
        """What the pattern accepts: in words where it is simple, else the pattern itself."""
        words = explain(self.source)
        return f"{words} ({self.source})" if words else f"text that matches {self.source}"

    def matches(self, text: str) -> bool:
        """Return whether the pattern matches a text as a whole.

        Raises:
            PatternTimeoutError: matching takes too long. This is raised once; from then on the
                pattern is not tried, and every text counts as a match.
        """
        if self._given_up:
            return True
        try:
            return self._compiled.fullmatch(text, timeout=TIMEOUT_S) is not None
        except TimeoutError:
            self._given_up = True
            raise PatternTimeoutError(
                f"matching {_shortened(text)} with the pattern {self.source} takes longer than "
                f"{TIMEOUT_S:g} s, so this column was not checked with it any further; simplify "
                "the pattern (nested repetitions such as (a+)+ are slow)"
            ) from None


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:30]}…")


# Explanations -------------------------------------------------------------------------------

_PART: Final = regex.compile(
    r"(?:\[(?P<set>(?:\\.|[^\]\\^])+)\]|(?P<escape>\\[dw]|\\p\{\w+\})"
    r"|(?P<literal>[\w /:@#-]+|\\[.+*?()\-/])|(?P<any>\.))"
    r"(?P<count>\{\d+\}|\{\d+,\d*\}|[+*?])?"
)
_RANGES: Final = {
    "a-z": "lower-case letters",
    "A-Z": "upper-case letters",
    "0-9": "digits",
    "\\d": "digits",
    "\\w": "letters, digits and underscores",
    "\\p{L}": "letters",
    "\\p{Lu}": "upper-case letters",
    "\\p{N}": "digits",
}
_SIGNS: Final = {
    "-": "hyphens", "_": "underscores", ".": "dots", "/": "slashes", " ": "spaces",
    ":": "colons", ",": "commas", "+": "plus signs", "'": "apostrophes",
}  # fmt: skip
_MOST_PARTS: Final = 6


def explain(source: str) -> str | None:
    """Return in words what a simple pattern accepts; None for one that is not simple."""
    text = source.removeprefix("^").removesuffix("$")
    words: list[str] = []
    position = 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None or len(words) == _MOST_PARTS:
            return None
        described = _describe(part)
        if described is None:
            return None
        words.append(described)
        position = part.end()
    return ", then ".join(words) or None


def _describe(part: regex.Match[str]) -> str | None:
    if part["literal"] is not None:
        literal = part["literal"].replace("\\", "")
        if part["count"] is None:
            return f"{literal!r}"
        # The quantifier belongs to the last character alone.
        return f"{literal!r} (optional)" if part["count"] == "?" and len(literal) == 1 else None
    if part["any"] is not None:
        kinds: str | None = "any characters"
    elif part["escape"] is not None:
        kinds = _RANGES.get(part["escape"])
    else:
        kinds = _set_words(part["set"])
    return None if kinds is None else _counted(kinds, part["count"])


def _set_words(text: str) -> str | None:
    kinds: list[str] = []
    while text:
        known = next((name for name in _RANGES if text.startswith(name)), None)
        if known is None:
            sign = text[1] if text[0] == "\\" and len(text) > 1 else text[0]
            if sign not in _SIGNS:
                return None
            kinds.append(_SIGNS[sign])
            text = text[2 if text[0] == "\\" else 1 :]
        else:
            kinds.append(_RANGES[known])
            text = text[len(known) :]
    return ", ".join(kinds[:-1]) + " and " + kinds[-1] if len(kinds) > 1 else kinds[0]


def _counted(kinds: str, count: str | None) -> str:
    match count:
        case None:
            return f"one of {kinds}"
        case "+":
            return kinds
        case "*":
            return f"{kinds} or nothing"
        case "?":
            return f"at most one of {kinds}"
    low, comma, high = count.strip("{}").partition(",")
    if not comma:
        return f"{low} {kinds}"
    return f"{low} to {high} {kinds}" if high else f"at least {low} {kinds}"
