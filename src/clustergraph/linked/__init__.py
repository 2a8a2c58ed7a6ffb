"""Linked data: every IRI of the graph leads to a description, in the format that is asked for.

Each module answers at addresses that `clustergraph.http.routes` lists, by a function ``show``,
in worker processes and over one generation of the graph.
"""
