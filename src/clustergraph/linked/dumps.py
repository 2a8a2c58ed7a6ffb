"""The whole graph, or one of its graphs, as a file: ``/dump.nq.gz``, ``/dump/nuts.ttl``.

What only follows from other statements is in no dump, unless its own graph is asked for.
"""

from __future__ import annotations

import zlib
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError
from clustergraph.linked import links
from clustergraph.pages.addresses import encode
from clustergraph.pages.frame import Visit
from clustergraph.protocol import Response, Write
from clustergraph.protocol.sink import Sink
from clustergraph.quadstore import Engine
from clustergraph.quadstore.remote import RemoteEngine
from clustergraph.rdf.files import SUFFIXES
from clustergraph.vocab import GRAPH

__all__ = ["FILES", "show"]

FILES: Final = (".nq.gz", ".nq", ".trig.gz", ".trig", ".ttl.gz", ".ttl", ".nt.gz", ".nt")
"""Endings of dumps of the whole."""

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
    graph = None if name is None else _graph(visit, name)

    def stream(write: Write) -> bytes:
        if not packed:
            return _chunks(visit, write, form, graph)
        squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        rest = _chunks(visit, lambda chunk: write(squeeze.compress(chunk)), form, graph)
        return squeeze.compress(rest) + squeeze.flush()

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
    """Return the IRI of the graph that an address names."""
    found = visit.engine.query("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }")
    assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
    known = sorted(row["g"].value for row in found if isinstance(row["g"], ox.NamedNode))
    graph = GRAPH + name
    if graph not in known:
        graph = GRAPH + encode(name)
    if graph not in known:
        raise UnknownNameError("graph", name, [iri.removeprefix(GRAPH) for iri in known])
    return graph


def _chunks(visit: Visit, write: Write, form: ox.RdfFormat, graph: str | None) -> bytes:
    """Write all chunks of a dump but the last, which is returned."""
    engine = visit.engine
    assert isinstance(engine, Engine | RemoteEngine)  # noqa: S101 - a generation, or elsewhere
    sink = Sink(write)
    engine.dump(sink, form, graph, inferred=False)  # type: ignore[arg-type]
    return sink.rest()
