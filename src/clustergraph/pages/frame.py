"""What all pages share: the visit, the frame around the content, the way errors look.

A page is a module with a function ``show``::

    def show(visit: Visit) -> Response:
        rows = visit.select("SELECT ?name { $thing rdfs:label ?name }", thing=iri)
        return page(visit, "example", names=[row.name for row in rows])

with ``templates/example.html``, which extends ``base.html``, ``texts/example.toml`` with its words
in each language, and a route in `clustergraph.http.routes` with ``handler(show)``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from clustergraph.errors import ClusterGraphError, UnknownNameError
from clustergraph.pages.pictures import Picture, document
from clustergraph.pages.rendering import address, environment
from clustergraph.pages.visit import Visit
from clustergraph.pages.words import LANGUAGES, THEMES
from clustergraph.protocol import Context, Handler, Request, Response, problems
from clustergraph.protocol.negotiation import prefers_html

# What the head of each page leads to, in this order.
_NAVIGATION: Final = (
    "find", "country", "region", "compare", "policy", "query", "ontology", "quality",
)  # fmt: skip
# Pages that show why a worker failed beside what was asked.
_SHOW_FAILURES: Final = ("query", "question")
_KEPT_S: Final = 365 * 86_400
# A path on this host: a second slash or a backslash would name another one.
_LOCAL: Final = re.compile(r"/(?![/\\])[\x21-\x7e]*")


def handler(show: Callable[[Visit], Response]) -> Handler:
    """Return the handler of a page: errors are shown to people as pages as well.

    Args:
        show: makes the page; the name of its module is that of the page.
    """
    name = show.__module__.rpartition(".")[2]

    def handle(request: Request, context: Context) -> Response:
        visit = _visit(request, context, name)
        try:
            if visit.refused and name not in _SHOW_FAILURES:
                return refuse(visit, visit.refused)
            return show(visit)
        except ClusterGraphError as error:
            return refuse(visit, error)

    return handle


def asks_for_picture(request: Request) -> bool:
    """Say whether an address asks for a picture: an element img does not prefer HTML."""
    return b"picture=" in request.query_string


def not_found(request: Request, context: Context) -> Response:
    """Return the page that says that nothing is at an address."""
    visit = _visit(request, context, "")
    error = UnknownNameError("page", request.path, [f"/{name}" for name in _NAVIGATION])
    return refuse(visit, error, suggestions=[(one, visit.url(one)) for one in error.suggestions])


def _visit(request: Request, context: Context, name: str) -> Visit:
    assert context.engine is not None  # noqa: S101 - workers have one
    captured = {key: value for key, value in request.parameters.items() if value is not None}
    return Visit(request, context, context.engine, request.path, name, captured)


def page(
    visit: Visit,
    template: str,
    *,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
    cacheable: bool = True,
    pictures: Iterable[Picture | None] = (),
    notes: Iterable[str] = (),
    **values: Any,
) -> Response:
    """Return a page; or, if its address asks for one of its pictures, that alone as SVG.

    Args:
        visit: who sees it.
        template: the name of the template, without ``.html``; also of its words.
        status: the HTTP status.
        headers: further headers, such as Link.
        cacheable: whether it is the same as long as the generation is.
        pictures: those that can be had alone (``?picture=KEY``); None: there is nothing to draw.
        notes: sources and limitations that are written below such a picture.
        values: what the template shows.
    """
    drawn = {picture.key: picture for picture in pictures if picture}
    if drawn and "picture" in visit.parameters and status == 200:
        return replace(_picture(visit, drawn, notes), cacheable=cacheable)
    values["pictures"] = drawn
    texts = visit.words(template)
    html = (
        environment()
        .get_template(f"{template}.html")
        .render(
            visit=visit,
            t=texts,
            frame=visit.words("frame"),
            chart=visit.words("charts"),
            number=texts.number,
            day=texts.day,
            url=visit.url,
            static=lambda name: visit.url(address(name)),
            navigation=_NAVIGATION,
            operator=visit.context.config.operator,
            **values,
        )
    )
    head = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Language", visit.language),
        ("Cache-Control", "no-cache"),
        *headers,
    ]
    return Response(status, head, html.encode(), cacheable=cacheable)


def _picture(visit: Visit, drawn: Mapping[str, Picture], notes: Iterable[str]) -> Response:
    wanted = visit.parameter("picture")
    if wanted not in drawn:
        raise UnknownNameError("picture", wanted, drawn)
    t = visit.words("charts")
    picture = drawn[wanted]
    published = visit.context.committed_at
    source = t(
        "source",
        address=visit.base + visit.path,
        generation=visit.generation,
        day=f", {t.day(published)}" if published else "",
    )
    bounds = [t("boundaries")] if picture.kind == "map" else []
    return document(picture, [*notes, source, *bounds])


def refuse(visit: Visit, error: ClusterGraphError, **values: Any) -> Response:
    """Return a page, or a problem document for programs, that says what is wrong."""
    if not prefers_html(visit.request.headers.get("accept")):
        return problems.respond(error, visit.request.headers.get("accept"))
    document = problems.describe(error)
    status = document["status"]
    return page(
        visit,
        "problem",
        status=status,
        cacheable=False,
        code=status,
        detail=document["detail"],
        **values,
    )


def settings(visit: Visit) -> Response:
    """Set the cookies that the address asks for, and lead back to ``next``."""
    back = visit.parameter("next", "/")
    if not _LOCAL.fullmatch(back) or "\\" in back:
        back = "/"
    headers = [("Location", visit.root + back), ("Cache-Control", "no-store")]
    path = visit.root or "/"
    for name, known in (("lang", LANGUAGES), ("theme", (*THEMES, "auto"))):
        chosen = visit.parameter(name)
        if chosen in known:
            age = 0 if chosen == "auto" else _KEPT_S
            cookie = f"{name}={chosen}; Path={path}; Max-Age={age}; SameSite=Lax"
            headers.append(("Set-Cookie", cookie))
    return Response(303, headers)
