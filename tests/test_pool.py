"""The worker pool over workers that do as they are told, and the walls around a worker."""

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
from clustergraph.workers.pool import Pool, PoolSize
from clustergraph.workers.process import BusyError, DiedError, Target, Worker
from clustergraph.workers.queue import Waiter

# Answers each request with its own number of the generation, unless the request says otherwise.
OBEDIENT = """
import json, os, socket, sys, time
from clustergraph.quadstore import wire
if sys.argv[1] == "broken":
    sys.exit(3)
sock = socket.socket(fileno=int(sys.argv[2]))
number = 0
while data := sock.recv(wire.FRAME_BYTES):
    if data[0] == wire.RECALL:
        sock.send(bytes([wire.RECALLED]))
        continue
    if data[0] == wire.OPEN:
        number = json.loads(data[1:])["number"]
        sock.send(bytes([wire.READY]) + b'{"wall": "none"}')
        continue
    body = data[1:]
    if data[0] == wire.FILE:
        with wire.take_file(sock) as file:
            body = str(len(file.read())).encode()
    if body == b"abort":
        os.abort()
    if body == b"exit":
        os._exit(7)
    if body == b"endless":
        while True:
            time.sleep(1)
    if body.startswith(b"until "):
        while not os.path.exists(body[6:]):
            time.sleep(0.001)
        if body.endswith(b".abort"):
            os.abort()
    if body == b"many":
        sock.send(wire.HEAD.pack(wire.START, 0, 200, 0))
        for i in range(100):
            sock.send(bytes([wire.DATA]) + b"x" * 60_000)
        sock.send(bytes([wire.END]))
        continue
    sock.send(wire.HEAD.pack(wire.FULL, 0, 200, 0) + b"%d %s" % (number, body))
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


async def ask(pool: Pool, what: bytes, limit_s: float = 20) -> bytes:
    worker = await pool.take(time.monotonic() + limit_s)
    healthy = False
    try:
        worker.send(b"", what)
        frame = await worker.frame()
        healthy = True
        return frame[wire.HEAD.size :]
    finally:
        pool.give(worker, healthy)


def test_answers_come_from_the_generation_that_is_served(script: Path) -> None:
    """After `publish` returns, every answer is from the new generation; none fails meanwhile."""

    async def body(pool: Pool) -> None:
        assert await ask(pool, b"a") == b"1 a"
        told: list[int] = []
        pool.on_publish = lambda: told.append(pool.target.number)
        for number in (2, 3, 4):
            during = [asyncio.ensure_future(ask(pool, b"d")) for _ in range(20)]
            await pool.publish(Target(number, "nowhere"))
            after = await asyncio.gather(*(ask(pool, b"n") for _ in range(20)))
            assert set(after) == {b"%d n" % number}
            assert set(await asyncio.gather(*during)) <= {b"%d d" % number, b"%d d" % (number - 1)}
        await pool.publish(Target(2, "nowhere"))
        assert told == [2, 3, 4]

    run(script, body)


def test_deadline_kills_and_spare_takes_over(script: Path) -> None:
    """A request past its deadline ends, and the pool is soon as large as before."""

    async def body(pool: Pool) -> None:
        with pytest.raises(DiedError) as caught:
            await ask(pool, b"endless", limit_s=0.2)
        assert caught.value.reason == "deadline"
        assert await ask(pool, b"a") == b"1 a"
        await eventually(lambda: pool.figures()["idle"] == 2 and pool.figures()["spare"] == 1)
        assert pool.kills == {"deadline": 1}

    run(script, body)


def test_aged_requests_leave_room_and_are_capped(script: Path) -> None:
    """Long requests keep their workers until the slots are full; short ones are answered."""

    async def body(pool: Pool) -> None:
        long = [asyncio.ensure_future(ask(pool, b"endless", 60)) for _ in range(4)]
        await eventually(lambda: pool.figures()["aged"] == 2 and pool.kills.get("slots", 0) == 1)
        assert await ask(pool, b"a") == b"1 a"

        def end() -> bool:
            for worker in pool.busy:
                worker.deadline_s = 0.0
            return all(one.done() for one in long)

        await eventually(end)
        results = await asyncio.gather(*long, return_exceptions=True)
        reasons = sorted(one.reason for one in results if isinstance(one, DiedError))
        assert reasons == ["deadline", "deadline", "deadline", "slots"]

    run(script, body, slots=2, aged_after_s=0.1)


def priority(worker: Worker) -> set[str]:
    """What the kernel says of a worker's priority, and of its session's where these have one."""
    pid = worker.process.pid
    session = Path(f"/proc/{pid}/autogroup")
    found = {f"own {os.getpriority(os.PRIO_PROCESS, pid)}"}
    if session.exists():
        found.add(session.read_text().partition(" ")[2].strip())
    return found


def test_old_request_steps_back_only_before_others(script: Path) -> None:
    """A request grows old without losing anything, until the last idle worker is taken."""

    async def body(pool: Pool) -> None:
        deadline_s = time.monotonic() + 20
        swept: list[bool] = []
        first = await pool.take(deadline_s)
        before = priority(first)
        first.since_s -= 60
        first.on_long = lambda: swept.append(True)
        await eventually(lambda: swept)
        assert not first.aged
        second = await pool.take(deadline_s)
        await eventually(lambda: first.aged)
        await eventually(lambda: all(one.endswith("19") for one in priority(first)))
        assert priority(second) == before
        assert pool.figures()["idle"] == 1
        pool.give(second, healthy=True)
        pool.give(first, healthy=True)
        if os.geteuid() == 0:
            assert priority(first) == before
            assert first in (*pool.idle, *pool.spares)
        assert await ask(pool, b"a") == b"1 a"

    run(script, body, workers=2)


@pytest.mark.parametrize(("what", "reason"), [(b"abort", "memory"), (b"exit", "crashed")])
def test_worker_that_dies_says_how(script: Path, what: bytes, reason: str) -> None:
    """Its own end is told from one that we, or others, made."""

    async def body(pool: Pool) -> None:
        with pytest.raises(DiedError) as caught:
            await ask(pool, what)
        assert caught.value.reason == reason
        assert await ask(pool, b"a") == b"1 a"

    run(script, body)


def test_idle_workers_killed_by_others_are_replaced(script: Path) -> None:
    """The pool notices that an idle worker has gone, and starts another."""

    async def body(pool: Pool) -> None:
        before = {worker.process.pid for worker in (*pool.idle, *pool.spares)}
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        await eventually(
            lambda: (
                len(pool.idle) == 2
                and not before & {worker.process.pid for worker in (*pool.idle, *pool.spares)}
            )
        )
        assert await ask(pool, b"a") == b"1 a"

    run(script, body)


def test_queue_is_bounded_and_fair(script: Path) -> None:
    """Who finds it full is refused at once; the others are served in the order they came."""

    async def body(pool: Pool) -> None:
        deadline_s = time.monotonic() + 20
        held = await pool.take(deadline_s)
        order: list[int] = []

        async def wait(number: int) -> None:
            worker = await pool.take(deadline_s)
            order.append(number)
            pool.give(worker, healthy=True)

        waiting = [asyncio.ensure_future(wait(number)) for number in range(3)]
        await eventually(lambda: pool.figures()["waiting"] == 3)
        with pytest.raises(BusyError):
            await pool.take(deadline_s)
        waiting[1].cancel()
        await eventually(lambda: pool.figures()["waiting"] == 2)
        with pytest.raises(BusyError):
            await pool.take(time.monotonic() + 0.05)
        pool.give(held, healthy=True)
        await asyncio.gather(*waiting, return_exceptions=True)
        assert order == [0, 2]

    run(script, body, workers=1, spares=0, waiting=3, slots=0)


class Short:
    """A request that waits without a task, and may be sent ahead; see `Pool.wait`."""

    def __init__(self, pool: Pool, what: bytes) -> None:
        self.pool, self.what = pool, what
        self.ahead = False
        self.answer = asyncio.get_running_loop().create_future()
        self.died = 0
        deadline_s = time.monotonic() + 20
        self.waiter = None if (worker := pool.take_now(deadline_s)) else self._wait(deadline_s)
        if worker:
            self._take(worker)

    def _wait(self, deadline_s: float) -> Waiter:
        return self.pool.wait(self._take, deadline_s, request=self.what)

    def _take(self, worker: Worker) -> None:
        self.worker = worker
        self.ahead = self.waiter is not None and self.waiter.sent_to is worker
        if not self.ahead:
            worker.send(self.what)
        worker.on_long = lambda: None
        worker.hear(self._hear)

    def _hear(self, frame: bytes) -> None:
        self.died += not frame
        self.pool.give(self.worker, healthy=bool(frame))
        if frame:
            self.answer.set_result(frame[wire.HEAD.size :])


def test_short_requests_are_sent_ahead(script: Path, tmp_path: Path) -> None:
    """What finds all workers busy lies ready behind a request that has just begun."""

    async def body(pool: Pool) -> None:
        go = tmp_path / "go"
        first = Short(pool, b"until %b" % bytes(go))
        second, third = Short(pool, b"second"), Short(pool, b"third")
        assert second.waiter is not None
        assert second.waiter.sent_to is first.worker
        assert pool.figures()["waiting"] == 2
        go.touch()
        assert await first.answer == b"1 until %b" % bytes(go)
        assert (await second.answer, await third.answer) == (b"1 second", b"1 third")
        assert (first.ahead, second.ahead, third.ahead) == (False, True, True)

    run(script, body, workers=1, spares=0)


def test_what_lies_behind_long_work_goes_to_another(script: Path, tmp_path: Path) -> None:
    """A request sent ahead is recalled; the answer that it gets nonetheless is for nobody."""

    async def body(pool: Pool) -> None:
        go = tmp_path / "go"
        held = [Short(pool, b"until %b" % bytes(go)) for _ in range(2)]
        behind = [Short(pool, b"behind %d" % number) for number in range(2)]
        assert all(one.waiter and one.waiter.sent_to for one in behind)
        # Both workers grow old, and the spare does the work of both.
        answers = [await one.answer for one in behind]
        assert answers == [b"1 behind 0", b"1 behind 1"]
        assert {one.worker for one in behind}.isdisjoint({one.worker for one in held})
        go.touch()
        for one in held:
            assert (await one.answer).startswith(b"1 until")
        assert await asyncio.gather(*(ask(pool, b"%d" % n) for n in range(50))) == [
            b"1 %d" % n for n in range(50)
        ]
        await eventually(lambda: not pool.busy)
        assert pool.kills == {}

    run(script, body, workers=2, spares=1, aged_after_s=0.5)


def test_worker_that_dies_takes_nobody_along(script: Path, tmp_path: Path) -> None:
    """A request that lay behind one that ended its worker is answered by another."""

    async def body(pool: Pool) -> None:
        go = tmp_path / "go.abort"
        first, second = Short(pool, b"until %b" % bytes(go)), Short(pool, b"second")
        assert second.waiter is not None
        assert second.waiter.sent_to is first.worker
        go.touch()
        assert await second.answer == b"1 second"
        assert (first.died, second.died, second.ahead) == (1, 0, False)

    run(script, body, workers=1)


def test_request_sent_ahead_may_be_left_to_a_task(script: Path, tmp_path: Path) -> None:
    """It waits in line again, at its place."""

    async def body(pool: Pool) -> None:
        go = tmp_path / "go"
        first, second, third = (Short(pool, b"until %b" % bytes(go)) for _ in range(3))
        assert second.waiter is not None
        pool.wait_in_task(second.waiter)
        assert second.waiter.sent_to is None
        taking = asyncio.ensure_future(pool.take(time.monotonic() + 20, second.waiter))
        go.touch()
        await first.answer
        worker = await taking
        assert not third.answer.done()
        pool.give(worker, healthy=True)
        await third.answer

    run(script, body, workers=1, spares=0)


def test_slow_reader_holds_its_worker_not_memory(script: Path) -> None:
    """What a reader does not take stays with the worker, which waits."""

    async def body(pool: Pool) -> None:
        worker = await pool.take(time.monotonic() + 20)
        worker.send(b"", b"many")
        assert (await worker.frame())[0] == wire.START
        await asyncio.sleep(0)
        await eventually(lambda: len(worker._frames) == 4)
        assert await ask(pool, b"a") == b"1 a"
        size = 0
        while (frame := await worker.frame())[0] != wire.END:
            assert len(worker._frames) <= 4
            size += len(frame) - 1
        assert size == 6_000_000
        pool.give(worker, healthy=True)

    run(script, body)


def test_long_request_travels_by_file(script: Path, tmp_path: Path) -> None:
    """A body that no frame holds arrives whole, from memory or from a file."""

    async def body(pool: Pool) -> None:
        assert await ask(pool, b"y" * 5_000_000) == b"1 5000000"
        path = tmp_path / "body"
        path.write_bytes(b"z" * 300_000)
        worker: Worker = await pool.take(time.monotonic() + 20)
        with path.open("rb") as file:
            worker.send(b"", file)
        assert (await worker.frame())[wire.HEAD.size :] == b"1 300000"
        pool.give(worker, healthy=True)

    run(script, body)


def test_workers_that_cannot_start_are_told(script: Path) -> None:
    """A pool whose workers end at once does not start, and says so."""

    async def nothing(_: Pool) -> None: ...

    with pytest.raises(StoreError, match="could not start"):
        run(script, nothing, kind="broken")
