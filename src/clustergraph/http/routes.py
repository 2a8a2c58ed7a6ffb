"""The route table: everything that the service answers, in one place.

A path that is not here is 404. The gateway resolves a request once, from its decoded path, and
passes the operation and the parameters of the path to a worker, which never looks at a path to
decide who handles it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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

__all__ = [
    "NOT_FOUND",
    "READERS",
    "ROUTES",
    "WRITERS",
    "Route",
    "resolve",
]

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
        examples: addresses, so that tests can visit every route.
        body_limit: the field of `Options` that bounds the body; empty: there is none.
    """

    operation: str
    template: str
    handler: Handler | None = None
    methods: tuple[str, ...] = _READS
    runs: Place = "reader"
    personal: bool = False
    examples: tuple[str, ...] = ()
    body_limit: str = ""


def _by_preference(for_people: Handler, for_programs: Handler) -> Handler:
    """Return a handler that shows a page, or its picture, to clients that prefer HTML."""

    def handle(request: Request, context: Context) -> Response | Change:
        html = prefers_html(request.headers.get("accept")) or asks_for_picture(request)
        return (for_people if html else for_programs)(request, context)

    return handle


def _page(operation: str, template: str, handler: Handler, *examples: str) -> Route:
    return Route(operation, template, handler, personal=True, examples=examples)


_NAME: Final = r"[\w.-]+"
_FORMS: Final = "ttl|html|jsonld|nt|rdf"

