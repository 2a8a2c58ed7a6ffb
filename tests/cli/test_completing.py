"""Completion: what the Tab key offers, in the words that shells pass on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clustergraph import cli
from clustergraph.cli.completing import VARIABLE
from clustergraph.questions import catalogue


@pytest.fixture
def tab(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """A function that returns what bash is offered for the last of its words."""

    def press(*words: str) -> list[str]:
        monkeypatch.setenv(VARIABLE, "bash_complete")
        monkeypatch.setenv("COMP_WORDS", "\n".join(("clustergraph", *words)))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        with pytest.raises(SystemExit):
            cli.main([])
        lines = capfd.readouterr().out.split("\n")
        return [line.partition(",")[2] for line in lines if line]

    return press


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["que"], ["queries", "query"]),
        (["query", "clusters-in"], ["clusters-in-country"]),
        (["query", "clusters-in-country", "-p", ""], ["country="]),
        (["query", "clusters-in-country", "-p", "country", "=", "cz"], ["CZ"]),
        (["query", "clusters-in-country", "-p", "country", "=", "Czec"], ["CZ"]),
        (["query", "find-partners", "-p", "country=CZ", "-p", "ecosystem=tex"], ["textiles"]),
        (["query", "find-partners", "-p", "nothing=x"], []),
        (["query", "no-such-question", "-p", ""], []),
        (["query", "clusters-per-country", "--form"], ["--format"]),
        (["queries", "--topic", "mon"], ["money"]),
        (["queries", "--tag", "provenan"], ["provenance"]),
        (["completion", "b"], ["bash"]),
    ],
    ids=lambda words: " ".join(words) or "nothing",
)
def test_bash_is_offered(
    tab: Callable[..., list[str]], words: list[str], offered: list[str]
) -> None:
    """Questions, parameters and values, also where bash breaks words at the equals sign."""
    assert tab(*words) == offered


def test_each_question_is_offered(tab: Callable[..., list[str]]) -> None:
    """All names, where nothing is written yet."""
    assert set(tab("query", "")) == set(catalogue.questions())


def test_nothing_is_built_at_the_tab_key(
    tab: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a graph there are no values from it, and no graph is made."""
    monkeypatch.setenv("CLUSTERGRAPH_CACHE", str(tmp_path))
    assert tab("query", "clusters-in-country", "-p", "country=C") == []
    assert list(tmp_path.iterdir()) == []


def test_values_come_from_the_store_that_is_named(
    tab: Callable[..., list[str]], small_store: Path
) -> None:
    """--store decides; a store that is none offers nothing and breaks nothing."""
    asked = ("query", "clusters-in-country", "-p", "country=")
    assert tab("query", "--store", str(small_store), *asked[1:]) == ["CZ", "GR", "SK"]
    assert tab("query", "--store", "/nonexistent", *asked[1:]) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_asks_for_completions(capfd: pytest.CaptureFixture[str], shell: str) -> None:
    """Each shell gets a script that calls back with the variable that the command reads."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(["completion", shell])
    assert stopped.value.code == 0
    assert f"{VARIABLE}={shell}_complete" in capfd.readouterr().out


@pytest.fixture
def shell(tmp_path: Path) -> Callable[..., list[str]]:
    """A function that runs a script in a real shell, and returns the lines that it prints."""
    program = tmp_path / "clustergraph"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m clustergraph "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def run(name: str, *options: str, script: str) -> list[str]:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
        done = subprocess.run(
            [name, *options, "-c", script], env=environment, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


CLUSTERS = [name for name in catalogue.questions() if name.startswith("clusters-")]


def test_script_runs_in_bash(shell: Callable[..., list[str]]) -> None:
    """The real bash fills COMPREPLY by the script."""
    script = (
        'eval "$(clustergraph completion bash)"; COMP_WORDS=(clustergraph query clusters-); '
        "COMP_CWORD=2; COMPREPLY=(); _clustergraph_completion clustergraph; echo ${COMPREPLY[@]}; "
        'compopt() { echo "$@"; }; COMP_WORDS=(clustergraph query clusters-in-country -p ""); '
        "COMP_CWORD=4; "
        "COMPREPLY=(); _clustergraph_completion clustergraph; echo ${COMPREPLY[@]}"
    )
    assert shell("bash", script=script) == [" ".join(CLUSTERS), "-o nospace", "country="]


def test_script_runs_in_zsh(shell: Callable[..., list[str]]) -> None:
    """The real zsh is given names with summaries, and no space behind the name of a parameter."""
    script = (
        'compdef() { }; _describe() { print -r -- "${(q)@[4,-1]}"; print -rl -- ${(P)3} }; '
        'eval "$(clustergraph completion zsh)"; '
        "words=(clustergraph query clusters-) CURRENT=3; _clustergraph_completion; "
        "words=(clustergraph query clusters-in-country -p ''); CURRENT=5; _clustergraph_completion"
    )
    lines = shell("zsh", "-f", script=script)
    assert [line.partition(":")[0] for line in lines] == [
        "-U", *CLUSTERS, "-U -S ''", "country=",
    ]  # fmt: skip


def test_script_runs_in_fish(shell: Callable[..., list[str]]) -> None:
    """The real fish lists names and values, with their whole descriptions."""
    script = (
        "clustergraph completion fish | source; complete -C 'clustergraph query clusters-'; "
        "complete -C 'clustergraph query --par'"
    )
    lines = [line.split("\t") for line in shell("fish", "--no-config", script=script)]
    assert {line[0] for line in lines} == {*CLUSTERS, "--param"}
    assert "country=Czechia" in lines[-1][1]
