"""The graph over HTTP; nothing is imported here, so that a worker loads no more than it needs."""
