"""Measure the service against its peers: ``make bench``, or ``python benchmarks/run.py NAME ...``.

Every figure is set against that of a peer, measured in turns in the same run on the same two
processors: the native Oxigraph server, rdflib-endpoint for look-ups, the engine alone for loads,
pySHACL and others for validation.
What was found is printed and written to ``benchmarks/RESULTS.md``; findings of benchmarks that were
not run stay there as long as the directory given by ``--work`` stays.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import background
import crash
import guard
import hostile
import inference
import load
import pages
import reading
import report
import start
import validation
import writing
from bench import Bench, say
from report import Finding

BENCHMARKS: dict[str, Callable[[Bench], Finding]] = {
    "cached": reading.cached,
    "lookups": reading.lookups,
    "mix": reading.mix,
    "export": reading.export,
    "crowded": hostile.crowded,
    "endless": hostile.endless,
    "commits": writing.commits,
    "background": background.background,
    "guarded": guard.guarded,
    "validation": validation.validation,
    "bulk": writing.bulk,
    "inference": inference.inference,
    "crash": crash.crash,
    "start": start.start,
    "questions": start.questions,
    "pages": pages.pages,
}
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Run the benchmarks that the command line names, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--size", type=int, default=1_000_000, help="quads that are asked")
    parser.add_argument("--large", type=int, default=10_000_000, help="quads that are written to")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each server")
    parser.add_argument("--seconds", type=float, default=5, help="how long a burst lasts")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path(tempfile.gettempdir()) / "clustergraph-benchmarks",
        help="where graphs and stores are kept from run to run",
    )
    parser.add_argument("--dry", action="store_true", help="print only, write no results")
    given = parser.parse_args()
    if unknown := set(given.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    pinned = sorted(os.sched_getaffinity(0))[:2]
    os.sched_setaffinity(0, pinned)
    say(f"processors {pinned}; requests by {load.generator()}")
    given.work.mkdir(parents=True, exist_ok=True)
    bench = Bench(given.work, given.size, given.large, given.rounds, given.seconds)
    found = []
    for name in given.names or BENCHMARKS:
        say(f"== {name}")
        found.append(finding := BENCHMARKS[name](bench))
        say(report.table(finding.figures))
        verdict = {True: "reached", False: "MISSED", None: ""}[finding.passed]
        say(f"{finding.what}: {finding.reached} (bar: {finding.bar}) {verdict}")
        if not given.dry:
            kept = report.keep(given.work / "findings.json", found)
            RESULTS.write_text(report.render(kept, list(BENCHMARKS)), "utf-8")


if __name__ == "__main__":
    main()
