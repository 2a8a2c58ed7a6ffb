"""From a request to its response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from clustergraph.errors import ClusterGraphError, RequestError
from clustergraph.protocol import problems, query
from clustergraph.protocol.messages import Change, Context, Outlet, Request, Response

__all__ = ["deliver", "handle", "prepare"]

VOID: Final = "/.well-known/void"


def handle(request: Request, context: Context) -> Response:
    """Return the response to a request; errors come as problem documents.

    A write is committed before this returns. Paths that the protocols do not know go to
    ``context.others``.
    """
    try:
        if request.path == "/sparql":
            response = query.answer(request, context)
        else:
            found = _route(request, context)
            response = found if isinstance(found, Response) else _commit(found, context)
    except ClusterGraphError as error:
        response = problems.respond(error, request)
    if response.body and request.method == "HEAD":
        response.body = b""
    return response


def prepare(request: Request, context: Context) -> Response | Change:
    """Return a write, read and checked, for whoever commits several of them together.

    What is no write, or cannot be done, is a response at once. What `Change.apply` raises later
    becomes a response by `problems.respond`.
    """
    try:
        return _route(request, context)
    except ClusterGraphError as error:
        return problems.respond(error, request)


def _route(request: Request, context: Context) -> Response | Change:
    # Imported only where needed: most workers answer nothing but queries.
    path = request.path
    if path == "/sparql":
        return query.answer(request, context)
    if path == "/update":
        from clustergraph.protocol import update

        return update.answer(request, context)
    if path == "/store" or path.startswith("/store/"):
        from clustergraph.protocol import graph_store

        return graph_store.answer(request, context)
    if path == "/validate":
        from clustergraph.protocol import validating

        return validating.answer(request, context)
    if path == VOID:
        from clustergraph.protocol import description

        return description.void(request, context)
    if (other := context.others.get(path)) is not None:
        return other(request, context)
    raise RequestError(404, "Not found", f"nothing is at {path}")


def _commit(change: Change, context: Context) -> Response:
    if context.commit is None:
        raise AssertionError("a change without a way to commit it")  # the handlers see to it
    generation, changed = context.commit(change.apply)
    return change.respond(changed.result, generation)


def deliver(response: Response, outlet: Outlet) -> None:
    """Put a response into an outlet: in one piece if it is short, else streamed.

    Status and headers go out with the first chunk, not before. What fails until then is sent as
    a problem with a status of its own.

    Raises:
        Exception: whatever fails after the first chunk; the connection must then be broken, so
            that the client does not take the beginning for the whole.
    """
    body = response.body
    if isinstance(body, bytes):
        outlet.whole(response)
        return
    write = _Starting(response, outlet)
    try:
        last = body(write)
    except ClusterGraphError as error:
        if write.started or response.instead is None:
            raise
        outlet.whole(response.instead(error))
        return
    if write.started:
        outlet.end(last)
    else:
        response.body = last
        outlet.whole(response)


class _Starting:
    """Sends the head before the first chunk."""

    __slots__ = ("_data", "_outlet", "_response", "started")

    def __init__(self, response: Response, outlet: Outlet) -> None:
        self._response = response
        self._outlet = outlet
        self._data: Callable[[bytes], object] = outlet.data
        self.started = False

    def __call__(self, chunk: bytes) -> None:
        if not self.started:
            self._outlet.start(self._response)
            self.started = True
        self._data(chunk)
