"""What the service offers besides SPARQL and pages: the ready questions.

Nothing here touches the graph: `Graph` passes on to the worker processes what they must answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, MutableMapping
from typing import Any, Final, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import clustergraph
from clustergraph.errors import ClusterGraphError
from clustergraph.http.api import describe_protocol, describe_questions
from clustergraph.protocol import problems
from clustergraph.protocol.negotiation import prefers_html
from clustergraph.questions import catalogue

__all__ = ["Graph", "create_app"]

_READS: Final = ["GET", "HEAD"]


class Graph(Protocol):
    """Whoever lets workers answer."""

    def relay(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> Awaitable[None]:
        """Answer a request as a worker does."""
        ...


class _Open:
    """Lets scripts of other origins read what is behind it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def opened(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("Access-Control-Allow-Origin", "*")
            await send(message)

        await self._app(scope, receive, opened)


class _Relayed(Response):
    """A response that a worker makes."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self._graph = graph

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await self._graph.relay(scope, receive, send)


def create_app() -> FastAPI:
    """Return the application; its ``state.graph`` has to be set before it is asked."""
    app = FastAPI(
        title="clustergraph",
        summary="A knowledge graph of cluster policy",
        version=clustergraph.__version__,
        # Their pages load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
    )
    app.add_exception_handler(ClusterGraphError, _on_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_middleware(_Open)

    @app.head("/queries", include_in_schema=False)
    @app.get("/queries", summary="The ready questions")
    async def list_questions() -> JSONResponse:
        return JSONResponse([_entry(question) for question in catalogue.questions().values()])

    @app.api_route("/queries/{name}", methods=_READS, include_in_schema=False)
    @app.api_route("/queries/{name}/choices", methods=_READS, include_in_schema=False)
    async def ask_question(name: str) -> Response:
        return _Relayed(app.state.graph)

    undescribed = app.openapi

    def describe_all() -> dict[str, Any]:
        if app.openapi_schema is None:
            describe_protocol(describe_questions(undescribed()))
        assert app.openapi_schema is not None  # noqa: S101 - made just now
        return app.openapi_schema

    app.openapi = describe_all  # type: ignore[method-assign]
    return app


def _entry(question: catalogue.Question) -> dict[str, Any]:
    parameters = [
        {
            "name": parameter.name,
            "type": parameter.type,
            "description": parameter.description,
            "description_cs": parameter.description_cs,
            "default": list(parameter.default),
            "optional": parameter.optional,
            "several": parameter.several,
            "choices": list(parameter.choices),
        }
        for parameter in question.parameters.values()
    ]
    return {
        "name": question.name,
        "kind": question.kind,
        "summary": question.summary,
        "summary_cs": question.summary_cs,
        "tags": list(question.tags),
        "parameters": parameters,
        "href": f"/queries/{question.name}",
    }


async def _on_error(request: Request, error: Exception) -> Response:
    """Answer an error of clustergraph with the status that it stands for."""
    assert isinstance(error, ClusterGraphError)  # noqa: S101 - registered for it
    status, members = problems.describe(error)
    return _refusal(request, status, members["title"], members["detail"])


async def _on_http_error(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: unknown addresses, wrong methods."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    if error.status_code == 405:
        return _told_methods(request, error)
    if error.status_code == 404:
        if request.method == "GET" and prefers_html(request.headers.get("accept")):
            # Workers make the page that says so.
            return _Relayed(request.app.state.graph)
        detail = f"nothing is at {request.url.path}; / says what is here"
        return _refusal(request, 404, "Not found", detail)
    return _refusal(request, error.status_code, "The request is wrong", str(error.detail))


def _told_methods(request: Request, error: HTTPException) -> Response:
    """Say what may be done at an address: that is what OPTIONS asks for."""
    allowed = ", ".join([*_READS, "OPTIONS"])
    if request.method == "OPTIONS":
        return Response(
            status_code=204, headers={"Allow": allowed, "Access-Control-Allow-Methods": allowed}
        )
    response = _refusal(request, 405, "Method not allowed", f"{request.url.path} takes {allowed}")
    response.headers["Allow"] = allowed
    return response


def _refusal(request: Request, status: int, title: str, detail: str) -> Response:
    accept = request.headers.get("accept")
    said = problems.document(status, title, detail, accept)
    return Response(said.body, status, dict(said.headers))
