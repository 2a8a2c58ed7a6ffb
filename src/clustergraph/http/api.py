"""The application behind the gateway (FastAPI): the service's own state, and its description.

Workers answer everything else. Their routes are declared here as well, so that FastAPI describes
them in ``/openapi.json``; the gateway lets workers answer requests for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias

from fastapi import FastAPI, Response, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from clustergraph import artefacts
from clustergraph.errors import RequestError
from clustergraph.http.metrics import Metrics
from clustergraph.http.options import Options
from clustergraph.http.responder import Responder
from clustergraph.protocol import problems
from clustergraph.questions import catalogue
from clustergraph.questions.catalogue import Question
from clustergraph.questions.parameters import Parameter, namespace
from clustergraph.sparql.lexer import query_form
from clustergraph.sparql.results import FORMATS
from clustergraph.workers.pool import Pool

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


def create_app(service: Service) -> FastAPI:
    """Return the application of a service."""
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
        number = None if service.options.remote else service.readers.target.number
        found = State(status=status, version=artefacts.version(), generation=number)
        code = 200 if status == "ok" else 503
        return JSONResponse(found.model_dump(), code, {"Cache-Control": "no-store"})

    @app.head("/health", include_in_schema=False)
    @app.get("/health", tags=["service"], response_model=State)
    async def health() -> Response:
        """Return whether the process lives and has workers."""
        return state("ok" if service.readers.ready else "no worker is ready")

    @app.head("/ready", include_in_schema=False)
    @app.get("/ready", tags=["service"], response_model=State)
    async def ready() -> Response:
        """Return whether the service can answer; asks the server behind it, if there is one."""
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
        headers = {"Cache-Control": "no-store"}
        return Response(service.metrics.render(), media_type=_METRICS_TYPE, headers=headers)

    return app


_Schema: TypeAlias = Mapping[str, Any]
_Responses: TypeAlias = dict[int | str, dict[str, Any]]

_TOKEN: Final = Security(HTTPBearer(auto_error=False, scheme_name="token"))
_SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "decimal": {"type": "number"},
    "integer": {"type": "integer"},
    "iri": {"type": "string", "format": "iri"},
    "lang": {"type": "string", "examples": ["en", "cs"]},
    "year": {"type": "string", "pattern": "^[0-9]{4}$"},
}
_PROBLEM: Final = {
    "description": "What is wrong, where, and what to do (RFC 9457).",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["status", "title", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "status": {"type": "integer"},
                    "title": {"type": "string"},
                    "detail": {"type": "string"},
                },
            }
        }
    },
}


def declare(app: FastAPI) -> None:
    """Declare what workers answer: the protocols, then each ready question.

    It takes a moment, and only the description of the interface needs it.
    """
    for operation in _PROTOCOL:
        _add(app, *operation)
    _add(
        app, "GET", "/queries", "list_questions", "The ready questions",
        _answers({"application/json": {}}), tag="questions",
    )  # fmt: skip
    for question in catalogue.questions().values():
        _declare_question(app, question)


async def _answered_by_workers() -> Response:
    """Stand for what the gateway lets workers answer."""
    raise AssertionError("the gateway answers this route")


def _add(
    app: FastAPI,
    method: str,
    path: str,
    name: str,
    summary: str,
    responses: _Responses,
    parameters: Sequence[_Schema] = (),
    content: _Schema | None = None,
    *,
    tag: str = "protocol",
    description: str = "",
) -> None:
    writes = 204 in responses
    extra: dict[str, Any] = {"parameters": [*parameters]} if parameters else {}
    if content is not None:
        extra["requestBody"] = {"required": True, "content": dict(content)}
    app.add_api_route(
        path,
        _answered_by_workers,
        methods=[method],
        operation_id=name,
        summary=summary,
        description=description,
        tags=[tag],
        status_code=204 if writes else 200,
        responses=responses,
        response_class=Response,
        dependencies=[_TOKEN] if writes else None,
        openapi_extra=extra,
    )


def _answers(content: _Schema, *problems: int, words: str = "The answer.") -> _Responses:
    found: _Responses = {200: {"description": words, "content": dict(content)}}
    return found | dict.fromkeys(problems, _PROBLEM)


def _declare_question(app: FastAPI, question: Question) -> None:
    path, tag = f"/queries/{question.name}", next(iter(question.tags), question.kind)
    answered = query_form(question.text)
    triples = answered in ("CONSTRUCT", "DESCRIBE")
    forms = [form for form in FORMATS.values() if form.holds_triples == triples]
    parameters = [_format([form.name for form in forms])]
    if answered == "SELECT":
        words = "A page of the answer, from 1; the header Link leads to the others."
        parameters.append(_plain("page", words, {"type": "integer", "minimum": 1}))
        size = {"type": "integer", "minimum": 1, "default": 100}
        parameters.append(_plain("size", "Rows on a page.", size))
    own = question.parameters
    _add(
        app, "GET", path, question.name, question.summary,
        _answers({form.media_type: {} for form in forms}, 400, 404, 406),
        # A question may have a parameter of such a name itself.
        [
            *map(_parameter, own.values()),
            *(parameter for parameter in parameters if parameter["name"] not in own),
        ],
        tag=tag, description=question.description,
    )  # fmt: skip
    if any(namespace(one.type) for one in own.values()):
        _add(
            app, "GET", f"{path}/choices", f"{question.name}-choices",
            f"What may be filled in: {question.summary}",
            _answers(
                {"application/json": {"schema": {"type": "object"}}},
                words="Values and labels, by parameter.",
            ),
            [_plain("lang", "The language of the labels.", {"type": "string", "default": "en"})],
            tag=tag,
        )  # fmt: skip


def _parameter(parameter: Parameter) -> dict[str, Any]:
    one: dict[str, Any] = dict(_SCHEMAS.get(parameter.type, {"type": "string"}))
    if parameter.choices:
        one["enum"] = [_typed(choice, one) for choice in parameter.choices]
    default = [_typed(value, one) for value in parameter.default]
    schema: dict[str, Any] = {"type": "array", "items": one} if parameter.several else one
    if default:
        schema["default"] = default if parameter.several else default[0]
    words = parameter.description
    if parameter.optional:
        words += "; all: no condition"
    described = _plain(parameter.name, words, schema)
    described["required"] = not (parameter.optional or parameter.default)
    if parameter.several:
        described |= {"style": "form", "explode": True}
    return described


def _typed(value: str, schema: Mapping[str, Any]) -> Any:
    return value if schema["type"] == "string" else json.loads(value)


def _plain(name: str, words: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": words, "schema": dict(schema)}


def _format(names: Iterable[str]) -> dict[str, Any]:
    words = "How the answer is written; otherwise Accept decides."
    return _plain("format", words, {"type": "string", "enum": list(names)})


_SYNTAXES: Final = (
    "text/turtle", "application/trig", "application/n-triples", "application/n-quads",
    "application/rdf+xml", "application/ld+json", "text/n3",
)  # fmt: skip
_DATA: Final[Mapping[str, Any]] = {media_type: {} for media_type in _SYNTAXES}
_FORM: Final = "application/x-www-form-urlencoded"
_REPORTS: Final[Mapping[str, Any]] = {form.media_type: {} for form in problems.REPORTS}
_WRITTEN: Final[_Responses] = {
    204: {"description": "Done, and durable."},
    400: _PROBLEM,
    401: _PROBLEM,
    422: {
        "description": "The change would add a violation, and nothing of it was done.",
        "content": dict(_REPORTS),
    },
}
_WHICH: Final = [
    _plain("graph", "The graph that is meant.", {"type": "string", "format": "iri"}),
    {
        **_plain("default", "The default graph is meant.", {"type": "string"}),
        "allowEmptyValue": True,
    },
]
_ASKED: Final = _answers({form.media_type: {} for form in FORMATS.values()}, 400, 406)
_QUERY_FORMAT: Final = _format([form.name for form in FORMATS.values()])
_CREATED: Final[_Responses] = {201: {"description": "Done: the graph is new."}, **_WRITTEN}
_TEXTS: Final[_Schema] = {
    "type": "array",
    "items": {"type": "string", "contentMediaType": "text/turtle"},
}
_VALIDATED: Final[_Schema] = {
    "schema": {
        "type": "object",
        "properties": {
            "data": {**_TEXTS, "description": "Data; any other field holds data too."},
            "shapes": {
                **_TEXTS,
                "description": "Shapes to validate with, unless the service fixes them.",
            },
        },
        "required": ["data"],
    }
}
# Method, path, name, summary, responses, parameters, content of the request.
_PROTOCOL: Final[
    tuple[tuple[str, str, str, str, _Responses, Sequence[_Schema], _Schema | None], ...]
] = (
    (
        "GET", "/sparql", "query-by-get", "Ask in SPARQL 1.1", _ASKED,
        [_plain("query", "The query.", {"type": "string"}), _QUERY_FORMAT], None,
    ),
    (
        "POST", "/sparql", "query-by-post", "Ask in SPARQL 1.1", _ASKED, [_QUERY_FORMAT],
        {"application/sparql-query": {}, _FORM: {}},
    ),
    (
        "POST", "/update", "update", "Change the graph", _WRITTEN, [],
        {"application/sparql-update": {}, _FORM: {}},
    ),
    ("GET", "/store", "read-graph", "Read a graph", _answers(_DATA, 404, 406), _WHICH, None),
    ("PUT", "/store", "replace-graph", "Replace a graph", _CREATED, _WHICH, _DATA),
    ("POST", "/store", "add-to-graph", "Add to a graph", _CREATED, _WHICH, _DATA),
    (
        "DELETE", "/store", "delete-graph", "Delete a graph", {**_WRITTEN, 404: _PROBLEM}, _WHICH,
        None,
    ),
    (
        "POST", "/validate", "validate", "Validate data with the shapes; nothing is stored",
        _answers(
            _REPORTS, 400, 403, 406, 413, words="The report, whether the data conform or not."
        ),
        [
            _plain(
                "format", "How the report is written; otherwise Accept decides.",
                {"type": "string", "enum": [form.name for form in problems.REPORTS]},
            ),
            _plain(
                "context",
                "Whether what the graph states of things that the data name counts; by default it "
                "does unless shapes are sent.",
                {"type": "string", "enum": ["graph", "none"]},
            ),
        ],
        {**_DATA, "multipart/form-data": _VALIDATED},
    ),
)  # fmt: skip
