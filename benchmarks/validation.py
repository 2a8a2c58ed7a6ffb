"""Validation: full runs of three sizes, small writes, and other validators over the same files.

The shipped shapes judge graphs of the real one's shape (``synthetic.py``). At ten thousand triples
every validator that can be installed reads the same two files, judges, and builds its report, each
in a process of its own and in turns (``validators.py``); processor time and results are compared.
pySHACL is measured as it is released, and as our fallback runs it, which parses each SPARQL query
once instead of once for each focus node; the first takes a minute, so it has one turn. The larger
graphs are judged by our engine alone: loading, reading and compiling the shapes, judging.
"""

from __future__ import annotations

import gc
import json
import random
import resource
import statistics
import subprocess
import sys
import time
import venv
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox
import synthetic
from bench import Bench, middle, say
from report import Finding

from clustergraph import artefacts
from clustergraph.quadstore.memory import hold
from clustergraph.shacl import shipped_shapes
from clustergraph.shacl.compile import Compiled, Graph
from clustergraph.shacl.reading import read_rdf
from clustergraph.vocab import GRAPH, PREFIXES

__all__ = ["validation"]

# The shipped graph alone has 170,000 quads.
BARS_S = {200_000: 6.0, 1_000_000: 20.0}
FACTOR = 50
SMALL = 10_000
WRITES = 40
WRITE_BAR_MS = 30.0
INSTALLED = ("clustergraph", "pyshacl-adapted")
"""What runs under our own interpreter in every turn; pySHACL itself runs once."""
PEERS = ("pyshacl-turbo", "pyshifty", "pyrudof")
"""Validators that pip installs without further ado; they get an environment of their own."""
MOST_S = 900
_TYPE = PREFIXES["rdf"] + "type"
_HIERARCHY = PREFIXES["rdfs"] + "subClassOf"
_VALIDATORS = Path(__file__).with_name("validators.py")


def validation(bench: Bench) -> Finding:
    """Compare validators at ten thousand triples, then judge a hundred thousand and a million."""
    rows = [["triples", "validator", "processor time, s", "clustergraph is", "results"]]
    ratio, same = compared(bench, rows)
    totals = {}
    for size, bar in BARS_S.items():
        say(f"judging {size:,}")
        times = [judged(bench.quads(size)) for _ in range(3)]
        totals[size] = total = middle([one.total_s for one in times])
        parts = [middle([one[part] for one in times]) for part in range(3)]
        told = "loading {:.2f}, shapes {:.2f}, judging {:.2f}".format(*parts)
        rows.append(
            [f"{size:,}", f"clustergraph: {told}", f"{total:.2f}", "", f"{times[0].found:,}"]
        )
        command = whole_command(bench.quads(size))
        what = "`clustergraph validate FILE --shapes DIR`, with places"
        rows.append([f"{size:,}", what, f"{command:.2f}", "", ""])
        say(f"{total:.2f} s of {bar:g}")
    median, worst = writes(bench.quads(bench.size))
    what = f"a write is judged in memory, ms (longest {worst:.0f})"
    rows.append([f"{bench.size:,}", what, f"{median:.1f}", "", ""])
    agreed = "same results" if same else "OTHER RESULTS"
    return Finding(
        "validation",
        "Full validation by the shipped shapes",
        f"≥ {FACTOR} × pySHACL at {SMALL:,}, the same results; "
        + ", ".join(f"≤ {bar:g} CPU-s at {size:,}" for size, bar in BARS_S.items()),
        f"{ratio:.0f} ×, {agreed}; " + ", ".join(f"{took:.2f} CPU-s" for took in totals.values()),
        ratio >= FACTOR and same and all(totals[size] <= bar for size, bar in BARS_S.items()),
        rows,
    )


class Timed(NamedTuple):
    """What a run took in CPU seconds, and how much it found."""

    loading_s: float
    shapes_s: float
    judging_s: float
    found: int

    @property
    def total_s(self) -> float:
        """All of it together."""
        return self.loading_s + self.shapes_s + self.judging_s


def fresh() -> float:
    """Return the CPU time, with what was made before out of the garbage collector's sight.

    A run is not to pay for looking through what earlier ones left.
    """
    gc.collect()
    gc.freeze()
    return time.process_time()


def loaded(path: Path) -> ox.Store:
    """Return a store in memory that holds the quads of a file."""
    store = hold(())
    store.bulk_load(path=path, format=ox.RdfFormat.N_QUADS)
    return store


def judged(path: Path) -> Timed:
    """Load a file and judge it by the shipped shapes, which are read from their files."""
    start = fresh()
    graph = Graph(loaded(path))
    middle_s = time.process_time()
    shapes = Compiled(
        triple
        for file in artefacts.files("shapes", "*.ttl")
        if file.name != "meta.ttl"
        for triple in read_rdf(file)
    )
    ready = time.process_time()
    found = len(list(shapes.results(graph)))
    return Timed(middle_s - start, ready - middle_s, time.process_time() - ready, found)


