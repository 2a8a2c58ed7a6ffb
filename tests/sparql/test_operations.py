"""Declarations between the operations of an update: the same as if each operation came alone."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.quadstore.updates import update
from clustergraph.sparql.operations import operations

BASE = "http://base/"
KNOWN = {"cg": "urn:cg:"}
DECLARATIONS = st.one_of(
    st.sampled_from(["http://a/b/", "http://c/d#e", "x/y", "../z"]).map("BASE <{}>".format),
    st.tuples(
        st.sampled_from(["a", "b", "", "cg", "a-2"]),
        st.sampled_from(["urn:1:", "urn:2:", "rel/", "#f", "http://h/"]),
    ).map(lambda pair: f"PREFIX {pair[0]}: <{pair[1]}>"),
)
OPERATIONS = st.tuples(
    st.sampled_from(["a:x", "b:y", ":z", "<r>", "cg:k"]),
    st.sampled_from(["a:p", "<p>", "cg:p", "b:p"]),
    st.sampled_from(["<urn:abs>", "<#q>", "a-2:m", "'s;PREFIX a: <urn:9:>'", "a:x\\-1", ":z"]),
).map(lambda terms: f"INSERT DATA {{ {' '.join(terms)} }} # c; PREFIX a: <urn:8:>\n")
PARTS = st.lists(st.tuples(st.lists(DECLARATIONS, max_size=2), OPERATIONS), min_size=1, max_size=4)


def one_by_one(parts: list[tuple[list[str], str]]) -> set[ox.Quad] | None:
    """Return what the operations do, each with all declarations before it; None: they are wrong."""
    store, prologue = ox.Store(), ""
    try:
        for declarations, operation in parts:
            prologue += " ".join(declarations) + " "
            store.update(prologue + operation, base_iri=BASE, prefixes=KNOWN)
    except SyntaxError:
        return None
    return set(store)


@given(PARTS, st.lists(DECLARATIONS, max_size=1))
def test_as_if_each_operation_came_alone(
    parts: list[tuple[list[str], str]], rest: list[str]
) -> None:
    """A declaration holds from where it stands; what is not declared there yet is an error."""
    pieces = [" ".join([*declarations, operation]) for declarations, operation in parts]
    text = " ; ".join([*pieces, *rest])
    store = ox.Store()
    found: set[ox.Quad] | None = None
    try:
        update(store, text, base_iri=BASE, prefixes=KNOWN)
        found = set(store)
    except SyntaxError:
        assert not store
    assert found == one_by_one(parts)


@pytest.mark.parametrize(
    "text",
    [
        "CLEAR ALL ; PREFIX a: <b:> INSERT DATA { a:a a:b 'never closed }",
        "CLEAR ALL ;; CLEAR ALL",
        "INSERT DATA { _:b <a:b> 1 } ; INSERT DATA { _:b <a:b> 1 }",
    ],
)
def test_what_cannot_be_taken_apart_stays_whole(text: str) -> None:
    """The engine then says what is wrong."""
    (whole,) = operations(text, BASE, KNOWN)
    assert (whole.text, whole.tokens) == (text, ())
    with pytest.raises(SyntaxError):
        update(ox.Store(), text)


def test_operations_without_quads_to_tell_hold_their_declarations() -> None:
    """Where the engine carries out everything, each operation has its own declarations too."""
    store = ox.Store()
    text = "INSERT { <a:a> <a:b> ?x } WHERE { VALUES ?x { 1 2 } } ; "
    text += "PREFIX a: <c:> INSERT DATA { a:a a:b 3 }"
    assert update(store, text, most=1) is None
    assert {str(quad.subject) for quad in store} == {"<a:a>", "<c:a>"}
