"""The command ``diff``: what is different between two graphs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from clustergraph.cli.checking import coloured, output_option, write_out
from clustergraph.cli.root import cli, progress

__all__: list[str] = []


@cli.command()
@click.argument("old")
@click.argument("new")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html", "markdown"]),
    default="text",
    show_default=True,
    help="Output format.",
)
@output_option
def diff(old: str, new: str, form: Any, output: Path | None) -> None:
    """Compare two graphs: what was added, removed or changed.

    OLD and NEW are each an RDF file, a table, a directory of them, a store, one of its generations
    (STORE@41), or 'shipped'. Things and claims are listed by name as added, removed or changed;
    blank nodes are matched by their statements, and inferences are left out.

    Exits with 0 when the graphs are equal, with 1 when they differ, and with 2 when one of them
    cannot be read.

    \b
    Examples:
      clustergraph diff store@41 store@42
      clustergraph diff old/data data --format html -o changes.html
    """  # noqa: D301 - click reads the backspace
    from clustergraph import artefacts
    from clustergraph.rdfdiff import compare, read_side, render
    from clustergraph.shacl.reading import read

    with progress("comparing"):
        before, after = read_side(old), read_side(new)
        # Terms and codes are named by the ontology, whichever graph uses them.
        difference = compare(before, after, read(artefacts.files("ontology", "*.ttl")))
    colour = output is None and coloured()
    write_out(render(difference, form, old=old, new=new, colour=colour), output, colour)
    sys.exit(1 if difference else 0)
