"""Variables that a query with groups names although they have no single value in a group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Final

from clustergraph.sparql.lexer import CLOSERS, OPENERS, Token

__all__ = ["with_samples"]

_AGGREGATES: Final = frozenset(("COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT"))
_MODIFIERS: Final = frozenset(("HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"))
# Each SELECT is read to the end of its group: more of them would take quadratic time.
_MOST_SELECTS: Final = 40

_Placed = tuple[int, Token]
"""A token with the number of brackets that are open before it."""


def with_samples(text: str, found: Sequence[Token]) -> tuple[str, list[Token]]:
    """Return a query in which variables that are not grouped are aggregated, and those variables.

    Args:
        text: the query.
        found: its tokens.

    Returns:
        The query with ``SAMPLE`` around each such variable of a SELECT clause: if it parses, these
        variables were all that was wrong with it. The text as it was, if there are none.
    """
    selects = [index for index, token in enumerate(found) if token.is_word("SELECT")]
    wrong: list[Token] = []
    pieces: list[str] = []
    at = 0
    for index in selects if len(selects) <= _MOST_SELECTS else ():
        for depth, variable in _ungrouped(found, index + 1):
            sample = f"SAMPLE({variable.text})"
            named = sample if depth else f"({sample} AS ?sample_{len(wrong)})"
            pieces += [text[at : variable.start], named]
            at = variable.end
            wrong.append(variable)
    return "".join([*pieces, text[at:]]), wrong


def _ungrouped(found: Sequence[Token], start: int) -> list[_Placed]:
    """Return the variables of the SELECT clause at an index that are not grouped."""
    clause = list(takewhile(lambda placed: not _ends_clause(placed), _nested(found, start)))
    body = list(takewhile(lambda placed: placed != (0, "}"), _texts(found, start)))
    modifiers = list(_nested(found, start + len(body) + 1))
    grouped = modifiers and modifiers[0][1].is_word("GROUP")
    plain, aggregated = _outside_aggregates(clause)
    if not grouped and not aggregated:
        return []
    names = _grouped(modifiers) if grouped else set()
    return [(depth, token) for depth, token in plain if token.text[1:] not in names]


def _nested(found: Sequence[Token], start: int) -> Iterator[_Placed]:
    """Yield the tokens from an index to the end of the group they lie in, with their depth."""
    depth = 0
    for token in found[start:]:
        depth -= token.text in CLOSERS
        if depth < 0:
            return
        yield depth, token
        depth += token.text in OPENERS


def _texts(found: Sequence[Token], start: int) -> Iterator[tuple[int, str]]:
    return ((depth, token.text) for depth, token in _nested(found, start))


def _ends_clause(placed: _Placed) -> bool:
    depth, token = placed
    return not depth and (token.text == "{" or token.is_word("WHERE") or token.is_word("FROM"))


def _outside_aggregates(clause: Iterable[_Placed]) -> tuple[list[_Placed], bool]:
    """Return the variables outside of aggregates, without names given by AS; and if there are any.

    The second value says whether the clause has aggregates.
    """
    plain: list[_Placed] = []
    aggregated = named = False
    within: int | None = None
    for depth, token in clause:
        if within is not None:
            if token.text == ")" and depth == within:
                within = None
        elif token.kind == "word" and token.text.upper() in _AGGREGATES:
            within, aggregated = depth, True
        elif token.kind == "variable" and not named:
            plain.append((depth, token))
        named = token.is_word("AS")
    return plain, aggregated


def _grouped(modifiers: Iterable[_Placed]) -> set[str]:
    """Return the names of the variables that GROUP BY groups by or gives a value to."""
    names: set[str] = set()
    named = False
    for depth, token in modifiers:
        if not depth and token.kind == "word" and token.text.upper() in _MODIFIERS:
            break
        if token.kind == "variable" and (named or not depth):
            names.add(token.text[1:])
        named = token.is_word("AS")
    return names
