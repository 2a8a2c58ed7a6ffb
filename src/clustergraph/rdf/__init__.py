"""Reading RDF: formats, lexical rules, source positions."""
