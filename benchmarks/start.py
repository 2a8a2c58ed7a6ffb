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

from clustergraph.questions import catalogue
from clustergraph.shipped import open_graph

__all__ = ["questions", "start"]

QUERY = "organisations-in-country"
ASK = f"query {QUERY}"
BARS_S = {"--help": 0.2, "validate": 2.5, ASK: 1.5}
# Two goals of two steps: of the tables without the observations of Eurostat, and of all.
BUILD_S = {"without statistics": 10.0, "of all": 20.0}
BUILD = """
import gc, pathlib, sys
from clustergraph.dataset import assemble
from clustergraph.quadstore import build
from clustergraph.owl import settle
gc.disable()
build(pathlib.Path(sys.argv[1]), lambda: assemble().quads, settle)
"""
QUESTION_S = 0.5
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
            ASK: lambda: run(["query", QUERY, "-p", "country=CZ"], environment),
            "validate": lambda: run(["validate"], environment),
            "serve, to the first answer": lambda: serve(environment),
        }
        rows = [["command", "median, s", "slowest, s", "the first time, s"]]
        # The first command that asks a question builds the graph.
        firsts, medians = {}, {}
        for name, command in commands.items():
            firsts[name] = command()
            taken = [command() for _ in range(bench.rounds)]
            medians[name] = statistics.median(taken)
            rows.append([name, *(f"{s:.2f}" for s in (medians[name], max(taken), firsts[name]))])
        began = time.perf_counter()
        part = [sys.executable, "-c", BUILD, f"{cache}/without-statistics"]
        subprocess.run(part, env=environment, check=True)
        builds = {"without statistics": time.perf_counter() - began, "of all": firsts[ASK]}
    return Finding(
        name="start",
        what="Commands over the shipped data as whole processes",
        bar=", ".join(f"`{name}` ≤ {bar} s" for name, bar in BARS_S.items())
        + "; first build "
        + ", ".join(f"{name} ≤ {bar:g} s" for name, bar in BUILD_S.items()),
        reached=", ".join(f"`{name}` {medians[name]:.2f} s" for name in BARS_S)
        + "; first build "
        + ", ".join(f"{name} {taken_s:.1f} s" for name, taken_s in builds.items()),
        passed=all(medians[name] <= bar for name, bar in BARS_S.items())
        and all(builds[name] <= bar for name, bar in BUILD_S.items()),
        figures=rows,
    )


def questions(bench: Bench) -> Finding:
    """Time each competency question with its default values on the shipped graph, in process."""
    graph = open_graph()
    slowest: dict[str, float] = {}
    for name, question in catalogue.questions().items():
        if question.kind != "cq":
            continue
        taken = []
        for _ in range(bench.rounds):
            began = time.perf_counter()
            for _ in catalogue.ask(question, graph, {}):
                pass
            taken.append(time.perf_counter() - began)
        slowest[name] = statistics.median(taken)
    ordered = sorted(slowest.items(), key=lambda one: -one[1])
    return Finding(
        name="questions",
        what=f"Each of {len(slowest)} ready questions with its default values, shipped graph",
        bar=f"≤ {QUESTION_S} s",
        reached=f"{ordered[0][1]:.2f} s ({ordered[0][0]})",
        passed=ordered[0][1] <= QUESTION_S,
        figures=[["question", "median, s"], *([name, f"{s:.2f}"] for name, s in ordered[:10])],
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
