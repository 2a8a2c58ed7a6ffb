"""``kill -9`` under acknowledged writes: nothing acknowledged is lost, nothing half applied.

``CLUSTERGRAPH_CRASH_ROUNDS`` sets how often the writer is killed at a random moment; the run marked
``full`` kills it 50 times.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph.quadstore import Engine
from clustergraph.quadstore.generations import Generations

PER_COMMIT = 12
"""Quads of each commit, in two graphs."""

WRITER = """
import sys
from pathlib import Path
from clustergraph.quadstore.generations import Generations

per_commit, start = int(sys.argv[2]), int(sys.argv[3])

def change(number):
    def apply(store, _):
        # Two operations, so that a commit would have a middle to be cut in.
        for part in ("a", "b"):
            facts = " ".join(
                f"<http://example.org/{number}> <http://example.org/p> {n} ."
                for n in range(per_commit // 2)
            )
            store.update(f"INSERT DATA {{ GRAPH <http://example.org/{part}> {{ {facts} }} }}")
        store.update(
            "DELETE DATA { GRAPH <http://example.org/last> "
            f"{{ <http://example.org/last> <http://example.org/is> {number - 1} }} }};"
            "INSERT DATA { GRAPH <http://example.org/last> "
            f"{{ <http://example.org/last> <http://example.org/is> {number} }} }}"
        )
    return apply

generations = Generations(Path(sys.argv[1]), keep=3)
number = start
while True:
    generations.commit(change(number))
    number += 1
    print(number - 1, flush=True)
"""


def found(directory: Path) -> tuple[Counter[int], list[int]]:
    """Return how many quads each commit left, and which commit the graph says was the last."""
    engine = Engine(directory)
    answer = engine.query("SELECT ?s ?g ?o { GRAPH ?g { ?s <http://example.org/p> ?o } }")
    assert isinstance(answer, ox.QuerySolutions)
    quads = Counter(int(row["s"].value.rpartition("/")[2]) for row in answer)
    last = engine.query("SELECT ?o { ?s <http://example.org/is> ?o }")
    assert isinstance(last, ox.QuerySolutions)
    return quads, [int(row["o"].value) for row in last]


def run_and_kill(directory: Path, start: int, chance: random.Random) -> int:
    """Let a writer commit, kill it at a random moment, and return what it acknowledged last."""
    command = [sys.executable, "-c", WRITER, str(directory), str(PER_COMMIT), str(start)]
    acknowledged = start - 1
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(chance.randrange(1, 4)):
            acknowledged = int(writer.stdout.readline())
        with contextlib.suppress(subprocess.TimeoutExpired):
            writer.wait(chance.uniform(0, 0.12))
        writer.send_signal(signal.SIGKILL)
        # What it told before it died was acknowledged as well.
        for line in writer.stdout:
            acknowledged = int(line)
    assert writer.returncode == -signal.SIGKILL
    return acknowledged


def rounds_of_killing(directory: Path, rounds: int, seed: int) -> int:
    """Kill a writer again and again; check after each time. Return the number of commits."""
    chance = random.Random(seed)  # noqa: S311
    generations = Generations(directory)
    generations.create()
    last = 0
    for _ in range(rounds):
        acknowledged = run_and_kill(directory, last + 1, chance)
        quads, stated = found(directory)
        assert set(quads.values()) <= {PER_COMMIT}, "a commit was applied in part"
        assert set(range(1, acknowledged + 1)) <= set(quads), "an acknowledged commit is lost"
        assert sorted(quads) == list(range(1, len(quads) + 1))
        assert stated == [len(quads)]
        assert len(quads) <= acknowledged + 2, "more than the commit at work was applied"
        last = len(quads)
        generations.recover()
        names = [path.name for path in (directory / "generations").iterdir()]
        assert all(name.isdigit() for name in names)
        assert found(directory)[1] == [last]
    return last


@pytest.mark.full
def test_killed_at_random_moments(tmp_path: Path) -> None:
    """Eight times: what was acknowledged is there, and each commit whole or not at all."""
    rounds = int(os.environ.get("CLUSTERGRAPH_CRASH_ROUNDS", "8"))
    assert rounds_of_killing(tmp_path / "store", rounds, seed=20240229) >= rounds


@pytest.mark.full
def test_killed_fifty_times(tmp_path: Path) -> None:
    """The same, fifty times."""
    assert rounds_of_killing(tmp_path / "store", 50, seed=7) >= 50


KILLED_AT_EACH_STEP = """
import os, shutil, signal, sys
from pathlib import Path
from clustergraph.quadstore import Engine
from clustergraph.quadstore.generations import Generations

directory = Path(sys.argv[1])

# The engine's threads would not live on in a fork: this process never opens a store itself.
def in_child(work):
    pid = os.fork()
    if not pid:
        try:
            work()
            os._exit(0)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def commit(name, die_at):
    # Die in the middle of the commit: before the step with this number touches the disk.
    steps = 0

    def counted(module, attribute):
        original = getattr(module, attribute)
        def step(*arguments, **named):
            nonlocal steps
            if steps == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            steps += 1
            return original(*arguments, **named)
        setattr(module, attribute, step)

    for attribute in ("fsync", "replace", "mkdir", "rmdir"):
        counted(os, attribute)
    update = f"INSERT DATA {{ <http://example.org/{name}> <http://example.org/p> 1 }}"
    Generations(directory, keep=1).commit(lambda store, _: store.update(update))

def check(before, name):
    names = {
        row[0].value.rpartition("/")[2]
        for row in Engine(directory).query("SELECT ?s { ?s <http://example.org/p> ?o }")
    }
    assert names in (before, before | {name}), names
    Generations(directory).recover()
    found = sorted(path.name for path in (directory / "generations").iterdir())
    assert all(part.isdigit() for part in found), found

def create():
    Generations(directory).create()

assert in_child(create) == 0
empty = directory.with_name("empty")
directory.rename(empty)
step = 0
while True:
    shutil.copytree(empty, directory)
    if not (code := in_child(lambda: commit("x", step))):
        break
    assert code == -signal.SIGKILL, code
    # Whether or not it was published: the next one is, and on top of it.
    assert in_child(lambda: (check(set(), "x"), commit("y", -1), check({"y"}, "x"))) == 0, step
    shutil.rmtree(directory)
    step += 1
assert in_child(lambda: check({"x"}, "x")) == 0
print(step)
"""


def test_killed_at_each_step(tmp_path: Path) -> None:
    """Killed before any single step of a commit on the disk, the graph is the old or the new."""
    result = subprocess.run(
        [sys.executable, "-c", KILLED_AT_EACH_STEP, str(tmp_path / "store")],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 10
