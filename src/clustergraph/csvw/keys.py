"""Keys: rows that must differ, and values that must be found in another table.

Source: Metadata Vocabulary, section 5.5.2 (primaryKey, foreignKeys).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from unicodedata import normalize

from clustergraph.csvw.cells import AnnotatedTable, Row
from clustergraph.csvw.descriptions import ForeignKey, Table
from clustergraph.csvw.files import normalise_url
from clustergraph.csvw.places import Diagnostics, Place, quoted
from clustergraph.csvw.suggestions import Suggestions

__all__ = ["check_keys"]


class _Target(NamedTuple):
    """The columns that a foreign key refers to, and how often each combination occurs there."""

    table: AnnotatedTable
    counts: Counter[tuple[str, ...]]


def check_keys(
    tables: Sequence[AnnotatedTable], described: Sequence[Table], diagnostics: Diagnostics
) -> None:
    """Check the primary keys of the tables and the foreign keys between them.

    Args:
        tables: those that could be read.
        described: all that the metadata describe; what refers to one that could not be read is
            left unchecked.
        diagnostics: takes the faults.
    """
    for table in tables:
        _check_primary(table, diagnostics)
        for key in table.description.schema.foreign_keys:
            target = _target(key, table, tables, described, diagnostics)
            if target is not None:
                _check_foreign(key, table, target, diagnostics)


def _check_primary(table: AnnotatedTable, diagnostics: Diagnostics) -> None:
    names = table.description.schema.primary_key
    positions = table.positions(names)
    if not names or positions is None:
        return
    first: dict[tuple[str, ...], tuple[Row, tuple[str, ...]]] = {}
    for row in table.rows:
        key = tuple(row.key(position) for position in positions)
        place = table.place(row, table.columns[positions[0]])
        shown = ", ".join(key)
        if diagnostics.is_faulty(place) or not row.reliable:
            continue
        if not any(key):
            diagnostics.fault(
                "required",
                place,
                f"the key ({', '.join(names)}) is empty",
                expected="a key that no other row has",
            )
            continue
        # Canonically equivalent texts look the same, so they are the same key to a reader.
        composed = tuple(normalize("NFC", part) for part in key)
        earlier, original = first.setdefault(composed, (row, key))
        if earlier is not row:
            how = "" if original == key else ", but for its Unicode normalisation"
            diagnostics.fault(
                "duplicate",
                place,
                f"the key {quoted(shown)} ({', '.join(names)}) is already that of "
                f"row {earlier.line}{how}",
                value=shown,
                expected="a key that no other row has",
            )


def _target(
    key: ForeignKey,
    table: AnnotatedTable,
    tables: Sequence[AnnotatedTable],
    described: Sequence[Table],
    diagnostics: Diagnostics,
) -> _Target | None:
    wanted = normalise_url(key.resource or key.schema_reference or "")

    def is_wanted(candidate: Table) -> bool:
        url = candidate.url if key.resource is not None else candidate.schema.id
        return normalise_url(url or "") == wanted

    found = [other for other in tables if is_wanted(other.description)]
    place = Place(table.source.path)
    if not found:
        if any(map(is_wanted, described)):
            return None
        diagnostics.fail(
            place,
            f"the foreign key {', '.join(key.columns)} refers to {wanted}, which is not described",
            value=wanted,
        )
        return None
    target = found[0]
    described_names = {column.name for column in target.description.schema.columns}
    if not described_names.issuperset(key.reference_columns) and target.description.schema.declared:
        diagnostics.fail(
            place,
            f"the foreign key {', '.join(key.columns)} refers to the columns "
            f"{', '.join(key.reference_columns)}, which {wanted} does not have",
            value=", ".join(key.reference_columns),
        )
        return None
    positions = target.positions(key.reference_columns)
    if positions is None:
        # The file lacks the column, or has it in another place; its header has a fault already.
        return None
    counts = Counter(tuple(row.key(position) for position in positions) for row in target.rows)
    return _Target(target, counts)


def _check_foreign(
    key: ForeignKey, table: AnnotatedTable, target: _Target, diagnostics: Diagnostics
) -> None:
    positions = table.positions(key.columns)
    if positions is None:
        return
    # The recommendation compares whole values, so that a list never equals the single value it
    # refers to; here each value of a list is looked up instead.
    listed = len(positions) == 1 and table.columns[positions[0]].separator is not None
    source = target.table.source
    home = source.path.name if source.sheet is None else f"the sheet {source.sheet}"
    where = f"{home} ({', '.join(key.reference_columns)})"
    suggest = Suggestions(
        (", ".join(combination) for combination in target.counts), target.table.names_of_rows
    )
    for row in table.rows:
        if not row.reliable:
            continue
        candidates: Iterable[tuple[str, ...]]
        if listed:
            candidates = [(item.text,) for item in row.items(positions[0])]
        elif any(row.values[position] is None for position in positions):
            continue
        else:
            candidates = [tuple(map(row.key, positions))]
        for candidate in candidates:
            count = target.counts[candidate]
            if count == 1:
                continue
            place = table.place(row, table.columns[positions[0]])
            if diagnostics.is_faulty(place) and not listed:
                continue
            shown = ", ".join(candidate)
            if count:
                message = f"{quoted(shown)} names {count} rows of {where}, expected one"
            else:
                message = f"{quoted(shown)} is not in {where}{suggest(shown)}"
            diagnostics.fault(
                "reference",
                place,
                message,
                value=shown,
                expected=f"a value of {where}",
            )
