"""What an engine gives: results as SHACL defines them, before anybody asks where they stand."""

from __future__ import annotations

from typing import NamedTuple

import pyoxigraph as ox

from clustergraph.shacl.paths import PropertyPath, Term
from clustergraph.shacl.report import EngineName

__all__ = ["Result"]


class Result(NamedTuple):
    """One ``sh:ValidationResult`` as an engine gives it.

    ``part`` is set within ``detail`` alone: which of the shapes of an ``sh:or``, ``sh:xone`` or
    ``sh:and`` found it, counted from 1.

    Source: SHACL, section 3.6.2.
    """

    severity: str
    shape: ox.NamedNode | ox.BlankNode
    focus: Term
    path: PropertyPath | None
    value: Term | None
    messages: tuple[ox.Literal, ...]
    component: str
    detail: tuple[Result, ...] = ()
    constraint: Term | None = None
    engine: EngineName = "pyshacl"
    part: int = 0
