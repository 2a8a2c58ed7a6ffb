"""Answers as tables and as the standard formats of SPARQL results and of RDF."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO, Final

import pyoxigraph as ox

from clustergraph.errors import UnknownNameError, UsageError
from clustergraph.rdf.values import value
from clustergraph.sparql.answers import Answer, WellFormed, holdable, reading
from clustergraph.sparql.sheets import write_parquet, write_xlsx
from clustergraph.terminal import harmless, markdown, table
from clustergraph.vocab import PREFIXES, shorten


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
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_JSON: Final = ("application/json",)
_XML: Final = ("application/xml", "text/xml")
_TABLE: Final = (
    Format("json", "application/sparql-results+json", ".srj", _Results.JSON, _JSON),
    Format("xml", "application/sparql-results+xml", ".srx", _Results.XML, _XML),
    Format("csv", "text/csv", ".csv", _Results.CSV),
    Format("tsv", "text/tab-separated-values", ".tsv", _Results.TSV),
    Format("table", "text/plain", ".txt", None),
    Format("markdown", "text/markdown", ".md", None),
    Format("xlsx", _XLSX, ".xlsx", None),
    Format("parquet", "application/vnd.apache.parquet", ".parquet", None),
    Format("turtle", "text/turtle", ".ttl", _Rdf.TURTLE, ("application/x-turtle",)),
    Format("ntriples", "application/n-triples", ".nt", _Rdf.N_TRIPLES),
    Format("jsonld", "application/ld+json", ".jsonld", _Rdf.JSON_LD, _JSON),
    Format("rdfxml", "application/rdf+xml", ".rdf", _Rdf.RDF_XML, ("application/xml",)),
    Format("trig", "application/trig", ".trig", _Rdf.TRIG),
    Format("nquads", "application/n-quads", ".nq", _Rdf.N_QUADS),
)
FORMATS: Final[Mapping[str, Format]] = MappingProxyType({form.name: form for form in _TABLE})
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


def write(answer: Answer, form: Format, stream: IO[bytes]) -> None:
    """Write an answer.

    Args:
        answer: what to write; it is read to its end.
        form: a format that `form_for` allows.
        stream: where to write.

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
                text = (markdown if form.name == "markdown" else table)(names, cells)
                stream.write(text.encode("utf-8", "replace"))
        elif isinstance(answer, ox.QueryBoolean):
            if isinstance(form.engine, ox.QueryResultsFormat):
                answer.serialize(stream, form.engine)
            elif form.name in _SHEETS:
                _SHEETS[form.name](["answer"], [[bool(answer)]], stream)
            else:
                stream.write(b"true" if answer else b"false")
            if form.name in ("table", "markdown", "csv", "tsv"):
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
