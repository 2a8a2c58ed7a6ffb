"""A graph on disk as a row of immutable generations, and the commits that add to it.

::

    STORE/
      generations/000041/   a database; never written again once it is published
      generations/000042/
      current               names the published one; replaced atomically
      changes               what the last commits changed; see `delta`
      lock                  held (flock) by whoever commits; an empty file otherwise

A commit copies the published generation, by hard links where the file system has them, changes
the copy, makes it durable and publishes it. Whatever goes wrong before that (a bad change, a full
disk, ``kill -9``) leaves the published generation as it was, and the next commit removes what
remained of the copy. Locks belong to open files, so none outlives the process that took it.

Numbers only grow: to roll back is to publish an old generation again under a new number.
Therefore a number always means the same statements, and ``current`` is always the highest.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import pyoxigraph as ox

from clustergraph.errors import StoreError, UnknownNameError, UsageError
from clustergraph.quadstore.delta import Changed, Delta, record
from clustergraph.quadstore.disk import (
    alone,
    beside,
    copy_database,
    forget,
    full,
    refusals,
    sweep_beside,
    sync,
    sync_tree,
)
from clustergraph.settings import KEPT_GENERATIONS

T = TypeVar("T")
Apply: TypeAlias = Callable[[ox.Store, int], T]
"""Changes the copy; must keep nothing of it: no iterator, no answer that is still to be read.

