"""From the address of a page or a document to the handler that makes it, in a worker process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote

from clustergraph.errors import ClusterGraphError, UnknownNameError
from clustergraph.http import places
from clustergraph.linked import (
    catalog,
    contexts,
    documents,
    dumps,
    identities,
    index,
    sitemaps,
    vocabularies,
)
from clustergraph.pages import (
    compare,
    country,
    files,
    find,
    ontology,
    overview,
    policy,
    quality,
    queries,
    query,
    question,
    switches,
    vocabulary,
)
from clustergraph.pages.frame import NAVIGATION, refuse
from clustergraph.pages.visit import Visit
from clustergraph.protocol import Context, Request, Response

if TYPE_CHECKING:
    from clustergraph.quadstore.engine import Queryable

__all__ = ["HANDLERS", "respond"]

Show: TypeAlias = Callable[[Visit], Response]

HANDLERS: Final[Mapping[str, Show]] = {
    "overview": overview.show,
    "find": find.show,
    "query": query.show,
    "vocabulary": vocabulary.show,
    "queries": queries.show,
    "question": question.show,
    "country": country.show,
    "compare": compare.show,
    "policy": policy.show,
    "quality": quality.show,
    "ontology": ontology.show,
    "switches": switches.show,
    "files": files.show,
    "identities": identities.show,
    "vocabularies": vocabularies.show,
    "documents": documents.show,
    "catalog": catalog.show,
    "dumps": dumps.show,
    "index": index.show,
    "sitemaps": sitemaps.show,
    "contexts": contexts.show,
}
"""What makes the pages, by the names of `clustergraph.http.places`."""


def respond(request: Request, context: Context, engine: Queryable) -> Response:
    """Return the page at an address, or the page that says why there is none."""
    path = unquote(request.path, errors="replace")
    found = places.find(path, request.headers.get("accept"))
    visit = Visit(request, context, engine, path)
    if found is None:
        error = UnknownNameError("page", path, [f"/{name}" for name in NAVIGATION])
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
        return HANDLERS[place.name](visit)
    except ClusterGraphError as error:
        return refuse(visit, error)
