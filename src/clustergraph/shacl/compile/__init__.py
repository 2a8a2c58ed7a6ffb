"""The compiled engine: shapes are read once into objects, and evaluated by the letter of SHACL.

Each focus node is evaluated directly (`validator`). Only SPARQL constraints are screened first: one
query finds the focus nodes of a shape that may break them, all of these and few others.
"""

from clustergraph.shacl.compile.engine import Compiled
from clustergraph.shacl.compile.graph import Graph
from clustergraph.shacl.compile.model import Shape
from clustergraph.shacl.compile.shapes import Shapes

__all__ = ["Compiled", "Graph", "Shape", "Shapes"]
