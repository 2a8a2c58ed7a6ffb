"""Axioms: read from triples, told in words, sorted into the profiles of OWL 2."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from clustergraph.owl import axioms, profile, structure
from clustergraph.owl.structure import in_words

PROLOGUE = """
@prefix : <http://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:A a owl:Class . :B a owl:Class . :C a owl:Class .
:p a owl:ObjectProperty . :q a owl:ObjectProperty . :r a owl:ObjectProperty .
:d a owl:DatatypeProperty . :e a owl:DatatypeProperty . :n a owl:AnnotationProperty .
"""
R = "a owl:Restriction ; owl:onProperty"


def read(text: str) -> structure.Axioms:
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
        (f":A rdfs:subClassOf [ {R} :p ] .",
         "a restriction without a filler, such as owl:someValuesFrom"),
        ("[] a owl:AllDisjointClasses ; owl:members (:A) .",
         "owl:AllDisjointClasses without two members"),
        (":A owl:disjointWith :A .", "something that is disjoint with or different from itself"),
        (":x owl:differentFrom :x .", "something that is disjoint with or different from itself"),
        (":A owl:disjointUnionOf (:B) .", "a disjoint union of fewer than two classes"),
        (":A owl:hasKey () .", "a key without properties"),
        (":A owl:hasKey (:n) .", "a key without properties"),
        (":p owl:propertyChainAxiom () .", "a property chain of fewer than two steps"),
        (":p owl:propertyChainAxiom (:q) .", "a property chain of fewer than two steps"),
        (":p owl:propertyChainAxiom (:q 'q') .", "a literal where a property must stand"),
        (":p owl:propertyChainAxiom (:q :d) .",
         "axioms that take values for things, or things for values"),
        (":d rdfs:subPropertyOf :p .", "axioms that take values for things, or things for values"),
        (":x owl:sameAs 'x' .", "a literal where an individual must stand"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:hasValue 'x' ] .",
         "a literal where an individual must stand"),
        (f":A rdfs:subClassOf [ {R} :d ; owl:hasValue :x ] .",
         "an individual where a literal must stand"),
        (f":A rdfs:subClassOf [ {R} :p ; owl:maxCardinality 'many' ] .",
         "owl:maxCardinality with a value that is not a non-negative integer"),
        (":d rdfs:range [ a rdfs:Datatype ; owl:onDatatype xsd:integer ; "
         "owl:withRestrictions ( [ :n 5 ] ) ] .", "http://example.org/n is not a facet"),
        (":d rdfs:range [ a rdfs:Datatype ; owl:onDatatype xsd:integer ] .",
         "an expression without owl:withRestrictions"),
        ("[] a owl:NegativePropertyAssertion ; owl:sourceIndividual 'x' ; "
         "owl:assertionProperty :p ; owl:targetIndividual :y .",
         "a literal where an individual must stand"),
        (":A rdfs:subClassOf _:b . _:b a owl:Class ; owl:unionOf ( :B _:b ) .",
         "an expression that contains itself, or too many others"),
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
    assert list(found.left_out) == ["an expression that contains itself, or too many others"]


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
    ("text", "is_dl"),
    [
        (PLAIN, True),
        (":p owl:inverseOf :q .", True),
        (":p a owl:SymmetricProperty .", True),
        (":p a owl:FunctionalProperty .", True),
        (":p a owl:TransitiveProperty .", True),
        (":r owl:propertyChainAxiom (:p :q) .", True),
        (":x owl:sameAs :y .", True),
        (":A owl:disjointUnionOf (:B :C) .", True),
        (":p a owl:ReflexiveProperty .", True),
        (f":A rdfs:subClassOf [ {R} :p ; owl:someValuesFrom :B ] .", True),
        (f":A rdfs:subClassOf [ {R} :p ; owl:allValuesFrom :B ] .", True),
        (f"[ {R} :p ; owl:someValuesFrom :B ] rdfs:subClassOf :A .", True),
        (f"[ {R} :p ; owl:someValuesFrom owl:Thing ] rdfs:subClassOf :A .", True),
        (":A rdfs:subClassOf [ owl:unionOf (:B :C) ] .", True),
        ("[ owl:unionOf (:B :C) ] rdfs:subClassOf :A .", True),
        (":A rdfs:subClassOf [ owl:complementOf :B ] .", True),
        (f":A rdfs:subClassOf [ {R} :p ; owl:maxCardinality 1 ] .", True),
        (f":A rdfs:subClassOf [ {R} :p ; owl:maxCardinality 2 ] .", True),
        (":A rdfs:subClassOf [ owl:oneOf (:x) ] .", True),
        (":A rdfs:subClassOf [ owl:oneOf (:x :y) ] .", True),
        (":d rdfs:range xsd:boolean .", True),
        (":d rdfs:range xsd:integer .", True),
        (":d rdfs:range owl:real .", True),
        ("[] :p :x .", True),
        (":r owl:propertyChainAxiom (:p :q) ; rdfs:range :A .", True),
        (":r owl:propertyChainAxiom (:p :q) ; rdfs:range :A . :q rdfs:range :A .", True),
        # What breaks DL breaks all.
        (":p a owl:TransitiveProperty , owl:FunctionalProperty .", False),
        (":p a owl:TransitiveProperty , owl:IrreflexiveProperty .", False),
        (":r owl:propertyChainAxiom (:p :q) . :q a owl:AsymmetricProperty .", True),
        (":r owl:propertyChainAxiom (:p :q) ; a owl:AsymmetricProperty .", False),
        (":r owl:propertyChainAxiom (:r :q) .", True),
        (":r owl:propertyChainAxiom (:p :r :q) .", False),
        (":r owl:propertyChainAxiom (:p :q) . :p owl:propertyChainAxiom (:r :q) .",
         False),
        (":p a owl:DatatypeProperty .", False),
        (":A a rdfs:Datatype .", False),
        (":A rdfs:subClassOf :Undeclared .", False),
        (':x :d "1999"^^xsd:gYear .', False),
        # Properties: simple, regular, and the universal ones (section 11.2).
        (":r owl:propertyChainAxiom (:r :r) .", True),
        (":r owl:propertyChainAxiom (:r :p :r) .", False),
        (":r owl:propertyChainAxiom ([ owl:inverseOf :r ] :q) .", False),
        (":r owl:propertyChainAxiom (:q [ owl:inverseOf :r ]) .", False),
        (":r owl:propertyChainAxiom ([ owl:inverseOf :r ] [ owl:inverseOf :r ]) .", False),
        (":q rdfs:subPropertyOf :r . :r owl:propertyChainAxiom (:q :p) .", True),
        (":r rdfs:subPropertyOf :q . :r owl:propertyChainAxiom (:q :p) .", False),
        (":r owl:equivalentProperty :q . :r owl:propertyChainAxiom (:q :p) .", False),
        (":r owl:inverseOf :q . :r owl:propertyChainAxiom (:q :p) .", False),
        (":p a owl:TransitiveProperty . :q owl:inverseOf :p ; a owl:InverseFunctionalProperty .",
         False),
        (":p a owl:TransitiveProperty ; rdfs:subPropertyOf [ owl:inverseOf :q ] . "
         ":q a owl:AsymmetricProperty .", False),
        (":p a owl:TransitiveProperty . :A rdfs:subClassOf [ a owl:Restriction ; "
         "owl:onProperty [ owl:inverseOf :p ] ; owl:maxCardinality 1 ] .", False),
        (f":p a owl:TransitiveProperty . :A rdfs:subClassOf [ {R} :p ; owl:hasSelf true ] .",
         False),
        (f":A rdfs:subClassOf [ {R} :p ; owl:hasSelf true ] .", True),
        ("[] a owl:AllDisjointProperties ; owl:members (:p :q) .", True),
        (":p a owl:TransitiveProperty . [] a owl:AllDisjointProperties ; owl:members (:p :q) .",
         False),
        (f":A rdfs:subClassOf [ {R} owl:topObjectProperty ; owl:maxCardinality 1 ] .",
         False),
        (":d rdfs:subPropertyOf owl:topDataProperty .", True),
        ("owl:topDataProperty rdfs:subPropertyOf :d .", False),
        # Names: declared, and of one kind; a class may also be an individual or a property.
        (":A a :B .", True),
        (":p a :B .", True),
        (":A a owl:ObjectProperty .", True),
        (":n a owl:ObjectProperty .", False),
        (":A rdfs:subClassOf rdfs:Resource .", False),
        ("rdfs:Resource a owl:Class .", False),
        # Datatypes: made of others, and not of themselves.
        (':d rdfs:range [ a rdfs:Datatype ; owl:oneOf ("a" "b") ] .', True),
        (':d rdfs:range [ a rdfs:Datatype ; owl:oneOf ("a") ] .', True),
        (":d rdfs:range [ a rdfs:Datatype ; owl:unionOf (xsd:string xsd:integer) ] .", True),
        (":d rdfs:range [ a rdfs:Datatype ; owl:intersectionOf (xsd:string xsd:token) ] .", True),
        (":d rdfs:range [ a rdfs:Datatype ; owl:datatypeComplementOf xsd:string ] .", True),
        (":d rdfs:range [ a rdfs:Datatype ; owl:onDatatype xsd:integer ; "
         "owl:withRestrictions ([ xsd:minInclusive 0 ]) ] .", True),
        (":t a rdfs:Datatype ; owl:equivalentClass xsd:integer . :d rdfs:range :t .", True),
        (":t a rdfs:Datatype . :d rdfs:range :t .", False),
        (":t a rdfs:Datatype ; owl:equivalentClass xsd:integer , xsd:string .", False),
        (":t a rdfs:Datatype ; owl:equivalentClass :u . :u a rdfs:Datatype ; "
         "owl:equivalentClass :t .", False),
        # Where a class may stand.
        (f":A owl:equivalentClass [ {R} :p ; owl:hasValue :x ] .", True),
        (f":A owl:equivalentClass [ {R} :p ; owl:someValuesFrom :B ] .", True),
        ("[ owl:intersectionOf (:B :C) ] rdfs:subClassOf :A .", True),
        ("[ owl:complementOf :A ] rdfs:subClassOf :B .", True),
        (":p rdfs:domain [ owl:unionOf (:A :B) ] .", True),
        (":x a [ owl:unionOf (:A :B) ] .", True),
        (f":A rdfs:subClassOf [ {R} :d ; owl:someValuesFrom xsd:string ] .", True),
        (":A owl:hasKey (:d) .", True),
    ],
)  # fmt: skip
def test_examples_are_in_owl_2_dl_or_not(text: str, is_dl: bool) -> None:
    """Each example is in OWL 2 DL exactly if the specification says so."""
    found = read(text + " :A rdfs:subClassOf :C .")
    assert (not profile.breaks(found) and not found.malformed) == is_dl


def test_break_names_its_statement() -> None:
    """What keeps an ontology out of OWL 2 DL is reported by its statement and in words."""
    (one,) = profile.breaks(read(":A rdfs:subClassOf :Undeclared ."))
    assert "not declared" in one.reason
    assert str(one.triple.predicate).endswith("#subClassOf>")


MALFORMED = [
    (f":A rdfs:subClassOf [ {R} :p ; owl:hasSelf false ] .", "owl:hasSelf with another value"),
    (f":A rdfs:subClassOf [ {R} :p ; owl:hasSelf 'yes' ] .", "owl:hasSelf with another value"),
    (f":A rdfs:subClassOf [ {R} :p ; owl:someValuesFrom :B ; owl:allValuesFrom :C ] .",
     "owl:someValuesFrom and owl:allValuesFrom"),
    (f":A rdfs:subClassOf [ {R} :p ; owl:someValuesFrom :B , :C ] .", "two values of"),
    (f":A rdfs:subClassOf [ {R} :p ; owl:minCardinality 1 ; owl:maxCardinality 2 ] .",
     "owl:minCardinality and owl:maxCardinality"),
    (f":A rdfs:subClassOf [ {R} :p , :q ; owl:someValuesFrom :B ] .", "two values of"),
    (":A rdfs:subClassOf [ a owl:Restriction ; owl:someValuesFrom :B ] .",
     "without owl:onProperty"),
    (":A rdfs:subClassOf [ a owl:Class ; owl:unionOf (:B :C) ; owl:complementOf :B ] .",
     "owl:unionOf and owl:complementOf"),
    (f":A rdfs:subClassOf [ {R} :p ; owl:someValuesFrom :B ; owl:unionOf (:B :C) ] .",
     "owl:unionOf and owl:onProperty"),
    (f":A rdfs:subClassOf [ {R} :p ; owl:maxQualifiedCardinality 1 ] .",
     "without owl:onClass or owl:onDataRange"),
    (f":A rdfs:subClassOf [ {R} :p ; owl:maxCardinality 1 ; owl:onClass :B ] .",
     "owl:maxCardinality with owl:onClass"),
    (f":A rdfs:subClassOf [ {R} :p ; owl:maxCardinality -1 ] .", "non-negative integer"),
    (":A rdfs:subClassOf [ a owl:Class ; owl:unionOf _:l ] . _:l rdf:first :B .",
     "does not end with rdf:nil"),
    (":A rdfs:subClassOf [ a owl:Class ; owl:unionOf _:l ] . "
     "_:l rdf:first :B ; rdf:rest _:m .", "does not end with rdf:nil"),
    (":A rdfs:subClassOf [ a owl:Class ; owl:unionOf _:l ] . "
     "_:l rdf:first :B , :C ; rdf:rest () .", "exactly one rdf:first"),
    (":A rdfs:subClassOf [ a owl:Class ; owl:unionOf _:l ] . "
     "_:l rdf:first :B ; rdf:rest () , _:m . _:m rdf:first :C ; rdf:rest () .",
     "exactly one rdf:first"),
    (":A rdfs:subClassOf [ a owl:Class ; owl:unionOf _:l ] . "
     "_:l rdf:first :B ; rdf:rest _:m . _:m rdf:first :C ; rdf:rest _:l .", "contains itself"),
    (":p owl:propertyChainAxiom _:l . _:l rdf:first :p ; rdf:rest _:l .", "contains itself"),
    ("[ owl:sourceIndividual :x ; owl:assertionProperty :p ; owl:targetIndividual :y ] .",
     "negative property assertion without rdf:type"),
    ("[ a owl:NegativePropertyAssertion ; owl:sourceIndividual :x ; owl:assertionProperty :p ] .",
     "lacks its source, property or target"),
    ("[ a owl:NegativePropertyAssertion ; owl:sourceIndividual :x ; owl:assertionProperty :p ; "
     "owl:targetIndividual :x , :y ] .", "or has two of one"),
    ("[ owl:members (:A :B) ] .", "owl:members of a node without rdf:type"),
    ("[] a owl:AllDisjointClasses ; owl:members (:A :B) , (:B :C) .", "two lists of members"),
    ("[ a owl:Restriction ; owl:onProperty :p ; owl:someValuesFrom :B ] .",
     "of a node that no axiom refers to"),
    ("<http://example.org> a owl:Ontology ; owl:versionIRI :v1 , :v2 .", "two version IRIs"),
    *((":d rdfs:range [ a rdfs:Datatype ; owl:onDatatype " + base + " ; "
       "owl:withRestrictions ( [ " + facet + " ] ) ] .", words)
      for base, facet, words in (
          ("xsd:string", "xsd:minInclusive 0", "is not a facet of xsd:string"),
          ("xsd:integer", "xsd:pattern 'a'", "is not a facet of xsd:integer"),
          ("xsd:integer", "xsd:length 3", "is not a facet of xsd:integer"),
          ("xsd:boolean", "xsd:minInclusive true", "is not a facet of xsd:boolean"),
          ("xsd:dateTime", "xsd:minInclusive 5", "value of another datatype"),
          ("xsd:string", "xsd:minLength 'one'", "value of another datatype"),
          ("xsd:string", "xsd:minLength 1 ; xsd:maxLength 2", "not one facet"),
      )),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), MALFORMED)
def test_malformed_statement_is_reported_and_has_no_effect(text: str, words: str) -> None:
    """What is not an axiom of OWL 2 is reported once, and not read in part."""
    found = read(text)
    assert found.axioms == []
    (reason,) = found.malformed
    assert words in reason
    assert len(found.left_out[reason]) == 1


@pytest.mark.parametrize(
    "text",
    [
        f":A rdfs:subClassOf [ {R} :p ; owl:hasSelf true ] .",
        f":A rdfs:subClassOf [ {R} :p ; owl:maxQualifiedCardinality 1 ; owl:onClass :B ] .",
        ":A rdfs:subClassOf [ a owl:Class ; owl:unionOf (:B :C) ] .",
        ":d rdfs:range [ a rdfs:Datatype ; owl:onDatatype xsd:string ; "
        "owl:withRestrictions ( [ xsd:minLength 1 ] [ xsd:pattern 'a+' ] ) ] .",
        ":d rdfs:range [ a rdfs:Datatype ; owl:onDatatype xsd:integer ; "
        "owl:withRestrictions ( [ xsd:minInclusive 0.5 ] ) ] .",
        "[] a owl:Axiom ; owl:annotatedSource :A ; owl:annotatedProperty rdfs:subClassOf ; "
        "owl:annotatedTarget :B ; rdfs:label 'why' .",
    ],
)
def test_well_formed_statement_is_not_reported(text: str) -> None:
    """Constructs as the mapping writes them are not malformed."""
    assert read(text).malformed == set()
