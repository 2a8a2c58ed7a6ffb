"""URI templates of columns: ``aboutUrl``, ``propertyUrl`` and ``valueUrl``.

Source: Metadata Vocabulary, section 5.1.3 (URI template properties); RFC 6570.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final, NamedTuple

from pyoxigraph import NamedNode
from uritemplate import URITemplate

from clustergraph.csvw.cells import AnnotatedTable, Row
from clustergraph.csvw.descriptions import Column
from clustergraph.csvw.names import is_iri, resolve

__all__ = ["InvalidIri", "Iri", "Template"]

_VARIABLES: Final = frozenset({"_column", "_sourceColumn", "_row", "_sourceRow", "_name"})


class InvalidIri(NamedTuple):
    """An expansion that is no IRI, or that lacks a value its template needs.

    Attributes:
        text: what came out.
        empty: the columns of the template that are empty in this row.
    """

    text: str
    empty: tuple[str, ...]


Iri = NamedNode | InvalidIri


class Template:
    """A URI template of a column.

    Args:
        text: the template.
        table: gives the variables their columns, and the URL that relative ones are taken from.
        column: gives ``{_name}``, ``{_column}`` and ``{_sourceColumn}``.
        items_of: the position of a column whose items each make an IRI of their own.

    Attributes:
        columns: the names of the columns that the template mentions.
        unknown: the names it mentions that no column has.
        iris: what it gives for each row of the table.
        invalid: the first expansion of a row that is no IRI, by the index of the row.
    """

    def __init__(
        self, text: str, table: AnnotatedTable, column: Column, items_of: int | None = None
    ) -> None:
        self.text = text
        self._template = URITemplate(text)
        self._base = table.description.url
        names = list(dict.fromkeys(self._template.variable_names))
        self._constants = {
            "_name": column.name,
            "_column": str(column.number),
            "_sourceColumn": str(column.source_number or column.number),
        }
        self._counts_rows = "_row" in names or "_sourceRow" in names
        self._positions = {
            name: position for name in names if (position := table.index(name)) is not None
        }
        self.columns = tuple(self._positions)
        self.unknown = tuple(
            name for name in names if name not in _VARIABLES and name not in self.columns
        )
        self._known: dict[tuple[str, ...], tuple[Iri]] = {}
        self.iris: Sequence[tuple[Iri, ...]]
        if not names or set(names) <= self._constants.keys():
            self.iris = self._expanded(table.rows[:1]) * len(table.rows)
        elif items_of is None:
            self.iris = self._expanded(table.rows)
        else:
            self.iris = [
                tuple(chain.from_iterable(self._expanded(_rows_of_items(row, items_of))))
                for row in table.rows
            ]
        self.invalid: dict[int, InvalidIri] = {}
        if any(isinstance(iri, InvalidIri) for (iri,) in self._known.values()):
            for number, iris in enumerate(self.iris):
                for iri in iris:
                    if isinstance(iri, InvalidIri):
                        self.invalid.setdefault(number, iri)

    def _expanded(self, rows: Iterable[Row]) -> list[tuple[Iri]]:
        """Expand the template for rows; equal values are expanded once."""
        known, positions = self._known, tuple(self._positions.values())
        expanded = []
        for row in rows:
            key = tuple([row.key(position) for position in positions])
            if self._counts_rows:
                key += (str(row.number),)
            if (iri := known.get(key)) is None:
                iri = known[key] = (self._expand(row),)
            expanded.append(iri)
        return expanded

    def _expand(self, row: Row) -> Iri:
        variables: dict[str, Any] = dict(self._constants)
        variables["_row"] = str(row.number)
        variables["_sourceRow"] = str(row.source_number)
        empty = []
        for name, position in self._positions.items():
            if value := row.text(position):
                variables[name] = value
            else:
                empty.append(name)
        iri = resolve(self._template.expand(variables), self._base)
        return InvalidIri(iri, tuple(empty)) if empty or not is_iri(iri) else NamedNode(iri)


def _rows_of_items(row: Row, position: int) -> Iterator[Row]:
    """Yield the row as often as a cell has items, each time with one of them."""
    before, after = row.values[:position], row.values[position + 1 :]
    return (replace(row, values=[*before, item, *after]) for item in row.items(position))
