"""What can be compared: files, directories, tables, stores and their generations."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import UnreadableInputError
from clustergraph.quadstore import Engine, is_store
from clustergraph.shacl.reading import read
from clustergraph.vocab import GRAPH

__all__ = ["SHIPPED", "read_side"]

SHIPPED: Final = "shipped"
"""The word for the graph of the shipped data."""

_INFERRED: Final = ox.NamedNode(GRAPH + "inferred")


def read_side(name: str) -> set[ox.Triple]:
    """Read one side of a comparison; named graphs are read as one.

    What was inferred is left out: it follows from the rest.

    Args:
        name: an RDF file, a table, a directory of them, a store, one of its generations as
            ``STORE@41``, or ``shipped``.

    Raises:
        UnreadableInputError: nothing is there, or it is not what its name says.
        UnknownNameError: the store has no such generation.
        TablesError: cells break their table's metadata.
    """
    if name == SHIPPED:
        from clustergraph.dataset import assemble, observations

        return {quad.triple for quad in (*assemble().quads, *observations())}
    path, number = _generation(name)
    if is_store(path):
        store = Engine(path, number=number).store
        return {quad.triple for quad in store if quad.graph_name != _INFERRED}
    if number is not None:
        raise UnreadableInputError(
            str(path), f"is no store, so that it has no generation {number} to compare"
        )
    return set(read([path]))


def _generation(name: str) -> tuple[Path, int | None]:
    before, at, number = name.rpartition("@")
    if at and number.isdecimal() and not Path(name).exists():
        return Path(before), int(number)
    return Path(name), None
