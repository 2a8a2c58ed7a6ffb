"""Queries and updates checked by the engine's parser, without evaluating them.

A text must have passed a `QueryPolicy` before it is parsed here, because the parser recurses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import QuerySyntaxError
from clustergraph.sparql.lexer import position
from clustergraph.sparql.messages import explain
from clustergraph.sparql.operations import Operation, operations
from clustergraph.sparql.policy import without_addresses
from clustergraph.sparql.rewriting import without_repeated_variables
from clustergraph.vocab import PREFIXES

_EMPTY: Final = ox.Store()
# No SPARQL text goes on with this character: a parser that gets so far has accepted all before.
_END: Final = "\x01"
# Fails before the operations behind it are carried out, but only after all has been parsed.
_NEVER: Final = "CLEAR GRAPH <urn:x-clustergraph:nothing>; "


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
    text: str, base_iri: str | None = None, prefixes: Mapping[str, str] = PREFIXES
) -> None:
    """Refuse an update that is not SPARQL; nothing of it is carried out.

    Raises:
        QuerySyntaxError: says where and why.
    """
    for operation in operations(text, base_iri, prefixes):
        try:
            check_operation(operation)
        except SyntaxError as error:
            told = explain(operation.text, error, operation.prefixes, _parser(operation), "update")
            line, column = told.line or 1, told.column or 1
            above, left = position(text, operation.start)
            column += left - 1 if line == 1 else 0
            raise QuerySyntaxError(told.reason, line + above - 1, column) from error


def check_operation(operation: Operation) -> None:
    """Raise the engine's SyntaxError if an operation is none; nothing of it is carried out."""
    try:
        _run(_NEVER + operation.text, operation)
    except SyntaxError:
        # Again, for the place: this fails as well, for the text is all that can be wrong.
        _run(operation.text, operation)
    except (RuntimeError, OSError, ValueError):
        pass


def _parser(operation: Operation) -> Callable[[str], None]:
    return lambda beginning: _run(beginning + _END, operation)


def _run(text: str, operation: Operation) -> None:
    prefixes = dict(operation.prefixes)
    ox.Store().update(text, base_iri=operation.base_iri, prefixes=prefixes)
