"""Cases from practice: shapes and data on which validators disagree, or say nothing."""

# ruff: noqa: E501 - shapes read better on one line

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clustergraph.cli import main
from clustergraph.vocab import PREFIXES

PROLOGUE = "@prefix ex: <http://example.org/> .\n" + "".join(
    f"@prefix {name}: <{PREFIXES[name]}> .\n" for name in ("owl", "rdf", "rdfs", "sh", "xsd")
)
DECLARED = 'ex:o sh:declare [ sh:prefix "ex" ; sh:namespace "http://example.org/"^^xsd:anyURI ] .\n'
INTEGER_20 = "99999999999999999999"


class Ran(NamedTuple):
    """Exit code, findings as pairs of focus and value, and what was told on standard error."""

    code: int
    found: list[tuple[str, str | None]]
    err: str
    out: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """What validates data against shapes, both as Turtle without prefixes."""
    monkeypatch.chdir(tmp_path)

    def call(shapes: str, data: str, *arguments: str, form: str = "json", paths: Any = None) -> Ran:
        Path("shapes.ttl").write_text(PROLOGUE + shapes, encoding="utf-8")
        Path("data.ttl").write_text(PROLOGUE + data, encoding="utf-8")
        files = paths or ["data.ttl"]
        with pytest.raises(SystemExit) as caught:
            main(["validate", "--shapes", "shapes.ttl", *files, "--format", form, *arguments])
        out, err = capsys.readouterr()
        found = []
        assert out or err, caught.value.code
        if form == "json" and out.startswith("{"):
            found = [
                (one["focus"].rpartition("/")[2], one["value"])
                for one in json.loads(out)["findings"]
            ]
        return Ran(int(caught.value.code or 0), sorted(found, key=str), err, out)

    return call


def on(constraints: str) -> str:
    return f"ex:S a sh:NodeShape ; sh:targetClass ex:T ; sh:property ex:P .\nex:P sh:path ex:p ; {constraints} .\n"


def query(text: str, prefixes: str = "sh:prefixes ex:o ; ") -> str:
    return (
        DECLARED + f"ex:S a sh:NodeShape ; sh:targetClass ex:T ; "
        f'sh:sparql [ {prefixes}sh:select """{text}""" ] .\n'
    )


def value(*terms: str) -> str:
    return f"ex:a a ex:T ; ex:p {' , '.join(terms)} .\n"


@pytest.mark.parametrize("text", [
    "PREFIX ex: <http://example.org/> SELECT $this WHERE { $this ex:p ?v }",
    "PREFIX ex:<http://elsewhere.example/> PREFIX e: <http://example.org/> SELECT $this { $this e:p ?v }",
    "BASE <http://example.org/> SELECT $this WHERE { $this <p> ?v }",
    "BASE <http://example.org/x/y> PREFIX : <../> SELECT $this WHERE { $this :p ?v }",
    "# PREFIX ex: <urn:x>\n prefix ex: <http://example.org/>\nselect $this where{$this ex:p ?v}",
    "PREFIX rdf: <http://example.org/> SELECT $this WHERE { $this rdf:p ?v }",
])  # fmt: skip
def test_prefixes_and_base_of_a_query(run: Run, text: str) -> None:
    """PREFIX and BASE within a query count, and come before what is declared elsewhere."""
    assert run(query(text), value("1") + "ex:b a ex:T .").found == [("a", "<http://example.org/a>")]


