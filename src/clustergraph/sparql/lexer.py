"""The tokens of a SPARQL text, each with its place.

Not a parser: the engine parses. The tokens serve what the engine's parser cannot do: refuse
SERVICE, measure nesting, say in words and at the right place what is wrong with a query, and
find the ``VALUES`` block that carries a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Literal

from clustergraph.rdf.xsd import INNER, LETTERS

Kind = Literal[
    "comment", "iri", "string", "variable", "name", "blank", "language", "number", "word", "sign",
    "unknown",
]  # fmt: skip

# SPARQL 1.1, section 19.8, productions PN_CHARS_BASE (LETTERS), VARNAME (INNER), PN_CHARS and
# PN_LOCAL. The very ranges matter: where this lexer and the engine's disagree on the end of a name,
# text could hide in what only one of them takes for a string.
# A dot belongs to a name only if more of the name follows; else it ends the triple.
# Possessive quantifiers throughout: a failed match is never tried again in another way, which
# would take quadratic time, and exponential time for escapes in IRIs.
_TAIL = rf"(?:[{INNER}\-]|\.++(?=[{INNER}\-]))*+"
_LOCAL = rf"(?:[{INNER}:\-%]|\\[_~.\-!$&'()*+,;=/?#@%]|\.++(?=[{INNER}:\-%\\]))*+"
# Strings and names with a prefix are matched apart; see `tokens`.
_PATTERN: Final = rf"""
      (?P<space>   [\x20\t\r\n\0]++ )
    | (?P<comment> \#[^\n\r]*+ )
    | (?P<iri>     <(?:[^\x00-\x20<>"{{}}|^`\\]|\\[uU][0-9A-Fa-f]++)*+> )
    | (?P<variable> [?$][{INNER}]++ )
    | (?P<blank>   _:{_TAIL} )
    | (?P<name>    :{_LOCAL} )
    | (?P<language> @[A-Za-z]++(?:-[A-Za-z0-9-]++)*+ )
    | (?P<number>  (?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)? )
    | (?P<word>    [{LETTERS}][{INNER}]*+ )
    | (?P<unknown> ["'] )
    | (?P<sign>    \^\^|&&|\|\||!=|<=|>=|<<|>>|. )
    """
_RUN: Final = rf"[{LETTERS}]{_TAIL}"
_STRINGS: Final = (
    ('"""', r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*+"""'),
    ("'''", r"'''(?:[^'\\]|\\.|'{1,2}(?!'))*+'''"),
    ('"', r'"(?:[^"\\\n\r]|\\.)*+"'),
    ("'", r"'(?:[^'\\\n\r]|\\.)*+'"),
)
_LINE_END: Final = re.compile(r"[\n\r]|\Z")
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


def depths(found: Sequence[Token]) -> list[int]:
    """Return for each token how many brackets are open around it; a bracket is outside its pair."""
    depth, result = 0, []
    for token in found:
        if token.kind == "sign" and token.text in CLOSERS:
            depth = max(depth - 1, 0)
        result.append(depth)
        if token.kind == "sign" and token.text in OPENERS:
            depth += 1
    return result


def query_form(text: str) -> str:
    """Return SELECT, ASK, CONSTRUCT or DESCRIBE, whichever opens the query; else nothing."""
    forms = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
    words = (token.text.upper() for token in tokenise(text) if token.kind == "word")
    return next((word for word in words if word in forms), "")


@lru_cache(maxsize=4)
def tokenise(text: str) -> tuple[Token, ...]:
    """Return all tokens of a text except comments; kept, because several steps need them."""
    return tuple(token for token in tokens(text) if token.kind != "comment")


@cache
def _compiled() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    # Compiling takes 50 ms, and most worker processes never need it.
    return (
        re.compile(_PATTERN, re.VERBOSE | re.DOTALL),
        re.compile(_RUN),
        re.compile(f":{_LOCAL}"),
    )


@cache
def _string_patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(quotes, re.compile(pattern, re.DOTALL)) for quotes, pattern in _STRINGS]


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of ``text``, comments included, white space left out.

    A quotation mark that opens a string which never ends comes out as kind ``unknown``. The time
    is linear in the length of any text.
    """
    pattern, run, local = _compiled()
    unclosed_until: dict[str, int] = {}
    offset = run_until = 0
    while offset < len(text):
        start = offset
        if text[start] in "\"'" and (end := _string_end(text, start, unclosed_until)):
            offset = end
            yield Token("string", text[start:end], start)
            continue
        # A name with a prefix, if its run of characters ends in a colon. No part of a run that
        # does not can be one, so that no run is looked at twice.
        if start >= run_until and (found := run.match(text, start)):
            run_until = found.end()
            if name := local.match(text, run_until):
                offset = name.end()
                yield Token("name", text[start:offset], start)
                continue
        match = pattern.match(text, start)
        if match is None or match.lastgroup is None:
            raise AssertionError(f"no token at {start}")  # the last alternative takes anything
        offset = match.end()
        if match.lastgroup != "space":
            yield Token(match.lastgroup, match.group(), start)  # type: ignore[arg-type]


def _string_end(text: str, start: int, unclosed_until: dict[str, int]) -> int:
    """Return where the string that opens at ``start`` ends; 0: nowhere.

    Args:
        text: the whole.
        start: where a quotation mark is.
        unclosed_until: by quotation mark, up to where no string of that kind ends.
    """
    for quotes, pattern in _string_patterns():
        if not text.startswith(quotes, start) or start < unclosed_until.get(quotes, 0):
            continue
        if match := pattern.match(text, start):
            return match.end()
        # What follows is escaped all through: a string that opens further on ends nowhere either.
        line_end = _LINE_END.search(text, start)
        unclosed_until[quotes] = len(text) if len(quotes) == 3 or not line_end else line_end.start()
    return 0


def position(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, both from 1 and in characters, of an offset into ``text``."""
    line = text.count("\n", 0, offset) + 1
    return line, offset - text.rfind("\n", 0, offset)
