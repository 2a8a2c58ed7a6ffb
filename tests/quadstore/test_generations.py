"""Generations: what a commit publishes, what it leaves alone, and what a disk's refusal does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph.errors import (
    DiskFullError,
    StoreError,
    UnknownNameError,
    UsageError,
)
from clustergraph.quadstore import Engine
from clustergraph.quadstore import disk as disk_module
from clustergraph.quadstore.generations import Apply, Generations


def insert(*names: str) -> Apply[str]:
    """Return a change that states something about each name, and returns the last name."""

    def apply(store: ox.Store, _: int | None) -> str:
        facts = " ".join(
            f"<http://example.org/{name}> a <http://example.org/T> ." for name in names
        )
        store.update(f"INSERT DATA {{ {facts} }}")
        return names[-1]

    return apply


def names(engine: Engine) -> list[str]:
    """Return the names that the graph says something about."""
    answer = engine.query("SELECT ?x { ?x a <http://example.org/T> }")
    assert isinstance(answer, ox.QuerySolutions)
    return sorted(row[0].value.rpartition("/")[2] for row in answer)


@pytest.fixture
def generations(tmp_path: Path) -> Generations:
    """A store whose first generation is empty."""
    made = Generations(tmp_path / "store")
    made.create()
    return made


def leftovers(generations: Generations) -> list[str]:
    """Return what lies among the generations without being one."""
    found = (generations.directory / "generations").iterdir()
    return [path.name for path in found if not path.name.isdigit()]


def open_databases() -> list[str]:
    """Return the lock files of databases that this process has open for writing."""
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(descriptor.readlink()))
        except OSError:
            continue
    return [link for link in links if link.endswith("/LOCK")]


# Commits


def test_commit_publishes_and_leaves_the_old_alone(generations: Generations) -> None:
    """A commit makes a new generation; readers of the old one go on reading what they read."""
    old = Engine(generations.directory)
    generation, result = generations.commit(insert("a", "b"))
    assert (generation.number, result) == (2, "b")
    assert generations.current == generation
    assert names(old) == []
    assert names(Engine(generations.directory)) == ["a", "b"]
    assert names(Engine(generations.directory, number=1)) == []
    assert not leftovers(generations)
    assert not open_databases()


def test_generations_share_their_large_files(generations: Generations) -> None:
    """A commit links what it does not change of the generation before it."""
    generations.commit(insert(*(f"n{number}" for number in range(100))))
    before = {path.name: path.stat().st_ino for path in generations.current.path.glob("*.sst")}
    generations.commit(insert("more"))
    after = {path.name: path.stat().st_ino for path in generations.current.path.glob("*.sst")}
    assert before.items() & after.items()
    whole, own = generations.current.size_bytes()
    assert 0 < own < whole


def test_without_hard_links_files_are_copied(
    generations: Generations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system without hard links costs room, not the commit."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    generations.commit(insert("a"))
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    generations.commit(insert("b"))
    assert names(Engine(generations.directory)) == ["a", "b"]


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), KeyboardInterrupt(), StoreError("x")])
def test_failed_change_leaves_nothing(generations: Generations, error: BaseException) -> None:
    """Whatever a change raises comes through, and the graph is as it was."""

    def fail(store: ox.Store, number: int | None) -> None:
        insert("half")(store, number)
        raise error

    with pytest.raises(type(error)):
        generations.commit(fail)
    assert generations.numbers() == [1]
    assert not leftovers(generations)
    assert generations.commit(insert("a"))[0].number == 2
    assert names(Engine(generations.directory)) == ["a"]


def test_failure_leaves_no_database_open(generations: Generations) -> None:
    """An exception that is kept does not keep the copy open."""

    def half(store: ox.Store, number: int) -> None:
        insert("half")(store, number)
        raise ZeroDivisionError("half-way")

    with pytest.raises(ZeroDivisionError) as caught:
        generations.commit(half)
    assert not open_databases(), f"{caught.value} keeps the copy open for writing"


def test_everything_is_on_the_disk_before_it_is_published(
    generations: Generations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each new file and each directory is synchronised before the name in `current` changes."""
    order: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda fd: order.append(str(Path(f"/proc/self/fd/{fd}").readlink()))
    )
    replace = Path.replace

    def noted(path: Path, target: Path) -> Path:
        order.append(f"-> {target}")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", noted)
    generations.commit(insert("a"))
    store, number = generations.directory, "generations/000002"
    moved, named = order.index(f"-> {store / number}"), order.index(f"-> {store / 'current'}")
    copy = order[moved - 1]
    assert copy.startswith(f"{store}/generations/.000001.")
    for path in (store / number).iterdir():
        assert path.stat().st_nlink > 1 or f"{copy}/{path.name}" in order[:moved]
    assert order[moved + 1 : named] == [f"{store}/generations", f"{store}/.current"]
    assert order[named + 1 :] == [str(store)]


