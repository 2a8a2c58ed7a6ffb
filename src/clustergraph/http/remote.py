"""Handlers that ask another SPARQL server instead of a graph of its own.

What strangers send meets the same guards, limits and parser as in front of the embedded engine;
what passes goes to the other server, and its answer comes back as it is, or converted where it
lacks the format. Nothing is known of that server's generations, so no answer is kept or bears an
entity tag.
"""

from __future__ import annotations

import io
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pyoxigraph as ox

from clustergraph.errors import ClusterGraphError, EndpointError, QueryError
from clustergraph.http import routes
from clustergraph.protocol import (
    description,
    faults,
    graph_store,
    parameters,
)
from clustergraph.protocol.messages import Config, Context, Handler, Request, Response, Write
from clustergraph.protocol.negotiation import Kind, choose
from clustergraph.protocol.sink import Sink
from clustergraph.quadstore.engine import Answer, nothing
from clustergraph.quadstore.remote import Fetched, RemoteEngine
from clustergraph.quadstore.transport import Credentials
from clustergraph.sparql import results as answers
from clustergraph.sparql.lexer import query_form
from clustergraph.sparql.results import FORMATS, Format
from clustergraph.workers import wire

__all__ = ["READERS", "WRITERS", "opener"]

# What can be read here, for formats that the other server lacks.
_FALLBACK: Final = {
    False: (FORMATS["json"], FORMATS["xml"], FORMATS["tsv"]),
    True: (FORMATS["ntriples"], FORMATS["turtle"], FORMATS["rdfxml"]),
}
_CHANGES: Final = ("PUT", "POST", "DELETE")


def opener(
    config: Config, options: Mapping[str, Any], writes: bool, credentials: Credentials | None
) -> Callable[[Mapping[str, Any]], Context]:
    """Return what makes the context of requests to another server.

    Args:
        config: what the operator decided.
        options: the service's options, as workers get them.
        writes: whether this worker writes; else it is not told where, and rejects changes.
        credentials: what that server wants to see.
    """

    def open_context(target: Mapping[str, Any]) -> Context:
        engine = RemoteEngine(
            target["directory"],
            update_url=options["update_address"] if writes else None,
            graph_store_url=options["graph_store_address"] if writes else None,
            timeout_s=options["write_timeout_s" if writes else "query_timeout_s"],
            credentials=credentials,
            policy=config.policy(network=True),
        )
        # Only what parses and checks looks at the store: the graph itself is elsewhere.
        return Context(
            nothing(),
            0,
            config,
            network=True,
            engine=engine,
        )

    return open_context


def _engine(context: Context) -> RemoteEngine:
    assert isinstance(context.engine, RemoteEngine)  # noqa: S101 - see `opener`
    return context.engine


def _uncached(handler: Handler) -> Handler:
    """Return a handler for answers of another server.

    They are not kept, for that server's generations are not known; and they are parsed while they
    are read, so that a malformed one shows late.
    """

    def handle(request: Request, context: Context) -> Response:
        with _well_formed():
            response = handler(request, context)
        assert isinstance(response, Response)  # noqa: S101 - nothing is committed here
        response.cacheable = False
        body = response.body
        if not isinstance(body, bytes):

            def stream(write: Write) -> bytes:
                with _well_formed():
                    return body(write)

            response.body = stream
        return response

    return handle


@contextmanager
def _well_formed() -> Iterator[None]:
    """Turn the engine's error about a malformed answer into the other server's failure."""
    try:
        yield
    except SyntaxError as error:
        problem = f"the SPARQL server's answer is not well-formed: {error}"
        raise EndpointError(problem, problem) from error


# SPARQL 1.1 Protocol


def _query(request: Request, context: Context) -> Response:
    config, engine = context.config, _engine(context)
    given = parameters.read(request, "query")
    text = given.text
    if text is None:
        if request.method != "POST" and not (given.default_graphs or given.named_graphs):
            return _describe(request, context, description.service)
        raise faults.bad_request("the request holds no query: add query=…")
    parameters.nodes(given.default_graphs, "default-graph-uri")
    parameters.nodes(given.named_graphs, "named-graph-uri")
    engine.check(text)
    asked = query_form(text)
    triples = asked in ("CONSTRUCT", "DESCRIBE")
    kind: Kind = "graph" if triples else "solutions"
    form = choose(request.headers.get("accept"), given.forms, kind)
    graphs = {"default_graphs": given.default_graphs, "named_graphs": given.named_graphs}
    if asked == "ASK":
        truth = engine.query(text, **graphs)
        return _response(form, config, lambda sink: answers.write(truth, form, sink))

    def pass_on(sink: Any) -> None:
        with engine.fetch(text, _accept(form), **graphs) as fetched:
            _pass_on(fetched, form, sink)

    return _response(form, config, pass_on)


