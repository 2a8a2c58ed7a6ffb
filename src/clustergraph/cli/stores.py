"""Commands about graphs on disk: ``export``, ``load``, ``generations`` and ``backup``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from clustergraph.cli.root import cli, open_engine, progress, store_option
from clustergraph.errors import UsageError
from clustergraph.vocab import GRAPH, PREFIXES

__all__: list[str] = []

EXPORTS: Final = ("turtle", "ntriples", "jsonld", "rdfxml", "trig", "nquads")


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
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE."
)
@store_option
def export(form: str | None, graph: str | None, output: Path | None, store: Path | None) -> None:
    """Write the whole graph, or one named graph, as RDF."""
    from pyoxigraph import RdfFormat

    from clustergraph.answers import FORMATS

    if form is None:
        suffixes = {FORMATS[name].suffix: name for name in EXPORTS}
        form = suffixes.get(output.suffix if output else "", "trig")
    engine = open_engine(store)
    serialization = FORMATS[form].engine
    assert isinstance(serialization, RdfFormat)  # noqa: S101 - all of EXPORTS are
    iri = _graph_iri(graph)
    if output is None:
        engine.dump(sys.stdout.buffer, serialization, iri)
        return
    # Beside the file first, so that a failure leaves what was there before.
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("wb") as stream, progress(f"writing {output}"):
            engine.dump(stream, serialization, iri)
        part.replace(output)
    except OSError as error:
        raise UsageError(f"{output}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)


def _graph_iri(name: str | None) -> str | None:
    if name is None or "://" in name:
        return name
    prefix, colon, local = name.partition(":")
    return PREFIXES[prefix] + local if colon and prefix in PREFIXES else GRAPH + name