def test_readers_during_commits_see_whole_commits(generations: Generations) -> None:
    """Whoever reads while another commits sees each commit whole or not at all."""
    done = threading.Event()
    generations.commit(insert("0-x", "0-y"))

    def read() -> int:
        rounds = 0
        while not done.is_set() or not rounds:
            found = names(Engine(generations.directory))
            assert len(found) == 2 * len({name.partition("-")[0] for name in found})
            rounds += 1
        return rounds

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for number in range(1, 12):
                generations.commit(insert(f"{number}-x", f"{number}-y"))
        finally:
            done.set()
        assert all(reader.result() for reader in readers)
    assert len(names(Engine(generations.directory))) == 24


def test_committers_take_turns(generations: Generations) -> None:
    """Commits of several threads, each with a handle of its own, all happen."""

    def work(name: str) -> None:
        Generations(generations.directory).commit(insert(name))

    expected = [f"n{number}" for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, expected))
    assert names(Engine(generations.directory)) == expected
    assert generations.current.number == 9


def test_waiting_for_another_writer_ends(generations: Generations) -> None:
    """A commit gives up after the time it was given, and says who is in the way."""
    hasty = Generations(generations.directory, wait_s=0.05)

    def meanwhile(store: ox.Store, _: int | None) -> None:
        with pytest.raises(StoreError, match="another process has been writing"):
            hasty.commit(insert("a"))

    generations.commit(meanwhile)
    assert hasty.commit(insert("a"))[0].number == 3


# Rolling back, pruning, copying


def test_roll_back_is_a_commit(generations: Generations) -> None:
    """An old generation is published again under a new number; it can be undone likewise."""
    generations.commit(insert("a"))
    generations.commit(insert("b"))
    generation = generations.roll_back(2)
    assert (generation.number, generation.restores) == (4, 2)
    assert generations.get(4) == generations.current == generation
    assert names(Engine(generations.directory)) == ["a"]
    generations.roll_back(3)
    assert names(Engine(generations.directory)) == ["a", "b"]
    generations.commit(insert("c"))
    assert names(Engine(generations.directory)) == ["a", "b", "c"]
    with pytest.raises(UsageError, match="published one already"):
        generations.roll_back(6)
    with pytest.raises(UnknownNameError, match="unknown generation: '7'"):
        generations.roll_back(7)


def test_prune_leaves_what_is_held(generations: Generations) -> None:
    """Old generations go, but for those that a reader holds; these go when it is done."""
    for name in "abcd":
        generations.commit(insert(name))
    engine = Engine(generations.directory, number=2)
    with generations.hold(3) as held:
        assert held.generation.number == 3
        assert generations.prune(1) == [1, 4]
        assert generations.numbers() == [2, 3, 5]
        assert names(engine) == ["a"]
    assert generations.prune(1) == [3]
    del engine
    assert generations.prune(2) == []
    assert generations.prune(1) == [2]
    assert not leftovers(generations)
    with pytest.raises(UsageError):
        generations.prune(0)


def test_commits_keep_the_last_few(generations: Generations) -> None:
    """A commit removes the oldest generations beyond the number to keep."""
    few = Generations(generations.directory, keep=3)
    for name in "abcde":
        few.commit(insert(name))
    assert few.numbers() == [4, 5, 6]
    with pytest.raises(UnknownNameError):
        few.hold(1)


def test_hold_races_with_pruning(generations: Generations) -> None:
    """Whoever holds the current generation gets one that stays, however fast others commit."""
    one = Generations(generations.directory, keep=1)
    done = threading.Event()

    def hold() -> None:
        while not done.is_set():
            with generations.hold() as held:
                assert (held.generation.path / "CURRENT").is_file()

    with ThreadPoolExecutor(2) as pool:
        holders = [pool.submit(hold) for _ in range(2)]
        try:
            for number in range(15):
                one.commit(insert(str(number)))
        finally:
            done.set()
        for holder in holders:
            holder.result()


def test_backup_is_a_store_of_its_own(generations: Generations, tmp_path: Path) -> None:
    """A backup holds the published generation and goes its own way."""
    generations.commit(insert("a"))
    copy = Generations(tmp_path / "elsewhere" / "copy")
    made = generations.backup(copy.directory)
    assert (made.number, made.committed_at) == (2, generations.current.committed_at)
    copy.commit(insert("b"))
    assert names(Engine(generations.directory)) == ["a"]
    shutil.rmtree(generations.directory)
    assert names(Engine(copy.directory)) == ["a", "b"]
    with pytest.raises(StoreError, match="not empty"):
        copy.backup(copy.directory)


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no second file system to copy to")  # noqa: S108
def test_backup_on_another_file_system(generations: Generations) -> None:
    """Where files cannot be linked they are copied."""
    generations.commit(insert("a"))
    target = Path("/dev/shm") / f"clustergraph-test-{os.getpid()}"  # noqa: S108
    try:
        generations.backup(target)
        assert names(Engine(target)) == ["a"]
    finally:
        shutil.rmtree(target, ignore_errors=True)


# What others left, and what is not a store


