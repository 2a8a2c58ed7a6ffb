"""What all pages share: the visit, the frame around the content, the way errors look.

A page is a module with a function ``show``::

    def show(visit: Visit) -> Response:
        rows = visit.select("SELECT ?name { $thing rdfs:label ?name }", thing=iri)
        return page(visit, "example", names=[row.name for row in rows])

with ``templates/example.html``, which extends ``base.html``, ``texts/example.toml`` with its words
in each language, and a line in `clustergraph.http.places`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from clustergraph.errors import ClusterGraphError, UnknownNameError
from clustergraph.http import places
from clustergraph.http.protocol import Context, Request, Response, problems
from clustergraph.http.protocol.negotiation import prefers_html
from clustergraph.pages import files, words
from clustergraph.pages.visit import Row, Visit

if TYPE_CHECKING:
    from clustergraph.quadstore.engine import Queryable

__all__ = ["NAVIGATION", "Row", "Visit", "page", "refuse", "respond", "shown"]

NAVIGATION: Final = ("find", "country", "compare", "policy", "query", "ontology", "quality")
"""What the head of each page leads to, in this order, as far as it is there."""

_HEAD: Final = (
    ("Cache-Control", "no-cache"),
    (
        "Content-Security-Policy",
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Vary", "Accept, Accept-Language, Cookie"),
)


def respond(request: Request, context: Context, engine: Queryable) -> Response:
    """Return the page at an address, or the page that says why there is none."""
    path = unquote(request.path, errors="replace")
    found = places.find(path, request.headers.get("accept"))
    visit = Visit(request, context, engine, path)
    if found is None:
        error = UnknownNameError("page", path, [f"/{name}" for name in _top_level()])
        return refuse(
            visit, error, suggestions=[(one, visit.url(one)) for one in error.suggestions]
        )
    place, match = found
    visit.place = place.name
    visit.captured = {key: value for key, value in match.groupdict().items() if value is not None}
    try:
        if visit.refused and place.name not in ("query", "question"):
            # Those show it beside what was asked.
            return refuse(visit, visit.refused)
        module = import_module(f"clustergraph.{place.room}.{place.name}")
        response: Response = module.show(visit)
    except ClusterGraphError as error:
        return refuse(visit, error)
    return response


def page(
    visit: Visit,
    template: str,
    *,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
    cacheable: bool = True,
    **values: Any,
) -> Response:
    """Return a page.

    Args:
        visit: who sees it.
        template: the name of the template, without ``.html``; also of its words.
        status: the HTTP status.
        headers: further headers, such as Link.
        cacheable: whether it is the same as long as the generation is.
        values: what the template shows.
    """
    head = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Language", visit.language),
        *_HEAD,
        *headers,
    ]
    return Response(status, head, shown(visit, template, **values).encode(), cacheable=cacheable)


def shown(visit: Visit, template: str, **values: Any) -> str:
    """Return the HTML of a page; see `page`."""
    texts = words.Words(visit.language, template)
    return (
        _environment()
        .get_template(f"{template}.html")
        .render(
            visit=visit,
            t=texts,
            frame=words.Words(visit.language, "frame"),
            number=texts.number,
            day=texts.day,
            url=visit.url,
            static=lambda name: visit.url(files.address(name)),
            navigation=[(name, f"/{name}") for name in NAVIGATION if name in _top_level()],
            **values,
        )
    )


def refuse(visit: Visit, error: ClusterGraphError, **values: Any) -> Response:
    """Return a page, or a problem document for programs, that says what is wrong."""
    if not prefers_html(visit.request.headers.get("accept")):
        return problems.respond(error, visit.request)
    status, document = problems.describe(error)
    return page(
        visit,
        "problem",
        status=status,
        cacheable=False,
        code=status,
        detail=document["detail"],
        **values,
    )


@cache
def _top_level() -> frozenset[str]:
    """Return the places that have an address of their own, without a part that is to be chosen."""
    return frozenset(
        place.name for place in places.PLACES if place.pattern.fullmatch(f"/{place.name}")
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["plain"] = _plain
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    return environment


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has a value (for the parameters of addresses)."""
    return {key: value for key, value in values.items() if value not in (None, "", [], ())}
