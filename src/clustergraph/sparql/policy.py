"""What a query must not do, decided before the engine's parser sees it.

The engine calls out to whatever address a SERVICE clause names, and its recursive parser
overflows the stack on deep nesting, which takes the whole process down. Both are refused here,
on the tokens alone. The engine's grammar needs no space around keywords (``SERVICE:x``,
``1SERVICE<…>`` are clauses to it) and reads ``<`` as an operator or as the start of an IRI by
context; so where the tokens leave a doubt, the guard refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from clustergraph.errors import QueryRefusedError
from clustergraph.settings import MAX_NESTING, MAX_QUERY_BYTES
from clustergraph.sparql.addresses import admits, objection
from clustergraph.sparql.lexer import CLOSERS, OPENERS, Token, position, tokens

__all__ = ["calls_out", "limit_size", "mute_loads", "names_its_graphs", "refuse_service"]

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
    calls_out(text)


def calls_out(
    text: str,
    *,
    services: Sequence[str] = (),
    loads: Sequence[str] | None = None,
    resolve: bool = False,
) -> bool:
    """Say whether a query or an update calls other hosts; refuse it where it must not.

    Args:
        text: the query or update.
        services: addresses that SERVICE may name; see `clustergraph.sparql.addresses.admits`.
        loads: those that LOAD may name; None: the text is a query, which has no LOAD.
        resolve: whether to look up what the hosts' names stand for, just before calling them.

    Raises:
        QueryRefusedError: it calls what is not allowed, or may be read so.
    """
    called = False
    for token, reason, _ in _calls(text, services, loads, resolve):
        if reason:
            line, column = position(text, token.start)
            raise QueryRefusedError(f"line {line}, column {column}: {reason}")
        called = True
    return called


def mute_loads(text: str, loads: Sequence[str], *, resolve: bool = False) -> str:
    """Return an update in which each ``LOAD SILENT`` that would be refused loads nothing.

    SPARQL 1.1 Update, section 3.1.4: with SILENT the operation succeeds whatever goes wrong, and
    a refusal goes wrong. Its address gives way to one that nobody can fetch.
    """
    muted = [
        address
        for _, reason, address in _calls(text, (), loads, resolve)
        if reason and address is not None
    ]
    for address in reversed(muted):
        text = text[: address.start] + _NOWHERE + text[address.end :]
    return text


# The engine fetches http and https alone, and fails here without asking anybody.
_NOWHERE: Final = "<urn:x-clustergraph:refused>"


def _calls(
    text: str, services: Sequence[str], loads: Sequence[str] | None, resolve: bool
) -> Iterator[tuple[Token, str | None, Token | None]]:
    """Yield what calls other hosts, or may be read so; what is muted calls nobody.

    Each with the reason why it is refused, if it is, and the address of a LOAD that says SILENT.
    """
    folded = text.casefold()
    if "service" not in folded and (loads is None or "load" not in folded):
        return
    found = [token for token in tokens(text) if token.kind != "comment"]
    depth = 0
    for index, token in enumerate(found):
        if token.kind == "sign":
            depth += (token.text == "{") - (token.text == "}")
        after = found[index + 1 : index + 3]
        muteable = None
        if _is_service(token, index, found):
            verb, allowed = "SERVICE", services
        elif loads is not None and not depth and _is_load(token, index, found):
            verb, allowed = "LOAD", loads
            if token.is_word(verb) and len(after) == 2 and after[0].is_word("SILENT"):
                plain = after[1].kind == "iri" and not _ambiguous(after[1])
                muteable = after[1] if plain else None
                if muteable is not None and muteable.text == _NOWHERE:
                    continue
        elif _ambiguous(token):
            verb, allowed = "SERVICE", ()
        else:
            continue
        yield token, _refusal(verb, allowed, token, after, resolve), muteable


def _is_service(token: Token, index: int, found: list[Token]) -> bool:
    if token.kind == "word":
        return "SERVICE" in token.text.upper()
    if token.kind == "name" and "SERVICE" in token.text.partition(":")[0].upper():
        # `service:x {` is a clause, but a name of the prefix service: anywhere else.
        follows = found[index + 1].text if index + 1 < len(found) else ""
        return follows == "{" and not (index and found[index - 1].is_word("GRAPH"))
    return False


_BEFORE_A_NAME: Final = frozenset(
    ("PREFIX", "GRAPH", "WITH", "USING", "NAMED", "INTO", "TO", "ADD", "MOVE", "COPY", "SILENT")
)


def _is_load(token: Token, index: int, found: list[Token]) -> bool:
    """Say whether a token outside all braces is the keyword LOAD, or holds it."""
    if token.kind == "word":
        return "LOAD" in token.text.upper()
    if token.kind == "name" and "LOAD" in token.text.partition(":")[0].upper():
        before = found[index - 1].text.upper() if index else ""
        return before not in _BEFORE_A_NAME
    return False


def _refusal(
    verb: str, allowed: Sequence[str], token: Token, after: list[Token], resolve: bool
) -> str | None:
    """Return why a clause is refused, or None."""
    if not allowed:
        if verb == "LOAD":
            return "LOAD is refused: fetch the document yourself and send it to /store"
        return (
            "SERVICE is refused: this graph calls no other "
            "endpoint; ask the other endpoint itself and join the answers"
        )
    if after and after[0].is_word("SILENT"):
        after = after[1:]
    if not token.is_word(verb) or not after or after[0].kind != "iri" or "\\" in after[0].text:
        return f"{verb} is refused: name the address in full, as <https://…>"
    address = after[0].text[1:-1]
    if not admits(allowed, address):
        return f"{verb} is refused: <{address}> is not among the addresses that may be called"
    if (reason := objection(address, resolve=resolve)) is not None:
        return f"{verb} is refused: <{address}> {reason}"
    return None


def limit_size(text: str, max_bytes: int = MAX_QUERY_BYTES, max_nesting: int = MAX_NESTING) -> None:
    """Refuse a query that is too long or too deeply nested to be parsed safely.

    Args:
        text: the query or update.
        max_bytes: longest text, in bytes of UTF-8.
        max_nesting: deepest nesting of brackets.

    Raises:
        QueryRefusedError: it is longer, or its brackets nest deeper.
    """
    if len(text) <= min(max_nesting, max_bytes // 4):
        return
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > max_bytes:
        raise QueryRefusedError(
            f"the query is {size:,} bytes long; at most {max_bytes:,} are accepted: "
            "split it, or move long lists of values into several requests"
        )
    # No more opening brackets than levels allowed: no need to look closer.
    if sum(text.count(opener) for opener in "({[") + text.count("<<") <= max_nesting:
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
    if deepest > max_nesting:
        raise QueryRefusedError(
            f"brackets nest {deepest} deep; at most {max_nesting} levels are accepted"
        )


def names_its_graphs(text: str) -> bool:
    """Say whether the query itself names its default graph or graphs (FROM, SPARQL 1.1, 13.2)."""
    return "from" in text.casefold() and any(
        token.is_word("FROM") or token.is_word("FROMNAMED") for token in tokens(text)
    )
