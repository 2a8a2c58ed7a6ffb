"""What the benchmarks found, kept from run to run and written down as ``RESULTS.md``."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["Finding", "keep", "machine", "render"]

INTRODUCTION = """\
# Results

Written by `make bench`; `make bench ARGS=--help` says how to run a part. All servers run on the
same two processors as the client that asks them, in turns (one, the other, one, ...), over the
same files: the graph that `synthetic.py` makes from the shipped one. A figure is the median of the
turns, a ratio the median of the ratios of the turns. Only the ratios mean something on another
machine. Where servers are compared, ours works nothing out ahead for its pages (`--no-prepare`),
which would go on while it is measured.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one benchmark measured.

    Attributes:
        name: of the benchmark.
        what: what was measured, in a line.
        bar: what it should reach, in words.
        reached: what it came to, in words.
        passed: whether that reaches the bar; None: there is no bar.
        figures: a table: its head, then its rows.
        on: the day.
        at: the commit that was measured.
    """

    name: str
    what: str
    bar: str
    reached: str
    passed: bool | None
    figures: Sequence[Sequence[str]] = ()
    on: str = field(default_factory=lambda: date.today().isoformat())
    at: str = field(default_factory=lambda: commit())


def keep(path: Path, findings: Sequence[Finding]) -> list[Finding]:
    """Add findings to those of earlier runs, in place of those of the same name; return all."""
    known = {}
    if path.exists():
        known = {entry["name"]: entry for entry in json.loads(path.read_text("utf-8"))}
    known |= {finding.name: asdict(finding) for finding in findings}
    path.write_text(json.dumps(list(known.values()), indent=1), "utf-8")
    return [Finding(**entry) for entry in known.values()]


def render(findings: Sequence[Finding], order: Sequence[str]) -> str:
    """Return the findings as Markdown."""
    findings = sorted(findings, key=lambda one: order.index(one.name))
    parts = [INTRODUCTION, machine(), "| what | bar | reached | |\n| --- | --- | --- | --- |"]
    for one in findings:
        verdict = {True: "reached", False: "**missed**", None: ""}[one.passed]
        parts[-1] += f"\n| {one.what} | {one.bar} | {one.reached} | {verdict} |"
    for one in findings:
        parts.append(f"## {one.name}\n\n{one.what}. Measured on {one.on} at {one.at}.")
        if one.figures:
            parts.append(table(one.figures))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a table of Markdown."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    rule = "| " + " | ".join(["---"] + ["---:"] * (len(rows[0]) - 1)) + " |"
    return "\n".join([lines[0], rule, *lines[1:]])


def machine() -> str:
    """Return what the figures were measured on and with."""
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    names = ("clustergraph", "pyoxigraph", "oxigraph", "uvicorn")
    packages = ", ".join(f"{name} {_version(name)}" for name in names)
    minutes = os.getloadavg()[2]
    return (
        f"Machine: {model[1] if model else platform.machine()}, {os.cpu_count()} processors, "
        f"{memory:.0f} GB; {platform.system()} {platform.release()}, Python "
        f"{platform.python_version()}; {packages}. "
        f"Load of the last 15 minutes when this was written: {minutes:.1f}; what exceeds the "
        "benchmark's own 2 or so was other work on the same processors, which blurs the figures."
    )


def commit() -> str:
    """Return the short name of the commit that is checked out."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return said.stdout.strip() or "no commit"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"
