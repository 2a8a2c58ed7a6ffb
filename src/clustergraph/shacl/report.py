"""What a validation found; other faults take the same form, so that every report tells them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import pyoxigraph as ox

from clustergraph.csvw import CellFault, Place
from clustergraph.errors import (
    InvalidShapesError,
    NotFetchedError,
    SyntaxFaultError,
    UnreadableInputError,
)
from clustergraph.shacl.paths import PropertyPath, Term, show
from clustergraph.vocab import BASE, PREFIXES, shorten

EngineName = Literal["compiled", "rdflib", "pyshacl"]
"""What evaluated: the compiled engine; it with rdflib for the queries of shapes; or pySHACL."""


class Severity(IntEnum):
    """How grave a finding is; the graver, the greater.

    Source: SHACL, section 2.1.4.
    """

    INFO = 1
    WARNING = 2
    VIOLATION = 3

    @property
    def iri(self) -> str:
        """The severity's IRI, for example ``sh:Warning`` in full."""
        return PREFIXES["sh"] + self.name.capitalize()

    @property
    def word(self) -> str:
        """The severity as a word for people and options."""
        return self.name.lower()

    @classmethod
    def of(cls, iri: str) -> Severity:
        """Return the severity with this IRI; one that SHACL does not define is a violation."""
        return next((severity for severity in cls if severity.iri == iri), cls.VIOLATION)


def name_of_shape(shape: ox.NamedNode | ox.BlankNode) -> str:
    """Return a shape's IRI, shortened by the project's prefixes where one fits."""
    if isinstance(shape, ox.BlankNode):
        return str(shape)
    prefix, namespace = "shape", PREFIXES["shape"]
    if shape.value.startswith(namespace):
        return f"{prefix}:{shape.value.removeprefix(namespace)}"
    return shorten(shape.value)


