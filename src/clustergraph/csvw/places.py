"""Where a triple comes from, what is wrong with a cell, and what may have been meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from pyoxigraph import BlankNode, NamedNode
from pyoxigraph import Literal as RdfLiteral

from clustergraph.errors import did_you_mean, near
from clustergraph.spelling import fold

FaultKind = Literal[
    "metadata",  # the description of the tables itself is wrong
    "unreadable",  # a file is missing, no UTF-8, no CSV, no workbook
    "column",  # a column is missing, unknown or out of order
    "ragged",  # a row has too few or too many cells
    "datatype",  # a value of the wrong type or outside its limits
    "required",  # an empty cell where a value is needed
    "code",  # a value that is not in its code list
    "reference",  # a value that names no row of the referenced table
    "duplicate",  # a key that an earlier row already has
]


class Place(NamedTuple):
    """A cell, a row, a word or a file: where a triple or a fault comes from.

    ``row`` is what an editor or a spreadsheet shows: the physical line, from 1, on which the
    record starts in a CSV file (the header is usually line 1), or the row of the sheet. ``number``
    is the position of the column in the file, from 1; a virtual column has a ``column`` name and
    no number. In a text without columns, such as Turtle, ``row`` is the line and ``character`` the
    position in it, in characters from 1.
    """

    path: Path
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    number: int | None = None
    character: int | None = None

    @property
    def letter(self) -> str | None:
        """The column as a spreadsheet names it (``A`` … ``Z``, ``AA`` …)."""
        return None if self.number is None else column_letter(self.number)

    def __str__(self) -> str:
        text = str(self.path)
        if self.sheet is not None:
            cell = f"{self.letter or ''}{self.row or ''}"
            text += f"!{self.sheet}" + (f"!{cell}" if cell else "")
            return text + (f" ({self.column})" if self.column is not None else "")
        if self.row is not None:
            text += f":{self.row}" + (f":{self.character}" if self.character is not None else "")
        if self.number is not None:
            text += f", column {self.letter}"
            return text + (f" ({self.column})" if self.column is not None else "")
        return text + (f", column {self.column}" if self.column is not None else "")


@dataclass(frozen=True, slots=True)
class CellFault:
    """One thing that is wrong, told so that a curator can mend it.

    Attributes:
        place: file, sheet, row and column.
        value: the text that stands there; empty for an empty cell or a whole row.
        message: what is wrong and what would be right, with a near match where there is one.
        kind: what sort of fault it is.
        doubtful: whether it is a warning only.
    """

    place: Place
    value: str
    message: str
    kind: FaultKind
    doubtful: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class TracedTriple(NamedTuple):
    """A triple, the named graph it belongs to, and the cell or row it was made from."""

    subject: NamedNode | BlankNode
    predicate: NamedNode
    object: NamedNode | BlankNode | RdfLiteral
    graph: NamedNode | None
    place: Place


@dataclass(slots=True)
class Diagnostics:
    """What was found on the way: faults, and warnings that stop nobody.

    ``fatal`` faults are those of the metadata: with them no table can be understood (the errors
    after which the recommendations let no processor go on).
    """

    faults: list[CellFault] = field(default_factory=list)
    warnings: list[CellFault] = field(default_factory=list)
    fatal: bool = False
    _faulty: set[Place] = field(default_factory=set)

    def add(self, fault: CellFault) -> None:
        """Record a fault or a warning."""
        if fault.doubtful:
            self.warnings.append(fault)
        else:
            self.faults.append(fault)
            self._faulty.add(fault.place)

    def fault(self, kind: FaultKind, place: Place, message: str, *, value: str = "") -> None:
        """Record a fault of the data."""
        self.add(CellFault(place, value, message, kind))

    def is_faulty(self, place: Place) -> bool:
        """Say whether a fault was found there: what follows from it need not be told as well."""
        return place in self._faulty

    def fail(self, place: Place, message: str, *, value: str = "") -> None:
        """Record a fault of the metadata after which nothing can be converted."""
        self.fault("metadata", place, message, value=value)
        self.fatal = True

    def warn(self, place: Place, message: str, *, value: str = "") -> None:
        """Record something doubtful in the metadata that was ignored or replaced by a default."""
        self.add(CellFault(place, value, message, "metadata", doubtful=True))


def quoted(text: str) -> str:
    """Return ``text`` in quotation marks for a message, a long one shortened."""
    return repr(text if len(text) <= 80 else f"{text[:60]} … {text[-15:]}")


def column_letter(number: int) -> str:
    """Return the spreadsheet's name of the column with this ``number`` (1 is ``A``)."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


class Suggestions:
    """Hints for messages: ``; did you mean CZ (Česko)?``.

    Args:
        known: the values that would be right.
        names: returns pairs of a name that people use and the value it stands for; called once,
            when the first hint is asked for.
    """

    def __init__(
        self, known: Iterable[str], names: Callable[[], Iterable[tuple[str, str]]] = lambda: ()
    ) -> None:
        self._known = known
        self._names = names

    @cached_property
    def _meant(self) -> dict[str, str]:
        """What each text means, as a message shows it; a value means itself."""
        meant = {_plain(value): value for value in self._known}
        for name, value in self._names():
            meant.setdefault(_plain(name), f"{value} ({name})")
        return meant

    def __call__(self, value: str) -> str:
        """Return the end of a message about a value, empty if nothing resembles it."""
        return did_you_mean(self._meant[text] for text in near(_plain(value), self._meant, 1))


def _plain(text: str) -> str:
    """Return a text without case, accents, invisible characters and surrounding space."""
    return "".join(sign for sign in fold(text) if sign.isprintable()).strip()
