"""The ready questions, answered in a worker process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

import pyoxigraph as ox

from clustergraph.errors import AmbiguousNameError, UnknownNameError
from clustergraph.protocol import Context, Request, Response, Sink, faults, parameters
from clustergraph.protocol.negotiation import Kind, choose
from clustergraph.protocol.query import lasting
from clustergraph.quadstore import Answer
from clustergraph.questions import catalogue
from clustergraph.questions.catalogue import Question
from clustergraph.questions.names import choices_of, resolve
from clustergraph.questions.parameters import TODAY
from clustergraph.rdf.values import value
from clustergraph.sparql import results as answers
from clustergraph.sparql.rewriting import Page, page_of
from clustergraph.sparql.sheets import write_csv

_PAGE_ROWS: Final = 100
_MOST_ROWS: Final = 10_000
_MOST_PAGES: Final = 1_000_000
_LONGEST_LINK: Final = 1000
# What the list of questions tells of each, and of its parameters.
_TOLD: Final = ("name", "kind", "summary", "summary_cs", "tags")
_TOLD_OF_PARAMETERS: Final = (
    "name", "type", "description", "description_cs", "default", "optional", "several", "choices",
)  # fmt: skip


def answer(request: Request, context: Context) -> Response:
    """Answer a ready question with the values of the address.

    Raises:
        ClusterGraphError: there is no such question, or a value does not fit it.
    """
    question = catalogue.find(request.parameters["name"])
    try:
        return _answer(question, request, context)
    except (UnknownNameError, AmbiguousNameError) as error:
        # The question is there; a value that it was given is not.
        raise faults.bad_parameter(str(error)) from error


def choices(request: Request, context: Context) -> Response:
    """Return what may be filled in, by parameter, as the graph has it."""
    question = catalogue.find(request.parameters["name"])
    language = parameters.values(request.query_string).get("lang", ["en"])[-1]
    found = {
        name: [{"value": one.value, "label": one.label} for one in choices]
        for name, parameter in question.parameters.items()
        if (choices := choices_of(parameter, context.engine, language)) is not None
    }
    headers = [("Content-Type", "application/json")]
    return Response(200, headers, json.dumps(found, ensure_ascii=False).encode(), cacheable=True)


def catalogue_of(_: Request, __: Context) -> Response:
    """List the ready questions with their parameters."""
    found = [_entry(question) for question in catalogue.questions().values()]
    headers = [("Content-Type", "application/json")]
    return Response(200, headers, json.dumps(found).encode(), cacheable=True)


def _entry(question: Question) -> dict[str, Any]:
    return {
        **{name: getattr(question, name) for name in _TOLD},
        "parameters": [
            {name: getattr(one, name) for name in _TOLD_OF_PARAMETERS}
            for one in question.parameters.values()
        ],
        "href": f"/queries/{question.name}",
    }


def _answer(question: Question, request: Request, context: Context) -> Response:
    engine, name = context.engine, question.name
    values = parameters.values(request.query_string)
    # A question may have a parameter of that name; then it means that one.
    asked = {
        key: values.pop(key, [])
        for key in ("format", "timeout", "page", "size")
        if key not in question.parameters
    }
    page = _page(asked.get("page", []), asked.get("size", []))
    values = resolve(question.parameters, values, engine)
    answer = catalogue.ask(question, engine, values)
    headers: list[tuple[str, str]] = []
    if page is not None:
        if not isinstance(answer, ox.QuerySolutions):
            detail = (
                f"{name} answers with no rows, so that it has no pages: leave page and size out"
            )
            raise faults.bad_request(detail)
        names = [variable.value for variable in answer.variables]
        rows = sum(1 for _ in answer)
        asked_of = catalogue.asked_of(question, engine)
        answer = asked_of.query(page_of(question.bind(values), names, page))
        headers = [("X-Total-Count", str(rows))]
        if links := _links(request, page, rows):
            headers.append(("Link", links))
    response = _written(question.name, answer, request, asked.get("format", []), headers)
    today = any(
        TODAY in one.default and one.name not in values for one in question.parameters.values()
    )
    response.cacheable = not today and lasting(question.text, answers.is_triples(answer))
    return response


def _written(
    name: str,
    answer: Answer,
    request: Request,
    formats: Sequence[str],
    headers: list[tuple[str, str]],
) -> Response:
    kind: Kind = "graph" if answers.is_triples(answer) else "solutions"
    form = choose(request.headers.get("accept"), tuple(formats), kind)

    def stream(sink: Sink) -> None:
        if form.name == "csv" and isinstance(answer, ox.QuerySolutions):
            names = [variable.value for variable in answer.variables]
            rows = ([value(term) for term in solution] for solution in answer)
            write_csv(names, rows, sink)  # type: ignore[arg-type]
        else:
            answers.write(answer, form, sink)  # type: ignore[arg-type]

    kept = "attachment" if form.name in ("xlsx", "parquet") else "inline"
    headers = [
        ("Vary", "Accept, Accept-Encoding"),
        ("Content-Type", form.content_type),
        ("Content-Disposition", f'{kept}; filename="{name}{form.suffix}"'),
        *headers,
    ]
    return Response(200, headers, stream)


def _page(numbers: Sequence[str], sizes: Sequence[str]) -> Page | None:
    """Return the page that is asked for; None: all rows at once.

    Raises:
        RequestError: there is no such page.
    """
    if not numbers and not sizes:
        return None
    number = parameters.whole_number((numbers or ["1"])[-1], "page", _MOST_PAGES)
    size = parameters.whole_number((sizes or [str(_PAGE_ROWS)])[-1], "size", _MOST_ROWS)
    return Page(number, size)


def _links(request: Request, page: Page, rows: int) -> str:
    """Return the Link header (RFC 8288) that leads to the pages around one."""
    fields = [
        (name, value)
        for name, several in parameters.values(request.query_string).items()
        for value in several
        if name not in ("page", "size")
    ]
    last = page.last(rows)
    numbers = {
        "first": 1,
        "prev": min(page.number - 1, last),
        "next": page.number + 1,
        "last": last,
    }
    links = []
    for relation, number in numbers.items():
        if 1 <= number <= last:
            query = urlencode([*fields, ("page", number), ("size", page.size)])
            links.append(f'<{request.base}{quote(request.path)}?{query}>; rel="{relation}"')
    # Each repeats the address: long ones would make a header many times as long.
    return ", ".join(one for one in links if len(one) <= _LONGEST_LINK)
