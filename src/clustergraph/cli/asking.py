"""Commands that ask: ``query`` and ``queries``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click

from clustergraph.cli.completing import (
    complete_parameter,
    complete_question,
    complete_tag,
    complete_topic,
)
from clustergraph.cli.root import (
    cli,
    count,
    open_engine,
    path_option,
    replacing,
    store_option,
    terminal_width,
)
from clustergraph.errors import (
    QuerySyntaxError,
    SyntaxFaultError,
    UnknownNameError,
    UnreadableInputError,
    UsageError,
)
from clustergraph.terminal import harmless, markdown, table

if TYPE_CHECKING:
    import pyoxigraph as ox

    from clustergraph.quadstore import Answer, Queryable
    from clustergraph.questions.catalogue import Question

Rows = list[tuple[Any, ...]]

FORMATS: Final = (
    "table", "markdown", "csv", "tsv", "json", "xml", "xlsx", "parquet",
    "turtle", "ntriples", "jsonld", "rdfxml", "trig", "nquads",
)  # fmt: skip

_PAGE_WIDTH: Final = 80
_ENDLESS: Final = 10_000
# A summary stands below a longer name.
_LONGEST_NAME: Final = 44


@cli.command()
@click.argument("query", metavar="NAME|FILE|-|'SPARQL'", shell_complete=complete_question)
@click.option(
    "-p",
    "--param",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=complete_parameter,
    help="Fill in a parameter: a code or a name, 'country=CZ' or 'country=Czechia'. Repeat it for "
    "several values where the question takes several.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    metavar="FORMAT",
    help="table (default), markdown, csv, tsv, json, xml, xlsx, parquet for SELECT and ASK; turtle "
    "(default), ntriples, jsonld, rdfxml, trig, nquads for CONSTRUCT and DESCRIBE.",
)
@path_option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write the answer to this file; its suffix says the format, unless --format does.",
)
@click.option(
    "--iris",
    is_flag=True,
    help="Show IRIs as well as names. Tables and Markdown hide them; other formats have them all.",
)
@store_option
@click.option("--endpoint", metavar="URL", help="Ask the SPARQL endpoint at URL instead.")
def query(
    query: str,
    parameters: Sequence[str],
    form: str | None,
    output: Path | None,
    iris: bool,
    store: Path | None,
    endpoint: str | None,
) -> None:
    """Ask a ready question, or a query of your own.

    NAME is a question of the catalogue ('clustergraph queries' lists them), FILE a query file, '-'
    standard input; an argument that reads as SPARQL is the query itself. The prefixes of
    the project (cg:, code:, id:, rdfs:, skos:, …) need no declaration.

    \b
    Examples:
      clustergraph query organisations-in-country -p country=Czechia -p country=SK
      clustergraph query clusters-per-country --format markdown
      clustergraph query my.rq --format csv > my.csv
      clustergraph query clusters-per-country -o clusters.xlsx
      clustergraph query 'DESCRIBE nuts:CZ080'
    """  # noqa: D301 - click reads the backspace
    if store and endpoint:
        raise UsageError("--store and --endpoint exclude each other: one graph at a time")
    from clustergraph.quadstore import Engine
    from clustergraph.quadstore.remote import Endpoint
    from clustergraph.questions import catalogue
    from clustergraph.questions.names import resolve
    from clustergraph.vocab import CG

    question = _question(query)
    values: Mapping[str, Sequence[str]] = _values(parameters)
    # Before the graph is built, which takes a while.
    question.check(values)
    engine = open_engine(store) if endpoint is None else Endpoint(endpoint)
    try:
        values = resolve(question.parameters, values, engine)
        answer = catalogue.ask(question, engine, values)
        if isinstance(engine, Engine) and question.kind == "file":
            for warning in engine.warnings(question.bind(values), CG):
                click.echo(f"clustergraph: {warning}", err=True)
        if output is None:
            if form in ("xlsx", "parquet") and sys.stdout.isatty():
                raise UsageError(f"{form} is not for a terminal: add -o FILE")
            _write(answer, form, sys.stdout.buffer, engine, iris, terminal_width())
        else:
            form = form or _form_of(output)
            with replacing(output) as stream:
                _write(answer, form, stream, engine, iris)
    except QuerySyntaxError as error:
        if question.path.name and error.line is not None:
            path = str(question.path)
            raise SyntaxFaultError(path, error.reason, error.line, error.column) from error
        raise


@cli.command()
@click.argument("words", nargs=-1, metavar="[NAME|WORD...]", shell_complete=complete_question)
@click.option(
    "--topic",
    metavar="TOPIC",
    shell_complete=complete_topic,
    help="Only questions about this topic: a heading of the list, or 'checks'.",
)
@click.option(
    "--tag", metavar="TAG", shell_complete=complete_tag, help="Only questions with this tag."
)
def queries(words: Sequence[str], topic: str | None, tag: str | None) -> None:
    """List or search the ready questions, or show one of them.

    With WORDs only the questions are listed that hold all of them, in their names, tags or texts.
    Checks, which find faults in the data, are listed only where they are asked for.

    \b
    Examples:
      clustergraph queries
      clustergraph queries members network
      clustergraph queries --topic money
      clustergraph queries find-partners          its parameters, and how to ask it
    """  # noqa: D301 - click reads the backspace
    from clustergraph.questions import catalogue

    known = catalogue.questions()
    if len(words) == 1 and words[0] in known:
        _show(known[words[0]])
        return
    everything = list(known.values())
    topics = list(dict.fromkeys((*catalogue.TOPICS, *(one.topic for one in everything))))
    if topic is not None and topic not in topics:
        raise UnknownNameError("topic", topic, topics)
    tags = {one for question in everything for one in question.tags}
    if tag is not None and tag not in tags:
        raise UnknownNameError("tag", tag, tags)
    found = [
        question
        for question in everything
        if topic in (None, question.topic)
        and (tag is None or tag in question.tags)
        and question.holds(" ".join(words))
    ]
    if not found:
        raise UnknownNameError("query", " ".join(words) or f"{topic} {tag}", known)
    all_listed = bool(words or topic or tag)
    for one in topics:
        group = [question for question in found if question.topic == one]
        if group and (all_listed or one != "checks"):
            click.echo(_group(one, group))
    if sys.stdout.isatty():
        hidden = 0 if all_listed else sum(question.topic == "checks" for question in found)
        more = f", and {count(hidden, 'check')} (--topic checks)" if hidden else ""
        click.echo(f"{count(len(found) - hidden, 'question')}{more}")
        click.echo("Show one: clustergraph queries NAME   Ask it: clustergraph query NAME")


def _group(topic: str, questions: Sequence[Question]) -> str:
    """Return the questions of a topic, folded to the width of a terminal; else a line each."""
    formatter = click.HelpFormatter(width=terminal_width() or _ENDLESS)
    formatter.write(f"{click.style(topic.capitalize(), bold=True)}\n")
    with formatter.indentation():
        formatter.write_dl([(one.name, one.summary) for one in questions], _LONGEST_NAME)
    return formatter.getvalue()


def _write(
    answer: Answer,
    form: str | None,
    stream: IO[bytes],
    engine: Queryable,
    iris: bool,
    width: int | None = None,
) -> None:
    from pyoxigraph import QuerySolutions

    from clustergraph.quadstore import Engine
    from clustergraph.sparql import results as answers

    chosen = answers.form_for(answer, form)
    if isinstance(answer, QuerySolutions) and chosen.name in ("table", "markdown"):
        # Another server is asked nothing but the query.
        named_in = engine if isinstance(engine, Engine) else None
        as_markdown = chosen.name == "markdown"
        text = show_rows(answer, named_in, as_markdown=as_markdown, iris=iris, width=width)
        stream.write(text.encode("utf-8", "replace"))
    else:
        answers.write(answer, chosen, stream)


def show_rows(
    answer: ox.QuerySolutions,
    named_in: Queryable | None,
    *,
    as_markdown: bool,
    iris: bool,
    width: int | None,
) -> str:
    """Return the rows of an answer as a table, for a terminal with their number, or in Markdown.

    Args:
        answer: the rows; they are read to their end.
        named_in: the graph that names things which the answer leaves without a name; None: these
            are shown by their IRIs.
        as_markdown: as Markdown.
        iris: show IRIs as well as names.
        width: columns of the terminal that the table has to fit; None: it goes elsewhere.

    Raises:
        QueryError: the engine fails while the answer is read.
    """
    from clustergraph.quadstore import reading
    from clustergraph.sparql.results import display

    columns = [variable.value for variable in answer.variables]
    with reading():
        rows: Rows = [tuple(row) for row in answer]
    if iris:
        cells = [[harmless(display(term)) for term in row] for row in rows]
    else:
        columns, texts = _named(columns, rows, named_in)
        cells = [[harmless(text) for text in row] for row in texts]
    if as_markdown:
        return markdown(columns, cells)
    text = table(columns, cells, width, styled=width is not None)
    return text if width is None else f"{text}{count(len(rows), 'row')}\n"


def _named(
    columns: Sequence[str], rows: Rows, named_in: Queryable | None
) -> tuple[list[str], list[list[str]]]:
    """Return columns and cells with each thing shown once: by its name, else by its IRI."""
    import pyoxigraph as ox

    from clustergraph.pages.statements import called, names_of
    from clustergraph.questions.answers import named_by
    from clustergraph.sparql.results import display

    # The column of names takes the place of the column that it names, and its heading.
    names = {thing: at for at, one in enumerate(columns) if (thing := named_by(one, columns))}
    nameless = [at for at, one in enumerate(columns) if one not in names]
    things = {row[at] for row in rows for at in nameless if isinstance(row[at], ox.NamedNode)}
    labels = {} if named_in is None else called(names_of(named_in, things, ()), "en")

    def text(term: Any) -> str:
        if isinstance(term, ox.NamedNode):
            return labels.get(term.value) or display(term).strip("<>")
        return display(term)

    shown: dict[str, list[str]] = {}
    for at, column in enumerate(columns):
        if column in names:
            name_at = names[column]
            shown[column] = [
                text(row[at] if row[name_at] is None else row[name_at]) for row in rows
            ]
        elif at not in names.values():
            shown[column] = [text(row[at]) for row in rows]
    # A query of one's own may select the names itself, under whatever heading.
    kept = [
        column
        for at, column in enumerate(columns)
        if column in shown
        and not (
            at in nameless
            and any(isinstance(row[at], ox.NamedNode) for row in rows)
            and any(cells == shown[column] for one, cells in shown.items() if one != column)
        )
    ]
    return kept, [list(row) for row in zip(*(shown[column] for column in kept), strict=True)]


def _form_of(output: Path) -> str:
    """Return the format that a file's suffix says."""
    from clustergraph.sparql.results import FORMATS

    known = {one.suffix: name for name, one in FORMATS.items()} | {".json": "json"}
    if (form := known.get(output.suffix)) is None:
        suffixes = ", ".join(known)
        raise UsageError(f"{output}: no format has that suffix ({suffixes}); add --format")
    return form


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
    width = terminal_width() or _PAGE_WIDTH
    click.echo(click.wrap_text(f"{question.name}: {question.summary}", width))
    if question.description:
        click.echo()
        click.echo(click.wrap_text(question.description, width, preserve_paragraphs=True))
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
        text = f"{parameter.name} ({'; '.join(notes)}): {parameter.description}"
        click.echo(click.wrap_text(text, width, "  ", "      "))
        if not parameter.optional:
            example += f" -p {parameter.name}={(*parameter.default, '…')[0]}"
    click.echo(f"\n{question.body}")
    click.echo(f"Ask it:  {example}")
