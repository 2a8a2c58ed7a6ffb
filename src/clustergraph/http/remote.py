"""The worker that asks another SPARQL server instead of a graph of its own.

What strangers send meets the same guards, limits and parser as in front of the embedded engine;
what passes goes to the other server, and its answer comes back as it is, or converted where it
lacks the format. Nothing is known of that server's generations, so no answer is kept or bears an
entity tag.
"""

from __future__ import annotations

import io
import json
import os
import socket
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pyoxigraph as ox

from clustergraph.errors import ClusterGraphError, EndpointError, QueryError, RequestError
from clustergraph.http import showing
from clustergraph.http.frames import EnoughError, Frames, read_request
from clustergraph.protocol import (
    Config,
    Context,
    Request,
    Response,
    Write,
    deliver,
    description,
    graph_store,
    parameters,
    problems,
    questions,
)
from clustergraph.protocol.dispatch import VOID
from clustergraph.protocol.negotiation import Kind, choose
from clustergraph.protocol.query import Sink
from clustergraph.quadstore.engine import Answer, nothing
from clustergraph.quadstore.remote import Fetched, RemoteEngine
from clustergraph.quadstore.transport import credentials_from
from clustergraph.sparql import results as answers
from clustergraph.sparql.lexer import query_form
from clustergraph.sparql.results import FORMATS, Format
from clustergraph.workers import wire

__all__ = ["Remote"]

# What can be read here, for formats that the other server lacks.
_FALLBACK: Final = {
    False: (FORMATS["json"], FORMATS["xml"], FORMATS["tsv"]),
    True: (FORMATS["ntriples"], FORMATS["turtle"], FORMATS["rdfxml"]),
}
_CHANGES: Final = ("PUT", "POST", "DELETE")


