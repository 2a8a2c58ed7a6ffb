"""What a query must not do, decided before the engine's parser sees it.

The engine calls out to whatever address a SERVICE clause names, and its recursive parser
overflows the stack on deep nesting, which takes the whole process down. Both are refused here,
on the tokens alone. The engine's grammar needs no space around keywords (``SERVICE:x``,
``1SERVICE<…>`` are clauses to it) and reads ``<`` as an operator or as the start of an IRI by
context; so where the tokens leave a doubt, the guard refuses.
"""

from __future__ import annotations

import re
from typing import Final

from clustergraph.errors import QueryRefusedError
from clustergraph.settings import MAX_NESTING, MAX_QUERY_BYTES
from clustergraph.store.lexer import CLOSERS, OPENERS, Token, position, tokens

__all__ = ["limit_size", "names_its_graphs", "refuse_service"]

# `<…>` with a quotation mark or a hash in it may hide a string or a comment from one of the two
# readings. `<scheme://` can only be an IRI: no operator is written with two slashes.
_PLAIN_IRI: Final = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*://[^']*>|<[^'#]*>")


def _ambiguous(token: Token) -> bool:
    return token.kind == "iri" and not _PLAIN_IRI.fullmatch(token.text)


def refuse_service(text: str) -> None:
    """Refuse a query that would call another endpoint (SPARQL 1.1 Federated Query).

    Raises:
        QueryRefusedError: ``text`` holds a SERVICE clause, or something that may be read as one.
    """
    if "service" not in text.casefold():
        return
    found = [token for token in tokens(text) if token.kind != "comment"]
    for index, token in enumerate(found):
        word = token.text.partition(":")[0] if token.kind == "name" else token.text
        if token.kind == "word" or token.kind == "name":
            hit = "SERVICE" in word.upper()
        else:
            hit = _ambiguous(token)
        if hit and token.kind == "name":
            # `service:x {` is a clause, but a name of the prefix service: anywhere else.
            follows = found[index + 1].text if index + 1 < len(found) else ""
            hit = follows == "{" and not (index and found[index - 1].is_word("GRAPH"))
        if hit:
            line, column = position(text, token.start)
            raise QueryRefusedError(
                f"line {line}, column {column}: SERVICE is refused: this graph calls no other "
                "endpoint; ask the other endpoint itself and join the answers"
            )


def limit_size(text: str) -> None:
    """Refuse a query that is too long or too deeply nested to be parsed safely.

    Raises:
        QueryRefusedError: it is longer than ``MAX_QUERY_BYTES`` or its brackets nest deeper than
            ``MAX_NESTING``.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_QUERY_BYTES:
        raise QueryRefusedError(
            f"the query is {size:,} bytes long; at most {MAX_QUERY_BYTES:,} are accepted: "
            "split it, or move long lists of values into several requests"
        )
    # No more opening brackets than levels allowed: no need to look closer.
    if sum(text.count(opener) for opener in "({[") + text.count("<<") <= MAX_NESTING:
        return
    depth = deepest = 0
    for token in tokens(text):
        if token.kind == "sign" and token.text in OPENERS:
            depth += 1
            deepest = max(deepest, depth)
        elif token.kind == "sign" and token.text in CLOSERS:
            depth = max(depth - 1, 0)
        elif _ambiguous(token):
            raise QueryRefusedError(
                f"{token.text} may hide brackets: write the IRI in full, with its scheme"
            )
    if deepest > MAX_NESTING:
        raise QueryRefusedError(
            f"brackets nest {deepest} deep; at most {MAX_NESTING} levels are accepted"
        )


def names_its_graphs(text: str) -> bool:
    """Say whether the query itself names its default graph or graphs (FROM, SPARQL 1.1, 13.2)."""
    return "from" in text.casefold() and any(
        token.is_word("FROM") or token.is_word("FROMNAMED") for token in tokens(text)
    )