def _update(request: Request, context: Context) -> Response:
    given = parameters.read(request, "update")
    text = given.text
    if text is None:
        raise faults.bad_request("the request holds no update: add update=…")
    parameters.nodes(given.default_graphs, "using-graph-uri")
    parameters.nodes(given.named_graphs, "using-named-graph-uri")
    _refuse_conditions(request)
    _engine(context).update(
        text,
        using_graphs=given.default_graphs,
        using_named_graphs=given.named_graphs,
    )
    return Response(204, [])


# Graph Store HTTP Protocol


def _graph(request: Request, context: Context) -> Response:
    engine = _engine(context)
    target = graph_store.target_of(request, context)
    name = target.node.value if isinstance(target.node, ox.NamedNode) else None
    if request.method not in _CHANGES:
        return _read_graph(request, context, target, name)
    if engine.graph_store_url is None:
        detail = "no graph store is known here; use /update, or see --graph-store-address"
        raise faults.not_implemented(detail)
    _refuse_conditions(request)
    if target.node is not None:
        if request.method == "DELETE":
            engine.delete_graph(name)
            return Response(204, [])
        return _write_graph(request, context, name, request.method == "PUT")
    if request.method != "POST":
        detail = f"{request.method} needs a graph: add ?graph=IRI or ?default to the address"
        raise faults.method_not_allowed(request.method, "GET, HEAD, POST, OPTIONS", detail)
    namespace = context.config.graph_namespace or f"{request.base}/store/"
    return _write_graph(request, context, f"{namespace}{uuid.uuid4()}", replace=True)


def _read_graph(
    request: Request, context: Context, target: graph_store.Target, name: str | None
) -> Response:
    engine = _engine(context)
    whole = target.node is None
    accept = request.headers.get("accept")
    form = choose(accept, target.forms, "dataset" if whole else "graph")
    if whole:
        engine_form = form.engine
        assert isinstance(engine_form, ox.RdfFormat)  # noqa: S101 - only such are on offer
        return _response(form, context.config, lambda sink: engine.dump(sink, engine_form))
    if name is not None and not engine.has_graph(name):
        raise faults.not_found(f"there is no graph {target.name}")
    pattern = "?s ?p ?o" if name is None else f"GRAPH {target.node} {{ ?s ?p ?o }}"
    text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {pattern} }}"

    def pass_on(sink: Any) -> None:
        direct = engine.graph_store_url is not None
        accept = _accept(form)
        with engine.get_graph(name, accept) if direct else engine.fetch(text, accept) as fetched:
            _pass_on(fetched, form, sink)

    return _response(form, context.config, pass_on)


def _write_graph(request: Request, context: Context, name: str | None, replace: bool) -> Response:
    engine = _engine(context)
    base_iri = name or context.config.base_iri
    documents = []
    if request.body or (replace and "content-type" in request.headers):
        documents = graph_store.checked(request, context, base_iri, triples_only=True)
    # Several documents, packed ones and relative IRIs become one that any server reads:
    # N-Triples is Turtle.
    with tempfile.TemporaryFile() as body:
        for document in documents:
            quads = ox.parse(
                document.open(), document.form, base_iri=base_iri, rename_blank_nodes=True
            )
            ox.serialize((quad.triple for quad in quads), body, ox.RdfFormat.N_TRIPLES)
        put = engine.put_graph if replace else engine.post_graph
        created = put(name, body, "text/turtle")
    if not created:
        return Response(204, [])
    return Response(201, [("Location", graph_store.address(request, context, base_iri))])


# Service Description; VoID


def _describe(
    request: Request, context: Context, describe: Callable[[Request, Context], Response]
) -> Response:
    union, statistics = _count(_engine(context))
    config = replace(context.config, default_graph="union" if union else "own")
    known: dict[str, object] = {"statistics": statistics}
    response = describe(request, replace(context, config=config, memory=known))
    response.headers = [line for line in response.headers if line[0] != "ETag"]
    return response


