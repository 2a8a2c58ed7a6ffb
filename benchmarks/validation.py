"""Measure validation: ``python benchmarks/validation.py``.

The shipped shapes judge graphs of the real one's shape (``synthetic.py``) of 10 thousand, 100
thousand and a million quads. Times are CPU times of one process: loading N-Quads and judging.
pySHACL and the compiled engine judge ten thousand in turns, and their results are compared. A
write to the largest is timed as well: how long it takes to judge what the write touches.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox
import synthetic

from clustergraph.store.memory import hold
from clustergraph.validation import pyshacl_engine, shipped_shapes
from clustergraph.validation.compile import Compiled, Graph
from clustergraph.validation.footprint import results_of_change
from clustergraph.validation.results import Result
from clustergraph.vocab import GRAPH, PREFIXES

BARS_S = {100_000: 3.0, 1_000_000: 20.0}
FACTOR = 50
SMALL = 10_000
TURNS = 5
WRITE_BAR_MS = 30.0
_TYPE = PREFIXES["rdf"] + "type"
_HIERARCHY = PREFIXES["rdfs"] + "subClassOf"


class Timed(NamedTuple):
    """What a run took in CPU seconds, and what it found; pySHACL reads its shapes as it judges."""

    loading_s: float
    compiling_s: float
    judging_s: float
    found: Counter[tuple[str, ...]]

    @property
    def total_s(self) -> float:
        """All of it together."""
        return self.loading_s + self.compiling_s + self.judging_s


def comparable(results: Iterable[Result]) -> Counter[tuple[str, ...]]:
    """Count results by what both engines must agree on."""
    return Counter(
        (str(r.focus), str(r.path), str(r.value), str(r.shape), r.component, r.severity)
        for r in results
    )


def fresh() -> float:
    """Return the CPU time, with what was made before out of the garbage collector's sight.

    Neither engine is to pay for looking through the modules and graphs of the other.
    """
    gc.collect()
    gc.freeze()
    return time.process_time()


def loaded(path: Path) -> ox.Store:
    """Return a store in memory that holds the quads of a file."""
    store = hold(())
    store.bulk_load(path=path, format=ox.RdfFormat.N_QUADS)
    return store


def compiled(path: Path) -> Timed:
    """Load a file and judge it by the compiled engine."""
    start = fresh()
    graph = Graph(loaded(path))
    middle = time.process_time()
    shapes = Compiled(shipped_shapes())
    ready = time.process_time()
    results = list(shapes.results(graph))
    end = time.process_time()
    return Timed(middle - start, ready - middle, end - ready, comparable(results))


def by_pyshacl(path: Path) -> Timed:
    """Load a file and judge it by pySHACL, which has seen the shapes no more than we have."""
    pyshacl_engine.forget()
    start = fresh()
    triples = {quad.triple for quad in ox.parse(path=path, format=ox.RdfFormat.N_QUADS)}
    middle = time.process_time()
    results = list(pyshacl_engine.judge(triples, shipped_shapes()))
    end = time.process_time()
    return Timed(middle - start, 0.0, end - middle, comparable(results))


def shrink(large: Path, small: Path, size: int) -> None:
    """Write about ``size`` quads of a graph: the class hierarchy, then things taken at random.

    A thing comes with all that it refers to, and what that refers to: else most of what is found
    would be references that lead nowhere, which no real graph is full of.
    """
    by_thing: dict[str, list[str]] = {}
    refers: dict[str, list[str]] = {}
    kept: list[str] = []
    with large.open(encoding="utf-8") as lines:
        for line in lines:
            subject, predicate, rest = line.split(" ", 2)
            if predicate == f"<{_HIERARCHY}>" and not subject.startswith("_:"):
                kept.append(line)
            else:
                by_thing.setdefault(subject, []).append(line)
                refers.setdefault(subject, []).append(rest.partition(" ")[0])
    things = sorted(by_thing)
    random.Random(synthetic.SEED).shuffle(things)
    taken: set[str] = set()
    for thing in things:
        group, todo = set[str](), [thing]
        while todo:
            one = todo.pop()
            if one in by_thing and one not in taken and one not in group:
                group.add(one)
                todo += refers[one]
        lines_of_group = [line for one in sorted(group) for line in by_thing[one]]
        if len(kept) + len(lines_of_group) <= size:
            taken |= group
            kept += lines_of_group
    small.write_text("".join(kept), encoding="utf-8")


def graphs(work: Path, sizes: Iterable[int]) -> Iterator[tuple[int, Path]]:
    """Yield sizes and files; those that are missing are made."""
    for size in sizes:
        path = work / f"validation-{size}.nq"
        if not path.exists():
            synthetic.write(path, size)
        yield size, path


def main() -> None:
    """Run the benchmark and say what was found against the bars."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=sorted(BARS_S))
    parser.add_argument("--without-pyshacl", action="store_true")
    parser.add_argument("--writes", type=int, default=40, help="how many writes are timed")
    parser.add_argument(
        "--work", type=Path, default=Path(tempfile.gettempdir()) / "clustergraph-benchmarks"
    )
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    missed = []
    path = None
    for size, path in graphs(given.work, given.sizes):
        timed = compiled(path)
        total, bar = timed.total_s, BARS_S.get(size)
        print(
            f"{size:>9,} quads: {total:6.2f} s CPU (loading {timed.loading_s:.2f}, "
            f"compiling {timed.compiling_s:.2f}, judging {timed.judging_s:.2f}), "
            f"{timed.found.total():,} results" + (f"; bar {bar:.0f} s" if bar else ""),
            flush=True,
        )
        if bar and total > bar:
            missed.append(f"{size:,} quads within {bar} s")
    if path is not None and given.writes:
        missed += writes(path, given.writes)
    if not given.without_pyshacl:
        missed += against_pyshacl(given.work)
    if missed:
        sys.exit("missed: " + "; ".join(missed))