@pytest.mark.parametrize(("constraint", "terms", "bad"), [
    ("sh:minInclusive 0", ["9223372036854775808", '"48.1234567890123456789"^^xsd:decimal'], 0),
    ("sh:maxInclusive 9223372036854775807", ["9223372036854775808", "9223372036854775807"], 1),
    (f"sh:minExclusive {INTEGER_20}", [INTEGER_20, f"{INTEGER_20}1"], 1),
    ("sh:maxExclusive 1.0", ['"0.9999999999999999999999999"^^xsd:decimal'], 0),
    ("sh:minExclusive 1.0", ['"1.0000000000000000000000001"^^xsd:decimal'], 0),
    ("sh:maxInclusive true", ["false", "true"], 0),
    ("sh:minInclusive true", ["false", "true"], 1),
    ('sh:minExclusive "2020-01-01T00:00:00.1234567890123456789Z"^^xsd:dateTime',
     ['"2020-01-01T00:00:00.12345678901234567891Z"^^xsd:dateTime'], 0),
    ('sh:maxExclusive "10:00:00.00000000000000000002"^^xsd:time',
     ['"10:00:00.00000000000000000001"^^xsd:time'], 0),
    ('sh:maxInclusive "99999999999999999999"^^xsd:gYear', ['"2020"^^xsd:gYear'], 0),
    ('sh:minInclusive "P1D"^^xsd:duration', ['"PT23H"^^xsd:duration', '"PT24H"^^xsd:duration'], 1),
    ('sh:minInclusive "2020-01-01"^^xsd:date', ['"2020-01-01"^^xsd:date', '"2019-12-31"^^xsd:date'],
     1),
])  # fmt: skip
def test_values_are_compared_exactly(run: Run, constraint: str, terms: list[str], bad: int) -> None:
    """Numbers, times and booleans of any size are compared by their exact value."""
    assert len(run(on(constraint), value(*terms)).found) == bad


@pytest.mark.parametrize(
    "pair",
    [("false", "true"), ("1", INTEGER_20), ("0.1", '"0.10000000000000000000001"^^xsd:decimal')],
)
def test_pairs_are_compared_exactly(run: Run, pair: tuple[str, str]) -> None:
    """sh:lessThan orders booleans, and numbers beyond what the store computes with."""
    less, more = pair
    shapes = on("sh:lessThan ex:q")
    assert run(shapes, f"ex:a a ex:T ; ex:p {less} ; ex:q {more} .").code == 0
    assert run(shapes, f"ex:a a ex:T ; ex:p {more} ; ex:q {less} .").code == 1


@pytest.mark.parametrize(("text", "terms", "found"), [
    ("SELECT $this ?value { $this ex:p ?value FILTER(?value > 5) }", [INTEGER_20], [INTEGER_20]),
    (f"SELECT $this ?value {{ $this ex:p ?value FILTER(?value < {INTEGER_20}) }}", ["7"], ["7"]),
    ("SELECT $this ?value { $this ex:p ?value FILTER(?value != 1.0) }",
     ['"1.0000000000000000000000001"^^xsd:decimal'], ["1.0000000000000000000000001"]),
    ("SELECT $this ?value { $this ex:p 5 , ?value }", ['"05"^^xsd:integer', "5.00", '"5"^^xsd:byte'], []),
    ("SELECT $this { $this ex:p 5.0 }", ["5"], []),
    ("SELECT $this ?value { $this ex:p ?value FILTER(STR(?value) = '05') }",
     ['"05"^^xsd:integer', "5"], ["05"]),
    ("SELECT $this ?value { $this ex:p ?value FILTER(DATATYPE(?value) = xsd:byte) }",
     ['"5"^^xsd:byte'], ["5"]),
    ("SELECT $this ?value { $this ex:p ?value FILTER(LANG(?value) = 'en-US') }",
     ['"x"@en-US', '"y"@en-GB'], ["x"]),
    ("SELECT $this ?value { $this ex:p ?value FILTER(LANG(?value) IN ('EN', 'de-AT')) }",
     ['"x"@en', '"y"@de-at', '"z"@fr'], ["x", "y"]),
])  # fmt: skip
def test_queries_see_terms_as_they_are_written(
    run: Run, text: str, terms: list[str], found: list[str]
) -> None:
    """Triple patterns match terms, expressions values of any size; reports show what is written."""
    shapes = query(f"PREFIX xsd: <{PREFIXES['xsd']}> {text}")
    ran = run(shapes, value(*terms))
    assert [str(shown).partition('"')[2].partition('"')[0] for _, shown in ran.found] == found


