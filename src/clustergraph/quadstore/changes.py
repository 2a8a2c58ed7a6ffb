"""What each commit changed, for whoever keeps something in line with the published generation.

::

    STORE/changes    a line of JSON for each commit: its number, when the generation that it
                     changed was published, and the triples that it added or removed

The file is a convenience: where a line is missing, for instance after a crash or a roll-back, what
has changed is unknown, and whatever depends on it is made anew.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph.quadstore.delta import Delta

__all__ = ["changed", "record"]

_FILE: Final = "changes"
_MOST_TRIPLES: Final = 2000
_MOST_BYTES: Final = 4 << 20


def record(directory: Path, number: int, since: float, delta: Delta | None) -> None:
    """Note what a generation changed; nothing is noted of large or unknown changes.

    Args:
        directory: the store.
        number: the generation, which has just been published.
        since: when the generation before it was published, in seconds since 1970.
        delta: what differs from the generation before, inferred statements included; None: unknown.
    """
    if delta is None or len(delta.added) + len(delta.removed) > _MOST_TRIPLES:
        return
    triples = sorted({str(quad.triple) for quad in (*delta.added, *delta.removed)})
    path = directory / _FILE
    with suppress(OSError):
        if path.exists() and path.stat().st_size > _MOST_BYTES:
            path.unlink()
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([number, since, triples]) + "\n")


def changed(directory: Path, after: int, since: float, until: int) -> set[ox.Triple] | None:
    """Return the triples that some generations added or removed in any graph.

    Args:
        directory: the store.
        after: the number of the generation before the first of them.
        since: when that was published; distinguishes it from a generation of the same number of
            an earlier store at the same place.
        until: the number of the last of them.

    Returns:
        The triples; None: unknown.
    """
    noted: dict[int, tuple[float, list[str]]] = {}
    with suppress(OSError, ValueError):
        for line in (directory / _FILE).read_text(encoding="utf-8").splitlines():
            number, published_at, triples = json.loads(line)
            noted[number] = published_at, triples
    wanted = range(after + 1, until + 1)
    if not all(number in noted for number in wanted) or noted[after + 1][0] != since:
        return None
    text = "".join(f"{triple} .\n" for number in wanted for triple in noted[number][1])
    return {quad.triple for quad in ox.parse(text, ox.RdfFormat.N_TRIPLES)}
