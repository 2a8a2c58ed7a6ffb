"""Queries and updates checked by the engine's parser, without evaluating them.

A text must have passed a `QueryPolicy` before it is parsed here, because the parser recurses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import QuerySyntaxError
from clustergraph.sparql.messages import explain
from clustergraph.sparql.policy import QueryPolicy, without_addresses
from clustergraph.sparql.prologues import gathered
from clustergraph.sparql.rewriting import without_repeated_variables
from clustergraph.vocab import PREFIXES

__all__ = [
    "Update",
    "admit_update",
    "check_query_syntax",
    "check_update_syntax",
    "explain_query",
    "explain_update",
]

_EMPTY: Final = ox.Store()
# No SPARQL text goes on with this character: a parser that gets so far has accepted all before.
_END: Final = "\x01"
# Fails before the operations behind it are carried out, but only after all has been parsed.
_NEVER: Final = "CLEAR GRAPH <urn:x-clustergraph:nothing>; "


@dataclass(frozen=True, slots=True)
class Update:
    """An update that a policy admits.

    Attributes:
        text: its operations; declarations between them are blanked out, and each ``LOAD SILENT``
            of a refused address loads nothing.
        declared: the prefixes that were declared between the operations.
    """

    text: str
    declared: Mapping[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> str:
        """The text with all its declarations at its start, on the first line."""
        prologue = "".join(f"PREFIX {name}: <{iri}> " for name, iri in self.declared.items())
        return prologue + self.text


def admit_update(
    text: str,
    policy: QueryPolicy,
    base_iri: str | None = None,
    prefixes: Mapping[str, str] = PREFIXES,
) -> Update:
    """Apply a policy to an update, and gather its declarations.

    Raises:
        QueryRefusedError: the policy forbids it; `FederationError` if only this process cannot
            carry it out.
    """
    # Before the text is taken apart: its size is what bounds the work.
    admitted = policy.check_update(text)
    return Update(*gathered(admitted, base_iri, prefixes))


def check_query_syntax(
    text: str, prefixes: Mapping[str, str] = PREFIXES, base_iri: str | None = None
) -> None:
    """Refuse a query that is not SPARQL; no host is called.

    Raises:
        QuerySyntaxError: says where and why.
    """
    try:
        _EMPTY.query(without_addresses(text), base_iri=base_iri, prefixes=dict(prefixes))
    except SyntaxError as error:
        once = without_repeated_variables(text)
        if once != text:
            return check_query_syntax(once, prefixes, base_iri)
        raise explain_query(text, error, prefixes, base_iri) from error
    except (RuntimeError, OSError, ValueError):
        pass  # evaluation began, on nothing: a function or an endpoint may be known elsewhere


def explain_query(
    text: str, error: SyntaxError, prefixes: Mapping[str, str], base_iri: str | None
) -> QuerySyntaxError:
    """Return the parser's error about a query in words."""

    def parse(beginning: str) -> None:
        plain = without_addresses(beginning)
        _EMPTY.query(plain, base_iri=base_iri, prefixes=dict(prefixes))

    return explain(text, error, prefixes, parse)


def check_update_syntax(
    update: Update, base_iri: str | None = None, prefixes: Mapping[str, str] = PREFIXES
) -> None:
    """Refuse an update that is not SPARQL; nothing of it is carried out.

    Raises:
        QuerySyntaxError: says where and why.
    """
    known = {**prefixes, **update.declared}
    never, late = gathered(_NEVER + update.text, base_iri, known)
    parse = _parser_of_updates(base_iri, {**known, **late})
    try:
        parse(never)
    except SyntaxError:
        try:
            # Again, for the place: this fails as well, for the text is all that can be wrong.
            parse(update.text)
        except SyntaxError as error:
            raise explain_update(update, error, base_iri, prefixes) from error
    except (RuntimeError, OSError, ValueError):
        pass


def explain_update(
    update: Update,
    error: SyntaxError,
    base_iri: str | None = None,
    prefixes: Mapping[str, str] = PREFIXES,
) -> QuerySyntaxError:
    """Return the parser's error about an update in words."""
    known = {**prefixes, **update.declared}
    parse = _parser_of_updates(base_iri, known)
    return explain(update.text, error, known, lambda text: parse(text + _END), "update")


def _parser_of_updates(base_iri: str | None, prefixes: dict[str, str]) -> Callable[[str], None]:
    def parse(text: str) -> None:
        ox.Store().update(text, base_iri=base_iri, prefixes=prefixes)

    return parse