PATTERNS = [
    (r"^\\d{4}(-?)\\d\\d\\1\\d\\d$", "", ["2020-01-31", "20200131"], ["2020-0131"]),
    (r"^[a-z-[aeiou]]+$", "", ["xyz"], ["abc"]),
    (r"^\\i\\c*$", "", ["a-1", "_x"], ["1a"]),
    (r"^\\p{IsGreek}+$", "", ["αβγ"], ["abc"]),
    (r"^\\p{Lu}\\P{Lu}*$", "", ["Abc"], ["aBc"]),
    ("^a{1200}$", "", ["a" * 1200], ["a" * 1199]),
    ("A B", "x", ["xAB"], ["A B"]),
    ("a.c", "q", ["xa.cx"], ["abc"]),
    ("^b$", "m", [r"a\nb"], ["ab"]),
    ("a.b", "s", [r"a\nb"], ["ab"]),
    ("a.b", "", ["axb"], [r"a\rb"]),
    ("^a$", "", ["a"], [r"a\n"]),
    (r"^\\w+$", "", ["a1"], ["a_b"]),
    (r"^a\\sb$", "", ["a b"], ["a\u00a0b"]),
    ("É", "i", ["é"], ["e"]),
]


@pytest.mark.parametrize("engine", ["auto", "pyshacl"])
@pytest.mark.parametrize(("pattern", "flags", "good", "bad"), PATTERNS)
def test_patterns_are_those_of_xpath(
    run: Run, pattern: str, flags: str, good: list[str], bad: list[str], engine: str
) -> None:
    """sh:pattern and REGEX follow XPath and XQuery, whatever the engine."""
    data = value(*(f'"{text}"' for text in (*good, *bad)))
    by_pattern = on(f'sh:pattern "{pattern}" ; sh:flags "{flags}"')
    inner = pattern.replace("\\", "\\\\")
    by_query = query(
        f"SELECT $this ?value {{ $this ex:p ?value FILTER(!REGEX(?value, '{inner}', '{flags}')) }}"
    )
    for shapes in (by_pattern, by_query):
        ran = run(shapes, data, "--engine", engine)
        assert len(ran.found) == len(bad), ran


def test_patterns_of_queries_that_are_computed(run: Run) -> None:
    """REGEX with a pattern from the data, and REPLACE with groups, follow XPath too."""
    shapes = query(
        r"SELECT $this ?value { $this ex:p ?value ; ex:q ?pattern FILTER(REGEX(?value, ?pattern)) "
        r"FILTER(REPLACE(?value, '(.)\\\\1', '$1') = 'abc') }"
    )
    data = r'ex:a a ex:T ; ex:p "aabc" , "xxyz" ; ex:q "^(.)\\1" .'
    assert [shown for _, shown in run(shapes, data).found] == ['"aabc"']


@pytest.mark.parametrize("pattern", [
    "^(ab", "^(?!TODO).*$", "a**", "[z-a]", "a{2,1}", r"\\y", r"(a)\\2", "[", "a{,3}", r"\\p{IsNowhere}",
    "(?i)x", "a{99999999999999}",
])  # fmt: skip
def test_invalid_patterns_are_faults_of_shapes(run: Run, pattern: str) -> None:
    """What is no regular expression of XPath is an error in the shape, never a finding."""
    inner = pattern.replace("\\", "\\\\")
    for shapes in (
        on(f'sh:pattern "{pattern}"'),
        query(f"SELECT $this {{ $this ex:p ?v FILTER(REGEX(?v, '{inner}')) }}"),
    ):
        ran = run(shapes, value('"ab"'))
        assert ran.code == 2
        assert "shapes.ttl:" in ran.err


def test_unknown_flags_are_faults_of_shapes(run: Run) -> None:
    """A flag that XPath does not have is an error in the shape."""
    assert run(on('sh:pattern "a" ; sh:flags "z"'), value('"a"')).code == 2


def chain(length: int, last: str = "") -> str:
    text = f"ex:n{length} {last or 'ex:age 1'} .\nex:n0 a ex:T .\n"
    return text + "".join(
        f'ex:n{n} ex:child ex:n{n + 1} ; ex:name "{n}" .\n' for n in range(length)
    )


