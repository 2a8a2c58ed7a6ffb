"""The process that works out ahead what pages need of the whole of a generation.

It shows itself the pages that keep something on the disk once a generation: the search index, the
counts, what the shapes and the checks find. So whoever comes first does not wait for it, and no
deadline of a query stands against a large graph.
"""

from __future__ import annotations

import itertools
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from clustergraph.http import showing
from clustergraph.http.worker import Reader
from clustergraph.pages import indexes
from clustergraph.pages.visit import Visit
from clustergraph.pages.words import LANGUAGES
from clustergraph.protocol import Request

__all__ = ["AHEAD", "Preparer"]

AHEAD: Final = ("/find", "/catalog", "/things", "/ontology", "/quality", "/quality/checks")
"""The pages, what people use most first."""

# Requests come first, but it must not starve: visitors may wait for what it makes.
_NICE: Final = 5
# Nobody waits for it at the other end.
_BUDGET_S: Final = 120.0


class Preparer(Reader):
    """A worker that answers nobody: READY says that all is on the disk."""

    def serve(self) -> None:
        """Work out what it is told to, after those who answer requests."""
        yield_way()
        super().serve()

    def open(self, target: dict[str, Any]) -> None:
        """Open a generation, and work out what is to be kept of it."""
        super().open(target)
        assert self._context is not None  # noqa: S101 - opened with the generation
        context, engine = replace(self._context, budget_s=_BUDGET_S), self._engine
        assert engine is not None  # noqa: S101 - likewise
        indexes.ensure(Visit(Request("GET", "/find"), context, engine, "/find"))
        for path, language in itertools.product(AHEAD, LANGUAGES):
            headers = {"accept": "text/html", "language": language}
            showing.respond(Request("GET", path, headers=headers), context, engine)


def yield_way() -> None:
    """Let processes that answer requests have the processors first."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    # Priorities count within a session, of which each worker has one (sched(7), "autogroup").
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(_NICE), "ascii")
