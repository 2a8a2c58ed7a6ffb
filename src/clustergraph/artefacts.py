"""What this installation consists of: its version, and where its ontology, shapes and data are.

In a checkout they stand at the top of the repository, where people edit them; in an installed
package they travel as ``clustergraph/_packaged``. Everybody who needs such a file asks here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, Literal

from clustergraph.errors import ClusterGraphError

DISTRIBUTION: Final = "cluster-policy-graph"
"""The name of the distribution; `clustergraph` on the Python package index is another project."""

Room = Literal["ontology", "shapes", "queries", "data"]

_PACKAGE = Path(__file__).resolve().parent


@cache
def _root() -> Path:
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


@cache
def version() -> str:
    """Return the version of this installation, from the metadata of its distribution."""
    # Reading the metadata takes longer than all that most processes import.
    from importlib.metadata import version as version_of

    return version_of(DISTRIBUTION)


def fingerprint(modules: Iterable[str], *inputs: Path) -> str:
    """Return a name for what our code makes of files (32 hex digits).

    What is kept under this name is fresh: another version of the program or of the engine, other
    code or other files give another name.

    Args:
        modules: glob patterns of the modules that take part, relative to the package.
        inputs: the directories of the files that are read, at any depth.
    """
    from importlib.metadata import version as version_of

    digest = hashlib.sha256(f"{version()} {version_of('pyoxigraph')}".encode())
    patterns = [(_PACKAGE, pattern) for pattern in modules]
    for directory, pattern in (*patterns, *((directory, "**/*") for directory in inputs)):
        for path in sorted(path for path in directory.glob(pattern) if path.is_file()):
            content = path.read_bytes()
            name = path.relative_to(directory).as_posix()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:32]
