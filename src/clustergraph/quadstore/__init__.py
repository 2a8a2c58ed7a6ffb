"""The graph on disk and the engines that answer queries over it.

Everything below this package that stores or evaluates goes through `Engine` (embedded) or
`clustergraph.quadstore.remote.Endpoint`; no other package opens a store.
"""

from clustergraph.quadstore.engine import Engine, build, is_store
from clustergraph.quadstore.evaluation import Queryable
from clustergraph.sparql.answers import Answer, reading

__all__ = [
    "Answer",
    "Engine",
    "Queryable",
    "build",
    "is_store",
    "reading",
]
