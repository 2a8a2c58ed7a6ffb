"""The difference between two graphs, told by things and claims rather than by triples."""

from clustergraph.difference.compare import Change, Difference, Thing, Values, compare
from clustergraph.difference.render import FORMATS, render
from clustergraph.difference.sides import read_side

__all__ = [
    "FORMATS",
    "Change",
    "Difference",
    "Thing",
    "Values",
    "compare",
    "read_side",
    "render",
]