RECURSIVE = (
    "ex:S a sh:NodeShape ; sh:targetClass ex:T ; sh:property [ sh:path ex:name ; sh:minCount 1 ] , "
    "[ sh:path ex:child ; sh:node ex:S ] .\n"
)


@pytest.mark.parametrize("length", [4, 45, 1200])
def test_recursive_shapes_follow_data_to_any_depth(run: Run, length: int) -> None:
    """A fault at the end of a long chain is found, and a sound chain conforms."""
    assert run(RECURSIVE, chain(length)).found == [("n0", "<http://example.org/n1>")]
    assert run(RECURSIVE, chain(length, 'ex:name "last"')).code == 0


@pytest.mark.parametrize("length", [1, 3, 200])
def test_cycles_conform_unless_something_is_wrong(run: Run, length: int) -> None:
    """A node that is reached again conforms; a fault anywhere in the cycle counts for all."""
    sound = chain(length, 'ex:name "x" ; ex:child ex:n0')
    broken = chain(length, "ex:child ex:n0")
    everyone = "".join(f"ex:n{n} a ex:T .\n" for n in range(length + 1))
    assert run(RECURSIVE, sound + everyone).code == 0
    assert len(run(RECURSIVE, broken + everyone).found) == length + 2


def test_recursion_by_property_shapes(run: Run) -> None:
    """Property shapes that lead to themselves are followed too, each node once."""
    shapes = "ex:S sh:targetClass ex:T ; sh:property ex:P . ex:P sh:path ex:child ; sh:property ex:P , [ sh:path ex:name ; sh:minCount 1 ] ."
    assert [focus for focus, _ in run(shapes, chain(1500, "ex:child ex:n7")).found] == ["n1500"]


def test_reference_to_another_shape_changes_no_other_result(run: Run) -> None:
    """Adding sh:node that makes a shape recursive leaves the other results as they were."""
    shapes = on('sh:pattern "^a" ; sh:minLength 3')
    before = run(shapes, value('"b"', '"ab"')).found
    after = run(shapes + "ex:S sh:node ex:S .", value('"b"', '"ab"')).found
    assert [pair for pair in after if pair[1] != "<http://example.org/a>"] == before


AF = {
    "a target": DECLARED
    + 'ex:S a sh:NodeShape ; sh:target [ a sh:SPARQLTarget ; sh:prefixes ex:o ; sh:select "SELECT ?this WHERE { ?this ex:p 5 }" ] ; sh:property [ sh:path ex:q ; sh:minCount 1 ] .',
    "an expression": "ex:S a sh:NodeShape ; sh:targetClass ex:T ; sh:expression [ sh:path ex:flag ] .",
    "a rule": "ex:R a sh:NodeShape ; sh:targetClass ex:T ; sh:rule [ a sh:TripleRule ; sh:subject sh:this ; sh:predicate ex:r ; sh:object ex:x ] .\n"
    "ex:S a sh:NodeShape ; sh:targetClass ex:T ; sh:property [ sh:path ex:r ; sh:maxCount 0 ] .",
    "a function": DECLARED
    + 'ex:twice a sh:SPARQLFunction ; sh:parameter [ sh:path ex:arg ; sh:datatype xsd:integer ] ; sh:returnType xsd:integer ; sh:prefixes ex:o ; sh:select "SELECT (($arg * 2) AS ?r) WHERE {}" .\n'
    'ex:S a sh:NodeShape ; sh:targetClass ex:T ; sh:sparql [ sh:prefixes ex:o ; sh:select "SELECT $this ?value { $this ex:p ?value FILTER(ex:twice(?value) > 9) }" ] .',
}


@pytest.mark.parametrize("kind", AF)
def test_advanced_features_are_evaluated(run: Run, kind: str) -> None:
    """Targets, expressions, rules and functions of SHACL-AF have their effect."""
    assert len(run(AF[kind], "ex:a a ex:T ; ex:p 5 ; ex:flag false .").found) == 1


