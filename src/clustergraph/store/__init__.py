"""The graph on disk and the engines that answer queries over it.

Everything below this package that stores or evaluates goes through `Engine` (embedded) or
`clustergraph.store.remote.Endpoint`; no other package opens a store.
"""

from clustergraph.store.engine import Answer, Engine, Queryable, build, is_store, reading
from clustergraph.store.shipped import fingerprint, open_shipped

__all__ = [
    "Answer",
    "Engine",
    "Queryable",
    "build",
    "fingerprint",
    "is_store",
    "open_shipped",
    "reading",
]
