"""Answers as tables and as the standard formats of SPARQL results and of RDF."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO, Final

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError, UsageError
from clustergraph.rdf.values import value
from clustergraph.sparql.answers import Answer, reading
from clustergraph.sparql.sheets import write_parquet, write_xlsx
from clustergraph.sparql.wellformed import WellFormed, holdable
from clustergraph.terminal import harmless
from clustergraph.vocab import PREFIXES, shorten

__all__ = ["FORMATS", "Format", "display", "form_for", "is_triples", "table", "write"]


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write an answer down.

    Attributes:
        name: as the command line and ``?format=`` know it.
        media_type: as HTTP knows it.
        suffix: of files that hold it.
        engine: the engine's own name; None: it is written here.
        also: further media types by which clients ask for it.
    """

    name: str
    media_type: str
    suffix: str
    engine: ox.QueryResultsFormat | ox.RdfFormat | None
    also: tuple[str, ...] = ()

    @property
    def holds_triples(self) -> bool:
        """Whether it holds triples rather than solutions or a truth."""
        return isinstance(self.engine, ox.RdfFormat)

    @property
    def content_type(self) -> str:
        """The media type with its character set, for an HTTP header."""
        text = self.media_type.startswith("text/")
        return f"{self.media_type}; charset=utf-8" if text else self.media_type


_Results = ox.QueryResultsFormat
_Rdf = ox.RdfFormat
FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        form.name: form
        for form in (
            Format(
                "json",
                "application/sparql-results+json",
                ".srj",
                _Results.JSON,
                ("application/json",),
            ),
            Format(
                "xml",
                "application/sparql-results+xml",
                ".srx",
                _Results.XML,
                ("application/xml", "text/xml"),
            ),
            Format("csv", "text/csv", ".csv", _Results.CSV),
            Format("tsv", "text/tab-separated-values", ".tsv", _Results.TSV),
            Format("table", "text/plain", ".txt", None),
            Format(
                "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                ".xlsx",
                None,
            ),
            Format("parquet", "application/vnd.apache.parquet", ".parquet", None),
            Format("turtle", "text/turtle", ".ttl", _Rdf.TURTLE, ("application/x-turtle",)),
            Format("ntriples", "application/n-triples", ".nt", _Rdf.N_TRIPLES),
            Format("jsonld", "application/ld+json", ".jsonld", _Rdf.JSON_LD, ("application/json",)),
            Format("rdfxml", "application/rdf+xml", ".rdf", _Rdf.RDF_XML, ("application/xml",)),
            Format("trig", "application/trig", ".trig", _Rdf.TRIG),
            Format("nquads", "application/n-quads", ".nq", _Rdf.N_QUADS),
        )
    }
)
"""All formats by name: those for solutions and truths first, best first; then those for triples."""


def is_triples(answer: Answer) -> bool:
    """Say whether an answer holds triples (CONSTRUCT, DESCRIBE)."""
    return not isinstance(answer, ox.QuerySolutions | ox.QueryBoolean)


def form_for(answer: Answer, name: str | None = None) -> Format:
    """Return the format of that name, if it can hold the answer.

    Args:
        answer: what is to be written.
        name: a key of `FORMATS`; None: ``turtle`` for triples, else ``table``.

    Raises:
        UnknownNameError: no such format.
        UsageError: it cannot hold this kind of answer; says which can.
    """
    triples = is_triples(answer)
    if name is None:
        return FORMATS["turtle" if triples else "table"]
    if name not in FORMATS:
        raise UnknownNameError("format", name, FORMATS)
    if FORMATS[name].holds_triples != triples:
        fitting = ", ".join(key for key, form in FORMATS.items() if form.holds_triples == triples)
        forms = "CONSTRUCT or DESCRIBE" if triples else "SELECT or ASK"
        raise UsageError(f"{name} cannot hold the answer of {forms}; choose one of {fitting}")
    return FORMATS[name]


