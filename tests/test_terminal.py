"""Text for terminals: nothing that they would obey, and tables that fit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clustergraph.cli import main
from clustergraph.terminal import harmless, markdown, table

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
CLEARS = "\x1b[2J\x9b31m\x07\u202e"
DATA = f"""
@prefix cg: <https://w3id.org/clustergraph/ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<http://example.org/x> a cg:ClusterOrganisation ; rdfs:label "name{CLEARS}" ;
    cg:foundingYear "year{CLEARS}" .
"""


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("validate {file}", 1),
        ("validate {file} --format github", 1),
        ("diff {empty} {file}", 1),
        ("validate {broken}", 2),
        ("diff {broken} {file}", 2),
    ],
)
def test_no_command_shows_what_a_terminal_obeys(
    command: str, code: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither values, nor names, nor the line of the file, nor what is told of broken ones."""
    paths = {name: tmp_path / f"{name}.ttl" for name in ("file", "empty", "broken")}
    paths["file"].write_text(DATA)
    paths["empty"].write_text("")
    paths["broken"].write_text(f"{DATA}<x> {CLEARS} <y> .")
    with pytest.raises(SystemExit) as stopped:
        main(command.format(**paths).split())
    shown = "".join(capfd.readouterr())
    assert stopped.value.code == code
    assert shown
    assert not OBEYED.search(shown)


def test_only_what_is_obeyed_is_replaced() -> None:
    """Tabs, line feeds and letters of all scripts stay."""
    assert harmless("a\tb\nž日\u00a0🎈") == "a\tb\nž日\u00a0🎈"
    assert harmless(CLEARS) == "\ufffd[2J\ufffd31m\ufffd\ufffd"


ROWS = [["Alpha", "a text that is longer than most", "10"], ["Beta", "", "2.5"]]


def test_table_at_a_terminal_fits() -> None:
    """Long cells are folded, headings are not."""
    text = table(["name", "description", "number"], ROWS, 48)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 48
    assert [cell.strip() for cell in lines[1].strip("│").split("│")] == [
        "name", "description", "number",
    ]  # fmt: skip


def test_wide_rows_stand_below_each_other() -> None:
    """Where columns would become too narrow, each row is a record without its empty cells."""
    text = table(["name", "description", "number"], ROWS, 30)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 30
    assert [line.split()[0] for line in lines if line.startswith(("name", "number"))] == [
        "name", "number", "name", "number",
    ]  # fmt: skip
    assert sum(line.startswith("description") for line in lines) == 1
    joined = "".join(line[13:] for line in lines if not line.startswith(("name", "number")))
    assert "a text that" in joined


def test_table_in_a_pipe_is_a_row_a_line() -> None:
    """However wide; line feeds in cells become spaces, numbers stand to the right."""
    lines = table(["name", "n"], [["a\nb" * 50, "1"], ["c", "22"]]).splitlines()
    assert len(lines) == 4
    assert lines[3].endswith(" 22")


def test_markdown_shows_cells_as_they_are() -> None:
    """Signs of Markdown and HTML are escaped, line feeds become spaces, numbers are aligned."""
    text = markdown(["x", "n"], [["a|b\n*c* <i> [d](e) `f`", "1"]])
    assert text.splitlines() == [
        "| x | n |",
        "| --- | ---: |",
        "| a\\|b \\*c\\* \\<i\\> \\[d\\](e) \\`f\\` | 1 |",
    ]
