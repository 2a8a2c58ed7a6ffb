"""Regular expressions of XPath and XQuery, as SPARQL and SHACL have them.

They are translated into Python's. The store has a dialect of its own, which agrees with XPath's on
plain patterns only (`is_plain`); a query that uses others calls the functions here instead.

Source: XPath and XQuery Functions and Operators 3.1, section 5.6; XML Schema 1.1, part 2, G.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final

import pyoxigraph as ox

MATCHES: Final = "urn:x-clustergraph:matches"
"""The function that stands for REGEX in the queries that an engine evaluates."""
REPLACE: Final = "urn:x-clustergraph:replace"
"""The function that stands for REPLACE."""

_PLAIN: Final = re.compile(
    r"\^?(?:(?:[A-Za-z0-9 _/:,;@#%=~<>!'&`\"-]|\\[.\-?*+^$|(){}\[\]]|\((?!\?)|\)|\|"
    r"|\[\^?[A-Za-z0-9_.()/:, -]+\])"
    r"(?:[?*+](?![?*+{])|\{[0-9]{1,2}(?:,[0-9]{0,2})?\}(?![?*+{]))?)*\$?"
)
"""Patterns that mean the same to XPath, to Python and to the store."""
_ESCAPES: Final = frozenset("nrt\\|.?*+(){}-[]^$sSiIcCdDwWpP0123456789")
_BLOCK: Final = re.compile(r"\{(Is[^}]*)\}")
_WIDE: Final = frozenset("sSdDwW")
_DOLLAR: Final = re.compile(r"\\(.?)|\$([0-9]*)", re.DOTALL)
_SPACE: Final = frozenset(" \t\n\r")
_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


Evaluated = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None


class RegexFaultError(ValueError):
    """Why a pattern or its flags cannot be used."""


def is_plain(pattern: str, flags: str = "") -> bool:
    """Return whether a pattern means the same in all dialects that are in use here."""
    return not flags and _PLAIN.fullmatch(pattern) is not None and not _fault(pattern)


def _fault(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return True
    return False


@lru_cache(maxsize=1024)
def translated(pattern: str, flags: str = "") -> re.Pattern[str]:
    """Return Python's equivalent of a pattern.

    Args:
        pattern: a regular expression as XPath defines it.
        flags: any of ``i``, ``m``, ``s``, ``x`` and ``q``.

    Raises:
        RegexFaultError: the pattern or a flag is not valid.
    """
    if unknown := set(flags) - set("imsxq"):
        raise RegexFaultError(f"unknown flag {min(unknown)!r}; the flags are i, m, s, x and q")
    options = re.RegexFlag(0)
    for flag, option in _FLAGS.items():
        if flag in flags:
            options |= option
    if "q" in flags:
        return re.compile(re.escape(pattern), options & re.IGNORECASE)
    if is_plain(pattern):
        text = pattern.removesuffix("$") + (r"\Z" if pattern.endswith("$") else "")
        if "m" not in flags and not pattern.endswith("\\$"):
            return re.compile(text, options)
    # Imported here: it takes a tenth of a second, and plain patterns do without.
    from elementpath.regex import RegexError, translate_pattern

    checked = "".join(_checked(pattern, "x" in flags))
    try:
        return re.compile(translate_pattern(checked, options, "1.1"), options)
    except (RegexError, re.error, OverflowError, RecursionError, ValueError, IndexError) as error:
        reason = str(error).replace(repr(checked), repr(pattern))
        raise _not_xpath(pattern, reason) from error


def _not_xpath(pattern: str, reason: str) -> RegexFaultError:
    return RegexFaultError(f"{pattern!r} is not a regular expression of XPath: {reason}")


def _checked(pattern: str, spaced: bool) -> Iterator[str]:
    """Yield a pattern piece by piece, what the translator passes on unseen spelled out.

    Args:
        pattern: the pattern.
        spaced: whether blanks outside of character classes do not count (the flag ``x``).
    """
    at = depth = 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            escaped = pattern[at + 1 : at + 2]
            if escaped not in _ESCAPES or not escaped:
                raise _not_xpath(pattern, f"it has no escape \\{escaped}")
            if escaped in ("p", "P") and (block := _BLOCK.match(pattern, at + 2)):
                _known_block(pattern, block[1])
            yield f"[\\{escaped}]" if escaped in _WIDE and not depth else f"\\{escaped}"
            at += 2
            continue
        depth += (sign == "[") - (sign == "]" and depth > 0)
        if not (spaced and not depth and sign in _SPACE):
            yield sign
        at += 1


def _known_block(pattern: str, name: str) -> None:
    """Refuse a Unicode block that does not exist; the translator lets it match everything."""
    from elementpath.regex import RegexError, unicode_subset

    try:
        unicode_subset(name)
    except RegexError as error:
        raise _not_xpath(pattern, f"there is no Unicode block {name}") from error


@lru_cache(maxsize=20_000)
def matches(text: str, pattern: str, flags: str = "") -> bool:
    """Return whether a pattern matches a part of a text (fn:matches).

    Raises:
        RegexFaultError: the pattern or a flag is not valid.
    """
    return translated(pattern, flags).search(text) is not None


def replace(text: str, pattern: str, replacement: str, flags: str = "") -> str:
    """Return a text with every match replaced (fn:replace).

    Raises:
        RegexFaultError: the pattern, a flag or the replacement is not valid, or the pattern
            matches the empty text.
    """
    compiled = translated(pattern, flags)
    if compiled.search("") is not None:
        raise RegexFaultError(f"{pattern!r} matches the empty text")

    def filled(match: re.Match[str]) -> str:
        def part(sign: re.Match[str]) -> str:
            if sign[2] is None:
                if sign[1] not in ("\\", "$"):
                    raise RegexFaultError(f"{replacement!r} has a backslash before {sign[1]!r}")
                return sign[1]
            digits = sign[2]
            if not digits:
                raise RegexFaultError(f"{replacement!r} has a $ without a number")
            known = digits[:1]
            for end in range(1, len(digits) + 1):
                if int(digits[:end]) <= compiled.groups:
                    known = digits[:end]
            group = int(known)
            found = match[group] or "" if group <= compiled.groups else ""
            return found + digits[len(known) :]

        return replacement if "q" in flags else _DOLLAR.sub(part, replacement)

    return compiled.sub(filled, text)


def _strings(terms: Sequence[object]) -> list[str] | None:
    """Return the texts of string literals; None where one of the terms is something else."""
    texts = []
    for term in terms:
        is_text = isinstance(term, ox.Literal) and (
            term.language is not None or term.datatype.value.endswith("XMLSchema#string")
        )
        if not isinstance(term, ox.Literal) or not is_text:
            return None
        texts.append(term.value)
    return texts


def _matches_term(*terms: object) -> ox.Literal | None:
    texts = _strings(terms)
    try:
        return None if texts is None else ox.Literal(matches(*texts))
    except RegexFaultError:
        return None


def _replace_term(*terms: object) -> ox.Literal | None:
    texts = _strings(terms)
    try:
        made = None if texts is None else replace(*texts)
    except RegexFaultError:
        return None
    language = getattr(terms[0], "language", None) if terms else None
    return None if made is None else ox.Literal(made, language=language)


functions: Final[dict[ox.NamedNode, Callable[..., Evaluated]]] = {
    ox.NamedNode(MATCHES): _matches_term,
    ox.NamedNode(REPLACE): _replace_term,
}
"""The functions, as the store takes them; None is an error of the expression."""


def with_xpath_patterns(words: Sequence[str], always: bool = False) -> list[str]:
    """Return the tokens of a query with REGEX and REPLACE given over to the functions here.

    Args:
        words: the tokens of a query.
        always: whether plain patterns are given over too, as rdflib needs it.

    Raises:
        RegexFaultError: a pattern that the query states, or its flags, are not valid.
    """
    made = list(words)
    for at, word in enumerate(words):
        name = {"REGEX": MATCHES, "REPLACE": REPLACE}.get(word.upper())
        if name is None:
            continue
        arguments = _arguments(words, at + 1)
        flags_at = 2 if name == MATCHES else 3
        pattern = _constant(arguments[1]) if len(arguments) > 1 else None
        flags = _constant(arguments[flags_at]) if len(arguments) > flags_at else ""
        if pattern is not None and flags is not None:
            translated(pattern, flags)
        plain = name == MATCHES and pattern is not None and is_plain(pattern)
        # Letters in either case are no difference between the dialects.
        plain = plain and flags in ("", "i")
        if always or not plain:
            made[at] = f"<{name}>"
    return made


def _arguments(words: Sequence[str], start: int) -> list[list[str]]:
    """Return the arguments of the call whose bracket opens next, as tokens without blanks."""
    found: list[list[str]] = [[]]
    depth = 0
    for word in words[start:]:
        depth += (word in "({[") - (word in ")}]")
        if depth == 0:
            return found if word == ")" else found[:0] if word.strip() else found
        if depth == 1 and word == ",":
            found.append([])
        elif word.strip() and not (depth == 1 and word == "("):
            found[-1].append(word)
    return found


def _constant(words: Sequence[str]) -> str | None:
    """Return the text of a string that stands alone; None for any other expression."""
    if len(words) != 1 or words[0][:1] not in ("'", '"'):
        return None
    try:
        (triple,) = ox.parse(f"<a:a> <a:a> {words[0]} .", ox.RdfFormat.TURTLE)
    except (SyntaxError, ValueError):
        return None
    return triple.object.value if isinstance(triple.object, ox.Literal) else None
