"""What is new since an earlier run: findings by fingerprints that outlive moved lines."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox

from clustergraph.errors import UnreadableInputError
from clustergraph.shacl.paths import Term, show
from clustergraph.shacl.report import Finding, Report

__all__ = ["fingerprint", "new_since", "read_baseline"]


def fingerprint(finding: Finding) -> str:
    """Return 16 hex digits that a finding keeps while its line, wording or severity change.

    Shape, constraint, focus node, path and value make it; of a shape without a name, its content.
    Other blank nodes have no name that lasts, so findings that differ in them alone share one;
    `new_since` counts them.
    """
    parts = [
        finding.shape_key or _lasting(finding.shape),
        finding.component,
        _lasting(finding.focus),
        str(finding.path) if finding.path else "",
        _lasting(finding.value) if finding.value is not None else "",
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def read_baseline(path: Path) -> Counter[str]:
    """Return how often each fingerprint is in an earlier run's JSON report.

    Raises:
        UnreadableInputError: it is not there, or is no such report.
    """
    try:
        document = json.loads(path.read_bytes())
        return Counter(str(finding["fingerprint"]) for finding in document["findings"])
    except OSError as error:
        raise UnreadableInputError(
            str(path), f"cannot be opened ({error.strerror or error})"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableInputError(
            str(path),
            "is no report to compare with; write one with --format json -o FILE",
        ) from error


def new_since(report: Report, baseline: Counter[str]) -> Report:
    """Return the report without the findings that the earlier run had."""
    return replace(report, findings=tuple(_new(report.findings, baseline)))


def _new(findings: Iterable[Finding], baseline: Counter[str]) -> Iterable[Finding]:
    known = baseline.copy()
    for finding in findings:
        mark = fingerprint(finding)
        if known[mark] > 0:
            known[mark] -= 1
        else:
            yield finding


def _lasting(term: Term) -> str:
    return "_:" if isinstance(term, ox.BlankNode) else show(term)
