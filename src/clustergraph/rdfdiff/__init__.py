"""The difference between two graphs, told by things and claims rather than by triples."""

from clustergraph.rdfdiff.compare import Change, Difference, Thing, Values, compare
from clustergraph.rdfdiff.render import FORMATS, render
from clustergraph.rdfdiff.sides import read_side

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
