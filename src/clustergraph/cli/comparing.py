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
    help="How to tell it.",
)
@output_option
def diff(old: str, new: str, form: Any, output: Path | None) -> None:
    """Tell what is different between the graphs OLD and NEW.

    Each is an RDF file, a table, a directory of them, a store, one of its generations (STORE@41),
    or 'shipped'. Things and claims are told as added, removed or changed, with their names; nodes
    without a name are recognised by what they say, and what was inferred is left out.

    Exits with 0 when nothing is different, with 1 when something is, and with 2 when a side cannot
    be read.

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
