"""What there is to have: the catalogue (DCAT 3), and the dataset with its parts (VoID).

``/catalog`` is the catalogue, for people too; ``/.well-known/void`` describes the dataset alone;
``/dump.nq.gz`` and ``/dump/nuts.ttl`` are downloads.
"""

from __future__ import annotations

import gzip
import io
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError
from clustergraph.linked import forms, links
from clustergraph.linked.forms import DOCUMENTS, HTML, RDF
from clustergraph.linked.listing import listing, path_of
from clustergraph.pages.addresses import encode
from clustergraph.pages.frame import Visit, page
from clustergraph.protocol import Context, Response, Sink
from clustergraph.protocol.description import (
    LICENCE,
    dataset,
    dump_of,
    modified,
    parsed,
    statistics,
)
from clustergraph.protocol.sink import CHUNK_BYTES
from clustergraph.quadstore import Engine
from clustergraph.quadstore.remote import RemoteEngine
from clustergraph.rdf.files import SUFFIXES
from clustergraph.sparql.results import Format
from clustergraph.vocab import BASE, GRAPH, INFERRED, PREFIXES

__all__ = ["dump", "show"]

_MEDIA_TYPES: Final = "https://www.iana.org/assignments/media-types/"
_LANGUAGES: Final = "http://publications.europa.eu/resource/authority/language/"


def show(visit: Visit) -> Response:
    """Return the catalogue."""
    _, chosen, _ = forms.wanted(visit, DOCUMENTS)
    head = [*links.header(_links(visit, chosen)), *links.modified(visit)]
    if chosen is HTML:
        return _page(visit, head)
    text = dataset(visit.base, visit.context) + _catalog(visit.base, visit.context)
    return forms.respond(list(parsed(text)), chosen, head)


def _links(visit: Visit, chosen: Format) -> list[str]:
    address = f"{visit.base}/catalog"
    listed = [links.link(LICENCE, "license"), links.link(PREFIXES["dcat"] + "Catalog", "type")]
    listed += links.alternates(address, chosen, DOCUMENTS)
    listed += [links.link(address + form.suffix, "describedby", form.media_type) for form in RDF]
    listed.append(links.link(f"{visit.base}/.well-known/void", "describedby", "text/turtle"))
    listed += [
        links.link(f"{visit.base}/dump{ending}", "item", "application/gzip")
        for ending in (".nq.gz", ".ttl.gz")
    ]
    listed.append(links.link(f"{visit.base}/things", "item", "text/html"))
    return listed


def _catalog(base: str, context: Context) -> str:
    """Return the catalogue in Turtle, as DCAT-AP 3.0 asks for it."""
    catalog, data = f"<{base}/catalog>", f"<{base}/.well-known/void#dataset>"
    service = f"<{base}/sparql>"
    common = f"dcterms:publisher _:publisher ; dcterms:license <{LICENCE}>"
    english, czech = (f"<{_LANGUAGES}{code}>" for code in ("ENG", "CES"))
    publisher = ox.Literal(context.config.operator.publisher)
    model, protocol = f"<{BASE}ontology>", "<https://www.w3.org/TR/sparql11-protocol/>"
    text = f"""
{catalog} a dcat:Catalog ; {common} ; dcat:dataset {data} ; dcat:service {service} ;
    dcterms:title "The catalogue of clustergraph"@en , "Katalog clustergraph"@cs ;
    dcterms:description "The data of this service and their downloads."@en ,
        "Data této služby a soubory ke stažení."@cs ;
    dcterms:language {english} , {czech} ; foaf:homepage <{base}/> .
_:publisher a foaf:Agent ; foaf:name {publisher} .
{data} a dcat:Dataset ; dcterms:publisher _:publisher ;
    dcterms:identifier "{BASE.rstrip("/")}" ; dcterms:conformsTo {model} ;
    dcat:landingPage <{base}/> ;
    dcat:keyword "cluster policy"@en , "cluster organisation"@en , "industrial ecosystem"@en ,
        "regions"@en .
{service} a dcat:DataService ; {common} ; dcterms:title "SPARQL endpoint"@en ;
    dcterms:description "Answers queries in SPARQL 1.1 over the whole dataset."@en ;
    dcat:keyword "SPARQL"@en ; dcat:endpointURL {service} ; dcat:endpointDescription {service} ;
    dcat:servesDataset {data} ; dcterms:conformsTo {protocol} .
{english} a dcterms:LinguisticSystem . {czech} a dcterms:LinguisticSystem .
{model} a dcterms:Standard . {protocol} a dcterms:Standard .
<{base}/> a foaf:Document . <{LICENCE}> a dcterms:LicenseDocument .
"""
    text += modified(catalog, context)
    for ending in _FILES:
        text += _distribution(data, f"{base}/dump{ending}", ending)
    for name in sorted(statistics(context).graphs):
        if name.startswith(GRAPH):
            part, short = str(ox.NamedNode(name)), name.removeprefix(GRAPH)
            described = ox.Literal(f"The named graph {short} of the dataset.", language="en")
            text += f"""
{catalog} dcat:dataset {part} . {part} a dcat:Dataset ; {common} ;
    dcterms:title {ox.Literal(short)} ; dcterms:description {described} ;
    dcat:keyword "cluster policy"@en .
"""
            text += modified(part, context)
            for ending in (".ttl.gz", ".ttl"):
                text += _distribution(part, f"{base}{dump_of(name)}{ending}", ending)
    return text


