"""Reports for people: text for terminals, and one HTML file without script, font or network."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Final

from clustergraph.shacl.render import words
from clustergraph.shacl.render.words import View, message, rule_name
from clustergraph.shacl.report import Finding, Report, Severity
from clustergraph.terminal import harmless

if TYPE_CHECKING:
    import jinja2

__all__ = ["html", "text"]

_COLOURS: Final = {Severity.VIOLATION: "31;1", Severity.WARNING: "33;1", Severity.INFO: "34;1"}


def text(report: Report, view: View) -> str:
    """Return the findings by file, shape and message, each with its line and a caret."""
    return "\n".join(_Text(view.colour).lines(report)) + "\n"


class _Text:
    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def style(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def lines(self, report: Report) -> Iterator[str]:
        for name, in_file in words.by_file(report):
            yield self.style(harmless(name), "1")
            grouped = sorted(in_file, key=lambda finding: (-finding.severity, rule_name(finding)))
            for (severity, shape, told), same in groupby(
                grouped,
                key=lambda finding: (finding.severity, rule_name(finding), message(finding)),
            ):
                yield f"  {self.style(severity.word, _COLOURS[severity])}  {shape}"
                yield from (f"    {line}" for line in harmless(told).splitlines())
                for finding in same:
                    yield from self.finding(finding)
            yield ""
        yield self.style(words.summary(report), "1")

    def finding(self, finding: Finding) -> Iterator[str]:
        place = words.where(finding.place)
        yield harmless("    - " + "  ".join(filter(None, (place, words.about(finding)))))
        if (shown := words.excerpt(finding.place)) is not None:
            number = str(finding.line)
            margin = " " * len(number)
            caret = self.style("^" * shown.width, _COLOURS[finding.severity])
            yield f"      {self.style(f'{number} |', '2')} {harmless(shown.line)}"
            yield f"      {self.style(f'{margin} |', '2')} {' ' * shown.start}{caret}"
        for line in words.explanation(finding):
            yield f"      {harmless(line)}"


def html(report: Report, _: View) -> str:
    """Return a page with the counts by shape and severity, and each finding by file."""
    shapes: dict[str, Counter[str]] = defaultdict(Counter)
    for finding in report.findings:
        shapes[rule_name(finding)][finding.severity.word] += 1
    page = _template().render(
        words=words,
        summary=words.summary(report),
        counts={severity.word: number for severity, number in report.counts().items()},
        shapes=sorted(shapes.items(), key=lambda item: (-item[1].total(), item[0])),
        files=list(words.by_file(report)),
    )
    return f"{page}\n"


@cache
def _template() -> jinja2.Template:
    import jinja2  # takes a while, and only this report needs it

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__name__.rpartition(".")[0], ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")
