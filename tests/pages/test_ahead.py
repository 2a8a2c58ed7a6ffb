"""What pages need of a whole generation: made ahead, beside the requests."""

from __future__ import annotations

import asyncio
import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clustergraph.http.background import Background
from clustergraph.http.options import Options
from clustergraph.http.server import _command
from clustergraph.http.worker import preparing
from clustergraph.pages import indexes
from clustergraph.pages.visit import Visit
from clustergraph.protocol import Context, Request
from clustergraph.quadstore import Engine
from clustergraph.workers.process import Target

Show = Callable[..., Any]
COMMITTED_AT = 1_750_000_000.0  # as `show_from` has it


@pytest.fixture
def fresh(little: Engine, tmp_path: Path) -> Engine:
    """The little graph at a place of its own, of which nothing is known yet."""
    directory = tmp_path / "store"
    shutil.copytree(little.directory, directory, ignore=shutil.ignore_patterns("kept"))
    return Engine(directory)


def prepare(engine: Engine) -> None:
    """Do what the process that prepares a generation does."""
    context = Context(
        engine.store, 1, committed_at=COMMITTED_AT, directory=engine.directory, engine=engine
    )
    preparing(lambda _: context, whole=True)({})


def test_whoever_comes_first_finds_it_made(
    fresh: Engine, show_from: Callable[..., Show], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Index, counts and findings are on the disk; pages make none of them again."""
    prepare(fresh)
    kept = {path.name.rpartition(".")[2] for path in (fresh.directory / "kept").iterdir()}
    assert {
        "quality", "checks", "things-2", "statistics-3", "usage-of-terms",
        "answer-completeness-per-country",
    } <= kept  # fmt: skip

    def never(*_: object) -> None:
        raise AssertionError("it is there")

    monkeypatch.setattr(indexes, "build", never)
    monkeypatch.setattr("clustergraph.protocol.kept", _only_read)
    show = show_from(fresh, 1)
    assert "Alpha Textile Cluster" in show("/find?q=alpha").text
    for path in ("/quality", "/quality/checks", "/ontology"):
        assert show(path).status == 200


def _only_read(directory: Path, number: int, at: float, name: str, _: object) -> bytes:
    return (directory / "kept" / f"{number:06d}-{at}.{name}").read_bytes()


def test_a_process_of_its_own_makes_it(fresh: Engine) -> None:
    """The service starts it with the generation that it serves; it ends when all is made."""
    failures: list[bool] = []

    async def run() -> None:
        directories = (str(fresh.directory),)
        command = _command("prepare", Options(), directories=directories)
        background = Background(command, command)
        background.on_failure = lambda: failures.append(True)
        background.begin(Target(1, str(fresh.directory), COMMITTED_AT), after_s=0)
        assert background._task is not None
        await background._task

    asyncio.run(run())
    assert failures == []
    assert list((fresh.directory / "kept").glob("*.checks"))


def test_the_search_before_serves_while_another_is_made(
    fresh: Engine, show_from: Callable[..., Show], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says so and is not kept; files, which could not say it, are refused."""
    prepare(fresh)
    monkeypatch.setattr(indexes.time, "time", lambda: COMMITTED_AT + 1)
    show = show_from(fresh, 2)
    page = show("/find?q=alpha")
    assert "Alpha Textile Cluster" in page.text
    assert "still uses data version 1" in page.text
    assert not page.cacheable
    refused = show("/find.csv?q=alpha", accept="text/csv")
    assert (refused.status, b"prepared" in refused.body) == (503, True)
    context = Context(fresh.store, 2, committed_at=COMMITTED_AT)
    indexes.ensure(Visit(Request("GET", "/find"), context, fresh, "/find"))
    page = show("/find?q=alpha")
    assert "still of state" not in page.text
    assert page.cacheable


def test_a_search_that_others_make_is_not_waited_for_long(
    fresh: Engine, show_from: Callable[..., Show], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes meanwhile is told to try again, instead of running into a deadline."""
    show = show_from(fresh, 1)
    assert show("/find").status == 200
    (path,) = (fresh.directory / "kept").glob("*.search-*")
    path.unlink()
    monkeypatch.setattr(indexes, "_PATIENCE_S", 0)
    with path.with_name(f"lock{path.suffix.replace('.', '-')}").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        again = show_from(fresh, 1)
        assert again("/find").status == 503
        assert "Služba je přetížená" in again("/find", "cs").body.decode()
    assert again("/find").status == 200


def test_searches_of_later_generations_are_left_alone(
    fresh: Engine, show_from: Callable[..., Show]
) -> None:
    """A worker that is late does not remove what the next generation has made."""
    directory = fresh.directory / "kept"
    directory.mkdir()
    later, earlier = (directory / f"{n:06}-{COMMITTED_AT}.{indexes._NAME}" for n in (9, 1))
    later.touch()
    earlier.touch()
    assert show_from(fresh, 4)("/find").status == 200
    assert later.exists()
    assert not earlier.exists()


def test_commits_that_follow_closely_are_prepared_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What comes while a generation is under way waits, and only the last of it counts."""
    done: list[int] = []

    async def run() -> None:
        preparing = Background([], [])
        begun = asyncio.Event()

        async def work(target: Target) -> None:
            done.append(target.number)
            begun.set()
            await asyncio.sleep(0)

        monkeypatch.setattr(preparing, "_prepare", work)
        monkeypatch.setattr("clustergraph.http.background._PAUSE_S", 0)
        preparing.begin(Target(1, "x"), after_s=0)
        await begun.wait()
        for number in (2, 3, 4):
            preparing.begin(Target(number, "x"), after_s=0)
        task = preparing._task
        assert task is not None
        await task
        await preparing.stop()

    asyncio.run(run())
    assert done == [1, 4]
