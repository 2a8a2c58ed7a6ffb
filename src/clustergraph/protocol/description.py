"""What the service says about itself and about the graph (Service Description 1.1; VoID)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.protocol.holdings import Statistics, dataset, statistics
from clustergraph.protocol.messages import Context, Request, Response
from clustergraph.protocol.negotiation import choose, offers
from clustergraph.protocol.parameters import decode, fields
from clustergraph.protocol.preconditions import tag, unchanged
from clustergraph.protocol.sink import drop_idle_prefixes
from clustergraph.sparql.results import FORMATS

__all__ = ["Statistics", "service", "void"]

_SD: Final = "http://www.w3.org/ns/sparql-service-description#"
_VOID: Final = "http://rdfs.org/ns/void#"
_DCTERMS: Final = "http://purl.org/dc/terms/"
_FOAF: Final = "http://xmlns.com/foaf/0.1/"
_FORMATS: Final = "http://www.w3.org/ns/formats/"
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_PREFIXES: Final = {
    "sd": _SD,
    "void": _VOID,
    "dcterms": _DCTERMS,
    "foaf": _FOAF,
    "format": _FORMATS,
    "xsd": _XSD,
}
# W3C, Unique URIs for File Formats.
_FORMAT_NAMES: Final = {
    "json": "SPARQL_Results_JSON",
    "xml": "SPARQL_Results_XML",
    "csv": "SPARQL_Results_CSV",
    "tsv": "SPARQL_Results_TSV",
    "turtle": "Turtle",
    "ntriples": "N-Triples",
    "jsonld": "JSON-LD",
    "rdfxml": "RDF_XML",
    "trig": "TriG",
    "nquads": "N-Quads",
}
_TYPE: Final = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")

_Node = ox.NamedNode | ox.BlankNode
_Term = ox.NamedNode | ox.BlankNode | ox.Literal


def service(request: Request, context: Context) -> Response:
    """Describe the service (Service Description, section 2: a GET without any query)."""
    return _respond(request, context, "service")


def void(request: Request, context: Context) -> Response:
    """Describe the data (VoID, section 7.2: at ``/.well-known/void``)."""
    return _respond(request, context, "void")


def _respond(request: Request, context: Context, what: str) -> Response:
    names = [decode(value) for key, value in fields(request.query_string) if key == b"format"]
    form = choose(request.headers.get("accept"), tuple(names), "graph")
    place = hashlib.sha256(request.base.encode()).hexdigest()[:8]
    current = tag(context, f"{what}-{form.name}-{place}")
    if (response := unchanged(request, context, current)) is not None:
        return response
    key = f"{what} {form.name} {request.base}"
    body = context.memory.get(key)
    if not isinstance(body, bytes):
        describe = _service if what == "service" else dataset
        triples = [ox.Triple(*triple) for triple in describe(request.base, context)]
        assert isinstance(form.engine, ox.RdfFormat)  # noqa: S101 - only such are on offer
        body = ox.serialize(triples, None, form.engine, prefixes=_PREFIXES) or b""
        if form.name == "turtle":
            body = drop_idle_prefixes(body)
        # Few addresses lead here; whoever invents some shall not fill memory.
        if len(context.memory) < 32:
            context.memory[key] = body
    headers = [("Content-Type", form.content_type), ("Vary", "Accept"), ("ETag", current)]
    return Response(200, headers, body, cacheable=True)


_Statements = Iterator[tuple[_Node, ox.NamedNode, _Term]]


def _service(base: str, context: Context) -> _Statements:
    config = context.config
    counted = statistics(context)
    here = ox.NamedNode(f"{base}/sparql")
    yield here, _TYPE, _sd("Service")
    yield here, _sd("endpoint"), here
    yield here, _named(_DCTERMS, "title"), ox.Literal("clustergraph", language="en")
    yield here, _named(_DCTERMS, "hasVersion"), ox.Literal(artefacts.version())
    yield here, _sd("supportedLanguage"), _sd("SPARQL10Query")
    yield here, _sd("supportedLanguage"), _sd("SPARQL11Query")
    for name in (form.name for kind in ("solutions", "graph") for form in offers(kind)):
        if name in _FORMAT_NAMES:
            yield here, _sd("resultFormat"), _named(_FORMATS, _FORMAT_NAMES[name])
    if config.default_graph == "union":
        yield here, _sd("feature"), _sd("UnionDefaultGraph")
    yield here, _sd("feature"), _sd("EmptyGraphs")
    if config.allow_service:
        yield here, _sd("feature"), _sd("BasicFederatedQuery")
    regime = ox.NamedNode("http://www.w3.org/ns/entailment/Simple")
    yield here, _sd("defaultEntailmentRegime"), regime
    if config.writable:
        there = ox.NamedNode(f"{base}/update")
        yield there, _TYPE, _sd("Service")
        yield there, _sd("endpoint"), there
        yield there, _sd("supportedLanguage"), _sd("SPARQL11Update")
        yield there, _sd("feature"), _sd("EmptyGraphs")
        for form in FORMATS.values():
            if form.holds_triples:
                yield there, _sd("inputFormat"), _named(_FORMATS, _FORMAT_NAMES[form.name])
    dataset = ox.BlankNode("dataset")
    yield here, _sd("defaultDataset"), dataset
    if config.writable:
        yield there, _sd("defaultDataset"), dataset
    yield dataset, _TYPE, _sd("Dataset")
    yield dataset, _TYPE, _named(_VOID, "Dataset")
    yield dataset, _named(_FOAF, "page"), ox.NamedNode(f"{base}/.well-known/void")
    own = counted.graphs.get("", 0)
    default = ox.BlankNode("default")
    yield dataset, _sd("defaultGraph"), default
    yield default, _TYPE, _sd("Graph")
    yield (
        default,
        _named(_VOID, "triples"),
        _integer(counted.triples if config.default_graph == "union" else own),
    )
    for number, (name, amount) in enumerate(sorted(counted.graphs.items())):
        if not name:
            continue
        entry, graph = ox.BlankNode(f"named{number}"), ox.BlankNode(f"graph{number}")
        yield dataset, _sd("namedGraph"), entry
        yield entry, _TYPE, _sd("NamedGraph")
        yield entry, _sd("name"), _name(name)
        yield entry, _sd("graph"), graph
        yield graph, _TYPE, _sd("Graph")
        yield graph, _named(_VOID, "triples"), _integer(amount)


def _sd(name: str) -> ox.NamedNode:
    return ox.NamedNode(_SD + name)


def _named(namespace: str, name: str) -> ox.NamedNode:
    return ox.NamedNode(namespace + name)


def _name(value: str) -> _Node:
    try:
        return ox.NamedNode(value)
    except ValueError:
        return ox.BlankNode(value)  # a graph may be named by one


def _integer(number: int) -> ox.Literal:
    return ox.Literal(str(number), datatype=_named(_XSD, "integer"))
