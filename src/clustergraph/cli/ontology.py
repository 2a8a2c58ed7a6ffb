"""The commands about the ontology itself: ``ontology check``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from clustergraph.cli.checking import (
    deliver,
    fail_on_option,
    format_option,
    output_option,
    tell_faults,
)
from clustergraph.cli.root import Commands, cli, progress
from clustergraph.errors import TablesError, UnreadableInputError

__all__: list[str] = []

_STEPS: Final = ("consistency", "profile", "terms", "style")


@cli.group(cls=Commands)
def ontology() -> None:
    """Check the ontology itself."""


@ontology.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option(
    "--ontology",
    "other",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Check this ontology, a file or directory, instead of the shipped one.",
)
@click.option("--data", "whole", is_flag=True, help="Add all the shipped data to the FILEs.")
@click.option(
    "--with",
    "others",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    metavar="FILE",
    help="Add an ontology by others, such as a vocabulary that is used, and check that it does "
    "not contradict this one; may be repeated.",
)
@click.option(
    "--only",
    "steps",
    type=click.Choice(_STEPS),
    multiple=True,
    help="Only this kind of check; may be repeated.",
)
@click.option(
    "--catalog",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Find imported ontologies by this XML catalogue; by default by a catalog-v001.xml "
    "beside the ontology.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=1),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="How long the reasoners may take in all.",
)
@format_option
@fail_on_option
@output_option
def check_ontology(
    files: Sequence[Path],
    other: Path | None,
    whole: bool,
    others: Sequence[Path],
    steps: Sequence[str],
    catalog: Path | None,
    timeout_s: float,
    form: Any,
    fail_on: str,
    output: Path | None,
) -> None:
    """Check the ontology and its alignments, alone and with the data in FILEs.

    \b
    consistency  no contradiction, and no class without a possible member, by HermiT;
                 a contradiction is reported as the smallest set of statements that makes
                 it, in words and with file and line (needs the extra 'reason')
    profile      within OWL 2 DL
    terms        no undeclared or unused term, no misspelt one of another vocabulary
    style        names, definitions, metadata, and the pitfalls of docs/ontology.md

    Exits with 0 when all is sound, with 1 when there are findings, and with 2 when a file cannot
    be read or a reasoner is missing.

    \b
    Examples:
      clustergraph ontology check
      clustergraph ontology check my-clusters.ttl --only consistency
      clustergraph ontology check --data --with org.ttl --with foaf.ttl
      clustergraph ontology check --ontology my.owl --catalog catalog-v001.xml
    """  # noqa: D301 - click reads the backspace
    from clustergraph.ontology.checking import STEPS, check
    from clustergraph.owl.documents import read_catalog

    with progress("checking the ontology") as tell:
        try:
            outcome = check(
                files,
                ontology=other,
                whole=whole,
                others=others,
                steps=steps or STEPS,
                catalog=None if catalog is None else read_catalog(catalog),
                timeout_s=timeout_s,
                progress=tell,
            )
        except (TablesError, UnreadableInputError) as error:
            if form in ("text", "turtle"):
                raise
            tell_faults(error, form, output)
    for note in outcome.notes:
        click.echo(note, err=True)
    deliver(outcome.report, form, fail_on, output)
