"""Other faults than those of shapes, as findings: so that every report can tell them.

Cells that break their table's metadata, files that break their grammar, rows of a check, answers
that differ from those expected: each becomes a finding of a rule in ``checks#``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph.csvw import CellFault, Place
from clustergraph.errors import (
    InvalidShapesError,
    NotFetchedError,
    SyntaxFaultError,
    UnreadableInputError,
)
from clustergraph.shacl.compile import Fault
from clustergraph.shacl.paths import Term
from clustergraph.shacl.report import Finding, Severity
from clustergraph.shacl.run import PlacedFault
from clustergraph.vocab import BASE

__all__ = ["RULES", "fault", "of_cells", "of_input"]

RULES: Final = BASE + "checks#"


def fault(rule: str, message: str, focus: Term, place: Place | None = None) -> Finding:
    """Return a violation of a rule that is no shape."""
    return Finding(
        severity=Severity.VIOLATION,
        shape=ox.NamedNode(RULES + rule),
        focus=focus,
        path=None,
        value=None,
        message=message,
        component=RULES + "Fault",
        place=place,
    )


def of_cells(faults: Iterable[CellFault]) -> Iterator[Finding]:
    """Yield a finding for each bad cell."""
    for one in faults:
        yield fault(f"cell-{one.kind}", one.message, _cell(one), one.place)


def of_input(error: UnreadableInputError) -> Iterator[Finding]:
    """Yield the finding that a file cannot be read, or one for each fault of shapes."""
    if isinstance(error, InvalidShapesError):
        for one in error.faults:
            told = one.fault if isinstance(one, PlacedFault) else one
            place = one.place if isinstance(one, PlacedFault) else None
            node = told.node if isinstance(told, Fault) else ox.Literal("the shapes")
            yield fault("ill-formed-shape", str(told), node, place)
        return
    path = Path(error.source)
    place = Place(path)
    rule = "unreadable"
    if isinstance(error, SyntaxFaultError):
        place = Place(path, row=error.line, character=error.column)
        rule = "syntax"
    elif isinstance(error, NotFetchedError):
        place = Place(path, row=error.line, character=error.column)
        rule = "not-fetched"
    yield fault(rule, error.reason, ox.Literal(path.name), place)


def _cell(one: CellFault) -> Term:
    return ox.Literal(one.value or one.place.column or one.place.path.name)
