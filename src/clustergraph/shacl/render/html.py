"""The report as one HTML file that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from pathlib import Path

import jinja2

from clustergraph.shacl.render.words import (
    about,
    excerpt,
    explanation,
    message,
    relative,
    rule_name,
    summary,
    where,
)
from clustergraph.shacl.report import Report

__all__ = ["write"]


def write(report: Report) -> str:
    """Return a page with the counts by shape and severity, and each finding by file."""
    by_file = sorted(report.findings, key=lambda finding: str(finding.file or ""))
    shapes: dict[str, dict[str, int]] = {}
    for finding in report.findings:
        row = shapes.setdefault(rule_name(finding), {})
        row[finding.severity.word] = row.get(finding.severity.word, 0) + 1
    return (
        _template().render(
            summary=summary(report),
            counts={severity.word: number for severity, number in report.counts().items()},
            shapes=sorted(shapes.items(), key=lambda item: (-sum(item[1].values()), item[0])),
            files=[
                (file, [(number, finding) for number, finding in enumerate(found, 1)])
                for file, found in groupby(by_file, key=lambda finding: _name(finding.file))
            ],
            about=about,
            excerpt=excerpt,
            explanation=explanation,
            message=message,
            rule_name=rule_name,
            where=where,
        )
        + "\n"
    )


def _name(file: Path | None) -> str:
    return "(in no file)" if file is None else str(relative(file, Path.cwd()))


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__name__.rpartition(".")[0], ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")
