"""What all pages share: the visit, the frame around the content, the way errors look.

A page is a module with a function ``show``::

    def show(visit: Visit) -> Response:
        rows = visit.select("SELECT ?name { $thing rdfs:label ?name }", thing=iri)
        return page(visit, "example", names=[row.name for row in rows])

with ``templates/example.html``, which extends ``base.html``, ``texts/example.toml`` with its words
in each language, and a line in `clustergraph.http.places` and `clustergraph.http.showing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from clustergraph.errors import ClusterGraphError
from clustergraph.pages import files, words
from clustergraph.pages.visit import Row, Visit
from clustergraph.protocol import Response, problems
from clustergraph.protocol.negotiation import prefers_html

__all__ = ["NAVIGATION", "Row", "Visit", "page", "refuse", "shown"]

NAVIGATION: Final = ("find", "country", "compare", "policy", "query", "ontology", "quality")
"""What the head of each page leads to, in this order."""

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
            navigation=[(name, f"/{name}") for name in NAVIGATION],
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
