"""Tables of CSV or XLSX with CSVW metadata: checked cell by cell, converted to RDF.

``read`` finds every fault of a set of tables; ``convert`` yields their triples, each with the cell
it comes from. Nothing is fetched over a network.

Sources: W3C recommendations Model for Tabular Data and Metadata on the Web, Metadata Vocabulary
for Tabular Data, Generating RDF from Tabular Data on the Web (all of 17 December 2015).
"""

from clustergraph.csvw.cells import CodeLists, code_lists
from clustergraph.csvw.convert import Tables, convert, read
from clustergraph.csvw.places import CellFault, Place, TracedTriple
from clustergraph.errors import TablesError

__all__ = [
    "CellFault",
    "CodeLists",
    "Place",
    "Tables",
    "TablesError",
    "TracedTriple",
    "code_lists",
    "convert",
    "read",
]
