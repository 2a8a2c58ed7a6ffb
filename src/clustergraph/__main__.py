"""``python -m clustergraph`` is the command line."""

from clustergraph.cli import main

main()
