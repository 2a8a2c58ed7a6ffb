"""What the benchmarks share: graphs, stores, servers side by side, turns."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import synthetic
from servers import QUIET, Server, clustergraph, oxigraph

from clustergraph.quadstore.generations import Generations
from clustergraph.vocab import ID

__all__ = ["Bench", "middle", "ratio", "say"]


@dataclass
class Bench:
    """The settings of a run.

    Attributes:
        work: where graphs, stores and findings are kept.
        size: quads of the graph that is asked.
        large: quads of the largest graph that is written to.
        rounds: turns of each server.
        seconds: how long a burst of requests lasts.
    """

    work: Path
    size: int
    large: int
    rounds: int
    seconds: float

    def __post_init__(self) -> None:
        self._bursts = 0

    def quads(self, size: int) -> Path:
        """Return the file of a graph of that size, made where it is missing."""
        path = self.work / f"{size}.nq"
        if not path.exists():
            say(f"making a graph of {size:,} quads")
            say(f"SHA-256 {synthetic.write(path, size)}")
        return path

    def store(self, size: int) -> Path:
        """Return the store of a graph of that size, made where it is missing."""
        path = self.work / f"store-{size}"
        if not path.exists():
            say(f"loading {size:,} quads")
            command = [sys.executable, "-m", "clustergraph", "load", "--no-validate-writes"]
            # Peers infer nothing: all are to hold the same.
            command += ["--no-inference", str(path)]
            subprocess.run([*command, str(self.quads(size))], check=True, **QUIET)
        return path

    def database(self, size: int) -> Path:
        """Return the directory of the published generation of that store."""
        return Generations(self.store(size)).current.path

    @cached_property
    def things(self) -> list[str]:
        """The IRIs of organisations, memberships, figures and so on, in random order."""
        found = set()
        with self.quads(self.size).open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith(f"<{ID}"):
                    found.add(line[1 : line.index(">")])
        things = sorted(found)
        random.Random(1).shuffle(things)
        return things[:50_000]

    def tag(self) -> str:
        """Return a text that no burst of requests has had."""
        self._bursts += 1
        return f"burst-{self._bursts}"

    @contextmanager
    def pair(self, *options: str) -> Iterator[tuple[Server, Server]]:
        """Run our service and the native server over the same database."""
        with (
            clustergraph(self.store(self.size), *options) as ours,
            oxigraph(self.database(self.size)) as native,
        ):
            yield ours, native

    def in_turns(
        self, servers: Sequence[Server], measure: Callable[[Server], float]
    ) -> list[list[float]]:
        """Measure each server once for nothing, then in turns; return the figures of each."""
        for server in servers:
            measure(server)
        found: list[list[float]] = [[] for _ in servers]
        for _ in range(self.rounds):
            for figures, server in zip(found, servers, strict=True):
                figures.append(measure(server))
        return found


def middle(figures: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(figures)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios of the turns."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def say(line: str) -> None:
    """Tell how far the run is."""
    print(line, file=sys.stderr, flush=True)
