"""What follows is inferred whole: by every rule, once, and as another reasoner does."""

from __future__ import annotations

from typing import Any

import owlrl
import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings

from clustergraph.errors import StoreError
from clustergraph.owl import compile_rules, materialise, settle, unsettle
from clustergraph.owl.rules import TYPE
from clustergraph.quadstore import Engine

from .worlds import (
    CLASSES,
    GRAPH,
    PROPERTIES,
    THINGS,
    inferred,
    ontologies,
    statements,
    store_of,
    world,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":p rdfs:subPropertyOf :q . :x :p :y , 'z' .", {"x q y", 'x q "z"'}),
        (":p owl:inverseOf :q . :x :p :y , 'z' . :v :q :w .", {"y q x", "w p v"}),
        (":p a owl:SymmetricProperty . :x :p :y .", {"y p x"}),
        (
            ":p a owl:TransitiveProperty . :a :p :b . :b :p :c . :c :p :d .",
            {"a p c", "a p d", "b p d"},
        ),
        (
            ":p a owl:TransitiveProperty . :a :p :b . :b :p :a .",
            {"a p a", "b p b"},
        ),
        (":p owl:propertyChainAxiom ( :q :r ) . :a :q :b . :b :r :c , 'c' .", {"a p c", 'a p "c"'}),
        (
            ":p owl:propertyChainAxiom ( [ owl:inverseOf :m ] :o ) . :n :m :a ; :o :b .",
            {"a p b"},
        ),
        (
            ":p owl:propertyChainAxiom ( :q :r ) . :s rdfs:subPropertyOf :r . "
            ":x :q :y . :y :s :z .",
            {"x p z", "y r z"},
        ),
        (
            ":p rdfs:subPropertyOf :q . :q rdfs:subPropertyOf :r . :x :p :y . :y :q :z .",
            {"x q y", "x r y", "y r z"},
        ),
        (
            ":p rdfs:subPropertyOf :q . :q rdfs:domain :A . :x :q :y . :y :p :z ; :q :z .",
            {"x a A", "y a A"},
        ),
        (
            ":p rdfs:subPropertyOf :q . :q rdfs:subPropertyOf :r . :x :p :y ; :r :y .",
            {"x q y"},
        ),
        (":A rdfs:subClassOf :B . :B rdfs:subClassOf :C . :x a :A .", {"x a B", "x a C"}),
        (":A owl:equivalentClass :B . :x a :A . :y a :B .", {"x a B", "y a A"}),
        (":p rdfs:domain :A . :A rdfs:subClassOf :B . :x :p 1 .", {"x a A", "x a B"}),
        (":p rdfs:range :A . :x :p :y , 'not a thing' .", {"y a A"}),
        (
            ":p owl:inverseOf :q . :q rdfs:domain :A . :x :p :y .",
            {"y q x", "y a A"},
        ),
        (
            ":kind rdfs:subPropertyOf rdf:type . :A rdfs:subClassOf :B . :x :kind :A .",
            {"x a A", "x a B"},
        ),
        (
            "rdf:type rdfs:subPropertyOf :kind . :A rdfs:subClassOf :B . :x a :A .",
            {"x a B", "x kind A", "x kind B"},
        ),
    ],
)
def test_each_rule_draws_its_conclusions(text: str, expected: set[str]) -> None:
    """Each kind of rule draws what it should from a small graph, and nothing else."""
    store = store_of(text)
    assert materialise(store) == len(inferred(store))
    assert inferred(store) == expected


@pytest.mark.parametrize(
    "text",
    [
        ":x owl:sameAs :y . :x :p :z .",
        ":p a owl:FunctionalProperty . :x :p :y , :z .",
        ":p a owl:ReflexiveProperty . :x :q :y .",
        ":A owl:equivalentClass [ owl:onProperty :p ; owl:hasValue :y ] . :x :p :y . :z a :A .",
        ":A rdfs:subClassOf [ owl:onProperty :p ; owl:allValuesFrom :B ] . :x a :A ; :p :y .",
        "[ owl:unionOf ( :B :C ) ] rdfs:subClassOf :A . :x a :B .",
        ":p rdfs:domain :A . :A owl:disjointWith :B . :x :p :y .",
        ":A rdfs:subClassOf owl:Thing . :x a :A .",
        "GRAPH graph:inferred { :A rdfs:subClassOf :B } :x a :A .",
    ],
)
def test_what_is_left_out_draws_no_conclusions(text: str) -> None:
    """Identity, keys, expressions, unsafe domains and empty words have no consequences."""
    store = store_of(text)
    assert materialise(store) == 0
    assert inferred(store) == set()


