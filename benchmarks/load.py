"""Many requests at once: by ``wrk`` where it is installed, else by a small client of our own."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from clustergraph.vocab import PREFIXES, shorten

__all__ = ["Rate", "generator", "lookups", "measure", "target"]

ACCEPT = "application/sparql-results+json"
SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True)
class Rate:
    """What a burst of requests came to.

    Attributes:
        answers: how many there were.
        per_second: answers a second.
        failed: answers other than success, and broken connections.
        median_ms: half of the answers took no longer.
        p99_ms: 99 in 100 took no longer.
        worst_ms: none took longer.
    """

    answers: int
    per_second: float
    failed: int
    median_ms: float
    p99_ms: float
    worst_ms: float


def generator() -> str:
    """Return what makes the requests."""
    if path := shutil.which("wrk"):
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        return " ".join(said.stdout.split()[:2])
    return "asyncio client of benchmarks/load.py"


def target(path: str, query: str) -> str:
    """Return path and query string of a GET request."""
    return f"{path}?query={quote(query, safe='')}"


def lookups(path: str, iris: Sequence[str], prefixed: bool = False) -> list[str]:
    """Return requests for what is stated about each thing; their queries end in a comment.

    Args:
        path: of the endpoint.
        iris: of the things.
        prefixed: whether queries name things as people do, with a prefix that they declare.
    """
    return [target(path, f"{_lookup(iri, prefixed)} #") for iri in iris]


def _lookup(iri: str, prefixed: bool) -> str:
    name = shorten(iri) if prefixed else iri
    if name == iri:
        return f"SELECT ?p ?o WHERE {{ <{iri}> ?p ?o }}"
    prefix = name.partition(":")[0]
    return f"PREFIX {prefix}: <{PREFIXES[prefix]}>\nSELECT ?p ?o WHERE {{ {name} ?p ?o }}"


def measure(
    port: int,
    targets: Sequence[str],
    seconds: float,
    connections: int = 16,
    tag: str | None = None,
) -> Rate:
    """Keep ``connections`` busy for some seconds.

    Args:
        port: on 127.0.0.1.
        targets: path and query string of the requests, taken in turn.
        seconds: how long.
        connections: how many requests are under way at any time.
        tag: makes each request unlike any other of this burst, and of bursts with other tags.
    """
    if shutil.which("wrk"):
        return _wrk(port, targets, seconds, connections, tag)
    return asyncio.run(_own(port, targets, seconds, connections, tag))


def _wrk(
    port: int, targets: Sequence[str], seconds: float, connections: int, tag: str | None
) -> Rate:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(f"{one}\n" for one in targets))
        file.flush()
        environment = os.environ | {"TARGETS": file.name} | ({"TAG": f"{tag}-"} if tag else {})
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
        command += ["--timeout", "30s", "-H", f"Accept: {ACCEPT}", "-s", str(SCRIPT)]
        command += [f"http://127.0.0.1:{port}"]
        said = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=600
        )
    found = json.loads(said.stdout.splitlines()[-1])
    good = found["answers"] - found["failed"]
    return Rate(
        good,
        good / found["seconds"],
        found["failed"],
        found["median_ms"],
        found["p99_ms"],
        found["worst_ms"],
    )


async def _own(
    port: int, targets: Sequence[str], seconds: float, connections: int, tag: str | None
) -> Rate:
    numbers = itertools.count()
    taken: list[float] = []
    failed = 0
    started = time.perf_counter()

    async def ask() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        while (begun := time.perf_counter()) < started + seconds:
            number = next(numbers)
            path = targets[number % len(targets)] + (f"{tag}-{number}" if tag else "")
            head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {ACCEPT}\r\n\r\n"
            writer.write(head.encode())
            if await _status(reader) == 200:
                taken.append(time.perf_counter() - begun)
            else:
                failed += 1
        writer.close()

    await asyncio.gather(*(ask() for _ in range(connections)))
    passed = time.perf_counter() - started
    hundredths = statistics.quantiles(taken, n=100)
    return Rate(
        len(taken),
        len(taken) / passed,
        failed,
        hundredths[49] * 1e3,
        hundredths[98] * 1e3,
        max(taken) * 1e3,
    )


async def _status(reader: asyncio.StreamReader) -> int:
    """Read one answer and return its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"\r\ntransfer-encoding: chunked" in head:
        while size := int((await reader.readline()).partition(b";")[0], 16):
            await reader.readexactly(size + 2)
        await reader.readuntil(b"\r\n")
    else:
        length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
    return int(head.split(b" ", 2)[1])
