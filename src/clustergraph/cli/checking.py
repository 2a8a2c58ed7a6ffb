"""Commands that check: ``validate``, ``check`` and ``tables``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import click

from clustergraph.cli.root import F, cli, count, path_option, progress, rdf_format_option
from clustergraph.errors import TablesError, UnreadableInputError, UsageError
from clustergraph.terminal import harmless, table

if TYPE_CHECKING:
    from pyoxigraph import RdfFormat

    from clustergraph.shacl import Options, Report, ReportFormat
    from clustergraph.shacl.fetching import Outside
    from clustergraph.shacl.run import EngineChoice


FORMATS: Final = ("text", "json", "turtle", "sarif", "junit", "github", "html")

_format_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Format of the report.",
)
_fail_on_option = click.option(
    "--fail-on",
    type=click.Choice(["violation", "warning", "info"]),
    default="violation",
    show_default=True,
    help="Exit with 1 if a finding is at least as severe as this.",
)
output_option = path_option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write the report to FILE; standard output then has a one-line summary.",
)


def report_options(command: F) -> F:
    """Add the options of all commands that report findings."""
    return _format_option(_fail_on_option(output_option(command)))


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@path_option(
    "--shapes",
    multiple=True,
    help="Use the shapes of this file or directory, and nothing of the shipped ontology; "
    "several, if given more than once, count together.",
)
@click.option(
    "--engine",
    "engine",
    type=click.Choice(["auto", "compiled", "pyshacl"]),
    default="auto",
    show_default=True,
    help="What evaluates: auto, our own engine, with rdflib for queries that the store cannot "
    "evaluate exactly, and pySHACL for SHACL Advanced Features; compiled, our own or an error; "
    "pyshacl, pySHACL alone (slow).",
)
@click.option("--shape", "names", multiple=True, metavar="NAME", help="Only these shapes.")
@click.option("--focus", "nodes", multiple=True, metavar="IRI", help="Only these focus nodes.")
@click.option(
    "--changed-since",
    "revision",
    metavar="REV",
    help="Only what a change in git since REV touches, in the context of all the data.",
)
@path_option(
    "--baseline",
    metavar="FILE",
    help="Only findings that an earlier report (--format json -o FILE) does not have.",
)
@rdf_format_option(
    "--input-format", "what the names of files say, and what standard input looks like."
)
@click.option(
    "--fetch",
    "addresses",
    multiple=True,
    metavar="ADDRESS",
    help="Fetch from this address what data and shapes import (owl:imports). One that ends in '*' "
    "stands for all that start like it: 'https://example.org/*'. May be repeated; without it "
    "nothing is fetched.",
)
@path_option(
    "--context",
    multiple=True,
    help="Data that count beside the PATHs, but are not validated themselves. May be repeated.",
)
@click.option(
    "--imports", is_flag=True, help="Read files of this machine that shapes or data import."
)
@click.option(
    "--skip-broken",
    is_flag=True,
    help="Leave out what is ill-formed in the shapes, say so, and go on.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with 2 if there is anything to note: terms without effect, imports that were not "
    "read, files without shapes or statements.",
)
@click.option(
    "--list-shapes",
    is_flag=True,
    help="Validate nothing: list the shapes in force, and exit with 0.",
)
@report_options
@click.option(
    "-q",
    "--quiet",
    is_flag=True,
    help="Tell only findings as grave as --fail-on, and nothing at all when there are none.",
)
def validate(
    paths: Sequence[Path],
    shapes: Sequence[Path],
    engine: EngineChoice,
    names: Sequence[str],
    nodes: Sequence[str],
    revision: str | None,
    baseline: Path | None,
    input_form: str | None,
    addresses: Sequence[str],
    context: Sequence[Path],
    imports: bool,
    skip_broken: bool,
    strict: bool,
    list_shapes: bool,
    form: Any,
    fail_on: str,
    output: Path | None,
    quiet: bool,
) -> None:
    """Validate data against the shapes: what to correct, and where.

    PATHs are RDF files, tables (CSV with CSVW metadata), or directories of them; '-' is RDF from
    standard input. Without any, the shipped data are checked.

    Exits with 0 when nothing as grave as --fail-on was found, with 1 when something was (or a cell
    of a table is bad), with 2 when a file cannot be read or an option is wrong, and with 3 on a
    fault of the program itself. Nothing is fetched but what --fetch names.

    \b
    Examples:
      clustergraph validate my.ttl --format sarif -o my.sarif
      clustergraph validate --changed-since origin/main
      clustergraph validate --shape LabelAward-holder --focus id:label-award/textile-gold
      curl -s https://example.org/my.ttl | clustergraph validate -q -
    """  # noqa: D301 - click reads the backspace
    from clustergraph import shacl, validation
    from clustergraph.shacl import fingerprints

    if revision is not None and Path("-") in (*paths, *shapes):
        raise UsageError("--changed-since compares files in git; standard input has no history")
    paths, shapes = _with_input(paths, shapes, input_form)
    outside = None
    if addresses:
        from clustergraph.shacl.fetching import Outside

        outside = Outside(addresses)
    options = shacl.Options(
        shapes=tuple(shapes),
        engine=engine,
        context=tuple(context),
        local_imports=imports,
        outside=outside,
        skip_broken=skip_broken,
        # Of an earlier state more may have to be fetched.
        before_evaluation=_give_up_network if revision is None or outside is None else lambda: None,
    )
    if list_shapes:
        _list(options, names)
        _tell_unmatched(outside, quiet)
        return
    known = fingerprints.read_baseline(baseline) if baseline else None
    with progress("validating", quiet) as tell:
        try:
            options = replace(options, progress=tell)
            if revision is None:
                report = validation.validate(paths or None, options=options)
            else:
                from clustergraph.validation.changes import changed_since

                report = changed_since(revision, paths, options)
        except (TablesError, UnreadableInputError) as error:
            if form in ("text", "turtle"):
                raise
            tell_faults(error, form, output)
    _tell_unmatched(outside, quiet)
    if strict or not quiet:
        for notice in report.notices:
            click.echo(harmless(f"clustergraph: {notice}"), err=True)
    if names or nodes:
        from clustergraph.shacl import choosing

        if names:
            report = choosing.by_shapes(report, names)
        if nodes:
            report = choosing.about_focus(report, nodes)
            for name in choosing.without_findings(report, nodes):
                click.echo(f"clustergraph: nothing was found about {name}", err=True)
    if known is not None:
        report = fingerprints.new_since(report, known)
    noted = strict and bool(report.notices or (outside is not None and outside.unmatched))
    deliver(report, form, fail_on, output, quiet, code=2 if noted else None)


def _give_up_network() -> None:
    """Deny this process all connections: shapes may come from a stranger's pull request."""
    if click.get_current_context().find_root().obj:
        from clustergraph.workers.confine import deny_sockets

        deny_sockets()


