"""clustergraph: a knowledge graph of cluster policy, and the tools around it."""

from __future__ import annotations

__all__ = ["__version__"]

__version__: str


def __getattr__(name: str) -> str:
    # Reading the metadata takes longer than all that a worker process imports besides.
    if name == "__version__":
        from importlib.metadata import version

        globals()["__version__"] = found = version("clustergraph")
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
