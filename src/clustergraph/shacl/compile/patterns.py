"""The triple patterns of a shape's query, as far as it takes to say which triples it looks at.

What is not understood is not guessed at: the caller then takes every triple for one that matters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from clustergraph.shacl.paths import PropertyPath
from clustergraph.sparql.lexer import tokens
from clustergraph.vocab import PREFIXES

__all__ = [
    "NEVER",
    "Group",
    "NotUnderstoodError",
    "Pattern",
    "read_patterns",
    "sparql_path",
]

_REFUSED: Final = frozenset(
    {"UNION", "OPTIONAL", "GRAPH", "SELECT", "MINUS", "SERVICE", "VALUES", "NOT IN"}
)
NEVER: Final = "urn:x-clustergraph:never"
"""A predicate that no triple has."""

_TYPE: Final = PREFIXES["rdf"] + "type"


class NotUnderstoodError(ValueError):
    """A query says more than this module reads."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A triple pattern; subject and object are variables (``?x``) or other terms.

    A path may be a variable as well; then it is a predicate of that name.
    """

    subject: str
    path: PropertyPath
    object: str

    @property
    def any_predicate(self) -> bool:
        """Whether a variable stands in the place of the predicate."""
        return self.path.predicate.startswith("?")

    def __str__(self) -> str:
        if self.any_predicate:
            return f"{self.subject} {self.path.predicate} {self.object} ."
        path = sparql_path(self.path)
        if re.search(r"[*+]", path):
            # As an alternative it is walked from its start, and not taken apart.
            path = f"({path})|<{NEVER}>"
        return f"{self.subject} ({path}) {self.object} ."


@dataclass(slots=True)
class Group:
    """A group of patterns, with its filters and the groups that these ask for (EXISTS).

    Attributes:
        patterns: its triple patterns.
        filters: FILTER and BIND, each as words, and groups in their place.
    """

    patterns: list[Pattern] = field(default_factory=list)
    filters: list[list[str | Group]] = field(default_factory=list)

    @property
    def inner(self) -> list[Group]:
        """The groups that filters ask for."""
        return [part for each in self.filters for part in each if isinstance(part, Group)]

    def nested(self, known: Set[str]) -> str:
        """Return a group that is empty exactly when this one is, each pattern within the last.

        The engine does not see that variables are bound outside of EXISTS and joins all matches of
        one pattern with all of the next; nested, it looks up the next from where it stands.

        Args:
            known: the variables that are bound outside.
        """
        left, opened, known = list(self.patterns), 0, set(known)
        text = "{ "
        while left:
            linked = [p for p in left if known & {p.subject, p.object}] or left
            both = [p for p in linked if {p.subject, p.object} <= known]
            pattern = (both or linked)[0]
            left.remove(pattern)
            text += f"{pattern} "
            known |= {pattern.subject, pattern.object, pattern.path.predicate}
            if left:
                text += "FILTER EXISTS { "
                opened += 1
        return text + self.filtered(known) + "}" * opened + " }"

    def filtered(self, known: Set[str]) -> str:
        """Return the filters, their groups nested."""
        text = ""
        for each in self.filters:
            before = ""
            for part in each:
                word = part.nested(known) if isinstance(part, Group) else part
                close = word in ("(", ")", ",") or before == "("
                text += word if close else f" {word}"
                before = word
        return text + " "


def read_patterns(words: Sequence[str]) -> Group:
    """Read the body of a query.

    Args:
        words: its tokens, from the opening brace on, IRIs in full.

    Raises:
        NotUnderstoodError: it has more than plain patterns, BIND and FILTER.
    """
    significant = [word for word in words if not word.isspace()]
    if _REFUSED.intersection(word.upper() for word in significant):
        raise NotUnderstoodError
    return _Reader(significant).group()


class _Reader:
    def __init__(self, words: Sequence[str]) -> None:
        self._words = _split_paths(words)
        self._at = 0

    def _next(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _take(self, wanted: str = "") -> str:
        word = self._next()
        if not word or (wanted and word != wanted):
            raise NotUnderstoodError(word)
        self._at += 1
        return word

    def group(self) -> Group:
        self._take("{")
        group = Group()
        while (word := self._next()) != "}":
            if word == ".":
                self._take()
            elif word.upper() in ("FILTER", "BIND"):
                group.filters.append([self._take()])
                self._expression(group.filters[-1])
            else:
                self._triples(group)
        self._take("}")
        return group

    def _expression(self, words: list[str | Group]) -> None:
        """Read an expression up to its end, and the groups that it asks for."""
        depth = 0
        while True:
            word = self._next()
            if not word:
                raise NotUnderstoodError
            if word == "{":
                words.append(self.group())
            else:
                words.append(self._take())
                depth += (word == "(") - (word == ")")
            if depth == 0 and word in (")", "{"):
                return

    def _triples(self, group: Group) -> None:
        subject = self._term()
        while True:
            path = self._verb()
            while True:
                group.patterns.append(Pattern(subject, path, self._term()))
                if self._next() != ",":
                    break
                self._take()
            if self._next() != ";":
                return
            while self._next() == ";":
                self._take()
            if self._next() in (".", "}"):
                return

    def _term(self) -> str:
        word = self._take()
        if word in ("[", "]", "(", ")", "{", "}", ";", ",") or word.startswith("_:"):
            raise NotUnderstoodError(word)
        if self._next().startswith("@"):
            return word + self._take()
        if self._next() == "^^":
            self._take()
            return f"{word}^^{self._take()}"
        return "?" + word[1:] if word[0] == "$" else word

    def _verb(self) -> PropertyPath:
        if self._next()[:1] in ("?", "$") and len(self._next()) > 1:
            return PropertyPath("predicate", "?" + self._take()[1:])
        return self._path()

    def _path(self) -> PropertyPath:
        parts = [self._sequence()]
        while self._next() == "|":
            self._take()
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else PropertyPath("alternativePath", parts=tuple(parts))

    def _sequence(self) -> PropertyPath:
        parts = [self._step()]
        while self._next() == "/":
            self._take()
            parts.append(self._step())
        return parts[0] if len(parts) == 1 else PropertyPath("sequence", parts=tuple(parts))

    def _step(self) -> PropertyPath:
        if self._next() == "^":
            self._take()
            return PropertyPath("inversePath", parts=(self._step(),))
        word = self._take()
        if word == "(":
            path = self._path()
            self._take(")")
        else:
            path = PropertyPath("predicate", self._iri(word))
        match self._next():
            case "*":
                path = PropertyPath("zeroOrMorePath", parts=(path,))
            case "+":
                path = PropertyPath("oneOrMorePath", parts=(path,))
            case "?":
                path = PropertyPath("zeroOrOnePath", parts=(path,))
            case _:
                return path
        self._take()
        return path

    def _iri(self, word: str) -> str:
        if word == "a":
            return _TYPE
        if word.startswith("<") and word.endswith(">"):
            return word[1:-1]
        raise NotUnderstoodError(word)


def _split_paths(words: Sequence[str]) -> list[str]:
    """Take apart what stands for ``$PATH``: it was put in as one word."""
    split: list[str] = []
    for word in words:
        path = word.startswith("(") and len(word) > 1
        split += [token.text for token in tokens(word)] if path else [word]
    return split


def sparql_path(path: PropertyPath) -> str:
    """Return a path as SPARQL writes it, with full IRIs."""
    match path.operator:
        case "predicate":
            return f"<{path.predicate}>"
        case "sequence":
            return "/".join(f"({sparql_path(part)})" for part in path.parts)
        case "alternativePath":
            return "|".join(f"({sparql_path(part)})" for part in path.parts)
        case "inversePath":
            return f"^({sparql_path(path.parts[0])})"
        case "zeroOrMorePath":
            return f"({sparql_path(path.parts[0])})*"
        case "oneOrMorePath":
            return f"({sparql_path(path.parts[0])})+"
        case "zeroOrOnePath":
            return f"({sparql_path(path.parts[0])})?"