class Remote:
    """A worker in front of another server.

    Args:
        sock: from and to the serving process.
        config: what the operator decided.
        options: the service's options, as workers get them.
        timeout_s: how long the other server may take.
    """

    def __init__(
        self, sock: socket.socket, config: Config, options: dict[str, Any], timeout_s: float
    ) -> None:
        self._sock = sock
        self._config = config
        self._options = options
        self._timeout_s = timeout_s

    def serve(self) -> None:
        """Answer until the other end closes."""
        while data := self._sock.recv(wire.FRAME_BYTES):
            kind = data[0]
            if kind == wire.ASK:
                self.answer(*read_request(data[1:]))
            elif kind == wire.FILE:
                request, flags = read_request(data[1:])
                with wire.take_file(self._sock) as body:
                    request.body = body
                    self.answer(request, flags)
            elif kind == wire.RECALL:
                self._sock.send(bytes([wire.RECALLED]))
            else:
                self._open(json.loads(data[1:])["directory"])
                self._sock.send(bytes([wire.READY]) + b'{"wall": ""}')

    def _open(self, address: str) -> None:
        self._engine = RemoteEngine(
            address,
            update_url=self._options["update_address"],
            graph_store_url=self._options["graph_store_address"],
            timeout_s=self._timeout_s,
            # There neither the list of processes nor a log shows it.
            credentials=credentials_from(os.environ),
            policy=self._config.policy(network=True),
        )
        # Only what parses and checks looks at it: the graph itself is elsewhere.
        self._context = Context(nothing(), 0, self._config, network=True, engine=self._engine)

    def answer(self, request: Request, flags: bytes) -> None:
        """Handle one request and send its frames."""
        frames = Frames(self._sock, flags)
        try:
            response = self._respond(request)
            response.cacheable = False
            response.instead = lambda error: problems.respond(error, request)
            deliver(response, frames)
        except EnoughError:
            pass
        except BrokenPipeError:
            sys.exit(0)
        except Exception:  # whatever it is: nobody must take the beginning for the whole
            if not frames.started:
                raise
            self._sock.send(bytes([wire.ABORT]))

    def _respond(self, request: Request) -> Response:
        path = request.path
        try:
            if path == "/sparql":
                return self._query(request)
            if "language" in request.headers:
                return showing.respond(request, self._context, self._engine)
            if path.startswith("/queries/"):
                return questions.responder(self._engine)(request, self._context)
            if path == "/ready":
                self._engine.query("ASK {}")
                return Response(200, [])
            if path == VOID:
                return self._describe(request, description.void)
            if path == "/update":
                return self._update(request)
            return self._graph(request)
        except ClusterGraphError as error:
            return problems.respond(error, request)

    # SPARQL 1.1 Protocol

    def _query(self, request: Request) -> Response:
        given = parameters.read(request, "query")
        text = given.text
        if text is None:
            if request.method != "POST" and not (given.default_graphs or given.named_graphs):
                return self._describe(request, description.service)
            raise RequestError(400, "Wrong request", "the request holds no query: add query=…")
        parameters.nodes(given.default_graphs, "default-graph-uri")
        parameters.nodes(given.named_graphs, "named-graph-uri")
        self._engine.check(text)
        asked = query_form(text)
        triples = asked in ("CONSTRUCT", "DESCRIBE")
        kind: Kind = "graph" if triples else "solutions"
        form = choose(request.headers.get("accept"), given.forms, kind)
        graphs = {"default_graphs": given.default_graphs, "named_graphs": given.named_graphs}
        if asked == "ASK":
            truth = self._engine.query(text, **graphs)
            return _response(form, self._config, lambda sink: answers.write(truth, form, sink))

        def pass_on(sink: Any) -> None:
            with self._engine.fetch(text, _accept(form), **graphs) as fetched:
                _pass_on(fetched, form, sink)

        return _response(form, self._config, pass_on)

    def _update(self, request: Request) -> Response:
        given = parameters.read(request, "update")
        text = given.text
        if text is None:
            raise RequestError(400, "Wrong request", "the request holds no update: add update=…")
        parameters.nodes(given.default_graphs, "using-graph-uri")
        parameters.nodes(given.named_graphs, "using-named-graph-uri")
        _refuse_conditions(request)
        self._engine.update(
            text,
            using_graphs=given.default_graphs,
            using_named_graphs=given.named_graphs,
        )
        return Response(204, [])

    # Graph Store HTTP Protocol

    def _graph(self, request: Request) -> Response:
        target = graph_store.target_of(request, self._context)
        name = target.node.value if isinstance(target.node, ox.NamedNode) else None
        if request.method not in _CHANGES:
            return self._read_graph(request, target, name)
        if self._engine.graph_store_url is None:
            detail = "no graph store is known here; use /update, or see --graph-store-address"
            raise RequestError(501, "No graph store", detail)
        _refuse_conditions(request)
        if target.node is not None:
            if request.method == "DELETE":
                self._engine.delete_graph(name)
                return Response(204, [])
            return self._write_graph(request, name, request.method == "PUT")
        if request.method != "POST":
            detail = f"{request.method} needs a graph: add ?graph=IRI or ?default to the address"
            allow = [("Allow", "GET, HEAD, POST, OPTIONS")]
            raise RequestError(405, "Method not allowed", detail, headers=allow)
        namespace = self._config.graph_namespace or f"{request.base}/store/"
        return self._write_graph(request, f"{namespace}{uuid.uuid4()}", replace=True)

    def _read_graph(
        self, request: Request, target: graph_store.Target, name: str | None
    ) -> Response:
        whole = target.node is None
        accept = request.headers.get("accept")
        form = choose(accept, target.forms, "dataset" if whole else "graph")
        if whole:
            engine_form = form.engine
            assert isinstance(engine_form, ox.RdfFormat)  # noqa: S101 - only such are on offer
            return _response(form, self._config, lambda sink: self._engine.dump(sink, engine_form))
        if name is not None and not self._engine.has_graph(name):
            raise RequestError(404, "No such graph", f"there is no graph {target.name}")
        pattern = "?s ?p ?o" if name is None else f"GRAPH {target.node} {{ ?s ?p ?o }}"
        text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {pattern} }}"

        def pass_on(sink: Any) -> None:
            direct = self._engine.graph_store_url is not None
            accept = _accept(form)
            with (
                self._engine.get_graph(name, accept) if direct else self._engine.fetch(text, accept)
            ) as fetched:
                _pass_on(fetched, form, sink)

        return _response(form, self._config, pass_on)

    def _write_graph(self, request: Request, name: str | None, replace: bool) -> Response:
        base_iri = name or self._config.base_iri
        documents = []
        if request.body or (replace and "content-type" in request.headers):
            documents = graph_store.checked(request, self._context, base_iri, triples_only=True)
        # Several documents, packed ones and relative IRIs become one that any server reads:
        # N-Triples is Turtle.
        with tempfile.TemporaryFile() as body:
            for document in documents:
                quads = ox.parse(
                    document.open(), document.form, base_iri=base_iri, rename_blank_nodes=True
                )
                ox.serialize((quad.triple for quad in quads), body, ox.RdfFormat.N_TRIPLES)
            put = self._engine.put_graph if replace else self._engine.post_graph
            created = put(name, body, "text/turtle")
        if not created:
            return Response(204, [])
        return Response(201, [("Location", graph_store.address(request, self._context, base_iri))])

    # Service Description; VoID

    def _describe(
        self, request: Request, describe: Callable[[Request, Context], Response]
    ) -> Response:
        union, statistics = self._count()
        config = replace(self._config, default_graph="union" if union else "own")
        known: dict[str, object] = {"statistics": statistics}
        response = describe(request, replace(self._context, config=config, memory=known))
        response.headers = [line for line in response.headers if line[0] != "ETag"]
        return response

    def _count(self) -> tuple[bool, description.Statistics]:
        """Return whether the default graph is the union, as one statement tells, and the counts."""
        found = description.Statistics()
        ask = self._engine.query
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
        sink = Sink(write, config.max_result_bytes)
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
        raise RequestError(412, "Precondition failed", detail)
