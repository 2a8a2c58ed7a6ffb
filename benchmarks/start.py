"""How long commands take as whole processes, from nothing to their last word."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence

from bench import Bench
from report import Finding

__all__ = ["start"]

QUERY = "organisations-in-country"
BARS_S = {"--help": 0.2, "validate": 2.5}
WAIT_S = 0.01


def start(bench: Bench) -> Finding:
    """Time commands over the shipped data, the graph being in the cache, median of the rounds."""
    with tempfile.TemporaryDirectory(prefix="clustergraph-start-") as cache:
        # Installed packages have their bytecode beside them; so have these after the first run.
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
            "CLUSTERGRAPH_CACHE": cache,
            "PYTHONPYCACHEPREFIX": f"{cache}/bytecode",
        }
        commands: dict[str, Callable[[], float]] = {
            "--help": lambda: run(["--help"], environment),
            f"query {QUERY}": lambda: run(["query", QUERY, "-p", "country=CZ"], environment),
            "validate": lambda: run(["validate"], environment),
            "serve, to the first answer": lambda: serve(environment),
        }
        rows = [["command", "median, s", "slowest, s", "the first time, s"]]
        medians = {}
        for name, command in commands.items():
            first = command()
            taken = [command() for _ in range(bench.rounds)]
            medians[name] = statistics.median(taken)
            rows.append([name, *(f"{s:.2f}" for s in (medians[name], max(taken), first))])
    return Finding(
        name="start",
        what="Commands over the shipped data as whole processes",
        bar="`--help` ≤ 0.2 s, `validate` ≤ 2.5 s",
        reached=", ".join(f"`{name}` {medians[name]:.2f} s" for name in BARS_S),
        passed=all(medians[name] <= bar for name, bar in BARS_S.items()),
        figures=rows,
    )


def run(arguments: Sequence[str], environment: dict[str, str]) -> float:
    """Return how many seconds a command takes; its findings are no failure."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "clustergraph", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    taken = time.perf_counter() - began
    if done.returncode not in (0, 1):
        raise RuntimeError(f"clustergraph {' '.join(arguments)} ended with {done.returncode}")
    return taken


def serve(environment: dict[str, str]) -> float:
    """Return how many seconds pass from starting the service to its first answer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    began = time.perf_counter()
    service = subprocess.Popen(
        [sys.executable, "-m", "clustergraph", "serve", "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}/sparql?query=ASK%7B%3Fs%20%3Fp%20%3Fo%7D"
        while service.poll() is None:
            try:
                with urllib.request.urlopen(address) as answer:
                    answer.read()
                    return time.perf_counter() - began
            except (urllib.error.URLError, ConnectionError):
                time.sleep(WAIT_S)
        raise RuntimeError(f"the service ended with {service.returncode}")
    finally:
        service.terminate()
        service.wait()