@pytest.mark.parametrize("regime", ["OWL-RDF-Based", "RDFS", "Simple"])
def test_entailment_regimes_end_in_a_failure(run: Run, regime: str) -> None:
    """sh:entailment asks for what is not done, which has to be a failure (section 3.1.4)."""
    shapes = (
        on("sh:minCount 1")
        + f"ex:shapes sh:entailment <http://www.w3.org/ns/entailment/{regime}> ."
    )
    ran = run(shapes, value("1"))
    assert ran.code == 2
    assert "sh:entailment" in ran.err


@pytest.mark.parametrize(("bound", "code"), [("true", 2), ("'x' = 'x'", 2), ("false", 1)])
def test_failures_of_queries(run: Run, bound: str, code: int) -> None:
    """A solution that binds ?failure to true ends the validation in a failure (section 5.3.2)."""
    text = f"SELECT $this ?failure {{ $this ex:p ?v BIND(({bound}) AS ?failure) }}"
    assert run(query(text), value("1")).code == code


ILL_FORMED = [
    on("sh:minCount 1 , 2"), on('sh:minCount "1"'), on("sh:minCount 1.0"), on("sh:maxCount -1"),
    on("sh:nodeKind sh:Iri"), on("sh:datatype xsd:integer , xsd:string"), on("sh:in 5"),
    on("sh:languageIn ( 5 )"), on('sh:uniqueLang "yes"'), on("sh:class 'T'"), on("sh:equals 'p'"),
    on("sh:minLength 'x'"), on("sh:pattern 5"), on("sh:severity 'high'"), on("sh:or ( 1 2 )"),
    on("sh:deactivated 'maybe'"), on("sh:minInclusive ex:x"), on("sh:node 'S'"),
    "ex:S sh:targetClass ex:T ; sh:property ex:Nowhere .",
    "ex:S sh:targetClass ex:T ; sh:property [ sh:minCount 1 ] .",
    "ex:S sh:targetClass ex:T ; sh:minCount 1 .",
    "ex:S sh:targetClass 'T' ; sh:nodeKind sh:IRI .",
    "ex:S sh:targetClass ex:T ; sh:property [ sh:path ( ex:p ) ; sh:minCount 1 ] .",
    "ex:S sh:targetClass ex:T ; sh:property [ sh:path [ sh:alternativePath ( ex:p ) ] ] .",
    "ex:S sh:targetClass ex:T ; sh:property [ sh:path ex:p , ex:q ] .",
    "ex:S sh:targetClass ex:T ; sh:property [ sh:path [ sh:backwards ex:p ] ] .",
    query("CONSTRUCT { $this a $this } WHERE { $this a ?v }"), query("ASK { $this ex:p ?v }"),
    query("SELECT $this { $this ex:p ?v MINUS { $this ex:q ?v } }"),
    query("SELECT $this { $this unknown:p ?v }"), query("SELECT $this { $this <p> ?v }"),
    DECLARED.replace('"ex"', '"not a name"') + query("SELECT $this { $this ex:p ?v }"),
    DECLARED.replace("http://example.org/", "http://other.example/")
    + query("SELECT $this { $this ex:p ?v }"),
]  # fmt: skip


@pytest.mark.parametrize("shapes", ILL_FORMED)
def test_ill_formed_shapes_are_errors(run: Run, shapes: str) -> None:
    """What SHACL calls ill-formed is told with file, line and shape, and skipped on request."""
    ran = run(shapes, value("1"))
    assert ran.code == 2
    assert "shapes.ttl:" in ran.err
    skipped = run(
        shapes
        + " ex:Sound sh:targetClass ex:T ; sh:property [ sh:path ex:lacking ; sh:minCount 1 ] .",
        value("1"),
        "--skip-broken",
    )
    assert ("a", None) in skipped.found
    assert "left out" in skipped.err