def test_what_is_stated_is_not_inferred_as_well() -> None:
    """A statement stands once, so that an answer over all graphs does not count it twice."""
    store = store_of("GRAPH :g { :p a owl:SymmetricProperty . :x :p :y } GRAPH :h { :y :p :x }")
    assert materialise(store) == 0


def test_a_dead_end_repeats_nothing_that_any_graph_states() -> None:
    """Of a property that only follows, what is stated is told apart, also when inferred anew."""
    store = store_of(
        """GRAPH :g { :p rdfs:subPropertyOf :label .
        :q rdfs:subPropertyOf [ owl:inverseOf :label ] .
        :x :p "one" , "two" ; :label "two" , "other" . :y :q :x . :z :q :x } GRAPH :h {
        :x :p "three"@en ; :label :z } :x :label "three"@en , "three" ."""
    )
    expected = {'x label "one"', "x label y"}
    for _ in range(2):
        materialise(store)
        assert inferred(store) == expected


def test_inferring_again_changes_nothing_and_mends_what_is_wrong() -> None:
    """The inferred graph holds what follows whatever it held before."""
    store = store_of(":A rdfs:subClassOf :B . :x a :A . :y a :A . _:b a :A .")
    materialise(store)
    first = inferred(store)
    assert len(first) == 3
    materialise(store)
    assert inferred(store) == first
    store.extend(
        ox.Quad(ox.NamedNode(f"http://example.org/z{number}"), TYPE, TYPE, GRAPH)
        for number in range(9)
    )
    store.remove(next(store.quads_for_pattern(None, None, None, GRAPH)))
    materialise(store)
    assert inferred(store) == first


def test_blank_nodes_and_literals_stay_what_they_are() -> None:
    """What follows is about the very blank node, and about literals with their types."""
    text = """:p rdfs:subPropertyOf :q .
    _:b :p "4.50"^^xsd:decimal , "a\\tb\\n\\"c\\""@en , "2020"^^xsd:gYear , true , 1e0 , _:b ."""
    store = store_of(text)
    materialise(store)
    stated, found = (
        {(quad.subject, quad.object) for quad in store.quads_for_pattern(None, one, None)}
        for one in (ox.NamedNode("http://example.org/p"), ox.NamedNode("http://example.org/q"))
    )
    assert stated == found
    assert len(found) == 6


