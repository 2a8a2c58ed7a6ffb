"""The catalogue: headers, parameters, and what is asked with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph import artefacts
from clustergraph.errors import (
    ParameterError,
    SyntaxFaultError,
    UnknownNameError,
    UnreadableInputError,
)
from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue
from clustergraph.questions.catalogue import Question
from clustergraph.questions.parameters import TODAY, Parameter
from clustergraph.vocab import CODE, ID, PREFIXES

Values = Callable[[object], list[str]]
XSD = PREFIXES["xsd"]


def question(body: str, parameters: str = "") -> Question:
    """Return a question with the given ``name: {…}`` lines as its parameters."""
    lines = ["#+ summary: a test"]
    if parameters:
        lines += ["#+ params:", *(f"#+   {line}" for line in parameters.splitlines())]
    return catalogue.read("\n".join([*lines, body]), Path("queries/cq/test.rq"))


# Headers


def test_header_is_read_whole(tmp_path: Path) -> None:
    """Everything that the header says is there, as text; the rest is the query."""
    path = tmp_path / "cq" / "labels.rq"
    path.parent.mkdir()
    path.write_text(
        """#+ summary: Labels
#+   of a country
#+ description: |
#+   First line.
#+   Second line.
#+ tags: [labels, NO]
#+ params:
#+   country: {type: country, default: NO, several: true, description: a country}
#+ plot: {kind: bar, x: name}
SELECT ?x { VALUES ?country { UNDEF } ?x cg:country ?country } #+ no header
""",
        encoding="utf-8",
    )
    found = catalogue.load(path)
    assert (found.name, found.kind, found.summary) == ("labels", "cq", "Labels of a country")
    assert found.description == "First line.\nSecond line."
    assert found.tags == ("labels", "NO"), "Norway is no boolean"
    assert found.parameters["country"] == Parameter(
        "country", "country", "a country", default=("NO",), several=True
    )
    assert found.plot == {"kind": "bar", "x": "name"}
    assert found.body.startswith("SELECT ?x {")
    assert "country ?country }" in found.body


def test_header_speaks_czech() -> None:
    """Texts come in the language asked for, else in English."""
    header = "#+ summary: x\n#+ summary-cs: česky\n#+ params:\n#+   n:\n#+     type: iri\n"
    header += "#+     description: thing\n#+     description-cs: věc\n"
    found = catalogue.read(header + "SELECT * { VALUES ?n { UNDEF } ?n ?p ?o }", Path("q.rq"))
    assert (found.summary_in("cs"), found.summary_in("en")) == ("česky", "x")
    assert found.parameters["n"].description_in("cs") == "věc"
    plain = catalogue.read("#+ summary: x\n" + "ASK {}", Path("q.rq"))
    assert not plain.speaks("cs")
    assert plain.summary_in("cs") == "x"


def test_file_without_header_is_a_question() -> None:
    """A plain query file can be asked; it has no parameters."""
    plain = catalogue.read("ASK {}", Path("some/plain.rq"))
    assert (plain.name, plain.kind, plain.parameters) == ("plain", "file", {})
    with pytest.raises(ParameterError, match="plain has no parameters, but x was given"):
        plain.bind({"x": ["1"]})


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("#+ summary: [x", 1, "not YAML"),
        ("\n\n#+ summary: x\n#+  bad: [", 4, "not YAML"),
        ("#+ just words", 1, "no mapping"),
        ("#+ tags: [a]", 1, "missing required field `summary`"),
        ("#+ summary: x\n#+ tag: [a]", 2, "unknown field `tag`; docs/queries.md lists the keys"),
        ("#+ summary: x\n#+ tags: a", 2, "Expected `array`, got `str` - at `$.tags`"),
        ("#+ summary: x\n#+ params: [a]", 2, "params: Expected `object`, got `array`"),
        ("#+ summary: x\n#+ params:\n#+   a: iri", 3, "params: a: Expected `object`, got `str`"),
        (
            "#+ summary: x\n#+ params:\n#+   a:\n#+     type: integr\n#+     description: d",
            4,
            "no such type: 'integr'",
        ),
        (
            "#+ summary: x\n#+ params:\n#+   a: {type: iri}",
            3,
            "missing required field `description`",
        ),
        (
            "#+ summary: x\n#+ params:\n#+   a: {type: iri, description: d, optional: maybe}",
            3,
            "Expected `bool`, got `str` - at `$.optional`",
        ),
        (
            "#+ summary: x\n#+ params:\n#+   a:\n#+     {type: year, description: d, default: x}",
            4,
            "the default of a: 'x' is not a year",
        ),
        (
            "#+ summary: x\n#+ params:\n#+   a: {type: iri, description: d}\nASK { ?x ?y ?a }",
            3,
            "carried by no block VALUES ?a",
        ),
        (
            "#+ summary: x\n#+ params:\n#+   a: {type: iri, description: d}\n# VALUES ?a { 1 }",
            3,
            "carried by no block VALUES ?a",
        ),
    ],
)
def test_header_fault_names_file_and_line(text: str, line: int, words: str) -> None:
    """A wrong header is an error that points at the line of the file."""
    with pytest.raises(SyntaxFaultError) as caught:
        catalogue.read(text, Path("cq/test.rq"))
    assert str(caught.value).startswith(f"cq/test.rq:{line}")
    assert words in str(caught.value)


def test_names_are_unique_and_near_ones_suggested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files of one name are an error; an unknown name suggests the nearest."""
    monkeypatch.setattr(artefacts, "room", lambda _: tmp_path)
    for kind in ("cq", "examples"):
        (tmp_path / kind).mkdir()
    (tmp_path / "cq" / "some-labels.rq").write_text("#+ summary: x\nASK {}")
    assert catalogue.find("some-labels").kind == "cq"
    with pytest.raises(UnknownNameError, match="did you mean some-labels"):
        catalogue.find("some-label")
    (tmp_path / "examples" / "some-labels.rq").write_text("#+ summary: x\nASK {}")
    with pytest.raises(UnreadableInputError, match="bears the same name"):
        catalogue.find("some-labels")


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    """A missing file and one that is not UTF-8 are errors with the path."""
    with pytest.raises(UnreadableInputError, match=r"none\.rq: No such file"):
        catalogue.load(tmp_path / "none.rq")
    (tmp_path / "latin.rq").write_bytes(b"# \xe9\nASK {}")
    with pytest.raises(UnreadableInputError, match="not UTF-8"):
        catalogue.load(tmp_path / "latin.rq")


