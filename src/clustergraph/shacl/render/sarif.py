"""The report as SARIF 2.1.0, which code scanning services read.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.csvw import Place
from clustergraph.shacl.baseline import fingerprint
from clustergraph.shacl.compile.syntax import index_of
from clustergraph.shacl.locate import place_of
from clustergraph.shacl.paths import show
from clustergraph.shacl.render.words import (
    about,
    excerpt,
    explanation,
    message,
    relative,
    rule_name,
)
from clustergraph.shacl.render.words import where as place_in_words
from clustergraph.shacl.report import Finding, Report, Severity
from clustergraph.vocab import PREFIXES

__all__ = ["MOST_RESULTS", "write"]

MOST_RESULTS: Final = 25_000
"""How many results code scanning takes in a run."""
_LEVELS: Final = {
    Severity.VIOLATION: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}


def write(report: Report, base: Path) -> str:
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
        results.append(_result(finding, rule, numbers[rule], base, shapes))
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
        "originalUriBaseIds": {"SRCROOT": {"uri": f"{base.as_uri()}/"}},
        "results": results,
    }
    if (left := len(report.findings) - MOST_RESULTS) > 0:
        text = f"{left} findings are left out: code scanning takes {MOST_RESULTS} in a run"
        notification = {"level": "warning", "message": {"text": text}}
        run["invocations"] = [
            {"executionSuccessful": True, "toolExecutionNotifications": [notification]}
        ]
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


class _Shapes:
    """The shapes of a report: what they are called, what they say, where they stand."""

    def __init__(self, report: Report) -> None:
        self._statements = report.shapes
        self._index = index_of(report.shapes)
        self._first: dict[object, ox.Triple] = {}
        for triple in report.shapes:
            self._first.setdefault(triple.subject, triple)
        self._places: dict[object, Place | None] = {}

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
        described = self._index.get(finding.shape, {})
        for name in names:
            prefix, _, local = name.partition(":")
            texts = [
                term
                for term in described.get(PREFIXES[prefix] + local, ())
                if isinstance(term, ox.Literal)
            ]
            # What a message fills in belongs to a finding, not to the rule.
            texts = [text for text in texts if "{?" not in text.value and "{$" not in text.value]
            if texts:
                return min(texts, key=lambda text: (text.language or "") not in ("en", "")).value
        return ""

    def place(self, shape: object) -> Place | None:
        """Return where a shape stands: for findings about what no file states."""
        if shape not in self._places:
            first = self._first.get(shape)
            self._places[shape] = None if first is None else place_of(first, self._statements)
        return self._places[shape]


def _result(finding: Finding, rule: str, index: int, base: Path, shapes: _Shapes) -> dict[str, Any]:
    place = finding.place
    within = place_in_words(place) if place is not None and place.character is None else ""
    lines = [message(finding), "  ".join(filter(None, (within, about(finding))))]
    physical: dict[str, Any] = {"artifactLocation": {"uri": ".", "uriBaseId": "SRCROOT"}}
    if (where := place or shapes.place(finding.shape)) is not None:
        path = relative(where.path, base)
        physical["artifactLocation"] = (
            {"uri": path.as_uri()}
            if path.is_absolute()
            else {"uri": quote(path.as_posix()), "uriBaseId": "SRCROOT"}
        )
        if where.row is not None and where.sheet is None:
            physical["region"] = _region(where)
    location = {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": show(finding.focus), "kind": "element"}],
    }
    return {
        "ruleId": rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": "\n".join([*lines, *explanation(finding)])},
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
