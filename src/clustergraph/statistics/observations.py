"""The observations as quads, converted once and kept in the cache.

They are most of the graph and change only with a release, so that a change of another table does
not convert them again. What is kept is named after the tables and the code that converts them.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.csvw import CodeLists, convert
from clustergraph.errors import StoreError
from clustergraph.settings import cache_directory

__all__ = ["observation_quads"]

_GZIP_LEVEL: Final = 1
_KEPT: Final = 2
_MAKERS: Final = ("csvw/*.py", "statistics/observations.py")


def observation_quads(directory: Path, codes: Callable[[], CodeLists]) -> Iterator[ox.Quad]:
    """Yield the quads of the observations' tables; convert them first if the cache lacks them.

    Args:
        directory: holds the tables and their metadata.
        codes: returns the code lists that their cells are checked against.

    Raises:
        TablesError: cells break their metadata.
        StoreError: the cache directory cannot be written.
    """
    kept = cache_directory() / "statistics" / f"{artefacts.fingerprint(_MAKERS, directory)}.nq.gz"
    with suppress(OSError, EOFError, SyntaxError):
        content = gzip.decompress(kept.read_bytes())
        yield from list(ox.parse(content, ox.RdfFormat.N_QUADS))
        return
    quads = [
        ox.Quad(traced.subject, traced.predicate, traced.object, traced.graph)
        for traced in convert(directory, codes=codes())
    ]
    _keep(kept, quads)
    yield from quads


def _keep(path: Path, quads: list[ox.Quad]) -> None:
    content = ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(gzip.compress(content, _GZIP_LEVEL, mtime=0))
        part.replace(path)
        others = sorted(path.parent.glob("*.nq.gz"), key=lambda one: -one.stat().st_mtime)
        for other in others[_KEPT:]:
            other.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"{path.parent}: converted statistics have to be kept there, but it cannot be written "
            f"({error.strerror}); name another directory in CLUSTERGRAPH_CACHE"
        ) from error
