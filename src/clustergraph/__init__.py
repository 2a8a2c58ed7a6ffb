"""clustergraph: a knowledge graph of cluster policy, and the tools around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clustergraph.client import connect

__all__ = ["__version__", "connect"]

__version__: str


def __getattr__(name: str) -> Any:
    # Worker processes import nothing that they do not need. Our own modules import neither name
    # from here, but from where they are defined.
    if name == "__version__":
        from clustergraph.artefacts import version

        return version()
    if name == "connect":
        from clustergraph.client import connect

        return connect
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
