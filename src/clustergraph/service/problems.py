"""Errors as problem documents (RFC 9457)."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from clustergraph.errors import (
    ClusterGraphError,
    QueryError,
    QueryRefusedError,
    QuerySyntaxError,
    RequestError,
    UnknownNameError,
    UsageError,
)

__all__ = ["on_error", "on_http_error"]


async def on_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error of clustergraph with the status that it stands for."""
    assert isinstance(error, ClusterGraphError)  # noqa: S101 - registered for it
    match error:
        case RequestError():
            return _document(error.status, error.title, error.detail, **error.more)
        case QuerySyntaxError():
            more = {"line": error.line, "column": error.column}
            return _document(400, "The query is not SPARQL", str(error), **more)
        case QueryRefusedError():
            return _document(400, "The query is refused", str(error))
        case UnknownNameError(kind="query"):
            return _document(404, "No such question", str(error))
        case UsageError():
            return _document(400, "The request is wrong", str(error))
        case QueryError():
            return _document(500, "The query failed", str(error))
        case _:
            return _document(500, "The service failed", str(error))


async def on_http_error(request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework refuses: unknown addresses, wrong methods."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    detail = str(error.detail)
    if error.status_code == 404:
        detail = f"nothing is at {request.url.path}; / says what is here"
    response = _document(error.status_code, str(error.detail), detail)
    response.headers.update(error.headers or {})
    return response


def _document(status: int, title: str, detail: str, **more: Any) -> JSONResponse:
    return JSONResponse(
        {"type": "about:blank", "title": title, "status": status, "detail": detail, **more},
        status,
        media_type="application/problem+json",
    )
