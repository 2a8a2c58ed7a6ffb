"""Indexes of all things, by kind and in pages: ``/things``, ``/things/id/place?page=2``."""

from __future__ import annotations

from typing import Any, Final

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError
from clustergraph.linked import forms, links
from clustergraph.linked.documents import page_number
from clustergraph.linked.forms import DOCUMENTS, HTML
from clustergraph.linked.listing import listing, path_of
from clustergraph.pages.addresses import local
from clustergraph.pages.frame import Visit, page
from clustergraph.pages.naming import called, names_of
from clustergraph.pages.visit import short
from clustergraph.protocol import Response
from clustergraph.protocol.description import parsed
from clustergraph.sparql.results import Format

__all__ = ["show"]

_PAGE: Final = 500


def show(visit: Visit) -> Response:
    """Return the kinds of things, or the things of a kind.

    Raises:
        UnknownNameError: there are no things of this kind.
    """
    path, form = forms.split(visit.path, DOCUMENTS)
    chosen = form or forms.choose(visit.request.headers.get("accept"), DOCUMENTS)
    kinds = listing(visit.engine, visit.context).kinds
    kind = path.removeprefix("/things").removeprefix("/")
    if not kind:
        found = [(name, path_of(name), len(iris)) for name, iris in kinds.items()]
        addresses = [f"{visit.base}{where}" for _, where, _ in found]
        head = _head(visit, path, chosen, 1, 1)
        if chosen is HTML:
            return page(visit, "things", headers=tuple(head), kinds=found, kind="", things=[])
        return _rdf(visit, path, chosen, head, addresses, len(found), 1, 1)
    if kind not in kinds:
        raise UnknownNameError("kind of things", kind, kinds)
    number = page_number(visit)
    pages = -(-len(kinds[kind]) // _PAGE)
    if number > pages:
        raise UnknownNameError("page", str(number), [])
    iris = kinds[kind][(number - 1) * _PAGE : number * _PAGE]
    head = _head(visit, path, chosen, number, pages)
    if chosen is HTML:
        titles = called(names_of(visit.engine, map(ox.NamedNode, iris)), visit.language)
        things = [(titles.get(iri, short(iri)), visit.link(iri), iri) for iri in iris]
        values: dict[str, Any] = {
            "at": number,
            "pages": pages,
            "all": len(kinds[kind]),
            "things": things,
        }
        return page(visit, "things", headers=tuple(head), kinds=[], kind=kind, path=path, **values)
    return _rdf(visit, path, chosen, head, iris, len(kinds[kind]), number, pages)


def _head(
    visit: Visit, path: str, chosen: Format, number: int, pages: int
) -> list[tuple[str, str]]:
    address = f"{visit.base}{path}"
    listed = [
        links.link(links.LICENCE, "license"),
        links.link(f"{visit.base}/catalog", "collection"),
        *links.alternates(address, chosen, DOCUMENTS),
    ]
    numbers = {"first": 1, "prev": number - 1, "next": number + 1, "last": pages}
    listed += [
        links.link(f"{address}?page={other}", relation)
        for relation, other in numbers.items()
        if pages > 1 and 1 <= other <= pages
    ]
    return [*links.header(listed), *links.modified(visit)]


def _rdf(
    visit: Visit,
    path: str,
    chosen: Format,
    head: list[tuple[str, str]],
    iris: list[str],
    total: int,
    number: int,
    pages: int,
) -> Response:
    """Return a page of a collection (Hydra core vocabulary)."""
    address = f"{visit.base}{path}"
    text = f"<{address}> a hydra:Collection ; hydra:totalItems {total} .\n"
    for iri in iris:
        member = str(ox.NamedNode(iri))
        text += f"<{address}> hydra:member {member} . "
        if iri.startswith(f"{visit.base}/things/"):
            text += f"{member} a hydra:Collection .\n"
        else:
            # For those who come before the thing's own address leads here, or never will.
            here = ox.NamedNode(visit.base + local(iri))
            text += f"{member} foaf:isPrimaryTopicOf {here} .\n"
    if pages > 1:
        text += links.pages(
            f"<{address}>", number, number < pages, lambda page: f"{address}?page={page}"
        )
    said = list(parsed(text))
    said += names_of(visit.engine, map(ox.NamedNode, iris))
    accept = visit.request.headers.get("accept")
    chosen = forms.fitting(
        said, chosen, accept, negotiated=not forms.split(visit.path, DOCUMENTS)[1]
    )
    head = [("Content-Type", chosen.content_type), ("Vary", "Accept"), *head]
    return Response(200, head, forms.write(said, chosen), cacheable=True)