def test_all_faults_are_told_in_one_run(run: Run) -> None:
    """Faults of several shapes come together, each with its line; in reports, one finding each."""
    shapes = (
        on("sh:minCount 1 , 2 ; sh:nodeKind sh:Iri")
        + 'ex:P2 sh:path ex:q ; sh:pattern "(" .\nex:S sh:property ex:P2 .\n'
    )
    ran = run(shapes, value("1"))
    lines = [line for line in ran.err.splitlines() if line.startswith("shapes.ttl:")]
    assert len(lines) == 3
    assert {line.split(":")[1] for line in lines} == {"8", "9"}
    assert len(ran.found) == 3


@pytest.mark.parametrize(("shapes", "word"), [
    (on("sh:minCount 1 ; sh:propery ex:x"), "sh:property"),
    (on("sh:minCount 1 ; sh:reifierShape ex:x"), "not a term of SHACL 1.0"),
    (on("sh:minCount 1 ; sh:js [ sh:jsFunctionName 'f' ]"), "SHACL-JS"),
    (on("sh:minCount 1 ; sh:node ex:Nowhere"), "do not describe"),
    (on("sh:minCount 1 ; sh:flags 'i'"), "without sh:pattern"),
    (on("sh:minCount 1") + "ex:K a owl:Class , sh:NodeShape ; sh:nodeKind sh:IRI .", "rdfs:Class"),
    (on("sh:minCount 1 ; sh:qualifiedMinCount 9"), "without sh:qualifiedValueShape"),
    ("<> owl:imports <other.ttl> .\n" + on("sh:minCount 1"), "was not read"),
    ("<> owl:imports <http://example.org/shapes> .\n" + on("sh:minCount 1"), "was not read"),
])  # fmt: skip
def test_what_has_no_effect_is_told(run: Run, shapes: str, word: str) -> None:
    """Unknown terms, extensions and unread imports are told on stderr, and fail with --strict."""
    ran = run(shapes, value("1"))
    assert (ran.code, word in ran.err) == (0, True), ran.err
    assert run(shapes, value("1"), "--strict").code == 2
    assert run(on("sh:minCount 1"), value("1"), "--strict").code == 0


def test_files_without_content_are_told(run: Run) -> None:
    """A file of shapes without shapes, and data without statements, are told."""
    Path("none.ttl").write_text(PROLOGUE + "ex:x ex:y ex:z .", encoding="utf-8")
    Path("empty.ttl").write_text(PROLOGUE, encoding="utf-8")
    ran = run(
        on("sh:minCount 1"), value("1"), "--shapes", "none.ttl", paths=["data.ttl", "empty.ttl"]
    )
    assert "none.ttl: holds no SHACL shapes" in ran.err
    assert "empty.ttl: holds no statements" in ran.err


def test_local_imports_are_read_on_request(run: Run) -> None:
    """--imports reads files that shapes and data import, also those imported by these."""
    Path("one.ttl").write_text("<> <http://www.w3.org/2002/07/owl#imports> <two.ttl> .")
    Path("two.ttl").write_text(PROLOGUE + on("sh:maxCount 0"), encoding="utf-8")
    shapes = "<> owl:imports <one.ttl> . ex:Z a sh:NodeShape ; sh:targetClass ex:Q ."
    assert run(shapes, value("1"), "--imports").code == 1
    assert run(shapes, value("1")).code == 0


@pytest.mark.parametrize("shapes", [
    "ex:S sh:targetSubjectsOf ex:p ; sh:path ex:p ; sh:maxCount 0 .",
    "ex:S sh:targetNode ex:a ; sh:class ex:Missing .",
    "ex:T a rdfs:Class ; sh:property [ sh:path ex:p ; sh:maxCount 0 ] .",
])  # fmt: skip
def test_shapes_need_no_type(run: Run, shapes: str) -> None:
    """A target or a parameter makes a shape; an rdf:type is not needed."""
    assert run(shapes, value("1")).code == 1


