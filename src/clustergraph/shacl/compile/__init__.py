"""The compiled engine: shapes become queries that look at all focus nodes at once.

A query screens: it finds the focus nodes that may break a constraint, all of them and few others
(`screen`). What is found is evaluated by the letter of SHACL (`validator`), which gives the
results. So a graph of a million triples costs a query per constraint, and exactness does not hang
on what a query language can say.
"""

from clustergraph.shacl.compile.engine import Compiled, validate_triples
from clustergraph.shacl.compile.graph import Graph
from clustergraph.shacl.compile.model import Shape
from clustergraph.shacl.compile.shapes import Shapes
from clustergraph.shacl.compile.syntax import Fault, Notice

__all__ = ["Compiled", "Fault", "Graph", "Notice", "Shape", "Shapes", "validate_triples"]
