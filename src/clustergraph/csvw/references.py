"""References whose value may be a key of one of several tables.

A foreign key of CSVW refers to exactly one table. A member, a holder or the subject of a claim may
stand in any of several; ``cg:refersTo`` on a column names them by their stems.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

from clustergraph.csvw.cells import AnnotatedTable
from clustergraph.csvw.descriptions import Column, Table
from clustergraph.csvw.files import table_name
from clustergraph.csvw.places import Diagnostics, quoted
from clustergraph.csvw.suggestions import Suggestions
from clustergraph.vocab import CG

__all__ = ["REFERS_TO", "check_references"]

REFERS_TO: Final = CG + "refersTo"


def check_references(
    tables: Sequence[AnnotatedTable], described: Sequence[Table], diagnostics: Diagnostics
) -> None:
    """Report each value of a column with ``cg:refersTo`` that no table it names has as a key.

    Args:
        tables: those that could be read.
        described: all that the metadata describe; a column that refers to one that could not be
            read is left unchecked.
        diagnostics: takes the faults.
    """
    by_name = {table_name(table.description.url): table for table in tables}
    keys = {name: found for name, table in by_name.items() if (found := _keys(table)) is not None}
    known = {table_name(table.url) for table in described}
    for table in tables:
        for position, column in enumerate(table.columns):
            given = column.annotations.get(REFERS_TO)
            if given is None:
                continue
            names = _names(given)
            unknown = [name for name in names if name not in known]
            if unknown or not names:
                diagnostics.fail(
                    table.source.place(None, column.name, column.source_number),
                    f"refersTo is {given!r}, expected names of tables",
                    value=str(given),
                    expected="one or more of " + ", ".join(sorted(known)),
                )
            elif all(name in keys for name in names):
                targets = [by_name[name] for name in names]
                allowed = frozenset[str]().union(*(keys[name] for name in names))
                if position not in table.unreliable:
                    _check_column(table, position, column, names, allowed, targets, diagnostics)


def _check_column(
    table: AnnotatedTable,
    position: int,
    column: Column,
    names: Sequence[str],
    allowed: frozenset[str],
    targets: Sequence[AnnotatedTable],
    diagnostics: Diagnostics,
) -> None:
    home = " or ".join(names)
    suggest = Suggestions(
        sorted(allowed), lambda: chain.from_iterable(t.names_of_rows() for t in targets)
    )
    for row in table.rows:
        place = table.place(row, column)
        if diagnostics.is_faulty(place) or not row.reliable:
            continue
        for text in _texts(row.text(position)):
            if text not in allowed:
                diagnostics.fault(
                    "reference",
                    place,
                    f"{quoted(text)} is not a key of {home}{suggest(text)}",
                    value=text,
                    expected=f"a key of {home}",
                )


def _keys(table: AnnotatedTable) -> frozenset[str] | None:
    """Return the keys of a table's rows; None if its key column cannot be relied on."""
    names = table.description.schema.primary_key
    if len(names) != 1:
        return frozenset()
    positions = table.positions(names)
    if positions is None:
        return None
    (position,) = positions
    return frozenset(text for row in table.rows for text in _texts(row.text(position)))


def _texts(value: str | list[str] | None) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif value is not None:
        yield from value


def _names(given: Any) -> list[str]:
    names = given if isinstance(given, list) else [given]
    return [name for name in names if isinstance(name, str)]
