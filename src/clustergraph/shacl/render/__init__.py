"""A report for people, for programs, and as RDF."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from clustergraph.shacl.render import machine, words
from clustergraph.shacl.render.words import View, message, rule_name
from clustergraph.shacl.report import Finding, Report, Severity
from clustergraph.terminal import harmless

if TYPE_CHECKING:
    import jinja2

__all__ = ["ReportFormat", "render"]

ReportFormat = Literal["text", "json", "turtle", "sarif", "junit", "github", "html"]

_COLOURS: Final = {Severity.VIOLATION: "31;1", Severity.WARNING: "33;1", Severity.INFO: "34;1"}
# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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


def text(report: Report, view: View) -> str:
    """Return the findings by file, shape and message, each with its line and a caret."""
    return "\n".join(_lines(report, view)) + "\n"


def _lines(report: Report, view: View) -> Iterator[str]:
    for name, in_file in words.by_file(report):
        yield view.style(harmless(name), "1")
        grouped = sorted(in_file, key=lambda finding: (-finding.severity, rule_name(finding)))
        for (severity, shape, told), same in groupby(
            grouped,
            key=lambda finding: (finding.severity, rule_name(finding), message(finding)),
        ):
            yield f"  {view.style(severity.word, _COLOURS[severity])}  {shape}"
            yield from (f"    {line}" for line in harmless(told).splitlines())
            for finding in same:
                yield from _finding(finding, view)
        yield ""
    yield view.style(words.summary(report), "1")


def _finding(finding: Finding, view: View) -> Iterator[str]:
    place = words.where(finding.place)
    yield harmless("    - " + "  ".join(filter(None, (place, words.about(finding)))))
    if (shown := words.excerpt(finding.place)) is not None:
        number = str(finding.line)
        margin = " " * len(number)
        caret = view.style("^" * shown.width, _COLOURS[finding.severity])
        yield f"      {view.style(f'{number} |', '2')} {harmless(shown.line)}"
        yield f"      {view.style(f'{margin} |', '2')} {' ' * shown.start}{caret}"
    for line in words.explanation(finding):
        yield f"      {harmless(line)}"


def html(report: Report, _: View) -> str:
    """Return a page with the counts by shape and severity, and each finding by file."""
    shapes: dict[str, Counter[str]] = defaultdict(Counter)
    for finding in report.findings:
        shapes[rule_name(finding)][finding.severity.word] += 1
    page = _template("report.html.j2").render(
        words=words,
        summary=words.summary(report),
        counts={severity.word: number for severity, number in report.counts().items()},
        shapes=sorted(shapes.items(), key=lambda item: (-item[1].total(), item[0])),
        files=list(words.by_file(report)),
    )
    return f"{page}\n"


def junit(report: Report, view: View) -> str:
    """Return a test suite per file, and a test case per finding.

    Findings below the threshold are cases that pass and say so in their output; a report without
    findings is one case that passes.
    """
    page = _template("junit.xml.j2").render(
        words=words,
        summary=words.summary(report),
        files=list(words.by_file(report)),
        fail_on=view.fail_on,
    )
    return _FORBIDDEN.sub("\ufffd", page) + "\n"


@cache
def _template(name: str) -> jinja2.Template:
    import jinja2  # takes a while, and only these reports need it

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__name__, ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


_WRITERS: Final[dict[ReportFormat, Callable[[Report, View], str]]] = {
    "text": text,
    "json": machine.as_json,
    "turtle": machine.turtle,
    "sarif": machine.sarif,
    "junit": junit,
    "github": machine.github,
    "html": html,
}
