"""The graph over HTTP: the SPARQL protocols and the ready questions.

`clustergraph.http.server` runs it, `clustergraph.http.front` is the ASGI application, and
`clustergraph.http.worker` the process that parses and evaluates. Nothing is imported here, so
that a worker loads no more than it needs.
"""
