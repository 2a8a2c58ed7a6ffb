"""The difference between two graphs: things and claims, with blank nodes matched."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as some

from clustergraph.cli import cli
from clustergraph.quadstore import build
from clustergraph.quadstore.generations import Generations
from clustergraph.rdfdiff import Difference, compare, render

PROLOGUE = """
@prefix : <http://example.org/> .
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
cg:Claim rdfs:label "claim"@en . cg:city rdfs:label "city"@en . cg:Company rdfs:label "company"@en .
"""


def read(text: str) -> list[ox.Triple]:
    found = ox.parse((PROLOGUE + text).encode(), ox.RdfFormat.TURTLE, rename_blank_nodes=True)
    return [quad.triple for quad in found]


def between(old: str, new: str) -> Difference:
    return compare(read(old), read(new))


def test_things_are_added_removed_and_changed() -> None:
    """Each thing is told once, with its name, its class and what changed of it."""
    difference = between(
        ':a a cg:Company ; rdfs:label "A"@en ; cg:city "Brno" . :gone rdfs:label "G"@en .',
        ':a a cg:Company ; rdfs:label "A"@en ; cg:city "Praha" . :b a cg:Company .',
    )
    assert [thing.iri for thing in difference.added] == ["http://example.org/b"]
    assert [thing.name for thing in difference.removed] == ["G"]
    (change,) = difference.changed
    assert (change.thing.name, change.thing.kind) == ("A", "company")
    assert [(one.name, one.removed, one.added) for one in change.values] == [
        ("city", ("Brno",), ("Praha",))
    ]
    assert (difference.statements_added, difference.statements_removed) == (2, 2)
    said = render(difference)
    assert said.startswith(
        "1 thing added, 1 thing removed, 1 thing changed; 2 statements in, 2 out\n"
    )
    assert "city: Brno → Praha" in said


def test_claims_are_told_in_words() -> None:
    """A claim is told by what it claims, apart from things."""
    difference = between(
        ':a rdfs:label "A"@en .',
        ':a rdfs:label "A"@en . :c a cg:Claim ; cg:claimSubject :a ; cg:claimProperty cg:city ;'
        ' cg:claimValue "Brno" .',
    )
    (claim,) = difference.added
    assert claim.is_claim
    assert claim.name == "A – city – Brno"
    assert "1 claim added" in render(difference)


@pytest.mark.parametrize(
    "text",
    [
        ":a :p [ :q 1 ; :r [ :s 2 ] ] , [ :q 2 ] .",
        ":a :p ( 1 2 [ :q 3 ] ) .",
        "[] a owl:AllDisjointClasses ; owl:members ( :a :b ) . [] a :X . [] a :X .",
        "_:a :knows _:b . _:b :knows _:a . _:a :name 1 . _:b :name 2 .",
        "_:a :p _:shared . _:b :q _:shared . _:shared :name 1 .",
        "_:a :n _:b . _:b :n _:c . _:c :n _:a .",
        ":a :p [] , [] , [ :q 1 ] , [ :q 1 ] .",
        ":a :p _:x . _:x :p _:x , _:y .",
    ],
)
def test_blank_nodes_are_matched(text: str) -> None:
    """The same graph with other names for its blank nodes, in another order, is no other graph."""
    triples = read(text)
    assert not compare(triples, list(reversed(read(text))))
    assert compare(triples, triples[:-1])


def test_changed_nameless_thing_is_another_one() -> None:
    """A node without a name is what it states: with another statement it is another node."""
    old = "[] a :Axiom ; :source :a ; :target :b ; :note 1 ."
    difference = between(old, old.replace(":note 1", ":note 2"))
    assert (len(difference.added), len(difference.removed)) == (1, 1)
    assert not difference.changed


def test_nameless_things_are_named_by_what_they_are_about() -> None:
    """Classes that exclude each other, and notes on statements, are told by names, not as nodes."""
    old = """cg:City a owl:Class ; rdfs:label "city"@en . cg:River a owl:Class .
      [] a owl:AllDisjointClasses ; owl:members ( cg:Company cg:City cg:Claim ) .
      [] a owl:AllDisjointClasses ; owl:members ( :a :b ) ."""
    new = old.replace("cg:City cg:Claim )", "cg:City cg:River )").replace("( :a :b )", "( :c :d )")
    note = (
        "[] a owl:Axiom ; owl:annotatedSource cg:Company ; owl:annotatedTarget cg:City ; :note 1 ."
    )
    difference = between(old, new + note)
    assert not difference.changed
    assert sorted(thing.name for thing in difference.removed) == [
        "<http://example.org/a>, <http://example.org/b>", "company, city, claim",
    ]  # fmt: skip
    assert sorted(thing.name for thing in difference.added) == [
        "<http://example.org/c>, <http://example.org/d>",
        "company – city", "company, city, cg:River",
    ]  # fmt: skip
    assert "+ owl:Axiom company – city\n" in render(difference)


def test_values_that_read_alike_are_told_with_their_datatype() -> None:
    """A value of which only the datatype changed is not told as changed into itself."""
    difference = between(":a cg:city '1' .", ":a cg:city 1 .")
    (change,) = difference.changed
    (values,) = change.values
    assert (values.removed, values.added) == (('"1" (xsd:string)',), ('"1" (xsd:integer)',))


def test_circles_connected_otherwise_are_noticed() -> None:
    """Two triangles are no hexagon, though each node looks like every other."""
    triangles = "_:a :n _:b . _:b :n _:c . _:c :n _:a . _:d :n _:e . _:e :n _:f . _:f :n _:d ."
    hexagon = "_:a :n _:b . _:b :n _:c . _:c :n _:d . _:d :n _:e . _:e :n _:f . _:f :n _:a ."
    assert between(triangles, hexagon)
    assert not between(hexagon, hexagon)


NODES = [ox.NamedNode(f"http://example.org/{name}") for name in "ab"]
BLANKS = [ox.BlankNode(name) for name in "xyz"]
TRIPLES = some.builds(
    ox.Triple,
    some.sampled_from([*NODES, *BLANKS]),
    some.sampled_from(NODES),
    some.sampled_from([*NODES, *BLANKS, ox.Literal("1")]),
)


def canonical(triples: list[ox.Triple]) -> set[ox.Quad]:
    dataset = ox.Dataset(ox.Quad(*triple) for triple in triples)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return set(dataset)


@settings(max_examples=300, deadline=None)
@given(some.lists(TRIPLES, max_size=7), some.lists(TRIPLES, max_size=7))
def test_no_difference_means_the_same_graph(one: list[ox.Triple], other: list[ox.Triple]) -> None:
    """Two graphs are told to be the same exactly when their canonical forms are."""
    assert (not compare(one, other)) == (canonical(one) == canonical(other))
    renamed = {blank: ox.BlankNode() for blank in BLANKS}
    copy = [
        ox.Triple(renamed.get(s, s), p, renamed.get(o, o))  # type: ignore[call-overload]
        for s, p, o in one
    ]
    assert not compare(one, copy)


def test_command_compares_files_and_exits(tmp_path: Path) -> None:
    """0 for the same, 1 for different, with a report in each format; 2 for what is not there."""
    old, new = tmp_path / "old.ttl", tmp_path / "new.nt"
    old.write_text(PROLOGUE + ':a rdfs:label "<b>A</b>"@en ; cg:city "Brno" .')
    lines = ox.serialize(read(':a rdfs:label "<b>A</b>"@en .'), format=ox.RdfFormat.N_TRIPLES)
    new.write_bytes(lines or b"")
    run = CliRunner().invoke
    same = run(cli, ["diff", str(old), str(old)])
    assert (same.exit_code, same.output) == (0, "no difference\n")
    told = run(cli, ["diff", str(old), str(new), "--format", "json"])
    document = json.loads(told.output)
    assert (told.exit_code, document["same"]) == (1, False)
    (values,) = document["changed"][0]["values"]
    assert (values["name"], values["removed"], values["added"]) == ("city", ["Brno"], [])
    page = run(cli, ["diff", str(old), str(new), "--format", "html"]).output
    assert "&lt;b&gt;A&lt;/b&gt;" in page
    assert "<b>" not in page
    assert re.search(r"<del>Brno</del>", page)
    lost = run(cli, ["diff", str(old), str(tmp_path / "nowhere.ttl")])
    assert lost.exit_code != 0
    assert "nowhere.ttl" in str(lost.exception)


def test_generations_of_a_store_are_compared(tmp_path: Path) -> None:
    """STORE@1 against the published generation: what the commit changed, nothing inferred."""
    store = tmp_path / "store"
    build(store, lambda: (ox.Quad(*t) for t in read(':a cg:city "Brno" .')))
    node = ox.NamedNode("http://example.org/a")
    inferred = ox.NamedNode("https://w3id.org/clustergraph/graph/inferred")

    def apply(graph: ox.Store, _: int | None) -> None:
        city = ox.NamedNode("https://w3id.org/clustergraph/ns#city")
        graph.add(ox.Quad(node, city, ox.Literal("Praha")))
        graph.add(ox.Quad(node, city, ox.Literal("Follows"), inferred))

    Generations(store).commit(apply)
    told = CliRunner().invoke(cli, ["diff", f"{store}@1", str(store)])
    assert told.exit_code == 1
    assert "+ city: Praha" in told.output
    assert "Follows" not in told.output
    assert "1 statement in, 0 out" in told.output


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ('"a  b "', '"a b"', '"a␣␣b␣" (xsd:string) → "a b" (xsd:string)'),
        ('"a b"', '"a\\nb"', '"a b" (xsd:string) → "a\\nb" (xsd:string)'),
        ('"a b"', '"a\u00a0b"', "\\xa0"),
        ('"Plze\u0148"', '"Plzen\u030c"', "\\u030c"),
        ('"a\u200bb"', '"ab"', "\\u200b"),
        (
            '"1"',
            '"1"^^<http://www.w3.org/2001/XMLSchema#integer>',
            '"1" (xsd:string) → "1" (xsd:integer)',
        ),
        ('"a"@en', '"a"@cs', "a (en) → a (cs)"),
        ('"a"@en', '"a"', "a (en) → a"),
        (f'"{"x" * 400} one"', f'"{"x" * 400} two"', "one → …"),
    ],
)
def test_change_is_visible_whatever_it_is(tmp_path: Path, was: str, now: str, words: str) -> None:
    """White space, composition, datatype, language and the end of long texts are shown."""
    old, new = tmp_path / "old.ttl", tmp_path / "new.ttl"
    old.write_text(f"<urn:a> <urn:q> {was} .", encoding="utf-8")
    new.write_text(f"<urn:a> <urn:q> {now} .", encoding="utf-8")
    told = CliRunner().invoke(cli, ["diff", str(old), str(new)])
    assert words in told.output


def test_json_has_the_terms(tmp_path: Path) -> None:
    """Programs get the values as terms in N-Triples, with datatype and language."""
    old, new = tmp_path / "old.ttl", tmp_path / "new.ttl"
    old.write_text('<urn:a> <urn:q> "a  b "@en .')
    new.write_text("<urn:a> <urn:q> <urn:b> .")
    told = CliRunner().invoke(cli, ["diff", str(old), str(new), "--format", "json"])
    (values,) = json.loads(told.output)["changed"][0]["values"]
    assert values["removed_terms"] == ['"a  b "@en']
    assert values["added_terms"] == ["<urn:b>"]
