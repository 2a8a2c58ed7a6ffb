"""The compiled engine agrees with pySHACL, result for result; where it must not, it says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph import validation
from clustergraph.shacl import pyshacl_engine, shipped_shapes
from clustergraph.shacl.compile import Compiled, Graph
from clustergraph.shacl.reading import read
from clustergraph.shacl.report import Finding
from clustergraph.vocab import PREFIXES

FIXTURES = sorted((Path(__file__).parents[2] / "shapes").glob("*.ttl"))
SH = PREFIXES["sh"]
PROLOGUE = "@prefix : <http://example.org/> .\n" + "".join(
    f"@prefix {name}: <{PREFIXES[name]}> .\n" for name in ("rdf", "rdfs", "sh", "xsd")
)


def parse(text: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(PROLOGUE + text, format=ox.RdfFormat.TURTLE)]


Key = tuple[object, ...]


def comparable(result: Finding) -> Key:
    """Return what both engines must agree on; details only where both give them (sh:node)."""
    nested: Counter[Key] = Counter()
    if result.component == SH + "NodeConstraintComponent":
        nested = Counter(comparable(inner) for inner in result.detail)
    shape = "_" if isinstance(result.shape, ox.BlankNode) else str(result.shape)
    return (
        str(result.focus),
        str(result.path),
        str(result.value),
        shape,
        result.component,
        result.severity,
        frozenset(nested.items()),
    )


def agreed(results: Iterable[Finding]) -> Counter[Key]:
    return Counter(map(comparable, results))


def compiled(data: list[ox.Triple], shapes: Iterable[ox.Triple], few: int) -> Counter[Key]:
    return agreed(Compiled(shapes, few=few).results(Graph.of(data)))


def validated(data: list[ox.Triple], shapes: list[ox.Triple]) -> Iterator[Finding]:
    compiled = Compiled(shapes)
    return compiled.results(compiled.graph(data))


COMPILED = {few: Compiled(shipped_shapes(), few=few) for few in (0, 100)}


def test_shipped_shapes_are_all_compiled() -> None:
    """No shipped shape is left to pySHACL."""
    shapes = COMPILED[0].shapes
    assert len(shapes.targeted) >= 30
    queries = [query for shape in shapes.targeted for query in COMPILED[0].queries_of(shape)]
    assert all(query.usable and not query.needs_written_terms for query in queries)


@pytest.mark.parametrize("path", FIXTURES[::20], ids=lambda path: path.stem)
def test_mutants_give_what_pyshacl_gives(path: Path) -> None:
    """Some files with a broken rule: the same results by queries, one by one, by pySHACL."""
    _same_for(path)


@pytest.mark.full
@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_all_mutants_give_what_pyshacl_gives(path: Path) -> None:
    """Each file with a broken rule: the same results by queries, one by one, and by pySHACL."""
    _same_for(path)


def _same_for(path: Path) -> None:
    statements = read([path])
    data = [*statements, *validation.around(statements)]
    wanted = agreed(pyshacl_engine.validate_triples(data, shipped_shapes()))
    for engine in COMPILED.values():
        assert agreed(engine.results(Graph.of(data))) == wanted


@pytest.mark.parametrize("path", FIXTURES[1::5], ids=lambda path: path.stem)
def test_queries_find_what_judging_one_by_one_finds(path: Path) -> None:
    """A screen misses nobody: with queries and without, the results are the same."""
    statements = read([path])
    graph = Graph.of([*statements, *validation.around(statements)])
    by_queries, one_by_one = (agreed(engine.results(graph)) for engine in COMPILED.values())
    assert by_queries == one_by_one


NUMBERS = """
:a a :T ; :p 4.0 , 4 , "04"^^xsd:integer , "5"^^xsd:int , "abc"^^xsd:integer , "1"^^xsd:boolean ,
  "2023-02-29"^^xsd:date , "2024-02-29"^^xsd:date , "300"^^xsd:byte , "1.0E1"^^xsd:double ,
  "4.0" , "A"@EN , "b"@en-US , [] , :a .
