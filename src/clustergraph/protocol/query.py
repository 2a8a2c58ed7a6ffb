"""The query operation of the SPARQL 1.1 Protocol (section 2.1), and the way to the description."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import FederationError
from clustergraph.protocol import (
    Context,
    Request,
    Response,
    Sink,
    Stream,
    description,
    drop_idle_prefixes,
    faults,
    parameters,
)
from clustergraph.protocol.negotiation import choose
from clustergraph.quadstore.evaluation import StoreEngine
from clustergraph.sparql.answers import Answer, reading
from clustergraph.sparql.results import Format, is_triples
from clustergraph.sparql.results import write as write_answer
from clustergraph.vocab import CG, PREFIXES

QUERY_WARNINGS: Final = "Clustergraph-Query-Warnings"
"""The header of warnings about a query: unknown terms, and where this endpoint differs."""
_LONGEST_WARNING: Final = 500
# Formats that cannot hold every answer.
_CHECKED: Final = (ox.QueryResultsFormat.XML, ox.RdfFormat.RDF_XML, ox.RdfFormat.JSON_LD)
# Turtle up to this long is written again with prefixes, for it is likely read by a person.
_PREFIXED_BYTES: Final = 16 * 1024
# Functions whose value differs from call to call (SPARQL 1.1, 17.4.2.7 and following). A comment
# may stand between name and bracket.
_VOLATILE: Final = re.compile(r"\b(?:now|rand|(?:str)?uuid|bnode)\s*[(#]")
# A template's blank nodes are other ones at each evaluation.
_FRESH: Final = re.compile(r"_:|[\[(]")


def answer(request: Request, context: Context) -> Response:
    """Evaluate a query; without one, describe the service.

    Raises:
        ClusterGraphError: the request cannot be answered.
    """
    given = parameters.read(request, "query")
    text = given.text
    if text is None:
        if request.method != "POST" and not (given.default_graphs or given.named_graphs):
            return description.service(request, context)
        raise faults.bad_request("the request holds no query: add query=…")
    try:
        result = context.engine.query(
            text, default_graphs=given.default_graphs, named_graphs=given.named_graphs
        )
    except FederationError:
        return Response(200, [], federated=True)
    triples = is_triples(result)
    accept = request.headers.get("accept")
    form = choose(accept, given.forms, "graph" if triples else "solutions")
    same = not context.config.policy(network=False).check_calls(text) and lasting(text, triples)
    response = Response(200, [*_headers(form), *_warnings(text, context)], cacheable=same)
    if isinstance(result, ox.QueryBoolean) and isinstance(form.engine, ox.QueryResultsFormat):
        response.body = result.serialize(format=form.engine) or b""
        return response

    response.body = _stream(result, form)
    return response


def _warnings(text: str, context: Context) -> list[tuple[str, str]]:
    engine = context.engine
    if not isinstance(engine, StoreEngine):
        return []
    told = "; ".join(engine.warnings(text, CG))[:_LONGEST_WARNING]
    return [(QUERY_WARNINGS, told.encode("ascii", "replace").decode())] if told else []


@lru_cache(maxsize=64)
def _headers(form: Format) -> list[tuple[str, str]]:
    return [("Content-Type", form.content_type), ("Vary", "Accept")]


def lasting(text: str, triples: bool = False) -> bool:
    """Return whether a query gets the same answer each time; when in doubt, not."""
    lowered = text.lower()
    if "now" in lowered or "rand" in lowered or "uuid" in lowered or "bnode" in lowered:
        return not _VOLATILE.search(lowered) and not (triples and _FRESH.search(text))
    return not (triples and _FRESH.search(text))


def _stream(result: Answer, form: Format) -> Stream:
    """Return what serialises an answer; it can be called once."""

    def stream(sink: Sink) -> None:
        with reading():
            if form.engine is None or form.engine in _CHECKED or isinstance(result, list):
                write_answer(result, form, sink)  # type: ignore[arg-type]
            else:
                result.serialize(sink, form.engine)  # type: ignore[arg-type]
        if form.name == "turtle":
            sink.rewrite(_with_prefixes, _PREFIXED_BYTES)

    return stream


def _with_prefixes(turtle: bytes) -> bytes:
    used = {name: iri for name, iri in PREFIXES.items() if b"<" + iri.encode() in turtle}
    if not used:
        return turtle
    triples = ox.parse(turtle, ox.RdfFormat.TURTLE)
    text = ox.serialize(triples, None, ox.RdfFormat.TURTLE, prefixes=used)
    return drop_idle_prefixes(text or b"")
