"""Validation in CI: a repository with a broken file and a broken table, in every format."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import click
import pytest
import yaml

from clustergraph import artefacts
from clustergraph.cli import cli, main
from clustergraph.rdf.files import SUFFIXES as FORMATS
from clustergraph.validation.changes import changed_since
from clustergraph.vocab import PREFIXES

ROOT = Path(__file__).parents[1]
HEADER = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
LINE = len(HEADER.splitlines())
SHAPES = """
<http://example.org/Firm> a sh:NodeShape ; sh:targetClass cg:Company ;
  sh:property <http://example.org/Firm-label> , <http://example.org/Firm-homepage> .
<http://example.org/Firm-label> sh:path rdfs:label ; sh:minCount 1 ; sh:message "Name it."@en .
<http://example.org/Firm-homepage> sh:path foaf:homepage ; sh:nodeKind sh:IRI ;
  sh:pattern "^https://" ; sh:message "Give the whole address."@en .
"""
FIRMS = """<http://example.org/a> a cg:Company ;
  rdfs:label "A" ;
  foaf:homepage <http://a.example/> .
<http://example.org/b> a cg:Company .
<http://example.org/c> a cg:Company ; rdfs:label "C" .
"""
TABLE = "key,name,homepage\nd,D,https://d.example/\ne,E,ftp://e.example\n"
METADATA = {
    "@context": "http://www.w3.org/ns/csvw",
    "url": "firms.csv",
    "tableSchema": {
        "aboutUrl": "http://example.org/{key}",
        "primaryKey": "key",
        "columns": [
            {"name": "key", "titles": "key", "suppressOutput": True, "required": True},
            {"name": "name", "titles": "name", "propertyUrl": "rdfs:label"},
            {
                "name": "homepage",
                "titles": "homepage",
                "propertyUrl": "foaf:homepage",
                "valueUrl": "{+homepage}",
            },
            {
                "virtual": True,
                "propertyUrl": "rdf:type",
                "valueUrl": "https://w3id.org/clustergraph/ns#Company",
            },
        ],
    },
}


class Ran(NamedTuple):
    """What a run came to."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def git(repository: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
        cwd=repository,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with shapes, a broken Turtle file and a table with a bad value."""
    (tmp_path / "tables").mkdir()
    (tmp_path / "shapes.ttl").write_text(HEADER + SHAPES, encoding="utf-8")
    (tmp_path / "firms.ttl").write_text(HEADER + FIRMS, encoding="utf-8")
    (tmp_path / "tables" / "firms.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "tables" / "csv-metadata.json").write_text(json.dumps(METADATA), encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "start")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """What runs ``clustergraph validate`` in this process."""

    def call(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as caught:
            main(["validate", *arguments])
        out, err = capsys.readouterr()
        return Ran(int(caught.value.code or 0), out, err)

    return call


ALL = ("firms.ttl", "tables", "--shapes", "shapes.ttl")


def found(text: str) -> list[tuple[str, int, int | None]]:
    return sorted((one["file"], one["line"], one["column"]) for one in json.loads(text)["findings"])


EXPECTED = [
    ("firms.ttl", LINE + 3, 17),
    ("firms.ttl", LINE + 4, 1),
    ("tables/firms.csv", 3, 3),
]


def test_json_names_file_line_and_column(repository: Path, run: Run) -> None:
    """A value, something missing and a cell: each finding has its file, line and column."""
    ran = run(*ALL, "--format", "json")
    assert ran.code == 1
    assert found(ran.out) == EXPECTED


def test_github_annotates(repository: Path, run: Run) -> None:
    """The workflow commands name the same places."""
    lines = run(*ALL, "--format", "github").out.splitlines()
    places = [
        re.match(r"::error file=([^,]+),.*?line=(\d+)(?:,col=(\d+))?::(.*)", line) for line in lines
    ]
    assert sorted(match[1] + ":" + match[2] for match in places if match) == [
        f"{file}:{line}" for file, line, _ in EXPECTED
    ]
    assert sum("Give the whole address." in line for line in lines) == 2


def test_sarif_and_junit_name_the_same(repository: Path, run: Run) -> None:
    """SARIF regions and JUnit failures name the same places."""
    document = json.loads(run(*ALL, "--format", "sarif").out)
    places = [
        result["locations"][0]["physicalLocation"] for result in document["runs"][0]["results"]
    ]
    assert sorted(
        (place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in places
    ) == [(file, line) for file, line, _ in EXPECTED]
    root = ElementTree.fromstring(run(*ALL, "--format", "junit").out)  # noqa: S314
    assert {suite.get("name"): suite.get("failures") for suite in root} == {
        "firms.ttl": "2",
        "tables/firms.csv": "1",
    }


def test_text_and_html_show_the_line(repository: Path, run: Run) -> None:
    """People see the line itself, and where in it to look."""
    text = run(*ALL).out
    assert f"line {LINE + 3}, column 17" in text
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if line.endswith("<http://a.example/> ."))
    assert lines[at + 1].count("^") == len("<http://a.example/>")
    assert "row 3, column C (homepage)" in text
    page = run(*ALL, "--format", "html").out
    assert "<mark>&lt;http://a.example/&gt;</mark>" in page
    assert "<mark>ftp://e.example</mark>" in page


@pytest.mark.parametrize(
    ("form", "place"),
    [("github", "file=bad.ttl,.*line=2,col="), ("sarif", '"startLine": 2'), ("json", '"line": 2')],
)
def test_syntax_errors_are_annotated(repository: Path, run: Run, form: str, place: str) -> None:
    """A file that cannot be parsed is reported like a finding, and exits with 2."""
    (repository / "bad.ttl").write_text("<http://a.example/>\n  a oops .\n", encoding="utf-8")
    ran = run("bad.ttl", "--shapes", "shapes.ttl", "--format", form)
    assert ran.code == 2
    assert re.search(place, ran.out)
    assert "bad.ttl:2:" in ran.err


def test_bad_cells_are_annotated(repository: Path, run: Run) -> None:
    """A cell that breaks its table's metadata is reported like a finding."""
    with (repository / "tables" / "firms.csv").open("a") as table:
        table.write("e,Again,https://x.example\n")
    ran = run("tables", "--shapes", "shapes.ttl", "--format", "github")
    assert ran.code == 1
    assert "::error file=tables/firms.csv,title=" in ran.out
    assert "line=4" in ran.out


