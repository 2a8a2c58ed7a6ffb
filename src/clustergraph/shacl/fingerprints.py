"""What is new since an earlier run: findings by fingerprints that outlive moved lines."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar, cast

import pyoxigraph as ox

from clustergraph.errors import UnreadableInputError
from clustergraph.shacl.compile.syntax import Index, index_of
from clustergraph.shacl.paths import Term, show
from clustergraph.shacl.report import Finding, Report
from clustergraph.vocab import PREFIXES

Mark = TypeVar("Mark", bound=Hashable)

_SH: Final = PREFIXES["sh"]
_WORDS: Final = frozenset(
    {_SH + name for name in ("message", "severity", "name", "description", "order", "group")}
    | {PREFIXES["rdfs"] + name for name in ("label", "comment")}
)
"""What may change without making another rule."""
_DEEPEST: Final = 30


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
    return replace(report, findings=tuple(beyond(report.findings, baseline, fingerprint)))


def beyond(
    findings: Iterable[Finding], known: Counter[Mark], mark: Callable[[Finding], Mark]
) -> Iterator[Finding]:
    """Yield the findings without those known, each as often as it is known."""
    left = known.copy()
    for finding in findings:
        if left[mark(finding)] > 0:
            left[mark(finding)] -= 1
        else:
            yield finding


def _lasting(term: Term) -> str:
    return "_:" if isinstance(term, ox.BlankNode) else show(term)


class ContentKeys:
    """Keys for the shapes of a shapes graph.

    Args:
        statements: the shapes graph.
    """

    def __init__(self, statements: Iterable[ox.Triple]) -> None:
        self._index = index_of(statements)
        self._owners: dict[Term, list[Term]] = {}
        for subject, described in self._index.items():
            for value in (value for values in described.values() for value in values):
                if isinstance(value, ox.BlankNode):
                    self._owners.setdefault(value, []).append(cast(Term, subject))

    def key(self, shape: ox.BlankNode) -> str:
        """Return 16 hex digits for what a shape without a name asks for.

        The shapes with names that it is part of count as well.
        """
        owners = " ".join(sorted(_named(shape, self._owners)))
        text = f"{_content(shape, self._index, 0)} of {owners}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _content(term: Term, index: Index, depth: int) -> str:
    if not isinstance(term, ox.BlankNode) or depth > _DEEPEST:
        return _lasting(term)
    parts = [
        f"{predicate} {_content(value, index, depth + 1)}"
        for predicate, values in index.get(term, {}).items()
        if predicate not in _WORDS
        for value in values
    ]
    return f"[{' ; '.join(sorted(parts))}]"


def _named(node: Term, owners: dict[Term, list[Term]]) -> set[str]:
    """Return the nearest subjects with names that lead to a node."""
    found: set[str] = set()
    seen: set[Term] = set()
    todo = [node]
    while todo:
        for owner in owners.get(todo.pop(), ()):
            if isinstance(owner, ox.NamedNode):
                found.add(owner.value)
            elif owner not in seen:
                seen.add(owner)
                todo.append(owner)
    return found
