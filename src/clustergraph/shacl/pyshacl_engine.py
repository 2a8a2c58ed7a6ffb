"""The reference engine: pySHACL over rdflib.

Exact and slow: its constraints look at one focus node at a time. An engine is a function from the
triples of the data and of the shapes to results; a faster one takes this one's place by having
the same signature.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, cast

import pyoxigraph as ox
import pyshacl
import rdflib
from pyparsing import ParseBaseException
from pyshacl.errors import ReportableRuntimeError, ValidationFailure
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query

from clustergraph.errors import ClusterGraphError, QueryRefusedError, UnreadableInputError
from clustergraph.shacl.compile.expansion import QueryFaultError, expanded
from clustergraph.shacl.compile.queries import declarations
from clustergraph.shacl.paths import PropertyPath, Term
from clustergraph.shacl.results import Result
from clustergraph.sparql.policy import QueryPolicy
from clustergraph.vocab import PREFIXES

__all__ = ["Result", "forget", "validate_triples"]

_SH: Final = PREFIXES["sh"]
_QUERIES: Final = frozenset(_SH + name for name in ("select", "ask", "construct"))
_DEPTH: Final = 30
"""How deep shapes may refer to other shapes."""


def validate_triples(data: Iterable[ox.Triple], shapes: Iterable[ox.Triple]) -> Iterator[Result]:
    """Validate ``data`` against ``shapes``; nothing is inferred and nothing fetched.

    Raises:
        UnreadableInputError: the shapes are not well-formed.
    """
    rules = _shapes_graph(tuple(shapes))
    with _quiet():
        try:
            _, results, _ = pyshacl.validate(
                _graph(data),
                shacl_graph=rules,
                inference="none",
                advanced=False,
                js=False,
                meta_shacl=False,
                do_owl_imports=False,
                inplace=True,
                max_validation_depth=_DEPTH,
            )
        except ClusterGraphError:
            raise
        except (ReportableRuntimeError, ValidationFailure) as error:
            raise UnreadableInputError("the shapes", str(error)) from error
        except Exception as error:
            # Whatever a shape makes pySHACL or rdflib raise is a fault of the shape.
            kind = type(error).__name__
            raise UnreadableInputError(
                "the shapes", f"pySHACL cannot evaluate them ({kind}: {error})"
            ) from error
    if not isinstance(results, rdflib.Graph):
        raise UnreadableInputError("the shapes", f"could not be evaluated ({results})")
    yield from _results(results)


def _results(graph: rdflib.Graph) -> Iterator[Result]:
    """Yield the results that belong to the report, each with those that it holds as details."""
    for result in graph.objects(None, _node(_SH + "result")):
        if (found := _result(graph, result)) is not None:
            yield found


def _result(graph: rdflib.Graph, node: rdflib.term.Node) -> Result | None:
    def objects(subject: Term, predicate: str) -> list[Term]:
        found = graph.objects(_to_rdflib(subject), rdflib.URIRef(predicate))
        return [_from_rdflib(term) for term in found]

    def one(name: str) -> Term | None:
        found = graph.value(node, _node(_SH + name))
        return None if found is None else _from_rdflib(found)

    shape, focus, path = one("sourceShape"), one("focusNode"), one("resultPath")
    if shape is None or isinstance(shape, ox.Literal) or focus is None:
        return None
    severity, component = one("resultSeverity"), one("sourceConstraintComponent")
    messages = map(_from_rdflib, graph.objects(node, _node(_SH + "resultMessage")))
    nested = (_result(graph, inner) for inner in graph.objects(node, _node(_SH + "detail")))
    return Result(
        severity.value if severity else "",
        shape,
        focus,
        None if path is None or isinstance(path, ox.Literal) else _path(path, objects),
        one("value"),
        tuple(message for message in messages if isinstance(message, ox.Literal)),
        component.value if component else "",
        tuple(inner for inner in nested if inner is not None),
        one("sourceConstraint"),
        "pyshacl",
    )


_path = PropertyPath.read


class _Graph(rdflib.Graph):
    """A graph that parses each query once.

    pySHACL hands over the text of a SPARQL constraint anew for each focus node, and rdflib needs
    longer to parse it than to answer it.
    """

    def query(self, query_object: str | Query, *args: Any, **options: Any) -> rdflib.query.Result:
        if isinstance(query_object, str):
            query_object = _prepared(query_object)
        return super().query(query_object, *args, **options)


@lru_cache(maxsize=1024)
def _prepared(text: str) -> Query:
    """Parse the text that rdflib would evaluate, unless it calls another endpoint."""
    try:
        QueryPolicy().check_calls(text)
        return prepareQuery(text)
    except (ParseBaseException, QueryRefusedError) as error:
        raise UnreadableInputError(
            "the shapes", f"a query is not SPARQL: {error} in {text}"
        ) from error


def forget() -> None:
    """Forget the shapes and queries that were read, as benchmarks need it."""
    _shapes_graph.cache_clear()
    _prepared.cache_clear()


@lru_cache(maxsize=2)
def _shapes_graph(triples: tuple[ox.Triple, ...]) -> rdflib.Graph:
    return _graph(_with_expanded_queries(triples))


def _with_expanded_queries(triples: tuple[ox.Triple, ...]) -> Iterator[ox.Triple]:
    """Yield the shapes with the IRIs of their queries in full, and without declared prefixes.

    pySHACL writes a namespace into the text of a query as it stands.
    """
    index: dict[tuple[object, str], list[Term]] = {}
    for triple in triples:
        if not isinstance(triple.object, ox.Triple):
            index.setdefault((triple.subject, triple.predicate.value), []).append(triple.object)

    def objects(subject: Term, predicate: str) -> list[Term]:
        return index.get((subject, predicate), [])

    ontology = ox.NamedNode(PREFIXES["owl"] + "Ontology")
    ontologies = [
        triple.subject
        for triple in triples
        if triple.object == ontology and not isinstance(triple.subject, ox.Triple)
    ]
    for triple in triples:
        name = triple.predicate.value
        if name in (_SH + "declare", _SH + "prefixes"):
            continue
        text = triple.object
        if name not in _QUERIES or not isinstance(text, ox.Literal):
            yield triple
            continue
        try:
            declared = objects(cast(Term, triple.subject), _SH + "prefixes")
            prefixes = declarations(declared, objects, ontologies)
            words = expanded(text.value, name.removeprefix(_SH), prefixes)
        except QueryFaultError as fault:
            raise UnreadableInputError("the shapes", f"a query {fault} in {text.value}") from fault
        yield ox.Triple(triple.subject, triple.predicate, ox.Literal("".join(words)))


def _graph(triples: Iterable[ox.Triple]) -> rdflib.Graph:
    """Copy triples into rdflib, each term once, literals in the form in which they stand."""
    graph = _Graph(bind_namespaces="none")
    terms: dict[Term, rdflib.term.Node] = {}

    def term(original: Term) -> rdflib.term.Node:
        copied = terms.get(original)
        if copied is None:
            copied = terms[original] = _to_rdflib(original)
        return copied

    for triple in triples:
        if isinstance(triple.subject, ox.Triple) or isinstance(triple.object, ox.Triple):
            continue
        graph.add((term(triple.subject), term(triple.predicate), term(triple.object)))
    return graph


def _to_rdflib(term: Term) -> rdflib.term.Node:
    if isinstance(term, ox.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return rdflib.BNode(term.value)
    if term.language:
        return rdflib.Literal(term.value, lang=term.language)
    datatype = term.datatype.value
    if datatype == PREFIXES["xsd"] + "string":
        return rdflib.Literal(term.value)
    return rdflib.Literal(term.value, datatype=rdflib.URIRef(datatype), normalize=False)


def _from_rdflib(term: rdflib.term.Node) -> Term:
    if isinstance(term, rdflib.Literal):
        if term.language:
            return ox.Literal(str(term), language=term.language)
        return ox.Literal(
            str(term), datatype=ox.NamedNode(str(term.datatype)) if term.datatype else None
        )
    if isinstance(term, rdflib.BNode):
        return ox.BlankNode(str(term))
    return ox.NamedNode(str(term))


def _node(iri: str) -> rdflib.URIRef:
    return rdflib.URIRef(iri)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries from logging: an ill-formed literal is a finding, not a log line."""
    loggers = [logging.getLogger(name) for name in ("rdflib.term", "pyshacl", "pyshacl-validate")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
