"""Commands that ask: ``query`` and ``queries``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from clustergraph.cli.root import cli, open_engine, store_option
from clustergraph.errors import (
    QuerySyntaxError,
    SyntaxFaultError,
    UnknownNameError,
    UnreadableInputError,
    UsageError,
)

if TYPE_CHECKING:
    from clustergraph.quadstore import Answer, Queryable
    from clustergraph.questions.catalogue import Question

__all__: list[str] = []

FORMATS: Final = (
    "table", "csv", "tsv", "json", "xml", "xlsx", "parquet",
    "turtle", "ntriples", "jsonld", "rdfxml", "trig", "nquads",
)  # fmt: skip


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
    type=click.Choice(FORMATS),
    metavar="FORMAT",
    help="table (default), csv, tsv, json, xml, xlsx, parquet for SELECT and ASK; turtle "
    "(default), ntriples, jsonld, rdfxml, trig, nquads for CONSTRUCT and DESCRIBE.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write the answer to this file; its suffix says the format, unless --format does.",
)
@store_option
@click.option("--endpoint", metavar="URL", help="Ask the SPARQL endpoint at URL instead.")
def query(
    query: str,
    parameters: Sequence[str],
    form: str | None,
    output: Path | None,
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
      clustergraph query clusters-per-country -o clusters.xlsx
      clustergraph query 'DESCRIBE nuts:CZ080'
    """  # noqa: D301 - click reads the backspace
    if store and endpoint:
        raise UsageError("--store and --endpoint exclude each other: one graph at a time")
    from clustergraph.quadstore import Engine
    from clustergraph.questions import catalogue
    from clustergraph.sparql import results as answers
    from clustergraph.vocab import CG

    question = _question(query)
    engine = open_engine(store) if endpoint is None else _endpoint(endpoint)
    try:
        values = _values(parameters)
        answer = catalogue.ask(question, engine, values)
        if isinstance(engine, Engine):
            for warning in engine.warnings(question.bind(values), CG):
                click.echo(f"clustergraph: {warning}", err=True)
        if output is not None:
            _save(answer, output, form)
            return
        terminal = sys.stdout.isatty()
        if terminal and form in ("xlsx", "parquet"):
            raise UsageError(f"{form} is not for a terminal: add -o FILE")
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
    from clustergraph.questions import catalogue
    from clustergraph.sparql import results as answers

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


def _save(answer: Answer, output: Path, form: str | None) -> None:
    """Write an answer to a file, whole or not at all."""
    from clustergraph.sparql import results as answers

    if form is None:
        known = {one.suffix: name for name, one in answers.FORMATS.items()} | {".json": "json"}
        if (form := known.get(output.suffix)) is None:
            suffixes = ", ".join(known)
            raise UsageError(f"{output}: no format has that suffix ({suffixes}); add --format")
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("wb") as stream:
            answers.write(answer, answers.form_for(answer, form), stream)
        part.replace(output)
    except OSError as error:
        raise UsageError(f"{output}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)


def _endpoint(url: str) -> Queryable:
    from clustergraph.quadstore.remote import Endpoint

    return Endpoint(url)


def _question(argument: str) -> Question:
    """Find the question that an argument means; see the help of ``query``."""
    from clustergraph.questions import catalogue
    from clustergraph.sparql.lexer import query_form

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
