"""The search index kept up to date by what commits changed: the same as one made anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from clustergraph.owl import settle
from clustergraph.owl.incremental import Inference
from clustergraph.pages import gather, indexes
from clustergraph.pages.index import Index, Selection
from clustergraph.quadstore import Engine, build
from clustergraph.quadstore.delta import Changed, changed, exchange
from clustergraph.quadstore.engine import StoreEngine
from clustergraph.quadstore.generations import Generations

CG, ID = "https://w3id.org/clustergraph/ns#", "https://w3id.org/clustergraph/id/"
NUTS = "http://data.europa.eu/nuts/code/"
LABEL = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
PREFERRED = ox.NamedNode("http://www.w3.org/2004/02/skos/core#prefLabel")
GRAPH = ox.NamedNode("https://w3id.org/clustergraph/graph/things")
OTHER = ox.NamedNode(ID + "cluster-organisation/other")
CODE = "https://w3id.org/clustergraph/code/"
SUBJECTS = [
    OTHER,
    *(ox.NamedNode(ID + name) for name in (
        "cluster-organisation/alpha", "cluster-organisation/lodz", "organisation/hub",
        "organisation/m001", "ecosystem/textiles", "place/brno", "partnership/p", "claim/one",
    )),
    *(ox.NamedNode(CODE + name) for name in ("country/CZ", "country/PL", "sector/unused")),
    *(ox.NamedNode(NUTS + name) for name in ("CZ06", "CZ064", "CZ063")),
]  # fmt: skip
LINKS = [
    ox.NamedNode(CG + name)
    for name in ("country", "region", "ecosystem", "sector", "partnerIn", "hasLabel", "call",
                 "awardedLabel", "labelLevel", "fundedBy", "callOf", "place", "offersService")
]  # fmt: skip
TEXTS = [LABEL, PREFERRED, *(ox.NamedNode(CG + name) for name in ("city", "acronym", "started"))]
literals = st.sampled_from(["alpha", "Beta Cluster", "Łódź", "2004", "2019-05", "textile"]).flatmap(
    lambda text: st.sampled_from(
        [ox.Literal(text), ox.Literal(text, language="en"), ox.Literal(text, language="cs")]
    )
)
statements = st.one_of(
    st.builds(ox.Triple, st.sampled_from(SUBJECTS), st.sampled_from(TEXTS), literals),
    st.builds(
        ox.Triple, st.sampled_from(SUBJECTS), st.sampled_from(LINKS), st.sampled_from(SUBJECTS)
    ),
    st.builds(
        ox.Triple,
        st.sampled_from(SUBJECTS),
        st.just(TYPE),
        st.sampled_from([ox.NamedNode(CG + name) for name in ("University", "Sector", "Claim")]),
    ),
)


def contents(database: sqlite3.Connection) -> dict[str, list[Any]]:
    """Return what an index holds, without the numbers that it gives to things."""
    return {
        text: sorted(map(tuple, database.execute(text)))
        for text in (
            "SELECT iri, kind, thing.place, shown, en, cs, acronym, text_en, text_cs, city, "
            "country, lon, lat, homepage, ended, name, key, entry.place AS places, body "
            "FROM thing JOIN entry USING (id)",
            "SELECT iri, name, value FROM facet JOIN thing ON thing.id = facet.thing",
            "SELECT name, value, iri, en, cs FROM value",
            "SELECT term, doc, cnt FROM known",
        )
    }


@pytest.fixture(scope="module")
def first(little: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the little graph and what follows from it, and the index of it beside."""
    directory = tmp_path_factory.mktemp("index")
    build(directory / "store", lambda: little.store, settle)
    database = sqlite3.connect(directory / "index")
    gather.build(Engine(directory / "store"), database)
    database.close()
    return directory


@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(places=st.lists(st.integers(0, 400), max_size=6), added=st.lists(statements, max_size=6))
def test_an_updated_index_is_one_made_anew(
    places: list[int], added: list[ox.Triple], first: Path, little: Engine
) -> None:
    """Whatever a change adds and removes, things, facets, words and ranks are the same."""
    store = ox.Store()
    quads = sorted(little.store, key=lambda quad: (len(str(quad.subject)), str(quad)), reverse=True)
    store.extend(quads)
    Inference()(store, None)
    removed = [quads[place % len(quads)] for place in places]
    delta = exchange(store, removed, [ox.Quad(*one, GRAPH) for one in added])
    inferred = Inference()(store, delta)
    engine, database = StoreEngine(store), sqlite3.connect(":memory:")
    with closing(sqlite3.connect(first / "index")) as kept:
        kept.backup(database)
    if inferred is None:
        return
    whole = delta.then(inferred)
    triples = {quad.triple for quad in (*whole.added, *whole.removed)}
    if not gather.update(engine, database, triples):
        assert any(word in str(triples) for word in ("subClassOf", "broader", "ns#"))
        return
    anew = sqlite3.connect(":memory:")
    gather.build(engine, anew)
    assert contents(database) == contents(anew)
    updated, made = Index(database), Index(anew)
    for words in ("alpha", "aplha cluster", "textile brno", "textl"):
        assert updated.search(Selection(words)) == made.search(Selection(words))
        shown = [[row["iri"] for row in one.page("en", 0, -1, True)] for one in (updated, made)]
        assert shown[0] == shown[1]


def test_a_commit_updates_the_index_before(
    first: Path, tmp_path: Path, show_from: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a commit the index of the generation before is brought up to date, not made anew."""
    directory = tmp_path / "store"
    Generations(first / "store").backup(directory)
    at = Generations(directory).current.committed_at
    show = show_from(Engine(directory), 1, committed_at=at)
    assert "Another" not in show("/find?q=another").text
    quad = ox.Quad(OTHER, LABEL, ox.Literal("Another", language="en"), ox.NamedNode(ID + "g"))
    kind = ox.Quad(OTHER, TYPE, ox.NamedNode(CG + "University"), ox.NamedNode(ID + "g"))
    generation, _ = Generations(directory).commit(
        lambda store, _: Changed(None, exchange(store, [], [quad, kind])), settle
    )

    def never(*_: object) -> None:
        raise AssertionError("made anew")

    monkeypatch.setattr(indexes, "build", never)
    show = show_from(Engine(directory), 2, committed_at=generation.committed_at)
    assert ">Another</a>" in show("/find?q=another").text


def test_what_changed_is_unknown_after_a_gap(first: Path, tmp_path: Path) -> None:
    """A roll-back, or a generation of another store at the same place, leaves changes unknown."""
    directory = tmp_path / "store"
    generations = Generations(directory)
    Generations(first / "store").backup(directory)
    since = generations.current.committed_at
    quad = ox.Quad(OTHER, LABEL, ox.Literal("x"), ox.NamedNode(ID + "g"))
    generations.commit(lambda store, _: Changed(None, exchange(store, [], [quad])), settle)
    assert changed(directory, 1, since, 2) == {quad.triple}
    assert changed(directory, 1, since - 1, 2) is None
    generations.roll_back(1)
    assert changed(directory, 2, since, 3) is None
    generations.commit(lambda store, _: store.add(quad), settle)
    assert changed(directory, 3, generations.get(3).committed_at, 4) is None
