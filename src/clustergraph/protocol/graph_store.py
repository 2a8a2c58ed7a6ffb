"""The SPARQL 1.1 Graph Store HTTP Protocol at ``/store``.

``/store?graph=IRI`` and ``/store?default`` name a graph indirectly (section 4.2), ``/store/name``
directly (section 4.1). The default graph is always the store's own, also where queries see the
union of all graphs: what was put there is what comes back. ``/store`` alone is the whole store.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph.errors import QueryError, RequestError, StoreError, near
from clustergraph.protocol import (
    Change,
    Context,
    Request,
    Response,
    Sink,
    drop_idle_prefixes,
    faults,
    parameters,
    uploads,
)
from clustergraph.protocol.negotiation import choose
from clustergraph.protocol.parameters import shown
from clustergraph.protocol.preconditions import check, http_date
from clustergraph.quadstore.delta import Changed, drop_graph, fill_graph
from clustergraph.sparql.answers import holdable, holds_all
from clustergraph.sparql.results import Format
from clustergraph.vocab import BASE, GRAPH, PREFIXES


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about.

    Attributes:
        node: the graph; None: the whole store.
        forms: the names of formats that the address gives, in order.
    """

    node: ox.NamedNode | ox.DefaultGraph | None
    forms: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return str(self.node) if isinstance(self.node, ox.NamedNode) else "the default graph"

    @property
    def iri(self) -> str | None:
        """The IRI of the graph; None: it has none."""
        return self.node.value if isinstance(self.node, ox.NamedNode) else None

    def exists(self, store: ox.Store) -> bool:
        """Say whether it is there; the default graph always is."""
        return not isinstance(self.node, ox.NamedNode) or store.contains_named_graph(self.node)


def answer(request: Request, context: Context) -> Response | Change:
    """Read a graph, or read and check a change to one.

    Raises:
        ClusterGraphError: the request cannot be done.
    """
    target = target_of(request)
    if request.method in ("GET", "HEAD"):
        return _get(request, context, target)
    if target.node is None:
        refuse_without_graph(request.method)
    if not context.config.writable:
        raise faults.read_only()
    match request.method:
        case "POST" if target.node is None:
            return _create(request, context)
        case "DELETE":
            return _delete(request, context, target)
        case method:
            return _write(request, context, target, replace=method == "PUT")


def refuse_without_graph(method: str) -> None:
    """Refuse what the store as a whole does not take.

    Raises:
        RequestError: the method needs a graph (405).
    """
    if method != "POST":
        detail = f"{method} needs a graph: add ?graph=IRI or ?default to the address"
        headers = [("Allow", "GET, HEAD, POST, OPTIONS")]
        raise faults.fault("Method not allowed", detail, headers=headers)


def target_of(request: Request) -> Target:
    """Return what a request is about.

    Raises:
        RequestError: its address names no graph properly (400), or more than one.
    """
    graphs: list[str] = []
    default = False
    forms: tuple[str, ...] = ()
    for name, value in parameters.fields(request.query_string):
        if name == b"graph":
            graphs.append(_permanent(parameters.decode(value), request))
        elif name == b"default":
            default = True
        elif name == b"format":
            forms = (*forms, parameters.decode(value))
    if "graph" in request.parameters:
        graphs.append(_direct(request))
    if len(graphs) + default > 1:
        detail = "the address names more than one graph; name one: ?graph=IRI or ?default"
        raise faults.bad_request(detail)
    if default:
        return Target(ox.DefaultGraph(), forms)
    if not graphs:
        return Target(None, forms)
    return Target(parameters.node(graphs[0], "graph"), forms)


def _permanent(iri: str, request: Request) -> str:
    """Return a graph's own IRI for the address by which it can be named directly."""
    here = f"{request.base}/store/"
    return GRAPH + iri[len(here) :] if iri.startswith(here) else iri


def _direct(request: Request) -> str:
    """Return the IRI of the graph that the path names, percent-encoded as it was sent."""
    _, _, name = request.raw_path.removeprefix("/").partition("/")
    return GRAPH + (name or quote(request.parameters["graph"]))


def _get(request: Request, context: Context, target: Target) -> Response:
    store = context.store
    if not target.exists(store):
        raise _unknown(store, target)
    form = choose(
        request.headers.get("accept"), target.forms, "dataset" if target.node is None else "graph"
    )
    headers = [("Content-Type", form.content_type), ("Vary", "Accept")]
    headers.append(("Cache-Control", "no-cache"))
    if context.committed_at is not None:
        headers.append(("Last-Modified", http_date(context.committed_at)))
    return Response(200, headers, lambda sink: _dump(sink, context, target, form), cacheable=True)