"""


@pytest.mark.parametrize("few", [0, 100], ids=["by queries", "one by one"])
@pytest.mark.parametrize(
    "constraint",
    [
        "sh:datatype xsd:integer",
        "sh:datatype xsd:int",
        "sh:datatype xsd:decimal",
        "sh:datatype xsd:boolean",
        "sh:datatype xsd:date",
        "sh:datatype xsd:byte",
        "sh:datatype xsd:string",
        "sh:datatype rdf:langString",
        "sh:in ( 4.0 )",
        'sh:in ( 4 "04"^^xsd:integer "A"@en )',
        "sh:hasValue 4.00",
        "sh:hasValue 4",
        'sh:pattern "^4[.]0$"',
        'sh:pattern "a" ; sh:flags "i"',
        "sh:minLength 3",
        "sh:maxLength 2",
        "sh:maxCount 14",
        "sh:maxCount 15",
        "sh:minCount 15",
        "sh:minCount 16",
        "sh:minInclusive 4",
        "sh:not [ sh:datatype xsd:integer ]",
        "sh:or ( [ sh:datatype xsd:int ] [ sh:nodeKind sh:IRI ] )",
        "sh:equals :q",
        'sh:languageIn ( "en" )',
        "sh:qualifiedValueShape [ sh:datatype xsd:decimal ] ; sh:qualifiedMinCount 2",
    ],
)
def test_literals_count_as_they_are_written(constraint: str, few: int) -> None:
    """What the store would rewrite, such as 4.0, is judged in the form in which it stands."""
    shapes = parse(
        f":S a sh:NodeShape ; sh:targetClass :T ; sh:property :P .\n:P sh:path :p ; {constraint} ."
    )
    data = parse(NUMBERS)
    assert compiled(data, shapes, few) == agreed(pyshacl_engine.validate_triples(data, shapes))


def test_what_cannot_be_compared_is_no_smaller() -> None:
    """Where pySHACL ranks values of different types, SPARQL cannot compare them: a violation.

    SHACL, section 4.3: there is a result where the comparison does not return true. So the two
    differ on such values, and on nothing else.
    """
    shapes = parse(":S sh:targetClass :T ; sh:property :P .\n:P sh:path :p ; sh:maxExclusive 5 .")
    data = parse(NUMBERS)
    ours, theirs = (
        compiled(data, shapes, 100),
        agreed(pyshacl_engine.validate_triples(data, shapes)),
    )
    assert not theirs - ours
    others = {str(key[2]).partition("^^")[2].rpartition("#")[2] for key in ours - theirs}
    assert others == {"boolean>", "byte>", "date>"}


@pytest.mark.parametrize("few", [0, 100], ids=["by queries", "one by one"])
def test_inverse_of_a_sequence_is_walked_from_its_end(few: int) -> None:
    """``^(p/q)`` is ``^q/^p``; pySHACL walks ``^p/^q``, and finds other values."""
    shapes = parse(
        ":S sh:targetNode :a ; sh:property :P .\n"
        ":P sh:path [ sh:inversePath ( :p :q ) ] ; sh:class :T ."
    )
    data = parse(":b :p :c . :c :q :a .")
    (key,) = compiled(data, shapes, few)
    assert key[2] == "<http://example.org/b>"
    assert not agreed(pyshacl_engine.validate_triples(data, shapes))


def test_query_that_looks_at_rewritten_numbers_goes_to_rdflib() -> None:
    """A query that may see 4.0 as text is judged by pySHACL, and the result says so."""
    shapes = parse(
        ":S a sh:NodeShape ; sh:targetClass :T ; sh:sparql [ sh:select "
        '"SELECT $this ?value { $this <http://example.org/p> ?value '
        'FILTER(STRLEN(STR(?value)) > 1) }" ] .'
    )
    (result,) = validated(parse(":a a :T ; :p 4.0 ."), shapes)
    assert result.engine == "rdflib"
    assert list(validated(parse(":a a :T ; :p 4 ."), shapes)) == []
    (result,) = validated(parse(":a a :T ; :p 44 ; :q 4.0 ."), shapes)
    assert result.engine == "compiled"


def test_only_nodes_with_such_a_number_go_to_rdflib() -> None:
    """The other targets of the shape are judged as ever, and nothing is told twice."""
    shapes = parse(
        ":S a sh:NodeShape ; sh:targetClass :T ; sh:sparql [ sh:select "
        '"SELECT $this ?value { $this <http://example.org/p> ?value '
        'FILTER(STRLEN(STR(?value)) > 1) }" ] .'
    )
    found = validated(parse(":a a :T ; :p 4.0 . :b a :T ; :p 44 . :c a :T ; :p 4 ."), shapes)
    told = {(result.focus.value.rpartition("/")[2], result.engine) for result in found}
    assert told == {("a", "rdflib"), ("b", "compiled")}


def test_messages_are_filled_in() -> None:
    """``{?name}`` gives way to what the query found; each language has its message."""
    shapes = parse(
        ":S a sh:NodeShape ; sh:targetClass :T ; sh:sparql [ sh:select "
        '"SELECT $this ?value ?other { $this <http://example.org/p> ?value ; '
        '<http://example.org/q> ?other }" ; '
        'sh:message "{$this} has {?value}, not {?other} or {?nothing}"@en , "{?value}!"@cs ] .'
    )
    (result,) = validated(parse(':a a :T ; :p 1 ; :q "two" .'), shapes)
    assert set(result.messages) == {
        ox.Literal("http://example.org/a has 1, not two or {?nothing}", language="en"),
        ox.Literal("1!", language="cs"),
    }


def test_details_say_which_alternative_failed_on_what() -> None:
    """A result of sh:or holds the results of each alternative."""
    shapes = parse(
        ":S a sh:NodeShape ; sh:targetClass :T ; sh:property [ sh:path :p ; "
        "sh:or ( [ sh:datatype xsd:integer ] [ sh:class :U ; sh:nodeKind sh:BlankNode ] ) ] ."
    )
    (result,) = validated(parse(":a a :T ; :p :b ."), shapes)
    assert sorted(inner.component.removeprefix(SH) for inner in result.detail) == [
        "ClassConstraintComponent",
        "DatatypeConstraintComponent",
        "NodeKindConstraintComponent",
    ]
    assert {inner.focus for inner in result.detail} == {ox.NamedNode("http://example.org/b")}


def test_reasons_name_the_alternative_and_shapes_without_a_name() -> None:
    """Details are numbered by their alternative; an unnamed shape is told by what it asks for."""
    shapes = parse(
        ":S a sh:NodeShape ; sh:targetNode :a ; sh:not [ sh:class :T ] ; "
        "sh:or ( [ sh:class :U ] [ sh:nodeKind sh:Literal ; sh:minLength 99 ] ) ; "
        "sh:xone ( [ sh:class :T ] [ sh:nodeKind sh:IRI ] [ sh:class :U ] ) ."
    )
    told = {
        result.component.partition("#")[2]: result
        for result in validated(parse(":a a :T ."), shapes)
    }
    assert [inner.part for inner in told["OrConstraintComponent"].detail] == [1, 2, 2]
    said = told["NotConstraintComponent"].messages[0].value
    assert said == ("The node conforms to the shape (class <http://example.org/T>), and must not.")
    said = told["XoneConstraintComponent"].messages[0].value
    assert said == "The node conforms to none of the shapes, or to more than one."


@pytest.mark.parametrize("few", [0, 100], ids=["by queries", "one by one"])
@pytest.mark.parametrize("name", ["lessThan", "lessThanOrEquals"])
def test_things_are_not_less_than_things(name: str, few: int) -> None:
    """SPARQL cannot compare IRIs or blank nodes, which makes a result (SHACL, section 4.5.3).

    pySHACL ranks IRIs by their letters, and refuses shapes under which it meets a blank node.
    """
    shapes = parse(f":S sh:targetClass :T ; sh:property [ sh:path :p ; sh:{name} :q ] .")
    data = parse(":a a :T ; :p :b , [] ; :q :b , :c .")
    assert compiled(data, shapes, few).total() == 4
