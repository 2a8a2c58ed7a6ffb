"""Limits and places that an operator may want to know; each name carries its unit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8000
DEFAULT_PUBLISHER: Final = "clustergraph project"

KEPT_GENERATIONS: Final = 10
"""Generations that stay after a commit, to be rolled back to or still to be read."""

MAX_QUERY_BYTES: Final = 100_000
"""Longest query, in bytes of UTF-8, that the service hands to the engine's parser."""

MAX_NESTING: Final = 200
"""Deepest nesting of brackets in a query; the parser recurses once or more for each level."""

REMOTE_TIMEOUT_S: Final = 60
"""How long a remote endpoint may take to answer."""


def cache_directory() -> Path:
    """Return the directory for what can be built again: the graph, above all.

    ``CLUSTERGRAPH_CACHE`` names it outright; else it is ``clustergraph`` below ``XDG_CACHE_HOME``,
    or below ``~/.cache`` (XDG Base Directory Specification).
    """
    if own := os.environ.get("CLUSTERGRAPH_CACHE"):
        return Path(own).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    # The specification: a relative XDG path is invalid and must be ignored.
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    return root / "clustergraph"
