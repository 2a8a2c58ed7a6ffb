"""Loading files: formats, faults, what a parser does not survive; the commands about stores."""

from __future__ import annotations

import gzip
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox
import pytest

from clustergraph.cli import main
from clustergraph.errors import (
    StoreError,
    SyntaxFaultError,
    UnknownNameError,
    UnreadableInputError,
    UsageError,
)
from clustergraph.quadstore import Engine, loading
from clustergraph.quadstore.generations import Generations
from clustergraph.quadstore.loading import Job, load, load_apart
from clustergraph.rdf.files import SUFFIXES, format_of

G = "http://example.org/g"
QUADS = [
    ox.Quad(
        ox.NamedNode("http://example.org/s"), ox.NamedNode("http://example.org/p"), value, graph
    )
    for value in (ox.Literal("é"), ox.NamedNode("http://example.org/o"))
    for graph in (ox.NamedNode(G), ox.DefaultGraph())
]
TRIPLE_TERMS = 100_000


def quads(directory: Path) -> set[str]:
    """Return the statements of a store, as N-Quads."""
    return {str(quad) for quad in Engine(directory).store}


def write(path: Path, form: ox.RdfFormat) -> Path:
    """Write the quads, or those of the default graph, to a file."""
    chosen = QUADS if form.supports_datasets else [QUADS[1].triple, QUADS[3].triple]
    content = ox.serialize(chosen, format=form)
    assert content is not None
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


