"""Annotated tables as RDF, in standard and in minimal mode.

Source: Generating RDF from Tabular Data on the Web, section 4.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote

from pyoxigraph import BlankNode, NamedNode
from pyoxigraph import Literal as RdfLiteral
from uritemplate import URITemplate

from clustergraph.csvw.cells import AnnotatedTable, Item, Row
from clustergraph.csvw.descriptions import Column, Described, TableGroup
from clustergraph.csvw.names import CSVW, RDF, RDFS, annotation_triples, resolve
from clustergraph.csvw.places import Place, TracedTriple
from clustergraph.errors import did_you_mean, near
from clustergraph.rdf.xsd import XSD
from clustergraph.vocab import CG

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
    """A URI template of a column: ``aboutUrl``, ``propertyUrl`` or ``valueUrl``.

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

    Source: Metadata Vocabulary, section 5.1.3 (URI template properties); RFC 6570.
    """

    def __init__(
        self, text: str, table: AnnotatedTable, column: Column, items_of: int | None = None
    ) -> None:
        self.text = text
        self._template = URITemplate(text)
        self._table = table
        self._items_of = items_of
        self._variables = {
            "_name": column.name,
            "_column": str(column.number),
            "_sourceColumn": str(column.source_number or column.number),
        }
        names = dict.fromkeys(self._template.variable_names)
        rows = {"_row", "_sourceRow"}
        found = {name: table.index(name) for name in names}
        self._positions = {name: at for name, at in found.items() if at is not None}
        self.columns = tuple(self._positions)
        known = self._variables.keys() | rows | self._positions.keys()
        self.unknown = tuple(name for name in names if name not in known)
        self.iris: Sequence[tuple[Iri, ...]]
        if not self._positions and not rows & names.keys():
            different: Collection[Iri] = [self._expand(row) for row in table.rows[:1]]
            self.iris = [tuple(different)] * len(table.rows)
        else:
            self.iris, different = self._expanded(counted=bool(rows & names.keys()))
        self.invalid: dict[int, InvalidIri] = {}
        if any(isinstance(iri, InvalidIri) for iri in different):
            for number, iris in enumerate(self.iris):
                first = next((iri for iri in iris if isinstance(iri, InvalidIri)), None)
                if first is not None:
                    self.invalid[number] = first

    def _expanded(self, counted: bool) -> tuple[list[tuple[Iri, ...]], Collection[Iri]]:
        """Expand the template for each row, equal values once; also return the different IRIs."""
        known: dict[tuple[object, ...], Iri] = {}
        rows, positions, split = self._table.rows, list(self._positions.values()), self._items_of
        at = positions.index(split) if split in positions else len(positions)
        keys: Iterable[tuple[object, ...]] = self._table.keys(positions) or [()] * len(rows)
        expanded: list[tuple[Iri, ...]] = []
        for row, values in zip(rows, keys, strict=True):
            key = (*values, row.number) if counted else values
            if split is None:
                if (iri := known.get(key)) is None:
                    iri = known[key] = self._expand(row)
                expanded.append((iri,))
                continue
            iris = []
            for item in row.values[split]:
                own = (*key[:at], item.text, *key[at + 1 :])
                if own not in known:
                    known[own] = self._expand(row, item.text)
                iris.append(known[own])
            expanded.append(tuple(iris))
        return expanded, known.values()

    def _expand(self, row: Row, item: str | None = None) -> Iri:
        variables: dict[str, Any] = dict(self._variables)
        variables |= {"_row": str(row.number), "_sourceRow": str(row.source_number)}
        empty = []
        for name, position in self._positions.items():
            listed = self._table.columns[position].separator is not None
            texts = [value.text for value in row.values[position]]
            if item is not None and position == self._items_of:
                listed, texts = False, [item]
            if any(texts):
                variables[name] = texts if listed else texts[0]
            else:
                empty.append(name)
        iri = resolve(self._template.expand(variables), self._table.description.url)
        try:
            return InvalidIri(iri, tuple(empty)) if empty else NamedNode(iri)
        except ValueError:
            return InvalidIri(iri, ())


class _Plan(NamedTuple):
    """A column that yields triples, with its templates."""

    position: int
    column: Column
    about: Template | None
    predicate: Template
    value: Template | None


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

    def check(self) -> None:
        """Report what keeps the templates from expanding to IRIs, once in a row."""
        names = [column.name for column in self.table.columns]
        for template in self._templates.values():
            for name in template.unknown:
                hint = did_you_mean(near(name, names, 1))
                self.table.diagnostics.fail(
                    self.table.source.place(),
                    f"{template.text} names {name!r}, which is no column{hint}",
                    value=name,
                )
        if self.table.diagnostics.fatal:
            return
        for plan in self._plans:
            for template in filter(None, (plan.about, plan.predicate, plan.value)):
                for number, iri in template.invalid.items():
                    row = self.table.rows[number]
                    if plan.column.virtual or row.values[plan.position]:
                        self._report(iri, template, plan, row)

    def _report(self, iri: InvalidIri, template: Template, plan: _Plan, row: Row) -> None:
        """Report a failed expansion at the cell that it is due to."""
        guilty = map(self.table.index, iri.empty or template.columns)
        positions = [position for position in guilty if position is not None] or [plan.position]
        places = [self.table.place(row, position) for position in positions]
        if any(map(self.table.diagnostics.is_faulty, places)):
            return
        if iri.empty:
            message = f"a value is missing, which the IRI {template.text} needs"
            self.table.diagnostics.fault("required", places[0], message)
        else:
            self.table.diagnostics.fault(
                "datatype",
                places[0],
                f"{template.text} gives {iri.text!r}, which is no IRI",
                value=iri.text,
            )

    def triples(self, number: int, graph: NamedNode | None) -> Iterator[TracedTriple]:
        """Yield the triples of a row.

        Args:
            number: the index of the row.
            graph: the named graph of the triples.
        """
        row, default, source = self.table.rows[number], BlankNode(), self.table.source
        for position, column, about, predicates, values in self._plans:
            items = row.values[position]
            if not items and not column.virtual:
                continue
            subject = default if about is None else about.iris[number][0]
            predicate = predicates.iris[number][0]
            if isinstance(subject, InvalidIri) or isinstance(predicate, InvalidIri):
                continue
            place = source.place(row.line, column.name, column.source_number)
            if values is not None:
                for target in values.iris[number]:
                    if not isinstance(target, InvalidIri):
                        yield TracedTriple(subject, predicate, target, graph, place)
            elif column.ordered and column.separator is not None:
                yield from _list(subject, predicate, items, graph, place)
            else:
                for item in items:
                    yield TracedTriple(subject, predicate, item.literal, graph, place)


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
            for number in range(len(mapping.table.rows)):
                yield from mapping.triples(number, graph)


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
            cell = table.place(row, position)
            for item in row.values[position]:
                yield TracedTriple(subject, _HAS_TITLE, item.literal, graph, cell)
        seen: set[Subject] = set()
        for triple in mapping.triples(number, graph):
            about = triple.subject
            # The nodes of a list are nothing that the row describes.
            if about not in seen and triple.predicate not in (_FIRST, _REST):
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
    node: Subject, owner: Described
) -> Iterator[tuple[Subject, NamedNode, NamedNode | BlankNode | RdfLiteral]]:
    annotations = {**owner.annotations, _HAS_NOTE.value: list(owner.notes)}
    return annotation_triples(node, annotations, base=owner.base, language=owner.language)
