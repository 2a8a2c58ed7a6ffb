"""Queries written otherwise where the engine deviates from SPARQL, so that the answer is right.

Each rewriting is sound: on an engine without the deviation the rewritten query has the same
answer. `deviations` tells of what cannot be rewritten soundly; docs/protocol.md has an example of
each.

- ``?s p|q ?o`` becomes a UNION, because alternatives keep duplicates (SPARQL 1.1, 18.4).
- ``<a> p* ?o`` also matches ``<a>`` itself where the graph does not hold it (18.4, ZeroLengthPath).
- ``GROUP_CONCAT(?x)`` concatenates the texts of numbers, dates and IRIs as well (18.5.1.7).
- ``REGEX`` and ``REPLACE`` have the regular expressions of XPath (17.4.3.14 and 17.4.3.15).
- ``SELECT ?s ?s`` projects the variable once (16.1.2).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from clustergraph.sparql.lexer import OPENERS, Token, depths, tokenise
from clustergraph.sparql.policy import graph_clauses
from clustergraph.sparql.regex import RegexFaultError, with_xpath_patterns

# Only texts with one of these are looked at more closely.
_CONCERNED: Final = re.compile(
    r"\||[\w>)]\s?[*?](?=[\s/|)<])|group_concat|regex|replace", re.IGNORECASE
)
_SIGNS: Final = ("|", "*", "? ", "?/", "?)", "?|", "?\n", "?<", "group_concat", "regex", "replace")
_TERMS: Final = ("iri", "name", "variable", "string", "number")
_STARTS: Final = frozenset("{.}")


ALTERNATIVES: Final = (
    "alternatives within a longer path drop duplicates; write them as UNION to count them"
)
ZERO_LENGTH: Final = (
    "a path that may have no length does not match terms that the graph does not hold"
)
NUMBERS: Final = "integers beyond 64 bits and decimals beyond 18 digits cannot be calculated with"
CASTS: Final = "only the casts of SPARQL 1.1 are known: use xsd:integer in place of derived types"
SEVERAL_GRAPHS: Final = (
    "a statement of several of the graphs named by FROM counts once only if these hold fewer than "
    "200,000 statements; use DISTINCT"
)

# Only texts with one of these are looked at more closely.
_WARNED: Final = re.compile(
    r"\||[\w>)]\s?[*?](?=[\s/|)<])|\bfrom\b|[0-9]{19}|xsd:(?!integer|decimal|string|date|double|float"
    r"|boolean)|XMLSchema#",
    re.IGNORECASE,
)
_LONG_NUMBER: Final = re.compile(r"[0-9]{19,}|[0-9]*\.[0-9]{19,}")
_DERIVED: Final = re.compile(
    r"(?:xsd:|XMLSchema#)(?:long|int|short|byte|anyURI|(?:non)?(?:[Pp]osi|[Nn]ega)tiveInteger"
    r"|unsigned(?:Long|Int|Short|Byte))>?\Z"
)


@dataclass(frozen=True, slots=True)
class _PathPattern:
    """A triple pattern whose predicate is a property path with operators.

    Attributes:
        subject: the index of the token that is its subject.
        path: the indices of the first token of its path and of the one behind.
        simple: whether it stands alone: its subject and object are single terms, and no further
            predicate or object follows.
    """

    subject: int
    path: tuple[int, int]
    simple: bool


def rewritten(text: str) -> str:
    """Return a query that this engine answers as SPARQL defines; unchanged where nothing deviates.

    Lines and columns may change: errors must be explained on the original text.
    """
    lowered = text.lower()
    if not any(sign in lowered for sign in _SIGNS) or not _CONCERNED.search(text):
        return text
    found = tokenise(text)
    edits = [*_alternatives(text, found), *_concatenations(text, found)]
    for start, end, piece in sorted(edits, reverse=True):
        text = text[:start] + piece + text[end:]
    return _with_xpath_patterns(text)


def without_repeated_variables(text: str) -> str:
    """Return a query in which each SELECT clause names a variable once; columns stay."""
    found = tokenise(text)
    depth = depths(found)
    repeated = []
    for index, select in enumerate(found):
        if not select.is_word("SELECT"):
            continue
        seen: set[str] = set()
        for token, level in zip(found[index + 1 :], depth[index + 1 :], strict=True):
            if level > depth[index]:
                continue
            if token.text == "{" or token.is_word("WHERE") or token.is_word("FROM"):
                break
            if token.kind == "variable":
                if token.text[1:] in seen:
                    repeated.append(token)
                seen.add(token.text[1:])
    for token in sorted(repeated, key=lambda one: one.start, reverse=True):
        text = text[: token.start] + " " * len(token.text) + text[token.end :]
    return text


def _path_patterns(found: Sequence[Token]) -> Iterator[_PathPattern]:
    """Yield the patterns of a query whose predicate is a path with operators."""
    for index, token in enumerate(found[:-2]):
        if token.kind not in _TERMS or not index:
            continue
        start = index + 1
        end = _path_end(found, start)
        if end is None or end - start < 2:
            continue
        alone = found[index - 1].text in _STARTS
        simple = alone and _stands_alone(found, end)
        if simple or found[end].kind in _TERMS or found[end].text in OPENERS:
            yield _PathPattern(index, (start, end), simple)


def _stands_alone(found: Sequence[Token], end: int) -> bool:
    """Return whether a single term is at ``end``, and the pattern ends behind it."""
    if end + 1 >= len(found) or found[end].kind not in _TERMS:
        return False
    behind = found[end + 1]
    return behind.text in (".", "}") or behind.kind == "word"


def _path_end(found: Sequence[Token], at: int) -> int | None:
    """Return the index behind the path that starts at a token; None: there is none.

    SPARQL 1.1, section 19.8, productions 88 to 94.
    """
    while True:
        step = _step_end(found, at)
        if step is None:
            return None
        if step < len(found) and found[step].text in ("/", "|"):
            at = step + 1
            continue
        return step


def _step_end(found: Sequence[Token], at: int) -> int | None:
    while at < len(found) and found[at].text in ("^", "!"):
        at += 1
    if at >= len(found):
        return None
    token = found[at]
    if token.text == "(" and token.kind == "sign":
        inner = _path_end(found, at + 1)
        if inner is None or inner >= len(found) or found[inner].text != ")":
            return None
        at = inner + 1
    elif token.kind in ("iri", "name") or (token.kind == "word" and token.text == "a"):
        at += 1
    else:
        return None
    if at < len(found) and found[at].kind == "sign" and found[at].text in ("*", "+", "?"):
        at += 1
    return at


def _alternatives(text: str, found: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """Yield the edits that turn simple path patterns into unions."""
    exists, depth = _within_exists(found), depths(found)
    for pattern in _path_patterns(found):
        # Whether a pattern has solutions does not depend on how many.
        if not pattern.simple or exists[pattern.subject]:
            continue
        start, end = pattern.path
        subject, target = found[pattern.subject], found[end]
        branches = _branches(text, found, depth, start, end)
        if len(branches) > 1:
            union = " UNION ".join(
                f"{{ {subject.text} {branch} {target.text} }}" for branch in branches
            )
        elif (added := _zero_length(text, found, pattern)) is not None:
            union = f"{{ {text[subject.start : target.end]} }} UNION {added}"
        else:
            continue
        yield subject.start, target.end, union


def _within_exists(found: Sequence[Token]) -> list[bool]:
    """Return for each token whether it is within the group of EXISTS or MINUS."""
    within, groups = [], [False]
    for at, token in enumerate(found):
        if token.text == "}" and len(groups) > 1:
            groups.pop()
        within.append(groups[-1])
        if token.text == "{":
            before = found[at - 1] if at else token
            asked = before.is_word("EXISTS") or before.is_word("MINUS")
            groups.append(groups[-1] or asked)
    return within


def _branches(
    text: str, found: Sequence[Token], depth: Sequence[int], start: int, end: int
) -> list[str]:
    """Return the alternatives of a path, as written; one: it has none at its top."""
    while found[start].text == "(" and _closing(start, depth) == end - 1:
        start, end = start + 1, end - 1
    bars = (at for at in range(start, end) if found[at].text == "|" and depth[at] == depth[start])
    edges = itertools.pairwise([start - 1, *bars, end])
    return [text[found[one + 1].start : found[other - 1].end] for one, other in edges]


def _closing(at: int, depth: Sequence[int]) -> int:
    """Return the index of the bracket that closes one; the number of tokens if none does."""
    return next((n for n in range(at + 1, len(depth)) if depth[n] <= depth[at]), len(depth))


def _zero_length(text: str, found: Sequence[Token], pattern: _PathPattern) -> str | None:
    """Return the group that matches a term with itself where the path finds nothing at all."""
    start, end = pattern.path
    if found[end - 1].text not in ("*", "?") or _step_end(found, start) != end:
        return None
    subject, target = found[pattern.subject], found[end]
    variables = [token.kind == "variable" for token in (subject, target)]
    if sum(variables) != 1:
        return None
    variable, term = (subject, target) if variables[0] else (target, subject)
    other = f"{variable.text}_zero_length"
    asked = [f"{other}" if token is variable else token.text for token in (subject, target)]
    path = text[found[start].start : found[end - 1].end]
    return (
        f"{{ BIND({term.text} AS {variable.text}) "
        f"FILTER NOT EXISTS {{ {asked[0]} {path} {asked[1]} }} }}"
    )


def _concatenations(text: str, found: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """Yield the edits that make GROUP_CONCAT concatenate texts."""
    depth = depths(found)
    for index, token in enumerate(found[:-2]):
        if not token.is_word("GROUP_CONCAT") or found[index + 1].text != "(":
            continue
        first = index + 2 + found[index + 2].is_word("DISTINCT")
        close = _closing(index + 1, depth)
        parts = (at for at in range(first, close) if found[at].text == ";")
        close = next((at for at in parts if depth[at] == depth[index] + 1), close)
        if first < close <= len(found) and not found[first].is_word("STR"):
            start, end = found[first].start, found[close - 1].end
            yield start, end, f"STR({text[start:end]})"


def _with_xpath_patterns(text: str) -> str:
    lowered = text.lower()
    if "regex" not in lowered and "replace" not in lowered:
        return text
    pieces, behind = [], 0
    for token in tokenise(text):
        pieces += [text[behind : token.start], token.text]
        behind = token.end
    pieces.append(text[behind:])
    try:
        return "".join(with_xpath_patterns([piece for piece in pieces if piece]))
    except RegexFaultError:
        return text  # an error of the expression, which the engine finds as well


def deviations(text: str) -> list[str]:
    """Return the ways in which the answer to a query may differ, in words; usually none."""
    return list(dict.fromkeys(_found(text))) if _WARNED.search(text) else []


def _found(text: str) -> Iterator[str]:
    found = tokenise(text)
    for pattern in _path_patterns(found):
        start, end = pattern.path
        path = found[start:end]
        if any(token.text == "|" for token in path) and not (
            pattern.simple
            and path[-1].text not in ("*", "+", "?")
            and not any(token.text == "/" for token in path)
        ):
            yield ALTERNATIVES
        terms = (found[pattern.subject], found[end])
        constant = any(token.kind != "variable" for token in terms)
        if constant and not pattern.simple and path[-1].text in ("*", "?"):
            yield ZERO_LENGTH
    if len(graph_clauses(text)[1]) > 1:
        yield SEVERAL_GRAPHS
    for at, token in enumerate(found):
        if token.kind == "number" and _LONG_NUMBER.search(token.text):
            yield NUMBERS
        called = at + 1 < len(found) and found[at + 1].text == "("
        if called and token.kind in ("iri", "name") and _DERIVED.search(token.text):
            yield CASTS


# Pages --------------------------------------------------------------------------------------

_ENDINGS: Final = ("LIMIT", "OFFSET", "VALUES")


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows are wanted.

    Attributes:
        number: from 1.
        size: rows on a page.
    """

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many rows stand on the pages before."""
        return (self.number - 1) * self.size

    def last(self, rows: int) -> int:
        """Return the number of the last page; an empty answer has one."""
        return max(-(-rows // self.size), 1)


def page_of(text: str, variables: Sequence[str], page: Page) -> str:
    """Return a SELECT query that has the rows of one page of another's answer.

    Rows that a query leaves in any order may come in another one each time, and a reader who turns
    pages would see some twice and others never. So the order is made total first: by what the query
    says, then by all its variables.

    Args:
        text: the other query, which is valid; its own LIMIT and OFFSET stay in force.
        variables: those that it projects, without question mark.
        page: which rows.
    """
    found = tokenise(text)
    outer = [token for token, depth in zip(found, depths(found), strict=True) if not depth]
    words = [token for token in outer if token.kind == "word"]
    ordered = any(word.is_word("ORDER") for word in words)
    # A solution modifier is behind the pattern.
    pattern_end = next((token.start for token in outer if token.text == "}"), len(text))
    ends = [w for w in words if w.text.upper() in _ENDINGS and w.start > pattern_end]
    end = min((word.start for word in ends), default=len(text))
    own = {
        word.text.upper(): (word.start, follower.end, int(follower.text))
        for word, follower in itertools.pairwise(outer)
        if word in ends and follower.kind == "number"
    }
    tail = text[end:]
    for start, stop, _ in sorted(own.values(), reverse=True):
        tail = tail[: start - end] + tail[stop - end :]
    keys = " ".join(f"?{name}" for name in variables)
    order = f"{' ' if ordered else ' ORDER BY '}{keys}" if keys else ""
    first, most = page.offset, page.size
    if "LIMIT" in own:
        most = max(min(most, own["LIMIT"][2] - first), 0)
    if "OFFSET" in own:
        first += own["OFFSET"][2]
    # On a line of its own, for the text before may end in a comment.
    return f"{text[:end]}\n{order}\nLIMIT {most} OFFSET {first}\n{tail}"
