"""Commands that check: ``validate``, ``check`` and ``tables``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from clustergraph.cli.root import Commands, cli, progress
from clustergraph.errors import TablesError, UnreadableInputError, UsageError

if TYPE_CHECKING:
    from clustergraph.validation import Report, ReportFormat
    from clustergraph.validation.engines import EngineChoice

__all__: list[str] = []


FORMATS: Final = ("text", "json", "turtle", "sarif", "junit", "github", "html")

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How to report.",
)
fail_on_option = click.option(
    "--fail-on",
    type=click.Choice(["violation", "warning", "info"]),
    default="violation",
    show_default=True,
    help="Exit with 1 if a finding is at least as grave as this.",
)
output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the report to FILE; standard output then has a one-line summary.",
)


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--shapes",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Use the shapes of this file or directory, and nothing of the shipped ontology; "
    "several, if given more than once, count together.",
)
@click.option(
    "--engine",
    "engine",
    type=click.Choice(["auto", "compiled", "pyshacl"]),
    default="auto",
    show_default=True,
    help="What judges: auto, our own engine, and pySHACL for shapes that it cannot judge exactly; "
    "compiled, our own or an error; pyshacl, pySHACL alone (slow).",
)
@click.option("--shape", "names", multiple=True, metavar="NAME", help="Only these shapes.")
@click.option("--focus", "nodes", multiple=True, metavar="IRI", help="Only these focus nodes.")
@click.option(
    "--changed-since",
    "revision",
    metavar="REV",
    help="Only what a change in git since REV touches, in the context of all the data.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Only findings that an earlier report (--format json -o FILE) does not have.",
)
@format_option
@fail_on_option
@output_option
def validate(
    paths: Sequence[Path],
    shapes: Sequence[Path],
    engine: EngineChoice,
    names: Sequence[str],
    nodes: Sequence[str],
    revision: str | None,
    baseline: Path | None,
    form: Any,
    fail_on: str,
    output: Path | None,
) -> None:
    """Check data against the shapes, and say what to mend and where.

    PATHs are RDF files, tables (CSV with CSVW metadata), or directories of them; without any, the
    shipped data are checked.

    Exits with 0 when nothing as grave as --fail-on was found, with 1 when something was (or a cell
    of a table is bad), with 2 when a file cannot be read or an option is wrong, and with 3 on a
    fault of the program itself. Nothing is ever fetched.

    \b
    Examples:
      clustergraph validate my.ttl --format sarif -o my.sarif
      clustergraph validate --changed-since origin/main
      clustergraph validate --shape LabelAward-holder --focus id:label-award/textile-gold
    """  # noqa: D301 - click reads the backspace
    from clustergraph import validation
    from clustergraph.validation import baseline as earlier
    from clustergraph.validation import engines

    known = earlier.read_baseline(baseline) if baseline else None
    judge = engines.chosen(engine)
    with progress("validating") as tell:
        try:
            if revision is None:
                report = validation.validate(
                    paths or None, shapes=shapes or None, engine=judge, progress=tell
                )
            else:
                from clustergraph.validation.changes import changed_since

                report = changed_since(revision, paths, shapes=shapes, engine=judge, progress=tell)
        except (TablesError, UnreadableInputError) as error:
            if form in ("text", "turtle"):
                raise
            tell_faults(error, form, output)
    if names or nodes:
        from clustergraph.validation import choosing, reading

        if names:
            rules = tuple(reading.read(shapes)) if shapes else validation.shipped_shapes()
            report = choosing.by_shapes(report, names, rules)
        if nodes:
            report = choosing.about_focus(report, nodes)
            for name in choosing.without_findings(report, nodes):
                click.echo(f"clustergraph: nothing was found about {name}", err=True)
    if known is not None:
        report = earlier.new_since(report, known)
    deliver(report, form, fail_on, output)


def deliver(report: Report, form: ReportFormat, fail_on: str, output: Path | None) -> NoReturn:
    """Write a report where it is wanted, and exit with its code."""
    from clustergraph import validation
    from clustergraph.validation.render.words import summary

    threshold = validation.Severity[fail_on.upper()]
    colour = output is None and coloured()
    text = validation.render(report, form, fail_on=threshold, colour=colour)
    write_out(text, output, colour)
    if output is not None:
        click.echo(f"{summary(report)}; see {output}")
    sys.exit(report.exit_code(threshold))


def tell_faults(
    error: TablesError | UnreadableInputError, form: ReportFormat, output: Path | None
) -> NoReturn:
    """Write what kept a run from judging as a report, so that it is annotated like a finding."""
    from clustergraph import validation
    from clustergraph.validation import faults

    if isinstance(error, TablesError):
        findings, code = tuple(faults.of_cells(error.faults)), 1
    else:
        findings, code = (faults.of_input(error),), 2
    click.echo(f"clustergraph: {error}", err=True)
    text = validation.render(validation.Report(findings), form)
    write_out(text, output)
    sys.exit(code)


def write_out(text: str, output: Path | None, colour: bool = False) -> None:
    """Write to a file, or to standard output."""
    if output is None:
        click.echo(text, nl=False, color=colour)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output}: cannot be written ({error.strerror})") from error


def coloured() -> bool:
    """Say whether to colour: on a terminal, unless NO_COLOR is set; FORCE_COLOR does so anyway."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


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
