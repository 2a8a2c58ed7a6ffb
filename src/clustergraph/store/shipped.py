"""The graph of the shipped data, built once and kept in the cache.

What is kept is named after all it was made from: the shipped ontology and data, the code, and
the engine that wrote it. A change of any of these makes a new graph and drops the old one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyoxigraph as ox

import clustergraph
from clustergraph import artefacts
from clustergraph.errors import StoreError
from clustergraph.settings import cache_directory
from clustergraph.store.engine import Engine, build

__all__ = ["fingerprint", "open_shipped"]

_SIZES: Final = "sizes.json"
# Another version's graph may be in use by a running service; so what was used lately stays.
_KEEP_S: Final = 24 * 3600

Quads = Callable[[], Iterable[ox.Quad]]


def fingerprint() -> str:
    """Return a name for the graph that this installation would build (32 hex digits)."""
    digest = hashlib.sha256(artefacts.fingerprint("ontology", "data").encode())
    digest.update(f"{clustergraph.__version__} {ox.__version__}".encode())
    package = Path(clustergraph.__file__).parent
    for module in sorted(package.rglob("*.py")):
        digest.update(module.relative_to(package).as_posix().encode() + b"\0")
        digest.update(module.read_bytes())
    return digest.hexdigest()[:32]


def open_shipped(quads: Quads) -> Engine:
    """Open the graph of the shipped data; build it first where the cache lacks it.

    Args:
        quads: makes the graph's quads; called only when it has to be built. Of several processes
            that start at once, one builds and the others wait.

    Raises:
        StoreError: the cache directory cannot be written.
    """
    graphs = cache_directory() / "graphs"
    directory = graphs / fingerprint()
    if (engine := _open(directory)) is None:
        try:
            graphs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{graphs}: the graph has to be built there, but it cannot be written "
                f"({error.strerror}); name another directory in CLUSTERGRAPH_CACHE"
            ) from error
        with _alone(graphs):
            if (engine := _open(directory)) is None:
                shutil.rmtree(directory, ignore_errors=True)
                build(directory, quads)
                (directory / _SIZES).write_text(json.dumps(_sizes(directory)), encoding="utf-8")
                engine = Engine(directory)
            _prune(graphs, keep=directory)
    return engine


def _open(directory: Path) -> Engine | None:
    """Open the cached graph, or return None when it is missing, incomplete or broken."""
    try:
        sizes = json.loads((directory / _SIZES).read_text(encoding="utf-8"))
        if sizes != _sizes(directory):
            return None
        os.utime(directory)
        return Engine(directory)
    except (OSError, ValueError, StoreError):
        return None


def _sizes(directory: Path) -> dict[str, int]:
    """Return the size in bytes of each file that holds the data, by its path."""
    return {
        str(path.relative_to(directory)): path.stat().st_size
        for path in sorted((directory / "generations").rglob("*"))
        if path.suffix == ".sst" or path.name.startswith(("MANIFEST", "CURRENT"))
    }


def _prune(graphs: Path, keep: Path) -> None:
    """Remove the graphs of other versions that nothing has opened for a day."""
    for other in graphs.iterdir():
        if other == keep or not other.is_dir():
            continue
        if time.time() - other.stat().st_mtime > _KEEP_S:
            shutil.rmtree(other, ignore_errors=True)


@contextmanager
def _alone(graphs: Path) -> Iterator[None]:
    """Hold the cache's lock, so that two processes never build at the same time."""
    with (graphs / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
