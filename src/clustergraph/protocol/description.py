"""What the service says about itself and about the graph (Service Description 1.1; VoID)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pyoxigraph as ox
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from clustergraph import artefacts
from clustergraph.protocol import Context, Request, Response, drop_idle_prefixes
from clustergraph.protocol.negotiation import choose, offers
from clustergraph.protocol.parameters import decode, fields
from clustergraph.quadstore.evaluation import StoreEngine
from clustergraph.vocab import BASE, GRAPH, PREFIXES

LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
_PREFIXES: Final = {
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "format": "http://www.w3.org/ns/formats/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "type": "https://www.iana.org/assignments/media-types/",
    "language": "http://publications.europa.eu/resource/authority/language/",
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
    return _respond(request, context, "service")


def void(request: Request, context: Context) -> Response:
    """Describe the data (VoID, section 7.2: at ``/.well-known/void``)."""
    return _respond(request, context, "dataset")


def _respond(request: Request, context: Context, template: str) -> Response:
    names = [decode(value) for key, value in fields(request.query_string) if key == b"format"]
    form = choose(request.headers.get("accept"), tuple(names), "graph")
    assert isinstance(form.engine, ox.RdfFormat)  # noqa: S101 - only such are on offer
    triples = described(request.base, context, template)
    body = ox.serialize(triples, None, form.engine, prefixes=_PREFIXES) or b""
    if form.name == "turtle":
        body = drop_idle_prefixes(body)
    headers = [("Content-Type", form.content_type), ("Vary", "Accept")]
    return Response(200, headers, body, cacheable=True)


def described(base: str, context: Context, *templates: str, **more: object) -> Iterator[ox.Triple]:
    """Yield the statements of descriptions.

    Args:
        base: scheme, host and prefix of the service, which their relative IRIs start with.
        context: the generation that is described.
        templates: names of files in ``descriptions/``.
        more: further values for them.
    """
    counted = statistics(context)
    used = (*counted.properties, *counted.classes)
    namespaces = {iri[: max(iri.rfind("#"), iri.rfind("/")) + 1] for iri in used}
    # The graphs that the service knows by a short name; there is a dump of each.
    parts = [
        (name, name.removeprefix(GRAPH), dump_of(name)[1:], amount)
        for name, amount in sorted(counted.graphs.items())
        if name.startswith(GRAPH)
    ]
    values = {
        "version": artefacts.version(),
        "licence": LICENCE,
        "space": BASE,
        "config": context.config,
        "counted": counted,
        "modified": _modified(context),
        "results": [f"format:{name}" for name in _FORMAT_NAMES.values()],
        "graphs": [f"format:{_FORMAT_NAMES[form.name]}" for form in offers("graph")],
        "vocabularies": sorted(filter(None, namespaces)),
        "parts": parts,
        "links": [(*link.split(" "), amount) for link, amount in sorted(counted.links.items())],
        **more,
    }
    texts = [_templates().get_template(f"{name}.ttl.j2").render(values) for name in templates]
    return parsed("".join(texts), base)


def parsed(turtle: str, base: str = "") -> Iterator[ox.Triple]:
    """Yield the statements of a description, which uses prefixes undeclared."""
    declared = "".join(f"PREFIX {name}: <{iri}> " for name, iri in _PREFIXES.items())
    quads = ox.parse(declared + turtle, ox.RdfFormat.TURTLE, base_iri=f"{base}/" if base else None)
    return (quad.triple for quad in quads)


@cache
def _templates() -> Environment:
    found = Environment(  # noqa: S701 - what comes from data passes a filter that escapes it
        loader=FileSystemLoader(Path(__file__).parent / "descriptions"),
        undefined=StrictUndefined,
        auto_reload=False,
    )
    found.filters["iri"] = lambda value: str(ox.NamedNode(value))
    found.filters["text"] = lambda value: str(ox.Literal(value))
    found.filters["node"] = _name
    return found


def _modified(context: Context) -> str:
    """Return, in Turtle, when the graph changed last; empty: that is not known."""
    if context.committed_at is None:
        return ""
    moment = datetime.fromtimestamp(int(context.committed_at), UTC)
    return f'"{moment:%Y-%m-%dT%H:%M:%SZ}"^^xsd:dateTime'


def dump_of(graph: str) -> str:
    """Return the path of the dump of a graph, without its ending."""
    return f"/dump/{quote(graph.removeprefix(GRAPH), safe='/-._~')}"


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
