"""The graph of the shipped data, built once and kept in the cache.

What is kept is named after all it was made from: the shipped ontology and data, the code, and
the engine that wrote it. A change of any of these makes a new graph and drops the old one.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.errors import StoreError
from clustergraph.owl import settle as settle_inferences
from clustergraph.quadstore.disk import make_private
from clustergraph.quadstore.engine import Engine, build, is_store
from clustergraph.quadstore.generations import Generations, Settle
from clustergraph.settings import cache_directory

_SIZES: Final = "sizes.json"
# The code that makes the graph; all other code only reads it.
_MAKERS: Final = (
    "artefacts.py", "dataset.py", "shipped.py", "vocab.py", "csvw/*.py", "owl/*.py", "rdf/*.py",
    "statistics/*.py", "quadstore/disk.py", "quadstore/generations.py", "quadstore/memory.py",
)  # fmt: skip
# How many graphs of other versions stay: several installations may take turns.
_KEPT: Final = 3

Quads = Callable[[], Iterable[ox.Quad]]
Building = Callable[[], AbstractContextManager[object]]


def open_graph(inference: bool = True, building: Building = nullcontext) -> Engine:
    """Open the graph of the shipped data; build it first if the cache lacks it.

    Args:
        inference: whether the graph includes inferred statements.
        building: entered while the graph is built.

    Raises:
        StoreError: the cache directory cannot be written.
        TablesError: the shipped tables are broken.
    """
    return open_shipped(shipped_quads, settle_inferences if inference else None, building)


def open_built(inference: bool = True) -> Engine | None:
    """Open the graph of the shipped data, or return None: it is not built; see `open_graph`."""
    return _open(_directory(inference=inference))


def make_store(directory: Path, inference: bool = True) -> None:
    """Make a store of the shipped data: a copy of the graph in the cache, else built here.

    Args:
        directory: the new store.
        inference: whether the graph includes inferred statements.

    Raises:
        StoreError: ``directory`` holds something else already, or cannot be written.
        TablesError: the shipped tables are broken.
    """
    built = open_built(inference)
    if built is None:
        build(directory, shipped_quads, settle_inferences if inference else None)
        return
    try:
        Generations(built.directory).backup(directory)
    except StoreError:
        # When someone else was quicker, theirs stays.
        if not is_store(directory):
            raise


def shipped_quads() -> tuple[ox.Quad, ...]:
    """Return all quads that the shipped files state."""
    # Imported late: reading tables is only needed when the graph has to be built.
    from clustergraph.dataset import assemble, observations

    whole = assemble()
    return (*whole.quads, *observations(codes=whole.codes))


def fingerprint() -> str:
    """Return a name for the graph that this installation would build (32 hex digits)."""
    return artefacts.fingerprint(_MAKERS, artefacts.room("ontology"), artefacts.room("data"))


def open_shipped(
    quads: Quads, settle: Settle | None = None, building: Building = nullcontext
) -> Engine:
    """Open the graph of the shipped data; build it first where the cache lacks it.

    Args:
        quads: makes the graph's quads; called only when it has to be built. Of several processes
            that start at once, one builds and the others wait.
        settle: adds what follows from them; None: the graph that is opened holds nothing else.
        building: entered while the graph is built.

    Raises:
        StoreError: the cache directory cannot be written.
    """
    directory = _directory(inference=settle is not None)
    graphs = directory.parent
    if (engine := _open(directory)) is None:
        try:
            make_private(graphs)
        except OSError as error:
            raise StoreError(
                f"{graphs}: the graph has to be built there, but it cannot be written "
                f"({error.strerror}); name another directory in CLUSTERGRAPH_CACHE"
            ) from error
        with building(), (graphs / ".lock").open("a") as lock:
            # Two processes never build at the same time.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (engine := _open(directory)) is None:
                shutil.rmtree(directory, ignore_errors=True)
                # Nothing made here becomes garbage: looking for it takes a fifth of the time.
                gc.disable()
                try:
                    build(directory, quads, settle)
                finally:
                    gc.enable()
                (directory / _SIZES).write_text(json.dumps(_sizes(directory)), encoding="utf-8")
                engine = _open(directory) or Engine(directory)
            _prune(graphs, keep=directory)
    return engine


def _directory(*, inference: bool) -> Path:
    return cache_directory() / "graphs" / (fingerprint() + ("+" if inference else ""))


def _open(directory: Path) -> Engine | None:
    """Open the cached graph, or return None when it is missing, incomplete or broken."""
    try:
        lock = (directory / _SIZES).open(encoding="utf-8")
    except OSError:
        return None
    try:
        # Held as long as the engine lives; whoever prunes leaves the graph alone.
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if json.load(lock) == _sizes(directory):
            engine = Engine(directory, hold=lock)
            with suppress(OSError):
                os.utime(directory)
            return engine
    except (OSError, ValueError, StoreError):
        pass
    lock.close()
    return None


def _sizes(directory: Path) -> dict[str, int]:
    return {
        str(path.relative_to(directory)): path.stat().st_size
        for path in sorted((directory / "generations").rglob("*"))
        if path.suffix == ".sst" or path.name.startswith(("MANIFEST", "CURRENT"))
    }


def _prune(graphs: Path, keep: Path) -> None:
    """Remove the graphs of other versions, but for the last few and those in use."""
    others = [path for path in graphs.iterdir() if path.is_dir() and path != keep]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for other in others[_KEPT:]:
        try:
            with (other / _SIZES).open(encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(other, ignore_errors=True)
        except BlockingIOError:
            continue
        except OSError:
            # Left by a build that was killed: nobody builds now, for the cache's lock is ours.
            shutil.rmtree(other, ignore_errors=True)
