"""The report for programs: JSON, and the workflow commands of GitHub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph.shacl.baseline import fingerprint
from clustergraph.shacl.paths import Term, show
from clustergraph.shacl.render.words import about, explanation, message, relative, rule_name, where
from clustergraph.shacl.report import Finding, Report, Severity
from clustergraph.terminal import harmless

__all__ = ["write_github", "write_json"]

_MOST_ANNOTATIONS: Final = 10
_COMMANDS: Final = {
    Severity.VIOLATION: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}


def write_json(report: Report) -> str:
    """Return the counts, and each finding with its place and fingerprint."""
    document = {
        "conforms": report.conforms(),
        "counts": {severity.word: number for severity, number in report.counts().items()},
        "triples": report.triples,
        "files": report.files,
        "findings": [
            {"fingerprint": fingerprint(finding)} | _finding(finding) for finding in report.findings
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, object]:
    place = finding.place
    return {
        "severity": finding.severity.word,
        "shape": _identifier(finding.shape),
        "focus": _identifier(finding.focus),
        "path": str(finding.path) if finding.path else None,
        "value": None if finding.value is None else show(finding.value),
        "message": message(finding),
        "component": finding.component,
        "engine": finding.engine,
        "file": str(relative(place.path, Path.cwd())) if place else None,
        "sheet": place.sheet if place else None,
        "line": place.row if place else None,
        "column": (place.character or place.number) if place else None,
        "columnName": place.column if place else None,
        "pointer": place.pointer if place else None,
        "detail": [_finding(inner) for inner in finding.detail],
    }


def _identifier(term: Term) -> str:
    return term.value if isinstance(term, ox.NamedNode) else show(term)


def write_github(report: Report, base: Path) -> str:
    """Return a workflow command per finding, which the pull request shows beside its line.

    GitHub shows ten annotations of a kind for a step and drops the others without a word, so that
    no more are written, and how many there are is told.

    Source: GitHub Actions, workflow commands; limits of annotations.
    """
    lines: list[str] = []
    left = {
        severity: number if number <= _MOST_ANNOTATIONS else _MOST_ANNOTATIONS - 1
        for severity, number in report.counts().items()
    }
    for finding in report.findings:
        if left[finding.severity] > 0:
            left[finding.severity] -= 1
            lines.append(_command(finding, base))
    for severity, number in report.counts().items():
        if number > _MOST_ANNOTATIONS:
            more = f"{number - _MOST_ANNOTATIONS + 1} more of these are in the log or other reports"
            lines.append(f"::{_COMMANDS[severity]} title=clustergraph::{more}")
    return "".join(f"{line}\n" for line in lines)


def _command(finding: Finding, base: Path) -> str:
    place = finding.place
    properties = {"title": rule_name(finding)}
    if place is not None:
        properties = {"file": relative(place.path, base).as_posix()} | properties
        if place.row is not None and place.sheet is None:
            properties["line"] = str(place.row)
        if place.character is not None:
            properties["col"] = str(place.character)
    within = where(place) if place and place.character is None else ""
    lines = [message(finding), "  ".join(filter(None, (within, about(finding))))]
    text = harmless("\n".join([*lines, *explanation(finding)]))
    written = ",".join(f"{name}={_escaped(value, ',:')}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {written}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    for sign in "%\r\n" + more:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text
