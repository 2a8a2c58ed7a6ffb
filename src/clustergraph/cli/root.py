"""What all commands share: their group, opening a graph, showing progress, writing files."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

import click

from clustergraph import artefacts
from clustergraph.errors import UsageError

# Whatever is slow to import is imported by the command that needs it.
if TYPE_CHECKING:
    from clustergraph.quadstore import Engine

F = TypeVar("F", bound=Callable[..., Any])

EXPORTS: Final = ("turtle", "ntriples", "jsonld", "rdfxml", "trig", "nquads")
"""The formats of graphs that commands read and write."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(artefacts.version(), prog_name="clustergraph")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal fault.")
def cli(debug: bool) -> None:
    """A knowledge graph of cluster policy: ask it, serve it, check it.

    The graph of the shipped data is built at first use (some seconds) and kept in the cache
    directory (CLUSTERGRAPH_CACHE, else clustergraph below XDG_CACHE_HOME or ~/.cache).

    \b
    First steps:
      clustergraph queries                       what can be asked
      clustergraph queries members               search the questions
      clustergraph query organisations-in-country -p country=Czechia
      clustergraph explain CLUTEX country Czechia
      clustergraph query 'SELECT ?class (COUNT(*) AS ?n) { ?x a ?class } GROUP BY ?class'
      clustergraph serve                         a SPARQL endpoint on this machine
    """  # noqa: D301 - click reads the backspace


def path_option(*names: str, metavar: str = "PATH", **settings: Any) -> Callable[[F], F]:
    """Return an option that takes a path; the settings are those of ``click.option``."""
    return click.option(*names, type=click.Path(path_type=Path), metavar=metavar, **settings)


def rdf_format_option(name: str, default: str) -> Callable[[F], F]:
    """Return an option that names a format of graphs; ``default`` says what holds without it."""
    return click.option(
        name,
        name.removeprefix("--").replace("-", "_").replace("format", "form"),
        type=click.Choice(EXPORTS),
        metavar="FORMAT",
        help=f"turtle, ntriples, jsonld, rdfxml, trig or nquads; by default {default}",
    )


store_option = path_option("--store", metavar="DIR", help="Use the graph in DIR.")


def open_engine(store: Path | None, create: bool = False, inference: bool = True) -> Engine:
    """Open the graph in ``store``, or the shipped one; build it first where that is called for.

    Args:
        store: a store's directory; None: the shipped graph.
        create: whether to make the store from the shipped data where there is none.
        inference: whether what is built holds what follows from the data as well.
    """
    from clustergraph.quadstore import Engine, is_store

    building = partial(progress, "building the graph (once)")
    if store is None:
        from clustergraph.shipped import open_graph

        return open_graph(inference, building)
    if create and not is_store(store):
        from clustergraph.shipped import make_store

        with building():
            make_store(store, inference)
    return Engine(store)


@contextmanager
def progress(what: str, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Show on a terminal that work is going on; nothing in a pipe, or when asked to be quiet."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} …") as status:
        yield lambda now: status.update(f"{now} …")


@contextmanager
def replacing(output: Path) -> Iterator[IO[bytes]]:
    """Open a file beside ``output`` that takes its place when all is written, and only then.

    Raises:
        UsageError: the file cannot be written.
    """
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("wb") as stream:
            yield stream
        part.replace(output)
    except OSError as error:
        raise UsageError(f"{output}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)


def terminal_width() -> int | None:
    """Return the columns of the terminal; None: standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def count(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 row``, ``1,200 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
