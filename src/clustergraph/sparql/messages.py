"""What is wrong with a query, in words and at its place.

The engine's parser reports the furthest point at which some alternative failed, which lies up to
a keyword's length behind the fault, and lists every token it would have taken. Here the tokens
before the fault are found by asking the parser which beginnings of the text it could still
complete: those fail at their very end.
"""

from __future__ import annotations

import difflib
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

from clustergraph.errors import QuerySyntaxError, near, shortened
from clustergraph.sparql.lexer import CLOSERS, OPENERS, Token, position, tokenise

__all__ = ["explain"]

_AT: Final = re.compile(r"error at (\d+):(\d+): (?:expected (?:one of )?)?(.*)", re.DOTALL)
# Longer than any keyword, so that a fault in the last token is reported inside the padding.
_PADDING: Final = " " * 40
_KEYWORDS: Final = frozenset(
    """SELECT DISTINCT REDUCED CONSTRUCT DESCRIBE ASK FROM NAMED WHERE ORDER GROUP HAVING LIMIT
    OFFSET VALUES OPTIONAL GRAPH MINUS BIND FILTER UNION PREFIX BASE EXISTS UNDEF COUNT SAMPLE
    GROUP_CONCAT SEPARATOR REGEX CONTAINS STRSTARTS STRENDS BOUND COALESCE LANGMATCHES DATATYPE
    REPLACE LCASE UCASE CONCAT ISIRI ISLITERAL ISBLANK SUBSTR STRLEN""".split()  # noqa: SIM905
)
_UPDATES: Final = frozenset(
    ("INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH")
)
_OPENING: Final = _UPDATES | {"PREFIX", "BASE"}
_OPENS: Final = {
    "query": "a query opens with SELECT, ASK, CONSTRUCT or DESCRIBE",
    "update": "an update opens with a word such as INSERT, DELETE or LOAD",
}
_NO_IRI: Final = "IRI parsing failed"
_QUERIES: Final = frozenset(("SELECT", "ASK", "CONSTRUCT", "DESCRIBE"))

_AGGREGATES: Final = frozenset(("COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT"))
_MODIFIERS: Final = frozenset(("HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"))
# Each SELECT is read to the end of its group: more of them would take quadratic time.
_MOST_SELECTS: Final = 40

_Placed = tuple[int, Token]
"""A token with the number of brackets that are open before it."""

Parse = Callable[[str], None]
"""Parses a query; raises the engine's ``SyntaxError`` on a fault."""


def explain(
    text: str,
    error: SyntaxError,
    prefixes: Mapping[str, str],
    parse: Parse,
    kind: Literal["query", "update"] = "query",
) -> QuerySyntaxError:
    """Turn the parser's error about ``text`` into one that a person can act on.

    Args:
        text: the query or update as the person wrote it.
        error: what the engine's parser raised.
        prefixes: the prefixes that need no declaration.
        parse: parses such a text with those prefixes.
        kind: what the text was sent as.

    Returns:
        The error with a reason in words, the line and the column (characters, from 1).
    """
    found = tokenise(text)
    fault = (
        _invisible(found)
        or _other_kind(found, kind)
        or _unterminated(found)
        or _undeclared(found, prefixes)
        or _unbalanced(found)
        or _ungrouped(text, found, parse)
        or _from_parser(text, found, str(error), parse, kind)
    )
    reason, offset = fault
    return QuerySyntaxError(shortened(_visible(reason[:4000])), *position(text, offset))


def _visible(text: str) -> str:
    """Return a text in which characters that nobody sees are named."""
    return "".join(
        f"[U+{ord(sign):04X} {unicodedata.name(sign, 'control character')}]"
        if sign not in " \n\t" and unicodedata.category(sign) in _UNSEEN
        else sign
        for sign in text
    )


# Control and format characters, surrogates, unassigned ones, separators other than a space.
_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Cn", "Co", "Zs", "Zl", "Zp"))


def _other_kind(found: Sequence[Token], kind: str) -> tuple[str, int] | None:
    """Return the fault of a text that is empty, or a query where an update belongs."""
    if not found:
        return f"the {kind} is empty", 0
    for token in found:
        word = token.text.upper() if token.kind == "word" else ""
        if kind == "query" and word in _UPDATES:
            reason = f"{token.text} is an update, and this takes queries: a service takes updates"
            return f"{reason} at /update", token.start
        if kind == "update" and word in _QUERIES:
            reason = f"{token.text} is a query, and this takes updates: queries go to /sparql"
            return reason, token.start
        if word and word not in ("PREFIX", "BASE"):
            return None
    return None


