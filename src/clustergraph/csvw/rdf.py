"""Annotated tables as RDF, in standard and in minimal mode.

Source: Generating RDF from Tabular Data on the Web, section 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

from pyoxigraph import BlankNode, NamedNode
from pyoxigraph import Literal as RdfLiteral

from clustergraph.csvw.annotations import annotation_triples
from clustergraph.csvw.cells import AnnotatedTable, Item, Row
from clustergraph.csvw.descriptions import Column, Table, TableGroup
from clustergraph.csvw.names import CSVW, RDF, RDFS
from clustergraph.csvw.places import Diagnostics, Place, TracedTriple
from clustergraph.csvw.templates import InvalidIri, Template
from clustergraph.errors import near
from clustergraph.rdf.xsd import XSD
from clustergraph.vocab import CG

__all__ = ["VALUE_URL_PER_ITEM", "Mode", "TableMapping", "group_triples"]

VALUE_URL_PER_ITEM: Final = CG + "valueUrlPerItem"
"""Annotation of a column with a separator: its ``valueUrl`` makes one IRI of each item.

The recommendation makes one IRI of the whole list, the items joined by commas.
"""

Mode = Literal["minimal", "standard"]
Subject = NamedNode | BlankNode

_TYPE: Final = NamedNode(RDF + "type")
_FIRST: Final = NamedNode(RDF + "first")
_REST: Final = NamedNode(RDF + "rest")
_NIL: Final = NamedNode(RDF + "nil")
_COMMENT: Final = NamedNode(RDFS + "comment")
_TABLE_GROUP: Final = NamedNode(CSVW + "TableGroup")
_TABLE: Final = NamedNode(CSVW + "Table")
_ROW: Final = NamedNode(CSVW + "Row")
_HAS_TABLE: Final = NamedNode(CSVW + "table")
_HAS_ROW: Final = NamedNode(CSVW + "row")
_HAS_URL: Final = NamedNode(CSVW + "url")
_HAS_NUMBER: Final = NamedNode(CSVW + "rownum")
_HAS_TITLE: Final = NamedNode(CSVW + "title")
_HAS_NOTE: Final = NamedNode(CSVW + "note")
_DESCRIBES: Final = NamedNode(CSVW + "describes")
_INTEGER: Final = NamedNode(XSD + "integer")


class _Plan(NamedTuple):
    """A column that yields triples, with its templates."""

    position: int
    column: Column
    about: Template | None
    predicate: Template
    value: Template | None

    def has_triples(self, row: Row) -> bool:
        """Return whether a row has triples of this column: an empty cell has none."""
        return self.column.virtual or row.values[self.position] not in (None, [])


class TableMapping:
    """How a table becomes triples: its columns with their templates, expanded for every row."""

    def __init__(self, table: AnnotatedTable) -> None:
        self.table = table
        self._templates: dict[tuple[str, str], Template] = {}
        self._plans = [
            self._plan(position, column)
            for position, column in enumerate(table.columns)
            if not column.suppress_output
        ]

    def _plan(self, position: int, column: Column) -> _Plan:
        fragment = quote(column.name, safe="%-._~!$&'()*+,;=:@/?")
        default = f"{self.table.description.url}#{fragment}"
        named = default if column.property_url is None else column.property_url
        about = None if column.about_url is None else self._template(column.about_url, column)
        value = None
        if column.value_url is not None:
            per_item = position if column.annotations.get(VALUE_URL_PER_ITEM) else None
            value = self._template(column.value_url, column, per_item)
        return _Plan(position, column, about, self._template(named, column), value)

    def _template(self, text: str, column: Column, items_of: int | None = None) -> Template:
        """Return the template, which columns share unless it mentions the column itself."""
        own = items_of is not None or any(
            name in text for name in ("_name", "_column", "_sourceColumn")
        )
        key = (text, column.name if own else "")
        if key not in self._templates:
            self._templates[key] = Template(text, self.table, column, items_of)
        return self._templates[key]

    def check(self, diagnostics: Diagnostics) -> None:
        """Report what keeps the templates from expanding to IRIs, once in a row."""
        names = [column.name for column in self.table.columns]
        for template in self._templates.values():
            for name in template.unknown:
                matches = near(name, names, 1)
                hint = f"; did you mean {matches[0]!r}?" if matches else ""
                diagnostics.fail(
                    self.table.source.place(),
                    f"{template.text} names {name!r}, which is no column{hint}",
                    value=name,
                    expected="one of " + ", ".join(names),
                )
        if diagnostics.fatal:
            return
        told: set[tuple[Template, int]] = set()
        for plan in self._plans:
            for template in filter(None, (plan.about, plan.predicate, plan.value)):
                for number, iri in template.invalid.items():
                    row, key = self.table.rows[number], (template, number)
                    if key not in told and plan.has_triples(row):
                        told.add(key)
                        self._report(iri, template, plan, row, diagnostics)

    def _report(
        self, iri: InvalidIri, template: Template, plan: _Plan, row: Row, diagnostics: Diagnostics
    ) -> None:
        """Report a failed expansion at the cell that it is due to."""
        table = self.table
        guilty = map(table.index, iri.empty or template.columns)
        positions = [position for position in guilty if position is not None] or [plan.position]
        places = [table.place(row, table.columns[position]) for position in positions]
        if any(map(diagnostics.is_faulty, places)):
            return
        if iri.empty:
            diagnostics.fault(
                "required",
                places[0],
                f"a value is missing, which the IRI {template.text} needs",
                expected="a value",
            )
        else:
            diagnostics.fault(
                "datatype",
                places[0],
                f"{template.text} gives {iri.text!r}, which is no IRI",
                value=iri.text,
                expected="a value without spaces, quotation marks and brackets",
            )

    def triples(
        self, row: Row, number: int, graph: NamedNode | None
    ) -> Iterator[tuple[Subject | None, TracedTriple]]:
        """Yield the triples of a row, each with the subject that the row describes by it.

        Args:
            row: one of the table.
            number: its index among them.
            graph: the named graph of the triples.
        """
        default = BlankNode()
        source = self.table.source
        for plan in self._plans:
            column = plan.column
            if not plan.has_triples(row):
                continue
            subject = default if plan.about is None else plan.about.iris[number][0]
            predicate = plan.predicate.iris[number][0]
            if isinstance(subject, InvalidIri) or isinstance(predicate, InvalidIri):
                continue
            place = source.place(row.line, column.name, column.source_number)
            if plan.value is not None:
                for target in plan.value.iris[number]:
                    if not isinstance(target, InvalidIri):
                        yield subject, TracedTriple(subject, predicate, target, graph, place)
                continue
            items = row.items(plan.position)
            if column.ordered and column.separator is not None:
                for triple in _list(subject, predicate, items, graph, place):
                    yield (subject if triple.subject is subject else None), triple
            else:
                for item in items:
                    yield subject, TracedTriple(subject, predicate, item.literal, graph, place)


def group_triples(
    group: TableGroup,
    mappings: Sequence[TableMapping],
    mode: Mode,
    graphs: Sequence[NamedNode | None],
) -> Iterator[TracedTriple]:
    """Yield the triples of a group of tables.

    Args:
        group: what the metadata says about the group.
        mappings: its tables.
        mode: ``minimal`` for what the cells say; ``standard`` for that and a description of the
            group, its tables and their rows.
        graphs: the named graph of each table, in their order.
    """
    node: Subject = NamedNode(group.id) if group.id else BlankNode()
    if mode == "standard" and mappings:
        place = Place(mappings[0].table.source.path)
        yield TracedTriple(node, _TYPE, _TABLE_GROUP, None, place)
        for said in _annotated(node, group):
            yield TracedTriple(*said, None, place)
    for mapping, graph in zip(mappings, graphs, strict=True):
        if mapping.table.description.suppress_output:
            continue
        if mode == "standard":
            yield from _described(node, mapping, graph)
        else:
            for number, row in enumerate(mapping.table.rows):
                for _, triple in mapping.triples(row, number, graph):
                    yield triple


def _described(
    group: Subject, mapping: TableMapping, graph: NamedNode | None
) -> Iterator[TracedTriple]:
    """Yield the triples of a table in standard mode: its description, and that of its rows."""
    table = mapping.table
    description, place = table.description, table.source.place()
    node: Subject = NamedNode(description.id) if description.id else BlankNode()
    yield TracedTriple(group, _HAS_TABLE, node, graph, place)
    yield TracedTriple(node, _TYPE, _TABLE, graph, place)
    yield TracedTriple(node, _HAS_URL, NamedNode(description.url), graph, place)
    for said in _annotated(node, description):
        yield TracedTriple(*said, graph, place)
    if not description.schema.declared:  # comments belong to the metadata embedded in the file
        for comment in table.source.comments:
            yield TracedTriple(node, _COMMENT, RdfLiteral(comment), graph, place)
    titles = [p for name in description.schema.row_titles if (p := table.index(name)) is not None]
    for number, row in enumerate(table.rows):
        line = table.source.place(row.line)
        subject = BlankNode()
        count = RdfLiteral(str(row.number), datatype=_INTEGER)
        source = NamedNode(f"{description.url}#row={row.source_number}")
        yield TracedTriple(node, _HAS_ROW, subject, graph, line)
        yield TracedTriple(subject, _TYPE, _ROW, graph, line)
        yield TracedTriple(subject, _HAS_NUMBER, count, graph, line)
        yield TracedTriple(subject, _HAS_URL, source, graph, line)
        for position in titles:
            cell = table.place(row, table.columns[position])
            for item in row.items(position):
                yield TracedTriple(subject, _HAS_TITLE, item.literal, graph, cell)
        seen: set[Subject] = set()
        for about, triple in mapping.triples(row, number, graph):
            if about is not None and about not in seen:
                seen.add(about)
                yield TracedTriple(subject, _DESCRIBES, about, graph, triple.place)
            yield triple


def _list(
    subject: Subject,
    predicate: NamedNode,
    items: Sequence[Item],
    graph: NamedNode | None,
    place: Place,
) -> Iterator[TracedTriple]:
    """Yield an RDF list of the values and the triple that points to it."""
    nodes: list[NamedNode | BlankNode] = [*(BlankNode() for _ in items), _NIL]
    yield TracedTriple(subject, predicate, nodes[0], graph, place)
    for item, node, rest in zip(items, nodes, nodes[1:], strict=False):
        yield TracedTriple(node, _FIRST, item.literal, graph, place)
        yield TracedTriple(node, _REST, rest, graph, place)


def _annotated(
    node: Subject, owner: TableGroup | Table
) -> Iterator[tuple[Subject, NamedNode, NamedNode | BlankNode | RdfLiteral]]:
    annotations = {**owner.annotations, _HAS_NOTE.value: list(owner.notes)}
    return annotation_triples(node, annotations, base=owner.base, language=owner.language)
