"""All things of a generation: for indexes, sitemaps, and what somebody may have meant."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from xml.sax.saxutils import escape

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError, near
from clustergraph.linked import forms
from clustergraph.linked.forms import DOCUMENTS, HTML
from clustergraph.pages.addresses import local
from clustergraph.pages.frame import page
from clustergraph.pages.statements import called, names_of
from clustergraph.pages.visit import Visit, short
from clustergraph.protocol import Response
from clustergraph.protocol.description import LICENCE, parsed
from clustergraph.questions import catalogue
from clustergraph.sparql.results import Format
from clustergraph.vocab import BASE

if TYPE_CHECKING:
    from clustergraph.protocol import Context
    from clustergraph.quadstore.evaluation import Queryable

_THINGS: Final = "SELECT DISTINCT ?s { ?s ?p ?o FILTER(isIRI(?s)) }"
# A graph that is elsewhere is asked each time, and so not for everything.
_MOST_ELSEWHERE: Final = 20_000
# Comparing names takes time: only those that share something are looked at closely.
_MOST_COMPARED: Final = 2000


def kind_of(iri: str) -> str:
    """Return the kind that an IRI says a thing is of: ``id/place``, ``code/role``, ``ns``.

    Things of other namespaces are of the kind ``other``.
    """
    if not iri.startswith(BASE):
        return "other"
    local = iri[len(BASE) :]
    if local.startswith("ns#"):
        return "ns"
    parts = local.split("/")
    return "/".join(parts[:2]) if parts[0] in ("id", "code") and len(parts) > 2 else parts[0]


class Listing:
    """The IRIs of all things.

    Args:
        iris: sorted.
    """

    def __init__(self, iris: Sequence[str]) -> None:
        self.iris = iris

    @cached_property
    def kinds(self) -> dict[str, list[str]]:
        """The IRIs by kind."""
        found: dict[str, list[str]] = {}
        for iri in self.iris:
            found.setdefault(kind_of(iri), []).append(iri)
        return dict(sorted(found.items()))

    def like(self, iri: str) -> list[str]:
        """Return the IRIs of things that somebody may have meant, best first."""
        kind = kind_of(iri)
        place = iri[: max(iri.rfind("/"), iri.rfind("#")) + 1]
        name = iri[len(place) :]
        here = [one[len(place) :] for one in self.kinds.get(kind, ()) if one.startswith(place)]
        found = [place + other for other in near(name, _alike(name, here))]
        if len(found) < 3:
            # The right name of a thing that was filed elsewhere.
            ending = ("/" + name, "#" + name)
            found += [one for one in self.iris if one.endswith(ending) and one not in found]
        return found[:5]


def listing(engine: Queryable, context: Context) -> Listing:
    """Return the things of a generation."""
    known = context.memory.get("listing")
    if isinstance(known, Listing):
        return known
    query = _THINGS if context.generation else f"{_THINGS} LIMIT {_MOST_ELSEWHERE}"
    found = Listing(context.derived("things-2", lambda: _iris(engine, query)))
    context.memory["listing"] = found
    return found


def _iris(engine: Queryable, text: str) -> list[str]:
    found = engine.query(text)
    assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
    return sorted(row[0].value for row in found)


def _alike(name: str, names: Sequence[str]) -> Sequence[str]:
    """Return names to compare with one: of many those that begin or end as it does."""
    if len(names) <= _MOST_COMPARED:
        return names
    start, end = name[:3].casefold(), name[-4:].casefold()
    alike = (
        one for one in names if one.casefold().startswith(start) or one.casefold().endswith(end)
    )
    return list(islice(alike, _MOST_COMPARED))


def path_of(kind: str) -> str:
    """Return the path of the index of a kind."""
    return f"/things/{quote(kind)}"


_PAGE: Final = 500


def show(visit: Visit) -> Response:
    """Return a page of the things of a kind, or of the kinds.

    Raises:
        UnknownNameError: there are no things of this kind, or no such page.
    """
    path, chosen = forms.wanted(visit, DOCUMENTS)
    kinds = listing(visit.engine, visit.context).kinds
    kind = path.removeprefix("/things").removeprefix("/")
    if kind and kind not in kinds:
        raise UnknownNameError("kind of things", kind, kinds)
    every = kinds[kind] if kind else [visit.base + path_of(name) for name in kinds]
    number, pages = forms.page_number(visit), max(1, -(-len(every) // _PAGE))
    if number > pages:
        raise UnknownNameError("page", str(number), [])
    members = every[(number - 1) * _PAGE : number * _PAGE]
    head = _head(visit, path, chosen, number, pages)
    names = names_of(visit.engine, map(ox.NamedNode, members)) if kind else []
    if chosen is HTML:
        titles = called(names, visit.language)
        values: dict[str, Any] = {
            "kind": kind,
            "path": path,
            "kinds": [(name, path_of(name), len(iris)) for name, iris in kinds.items()],
            "things": [(titles.get(iri, short(iri)), visit.link(iri), iri) for iri in members],
            "at": number,
            "pages": pages,
            "all": len(every),
        }
        return page(visit, "things", headers=tuple(head), **values)
    triples = [*parsed(_collection(visit, path, members, len(every), number, pages)), *names]
    return forms.respond(triples, chosen, head)


def _head(
    visit: Visit, path: str, chosen: Format, number: int, pages: int
) -> list[tuple[str, str]]:
    address = f"{visit.base}{path}"
    listed = [
        forms.link(LICENCE, "license"),
        forms.link(f"{visit.base}/catalog", "collection"),
        *forms.alternates(address, chosen, DOCUMENTS),
    ]
    numbers = {"first": 1, "prev": number - 1, "next": number + 1, "last": pages}
    listed += [
        forms.link(f"{address}?page={other}", relation)
        for relation, other in numbers.items()
        if pages > 1 and 1 <= other <= pages
    ]
    return [*forms.header(listed), *forms.modified(visit)]


def _collection(
    visit: Visit, path: str, members: list[str], total: int, number: int, pages: int
) -> str:
    """Return a page of a collection in Turtle (Hydra core vocabulary)."""
    address = f"{visit.base}{path}"
    text = f"<{address}> a hydra:Collection ; hydra:totalItems {total} .\n"
    for iri in members:
        member = str(ox.NamedNode(iri))
        text += f"<{address}> hydra:member {member} . "
        if iri.startswith(f"{visit.base}/things/"):
            text += f"{member} a hydra:Collection .\n"
        else:
            # For those who come before the thing's own address leads here, or never will.
            here = ox.NamedNode(visit.base + local(iri))
            text += f"{member} foaf:isPrimaryTopicOf {here} .\n"
    if pages > 1:
        text += forms.pages(
            f"<{address}>", number, number < pages, lambda page: f"{address}?page={page}"
        )
    return text


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


def sitemap(visit: Visit) -> Response:
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