def _invisible(found: Sequence[Token]) -> tuple[str, int] | None:
    """Return the fault of a character that looks like a space or like nothing, and is none."""
    for token in found:
        if token.kind == "sign" and unicodedata.category(token.text[0]) in _UNSEEN:
            return f"{token.text} is invisible and has no meaning here: remove it", token.start
    return None


def _unterminated(found: Sequence[Token]) -> tuple[str, int] | None:
    for token in found:
        if token.kind == "unknown":
            return f"the string that {token.text} opens is never closed on its line", token.start
    return None


def _undeclared(found: Sequence[Token], prefixes: Mapping[str, str]) -> tuple[str, int] | None:
    declared = set(prefixes)
    for before, token in zip([None, *found], found, strict=False):
        if token.kind != "name":
            continue
        prefix = token.text.partition(":")[0]
        if before is not None and before.is_word("PREFIX"):
            declared.add(prefix)
        elif prefix not in declared:
            if before is not None and before.text == "<" and prefix in ("http", "https", "urn"):
                reason = "this IRI is not well formed: no space, quotation mark or brace within <…>"
                return reason, before.start
            nearest = near(prefix, declared, limit=1) if prefix else []
            hint = (
                f"did you mean {nearest[0]}:?"
                if nearest
                else f"declare it first: PREFIX {prefix}: <…>"
            )
            return f"prefix {prefix}: is not declared; {hint}", token.start
    return None


def _unbalanced(found: Sequence[Token]) -> tuple[str, int] | None:
    open_: list[Token] = []
    for token in found:
        if token.kind != "sign" or token.text in ("<<", ">>"):
            continue
        if token.text in OPENERS:
            open_.append(token)
        elif opener := CLOSERS.get(token.text):
            if not open_:
                return f"{token.text} closes nothing: a {opener} is missing before it", token.start
            if open_[-1].text != opener:
                wanted = OPENERS[open_[-1].text]
                reason = f"{token.text} where {wanted} should close the {open_[-1].text} before it"
                return reason, token.start
            open_.pop()
    if open_:
        return f"this {open_[-1].text} is never closed", open_[-1].start
    return None


def _ungrouped(text: str, found: Sequence[Token], parse: Parse) -> tuple[str, int] | None:
    """Return the fault of variables that are not grouped, if nothing else is wrong."""
    mended, wrong = _with_samples(text, found)
    if not wrong:
        return None
    try:
        parse(mended)
    except SyntaxError:
        return None
    variable = wrong[0]
    index = found.index(variable)
    if any(
        one.is_word("AS") and other.text == variable.text
        for one, other in itertools.pairwise(found[:index])
    ):
        reason = f"{variable.text} is named in the same SELECT: repeat its expression here"
    else:
        reason = (
            f"{variable.text} is neither grouped nor aggregated: add it to GROUP BY, or write an "
            f"aggregate such as (SAMPLE({variable.text}) AS ?name)"
        )
    return reason, variable.start


def _with_samples(text: str, found: Sequence[Token]) -> tuple[str, list[Token]]:
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
        for depth, variable in _without_group(found, index + 1):
            sample = f"SAMPLE({variable.text})"
            named = sample if depth else f"({sample} AS ?sample_{len(wrong)})"
            pieces += [text[at : variable.start], named]
            at = variable.end
            wrong.append(variable)
    return "".join([*pieces, text[at:]]), wrong


def _without_group(found: Sequence[Token], start: int) -> list[_Placed]:
    """Return the variables of the SELECT clause at an index that are not grouped."""
    group = list(_nested(found, start))
    clause = list(itertools.takewhile(lambda placed: not _ends_clause(placed), group))
    body = itertools.takewhile(lambda placed: (placed[0], placed[1].text) != (0, "}"), group)
    modifiers = list(_nested(found, start + len(list(body)) + 1))
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


def _from_parser(
    text: str, found: Sequence[Token], message: str, parse: Parse, kind: str
) -> tuple[str, int]:
    match = _AT.match(message)
    if not match:
        return message, 0
    sentence = _sentence(match[3])
    reported = _offset(text, int(match[1]), int(match[2]))
    if sentence == _NO_IRI:
        reason = "this IRI is not well formed: no space, quotation mark or brace within <…>"
        starts = (token.start for token in found if token.text[0] == "<")
        return reason, max((start for start in starts if start < reported), default=0)
    if sentence:
        return sentence, _projection(found)
    # The fault lies in the reported token or shortly before it.
    for index, token in enumerate(found):
        if token.end < reported - len(_PADDING):
            continue
        if not _completable(text[: token.end], parse):
            before = found[:index]
            return _known(token, before, kind) or (_unexpected(token, before, kind), token.start)
    return f"it ends too early: something is missing after {found[-1].text}", len(text)


