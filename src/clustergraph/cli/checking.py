"""Commands that check: ``validate`` and ``tables``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from clustergraph.cli.root import Commands, cli, progress

__all__: list[str] = []


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--shapes",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Use the shapes of this file or directory, and nothing of the shipped ontology.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "turtle", "json"]),
    default="text",
    show_default=True,
    help="How to report.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["violation", "warning", "info"]),
    default="violation",
    show_default=True,
    help="Exit with 1 if a finding is at least as grave as this.",
)
def validate(paths: Sequence[Path], shapes: Path | None, form: Any, fail_on: str) -> None:
    """Check data against the shapes, and say what to mend and where.

    PATHs are RDF files, tables (CSV with CSVW metadata), or directories of them; without any, the
    shipped data are checked, which takes minutes.

    Exits with 0 when nothing as grave as --fail-on was found, with 1 when something was, and with
    2 when a file cannot be read.
    """
    from clustergraph import validation

    with progress("validating") as tell:
        report = validation.validate(paths or None, shapes=shapes, progress=tell)
    click.echo(validation.render(report, form), nl=False)
    sys.exit(report.exit_code(validation.Severity[fail_on.upper()]))


@cli.group(cls=Commands)
def tables() -> None:
    """Work with the tables that the graph is made from."""


@tables.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
def check_tables(paths: Sequence[Path]) -> None:
    """Check every cell of tables, and name each bad one.

    PATHs are directories, metadata files, CSV files or workbooks (XLSX); without any, the shipped
    tables are checked. Each fault is told on a line of its own, with file, row and column. Exits
    with 1 if there are any.
    """
    from clustergraph.dataset import check_tables as check

    with progress("checking the tables"):
        chosen: Sequence[Path | None] = paths or [None]
        faults = [fault for path in chosen for fault in check(path)]
    for fault in faults:
        click.echo(str(fault))
    if faults:
        click.echo(f"{len(faults)} bad cell{'s' if len(faults) > 1 else ''}", err=True)
        sys.exit(1)
