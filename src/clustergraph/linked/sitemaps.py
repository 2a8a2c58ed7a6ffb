"""What search engines ask for: ``/robots.txt``, and ``/sitemap.xml`` with its parts."""

from __future__ import annotations

import time
from typing import Final
from xml.sax.saxutils import escape

from clustergraph.errors import UnknownNameError
from clustergraph.linked.listing import listing
from clustergraph.pages.visit import Visit
from clustergraph.protocol import Response
from clustergraph.questions import catalogue

__all__ = ["show"]

# At most 50,000 addresses and 50 MB a part (sitemaps.org).
_PART: Final = 10_000
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_PAGES: Final = (
    "/", "/find", "/query", "/queries", "/country", "/compare", "/policy", "/quality", "/ontology",
    "/ns", "/shapes", "/catalog", "/things",
)  # fmt: skip
_ROBOTS: Final = """User-agent: *
Disallow: /sparql
Disallow: /update
Disallow: /store
Disallow: /settings
Disallow: /find?
Disallow: /query
Disallow: /compare?

Sitemap: {base}/sitemap.xml
"""


def show(visit: Visit) -> Response:
    """Return the rules for robots, the list of parts, or a part.

    Raises:
        UnknownNameError: there is no such part.
    """
    if visit.path == "/robots.txt":
        body = _ROBOTS.format(base=visit.base)
        return _response("text/plain; charset=utf-8", body)
    things = listing(visit.engine, visit.context).iris
    parts = 1 + -(-len(things) // _PART)
    changed = ""
    if visit.context.committed_at is not None:
        changed = time.strftime("%Y-%m-%d", time.gmtime(visit.context.committed_at))
        changed = f"<lastmod>{changed}</lastmod>"
    number = visit.captured.get("part")
    if number is None:
        addresses = [f"{visit.base}/sitemap/{part}.xml" for part in range(parts)]
        return _xml("sitemapindex", "sitemap", addresses, changed)
    part = int(number[:9])
    if part >= parts:
        raise UnknownNameError("part of the sitemap", number, [])
    if part == 0:
        addresses = [f"{visit.base}{path}" for path in _pages()]
    else:
        some = things[(part - 1) * _PART : part * _PART]
        addresses = [f"{visit.base}{visit.link(iri).removeprefix(visit.root)}" for iri in some]
    return _xml("urlset", "url", addresses, changed)


def _pages() -> list[str]:
    """Return the addresses of the pages that are no description of a thing."""
    return sorted([*_PAGES, *(f"/queries/{name}" for name in catalogue.questions())])


def _xml(root: str, entry: str, addresses: list[str], changed: str) -> Response:
    entries = "\n".join(
        f"<{entry}><loc>{escape(one)}</loc>{changed}</{entry}>" for one in addresses
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    body = f'{head}\n<{root} xmlns="{_NAMESPACE}">\n{entries}\n</{root}>\n'
    return _response("application/xml; charset=utf-8", body)


def _response(content_type: str, body: str) -> Response:
    return Response(200, [("Content-Type", content_type)], body.encode(), cacheable=True)
