"""An update taken apart into its operations, each with the declarations that hold for it.

SPARQL 1.1 Query, section 19.8: ``Update ::= Prologue ( Update1 ( ';' Update )? )?``. Before each
operation prefixes and a base may be declared, and behind the last one as well. The engine's grammar
takes them before the first one alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from clustergraph.sparql.lexer import Token, depths, tokenise

_IRI: Final = "urn:x-clustergraph:resolved"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, or a whole update that cannot be taken apart.

    Attributes:
        text: as written, without declarations.
        start: where it stands in the update.
        tokens: of the operation; none for a whole update, for the engine to read.
        prefixes: what is declared for it.
        base_iri: what relative IRIs are resolved against.
    """

    text: str
    start: int
    tokens: Sequence[Token]
    prefixes: Mapping[str, str]
    base_iri: str | None


def operations(
    text: str, base_iri: str | None = None, prefixes: Mapping[str, str] | None = None
) -> list[Operation]:
    """Take an update apart; one that cannot be, or is none, comes back whole.

    Args:
        text: the update.
        base_iri: what relative IRIs are resolved against at its start.
        prefixes: prefixes that need no declaration.
    """
    known = dict(prefixes or {})
    try:
        return _parted(text, base_iri, known)
    except (SyntaxError, ValueError):
        return [Operation(text, 0, (), known, base_iri)]


def _parted(text: str, base_iri: str | None, known: Mapping[str, str]) -> list[Operation]:
    """Return the operations; raises SyntaxError or ValueError if they cannot be told apart."""
    found: list[Operation] = []
    every = tokenise(text)
    ends = [
        at
        for at, (token, depth) in enumerate(zip(every, depths(every), strict=True))
        if token.kind == "sign" and token.text == ";" and not depth
    ]
    if any(
        token.kind == "unknown"
        or (token.kind == "iri" and ("'" in token.text or '"' in token.text))
        for token in every
    ):
        raise SyntaxError("brackets and semicolons may hide there")
    labels: set[str] = set()
    at = 0
    for end in [*ends, len(every)]:
        while length := _declaration(every, at):
            known, base_iri = _declared(every[at : at + length], base_iri, known)
            at += length
        part = every[at:end]
        if part:
            start = part[0].start
            found.append(Operation(text[start : part[-1].end], start, part, known, base_iri))
        elif end < len(every):
            raise SyntaxError("an operation is missing before the semicolon")
        own = {token.text for token in part if token.kind == "blank"}
        if own & labels:
            raise SyntaxError("a blank node stands in two operations")
        labels |= own
        at = end + 1
    return found


def _declaration(found: Sequence[Token], at: int) -> int:
    """Return how many tokens the declaration has that starts at an index; 0: none does."""
    kinds = [token.kind for token in found[at : at + 3]]
    if kinds == ["word", "name", "iri"] and found[at].is_word("PREFIX"):
        return 3 if found[at + 1].text[-1] == ":" else 0
    if kinds[:2] == ["word", "iri"] and found[at].is_word("BASE"):
        return 2
    return 2 if kinds[:2] == ["word", "string"] and found[at].is_word("VERSION") else 0


def _declared(
    declaration: Sequence[Token], base_iri: str | None, known: Mapping[str, str]
) -> tuple[Mapping[str, str], str | None]:
    """Return prefixes and base after a declaration, by the engine's reading of its IRI."""
    if declaration[0].is_word("VERSION"):
        return known, base_iri
    turtle = f"<{_IRI}> <{_IRI}> {declaration[-1].text} ."
    (quad,) = ox.parse(turtle, ox.RdfFormat.TURTLE, base_iri=base_iri)
    if not isinstance(quad.object, ox.NamedNode):
        raise SyntaxError(f"{declaration[-1].text} is no IRI")
    if declaration[0].is_word("BASE"):
        return known, quad.object.value
    return {**known, declaration[1].text[:-1]: quad.object.value}, base_iri
