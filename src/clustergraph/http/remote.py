"""Handlers for a graph that another SPARQL server holds.

What strangers send meets the same guards, limits and parser as in front of the embedded engine,
and most handlers are the same: they ask the engine of their context. Only updates and whole graphs
are handled here.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

import pyoxigraph as ox

from clustergraph.http import routes
from clustergraph.http.codec import Job
from clustergraph.protocol import (
    Context,
    Handler,
    Request,
    Response,
    Sink,
    faults,
    graph_store,
    parameters,
)
from clustergraph.protocol.negotiation import choose
from clustergraph.quadstore.memory import hold
from clustergraph.quadstore.remote import RemoteEngine
from clustergraph.quadstore.transport import Credentials
from clustergraph.sparql import results
from clustergraph.vocab import BASE, GRAPH


def opener(job: Job, credentials: Credentials | None) -> Callable[[Mapping[str, Any]], Context]:
    """Return what makes the context of requests to another server.

    Args:
        job: of a worker in front of that server.
        credentials: what that server wants to see.
    """

    def open_context(target: Mapping[str, Any]) -> Context:
        engine = RemoteEngine(
            target["directory"],
            update_url=job.update_address,
            graph_store_url=job.graph_store_address,
            timeout_s=job.timeout_s,
            credentials=credentials,
            policy=job.config.policy(network=True),
        )
        # Only what parses and checks looks at the store: the graph itself is elsewhere.
        return Context(hold(()), 0, job.config, network=True, engine=engine)

    return open_context


def _engine(context: Context) -> RemoteEngine:
    assert isinstance(context.engine, RemoteEngine)  # noqa: S101 - see `opener`
    return context.engine


def _update(request: Request, context: Context) -> Response:
    given = parameters.read(request, "update")
    if given.text is None:
        raise faults.bad_request("the request holds no update: add update=…")
    _refuse_conditions(request)
    _engine(context).update(
        given.text, using_graphs=given.default_graphs, using_named_graphs=given.named_graphs
    )
    return Response(204, [])


# Graph Store HTTP Protocol


def _read(request: Request, context: Context) -> Response:
    engine = _engine(context)
    target = graph_store.target_of(request)
    whole = target.node is None
    form = choose(request.headers.get("accept"), target.forms, "dataset" if whole else "graph")
    engine_form = form.engine
    assert isinstance(engine_form, ox.RdfFormat)  # noqa: S101 - only such are on offer
    if target.iri is not None and not engine.has_graph(target.iri):
        raise faults.not_found(f"there is no graph {target.name}")

    def stream(sink: Sink) -> None:
        if whole:
            engine.dump(sink, engine_form)  # type: ignore[arg-type]
        else:
            results.write(engine.get_graph(target.iri), form, sink)  # type: ignore[arg-type]

    return Response(200, [("Content-Type", form.content_type), ("Vary", "Accept")], stream)


def _change(request: Request, context: Context) -> Response:
    engine = _engine(context)
    target = graph_store.target_of(request)
    if engine.graph_store_url is None:
        detail = "no graph store is known here; use /update, or see --graph-store-address"
        raise faults.fault("Not implemented", detail)
    _refuse_conditions(request)
    if target.node is not None:
        if request.method == "DELETE":
            engine.delete_graph(target.iri)
            return Response(204, [])
        return _write(request, context, target.iri, request.method == "PUT")
    graph_store.refuse_without_graph(request.method)
    return _write(request, context, f"{GRAPH}{uuid.uuid4()}", replace=True)


def _write(request: Request, context: Context, name: str | None, replace: bool) -> Response:
    engine = _engine(context)
    base_iri = name or BASE
    documents = []
    if request.body or (replace and "content-type" in request.headers):
        documents = graph_store.checked(request, context, base_iri, triples_only=True)
    # Several documents, packed ones and relative IRIs become one that any server reads:
    # N-Triples is Turtle.
    with tempfile.TemporaryFile() as body:
        for document in documents:
            triples = (quad.triple for quad in document.quads())
            ox.serialize(triples, body, ox.RdfFormat.N_TRIPLES)
        put = engine.put_graph if replace else engine.post_graph
        created = put(name, body, "text/turtle")
    if not created:
        return Response(204, [])
    return Response(201, [("Location", graph_store.address(request, base_iri))])


def _refuse_conditions(request: Request) -> None:
    if "if-match" in request.headers or "if-none-match" in request.headers:
        detail = "the other server's generations are not known here: write without a precondition"
        raise faults.fault("Precondition failed", detail)


READERS: Final[Mapping[str, Handler]] = {**routes.READERS, "store": _read}
"""The handlers of workers that read from another server, by operation."""
WRITERS: Final[Mapping[str, Handler]] = {"update": _update, "store-write": _change}
"""The handlers of workers that write to it."""
