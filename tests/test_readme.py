"""The README: what it shows is what a reader gets."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from clustergraph.cli import main
from clustergraph.quadstore import Engine

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXCHANGES = [
    (command, answer)
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for command, answer in re.findall(
        r"^\$ (clustergraph query (?:'[^']*'|[^\n'])*)\n(.+)", block, re.DOTALL | re.MULTILINE
    )
]


def test_three_questions_are_answered() -> None:
    """The README shows at least three questions with their answers."""
    assert len(EXCHANGES) >= 3


@pytest.mark.parametrize(
    ("command", "answer"), EXCHANGES, ids=[command.split()[2] for command, _ in EXCHANGES]
)
def test_the_answer_has_the_columns_shown(
    command: str, answer: str, shipped: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typing a command of the README prints the columns that the README shows, and rows.

    The rows themselves change with the data.
    """
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(command)[1:])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == answer.splitlines()[0].split()
    assert len(lines) > 2


def test_links_lead_somewhere() -> None:
    """Every file that README, CONTRIBUTING and docs link to exists."""
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
