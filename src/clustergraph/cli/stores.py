"""Commands about graphs on disk: ``export``, ``load``, ``generations``, ``backup`` and ``diff``."""

from __future__ import annotations

import gzip
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

import click

from clustergraph.cli.checking import coloured, output_option, write_out
from clustergraph.cli.root import (
    EXPORTS,
    cli,
    count,
    open_engine,
    path_option,
    progress,
    rdf_format_option,
    replacing,
    store_option,
    terminal_width,
)
from clustergraph.errors import UsageError
from clustergraph.settings import KEPT_GENERATIONS
from clustergraph.terminal import table
from clustergraph.vocab import GRAPH, PREFIXES

if TYPE_CHECKING:
    import pyoxigraph as ox

    from clustergraph.quadstore.delta import Delta
    from clustergraph.quadstore.generations import Settle
    from clustergraph.quadstore.loading import Hear, Job, Review, Sources
    from clustergraph.shacl import Finding, Report

_GZIP_LEVEL: Final = 6

_store_argument = click.argument("store", type=click.Path(path_type=Path), metavar="STORE")


@cli.command()
@rdf_format_option(
    "--format",
    "what the file's name says, else trig. Formats without named graphs hold the union of all "
    "graphs.",
)
@click.option(
    "--graph",
    metavar="IRI",
    help="Only this named graph; the graph's short name will do, for example nuts.",
)
@click.option("--inferred", is_flag=True, help="Also what is inferred, not only what is stated.")
@click.option("--generation", type=int, metavar="N", help="An older generation of the graph.")
@path_option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write to FILE; compressed by gzip if its name ends in .gz.",
)
@store_option
def export(
    form: str | None,
    graph: str | None,
    inferred: bool,
    generation: int | None,
    output: Path | None,
    store: Path | None,
) -> None:
    """Write the whole graph, or one named graph, as RDF.

    What is inferred is left out, unless --inferred or --graph inferred asks for it: whoever loads
    the file infers it anew.
    """
    from pyoxigraph import RdfFormat

    from clustergraph.quadstore import Engine
    from clustergraph.sparql.results import FORMATS

    packed = output is not None and output.suffix.lower() == ".gz"
    if form is None:
        suffixes = {FORMATS[name].suffix: name for name in EXPORTS}
        name = Path(output.stem if packed else output.name) if output else Path()
        form = suffixes.get(name.suffix.lower(), "trig")
    if generation is None:
        engine = open_engine(store)
    elif store is None:
        raise UsageError("--generation needs --store: the shipped graph has only one")
    else:
        engine = Engine(store, number=generation)
    serialization = FORMATS[form].engine
    assert isinstance(serialization, RdfFormat)  # noqa: S101 - all of EXPORTS are
    iri = _graph_iri(graph)
    if output is None:
        engine.dump(sys.stdout.buffer, serialization, iri, inferred=inferred)
        return
    with replacing(output) as file, progress(f"writing {output}"), ExitStack() as stack:
        stream = file
        if packed:
            gzipped = gzip.GzipFile(output.stem, "wb", _GZIP_LEVEL, file, mtime=0)
            stream = cast(IO[bytes], stack.enter_context(gzipped))
        engine.dump(stream, serialization, iri, inferred=inferred)


@cli.command()
@_store_argument
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "--graph",
    metavar="IRI",
    help="Where statements go that name no graph; else to the default graph.",
)
@rdf_format_option("--format", "what each file's name says.")
@click.option("--base", "base_iri", metavar="IRI", help="Resolve relative IRIs against this one.")
@click.option("--no-validate-writes", is_flag=True, help="Load the files whatever the shapes say.")
@path_option(
    "--shapes", help="Judge by the shapes of this file or directory.  [default: the shipped ones]"
)
@click.option(
    "--no-inference",
    is_flag=True,
    help="Hold nothing but what is stated: infer nothing from it, and drop what was inferred.",
)
def load(
    store: Path,
    files: Sequence[Path],
    graph: str | None,
    form: str | None,
    base_iri: str | None,
    no_validate_writes: bool,
    shapes: Path | None,
    no_inference: bool,
) -> None:
    """Load RDF files into STORE: all of them, or none.

    Files may be compressed by gzip. STORE is created if it does not exist. If a file has a syntax
    error, the message names its line and column, and nothing is loaded. Readers of the graph keep
    seeing its previous state until the load is complete.

    Inferences are updated in the graph graph:inferred. Files that would add a violation of the
    shapes are refused: the findings are reported as 'clustergraph validate' reports them, and the
    exit code is 1. Files of more than about 100,000 statements have the whole graph validated,
    which takes longer.
    """
    from pyoxigraph import RdfFormat

    from clustergraph.quadstore.loading import Job, RefusedError, load_apart
    from clustergraph.sparql.results import FORMATS

    serialization = FORMATS[form].engine if form else None
    assert serialization is None or isinstance(serialization, RdfFormat)  # noqa: S101
    started = time.monotonic()
    sizes = [file.stat().st_size if file.is_file() else 0 for file in files]
    try:
        with progress(f"reading {sum(sizes):,} bytes") as show:

            def tell(index: int, done: int) -> None:
                read = sum(sizes[:index]) + done
                show(f"reading {files[index].name} ({read:,} of {sum(sizes):,} bytes)")

            wanted = {
                "validate": not no_validate_writes,
                "shapes": shapes,
                "colour": coloured(),
                "inference": not no_inference,
            }
            media_type = serialization and serialization.media_type
            job = Job(store, files, _graph_iri(graph), media_type, base_iri, wanted)
            generation = load_apart(job, tell, show, _prepare)
    except RefusedError as error:
        click.echo(str(error), color=coloured())
        click.echo(f"{store}: nothing was loaded", err=True)
        sys.exit(1)
    passed_s = time.monotonic() - started
    more = count(len(files), "file")
    click.echo(f"{store}: generation {generation.number} holds {more} more ({passed_s:.1f} s)")


