"""Queries of shapes with every IRI written out: no prefix, no base, nothing that calls out.

Two engines evaluate these queries, and both take text. So prefixed names and relative IRIs are
expanded here, token by token, and every IRI is checked: whatever a shape declares as a namespace
cannot end an IRI early and continue as SPARQL.

Source: SHACL, section 5.2; SPARQL 1.1 Query, section 4.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import QueryRefusedError
from clustergraph.sparql.lexer import Token, tokens
from clustergraph.sparql.policy import QueryPolicy

__all__ = ["PREFIX_NAME", "QueryFaultError", "expanded", "is_iri"]

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
