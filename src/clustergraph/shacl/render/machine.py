"""Reports for programs: JSON, RDF, SARIF, and the workflow commands of GitHub.

Source: SHACL, section 3.6 (validation reports); OASIS, Static Analysis Results Interchange Format
2.1.0; GitHub Actions, workflow commands and limits of annotations.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.shacl.fingerprints import fingerprint
from clustergraph.shacl.locate import Locator
from clustergraph.shacl.paths import Term, show
from clustergraph.shacl.render.words import (
    View,
    about,
    excerpt,
    explanation,
    message,
    relative,
    rule_name,
    where,
)
from clustergraph.shacl.report import Finding, Report, Severity
from clustergraph.terminal import harmless
from clustergraph.vocab import PREFIXES

_SH: Final = PREFIXES["sh"]
_TYPE: Final = PREFIXES["rdf"] + "type"
_PREFIXES: Final = {
    name: PREFIXES[name] for name in ("cg", "org", "rdf", "rdfs", "sh", "shape", "skos", "xsd")
}
_SHORT: Final = (_SH + "name", PREFIXES["rdfs"] + "label", _SH + "message")
_LONG: Final = (_SH + "description", PREFIXES["rdfs"] + "comment")
"""What describes a shape, briefly and at length."""
MOST_RESULTS: Final = 25_000
"""How many results code scanning takes in a run."""
_MOST_ANNOTATIONS: Final = 10
_LEVELS: Final = {Severity.VIOLATION: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def as_json(report: Report, _: View) -> str:
    """Return the counts, and each finding with its place and fingerprint."""
    return _dumped(
        {
            "conforms": report.conforms(),
            "counts": {severity.word: number for severity, number in report.counts().items()},
            "triples": report.triples,
            "files": report.files,
            "findings": [
                {"fingerprint": fingerprint(finding)} | _finding(finding)
                for finding in report.findings
            ],
        }
    )


def _dumped(document: dict[str, Any]) -> str:
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
        "detail": [_finding(inner) for inner in finding.detail],
    }


def _identifier(term: Term) -> str:
    return term.value if isinstance(term, ox.NamedNode) else show(term)


def turtle(report: Report, _: View) -> str:
    """Return the standard report in Turtle, nested results under ``sh:detail``."""
    root = ox.BlankNode()
    triples = [
        ox.Triple(root, ox.NamedNode(_TYPE), ox.NamedNode(_SH + "ValidationReport")),
        ox.Triple(root, ox.NamedNode(_SH + "conforms"), ox.Literal(report.conforms())),
    ]
    for finding in report.findings:
        triples += _result(root, "result", finding)
    written = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=_PREFIXES)
    return (written or b"").decode()


def _result(parent: ox.BlankNode, link: str, finding: Finding) -> list[ox.Triple]:
    node = ox.BlankNode()
    messages = finding.messages
    if finding.message and not messages:
        messages = (ox.Literal(finding.message, language="en"),)
    component = ox.NamedNode(finding.component) if finding.component else None
    said: list[tuple[str, Term | None]] = [
        ("resultSeverity", ox.NamedNode(finding.severity_iri)),
        ("focusNode", finding.focus),
        ("sourceShape", finding.shape),
        ("sourceConstraintComponent", component),
        ("sourceConstraint", finding.constraint),
        ("value", finding.value),
        *(("resultMessage", message) for message in messages),
    ]
    triples = [
        ox.Triple(parent, ox.NamedNode(_SH + link), node),
        ox.Triple(node, ox.NamedNode(_TYPE), ox.NamedNode(_SH + "ValidationResult")),
        *(
            ox.Triple(node, ox.NamedNode(_SH + name), value)
            for name, value in said
            if value is not None
        ),
    ]
    if finding.path is not None:
        # The parser makes the blank nodes of lists and brackets.
        text = f"{node} <{_SH}resultPath> {finding.path.turtle()} ."
        triples += [quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE)]
    for inner in finding.detail:
        triples += _result(node, "detail", inner)
    return triples


def github(report: Report, view: View) -> str:
    """Return a workflow command per finding, which the pull request shows beside its line.

    GitHub shows ten annotations of a kind for a step and drops the others without a word, so that
    no more are written, and how many there are is told.
    """
    counts = report.counts()
    left = {severity: min(number, _MOST_ANNOTATIONS) for severity, number in counts.items()}
    crowded = [severity for severity, number in counts.items() if number > _MOST_ANNOTATIONS]
    for severity in crowded:
        left[severity] -= 1
    lines = []
    for finding in report.findings:
        if left[finding.severity] > 0:
            left[finding.severity] -= 1
            lines.append(_command(finding, view.base))
    for severity in crowded:
        more = counts[severity] - _MOST_ANNOTATIONS + 1
        told = f"{more} more of these are in the log or other reports"
        lines.append(f"::{_command_of(severity)} title=clustergraph::{told}")
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
    text = harmless(_told(finding))
    written = ",".join(f"{name}={_escaped(value, ',:')}" for name, value in properties.items())
    return f"::{_command_of(finding.severity)} {written}::{_escaped(text)}"


def _command_of(severity: Severity) -> str:
    return "notice" if severity == Severity.INFO else _LEVELS[severity]


def _escaped(text: str, more: str = "") -> str:
    for sign in "%\r\n" + more:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def _told(finding: Finding) -> str:
    """Return a finding in words, for those who are shown its line beside it, if it has one."""
    place = finding.place
    within = where(place) if place is not None and place.character is None else ""
    told = "  ".join(filter(None, (within, about(finding))))
    return "\n".join([message(finding), told, *explanation(finding)])


def sarif(report: Report, view: View) -> str:
    """Return one run with a rule per shape and a result per finding, the gravest first.

    Of more findings than code scanning takes, the least grave are left out, and the run says so.
    """
    numbers: dict[str, int] = {}
    rules: list[dict[str, Any]] = []
    results = []
    shapes = Locator(report.shapes)
    for finding in report.findings[:MOST_RESULTS]:
        rule = rule_name(finding)
        if isinstance(finding.shape, ox.BlankNode) and finding.shape_key:
            rule = f"{finding.path or 'node'} {finding.shape_key[:8]}"
        if rule not in numbers:
            numbers[rule] = len(rules)
            rules.append(_rule(rule, finding, shapes))
        result = {"ruleId": rule, "ruleIndex": numbers[rule]}
        results.append(result | _sarif_result(finding, view.base, shapes))
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "clustergraph",
                "version": artefacts.version(),
                "informationUri": "https://w3id.org/clustergraph",
                "rules": rules,
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"uri": f"{view.base.as_uri()}/"}},
        "results": results,
    }
    if (left := len(report.findings) - MOST_RESULTS) > 0:
        text = f"{left} findings are left out: code scanning takes {MOST_RESULTS} in a run"
        notification = {"level": "warning", "message": {"text": text}}
        run["invocations"] = [
            {"executionSuccessful": True, "toolExecutionNotifications": [notification]}
        ]
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return _dumped({"$schema": schema, "version": "2.1.0", "runs": [run]})


def _rule(rule: str, finding: Finding, shapes: Locator) -> dict[str, Any]:
    """Describe a shape in its own words, else by the first finding that it made."""

    def text(names: tuple[str, ...]) -> str:
        for name in names:
            # What a message fills in belongs to a finding, not to the rule.
            texts = [
                text
                for _, predicate, text in shapes.by_subject[finding.shape]
                if predicate.value == name
                and isinstance(text, ox.Literal)
                and "{?" not in text.value
                and "{$" not in text.value
            ]
            if texts:
                return min(texts, key=lambda text: (text.language or "") not in ("en", "")).value
        return ""

    described: dict[str, Any] = {
        "id": rule,
        "shortDescription": {"text": text(_SHORT) or message(finding)},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {"tags": ["shacl"]},
    }
    if long := text(_LONG):
        described["fullDescription"] = {"text": long}
    return described


def _sarif_result(finding: Finding, base: Path, shapes: Locator) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": ".", "uriBaseId": "SRCROOT"}}
    stated = shapes.by_subject[finding.shape]
    # A finding about what no file states stands at its shape.
    place = finding.place or (shapes.of(stated[0], "object") if stated else None)
    if place is not None:
        path = relative(place.path, base)
        physical["artifactLocation"] = (
            {"uri": path.as_uri()}
            if path.is_absolute()
            else {"uri": quote(path.as_posix()), "uriBaseId": "SRCROOT"}
        )
        if place.row is not None and place.sheet is None:
            region: dict[str, Any] = {"startLine": place.row}
            if place.character is not None:
                region["startColumn"] = place.character
                if (shown := excerpt(place)) is not None:
                    region["endColumn"] = place.character + shown.width
                    region["snippet"] = {"text": shown.line}
            physical["region"] = region
    focus = {"fullyQualifiedName": show(finding.focus), "kind": "element"}
    return {
        "level": _LEVELS[finding.severity],
        "message": {"text": _told(finding)},
        "partialFingerprints": {"clustergraph/v1": fingerprint(finding)},
        "locations": [{"physicalLocation": physical, "logicalLocations": [focus]}],
    }
