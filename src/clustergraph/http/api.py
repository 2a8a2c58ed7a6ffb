"""The description of the service for programs: OpenAPI 3.1, one path to a question or operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clustergraph.protocol import reports
from clustergraph.questions import catalogue
from clustergraph.questions.catalogue import Question
from clustergraph.questions.parameters import Parameter, namespace
from clustergraph.sparql.lexer import query_form
from clustergraph.sparql.results import FORMATS

__all__ = ["describe_protocol", "describe_questions"]

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


def describe_questions(schema: dict[str, Any]) -> dict[str, Any]:
    """Add to an OpenAPI document a path for each ready question; return the document.

    Args:
        schema: the document; it is changed.
    """
    paths = schema.setdefault("paths", {})
    for question in catalogue.questions().values():
        paths[f"/queries/{question.name}"] = {"get": _operation(question)}
        if any(namespace(one.type) for one in question.parameters.values()):
            paths[f"/queries/{question.name}/choices"] = {"get": _choices(question)}
    return schema


def _operation(question: Question) -> dict[str, Any]:
    triples = query_form(question.text) in ("CONSTRUCT", "DESCRIBE")
    forms = [form for form in FORMATS.values() if form.holds_triples == triples]
    parameters = [_parameter(one) for one in question.parameters.values()]
    taken = set(question.parameters)
    if "format" not in taken:
        parameters.append(
            _plain("format", "How the answer is written; otherwise Accept decides.",
                   {"type": "string", "enum": [form.name for form in forms]})
        )  # fmt: skip
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
    return {
        "operationId": question.name,
        "summary": question.summary,
        "description": question.description,
        "tags": list(question.tags[:1]) or [question.kind],
        "parameters": parameters,
        "responses": {
            "200": {
                "description": "The answer.",
                "content": {form.media_type: {} for form in forms},
            },
            "400": _PROBLEM,
            "404": _PROBLEM,
            "406": _PROBLEM,
        },
    }


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


def _choices(question: Question) -> dict[str, Any]:
    return {
        "operationId": f"{question.name}-choices",
        "summary": f"What may be filled in: {question.summary}",
        "tags": list(question.tags[:1]) or [question.kind],
        "parameters": [
            _plain("lang", "The language of the labels.", {"type": "string", "default": "en"})
        ],
        "responses": {
            "200": {
                "description": "Values and labels, by parameter.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        },
    }


_SYNTAXES: Final = (
    "text/turtle", "application/trig", "application/n-triples", "application/n-quads",
    "application/rdf+xml", "application/ld+json", "text/n3",
)  # fmt: skip
_TOKEN: Final[list[dict[str, list[str]]]] = [{"token": []}]


def describe_protocol(schema: dict[str, Any]) -> dict[str, Any]:
    """Add to an OpenAPI document the SPARQL operations and ``/validate``; return the document.

    Args:
        schema: the document; it is changed.
    """
    kinds = schema.setdefault("components", {}).setdefault("securitySchemes", {})
    kinds["token"] = {"type": "http", "scheme": "bearer"}
    paths = schema.setdefault("paths", {})
    query: dict[str, Any] = {
        "application/sparql-query": {},
        "application/x-www-form-urlencoded": {},
    }
    answers = {
        "200": {
            "description": "The answer.",
            "content": {form.media_type: {} for form in FORMATS.values()},
        },
        "400": _PROBLEM,
        "406": _PROBLEM,
    }
    asked = [
        _plain("query", "The query.", {"type": "string"}),
        _plain("format", "How the answer is written; otherwise Accept decides.",
               {"type": "string", "enum": [form.name for form in FORMATS.values()]}),
    ]  # fmt: skip
    paths["/sparql"] = {
        "get": _does("query-by-get", "Ask in SPARQL 1.1", answers, parameters=asked),
        "post": _does("query-by-post", "Ask in SPARQL 1.1", answers, query, parameters=asked[1:]),
    }
    written = {
        "204": {"description": "Done, and durable."},
        "400": _PROBLEM,
        "401": _PROBLEM,
        "422": {
            "description": "The change would add a violation, and nothing of it was done.",
            "content": {media_type: {} for media_type in reports.FORMATS.values()},
        },
    }
    update: dict[str, Any] = {
        "application/sparql-update": {},
        "application/x-www-form-urlencoded": {},
    }
    paths["/update"] = {"post": _does("update", "Change the graph", written, update, token=True)}
    paths["/store"] = _store(written)
    paths["/validate"] = {"post": _validate()}
    return schema


def _does(
    name: str,
    summary: str,
    responses: Mapping[str, Any],
    content: Mapping[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
    *,
    token: bool = False,
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": name, "summary": summary, "tags": ["protocol"], "responses": dict(responses)
    }  # fmt: skip
    if content is not None:
        described["requestBody"] = {"required": True, "content": dict(content)}
    if parameters:
        described["parameters"] = parameters
    if token:
        described["security"] = _TOKEN
    return described


def _store(written: Mapping[str, Any]) -> dict[str, Any]:
    which = [
        _plain("graph", "The graph that is meant.", {"type": "string", "format": "iri"}),
        {**_plain("default", "The default graph is meant.", {"type": "string"}),
         "allowEmptyValue": True},
    ]  # fmt: skip
    data: dict[str, Any] = {media_type: {} for media_type in _SYNTAXES}
    read = {
        "200": {"description": "The graph.", "content": data},
        "404": _PROBLEM,
        "406": _PROBLEM,
    }
    created = {"201": {"description": "Done: the graph is new."}, **written}
    return {
        "get": _does("read-graph", "Read a graph", read, parameters=which),
        "put": _does("replace-graph", "Replace a graph", created, data, which, token=True),
        "post": _does("add-to-graph", "Add to a graph", created, data, which, token=True),
        "delete": _does(
            "delete-graph", "Delete a graph", {**written, "404": _PROBLEM}, None, which, token=True
        ),
    }


def _validate() -> dict[str, Any]:
    form = {
        "schema": {
            "type": "object",
            "properties": {
                "data": {
                    "type": "array",
                    "items": {"type": "string", "contentMediaType": "text/turtle"},
                    "description": "Data; any other field is taken for data too.",
                },
                "shapes": {
                    "type": "array",
                    "items": {"type": "string", "contentMediaType": "text/turtle"},
                    "description": "Shapes to judge by, unless the service fixes them.",
                },
            },
            "required": ["data"],
        }
    }
    report = {
        "description": "The report, whether the data conform or not.",
        "content": {media_type: {} for media_type in reports.FORMATS.values()},
    }
    return _does(
        "validate",
        "Judge data by the shapes; nothing is stored",
        {"200": report, "400": _PROBLEM, "403": _PROBLEM, "406": _PROBLEM, "413": _PROBLEM},
        {media_type: {} for media_type in _SYNTAXES} | {"multipart/form-data": form},
        [
            _plain("format", "How the report is written; otherwise Accept decides.",
                   {"type": "string", "enum": list(reports.FORMATS)}),
            _plain("context", "Whether what the graph states of things that the data name counts; "
                   "by default it does unless shapes are sent.",
                   {"type": "string", "enum": ["graph", "none"]}),
        ],
    )  # fmt: skip
