"""Reading, checking and converting tables: the entry points of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from pyoxigraph import NamedNode

from clustergraph.csvw.cells import AnnotatedTable, CodeLists, annotate
from clustergraph.csvw.descriptions import Schema, Table, TableGroup
from clustergraph.csvw.files import (
    FileAccessError,
    Files,
    metadata_locations,
    normalise_url,
    table_name,
)
from clustergraph.csvw.keys import check_keys
from clustergraph.csvw.metadata import read_metadata
from clustergraph.csvw.names import is_iri, resolve
from clustergraph.csvw.places import CellFault, Diagnostics, Place, TracedTriple
from clustergraph.csvw.rdf import Mode, TableMapping, group_triples
from clustergraph.csvw.rows import OTHER_FORMATS, Source, read_csv
from clustergraph.csvw.workbooks import WORKBOOKS, Workbook
from clustergraph.errors import TablesError, did_you_mean, near
from clustergraph.vocab import CG, GRAPH

GRAPH_PROPERTY: Final = CG + "graph"
GRAPH_TEMPLATE: Final = GRAPH + "{table}"


@dataclass(slots=True)
class Tables:
    """Tables that have been read: what is wrong with them, and their triples.

    Attributes:
        faults: every fault, in the order of the files and rows.
        warnings: what is doubtful in the metadata and was ignored, and doubtful values.
        fatal: True when the metadata are so wrong that no table could be read.
        files: how many tables were read.
        rows: how many rows they have together, without their headers.
    """

    faults: list[CellFault]
    warnings: list[CellFault]
    fatal: bool
    files: int
    rows: int
    _groups: list[tuple[TableGroup, list[TableMapping]]]

    def triples(
        self, mode: Mode = "minimal", *, graph: str | None = GRAPH_TEMPLATE
    ) -> Iterator[TracedTriple]:
        """Yield the triples; cells with faults yield what the recommendation says they do.

        Args:
            mode: ``minimal``, or ``standard`` with a description of tables and rows.
            graph: the named graph of a table that names none itself with ``cg:graph``; ``{table}``
                stands for the table's name. None puts all triples into the default graph.
        """
        for group, tables in self._groups:
            graphs = [_graph(one.table, graph) for one in tables]
            yield from group_triples(group, tables, mode, graphs)


def convert(
    path: Path | str,
    mode: Mode = "minimal",
    *,
    codes: CodeLists | None = None,
    metadata: Path | str | None = None,
) -> Iterator[TracedTriple]:
    """Yield the triples of tables, each with the place it comes from.

    The tables are read and checked as a whole before the first triple is yielded.

    Args:
        path: as for `read`, like ``codes`` and ``metadata``.
        mode: ``minimal`` for what the cells say, ``standard`` for that and a description of
            tables and rows (Generating RDF, section 4).
        codes: likewise.
        metadata: likewise.

    Raises:
        TablesError: something is wrong with the tables; it holds every fault.
    """
    tables = read(path, codes=codes, metadata=metadata)
    if tables.faults:
        raise TablesError(tables.faults)
    yield from tables.triples(mode)


def read(
    path: Path | str, *, codes: CodeLists | None = None, metadata: Path | str | None = None
) -> Tables:
    """Read tables and check them.

    Args:
        path: a metadata document, a CSV file whose metadata lie beside it, a directory, or an
            XLSX workbook.
        codes: name of a code list → its codes → their names, for columns annotated with
            ``cg:codeList``; without it, such columns are not compared with their lists.
        metadata: the metadata document to use instead of the one found.
    """
    path = Path(path)
    diagnostics = Diagnostics()
    document = None if metadata is None else Path(metadata)
    root = path if path.is_dir() else path.parent
    reader = Reader(Files(root if document is None else document.parent), diagnostics, codes)
    try:
        if (name := OTHER_FORMATS.get(path.suffix.lower())) is not None:
            raise FileAccessError(f"this is {name}; {_advice(path)}")
        if path.suffix.lower() in WORKBOOKS:
            reader.add_workbook(path, document)
        elif path.is_dir():
            documents = [document] if document else sorted(path.glob("*-metadata.json"))
            if not documents:
                raise FileAccessError(f"{path} has no csv-metadata.json or *-metadata.json")
            for found in documents:
                reader.add(reader.files.url(found))
            if not diagnostics.fatal:
                reader.report_undescribed()
        else:
            given = None if document is None else reader.files.url(document)
            reader.add(reader.files.url(path), given)
    except FileAccessError as error:
        diagnostics.fault("unreadable", Place(path), str(error))
    return reader.finish()


@dataclass(slots=True)
class Reader:
    """Reads groups of tables from the files below a directory, then checks them together."""

    files: Files
    diagnostics: Diagnostics
    codes: CodeLists | None = None
    _groups: list[tuple[TableGroup, list[AnnotatedTable]]] = field(default_factory=list)

    def add(self, url: str, metadata: str | None = None, link: str | None = None) -> None:
        """Read from the metadata document or CSV file at ``url``.

        Args:
            url: of the file; what ends in ``.json`` is metadata.
            metadata: of the document that describes a CSV file, whatever else does.
            link: of the document that the server of a CSV file links to.
        """
        if urlsplit(url).path.lower().endswith(".json"):
            group = read_metadata(url, self.files, self.diagnostics)
        else:
            group = self._describe(url, metadata, link)
        if group is not None and not self.diagnostics.fatal:
            tables = [self._read_file(table) for table in group.tables]
            self._groups.append((group, [table for table in tables if table is not None]))

    def add_workbook(self, path: Path, metadata: Path | None = None) -> None:
        """Read the sheets of a workbook that bear the names of tables.

        Tables without a sheet are read from their files, but only to be referred to.
        """
        document = metadata or self._beside(path)
        group = read_metadata(self.files.url(document), self.files, self.diagnostics)
        book = Workbook(path, self.diagnostics)
        if group is None or self.diagnostics.fatal or not book.sheets:
            return
        names = [table_name(table.url) for table in group.tables]
        for sheet in book.sheets:
            if sheet not in names:
                message = f"no table is called {sheet!r}{did_you_mean(near(sheet, names, 1))}"
                self.diagnostics.fault("column", Place(path, sheet), message, value=sheet)
        tables: list[AnnotatedTable | None] = []
        for name, table in zip(names, group.tables, strict=True):
            if name in book.sheets:
                source = book.read(name, table.dialect)
                tables.append(self._annotate(table, source))
            else:
                table.suppress_output = True
                tables.append(self._read_file(table))
        self._groups.append((group, [table for table in tables if table is not None]))

    def report_undescribed(self) -> None:
        """Warn about tables and spreadsheets in the directory that no metadata describe."""
        described = set()
        for table in [table for group, _ in self._groups for table in group.tables]:
            with suppress(FileAccessError):
                described.add(self.files.path(table.url))
        for path in sorted(self.files.root.iterdir()):
            suffix, csv = path.suffix.lower(), path.with_suffix(".csv")
            if suffix in (".csv", ".tsv") and path not in described:
                self.diagnostics.warn(Place(path), "no metadata describe this table; not checked")
            # The fault of a table that is missing names the spreadsheet itself.
            elif suffix in _SPREADSHEETS and (csv.is_file() or csv not in described):
                message = f"a spreadsheet beside the tables; {_advice(path)}"
                self.diagnostics.warn(Place(path), message)

    def finish(self) -> Tables:
        """Check what binds the tables together, and return them."""
        tables = [table for _, members in self._groups for table in members]
        described = [table for group, _ in self._groups for table in group.tables]
        for description in described:
            graph = _graph_iri(description)
            if graph is not None and not is_iri(graph):
                message = f"the graph of {description.url} is {graph!r}, which is no IRI"
                self.diagnostics.fail(Place(self.files.root), message, value=graph)
        check_keys(tables, described)
        groups = [(group, list(map(TableMapping, members))) for group, members in self._groups]
        for _, mappings in groups:
            for mapping in mappings:
                mapping.check()
        # File by file as first met, and within a file from top to bottom.
        files: dict[tuple[Path, str | None], int] = {}
        for fault in self.diagnostics.faults:
            files.setdefault(fault.place[:2], len(files))
        faults = sorted(
            self.diagnostics.faults,
            key=lambda one: (files[one.place[:2]], one.place.row or 0, one.place.number or 0),
        )
        fatal = self.diagnostics.fatal
        return Tables(
            faults,
            self.diagnostics.warnings,
            fatal,
            0 if fatal else len(tables),
            0 if fatal else sum(len(table.rows) for table in tables),
            [] if fatal else groups,
        )

    def _describe(self, url: str, metadata: str | None, link: str | None) -> TableGroup | None:
        """Return the description of the table at ``url`` (Model for Tabular Data, section 5)."""
        if metadata is not None:
            return read_metadata(metadata, self.files, self.diagnostics, default_url=url)
        candidates = [] if link is None else [urljoin(url, link)]
        candidates.extend(metadata_locations(url, self.files))
        wanted = normalise_url(url)
        for candidate in filter(self.files.exists, candidates):
            found = Diagnostics()
            group = read_metadata(candidate, self.files, found)
            if group is None or wanted in {normalise_url(table.url) for table in group.tables}:
                for fault in (*found.faults, *found.warnings):
                    self.diagnostics.add(fault)
                self.diagnostics.fatal |= found.fatal
                return group
            place = Place(self.files.path(candidate))
            self.diagnostics.warn(place, f"does not describe {url}; ignored", value=url)
        return TableGroup([Table(url, Schema(), base=url)])

    def _beside(self, path: Path) -> Path:
        """Return the metadata document beside a workbook."""
        for candidate in metadata_locations(self.files.url(path), self.files):
            if self.files.exists(candidate):
                return self.files.path(candidate)
        raise FileAccessError(
            f"no metadata lie beside {path}: expected {path.name}-metadata.json or "
            "csv-metadata.json"
        )

    def _read_file(self, table: Table) -> AnnotatedTable | None:
        path = self.files.root
        try:
            path = self.files.path(table.url)
            data = self.files.read(table.url)
        except FileAccessError as error:
            message = str(error)
            others = map(path.with_suffix, _SPREADSHEETS)
            if (beside := next(filter(Path.is_file, others), None)) is not None:
                message += f"; {beside.name} is there, {_SPREADSHEETS[beside.suffix]}: "
                message += _advice(beside)
            self.diagnostics.fault("unreadable", Place(path), message)
            return None
        titles = [column.title for column in table.schema.columns if not column.virtual]
        source = read_csv(data, path, table.dialect, self.diagnostics, titles)
        return self._annotate(table, source) if source.readable else None

    def _annotate(self, table: Table, source: Source) -> AnnotatedTable:
        return annotate(table, source, self.codes)


_SPREADSHEETS: Final = {**dict.fromkeys(WORKBOOKS, "a workbook"), **OTHER_FORMATS}


def _advice(spreadsheet: Path) -> str:
    if spreadsheet.suffix.lower() in WORKBOOKS:
        return f"check it by its own name: clustergraph tables check {spreadsheet}"
    return "save it as XLSX, or its sheets as CSV"


def _graph_iri(table: Table) -> str | None:
    """Return what the annotation ``cg:graph`` says, if it stands there."""
    given = table.annotations.get(GRAPH_PROPERTY)
    if isinstance(given, dict):
        given = given.get("@id")
    return None if given is None else resolve(str(given), table.base)


def _graph(table: AnnotatedTable, template: str | None) -> NamedNode | None:
    if template is None:
        return None
    description = table.description
    return NamedNode(
        _graph_iri(description) or template.replace("{table}", quote(table_name(description.url)))
    )
