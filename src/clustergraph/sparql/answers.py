"""What a query answers with, and the errors of reading it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import pyoxigraph as ox

from clustergraph.errors import QueryError, UnsupportedFunctionError, shortened, without_places

__all__ = ["Answer", "reading"]

Answer: TypeAlias = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples | list[ox.Triple]
"""SELECT: solutions; ASK: a truth; CONSTRUCT and DESCRIBE: triples.

An answer is read in the thread that asked for it.
"""


@contextmanager
def reading() -> Iterator[None]:
    """Turn what the engine raises while it evaluates into `QueryError`."""
    try:
        yield
    except (RuntimeError, OSError, ValueError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        reason = shortened(str(error))
        if "is not supported" in reason:
            raise UnsupportedFunctionError(f"{reason} here") from error
        message = f"the query could not be evaluated: {reason}"
        raise QueryError(message, without_places(message)) from error
