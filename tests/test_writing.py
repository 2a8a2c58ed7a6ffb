"""Writes wait for one another, but not for ever."""

from __future__ import annotations

import threading
from typing import Any

import httpx

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
    assert "no worker became free" in refused.json()["detail"]
    assert refused.headers["retry-after"]
    poster.join(30)
    assert set(first) == {504}
    # The next process that writes has to start first.
    answers = (post("INSERT DATA { <x:a> <x:after> 1 }") for _ in range(100))
    assert any(answer.status_code == 204 for answer in answers)
