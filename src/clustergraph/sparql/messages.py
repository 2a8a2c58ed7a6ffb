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
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from clustergraph.errors import QuerySyntaxError, did_you_mean, near, shortened
from clustergraph.sparql.lexer import CLOSERS, OPENERS, Token, depths, position, tokenise

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
# The parts of a SELECT query that begin with a word.
_PARTS: Final = {
    **dict.fromkeys(("WHERE", "FROM"), "pattern"),
    "GROUP": "group",
    **dict.fromkeys(("HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"), "modifier"),
}
# Each SELECT is read to the end of its group: more of them would take quadratic time.
_MOST_SELECTS: Final = 40

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
            nearest = [f"{one}:" for one in near(prefix, declared, limit=1)] if prefix else []
            hint = did_you_mean(nearest) or f"; declare it first: PREFIX {prefix}: <…>"
            return f"prefix {prefix}: is not declared{hint}", token.start
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
    """Return the fault of variables that are not grouped, if nothing else is wrong.

    With ``SAMPLE`` around each variable that is neither grouped nor aggregated, the text parses.
    """
    depth = depths(found)
    selects = [index for index, token in enumerate(found) if token.is_word("SELECT")]
    wrong: list[Token] = []
    pieces: list[str] = []
    at = 0
    for index in selects if len(selects) <= _MOST_SELECTS else ():
        for variable, nested in _without_group(found, depth, index):
            sample = f"SAMPLE({variable.text})"
            named = sample if nested else f"({sample} AS ?sample_{len(wrong)})"
            pieces += [text[at : variable.start], named]
            at = variable.end
            wrong.append(variable)
    if not wrong:
        return None
    try:
        parse("".join([*pieces, text[at:]]))
    except SyntaxError:
        return None
    name, start = wrong[0].text, wrong[0].start
    before = itertools.takewhile(lambda token: token.start < start, found)
    if any(one.is_word("AS") and two.text == name for one, two in itertools.pairwise(before)):
        return f"{name} is named in the same SELECT: repeat its expression here", start
    return (
        f"{name} is neither grouped nor aggregated: add it to GROUP BY, or write an aggregate such "
        f"as (SAMPLE({name}) AS ?name)"
    ), start


def _without_group(
    found: Sequence[Token], depth: Sequence[int], select: int
) -> list[tuple[Token, bool]]:
    """Return the variables of a SELECT clause that are neither grouped nor aggregated.

    Each with whether it is part of an expression; none where nothing is grouped or aggregated.
    """
    plain: list[tuple[Token, bool]] = []
    grouped: set[str] = set()
    part, named, groups = "clause", False, False
    within: int | None = None  # the depth of the aggregate
    for token, level in zip(found[select + 1 :], depth[select + 1 :], strict=True):
        level -= depth[select]
        word = token.text.upper() if token.kind == "word" else ""
        if level < 0:
            break
        if not level and (token.text == "{" or word in _PARTS):
            part = _PARTS.get(word, "pattern")
            groups = groups or part == "group"
        elif part == "clause" and within is not None:
            within = None if token.text == ")" and level == within else within
        elif part == "clause" and word in _AGGREGATES:
            within, groups = level, True
        elif part == "clause" and token.kind == "variable" and not named:
            plain.append((token, level > 0))
        elif part == "group" and token.kind == "variable" and (named or not level):
            grouped.add(token.text[1:])
        named = word == "AS"
    return [one for one in plain if one[0].text[1:] not in grouped] if groups else []


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
        return sentence, next((token.start for token in found if token.is_word("SELECT")), 0)
    # The fault lies in the reported token or shortly before it.
    for index, token in enumerate(found):
        if token.end < reported - len(_PADDING):
            continue
        if not _completable(text[: token.end], parse):
            before = found[:index]
            return _known(token, before) or (_unexpected(token, before, kind), token.start)
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
            return words if words[1].isupper() else words[0].lower() + words[1:]
    return None


def _known(token: Token, before: Sequence[Token]) -> tuple[str, int] | None:
    """Return the fault that shows only behind itself, if it is one of those that are known."""
    last = before[-3:]
    if [one.kind for one in last] == ["word", "variable", "sign"] and last[0].is_word("AS"):
        name = last[1].text
        reason = f"{name} has a value before this AS gives it one: name the result otherwise"
        return (reason, last[1].start) if last[2].text == ")" else None
    if token.kind == "blank" and any(one.text == token.text for one in before):
        return f"{token.text} stands in another group already: use a variable", token.start
    select = max((at for at, one in enumerate(before) if one.is_word("SELECT")), default=None)
    if token.text == ")" and select is not None:
        clause = [*before[select:], token]
        if not depths(clause)[-1] and not any(one.text == "{" for one in clause):
            return "an expression in SELECT needs a name: AS ?name is missing", token.start
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
        return f"{token.text} comes too early{after}: something is missing or wrong before it"
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
