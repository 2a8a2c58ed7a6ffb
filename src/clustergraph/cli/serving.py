"""The command ``serve``."""

from __future__ import annotations

from pathlib import Path

import click

from clustergraph.cli.root import cli, open_engine, store_option
from clustergraph.settings import DEFAULT_HOST, DEFAULT_PORT

__all__: list[str] = []


@cli.command()
@store_option
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
def serve(store: Path | None, host: str, port: int) -> None:
    """Serve the graph as a SPARQL endpoint, read-only, until interrupted.

    The endpoint is at /sparql; the address itself says what else is there. With --store the graph
    in DIR is served; when DIR does not exist or is empty, it is made from the shipped data.
    """
    from clustergraph.service import listen, run

    socket = listen(host, port)
    run(open_engine(store, create=True), socket, tell=lambda line: click.echo(line, err=True))
