"""What a metadata document says about tables, read, checked and with inheritance resolved.

Source: Metadata Vocabulary for Tabular Data, section 5 (the names of the fields are the names of
the properties there, in Python's spelling).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clustergraph.csvw.datatypes import Datatype


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written (section 5.9)."""

    encoding: str = "utf-8"
    line_terminators: tuple[str, ...] = ("\r\n", "\n")
    quote_char: str | None = '"'
    double_quote: bool = True
    skip_rows: int = 0
    comment_prefix: str | None = None  # the recommendation contradicts itself; the suite wants None
    header_row_count: int = 1
    delimiter: str = ","
    skip_columns: int = 0
    skip_blank_rows: bool = False
    skip_initial_space: bool = False
    trim: bool | str = True


@dataclass(slots=True)
class Column:
    """A column of a table; inherited properties are already those that hold here.

    ``annotations`` maps the IRI of each common property to its JSON value. ``number`` counts the
    described columns from 1; ``source_number`` counts those of the file and is None for a virtual
    column.
    """

    name: str
    number: int
    source_number: int | None
    titles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    virtual: bool = False
    suppress_output: bool = False
    about_url: str | None = None
    property_url: str | None = None
    value_url: str | None = None
    datatype: Datatype = field(default_factory=Datatype)
    default: str = ""
    lang: str = "und"
    null: tuple[str, ...] = ("",)
    ordered: bool = False
    required: bool = False
    separator: str | None = None
    named: bool = True  # False where the name was derived from a title or the number
    annotations: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The header a person would write for this column."""
        return next((titles[0] for titles in self.titles.values() if titles), self.name)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns whose values must be found in columns of a table (section 5.5.2.1)."""

    columns: tuple[str, ...]
    resource: str | None
    schema_reference: str | None
    reference_columns: tuple[str, ...]


@dataclass(slots=True)
class Schema:
    """The columns and keys of a table (section 5.5)."""

    id: str | None = None
    columns: list[Column] = field(default_factory=list)
    primary_key: tuple[str, ...] = ()
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    row_titles: tuple[str, ...] = ()
    inherited: Mapping[str, Any] = field(default_factory=dict)
    declared: bool = False  # False where the metadata has no tableSchema for the table


@dataclass(slots=True, kw_only=True)
class Described:
    """What a table and a group of tables have alike.

    ``annotations`` maps the IRI of each common property to its JSON value; ``language`` and
    ``base`` are those of the document.
    """

    id: str | None = None
    notes: list[Any] = field(default_factory=list)
    annotations: Mapping[str, Any] = field(default_factory=dict)
    language: str = "und"
    base: str = ""


@dataclass(slots=True)
class Table(Described):
    """A table of the group (section 5.4)."""

    url: str
    schema: Schema
    dialect: Dialect = field(default_factory=Dialect)
    suppress_output: bool = False


@dataclass(slots=True)
class TableGroup(Described):
    """All that a metadata document describes (section 5.3)."""

    tables: list[Table]
