"""What the service says about itself and about the graph (Service Description 1.1; VoID)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.protocol import Context, Request, Response
from clustergraph.protocol.negotiation import choose, offers
from clustergraph.protocol.parameters import decode, fields
from clustergraph.protocol.sink import drop_idle_prefixes
from clustergraph.quadstore.engine import StoreEngine
from clustergraph.sparql.results import FORMATS
from clustergraph.vocab import BASE, GRAPH, PREFIXES

__all__ = [
    "LICENCE", "Statistics", "dataset", "dump_of", "modified", "parsed", "service", "statistics",
    "void",
]  # fmt: skip

LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
_PREFIXES: Final = {
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "format": "http://www.w3.org/ns/formats/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    **{name: PREFIXES[name] for name in ("void", "dcterms", "dcat", "foaf", "xsd")},
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


def service(request: Request, context: Context) -> Response:
    """Describe the service (Service Description, section 2: a GET without any query)."""
    return _respond(request, context, _service)


def void(request: Request, context: Context) -> Response:
    """Describe the data (VoID, section 7.2: at ``/.well-known/void``)."""
    return _respond(request, context, dataset)


def _respond(
    request: Request, context: Context, describe: Callable[[str, Context], str]
) -> Response:
    names = [decode(value) for key, value in fields(request.query_string) if key == b"format"]
    form = choose(request.headers.get("accept"), tuple(names), "graph")
    assert isinstance(form.engine, ox.RdfFormat)  # noqa: S101 - only such are on offer
    triples = parsed(describe(request.base, context))
    body = ox.serialize(triples, None, form.engine, prefixes=_PREFIXES) or b""
    if form.name == "turtle":
        body = drop_idle_prefixes(body)
    headers = [("Content-Type", form.content_type), ("Vary", "Accept")]
    return Response(200, headers, body, cacheable=True)


def parsed(turtle: str) -> Iterator[ox.Triple]:
    """Yield the statements of a description, which uses prefixes undeclared."""
    declared = "".join(f"PREFIX {name}: <{iri}> " for name, iri in _PREFIXES.items())
    return (quad.triple for quad in ox.parse(declared + turtle, ox.RdfFormat.TURTLE))


def _service(base: str, context: Context) -> str:
    config, counted = context.config, statistics(context)
    written = [form for kind in ("solutions", "graph") for form in offers(kind)]
    features = ["sd:EmptyGraphs"]
    if counted.union:
        features.append("sd:UnionDefaultGraph")
    if config.allow_service:
        features.append("sd:BasicFederatedQuery")
    size = counted.triples if counted.union else counted.graphs.get("", 0)
    text = f"""
<{base}/sparql> a sd:Service ; sd:endpoint <{base}/sparql> ;
    dcterms:title "clustergraph"@en ; dcterms:hasVersion "{artefacts.version()}" ;
    sd:supportedLanguage sd:SPARQL10Query , sd:SPARQL11Query ;
    sd:resultFormat {_formats(form.name for form in written)} ;
    sd:feature {" , ".join(features)} ;
    sd:defaultEntailmentRegime <http://www.w3.org/ns/entailment/Simple> ;
    sd:defaultDataset _:dataset .
_:dataset a sd:Dataset , void:Dataset ; foaf:page <{base}/.well-known/void> ;
    sd:defaultGraph _:default .
_:default a sd:Graph ; void:triples {size} .
"""
    if config.writable:
        read = (form.name for form in FORMATS.values() if form.holds_triples)
        text += f"""
<{base}/update> a sd:Service ; sd:endpoint <{base}/update> ;
    sd:supportedLanguage sd:SPARQL11Update ; sd:feature sd:EmptyGraphs ;
    sd:inputFormat {_formats(read)} ; sd:defaultDataset _:dataset .
"""
    for number, (name, amount) in enumerate(sorted(counted.graphs.items())):
        if name:
            text += f"""