def whole_command(path: Path) -> float:
    """Return the processor time of the command over a file, in seconds; it tells the places too."""
    shapes = path.with_name("validation-shapes.ttl")
    ox.serialize(shipped_shapes(), str(shapes), format=ox.RdfFormat.TURTLE)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "clustergraph", "validate", str(path), "--shapes", str(shapes)]
    subprocess.run([*command, "--format", "json"], capture_output=True, timeout=MOST_S, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


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


def writes(path: Path) -> tuple[float, float]:
    """Return how many milliseconds it takes to judge small writes, the median and the longest.

    `guard.py` has the same in the writer of a store, for additions.
    """
    store = loaded(path)
    compiled = Compiled(shipped_shapes())
    dice = random.Random(synthetic.SEED)
    place = ox.NamedNode(GRAPH + "benchmark")
    kind = ox.NamedNode(_TYPE)

    def instances(name: str) -> list[ox.Quad]:
        return sorted(store.quads_for_pattern(None, kind, ox.NamedNode(name)), key=str)

    people = instances(PREFIXES["cg"] + "ClusterOrganisation")
    taken_s = []
    for turn in range(WRITES):
        one, other = dice.sample(people, 2)
        node = ox.NamedNode(f"{GRAPH}benchmark/{turn}")
        added, removed = CHANGES[turn % len(CHANGES)](node, one.subject, other.subject, store)
        for triple in removed:
            for quad in list(store.quads_for_pattern(*triple)):
                store.remove(quad)
        store.extend([ox.Quad(*triple, place) for triple in added])
        start = time.perf_counter()
        graph = Graph(store)
        nodes = compiled.footprints.affected(graph, added, removed)
        list(compiled.results(graph, nodes))
        taken_s.append(time.perf_counter() - start)
    return statistics.median(taken_s) * 1000, max(taken_s[1:]) * 1000


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


def compared(bench: Bench, rows: list[list[str]]) -> tuple[float, bool]:
    """Let all validators judge the same two files, in turns.

    Args:
        bench: the settings.
        rows: get a row for each validator.

    Returns:
        How many times as fast as pySHACL ours is, and whether their results are the same.
    """
    data, shapes = files(bench)
    python = dict.fromkeys((*INSTALLED, "pyshacl"), sys.executable)
    for name in PEERS:
        say(f"installing {name}")
        if (found := installed(bench.work / "validators", name)) is None:
            rows.append([f"{SMALL:,}", name, "cannot be installed here", "", ""])
        else:
            python[name] = str(found)
    taken: dict[str, list[float]] = {}
    results: dict[str, Counter[tuple[str, ...]]] = {}
    for turn in range(bench.rounds):
        say(f"validators, turn {turn + 1} of {bench.rounds}")
        for name, interpreter in python.items():
            if name == "pyshacl" and turn:
                continue
            command = [interpreter, str(_VALIDATORS), name, str(data), str(shapes)]
            run = subprocess.run(command, capture_output=True, timeout=MOST_S, check=False)
            if run.returncode == 0:
                answer = json.loads(run.stdout)
                taken.setdefault(name, []).append(answer["seconds"])
                results[name] = Counter(map(tuple, answer["results"]))
            elif name in INSTALLED or name == "pyshacl":
                sys.exit(f"{name}: {run.stderr.decode()[-500:]}")
    ours = results["clustergraph"]
    for name in python:
        if name not in taken:
            rows.append([f"{SMALL:,}", name, "fails on these shapes", "", ""])
            continue
        own = taken["clustergraph"][: len(taken[name])]
        times = statistics.median(
            theirs / mine for theirs, mine in zip(taken[name], own, strict=True)
        )
        missing, extra = (ours - results[name]).total(), (results[name] - ours).total()
        agreed = "the same" if not missing + extra else f"{missing} of ours missing, {extra} others"
        told = "" if name == "clustergraph" else f"{times:.0f} ×"
        found = f"{results[name].total():,}" + ("" if name == "clustergraph" else f", {agreed}")
        rows.append(
            [f"{SMALL:,}", SHOWN.get(name, name), f"{middle(taken[name]):.3f}", told, found]
        )
    ratio = taken["pyshacl"][0] / middle(taken["clustergraph"])
    return ratio, ours == results["pyshacl"] == results["pyshacl-adapted"]


SHOWN = {
    "pyshacl": "pySHACL, as released (one turn)",
    "pyshacl-adapted": "pySHACL, each query parsed once",
}


def files(bench: Bench) -> tuple[Path, Path]:
    """Return the files that all validators read: ten thousand triples, the shipped shapes."""
    quads, triples = (bench.work / f"validation-{SMALL}.{ending}" for ending in ("nq", "nt"))
    shrink(bench.quads(200_000), quads, SMALL)
    read = ox.parse(path=quads, format=ox.RdfFormat.N_QUADS)
    ox.serialize((quad.triple for quad in read), str(triples), format=ox.RdfFormat.N_TRIPLES)
    shapes = bench.work / "validation-shapes.ttl"
    ox.serialize(shipped_shapes(), str(shapes), format=ox.RdfFormat.TURTLE)
    return triples, shapes


def installed(directory: Path, name: str) -> Path | None:
    """Return the interpreter of an environment with a package; None where pip has none."""
    python = directory / "bin" / "python"
    if not python.exists():
        venv.create(directory, with_pip=True)
    asked = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    for command in (["show", name], ["install", "--only-binary", ":all:", "rdflib", name]):
        done = subprocess.run([*asked, *command], capture_output=True, timeout=MOST_S, check=False)
        if done.returncode == 0:
            return python
    return None
