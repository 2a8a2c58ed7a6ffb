"""What is worked out once a generation and kept on disk, for all processes that read it.

::

    STORE/kept/000041-1767225600.25.statistics

A file belongs to one generation, is complete when it appears, and goes with the generations
before it. Where the store cannot be written, everybody works it out anew.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from clustergraph.errors import StoreError
from clustergraph.quadstore.disk import alone

_DIRECTORY: Final = "kept"
# How long to wait for another process that works it out already.
_WAIT_S: Final = 20.0
# Readers of the generations just before may still want theirs.
_GENERATIONS: Final = 3


class Earlier(NamedTuple):
    """What is kept of an earlier generation: its number, when it was published, the file."""

    number: int
    committed_at: float
    path: Path


def kept(
    directory: Path, number: int, committed_at: float, name: str, make: Callable[[], bytes]
) -> bytes:
    """Return what ``make`` returns for a generation: from the disk if anybody has asked before.

    Args:
        directory: the store.
        number: the generation.
        committed_at: when it was published, in seconds since 1970; tells apart the generations of
            stores that were made anew at the same place.
        name: what it is; letters, digits and hyphens.
        make: works it out, from that generation alone.
    """
    with suppress(OSError, StoreError):
        return kept_file(
            directory, number, committed_at, name, lambda path: path.write_bytes(make())
        ).read_bytes()
    return make()


def kept_file(
    directory: Path,
    number: int,
    committed_at: float,
    name: str,
    make: Callable[[Path], object],
    wait_s: float | None = _WAIT_S,
) -> Path:
    """Return the file that ``make`` writes for a generation, unless it is there already.

    Args:
        directory: the store.
        number: the generation.
        committed_at: when it was published.
        name: what it is.
        make: writes the file at a path, from that generation alone.
        wait_s: how long to wait for another process that is at it; None: as long as it takes.

    Raises:
        StoreError: another process is still at it.
        OSError: the store cannot be written.
    """
    place = directory / _DIRECTORY
    path = place / f"{number:06d}-{committed_at}.{name}"
    if path.exists():
        return path
    place.mkdir(exist_ok=True)
    if not os.access(place, os.W_OK):
        raise PermissionError(str(place))
    # One lock a name: what takes long keeps nobody from what is made in a moment.
    with alone(place, f"lock-{name}", wait_s):
        if not path.exists():
            # What older generations have left, also by processes that were killed.
            for left in place.glob(f".{name}.*"):
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=place) as work:
                make(Path(work, name))
                Path(work, name).replace(path)
            for other in _known(place, name):
                if other.number <= number - _GENERATIONS:
                    other.path.unlink(missing_ok=True)
    return path


def earlier(directory: Path, number: int, name: str) -> Earlier | None:
    """Return what is kept of the last generation before one; None: nothing."""
    known = (one for one in _known(directory / _DIRECTORY, name) if one.number < number)
    return max(known, default=None)


def _known(place: Path, name: str) -> list[Earlier]:
    found = []
    for path in place.glob(f"*.{name}"):
        first, _, at = path.name.removesuffix(f".{name}").partition("-")
        with suppress(ValueError):
            found.append(Earlier(int(first), float(at), path))
    return found
