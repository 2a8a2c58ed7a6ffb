"""The difference between two graphs, told by things and claims rather than by triples."""

from clustergraph.rdfdiff.compare import Change, Difference, Thing, Values, compare
from clustergraph.rdfdiff.graphs import read_side
from clustergraph.rdfdiff.render import FORMATS, render

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