def _distribution(data: str, address: str, ending: str) -> str:
    form = SUFFIXES[ending.removesuffix(".gz")]
    file, kind, packed = f"<{address}>", f"<{_MEDIA_TYPES}{form.media_type}>", ""
    described = f"A download as {form.media_type}"
    if ending.endswith(".gz"):
        described += ", compressed"
        gzip = f"<{_MEDIA_TYPES}application/gzip>"
        packed = f"{file} dcat:compressFormat {gzip} . {gzip} a dcterms:MediaType ."
    return f"""
{data} dcat:distribution {file} . {file} a dcat:Distribution ;
    dcterms:title {ox.Literal(address.rpartition("/")[2])} ;
    dcterms:description "{described}."@en ; dcterms:license <{LICENCE}> ;
    dcat:accessURL {file} ; dcat:downloadURL {file} ; dcat:mediaType {kind} .
{kind} a dcterms:MediaType . {packed}
"""


def _page(visit: Visit, head: list[tuple[str, str]]) -> Response:
    counted = statistics(visit.context)
    graphs = [
        (name.removeprefix(GRAPH), visit.link(name), dump_of(name), amount)
        for name, amount in sorted(counted.graphs.items())
        if name.startswith(GRAPH)
    ]
    kinds = listing(visit.engine, visit.context).kinds
    return page(
        visit,
        "catalog",
        headers=tuple(head),
        counted=counted,
        graphs=graphs,
        kinds=[(kind, path_of(kind), len(iris)) for kind, iris in kinds.items()],
        files=_FILES,
        formats=[form for form in DOCUMENTS if form is not HTML],
        inferred=counted.graphs.get(INFERRED, 0),
    )


_FILES: Final = (".nq.gz", ".nq", ".trig.gz", ".trig", ".ttl.gz", ".ttl", ".nt.gz", ".nt")
"""Endings of dumps of the whole."""

_LEVEL: Final = 5


def dump(visit: Visit) -> Response:
    """Return the whole graph, or one of its graphs, as a file.

    What only follows from other statements is in no dump, unless its own graph is asked for.

    Raises:
        UnknownNameError: there is no such graph.
    """
    ending, name = visit.captured["ending"], visit.captured.get("graph")
    form = SUFFIXES[ending.removesuffix(".gz")]
    packed = ending.endswith(".gz")
    graph = None if name is None else _graph(visit, name)

    engine = visit.engine
    assert isinstance(engine, Engine | RemoteEngine)  # noqa: S101 - a generation, or elsewhere

    def stream(sink: Sink) -> None:
        if not packed:
            engine.dump(sink, form, graph, inferred=False)  # type: ignore[arg-type]
            return
        with (
            gzip.GzipFile("", "wb", _LEVEL, sink, mtime=0) as file,
            io.BufferedWriter(file, CHUNK_BYTES) as buffered,
        ):
            engine.dump(buffered, form, graph, inferred=False)

    file_name = visit.path[1:].replace("/", "-")
    described = links.link(f"{visit.base}/.well-known/void", "describedby", "text/turtle")
    head = [
        ("Content-Type", "application/gzip" if packed else form.media_type),
        ("Content-Disposition", f'attachment; filename="{quote(file_name)}"'),
        *links.header(
            [
                links.link(f"{visit.base}/catalog", "collection"),
                described,
                links.link(links.LICENCE, "license"),
            ]
        ),
        *links.modified(visit),
    ]
    return Response(200, head, stream, cacheable=True)


def _graph(visit: Visit, name: str) -> str:
    found = visit.engine.query("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }")
    assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
    known = sorted(row["g"].value for row in found if isinstance(row["g"], ox.NamedNode))
    graph = GRAPH + name
    if graph not in known:
        graph = GRAPH + encode(name)
    if graph not in known:
        raise UnknownNameError("graph", name, [iri.removeprefix(GRAPH) for iri in known])
    return graph