class Result(NamedTuple):
    """What a command printed and returned."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """A function that runs the command line in this process."""

    def call(*arguments: str | Path) -> Result:
        with pytest.raises(SystemExit) as caught:
            main(list(map(str, arguments)))
        sys.stdout.flush()
        assert isinstance(caught.value.code, int)
        return Result(caught.value.code, *capfd.readouterr())

    return call


# Formats


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("packed", ["", ".gz"])
def test_each_format_by_name(tmp_path: Path, suffix: str, packed: str) -> None:
    """Each format is known by its ending, compressed or not."""
    form = SUFFIXES[suffix]
    path = write(tmp_path / f"file{suffix.upper()}{packed}", form)
    assert format_of(path) == form
    load(tmp_path / "store", [path])
    expected = QUADS if form.supports_datasets else [QUADS[1], QUADS[3]]
    assert quads(tmp_path / "store") == set(map(str, expected))


def test_several_files_are_one_commit(tmp_path: Path) -> None:
    """All files are one generation; a label of a blank node means another one in each file."""
    first, second = tmp_path / "1.ttl", tmp_path / "2.ttl"
    first.write_text("_:a <http://example.org/p> 1 .")
    second.write_text("_:a <http://example.org/p> 2 .")
    assert load(tmp_path / "store", [first, second]).number == 1
    subjects = {quad.subject for quad in Engine(tmp_path / "store").store}
    assert len(subjects) == 2
    assert load(tmp_path / "store", [first]).number == 2


def test_graph_is_for_statements_without_one(tmp_path: Path) -> None:
    """A graph given applies to statements that name none."""
    path = write(tmp_path / "file.trig", ox.RdfFormat.TRIG)
    load(tmp_path / "store", [path], graph="http://example.org/else")
    found = quads(tmp_path / "store")
    assert {quad for quad in found if f"<{G}>" in quad}
    assert all(f"<{G}>" in quad or "<http://example.org/else>" in quad for quad in found)
    with pytest.raises(UsageError, match="absolute IRI"):
        load(tmp_path / "store", [path], graph="else")


def test_format_and_base_may_be_given(tmp_path: Path) -> None:
    """A format given beats the name; relative IRIs need a base."""
    path = tmp_path / "data"
    path.write_text("<s> <p> <o> .")
    with pytest.raises(UnreadableInputError, match=r"no RDF file by its name; .*\.ttl"):
        load(tmp_path / "store", [path])
    with pytest.raises(SyntaxFaultError, match=r"relative IRI.*--base") as caught:
        load(tmp_path / "store", [path], form=ox.RdfFormat.TURTLE)
    assert (caught.value.line, caught.value.column) == (1, 1)
    base = "http://example.org/base/"
    load(tmp_path / "store", [path], form=ox.RdfFormat.TURTLE, base_iri=base)
    assert quads(tmp_path / "store") == {f"<{base}s> <{base}p> <{base}o>"}


# Faults


@pytest.mark.parametrize(
    ("name", "content", "place", "words"),
    [
        ("a.ttl", "@prefix a: <http://a/> .\n\na:b a:c 'é', .", ":3:14", "not a valid RDF object"),
        ("a.nt", '<http://a> <http://b> "x\n', ":1:23", "end of file"),
        ("a.rdf", "<a>\n<b></a>", ":2:6", "mismatched tag"),
        ("a.jsonld", '{"@context": "http://example.org/"}', "", "contexts are not fetched"),
        ("a.jsonld", "{", ":1:2", "keys must be strings"),
        (
            "a.ttl.gz",
            gzip.compress(b"<http://a> <http://b> 1 .", mtime=0)[:-9],
            "",
            "badly compressed",
        ),
        (
            "a.ttl.gz",
            gzip.compress(b"<http://a> <http://b> 1", mtime=0)[:-4] + b"abcd",
            "",
            "compressed",
        ),
        ("a.ttl", None, "", "No such file"),
    ],
)
def test_fault_says_where_and_loads_nothing(
    tmp_path: Path, name: str, content: str | bytes | None, place: str, words: str
) -> None:
    """A fault names file, line and column; not even the files before it are loaded."""
    good, bad = write(tmp_path / "good.nq", ox.RdfFormat.N_QUADS), tmp_path / name
    if content is not None:
        bad.write_bytes(content if isinstance(content, bytes) else content.encode())
    store = tmp_path / "store"
    with pytest.raises(UnreadableInputError, match=words) as caught:
        load_apart(Job(store, [good, bad]))
    assert str(caught.value).startswith(f"{bad}{place}")
    assert not store.exists()
    load(store, [good])
    with pytest.raises(UnreadableInputError):
        load(store, [good, bad])
    assert Generations(store).numbers() == [1]
    assert not [path.name for path in tmp_path.iterdir() if "unfinished" in path.name]


@pytest.mark.parametrize("exists", [True, False])
def test_nesting_that_ends_the_process_is_survived(tmp_path: Path, exists: bool) -> None:
    """A file that overflows the parser's stack is refused, and nothing of the load remains."""
    store, good = tmp_path / "store", write(tmp_path / "good.nq", ox.RdfFormat.N_QUADS)
    if exists:
        load(store, [good])
    deep = tmp_path / "deep.ttl"
    opener, closer = "<<( <http://a> <http://b> ", ")>>"
    nested = f"{opener * TRIPLE_TERMS}1{closer * TRIPLE_TERMS}"
    deep.write_text(f"<http://a> <http://b> {nested} .")
    with pytest.raises(UnreadableInputError, match=r"deep\.ttl: nests too deeply"):
        load_apart(Job(store, [good, deep]))
    assert store.exists() == exists
    assert {path.name for path in tmp_path.iterdir()} <= {"store", "good.nq", "deep.ttl"}
    if exists:
        names = {path.name for path in (store / "generations").iterdir()}
        assert names == {"000001"}


@pytest.mark.parametrize("brackets", ["[]", "()"])
def test_deep_brackets_are_no_trouble(tmp_path: Path, brackets: str) -> None:
    """Nested blank nodes and lists are read, however deep."""
    opener, closer = (f"{brackets[0]} <http://p> ", "]") if brackets == "[]" else ("( ", ")")
    path = tmp_path / "deep.ttl"
    path.write_text(f"<http://a> <http://b> {opener * 50_000}1{closer * 50_000} .")
    load_apart(Job(tmp_path / "store", [path]))
    assert len(quads(tmp_path / "store")) > 50_000