_:dataset sd:namedGraph _:named{number} .
_:named{number} a sd:NamedGraph ; sd:name {_name(name)} ; sd:graph _:graph{number} .
_:graph{number} a sd:Graph ; void:triples {amount} .
"""
    return text


def dataset(base: str, context: Context) -> str:
    """Return the description of the dataset (VoID, sections 2 to 5), of its graphs and links."""
    counted = statistics(context)
    used = (*counted.properties, *counted.classes)
    vocabularies = {iri[: max(iri.rfind("#"), iri.rfind("/")) + 1] for iri in used} - {""}
    formats = ("turtle", "ntriples", "nquads", "jsonld", "rdfxml", "trig")
    data = f"<{base}/.well-known/void#dataset>"
    text = f"""
<{base}/.well-known/void> a void:DatasetDescription ; foaf:primaryTopic {data} .
{data} a void:Dataset ; dcterms:title "clustergraph"@en ;
    dcterms:description "A knowledge graph of cluster policy in Europe."@en ,
        "Znalostní graf evropské klastrové politiky."@cs ;
    dcterms:license <{LICENCE}> ; foaf:homepage <{base}/> ; void:sparqlEndpoint <{base}/sparql> ;
    void:dataDump <{base}/dump.nq.gz> , <{base}/dump.ttl.gz> , <{base}/store> ;
    void:rootResource <{base}/things> ; void:uriSpace "{BASE}" ;
    void:feature {_formats(formats)} ;
    void:triples {counted.triples} ;
    void:classes {len(counted.classes)} ; void:properties {len(counted.properties)} .
"""
    text += modified(data, context)
    for iri in sorted(vocabularies):
        text += f"{data} void:vocabulary {ox.NamedNode(iri)} .\n"
    for kind, measure, amounts in (
        ("class", "entities", counted.classes),
        ("property", "triples", counted.properties),
    ):
        ranked = sorted(amounts.items(), key=lambda item: (-item[1], item[0]))
        for number, (iri, amount) in enumerate(ranked):
            part = f"_:{kind}{number}"
            text += f"{data} void:{kind}Partition {part} . "
            text += f"{part} void:{kind} {ox.NamedNode(iri)} ; void:{measure} {amount} .\n"
    for name, amount in sorted(counted.graphs.items()):
        # A dataset for each graph that the service knows by a short name.
        if name.startswith(GRAPH):
            subset, file = ox.NamedNode(name), f"{base}{dump_of(name)}"
            text += f"""
{data} void:subset {subset} . {subset} a void:Dataset ; void:triples {amount} ;
    dcterms:title {ox.Literal(name.removeprefix(GRAPH))} ; dcterms:license <{LICENCE}> ;
    void:dataDump <{file}.ttl.gz> , <{file}.ttl> .
