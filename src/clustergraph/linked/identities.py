"""Things themselves, at ``/id/…``: no server can send one, so each leads to its description."""

from __future__ import annotations

from urllib.parse import quote

import pyoxigraph as ox

from clustergraph.linked.documents import existing, link
from clustergraph.pages.frame import Visit
from clustergraph.protocol import Response
from clustergraph.vocab import ID

__all__ = ["show"]


def show(visit: Visit) -> Response:
    """Redirect from a thing to its description (303; RFC 9110, section 15.4.4)."""
    name = quote(visit.path.removeprefix("/id/"), safe="/-._~!$&'()*+,;=:@")
    iri = ox.NamedNode(ID + name)
    refusal = existing(visit, iri)
    if refusal is not None:
        return refusal
    target = f"{visit.base}/doc/{name}"
    head = [("Location", target), ("Link", link(target, "describedby"))]
    return Response(303, head, cacheable=True)