def test_output_file(repository: Path, run: Run) -> None:
    """A report written to a file leaves a line of summary on standard output."""
    ran = run(*ALL, "--format", "sarif", "-o", "report.sarif")
    assert ran.out == "3 violations in 12 triples of 2 files; see report.sarif\n"
    assert json.loads((repository / "report.sarif").read_text())["version"] == "2.1.0"


def test_baseline(repository: Path, run: Run) -> None:
    """With a baseline only new findings are told, wherever the old ones have moved."""
    assert run(*ALL, "--format", "json", "-o", "baseline.json").code == 1
    assert run(*ALL, "--baseline", "baseline.json").code == 0
    (repository / "firms.ttl").write_text(
        f"{HEADER}\n\n{FIRMS}<http://example.org/new> a cg:Company .\n", encoding="utf-8"
    )
    ran = run(*ALL, "--baseline", "baseline.json", "--format", "json")
    assert ran.code == 1
    assert found(ran.out) == [("firms.ttl", LINE + 8, 1)]


def test_changed_since(repository: Path, run: Run) -> None:
    """Told is what the change broke, and what is wrong with things whose statements it changed."""
    assert run(*ALL, "--changed-since", "HEAD").code == 0
    changed = FIRMS.replace('"C" .', '"C" ; foaf:homepage "c.example" .')
    (repository / "firms.ttl").write_text(HEADER + changed, encoding="utf-8")
    ran = run(*ALL, "--changed-since", "HEAD", "--format", "json")
    assert {one["focus"] for one in json.loads(ran.out)["findings"]} == {"http://example.org/c"}
    # A thing that is touched is told with what it had before.
    changed = FIRMS.replace('"A" ;', '"A" , "Another" ;')
    (repository / "firms.ttl").write_text(HEADER + changed, encoding="utf-8")
    ran = run(*ALL, "--changed-since", "HEAD", "--format", "json")
    assert found(ran.out) == [("firms.ttl", LINE + 3, 17)]
    # A removed statement breaks what pointed to it, however far away.
    (repository / "firms.ttl").write_text(HEADER + FIRMS, encoding="utf-8")
    (repository / "tables" / "firms.csv").write_text(TABLE.replace("d,D,", "d,,"), "utf-8")
    ran = run(*ALL, "--changed-since", "HEAD", "--format", "json")
    assert {one["focus"] for one in json.loads(ran.out)["findings"]} == {"http://example.org/d"}
    # Stricter shapes are a change as well.
    git(repository, "checkout", "-q", ".")
    strict = SHAPES.replace("sh:minCount 1", "sh:minCount 2")
    (repository / "shapes.ttl").write_text(HEADER + strict, encoding="utf-8")
    ran = run(*ALL, "--changed-since", "HEAD", "--format", "json")
    assert {one["focus"][-1] for one in json.loads(ran.out)["findings"]} == set("acde")


