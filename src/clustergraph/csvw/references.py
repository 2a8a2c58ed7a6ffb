"""References whose value may be a key of one of several tables.

A foreign key of CSVW refers to exactly one table. A member, a holder or the subject of a claim may
stand in any of several; ``cg:refersTo`` on a column names them by their stems.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from clustergraph.csvw.cells import AnnotatedTable
from clustergraph.csvw.descriptions import Column, Table
from clustergraph.csvw.files import table_name
from clustergraph.csvw.places import Diagnostics
from clustergraph.errors import near
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
    keys = {table_name(table.description.url): _keys(table) for table in tables}
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
                allowed = frozenset[str]().union(*(keys[name] for name in names))
                _check_column(table, position, column, names, allowed, diagnostics)


def _check_column(
    table: AnnotatedTable,
    position: int,
    column: Column,
    names: Sequence[str],
    allowed: frozenset[str],
    diagnostics: Diagnostics,
) -> None:
    home = " or ".join(names)
    for row in table.rows:
        place = table.place(row, column)
        if diagnostics.is_faulty(place):
            continue
        for text in _texts(row.text(position)):
            if text not in allowed:
                matches = near(text, sorted(allowed), 1)
                hint = f"; did you mean {matches[0]!r}?" if matches else ""
                diagnostics.fault(
                    "reference",
                    place,
                    f"{text!r} is no key of {home}{hint}",
                    value=text,
                    expected=f"a key of {home}",
                )


def _keys(table: AnnotatedTable) -> frozenset[str]:
    names = table.description.schema.primary_key
    position = table.index(names[0]) if len(names) == 1 else None
    if position is None:
        return frozenset()
    return frozenset(text for row in table.rows for text in _texts(row.text(position)))


def _texts(value: str | list[str] | None) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif value is not None:
        yield from value


def _names(given: Any) -> list[str]:
    names = given if isinstance(given, list) else [given]
    return [name for name in names if isinstance(name, str)]