# Values


@pytest.mark.parametrize(
    ("type_", "written", "term"),
    [
        ("country", "cz", f"<{CODE}country/CZ>"),
        ("country", "EL", f"<{CODE}country/GR>"),
        ("country", "code:country/SK", f"<{CODE}country/SK>"),
        ("ecosystem", "textile", f"<{ID}ecosystem/textile>"),
        ("label-level", "gold", f"<{CODE}label-level/gold>"),
        ("nuts", "cz080", "<http://data.europa.eu/nuts/code/CZ080>"),
        ("nace", "01.1", "<http://data.europa.eu/ux2/nace2/011>"),
        ("class", "Cluster", "<https://w3id.org/clustergraph/ns#Cluster>"),
        ("code/role", "partner", f"<{CODE}role/partner>"),
        ("id/project", "x-1", f"<{ID}project/x-1>"),
        ("iri", "cg:Cluster", "<https://w3id.org/clustergraph/ns#Cluster>"),
        ("iri", "<http://example.org/a?b#c>", "<http://example.org/a?b#c>"),
        ("string", 'say "é"\n\\', '"say \\"é\\"\\n\\\\"'),
        ("lang", "en-GB", '"en-gb"'),
        ("integer", "-5", f'"-5"^^<{XSD}integer>'),
        ("decimal", "2.5", f'"2.5"^^<{XSD}decimal>'),
        ("boolean", "yes", f'"true"^^<{XSD}boolean>'),
        ("date", "2024-02-29", f'"2024-02-29"^^<{XSD}date>'),
        ("year", "2024", f'"2024"^^<{XSD}gYear>'),
    ],
)
def test_value_becomes_term(type_: str, written: str, term: str) -> None:
    """A value as a person writes it becomes the term that the data hold."""
    assert [str(one) for one in Parameter("x", type_, "d").terms((written,))] == [term]


