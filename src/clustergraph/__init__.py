"""clustergraph: a knowledge graph of cluster policy, and the tools around it."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("clustergraph")
