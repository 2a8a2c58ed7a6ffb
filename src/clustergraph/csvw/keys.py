"""Keys: rows that must differ, and values that must be found in another table.

A foreign key of CSVW refers to exactly one table. A member, a holder or the subject of a claim may
be in any of several; ``cg:refersTo`` on a column names them by their stems.

Source: Metadata Vocabulary, section 5.5.2 (primaryKey, foreignKeys).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final, NamedTuple
from unicodedata import normalize

from clustergraph.csvw.cells import AnnotatedTable, Row
from clustergraph.csvw.descriptions import Column, ForeignKey, Table
from clustergraph.csvw.files import normalise_url, table_name
from clustergraph.csvw.places import Place, Suggestions, quoted
from clustergraph.vocab import CG

_REFERS_TO: Final = CG + "refersTo"


class _Target(NamedTuple):
    """What values refer to.

    Attributes:
        counts: how many rows each value names; those of several columns are a combination.
        home: the table or tables and their columns, in words.
        relation: how a value relates to it, in words: ``in``, or ``a key of``.
        suggest: hints at values that resemble a wrong one.
    """

    counts: Counter[tuple[str, ...]]
    home: str
    relation: str
    suggest: Suggestions


def check_keys(tables: Sequence[AnnotatedTable], described: Sequence[Table]) -> None:
    """Check the primary keys of the tables and the references between them.

    Args:
        tables: those that could be read.
        described: all that the metadata describe; what refers to one that could not be read is
            left unchecked.
    """
    for table in tables:
        _check_primary(table)
        for key in table.description.schema.foreign_keys:
            target = _target(key, table, tables, described)
            positions = table.positions(key.columns)
            if target is not None and positions is not None:
                _check_references(table, positions, target)
        for position, column in enumerate(table.columns):
            if (given := column.annotations.get(_REFERS_TO)) is not None:
                several = _any_of(given, table, column, tables, described)
                if several is not None and position not in table.unreliable:
                    _check_references(table, [position], several)


def _check_primary(table: AnnotatedTable) -> None:
    names = table.description.schema.primary_key
    positions = table.positions(names)
    if not names or positions is None:
        return
    first: dict[tuple[str, ...], tuple[Row, tuple[str, ...]]] = {}
    for row, key in zip(table.rows, table.keys(positions), strict=True):
        place = table.place(row, positions[0])
        if table.diagnostics.is_faulty(place) or not row.reliable:
            continue
        if not any(key):
            message = f"the key ({', '.join(names)}) is empty"
            table.diagnostics.fault("required", place, message)
            continue
        # Canonically equivalent texts look the same, so they are the same key to a reader.
        composed = tuple([normalize("NFC", part) for part in key])
        earlier, original = first.setdefault(composed, (row, key))
        if earlier is not row:
            shown = ", ".join(key)
            how = "" if original == key else ", but for its Unicode normalisation"
            table.diagnostics.fault(
                "duplicate",
                place,
                f"the key {quoted(shown)} ({', '.join(names)}) is already that of "
                f"row {earlier.line}{how}",
                value=shown,
            )


def _target(
    key: ForeignKey,
    table: AnnotatedTable,
    tables: Sequence[AnnotatedTable],
    described: Sequence[Table],
) -> _Target | None:
    """Return the columns that a foreign key refers to; None if they cannot be read."""
    wanted = normalise_url(key.resource or key.schema_reference or "")

    def is_wanted(candidate: Table) -> bool:
        url = candidate.url if key.resource is not None else candidate.schema.id
        return normalise_url(url or "") == wanted

    schemas = [one.schema for one in described if is_wanted(one)]
    names = ", ".join(key.reference_columns)
    fault = "" if schemas else f"{wanted}, which is not described"
    if schemas and schemas[0].declared:
        columns = {column.name for column in schemas[0].columns}
        if not columns.issuperset(key.reference_columns):
            fault = f"the columns {names}, which {wanted} does not have"
    if fault:
        message = f"the foreign key {', '.join(key.columns)} refers to {fault}"
        table.diagnostics.fail(Place(table.source.path), message, value=names)
        return None
    target = next((one for one in tables if is_wanted(one.description)), None)
    positions = None if target is None else target.positions(key.reference_columns)
    if target is None or positions is None:
        return None  # the file, or a column of it, has a fault already
    counts = Counter(target.keys(positions))
    source = target.source
    home = source.path.name if source.sheet is None else f"the sheet {source.sheet}"
    suggest = Suggestions(map(", ".join, counts), target.names_of_rows)
    return _Target(counts, f"{home} ({names})", "in", suggest)


def _any_of(
    given: Any,
    table: AnnotatedTable,
    column: Column,
    tables: Sequence[AnnotatedTable],
    described: Sequence[Table],
) -> _Target | None:
    """Return the keys of the tables that ``cg:refersTo`` names; None if one cannot be read."""
    names = [name for name in (given if isinstance(given, list) else [given]) if name]
    if not names or not {table_name(one.url) for one in described}.issuperset(map(str, names)):
        message = f"refersTo is {given!r}, expected names of tables"
        place = table.source.place(None, column.name, column.source_number)
        table.diagnostics.fail(place, message, value=str(given))
        return None
    others = [one for one in tables if table_name(one.description.url) in names]
    keys: set[tuple[str, ...]] = set()
    for other in others:
        positions = other.positions(other.description.schema.primary_key)
        if positions is None:
            return None
        keys.update(other.keys(positions) if len(positions) == 1 else ())
    suggest = Suggestions(
        sorted(key for (key,) in keys),
        lambda: chain.from_iterable(other.names_of_rows() for other in others),
    )
    target = _Target(Counter(keys), " or ".join(names), "a key of", suggest)
    return target if len(others) == len(set(names)) else None


def _check_references(table: AnnotatedTable, positions: Sequence[int], target: _Target) -> None:
    # The recommendation compares whole values, so that a list never equals the single value it
    # refers to; here each value of a list is looked up instead.
    listed = len(positions) == 1 and table.columns[positions[0]].separator is not None
    for row, key in zip(table.rows, table.keys(positions), strict=True):
        candidates = [(item.text,) for item in row.values[positions[0]]] if listed else [key]
        if not all(row.values[position] for position in positions) or not row.reliable:
            continue
        wrong = [candidate for candidate in candidates if target.counts[candidate] != 1]
        place = table.place(row, positions[0])
        if not wrong or table.diagnostics.is_faulty(place):
            continue
        for candidate in wrong:
            shown, count = ", ".join(candidate), target.counts[candidate]
            if count:
                message = f"{quoted(shown)} names {count} rows of {target.home}, expected one"
            else:
                hint = target.suggest(shown)
                message = f"{quoted(shown)} is not {target.relation} {target.home}{hint}"
            table.diagnostics.fault("reference", place, message, value=shown)
