"""What is worked out once a generation and kept on disk, for all processes that read it.

::

    STORE/kept/000041-1767225600.000000.statistics

A file belongs to one generation, is complete when it appears, and goes with the generations
before it. Where the store cannot be written, everybody works it out anew.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from clustergraph.errors import StoreError
from clustergraph.quadstore.disk import alone

__all__ = ["kept"]

_DIRECTORY: Final = "kept"
# How long to wait for another process that works it out already.
_WAIT_S: Final = 20.0
# Readers of the generations just before may still want theirs.
_GENERATIONS: Final = 3


def kept(
    directory: Path, number: int, committed_at: float, name: str, make: Callable[[], bytes]
) -> bytes:
    """Return what ``make`` returns for a generation: from the disk if anybody has asked before.

    Args:
        directory: the store.
        number: the generation.
        committed_at: when it was published, in seconds since 1970; tells apart the generations of
            stores that were made anew at the same place.
        name: what it is; letters and hyphens.
        make: works it out, from that generation alone.
    """
    place = directory / _DIRECTORY
    path = place / f"{number:06d}-{committed_at:.6f}.{name}"
    with suppress(OSError):
        return path.read_bytes()
    with ExitStack() as waiting:
        with suppress(OSError, StoreError):
            place.mkdir(exist_ok=True)
            # One lock a name: what takes long keeps nobody from what is made in a moment.
            waiting.enter_context(alone(place, f"lock-{name}", _WAIT_S))
        with suppress(OSError):
            return path.read_bytes()
        found = make()
        with suppress(OSError):
            _write(path, found, name)
            _sweep(place, number, name)
        return found


def _write(path: Path, data: bytes, name: str) -> None:
    descriptor, work = tempfile.mkstemp(dir=path.parent, prefix=f".{name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(work).replace(path)
    except BaseException:
        Path(work).unlink(missing_ok=True)
        raise


def _sweep(place: Path, number: int, name: str) -> None:
    """Remove what older generations have left, also by processes that were killed."""
    for other in place.glob(f"*.{name}"):
        if other.name[:6].isdigit() and int(other.name.partition("-")[0]) <= number - _GENERATIONS:
            other.unlink(missing_ok=True)
    for work in place.glob(f".{name}.*"):
        work.unlink(missing_ok=True)
