"""Queries of shapes, evaluated over terms as they are written.

The store keeps values: ``05`` becomes ``5``, ``en-US`` becomes ``en-us``, and a number of more than
64 bits is no number to it. Where that could change a result, rdflib evaluates the query instead; it
is some hundred times slower, and sees only the few nodes that such a literal can concern.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

import pyoxigraph as ox
import rdflib
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.operators import register_custom_function
from rdflib.plugins.sparql.sparql import Query as Prepared
from rdflib.plugins.sparql.sparql import SPARQLError

from clustergraph.errors import UnreadableInputError
from clustergraph.rdf.conversion import from_rdflib, quiet, to_rdflib
from clustergraph.shacl.compile.queries import Query, once
from clustergraph.shacl.paths import Term
from clustergraph.sparql.policy import QueryPolicy
from clustergraph.sparql.regex import Evaluated, functions


class Reference:
    """A data graph as rdflib holds it.

    Args:
        triples: the data, as written.
        shapes: the shapes graph, where queries may ask it; with its name.
    """

    def __init__(
        self,
        triples: Iterable[ox.Triple],
        shapes: tuple[ox.NamedNode, Iterable[ox.Triple]] | None = None,
    ) -> None:
        self._dataset = rdflib.Dataset()
        fill(self._dataset.default_graph, triples)
        if shapes is not None:
            fill(self._dataset.graph(rdflib.URIRef(shapes[0].value)), shapes[1])

    def solutions(self, query: Query, values: Mapping[str, Term]) -> Iterator[Mapping[str, Term]]:
        """Yield the solutions of a query, each once, with variables bound beforehand.

        An ASK query that holds has one solution, the empty one.

        Raises:
            UnreadableInputError: rdflib cannot evaluate the query.
        """
        bound = {name: to_rdflib(values[name]) for name in query.bound if name in values}
        with quiet():
            try:
                found = self._dataset.query(parsed(query.reference), initBindings=bound)
                rows = [dict(row) for row in found.bindings] if found.type == "SELECT" else []
                holds = bool(found.askAnswer) if found.type == "ASK" else False
            except Exception as error:
                # Whatever a query makes rdflib raise is a fault of the shape.
                raise UnreadableInputError(
                    "the shapes", f"a query cannot be evaluated ({error}): {query.expanded}"
                ) from error
        if holds:
            yield dict(values)
        yield from once(
            {str(name): from_rdflib(term) for name, term in row.items()} for row in rows
        )


def fill(graph: rdflib.Graph, triples: Iterable[ox.Triple]) -> None:
    """Copy triples into a graph of rdflib, literals in the form in which they stand."""
    for triple in triples:
        if not isinstance(triple.subject, ox.Triple) and not isinstance(triple.object, ox.Triple):
            graph.add(tuple(map(to_rdflib, triple)))  # type: ignore[arg-type]


@lru_cache(maxsize=1024)
def parsed(text: str) -> Prepared:
    """Return a query as rdflib parses it, literals as they are written.

    Raises:
        QueryRefusedError: it calls another endpoint.
    """
    QueryPolicy().check_calls(text)
    before = rdflib.NORMALIZE_LITERALS
    rdflib.NORMALIZE_LITERALS = False
    try:
        return prepareQuery(text)
    finally:
        rdflib.NORMALIZE_LITERALS = before


def _register() -> None:
    """Let rdflib's queries call our functions for regular expressions."""
    for name, function in functions.items():
        register_custom_function(rdflib.URIRef(name.value), _callable(function), override=True)


def _callable(function: Callable[..., Evaluated]) -> Callable[..., rdflib.term.Node]:
    def call(*terms: rdflib.term.Node) -> rdflib.term.Node:
        made = function(*map(from_rdflib, terms))
        if made is None or isinstance(made, ox.Triple):
            raise SPARQLError("the arguments are not those of a regular expression")
        return to_rdflib(made)

    return call


_register()
