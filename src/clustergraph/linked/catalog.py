"""What there is to have: the catalogue (DCAT 3), and the dataset with its parts (VoID).

``/catalog`` is the catalogue, for people too; ``/.well-known/void`` describes the dataset alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
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
_MEDIA_TYPES: Final = "https://www.iana.org/assignments/media-types/"
_GZIP: Final = _MEDIA_TYPES + "application/gzip"
_LANGUAGES: Final = {
    "en": "http://publications.europa.eu/resource/authority/language/ENG",
    "cs": "http://publications.europa.eu/resource/authority/language/CES",
}
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
    """Yield the catalogue as DCAT-AP 3.0 asks for it."""
    catalog = ox.NamedNode(f"{base}/catalog")
    data = ox.NamedNode(f"{base}/.well-known/void#dataset")
    publisher = ox.BlankNode("publisher")
    yield catalog, _RDF + "type", _DCAT + "Catalog"
    for language, title, text in (
        ("en", "The catalogue of clustergraph", "The data of this service and their downloads."),
        ("cs", "Katalog clustergraph", "Data této služby a soubory ke stažení."),
    ):
        yield catalog, _DCTERMS + "title", ox.Literal(title, language=language)
        yield catalog, _DCTERMS + "description", ox.Literal(text, language=language)
        yield catalog, _DCTERMS + "language", _LANGUAGES[language]
        yield ox.NamedNode(_LANGUAGES[language]), _RDF + "type", _DCTERMS + "LinguisticSystem"
    yield catalog, _FOAF + "homepage", f"{base}/"
    yield ox.NamedNode(f"{base}/"), _RDF + "type", _FOAF + "Document"
    yield from _common(catalog, publisher)
    yield from _changed(catalog, context)
    yield publisher, _RDF + "type", _FOAF + "Agent"
    yield publisher, _FOAF + "name", ox.Literal(context.config.operator.publisher)
    yield catalog, _DCAT + "dataset", data
    yield data, _RDF + "type", _DCAT + "Dataset"
    yield data, _DCTERMS + "publisher", publisher
    yield data, _DCTERMS + "identifier", ox.Literal(BASE.rstrip("/"))
    yield from _conforms(data, BASE + "ontology")
    yield data, _DCAT + "landingPage", f"{base}/"
    for word in ("cluster policy", "cluster organisation", "industrial ecosystem", "regions"):
        yield data, _DCAT + "keyword", ox.Literal(word, language="en")
    yield from _service(base, catalog, data, publisher)
    for ending in FILES:
        yield from _distribution(data, f"{base}/dump{ending}", ending)
    for name in sorted(statistics(context).graphs):
        if name.startswith(GRAPH):
            part, short = ox.NamedNode(name), name.removeprefix(GRAPH)
            yield catalog, _DCAT + "dataset", part
            yield part, _RDF + "type", _DCAT + "Dataset"
            text = f"The named graph {short} of the dataset."
            yield part, _DCTERMS + "title", ox.Literal(short)
            yield part, _DCTERMS + "description", ox.Literal(text, language="en")
            yield part, _DCAT + "keyword", ox.Literal("cluster policy", language="en")
            yield from _common(part, publisher)
            yield from _changed(part, context)
            for ending in (".ttl.gz", ".ttl"):
                yield from _distribution(part, f"{base}{dump_of(name)}{ending}", ending)


def _common(thing: _Node, publisher: _Node) -> _Statements:
    """Yield who publishes something and under which licence."""
    licence = ox.NamedNode(LICENCE)
    yield thing, _DCTERMS + "publisher", publisher
    yield thing, _DCTERMS + "license", licence
    yield licence, _RDF + "type", _DCTERMS + "LicenseDocument"


def _changed(thing: _Node, context: Context) -> _Statements:
    if context.committed_at is not None:
        moment = datetime.fromtimestamp(int(context.committed_at), UTC)
        stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        datatype = ox.NamedNode(PREFIXES["xsd"] + "dateTime")
        yield thing, _DCTERMS + "modified", ox.Literal(stamp, datatype=datatype)


def _conforms(thing: _Node, standard: str) -> _Statements:
    yield thing, _DCTERMS + "conformsTo", standard
    yield ox.NamedNode(standard), _RDF + "type", _DCTERMS + "Standard"


def _service(base: str, catalog: _Node, data: _Node, publisher: _Node) -> _Statements:
    service = ox.NamedNode(f"{base}/sparql")
    yield catalog, _DCAT + "service", service
    yield service, _RDF + "type", _DCAT + "DataService"
    yield service, _DCTERMS + "title", ox.Literal("SPARQL endpoint", language="en")
    text = "Answers queries in SPARQL 1.1 over the whole dataset."
    yield service, _DCTERMS + "description", ox.Literal(text, language="en")
    yield service, _DCAT + "keyword", ox.Literal("SPARQL", language="en")
    yield service, _DCAT + "endpointURL", service
    yield service, _DCAT + "endpointDescription", service
    yield service, _DCAT + "servesDataset", data
    yield from _common(service, publisher)
    yield from _conforms(service, "https://www.w3.org/TR/sparql11-protocol/")


def dump_of(graph: str) -> str:
    """Return the path of the dump of a graph, without its ending."""
    return f"/dump/{quote(graph.removeprefix(GRAPH), safe='/-._~')}"


def _distribution(data: _Node, address: str, ending: str) -> _Statements:
    file, licence = ox.NamedNode(address), ox.NamedNode(LICENCE)
    form = FORMATS[_FORMATS_OF[ending.removesuffix(".gz")]]
    yield data, _DCAT + "distribution", file
    yield file, _RDF + "type", _DCAT + "Distribution"
    yield file, _DCTERMS + "title", ox.Literal(address.rpartition("/")[2])
    text = f"A download as {form.media_type}{', compressed' if ending.endswith('.gz') else ''}."
    yield file, _DCTERMS + "description", ox.Literal(text, language="en")
    yield file, _DCAT + "accessURL", file
    yield file, _DCAT + "downloadURL", file
    yield file, _DCTERMS + "license", licence
    yield from _typed(file, "mediaType", _MEDIA_TYPES + form.media_type)
    if ending.endswith(".gz"):
        yield from _typed(file, "compressFormat", _GZIP)


def _typed(file: _Node, name: str, media_type: str) -> _Statements:
    yield file, _DCAT + name, media_type
    yield ox.NamedNode(media_type), _RDF + "type", _DCTERMS + "MediaType"


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
