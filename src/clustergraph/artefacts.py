"""Where the ontology, shapes, queries and data lie.

In a checkout they stand at the top of the repository, where people edit them; in an installed
package they travel as ``clustergraph/_packaged``. Everybody who needs such a file asks here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

from clustergraph.errors import ClusterGraphError

__all__ = ["Room", "files", "fingerprint", "room"]

Room = Literal["ontology", "shapes", "queries", "data"]

_PACKAGE = Path(__file__).resolve().parent


@cache
def _root() -> Path:
    """Return the directory that holds the four rooms."""
    packaged = _PACKAGE / "_packaged"
    if packaged.is_dir():
        return packaged
    checkout = _PACKAGE.parents[1]
    if (checkout / "ontology").is_dir():
        return checkout
    raise ClusterGraphError(
        f"neither {packaged} nor {checkout / 'ontology'} exists: this installation of "
        "clustergraph is incomplete; install it again"
    )


def room(name: Room) -> Path:
    """Return the directory of one room.

    Raises:
        ClusterGraphError: the installation lacks its packaged files.
    """
    return _root() / name


def files(name: Room, pattern: str) -> Iterator[Path]:
    """Yield the files of a room that match a glob ``pattern``, below it at any depth, sorted."""
    yield from sorted(path for path in room(name).rglob(pattern) if path.is_file())


def fingerprint(*names: Room) -> str:
    """Return a hex digest over names and bytes of all files of the given rooms.

    Whatever is derived from these files (a built graph, a cached answer) is fresh as long as the
    fingerprint stays the same.
    """
    digest = hashlib.sha256()
    for name in names:
        for path in files(name, "*"):
            content = path.read_bytes()
            digest.update(f"{name}/{path.relative_to(room(name))}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()
