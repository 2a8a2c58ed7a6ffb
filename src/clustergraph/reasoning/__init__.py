"""What follows from the model: inferred by rules, kept up to date, and explained."""

from __future__ import annotations

import pyoxigraph as ox

from clustergraph.reasoning.closure import materialise
from clustergraph.reasoning.incremental import Inference, settle, unsettle
from clustergraph.reasoning.rules import Rules, compile_rules
from clustergraph.store import Engine, open_shipped

__all__ = [
    "Inference",
    "Rules",
    "compile_rules",
    "materialise",
    "open_graph",
    "settle",
    "shipped_quads",
    "unsettle",
]


def open_graph(inference: bool = True) -> Engine:
    """Open the graph of the shipped data; build it first where the cache lacks it.

    Args:
        inference: whether it holds what follows from the data as well.

    Raises:
        StoreError: the cache directory cannot be written.
        TablesError: the shipped tables are broken.
    """
    return open_shipped(shipped_quads, settle if inference else None)


def shipped_quads() -> tuple[ox.Quad, ...]:
    """Return what the shipped files state."""
    # Only who builds the graph needs what reads tables.
    from clustergraph.dataset import assemble

    return assemble().quads
