"""Rules are read from the ontology that a graph holds."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from clustergraph.owl.rules import PathRule, Step, TypeRule, compile_rules, is_schema
from clustergraph.quadstore import Engine

from .worlds import name, store_of


def paths(text: str) -> list[tuple[str, str]]:
    """Return the path rules of an ontology: the row, inverse steps with ^, and what follows."""
    return [
        (
            " ".join("^" * step.inverse + step.predicate.value[-1] for step in rule.body),
            rule.head.value[-1],
        )
        for rule in compile_rules(store_of(text)).paths
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":p rdfs:subPropertyOf :q .", [("p", "q")]),
        (":p owl:equivalentProperty :q .", [("p", "q"), ("q", "p")]),
        (":p owl:inverseOf :q .", [("^p", "q"), ("^q", "p")]),
        (":p a owl:SymmetricProperty .", [("^p", "p")]),
        (":p a owl:TransitiveProperty .", [("p p", "p")]),
        (":p owl:propertyChainAxiom ( :q :r :s ) .", [("q r s", "p")]),
        (":p owl:propertyChainAxiom ( [ owl:inverseOf :q ] :r ) .", [("^q r", "p")]),
        (":p rdfs:subPropertyOf [ owl:inverseOf :q ] .", [("^p", "q")]),
        ("[] owl:inverseOf :q .", []),
        (":p rdfs:subPropertyOf :p .", []),
        (":p owl:propertyChainAxiom ( :q [] ) .", []),
        (":p owl:propertyChainAxiom _:l . _:l rdf:first :q ; rdf:rest _:l .", []),
        (":p owl:propertyChainAxiom _:l . _:l rdf:first :q .", []),
        (":p owl:propertyChainAxiom _:l . _:l rdf:first :q , :r ; rdf:rest () .", []),
    ],
)
def test_each_axiom_makes_its_rules(text: str, expected: list[tuple[str, str]]) -> None:
    """A property axiom makes the rules that OWL 2 RL has for it, and odd ones make none."""
    assert paths(text) == expected


def test_classes_make_rules_between_names() -> None:
    """Subclasses and equal classes make type rules; expressions without a name make none."""
    text = ":A rdfs:subClassOf :B , [ a owl:Restriction ] , owl:Thing . :B owl:equivalentClass :C ."
    rules = compile_rules(store_of(text)).types
    found = {(rule.source, rule.head) for rule in rules}
    assert found == {
        (name("A"), name("B")),
        (name("B"), name("C")),
        (name("C"), name("B")),
    }


def test_domain_and_range_make_rules_where_safe() -> None:
    """A class that excludes another, or lies below one that does, is never concluded from use."""
    text = """
    :p rdfs:domain :Free ; rdfs:range xsd:string .
    :q rdfs:domain :Guarded ; rdfs:range :Below .
    :r rdfs:domain :Listed ; rdfs:range :Part .
    :Guarded owl:disjointWith :Other . :Below rdfs:subClassOf :Guarded .
    [] a owl:AllDisjointClasses ; owl:members ( :Listed :Fourth ) .
    :Whole owl:disjointUnionOf ( :Part :Rest ) .
    """
    rules = compile_rules(store_of(text))
    uses = [rule for rule in rules.types if isinstance(rule.source, Step)]
    assert [(rule.head, rule.source) for rule in uses] == [(name("Free"), Step(name("p")))]


def test_what_is_inferred_makes_no_rules() -> None:
    """Only stated axioms count, in whichever graph they stand."""
    kind = "a owl:SymmetricProperty"
    text = f"GRAPH graph:inferred {{ :p {kind} }} GRAPH :g {{ :q {kind} }}"
    assert [rule.head for rule in compile_rules(store_of(text)).paths] == [name("q")]


def test_changes_of_the_ontology_are_told_from_changes_of_data() -> None:
    """Axioms and the lists they use are schema; other lists and statements are not."""
    store = store_of(":p owl:propertyChainAxiom ( :q :r ) . :x :y ( 1 2 ) .")
    rules = compile_rules(store)
    schema = {quad.triple for quad in store if is_schema(quad.triple, rules)}
    assert len(schema) == 5
    assert not [triple for triple in schema if triple.subject == name("x")]
    assert is_schema(ox.Triple(name("p"), *_type("SymmetricProperty")), rules)
    assert not is_schema(ox.Triple(name("p"), *_type("Class")), rules)


def _type(local: str) -> tuple[ox.NamedNode, ox.NamedNode]:
    prefix = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    return ox.NamedNode(prefix), ox.NamedNode(f"http://www.w3.org/2002/07/owl#{local}")


def test_shipped_ontology_makes_the_rules_it_means(shipped: Engine) -> None:
    """The shipped ontology has chains, inverses and ways into foreign vocabularies."""
    rules = compile_rules(shipped.store)
    cg, org = "https://w3id.org/clustergraph/ns#", "http://www.w3.org/ns/org#"
    heads = {(rule.head.value, len(rule.body)) for rule in rules.paths}
    assert {(f"{cg}inRegion", 2), (f"{cg}everAwarded", 2), (f"{cg}hasMember", 1)} <= heads
    assert {(f"{cg}descendsFrom", 1), (f"{cg}descendsFrom", 2)} <= heads
    above = {rule.head.value for rule in rules.types if not isinstance(rule.source, Step)}
    assert {f"{org}Organization", "https://schema.org/Place"} <= above
    concluded = {rule.head.value for rule in rules.types if isinstance(rule.source, Step)}
    assert not concluded & {f"{cg}Cluster", f"{cg}ClusterOrganisation", f"{cg}Person"}


def test_rules_tell_their_axiom() -> None:
    """Each rule keeps the statement that it was read from."""
    rules = compile_rules(store_of(":A rdfs:subClassOf :B . :p a owl:SymmetricProperty ."))
    kinds: list[PathRule | TypeRule] = [*rules.paths, *rules.types]
    assert [rule.axiom.subject for rule in kinds] == [name("p"), name("A")]