The second argument is the number of the generation that was copied. When it raises, the copy is
discarded. A `Changed` that it returns says what it added and removed.
"""

Settle: TypeAlias = Callable[[ox.Store, Delta | None], Delta | None]
"""Completes the copy after the change, for instance with what follows from it. It is told what the
change did, and returns what it did itself; None: that is not known. Whatever it raises undoes the
whole commit.
"""

_CURRENT: Final = "current"
_DIRECTORY: Final = "generations"
_LOCK: Final = "lock"
_NOTE: Final = "published.json"


@dataclass(frozen=True, slots=True)
class Generation:
    """One state of the graph.

    Attributes:
        number: from 1, growing.
        path: the directory of its database.
        committed_at: when it was made, in seconds since 1970.
        restores: the generation that it brought back, if it was made by rolling back.
    """

    number: int
    path: Path
    committed_at: float
    restores: int | None = None

    def size_bytes(self) -> tuple[int, int]:
        """Return the size of all its files, and of those that no other generation shares."""
        found = [path.stat() for path in self.path.iterdir()]
        return (
            sum(file.st_size for file in found),
            sum(file.st_size for file in found if file.st_nlink == 1),
        )


class Held:
    """A generation that is in use: pruning leaves it alone until it is closed.

    Attributes:
        generation: what is held.
    """

    def __init__(self, generation: Generation, lock: int) -> None:
        self.generation = generation
        self._lock: int | None = lock

    def close(self) -> None:
        """Let it go; once is enough."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Generations:
    """The generations of one store.

    Args:
        directory: the store; `create` makes one.
        keep: how many generations stay after a commit, the published one included. Older ones
            are removed, unless somebody holds them.
        wait_s: how long a commit waits for another process that is committing; None: as long as
            it takes.
    """

    def __init__(
        self, directory: Path, *, keep: int = KEPT_GENERATIONS, wait_s: float | None = None
    ) -> None:
        self.directory = directory
        self._keep = keep
        self._wait_s = wait_s

    # Reading

    def exist(self) -> bool:
        """Say whether the directory is a store."""
        return (self.directory / _CURRENT).is_file()

    @property
    def current(self) -> Generation:
        """The published generation.

        Raises:
            StoreError: there is none.
        """
        name = self._current_name()
        while True:
            try:
                return self._read(int(name))
            except (StoreError, ValueError) as error:
                # It may have been superseded and pruned between the two looks.
                before, name = name, self._current_name()
                if name == before:
                    raise StoreError(
                        f"{self.directory / _CURRENT}: names no generation ({name!r})"
                    ) from error

    def numbers(self) -> list[int]:
        """Return the numbers of the generations that can be read, oldest first."""
        last = self.current.number
        return [number for number in self._numbers() if number <= last]

    def get(self, number: int) -> Generation:
        """Return one generation.

        Raises:
            UnknownNameError: it does not exist, or not any more.
        """
        known = self.numbers()
        if number not in known:
            raise UnknownNameError("generation", str(number), map(str, known))
        return self._read(number)

    def hold(self, number: int | None = None) -> Held:
        """Keep a generation from being pruned, for as long as the result is open.

        Args:
            number: which one; None: the published one.

        Raises:
            UnknownNameError: it does not exist, or not any more.
            StoreError: there is no published generation.
        """
        while True:
            generation = self.current if number is None else self.get(number)
            try:
                lock = os.open(generation.path, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:
                continue  # pruned since; look again
            try:
                # Whoever prunes holds it exclusively, and renames the directory before it lets go.
                fcntl.flock(lock, fcntl.LOCK_SH)
                if os.path.samestat(os.fstat(lock), generation.path.stat()):
                    return Held(generation, lock)
            except FileNotFoundError:
                pass
            except BaseException:
                os.close(lock)
                raise
            os.close(lock)

    # Writing

    def create(
        self, fill: Callable[[ox.Store], object] | None = None, settle: Settle | None = None
    ) -> Generation:
        """Make the store; its first generation holds what ``fill`` puts there, or nothing.

        Nothing but a complete store ever stands at the directory: the work is done beside it and
        moved there at the end. When someone else was quicker, theirs stays.

        Raises:
            StoreError: the directory holds something else already.
            DiskFullError: there is no room.
        """
        directory = self.directory.absolute()
        if directory.is_dir() and any(directory.iterdir()):
            raise StoreError(f"{directory}: not empty; name a new directory for the graph")
        with beside(directory) as work:
            made = Generations(work)
            made._database_directory.mkdir()
            store = ox.Store(str(made._path(1)))
            try:
                if fill is not None:
                    fill(store)
                if settle is not None:
                    settle(store, None)
                store.flush()
            finally:
                del store
            made._publish(made._path(1), 1)
            try:
                work.replace(directory)
            except OSError:
                if not self.exist():
                    raise
            sync(directory.parent)
        return self.current

    def commit(self, apply: Apply[T], settle: Settle | None = None) -> tuple[Generation, T]:
        """Publish one change; when this returns, it is on the disk.

        Returns:
            The generation published, and what ``apply`` returned.

        Raises:
            DiskFullError: there is no room; nothing has happened.
            StoreError: another process keeps the store locked, or the disk refuses.
            Exception: whatever ``apply`` raised; nothing has happened.
        """
        failed: Exception | None = None
        with self._writing():
            current = self.current
            with self._copy(current) as copy:
                try:
                    outcome, delta = _changed(copy, current.number, apply, settle)
                except Exception as error:
                    failed = full(self.directory, error) or error
                else:
                    generation = self._publish(copy, current.number + 1)
                    record(self.directory, generation.number, current.committed_at, delta)
            with suppress(OSError):
                self._prune(self._keep)
        if failed is not None:
            raise failed
        return generation, outcome

    def roll_back(self, number: int) -> Generation:
        """Publish an old generation again, under a new number.

        Raises:
            UnknownNameError: it does not exist, or not any more.
            UsageError: it is the published one.
            DiskFullError: there is no room.
        """
        with self._writing():
            current = self.current
            if number == current.number:
                raise UsageError(f"generation {number} is the published one already")
            with self._copy(self.get(number)) as copy:
                generation = self._publish(copy, current.number + 1, restores=number)
            with suppress(OSError):
                self._prune(self._keep)
        return generation

    def prune(self, keep: int) -> list[int]:
        """Remove all but the newest generations; those that somebody holds stay.

        Args:
            keep: how many stay, the published one included; at least 1.

        Returns:
            The numbers of those removed.
        """
        if keep < 1:
            raise UsageError("the published generation cannot be removed: keep at least 1")
        with self._writing():
            return self._prune(keep)

    def recover(self) -> None:
        """Remove what an interrupted commit left, as each commit does first of all."""
        sweep_beside(self.directory.absolute())
        if self.exist():
            with self._writing():
                pass

    def backup(self, target: Path) -> Generation:
        """Make ``target`` a store of its own that holds the published generation.

        On the same file system its large files are hard links and take no room; elsewhere they
        are copied. The original may be written meanwhile.

        Raises:
            StoreError: ``target`` is not empty, or cannot be written.
            DiskFullError: there is no room.
        """
        target = target.absolute()
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise StoreError(f"{target}: not empty; name a new directory for the graph")
        with self.hold() as held, beside(target) as work:
            generation, copy = held.generation, Generations(work)
            path = copy._path(generation.number)
            path.parent.mkdir()
            copy_database(generation.path, path)
            copy._publish(path, generation.number, generation.restores, generation.committed_at)
            work.replace(target)
            sync(target.parent)
        return Generations(target).current

    # Within a commit

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Be the only writer, of all threads and processes, and start from a tidy store."""
        self.current  # noqa: B018 - it must be a store before anything is put there
        with alone(self.directory, _LOCK, self._wait_s):
            self._sweep()
            yield

    @contextmanager
    def _copy(self, generation: Generation) -> Iterator[Path]:
        """Copy a generation to where it can be changed; remove what was not published of it."""
        # A name of its own: the engine refuses one that it has open already, for whatever reason.
        copy = self._database_directory / f".{generation.number:06}.{time.monotonic_ns()}"
        try:
            with refusals(self.directory):
                copy_database(generation.path, copy)
                yield copy
        except BaseException:
            with suppress(OSError, StoreError):
                self._sweep()
            raise
        shutil.rmtree(copy, ignore_errors=True)

    def _publish(
        self,
        copy: Path,
        number: int,
        restores: int | None = None,
        committed_at: float | None = None,
    ) -> Generation:
        """Make a closed copy durable, then the published generation."""
        committed_at = time.time() if committed_at is None else committed_at
        note = {"committed_at": committed_at, "restores": restores}
        (copy / _NOTE).write_text(json.dumps(note) + "\n", encoding="utf-8")
        sync_tree(copy)
        path = self._path(number)
        copy.replace(path)
        sync(self._database_directory)
        # From here on it is complete, but only the name in `current` makes it the published one.
        new = self.directory / f".{_CURRENT}"
        new.write_text(f"{number:06}\n", encoding="utf-8")
        sync(new)
        new.replace(self.directory / _CURRENT)
        sync(self.directory)
        return Generation(number, path, committed_at, restores)

    def _sweep(self) -> None:
        """Remove copies that were never published; only whoever holds the lock may."""
        last = self.current.number
        for path in self._database_directory.iterdir():
            if not path.name.isdigit() or int(path.name) > last:
                shutil.rmtree(path, ignore_errors=True)

    def _prune(self, keep: int) -> list[int]:
        removed = []
        for number in self.numbers()[:-keep]:
            path = self._path(number)
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                gone = path.with_name(f".{path.name}.pruned")
                path.replace(gone)
                shutil.rmtree(gone, ignore_errors=True)
                removed.append(number)
            except BlockingIOError:
                continue
            finally:
                os.close(lock)
        return removed

    # Layout

    def _current_name(self) -> str:
        try:
            return (self.directory / _CURRENT).read_text(encoding="utf-8").strip()
        except OSError as error:
            state = "holds no graph" if self.directory.is_dir() else "does not exist"
            raise StoreError(
                f"{self.directory} {state}; make one from the shipped data: "
                f"clustergraph serve --store {self.directory}"
            ) from error

    @property
    def _database_directory(self) -> Path:
        return self.directory / _DIRECTORY

    def _path(self, number: int) -> Path:
        return self._database_directory / f"{number:06}"

    def _numbers(self) -> list[int]:
        names = (path.name for path in self._database_directory.iterdir())
        return sorted(int(name) for name in names if name.isdigit())

    def _read(self, number: int) -> Generation:
        path = self._path(number)
        try:
            note = json.loads((path / _NOTE).read_text(encoding="utf-8"))
            return Generation(number, path, note["committed_at"], note["restores"])
        except (OSError, ValueError, KeyError) as error:
            raise StoreError(f"{path}: not a complete generation ({error})") from error


def _changed(
    copy: Path, number: int, apply: Apply[T], settle: Settle | None
) -> tuple[T, Delta | None]:
    """Change a copy; return what the change gave, and what was done to the copy, if known."""
    store = ox.Store(str(copy))
    try:
        outcome = apply(store, number)
        delta = outcome.delta if isinstance(outcome, Changed) else None
        if settle is not None:
            settled = settle(store, delta)
            delta = delta.then(settled) if delta is not None and settled else None
        store.flush()
        return outcome, delta
    except BaseException as error:
        forget(error)
        raise
    finally:
        # The frame lives on in the traceback of any exception that is kept.
        del store
