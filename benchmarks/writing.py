"""How fast data comes in: bulk loads, commits."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

from bench import Bench, middle, ratio, say
from report import Finding
from servers import QUIET, clustergraph

from clustergraph.owl import settle
from clustergraph.quadstore.generations import Generations

__all__ = ["bulk", "commits"]

COMMITS = 20
EXAMPLE = "http://example.org/"

PLAIN = """
import sys, pyoxigraph
store = pyoxigraph.Store(sys.argv[1])
store.bulk_load(path=sys.argv[2])
store.flush()
"""


def bulk(bench: Bench) -> Finding:
    """``clustergraph load`` against `Store.bulk_load`, both in processes of their own.

    Neither judges what it loads, nor infers from it: ours is told not to.
    """
    file = bench.quads(bench.size)
    scratch = bench.work / "scratch"

    def timed(command: list[str]) -> float:
        shutil.rmtree(scratch, ignore_errors=True)
        started = time.perf_counter()
        subprocess.run(command, check=True, **QUIET, timeout=1200)
        passed = time.perf_counter() - started
        shutil.rmtree(scratch, ignore_errors=True)
        return passed

    ours, plain = [], []
    for turn in range(bench.rounds):
        say(f"bulk load {turn + 1} of {bench.rounds}")
        load = [sys.executable, "-m", "clustergraph", "load", "--no-validate-writes"]
        load += ["--no-inference", str(scratch), str(file)]
        ours.append(timed(load))
        plain.append(timed([sys.executable, "-c", PLAIN, str(scratch), str(file)]))
    speed = ratio(plain, ours)
    rows = [
        ["", "s", "quads /s"],
        ["clustergraph load", f"{middle(ours):.1f}", f"{bench.size / middle(ours):,.0f}"],
        ["Store.bulk_load", f"{middle(plain):.1f}", f"{bench.size / middle(plain):,.0f}"],
    ]
    return Finding(
        "bulk",
        f"Bulk load of {bench.size:,} quads, neither validated nor inferred from",
        "≥ 0.9 × the speed of Store.bulk_load",
        f"{speed:.2f} ×",
        speed >= 0.9,
        rows,
    )


def commits(bench: Bench) -> Finding:
    """Changes of 100 quads, each durable before it is acknowledged, and visible at once."""
    rows = [["quads", "in the store alone, ms", "over HTTP, ms", "slowest, ms"]]
    medians = []
    token = "of-a-benchmark-only"  # noqa: S105 - of a server that lives as long as the benchmark
    token_file = bench.work / "token"
    token_file.write_text(token, "utf-8")
    for size in sorted({bench.size, bench.large}):
        copy = bench.work / "commits"
        shutil.rmtree(copy, ignore_errors=True)
        Generations(bench.store(size)).backup(copy)
        say(f"commits at {size:,} quads")
        generations, alone = Generations(copy), []
        # What follows is kept up to date in each commit over HTTP; here it is made first.
        generations.commit(lambda store, _: None, settle)
        for turn in range(COMMITS):
            text = a_hundred(f"alone-{turn}")
            started = time.perf_counter()
            generations.commit(lambda store, _, text=text: store.update(text))
            alone.append(time.perf_counter() - started)
        with clustergraph(copy, "--token-file", str(token_file)) as server:
            server.update(a_hundred("first"), token)
            taken = [server.update(a_hundred(f"http-{turn}"), token) for turn in range(COMMITS)]
            found = server.ask(f"SELECT * WHERE {{ ?s <{EXAMPLE}p> ?o }}", "text/csv")
        assert found.body.count(b"\n") == 1 + (2 * COMMITS + 1) * 100, "a commit is missing"
        shutil.rmtree(copy)
        medians.append(middle(taken))
        figures = (middle(alone), medians[-1], max(taken))
        rows.append([f"{size:,}", *(f"{figure * 1e3:,.0f}" for figure in figures)])
    return Finding(
        "commits",
        f"Commit of 100 quads at {bench.size:,} and {bench.large:,} quads",
        "median ≤ 250 ms at both",
        " and ".join(f"{one * 1e3:,.0f} ms" for one in medians),
        max(medians) <= 0.25,
        rows,
    )


def a_hundred(name: str) -> str:
    """Return an update that adds 100 quads."""
    quads = " ".join(f"<{EXAMPLE}{name}> <{EXAMPLE}p> {number} ." for number in range(100))
    return f"INSERT DATA {{ GRAPH <{EXAMPLE}g> {{ {quads} }} }}"
