"""The report as SARIF 2.1.0, which code scanning services read.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import clustergraph
from clustergraph.shacl.baseline import fingerprint
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

__all__ = ["write"]

_LEVELS: Final = {
    Severity.VIOLATION: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}


def write(report: Report, base: Path) -> str:
    """Return one run with a rule per shape and a result per finding."""
    rules: dict[str, dict[str, Any]] = {}
    results = []
    for finding in report.findings:
        rule = rule_name(finding)
        rules.setdefault(rule, _rule(rule, finding))
        results.append(_result(finding, rule, list(rules).index(rule), base))
    run = {
        "tool": {
            "driver": {
                "name": "clustergraph",
                "version": clustergraph.__version__,
                "informationUri": "https://w3id.org/clustergraph",
                "rules": list(rules.values()),
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"uri": f"{base.as_uri()}/"}},
        "results": results,
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _rule(rule: str, finding: Finding) -> dict[str, Any]:
    return {
        "id": rule,
        "shortDescription": {"text": message(finding)},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {"tags": ["shacl", finding.component.rpartition("#")[2]]},
    }


def _result(finding: Finding, rule: str, index: int, base: Path) -> dict[str, Any]:
    place = finding.place
    within = place_in_words(place) if place is not None and place.character is None else ""
    lines = [message(finding), "  ".join(filter(None, (within, about(finding))))]
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": "\n".join([*lines, *explanation(finding)])},
        "partialFingerprints": {"clustergraph/v1": fingerprint(finding)},
    }
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": show(finding.focus), "kind": "element"}]
    }
    if place is not None:
        path = relative(place.path, base)
        artefact = (
            {"uri": path.as_uri()}
            if path.is_absolute()
            else {"uri": quote(path.as_posix()), "uriBaseId": "SRCROOT"}
        )
        location["physicalLocation"] = {"artifactLocation": artefact}
        if place.row is not None and place.sheet is None:
            location["physicalLocation"]["region"] = _region(finding, place.row)
    result["locations"] = [location]
    return result


def _region(finding: Finding, line: int) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": line}
    place = finding.place
    if place is not None and place.character is not None:
        region["startColumn"] = place.character
        if (shown := excerpt(place)) is not None:
            region["endColumn"] = place.character + shown.width
            region["snippet"] = {"text": shown.line}
    return region