def _count(engine: RemoteEngine) -> tuple[bool, description.Statistics]:
    """Return whether the default graph is the union, as one statement tells, and the counts."""
    found = description.Statistics()
    ask = engine.query
    union = bool(ask("ASK { { SELECT * { GRAPH ?g { ?s ?p ?o } } LIMIT 1 } ?s ?p ?o }"))
    where = "GRAPH ?g { ?s ?p ?o }" if union else "{ GRAPH ?g { ?s ?p ?o } } UNION { ?s ?p ?o }"
    counted = ask(f"SELECT ?g ?p (COUNT(*) AS ?n) WHERE {{ {where} }} GROUP BY ?g ?p")
    for graph, predicate, number in counted:  # type: ignore[union-attr]
        amount = int(number.value)
        graph_name = "" if graph is None else graph.value
        found.graphs[graph_name] = found.graphs.get(graph_name, 0) + amount
        key = predicate.value
        found.properties[key] = found.properties.get(key, 0) + amount
    where = where.replace("?s ?p ?o", "?s a ?c")
    counted = ask(f"SELECT ?c (COUNT(DISTINCT ?s) AS ?n) WHERE {{ {where} }} GROUP BY ?c")
    for kind, number in counted:  # type: ignore[union-attr]
        if isinstance(kind, ox.NamedNode):
            found.classes[kind.value] = int(number.value)
    return union, found


def _void(request: Request, context: Context) -> Response:
    return _describe(request, context, description.void)


_OWN: Final[Mapping[str, Handler]] = {"query": _query, "store": _graph, "description": _void}
READERS: Final[Mapping[str, Handler]] = {
    operation: _uncached(_OWN.get(operation, handler))
    for operation, handler in routes.READERS.items()
}
"""The handlers of workers that read from another server, by operation."""
WRITERS: Final[Mapping[str, Handler]] = {
    "update": _uncached(_update), "store-write": _uncached(_graph)
}  # fmt: skip
"""The handlers of workers that write to it."""


class _Reader(io.RawIOBase):
    """Reads what arrives in chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")
        self.failure: ClusterGraphError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            try:
                self._left = memoryview(next(self._chunks, b""))
            except ClusterGraphError as error:
                self.failure = error
                raise
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def _response(form: Format, config: Config, fill: Callable[[Any], object]) -> Response:
    """Return a response whose body ``fill`` writes into what it is given."""

    def stream(write: Write) -> bytes:
        sink = Sink(write)
        fill(sink)
        return sink.rest()

    return Response(200, [("Content-Type", form.content_type), ("Vary", "Accept")], stream)


def _accept(form: Format) -> str:
    """Return what to ask the other server for: the format itself, else what can become it."""
    wanted = "" if form.engine is None else f"{form.media_type}, "
    others = (other.media_type for other in _FALLBACK[form.holds_triples] if other != form)
    return wanted + ", ".join(f"{kind};q=0.{9 - rank}" for rank, kind in enumerate(others, 3))


def _pass_on(fetched: Fetched, form: Format, sink: Any) -> None:
    """Write another server's answer as it is, or in the format that was asked for."""
    kind = parameters.media_type(fetched.media_type)
    if form.engine is not None and kind in (form.media_type, *form.also):
        for chunk in fetched.chunks:
            sink.write(chunk)
        return
    reader = _Reader(fetched.chunks)
    with _told(reader, sink, kind):
        stream = io.BufferedReader(reader, wire.CHUNK_BYTES)
        answer: Answer | Iterator[ox.Triple]
        shape = ox.QueryResultsFormat.from_media_type(kind)
        parsed = ox.RdfFormat.from_media_type(kind)
        if not form.holds_triples and shape is not None:
            answer = ox.parse_query_results(stream, shape)
        elif form.holds_triples and parsed is not None:
            answer = (quad.triple for quad in ox.parse(stream, parsed))
        else:
            problem = f"it answered with {kind or 'no media type'}, which is no result"
            raise EndpointError(problem, f"the SPARQL server failed: {problem}")
        answers.write(answer, form, sink)  # type: ignore[arg-type]


@contextmanager
def _told(reader: _Reader, sink: Sink, kind: str) -> Iterator[None]:
    """Tell apart whether the other server failed, its answer is malformed, or our client left."""
    try:
        yield
    except (SyntaxError, ValueError, RuntimeError, OSError, QueryError) as error:
        if reader.failure is not None:
            raise reader.failure from reader.failure.__cause__
        if sink.broken:
            raise
        problem = f"the SPARQL server's answer is no {kind}: {error}"
        raise EndpointError(problem, problem) from error


def _refuse_conditions(request: Request) -> None:
    if "if-match" in request.headers or "if-none-match" in request.headers:
        detail = "the other server's generations are not known here: write without a precondition"
        raise faults.precondition_failed(detail)