ROUTES: Final = (
    # SPARQL 1.1 Protocol, Graph Store HTTP Protocol, validation
    Route(
        "query", "/sparql", sparql.answer, examples=("/sparql", "/sparql?query=ASK%20%7B%7D")
    ),
    Route(
        "query", "/sparql", sparql.answer, ("POST",), examples=("/sparql",),
        body_limit="max_form_bytes",
    ),
    Route(
        "update", "/update", update.answer, ("POST",), "writer", examples=("/update",),
        body_limit="max_upload_bytes",
    ),
    Route(
        "store", "/store", graph_store.answer,
        examples=("/store", "/store?default", "/store?graph=urn:x"),
    ),
    Route("store", "/store/{graph:path}", graph_store.answer, examples=("/store/codes",)),
    *(
        Route(
            "store-write", template, graph_store.answer, ("PUT", "POST", "DELETE"), "writer",
            examples=(example,), body_limit="max_upload_bytes",
        )
        for template, example in (
            ("/store", "/store?graph=urn:x"), ("/store/{graph:path}", "/store/x")
        )
    ),
    Route(
        "validation", "/validate", validating.answer, ("POST",), examples=("/validate",),
        body_limit="max_validate_bytes",
    ),
    Route(
        "description", "/.well-known/void", description.void, examples=("/.well-known/void",)
    ),
    # The ready questions
    Route(
        "questions", "/queries", _by_preference(page(queries.show), questions.catalogue_of),
        personal=True, examples=("/queries",),
    ),
    Route(
        "question", f"/queries/{{name:{_NAME}}}",
        _by_preference(page(question.show), questions.answer),
        personal=True, examples=("/queries/clusters-per-country",),
    ),
    Route(
        "choices", f"/queries/{{name:{_NAME}}}/choices", questions.choices,
        examples=("/queries/find-partners/choices",),
    ),
    # Pages
    _page("overview", "/", page(overview.show), "/"),
    _page("find", "/find", page(find.show), "/find", "/find?q=textil"),
    _page("find", "/find.{form:csv|xlsx|json}", page(find.show), "/find.csv"),
    _page(
        "query-page", "/query", page(query.show), "/query",
        "/query?query=PREFIX%20cg%3A%20%3Chttps%3A%2F%2Fw3id.org%2Fclustergraph%2Fns%23%3E%20"
        "SELECT%20*%20%7B%3Fs%20a%20cg%3ACountryGroup%7D",
    ),
    _page(
        "vocabulary", "/query/{what:check|terms|things}", page(vocabulary.show),
        "/query/check?query=ASK%20%7B%7D", "/query/terms?q=clu", "/query/things?q=brno",
    ),
    _page("country", "/country", page(country.show), "/country"),
    _page("country", "/country/{code:[A-Za-z]{2}}", page(country.show), "/country/CZ"),
    _page("region", "/region", page(region.show), "/region", "/region?country=CZ&activity=24"),
    _page(
        "region", "/region/{code:[A-Za-z]{2}[0-9A-Za-z]{0,3}}", page(region.show), "/region/CZ08"
    ),
    _page("compare", "/compare", page(compare.show), "/compare", "/compare?with=CZ&with=SK"),
    _page(
        "compare", "/compare.{form:csv|xlsx}", page(compare.show), "/compare.csv?with=CZ&with=SK"
    ),
    _page("policy", "/policy", page(policy.show), "/policy", "/policy?strategy=industrial-2021"),
    _page("quality", "/quality", page(quality.show), "/quality"),
    _page(
        "quality", r"/quality/{name:[\w-]+}", page(quality.show), "/quality/LabelAward-dated"
    ),
    Route(
        "ontology", "/ontology",
        _by_preference(page(ontology.show), page(vocabularies.show)),
        personal=True, examples=("/ontology", "/ontology?q=label"),
    ),
    *(_page("about", f"/{name}", page(about.show), f"/{name}") for name in about.PAGES),
    _page("settings", "/settings", page(frame.settings), "/settings?lang=cs"),
    _page(
        "static", r"/static/{version:[\w-]+}/{name:[\w./-]+}", page(rendering.static),
        "/static/x/style.css",
    ),
    _page("static", "/favicon.ico", page(rendering.static), "/favicon.ico"),
    # Linked data
    _page(
        "identity", "/id/{thing:path}", page(documents.identity),
        "/id/cluster-organisation/clutex",
    ),
    _page(
        "document", f"/{{name:ns|shapes|ontology}}.{{form:{_FORMS}}}", page(vocabularies.show),
        "/ns.ttl",
    ),
    _page("document", "/{name:ns|shapes}", page(vocabularies.show), "/ns", "/shapes"),
    _page(
        "document", r"/ontology/{name:(?:[\w-]+/)*[\w.-]+}", page(vocabularies.show),
        "/ontology/core",
    ),
    _page("file", r"/data/{name:[\w./-]+}", page(vocabularies.show), "/data/sources.csv"),
    _page(
        "thing", "/{kind:doc|code|graph|ns}/{thing:path}", page(documents.show),
        "/doc/cluster-organisation/clutex", "/code/country/CZ", "/ns/Cluster",
    ),
    _page(
        "thing", "/resource", page(documents.show),
        "/resource?iri=http://data.europa.eu/nuts/code/CZ051",
    ),
    _page(
        "thing", r"/resource.{form:\w+}", page(documents.show),
        "/resource.ttl?iri=http://data.europa.eu/nuts/code/CZ051",
    ),
    _page("catalog", "/catalog", page(catalog.show), "/catalog"),
    _page("catalog", f"/catalog.{{form:{_FORMS}}}", page(catalog.show), "/catalog.ttl"),
    _page(
        "dump", r"/dump{ending:\.(?:nq|trig|ttl|nt)(?:\.gz)?}", page(catalog.dump), "/dump.nq.gz"
    ),
    _page(
        "dump", r"/dump/{graph:.+?}{ending:\.(?:ttl|nt|rdf|jsonld)(?:\.gz)?}", page(catalog.dump),
        "/dump/codes.ttl",
    ),
    _page("things", "/things", page(listing.show), "/things"),
    _page("things", r"/things/{kind:[\w./-]+}", page(listing.show), "/things/id/place"),
    _page("things", r"/things.{form:\w+}", page(listing.show), "/things.ttl"),
    _page("robots", "/robots.txt", page(listing.sitemap), "/robots.txt"),
    _page("sitemap", "/sitemap.xml", page(listing.sitemap), "/sitemap.xml"),
    _page("sitemap", r"/sitemap/{part:\d+}.xml", page(listing.sitemap), "/sitemap/0.xml"),
    _page("context", "/context.jsonld", page(jsonld.show), "/context.jsonld"),
    _page("context", r"/frames/{name:\w+}.jsonld", page(jsonld.show), "/frames/Cluster.jsonld"),
    # The service itself
    Route("health", "/health", runs="gateway", examples=("/health",)),
    Route("ready", "/ready", runs="gateway", examples=("/ready",)),
    Route("metrics", "/metrics", runs="gateway", examples=("/metrics",)),
    Route("openapi", "/openapi.json", runs="gateway", examples=("/openapi.json",)),
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