@pytest.mark.full
def test_changed_since_in_the_whole_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the graph of a checkout, what a changed table breaks is told, and nothing else."""
    for name in ("ontology", "shapes", "data"):
        shutil.copytree(artefacts.room(name), tmp_path / name)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "start")
    monkeypatch.setattr(artefacts, "room", lambda name: tmp_path / name)
    table = tmp_path / "data" / "programmes.csv"
    text = table.read_text("utf-8")
    assert ",european,,2021,2027,document/32021r1153," in text
    table.write_text(text.replace(",2021,2027,document/32021r1153", ",2031,2027,", 1), "utf-8")
    report = changed_since("HEAD")
    assert [finding.focus.value for finding in report.findings] == [
        PREFIXES["id"] + "programme/cef"
    ]
    assert report.findings[0].place is not None
    assert report.findings[0].place.path == table


@pytest.mark.parametrize("engine", ["auto", "compiled", "pyshacl"])
def test_engines_agree(repository: Path, run: Run, engine: str) -> None:
    """Whoever judges, the findings are the same and say who judged."""
    ran = run(*ALL, "--engine", engine, "--format", "json")
    assert found(ran.out) == EXPECTED
    judges = {one["engine"] for one in json.loads(ran.out)["findings"]}
    assert judges == {"pyshacl" if engine == "pyshacl" else "compiled"}


def test_compiled_engine_alone_refuses_what_it_cannot_judge(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shape of SHACL Advanced Features is left to pySHACL, or refused, never guessed at."""
    shapes = HEADER + SHAPES + "<http://example.org/Firm> sh:expression [ sh:path rdfs:label ] ."
    (repository / "shapes.ttl").write_text(shapes, encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        main(["validate", *ALL, "--engine", "compiled"])
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert "Advanced Features" in told
    assert "--engine auto" in told


def test_changed_since_a_new_file(repository: Path, run: Run) -> None:
    """A file that git did not know yet is new altogether."""
    (repository / "new.ttl").write_text(f"{HEADER}<http://example.org/n> a cg:Company .\n")
    ran = run("new.ttl", "--shapes", "shapes.ttl", "--changed-since", "HEAD", "--format", "json")
    assert found(ran.out) == [("new.ttl", LINE + 1, 1)]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((*ALL, "--changed-since", "nowhere"), "git knows no revision 'nowhere'"),
        ((*ALL, "--changed-since=--output=x"), "git knows no revision"),
        ((*ALL, "--shape", "Firm-labl"), "did you mean Firm-label"),
        ((*ALL, "--baseline", "firms.ttl"), "no report to compare with"),
        ((*ALL, "-o", "absent/report"), "cannot be written"),
    ],
)
def test_bad_options_say_what_to_do(
    repository: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], reason: str
) -> None:
    """Options that cannot be followed exit with 2 and say why."""
    with pytest.raises(SystemExit) as caught:
        main(["validate", *arguments])
    assert caught.value.code == 2
    assert reason in capsys.readouterr().err


def test_outside_a_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without git there is nothing to compare with, and that is said."""
    (tmp_path / "shapes.ttl").write_text(HEADER + SHAPES, encoding="utf-8")
    (tmp_path / "firms.ttl").write_text(HEADER + FIRMS, encoding="utf-8")
    arguments = [str(tmp_path / "firms.ttl"), "--shapes", str(tmp_path / "shapes.ttl")]
    with pytest.raises(SystemExit) as caught:
        main(["validate", *arguments, "--changed-since", "HEAD"])
    assert caught.value.code == 2
    assert "no git repository" in capsys.readouterr().err


def test_one_shape_one_focus(repository: Path, run: Run) -> None:
    """Shapes are chosen by IRI or short name, with their property shapes; focus nodes by IRI."""
    for name, count in (("Firm-label", 1), ("http://example.org/Firm-homepage", 2), ("Firm", 3)):
        ran = run(*ALL, "--shape", name, "--format", "json")
        assert len(found(ran.out)) == count, name
    ran = run(*ALL, "--focus", "http://example.org/e", "--format", "json")
    assert found(ran.out) == EXPECTED[2:]


def test_a_focus_without_findings_is_named(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt focus node does not pass for one that is all right."""
    with pytest.raises(SystemExit) as caught:
        main(["validate", *ALL, "--focus", "http://example.org/nobody"])
    assert caught.value.code == 0
    assert "nothing was found about <http://example.org/nobody>" in capsys.readouterr().err


