"""Writes wait for one another, but not for ever."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest

from clustergraph.http.writing import Writes
from clustergraph.workers.process import DiedError, Target

TOKEN = "a token of the writer"  # noqa: S105 - of a service that lives as long as a test
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/sparql-update"}
NUMBERS = " ".join(str(i) for i in range(300))
ENDLESS = "INSERT { <x:a> <x:b> ?v } WHERE { " + "".join(
    f"VALUES ?{name} {{ {NUMBERS} }} " for name in "abcde"
) + "BIND(?a + ?b + ?c + ?d + ?e AS ?v) }"  # fmt: skip


def test_write_that_waits_too_long_for_another(serve: Any, tmp_path: Any) -> None:
    """It is refused with 503 and a time to try again, and nothing of it happens."""
    limits = ("--write-wait-s", 0.5, "--write-timeout-s", 4)
    running = serve("--store", tmp_path / "store", "--bare", *limits, token=TOKEN)
    first: list[int] = []

    def post(text: str) -> httpx.Response:
        address = f"{running.base}/update"
        return httpx.post(address, content=text, headers=HEADERS, trust_env=False, timeout=60)

    refused = None
    # A write may be quicker than the one that takes long, or be committed beside it.
    for _ in range(5):
        poster = threading.Thread(target=lambda: first.append(post(ENDLESS).status_code))
        poster.start()
        answers = (post("INSERT DATA { <x:a> <x:late> 1 }") for _ in iter(poster.is_alive, False))
        refused = next((answer for answer in answers if answer.status_code != 204), None)
        if refused is not None:
            break
    assert refused is not None
    assert refused.status_code == 503
    assert "under way for 0.5 s" in refused.json()["detail"]
    assert refused.headers["retry-after"]
    poster.join(30)
    assert set(first) == {504}
    # The next process that writes has to start first.
    answers = (post("INSERT DATA { <x:a> <x:after> 1 }") for _ in range(100))
    assert any(answer.status_code == 204 for answer in answers)


class _Still:
    """A worker that takes a request and never says anything until it is killed."""

    usable = True

    def __init__(self) -> None:
        self.killed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def send(self, head: bytes, body: object) -> None:
        """Take it."""

    async def frame(self) -> bytes:
        """Wait for the end."""
        raise DiedError(await self.killed)

    def kill(self, reason: str) -> None:
        """End."""
        self.killed.set_result(reason)


def test_reading_a_write_takes_a_small_part_of_its_time(monkeypatch: Any) -> None:
    """What is short must be read soon; what is long may take as long as a write may."""
    limits: list[float] = []

    async def submit(size: int) -> None:
        writing = Writes([], Target(1, "/nowhere"), timeout_s=300, wait_s=30, queue=9)
        worker = _Still()

        async def ready() -> Any:
            return worker

        def later(delay_s: float, act: Any, *arguments: Any) -> asyncio.Handle:
            if act == worker.kill:
                limits.append(delay_s)
                return loop.call_soon(act, *arguments)
            return real(delay_s, act, *arguments)

        loop = asyncio.get_running_loop()
        real = loop.call_later
        monkeypatch.setattr(writing, "_ready", ready)
        monkeypatch.setattr(loop, "call_later", later)
        with pytest.raises(DiedError, match="deadline"):
            await writing.submit(b"x" * size, None)

    for size in (100, 10 << 20, 100 << 20):
        asyncio.run(submit(size))
    assert limits[0] < 11
    assert limits[0] < limits[1] < 60
    assert limits[2] == 300
