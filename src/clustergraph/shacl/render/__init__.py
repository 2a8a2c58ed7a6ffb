"""A report for people, for programs, and as RDF."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, get_args

from clustergraph.shacl.report import Report, Severity

__all__ = ["FORMATS", "ReportFormat", "render"]

ReportFormat = Literal["text", "json", "turtle", "sarif", "junit", "github", "html"]

FORMATS: Final[tuple[str, ...]] = get_args(ReportFormat)


def render(
    report: Report,
    output: ReportFormat = "text",
    *,
    fail_on: Severity = Severity.VIOLATION,
    colour: bool = False,
    base: Path | None = None,
) -> str:
    """Write a report.

    Args:
        report: what was found.
        output: ``text`` for people, grouped by file, with the line and a caret; ``html`` for
            people, one file; ``json`` for programs and as a baseline; ``turtle``, the standard
            ``sh:ValidationReport``; ``sarif`` 2.1.0 for code scanning; ``junit`` for test reports;
            ``github``, commands of a workflow that annotate its pull request.
        fail_on: from which severity on a finding fails (JUnit tells failures from remarks).
        colour: whether the text is for a terminal that shows colours.
        base: the directory that file names are told from, where they are below it; the working
            directory by default.

    Returns:
        The text, ending in a line feed unless it is empty.
    """
    base = (base or Path.cwd()).resolve()
    # Each report imports what it needs, and no other does: some of that is slow to import.
    match output:
        case "text":
            from clustergraph.shacl.render import text

            return text.write(report, colour)
        case "json":
            from clustergraph.shacl.render import machine

            return machine.write_json(report)
        case "turtle":
            from clustergraph.shacl.render import turtle

            return turtle.write(report)
        case "sarif":
            from clustergraph.shacl.render import sarif

            return sarif.write(report, base)
        case "junit":
            from clustergraph.shacl.render import junit

            return junit.write(report, fail_on)
        case "github":
            from clustergraph.shacl.render import machine

            return machine.write_github(report, base)
        case "html":
            from clustergraph.shacl.render import html

            return html.write(report)
