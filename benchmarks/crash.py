"""What a store keeps when the process that writes to it is killed."""

from __future__ import annotations

import importlib.util
import shutil
import time
from pathlib import Path
from types import ModuleType

from bench import Bench, say
from report import Finding

__all__ = ["crash"]

ROUNDS = 50


def crash(bench: Bench) -> Finding:
    """``kill -9`` at random moments under acknowledged writes, as in the tests but more often."""
    rules = _rules()
    directory = bench.work / "crash"
    shutil.rmtree(directory, ignore_errors=True)
    say(f"killing a writer {ROUNDS} times")
    seed = time.time_ns()
    # Raises when anything acknowledged is lost, or anything half applied.
    commits = rules.rounds_of_killing(directory, ROUNDS, seed)
    shutil.rmtree(directory)
    return Finding(
        "crash",
        f"kill -9 under acknowledged writes, {ROUNDS} rounds",
        "nothing acknowledged lost, nothing half applied",
        f"{commits} commits, all kept and whole (seed {seed})",
        True,
        [["rounds", "commits", "lost", "in part"], [f"{ROUNDS}", f"{commits}", "0", "0"]],
    )


def _rules() -> ModuleType:
    path = Path(__file__).parent.parent / "tests" / "quadstore" / "test_store_crash.py"
    spec = importlib.util.spec_from_file_location("test_store_crash", path)
    assert spec is not None
    assert spec.loader is not None
    rules = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rules)
    return rules
