"""The whole graph, put together: ontology, code lists, tables, identity, provenance.

Every part keeps a named graph of its own, so that each statement tells where it was made::

    graph/ontology     the modules of the ontology
    graph/alignments   how its terms relate to other vocabularies
    graph/nuts, graph/nace, graph/codes     the code lists
    graph/{table}      what the table of that name says
    graph/dataset      what the graphs themselves are: title, licence, file, size

The same thing often stands in several tables under several keys. ``data/identity.csv`` lists which
keys are one thing and why; here each alias gives way to the thing's one IRI, in every statement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar, cast

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.csvw import (
    CellFault,
    CodeLists,
    Place,
    Tables,
    TracedTriple,
    code_lists,
    convert,
    read,
)
from clustergraph.errors import UnreadableInputError
from clustergraph.rdf.files import reading_of
from clustergraph.statistics.links import cluster_links
from clustergraph.statistics.tables import read_rows
from clustergraph.vocab import BASE, GRAPH, ID, ONTOLOGY, PREFIXES

Term = TypeVar("Term", ox.NamedNode | ox.BlankNode, ox.NamedNode | ox.BlankNode | ox.Literal)

_LABEL: Final = ox.NamedNode(PREFIXES["rdfs"] + "label")
_PREF_LABEL: Final = ox.NamedNode(PREFIXES["skos"] + "prefLabel")
_RDF_TYPE: Final = ox.NamedNode(PREFIXES["rdf"] + "type")
_LICENCE: Final = ox.NamedNode("https://creativecommons.org/licenses/by/4.0/")
_REUSE: Final = ox.NamedNode("http://publications.europa.eu/resource/celex/32011D0833")
"""The decision by which data of Eurostat may be reused with acknowledgement."""
_DATASET: Final = ox.NamedNode(BASE.rstrip("/"))


@dataclass(frozen=True)
class Dataset:
    """The quads of the shipped graph, with the cells that the tables' share was made from.

    Attributes:
        quads: every statement once per named graph.
        traced: the quads that tables state, each with a cell that does.
        codes: the code lists of the ontology, which cells are checked against.
    """

    quads: tuple[ox.Quad, ...]
    traced: Sequence[tuple[ox.Quad, Place]]
    codes: CodeLists

    @cached_property
    def places(self) -> Mapping[ox.Triple, tuple[Place, ...]]:
        """The cells behind a triple, in the order of the tables; none for ontology and codes."""
        found: dict[ox.Triple, list[Place]] = {}
        for quad, place in self.traced:
            found.setdefault(quad.triple, []).append(place)
            if quad.predicate == _PREF_LABEL:
                label = ox.Triple(quad.subject, _LABEL, quad.object)
                found.setdefault(label, []).append(place)
        return {triple: tuple(places) for triple, places in found.items()}


def assemble(ontology: Path | None = None, data: Path | None = None) -> Dataset:
    """Build the graph from the files of the ontology and the tables.

    Args:
        ontology: the directory of the ontology and its code lists; the shipped one by default.
        data: the directory of the tables; the shipped one by default.

    Returns:
        all quads, traceable to their cells.

    Raises:
        TablesError: cells break their metadata; the error holds all of them.
        UnreadableInputError: a file is missing or not what its name says.
    """
    ontology = ontology or artefacts.room("ontology")
    data = data or artefacts.room("data")
    quads = list(_ontology_quads(ontology))
    codes = code_lists(quads)
    aliases = _aliases(data / "identity.csv")
    traced = [
        (
            ox.Quad(
                _resolve(triple.subject, aliases),
                triple.predicate,
                _resolve(triple.object, aliases),
                triple.graph,
            ),
            triple.place,
        )
        for triple in _traced(data, codes)
    ]
    quads += [quad for quad, _ in traced]
    quads += list(_labels(quads))
    quads = list(dict.fromkeys(quads))
    quads += cluster_links(quads)
    quads += list(_description(quads, ontology, data))
    return Dataset(tuple(quads), traced, codes)


def _labels(quads: list[ox.Quad]) -> Iterator[ox.Quad]:
    """State each `skos:prefLabel` as `rdfs:label` as well, as SKOS defines it.

    So one property names every thing, also for tools that draw no inferences.
    """
    for quad in quads:
        if quad.predicate == _PREF_LABEL:
            yield ox.Quad(quad.subject, _LABEL, quad.object, quad.graph_name)


def observations(
    ontology: Path | None = None, data: Path | None = None, codes: CodeLists | None = None
) -> Iterator[ox.Quad]:
    """Yield the quads of the official statistics, which are loaded apart from the rest.

    They are most of the graph, and no cell of theirs is ever traced.

    Args:
        ontology: the directory of the ontology and its code lists; the shipped one by default.
        data: the directory of the tables; the shipped one by default.
        codes: the code lists of the ontology, if they have been read already.

    Raises:
        TablesError: cells break their metadata; the error holds all of them.
    """
    ontology = ontology or artefacts.room("ontology")
    directory = (data or artefacts.room("data")) / "statistics" / "observations"
    if not directory.is_dir():
        return
    codes = codes or code_lists(_ontology_quads(ontology))
    quads = [ox.Quad(*traced[:4]) for traced in convert(directory, codes=codes)]
    yield from quads
    yield from _graphs(quads, ontology, directory, _REUSE)


def table_directories(data: Path | None = None) -> list[Path]:
    """Return the directories of tables: the facts, the statistics, and their observations.

    Args:
        data: the directory of the tables; the shipped one by default.
    """
    data = data or artefacts.room("data")
    inside = (data / "statistics", data / "statistics" / "observations")
    return [data, *(place for place in inside if place.is_dir())]


def read_tables(path: Path) -> Tables:
    """Read the tables at ``path``, and check them against the shipped code lists.

    Args:
        path: a directory, a metadata file, a CSV file or a workbook.
    """
    return read(path, codes=_shipped_codes())


def check_tables(path: Path | None = None) -> list[CellFault]:
    """Return every fault of the tables at ``path``; see `read_tables`.

    Args:
        path: as for `read_tables`; all shipped tables by default.
    """
    codes = _shipped_codes()
    places = table_directories() if path is None else [path]
    return [fault for place in places for fault in read(place, codes=codes).faults]


def _shipped_codes() -> CodeLists:
    return code_lists(_ontology_quads(artefacts.room("ontology")))


def _traced(data: Path, codes: CodeLists) -> Iterator[TracedTriple]:
    """Yield the triples of the tables that are traced to their cells."""
    for place in table_directories(data)[:2]:
        yield from convert(place, codes=codes)


def _ontology_quads(directory: Path) -> Iterator[ox.Quad]:
    for path in sorted(directory.rglob("*.ttl")):
        graph = ox.NamedNode(GRAPH + _ontology_graph(path.relative_to(directory)))
        with reading_of(path, ox.RdfFormat.TURTLE):
            for quad in ox.parse(path=path, rename_blank_nodes=True):
                yield ox.Quad(quad.subject, quad.predicate, quad.object, graph)


def _ontology_graph(relative: Path) -> str:
    """Return the name of the graph that a file of the ontology room belongs to."""
    match relative.parts:
        case ("alignments", _):
            return "alignments"
        case ("codes", name):
            stem = Path(name).stem
            return {"nuts": "nuts", "nace": "nace", "nace21": "nace"}.get(stem, "codes")
        case _:
            return "ontology"


def _aliases(path: Path) -> dict[ox.NamedNode, ox.NamedNode]:
    """Return which IRI gives way to which, chains followed to their end."""
    rows = read_rows(path, ("alias", "thing", "decision"))
    direct = {row["alias"]: row["thing"] for row in rows if row["decision"] == "same"}
    aliases = {}
    for alias in direct:
        thing, seen = direct[alias], {alias}
        while thing in direct:
            if thing in seen:
                raise UnreadableInputError(
                    str(path), f"{alias} and {thing} are aliases of each other; remove one row"
                )
            seen.add(thing)
            thing = direct[thing]
        aliases[ox.NamedNode(ID + alias)] = ox.NamedNode(ID + thing)
    return aliases


def _resolve(term: Term, aliases: Mapping[ox.NamedNode, ox.NamedNode]) -> Term:
    return cast(Term, aliases.get(term, term)) if isinstance(term, ox.NamedNode) else term


def _description(quads: list[ox.Quad], ontology: Path, data: Path) -> Iterator[ox.Quad]:
    """Describe the dataset and each of its graphs in DCAT, VoID and PROV."""
    dct, dcat, void = (PREFIXES[name] for name in ("dcterms", "dcat", "void"))
    description = "A knowledge graph of cluster policy in Europe."
    for predicate, value in (
        (_RDF_TYPE.value, ox.NamedNode(dcat + "Dataset")),
        (_RDF_TYPE.value, ox.NamedNode(void + "Dataset")),
        (dct + "title", ox.Literal("clustergraph", language="en")),
        (dct + "description", ox.Literal(description, language="en")),
        (dct + "license", _LICENCE),
        (dct + "conformsTo", ox.NamedNode(ONTOLOGY)),
    ):
        yield _say(_DATASET, predicate, value)
    yield from _graphs(quads, ontology, data, _LICENCE)


def _graphs(
    quads: Iterable[ox.Quad], ontology: Path, data: Path, licence: ox.NamedNode
) -> Iterator[ox.Quad]:
    """Describe the named graphs of quads."""
    dct, void, prov = (PREFIXES[name] for name in ("dcterms", "void", "prov"))
    xsd_integer = ox.NamedNode(PREFIXES["xsd"] + "integer")
    for name, size in Counter(quad.graph_name for quad in quads).items():
        if not isinstance(name, ox.NamedNode):
            continue
        yield _say(_DATASET, void + "subset", name)
        yield _say(name, _RDF_TYPE.value, ox.NamedNode(void + "Dataset"))
        yield _say(name, _RDF_TYPE.value, ox.NamedNode(prov + "Entity"))
        yield _say(name, dct + "license", licence)
        yield _say(name, void + "triples", ox.Literal(str(size), datatype=xsd_integer))
        stem = name.value.removeprefix(GRAPH)
        for room, address in (
            (data, data.name),
            (data / "statistics", f"{data.name}/statistics"),
            (ontology / "codes", "ontology/codes"),
        ):
            for file in (room / f"{stem}.csv", room / f"{stem}.ttl"):
                if file.exists():
                    source = ox.NamedNode(f"{BASE}{address}/{file.name}")
                    yield _say(name, prov + "wasDerivedFrom", source)


def _say(subject: ox.NamedNode, predicate: str, value: ox.NamedNode | ox.Literal) -> ox.Quad:
    return ox.Quad(subject, ox.NamedNode(predicate), value, ox.NamedNode(GRAPH + "dataset"))
