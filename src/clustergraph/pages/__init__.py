"""Pages for people, made in worker processes: Jinja2 templates over one generation of the graph."""

from clustergraph.http.protocol import Response
from clustergraph.pages.frame import Row, Visit, page, refuse, respond, shown

__all__ = ["Row", "Visit", "page", "refuse", "respond", "shown", "thing"]


def thing(visit: Visit, iri: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return the page of a thing; see `clustergraph.pages.described.thing`."""
    from clustergraph.pages import described

    return described.thing(visit, iri, headers)