def test_several_files_of_shapes_count_together(repository: Path, run: Run) -> None:
    """Each --shapes adds to those before it, also for what changed since a revision."""

    def marks(*arguments: str) -> set[str]:
        told = json.loads(run(*ALL, *arguments, "--format", "json").out)["findings"]
        return {one["fingerprint"] for one in told}

    alone = marks()
    (repository / "more.ttl").write_text(
        HEADER + "<http://example.org/More> a sh:NodeShape ; sh:targetSubjectsOf rdfs:label ;\n"
        "  sh:property [ sh:path <http://example.org/nothing> ; sh:minCount 1 ] .\n"
    )
    both = marks("--shapes", "more.ttl")
    assert alone < both
    assert marks("--shapes", "more.ttl", "--changed-since", "HEAD") == both


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server on the loopback interface, and the connections that it saw."""
    seen: list[str] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.05)
    stop = threading.Event()

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            seen.append("connection")
            connection.close()

    thread = threading.Thread(target=accept)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", seen
    stop.set()
    thread.join()
    server.close()


OUTSIDE = {
    "imports.ttl": "<http://example.org/> a owl:Ontology ; owl:imports <{url}/more.ttl> .",
    "graph.ttl": "<http://example.org/> sh:shapesGraph <{url}/shapes.ttl> .",
    "entailment.ttl": "<http://example.org/> sh:entailment <{url}/regime> .",
    "context.jsonld": '{{"@context": "{url}/context.jsonld", "http://example.org/p": 1}}',
    "import.jsonld": '{{"@context": {{"@version": 1.1, "@import": "{url}/context.jsonld"}}}}',
    "entity.rdf": (
        '<?xml version="1.0"?><!DOCTYPE rdf:RDF [<!ENTITY x SYSTEM "{url}/x.ent">]>'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:e="http://example.org/"><rdf:Description><e:p>&x;</e:p></rdf:Description></rdf:RDF>'
    ),
    "dtd.rdf": (
        '<?xml version="1.0"?><!DOCTYPE rdf:RDF SYSTEM "{url}/rdf.dtd">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
    ),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_is_fetched(name: str, repository: Path, listener: tuple[str, list[str]]) -> None:
    """No address in data or shapes is ever connected to, whether or not the file can be read."""
    url, seen = listener
    text = OUTSIDE[name].format(url=url)
    prefixed = HEADER + text if name.endswith(".ttl") else text
    (repository / name).write_text(prefixed, encoding="utf-8")
    (repository / "rules.ttl").write_text(
        HEADER + SHAPES + (text if name.endswith(".ttl") else ""), encoding="utf-8"
    )
    for extra in ([], ["--shapes", "rules.ttl"]):
        ran = subprocess.run(
            [sys.executable, "-m", "clustergraph", "validate", name, *extra],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ran.returncode in (0, 1, 2), ran.stderr
        assert "internal fault" not in ran.stderr
    assert seen == []


def test_a_table_is_not_fetched(repository: Path, listener: tuple[str, list[str]]) -> None:
    """Metadata that name a table by address are refused unfetched."""
    url, seen = listener
    elsewhere = METADATA | {"url": f"{url}/firms.csv"}
    (repository / "tables" / "csv-metadata.json").write_text(json.dumps(elsewhere), "utf-8")
    with pytest.raises(SystemExit) as caught:
        main(["validate", "tables", "--shapes", "shapes.ttl"])
    assert caught.value.code in (1, 2)
    assert seen == []


def run_action(
    runner: Path, **inputs: str
) -> tuple[subprocess.CompletedProcess[str], str, dict[str, Any]]:
    """Run the script of the action with inputs; return the process, its outputs and the action."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    step = next(step for step in action["runs"]["steps"] if step.get("id") == "validate")
    (runner / "output").touch()
    program = runner / "clustergraph"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m clustergraph "$@"\n', "utf-8")
    program.chmod(0o755)
    given = dict.fromkeys(step["env"], "") | {"FAIL_ON": "violation"} | inputs
    assert given.keys() == step["env"].keys()
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env=os.environ
        | given
        | {
            "RUNNER_TEMP": str(runner),
            "GITHUB_OUTPUT": str(runner / "output"),
            "CLUSTERGRAPH": str(program),
        },
        capture_output=True,
        text=True,
        timeout=200,
    )
    return ran, (runner / "output").read_text(encoding="utf-8"), action


