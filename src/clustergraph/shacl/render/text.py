"""The report for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from clustergraph.shacl.render.words import (
    about,
    excerpt,
    explanation,
    message,
    relative,
    rule_name,
    summary,
)
from clustergraph.shacl.render.words import where as place_in_words
from clustergraph.shacl.report import Finding, Report, Severity
from clustergraph.terminal import harmless

__all__ = ["write"]

_COLOURS: Final = {Severity.VIOLATION: "31;1", Severity.WARNING: "33;1", Severity.INFO: "34;1"}


def write(report: Report, colour: bool) -> str:
    """Return the findings by file, shape and message, each with its line and a caret."""
    return "\n".join(_Writer(colour).lines(report)) + "\n"


class _Writer:
    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def style(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def lines(self, report: Report) -> Iterator[str]:
        by_file = sorted(report.findings, key=lambda finding: str(finding.file or ""))
        for file, in_file in groupby(by_file, key=lambda finding: finding.file):
            name = str(relative(file, Path.cwd())) if file else "(in no file)"
            yield self.style(harmless(name), "1")
            grouped = sorted(in_file, key=lambda finding: (-finding.severity, rule_name(finding)))
            for (severity, shape, words), same in groupby(
                grouped,
                key=lambda finding: (finding.severity, rule_name(finding), message(finding)),
            ):
                yield f"  {self.style(severity.word, _COLOURS[severity])}  {shape}"
                yield from (f"    {line}" for line in harmless(words).splitlines())
                for finding in same:
                    yield from self.finding(finding)
            yield ""
        yield self.style(summary(report), "1")

    def finding(self, finding: Finding) -> Iterator[str]:
        place = place_in_words(finding.place)
        yield harmless("    - " + "  ".join(filter(None, (place, about(finding)))))
        if (shown := excerpt(finding.place)) is not None:
            number = str(finding.line)
            margin = " " * len(number)
            caret = self.style("^" * shown.width, _COLOURS[finding.severity])
            yield f"      {self.style(f'{number} |', '2')} {harmless(shown.line)}"
            yield f"      {self.style(f'{margin} |', '2')} {' ' * shown.start}{caret}"
        for line in explanation(finding):
            yield f"      {harmless(line)}"
