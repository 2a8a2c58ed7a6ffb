"""The search index of a generation: a database that is made once, kept, and shared by workers.

It is kept with the store. A process of its own makes it when a generation is published
(`clustergraph.http.background`), or else whoever needs it first. If the store knows what was
changed since an older one, this is copied and brought up to date. Where the store cannot be
written, or the graph is another server's, the index is made in memory.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clustergraph.errors import StoreError
from clustergraph.pages.gather import build, update
from clustergraph.pages.index import Index
from clustergraph.protocol import faults
from clustergraph.quadstore.delta import changed
from clustergraph.quadstore.engine import Engine
from clustergraph.quadstore.kept import earlier, kept_file

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

# Another number where `gather` makes other indexes than before.
_NAME: Final = "search-2"
_REFRESH_S: Final = 600
# How long a visitor waits for another process that makes the index.
_PATIENCE_S: Final = 5.0
# For as long as it may take to make the index of a new generation anew, that of the one before it
# serves.
_SOON_S: Final = 120.0


def of(visit: Visit) -> Index:
    """Return the index of the generation that a visit is answered from; make it if need be.

    Where it has to be made anew, that of a generation before serves; `Index.generation` tells.

    Raises:
        RequestError: another process makes it, and there is none from before.
    """
    memory = visit.context.memory
    known = memory.get("search index")
    if isinstance(known, Index) and (
        visit.generation or time.monotonic() - known.made_at < _REFRESH_S
    ):
        return known
    index = None
    if isinstance(visit.engine, Engine):
        with suppress(OSError, sqlite3.OperationalError):
            index = _shared(visit, visit.engine)
    if index is None:
        database = sqlite3.connect(":memory:")
        build(visit.engine, database)
        index = Index(database, visit.generation)
    if index.generation == visit.generation:
        memory["search index"] = index
    return index


def ensure(visit: Visit) -> None:
    """Make the index of a generation, unless it is there, however long that takes."""
    if isinstance(visit.engine, Engine):
        with suppress(OSError, sqlite3.OperationalError, StoreError):
            _file(visit, visit.engine, wait_s=None)


def _shared(visit: Visit, engine: Engine) -> Index:
    """Open the file of a generation, or make it."""
    older = earlier(engine.directory, visit.generation, _NAME)
    soon = time.time() - (visit.context.committed_at or 0.0) < _SOON_S
    try:
        path = _file(visit, engine, _PATIENCE_S, whole=older is None or not soon)
    except StoreError as error:
        if older is None:
            raise faults.not_ready(
                "the search is being prepared for this state of the graph; try again in a few "
                "seconds"
            ) from error
        return _open(older.path, older.number)
    return _open(path, visit.generation)


def _open(path: Path, generation: int) -> Index:
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    return Index(sqlite3.connect(address, uri=True), generation)


def _file(visit: Visit, engine: Engine, wait_s: float | None, whole: bool = True) -> Path:
    """Return the file of a generation, made if need be.

    Args:
        visit: tells the generation.
        engine: the graph.
        wait_s: how long to wait for somebody else who is at it; None: as long as it takes.
        whole: whether to make it anew if no other can be brought up to date.

    Raises:
        StoreError: somebody else makes it, or it would have to be made anew.
        OSError: the store cannot be written.
    """

    def make(path: Path) -> None:
        if not _updated(visit, engine, path):
            if not whole:
                raise StoreError("the index has to be made anew")
            path.unlink(missing_ok=True)
            with closing(sqlite3.connect(path)) as database:
                build(engine, database)

    at = visit.context.committed_at or 0.0
    return kept_file(engine.directory, visit.generation, at, _NAME, make, wait_s)


def _updated(visit: Visit, engine: Engine, path: Path) -> bool:
    """Bring a copy of an older index up to date; return whether that could be done."""
    older = earlier(engine.directory, visit.generation, _NAME)
    if older is None:
        return False
    triples = changed(engine.directory, older.number, older.committed_at, visit.generation)
    if triples is None:
        return False
    shutil.copyfile(older.path, path)
    with closing(sqlite3.connect(path)) as database:
        return update(engine, database, triples)