@pytest.fixture
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for what the runner of a workflow keeps."""
    return tmp_path_factory.mktemp("runner")


def test_action_runs_as_a_composite(repository: Path, runner: Path) -> None:
    """The action's script annotates, writes the other reports and hands on the exit code."""
    ran, output, action = run_action(
        runner,
        PATHS="firms.ttl\ntables\n",
        SHAPES="shapes.ttl",
        UPLOAD="true",
        HTML="report.html",
    )
    text = (ROOT / "action.yml").read_text("utf-8")
    assert set(re.findall(r"inputs\.([a-z-]+)", text)) == set(action["inputs"])
    assert action["runs"]["using"] == "composite"
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("::error file=") == 3
    assert "exit-code=1\n" in output
    assert json.loads((runner / "clustergraph.sarif").read_text("utf-8"))["version"] == "2.1.0"
    assert "<mark>" in (repository / "report.html").read_text(encoding="utf-8")


def test_action_takes_several_shapes_and_patterns(repository: Path, runner: Path) -> None:
    """Patterns in paths stand for files, with blanks in their names too; shapes are a list."""
    (repository / "deep").mkdir()
    (repository / "deep" / "more firms.ttl").write_text(HEADER + FIRMS, encoding="utf-8")
    (repository / "more.ttl").write_text(
        HEADER + "<http://example.org/Other> a sh:NodeShape ; sh:targetClass cg:Company ; "
        "sh:property [ sh:path rdfs:comment ; sh:minCount 1 ] .",
        encoding="utf-8",
    )
    ran, output, _ = run_action(
        runner, PATHS="  **/*firms.ttl\n", SHAPES="shapes.ttl\nmore.ttl\n", CONTEXT="tables"
    )
    assert "exit-code=1\n" in output, ran.stderr
    assert "file=deep/more firms.ttl" in ran.stdout
    assert "file=tables" not in ran.stdout
    missed, _, _ = run_action(runner, PATHS="nowhere/*.ttl", SHAPES="shapes.ttl")
    assert missed.returncode == 2
    assert "no file matches" in missed.stdout


def test_action_without_paths_validates_nothing(repository: Path, runner: Path) -> None:
    """Without paths the shipped graph is not validated instead; a warning says that nothing is."""
    ran, output, _ = run_action(runner, PATHS=" \n", SHAPES="shapes.ttl")
    assert (ran.returncode, output) == (0, "exit-code=0\n")
    assert ran.stdout.startswith("::warning")


def test_actions_are_pinned_by_commit() -> None:
    """Each action that ours or the manual uses is named by a commit, with its version beside it."""
    for name in ("action.yml", "docs/ci.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        used = re.findall(r"uses: (?!\./)(\S+)(.*)", text)
        assert used
        for action, comment in used:
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action)
            assert re.fullmatch(r" # v[0-9.]+", comment)


def test_hooks_are_commands_of_ours() -> None:
    """Every pre-commit hook runs a command that exists, on files that it can read."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {hook["id"] for hook in hooks} == {
        "clustergraph-validate", "clustergraph-tables", "clustergraph-check",
    }  # fmt: skip
    for hook in hooks:
        program, *words = hook["entry"].split()
        command: click.Command | None = cli
        for word in words:
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), word)
        assert program == "clustergraph"
        assert command is not None
    pattern = next(hook["files"] for hook in hooks if hook["id"] == "clustergraph-validate")
    assert all(re.search(pattern, f"x{ending}") for ending in FORMATS if ending != ".xml")


def test_examples_of_the_manual_are_yaml() -> None:
    """The examples in docs/ci.md parse, and name inputs and hooks that exist."""
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    workflow, gitlab, hooks = (
        yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    )
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    given = workflow["jobs"]["validate"]["steps"][-1]["with"]
    assert given.keys() <= action["inputs"].keys()
    assert "clustergraph validate data --format junit" in gitlab["validate"]["script"][-1]
    known = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    used = {hook["id"] for hook in hooks["repos"][0]["hooks"]}
    assert used <= {hook["id"] for hook in known}
