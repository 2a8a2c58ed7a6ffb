"""Files made durable, databases copied, and what a disk's refusal means in words."""

from __future__ import annotations

import errno
import fcntl
import glob
import os
import shutil
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from clustergraph.errors import DiskFullError, StoreError

# Files of a database that are never changed once they are written, so that copies may share them.
_SHARED: Final = ".sst"
# Logs in words, and the file whose lock says that the database is open.
_LEFT_OUT: Final = ("LOG", "LOCK", "published.json")
_POLL_S: Final = 0.01
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_FULL_IN_WORDS: Final = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))


def copy_database(source: Path, target: Path) -> None:
    """Copy a database that nobody has open for writing; share its large files if possible.

    Raises:
        OSError: the disk refuses.
    """
    target.mkdir()
    for path in source.iterdir():
        if path.name.startswith(_LEFT_OUT):
            continue
        copy = target / path.name
        if path.suffix == _SHARED:
            try:
                copy.hardlink_to(path)
                continue
            except OSError as error:
                if error.errno in _FULL:
                    raise
                # Another file system, one without hard links, or too many links already.
        shutil.copyfile(path, copy)


def sync(path: Path) -> None:
    """Wait until a file's content, or a directory's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(directory: Path) -> None:
    """Wait until all files of a directory, and the directory itself, are on the disk.

    Files shared with another database were made durable with that one. A file that is gone by
    now was obsolete: the database removes such files a little after it was closed.
    """
    for path in directory.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_nlink == 1:
                sync(path)
    sync(directory)


@contextmanager
def refusals(directory: Path) -> Iterator[None]:
    """Turn what the disk refuses into `StoreError`.

    Args:
        directory: the store, to be named in the message.

    Raises:
        DiskFullError: there is no room.
        StoreError: the disk refused for another reason.
    """
    try:
        yield
    except DiskFullError:
        raise
    except (OSError, StoreError) as error:
        if told := full(directory, error):
            raise told from error
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{directory}: cannot be written ({error.strerror or error})") from error


def full(directory: Path, error: BaseException) -> DiskFullError | None:
    """Return what to say when a full disk or quota is at the root of ``error``; else None.

    Args:
        directory: the store, to be named in the message.
        error: what was raised, in whatever wrapping.
    """
    if not _is_full(error):
        return None
    told = DiskFullError(
        f"{directory}: the disk is full; nothing was changed. Make room, for example with "
        f"clustergraph generations prune {directory} --keep 1, and try again; "
        "no restart is needed"
    )
    told.__cause__ = error
    return told


def _is_full(error: BaseException | None) -> bool:
    """Say whether a full disk or quota is at the root; the engine tells it in words alone."""
    while error is not None:
        if isinstance(error, OSError) and (
            error.errno in _FULL or any(words in str(error) for words in _FULL_IN_WORDS)
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def alone(directory: Path, name: str, wait_s: float | None) -> Iterator[None]:
    """Be the only one, of all threads and processes, to hold the lock of a directory.

    Args:
        directory: the store.
        name: the file in it to lock; it is made if need be.
        wait_s: how long to wait for another holder; None: as long as it takes.

    Raises:
        StoreError: the store cannot be written, or another process keeps the lock.
    """
    with refusals(directory):
        lock = os.open(directory / name, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = None if wait_s is None else time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (fcntl.LOCK_NB if deadline else 0))
                break
            except BlockingIOError as error:
                if deadline is not None and time.monotonic() >= deadline:
                    raise StoreError(
                        f"{directory}: another process has been writing for over {wait_s:g} s; "
                        "try again when it is done"
                    ) from error
                time.sleep(_POLL_S)
        yield
    finally:
        os.close(lock)


@contextmanager
def beside(directory: Path) -> Iterator[Path]:
    """Make a hidden directory beside ``directory`` to work in; it goes unless it was moved.

    What others left there when they were killed goes, too.

    Raises:
        DiskFullError: there is no room.
        StoreError: the place cannot be written.
    """
    with refusals(directory):
        make_private(directory.parent)
        work = Path(tempfile.mkdtemp(prefix=f".{directory.name}-unfinished-", dir=directory.parent))
        lock = _lock(work)
        sweep_beside(directory)
        try:
            yield work
        finally:
            os.close(lock)
            shutil.rmtree(work, ignore_errors=True)


def make_private(directory: Path) -> None:
    """Create a directory that only its owner can enter (mode 0700), parents likewise.

    Raises:
        OSError: the disk refuses.
    """
    directory = directory.absolute()
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)


def sweep_beside(directory: Path) -> None:
    """Remove what processes that were killed left beside ``directory`` (see `beside`)."""
    for other in directory.parent.glob(f".{glob.escape(directory.name)}-unfinished-*"):
        with suppress(OSError):
            os.close(_lock(other))
            shutil.rmtree(other, ignore_errors=True)


def _lock(directory: Path) -> int:
    """Lock a directory for this process, for as long as the result is open.

    Raises:
        BlockingIOError: another process has locked it.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def forget(error: BaseException | None) -> None:
    """Drop the variables of the frames that an exception went through.

    They hold the copy's database, which would stay open for as long as the exception lives.
    """
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