@pytest.mark.parametrize(
    "paths", [["data.ttl", "./data.ttl"], ["data.ttl", "."], ["data.ttl", "link.ttl"]]
)
def test_a_file_given_twice_counts_once(run: Run, paths: list[str]) -> None:
    """The blank nodes of a file are read once, however often and by whatever name it is given."""
    Path("link.ttl").symlink_to("data.ttl")
    data = 'ex:a a ex:T ; ex:p [ ex:city "B" ] .'
    assert run(on("sh:maxCount 1"), data, paths=paths).found == []


def test_context_counts_and_is_not_validated(run: Run) -> None:
    """--context completes the data; what it describes itself is not validated."""
    Path("more.ttl").write_text(PROLOGUE + "ex:x a ex:Thing . ex:y a ex:T .", encoding="utf-8")
    shapes = on("sh:class ex:Thing ; sh:minCount 1")
    assert run(shapes, value("ex:x")).code == 1
    assert run(shapes, value("ex:x"), "--context", "more.ttl").found == []


def test_input_format_applies_to_files(run: Run) -> None:
    """--input-format says what files are written in, whatever their names."""
    Path("data.txt").write_text(PROLOGUE + value("1"), encoding="utf-8")
    ran = run(on("sh:maxCount 0"), "", "--input-format", "turtle", paths=["data.txt"])
    assert ran.found == [("a", None)]


def test_baselines_know_anonymous_shapes_by_content(run: Run) -> None:
    """A finding of another shape without a name is new; severity and words do not count."""

    def anonymous(name: str, kind: str, more: str = "") -> str:
        return f"ex:{name} sh:targetClass ex:T ; sh:property [ sh:path ex:p ; sh:datatype xsd:{kind} {more} ] ."

    run(anonymous("A", "gYear"), value('"x"'), "-o", "base.json")
    assert run(anonymous("B", "integer"), value('"x"'), "--baseline", "base.json").code == 1
    assert run(anonymous("B", "gYear"), value('"x"'), "--baseline", "base.json").code == 1
    same = anonymous("A", "gYear", "; sh:severity sh:Warning ; sh:message 'No.'")
    assert run(same, value('"x"'), "--baseline", "base.json").code == 0


def test_sarif_results_have_a_place_and_rules_are_shapes(run: Run) -> None:
    """Each result has a physical location; a rule is a shape, in its own words."""
    shapes = "ex:S a sh:NodeShape ; sh:targetNode ex:absent ; sh:property [ sh:path ex:p ; sh:minCount 1 ; sh:nodeKind sh:IRI ; sh:name 'The p' ] , [ sh:path ex:p ; sh:datatype xsd:integer ] ."
    document = json.loads(run(shapes, "ex:b ex:p 1 .", form="sarif").out)["runs"][0]
    (result,) = document["results"]
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "shapes.ttl"
    assert location["region"]["startLine"] == 7
    assert [rule["shortDescription"]["text"] for rule in document["tool"]["driver"]["rules"]] == [
        "The p"
    ]
    several = json.loads(
        run(shapes.replace("absent", "a"), 'ex:a ex:p "x" , 1 .', form="sarif").out
    )
    (run_,) = several["runs"]
    assert len(run_["results"]) == 3
    assert len(run_["tool"]["driver"]["rules"]) == 2


def test_recursion_through_a_negation(run: Run) -> None:
    """Along a chain the answers alternate; along an odd cycle there is none, which is told."""
    shapes = "ex:S a sh:NodeShape ; sh:targetClass ex:T ; sh:property [ sh:path ex:child ; sh:not ex:S ] .\n"
    data = "ex:n0 ex:child ex:n1 . ex:n1 ex:child ex:n2 . ex:n2 ex:child ex:n3 .\n"
    everyone = "".join(f"ex:n{n} a ex:T .\n" for n in range(4))
    assert [focus for focus, _ in run(shapes, data + everyone).found] == ["n0", "n2"]
    even = data + everyone + "ex:n2 ex:child ex:n0 ."
    assert [focus for focus, _ in run(shapes, even).found] == ["n0", "n2"]
    ran = run(shapes, "ex:n0 a ex:T ; ex:child ex:n0 .")
    assert ran.code == 2
    assert "through a negation" in ran.err
