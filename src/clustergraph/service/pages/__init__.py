"""Pages for people, made in worker processes: Jinja2 templates over one generation of the graph."""

from clustergraph.service.pages.frame import Row, Visit, page, refuse, respond, shown
from clustergraph.service.protocol import Response

__all__ = ["Row", "Visit", "page", "refuse", "respond", "shown", "thing"]


def thing(visit: Visit, iri: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return the page of a thing; see `clustergraph.service.pages.described.thing`."""
    from clustergraph.service.pages import described

    return described.thing(visit, iri, headers)
