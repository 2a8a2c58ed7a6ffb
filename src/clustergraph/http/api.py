"""The application behind the gateway (FastAPI): the service's own state, and its description.

Workers answer everything else. Their routes are declared here as well, so that FastAPI describes
them in ``/openapi.json``; requests for them never get this far.
"""

from __future__ import annotations

from typing import Final, Protocol

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from clustergraph import artefacts
from clustergraph.errors import RequestError
from clustergraph.http import openapi
from clustergraph.http.metrics import Metrics
from clustergraph.http.options import Options
from clustergraph.http.responder import Responder
from clustergraph.questions import catalogue
from clustergraph.workers.pool import Pool

__all__ = ["Service", "State", "create_app"]

# How long another server may take to say that it is there.
_READY_S: Final = 5.0
_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Service(Protocol):
    """What the application looks at."""

    options: Options
    readers: Pool
    responder: Responder
    metrics: Metrics


class State(BaseModel):
    """The state of the service."""

    status: str
    version: str
    generation: int | None


def create_app() -> FastAPI:
    """Return the application; its ``state.service`` has to be set before it is asked."""
    app = FastAPI(
        title="clustergraph",
        summary="A knowledge graph of cluster policy",
        version=artefacts.version(),
        # Their pages load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )

    def state(status: str) -> JSONResponse:
        service: Service = app.state.service
        number = None if service.options.remote else service.readers.target.number
        found = State(status=status, version=artefacts.version(), generation=number)
        code = 200 if status == "ok" else 503
        return JSONResponse(found.model_dump(), code, {"Cache-Control": "no-store"})

    @app.head("/health", include_in_schema=False)
    @app.get("/health", tags=["service"], response_model=State)
    async def health() -> Response:
        """Return whether the process lives and has workers."""
        service: Service = app.state.service
        return state("ok" if service.readers.ready else "no worker is ready")

    @app.head("/ready", include_in_schema=False)
    @app.get("/ready", tags=["service"], response_model=State)
    async def ready() -> Response:
        """Return whether the service can answer; asks the server behind it, if there is one."""
        service: Service = app.state.service
        if not service.readers.ready:
            return state("no worker is ready")
        if service.options.remote:
            limit_s = min(_READY_S, service.options.query_timeout_s)
            try:
                await service.responder.consult("ready", limit_s)
            except RequestError as error:
                return state(str(error))
        return state("ok")

    @app.head("/metrics", include_in_schema=False)
    @app.get("/metrics", tags=["service"], response_class=Response)
    async def metrics() -> Response:
        """Return figures for Prometheus."""
        service: Service = app.state.service
        headers = {"Cache-Control": "no-store"}
        return Response(service.metrics.render(), media_type=_METRICS_TYPE, headers=headers)

    openapi.declare(app, catalogue.questions().values())
    return app
