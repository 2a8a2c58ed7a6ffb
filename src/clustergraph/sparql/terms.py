"""The IRIs that a query uses, and which of them mean nothing in a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from clustergraph.errors import did_you_mean, near
from clustergraph.sparql.lexer import Token, position, tokenise

# No more are reported of one query: the first ones are what the rest follows from.
_MOST = 5


@dataclass(frozen=True, slots=True)
class UsedTerm:
    """An IRI that a query names.

    Attributes:
        iri: in full.
        written: as it stands in the query.
        line: where it stands first, from 1.
        column: likewise, in characters.
    """

    iri: str
    written: str
    line: int
    column: int


def used_terms(text: str, prefixes: Mapping[str, str]) -> Iterator[UsedTerm]:
    """Yield the IRIs of a query, each once, declarations and relative IRIs left out.

    Args:
        text: a query or an update.
        prefixes: prefixes that need no declaration.
    """
    known = dict(prefixes)
    seen: set[str] = set()
    found = tokenise(text)
    for at, token in enumerate(found):
        if token.is_word("PREFIX") and len(found) > at + 2 and found[at + 2].kind == "iri":
            known[found[at + 1].text.rstrip(":")] = found[at + 2].text[1:-1]
        declares = (at and found[at - 1].is_word("PREFIX")) or (
            at > 1 and found[at - 2].is_word("PREFIX")
        )
        iri = "" if declares else _iri(token, known)
        if iri and iri not in seen:
            seen.add(iri)
            yield UsedTerm(iri, token.text, *position(text, token.start))


def _iri(token: Token, prefixes: Mapping[str, str]) -> str:
    if token.kind == "iri":
        return token.text[1:-1]
    if token.kind == "name":
        prefix, _, local = token.text.partition(":")
        if prefix in prefixes:
            return prefixes[prefix] + local.replace("\\", "")
    return ""


def unknown_terms(
    text: str,
    prefixes: Mapping[str, str],
    namespace: str,
    is_known: Callable[[str], bool],
    names: Callable[[], Iterable[str]],
) -> list[tuple[UsedTerm, str]]:
    """Return the terms of a vocabulary that a query uses and that do not exist, and what to say.

    Args:
        text: a query or an update.
        prefixes: prefixes that need no declaration.
        namespace: the vocabulary's.
        is_known: whether an IRI exists.
        names: the local names of the vocabulary, asked for only if there is something to suggest.
    """
    unknown = [
        term
        for term in used_terms(text, prefixes)
        if term.iri.startswith(namespace) and term.iri != namespace and not is_known(term.iri)
    ]
    known = list(names()) if unknown else []
    return [(term, _message(term, namespace, known)) for term in unknown[:_MOST]]


def _message(term: UsedTerm, namespace: str, known: Iterable[str]) -> str:
    start, end = (f"<{namespace}", ">") if term.written[0] == "<" else (
        f"{term.written.partition(':')[0]}:", "",
    )  # fmt: skip
    alike = [f"{start}{name}{end}" for name in near(term.iri.removeprefix(namespace)[:100], known)]
    place = f"line {term.line}, column {term.column}"
    return f"{place}: {term.written} is unknown to this graph{did_you_mean(alike)}"
