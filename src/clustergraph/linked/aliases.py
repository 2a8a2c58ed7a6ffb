"""Second names of things: IRIs that once were taken for other things, and lead on to the one.

``data/identity.csv`` lists them; the graph itself knows a thing by one IRI alone.
"""

from __future__ import annotations

import csv
from functools import cache

from clustergraph import artefacts
from clustergraph.vocab import ID

__all__ = ["thing_of"]


def thing_of(iri: str) -> str | None:
    """Return the IRI of the thing that an IRI is a second name of; None: it is none."""
    return _known().get(iri)


@cache
def _known() -> dict[str, str]:
    path = artefacts.room("data") / "identity.csv"
    with path.open(encoding="utf-8", newline="") as file:
        same = {
            ID + row["alias"]: ID + row["thing"]
            for row in csv.DictReader(file)
            if row["decision"] == "same"
        }
    # A thing that two others were merged into may have been merged itself.
    return {alias: _last(same, alias) for alias in same}


def _last(same: dict[str, str], alias: str) -> str:
    seen = {alias}
    while (thing := same.get(alias)) is not None and thing not in seen:
        seen.add(thing)
        alias = thing
    return alias
