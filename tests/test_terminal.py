"""What a terminal would obey never reaches one, from whatever file it comes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clustergraph.cli import main
from clustergraph.terminal import harmless

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
