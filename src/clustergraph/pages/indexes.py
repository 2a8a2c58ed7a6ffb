"""Where search indexes lie: one a generation, shared by workers.

It is a file in the cache directory, named after the store, its generation and the code that made
it. A process of its own makes it when a generation is published (`preparer`), or else whoever
needs it first, and removes those of older generations. Where the cache cannot be written, or the
graph is another server's, it is made in memory.
"""

from __future__ import annotations

import fcntl
import math
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from clustergraph import spelling
from clustergraph.pages.index import Index, build
from clustergraph.protocol import faults
from clustergraph.quadstore.disk import make_private
from clustergraph.settings import cache_directory

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit
    from clustergraph.quadstore.engine import Queryable

__all__ = ["ensure", "of"]

_REFRESH_S: Final = 600
# How long a visitor waits for another process that makes the index.
_PATIENCE_S: Final = 5.0
_POLL_S: Final = 0.05
# A smaller index is made in a second or so, by whoever needs it. Instead of a larger one that of
# the generation before serves, for as long as `preparer` may be expected to make it.
_LARGE_BYTES: Final = 12 << 20
_SOON_S: Final = 120.0


def of(visit: Visit) -> Index:
    """Return the index of the generation that a visit is answered from; make it if need be.

    While a large one is being made, that of a generation before serves; `Index.generation` tells.

    Raises:
        RequestError: another process makes it, and there is none from before.
    """
    memory = visit.context.memory
    kept = memory.get("search index")
    if isinstance(kept, Index) and (
        visit.generation or time.monotonic() - kept.made_at < _REFRESH_S
    ):
        return kept
    index = _shared(visit) or Index(_own(visit.engine), visit.generation)
    if index.generation == visit.generation:
        memory["search index"] = index
    return index


def _own(engine: Queryable) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    build(engine, database)
    return database


def ensure(visit: Visit) -> None:
    """Make the index of a generation, unless it is there, however long that takes."""
    place = _place(visit)
    if place is not None:
        with suppress(OSError, sqlite3.OperationalError):
            place.made(visit.engine, wait_s=None)


def _shared(visit: Visit) -> Index | None:
    """Open the file of a generation, or make it; None: that cannot be done."""
    place = _place(visit)
    if place is None:
        return None
    try:
        if not place.path.exists():
            older = place.before()
            age_s = time.time() - (visit.context.committed_at or 0)
            if older is not None and older.large and age_s < _SOON_S:
                return older.open()
            if not place.made(visit.engine, _PATIENCE_S):
                if older is not None:
                    return older.open()
                raise faults.not_ready(
                    "the search is being prepared for this state of the graph; try again in a "
                    "few seconds"
                )
        return place.open()
    except (OSError, sqlite3.OperationalError):
        return None


def _place(visit: Visit) -> _Place | None:
    directory = getattr(visit.engine, "directory", None)
    if directory is None:
        return None
    store = blake2b(str(directory).encode(), digest_size=9).hexdigest()
    return _Place(store, visit.generation, visit.context.committed_at or 0.0)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the index of a generation lies.

    Attributes:
        store: a digest of the store's directory.
        generation: the number.
        committed_at: when it was published.
    """

    store: str
    generation: int
    committed_at: float

    @property
    def path(self) -> Path:
        name = f"{self.store}-{self.generation:06}-{self.committed_at}-{_code()}.sqlite"
        return cache_directory() / "search" / name

    @property
    def large(self) -> bool:
        return self.path.stat().st_size > _LARGE_BYTES

    def open(self) -> Index:
        address = f"file:{self.path.as_posix()}?mode=ro&immutable=1"
        return Index(sqlite3.connect(address, uri=True), self.generation)

    def made(self, engine: Queryable, wait_s: float | None) -> bool:
        """Make it, unless it is there; False: somebody else has been at it for that long."""
        make_private(self.path.parent)
        with (self.path.parent / f"{self.store}.lock").open("a") as lock:
            if not _locked(lock, wait_s):
                return False
            if not self.path.exists():
                _make(engine, self.path)
                for other in self._others():
                    # Not what was published later. Workers that have one open keep reading it.
                    if other.committed_at <= self.committed_at:
                        other.path.unlink(missing_ok=True)
        return True

    def before(self) -> _Place | None:
        """Return the last one before it that there is."""
        earlier = (one for one in self._others() if one.generation < self.generation)
        return max(earlier, key=lambda one: one.generation, default=None)

    def _others(self) -> Iterator[_Place]:
        for path in self.path.parent.glob(f"{self.store}-*.sqlite"):
            _, number, committed_at, code = path.stem.split("-")
            if code != _code():
                path.unlink(missing_ok=True)
            elif path != self.path:
                yield _Place(self.store, int(number), float(committed_at))


def _locked(lock: IO[str], wait_s: float | None) -> bool:
    """Lock a file; False: somebody else has had it for that long."""
    until = math.inf if wait_s is None else time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_S)
        else:
            return True


def _make(engine: Queryable, path: Path) -> None:
    # Nothing but a whole index ever stands there, whenever the worker is killed.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    os.close(descriptor)
    try:
        database = sqlite3.connect(name)
        try:
            build(engine, database)
        finally:
            database.close()
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@cache
def _code() -> str:
    """Return a digest of the code that makes indexes: another one makes other indexes."""
    digest = blake2b(digest_size=6)
    pages = Path(__file__).parent
    sources = [pages / f"{name}.py" for name in ("index", "gather", "facets", "europe")]
    for source in (*sources, Path(spelling.__file__)):
        digest.update(source.read_bytes())
    return digest.hexdigest()
