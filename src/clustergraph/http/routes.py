"""The route table: everything that the service answers, in one place.

A path that is not here is 404. The gateway resolves a request once, from its decoded path, and
passes the operation and the parameters of the path to a worker, which never looks at a path to
decide who handles it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from clustergraph.linked import catalog, documents, jsonld, listing, vocabularies
from clustergraph.pages import (
    about,
    compare,
    country,
    find,
    frame,
    ontology,
    overview,
    policy,
    quality,
    queries,
    query,
    question,
    region,
    rendering,
    vocabulary,
)
from clustergraph.pages.frame import asks_for_picture, not_found
from clustergraph.pages.frame import handler as page
from clustergraph.pages.visit import Visit
from clustergraph.protocol import (
    Change,
    Context,
    Handler,
    Request,
    Response,
    description,
    graph_store,
    questions,
    update,
    validating,
)
from clustergraph.protocol import query as sparql
from clustergraph.protocol.negotiation import prefers_html

Place: TypeAlias = Literal["gateway", "reader", "writer"]
_READS: Final = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Route:
    """What is done with a method at addresses of one form.

    Attributes:
        operation: its name, for the worker, the metrics and the tests.
        template: the form of its path: ``/country/{code:[A-Za-z]{2}}``; a parameter without a
            pattern takes anything but a slash, one with ``path`` anything.
        handler: answers a request in a worker; None: the application of the gateway does.
        methods: that it takes.
        runs: where it is answered.
        personal: whether the response depends on the language and the theme.
        body_limit: the field of `Options` that bounds the body; empty: there is none.
    """

    operation: str
    template: str
    handler: Handler | None = None
    methods: tuple[str, ...] = _READS
    runs: Place = "reader"
    personal: bool = False
    body_limit: str = ""


def _by_preference(for_people: Handler, for_programs: Handler) -> Handler:
    """Return a handler that shows a page, or its picture, to clients that prefer HTML."""

    def handle(request: Request, context: Context) -> Response | Change:
        html = prefers_html(request.headers.get("accept")) or asks_for_picture(request)
        return (for_people if html else for_programs)(request, context)

    return handle


def _page(operation: str, template: str, show: Callable[[Visit], Response]) -> Route:
    return Route(operation, template, page(show), personal=True)


_NAME: Final = r"[\w.-]+"
_FORMS: Final = "ttl|html|jsonld|nt|rdf"
_OWN: Final = {
    "health": "/health", "ready": "/ready", "metrics": "/metrics", "openapi": "/openapi.json"
}  # fmt: skip

ROUTES: Final = (
    # SPARQL 1.1 Protocol, Graph Store HTTP Protocol, validation
    Route("query", "/sparql", sparql.answer),
    Route("query", "/sparql", sparql.answer, ("POST",), body_limit="max_form_bytes"),
    Route("update", "/update", update.answer, ("POST",), "writer", body_limit="max_upload_bytes"),
    *(
        route
        for template in ("/store", "/store/{graph:path}")
        for route in (
            Route("store", template, graph_store.answer),
            Route(
                "store-write", template, graph_store.answer, ("PUT", "POST", "DELETE"), "writer",
                body_limit="max_upload_bytes",
            ),
        )
    ),
    Route(
        "validation", "/validate", validating.answer, ("POST",), body_limit="max_validate_bytes"
    ),
    Route("description", "/.well-known/void", description.void),
    # The ready questions
    Route(
        "questions", "/queries", _by_preference(page(queries.show), questions.catalogue_of),
        personal=True,
    ),
    Route(
        "question", f"/queries/{{name:{_NAME}}}",
        _by_preference(page(question.show), questions.answer), personal=True,
    ),
    Route("choices", f"/queries/{{name:{_NAME}}}/choices", questions.choices),
    # Pages
    _page("overview", "/", overview.show),
    _page("find", "/find", find.show),
    _page("find", "/find.{form:csv|xlsx|json}", find.show),
    _page("query-page", "/query", query.show),
    _page("vocabulary", "/query/{what:check|terms|things}", vocabulary.show),
    _page("country", "/country", country.show),
    _page("country", "/country/{code:[A-Za-z]{2}}", country.show),
    _page("region", "/region", region.show),
    _page("region", "/region/{code:[A-Za-z]{2}[0-9A-Za-z]{0,3}}", region.show),
    _page("compare", "/compare", compare.show),
    _page("compare", "/compare.{form:csv|xlsx}", compare.show),
    _page("policy", "/policy", policy.show),
    _page("quality", "/quality", quality.show),
    _page("quality", r"/quality/{name:[\w-]+}", quality.show),
    Route(
        "ontology", "/ontology", _by_preference(page(ontology.show), page(vocabularies.show)),
        personal=True,
    ),
    *(_page("about", f"/{name}", about.show) for name in about.PAGES),
    _page("settings", "/settings", frame.settings),
    _page("static", r"/static/{version:[\w-]+}/{name:[\w./-]+}", rendering.static),
    _page("static", "/favicon.ico", rendering.static),
    # Linked data
    _page("identity", "/id/{thing:path}", documents.identity),
    _page("document", f"/{{name:ns|shapes|ontology}}.{{form:{_FORMS}}}", vocabularies.show),
    _page("document", "/{name:ns|shapes}", vocabularies.show),
    _page("document", r"/ontology/{name:(?:[\w-]+/)*[\w.-]+}", vocabularies.show),
    _page("file", r"/data/{name:[\w./-]+}", vocabularies.show),
    _page("thing", "/{kind:doc|code|graph|ns}/{thing:path}", documents.show),
    _page("thing", "/resource", documents.show),
    _page("thing", r"/resource.{form:\w+}", documents.show),
    _page("catalog", "/catalog", catalog.show),
    _page("catalog", f"/catalog.{{form:{_FORMS}}}", catalog.show),
    _page("dump", r"/dump{ending:\.(?:nq|trig|ttl|nt)(?:\.gz)?}", catalog.dump),
    _page(
        "dump", r"/dump/{graph:.+?}{ending:\.(?:ttl|nt|rdf|jsonld)(?:\.gz)?}", catalog.dump
    ),
    _page("things", "/things", listing.show),
    _page("things", r"/things/{kind:[\w./-]+}", listing.show),
    _page("things", r"/things.{form:\w+}", listing.show),
    _page("robots", "/robots.txt", listing.sitemap),
    _page("sitemap", "/sitemap.xml", listing.sitemap),
    _page("sitemap", r"/sitemap/{part:\d+}.xml", listing.sitemap),
    _page("context", "/context.jsonld", jsonld.show),
    _page("context", r"/frames/{name:\w+}.jsonld", jsonld.show),
    # The service itself
    *(Route(name, path, runs="gateway") for name, path in _OWN.items()),
)  # fmt: skip
"""All routes; where several templates fit a path, the first counts."""

NOT_FOUND: Final = Route("unknown", "", not_found, personal=True)
"""What shows people the page that says that nothing is at an address."""


def _ready(_: Request, context: Context) -> Response:
    """Ask the engine something, to see whether it answers."""
    context.engine.query("ASK {}")
    return Response(200, [])


def _handlers(place: Place) -> dict[str, Handler]:
    return {
        route.operation: route.handler
        for route in (*ROUTES, NOT_FOUND)
        if route.handler is not None and route.runs == place
    }


READERS: Final[Mapping[str, Handler]] = {**_handlers("reader"), "ready": _ready}
"""The handlers of workers that read, by operation."""
WRITERS: Final[Mapping[str, Handler]] = _handlers("writer")
"""The handlers of workers that write."""


_PARAMETER: Final = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})+))?\}")


def _compiled(template: str) -> re.Pattern[str]:
    pieces, at = [], 0
    for found in _PARAMETER.finditer(template):
        pieces.append(re.escape(template[at : found.start()]))
        pattern = {"path": ".+", None: "[^/]+"}.get(found[2], found[2])
        pieces.append(f"(?P<{found[1]}>{pattern})")
        at = found.end()
    return re.compile("".join(pieces) + re.escape(template[at:]))


_METHODS: Final = {
    one.template: {
        method: route
        for route in ROUTES
        if route.template == one.template
        for method in route.methods
    }
    for one in ROUTES
}
_EXACT: Final = {template: methods for template, methods in _METHODS.items() if "{" not in template}
_PATTERNS: Final = tuple(
    (_compiled(template), methods) for template, methods in _METHODS.items() if "{" in template
)
_NO_PARAMETERS: Final[dict[str, str]] = {}


def resolve(path: str) -> tuple[Mapping[str, Route], dict[str, str]] | None:
    """Return the routes at a decoded path by method, and the parameters; None: unknown path."""
    methods = _EXACT.get(path)
    if methods is not None:
        return methods, _NO_PARAMETERS
    for pattern, routes in _PATTERNS:
        if match := pattern.fullmatch(path):
            return routes, match.groupdict()
    return None
