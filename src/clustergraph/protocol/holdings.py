"""What the graph holds: counted once a generation, and told in VoID."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeAlias
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph.protocol.derived import derived
from clustergraph.protocol.messages import Context
from clustergraph.vocab import BASE, GRAPH, PREFIXES

__all__ = ["Statistics", "count", "dataset", "statistics"]

_VOID: Final = PREFIXES["void"]
_DCTERMS: Final = PREFIXES["dcterms"]
_FOAF: Final = PREFIXES["foaf"]
_XSD: Final = PREFIXES["xsd"]
_TYPE: Final = ox.NamedNode(PREFIXES["rdf"] + "type")
_LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
_FORMATS: Final = ("Turtle", "N-Triples", "N-Quads", "JSON-LD", "RDF_XML", "TriG")
# Properties that lead from our things to the same or nearby things of others.
_LINKING: Final = (
    "skos:exactMatch skos:closeMatch skos:broadMatch skos:narrowMatch skos:relatedMatch "
    "owl:sameAs rdfs:seeAlso cg:region cg:naceActivity cg:naceComposition"
)
_TARGETS: Final = (
    "http://data.europa.eu/nuts/",
    "http://data.europa.eu/ux2/nace2/",
    "http://data.europa.eu/ux2/nace2.1/",
    "http://publications.europa.eu/resource/authority/country/",
    "http://publications.europa.eu/resource/celex/",
    "https://sws.geonames.org/",
    "http://www.wikidata.org/entity/",
)

_Node: TypeAlias = ox.NamedNode | ox.BlankNode
_Statements: TypeAlias = Iterator[tuple[_Node, ox.NamedNode, _Node | ox.Literal]]


@dataclass(frozen=True, slots=True)
class Statistics:
    """How much a generation holds.

    Attributes:
        graphs: statements by the IRI of the graph; the default graph's under the empty text.
        properties: statements by the property's IRI, those of all graphs added up.
        classes: distinct instances by the class's IRI.
        links: statements that lead to things of others, by property and namespace with a space in
            between.
    """

    graphs: dict[str, int] = field(default_factory=dict)
    properties: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    links: dict[str, int] = field(default_factory=dict)

    @property
    def triples(self) -> int:
        """Return the statements of all graphs added up."""
        return sum(self.graphs.values())


def count(store: ox.Store) -> Statistics:
    """Count what a store holds; scans it once, about a second for a million statements."""
    found = Statistics()
    found.graphs.update({graph.value: 0 for graph in store.named_graphs()})
    for text in (
        "SELECT ?g ?p (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ?p",
        "SELECT ?g ?p (COUNT(*) AS ?n) WHERE { ?s ?p ?o } GROUP BY ?g ?p",
    ):
        for graph, predicate, number in store.query(text):  # type: ignore[union-attr]
            name = graph.value if graph is not None else ""
            amount = int(number.value)
            found.graphs[name] = found.graphs.get(name, 0) + amount
            found.properties[predicate.value] = found.properties.get(predicate.value, 0) + amount
    classes = store.query(
        "SELECT ?class (COUNT(DISTINCT ?thing) AS ?n) WHERE { ?thing a ?class } GROUP BY ?class",
        use_default_graph_as_union=True,
    )
    for kind, number in classes:  # type: ignore[union-attr]
        if isinstance(kind, ox.NamedNode):
            found.classes[kind.value] = int(number.value)
    found.links.update(_links(store))
    return found


def _links(store: ox.Store) -> dict[str, int]:
    text = f"""SELECT ?p ?o (COUNT(DISTINCT ?s) AS ?n)
        {{ VALUES ?p {{ {_LINKING} }} ?s ?p ?o FILTER(STRSTARTS(STR(?s), "{BASE}")) }}
        GROUP BY ?p ?o"""
    found: dict[str, int] = {}
    rows = store.query(text, use_default_graph_as_union=True, prefixes=dict(PREFIXES))
    for predicate, thing, number in rows:  # type: ignore[union-attr]
        for target in _TARGETS:
            if isinstance(thing, ox.NamedNode) and thing.value.startswith(target):
                key = f"{predicate.value} {target}"
                found[key] = found.get(key, 0) + int(number.value)
    return found


def statistics(context: Context) -> Statistics:
    """Return the counts of the generation at hand, counted once."""
    known = context.memory.get("statistics")
    if isinstance(known, Statistics):
        return known
    return Statistics(**derived(context, "statistics-2", lambda: asdict(count(context.store))))


def dataset(base: str, context: Context) -> _Statements:
    """Yield the description of the dataset (VoID, sections 2 to 5), of its graphs and links."""
    counted = statistics(context)
    page = ox.NamedNode(f"{base}/.well-known/void")
    data = ox.NamedNode(f"{base}/.well-known/void#dataset")
    licence = ox.NamedNode(_LICENCE)
    yield page, _TYPE, _void("DatasetDescription")
    yield page, ox.NamedNode(_FOAF + "primaryTopic"), data
    yield data, _TYPE, _void("Dataset")
    yield data, _dcterms("title"), ox.Literal("clustergraph", language="en")
    for language, text in (
        ("en", "A knowledge graph of cluster policy in Europe."),
        ("cs", "Znalostní graf evropské klastrové politiky."),
    ):
        yield data, _dcterms("description"), ox.Literal(text, language=language)
    yield data, _dcterms("license"), licence
    yield data, ox.NamedNode(_FOAF + "homepage"), ox.NamedNode(f"{base}/")
    yield data, _void("sparqlEndpoint"), ox.NamedNode(f"{base}/sparql")
    for name in ("dump.nq.gz", "dump.ttl.gz", "store"):
        yield data, _void("dataDump"), ox.NamedNode(f"{base}/{name}")
    yield data, _void("rootResource"), ox.NamedNode(f"{base}/things")
    yield data, _void("uriSpace"), ox.Literal(BASE)
    for name in _FORMATS:
        yield data, _void("feature"), ox.NamedNode(f"http://www.w3.org/ns/formats/{name}")
    for namespace in sorted(_vocabularies(counted)):
        yield data, _void("vocabulary"), ox.NamedNode(namespace)
    if context.committed_at is not None:
        moment = datetime.fromtimestamp(int(context.committed_at), UTC)
        stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        moment_type = ox.NamedNode(_XSD + "dateTime")
        yield data, _dcterms("modified"), ox.Literal(stamp, datatype=moment_type)
    yield data, _void("triples"), _integer(counted.triples)
    yield data, _void("classes"), _integer(len(counted.classes))
    yield data, _void("properties"), _integer(len(counted.properties))
    parts = (
        ("class", "classPartition", "entities", counted.classes),
        ("property", "propertyPartition", "triples", counted.properties),
    )
    for kind, partition, measure, amounts in parts:
        ranked = sorted(amounts.items(), key=lambda item: (-item[1], item[0]))
        for number, (iri, amount) in enumerate(ranked):
            part = ox.BlankNode(f"{kind}{number}")
            yield data, _void(partition), part
            yield part, _void(kind), ox.NamedNode(iri)
            yield part, _void(measure), _integer(amount)
    yield from _subsets(base, data, counted)
    yield from _linksets(data, counted)


def _subsets(base: str, data: ox.NamedNode, counted: Statistics) -> _Statements:
    """Yield a dataset for each graph that the service knows by a short name."""
    for name, amount in sorted(counted.graphs.items()):
        if not name.startswith(GRAPH):
            continue
        part, short = ox.NamedNode(name), name.removeprefix(GRAPH)
        yield data, _void("subset"), part
        yield part, _TYPE, _void("Dataset")
        yield part, _dcterms("title"), ox.Literal(short)
        yield part, _dcterms("license"), ox.NamedNode(_LICENCE)
        yield part, _void("triples"), _integer(amount)
        for ending in ("ttl.gz", "ttl"):
            address = f"{base}/dump/{quote(short, safe='/-._~')}.{ending}"
            yield part, _void("dataDump"), ox.NamedNode(address)


def _linksets(data: ox.NamedNode, counted: Statistics) -> _Statements:
    for number, (link, amount) in enumerate(sorted(counted.links.items())):
        predicate, target = link.split(" ")
        links = ox.BlankNode(f"links{number}")
        yield data, _void("subset"), links
        yield links, _TYPE, _void("Linkset")
        yield links, _void("subjectsTarget"), data
        yield links, _void("linkPredicate"), ox.NamedNode(predicate)
        other = ox.BlankNode(f"target{_TARGETS.index(target)}")
        yield links, _void("objectsTarget"), other
        yield other, _TYPE, _void("Dataset")
        yield other, _void("uriSpace"), ox.Literal(target)
        yield links, _void("triples"), _integer(amount)


def _vocabularies(counted: Statistics) -> set[str]:
    """Return the namespaces of the properties and classes that are used."""
    used = (*counted.properties, *counted.classes)
    found = {iri[: max(iri.rfind("#"), iri.rfind("/")) + 1] for iri in used}
    return found - {""}


def _void(name: str) -> ox.NamedNode:
    return ox.NamedNode(_VOID + name)


def _dcterms(name: str) -> ox.NamedNode:
    return ox.NamedNode(_DCTERMS + name)


def _integer(number: int) -> ox.Literal:
    return ox.Literal(str(number), datatype=ox.NamedNode(_XSD + "integer"))