def test_too_much_is_taken_for_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ontology that multiplies statements beyond measure is refused with a hint."""
    monkeypatch.setattr("clustergraph.owl.closure.MOST", 10)
    row = " ".join(f":x{number} :p :x{number + 1} ." for number in range(9))
    with pytest.raises(StoreError, match="transitive"):
        materialise(store_of(f":p a owl:TransitiveProperty . {row}"))


def test_a_graph_without_ontology_has_no_inferred_graph() -> None:
    """Where no rule is, no graph appears; where rules are, an empty one says so."""
    store = store_of(":x :p :y .")
    settle(store, None)
    assert not list(store.named_graphs())
    store = store_of(":p a owl:SymmetricProperty .")
    settle(store, None)
    assert list(store.named_graphs()) == [GRAPH]
    unsettle(store, None)
    assert not list(store.named_graphs())


NAMED = {thing for thing in THINGS if isinstance(thing, ox.NamedNode)}


def by_owlrl(graph: rdflib.Graph) -> set[tuple[Any, Any, Any]]:
    """Return what owlrl infers from a graph."""
    whole = rdflib.Graph()
    whole += graph
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(whole)
    return set(whole) - set(graph)


def as_rdflib(store: ox.Store) -> rdflib.Graph:
    """Return the statements of a store as one graph of rdflib."""
    graph = rdflib.Graph()
    triples = {quad.triple for quad in store if quad.graph_name != GRAPH}
    text = "".join(f"{triple} .\n" for triple in triples)
    return graph.parse(data=text, format="nt")


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(ontologies, statements)
def test_random_worlds_agree_with_owlrl(ontology: list[Any], data: set[ox.Quad]) -> None:
    """From random ontologies and data the same follows here and by owlrl."""
    # Blank nodes bear other names there, and literals may be subjects.
    plain = {quad for quad in data if quad.subject in NAMED and quad.object in {*NAMED, *CLASSES}}
    store = world(ontology, plain)
    materialise(store)
    ours = {
        tuple(map(str, quad.triple)) for quad in store.quads_for_pattern(None, None, None, GRAPH)
    }
    properties = {rdflib.URIRef(one.value) for one in PROPERTIES}
    classes = {rdflib.URIRef(one.value) for one in CLASSES}
    theirs = {
        tuple(term.n3() for term in triple)
        for triple in by_owlrl(as_rdflib(store))
        if not isinstance(triple[0], rdflib.Literal)
        and (triple[1] in properties or (triple[1] == rdflib.RDF.type and triple[2] in classes))
    }
    assert ours == theirs


SCHEMA = {"subClassOf", "subPropertyOf", "inverseOf", "propertyChainAxiom", "type", "first", "rest"}


def restricted(shipped: Engine, countries: str | None) -> ox.Store:
    """Return the shipped graph as far as rules concern it, with safe domains and ranges only.

    Args:
        shipped: the graph.
        countries: keep of organisations, memberships and the like what names one of these; None:
            everything.
    """
    rules = compile_rules(shipped.store)
    safe = {rule.axiom for rule in rules.types}
    kept = ox.Store()
    for quad in shipped.store:
        triple, graph = quad.triple, quad.graph_name
        if graph == GRAPH:
            continue
        ontology = graph.value.endswith(("/ontology", "/alignments"))
        axiom = ontology and (quad.predicate.value.rpartition("#")[2] in SCHEMA or triple in safe)
        if axiom or (
            not ontology
            and rules.concern(quad.predicate, quad.object)
            and (countries is None or countries in str(triple))
        ):
            kept.add(ox.Quad(*triple))
    return kept


def agrees_with_owlrl(store: ox.Store) -> int:
    """Compare what follows here and by owlrl, as far as rules concern it; return how much."""
    rules = compile_rules(store)
    materialise(store)
    ours = {tuple(map(str, q.triple)) for q in store.quads_for_pattern(None, None, None, GRAPH)}
    heads = {rdflib.URIRef(one.value) for one in rules.to_property}
    classes = {rdflib.URIRef(one.value) for one in rules.to_class}
    theirs = {
        (subject.n3(), predicate.n3(), as_engine(value))
        for subject, predicate, value in by_owlrl(as_rdflib(store))
        if not isinstance(subject, rdflib.Literal)
        and (predicate in heads or (predicate == rdflib.RDF.type and value in classes))
        # The terms of the ontology are things to owlrl: each is a kind of itself.
        and subject not in heads
        and predicate != rdflib.RDFS.label
    }
    labels = str(ox.NamedNode(str(rdflib.RDFS.label)))
    assert {one for one in ours if one[1] != labels} == theirs
    return len(theirs)


def as_engine(value: Any) -> str:
    """Return a term of rdflib as the engine writes it."""
    return str(value.n3())


@pytest.mark.full
def test_a_cut_of_the_shipped_graph_agrees_with_owlrl(shipped: Engine) -> None:
    """Of what concerns Slovenia the same follows here and by owlrl."""
    assert agrees_with_owlrl(restricted(shipped, "SI")) > 50


@pytest.mark.full
def test_the_shipped_graph_agrees_with_owlrl(shipped: Engine) -> None:
    """From the whole shipped graph the same follows here and by owlrl."""
    assert agrees_with_owlrl(restricted(shipped, None)) > 10_000