def write(
    answer: Answer,
    form: Format,
    stream: IO[bytes],
    *,
    width: int | None = None,
    styled: bool = False,
) -> None:
    """Write an answer.

    Args:
        answer: what to write; it is read to its end.
        form: a format that `form_for` allows.
        stream: where to write.
        width: columns of the terminal that a table has to fit; None: as wide as it needs.
        styled: whether a table may use colour and weight.

    Raises:
        QueryError: the engine fails while the answer is read.
        FormatError: the format cannot hold something in the answer.
        UsageError: the answer does not fit into the format, or a library for it is missing.
    """
    with reading():
        if isinstance(answer, ox.QuerySolutions):
            if isinstance(form.engine, ox.QueryResultsFormat):
                xml = form.engine == ox.QueryResultsFormat.XML
                answer.serialize(WellFormed(stream) if xml else stream, form.engine)  # type: ignore[arg-type]
            elif form.name in _SHEETS:
                rows = ([value(term) for term in solution] for solution in answer)
                _SHEETS[form.name]([one.value for one in answer.variables], rows, stream)
            else:
                cells = [[_cell(term) for term in solution] for solution in answer]
                names = [variable.value for variable in answer.variables]
                text = table(names, cells, width, styled)
                if width is not None:
                    text += f"{len(cells):,} row{'' if len(cells) == 1 else 's'}\n"
                stream.write(text.encode("utf-8", "replace"))
        elif isinstance(answer, ox.QueryBoolean):
            if isinstance(form.engine, ox.QueryResultsFormat):
                answer.serialize(stream, form.engine)
            elif form.name in _SHEETS:
                _SHEETS[form.name](["answer"], [[bool(answer)]], stream)
            else:
                stream.write(b"true" if answer else b"false")
            if form.name in ("table", "csv", "tsv"):
                stream.write(b"\n")
        elif isinstance(form.engine, ox.RdfFormat):
            triples, prefixes = _with_prefixes(holdable(answer, form.engine))
            ox.serialize(triples, stream, form.engine, prefixes=prefixes)


_SHEETS: Final = MappingProxyType({"xlsx": write_xlsx, "parquet": write_parquet})

# A short answer declares only the prefixes that it uses; a long one is not kept in memory for it.
_LOOKED_AT: Final = 2000


def _with_prefixes(triples: Iterable[ox.Triple]) -> tuple[Iterable[ox.Triple], dict[str, str]]:
    remaining = iter(triples)
    first = list(itertools.islice(remaining, _LOOKED_AT))
    if len(first) == _LOOKED_AT:
        return itertools.chain(first, remaining), dict(PREFIXES)
    text = ox.serialize(first, format=ox.RdfFormat.N_TRIPLES) or b""
    used = {name: iri for name, iri in PREFIXES.items() if b"<" + iri.encode() in text}
    return first, used


def display(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None) -> str:
    """Return a term as a person reads it: names with prefixes, literals by their text alone."""
    if term is None:
        return ""
    if isinstance(term, ox.NamedNode):
        short = shorten(term.value)
        return short if short != term.value else f"<{short}>"
    if isinstance(term, ox.Literal):
        return term.value
    if isinstance(term, ox.Triple):
        parts = " ".join(map(display, (term.subject, term.predicate, term.object)))
        return f"<<( {parts} )>>"
    return str(term)


def _cell(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None) -> str:
    return harmless(display(term))


def table(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int | None = None,
    styled: bool = False,
) -> str:
    """Lay rows out as a table; columns of numbers are aligned to the right.

    Args:
        names: the columns' heads.
        rows: the cells, as text.
        width: columns of the terminal that it has to fit; None: a row a line, for pipes and files.
        styled: whether it may use weight.
    """
    numeric = [_is_numeric(row[index] for row in rows) for index in range(len(names))]
    if width is None:
        return _plain_table(names, rows, numeric)
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.ROUNDED)
    for name, number in zip(names, numeric, strict=True):
        grid.add_column(Text(name), justify="right" if number else "left", overflow="fold")
    for row in rows:
        grid.add_row(*map(Text, row))
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=styled, highlight=False).print(grid)
    return out.getvalue()


def _plain_table(
    names: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]
) -> str:
    """Return a table in aligned columns, a row to a line, for pipes and files."""
    from rich.cells import cell_len

    lines = [list(names), *([" ".join(cell.split()) for cell in row] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    text = []
    for line in lines:
        cells = []
        for cell, width, right in zip(line, widths, numeric, strict=True):
            padding = " " * (width - cell_len(cell))
            cells.append(padding + cell if right else cell + padding)
        text.append("  ".join(cells).rstrip() + "\n")
    return "".join(text)


def _is_numeric(cells: Iterable[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(_NUMBER.fullmatch(cell) for cell in filled)


_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
