"""A report for people, for programs, and as RDF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from clustergraph.shacl.render import machine, people
from clustergraph.shacl.render.words import View
from clustergraph.shacl.report import Report, Severity

__all__ = ["ReportFormat", "render"]

ReportFormat = Literal["text", "json", "turtle", "sarif", "junit", "github", "html"]

_WRITERS: Final[dict[ReportFormat, Callable[[Report, View], str]]] = {
    "text": people.text,
    "json": machine.as_json,
    "turtle": machine.turtle,
    "sarif": machine.sarif,
    "junit": machine.junit,
    "github": machine.github,
    "html": people.html,
}


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
    view = View(fail_on, colour, (base or Path.cwd()).resolve())
    return _WRITERS[output](report, view)
