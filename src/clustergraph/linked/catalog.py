"""What there is to have: the catalogue (DCAT 3), and the dataset with its parts (VoID).

``/catalog`` is the catalogue, for people too; ``/.well-known/void`` describes the dataset alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph.linked import forms, links
from clustergraph.linked.dumps import FILES
from clustergraph.linked.forms import DOCUMENTS, HTML, RDF
from clustergraph.linked.links import LICENCE
from clustergraph.linked.listing import listing, path_of
from clustergraph.pages.frame import Visit, page
from clustergraph.protocol import Response
from clustergraph.protocol.holdings import dataset, statistics
from clustergraph.sparql.results import FORMATS, Format
from clustergraph.vocab import BASE, GRAPH, INFERRED, PREFIXES

if TYPE_CHECKING:
    from clustergraph.protocol import Context

__all__ = ["show"]

_DCAT: Final = PREFIXES["dcat"]
_DCTERMS: Final = PREFIXES["dcterms"]
_FOAF: Final = PREFIXES["foaf"]
_RDF: Final = PREFIXES["rdf"]
_SPDX_MEDIA: Final = "https://www.iana.org/assignments/media-types/"
_GZIP: Final = _SPDX_MEDIA + "application/gzip"
_FORMATS_OF: Final = {".nq": "nquads", ".trig": "trig", ".ttl": "turtle", ".nt": "ntriples"}

_Node = ox.NamedNode | ox.BlankNode
_Term = ox.NamedNode | ox.BlankNode | ox.Literal
_Statements = Iterator[tuple[_Node, str, _Term | str]]


def show(visit: Visit) -> Response:
    """Return the catalogue."""
    _, form = forms.split(visit.path, DOCUMENTS)
    chosen = form or forms.choose(visit.request.headers.get("accept"), DOCUMENTS)
    head = [*links.header(_links(visit, chosen)), *links.modified(visit)]
    if chosen is HTML:
        return _page(visit, head)
    triples = list(_triples(visit))
    body = forms.write(triples, chosen)
    head += [("Content-Type", chosen.content_type), ("Vary", "Accept")]
    return Response(200, head, body, cacheable=True)


def _links(visit: Visit, chosen: Format) -> list[str]:
    """Return links to other formats, to the dumps and to the indexes of things."""
    address = f"{visit.base}/catalog"
    listed = [links.link(LICENCE, "license"), links.link(_DCAT + "Catalog", "type")]
    listed += links.alternates(address, chosen, DOCUMENTS)
    listed += [links.link(address + form.suffix, "describedby", form.media_type) for form in RDF]
    listed.append(links.link(f"{visit.base}/.well-known/void", "describedby", "text/turtle"))
    listed += [
        links.link(f"{visit.base}/dump{ending}", "item", _media_type(ending))
        for ending in (".nq.gz", ".ttl.gz")
    ]
    listed.append(links.link(f"{visit.base}/things", "item", "text/html"))
    return listed


def _triples(visit: Visit) -> Iterator[ox.Triple]:
    for statement in dataset(visit.base, visit.context):
        yield ox.Triple(*statement)
    for subject, predicate, value in _statements(visit.base, visit.context):
        term = ox.NamedNode(value) if isinstance(value, str) else value
        yield ox.Triple(subject, ox.NamedNode(predicate), term)


def _statements(base: str, context: Context) -> _Statements:
    catalog = ox.NamedNode(f"{base}/catalog")
    data = ox.NamedNode(f"{base}/.well-known/void#dataset")
    service = ox.NamedNode(f"{base}/sparql")
    publisher = ox.BlankNode("publisher")
    yield catalog, _RDF + "type", _DCAT + "Catalog"
    for language, title, text in (
        ("en", "The catalogue of clustergraph", "What this service has, and how to take it away."),
        ("cs", "Katalog clustergraph", "Co tato služba má a jak si to odnést."),
    ):
        yield catalog, _DCTERMS + "title", ox.Literal(title, language=language)
        yield catalog, _DCTERMS + "description", ox.Literal(text, language=language)
    yield catalog, _FOAF + "homepage", f"{base}/"
    yield catalog, _DCTERMS + "license", LICENCE
    yield catalog, _DCTERMS + "publisher", publisher
    yield publisher, _RDF + "type", _FOAF + "Agent"
    yield publisher, _FOAF + "name", ox.Literal("clustergraph project")
    yield catalog, _DCAT + "dataset", data
    yield catalog, _DCAT + "service", service
    yield data, _RDF + "type", _DCAT + "Dataset"
    yield data, _DCTERMS + "publisher", publisher
    yield data, _DCTERMS + "identifier", ox.Literal(BASE.rstrip("/"))
    yield data, _DCTERMS + "conformsTo", BASE + "ontology"
    yield data, _DCAT + "landingPage", f"{base}/"
    for word in ("cluster policy", "cluster organisation", "industrial ecosystem", "regions"):
        yield data, _DCAT + "keyword", ox.Literal(word, language="en")
    yield service, _RDF + "type", _DCAT + "DataService"
    yield service, _DCTERMS + "title", ox.Literal("SPARQL endpoint", language="en")
    yield service, _DCAT + "endpointURL", service
    yield service, _DCAT + "endpointDescription", service
    yield service, _DCAT + "servesDataset", data
    yield service, _DCTERMS + "conformsTo", "https://www.w3.org/TR/sparql11-protocol/"
    for ending in FILES:
        yield from _distribution(data, f"{base}/dump{ending}", ending)
    counted = statistics(context)
    for name in sorted(counted.graphs):
        if name.startswith(GRAPH):
            part = ox.NamedNode(name)
            yield part, _RDF + "type", _DCAT + "Dataset"
            for ending in (".ttl.gz", ".ttl"):
                yield from _distribution(part, f"{base}{dump_of(name)}{ending}", ending)


def dump_of(graph: str) -> str:
    """Return the path of the dump of a graph, without its ending."""
    return f"/dump/{quote(graph.removeprefix(GRAPH), safe='/-._~')}"


def _distribution(data: _Node, address: str, ending: str) -> _Statements:
    file = ox.NamedNode(address)
    form = FORMATS[_FORMATS_OF[ending.removesuffix(".gz")]]
    yield data, _DCAT + "distribution", file
    yield file, _RDF + "type", _DCAT + "Distribution"
    yield file, _DCAT + "downloadURL", file
    yield file, _DCAT + "mediaType", _SPDX_MEDIA + form.media_type
    yield file, _DCTERMS + "license", LICENCE
    if ending.endswith(".gz"):
        yield file, _DCAT + "compressFormat", _GZIP


def _media_type(ending: str) -> str:
    name = _FORMATS_OF[ending.removesuffix(".gz")]
    return "application/gzip" if ending.endswith(".gz") else FORMATS[name].media_type


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
        files=FILES,
        formats=[form for form in DOCUMENTS if form is not HTML],
        inferred=counted.graphs.get(INFERRED, 0),
    )
