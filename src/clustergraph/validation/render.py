"""A report for people, for programs, and as RDF."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Final, Literal

import pyoxigraph as ox

from clustergraph.tables import Place
from clustergraph.validation.paths import show
from clustergraph.validation.report import Finding, Report, Severity
from clustergraph.vocab import PREFIXES

__all__ = ["ReportFormat", "render"]

ReportFormat = Literal["text", "turtle", "json"]

_SH: Final = PREFIXES["sh"]
_PREFIXES: Final = {
    name: PREFIXES[name] for name in ("cg", "org", "rdf", "rdfs", "sh", "shape", "skos", "xsd")
}


def render(report: Report, output: ReportFormat = "text") -> str:
    """Write a report.

    Args:
        report: what was found.
        output: ``text`` for people, grouped by file and shape; ``turtle`` for the standard
            ``sh:ValidationReport``; ``json`` for programs.

    Returns:
        The text, ending in a line feed.
    """
    match output:
        case "text":
            return _text(report)
        case "turtle":
            return _turtle(report)
        case "json":
            return _json(report)


def _text(report: Report) -> str:
    lines: list[str] = []
    by_file = sorted(report.findings, key=lambda finding: str(finding.file or ""))
    for file, in_file in groupby(by_file, key=lambda finding: finding.file):
        lines.append(str(file) if file else "(in no file)")
        grouped = sorted(in_file, key=lambda finding: (-finding.severity, finding.shape_name))
        for (severity, shape, message), same in groupby(
            grouped,
            key=lambda finding: (finding.severity, finding.shape_name, finding.message),
        ):
            lines.append(f"  {severity.word}  {shape}")
            lines.append(f"    {message}")
            lines.extend(f"    - {_where(finding)}" for finding in same)
        lines.append("")
    lines.append(_summary(report))
    return "\n".join(lines) + "\n"


def _where(finding: Finding) -> str:
    parts = []
    if finding.place is not None and finding.place.row is not None:
        parts.append(_cell(finding.place))
    parts.append(show(finding.focus))
    if finding.path is not None:
        parts.append(str(finding.path))
    if finding.value is not None:
        parts.append(show(finding.value))
    return "  ".join(parts)


def _cell(place: Place) -> str:
    """Return the place within its file."""
    if place.character is not None:
        return f"line {place.row}, column {place.character}"
    cell = f"{place.sheet}, row {place.row}" if place.sheet else f"row {place.row}"
    if place.column is None:
        return cell
    letter = f" {place.letter}" if place.letter else ""
    return f"{cell}, column{letter} ({place.column})"


def _summary(report: Report) -> str:
    counts = ", ".join(
        f"{number} {severity.word}{'' if number == 1 else 's'}"
        for severity, number in report.counts().items()
        if number
    )
    verdict = counts or "no findings"
    files = "1 file" if report.files == 1 else f"{report.files} files"
    return f"{verdict} in {report.triples:,} triples of {files}"


def _json(report: Report) -> str:
    document = {
        "conforms": report.conforms(),
        "counts": {severity.word: number for severity, number in report.counts().items()},
        "triples": report.triples,
        "files": report.files,
        "findings": [_json_finding(finding) for finding in report.findings],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _json_finding(finding: Finding) -> dict[str, object]:
    place = finding.place
    return {
        "severity": finding.severity.word,
        "shape": finding.shape.value,
        "focus": finding.focus.value,
        "path": str(finding.path) if finding.path else None,
        "value": None if finding.value is None else show(finding.value),
        "message": finding.message,
        "component": finding.component,
        "file": str(place.path) if place else None,
        "sheet": place.sheet if place else None,
        "line": place.row if place else None,
        "column": place.column if place else None,
    }


def _turtle(report: Report) -> str:
    root = ox.BlankNode()
    triples = [
        _say(root, PREFIXES["rdf"] + "type", ox.NamedNode(_SH + "ValidationReport")),
        _say(root, _SH + "conforms", ox.Literal(report.conforms())),
    ]
    for finding in report.findings:
        triples.extend(_turtle_finding(root, finding))
    written = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=_PREFIXES)
    return (written or b"").decode()


def _turtle_finding(root: ox.BlankNode, finding: Finding) -> list[ox.Triple]:
    node = ox.BlankNode()
    triples = [
        _say(root, _SH + "result", node),
        _say(node, PREFIXES["rdf"] + "type", ox.NamedNode(_SH + "ValidationResult")),
        _say(node, _SH + "resultSeverity", ox.NamedNode(Severity(finding.severity).iri)),
        _say(node, _SH + "focusNode", finding.focus),
        _say(node, _SH + "sourceShape", finding.shape),
    ]
    if finding.component:
        component = ox.NamedNode(finding.component)
        triples.append(_say(node, _SH + "sourceConstraintComponent", component))
    if finding.message:
        message = ox.Literal(finding.message, language="en")
        triples.append(_say(node, _SH + "resultMessage", message))
    if finding.value is not None:
        triples.append(_say(node, _SH + "value", finding.value))
    if finding.path is not None:
        start, described = finding.path.triples()
        triples.extend(described)
        triples.append(_say(node, _SH + "resultPath", start))
    return triples


def _say(
    subject: ox.NamedNode | ox.BlankNode,
    predicate: str,
    value: ox.NamedNode | ox.BlankNode | ox.Literal,
) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), value)
