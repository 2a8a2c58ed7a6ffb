"""Reports for programs: JSON, RDF, SARIF, JUnit XML, and the workflow commands of GitHub.

Source: SHACL, section 3.6 (validation reports); OASIS, Static Analysis Results Interchange Format
2.1.0; GitHub Actions, workflow commands and limits of annotations.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.csvw import Place
from clustergraph.shacl.fingerprints import fingerprint
from clustergraph.shacl.locate import Locator
from clustergraph.shacl.paths import Term, show
from clustergraph.shacl.render.words import (
    View,
    about,
    by_file,
    excerpt,
    explanation,
    message,
    relative,
    rule_name,
    summary,
    where,
)
from clustergraph.shacl.report import Finding, Report, Severity
from clustergraph.terminal import harmless
from clustergraph.vocab import PREFIXES

__all__ = ["MOST_RESULTS", "as_json", "github", "junit", "sarif", "turtle"]

_SH: Final = PREFIXES["sh"]
_PREFIXES: Final = {
    name: PREFIXES[name] for name in ("cg", "org", "rdf", "rdfs", "sh", "shape", "skos", "xsd")
}
MOST_RESULTS: Final = 25_000
"""How many results code scanning takes in a run."""
_MOST_ANNOTATIONS: Final = 10
_LEVELS: Final = {Severity.VIOLATION: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
        "pointer": place.pointer if place else None,
        "detail": [_finding(inner) for inner in finding.detail],
    }


def _identifier(term: Term) -> str:
    return term.value if isinstance(term, ox.NamedNode) else show(term)


def turtle(report: Report, _: View) -> str:
    """Return the standard report in Turtle, nested results under ``sh:detail``."""
    root = ox.BlankNode()
    triples = [
        _say(root, PREFIXES["rdf"] + "type", ox.NamedNode(_SH + "ValidationReport")),
        _say(root, _SH + "conforms", ox.Literal(report.conforms())),
    ]
    for finding in report.findings:
        triples.extend(_result(root, _SH + "result", finding))
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
        _say(parent, link, node),
        _say(node, PREFIXES["rdf"] + "type", ox.NamedNode(_SH + "ValidationResult")),
        *(_say(node, _SH + name, value) for name, value in said if value is not None),
    ]
    if finding.path is not None:
        # The parser makes the blank nodes of lists and brackets.
        text = f"{node} <{_SH}resultPath> {finding.path.turtle()} ."
        triples += [quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE)]
    for inner in finding.detail:
        triples.extend(_result(node, _SH + "detail", inner))
    return triples


def _say(
    subject: ox.NamedNode | ox.BlankNode,
    predicate: str,
    value: ox.NamedNode | ox.BlankNode | ox.Literal,
) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), value)


def github(report: Report, view: View) -> str:
    """Return a workflow command per finding, which the pull request shows beside its line.

    GitHub shows ten annotations of a kind for a step and drops the others without a word, so that
    no more are written, and how many there are is told.
    """
    lines: list[str] = []
    left = {
        severity: number if number <= _MOST_ANNOTATIONS else _MOST_ANNOTATIONS - 1
        for severity, number in report.counts().items()
    }
    for finding in report.findings:
        if left[finding.severity] > 0:
            left[finding.severity] -= 1
            lines.append(_command(finding, view.base))
    for severity, number in report.counts().items():
        if number > _MOST_ANNOTATIONS:
            more = f"{number - _MOST_ANNOTATIONS + 1} more of these are in the log or other reports"
            lines.append(f"::{_command_of(severity)} title=clustergraph::{more}")
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


def junit(report: Report, view: View) -> str:
    """Return a test suite per file, and a test case per finding.

    Findings below the threshold are cases that pass and say so in their output; a report without
    findings is one case that passes.
    """
    root = ElementTree.Element("testsuites", name="clustergraph validate")
    failures = tests = 0
    for file, found in by_file(report):
        suite = ElementTree.SubElement(root, "testsuite", name=_clean(file))
        cases = [_case(suite, file, finding, finding.severity >= view.fail_on) for finding in found]
        suite.attrib |= {
            "tests": str(len(cases)),
            "failures": str(sum(cases)),
            "errors": "0",
            "skipped": "0",
        }
        tests += len(cases)
        failures += sum(cases)
    if not report.findings:
        suite = ElementTree.SubElement(
            root, "testsuite", name="validate", tests="1", failures="0", errors="0", skipped="0"
        )
        case = ElementTree.SubElement(suite, "testcase", name="conforms", classname="validate")
        ElementTree.SubElement(case, "system-out").text = summary(report)
        tests = 1
    root.attrib |= {"tests": str(tests), "failures": str(failures), "errors": "0"}
    ElementTree.indent(root)
    written: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'


def _case(suite: ElementTree.Element, file: str, finding: Finding, fails: bool) -> bool:
    name = f"{rule_name(finding)} {about(finding)}"
    case = ElementTree.SubElement(suite, "testcase", name=_clean(name), classname=_clean(file))
    place = ", ".join(filter(None, (file, where(finding.place))))
    text = "\n".join([place, message(finding), about(finding), *explanation(finding)])
    if fails:
        failure = ElementTree.SubElement(
            case, "failure", message=_clean(message(finding)), type=finding.severity.word
        )
        failure.text = _clean(text)
    else:
        ElementTree.SubElement(case, "system-out").text = _clean(f"{finding.severity.word}: {text}")
    return fails


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


def sarif(report: Report, view: View) -> str:
    """Return one run with a rule per shape and a result per finding, the gravest first.

    Of more findings than code scanning takes, the least grave are left out, and the run says so.
    """
    rules: dict[str, dict[str, Any]] = {}
    numbers: dict[str, int] = {}
    results = []
    shapes = _Shapes(report)
    for finding in report.findings[:MOST_RESULTS]:
        rule = shapes.rule_id(finding)
        if rule not in rules:
            numbers[rule] = len(rules)
            rules[rule] = shapes.rule(rule, finding)
        results.append(_sarif_result(finding, rule, numbers[rule], view.base, shapes))
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "clustergraph",
                "version": artefacts.version(),
                "informationUri": "https://w3id.org/clustergraph",
                "rules": list(rules.values()),
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


class _Shapes:
    """The shapes of a report: what they are called, what they say, where they stand."""

    def __init__(self, report: Report) -> None:
        self._locator = Locator(report.shapes)

    def rule_id(self, finding: Finding) -> str:
        if isinstance(finding.shape, ox.BlankNode) and finding.shape_key:
            return f"{finding.path or 'node'} {finding.shape_key[:8]}"
        return rule_name(finding)

    def rule(self, rule: str, finding: Finding) -> dict[str, Any]:
        """Describe a shape in its own words, else by the first finding that it made."""
        stated = self._text(finding, "sh:name", "rdfs:label", "sh:message")
        short = stated or message(finding)
        long = self._text(finding, "sh:description", "rdfs:comment")
        described: dict[str, Any] = {
            "id": rule,
            "shortDescription": {"text": short},
            "defaultConfiguration": {"level": _LEVELS[finding.severity]},
            "properties": {"tags": ["shacl"]},
        }
        if long:
            described["fullDescription"] = {"text": long}
        return described

    def _text(self, finding: Finding, *names: str) -> str:
        for name in names:
            prefix, _, local = name.partition(":")
            # What a message fills in belongs to a finding, not to the rule.
            texts = [
                text
                for _, predicate, text in self._locator.by_subject[finding.shape]
                if predicate.value == PREFIXES[prefix] + local
                and isinstance(text, ox.Literal)
                and "{?" not in text.value
                and "{$" not in text.value
            ]
            if texts:
                return min(texts, key=lambda text: (text.language or "") not in ("en", "")).value
        return ""

    def place(self, shape: ox.NamedNode | ox.BlankNode) -> Place | None:
        """Return where a shape stands: for findings about what no file states."""
        stated = self._locator.by_subject[shape]
        return self._locator.of(stated[0], "object") if stated else None


def _sarif_result(
    finding: Finding, rule: str, index: int, base: Path, shapes: _Shapes
) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": ".", "uriBaseId": "SRCROOT"}}
    if (place := finding.place or shapes.place(finding.shape)) is not None:
        path = relative(place.path, base)
        physical["artifactLocation"] = (
            {"uri": path.as_uri()}
            if path.is_absolute()
            else {"uri": quote(path.as_posix()), "uriBaseId": "SRCROOT"}
        )
        if place.row is not None and place.sheet is None:
            physical["region"] = _region(place)
    location = {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": show(finding.focus), "kind": "element"}],
    }
    return {
        "ruleId": rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": _told(finding)},
        "partialFingerprints": {"clustergraph/v1": fingerprint(finding)},
        "locations": [location],
    }


def _region(place: Place) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": place.row}
    if place.character is not None:
        region["startColumn"] = place.character
        if (shown := excerpt(place)) is not None:
            region["endColumn"] = place.character + shown.width
            region["snippet"] = {"text": shown.line}
    return region
