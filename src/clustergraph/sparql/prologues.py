"""Declarations between the operations of an update.

SPARQL 1.1 Query, section 19.8: ``Update ::= Prologue ( Update1 ( ';' Update )? )?``. Before each
operation prefixes and a base may be declared, and behind the last one as well. The engine's grammar
takes them before the first one alone.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Final

import pyoxigraph as ox

from clustergraph.sparql.lexer import Token, depths, tokenise

__all__ = ["gathered"]

_DECLARES: Final = frozenset(("PREFIX", "BASE", "VERSION"))
_ANYTHING: Final = re.compile(r"[^\n\r]")
_IRI: Final = "urn:x-clustergraph:resolved"


def gathered(
    text: str, base_iri: str | None, known: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    """Return an update without its later declarations, and the prefixes that these declared.

    Blanks stand in their place, so that all the rest stays where it was; only where a prefix is
    declared anew for something else, or the base changes, are the names and IRIs behind it
    written otherwise. What cannot be read is returned as it is, for the engine to refuse.

    Args:
        text: the update.
        base_iri: what relative IRIs are resolved against at its start.
        known: prefixes that need no declaration.
    """
    if ";" not in text:
        return text, {}
    found = tokenise(text)
    late = any(
        token.text == ";" and following.kind == "word" and following.text.upper() in _DECLARES
        for token, following in itertools.pairwise(found)
    )
    if not late or any(
        token.kind == "unknown" or (token.kind == "iri" and "'" in token.text) for token in found
    ):
        return text, {}  # brackets and semicolons may hide there
    try:
        return _Gathering(text, base_iri, known).gather(found)
    except SyntaxError:
        return text, {}


class _Gathering:
    """One text on its way; see `gathered`."""

    def __init__(self, text: str, base_iri: str | None, known: Mapping[str, str]) -> None:
        self._text = text
        self._base = base_iri
        self._moved = False
        self._meaning = dict(known)
        self._renamed: dict[str, str] = {}
        self._late: dict[str, str] = {}
        self._used: set[str] = set()
        self._pieces: list[tuple[int, int, str]] = []
        self._numbers = itertools.count(2)

    def gather(self, found: Sequence[Token]) -> tuple[str, dict[str, str]]:
        depth = depths(found)
        at = 0
        declaring, first = True, True
        while at < len(found):
            token = found[at]
            if declaring and (length := _length(found, at)):
                self._declare(found[at : at + length], late=not first)
                at += length
                continue
            declaring = False
            if token.kind == "sign":
                if token.text == ";" and not depth[at]:
                    declaring, first = True, False
            elif not first:
                self._rewrite(token)
            if token.kind == "name":
                self._used.add(token.text.partition(":")[0])
            at += 1
        whole, behind = [], 0
        for start, end, piece in self._pieces:
            whole += [self._text[behind:start], piece]
            behind = end
        return "".join([*whole, self._text[behind:]]), self._late

    def _declare(self, declaration: Sequence[Token], *, late: bool) -> None:
        if late:
            start, end = declaration[0].start, declaration[-1].end
            blanks = _ANYTHING.sub(" ", self._text[start:end])
            self._pieces.append((start, end, blanks))
        if declaration[0].is_word("BASE"):
            self._base = self._resolved(declaration[1])
            self._moved = self._moved or late
        elif declaration[0].is_word("PREFIX"):
            prefix, iri = declaration[1].text[:-1], self._resolved(declaration[2])
            if late and self._meaning.get(prefix) != iri:
                name = self._fresh(prefix) if self._taken(prefix) else prefix
                self._late[name] = iri
                self._renamed[prefix] = name
            self._meaning[prefix] = iri

    def _rewrite(self, token: Token) -> None:
        if token.kind == "iri" and self._moved:
            self._pieces.append((token.start, token.end, f"<{self._resolved(token)}>"))
        elif token.kind == "name":
            prefix = token.text.partition(":")[0]
            name = self._renamed.get(prefix, prefix)
            if name != prefix:
                self._pieces.append((token.start, token.start + len(prefix), name))

    def _taken(self, prefix: str) -> bool:
        return prefix in self._meaning or prefix in self._used

    def _fresh(self, prefix: str) -> str:
        """Return a prefix that the text does not hold yet."""
        names = (f"{prefix or 'p'}-{number}" for number in self._numbers)
        return next(name for name in names if f"{name}:" not in self._text)

    def _resolved(self, iri: Token) -> str:
        """Return what an IRI stands for, by the engine's reading; raises SyntaxError."""
        turtle = f"<{_IRI}> <{_IRI}> {iri.text} ."
        (quad,) = ox.parse(turtle, ox.RdfFormat.TURTLE, base_iri=self._base)
        if not isinstance(quad.object, ox.NamedNode):
            raise SyntaxError(f"{iri.text} is no IRI")
        return quad.object.value


def _length(found: Sequence[Token], at: int) -> int:
    """Return how many tokens the declaration has that starts here; 0: none does."""
    kinds = [token.kind for token in found[at + 1 : at + 3]]
    if found[at].is_word("PREFIX") and kinds == ["name", "iri"] and found[at + 1].text[-1] == ":":
        return 3
    if found[at].is_word("BASE") and kinds[:1] == ["iri"]:
        return 2
    if found[at].is_word("VERSION") and kinds[:1] == ["string"]:
        return 2
    return 0
