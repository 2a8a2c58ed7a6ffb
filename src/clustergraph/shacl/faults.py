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
from clustergraph.vocab import BASE

__all__ = ["RULES", "fault", "of_cells", "of_input"]

RULES: Final = BASE + "checks#"
_RULES_OF_INPUT: Final = {SyntaxFaultError: "syntax", NotFetchedError: "not-fetched"}


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
            placed = one if isinstance(one, Fault) else Fault(ox.Literal("the shapes"), "")
            message = str(one._replace(place=None) if isinstance(one, Fault) else one)
            yield fault("ill-formed-shape", message, placed.node, placed.place)
        return
    path = Path(error.source)
    place = Place(path, row=error.line, character=error.column)
    rule = _RULES_OF_INPUT.get(type(error), "unreadable")
    yield fault(rule, error.reason, ox.Literal(path.name), place)


def _cell(one: CellFault) -> Term:
    return ox.Literal(one.value or one.place.column or one.place.path.name)
