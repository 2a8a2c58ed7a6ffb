"""The engines to choose from: our own with pySHACL behind it, our own alone, pySHACL alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Literal

import pyoxigraph as ox

from clustergraph.errors import UsageError
from clustergraph.shacl.compile import Compiled, validate_triples
from clustergraph.shacl.paths import show
from clustergraph.shacl.results import Result
from clustergraph.shacl.run import Engine

__all__ = ["EngineChoice", "chosen"]

EngineChoice = Literal["auto", "compiled", "pyshacl"]


def chosen(name: EngineChoice) -> Engine:
    """Return the engine of a name.

    ``auto`` is our own, which leaves to pySHACL what it cannot evaluate exactly; ``compiled`` is
    our own as well, but refuses such shapes; ``pyshacl`` is the reference, much slower.
    """
    return {"auto": validate_triples, "compiled": _compiled, "pyshacl": _pyshacl}[name]


def _compiled(data: Collection[ox.Triple], shapes: Collection[ox.Triple]) -> Iterator[Result]:
    compiled = Compiled.of(tuple(shapes))
    graph = compiled.graph(data)
    if compiled.shapes.advanced:
        raise UsageError(
            "the shapes use SHACL Advanced Features, which pySHACL evaluates; use --engine auto"
        )
    for shape in compiled.shapes.targeted:
        if not shape.deactivated and (reason := compiled.reason(shape, graph)):
            raise UsageError(
                f"the shape {show(shape.node)} cannot be validated by the compiled engine alone: "
                f"{reason}; use --engine auto"
            )
    return compiled.results(graph)


def _pyshacl(data: Collection[ox.Triple], shapes: Collection[ox.Triple]) -> Iterable[Result]:
    # Imported here: rdflib and pySHACL take most of a second.
    from clustergraph.shacl import pyshacl_engine

    return pyshacl_engine.validate_triples(data, shapes)
