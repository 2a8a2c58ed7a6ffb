"""What is worked out once for each generation: counts, findings, lists; in memory and on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from clustergraph.protocol import Context
from clustergraph.quadstore.kept import kept

__all__ = ["derived"]


def derived(context: Context, name: str, make: Callable[[], Any]) -> Any:
    """Return what is derived from a generation: from memory, from the disk, or made anew.

    What is derived from a graph that is elsewhere is made each time, since the graph may change.

    Args:
        context: the generation.
        name: what it is; letters and hyphens.
        make: works it out; its result can be written as JSON.
    """
    if not context.generation:
        return make()
    known = context.memory.get(name)
    if known is None:
        if context.directory is None or context.committed_at is None:
            known = make()
        else:
            data = kept(
                context.directory,
                context.generation,
                context.committed_at,
                name,
                lambda: json.dumps(make(), ensure_ascii=False).encode(),
            )
            known = json.loads(data)
        context.memory[name] = known
    return known