@pytest.mark.parametrize(
    ("type_", "written"),
    [
        ("country", "C Z"),
        ("country", "https://w3id.org/clustergraph/id/ecosystem/textile"),
        ("country", "CZ> } DROP ALL #"),
        ("nuts", "CZ080 }"),
        ("iri", "just-a-word"),
        ("iri", "http://x/> ?p ?o . <http://y"),
        ("integer", "1.5"),
        ("integer", "1) } #"),
        ("decimal", "NaN"),
        ("boolean", "maybe"),
        ("date", "2023-02-29"),
        ("date", "20240101"),
        ("year", "24"),
        ("lang", "english language"),
    ],
)
def test_wrong_value_is_refused(type_: str, written: str) -> None:
    """A value of the wrong type is an error that repeats it and says what is expected."""
    with pytest.raises(ParameterError, match=r"x: .* is not "):
        Parameter("x", type_, "d").terms((written,))


def test_number_and_choice_of_values() -> None:
    """One value unless several are taken; a value outside the choices suggests the nearest."""
    with pytest.raises(ParameterError, match="takes one value, but 2 were given"):
        Parameter("x", "integer", "d").terms(("1", "2"))
    assert len(Parameter("x", "integer", "d", several=True).terms(("1", "2", "1"))) == 2
    with pytest.raises(ParameterError, match="x needs a value"):
        Parameter("x", "integer", "d").terms(())
    level = Parameter("x", "label-level", "d", choices=("silver", "gold"))
    with pytest.raises(ParameterError, match="did you mean silver"):
        level.terms(("silvr",))
    assert Parameter("x", "integer", "d", default=("3",), optional=True).terms(("all",)) == ()


# Asking with values

COUNTRY = "country: {type: country, optional: true, several: true, description: d}"


@pytest.mark.parametrize(
    ("body", "one", "all_"),
    [
        # Projected or not.
        ("SELECT ?x { VALUES ?country {UNDEF} ?x a cg:Cluster ; cg:country ?country }", 2, 3),
        (
            "SELECT ?x ?country { ?x a cg:Cluster ; cg:country ?country VALUES ?country {UNDEF} }",
            2,
            3,
        ),
        # After the group, where VALUES joins last.
        ("SELECT ?x { ?x a cg:Cluster ; cg:country ?country } VALUES ?country {UNDEF}", 2, 3),
        # Inside EXISTS, UNION and a sub-select that does not project it.
        (
            "SELECT ?x { ?x a cg:Cluster FILTER EXISTS "
            "{ VALUES ?country {UNDEF} ?x cg:country ?country } }",
            2,
            3,
        ),
        (
            "SELECT ?x { { VALUES ?country {UNDEF} ?x a cg:Cluster ; cg:country ?country } UNION "
            "{ VALUES ?country {UNDEF} ?x a cg:Cluster ; cg:country ?country FILTER(false) } }",
            2,
            3,
        ),
        (
            "SELECT ?x { { SELECT ?x { VALUES $country {UNDEF} ?x a cg:Cluster ; "
            "cg:country ?country } } }",
            2,
            3,
        ),
    ],
)
def test_parameter_binds_wherever_its_block_stands(
    small: Engine, values: Values, body: str, one: int, all_: int
) -> None:
    """A value narrows the answer down; without one the parameter sets no condition."""
    asked = question(body, COUNTRY)
    assert len(values(catalogue.ask(asked, small, {"country": ["CZ"]}))) == one
    assert len(values(catalogue.ask(asked, small))) == all_
    assert len(values(catalogue.ask(asked, small, {"country": ["CZ", "SK"]}))) == all_
    assert len(values(catalogue.ask(asked, small, {"country": ["all"]}))) == all_


