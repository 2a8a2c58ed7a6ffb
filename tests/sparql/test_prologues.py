"""Declarations between the operations of an update: the same as if each operation came alone."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.sparql.prologues import gathered

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
    plain, prefixes = gathered(text, BASE, KNOWN)
    store = ox.Store()
    found: set[ox.Quad] | None = None
    try:
        store.update(plain, base_iri=BASE, prefixes={**KNOWN, **prefixes})
        found = set(store)
    except SyntaxError:
        pass
    assert found == one_by_one(parts)


@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA { <a:a> <a:b> 1 } ; CLEAR ALL",
        "PREFIX a: <b:> CLEAR ALL ; INSERT DATA { a:a a:b '; PREFIX a: <c:>' }",
        "CLEAR ALL ; PREFIX a: <b:> INSERT DATA { a:a a:b 'never closed }",
        "CLEAR ALL ; PREFIX a: <b c> INSERT DATA { a:a a:b 1 }",
        "CLEAR ALL ; PREFIX a <b:> CLEAR ALL",
    ],
)
def test_what_declares_nothing_later_is_left_alone(text: str) -> None:
    """So is what cannot be read, for the engine to say what is wrong."""
    assert gathered(text, BASE, KNOWN) == (text, {})


def test_the_rest_stays_where_it_was() -> None:
    """Line and column of what follows a declaration are as they were written."""
    text = "CLEAR ALL ; PREFIX a:\n <b:>\nINSERT DATA { a:a a:b 1 }"
    plain, prefixes = gathered(text, BASE, KNOWN)
    assert plain == "CLEAR ALL ;          \n     \nINSERT DATA { a:a a:b 1 }"
    assert prefixes == {"a": "b:"}
