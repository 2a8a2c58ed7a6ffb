"""Where search indexes lie: one a generation, shared by workers.

It is a file in the cache directory, named after the store, its generation and the code that made
it. A process of its own makes it when a generation is published (`http.ahead`), or else whoever
needs it first, and removes those of older generations. If the store knows what was changed since an
older one, this is copied and brought up to date. Where the cache cannot be written, or the graph is
another server's, the index is made in memory.
"""

from __future__ import annotations

import fcntl
import math
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from clustergraph import spelling
from clustergraph.pages.index import Index
from clustergraph.pages.indexing import build, update
from clustergraph.protocol import faults
from clustergraph.quadstore.changes import changed
from clustergraph.quadstore.disk import make_private
from clustergraph.quadstore.engine import Engine
from clustergraph.settings import cache_directory

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit
    from clustergraph.quadstore.engine import Queryable

__all__ = ["ensure", "of"]

_REFRESH_S: Final = 600
# How long a visitor waits for another process that makes the index.
_PATIENCE_S: Final = 5.0
_POLL_S: Final = 0.05
# A smaller index is made in a few seconds, by whoever needs it. Instead of a larger one that cannot
# be brought up to date, that of the generation before serves for as long as it may take to make it.
_LARGE_BYTES: Final = 24 << 20
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
    if (place := _place(visit)) is not None:
        with suppress(OSError, sqlite3.OperationalError):
            place.made(wait_s=None)


def _shared(visit: Visit) -> Index | None:
    """Open the file of a generation, or make it; None: that cannot be done."""
    place = _place(visit)
    if place is None:
        return None
    try:
        if not place.path.exists():
            older = place.before()
            age_s = time.time() - place.committed_at
            left = older is not None and older.large and age_s < _SOON_S
            if not place.made(_PATIENCE_S, whole=not left):
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
    engine = visit.engine
    if not isinstance(engine, Engine):
        return None
    store = blake2b(str(engine.directory).encode(), digest_size=9).hexdigest()
    return _Place(engine, store, visit.generation, visit.context.committed_at or 0.0)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the index of a generation lies.

    Attributes:
        engine: the graph.
        store: a digest of the store's directory.
        generation: the number.
        committed_at: when it was published.
    """

    engine: Engine
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

    def made(self, wait_s: float | None, whole: bool = True) -> bool:
        """Make it, unless it is there.

        Args:
            wait_s: how long to wait for somebody else who is at it; None: as long as it takes.
            whole: whether to make it anew if no other can be brought up to date.

        Returns:
            Whether it is there now.
        """
        make_private(self.path.parent)
        with (self.path.parent / f"{self.store}.lock").open("a") as lock:
            if not _locked(lock, wait_s):
                return False
            if not self.path.exists():
                if not (self._made_by(self._update) or (whole and self._made_by(self._build))):
                    return False
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
                yield _Place(self.engine, self.store, int(number), float(committed_at))

    def _made_by(self, make: Callable[[str], bool]) -> bool:
        """Make the file; nothing but a whole index ever stands there, whoever is killed."""
        descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name)
        os.close(descriptor)
        try:
            made = make(name)
            if made:
                Path(name).replace(self.path)
            return made
        finally:
            Path(name).unlink(missing_ok=True)

    def _build(self, name: str) -> bool:
        with closing(sqlite3.connect(name)) as database:
            build(self.engine, database)
        return True

    def _update(self, name: str) -> bool:
        older = self.before()
        if older is None:
            return False
        triples = changed(
            self.engine.directory, older.generation, older.committed_at, self.generation
        )
        if triples is None:
            return False
        shutil.copyfile(older.path, name)
        with closing(sqlite3.connect(name)) as database:
            return update(self.engine, self.engine.store, database, triples)


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


@cache
def _code() -> str:
    """Return a digest of the code that makes indexes: another one makes other indexes."""
    digest = blake2b(digest_size=6)
    pages = Path(__file__).parent
    sources = [pages / f"{name}.py" for name in ("indexing", "gather", "facets", "europe")]
    for source in (*sources, Path(spelling.__file__)):
        digest.update(source.read_bytes())
    return digest.hexdigest()
