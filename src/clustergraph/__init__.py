"""clustergraph: a knowledge graph of cluster policy, and the tools around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clustergraph.client import connect

__all__ = ["DISTRIBUTION", "__version__", "connect"]

DISTRIBUTION = "cluster-policy-graph"
"""The name of the distribution; `clustergraph` on the Python package index is another project."""

__version__: str


def __getattr__(name: str) -> Any:
    # Worker processes import nothing that they do not need; reading the metadata alone takes
    # longer than all that they do import.
    if name == "__version__":
        from importlib.metadata import version

        globals()["__version__"] = found = version(DISTRIBUTION)
        return found
    if name == "connect":
        from clustergraph.client import connect

        return connect
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