def test_killed_loader_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the system ends the process that loads, the error says so."""
    path = write(tmp_path / "good.nq", ox.RdfFormat.N_QUADS)
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def noted(*arguments: object, **options: object) -> subprocess.Popen[str]:
        started.append(popen(*arguments, **options))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(loading.subprocess, "Popen", noted)
    with pytest.raises(StoreError, match="SIGKILL"):
        load_apart(Job(tmp_path / "store", [path]), lambda *_: started[0].kill())
    assert not (tmp_path / "store").exists()


def test_modules_of_the_working_directory_are_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever owns the directory in which a command runs does not own its processes."""
    path = write(tmp_path / "good.nq", ox.RdfFormat.N_QUADS)
    monkeypatch.chdir(tmp_path)
    for name in ("pickle", "multiprocessing", "clustergraph", "pyoxigraph"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(3)")
    load_apart(Job(tmp_path / "store", [path]))
    assert len(quads(tmp_path / "store")) == len(QUADS)


def test_interrupted_load_leaves_nothing(tmp_path: Path) -> None:
    """Whoever gives up waiting ends the load with it."""
    path = write(tmp_path / "good.nq", ox.RdfFormat.N_QUADS)

    def interrupt(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_apart(Job(tmp_path / "store", [path]), interrupt)
    load(tmp_path / "store", [path])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.nq", "store"]


def test_progress_counts_bytes_of_each_file(tmp_path: Path) -> None:
    """Progress names each file from its first byte to its last."""
    files = [write(tmp_path / name, ox.RdfFormat.N_QUADS) for name in ("a.nq", "b.nq.gz")]
    told: list[tuple[int, int]] = []
    load_apart(Job(tmp_path / "store", files), lambda index, done: told.append((index, done)))
    sizes = [file.stat().st_size for file in files]
    assert told == [(0, 0), (0, sizes[0]), (1, 0), (1, sizes[1])]


# The commands


def test_life_of_a_store(run: Callable[..., Result], tmp_path: Path) -> None:
    """Load, list, roll back, prune, back up, export an old generation."""
    store = tmp_path / "store"
    first, second = tmp_path / "1.ttl", tmp_path / "2.ttl"
    first.write_text("<http://example.org/a> a <http://example.org/T> .")
    second.write_text("<http://example.org/b> a <http://example.org/T> .")
    steps: Sequence[tuple[Sequence[str | Path], str]] = [
        (["load", store, first, "--graph", "graph:x"], "generation 1 holds 1 file more"),
        (["load", store, second, first], "generation 2 holds 2 files more"),
        (["generations", "roll-back", store, "1"], "generation 3 is published; it restores 1"),
        (["generations", store], "published, restores 1"),
        (["backup", store, tmp_path / "copy"], "holds generation 3"),
        (["export", "--store", store, "--generation", "2", "-o", tmp_path / "x.nq.gz"], ""),
        (["generations", "prune", store, "--keep", "1"], "removed 1, 2"),
    ]
    for arguments, words in steps:
        result = run(*arguments)
        assert (result.code, result.err) == (0, ""), arguments
        assert words in result.out
    graph = "<https://w3id.org/clustergraph/graph/x>"
    kind = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://example.org/T>"
    assert quads(tmp_path / "copy") == {f"<http://example.org/a> {kind} {graph}"}
    lines = gzip.decompress((tmp_path / "x.nq.gz").read_bytes()).decode().splitlines()
    assert sorted(lines) == [
        f"<http://example.org/a> {kind} .",
        f"<http://example.org/a> {kind} {graph} .",
        f"<http://example.org/b> {kind} .",
    ]
    with pytest.raises(UnknownNameError):
        Generations(store).get(2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["load", "{}/store"], "Missing argument 'FILE...'"),
        (["load", "{}/store", "{}/nope.ttl"], "nope.ttl: cannot be opened"),
        (["generations", "{}/nope"], "nope does not exist"),
        (["generations", "roll-back", "{}/nope", "1"], "nope does not exist"),
        (["generations", "prune", "{}/nope", "--keep", "0"], "0 is not in the range"),
        (["backup", "{}/nope", "{}/copy"], "nope does not exist"),
        (["export", "--generation", "1"], "needs --store"),
    ],
)
def test_bad_usage_is_2(
    run: Callable[..., Result], tmp_path: Path, arguments: list[str], words: str
) -> None:
    """What cannot be done exits with 2 and says why."""
    result = run(*(argument.format(tmp_path) for argument in arguments))
    assert result.code == 2
    assert words in result.err


def test_progress_is_for_terminals(tmp_path: Path) -> None:
    """A terminal sees what is being done."""
    path = write(tmp_path / "good.nq", ox.RdfFormat.N_QUADS)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "clustergraph", "load", tmp_path / "store", path]
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=theirs, timeout=120, check=True, text=True
    )
    os.close(theirs)
    shown = os.read(ours, 100_000).decode("utf-8", "replace")
    os.close(ours)
    assert "reading" in shown
    assert result.stdout.startswith(f"{tmp_path / 'store'}: generation 1")
