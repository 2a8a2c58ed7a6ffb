"""Commands about graphs on disk: ``export``, ``load``, ``generations`` and ``backup``."""

from __future__ import annotations

import gzip
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, cast

import click

from clustergraph.cli.display import terminal_width
from clustergraph.cli.root import (
    EXPORTS,
    Commands,
    cli,
    open_engine,
    progress,
    replacing,
    store_option,
)
from clustergraph.errors import UsageError
from clustergraph.settings import KEPT_GENERATIONS
from clustergraph.terminal import table
from clustergraph.vocab import GRAPH, PREFIXES

__all__: list[str] = []

_GZIP_LEVEL: Final = 6

_store_argument = click.argument("store", type=click.Path(path_type=Path), metavar="STORE")


@cli.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(EXPORTS),
    metavar="FORMAT",
    help="turtle, ntriples, jsonld, rdfxml, trig or nquads; by default what the file's name says, "
    "else trig. Formats without named graphs hold the union of all graphs.",
)
@click.option(
    "--graph",
    metavar="IRI",
    help="Only this named graph; the graph's short name will do, for example nuts.",
)
@click.option("--inferred", is_flag=True, help="Also what is inferred, not only what is stated.")
@click.option("--generation", type=int, metavar="N", help="An older generation of the graph.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
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
    with replacing(output) as file, progress(f"writing {output}"):
        if packed:
            with gzip.GzipFile(output.stem, "wb", _GZIP_LEVEL, file, mtime=0) as stream:
                packing = cast(IO[bytes], stream)
                engine.dump(packing, serialization, iri, inferred=inferred)
        else:
            engine.dump(file, serialization, iri, inferred=inferred)


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
@click.option(
    "--format",
    "form",
    type=click.Choice(EXPORTS),
    metavar="FORMAT",
    help="turtle, ntriples, jsonld, rdfxml, trig or nquads; by default what each file's name says.",
)
@click.option("--base", "base_iri", metavar="IRI", help="Resolve relative IRIs against this one.")
@click.option("--no-validate-writes", is_flag=True, help="Load the files whatever the shapes say.")
@click.option(
    "--shapes",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="Judge by the shapes of this file or directory.  [default: the shipped ones]",
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

    from clustergraph.cli import loader
    from clustergraph.cli.checking import coloured
    from clustergraph.quadstore.loading import RefusedError, load_apart
    from clustergraph.sparql.results import FORMATS

    serialization = FORMATS[form].engine if form else None
    assert serialization is None or isinstance(serialization, RdfFormat)  # noqa: S101
    started = time.monotonic()
    try:
        with _bytes_read(files) as (tell, hear):
            generation = load_apart(
                store,
                files,
                graph=_graph_iri(graph),
                form=serialization,
                base_iri=base_iri,
                tell=tell,
                hear=hear,
                program=loader.PROGRAM,
                more=loader.told(
                    validate=not no_validate_writes,
                    shapes=shapes,
                    colour=coloured(),
                    inference=not no_inference,
                ),
            )
    except RefusedError as error:
        click.echo(str(error), color=coloured())
        click.echo(f"{store}: nothing was loaded", err=True)
        sys.exit(1)
    count = f"{len(files)} file{'s' if len(files) > 1 else ''}"
    passed_s = time.monotonic() - started
    click.echo(f"{store}: generation {generation.number} holds {count} more ({passed_s:.1f} s)")


class _Listing(Commands):
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
                _in_words(size),
                _in_words(alone),
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


@contextmanager
def _bytes_read(
    files: Sequence[Path],
) -> Iterator[tuple[Callable[[int, int], object], Callable[[str], object]]]:
    """Show on a terminal how much of the files has been read, and what is done after that."""
    if not sys.stderr.isatty():
        yield lambda index, done: None, lambda words: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    sizes = [file.stat().st_size if file.is_file() else 0 for file in files]
    total = sum(sizes)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total)

        def tell(index: int, done: int) -> None:
            read = sum(sizes[:index]) + done
            what = files[index].name if read < total else "writing"
            bar.update(task, completed=read, description=what)

        yield tell, lambda words: bar.update(task, description=words)


def _in_words(size_bytes: int) -> str:
    size, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.3g} {unit}" if size < 999.5 else f"{size:.0f} {unit}"


def _graph_iri(name: str | None) -> str | None:
    if name is None or "://" in name:
        return name
    prefix, colon, local = name.partition(":")
    return PREFIXES[prefix] + local if colon and prefix in PREFIXES else GRAPH + name
