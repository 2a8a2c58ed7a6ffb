"""The commands ``statistics``: add a release of Eurostat, and measure the clusters anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from clustergraph.cli.root import cli, path_option, progress
from clustergraph.errors import UsageError
from clustergraph.terminal import harmless

if TYPE_CHECKING:
    from clustergraph.statistics.update import Remeasured

_tables_option = path_option(
    "--tables",
    metavar="DIR",
    help="The directory of the tables of statistics.  [default: data/statistics]",
)


@cli.group()
def statistics() -> None:
    """Update employment statistics and the clusters measured from them."""


@statistics.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@_tables_option
def add(file: Path, tables: Path | None) -> None:
    """Add a release of Eurostat to the tables, and measure the clusters anew.

    FILE is a table in Eurostat's bulk download format, .tsv or .tsv.gz: sbs_r_nuts06_r2 (persons
    employed by region and activity) or lfst_r_lfe2en2 (employed residents by region and groups of
    activities). Values of region, activity and year that are there already are replaced; withheld
    values are left out. The graph is built anew at its next use.

    \b
    Examples:
      clustergraph statistics add sbs_r_nuts06_r2.tsv.gz
      clustergraph statistics add lfst_r_lfe2en2.tsv --tables my-data/statistics
    """  # noqa: D301 - click reads the backspace
    from clustergraph.statistics import update

    with progress(f"adding {file}"):
        found = update.add(file, _existing(tables))
    release, counts = found.release, found.counts
    click.echo(
        f"{release.survey.code}: {counts['new']:,} new, {counts['changed']:,} changed, "
        f"{counts['same']:,} unchanged"
    )
    for reason, count in release.skipped.most_common():
        click.echo(f"left out: {count:,} ({reason})")
    if release.unknown:
        click.echo(harmless(f"unknown regions: {', '.join(sorted(release.unknown))}"))
    _show(found.measured)


@statistics.command()
@_tables_option
def measure(tables: Path | None) -> None:
    """Compute totals, slices and measured clusters from the observations.

    To be run after a change of the thresholds (ontology/codes/cluster-criterion.ttl); 'add' does
    it as well. A cluster that no longer passes keeps its row, since its IRI is published.
    """
    from clustergraph.statistics import update

    with progress("measuring clusters"):
        found = update.remeasure(_existing(tables))
    _show(found)


def _existing(tables: Path | None) -> Path | None:
    if tables is not None and not (tables / "observations").is_dir():
        raise UsageError(f"{tables}: holds no tables of statistics (no directory observations)")
    return tables


def _show(found: Remeasured) -> None:
    click.echo(
        f"measured clusters: {found.clusters:,} ({found.new:,} new, {found.gone:,} no longer pass)"
    )
