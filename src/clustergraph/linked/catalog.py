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
from clustergraph.linked import forms
from clustergraph.linked.forms import DOCUMENTS, HTML, RDF
from clustergraph.linked.listing import listing, path_of
from clustergraph.pages.addresses import encode
from clustergraph.pages.frame import page
from clustergraph.pages.visit import Visit
from clustergraph.protocol import CHUNK_BYTES, Response, Sink
from clustergraph.protocol.description import LICENCE, described, dump_of, statistics
from clustergraph.quadstore import Engine
from clustergraph.quadstore.remote import RemoteEngine
from clustergraph.rdf.files import SUFFIXES
from clustergraph.sparql.results import Format
from clustergraph.vocab import GRAPH, INFERRED, PREFIXES


def show(visit: Visit) -> Response:
    """Return the catalogue."""
    _, chosen = forms.wanted(visit, DOCUMENTS)
    head = [*forms.header(_links(visit, chosen)), *forms.modified(visit)]
    if chosen is HTML:
        return _page(visit, head)
    files = [(ending, SUFFIXES[ending.removesuffix(".gz")].media_type) for ending in _FILES]
    found = described(visit.base, visit.context, "dataset", "catalog", files=files)
    return forms.respond(list(found), chosen, head)


def _links(visit: Visit, chosen: Format) -> list[str]:
    address = f"{visit.base}/catalog"
    listed = [forms.link(LICENCE, "license"), forms.link(PREFIXES["dcat"] + "Catalog", "type")]
    listed += forms.alternates(address, chosen, DOCUMENTS)
    listed += [forms.link(address + form.suffix, "describedby", form.media_type) for form in RDF]
    listed.append(forms.link(f"{visit.base}/.well-known/void", "describedby", "text/turtle"))
    listed += [
        forms.link(f"{visit.base}/dump{ending}", "item", "application/gzip")
        for ending in (".nq.gz", ".ttl.gz")
    ]
    listed.append(forms.link(f"{visit.base}/things", "item", "text/html"))
    return listed


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
    head = [
        ("Content-Type", "application/gzip" if packed else form.media_type),
        ("Content-Disposition", f'attachment; filename="{quote(file_name)}"'),
        *forms.header(
            [
                forms.link(f"{visit.base}/catalog", "collection"),
                forms.link(f"{visit.base}/.well-known/void", "describedby", "text/turtle"),
                forms.link(LICENCE, "license"),
            ]
        ),
        *forms.modified(visit),
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
