"""The text of a shape's query: every IRI written out, nothing that calls out, its triple patterns.

Two engines evaluate these queries, and both take text. So prefixed names and relative IRIs are
expanded here, token by token, and every IRI is checked: whatever a shape declares as a namespace
cannot end an IRI early and continue as SPARQL.

Triple patterns are read as far as it takes to say which triples a query looks at. What is not
understood is not guessed at: the caller then takes every triple for one that matters.

Source: SHACL, section 5.2; SPARQL 1.1 Query, section 4.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import QueryRefusedError
from clustergraph.shacl.paths import PropertyPath
from clustergraph.sparql.lexer import Token, tokens
from clustergraph.sparql.policy import QueryPolicy
from clustergraph.vocab import PREFIXES

PREFIX_NAME: Final = re.compile(r"(?:[^\W\d_](?:[\w.\-·]*[\w\-·])?)?")
"""The name of a prefix (production PN_PREFIX), or the empty name."""

_ESCAPED: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")
_TAG: Final = re.compile(r"([\"'])[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\1")
"""A string that looks like a language tag, as a token."""
_LOCAL_ESCAPE: Final = re.compile(r"\\([_~.\-!$&'()*+,;=/?#@%])")


class QueryFaultError(ValueError):
    """Why a query of a shape cannot be used; completes the words "the query"."""


def expanded(text: str, kind: str, prefixes: Mapping[str, str]) -> list[str]:
    """Return a query as its tokens, IRIs in full and its own PREFIX and BASE resolved.

    Args:
        text: the query as the shape states it.
        kind: the form that it must have: ``select`` or ``ask``.
        prefixes: prefix → namespace, as declared for the query.

    Returns:
        The tokens, with ``" "`` where they stand apart; joined, they are the query.

    Raises:
        QueryFaultError: it has another form, an undeclared prefix or an invalid IRI, calls
            another endpoint, names its own dataset, or is too long or too deep to be parsed.
    """
    try:
        QueryPolicy().check_query(text)
        words = _with_lower_tags(_expanded(text, kind, prefixes))
        QueryPolicy().check_calls("".join(words))
    except QueryRefusedError as error:
        raise QueryFaultError(f"is refused: {error}") from error
    return words


def _expanded(text: str, kind: str, prefixes: Mapping[str, str]) -> list[str]:
    found = iter([token for token in tokens(text) if token.kind != "comment"])
    known = dict(prefixes)
    base = ""
    first: Token | None = None
    for token in found:
        word = token.text.upper()
        if token.kind == "word" and word == "BASE":
            base = _iri(_next(found, "iri", "BASE").text, base)
        elif token.kind == "word" and word == "PREFIX":
            name = _next(found, "name", "PREFIX").text
            known[name[:-1]] = _iri(_next(found, "iri", "PREFIX").text, base)
        else:
            first = token
            break
    if first is None or first.kind != "word" or first.text.upper() != kind.upper():
        form = first.text[:40] if first is not None else "nothing"
        raise QueryFaultError(f"has to begin with {kind.upper()}, not with {form}")
    words, end = [first.text], first.end
    for token in found:
        if token.start > end:
            words.append(" ")
        end = token.end
        if token.is_word("FROM") or token.is_word("FROMNAMED"):
            raise QueryFaultError("names a dataset (FROM); it is the data graph, always")
        words.append(_written(token, known, base))
    return words


def _with_lower_tags(words: list[str]) -> list[str]:
    """Return the query with language tags that it compares LANG with in lower case.

    All tags of the data are: their case does not count (RDF 1.1 Concepts, section 3.3).
    """
    if not any(word.upper() == "LANG" for word in words):
        return words
    depth, made = 0, []
    for word in words:
        depth += (word == "(") - (word == ")")
        made.append(word.lower() if depth and _TAG.fullmatch(word) else word)
    return made


def _next(found: Iterator[Token], kind: str, keyword: str) -> Token:
    token = next(found, None)
    if token is None or token.kind != kind:
        raise QueryFaultError(f"is not SPARQL: {keyword} is not followed by what it declares")
    return token


def _written(token: Token, prefixes: Mapping[str, str], base: str) -> str:
    if token.kind == "iri":
        return f"<{_iri(token.text, base)}>"
    if token.kind != "name":
        return token.text
    prefix, _, local = token.text.partition(":")
    if prefix not in prefixes:
        raise QueryFaultError(f"uses the prefix {prefix}:, which is not declared (sh:declare)")
    iri = prefixes[prefix] + _LOCAL_ESCAPE.sub(r"\1", local)
    if not is_iri(iri):
        raise QueryFaultError(f"names {token.text}, which is not a valid IRI")
    return f"<{iri}>"


def _iri(text: str, base: str) -> str:
    """Return the IRI between angle brackets, escapes decoded, resolved against the base."""
    inner = _ESCAPED.sub(lambda match: chr(int(match[1] or match[2], 16)), text[1:-1])
    if base:
        try:
            # The parser of Turtle resolves references as RFC 3986 says.
            (triple,) = ox.parse(f"<> <{base}> <{inner}> .", ox.RdfFormat.TURTLE, base_iri=base)
        except (SyntaxError, ValueError) as error:
            raise QueryFaultError(f"names {text}, which is not a valid IRI") from error
        return str(getattr(triple.object, "value", inner))
    if not is_iri(inner):
        hint = "" if re.match(r"[A-Za-z][\w+.\-]*:", inner) else "; relative IRIs need a BASE"
        raise QueryFaultError(f"names {text}, which is not a valid IRI{hint}")
    return inner


@lru_cache(maxsize=4096)
def is_iri(text: str) -> bool:
    """Return whether a text is an absolute IRI, which may stand between angle brackets."""
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True


_REFUSED: Final = frozenset(
    {"UNION", "OPTIONAL", "GRAPH", "SELECT", "MINUS", "SERVICE", "VALUES", "NOT IN"}
)
_NEVER: Final = "urn:x-clustergraph:never"
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
        path = self.path.written()
        if re.search(r"[*+]", path):
            # As an alternative it is walked from its start, and not taken apart.
            path = f"({path})|<{_NEVER}>"
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
