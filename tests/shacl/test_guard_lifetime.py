"""What validates a change lets go of the store as soon as it is done."""

from __future__ import annotations

import gc
import sys

import pyoxigraph as ox

from clustergraph.quadstore.delta import Delta
from clustergraph.shacl.guard import Guard


def test_a_validated_store_is_released_at_once() -> None:
    """The store is closed without a garbage collection: an open one must not be published."""
    store = ox.Store()
    quad = ox.Quad(*(ox.NamedNode(f"urn:{name}") for name in ("s", "p", "o")))
    store.add(quad)
    guard = Guard(None)
    guard.validate(store, Delta(frozenset({quad})), lambda: ox.Store())
    gc.collect()
    gc.disable()
    try:
        before = sys.getrefcount(store)
        guard.validate(store, Delta(frozenset({quad})), lambda: ox.Store())
        assert sys.getrefcount(store) == before
    finally:
        gc.enable()
