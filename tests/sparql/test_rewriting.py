"""Queries that the engine alone would answer otherwise than SPARQL defines."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from clustergraph.errors import QuerySyntaxError
from clustergraph.quadstore.engine import StoreEngine
from clustergraph.sparql import rewriting as module
from clustergraph.sparql.rewriting import rewritten

PREFIX = "PREFIX ex: <http://example.org/> "
DATA = """
@prefix ex: <http://example.org/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
ex:g { ex:a ex:p ex:b ; ex:q ex:b ; ex:v 1 , 2.5 , "2024-01-01"^^xsd:date . ex:b ex:p ex:c . }
ex:h { ex:a ex:p ex:b . ex:d ex:p ex:b }
"""


@pytest.fixture(scope="module")
def engine() -> StoreEngine:
    store = ox.Store()
    store.extend(ox.parse(DATA, ox.RdfFormat.TRIG))
    return StoreEngine(store)


def rows(engine: StoreEngine, query: str) -> list[str]:
    found = engine.query(PREFIX + query)
    assert isinstance(found, ox.QuerySolutions)
    return sorted(" ".join("-" if one is None else one.value.rpartition("/")[2] for one in row)
                  for row in found)  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT ?o { GRAPH ex:g { ex:a (ex:p|ex:q) ?o } }", ["b", "b"]),
        ("SELECT ?o { GRAPH ex:g { ex:a ex:p|ex:q ?o . } }", ["b", "b"]),
        ("SELECT ?s { GRAPH ex:g { ?s ((ex:p|ex:q)) ex:b } }", ["a", "a"]),
        ("SELECT ?o { GRAPH ex:g { ex:a ex:p/ex:p|ex:q|ex:v ?o } }", ["1", "2.5", "2024-01-01", "b",
          "c"]),
        ("SELECT ?s { GRAPH ex:g { ex:b ^ex:p|^ex:q ?s } }", ["a", "a"]),
        ("SELECT ?o ?x { GRAPH ex:g { ex:b ex:p ?x . ex:a ex:p|ex:q ?o FILTER(isIRI(?o)) } }",
         ["b c", "b c"]),
        ("SELECT (COUNT(*) AS ?n) { GRAPH ex:g { { ex:a ex:p|ex:q ?o } } }", ["2"]),
        ("SELECT DISTINCT ?o { GRAPH ex:g { ex:a ex:p|ex:q ?o } }", ["b"]),
    ],
)  # fmt: skip
def test_alternatives_keep_duplicates(engine: StoreEngine, query: str, expected: list[str]) -> None:
    """Each alternative contributes its own solutions."""
    assert rows(engine, query) == sorted(expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT ?o { GRAPH ex:g { ex:none ex:p* ?o } }", ["none"]),
        ("SELECT ?o { GRAPH ex:g { ex:none ex:p? ?o } }", ["none"]),
        ("SELECT ?s { GRAPH ex:g { ?s (ex:p/ex:q)* ex:none } }", ["none"]),
        ("SELECT ?o { GRAPH ex:g { ex:a ex:p* ?o } }", ["a", "b", "c"]),
        ("SELECT ?o { GRAPH ex:g { ex:a ex:p+ ?o } }", ["b", "c"]),
        ("SELECT ?o { GRAPH ex:g { ex:none ex:p+ ?o } }", []),
        ("SELECT ?o ?l { GRAPH ex:g { ex:none ex:p* ?o OPTIONAL { ?o ex:q ?l } } }", ["none -"]),
    ],
)
def test_paths_without_length(engine: StoreEngine, query: str, expected: list[str]) -> None:
    """A term is at no distance from itself, even where the graph does not hold it."""
    assert rows(engine, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT (GROUP_CONCAT(?o; SEPARATOR=',') AS ?x) { VALUES ?o { 1 2.5 true } }",
         ["1,2.5,true"]),
        ("SELECT (group_concat(distinct ?o) AS ?x) { VALUES ?o { 1 1 } }", ["1"]),
        ("SELECT (GROUP_CONCAT(?o+1) AS ?x) { VALUES ?o { 1 } }", ["2"]),
        ("SELECT (GROUP_CONCAT(CONCAT('a;', STR(?o)); SEPARATOR=';') AS ?x) { VALUES ?o { 1 } }",
         ["a;1"]),
        ("SELECT (GROUP_CONCAT(?o) AS ?x) { VALUES ?o { 'a'@en 'b'@cs } }", ["a b"]),
    ],
)  # fmt: skip
def test_concatenation_of_values(engine: StoreEngine, query: str, expected: list[str]) -> None:
    """GROUP_CONCAT takes numbers, dates and truths by their text."""
    assert rows(engine, query) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (r'REGEX("aa", "(a)\\1")', "true"),
        (r'REGEX("ab", "(a)\\1")', "false"),
        (r'REGEX("b", "^[a-z-[aeiou]]$")', "true"),
        (r'REGEX("e", "^[a-z-[aeiou]]$")', "false"),
        (r'REGEX("é", "^\\i$")', "true"),
        (r'REGEX("β", "^\\p{IsGreek}$")', "true"),
        (r'REGEX("AA", "(a)\\1", "i")', "true"),
        (r'REPLACE("abab", "(ab)\\1", "X")', "X"),
        (r'REPLACE("a-b", "([a-z])-([a-z])", "$2-$1")', "b-a"),
        (r'REPLACE("abc", "x*", "-")', "-"),
        (r'REGEX("abc", "b")', "true"),
        (r'REGEX("a b", "\\bb")', "true"),
        (r'REGEX("A", "(?i)a")', "true"),
    ],
)
def test_regular_expressions_of_xpath(engine: StoreEngine, expression: str, expected: str) -> None:
    """Patterns have back-references, subtraction, name classes and blocks; errors are unbound."""
    found = rows(engine, f"SELECT (COALESCE({expression}, '-') AS ?x) {{}}")
    assert found == [expected]


def test_patterns_from_data(engine: StoreEngine) -> None:
    """A pattern that is calculated is of the same dialect."""
    query = r'SELECT ?x { VALUES ?p { "(a)\\1" "b" "\\ba" } BIND(REGEX("aa", ?p) AS ?x) }'
    assert rows(engine, query) == ["false", "true", "true"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?s ?s { VALUES ?s { 1 } }",
        "SELECT DISTINCT $s ?s { { SELECT ?s ?s ?s { VALUES ?s { 1 } } } }",
    ],
)
def test_variables_named_twice(engine: StoreEngine, query: str) -> None:
    """A variable may be projected twice, and comes once."""
    found = engine.query(query)
    assert isinstance(found, ox.QuerySolutions)
    assert [one.value for one in found.variables] == ["s"]
    assert len(list(found)) == 1


def test_faults_are_explained_on_the_text_as_written(engine: StoreEngine) -> None:
    """The place of a fault is one of the query that was sent."""
    with pytest.raises(QuerySyntaxError, match="line 2, column 5"):
        engine.query("SELECT ?s { ?s <x:p>|<x:q> ?o .\n ?s ] }")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?s ?p ?o }",
        "SELECT (COUNT(*) AS ?n) { ?s ?p ?o FILTER(?o * 2 > 3 || ?o = 1) }",
        "SELECT ?x { VALUES ?x { 'a|b' } } # a|b",
        "ASK { ?s !(<x:p>|<x:q>) ?o }",
        "SELECT * { ?s <x:p>* ?o }",
        "SELECT * { ?s <x:p>/(<x:q>|<x:r>) ?o ; <x:t> ?z }",
        "SELECT ?x { BIND(REGEX('a', 'a') AS ?x) }",
        "SELECT ?x { BIND(REGEX('a', 'A', 'i') AS ?x) }",
        "SELECT * { ?s ?p ?o FILTER NOT EXISTS { ?s <x:p>|<x:q> ?o } }",
        "SELECT (GROUP_CONCAT(STR(?x); SEPARATOR=' ') AS ?y) { VALUES ?x { 1 } }",
    ],
)
def test_others_stay_as_they_are(query: str) -> None:
    """Nothing is rewritten that needs no rewriting, or that could not be rewritten soundly."""
    assert rewritten(query) == query


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ("SELECT * { ?s <x:p>|<x:q> ?o }", []),
        ("SELECT * { ?s (<x:p>|<x:q>)/<x:r> ?o }", [module.ALTERNATIVES]),
        ("SELECT * { ?s <x:p>|<x:q> ?o , ?z }", [module.ALTERNATIVES]),
        ("SELECT * { <x:a> <x:p>* ?o ; <x:q> 1 }", [module.ZERO_LENGTH]),
        ("SELECT * { <x:a> <x:p>* ?o }", []),
        ("SELECT (99999999999999999999 AS ?x) {}", [module.NUMBERS]),
        ("SELECT (xsd:byte(1) AS ?x) {}", [module.CASTS]),
        ("SELECT (xsd:integer('1') AS ?x) {}", []),
        ("SELECT * { ?s ?p 1 }", []),
        ("SELECT * FROM <x:a> FROM <x:b> { ?s ?p ?o }", [module.SEVERAL_GRAPHS]),
        ("SELECT * FROM <x:a> FROM NAMED <x:b> { ?s ?p ?o }", []),
    ],
)
def test_what_remains_is_told(query: str, messages: list[str]) -> None:
    """Only queries that use a deviation are warned of it."""
    assert module.deviations(query) == messages