def test_parameter_in_an_aggregate(small: Engine, values: Values) -> None:
    """A bound parameter is counted and grouped like any variable."""
    body = (
        "SELECT (SUM(?n) AS ?sum) "
        "{ VALUES ?country {UNDEF} ?x cg:country ?country ; cg:members ?n }"
    )
    asked = question(body, COUNTRY)
    assert values(catalogue.ask(asked, small, {"country": ["CZ"]})) == ["40"]
    assert values(catalogue.ask(asked, small)) == ["60"]
    grouped = question(body.replace("(SUM", "?country (SUM") + " GROUP BY ?country", COUNTRY)
    assert values(catalogue.ask(grouped, small, {"country": ["CZ"]})) == [f"{CODE}country/CZ"]


def test_year_compares_by_year(small: Engine, values: Values) -> None:
    """A year is a gYear: it joins with one, and YEAR() makes it a number."""
    body = "SELECT ?x { VALUES ?year {UNDEF} ?x cg:founded ?f FILTER(YEAR(?f) <= YEAR(?year)) }"
    asked = question(body, "year: {type: year, default: 2005, description: d}")
    assert values(catalogue.ask(asked, small)) == ["http://example.org/a"]
    assert len(values(catalogue.ask(asked, small, {"year": ["2010"]}))) == 2


def test_values_cannot_break_out(small: Engine, values: Values) -> None:
    """Text that looks like SPARQL stays text."""
    asked = question(
        "SELECT ?label { VALUES ?label {UNDEF} ?x rdfs:label ?l FILTER(STR(?l) = ?label) }",
        "label: {type: string, description: d}",
    )
    for text in ('" } DROP ALL #', "Alpha } #", "\\", "'''", '"""', "?x", "\n}"):
        assert values(catalogue.ask(asked, small, {"label": [text]})) == []
    assert values(catalogue.ask(asked, small, {"label": ["Alpha"]})) == ["Alpha"]


def test_binding_keeps_lines_and_other_blocks() -> None:
    """Lines keep their numbers, and blocks of other variables and in comments stay."""
    body = (
        "# VALUES ?country { 1 }\nSELECT * {\nVALUES ?country {\n UNDEF\n}\n"
        "VALUES ?y {1}\n?x ?y 1 }"
    )
    asked = question(body, COUNTRY)
    for values in ({}, {"country": ["CZ"]}):
        bound = asked.bind(values)
        assert bound.count("\n") == asked.text.count("\n")
        assert "# VALUES ?country { 1 }" in bound
        assert bound.splitlines()[-1] == "?x ?y 1 }"
        assert "VALUES ?y {1}" in bound


def test_unknown_parameter_and_unknown_country(small: Engine) -> None:
    """A parameter that is not there, and a name that the graph does not know, suggest others."""
    asked = question("ASK { VALUES ?country {UNDEF} ?x cg:country ?country }", COUNTRY)
    with pytest.raises(ParameterError, match="did you mean country"):
        asked.bind({"contry": ["CZ"]})
    with pytest.raises(UnknownNameError, match="unknown country: 'SKK'; did you mean SK"):
        catalogue.ask(asked, small, {"country": ["SKK"]})


# The shipped questions

SHIPPED = list(catalogue.questions().values())


@pytest.mark.parametrize("asked", SHIPPED, ids=lambda asked: asked.name)
def test_shipped_question_states_its_defaults(asked: Question, shipped: Engine) -> None:
    """The file as it stands asks the same as the question with its default parameters."""
    for name, parameter in asked.parameters.items():
        if not (parameter.default or parameter.optional):
            continue
        # A query asks for today's date itself, where no other is given.
        terms = () if TODAY in parameter.default else parameter.terms(())
        for start, end, block_name in catalogue.blocks(asked.text, [name]):
            assert block_name == name
            prefixes = "\n".join(re.findall(r"(?m)^PREFIX .*$", asked.text))
            found = shipped.query(f"{prefixes}\nSELECT * {{ {asked.text[start:end]} }}")
            assert isinstance(found, ox.QuerySolutions)
            written = [solution[name] for solution in found]
            assert [term for term in written if term is not None] == list(terms), name


def test_shipped_questions_have_distinct_summaries_and_no_stray_files() -> None:
    """No two questions say that they ask the same, and every query file is in the catalogue."""
    summaries = [asked.summary for asked in SHIPPED]
    assert len(set(summaries)) == len(summaries)
    files = set(artefacts.files("queries", "*.rq"))
    assert files == {asked.path for asked in SHIPPED}