def writes(path: Path, number: int) -> list[str]:
    """Time how long it takes to judge small writes; return what was missed."""
    store = loaded(path)
    compiled = Compiled(shipped_shapes())
    dice = random.Random(synthetic.SEED)
    place = ox.NamedNode(GRAPH + "benchmark")
    kind = ox.NamedNode(_TYPE)

    def instances(name: str) -> list[ox.Quad]:
        return sorted(store.quads_for_pattern(None, kind, ox.NamedNode(name)), key=str)

    people = instances(PREFIXES["cg"] + "ClusterOrganisation")
    taken_s = []
    for turn in range(number):
        one, other = dice.sample(people, 2)
        node = ox.NamedNode(f"{GRAPH}benchmark/{turn}")
        added, removed = CHANGES[turn % len(CHANGES)](node, one.subject, other.subject, store)
        for triple in removed:
            for quad in list(store.quads_for_pattern(*triple)):
                store.remove(quad)
        store.extend([ox.Quad(*triple, place) for triple in added])
        start = time.perf_counter()
        list(results_of_change(compiled, Graph(store), added, removed))
        taken_s.append(time.perf_counter() - start)
    median_ms = statistics.median(taken_s) * 1000
    worst_ms = max(taken_s[1:]) * 1000
    print(
        f"a write to {path.stem}: median {median_ms:.1f} ms, longest {worst_ms:.0f} ms of "
        f"{number}; bar {WRITE_BAR_MS:.0f} ms"
    )
    return [] if median_ms <= WRITE_BAR_MS else [f"a write within {WRITE_BAR_MS} ms"]


def new_membership(
    node: ox.NamedNode, one: ox.NamedNode, other: ox.NamedNode, store: ox.Store
) -> tuple[list[ox.Triple], list[ox.Triple]]:
    """Add a membership of one organisation in another."""
    org, cg = PREFIXES["org"], PREFIXES["cg"]
    said = [
        (_TYPE, ox.NamedNode(cg + "Membership")),
        (org + "member", one),
        (org + "organization", other),
        (cg + "memberSince", ox.Literal("2020", datatype=ox.NamedNode(PREFIXES["xsd"] + "gYear"))),
        (PREFIXES["dcterms"] + "source", ox.NamedNode("https://example.org/")),
    ]
    return [ox.Triple(node, ox.NamedNode(name), value) for name, value in said], []


def renamed(
    node: ox.NamedNode, one: ox.NamedNode, other: ox.NamedNode, store: ox.Store
) -> tuple[list[ox.Triple], list[ox.Triple]]:
    """Give an organisation another name."""
    label = ox.NamedNode(PREFIXES["rdfs"] + "label")
    gone = {quad.triple for quad in store.quads_for_pattern(one, label, None)}
    return [ox.Triple(one, label, ox.Literal(f"Name {node}", language="en"))], list(gone)


def moved(
    node: ox.NamedNode, one: ox.NamedNode, other: ox.NamedNode, store: ox.Store
) -> tuple[list[ox.Triple], list[ox.Triple]]:
    """Let an organisation have the country of another."""
    country = ox.NamedNode(PREFIXES["cg"] + "country")
    gone = {quad.triple for quad in store.quads_for_pattern(one, country, None)}
    there = {quad.object for quad in store.quads_for_pattern(other, country, None)}
    added = {ox.Triple(one, country, value) for value in there} - gone
    return list(added), [] if not added else list(gone)


def untyped(
    node: ox.NamedNode, one: ox.NamedNode, other: ox.NamedNode, store: ox.Store
) -> tuple[list[ox.Triple], list[ox.Triple]]:
    """Take the type from an organisation."""
    gone = {quad.triple for quad in store.quads_for_pattern(one, ox.NamedNode(_TYPE), None)}
    return [], list(gone)


CHANGES = (new_membership, renamed, moved, untyped)


def against_pyshacl(work: Path) -> list[str]:
    """Compare times and results at 10 thousand quads; return what was missed."""
    ((_, large),) = graphs(work, [100_000])
    small = work / f"validation-{SMALL}.nq"
    shrink(large, small, SMALL)
    shipped_shapes()
    turns = [(compiled(small), by_pyshacl(small)) for _ in range(TURNS)]
    same = all(ours.found == theirs.found for ours, theirs in turns)
    ratio = statistics.median(theirs.total_s / ours.total_s for ours, theirs in turns)
    parts = [statistics.median(ours[part] * 1000 for ours, _ in turns) for part in range(3)]
    ours_s = statistics.median(ours.total_s for ours, _ in turns)
    theirs_s = statistics.median(theirs.total_s for _, theirs in turns)
    ours, theirs = turns[0]
    print(
        f"{SMALL:>9,} quads: {ours_s:6.3f} s (loading {parts[0]:.0f} ms, compiling {parts[1]:.0f}, "
        f"judging {parts[2]:.0f}), pySHACL {theirs_s:.2f} s: {ratio:.0f} times as fast, medians of "
        f"{TURNS} turns; {ours.found.total():,} results, {'the same' if same else 'NOT the same'}"
    )
    if not same:
        print("  ours alone:", list((ours.found - theirs.found).items())[:3])
        print("  theirs alone:", list((theirs.found - ours.found).items())[:3])
    return [
        *([] if same else ["the same results as pySHACL"]),
        *([] if ratio >= FACTOR else [f"{FACTOR} times as fast as pySHACL"]),
    ]


if __name__ == "__main__":
    main()
