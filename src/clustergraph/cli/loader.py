"""The process behind ``clustergraph load``: what it reads is judged before it is published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyoxigraph as ox

    from clustergraph.quadstore.delta import Delta
    from clustergraph.quadstore.generations import Settle
    from clustergraph.quadstore.loading import Review, Sources
    from clustergraph.shacl import Finding, Report

__all__ = ["PROGRAM", "main"]

PROGRAM: Final = "from clustergraph.cli.loader import main; main()"


def main() -> None:
    """Be that process."""
    from clustergraph.quadstore.loading import work

    work(_prepare)


def _prepare(job: dict[str, Any]) -> tuple[Review | None, Settle | None]:
    from clustergraph.owl import settle, unsettle
    from clustergraph.quadstore.loading import say

    def infer(store: ox.Store, delta: Delta | None) -> Delta | None:
        say(doing="inferring")
        return settle(store, delta)

    return (_reviewer(job) if job["validate"] else None), (infer if job["inference"] else unsettle)


def _reviewer(job: dict[str, Any]) -> Review:
    from clustergraph.errors import InvalidChangeError
    from clustergraph.quadstore.engine import Engine, is_store, nothing
    from clustergraph.quadstore.loading import RefusedError, say
    from clustergraph.shacl import render
    from clustergraph.shacl.guard import Guard

    guard = Guard(None if job["shapes"] is None else Path(job["shapes"]))
    directory = Path(job["directory"])

    def before() -> ox.Store:
        return Engine(directory).store if is_store(directory) else nothing()

    def review(store: ox.Store, delta: Delta | None, sources: Sources | None) -> None:
        say(doing="checking")
        try:
            guard.validate(store, delta, before)
        except InvalidChangeError as error:
            report = _placed(error.report, job, sources)
            raise RefusedError(render(report, colour=job["colour"]).rstrip("\n")) from error

    return review


def _placed(report: Report, job: dict[str, Any], sources: Sources | None) -> Report:
    """Return a report with the places of its findings in the files."""
    from clustergraph.csvw import Place
    from clustergraph.shacl.locate import located

    paths = [Path(path) for path in job["paths"]]
    if sources is None:
        sources = dict(_stated(report.findings, paths, job))
    statements = {triple: tuple(Place(path) for path in files) for triple, files in sources.items()}
    found: Sequence[Finding] = tuple(located(report.findings, statements, job["base_iri"]))
    files = {finding.file for finding in found}
    return replace(report, findings=tuple(found), files=len(files - {None}))


def _stated(
    findings: Iterable[Finding], paths: Iterable[Path], job: dict[str, Any]
) -> Iterator[tuple[ox.Triple, list[Path]]]:
    """Yield the statements of files that are about what findings are about."""
    import pyoxigraph as ox

    from clustergraph.rdf.files import format_of, opened

    things = {finding.focus for finding in findings}
    given = job["form"] and ox.RdfFormat.from_media_type(job["form"])
    for path in paths:
        with opened(path) as (content, _):
            for quad in ox.parse(content, given or format_of(path), base_iri=job["base_iri"]):
                if quad.subject in things or quad.object in things:
                    yield quad.triple, [path]
