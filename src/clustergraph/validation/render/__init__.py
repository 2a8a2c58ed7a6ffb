"""A report for people, for programs, and as RDF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, get_args

from clustergraph.validation.render import junit, machine, sarif, text, turtle
from clustergraph.validation.report import Report, Severity

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
    writers: dict[ReportFormat, Callable[[], str]] = {
        "text": lambda: text.write(report, colour),
        "json": lambda: machine.write_json(report),
        "turtle": lambda: turtle.write(report),
        "sarif": lambda: sarif.write(report, base),
        "junit": lambda: junit.write(report, fail_on),
        "github": lambda: machine.write_github(report, base),
        "html": lambda: _html(report),
    }
    return writers[output]()


def _html(report: Report) -> str:
    # The template engine is slow to import, and no other report needs it.
    from clustergraph.validation.render import html

    return html.write(report)
