"""The assembled graph: identity, named graphs, traceability, and faults of its files."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph import artefacts, dataset
from clustergraph.csvw import code_lists
from clustergraph.errors import SyntaxFaultError, TablesError, UnreadableInputError
from clustergraph.vocab import CG, GRAPH, ID, PREFIXES

LABEL = ox.NamedNode(PREFIXES["rdfs"] + "label")
NANOPROGRESS = ox.NamedNode(ID + "cluster-organisation/nanoprogress")


@pytest.fixture(scope="module")
def shipped() -> dataset.Dataset:
    return dataset.assemble()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a copy of the shipped tables, to break."""
    return Path(shutil.copytree(artefacts.room("data"), tmp_path / "data"))


def test_no_alias_is_left(shipped: dataset.Dataset) -> None:
    """An IRI that the identity table calls an alias occurs nowhere in the graph."""
    lines = (artefacts.room("data") / "identity.csv").read_text(encoding="utf-8").splitlines()
    aliases = {ID + line.split(",")[0] for line in lines if ",same," in line}
    assert len(aliases) > 50
    for quad in shipped.quads:
        for term in (quad.subject, quad.object):
            assert not (isinstance(term, ox.NamedNode) and term.value in aliases), term


def test_one_thing_unites_its_tables(shipped: dataset.Dataset) -> None:
    """What two tables say of one organisation meets at one IRI, each in its own graph."""
    graphs = {quad.graph_name.value for quad in shipped.quads if quad.subject == NANOPROGRESS}
    assert {GRAPH + "cluster_organisations", GRAPH + "label_awards"} <= graphs


def test_each_table_has_its_graph(shipped: dataset.Dataset) -> None:
    """Every table that states anything fills the graph of its name."""
    sizes = Counter(quad.graph_name.value for quad in shipped.quads)
    files = artefacts.room("data").glob("*.csv")
    tables = {path.stem for path in files if path.read_bytes().count(b"\n") > 1} - {"identity"}
    assert {GRAPH + table for table in tables} <= sizes.keys()
    assert {GRAPH + name for name in ("ontology", "nuts", "nace", "codes")} <= sizes.keys()


def test_every_triple_of_a_table_leads_to_its_cell(shipped: dataset.Dataset) -> None:
    """The label of a cluster organisation is traced to the very line and column that hold it."""
    tables = {GRAPH + path.stem for path in artefacts.room("data").glob("*.csv")}
    for quad in shipped.quads:
        if quad.graph_name.value in tables:
            assert shipped.places[quad.triple], quad
    label = ox.Triple(NANOPROGRESS, LABEL, ox.Literal("Nanoprogress", language="en"))
    [place, *_] = shipped.places[label]
    line = place.path.read_text(encoding="utf-8").splitlines()[(place.row or 0) - 1]
    assert place.path.name == "cluster_organisations.csv"
    assert place.column == "name_en"
    assert line.startswith("cluster-organisation/nanoprogress,") or ",Nanoprogress," in line


def test_the_graphs_are_described(shipped: dataset.Dataset) -> None:
    """Each named graph has a licence and its true size in the description of the dataset."""
    sizes = Counter(quad.graph_name.value for quad in shipped.quads)
    licensed, told = set(), {}
    for quad in shipped.quads:
        if quad.graph_name.value != GRAPH + "dataset":
            continue
        if quad.predicate.value == PREFIXES["dcterms"] + "license":
            licensed.add(quad.subject.value)
        if quad.predicate.value == PREFIXES["void"] + "triples":
            told[quad.subject.value] = int(quad.object.value)
    described = sizes.keys() - {GRAPH + "dataset"}
    assert described <= licensed
    assert told == {name: sizes[name] for name in described}


@pytest.mark.full
def test_an_added_row_changes_no_other_triple(data: Path, shipped: dataset.Dataset) -> None:
    """Adding a row at the top of a table keeps every statement, and so every IRI, as it was."""
    path = data / "sectors.csv"
    header, first, *rest = path.read_text(encoding="utf-8").splitlines()
    key = first.split(",")[0]
    added = first.replace(key, key.rpartition("/")[0] + "/aaa-new" if "/" in key else "aaa-new", 1)
    path.write_text("\n".join([header, added, first, *rest, ""]), encoding="utf-8")
    grown = dataset.assemble(data=data)

    def stated(quads: tuple[ox.Quad, ...]) -> set[ox.Quad]:
        return {
            quad
            for quad in quads
            if quad.graph_name.value != GRAPH + "dataset"
            and not isinstance(quad.subject, ox.BlankNode)
            and not isinstance(quad.object, ox.BlankNode)
        }

    before, after = stated(shipped.quads), stated(grown.quads)
    assert before < after
    assert {quad.subject.value.rpartition("/")[2] for quad in after - before} == {"aaa-new"}


def test_broken_cells_are_all_told(data: Path) -> None:
    """A wrong country and a wrong year in one table are both in the error, with file and line."""
    path = data / "cluster_organisations.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",AT,", ",QQ,", 2), encoding="utf-8")
    with pytest.raises(TablesError) as caught:
        dataset.assemble(data=data)
    faults = caught.value.faults
    assert [fault.value for fault in faults] == ["QQ", "QQ"]
    assert all(fault.place.path == path and fault.place.column == "country" for fault in faults)


def test_circular_identity_is_refused(data: Path) -> None:
    """Two keys that are aliases of each other name no thing: the error says which."""
    path = data / "identity.csv"
    with path.open("a", encoding="utf-8") as table:
        table.write("organisation/a-x,organisation/b-x,same,test,\n")
        table.write("organisation/b-x,organisation/a-x,same,test,\n")
    with pytest.raises(UnreadableInputError, match=r"organisation/[ab]-x"):
        dataset.assemble(data=data)


def test_broken_turtle_names_its_place(tmp_path: Path) -> None:
    """An ontology file that is not Turtle is named with line and column."""
    (tmp_path / "core.ttl").write_text("@prefix cg: <x:> .\ncg:a cg:b ;; ] .\n", encoding="utf-8")
    with pytest.raises(SyntaxFaultError) as caught:
        dataset.assemble(ontology=tmp_path)
    assert (caught.value.line, Path(caught.value.source).name) == (2, "core.ttl")


def test_code_lists_know_their_codes(shipped: dataset.Dataset) -> None:
    """Tables are checked against the codes of the ontology: countries, regions, sectors, roles."""
    lists = code_lists(shipped.quads)
    assert {"CZ", "XK", "EU"} <= lists["country"].keys()
    assert {"CZ080", "AT31"} <= lists["nuts"].keys()
    assert "coordinator" in lists["role"]
    assert not any(code.startswith(CG) for code in lists["role"])
