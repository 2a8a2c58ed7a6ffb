"""The addresses of the service: /sparql, /queries, /health, and / that says so."""

from __future__ import annotations

import asyncio
import io
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

import clustergraph
from clustergraph import answers, catalogue
from clustergraph.errors import ClusterGraphError, RequestError
from clustergraph.service.home import page, summary
from clustergraph.service.negotiation import choose, prefers_html
from clustergraph.service.problems import on_error, on_http_error
from clustergraph.settings import MAX_QUERY_BYTES, QUERY_STACK_BYTES, QUERY_THREADS
from clustergraph.store import Answer, Engine
from clustergraph.store.guard import limit_size

__all__ = ["create_app"]

_FORM: Final = "application/x-www-form-urlencoded"
_QUERY: Final = "application/sparql-query"
_UPDATE: Final = "application/sparql-update"
# A form writes each byte as up to three.
_MAX_BODY_BYTES: Final = 4 * MAX_QUERY_BYTES

T = TypeVar("T")
Pairs = Sequence[tuple[str, str]]


def create_app(engine: Engine) -> FastAPI:
    """Return the service over an open graph, as an ASGI application.

    Queries run in threads of their own, so that a long one does not hold up the others; see
    `clustergraph.settings` for the limits.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = _query_threads()
        yield
        app.state.pool.shutdown(wait=False, cancel_futures=True)

    app = FastAPI(
        title="clustergraph",
        summary="A knowledge graph of cluster policy",
        version=clustergraph.__version__,
        lifespan=lifespan,
        # Their pages load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
    )
    app.add_exception_handler(ClusterGraphError, on_error)
    app.add_exception_handler(HTTPException, on_http_error)

    async def in_thread(work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(app.state.pool, work)

    async def respond(
        request: Request, formats: Sequence[str], ask: Callable[[], Answer]
    ) -> Response:
        accept = request.headers.get("accept")

        def written() -> Response:
            answer = ask()
            form = choose(accept, answers.is_triples(answer), formats)
            body = io.BytesIO()
            answers.write(answer, form, body)
            headers = {"Vary": "Accept", "Content-Type": form.content_type}
            return Response(body.getvalue(), headers=headers)

        def work() -> Response:
            try:
                return written()
            except Exception as error:
                # The engine wants its answers dropped in the thread that asked; the error's
                # traceback would carry them into another.
                traceback.clear_frames(error.__traceback__)
                raise

        return await in_thread(work)

    async def sparql(request: Request) -> Response:
        in_address = request.query_params.multi_items()
        if request.method != "POST":
            return await evaluate(request, in_address)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type == _FORM:
            return await evaluate(request, [*in_address, *_form(await _body(request))])
        if media_type == _QUERY:
            return await evaluate(request, [*in_address, ("query", _text(await _body(request)))])
        if media_type == _UPDATE:
            raise _read_only()
        raise RequestError(
            415,
            "Unsupported media type",
            f"{media_type or 'a body without Content-Type'} is not a query: send {_QUERY}, or "
            f"{_FORM} with query=…",
        )

    app.add_route("/sparql", sparql, methods=["GET", "HEAD", "POST"])

    async def evaluate(request: Request, pairs: Pairs) -> Response:
        given = _grouped(pairs)
        if "update" in given:
            raise _read_only()
        texts = given.get("query", [])
        if len(texts) != 1:
            what = "no query: add query=…" if not texts else f"{len(texts)} queries; send one"
            raise RequestError(400, "The request is wrong", f"the request holds {what}")
        limit_size(texts[0])
        return await respond(
            request,
            given.get("format", []),
            lambda: engine.query(
                texts[0],
                default_graphs=given.get("default-graph-uri", []),
                named_graphs=given.get("named-graph-uri", []),
            ),
        )

    @app.get("/queries", summary="The ready questions")
    async def list_questions() -> JSONResponse:
        return JSONResponse([_entry(question) for question in catalogue.questions().values()])

    @app.get("/queries/{name}", summary="Ask a ready question")
    async def ask_question(name: str, request: Request) -> Response:
        question = catalogue.find(name)
        values = _grouped(request.query_params.multi_items())
        # A question may have a parameter of that name; then Accept alone decides.
        formats = [] if "format" in question.parameters else values.pop("format", [])
        return await respond(request, formats, lambda: catalogue.ask(question, engine, values))

    @app.get("/health", summary="Whether the service answers queries")
    async def health() -> JSONResponse:
        await in_thread(lambda: bool(engine.query("ASK {}")))
        return JSONResponse({"status": "ok", "version": clustergraph.__version__})

    @app.get("/", summary="What is here")
    async def home(request: Request) -> Response:
        content = await in_thread(lambda: summary(engine, str(request.base_url)))
        if prefers_html(request.headers.get("accept")):
            return HTMLResponse(page(content), headers={"Vary": "Accept"})
        return JSONResponse(content, headers={"Vary": "Accept"})

    return app


def _query_threads() -> ThreadPoolExecutor:
    """Return a pool whose threads are started and have the stack that the parser may need."""
    # The size holds for the threads started from now on, so they all start here.
    before = threading.stack_size(QUERY_STACK_BYTES)
    try:
        pool = ThreadPoolExecutor(QUERY_THREADS, "query")
        started = threading.Barrier(QUERY_THREADS + 1)
        for _ in range(QUERY_THREADS):
            pool.submit(started.wait)
        started.wait()
    finally:
        threading.stack_size(before)
    return pool


def _entry(question: catalogue.Question) -> dict[str, Any]:
    parameters = [
        {
            "name": parameter.name,
            "type": parameter.type,
            "description": parameter.description,
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
        "tags": list(question.tags),
        "parameters": parameters,
        "href": f"/queries/{question.name}",
    }


def _read_only() -> RequestError:
    return RequestError(
        403, "Read-only", "this service takes no updates; it answers queries at /sparql"
    )


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            detail = f"a query has at most {MAX_QUERY_BYTES:,} bytes"
            raise RequestError(413, "The request is too large", detail)
    return bytes(body)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"the query is not UTF-8 (byte {error.start + 1})"
        raise RequestError(400, "The request is wrong", detail) from error


def _form(body: bytes) -> Pairs:
    try:
        return parse_qsl(_text(body), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        detail = f"the form is not well-formed: {error}"
        raise RequestError(400, "The request is wrong", detail) from error


def _grouped(pairs: Pairs) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped
