"""The command line: what it prints where, and the code it exits with."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import click
import httpx
import pyoxigraph as ox
import pytest

from clustergraph import artefacts, cli
from clustergraph.cli.root import open_engine
from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue

GRAPHS = "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g"


class Result(NamedTuple):
    """What a command printed and returned."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> object:
    """A function that runs the command line in this process."""

    def call(*arguments: str | Path) -> Result:
        with pytest.raises(SystemExit) as caught:
            cli.main(list(map(str, arguments)))
        sys.stdout.flush()
        out, err = capfd.readouterr()
        assert isinstance(caught.value.code, int)
        return Result(caught.value.code, out, err)

    return call


def process(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "clustergraph", *map(str, arguments)]
    return subprocess.run(command, text=True, capture_output=True, timeout=120, **options)  # type: ignore[call-overload, no-any-return]


# Help and usage


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    """Yield the path of each command."""
    for name, command in group.commands.items():
        yield (*above, name)
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)


@pytest.mark.parametrize("path", [(), *commands(cli.cli)], ids=" ".join)
def test_help_of_each_command(run, path: tuple[str, ...]) -> None:
    """Each command explains itself and each of its options."""
    result = run(*path, "--help")
    assert result.code == 0
    assert result.out.startswith("Usage: clustergraph")
    command: click.Command = cli.cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert command.help
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help, option.name


def test_version(run) -> None:
    """--version tells the version."""
    assert run("--version").out == "clustergraph, version 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["querry"], "No such command 'querry'. (Did you mean one of: 'queries', 'query'?)"),
        (["tables", "chek"], "Did you mean 'check'?"),
        (["query", "grahps"], "unknown query: 'grahps'; did you mean graphs?"),
        (["queries", "grahps"], "did you mean graphs?"),
        (["queries", "--tag", "contry"], "unknown tag: 'contry'; did you mean country"),
        (["query", "graphs", "-p", "x"], "write -p name=value"),
        (["query", "graphs", "-p", "x=1"], "graphs has no parameters, but x was given"),
        (["query", "graphs", "--format", "cvs"], "'cvs' is not"),
        (["query", "graphs", "--store", "a", "--endpoint", "b"], "exclude each other"),
        (["query", "graphs", "--endpoint", "nowhere"], "not the address of an endpoint"),
        (["query", "no/such.rq"], "no/such.rq: No such file"),
        (["query", "graphs", "--store", "/nonexistent"], "serve --store /nonexistent"),
        (["query", "SELECT ?x { ?x a cgg:Y }"], "line 1, column 18: prefix cgg:"),
        (["query", "ASK { SERVICE <http://x/> {} }"], "SERVICE is refused"),
        (["serve", "--port", "99999"], "99999 is not in the range"),
        (["validate", "/nonexistent.ttl"], "/nonexistent.ttl"),
    ],
)
def test_bad_usage_is_2_and_says_what_to_do(run, arguments: list[str], words: str) -> None:
    """Bad usage exits with 2, prints nothing on standard output, and names the way out."""
    result = run(*arguments)
    assert result.code == 2
    assert words in result.err
    assert result.out == ""
    assert "Traceback" not in result.err


# Asking


def test_query_of_the_catalogue(run, shipped: Engine) -> None:
    """A ready question with a parameter answers from the shipped graph."""
    result = run("query", "organisations-in-country", "-p", "country=CZ", "--format", "csv")
    assert result.code == 0
    assert result.err == ""
    assert "CLUTEX" in result.out
    both = run(
        "query", "organisations-in-country", "-p", "country=CZ", "-p", "country=SK",
        "--format", "csv",
    )  # fmt: skip
    assert len(both.out.splitlines()) > len(result.out.splitlines())


def test_only_queries_of_ones_own_are_warned_about(run, shipped: Engine) -> None:
    """What a ready question does on purpose is no concern of whoever asks it."""
    ready = run("query", "find-partners", "-p", "country=CZ", "-p", "ecosystem=textiles")
    assert (ready.code, ready.err) == (0, "")
    assert "write them as UNION" in run("query", catalogue.find("find-partners").body).err


def test_query_from_text_file_and_standard_input(
    run, small_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same query as an argument, as a file and on standard input gives the same answer."""
    inline = run("query", GRAPHS, "--store", small_store)
    assert inline.out.splitlines()[2:] == ["graph:clusters", "graph:codes"]
    path = tmp_path / "graphs of mine.rq"
    path.write_text(GRAPHS)
    assert run("query", path, "--store", small_store) == inline
    with path.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert run("query", "-", "--store", small_store) == inline


def test_file_of_ones_own_may_have_parameters(run, small_store: Path, tmp_path: Path) -> None:
    """A header works outside the catalogue, too."""
    path = tmp_path / "mine.rq"
    path.write_text(
        "#+ summary: mine\n#+ params:\n#+   n: {type: integer, description: least members}\n"
        "SELECT ?x { VALUES ?n { 1 } ?x cg:members ?m FILTER(?m >= ?n) }"
    )
    result = run("query", path, "-p", "n=20", "--format", "tsv", "--store", small_store)
    assert len(result.out.splitlines()) == 3
    assert "n needs a value" in run("query", path, "--store", small_store).err


def test_describe_without_braces_is_a_query(run, small_store: Path) -> None:
    """A query need not hold a brace to be recognised."""
    result = run("query", "DESCRIBE <http://example.org/a>", "--store", small_store)
    assert "cg:members 10" in result.out


def test_syntax_error_in_a_file_has_its_path(run, tmp_path: Path) -> None:
    """The place of a fault reads file:line:column, for editors to jump to."""
    path = tmp_path / "bad.rq"
    path.write_text("#+ summary: bad\nSELECT * {\n  ?s ?p }\n")
    result = run("query", path)
    assert result.code == 2
    assert result.err.startswith(f"clustergraph: {path}:3:9: }} comes too early")


def test_answer_is_saved(run, small_store: Path, tmp_path: Path) -> None:
    """The suffix says the format; nothing is left behind when the format does not fit."""
    asked = ("query", GRAPHS, "--store", small_store, "-o")
    assert run(*asked, tmp_path / "graphs.csv").code == 0
    assert (tmp_path / "graphs.csv").read_text().startswith("g")
    assert run(*asked, tmp_path / "graphs.xlsx").code == 0
    assert (tmp_path / "graphs.xlsx").read_bytes().startswith(b"PK")
    assert run(*asked, tmp_path / "graphs.odt").code == 2
    assert run(*asked, tmp_path / "graphs.ttl").code == 2
    assert run(*asked, tmp_path / "none" / "graphs.csv").code == 2
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "graphs.csv",
        "graphs.xlsx",
    ]


def test_wrong_format_for_the_answer(run, small_store: Path) -> None:
    """A graph format for SELECT is bad usage that lists the fitting ones."""
    result = run("query", GRAPHS, "--format", "turtle", "--store", small_store)
    assert result.code == 2
    assert "choose one of json, xml, csv, tsv, table" in result.err


def test_reader_that_leaves_early(small_store: Path) -> None:
    """A closed pipe ends the command quietly."""
    text = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
    command = [sys.executable, "-m", "clustergraph", "query", text, "--format", "csv"]
    with subprocess.Popen(
        [*command, "--store", str(small_store)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(60) == 0


def test_queries_lists_by_topic_and_shows(run) -> None:
    """The list names each question below its topic; one is shown with parameters and command."""
    listed = run("queries").out
    heads = [line for line in listed.splitlines() if line and not line.startswith(" ")]
    assert heads == [*(topic.capitalize() for topic in catalogue.TOPICS), "Examples"]
    assert re.search(r"^  organisations-in-country +Cluster organisations", listed, re.M)
    names = {line.split()[0] for line in listed.splitlines() if line.startswith("  ")}
    known = catalogue.questions()
    assert names == {name for name, question in known.items() if question.kind != "checks"}
    shown = run("queries", "organisations-in-country").out
    assert "country (country; default CZ; several)" in shown
    assert "clustergraph query organisations-in-country -p country=CZ" in shown
    assert "#+" not in shown


def test_queries_are_searched_by_words_topics_and_tags(run) -> None:
    """All words are to be found, in either language; checks only where they are asked for."""
    found = run("queries", "MEMBERS", "network").out
    assert "members-of-network" in found
    assert "clusters-per-country " not in found
    assert "find-partners" in run("queries", "klastrove", "organizace", "odvetvi").out
    assert run("queries", "--topic", "checks").out.startswith("Checks\n  activity-hierarchy")
    tagged = run("queries", "--tag", "provenance").out
    assert "graphs" in tagged
    assert "organisations-in-country" not in tagged
    assert run("queries", "no", "such", "words") == Result(
        2, "", "clustergraph: unknown query: 'no such words'\n"
    )
    assert "did you mean money?" in run("queries", "--topic", "mony").err


@pytest.mark.parametrize("given", ["contry=CZ", "date=nonsense"])
def test_parameters_are_checked_before_the_graph_is_built(
    run, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """Nobody waits for a graph to be told of a slip of the pen."""

    def never(*_: object) -> None:
        raise AssertionError("the graph is opened")

    monkeypatch.setattr("clustergraph.cli.asking.open_engine", never)
    result = run("query", "labels-held-at", "-p", given)
    assert result.code == 2
    assert given.partition("=")[0] in result.err


def test_parameters_take_names(run) -> None:
    """A name means what its code means; a wrong one is met with the right ones."""
    asked = ("query", "clusters-in-country", "--format", "csv", "-p")
    assert run(*asked, "country=Česko").out == run(*asked, "country=CZ").out
    wrong = run(*asked, "country=Checkia")
    assert wrong.code == 2
    assert "unknown country: 'Checkia'; did you mean CZ (Czechia)" in wrong.err
    ambiguous = run("query", "region-profile", "-p", "region=Czechia")
    assert ambiguous.code == 2
    assert "'Czechia' is ambiguous: write one of CZ (Czechia), CZ0 (Czechia)" in ambiguous.err


# Exporting


def test_export_whole_and_one_graph(run, small_store: Path, tmp_path: Path) -> None:
    """The format follows the file's name; one graph can be had by its short name."""
    target = tmp_path / "all.nq"
    assert run("export", "-o", target, "--store", small_store) == Result(0, "", "")
    assert len(list(ox.parse(path=target))) == 18
    one = run("export", "--graph", "codes", "--format", "turtle", "--store", small_store)
    assert len(list(ox.parse(one.out, ox.RdfFormat.TURTLE))) == 3
    assert run("export", "--graph", "graph:codes", "--store", small_store).out
    wrong = run("export", "--graph", "coeds", "--store", small_store)
    assert (wrong.code, "did you mean codes" in wrong.err) == (2, True)


def test_failed_export_leaves_the_old_file(run, small_store: Path, tmp_path: Path) -> None:
    """A graph that does not exist neither empties the file nor leaves a half one beside it."""
    target = tmp_path / "old.ttl"
    target.write_text("# old")
    assert run("export", "--graph", "none", "-o", target, "--store", small_store).code == 2
    assert target.read_text() == "# old"
    assert list(tmp_path.iterdir()) == [target]
    result = run("export", "-o", tmp_path / "no" / "dir.ttl", "--store", small_store)
    assert (result.code, "cannot be written" in result.err) == (2, True)


# Checking


def test_check_tables_of_ones_own(run, tmp_path: Path) -> None:
    """Each bad cell is a line with file, row and column; the code is 1."""
    (tmp_path / "t.csv").write_text("id,founded\na,2004\nb,soon\nc,later\n")
    metadata = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": "t.csv",
        "tableSchema": {
            "columns": [
                {"name": "id", "titles": "id"},
                {"name": "founded", "titles": "founded", "datatype": "gYear"},
            ]
        },
    }
    (tmp_path / "t.csv-metadata.json").write_text(json.dumps(metadata))
    result = run("tables", "check", tmp_path / "t.csv-metadata.json")
    assert result.code == 1
    lines = result.out.splitlines()
    assert len(lines) == 2
    assert f"{tmp_path / 't.csv'}:3" in lines[0]
    assert "soon" in lines[0]
    assert result.err == "1 table, 3 rows, 2 faults, 0 warnings\n"


def test_validate_reports_and_exits_by_severity(run, tmp_path: Path) -> None:
    """The threshold decides the code, the format decides the report."""
    (tmp_path / "shapes.ttl").write_text(
        """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <http://example.org/> .
        :Shape a sh:NodeShape ; sh:targetClass :Thing ; sh:property [
          sh:path :name ; sh:minCount 1 ; sh:severity sh:Warning ; sh:message "Give it a name." ] .
        """
    )
    (tmp_path / "data.ttl").write_text("<http://example.org/x> a <http://example.org/Thing> .")
    options = [tmp_path / "data.ttl", "--shapes", tmp_path / "shapes.ttl"]
    assert run("validate", *options).code == 0
    result = run("validate", *options, "--fail-on", "warning", "--format", "json")
    assert result.code == 1
    assert "Give it a name." in result.out
    json.loads(result.out)


def test_unreadable_input_names_line(run, tmp_path: Path) -> None:
    """A file that breaks its grammar exits with 2, file and line."""
    path = tmp_path / "bad.ttl"
    path.write_text("<http://x/> a <http://y/> .\n<http://x/> a ; .\n")
    result = run("validate", path)
    assert result.code == 2
    assert f"{path}:2" in result.err


# Faults and interruptions


def test_internal_fault_is_3_and_asks_for_a_report(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of ours exits with 3 and says so; --debug shows the traceback."""

    def fail(_: str) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(cli.asking, "_question", fail)
    result = run("query", "graphs")
    assert result.code == 3
    assert "internal fault: ZeroDivisionError: oops" in result.err
    assert "clustergraph --debug query graphs" in result.err
    with pytest.raises(ZeroDivisionError):
        cli.main(["--debug", "query", "graphs"])


def test_interrupt_is_130(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C exits with 130 without a word."""

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.asking, "_question", interrupt)
    assert run("query", "graphs") == Result(130, "", "")


# Serving


@pytest.fixture
def served(
    small_store: Path, interruptible: Callable[[], AbstractContextManager[None]]
) -> Iterator[str]:
    """The address of a service over the small store, in a process of its own."""
    command = [sys.executable, "-m", "clustergraph", "serve", "--port", "0", "--store"]
    with interruptible():
        started = subprocess.Popen([*command, str(small_store)], stderr=subprocess.PIPE, text=True)
    with started as running:
        assert running.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", running.stderr.readline())
        assert found
        yield found[0]
        running.send_signal(signal.SIGINT)
        # Drained in a thread, so that a full pipe cannot hold the process.
        rest: list[str] = []
        drain = threading.Thread(target=lambda: rest.append(running.stderr.read()))  # type: ignore[union-attr]
        drain.start()
        assert running.wait(30) == 130
        drain.join()
        assert "Traceback" not in "".join(rest)


def test_serve_says_what_is_wrong_with_files(run, small_store: Path, tmp_path: Path) -> None:
    """A log that cannot be written, a graph that cannot be read: what, and what to do."""
    log = tmp_path / "none" / "x.log"
    result = run("serve", "--port", "0", "--store", small_store, "--access-log", log)
    assert result == Result(
        2, "", f"clustergraph: {log}: the log cannot be written (No such file or directory)\n"
    )
    broken = tmp_path / "broken"
    shutil.copytree(small_store, broken)
    [current] = broken.glob("generations/*/CURRENT")
    current.write_text("junk")
    result = run("serve", "--port", "0", "--store", broken)
    assert result.code == 2
    assert result.err.startswith(f"clustergraph: {current.parent}: not a readable graph")
    assert "roll-back" in result.err


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (b"#+ sumary: x\nASK {}", "asked.rq:1: Object contains unknown field `sumary`"),
        (b"#+ summary: x\n#+ tags: [a\nASK {}", "asked.rq:2:4: the header is not YAML"),
        (b"ASK { '\xff' }", "asked.rq: not UTF-8"),
    ],
)
def test_serve_with_a_faulty_question(
    run, small_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: bytes, said: str
) -> None:
    """A fault in a question's file keeps the service from starting; the message points at it."""
    (tmp_path / catalogue.KINDS[0]).mkdir()
    (tmp_path / catalogue.KINDS[0] / "asked.rq").write_bytes(fault)
    read, room = catalogue.questions.__wrapped__, artefacts.room
    monkeypatch.setattr(
        artefacts, "room", lambda name: tmp_path if name == "queries" else room(name)
    )
    monkeypatch.setattr(catalogue, "questions", read)
    result = run("serve", "--port", "0", "--store", small_store)
    assert result.code == 2
    assert said in result.err
    assert result.err.startswith(f"clustergraph: {tmp_path}")
    assert "Traceback" not in result.err


def test_serve_answers_and_is_an_endpoint(run, served: str, small_store: Path) -> None:
    """A served graph answers over HTTP, and the command line can ask it as a remote endpoint."""
    health = httpx.get(f"{served}/health", trust_env=False)
    assert health.json()["status"] == "ok"
    here = run("query", GRAPHS, "--store", small_store)
    assert run("query", GRAPHS, "--endpoint", f"{served}/sparql") == here
    graph = run("query", "DESCRIBE <http://example.org/a>", "--endpoint", f"{served}/sparql")
    assert "cg:members 10" in graph.out
    wrong = run("query", "ASK { ?x }", "--endpoint", f"{served}/sparql")
    assert wrong.code == 2
    assert "refused the query" in wrong.err


def test_serve_makes_a_new_store(shipped: Engine, tmp_path: Path) -> None:
    """--store with a new directory is filled from the shipped data; with a full one, refused."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("")
    result = process("serve", "--port", "0", "--store", tmp_path / "other")
    assert result.returncode == 2
    assert "not empty" in result.stderr
    engine = open_engine(tmp_path / "new", create=True)
    assert engine.graphs() == shipped.graphs()


def test_port_in_use_is_2(served: str) -> None:
    """A port that is taken is bad usage, told at once."""
    port = served.rpartition(":")[2]
    result = process("serve", "--port", port)
    assert result.returncode == 2
    assert f"port {port} is in use" in result.stderr


def test_nothing_but_the_answer_in_a_pipe(small_store: Path) -> None:
    """Without a terminal there are no colours, no boxes and no progress."""
    environment = {**os.environ, "TERM": "xterm-256color"}
    result = process("query", GRAPHS, "--store", small_store, env=environment)
    assert result.stdout == "g\n--------------\ngraph:clusters\ngraph:codes\n"
    assert result.stderr == ""
