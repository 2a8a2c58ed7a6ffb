"""What updates do to a store, quad by quad; and what completes a commit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.errors import QuerySyntaxError, UsageError
from clustergraph.quadstore import Engine
from clustergraph.quadstore.checks import check_update_syntax
from clustergraph.quadstore.delta import Changed, Delta, exchange
from clustergraph.quadstore.generations import Apply, Generations
from clustergraph.quadstore.updates import update

DATA = """
@prefix : <urn:x:> .
:a :p :b , 4.0 , "x"@en . :b :q :a .
:g { :a :p :c . :c :q 7 , "text" . _:blank :p :a . }
:h { :b :p :b ; :q true . }
"""
PREFIXES = {"": "urn:x:"}


def filled(quads: Iterable[ox.Quad] | None = None) -> ox.Store:
    """Return a store with the data, or with other quads."""
    store = ox.Store()
    if quads is None:
        store.load(DATA, ox.RdfFormat.TRIG)
    else:
        store.extend(quads)
    return store


def copied(store: ox.Store) -> ox.Store:
    """Return a copy of a store, with its empty graphs."""
    copy = filled(store)
    for graph in store.named_graphs():
        copy.add_graph(graph)
    return copy


def state(store: ox.Store) -> tuple[set[ox.Quad], set[object]]:
    """Return all that a store holds."""
    return set(store), set(store.named_graphs())


TERMS = st.sampled_from([":a", ":b", ":c", "?x", "?y", "<urn:x:a>"])
VALUES = st.sampled_from([":a", ":b", "4.00", "07", '"x"@EN', '"text"', "?x", "?z", "true", "_:n"])
GRAPHS = st.sampled_from([":g", ":h", ":new", "?g"])
TRIPLES = st.tuples(TERMS, st.sampled_from([":p", ":q", "?p", ":p"]), VALUES).map(" ".join)


def blocks(*, variables: bool, blanks: bool = False) -> st.SearchStrategy[str]:
    """Return groups of triples, some of them in graphs."""
    triples = TRIPLES.filter(lambda text: variables or "?" not in text)
    triples = triples.filter(lambda text: blanks or "_:" not in text)
    graphs = GRAPHS.filter(lambda name: variables or "?" not in name)
    alone = st.lists(triples, max_size=3).map(" . ".join)
    within = st.tuples(graphs, alone).map(lambda pair: f" GRAPH {pair[0]} {{ {pair[1]} }} ")
    return st.tuples(alone, st.one_of(st.just(""), within)).map(
        lambda pair: "{ " + pair[0] + (" ." if pair[0] and pair[1] else "") + pair[1] + "}"
    )


PATTERNS = st.sampled_from(
    [
        "{ ?x ?p ?y }",
        "{ ?x :p ?y OPTIONAL { ?y :q ?z } }",
        "{ GRAPH ?g { ?x ?p ?z } }",
        "{ GRAPH ?g { ?x :p ?y } ?x :q ?z }",
        "{ ?x :p ?z BIND(STRDT('04.0', <http://www.w3.org/2001/XMLSchema#decimal>) AS ?y) }",
        "{ { SELECT ?x (COUNT(*) AS ?z) { ?x ?p ?o } GROUP BY ?x } # a comment; with } a brace\n }",
        "{ VALUES (?x ?z) { (:a ';') (UNDEF '}') } }",
        "{}",
    ]
)
USING = st.sampled_from(["", "", " USING :g ", " USING NAMED :h ", " USING :h USING NAMED :g "])
MODIFIES = st.tuples(
    st.sampled_from(["", "", "WITH :g ", "WITH <urn:x:h> ", "WITH :new "]),
    blocks(variables=True),
    blocks(variables=True),
    USING,
    PATTERNS,
).map(lambda parts: "{}DELETE {} INSERT {}{} WHERE {}".format(*parts))
WHOLE = st.sampled_from(
    [
        "CLEAR GRAPH :g", "DROP GRAPH :h", "CLEAR DEFAULT", "CLEAR NAMED", "DROP ALL",
        "ADD :g TO :h", "MOVE DEFAULT TO :new", "COPY GRAPH :g TO DEFAULT", "COPY :h TO :g",
        "CREATE SILENT GRAPH :g", "CREATE SILENT GRAPH :other", "DROP SILENT GRAPH :nothing",
        "MOVE :g TO :g",
    ]
)  # fmt: skip
OPERATIONS = st.one_of(
    blocks(variables=False).map("INSERT DATA {}".format),
    blocks(variables=False).map("DELETE DATA {}".format),
    blocks(variables=True).map("DELETE WHERE {}".format),
    MODIFIES,
    WHOLE,
)
UPDATES = st.lists(OPERATIONS, min_size=1, max_size=4).map(" ;\n".join)


@given(UPDATES)
def test_a_delta_is_the_difference(text: str) -> None:
    """Any update leaves what the engine leaves, and its delta leads from before to after.

    What a failed update has done is discarded with the copy that it was done to.
    """
    ours = filled()
    before, theirs = copied(ours), copied(ours)
    try:
        theirs.update(text, prefixes=PREFIXES)
    except (RuntimeError, SyntaxError) as error:
        with pytest.raises(type(error)):
            update(ours, text, prefixes=PREFIXES)
        return
    delta = update(ours, text, prefixes=PREFIXES)
    assert delta is not None
    assert state(ours) == state(theirs)
    assert delta.added == set(ours) - set(before)
    assert delta.removed == set(before) - set(ours)
    delta.apply(before)
    assert state(before) == state(ours)


@given(UPDATES)
def test_a_change_can_be_taken_back(text: str) -> None:
    """The inverse of a delta leads back, also to graphs that were empty or not there."""
    store = filled()
    store.add_graph(ox.NamedNode("urn:x:empty"))
    before = state(store)
    try:
        delta = update(store, text, prefixes=PREFIXES)
    except (RuntimeError, SyntaxError):
        return
    assert delta is not None
    Delta(delta.removed, delta.added, delta.dropped, delta.created).apply(store)
    assert state(store) == before


@given(UPDATES, UPDATES)
def test_deltas_add_up(first: str, second: str) -> None:
    """Two deltas, one after the other, are the difference that both have made."""
    store = filled()
    before = set(store)
    whole = Delta()
    for text in (first, second):
        copy = copied(store)
        try:
            delta = update(copy, text, prefixes=PREFIXES)
        except (RuntimeError, SyntaxError):
            continue  # what it has done until then is discarded
        assert delta is not None
        store, whole = copy, whole.then(delta)
    assert whole.added == set(store) - before
    assert whole.removed == before - set(store)


def test_blank_nodes_of_templates_are_new_for_each_solution() -> None:
    """A blank node in a template is another one for each solution, the same within one."""
    store = filled()
    delta = update(
        store,
        "INSERT { ?x :made _:n . GRAPH :g { _:n :by [ :is ?x ] } } WHERE { ?x :q ?y }",
        prefixes=PREFIXES,
    )
    assert delta is not None
    made = [quad.object for quad in delta.added if quad.predicate.value == "urn:x:made"]
    makers = [quad.subject for quad in delta.added if quad.predicate.value == "urn:x:by"]
    assert len(set(made)) == len(made) == 1
    assert made == makers
    assert delta.added <= set(store)


def test_a_failing_operation_takes_the_earlier_ones_back(tmp_path: Path) -> None:
    """When a later operation fails, nothing of the update is published."""
    generations = Generations(tmp_path / "store")
    generations.create(lambda store: store.extend(filled()))
    text = "INSERT DATA { :n :p 1 } ; CLEAR DEFAULT ; CREATE GRAPH :g"
    with pytest.raises(RuntimeError, match="exists"):
        generations.commit(lambda store, _: update(store, text, prefixes=PREFIXES))
    assert generations.current.number == 1
    assert len(list(Engine(tmp_path / "store").store)) == len(list(filled()))


def test_large_changes_are_not_told() -> None:
    """What touches more than a limit is carried out all the same, whole, without a delta."""
    store, text = filled(), "INSERT DATA { :n :p 1 } ; DELETE { ?x ?p ?o } WHERE { ?x ?p ?o }"
    assert update(store, text, prefixes=PREFIXES, most=3) is None
    assert not list(store.quads_for_pattern(None, None, None, ox.DefaultGraph()))
    assert update(store, "CLEAR GRAPH :g", prefixes=PREFIXES, most=3) is None
    assert not list(store.quads_for_pattern(None, None, None, ox.NamedNode("urn:x:g")))


@pytest.mark.parametrize(
    "text",
    [
        "BASE <http://y/z/> PREFIX e: <urn:x:> INSERT DATA { e:n e:p 'a;b}' } # ; } \n;"
        "DELETE { ?s e:p <rel> } INSERT { ?s e:q <rel>, e:a } WHERE { ?s e:p 'a;b}' } ;",
        "INSERT DATA { :n :p true , -1.50e2 ; :q [ :p ( 1 2 ) ] } ;",
        "INSERT { << :a :p ?y >> :q ?y } WHERE { :a :p ?y }",
        "INSERT { :s :p <<( ?x ?p ?y )>> } WHERE { ?x ?p ?y }",
        "INSERT { GRAPH ?y { ?y ?x ?x } } WHERE { ?x :p ?y }",
        "PREFIX e: <urn:x:>",
        "",
    ],
)
def test_delta_of_all_that_the_grammar_has(text: str) -> None:
    """Declarations, lists, triple terms and strings with brackets in them are understood."""
    theirs = filled()
    ours = copied(theirs)
    theirs.update(text, prefixes=PREFIXES)
    before = copied(ours)
    delta = update(ours, text, prefixes=PREFIXES)
    assert delta is not None
    assert len(ours) == len(theirs)
    delta.apply(before)
    assert state(before) == state(ours)
    datasets = [ox.Dataset(ours), ox.Dataset(theirs)]
    for dataset in datasets:
        dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    assert datasets[0] == datasets[1]


@pytest.mark.parametrize("between", ["\n", "PREFIX x: <urn:x:>\n"])
def test_syntax_errors_say_where(between: str) -> None:
    """What is no update is refused before anything is done, with its place in the whole text."""
    store = ox.Store()
    text = f"INSERT DATA {{ :a :p 9 }} ;{between}DELETE DATA {{ ?x :p 1 }}"
    with pytest.raises(SyntaxError):
        update(store, text, prefixes=PREFIXES)
    assert not list(store)
    with pytest.raises(QuerySyntaxError, match="line 2, column 1:"):
        check_update_syntax(text, prefixes=PREFIXES)


def test_exchange_reports_only_what_changes() -> None:
    """Quads that are there already, are not there, or come back, are no change."""
    store = filled()
    one, *_ = store
    other = ox.Quad(one.subject, one.predicate, ox.Literal("new"), ox.NamedNode("urn:x:n"))
    assert exchange(store, [one, other], [one]) == Delta()
    delta = exchange(store, [one], [other])
    assert delta == Delta({other}, {one}, {ox.NamedNode("urn:x:n")})


# What completes a commit


@pytest.fixture
def generations(tmp_path: Path) -> Generations:
    """A store whose first generation is empty."""
    made = Generations(tmp_path / "store")
    made.create()
    return made


def adding(quad: ox.Quad) -> Apply[Changed[str]]:
    """Return a change that adds a quad, and says so."""
    return lambda store, _: Changed("done", exchange(store, (), [quad]))


def quad_of(name: str) -> ox.Quad:
    """Return some quad."""
    return ox.Quad(ox.NamedNode(f"urn:{name}"), ox.NamedNode("urn:p"), ox.Literal(name))


def test_settling_hears_the_change(generations: Generations) -> None:
    """The copy is completed after the change, by what hears what the change did."""
    one, two, follows = quad_of("one"), quad_of("two"), quad_of("follows")
    heard: list[Delta | None] = []

    def settle(store: ox.Store, delta: Delta | None) -> None:
        heard.append(delta)
        store.add(follows)

    generations.commit(adding(one), settle)
    assert heard == [Delta({one})]
    assert set(Engine(generations.directory).store) == {one, follows}
    # A change that does not say what it did may have done anything.
    generations.commit(lambda store, _: store.add(two), settle)
    assert heard[1:] == [None]


def test_settling_that_fails_undoes_the_commit(generations: Generations) -> None:
    """What completes the copy can refuse the commit; nothing has happened then."""

    def settle(store: ox.Store, delta: Delta | None) -> None:
        raise UsageError("not so")

    with pytest.raises(UsageError, match="not so"):
        generations.commit(adding(quad_of("a")), settle)
    assert generations.current.number == 1
    assert [path.name for path in (generations.directory / "generations").iterdir()] == ["000001"]


def test_a_new_store_is_settled_too(tmp_path: Path) -> None:
    """The first generation is completed as well, by somebody who knows nothing of its making."""
    heard: list[Delta | None] = []
    Generations(tmp_path / "new").create(None, lambda _, delta: heard.append(delta))
    assert heard == [None]
