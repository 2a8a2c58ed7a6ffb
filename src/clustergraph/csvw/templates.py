"""URI templates of columns: ``aboutUrl``, ``propertyUrl`` and ``valueUrl``.

Source: Metadata Vocabulary, section 5.1.3 (URI template properties); RFC 6570.
"""

from __future__ import annotations

from typing import Any, Final

from pyoxigraph import NamedNode
from uritemplate import URITemplate

from clustergraph.csvw.cells import AnnotatedTable, Row
from clustergraph.csvw.descriptions import Column
from clustergraph.csvw.names import is_iri, resolve

__all__ = ["InvalidIriError", "Template"]

_VARIABLES: Final = frozenset({"_column", "_sourceColumn", "_row", "_sourceRow", "_name"})


class InvalidIriError(ValueError):
    """An expansion that is no IRI, or that lacks a value its template needs.

    Args:
        text: what came out.
        empty: the columns of the template that are empty in this row.
    """

    def __init__(self, text: str, empty: tuple[str, ...]) -> None:
        self.text = text
        self.empty = empty
        super().__init__(text)


class Template:
    """A URI template of a column, ready for many rows.

    Args:
        text: the template.
        table: gives the variables their columns, and the URL that relative ones are taken from.
        column: gives ``{_name}``, ``{_column}`` and ``{_sourceColumn}``.

    Attributes:
        columns: the names of the columns that the template mentions.
        unknown: the names it mentions that no column has.
    """

    def __init__(self, text: str, table: AnnotatedTable, column: Column) -> None:
        self.text = text
        self._template = URITemplate(text)
        self._base = table.description.url
        names = list(dict.fromkeys(self._template.variable_names))
        self._constants = {
            "_name": column.name,
            "_column": str(column.number),
            "_sourceColumn": str(column.source_number or column.number),
        }
        self._row_number = "_row" in names
        self._source_number = "_sourceRow" in names
        self._columns = [
            (name, position) for name in names if (position := table.index(name)) is not None
        ]
        self.columns = tuple(name for name, _ in self._columns)
        self.unknown = tuple(
            name for name in names if name not in _VARIABLES and name not in self.columns
        )
        self._positions = [position for _, position in self._columns]
        self._is_constant = not (self._positions or self._row_number or self._source_number)
        self._last: tuple[Row | None, NamedNode | InvalidIriError | None] = (None, None)
        self._known: dict[tuple[object, ...], NamedNode | InvalidIriError] = {}

    def expand(self, row: Row) -> NamedNode:
        """Return the IRI for a row.

        Raises:
            InvalidIriError: the expansion is no IRI.
        """
        last_row, node = self._last
        if node is None or not (last_row is row or self._is_constant):
            node = self._look_up(row)
            self._last = (row, node)
        if isinstance(node, InvalidIriError):
            raise InvalidIriError(node.text, node.empty)
        return node

    def _look_up(self, row: Row) -> NamedNode | InvalidIriError:
        """Expand, or find what the same values gave before."""
        values = [row.text(position) for position in self._positions]
        key: tuple[object, ...] = (
            row.number if self._row_number else None,
            row.source_number if self._source_number else None,
            *(tuple(value) if isinstance(value, list) else value for value in values),
        )
        if key not in self._known:
            self._known[key] = self._expand(row)
        return self._known[key]

    def _expand(self, row: Row) -> NamedNode | InvalidIriError:
        variables: dict[str, Any] = dict(self._constants)
        variables["_row"] = str(row.number)
        variables["_sourceRow"] = str(row.source_number)
        empty = []
        for name, position in self._columns:
            value = row.text(position)
            if value:
                variables[name] = value
            else:
                empty.append(name)
        iri = resolve(self._template.expand(variables), self._base)
        if empty or not is_iri(iri):
            return InvalidIriError(iri, tuple(empty))
        return NamedNode(iri)
