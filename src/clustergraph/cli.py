"""The command line.

Exit codes: 0 all well; 1 findings, or bad cells; 2 bad usage or unreadable input; 3 an internal
fault; 130 interrupted.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

import clustergraph
from clustergraph.errors import (
    ClusterGraphError,
    QuerySyntaxError,
    SyntaxFaultError,
    TablesError,
    UnknownNameError,
    UnreadableInputError,
    UsageError,
    near,
)
from clustergraph.settings import DEFAULT_HOST, DEFAULT_PORT
from clustergraph.vocab import GRAPH, PREFIXES

# Whatever is slow to import is imported by the command that needs it.
if TYPE_CHECKING:
    from clustergraph.catalogue import Question
    from clustergraph.store import Engine, Queryable

__all__ = ["main"]

_FORMATS: Final = (
    "table", "csv", "tsv", "json", "xml",
    "turtle", "ntriples", "jsonld", "rdfxml", "trig", "nquads",
)  # fmt: skip
_EXPORTS: Final = _FORMATS[5:]


class _Commands(click.Group):
    """A group that suggests near names for an unknown command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            known = self.list_commands(ctx)
            nearest = near(args[0], known, limit=1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"known: {', '.join(known)}"
            ctx.fail(f"unknown command: {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(clustergraph.__version__, prog_name="clustergraph")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal fault.")
def cli(debug: bool) -> None:
    """A knowledge graph of cluster policy: ask it, serve it, check it.

    The graph of the shipped data is built at first use (some seconds) and kept in the cache
    directory (CLUSTERGRAPH_CACHE, else clustergraph below XDG_CACHE_HOME or ~/.cache).

    \b
    First steps:
      clustergraph queries                       what can be asked
      clustergraph query organisations-in-country -p country=CZ
      clustergraph query 'SELECT ?class (COUNT(*) AS ?n) { ?x a ?class } GROUP BY ?class'
      clustergraph serve                         a SPARQL endpoint on this machine
    """  # noqa: D301 - click reads the backspace


_store_option = click.option(
    "--store", type=click.Path(path_type=Path), metavar="DIR", help="Use the graph in DIR."
)


@cli.command()
@_store_option
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
    run(_engine(store, create=True), socket, tell=lambda line: click.echo(line, err=True))


@cli.command()
@click.argument("query", metavar="NAME|FILE|-|'SPARQL'")
@click.option(
    "-p",
    "--param",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Fill in a parameter; repeat it for several values where the question takes several.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    metavar="FORMAT",
    help="table (default), csv, tsv, json, xml for SELECT and ASK; turtle (default), ntriples, "
    "jsonld, rdfxml, trig, nquads for CONSTRUCT and DESCRIBE.",
)
@_store_option
@click.option("--endpoint", metavar="URL", help="Ask the SPARQL endpoint at URL instead.")
def query(
    query: str,
    parameters: Sequence[str],
    form: str | None,
    store: Path | None,
    endpoint: str | None,
) -> None:
    """Ask a ready question, or a query of your own.

    NAME is a question of the catalogue ('clustergraph queries' lists them), FILE a query file, '-'
    standard input; an argument that reads as SPARQL is the query itself. The prefixes of
    the project (cg:, code:, id:, rdfs:, skos:, …) need no declaration.

    \b
    Examples:
      clustergraph query organisations-in-country -p country=CZ -p country=SK
      clustergraph query my.rq --format csv > my.csv
      clustergraph query 'DESCRIBE nuts:CZ080'
    """  # noqa: D301 - click reads the backspace
    if store and endpoint:
        raise UsageError("--store and --endpoint exclude each other: one graph at a time")
    from clustergraph import answers, catalogue

    question = _question(query)
    engine = _engine(store) if endpoint is None else _endpoint(endpoint)
    try:
        answer = catalogue.ask(question, engine, _values(parameters))
        terminal = sys.stdout.isatty()
        answers.write(
            answer,
            answers.form_for(answer, form),
            sys.stdout.buffer,
            width=shutil.get_terminal_size().columns if terminal else None,
            styled=terminal,
        )
    except QuerySyntaxError as error:
        if question.path.name and error.line is not None:
            path = str(question.path)
            raise SyntaxFaultError(path, error.reason, error.line, error.column) from error
        raise


@cli.command()
@click.argument("name", required=False)
@click.option("--tag", metavar="TAG", help="Only questions with this tag.")
def queries(name: str | None, tag: str | None) -> None:
    """List the ready questions, or show the one called NAME."""
    from clustergraph import answers, catalogue

    if name is not None:
        _show(catalogue.find(name))
        return
    found = list(catalogue.questions().values())
    if tag is not None:
        tags = {one for question in found for one in question.tags}
        if tag not in tags:
            raise UnknownNameError("tag", tag, tags)
        found = [question for question in found if tag in question.tags]
    rows = [
        [question.name, question.kind, question.summary, ", ".join(question.tags)]
        for kind in catalogue.KINDS
        for question in found
        if question.kind == kind
    ]
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else None
    click.echo(
        answers.table(["name", "kind", "asks", "tags"], rows, width, styled=terminal), nl=False
    )


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

    with _progress("validating") as tell:
        report = validation.validate(paths or None, shapes=shapes, progress=tell)
    click.echo(validation.render(report, form), nl=False)
    sys.exit(report.exit_code(validation.Severity[fail_on.upper()]))


@cli.group(cls=_Commands)
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

    with _progress("checking the tables"):
        chosen: Sequence[Path | None] = paths or [None]
        faults = [fault for path in chosen for fault in check(path)]
    for fault in faults:
        click.echo(str(fault))
    if faults:
        click.echo(f"{len(faults)} bad cell{'s' if len(faults) > 1 else ''}", err=True)
        sys.exit(1)


@cli.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(_EXPORTS),
    metavar="FORMAT",
    help="turtle, ntriples, jsonld, rdfxml, trig or nquads; by default what the file's name says, "
    "else trig. Formats without named graphs hold the union of all graphs.",
)
@click.option(
    "--graph",
    metavar="IRI",
    help="Only this named graph; the graph's short name will do, for example nuts.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE."
)
@_store_option
def export(form: str | None, graph: str | None, output: Path | None, store: Path | None) -> None:
    """Write the whole graph, or one named graph, as RDF."""
    from pyoxigraph import RdfFormat

    from clustergraph.answers import FORMATS

    if form is None:
        suffixes = {FORMATS[name].suffix: name for name in _EXPORTS}
        form = suffixes.get(output.suffix if output else "", "trig")
    engine = _engine(store)
    serialization = FORMATS[form].engine
    assert isinstance(serialization, RdfFormat)  # noqa: S101 - all of _EXPORTS are
    iri = _graph_iri(graph)
    if output is None:
        engine.dump(sys.stdout.buffer, serialization, iri)
        return
    # Beside the file first, so that a failure leaves what was there before.
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("wb") as stream, _progress(f"writing {output}"):
            engine.dump(stream, serialization, iri)
        part.replace(output)
    except OSError as error:
        raise UsageError(f"{output}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)


def _engine(store: Path | None, create: bool = False) -> Engine:
    """Open the graph in ``store``, or the shipped one; build it first where that is called for."""
    from clustergraph.store import Engine, build, is_store, open_shipped

    def quads() -> Any:
        from clustergraph.dataset import assemble

        return assemble().quads

    with _progress("building the graph (once)"):
        if store is None:
            return open_shipped(quads)
        if create and not is_store(store):
            build(store, quads)
        return Engine(store)


def _endpoint(url: str) -> Queryable:
    from clustergraph.store.remote import Endpoint

    return Endpoint(url)


def _question(argument: str) -> Question:
    """Find the question that an argument means; see the help of ``query``."""
    from clustergraph import catalogue
    from clustergraph.store.lexer import query_form

    if argument == "-":
        try:
            text = sys.stdin.buffer.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            reason = f"not UTF-8 (byte {error.start + 1})"
            raise UnreadableInputError("standard input", reason) from error
        return catalogue.read(text, Path())
    if "{" in argument or (" " in argument and query_form(argument)):
        return catalogue.read(argument, Path())
    path = Path(argument)
    # A name has neither a suffix nor a slash.
    return (
        catalogue.load(path) if path.suffix or path.name != argument else catalogue.find(argument)
    )


def _values(parameters: Sequence[str]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for written in parameters:
        name, equals, value = written.partition("=")
        if not equals or not name:
            raise UsageError(f"-p {written}: write -p name=value")
        values.setdefault(name, []).append(value)
    return values


def _show(question: Question) -> None:
    """Print all that the catalogue knows about a question."""
    click.echo(f"{question.name}: {question.summary}")
    if question.description:
        click.echo()
        click.echo(click.wrap_text(question.description, preserve_paragraphs=True))
    example = f"clustergraph query {question.name}"
    if question.parameters:
        click.echo("\nParameters:")
    for parameter in question.parameters.values():
        notes = [parameter.type]
        if parameter.default:
            notes.append(f"default {', '.join(parameter.default)}")
        elif parameter.optional:
            notes.append("optional")
        if parameter.several:
            notes.append("several")
        if parameter.choices:
            notes.append(f"one of {', '.join(parameter.choices)}")
        click.echo(f"  {parameter.name} ({'; '.join(notes)}): {parameter.description}")
        if not parameter.optional:
            example += f" -p {parameter.name}={(*parameter.default, '…')[0]}"
    click.echo(f"\n{question.body}")
    click.echo(f"Ask it:  {example}")


def _graph_iri(name: str | None) -> str | None:
    if name is None or "://" in name:
        return name
    prefix, colon, local = name.partition(":")
    return PREFIXES[prefix] + local if colon and prefix in PREFIXES else GRAPH + name


@contextmanager
def _progress(what: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal that work is going on; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} …") as status:
        yield lambda now: status.update(f"{now} …")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code.

    Args:
        arguments: what follows the program's name; the process's own by default.
    """
    sys.exit(_run(list(sys.argv[1:] if arguments is None else arguments)))


def _run(arguments: list[str]) -> int:
    try:
        if "_CLUSTERGRAPH_COMPLETE" in os.environ:
            cli.main(arguments, prog_name="clustergraph")
        # Not cli.main(): it gives a closed pipe the code 1, which here means findings.
        with cli.make_context("clustergraph", list(arguments)) as context:
            cli.invoke(context)
        sys.stdout.flush()
        return 0
    except click.exceptions.Exit as request:
        return request.exit_code
    except SystemExit as request:
        return request.code if isinstance(request.code, int) else 0
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, click.Abort):
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except TablesError as error:
        click.echo(str(error), err=True)
        return 1
    except ClusterGraphError as error:
        click.echo(f"clustergraph: {error}", err=True)
        return 2
    except Exception as error:
        if "--debug" in arguments:
            raise
        click.echo(
            f"clustergraph: internal fault: {type(error).__name__}: {error}\n"
            "This is a mistake in clustergraph, not in what you asked. Please report it with the "
            f"command and the output of:\n  clustergraph --debug {' '.join(arguments)}",
            err=True,
        )
        return 3