def _completable(beginning: str, parse: Parse) -> bool:
    padded = beginning + _PADDING
    try:
        parse(padded)
    except SyntaxError as error:
        match = _AT.match(str(error))
        return bool(match) and (
            (int(match[1]), int(match[2])) >= position(padded, len(padded))  # type: ignore[index]
        )
    return True


def _sentence(expected: str) -> str | None:
    """Return the rule that the parser names among what it expected, if any: it is in prose."""
    for part in expected.split(", "):
        words = part.strip()
        if " " in words and words[0].isupper() and not words.startswith(("[", '"')):
            if words.startswith("The SELECT contains a variable that is unbound"):
                return (
                    "SELECT names a variable that has no value there: with GROUP BY or an "
                    "aggregate, each variable must be grouped or aggregated"
                )
            return words if words[1].isupper() else words[0].lower() + words[1:]
    return None


def _projection(found: Sequence[Token]) -> int:
    return next((token.start for token in found if token.is_word("SELECT")), 0)


def _known(token: Token, before: Sequence[Token], kind: str) -> tuple[str, int] | None:
    """Return the fault that shows only behind itself, if it is one of those that are known."""
    last = before[-3:]
    if [one.kind for one in last] == ["word", "variable", "sign"] and last[0].is_word("AS"):
        name = last[1].text
        reason = f"{name} has a value before this AS gives it one: name the result otherwise"
        return (reason, last[1].start) if last[2].text == ")" else None
    if token.kind == "blank" and any(one.text == token.text for one in before):
        return f"{token.text} stands in another group already: use a variable", token.start
    depth, opener = 0, len(before)
    for opener in range(len(before) - 1, -1, -1):
        depth += (before[opener].text in CLOSERS) - (before[opener].text in OPENERS)
        if depth < 0:
            break
    words = [one for one in before[:opener] if one.kind == "word"]
    if not words or token.text not in CLOSERS or depth >= 0:
        return None
    if words[-1].is_word("VALUES"):
        names = [one for one in before[:opener] if one.start > words[-1].start]
        count = sum(one.kind == "variable" for one in names)
        reason = f"VALUES names {count} variables, and each row has as many values: this has not"
        return reason, before[-1].start
    if token.text == ")" and words[-1].is_word("SELECT"):
        return "an expression in SELECT needs a name: AS ?name is missing", token.start
    if kind == "update" and words[-1].is_word("DELETE"):
        blanks = [one for one in before[opener:] if one.kind == "blank" or one.text == "["]
        if blanks:
            reason = "a blank node cannot stand in DELETE: a variable can, with a WHERE"
            return reason, blanks[0].start
    return None


def _unexpected(token: Token, before: Sequence[Token], kind: str) -> str:
    if token.kind == "word":
        # Closer than for names: nearly any word resembles some keyword a little.
        nearest = difflib.get_close_matches(token.text.upper(), _KEYWORDS, n=1, cutoff=0.75)
        if nearest and nearest[0] != token.text.upper():
            return f"{token.text} is not a SPARQL keyword; did you mean {nearest[0]}?"
    if (name := _sliced_name(token, before)) is not None:
        prefix, _, local = name.partition(":")
        return f"a prefixed name holds no bare slash: write {prefix}:{local}\\/… or the whole IRI"
    if not before:
        return f"{token.text} is not expected: {_OPENS[kind]}"
    if kind == "update" and before[-1].text == "}" and token.text.upper() in _OPENING:
        return f"a semicolon is missing before {token.text}: it parts the operations"
    after = f" after {before[-1].text}"
    if token.kind == "word" and before[-1].kind in ("variable", "iri", "name"):
        names = f"a name has a prefix (cg:{token.text}), a variable a question mark (?{token.text})"
        return f"{token.text} is not expected{after}: {names}"
    if token.text in (")", "}", "]"):
        return f"{token.text} comes too early{after}: something is missing before it"
    return f"{token.text} is not expected{after}"


def _sliced_name(token: Token, before: Sequence[Token]) -> str | None:
    """Return the name in ``code:country/CZ``, whose slash or rest is the token at fault."""
    last = [*before, token][-3:]
    for name, slash in itertools.pairwise(last):
        if name.kind == "name" and slash.text == "/" and name.end == slash.start:
            return name.text
    return None


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return min(start + column - 1, len(text))
