"""Reports in every format: valid, complete, and each finding at its place."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pyoxigraph as ox
import pytest
import xmlschema

from clustergraph.csvw import Place
from clustergraph.errors import UnreadableInputError
from clustergraph.shacl import Finding, Report, Severity, render
from clustergraph.shacl.fingerprints import fingerprint, new_since, read_baseline
from clustergraph.shacl.paths import PropertyPath
from clustergraph.shacl.render import machine
from clustergraph.vocab import PREFIXES

SCHEMAS = Path(__file__).parents[1] / "schemas"
SH = PREFIXES["sh"]
NASTY = 'a <b> & "c"\n]]> 100% ::x:: \x00 é \U0001f600'


def node(name: str) -> ox.NamedNode:
    return ox.NamedNode(f"http://example.org/{name}")


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """A report with a place of every kind, nested findings, and text that wants escaping."""
    turtle = tmp_path / "sub dir" / "data.ttl"
    turtle.parent.mkdir()
    turtle.write_text(
        '<http://example.org/a> <http://example.org/p> "ž\U0001f600" , 5 .\n', "utf-8"
    )
    table = tmp_path / "firms.csv"
    table.write_text('key,name,homepage\none,"First, Ltd",two.example\n', "utf-8")
    path = PropertyPath("predicate", "http://example.org/p")
    inner = Finding(
        Severity.VIOLATION,
        node("B"),
        node("a"),
        path,
        ox.Literal(5),
        "",
        f"{SH}MinCountConstraintComponent",
    )
    outer = replace(
        inner,
        shape=node("A"),
        path=None,
        message="The alternative A fails.",
        component=f"{SH}NodeConstraintComponent",
        detail=(inner,),
    )
    return Report(
        (
            Finding(
                Severity.VIOLATION, node("S"), node("a"), path, ox.Literal(5), "Say it in words.",
                f"{SH}OrConstraintComponent", Place(turtle, row=1, character=54),
                detail=(outer, inner),
            ),
            Finding(
                Severity.WARNING, ox.BlankNode("x"), node("one"), path, ox.Literal(NASTY), NASTY,
                f"{SH}PatternConstraintComponent",
                Place(table, row=2, column="homepage", number=3),
            ),
            Finding(
                Severity.INFO, node("T"), node("b"), None, None, "",
                f"{SH}ClosedConstraintComponent",
                Place(tmp_path / "book.xlsx", sheet="Firms", row=4, column="name", number=2),
            ),
            Finding(
                Severity.VIOLATION, node("T"), ox.BlankNode("y"), None, None, "Nowhere.",
                f"{SH}SPARQLConstraintComponent",
            ),
        ),
        7, 3,
    )  # fmt: skip


def test_sarif_is_valid_and_points_into_files(
    report: Report, tmp_path: Path, sarif_schema: dict[str, object]
) -> None:
    """The SARIF report conforms to its schema; regions are in code points, paths relative."""
    for one in (report, Report(())):
        document = json.loads(render(one, "sarif", base=tmp_path))
        checker = jsonschema.FormatChecker()
        jsonschema.Draft4Validator(sarif_schema, format_checker=checker).validate(document)
    (run,) = json.loads(render(report, "sarif", base=tmp_path))["runs"]
    results = run["results"]
    assert [result["level"] for result in results] == ["error", "warning", "note", "error"]
    place = results[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "sub%20dir/data.ttl", "uriBaseId": "SRCROOT"}
    assert place["region"]["startLine"] == 1
    assert (place["region"]["startColumn"], place["region"]["endColumn"]) == (54, 55)
    assert results[1]["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}
    assert "column C (homepage)" in results[1]["message"]["text"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in results] == [
        result["ruleId"] for result in results
    ]
    assert "└─ http://example.org/B" in results[0]["message"]["text"]


def test_junit_is_valid_and_counts_failures(report: Report) -> None:
    """The JUnit report conforms to its schema; what fails depends on the threshold."""
    schema = xmlschema.XMLSchema(SCHEMAS / "junit.xsd")
    for one in (report, Report(())):
        schema.validate(render(one, "junit"))
    for fail_on, failures in ((Severity.VIOLATION, 2), (Severity.INFO, 4)):
        root = ElementTree.fromstring(render(report, "junit", fail_on=fail_on))  # noqa: S314
        assert root.get("failures") == str(failures)
        assert len(root.findall(".//failure")) == failures
        assert len(root.findall(".//testcase")) == int(root.get("tests") or 0) == 4


def test_github_commands(report: Report, tmp_path: Path) -> None:
    """Each finding is one command on one line, with file, line and column, escaped."""
    lines = render(report, "github", base=tmp_path).splitlines()
    assert len(lines) == 4
    assert lines[0].startswith(
        "::error file=sub dir/data.ttl,title=http%3A//example.org/S,line=1,col=54::"
        "Say it in words.%0A"
    )
    assert lines[1].startswith("::warning file=firms.csv,")
    assert "100%25" in lines[1]
    assert "line=2::" in lines[1]
    assert lines[2].startswith("::notice file=book.xlsx,title=http%3A//example.org/T::")
    assert render(Report(()), "github") == ""


def test_text_shows_line_caret_and_reasons(report: Report) -> None:
    """The text shows the source line, a caret under the value, and why each alternative failed."""
    lines = render(report).splitlines()
    at = next(number for number, line in enumerate(lines) if line.endswith('"ž\U0001f600" , 5 .'))
    source, caret = lines[at], lines[at + 1]
    assert source[caret.index("^") : caret.rindex("^") + 1] == "5"
    tree = "\n".join(lines[at + 2 :])
    assert "├─ http://example.org/A: The alternative A fails." in tree
    assert "│  └─ http://example.org/B: The node does not conform to the shape." in tree
    cell = next(number for number, line in enumerate(lines) if "First, Ltd" in line)
    assert lines[cell][lines[cell + 1].index("^") :].startswith("two.example")
    assert lines[cell + 1].count("^") == len("two.example")


def test_colours_are_for_terminals(report: Report) -> None:
    """Colours only decorate: without them the text is the same."""
    coloured = render(report, colour=True)
    assert "\x1b[31;1mviolation\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(report)
    assert "\x1b" not in render(report)


def test_turtle_holds_nested_results(report: Report) -> None:
    """Nested findings are results under sh:detail, and only top ones results of the report."""
    triples = [quad.triple for quad in ox.parse(render(report, "turtle"), ox.RdfFormat.TURTLE)]
    links = [triple.predicate.value.removeprefix(SH) for triple in triples]
    assert links.count("result") == 4
    assert links.count("detail") == 3


def test_json_has_places_and_details(report: Report) -> None:
    """The JSON report says file, line, column, sheet and the nested findings."""
    document = json.loads(render(report, "json"))
    first, second, third, _ = document["findings"]
    assert (first["line"], first["column"]) == (1, 54)
    assert [inner["shape"] for inner in first["detail"]] == [
        "http://example.org/A",
        "http://example.org/B",
    ]
    assert (second["line"], second["column"], second["columnName"]) == (2, 3, "homepage")
    assert third["sheet"] == "Firms"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_whole_and_escaped(report: Report) -> None:
    """The page is well-formed, refers to nothing outside, and shows text as text."""
    for one in (report, Report(())):
        written = render(one, "html")
        page = _Page()
        page.feed(written)
        assert page.open == []
        assert page.addresses == []
        assert not re.search(r"url\(|@import|<script", written)
    page = _Page()
    page.feed(render(report, "html"))
    assert "a <b> &" in page.text
    assert "line 1, column 54" in page.text
    assert "The alternative A fails." in page.text
    assert "prefers-color-scheme: dark" in page.text


def test_fingerprints_outlive_moves_and_words(report: Report) -> None:
    """A finding keeps its fingerprint when its line, words or severity change, not its value."""
    finding = report.findings[0]
    place = Place(Path("elsewhere.ttl"), row=99, character=1)
    moved = replace(finding, place=place, message="Otherwise.", severity=Severity.INFO)
    assert fingerprint(moved) == fingerprint(finding)
    others = [
        replace(finding, value=ox.Literal(6)),
        replace(finding, focus=node("z")),
        replace(finding, shape=node("z")),
        replace(finding, path=None),
        replace(finding, component="x"),
    ]
    assert len({fingerprint(one) for one in [finding, *others]}) == 6
    blank = report.findings[3]
    assert fingerprint(replace(blank, focus=ox.BlankNode("other"))) == fingerprint(blank)


def test_baseline_leaves_what_is_new(report: Report, tmp_path: Path) -> None:
    """Findings of the earlier run are left out, as often as it had them and no oftener."""
    kept = tmp_path / "baseline.json"
    kept.write_text(render(report, "json"), encoding="utf-8")
    assert new_since(report, read_baseline(kept)).findings == ()
    again = replace(report, findings=(*report.findings, report.findings[3]))
    assert new_since(again, read_baseline(kept)).findings == (report.findings[3],)
    kept.write_text(render(replace(report, findings=report.findings[1:]), "json"), "utf-8")
    assert new_since(report, read_baseline(kept)).findings == report.findings[:1]


@pytest.mark.parametrize("content", [None, "", "[]", '{"findings": [1]}', '{"findings": [{}]}'])
def test_what_is_no_baseline_is_refused(content: str | None, tmp_path: Path) -> None:
    """A baseline that is not there or no report is unreadable input, with what to do."""
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableInputError):
        read_baseline(path)


def test_reports_for_code_hosts_are_capped(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SARIF and GitHub get no more results than they take, and are told how many more there are."""
    assert machine.MOST_RESULTS == 25_000
    monkeypatch.setattr(machine, "MOST_RESULTS", 100)
    many = Report((report.findings[-1],) * 102)
    (run,) = json.loads(render(many, "sarif", base=tmp_path))["runs"]
    assert len(run["results"]) == 100
    assert "2 findings are left out" in json.dumps(run["invocations"])
    lines = render(many, "github", base=tmp_path).splitlines()
    assert len(lines) == 10
    assert "93 more" in lines[-1]