_LANGUAGES: Final = {"en": 0, None: 1}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a shape found wrong (a ``sh:ValidationResult``).

    Attributes:
        severity: how grave it is.
        shape: the shape that found it (``sh:sourceShape``).
        focus: the node that was looked at.
        path: from the focus node to the values; None when the node itself is wrong.
        value: the value that is wrong; None when something is missing.
        message: what is wrong and how to mend it.
        component: the IRI of the constraint component, such as ``sh:MinCountConstraintComponent``.
        place: the file of the statement, and its cell where a table holds it; None when unknown.
        messages: the messages in all languages that the shape gives; ``message`` is one of them.
        detail: the findings of the shapes that this one refers to, where it is about a value that
            does not conform to them (``sh:detail``).
        constraint: the SPARQL constraint that was broken (``sh:sourceConstraint``).
        engine: which engine validated.
        own_severity: the IRI of a severity that SHACL does not define, where the shape has one;
            ``severity`` is then a violation.
        part: within ``detail``, which of the shapes of an ``sh:or``, ``sh:xone`` or ``sh:and``
            found it, counted from 1; else 0.
        shape_key: what identifies a shape without a name, made of its content; else empty.
    """

    severity: Severity
    shape: ox.NamedNode | ox.BlankNode
    focus: Term
    path: PropertyPath | None
    value: Term | None
    message: str
    component: str
    place: Place | None = None
    messages: tuple[ox.Literal, ...] = ()
    detail: tuple[Finding, ...] = ()
    constraint: Term | None = None
    engine: EngineName = "pyshacl"
    own_severity: str | None = None
    part: int = 0
    shape_key: str = ""

    @classmethod
    def by(
        cls,
        severity: str,
        shape: ox.NamedNode | ox.BlankNode,
        focus: Term,
        path: PropertyPath | None,
        value: Term | None,
        messages: tuple[ox.Literal, ...],
        component: str,
        **more: Any,
    ) -> Finding:
        """Return what a shape of some severity (an IRI) finds, told by one of its messages."""
        grade = Severity.of(severity)
        # The English message, or the one without a language, or any.
        told = sorted((_LANGUAGES.get(one.language, 2), one.value) for one in messages)
        message = told[0][1] if told else ""
        own = None if severity == grade.iri else severity
        return cls(
            grade, shape, focus, path, value, message, component,
            messages=messages, own_severity=own, **more,
        )  # fmt: skip

    @property
    def severity_iri(self) -> str:
        """The IRI of the severity that the shape has."""
        return self.own_severity or self.severity.iri

    @property
    def file(self) -> Path | None:
        """The file that the statement stands in."""
        return self.place.path if self.place else None

    @property
    def line(self) -> int | None:
        """The line of the file or the row of the sheet, from 1; None when unknown."""
        return self.place.row if self.place else None

    @property
    def shape_name(self) -> str:
        """The shape's IRI, shortened by the project's prefixes where one fits."""
        return name_of_shape(self.shape)


@dataclass(frozen=True, slots=True)
class Report:
    """The findings of one run, the gravest first.

    Attributes:
        findings: all of them.
        triples: how many triples were validated, the context not counted.
        files: how many files they came from.
        shapes: the statements of the shapes that were used, with their places; empty when the
            report was not made by any.
        notices: what else there is to tell: terms without effect, files without shapes, imports
            that were not read, faults that were left out.
    """

    findings: tuple[Finding, ...]
    triples: int = 0
    files: int = 0
    shapes: Mapping[ox.Triple, tuple[Place, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )
    notices: tuple[str, ...] = field(default=(), compare=False)

    def at_least(self, severity: Severity) -> Report:
        """Return the report without the findings that are less grave."""
        kept = (finding for finding in self.findings if finding.severity >= severity)
        return replace(self, findings=tuple(kept))

    def conforms(self, at: Severity = Severity.INFO) -> bool:
        """Say whether nothing was found that is as grave as ``at`` or graver.

        Without an argument this is ``sh:conforms``: no finding of any severity.
        """
        return not any(finding.severity >= at for finding in self.findings)

    def exit_code(self, fail_on: Severity = Severity.VIOLATION) -> int:
        """Return 1 if there is a finding at or above the threshold, else 0."""
        return 0 if self.conforms(fail_on) else 1

    def counts(self) -> dict[Severity, int]:
        """Return the number of findings of each severity, the gravest first."""
        found = Counter(finding.severity for finding in self.findings)
        return {severity: found[severity] for severity in sorted(Severity, reverse=True)}


class Fault(NamedTuple):
    """One thing that is wrong with a shape, or in it has another effect than may be expected.

    Attributes:
        node: the shape, or another node that the shapes graph describes.
        reason: what is wrong and what would be right.
        predicate: the IRI of the predicate whose value is wrong; empty where it is the whole node.
        value: the value that is wrong; None where it is missing or there are several.
        name: how the node is called.
        place: where it stands in the files; None where that was not looked up.
    """

    node: Term
    reason: str
    predicate: str = ""
    value: Term | None = None
    name: str = ""
    place: Place | None = None

    def __str__(self) -> str:
        named = "a node without a name" if isinstance(self.node, ox.BlankNode) else show(self.node)
        told = f"{self.name or named}: {self.reason}"
        return f"{self.place}: {told}" if self.place else told


RULES: Final = BASE + "checks#"
"""The namespace of rules that are no shapes."""
_RULES_OF_INPUT: Final = {SyntaxFaultError: "syntax", NotFetchedError: "not-fetched"}


def fault(rule: str, message: str, focus: Term, place: Place | None = None) -> Finding:
    """Return a violation of a rule that is no shape."""
    shape, component = ox.NamedNode(RULES + rule), RULES + "Fault"
    return Finding(Severity.VIOLATION, shape, focus, None, None, message, component, place)


def faults_of_cells(faults: Iterable[CellFault]) -> Iterator[Finding]:
    """Yield a finding for each cell that breaks its table's metadata."""
    for one in faults:
        cell = ox.Literal(one.value or one.place.column or one.place.path.name)
        yield fault(f"cell-{one.kind}", one.message, cell, one.place)


def faults_of_input(error: UnreadableInputError) -> Iterator[Finding]:
    """Yield the finding that a file cannot be read, or one for each fault of shapes."""
    if isinstance(error, InvalidShapesError):
        for one in error.faults:
            if isinstance(one, Fault):
                told = str(one._replace(place=None))
                yield fault("ill-formed-shape", told, one.node, one.place)
            else:
                yield fault("ill-formed-shape", str(one), ox.Literal("the shapes"))
        return
    place = Place(Path(error.source), row=error.line, character=error.column)
    rule = _RULES_OF_INPUT.get(type(error), "unreadable")
    yield fault(rule, error.reason, ox.Literal(place.path.name), place)
