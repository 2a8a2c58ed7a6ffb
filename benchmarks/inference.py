"""What inference costs: over the shipped graph, over a large one, and in small commits."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import guard
import pyoxigraph as ox
from bench import Bench, middle, say
from report import Finding

from clustergraph.owl import Inference, materialise
from clustergraph.quadstore.delta import Changed, Delta
from clustergraph.quadstore.generations import Generations
from clustergraph.quadstore.updates import update
from clustergraph.shipped import shipped_quads

__all__ = ["inference"]

BAR_SHIPPED_S, BAR_LARGE_S, BAR_COMMIT_MS = 1.0, 6.0, 50.0
TURNS = 20
QUADS = 100


def inference(bench: Bench) -> Finding:
    """Infer whole graphs, the large one in processor time, then keep that one up to date."""
    scratch = bench.work / "inference"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    shipped, large = [], []
    known = inferred = 0
    for turn in range(bench.rounds):
        say(f"inference {turn + 1} of {bench.rounds}")
        store = ox.Store(str(scratch / f"shipped-{turn}"))
        store.bulk_extend(shipped_quads())
        started = time.perf_counter()
        known = materialise(store)
        shipped.append(time.perf_counter() - started)
        del store
        copy = scratch / f"large-{turn}"
        shutil.copytree(bench.database(bench.size), copy)
        store = ox.Store(str(copy))
        started = time.process_time()
        inferred = materialise(store)
        large.append(time.process_time() - started)
        del store
        shutil.rmtree(copy)
    shares = commits(bench, scratch / "commits")
    shutil.rmtree(scratch)
    rows = [
        ["", "median", "longest"],
        [f"shipped graph, {known:,} inferred, s", *_two(shipped, 1)],
        [f"{bench.size:,} quads, {inferred:,} inferred, CPU s", *_two(large, 1)],
        [f"share of a commit of {QUADS} quads, ms", *_two(shares, 1000)],
    ]
    reached = (middle(shipped), middle(large), middle(shares) * 1000)
    return Finding(
        "inference",
        f"Inference over the shipped graph, over {bench.size:,} quads, and in a commit there",
        f"< {BAR_SHIPPED_S:g} s, < {BAR_LARGE_S:g} CPU-s, < {BAR_COMMIT_MS:g} ms",
        f"{reached[0]:.2f} s, {reached[1]:.1f} CPU-s, {reached[2]:.0f} ms",
        all(one < bar for one, bar in zip(reached, _BARS, strict=True)),
        rows,
    )


_BARS = (BAR_SHIPPED_S, BAR_LARGE_S, BAR_COMMIT_MS)


def commits(bench: Bench, directory: Path) -> list[float]:
    """Return how long inference took in commits that add copies of things and take them away."""
    Generations(bench.store(bench.size)).backup(directory)
    generations, keep = Generations(directory), Inference()
    generations.commit(lambda store, _: None, keep)
    taken: list[float] = []

    def settle(store: ox.Store, delta: Delta | None) -> None:
        started = time.perf_counter()
        keep(store, delta)
        taken.append(time.perf_counter() - started)

    say(f"commits of {QUADS} quads")
    for turn, text in enumerate(guard.changes(bench.things, directory, QUADS)):
        if turn == TURNS // 2:
            break
        for words in (text, text.replace("INSERT DATA", "DELETE DATA", 1)):
            generations.commit(
                lambda store, _, words=words: Changed(None, update(store, words)), settle
            )
    return taken


def _two(figures: list[float], factor: float) -> list[str]:
    return [f"{middle(figures) * factor:.2f}", f"{max(figures) * factor:.2f}"]
