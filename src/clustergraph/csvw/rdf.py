"""Annotated tables as RDF, in standard and in minimal mode.

Source: Generating RDF from Tabular Data on the Web, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote

from pyoxigraph import BlankNode, NamedNode
from pyoxigraph import Literal as RdfLiteral

from clustergraph.csvw.annotations import annotation_triples
from clustergraph.csvw.cells import AnnotatedTable, Item, Row
from clustergraph.csvw.descriptions import Column, TableGroup
from clustergraph.csvw.names import CSVW, RDF, RDFS, XSD
from clustergraph.csvw.places import Diagnostics, Place, TracedTriple
from clustergraph.csvw.templates import InvalidIriError, Template
from clustergraph.errors import near
from clustergraph.vocab import CG

__all__ = ["VALUE_URL_PER_ITEM", "Mode", "check_iris", "group_triples"]

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
    """A column that yields triples, with its templates compiled."""

    position: int
    column: Column
    about: Template | None
    predicate: Template
    value: Template | None

    @property
    def templates(self) -> list[Template]:
        """All templates of the column."""
        return [template for template in (self.about, self.predicate, self.value) if template]

    def rows(self, row: Row) -> list[Row]:
        """Return the row as its value template sees it: once, or once for each item of the cell."""
        value = row.values[self.position]
        if not isinstance(value, list) or not self.column.annotations.get(VALUE_URL_PER_ITEM):
            return [row]
        before, after = row.values[: self.position], row.values[self.position + 1 :]
        return [replace(row, values=[*before, item, *after]) for item in value]


def group_triples(
    group: TableGroup,
    tables: Sequence[AnnotatedTable],
    mode: Mode,
    graphs: Sequence[NamedNode | None],
) -> Iterator[TracedTriple]:
    """Yield the triples of a group of tables.

    Args:
        group: what the metadata says about the group.
        tables: its tables.
        mode: ``minimal`` for what the cells say; ``standard`` for that and a description of the
            group, its tables and their rows.
        graphs: the named graph of each table, in their order.
    """
    node: Subject = NamedNode(group.id) if group.id else BlankNode()
    shown = [
        (table, graph)
        for table, graph in zip(tables, graphs, strict=True)
        if not table.description.suppress_output
    ]
    if mode == "standard" and tables:
        place = Place(tables[0].source.path)
        yield TracedTriple(node, _TYPE, _TABLE_GROUP, None, place)
        for said in _annotated(node, group.annotations, group.notes, group):
            yield TracedTriple(*said, None, place)
    for table, graph in shown:
        if mode == "minimal":
            for row, plans in _rows(table):
                for _, triple in _cells(table, row, plans, graph, BlankNode()):
                    yield triple
        else:
            yield from _table(node, table, graph)


def check_iris(table: AnnotatedTable, diagnostics: Diagnostics) -> None:
    """Report what keeps the templates of a table from expanding to IRIs, once in a row."""
    plans = _plans(table)
    names = [column.name for column in table.columns]
    for text, unknown in {t.text: t.unknown for plan in plans for t in plan.templates}.items():
        for name in unknown:
            matches = near(name, names, 1)
            hint = f"; did you mean {matches[0]!r}?" if matches else ""
            diagnostics.fail(
                table.source.place(),
                f"{text} names {name!r}, which is no column{hint}",
                value=name,
                expected="one of " + ", ".join(names),
            )
    if diagnostics.fatal:
        return
    for row in table.rows:
        told: set[int] = set()
        for plan in plans:
            value = row.values[plan.position]
            if not plan.column.virtual and (value is None or value == []):
                continue
            for template in plan.templates:
                if id(template) in told:
                    continue
                try:
                    for seen in plan.rows(row) if template is plan.value else (row,):
                        template.expand(seen)
                except InvalidIriError as error:
                    told.add(id(template))
                    _report_iri(error, template, plan, table, row, diagnostics)


def _report_iri(
    error: InvalidIriError,
    template: Template,
    plan: _Plan,
    table: AnnotatedTable,
    row: Row,
    diagnostics: Diagnostics,
) -> None:
    """Report a failed expansion at the cell that it is due to."""
    guilty = map(table.index, error.empty or template.columns)
    positions = [position for position in guilty if position is not None] or [plan.position]
    places = [table.place(row, table.columns[position]) for position in positions]
    if any(map(diagnostics.is_faulty, places)):
        return
    if error.empty:
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
            f"{template.text} gives {error.text!r}, which is no IRI",
            value=error.text,
            expected="a value without spaces, quotation marks and brackets",
        )


# Tables and rows ----------------------------------------------------------------------------


def _table(
    group: Subject, table: AnnotatedTable, graph: NamedNode | None
) -> Iterator[TracedTriple]:
    description, place = table.description, table.source.place()
    node: Subject = NamedNode(description.id) if description.id else BlankNode()
    url = NamedNode(description.url)
    yield TracedTriple(group, _HAS_TABLE, node, graph, place)
    yield TracedTriple(node, _TYPE, _TABLE, graph, place)
    yield TracedTriple(node, _HAS_URL, url, graph, place)
    for said in _annotated(node, description.annotations, description.notes, description):
        yield TracedTriple(*said, graph, place)
    if not description.schema.declared:  # comments belong to the metadata embedded in the file
        for comment in table.source.comments:
            yield TracedTriple(node, _COMMENT, RdfLiteral(comment), graph, place)
    titles = [p for name in description.schema.row_titles if (p := table.index(name)) is not None]
    for row, plans in _rows(table):
        line = table.source.place(row.line)
        subject = BlankNode()
        number = RdfLiteral(str(row.number), datatype=_INTEGER)
        yield TracedTriple(node, _HAS_ROW, subject, graph, line)
        yield TracedTriple(subject, _TYPE, _ROW, graph, line)
        yield TracedTriple(subject, _HAS_NUMBER, number, graph, line)
        source = NamedNode(f"{description.url}#row={row.source_number}")
        yield TracedTriple(subject, _HAS_URL, source, graph, line)
        for position in titles:
            cell = table.place(row, table.columns[position])
            for item in _items(row, position):
                yield TracedTriple(subject, _HAS_TITLE, item.literal, graph, cell)
        described: set[Subject] = set()
        for about, triple in _cells(table, row, plans, graph, BlankNode()):
            if about is not None and about not in described:
                described.add(about)
                yield TracedTriple(subject, _DESCRIBES, about, graph, triple.place)
            yield triple


def _rows(table: AnnotatedTable) -> Iterator[tuple[Row, list[_Plan]]]:
    plans = _plans(table)
    for row in table.rows:
        yield row, plans


def _plans(table: AnnotatedTable) -> list[_Plan]:
    templates: dict[tuple[str, str], Template] = {}

    def compiled(text: str | None, column: Column) -> Template | None:
        if text is None:
            return None
        # Columns share a template unless it speaks of the column itself.
        own = "_name" in text or "_column" in text or "_sourceColumn" in text
        key = (text, column.name if own else "")
        if key not in templates:
            templates[key] = Template(text, table, column)
        return templates[key]

    plans = []
    for position, column in enumerate(table.columns):
        if column.suppress_output:
            continue
        about = compiled(column.about_url, column)
        value = compiled(column.value_url, column)
        named = compiled(column.property_url, column)
        if named is None:
            fragment = quote(column.name, safe="%-._~!$&'()*+,;=:@/?")
            named = Template(f"{table.description.url}#{fragment}", table, column)
        plans.append(_Plan(position, column, about, named, value))
    return plans


# Cells --------------------------------------------------------------------------------------


def _cells(
    table: AnnotatedTable,
    row: Row,
    plans: Iterable[_Plan],
    graph: NamedNode | None,
    default: BlankNode,
) -> Iterator[tuple[Subject | None, TracedTriple]]:
    """Yield the triples of a row, each with the subject that the row describes by it."""
    for plan in plans:
        value = row.values[plan.position]
        if not plan.column.virtual and (value is None or value == []):
            continue
        if plan.column.virtual and plan.value is None and not value:
            continue
        try:
            subject: Subject = default if plan.about is None else plan.about.expand(row)
            predicate = plan.predicate.expand(row)
            place = table.place(row, plan.column)
            if plan.value is not None:
                for seen in plan.rows(row):
                    target = plan.value.expand(seen)
                    yield subject, TracedTriple(subject, predicate, target, graph, place)
                continue
        except InvalidIriError:
            continue
        items = _items(row, plan.position)
        if plan.column.ordered and isinstance(value, list):
            for triple in _list(subject, predicate, items, graph, place):
                yield (subject if triple.subject is subject else None), triple
        else:
            for item in items:
                yield subject, TracedTriple(subject, predicate, item.literal, graph, place)


def _items(row: Row, position: int) -> list[Item]:
    value = row.values[position]
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


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
    node: Subject, annotations: Any, notes: Sequence[Any], owner: Any
) -> Iterator[tuple[Subject, NamedNode, Any]]:
    yield from annotation_triples(node, annotations, base=owner.base, language=owner.language)
    yield from annotation_triples(
        node, {_HAS_NOTE.value: list(notes)}, base=owner.base, language=owner.language
    )
