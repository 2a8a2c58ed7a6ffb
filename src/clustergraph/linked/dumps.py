"""The whole graph, or one of its graphs, as a file: ``/dump.nq.gz``, ``/dump/nuts.ttl``.

What only follows from other statements is in no dump, unless its own graph is asked for.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError
from clustergraph.linked.documents import LICENCE, link, modified
from clustergraph.pages.frame import Visit
from clustergraph.protocol import Response, Write
from clustergraph.protocol.query import Sink
from clustergraph.quadstore.engine import Engine
from clustergraph.rdf.files import SUFFIXES
from clustergraph.vocab import GRAPH, INFERRED, PREFIXES

__all__ = ["FILES", "GRAPH_FILES", "show"]

FILES: Final = (".nq.gz", ".nq", ".trig.gz", ".trig", ".ttl.gz", ".ttl", ".nt.gz", ".nt")
"""Endings of dumps of the whole."""
GRAPH_FILES: Final = (
    ".ttl.gz",
    ".ttl",
    ".nt.gz",
    ".nt",
    ".rdf.gz",
    ".rdf",
    ".jsonld.gz",
    ".jsonld",
)
"""Endings of dumps of one graph."""

_GZIP: Final = 31
_LEVEL: Final = 5


def show(visit: Visit) -> Response:
    """Return a dump.

    Raises:
        UnknownNameError: there is no such graph.
    """
    ending, name = visit.captured["ending"], visit.captured.get("graph")
    form = SUFFIXES[ending.removesuffix(".gz")]
    packed = ending.endswith(".gz")
    graph = None
    if name is not None:
        graph = GRAPH + quote(name, safe="/-._~")
        if graph not in (known := _graphs(visit)):
            raise UnknownNameError("graph", name, [iri.removeprefix(GRAPH) for iri in known])
    limit = visit.context.config.max_result_bytes

    def stream(write: Write) -> bytes:
        squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP) if packed else None

        def pass_on(chunk: bytes) -> None:
            if squeeze is not None:
                chunk = squeeze.compress(chunk)
            if chunk:
                write(chunk)

        sink = Sink(pass_on, limit)
        _dump(visit, sink, form, graph)
        rest = sink.rest()
        return rest if squeeze is None else squeeze.compress(rest) + squeeze.flush()

    media_type = "application/gzip" if packed else form.media_type
    file_name = visit.path[1:].replace("/", "-")
    head = [
        ("Content-Type", media_type),
        ("Content-Disposition", f'attachment; filename="{quote(file_name)}"'),
        (
            "Link",
            ", ".join(
                [
                    link(f"{visit.base}/catalog", "collection"),
                    link(f"{visit.base}/.well-known/void", "describedby", "text/turtle"),
                    link(LICENCE, "license"),
                ]
            ),
        ),
        *modified(visit),
    ]
    return Response(200, head, stream, cacheable=True)


def _graphs(visit: Visit) -> list[str]:
    found = visit.engine.query("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }")
    assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
    return sorted(row["g"].value for row in found if isinstance(row["g"], ox.NamedNode))


def _dump(visit: Visit, sink: Sink, form: ox.RdfFormat, graph: str | None) -> None:
    prefixes = dict(PREFIXES) if form in (ox.RdfFormat.TURTLE, ox.RdfFormat.TRIG) else None
    engine = visit.engine
    if not isinstance(engine, Engine):
        if graph is None:
            text = "SELECT ?s ?p ?o ?g { GRAPH ?g { ?s ?p ?o } }"
        else:
            text = f"SELECT ?s ?p ?o {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}"
        found = engine.query(text)
        assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
        quads: Iterator[ox.Quad] = (ox.Quad(*row) for row in found)
    elif graph is not None:
        quads = engine.store.quads_for_pattern(None, None, None, ox.NamedNode(graph))
    else:
        quads = (quad for quad in engine.store if quad.graph_name.value != INFERRED)
    if form.supports_datasets and graph is None:
        ox.serialize(quads, sink, form, prefixes=prefixes)  # type: ignore[arg-type]
    else:
        triples = (quad.triple for quad in quads)
        ox.serialize(triples, sink, form, prefixes=prefixes)  # type: ignore[arg-type]
