"""Reading, checking and converting tables: the entry points of this package."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from pyoxigraph import NamedNode

from clustergraph.errors import TablesError, near
from clustergraph.tables.cells import AnnotatedTable, annotate
from clustergraph.tables.descriptions import Dialect, Schema, Table, TableGroup
from clustergraph.tables.files import FileAccessError, Files, metadata_locations, normalise_url
from clustergraph.tables.keys import check_keys
from clustergraph.tables.metadata import read_metadata
from clustergraph.tables.names import resolve
from clustergraph.tables.places import CellFault, Diagnostics, Place, TracedTriple
from clustergraph.tables.rdf import Mode, check_iris, group_triples
from clustergraph.tables.rows import Workbook, read_csv
from clustergraph.vocab import CG, GRAPH

__all__ = ["Tables", "check", "convert", "read"]

GRAPH_PROPERTY: Final = CG + "graph"
GRAPH_TEMPLATE: Final = GRAPH + "{table}"

Codes = Mapping[str, Collection[str]]


@dataclass(slots=True)
class Tables:
    """Tables that have been read: what is wrong with them, and their triples.

    Attributes:
        faults: every fault, in the order of the files and rows.
        warnings: what is doubtful in the metadata and was ignored.
        fatal: True when the metadata are so wrong that no table could be read.
    """

    faults: list[CellFault] = field(default_factory=list)
    warnings: list[CellFault] = field(default_factory=list)
    fatal: bool = False
    _groups: list[tuple[TableGroup, list[AnnotatedTable]]] = field(default_factory=list)

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
            graphs = [_graph(table, graph) for table in tables]
            yield from group_triples(group, tables, mode, graphs)


def check(
    path: Path | str,
    *,
    codes: Codes | None = None,
    metadata: Path | str | None = None,
    base: str | None = None,
) -> list[CellFault]:
    """Return everything that is wrong with tables; an empty list means they are right.

    Args:
        path: a metadata document, a CSV file whose metadata lie beside it, a directory, or an
            XLSX workbook.
        codes: name of a code list → its codes, for columns annotated with ``cg:codeList``;
            without it, such columns are not compared with their lists.
        metadata: the metadata document to use instead of the one found.
        base: the URL that stands for the directory of the metadata; by default its ``file:`` URL.
    """
    return read(path, codes=codes, metadata=metadata, base=base).faults


def convert(
    path: Path | str,
    mode: Mode = "minimal",
    *,
    codes: Codes | None = None,
    metadata: Path | str | None = None,
    base: str | None = None,
    graph: str | None = GRAPH_TEMPLATE,
) -> Iterator[TracedTriple]:
    """Yield the triples of tables, each with the place it comes from.

    The tables are read and checked as a whole before the first triple is yielded.

    Args:
        path: as for :func:`check`.
        mode: ``minimal`` for what the cells say, ``standard`` for that and a description of
            tables and rows (Generating RDF, section 4).
        codes: as for :func:`check`.
        metadata: as for :func:`check`.
        base: as for :func:`check`.
        graph: as for :meth:`Tables.triples`.

    Raises:
        TablesError: something is wrong with the tables; it holds every fault.
    """
    tables = read(path, codes=codes, metadata=metadata, base=base)
    if tables.faults:
        raise TablesError(tables.faults)
    yield from tables.triples(mode, graph=graph)


def read(
    path: Path | str,
    *,
    codes: Codes | None = None,
    metadata: Path | str | None = None,
    base: str | None = None,
) -> Tables:
    """Read tables and check them; the arguments are those of :func:`check`."""
    path = Path(path)
    diagnostics = Diagnostics()
    result = Tables(diagnostics.faults, diagnostics.warnings)
    chosen = None if metadata is None else Path(metadata)
    try:
        for root, start in _starts(path, chosen):
            reader = GroupReader(Files(root, base), diagnostics, codes)
            document = None if chosen is None else reader.files.url(chosen)
            result._groups.extend(reader.read(reader.files.url(start), document))
    except FileAccessError as error:
        diagnostics.fault("unreadable", Place(path), str(error), expected="a readable file")
    result.fatal = diagnostics.fatal
    return result


def _starts(path: Path, metadata: Path | None) -> list[tuple[Path, Path]]:
    """Return the files to start from, each with the directory that URLs are resolved in."""
    if not path.is_dir():
        return [((metadata or path).parent, path)]
    if metadata is not None:
        return [(metadata.parent, metadata)]
    found = sorted(path.glob("*-metadata.json"))
    if not found:
        raise FileAccessError(f"there is no csv-metadata.json or *-metadata.json in {path}")
    return [(path, file) for file in found]


@dataclass(slots=True)
class GroupReader:
    """Reads groups of tables from the files below a directory."""

    files: Files
    diagnostics: Diagnostics
    codes: Codes | None = None

    def read(
        self, url: str, metadata: str | None = None, link: str | None = None
    ) -> list[tuple[TableGroup, list[AnnotatedTable]]]:
        """Read from the metadata document, CSV file or workbook at ``url``.

        The other arguments are those of :meth:`describe`.
        """
        suffix = Path(urlsplit(url).path).suffix.lower()
        if suffix == ".xlsx":
            return self._finish(*self._workbook(url, metadata))
        if suffix == ".json":
            return self._finish(read_metadata(url, self.files, self.diagnostics), None)
        return self._finish(self.describe(url, metadata, link), None)

    def describe(
        self, url: str, metadata: str | None = None, link: str | None = None
    ) -> TableGroup | None:
        """Return the description of the table at ``url`` (Model for Tabular Data, section 5).

        Args:
            url: of the table.
            metadata: of a document that overrides all others.
            link: of a document that the table's server links to.
        """
        if metadata is not None:
            return read_metadata(metadata, self.files, self.diagnostics, default_url=url)
        candidates = [] if link is None else [urljoin(url, link)]
        candidates.extend(metadata_locations(url, self.files))
        for candidate in candidates:
            if not self.files.exists(candidate):
                continue
            found = Diagnostics()
            group = read_metadata(candidate, self.files, found)
            wanted = normalise_url(url)
            if group is not None and any(normalise_url(t.url) == wanted for t in group.tables):
                self.diagnostics.faults.extend(found.faults)
                self.diagnostics.warnings.extend(found.warnings)
                self.diagnostics.fatal |= found.fatal
                return group
            place = Place(self.files.path(candidate))
            self.diagnostics.warn(place, f"does not describe {url}; ignored", value=url)
        return TableGroup([Table(url, Schema(), base=url)])

    def _finish(
        self, group: TableGroup | None, book: Workbook | None
    ) -> list[tuple[TableGroup, list[AnnotatedTable]]]:
        if group is None or self.diagnostics.fatal:
            return []
        tables = [t for table in group.tables if (t := self._table(table, book)) is not None]
        if len(tables) == len(group.tables):
            check_keys(tables, self.diagnostics)
        for table in tables:
            check_iris(table, self.diagnostics)
        return [(group, tables)]

    def _table(self, table: Table, book: Workbook | None) -> AnnotatedTable | None:
        dialect = table.dialect or Dialect()
        sheet = table_name(table.url)
        if book is not None and sheet in book.sheets:
            source = book.read(sheet, dialect, self.diagnostics)
        else:
            try:
                path = self.files.path(table.url)
                data = self.files.read(table.url)
            except FileAccessError as error:
                place = Place(self.files.root if book is None else book.path)
                self.diagnostics.fault("unreadable", place, str(error), expected="a readable file")
                return None
            source = read_csv(data, path, dialect, self.diagnostics)
        return annotate(table, source, self.codes, self.diagnostics)

    def _workbook(
        self, url: str, metadata: str | None
    ) -> tuple[TableGroup | None, Workbook | None]:
        """Open a workbook and the metadata that describe its sheets."""
        path = self.files.path(url)
        if metadata is None:
            for candidate in metadata_locations(url, self.files):
                if self.files.exists(candidate):
                    metadata = candidate
                    break
            else:
                raise FileAccessError(
                    f"no metadata lie beside {path}: expected {path.name}-metadata.json or "
                    "csv-metadata.json"
                )
        group = read_metadata(metadata, self.files, self.diagnostics)
        book = Workbook(path, self.diagnostics)
        if group is None or not book.sheets:
            return None, None
        names = [table_name(table.url) for table in group.tables]
        for sheet in book.sheets:
            if sheet not in names:
                matches = near(sheet, names, 1)
                hint = f"; did you mean {matches[0]!r}?" if matches else ""
                self.diagnostics.fault(
                    "column",
                    Place(path, sheet),
                    f"no table is called {sheet!r}{hint}",
                    value=sheet,
                    expected="one of " + ", ".join(names),
                )
        for table in group.tables:  # tables without a sheet are there to be referred to
            table.suppress_output |= table_name(table.url) not in book.sheets
        return group, book


def table_name(url: str) -> str:
    """Return the name of a table: the stem of its file."""
    return Path(unquote(urlsplit(url).path)).stem


def _graph(table: AnnotatedTable, template: str | None) -> NamedNode | None:
    given = table.description.annotations.get(GRAPH_PROPERTY)
    if isinstance(given, dict):
        given = given.get("@id")
    if template is None:
        return None
    if isinstance(given, str):
        return NamedNode(resolve(given, table.description.base))
    return NamedNode(template.replace("{table}", table_name(table.description.url)))