def _prepare(job: Job, hear: Hear) -> tuple[Review | None, Settle]:
    """Return what judges what was loaded before it is published, and what infers from it."""
    from clustergraph.owl import settle, unsettle

    def infer(store: ox.Store, delta: Delta | None) -> Delta | None:
        hear("inferring")
        return settle(store, delta)

    review = _reviewer(job, hear) if job.more["validate"] else None
    return review, infer if job.more["inference"] else unsettle


def _reviewer(job: Job, hear: Hear) -> Review:
    from clustergraph.errors import InvalidChangeError
    from clustergraph.quadstore.engine import Engine, is_store
    from clustergraph.quadstore.loading import RefusedError
    from clustergraph.quadstore.memory import hold
    from clustergraph.shacl import render
    from clustergraph.shacl.guard import Guard

    guard = Guard(job.more["shapes"])

    def before() -> ox.Store:
        return Engine(job.directory).store if is_store(job.directory) else hold(())

    def review(store: ox.Store, delta: Delta | None, sources: Sources | None) -> None:
        hear("checking")
        try:
            guard.validate(store, delta, before)
        except InvalidChangeError as error:
            report = _placed(error.report, job, sources)
            text = render(report, colour=job.more["colour"])
            raise RefusedError(text.rstrip("\n")) from error

    return review


def _placed(report: Report, job: Job, sources: Sources | None) -> Report:
    """Return a report with the places of its findings in the files."""
    from clustergraph.csvw import Place
    from clustergraph.shacl.locate import located

    if sources is None:
        sources = dict(_stated(report.findings, job))
    statements = {triple: tuple(Place(path) for path in files) for triple, files in sources.items()}
    found = tuple(located(report.findings, statements, job.base_iri))
    return replace(report, findings=found, files=len({finding.file for finding in found} - {None}))


def _stated(findings: Iterable[Finding], job: Job) -> Iterator[tuple[ox.Triple, list[Path]]]:
    """Yield the statements of files that are about what findings are about."""
    import pyoxigraph as ox

    from clustergraph.rdf.files import format_of, opened

    things = {finding.focus for finding in findings}
    for path in job.paths:
        with opened(path) as (content, _):
            form = job.format or format_of(path)
            for quad in ox.parse(content, form, base_iri=job.base_iri):
                if quad.subject in things or quad.object in things:
                    yield quad.triple, [path]


class _Listing(click.Group):
    """A group that lists when it is not told what to do."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            args = ["list", *args]
        return super().resolve_command(ctx, args)


@cli.group(cls=_Listing)
def generations() -> None:
    """List earlier states of a graph, and go back to one.

    'clustergraph generations STORE' lists them.
    """


@generations.command("list")
@_store_argument
def list_generations(store: Path) -> None:
    """List the generations of the graph in STORE, oldest first.

    'alone' is what each one takes that it shares with no other: pruning it frees that much.
    """
    from rich.filesize import decimal

    from clustergraph.quadstore.generations import Generations

    found = Generations(store)
    current = found.current.number
    rows = []
    for number in found.numbers():
        generation = found.get(number)
        size, alone = generation.size_bytes()
        time_ = datetime.fromtimestamp(generation.committed_at, UTC)
        notes = ["published"] if number == current else []
        if generation.restores is not None:
            notes.append(f"restores {generation.restores}")
        rows.append(
            [
                str(number),
                f"{time_:%Y-%m-%d %H:%M:%S} UTC",
                decimal(size),
                decimal(alone),
                ", ".join(notes),
            ]
        )
    width = terminal_width()
    headings = ["number", "committed", "size", "alone", ""]
    click.echo(table(headings, rows, width, styled=width is not None), nl=False)


@generations.command("roll-back")
@_store_argument
@click.argument("number", type=int)
def roll_back(store: Path, number: int) -> None:
    """Publish generation NUMBER of the graph in STORE again, under a new number.

    Nothing is lost by it: the generations since then stay, and can be rolled back to likewise.
    """
    from clustergraph.quadstore.generations import Generations

    generation = Generations(store).roll_back(number)
    click.echo(f"{store}: generation {generation.number} is published; it restores {number}")


@generations.command()
@_store_argument
@click.option(
    "--keep",
    type=click.IntRange(1),
    default=KEPT_GENERATIONS,
    show_default=True,
    help="How many generations stay, the published one included.",
)
def prune(store: Path, keep: int) -> None:
    """Remove all but the newest generations of the graph in STORE.

    One that somebody still reads stays.
    """
    from clustergraph.quadstore.generations import Generations

    removed = Generations(store).prune(keep)
    click.echo(f"{store}: removed {', '.join(map(str, removed)) or 'nothing'}")


@cli.command()
@_store_argument
@click.argument("target", type=click.Path(path_type=Path), metavar="TARGET")
def backup(store: Path, target: Path) -> None:
    """Copy the published generation of STORE to a new store, TARGET.

    The graph may be served and written meanwhile. On the same file system the two share their
    large files, and TARGET takes hardly any room; to be safe from the loss of a disk, name a
    TARGET on another one.
    """
    from clustergraph.quadstore.generations import Generations

    with progress(f"copying to {target}"):
        generation = Generations(store).backup(target)
    click.echo(f"{target}: holds generation {generation.number} of {store}")


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


def _graph_iri(name: str | None) -> str | None:
    if name is None or "://" in name:
        return name
    prefix, colon, local = name.partition(":")
    return PREFIXES[prefix] + local if colon and prefix in PREFIXES else GRAPH + name
