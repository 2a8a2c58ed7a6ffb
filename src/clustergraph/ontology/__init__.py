"""Checks of an ontology and its data as a whole: consistency, profile, terms, style."""
