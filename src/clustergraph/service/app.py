"""What the service offers besides SPARQL and pages: the ready questions.

Nothing here touches the graph: `Graph` passes on to the worker processes what they must answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, MutableMapping
from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

import clustergraph
from clustergraph import catalogue
from clustergraph.errors import ClusterGraphError
from clustergraph.service.api import describe_protocol, describe_questions
from clustergraph.service.problems import describe, document
from clustergraph.service.protocol.negotiation import prefers_html

__all__ = ["Graph", "create_app"]


class Graph(Protocol):
    """Whoever lets workers answer."""

    def relay(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> Awaitable[None]:
        """Answer a request as a worker does."""
        ...


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

    @app.get("/queries", summary="The ready questions")
    async def list_questions() -> JSONResponse:
        return JSONResponse([_entry(question) for question in catalogue.questions().values()])

    @app.get("/queries/{name}", include_in_schema=False)
    @app.get("/queries/{name}/choices", include_in_schema=False)
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


async def _on_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error of clustergraph with the status that it stands for."""
    assert isinstance(error, ClusterGraphError)  # noqa: S101 - registered for it
    return _response(*describe(error))


async def _on_http_error(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: unknown addresses, wrong methods."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    detail = str(error.detail)
    if error.status_code == 404:
        if request.method == "GET" and prefers_html(request.headers.get("accept")):
            # Workers make the page that says so.
            return _Relayed(request.app.state.graph)
        detail = f"nothing is at {request.url.path}; / says what is here"
    response = _response(*document(error.status_code, str(error.detail), detail))
    response.headers.update(error.headers or {})
    return response


def _response(status: int, document: dict[str, Any]) -> JSONResponse:
    return JSONResponse(document, status, media_type="application/problem+json")
