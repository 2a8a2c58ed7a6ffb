"""An address for each route, or several, so that tests can visit all of them."""

from __future__ import annotations

from clustergraph.http.routes import ROUTES, Route

__all__ = ["EXAMPLES", "every", "examples"]

EXAMPLES = {
    "/sparql": ("/sparql", "/sparql?query=ASK%20%7B%7D"),
    "/update": ("/update",),
    "/store": ("/store", "/store?default", "/store?graph=urn:x"),
    "/store/{graph:path}": ("/store/codes", "/store/x"),
    "/validate": ("/validate",),
    "/.well-known/void": ("/.well-known/void",),
    "/queries": ("/queries",),
    "/queries/{name:[\\w.-]+}": ("/queries/clusters-per-country",),
    "/queries/{name:[\\w.-]+}/choices": ("/queries/find-partners/choices",),
    "/": ("/",),
    "/find": ("/find", "/find?q=textil"),
    "/find.{form:csv|xlsx|json}": ("/find.csv",),
    "/query": (
        "/query",
        "/query?query=SELECT%20*%20%7B%3Fs%20a%20cg%3ACountryGroup%7D",
    ),
    "/query/{what:check|terms|things}": (
        "/query/check?query=ASK%20%7B%7D",
        "/query/terms?q=clu",
        "/query/things?q=brno",
    ),
    "/country": ("/country",),
    "/country/{code:[A-Za-z]{2}}": ("/country/CZ",),
    "/region": ("/region", "/region?country=CZ&activity=24"),
    "/region/{code:[A-Za-z]{2}[0-9A-Za-z]{0,3}}": ("/region/CZ08",),
    "/compare": ("/compare", "/compare?with=CZ&with=SK"),
    "/compare.{form:csv|xlsx}": ("/compare.csv?with=CZ&with=SK",),
    "/policy": ("/policy", "/policy?strategy=industrial-2021"),
    "/quality": ("/quality",),
    "/quality/{name:[\\w-]+}": ("/quality/LabelAward-dated",),
    "/ontology": ("/ontology", "/ontology?q=label"),
    "/about": ("/about",),
    "/method": ("/method",),
    "/cite": ("/cite",),
    "/contact": ("/contact",),
    "/legal": ("/legal",),
    "/accessibility": ("/accessibility",),
    "/settings": ("/settings?lang=cs",),
    "/static/{version:[\\w-]+}/{name:[\\w./-]+}": ("/static/x/style.css",),
    "/favicon.ico": ("/favicon.ico",),
    "/id/{thing:path}": ("/id/cluster-organisation/clutex",),
    "/{name:ns|shapes|ontology}.{form:ttl|html|jsonld|nt|rdf}": ("/ns.ttl",),
    "/{name:ns|shapes}": ("/ns", "/shapes"),
    "/ontology/{name:(?:[\\w-]+/)*[\\w.-]+}": ("/ontology/core",),
    "/data/{name:[\\w./-]+}": ("/data/sources.csv",),
    "/{kind:doc|code|graph|ns}/{thing:path}": (
        "/doc/cluster-organisation/clutex",
        "/code/country/CZ",
        "/ns/Cluster",
    ),
    "/resource": ("/resource?iri=http://data.europa.eu/nuts/code/CZ051",),
    "/resource.{form:\\w+}": ("/resource.ttl?iri=http://data.europa.eu/nuts/code/CZ051",),
    "/catalog": ("/catalog",),
    "/catalog.{form:ttl|html|jsonld|nt|rdf}": ("/catalog.ttl",),
    "/dump{ending:\\.(?:nq|trig|ttl|nt)(?:\\.gz)?}": ("/dump.nq.gz",),
    "/dump/{graph:.+?}{ending:\\.(?:ttl|nt|rdf|jsonld)(?:\\.gz)?}": ("/dump/codes.ttl",),
    "/things": ("/things",),
    "/things/{kind:[\\w./-]+}": ("/things/id/place",),
    "/things.{form:\\w+}": ("/things.ttl",),
    "/robots.txt": ("/robots.txt",),
    "/sitemap.xml": ("/sitemap.xml",),
    "/sitemap/{part:\\d+}.xml": ("/sitemap/0.xml",),
    "/context.jsonld": ("/context.jsonld",),
    "/frames/{name:\\w+}.jsonld": ("/frames/Cluster.jsonld",),
    "/health": ("/health",),
    "/ready": ("/ready",),
    "/metrics": ("/metrics",),
    "/openapi.json": ("/openapi.json",),
}


def examples(route: Route) -> tuple[str, ...]:
    """Return addresses of a route."""
    return EXAMPLES[route.template]


def every() -> list[tuple[str, str]]:
    """Return every method with every address that takes it."""
    found = {(method, path) for one in ROUTES for method in one.methods for path in examples(one)}
    return sorted(found)
