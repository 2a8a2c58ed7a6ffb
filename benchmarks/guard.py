"""What the guard on writes costs: commits that the shapes have much to say about."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox
from bench import Bench, middle, say
from report import Finding

from clustergraph.errors import InvalidChangeError
from clustergraph.http.writer import admit
from clustergraph.owl import Inference
from clustergraph.quadstore import Engine
from clustergraph.quadstore.delta import Changed
from clustergraph.quadstore.generations import Generations
from clustergraph.quadstore.updates import update
from clustergraph.shacl.guard import Guard
from clustergraph.vocab import ID, INFERRED

__all__ = ["guarded"]

TURNS = 20
FEW, MANY = 10, 100
PARTS = ("whole", "applied", "judged", "refused")


@dataclass
class Times:
    """Seconds of each commit that was admitted, and of judging each that was refused."""

    whole: list[float] = field(default_factory=list)
    applied: list[float] = field(default_factory=list)
    judged: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)


def guarded(bench: Bench) -> Finding:
    """Add copies of things that the graph has: organisations, memberships, figures, awards."""
    guard = Guard()
    rows = [["quads", "inference", "a commit of", *(f"{part}, ms" for part in PARTS)]]
    small = {}
    sizes = sorted({bench.size, bench.large})
    for size, inferred in [(size, inferred) for size in sizes for inferred in (False, True)]:
        copy = bench.work / "guarded"
        shutil.rmtree(copy, ignore_errors=True)
        Generations(bench.store(size)).backup(copy)
        keep = Inference() if inferred else None
        if keep is not None:
            say(f"inferring over {size:,}")
            Generations(copy).commit(lambda store, _: None, keep)
        for most in (FEW, MANY):
            say(f"guarded commits of {most} quads at {size:,}")
            times = commits(guard, copy, changes(bench.things, copy, most), keep)
            small.setdefault((size, inferred), middle(times.judged))
            parts = (times.whole, times.applied, times.judged, times.refused)
            told = [f"{middle(part) * 1e3:,.0f}" if part else "–" for part in parts]
            rows.append([f"{size:,}", "on" if inferred else "off", f"{most}", *told])
        shutil.rmtree(copy)
    return Finding(
        "guarded",
        f"Judging a commit of {FEW} quads at {bench.size:,} and {bench.large:,}, inference on",
        f"median ≤ 30 ms at {bench.size:,}",
        " and ".join(f"{small[size, True] * 1e3:,.0f} ms" for size in sizes),
        max(small[bench.size, inferred] for inferred in (False, True)) <= 0.03,
        rows,
    )


def commits(
    guard: Guard, directory: Path, texts: Iterator[str], keep: Inference | None = None
) -> Times:
    """Commit updates as the service does, until enough of them have been admitted.

    Args:
        guard: judges them.
        directory: the store.
        texts: the updates.
        keep: brings what the graph entails up to date, as part of the commit.
    """
    generations, times = Generations(directory), Times()
    for text in texts:
        marks: list[float] = []

        def change(
            store: ox.Store, _: int | None, text: str = text, marks: list[float] = marks
        ) -> object:
            marks.append(time.perf_counter())
            delta = update(store, text)
            marks.append(time.perf_counter())
            try:
                return Changed(None, admit(store, delta, guard, lambda: Engine(directory).store)[0])
            finally:
                marks.append(time.perf_counter())

        started = time.perf_counter()
        try:
            generations.commit(change, keep)
        except InvalidChangeError:
            times.refused.append(marks[2] - marks[1])
            continue
        times.whole.append(time.perf_counter() - started)
        times.applied.append(marks[1] - marks[0])
        times.judged.append(marks[2] - marks[1])
        if len(times.whole) == TURNS:
            break
    return times


def changes(things: list[str], directory: Path, most: int) -> Iterator[str]:
    """Yield updates that add so many quads, about things like those that there are."""
    store = Engine(directory).store
    names = iter(random.Random(2).sample(things, len(things)))
    quads: list[str] = []
    for turn, name in enumerate(names):
        found = store.quads_for_pattern(ox.NamedNode(name), None, None)
        new = ox.NamedNode(f"{name}-copy-{most}-{turn}")
        for quad in found:
            stated = quad.graph_name.value != INFERRED
            if stated and not isinstance(quad.object, ox.BlankNode) and name.startswith(ID):
                triple = ox.Triple(new, quad.predicate, quad.object)
                quads.append(f"GRAPH {quad.graph_name} {{ {triple} }}")
        if len(quads) >= most:
            yield f"INSERT DATA {{ {' '.join(quads[:most])} }}"
            quads = []
