"""Axioms: read from triples, told in words, sorted into the profiles of OWL 2."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from clustergraph.owl import axioms, profile
from clustergraph.owl.words import in_words

PROLOGUE = """
@prefix : <http://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:A a owl:Class . :B a owl:Class . :C a owl:Class .
:p a owl:ObjectProperty . :q a owl:ObjectProperty . :r a owl:ObjectProperty .
:d a owl:DatatypeProperty . :e a owl:DatatypeProperty . :n a owl:AnnotationProperty .
"""
R = "a owl:Restriction ; owl:onProperty"


def read(text: str) -> axioms.Axioms:
    found = ox.parse((PROLOGUE + text).encode(), ox.RdfFormat.TURTLE)
    return axioms.read(quad.triple for quad in found)


def short(words: str) -> str:
    return words.replace("<http://example.org/", "").replace(">", "")


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        (":A rdfs:subClassOf :B .", "SubClassOf", "every A is a B"),
        (":A owl:equivalentClass :B .", "EquivalentClasses", "A and B have the same members"),
        (":A owl:disjointWith :B .", "DisjointClasses", "nothing is both A and B"),
        ("[] a owl:AllDisjointClasses ; owl:members (:A :B :C) .", "DisjointClasses",
         "nothing is two of A, B and C"),
        (":A owl:disjointUnionOf (:B :C) .", "DisjointUnion", "every A is exactly one of B or C"),
        (":A owl:unionOf (:B :C) .", "EquivalentClasses", "A and (B or C) have the same members"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:someValuesFrom :B ] .", "SubClassOf",
         "every A is something that has as p some B"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:allValuesFrom [ owl:complementOf :B ] ] .",
         "SubClassOf", "every A is something that has as p nothing but what is not B"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:maxCardinality 2 ] .", "SubClassOf",
         "every A is something that has at most 2 p"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:minQualifiedCardinality 1 ; owl:onClass :B ] .",
         "SubClassOf", "every A is something that has at least 1 p B"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:cardinality 1 ] .", "SubClassOf",
         "every A is something that has exactly 1 p"),
        (f":A rdfs:subClassOf [ {R} :d ; owl:hasValue 5 ] .", "SubClassOf",
         'every A is something that has "5"^^xsd:integer as d'),
        (":A rdfs:subClassOf [ owl:oneOf (:x :y) ] .", "SubClassOf", "every A is one of {x, y}"),
        (":p rdfs:subPropertyOf :q .", "SubObjectPropertyOf",
         "whatever is related by p is related by q"),
        (":d rdfs:subPropertyOf :e .", "SubDataPropertyOf",
         "whatever is related by d is related by e"),
        (":r owl:propertyChainAxiom (:p :q) .", "SubObjectPropertyOf",
         "whatever is related by a chain of p, then q is related by r"),
        (":p owl:inverseOf :q .", "InverseObjectProperties", "p is the inverse of q"),
        (":p rdfs:domain :A .", "ObjectPropertyDomain", "whatever has a p is a A"),
        (":p rdfs:range :A .", "ObjectPropertyRange", "whatever is a p of something is a A"),
        (":d rdfs:range xsd:string .", "DataPropertyRange",
         "whatever is a d of something is a xsd:string"),
        (":d a owl:FunctionalProperty .", "FunctionalDataProperty", "nothing has two different d"),
        (":p a owl:TransitiveProperty .", "TransitiveObjectProperty", "p of a p is a p"),
        (":p a owl:AsymmetricProperty .", "AsymmetricObjectProperty",
         "p never holds both ways"),
        (":x a :A .", "ClassAssertion", "x is a A"),
        (":x :p :y .", "ObjectPropertyAssertion", "x has as p y"),
        (':x :d "one" .', "DataPropertyAssertion", 'x has as d "one"'),
        (f"[ {R} :p ; owl:someValuesFrom :B ] rdfs:subClassOf :A .", "SubClassOf",
         "whatever has as p some B is a A"),
        (":A owl:hasKey (:d :p) .", "HasKey", "no two A share p and d"),
        (":t a rdfs:Datatype ; owl:equivalentClass [ a rdfs:Datatype ; owl:onDatatype xsd:integer ;"
         " owl:withRestrictions ([ xsd:minInclusive 1800 ]) ] .", "DatatypeDefinition",
         't means xsd:integer with xsd:minInclusive "1800"^^xsd:integer'),
        (":x owl:sameAs :y .", "SameIndividual", "x and y are the same thing"),
        ("[] a owl:AllDifferent ; owl:distinctMembers (:x :y) .", "DifferentIndividuals",
         "x and y are different things"),
        ("[] a owl:NegativePropertyAssertion ; owl:sourceIndividual :x ; "
         "owl:assertionProperty :p ; owl:targetIndividual :y .",
         "NegativeObjectPropertyAssertion", "x has not as p y"),
    ],
)  # fmt: skip
def test_axiom_is_read_and_told(text: str, kind: str, words: str) -> None:
    """Each construct of the mapping to RDF becomes one axiom, and one sentence."""
    (axiom,) = read(text).axioms
    assert axiom.kind == kind
    assert short(in_words(axiom)) == words


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (':x :d "1999"^^xsd:gYear .', "values of xsd:gYear, which is no datatype of OWL 2"),
        (':x :d "x"^^xsd:integer .', "values that no xsd:integer can have"),
        (":x :unknown :y .", "properties that nothing declares"),
        (":x :d :y .", "things as values of properties that lead to literals"),
        (':x :p "y" .', "values of properties that lead to things"),
        (":d rdfs:range xsd:gYear .", "ranges of xsd:gYear, which is no datatype of OWL 2"),
        (f":A rdfs:subClassOf [ {R} :p ] .", "a restriction that says nothing"),
        ("[] a owl:AllDisjointClasses ; owl:members (:A) .",
         "owl:AllDisjointClasses without two members"),
        (":A owl:disjointWith :A .", "what is told apart from itself"),
        (":x owl:differentFrom :x .", "what is told apart from itself"),
        (":A owl:disjointUnionOf (:B) .", "disjoint unions of fewer than two classes"),
        (":A owl:hasKey () .", "keys of no property"),
        (":A owl:hasKey (:n) .", "keys of no property"),
        (":p owl:propertyChainAxiom () .", "property chains of fewer than two steps"),
        (":p owl:propertyChainAxiom (:q) .", "property chains of fewer than two steps"),
        (":p owl:propertyChainAxiom (:q 'q') .", "a value where a property must stand"),
        (":p owl:propertyChainAxiom (:q :d) .",
         "axioms that take values for things, or things for values"),
        (":d rdfs:subPropertyOf :p .", "axioms that take values for things, or things for values"),
        (":x owl:sameAs 'x' .", "a value where an individual must stand"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:hasValue 'x' ] .",
         "a value where an individual must stand"),
        (f":A rdfs:subClassOf [ {R} :d ; owl:hasValue :x ] .",
         "an individual where a value must stand"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:maxCardinality 'many' ] .",
         "a number that is none of things"),
        (":d rdfs:range [ a rdfs:Datatype ; owl:onDatatype xsd:integer ; "
         "owl:withRestrictions ( [ :n 5 ] ) ] .", "bounds that are none of a datatype"),
        (":d rdfs:range [ a rdfs:Datatype ; owl:onDatatype xsd:integer ] .",
         "bounds that are none of a datatype"),
        ("[] a owl:NegativePropertyAssertion ; owl:sourceIndividual 'x' ; "
         "owl:assertionProperty :p ; owl:targetIndividual :y .",
         "a value where an individual must stand"),
        (":A rdfs:subClassOf _:b . _:b a owl:Class ; owl:unionOf ( :B _:b ) .",
         "expressions that contain themselves, or too many others"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_told(text: str, reason: str) -> None:
    """A statement that no reasoner can take is left out, with its reason."""
    found = read(text)
    assert found.axioms == []
    assert [(told, len(triples)) for told, triples in found.left_out.items()] == [(reason, 1)]


def test_expression_that_multiplies_is_left_out() -> None:
    """Unions of each other, twice at each of sixty levels, end soon rather than never."""
    levels = " ".join(f"_:b{n} owl:unionOf ( _:b{n + 1} _:b{n + 1} ) ." for n in range(60))
    found = read(f":A rdfs:subClassOf _:b0 . {levels} _:b60 owl:unionOf ( :A :B ) .")
    assert found.axioms == []
    assert list(found.left_out) == ["expressions that contain themselves, or too many others"]


def test_annotations_mean_nothing() -> None:
    """Annotations, declarations and headers become no axioms."""
    found = read(':A :n "note" ; rdfs:label "A" . <http://example.org> a owl:Ontology .')
    assert found.axioms == []
    assert found.left_out == {}
    assert found.annotations == 2


PLAIN = (
    ":A rdfs:subClassOf :B . :p rdfs:subPropertyOf :q ; rdfs:domain :A . :A owl:disjointWith :C ."
)


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        (PLAIN, ""),
        (":p owl:inverseOf :q .", "EL"),
        (":p a owl:SymmetricProperty .", "EL"),
        (":p a owl:FunctionalProperty .", "EL QL"),
        (":p a owl:TransitiveProperty .", "QL"),
        (":r owl:propertyChainAxiom (:p :q) .", "QL"),
        (":x owl:sameAs :y .", "QL"),
        (":A owl:disjointUnionOf (:B :C) .", "EL QL RL"),
        (":p a owl:ReflexiveProperty .", "RL"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:someValuesFrom :B ] .", "RL"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:allValuesFrom :B ] .", "EL QL"),
        (f"[ {R} :p ; owl:someValuesFrom :B ] rdfs:subClassOf :A .", "QL"),
        (f"[ {R} :p ; owl:someValuesFrom owl:Thing ] rdfs:subClassOf :A .", ""),
        (":A rdfs:subClassOf [ owl:unionOf (:B :C) ] .", "EL QL RL"),
        ("[ owl:unionOf (:B :C) ] rdfs:subClassOf :A .", "EL QL"),
        (":A rdfs:subClassOf [ owl:complementOf :B ] .", "EL"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:maxCardinality 1 ] .", "EL QL"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:maxCardinality 2 ] .", "EL QL RL"),
        (":A rdfs:subClassOf [ owl:oneOf (:x) ] .", "QL RL"),
        (":A rdfs:subClassOf [ owl:oneOf (:x :y) ] .", "EL QL RL"),
        (":d rdfs:range xsd:boolean .", "EL QL"),
        (":d rdfs:range xsd:integer .", ""),
        (":d rdfs:range owl:real .", "RL"),
        ("[] :p :x .", "EL QL"),
        (":r owl:propertyChainAxiom (:p :q) ; rdfs:range :A .", "EL QL"),
        (":r owl:propertyChainAxiom (:p :q) ; rdfs:range :A . :q rdfs:range :A .", "QL"),
        # What breaks DL breaks all.
        (":p a owl:TransitiveProperty , owl:FunctionalProperty .", "DL EL QL RL"),
        (":p a owl:TransitiveProperty , owl:IrreflexiveProperty .", "DL EL QL RL"),
        (":r owl:propertyChainAxiom (:p :q) . :q a owl:AsymmetricProperty .", "EL QL"),
        (":r owl:propertyChainAxiom (:p :q) ; a owl:AsymmetricProperty .", "DL EL QL RL"),
        (":r owl:propertyChainAxiom (:r :q) .", "QL"),
        (":r owl:propertyChainAxiom (:p :r :q) .", "DL EL QL RL"),
        (":r owl:propertyChainAxiom (:p :q) . :p owl:propertyChainAxiom (:r :q) .",
         "DL EL QL RL"),
        (":p a owl:DatatypeProperty .", "DL EL QL RL"),
        (":A a rdfs:Datatype .", "DL EL QL RL"),
        (":A rdfs:subClassOf :Undeclared .", "DL EL QL RL"),
        (':x :d "1999"^^xsd:gYear .', "DL EL QL RL"),
        # Properties: simple, regular, and the universal ones (section 11.2).
        (":r owl:propertyChainAxiom (:r :r) .", "QL"),
        (":r owl:propertyChainAxiom (:r :p :r) .", "DL EL QL RL"),
        (":r owl:propertyChainAxiom ([ owl:inverseOf :r ] :q) .", "DL EL QL RL"),
        (":r owl:propertyChainAxiom (:q [ owl:inverseOf :r ]) .", "DL EL QL RL"),
        (":r owl:propertyChainAxiom ([ owl:inverseOf :r ] [ owl:inverseOf :r ]) .", "DL EL QL RL"),
        (":q rdfs:subPropertyOf :r . :r owl:propertyChainAxiom (:q :p) .", "QL"),
        (":r rdfs:subPropertyOf :q . :r owl:propertyChainAxiom (:q :p) .", "DL EL QL RL"),
        (":r owl:equivalentProperty :q . :r owl:propertyChainAxiom (:q :p) .", "DL EL QL RL"),
        (":r owl:inverseOf :q . :r owl:propertyChainAxiom (:q :p) .", "DL EL QL RL"),
        (":p a owl:TransitiveProperty . :q owl:inverseOf :p ; a owl:InverseFunctionalProperty .",
         "DL EL QL RL"),
        (":p a owl:TransitiveProperty ; rdfs:subPropertyOf [ owl:inverseOf :q ] . "
         ":q a owl:AsymmetricProperty .", "DL EL QL RL"),
        (":p a owl:TransitiveProperty . :A rdfs:subClassOf [ a owl:Restriction ; "
         "owl:onProperty [ owl:inverseOf :p ] ; owl:maxCardinality 1 ] .", "DL EL QL RL"),
        (f":p a owl:TransitiveProperty . :A rdfs:subClassOf [ {R} :p ; owl:hasSelf true ] .",
         "DL EL QL RL"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:hasSelf true ] .", "QL RL"),
        ("[] a owl:AllDisjointProperties ; owl:members (:p :q) .", "EL"),
        (":p a owl:TransitiveProperty . [] a owl:AllDisjointProperties ; owl:members (:p :q) .",
         "DL EL QL RL"),
        (f":A rdfs:subClassOf [ {R} owl:topObjectProperty ; owl:maxCardinality 1 ] .",
         "DL EL QL RL"),
        (":d rdfs:subPropertyOf owl:topDataProperty .", ""),
        ("owl:topDataProperty rdfs:subPropertyOf :d .", "DL EL QL RL"),
        # Names: declared, and of one kind; a class may also be an individual or a property.
        (":A a :B .", ""),
        (":p a :B .", ""),
        (":A a owl:ObjectProperty .", ""),
        (":n a owl:ObjectProperty .", "DL EL QL RL"),
        (":A rdfs:subClassOf rdfs:Resource .", "DL EL QL RL"),
        ("rdfs:Resource a owl:Class .", "DL EL QL RL"),
        # Individuals without a name hang together like trees.
        ("_:x :p _:y .", "EL QL"),
        ("_:x :p _:y . _:y :p _:x .", "DL EL QL RL"),
        ("_:x :p _:y . _:x :q _:y .", "DL EL QL RL"),
        ("_:x :p :a ; :q :b .", "DL EL QL RL"),
        ("_:x :p :a , _:y . _:y :q :b , :c .", "EL QL"),
        ("_:x owl:sameAs :y .", "DL EL QL RL"),
        ("_:x owl:differentFrom :y .", "DL EL QL RL"),
        # Datatypes: made of others, and not of themselves.
        (':d rdfs:range [ a rdfs:Datatype ; owl:oneOf ("a" "b") ] .', "EL QL RL"),
        (':d rdfs:range [ a rdfs:Datatype ; owl:oneOf ("a") ] .', "QL RL"),
        (":d rdfs:range [ a rdfs:Datatype ; owl:unionOf (xsd:string xsd:integer) ] .", "EL QL RL"),
        (":d rdfs:range [ a rdfs:Datatype ; owl:intersectionOf (xsd:string xsd:token) ] .", ""),
        (":d rdfs:range [ a rdfs:Datatype ; owl:datatypeComplementOf xsd:string ] .", "EL QL RL"),
        (":d rdfs:range [ a rdfs:Datatype ; owl:onDatatype xsd:integer ; "
         "owl:withRestrictions ([ xsd:minInclusive 0 ]) ] .", "EL QL RL"),
        (":t a rdfs:Datatype ; owl:equivalentClass xsd:integer . :d rdfs:range :t .", ""),
        (":t a rdfs:Datatype . :d rdfs:range :t .", "DL EL QL RL"),
        (":t a rdfs:Datatype ; owl:equivalentClass xsd:integer , xsd:string .", "DL EL QL RL"),
        (":t a rdfs:Datatype ; owl:equivalentClass :u . :u a rdfs:Datatype ; "
         "owl:equivalentClass :t .", "DL EL QL RL"),
        # Where a class may stand.
        (f":A owl:equivalentClass [ {R} :p ; owl:hasValue :x ] .", "QL"),
        (f":A owl:equivalentClass [ {R} :p ; owl:someValuesFrom :B ] .", "QL RL"),
        ("[ owl:intersectionOf (:B :C) ] rdfs:subClassOf :A .", "QL"),
        ("[ owl:complementOf :A ] rdfs:subClassOf :B .", "EL QL RL"),
        (":p rdfs:domain [ owl:unionOf (:A :B) ] .", "EL QL RL"),
        (":x a [ owl:unionOf (:A :B) ] .", "EL QL RL"),
        (f":A rdfs:subClassOf [ {R} :d ; owl:someValuesFrom xsd:string ] .", "RL"),
        (":A owl:hasKey (:d) .", "QL"),
    ],
)  # fmt: skip
def test_profile_is_told(text: str, broken: str) -> None:
    """Each example breaks exactly the profiles that the specification takes it out of."""
    found = read(text + " :A rdfs:subClassOf :C .")
    told = [name for name in profile.PROFILES if profile.breaks(found, name)]
    assert told == broken.split()


def test_break_names_its_statement() -> None:
    """What breaks a profile is told by its statement and in words."""
    (one,) = profile.breaks(read(":p owl:inverseOf :q ."), "EL")
    assert one.reason == "an inverse property (not in OWL 2 EL)"
    assert str(one.triple.predicate).endswith("#inverseOf>")
