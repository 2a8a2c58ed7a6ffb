"""The graph over HTTP: the SPARQL protocols and the ready questions.

`clustergraph.service.server` runs it, `clustergraph.service.front` is the ASGI application, and
`clustergraph.service.worker` the process that parses and evaluates. Nothing is imported here, so
that a worker loads no more than it needs.
"""
