"""The tokens of a SPARQL text, each with its place.

Not a parser: the engine parses. The tokens serve what the engine's parser cannot do: refuse
SERVICE, measure nesting, say in words and at the right place what is wrong with a query, and
find the ``VALUES`` block that carries a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

__all__ = ["CLOSERS", "OPENERS", "Kind", "Token", "position", "query_form", "tokens"]

Kind = Literal[
    "comment", "iri", "string", "variable", "name", "blank", "language", "number", "word", "sign",
    "unknown",
]  # fmt: skip

# SPARQL 1.1, section 19.8, productions PN_CHARS_BASE, VARNAME, PN_CHARS and PN_LOCAL. The very
# ranges matter: where this lexer and the engine's disagree on the end of a name, text could
# hide in what only one of them takes for a string.
_LETTER = (
    r"A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C\u200D"
    r"\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
)
_INNER = rf"{_LETTER}_0-9\u00B7\u0300-\u036F\u203F\u2040"
# A dot belongs to a name only if more of the name follows; else it ends the triple.
_TAIL = rf"(?:[{_INNER}\-]|\.++(?=[{_INNER}\-]))*"
_LOCAL = rf"(?:[{_INNER}:\-%]|\\[_~.\-!$&'()*+,;=/?#@%]|\.++(?=[{_INNER}:\-%\\]))*"
_PATTERN: Final = rf"""
      (?P<space>   [\s\0]+ )
    | (?P<comment> \#[^\n\r]* )
    | (?P<iri>     <(?:[^\x00-\x20<>"{{}}|^`\\]|\\[uU][0-9A-Fa-f]+)*> )
    | (?P<string>  \"\"\"(?:[^"\\]|\\.|\"{{1,2}}(?!\"))*\"\"\"
                 | '''(?:[^'\\]|\\.|'{{1,2}}(?!'))*'''
                 | "(?:[^"\\\n\r]|\\.)*"
                 | '(?:[^'\\\n\r]|\\.)*' )
    | (?P<variable> [?$][{_INNER}]+ )
    | (?P<blank>   _:{_TAIL} )
    | (?P<name>    (?:[{_LETTER}]{_TAIL})?:{_LOCAL} )
    | (?P<language> @[A-Za-z]+(?:-[A-Za-z0-9-]+)* )
    | (?P<number>  (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? )
    | (?P<word>    [{_LETTER}][{_INNER}]* )
    | (?P<sign>    \^\^|&&|\|\||!=|<=|>=|<<|>>|. )
    """
OPENERS: Final = {"(": ")", "{": "}", "[": "]", "<<": ">>"}
CLOSERS: Final = {closer: opener for opener, closer in OPENERS.items()}


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its text, and where it starts in the query (characters, from 0)."""

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset just behind the token."""
        return self.start + len(self.text)

    def is_word(self, word: str) -> bool:
        """Say whether this is the keyword ``word``, in whatever case."""
        return self.kind == "word" and self.text.upper() == word


def query_form(text: str) -> str:
    """Return SELECT, ASK, CONSTRUCT or DESCRIBE, whichever opens the query; else nothing."""
    forms = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
    words = (token.text.upper() for token in tokens(text) if token.kind == "word")
    return next((word for word in words if word in forms), "")


@cache
def _pattern() -> re.Pattern[str]:
    # Compiling takes 50 ms, and most worker processes never need it.
    return re.compile(_PATTERN, re.VERBOSE | re.DOTALL)


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of ``text``, comments included, white space left out.

    A quotation mark that opens a string which never ends comes out as kind ``unknown``.
    """
    offset, match_at = 0, _pattern().match
    while offset < len(text):
        match = match_at(text, offset)
        if match is None or match.lastgroup is None:
            raise AssertionError(f"no token at {offset}")  # the last alternative takes anything
        kind, start, offset = match.lastgroup, offset, match.end()
        found = match.group()
        if kind == "space":
            continue
        if kind == "sign" and found in "\"'":
            kind = "unknown"
        yield Token(kind, found, start)  # type: ignore[arg-type]


def position(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, both from 1 and in characters, of an offset into ``text``."""
    line = text.count("\n", 0, offset) + 1
    return line, offset - text.rfind("\n", 0, offset)
