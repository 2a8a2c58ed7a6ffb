"""The reference engine: pySHACL over rdflib.

Exact and slow: its constraints look at one focus node at a time. An engine is a function from the
triples of the data and of the shapes to results; a faster one takes this one's place by having
the same signature.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

import pyoxigraph as ox
import pyshacl
import rdflib
from pyshacl.errors import ReportableRuntimeError, ValidationFailure
from rdflib.plugins.sparql.sparql import Query

from clustergraph.errors import ClusterGraphError, UnreadableInputError
from clustergraph.rdf.conversion import from_rdflib, quiet, to_rdflib
from clustergraph.shacl.compile.queries import declarations
from clustergraph.shacl.compile.reference import fill, parsed
from clustergraph.shacl.compile.syntax import index_of
from clustergraph.shacl.compile.text import QueryFaultError, expanded
from clustergraph.shacl.paths import PropertyPath, Term
from clustergraph.shacl.report import Finding
from clustergraph.sparql.regex import (
    RegexFaultError,
    translated,
    with_xpath_patterns,
)
from clustergraph.vocab import PREFIXES

_SH: Final = PREFIXES["sh"]
_QUERIES: Final = frozenset(_SH + name for name in ("select", "ask", "construct"))
_LEFT_OUT: Final = frozenset(_SH + name for name in ("declare", "prefixes", "flags"))
_DEPTH: Final = 30
"""How deep shapes may refer to other shapes."""


def validate_triples(data: Iterable[ox.Triple], shapes: Iterable[ox.Triple]) -> Iterator[Finding]:
    """Validate ``data`` against ``shapes``; nothing is inferred and nothing fetched.

    Raises:
        UnreadableInputError: the shapes are not well-formed.
    """
    rules = _graph(_with_expanded_queries(tuple(shapes)))
    with quiet():
        try:
            _, results, _ = pyshacl.validate(
                _graph(data),
                shacl_graph=rules,
                inference="none",
                advanced=True,
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
    for result in results.objects(None, rdflib.URIRef(_SH + "result")):
        if (found := _result(results, result)) is not None:
            yield found


def _result(graph: rdflib.Graph, node: rdflib.term.Node) -> Finding | None:
    def objects(subject: Term, predicate: str) -> list[Term]:
        found = graph.objects(to_rdflib(subject), rdflib.URIRef(predicate))
        return [from_rdflib(term) for term in found]

    def one(name: str) -> Term | None:
        found = graph.value(node, rdflib.URIRef(_SH + name))
        return None if found is None else from_rdflib(found)

    shape, focus, path = one("sourceShape"), one("focusNode"), one("resultPath")
    if shape is None or isinstance(shape, ox.Literal) or focus is None:
        return None
    severity, component = one("resultSeverity"), one("sourceConstraintComponent")
    messages = map(from_rdflib, graph.objects(node, rdflib.URIRef(_SH + "resultMessage")))
    nested = (_result(graph, inner) for inner in graph.objects(node, rdflib.URIRef(_SH + "detail")))
    return Finding.by(
        severity.value if severity else "",
        shape,
        focus,
        None if path is None or isinstance(path, ox.Literal) else PropertyPath.read(path, objects),
        one("value"),
        tuple(message for message in messages if isinstance(message, ox.Literal)),
        component.value if component else "",
        detail=tuple(inner for inner in nested if inner is not None),
        constraint=one("sourceConstraint"),
    )


class _Graph(rdflib.Graph):
    """A graph that parses each query once.

    pySHACL hands over the text of a SPARQL constraint anew for each focus node, and rdflib needs
    longer to parse it than to answer it.
    """

    def query(self, query_object: str | Query, *args: Any, **options: Any) -> rdflib.query.Result:
        if isinstance(query_object, str):
            query_object = parsed(query_object)
        return super().query(query_object, *args, **options)


def _with_expanded_queries(triples: tuple[ox.Triple, ...]) -> Iterator[ox.Triple]:
    """Yield the shapes with the IRIs of their queries in full, and without declared prefixes.

    pySHACL writes a namespace into the text of a query as it stands.
    """
    index = index_of(triples)

    def objects(subject: object, predicate: str) -> list[Term]:
        return index.get(subject, {}).get(predicate, [])

    ontology = ox.NamedNode(PREFIXES["owl"] + "Ontology")
    ontologies = [
        cast("ox.NamedNode | ox.BlankNode", node)
        for node in index
        if ontology in objects(node, PREFIXES["rdf"] + "type")
    ]
    for triple in triples:
        name = triple.predicate.value
        if name in _LEFT_OUT:
            continue
        text = triple.object
        if name == _SH + "pattern" and isinstance(text, ox.Literal):
            flags = objects(triple.subject, _SH + "flags")
            yield ox.Triple(triple.subject, triple.predicate, _python_pattern(text, flags))
            continue
        if name not in _QUERIES or not isinstance(text, ox.Literal):
            yield triple
            continue
        try:
            declared = objects(triple.subject, _SH + "prefixes")
            prefixes = declarations(declared, objects, ontologies)
            words = expanded(text.value, name.removeprefix(_SH), prefixes)
            words = with_xpath_patterns(words, always=True)
        except (QueryFaultError, RegexFaultError) as fault:
            raise UnreadableInputError("the shapes", f"a query {fault} in {text.value}") from fault
        yield ox.Triple(triple.subject, triple.predicate, ox.Literal("".join(words)))


def _python_pattern(pattern: ox.Literal, flags: list[Term]) -> ox.Literal:
    """Return a pattern of XPath as pySHACL takes it: in Python's dialect, with its flags."""
    try:
        compiled = translated(pattern.value, flags[0].value if flags else "")
    except RegexFaultError as error:
        raise UnreadableInputError("the shapes", f"sh:pattern: {error}") from error
    kept = (("i", re.IGNORECASE), ("m", re.MULTILINE), ("s", re.DOTALL))
    letters = "".join(letter for letter, option in kept if compiled.flags & option)
    return ox.Literal(f"(?{letters}:{compiled.pattern})" if letters else compiled.pattern)


def _graph(triples: Iterable[ox.Triple]) -> rdflib.Graph:
    graph = _Graph(bind_namespaces="none")
    fill(graph, triples)
    return graph