def _dump(sink: Sink, context: Context, target: Target, form: Format) -> None:
    assert isinstance(form.engine, ox.RdfFormat)  # noqa: S101 - only such are on offer
    readable = form.name in ("turtle", "trig")
    prefixes = dict(PREFIXES) if readable else None
    try:
        if holds_all(form.engine):
            context.store.dump(sink, form.engine, from_graph=target.node, prefixes=prefixes)  # type: ignore[arg-type]
        else:
            quads = context.store.quads_for_pattern(None, None, None, target.node)
            whole = target.node is None
            statements = holdable(quads if whole else (quad.triple for quad in quads), form.engine)
            ox.serialize(statements, sink, form.engine, prefixes=prefixes)  # type: ignore[arg-type]
    except (RuntimeError, OSError, ValueError) as error:
        if sink.broken:
            raise
        raise QueryError(f"{target.name} could not be read: {error}") from error
    if readable:
        sink.rewrite(drop_idle_prefixes)


def _write(request: Request, context: Context, target: Target, *, replace: bool) -> Change:
    node = target.node
    base_iri = node.value if isinstance(node, ox.NamedNode) else BASE
    documents: list[uploads.Document] = []
    # Nothing sent without a type, or to be added, is no document (sections 5.3 and 5.5); with a
    # type it must be one, and nothing is none in XML or JSON.
    if request.body or (replace and "content-type" in request.headers):
        documents = checked(request, context, base_iri, triples_only=True)

    def apply(store: ox.Store, base: int) -> Changed[bool]:
        existed = target.exists(store)
        check(request, context, base, existed)
        assert node is not None  # noqa: S101 - the whole store is dealt with elsewhere
        try:
            delta = fill_graph(store, node, documents, replace=replace)
        except Exception as error:
            raise StoreError(f"{target.name} could not be written: {error}") from error
        return Changed(existed, delta)

    def respond(existed: object) -> Response:
        if existed:
            return Response(204, [])
        return Response(201, [("Location", address(request, base_iri))])

    return Change(apply, respond)


def _create(request: Request, context: Context) -> Response | Change:
    """Make a new graph of triples; quads go to the graphs that they name (section 5.5)."""
    if not request.body:
        return Response(204, [])
    name = str(uuid.uuid4())
    node = ox.NamedNode(GRAPH + name)
    documents = checked(request, context, node.value, triples_only=False)
    quads = any(
        document.form in (ox.RdfFormat.TRIG, ox.RdfFormat.N_QUADS) for document in documents
    )

    def apply(store: ox.Store, base: int) -> Changed[None]:
        check(request, context, base, exists=True)
        try:
            delta = fill_graph(store, None if quads else node, documents)
            return Changed(None, delta)
        except Exception as error:
            raise StoreError(f"the content could not be stored: {error}") from error

    def respond(_: object) -> Response:
        if quads:
            return Response(204, [])
        link = f'<{node.value}>; rel="canonical"'
        return Response(201, [("Location", f"{request.base}/store/{name}"), ("Link", link)])

    return Change(apply, respond)


def checked(
    request: Request, context: Context, base_iri: str, *, triples_only: bool
) -> list[uploads.Document]:
    """Return the documents that a request carries, each parsed to its end.

    Raises:
        RequestError: one is not what it claims to be.
    """
    documents = uploads.read(request, context.config, base_iri)
    for document in documents:
        document.check(triples_only=triples_only)
    return documents


def _delete(request: Request, context: Context, target: Target) -> Change:
    node = target.node
    assert node is not None  # noqa: S101 - the whole store is dealt with elsewhere

    def apply(store: ox.Store, base: int) -> Changed[None]:
        if not target.exists(store):
            raise _unknown(store, target)
        check(request, context, base, exists=True)
        try:
            return Changed(None, drop_graph(store, node))
        except OSError as error:
            raise StoreError(f"{target.name} could not be deleted: {error}") from error

    return Change(apply, lambda _: Response(204, []))


def address(request: Request, iri: str) -> str:
    """Return the address at which a graph can be read."""
    if iri.startswith(GRAPH) and iri != GRAPH:
        return f"{request.base}/store/{iri[len(GRAPH) :]}"
    return f"{request.base}/store?graph={quote(iri, safe='')}"


def _unknown(store: ox.Store, target: Target) -> RequestError:
    assert isinstance(target.node, ox.NamedNode)  # noqa: S101 - the default graph always exists
    known = [graph.value for graph in store.named_graphs() if isinstance(graph, ox.NamedNode)]
    close = near(target.node.value, known[:1000], limit=2)
    hint = f"; did you mean {' or '.join(f'<{iri}>' for iri in close)}?" if close else ""
    return faults.not_found(f"there is no graph {shown(target.name)}{hint}")
