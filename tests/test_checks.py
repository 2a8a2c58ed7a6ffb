"""The checks of ``queries/checks``: every row of an answer is a fault in the data.

For each check ``tests/checks`` holds a file with the faults that it is for, beside sound neighbours
that it must leave alone; ``# finds:`` lines name the faulty things.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyoxigraph as ox
import pytest

from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue
from clustergraph.questions.catalogue import Question
from clustergraph.vocab import PREFIXES

FAULTY: Final = Path(__file__).parent / "checks"
MARK: Final = "# finds: "
CHECKS: Final = [asked for asked in catalogue.questions().values() if asked.kind == "checks"]

each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)


def test_there_are_enough_checks() -> None:
    """The catalogue holds the checks that it promises."""
    assert len(CHECKS) >= 40


@each_check
def test_no_fault_in_the_shipped_data(check: Question, shipped: Engine) -> None:
    """The shipped graph passes the check."""
    answer = catalogue.ask(check, shipped)
    assert isinstance(answer, ox.QuerySolutions)
    found = [" | ".join(map(str, solution)) for solution in answer]
    assert not found, f"{check.summary} ({len(found)}):\n" + "\n".join(found[:20])


@each_check
def test_finds_exactly_the_faulty_things(check: Question) -> None:
    """A check finds the faulty things of its file, tells where they are, and nothing else."""
    text = (FAULTY / f"{check.name}.trig").read_text(encoding="utf-8")
    expected = {line.removeprefix(MARK) for line in text.splitlines() if line.startswith(MARK)}
    store = ox.Store()
    store.load(text, ox.RdfFormat.TRIG)
    answer = store.query(check.bind(), prefixes=dict(PREFIXES), use_default_graph_as_union=True)
    assert isinstance(answer, ox.QuerySolutions)
    assert [variable.value for variable in answer.variables] == ["thing", "what", "graph"]
    rows = list(answer)
    assert expected
    assert {row["thing"].value for row in rows} == expected
    assert all(row["what"] is not None and row["graph"] is not None for row in rows)


@each_check
def test_check_says_how_to_mend(check: Question) -> None:
    """A check names the fault in its summary, tells how to mend it, and can be found by words."""
    assert len(check.summary) <= 100
    assert not check.summary.endswith(".")
    assert check.description.endswith(".")
    assert check.tags


def test_every_faulty_file_has_its_check() -> None:
    """No file under tests/checks is left over from a check that is gone."""
    assert {file.stem for file in FAULTY.iterdir()} == {check.name for check in CHECKS}
