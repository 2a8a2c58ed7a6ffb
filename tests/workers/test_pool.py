"""The worker pool over workers that do as they are told."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from clustergraph.errors import StoreError
from clustergraph.workers import wire
from clustergraph.workers.pool import Call, Pool, PoolSize
from clustergraph.workers.process import BusyError, DiedError, Target, Worker

# Answers each request with the number of its generation, its process and the request.
OBEDIENT = """
import json, os, socket, sys, tempfile, time
from clustergraph.workers import wire
sock = socket.socket(fileno=int(sys.argv[2]))
if sys.argv[1] == "broken":
    sock.send(bytes([wire.FAILED]) + b"the disk is on fire")
    sys.exit(3)
if sys.argv[1] == "silent":
    sys.exit(3)
number = 0
while data := sock.recv(wire.FRAME_BYTES):
    if data[0] == wire.OPEN:
        number = json.loads(data[1:])["number"]
        sock.send(bytes([wire.READY]) + b'{"wall": "none"}')
        continue
    body = data[1:]
    if data[0] == wire.FILE:
        with wire.receive_file(sock) as file:
            body = str(len(file.read())).encode()
    if body == b"abort":
        os.abort()
    if body == b"exit":
        os._exit(7)
    if body == b"endless":
        while True:
            time.sleep(1)
    if body == b"litter":
        with open(os.path.join(tempfile.gettempdir(), "left"), "w") as file:
            file.write("x")
        body = tempfile.gettempdir().encode()
    if body == b"secrets":
        body = ",".join(sorted(name for name in os.environ if "CLUSTERGRAPH" in name)).encode()
    if body.startswith(b"until "):
        while not os.path.exists(body[6:]):
            time.sleep(0.001)
        if body.endswith(b".abort"):
            os.abort()
    if body == b"many":
        sock.send(bytes([wire.START]))
        for i in range(100):
            sock.send(bytes([wire.DATA]) + b"x" * 60_000)
        sock.send(bytes([wire.END]))
        continue
    sock.send(bytes([wire.FULL]) + b"%d %d %s" % (number, os.getpid(), body))
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The file of the obedient worker."""
    path = tmp_path / "obedient.py"
    path.write_text(OBEDIENT)
    return path


def run(
    script: Path, body: Callable[[Pool], Awaitable[None]], kind: str = "well", **size: float
) -> None:
    """Run ``body`` over a started pool."""

    async def whole() -> None:
        sizes = PoolSize(**{"workers": 2, "spares": 1, **size})  # type: ignore[arg-type]
        pool = Pool([sys.executable, str(script), kind], Target(1, "nowhere"), sizes)
        await pool.start()
        try:
            await body(pool)
        finally:
            await pool.stop()

    asyncio.run(whole())


async def eventually(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


def submit(pool: Pool, what: bytes, limit_s: float = 20) -> Call:
    return pool.submit(what, None, time.monotonic() + limit_s)


async def answer(call: Call) -> tuple[int, int, bytes]:
    """Return the generation, the process and the request of a response."""
    frame = await call.frame()
    assert frame[0] == wire.FULL
    number, pid, what = frame[1:].split(b" ", 2)
    return int(number), int(pid), what


async def ask(pool: Pool, what: bytes, limit_s: float = 20) -> tuple[int, int, bytes]:
    return await answer(submit(pool, what, limit_s))


def test_answers_come_from_the_generation_that_is_served(script: Path) -> None:
    """After `publish` returns, every answer is from the new generation; none fails meanwhile."""

    async def body(pool: Pool) -> None:
        assert (await ask(pool, b"a"))[0] == 1
        told: list[int] = []
        pool.on_publish = lambda: told.append(pool.target.number)
        for number in (2, 3, 4):
            during = [asyncio.ensure_future(ask(pool, b"d")) for _ in range(20)]
            await pool.publish(Target(number, "nowhere"))
            after = await asyncio.gather(*(ask(pool, b"n") for _ in range(20)))
            assert {one for one, _, _ in after} == {number}
            assert {one for one, _, _ in await asyncio.gather(*during)} <= {number, number - 1}
        await pool.publish(Target(2, "nowhere"))
        assert told == [2, 3, 4]

    run(script, body)


def test_deadline_kills_and_spare_takes_over(script: Path) -> None:
    """A request past its deadline ends, and the pool is soon as large as before."""

    async def body(pool: Pool) -> None:
        with pytest.raises(DiedError) as caught:
            await ask(pool, b"endless", limit_s=0.2)
        assert caught.value.reason == "deadline"
        assert (await ask(pool, b"a"))[2] == b"a"
        await eventually(lambda: pool.figures()["idle"] == 2 and pool.figures()["spare"] == 1)
        assert pool.failures == {"deadline": 1}

    run(script, body)


def test_long_requests_leave_room_and_are_capped(script: Path) -> None:
    """Long requests keep their workers until others wait; one ends when the slots are full."""

    async def body(pool: Pool) -> None:
        long = [submit(pool, b"endless", 60) for _ in range(4)]
        await eventually(lambda: pool.figures()["aged"] == 2 and pool.figures()["spare"] == 1)
        assert pool.failures == {}
        assert (await ask(pool, b"a"))[2] == b"a"
        assert pool.failures == {"slots": 1}
        for call in long:
            call.cancel("left")
        results = await asyncio.gather(*(one.frame() for one in long), return_exceptions=True)
        reasons = sorted(one.reason for one in results if isinstance(one, DiedError))
        assert reasons == ["left", "left", "left", "slots"]

    run(script, body, slots=2, long_after_s=0.1)


@pytest.mark.parametrize(("what", "reason"), [(b"abort", "memory"), (b"exit", "crashed")])
def test_worker_that_dies_says_how(script: Path, what: bytes, reason: str) -> None:
    """Its own end is told from one that we, or others, made."""

    async def body(pool: Pool) -> None:
        with pytest.raises(DiedError) as caught:
            await ask(pool, what)
        assert caught.value.reason == reason
        assert (await ask(pool, b"a"))[2] == b"a"

    run(script, body)


def test_worker_killed_by_others_is_replaced_and_its_request_repeated(
    script: Path, tmp_path: Path
) -> None:
    """A request whose worker another process kills goes to another worker, once."""

    async def body(pool: Pool) -> None:
        _, pid, _ = await ask(pool, b"a")
        go = tmp_path / "go"
        call = submit(pool, b"until %b" % bytes(go))
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: pool.failures.get("killed") == 1)
        go.touch()
        assert (await answer(call))[1] != pid

    run(script, body)


def test_queue_is_bounded_and_in_order(script: Path, tmp_path: Path) -> None:
    """A full queue refuses at once; the others are answered in the order they came."""

    async def body(pool: Pool) -> None:
        go = tmp_path / "go"
        first = submit(pool, b"until %b" % bytes(go))
        waiting = [submit(pool, b"%d" % number) for number in range(3)]
        late = waiting.pop(1)
        with pytest.raises(BusyError):
            submit(pool, b"too many")
        late.cancel("left")
        assert pool.figures()["waiting"] == 2
        with pytest.raises(BusyError):
            await ask(pool, b"in time", limit_s=0.05)
        go.touch()
        await answer(first)
        assert [(await answer(one))[2] for one in waiting] == [b"0", b"2"]

    run(script, body, workers=1, spares=0, queue=3, slots=0)


def test_slow_client_holds_its_worker_not_memory(script: Path) -> None:
    """What a client does not read stays with the worker, which waits."""

    async def body(pool: Pool) -> None:
        call = submit(pool, b"many")
        assert (await call.frame())[0] == wire.START
        await eventually(lambda: len(call.frames) == 4)
        assert (await ask(pool, b"a"))[2] == b"a"
        size = 0
        while (frame := await call.frame())[0] != wire.END:
            assert len(call.frames) <= 4
            size += len(frame) - 1
        assert size == 6_000_000

    run(script, body)


def test_long_body_travels_by_file(script: Path, tmp_path: Path) -> None:
    """A body that no frame holds arrives whole."""

    async def body(pool: Pool) -> None:
        path = tmp_path / "body"
        path.write_bytes(b"z" * 300_000)
        with path.open("rb") as file:
            call = pool.submit(b"", file, time.monotonic() + 20)
            assert (await answer(call))[2] == b"300000"

    run(script, body)


@pytest.mark.parametrize(("kind", "why"), [("broken", "the disk is on fire"), ("silent", "3")])
def test_workers_that_cannot_start_say_why(script: Path, kind: str, why: str) -> None:
    """The error of a worker that ends at once has its reason, also where it ended before."""

    async def body() -> None:
        worker = Worker([sys.executable, str(script), kind], Target(1, "nowhere"))
        try:
            worker.process.wait()
            with pytest.raises(StoreError, match=why):
                await worker.open(worker.target)
        finally:
            worker.close()

    asyncio.run(body())


def test_a_pool_without_workers_does_not_start(script: Path) -> None:
    """The error of a pool is that of its workers."""

    async def nothing(_: Pool) -> None: ...

    with pytest.raises(StoreError, match="could not start"):
        run(script, nothing, kind="broken")


def test_what_a_killed_worker_leaves_is_removed(script: Path) -> None:
    """The directory for its temporary files goes with it, however it ends."""

    async def body(pool: Pool) -> None:
        directory = Path((await ask(pool, b"litter"))[2].decode())
        assert (directory / "left").exists()
        assert directory.stat().st_mode & 0o77 == 0
        for _ in range(pool.size.workers):
            with pytest.raises(DiedError):
                await ask(pool, b"exit")
        await eventually(lambda: not directory.exists())

    run(script, body, workers=1, spares=0)


def test_workers_get_no_secrets(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens and credentials of our environment stay with us."""
    for name in ("TOKEN", "METRICS_TOKEN", "REMOTE_PASSWORD", "REMOTE_WRITE_TOKEN", "CACHE"):
        monkeypatch.setenv(f"CLUSTERGRAPH_{name}", "secret")

    async def body(pool: Pool) -> None:
        assert (await ask(pool, b"secrets"))[2] == b"CLUSTERGRAPH_CACHE"

    run(script, body, workers=1, spares=0)


def test_long_requests_get_the_lowest_priority(script: Path) -> None:
    """A worker that runs long leaves the processors to others."""

    async def body() -> None:
        worker = Worker([sys.executable, str(script), "well"], Target(1, "nowhere"))
        try:
            await worker.open(worker.target)
            worker.deprioritise()
            assert os.getpriority(os.PRIO_PROCESS, worker.process.pid) == 19
        finally:
            worker.close()

    asyncio.run(body())


def test_the_time_of_a_request_begins_with_its_worker(script: Path, tmp_path: Path) -> None:
    """With a limit for the work itself, a request may wait and then take that long."""

    async def body(pool: Pool) -> None:
        with pytest.raises(DiedError, match="deadline"):
            await ask(pool, b"endless", limit_s=60)
        call = submit(pool, b"%d" % 1, limit_s=0.001)
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await call.frame()

    run(script, body, workers=1, spares=0, slots=0, limit_s=0.1)
