"""Things themselves, at ``/id/…``: no server can send one, so each leads to its description."""

from __future__ import annotations

from clustergraph.linked import links
from clustergraph.linked.documents import existing, named
from clustergraph.pages.addresses import local
from clustergraph.pages.visit import Visit
from clustergraph.protocol import Response

__all__ = ["show"]


def show(visit: Visit) -> Response:
    """Redirect from a thing to its description (303; RFC 9110, section 15.4.4)."""
    iri, _ = named(visit)
    if (refusal := existing(visit, iri)) is not None:
        return refusal
    target = visit.base + local(iri.value)
    head = [("Location", target), *links.header([links.link(target, "describedby")])]
    return Response(303, head, cacheable=True)