"""
    return text + _linksets(data, counted)


def _linksets(data: str, counted: Statistics) -> str:
    text = ""
    for number, (link, amount) in enumerate(sorted(counted.links.items())):
        predicate, target = link.split(" ")
        links, other = f"_:links{number}", f"_:target{_TARGETS.index(target)}"
        text += f"""
{data} void:subset {links} . {links} a void:Linkset ; void:linkPredicate <{predicate}> ;
    void:subjectsTarget {data} ; void:objectsTarget {other} ; void:triples {amount} .
{other} a void:Dataset ; void:uriSpace "{target}" .
"""
    return text


def modified(thing: str, context: Context) -> str:
    """Return, in Turtle, when the graph changed last, if that is known."""
    if context.committed_at is None:
        return ""
    moment = datetime.fromtimestamp(int(context.committed_at), UTC)
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f'{thing} dcterms:modified "{stamp}"^^xsd:dateTime .\n'


def dump_of(graph: str) -> str:
    """Return the path of the dump of a graph, without its ending."""
    return f"/dump/{quote(graph.removeprefix(GRAPH), safe='/-._~')}"


def _formats(names: Iterable[str]) -> str:
    return " , ".join(
        f"<http://www.w3.org/ns/formats/{_FORMAT_NAMES[name]}>"
        for name in names
        if name in _FORMAT_NAMES
    )


def _name(value: str) -> str:
    """Return the name of a graph in Turtle; a graph may be named by a blank node."""
    try:
        return str(ox.NamedNode(value))
    except ValueError:
        return str(ox.BlankNode(value))


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
"""Namespaces of others to which links are counted."""


@dataclass(slots=True)
class Statistics:
    """How much a generation holds.

    Attributes:
        union: whether a query's default graph is the union of all graphs.
        graphs: statements by the IRI of the graph; the default graph's under the empty text.
        properties: statements by the property's IRI, those of all graphs added up.
        classes: distinct instances by the class's IRI.
        links: statements that lead to things of others, by property and namespace with a space in
            between.
    """

    union: bool = False
    graphs: dict[str, int] = field(default_factory=dict)
    properties: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    links: dict[str, int] = field(default_factory=dict)

    @property
    def triples(self) -> int:
        """Return the statements of all graphs added up."""
        return sum(self.graphs.values())


def statistics(context: Context) -> Statistics:
    """Return the counts of the generation at hand, counted once."""
    return Statistics(**context.derived("statistics-3", lambda: asdict(_count(context))))


def _count(context: Context) -> Statistics:
    """Count the graph; scans it once, about a second for a million statements."""
    if isinstance(context.engine, StoreEngine):
        # The store itself keeps the default graph apart, whatever queries see there.
        names = {graph.value: 0 for graph in context.store.named_graphs()}
        found = Statistics(context.config.default_graph == "union", names)
        _add(found, context.store.query, apart=True)
    else:
        ask = context.engine.query
        one = "ASK { { SELECT * { GRAPH ?g { ?s ?p ?o } } LIMIT 1 } ?s ?p ?o }"
        found = Statistics(bool(ask(one)))
        _add(found, ask, apart=not found.union)
    return found


def _add(found: Statistics, ask: Callable[[str], Any], apart: bool) -> None:
    """Count by queries.

    Args:
        found: what the counts are added to.
        ask: evaluates a query.
        apart: whether the default graph holds none of the statements of named graphs.
    """

    def everywhere(pattern: str) -> str:
        named = f"GRAPH ?g {{ {pattern} }}"
        return f"{{ {named} }} UNION {{ {pattern} }}" if apart else named

    where = everywhere("?s ?p ?o")
    for graph, predicate, number in ask(
        f"SELECT ?g ?p (COUNT(*) AS ?n) WHERE {{ {where} }} GROUP BY ?g ?p"
    ):
        name = graph.value if graph is not None else ""
        amount = int(number.value)
        found.graphs[name] = found.graphs.get(name, 0) + amount
        found.properties[predicate.value] = found.properties.get(predicate.value, 0) + amount
    where = everywhere("?thing a ?class")
    for kind, number in ask(
        f"SELECT ?class (COUNT(DISTINCT ?thing) AS ?n) WHERE {{ {where} }} GROUP BY ?class"
    ):
        if isinstance(kind, ox.NamedNode):
            found.classes[kind.value] = int(number.value)
    linking = " ".join(
        f"<{PREFIXES[name.partition(':')[0]]}{name.partition(':')[2]}>" for name in _LINKING.split()
    )
    where = everywhere("?s ?p ?o")
    for predicate, thing, number in ask(
        f"""SELECT ?p ?o (COUNT(DISTINCT ?s) AS ?n) WHERE {{
            VALUES ?p {{ {linking} }} {where} FILTER(STRSTARTS(STR(?s), "{BASE}"))
        }} GROUP BY ?p ?o"""
    ):
        for target in _TARGETS:
            if isinstance(thing, ox.NamedNode) and thing.value.startswith(target):
                key = f"{predicate.value} {target}"
                found.links[key] = found.links.get(key, 0) + int(number.value)