def test_next_commit_removes_what_an_interrupted_one_left(generations: Generations) -> None:
    """Half a copy, and a whole one that was never named, are removed when a commit starts."""
    directory = generations.directory / "generations"
    (directory / ".000001.copy").mkdir()
    shutil.copytree(directory / "000001", directory / "000002")
    assert generations.numbers() == [1]
    with pytest.raises(UnknownNameError):
        generations.get(2)
    generations.recover()
    assert sorted(path.name for path in directory.iterdir()) == ["000001"]
    assert generations.commit(insert("a"))[0].number == 2


def test_creating_removes_what_was_left_beside(tmp_path: Path) -> None:
    """What a killed process left beside a store goes; what one at work has locked stays."""
    left = tmp_path / ".store-unfinished-12345678"
    left.mkdir()
    with disk_module.beside(tmp_path / "store") as busy:
        assert not left.exists()
        Generations(tmp_path / "store").create()
        assert busy.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_create_refuses_what_is_not_empty(tmp_path: Path) -> None:
    """A directory that holds something else is not made a store."""
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(StoreError, match="not empty"):
        Generations(tmp_path).create()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("content", ["", "x", "000009"])
def test_current_that_names_nothing(generations: Generations, content: str) -> None:
    """A `current` that names no generation is an error that says so."""
    (generations.directory / "current").write_text(content)
    with pytest.raises(StoreError, match="names no generation"):
        generations.commit(insert("a"))
    with pytest.raises(StoreError, match="does not exist"):
        Generations(generations.directory / "x").prune(1)


# A full disk

ON_A_SMALL_DISK = """
import sys
from pathlib import Path
import pyoxigraph as ox
from clustergraph.errors import DiskFullError
from clustergraph.quadstore import Engine
from clustergraph.quadstore.generations import Generations

disk = Path(sys.argv[1])
store, filler = disk / "store", disk / "filler"
generations = Generations(store)
generations.create()

def put(start, count):
    facts = " ".join(
        f'<http://example.org/{n}> <http://example.org/p> "{n:0200}" .'
        for n in range(start, start + count)
    )
    return lambda store, number: store.update(f"INSERT DATA {{ {facts} }}")

def count():
    answer = Engine(store).query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    return int(next(iter(answer))[0].value)

generations.commit(put(0, 100))
import os
refused = 0
for free_kb in (0, 4, 8, 16, 32, 64, 80, 96, 112, 128, 192, 256, 384, 512, 1024):
    generations.prune(1)
    state = os.statvfs(disk)
    filler.write_bytes(b"x" * max(0, state.f_bavail * state.f_frsize - free_kb * 1024))
    before = generations.current.number
    try:
        generations.commit(put(1000, 1000))
    except DiskFullError as error:
        assert str(store) in str(error) and "prune" in str(error), error
        assert count() == 100, count()
        assert generations.current.number == before
        refused += 1
    else:
        assert count() == 1100, count()
        generations.roll_back(before)
    names = sorted(path.name for path in (store / "generations").iterdir())
    assert all(name.isdigit() for name in names), names
    filler.unlink()
    # There is room again: no restart.
    generations.commit(put(0, 100))
    assert count() == 100
assert refused > 5, refused

state = os.statvfs(disk)
filler.write_bytes(b"x" * (state.f_bavail * state.f_frsize - 512 * 1024))
try:
    generations.backup(disk / "backup")
    Generations(disk / "other").create(lambda store: put(0, 20000)(store, None))
except DiskFullError:
    pass
else:
    raise AssertionError("the disk was to be full")
assert not [path.name for path in disk.iterdir() if "unfinished" in path.name]
print("done", refused)
"""


def test_full_disk_is_refused_and_recovered_from(tmp_path: Path) -> None:
    """However little room is left, a commit happens whole or is refused; later ones succeed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = "mount -t tmpfs -o size=16m tmpfs "
    alone = ["unshare", "--mount", "--map-root-user"]
    if (
        shutil.which("unshare") is None
        or subprocess.run(
            [*alone, "sh", "-c", f'{mount} "$0"', disk], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("a small file system cannot be mounted here: neither root nor user namespaces")
    script = tmp_path / "script.py"
    script.write_text(ON_A_SMALL_DISK)
    result = subprocess.run(
        [*alone, "sh", "-c", f'{mount} "$0" && exec "$@"', disk, sys.executable, script, disk],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("done")


def test_disk_is_full_in_whatever_wrapping(
    generations: Generations, values: Callable[[object], list[str]]
) -> None:
    """A full disk that a change reports in an error of its own is still told as such."""

    def fail(store: ox.Store, _: int | None) -> None:
        try:
            raise OSError("IO error: No space left on device: While appending to file: x.log")
        except OSError as error:
            raise StoreError("the engine failed") from error

    with pytest.raises(DiskFullError, match="no restart is needed"):
        generations.commit(fail)
    assert values(Engine(generations.directory).query("SELECT ?x { ?x ?y ?z }")) == []


def test_read_only_store_says_so(generations: Generations, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that may not be written is a store error with the reason."""
    opening = os.open

    def refuse(path: str | Path, flags: int, *rest: int) -> int:
        if flags & os.O_CREAT:
            raise PermissionError(13, "Permission denied", str(path))
        return opening(path, flags, *rest)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StoreError, match=r"cannot be written \(Permission denied\)"):
        generations.commit(insert("a"))
