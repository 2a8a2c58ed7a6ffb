"""What pages need of a whole generation, computed ahead in a process of its own.

It makes the pages that keep something on disk for each generation: the search index, counts and
findings. So the first visitor does not wait, and no deadline of a query applies to a large graph.
"""

from __future__ import annotations

import itertools
from typing import Final

from clustergraph.http.routes import resolve
from clustergraph.pages import indexes
from clustergraph.pages.visit import Visit
from clustergraph.pages.words import LANGUAGES
from clustergraph.protocol import Context, Request

__all__ = ["AHEAD", "prepare", "refresh"]

AHEAD: Final = ("/find", "/catalog", "/things", "/ontology", "/quality", "/quality/checks")
"""The pages, the most used first."""


def refresh(context: Context) -> None:
    """Make the search index of a generation, of that of an earlier one where possible."""
    indexes.ensure(Visit(Request("GET", "/find"), context, context.engine, "/find"))


def prepare(context: Context) -> None:
    """Make the pages of a generation that keep something on disk."""
    refresh(context)
    for path, language in itertools.product(AHEAD, LANGUAGES):
        found = resolve(path)
        assert found is not None  # noqa: S101 - pages have routes
        route, parameters = found[0]["GET"], found[1]
        request = Request(
            "GET", path, headers={"accept": "text/html"}, operation=route.operation,
            parameters=parameters, language=language,
        )  # fmt: skip
        assert route.handler is not None  # noqa: S101 - workers make pages
        route.handler(request, context)
