"""Where an embedded engine's answer may differ from SPARQL's, for a warning with the answer.

`clustergraph.sparql.rewriting` has seen to what can be rewritten; docs/protocol.md describes each
deviation with an example.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clustergraph.sparql.lexer import tokenise
from clustergraph.sparql.policy import graph_clauses
from clustergraph.sparql.rewriting import path_patterns

__all__ = ["Deviation", "deviations"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """A way in which the answer may differ.

    Attributes:
        name: for a response header; also the anchor in the documentation.
        message: what may differ, in a sentence.
    """

    name: str
    message: str


ALTERNATIVES: Final = Deviation(
    "alternative-paths",
    "alternatives within a longer path drop duplicates; write them as UNION to count them",
)
ZERO_LENGTH: Final = Deviation(
    "zero-length-paths",
    "a path that may have no length does not match terms that the graph does not hold",
)
NUMBERS: Final = Deviation(
    "number-range",
    "integers beyond 64 bits and decimals beyond 18 digits cannot be calculated with",
)
CASTS: Final = Deviation(
    "casts", "only the casts of SPARQL 1.1 are known: use xsd:integer in place of derived types"
)

SEVERAL_GRAPHS: Final = Deviation(
    "several-graphs",
    "a statement of several of the graphs named by FROM counts once only if these hold fewer than "
    "200,000 statements; use DISTINCT",
)

# Only texts with one of these are looked at more closely.
_CONCERNED: Final = re.compile(
    r"\||[\w>)]\s?[*?](?=[\s/|)<])|\bfrom\b|[0-9]{19}|xsd:(?!integer|decimal|string|date|double|float"
    r"|boolean)|XMLSchema#",
    re.IGNORECASE,
)
_LONG_NUMBER: Final = re.compile(r"[0-9]{19,}|[0-9]*\.[0-9]{19,}")
_DERIVED: Final = re.compile(
    r"(?:xsd:|XMLSchema#)(?:long|int|short|byte|anyURI|(?:non)?(?:[Pp]osi|[Nn]ega)tiveInteger"
    r"|unsigned(?:Long|Int|Short|Byte))>?\Z"
)


def deviations(text: str) -> tuple[Deviation, ...]:
    """Return the ways in which the answer to a query may differ; usually none."""
    return tuple(dict.fromkeys(_found(text))) if _CONCERNED.search(text) else ()


def _found(text: str) -> Iterator[Deviation]:
    found = tokenise(text)
    for pattern in path_patterns(found):
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