def _with_input(
    paths: Sequence[Path], shapes: Sequence[Path], form: str | None
) -> tuple[Sequence[Path], Sequence[Path]]:
    """Read standard input where a path is ``-``; return the paths with what stands for it."""
    dash = Path("-")
    if dash not in (*paths, *shapes) and form is None:
        return paths, shapes
    from clustergraph.shacl.reading import declare_format, keep_input
    from clustergraph.sparql.results import FORMATS

    given = None if form is None else cast("RdfFormat", FORMATS[form].engine)
    if given is not None:
        for path in paths:
            if path.is_file():
                declare_format(path, given)
    if dash not in (*paths, *shapes):
        return paths, shapes
    kept = keep_input(sys.stdin.buffer.read(), given)
    return (
        [kept if path == dash else path for path in paths],
        [kept if path == dash else path for path in shapes],
    )


def _tell_unmatched(outside: Outside | None, quiet: bool) -> None:
    """Name what was not fetched for want of an address: whoever names some may expect it."""
    if outside is not None and not quiet:
        for line in dict.fromkeys(outside.unmatched):
            click.echo(f"clustergraph: {line}", err=True)


def _list(options: Options, names: Sequence[str]) -> None:
    """Print the shapes in force as a table."""
    from clustergraph.shacl import choosing

    rows = list(choosing.listed(options, names))
    click.echo(table(["name", "severity", "file", "target"], rows), nl=False)


def deliver(
    report: Report,
    form: ReportFormat,
    fail_on: str,
    output: Path | None,
    quiet: bool = False,
    code: int | None = None,
) -> NoReturn:
    """Write a report where it is wanted, and exit with its code.

    Args:
        report: what was found.
        form: how to write it.
        fail_on: from which severity on a finding gives the code 1.
        output: the file to write to; None: standard output.
        quiet: whether to leave out what is less grave, and the summary when nothing is left.
        code: the exit code; None: what follows from the findings.
    """
    from clustergraph import shacl
    from clustergraph.shacl.render.words import summary

    threshold = shacl.Severity[fail_on.upper()]
    colour = output is None and coloured()
    if quiet:
        report = report.at_least(threshold)
        if form == "text" and output is None and not report.findings:
            sys.exit(code or 0)
    text = shacl.render(report, form, fail_on=threshold, colour=colour)
    write_out(text, output, colour)
    if output is not None and not (quiet and not report.findings):
        click.echo(f"{summary(report)}; see {output}")
    sys.exit(report.exit_code(threshold) if code is None else code)


def tell_faults(
    error: TablesError | UnreadableInputError, form: ReportFormat, output: Path | None
) -> NoReturn:
    """Write what kept a run from judging as a report, so that it is annotated like a finding."""
    from clustergraph import shacl
    from clustergraph.shacl.report import faults_of_cells, faults_of_input

    if isinstance(error, TablesError):
        findings, code = tuple(faults_of_cells(error.faults)), 1
    else:
        findings, code = tuple(faults_of_input(error)), 2
    click.echo(harmless(f"clustergraph: {error}"), err=True)
    text = shacl.render(shacl.Report(findings), form)
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


@cli.group()
def tables() -> None:
    """Check the tables that the graph is made from."""


@tables.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
def check_tables(paths: Sequence[Path]) -> None:
    """Check every cell of tables, and report each fault.

    PATHs are directories, metadata files, CSV files or workbooks (XLSX); without any, the shipped
    tables are checked. Each fault is printed on a line of its own, with file, row and column;
    warnings go to standard error. Exits with 1 if there are faults.
    """
    from clustergraph.dataset import read_tables, table_directories

    with progress("checking the tables"):
        found = [read_tables(path) for path in paths or table_directories()]
    faults = [fault for tables in found for fault in tables.faults]
    warnings = [warning for tables in found for warning in tables.warnings]
    for warning in warnings:
        click.echo(harmless(f"warning: {warning}"), err=True)
    files, rows = sum(tables.files for tables in found), sum(tables.rows for tables in found)
    summary = ", ".join(
        (
            count(files, "table"), count(rows, "row"), count(len(faults), "fault"),
            count(len(warnings), "warning"),
        )
    )  # fmt: skip
    try:
        for fault in faults:
            click.echo(harmless(str(fault)))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough; the exit code still says whether there are faults.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    click.echo(summary, err=True)
    sys.exit(1 if faults else 0)
