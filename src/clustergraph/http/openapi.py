"""Declares the operations that workers answer, so that FastAPI describes them in its document.

Requests for them never get to FastAPI: the gateway lets workers answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI, Response, Security
from fastapi.security import HTTPBearer

from clustergraph.protocol import reports
from clustergraph.questions.catalogue import Question
from clustergraph.questions.parameters import Parameter, namespace
from clustergraph.sparql.lexer import query_form
from clustergraph.sparql.results import FORMATS

__all__ = ["declare"]

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


def declare(app: FastAPI, questions: Iterable[Question]) -> None:
    """Declare the operations of the protocols, then two for each ready question.

    Args:
        app: where they are declared.
        questions: the catalogue.
    """
    _declare_protocol(app)
    _add(
        app, "GET", "/queries", "list_questions", "The ready questions",
        _answers({"application/json": {}}), tag="questions",
    )  # fmt: skip
    for question in questions:
        _declare_question(app, question)
        if any(namespace(one.type) for one in question.parameters.values()):
            _declare_choices(app, question)


async def _answered_by_workers() -> Response:
    """Stand for what the gateway lets workers answer."""
    raise AssertionError("the gateway answers this route")


def _add(
    app: FastAPI,
    method: str,
    path: str,
    name: str,
    summary: str,
    responses: dict[int | str, dict[str, Any]],
    parameters: Sequence[Mapping[str, Any]] = (),
    content: Mapping[str, Any] | None = None,
    *,
    tag: str = "protocol",
    description: str = "",
    writes: bool = False,
) -> None:
    """Declare one operation.

    Args:
        app: where.
        method: of HTTP.
        path: of the address.
        name: of the operation, unique.
        summary: what it does, in one line.
        responses: by status, with description and content.
        parameters: of the address.
        content: of the request body, by media type.
        tag: the group that it belongs to.
        description: the same as ``summary``, at length.
        writes: whether it changes the graph, for which it needs the token.
    """
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


def _answers(
    content: Mapping[str, Any], *problems: int, words: str = "The answer."
) -> dict[int | str, dict[str, Any]]:
    found: dict[int | str, dict[str, Any]] = {200: {"description": words, "content": dict(content)}}
    return found | dict.fromkeys(problems, _PROBLEM)


def _declare_question(app: FastAPI, question: Question) -> None:
    triples = query_form(question.text) in ("CONSTRUCT", "DESCRIBE")
    forms = [form for form in FORMATS.values() if form.holds_triples == triples]
    parameters = [_parameter(one) for one in question.parameters.values()]
    taken = set(question.parameters)
    if "format" not in taken:
        parameters.append(_format([form.name for form in forms]))
    if not triples and query_form(question.text) == "SELECT":
        pages = {
            "page": ("A page of the answer, from 1; the header Link leads to the others.", None),
            "size": ("Rows on a page.", 100),
        }
        for name, (words, default) in pages.items():
            if name not in taken:
                kind: dict[str, Any] = {"type": "integer", "minimum": 1}
                parameters.append(
                    _plain(name, words, kind | ({"default": default} if default else {}))
                )
    _add(
        app,
        "GET",
        f"/queries/{question.name}",
        question.name,
        question.summary,
        _answers({form.media_type: {} for form in forms}, 400, 404, 406),
        parameters,
        tag=next(iter(question.tags), question.kind),
        description=question.description,
    )


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
    match schema["type"]:
        case "integer":
            return int(value)
        case "number":
            return float(value)
        case "boolean":
            return value == "true"
        case _:
            return value


def _plain(name: str, words: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": words, "schema": dict(schema)}


def _format(names: Iterable[str]) -> dict[str, Any]:
    words = "How the answer is written; otherwise Accept decides."
    return _plain("format", words, {"type": "string", "enum": list(names)})


def _declare_choices(app: FastAPI, question: Question) -> None:
    _add(
        app,
        "GET",
        f"/queries/{question.name}/choices",
        f"{question.name}-choices",
        f"What may be filled in: {question.summary}",
        _answers(
            {"application/json": {"schema": {"type": "object"}}},
            words="Values and labels, by parameter.",
        ),
        [_plain("lang", "The language of the labels.", {"type": "string", "default": "en"})],
        tag=next(iter(question.tags), question.kind),
    )


_SYNTAXES: Final = (
    "text/turtle", "application/trig", "application/n-triples", "application/n-quads",
    "application/rdf+xml", "application/ld+json", "text/n3",
)  # fmt: skip
_DATA: Final[Mapping[str, Any]] = {media_type: {} for media_type in _SYNTAXES}
_FORM: Final = "application/x-www-form-urlencoded"
_REPORTS: Final[Mapping[str, Any]] = {form.media_type: {} for form in reports.FORMATS}
_WRITTEN: Final[dict[int | str, dict[str, Any]]] = {
    204: {"description": "Done, and durable."},
    400: _PROBLEM,
    401: _PROBLEM,
    422: {
        "description": "The change would add a violation, and nothing of it was done.",
        "content": dict(_REPORTS),
    },
}
_WHICH: Final[list[dict[str, Any]]] = [
    {
        "name": "graph", "in": "query", "description": "The graph that is meant.",
        "schema": {"type": "string", "format": "iri"},
    },
    {
        "name": "default", "in": "query", "description": "The default graph is meant.",
        "schema": {"type": "string"}, "allowEmptyValue": True,
    },
]  # fmt: skip


def _declare_protocol(app: FastAPI) -> None:
    found = _answers({form.media_type: {} for form in FORMATS.values()}, 400, 406)
    form = _format([form.name for form in FORMATS.values()])
    query = _plain("query", "The query.", {"type": "string"})
    words = "Ask in SPARQL 1.1"
    _add(app, "GET", "/sparql", "query-by-get", words, found, [query, form])
    sent: dict[str, Any] = {"application/sparql-query": {}, _FORM: {}}
    _add(app, "POST", "/sparql", "query-by-post", words, found, [form], sent)
    sent = {"application/sparql-update": {}, _FORM: {}}
    _add(app, "POST", "/update", "update", "Change the graph", _WRITTEN, [], sent, writes=True)
    read = _answers(_DATA, 404, 406)
    _add(app, "GET", "/store", "read-graph", "Read a graph", read, _WHICH)
    created = {201: {"description": "Done: the graph is new."}, **_WRITTEN}
    deleted = {**_WRITTEN, 404: _PROBLEM}
    for method, name, summary, responses, content in (
        ("PUT", "replace-graph", "Replace a graph", created, _DATA),
        ("POST", "add-to-graph", "Add to a graph", created, _DATA),
        ("DELETE", "delete-graph", "Delete a graph", deleted, None),
    ):
        _add(app, method, "/store", name, summary, responses, _WHICH, content, writes=True)
    _declare_validation(app)


def _declare_validation(app: FastAPI) -> None:
    texts = {
        "type": "array",
        "items": {"type": "string", "contentMediaType": "text/turtle"},
    }
    form = {
        "schema": {
            "type": "object",
            "properties": {
                "data": {**texts, "description": "Data; any other field holds data too."},
                "shapes": {
                    **texts,
                    "description": "Shapes to validate with, unless the service fixes them.",
                },
            },
            "required": ["data"],
        }
    }
    context = _plain(
        "context",
        "Whether what the graph states of things that the data name counts; by default it does "
        "unless shapes are sent.",
        {"type": "string", "enum": ["graph", "none"]},
    )
    written = "How the report is written; otherwise Accept decides."
    _add(
        app,
        "POST",
        "/validate",
        "validate",
        "Validate data with the shapes; nothing is stored",
        _answers(
            _REPORTS, 400, 403, 406, 413, words="The report, whether the data conform or not."
        ),
        [
            _plain(
                "format",
                written,
                {"type": "string", "enum": [form.name for form in reports.FORMATS]},
            ),
            context,
        ],
        {**_DATA, "multipart/form-data": form},
    )
