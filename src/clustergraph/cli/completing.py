"""The command ``completion``, and what is completed: questions, their parameters and values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
    get_completion_class,
)

from clustergraph.cli.root import cli
from clustergraph.errors import ClusterGraphError
from clustergraph.spelling import fold

if TYPE_CHECKING:
    from clustergraph.questions.catalogue import Question
    from clustergraph.questions.names import Choice
    from clustergraph.questions.parameters import Parameter

VARIABLE: Final = "_CLUSTERGRAPH_COMPLETE"
"""The environment variable by which a shell asks for completions."""

# Thousands of regions and activities are no help.
_MOST: Final = 300


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script for completion with the Tab key.

    Commands, options, questions, their parameters and values are completed.

    \b
    bash: add to ~/.bashrc     eval "$(clustergraph completion bash)"
    zsh:  add to ~/.zshrc      eval "$(clustergraph completion zsh)"
    fish: run once             clustergraph completion fish > \\
                                 ~/.config/fish/completions/clustergraph.fish
    """  # noqa: D301 - click reads the backspace
    complete = get_completion_class(shell)
    assert complete is not None  # noqa: S101 - click knows these shells
    click.echo(complete(cli, {}, "clustergraph", VARIABLE).source())


class _Bash(BashComplete):
    """Completion in bash, which breaks words at ``=``: ``country=CZ`` comes in three parts."""

    # After a parameter's name and its ``=`` the value follows at once.
    source_template = BashComplete.source_template.replace(
        "COMPREPLY+=($value)", "COMPREPLY+=($value); [[ $value == *= ]] && compopt -o nospace"
    )
    _before = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one to complete, and that one as far as it is written."""
        words, incomplete = super().get_completion_args()
        joined: list[str] = []
        for word in (*words, incomplete):
            if joined and (word == "=" or joined[-1].endswith("=")):
                joined[-1] += word
            else:
                joined.append(word)
        *words, incomplete = joined
        name, equals, _ = incomplete.partition("=")
        self._before = name + equals if equals else ""
        return words, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Return a completion without the part that bash takes for earlier words."""
        return f"{item.type},{str(item.value).removeprefix(self._before)}"


class _Zsh(ZshComplete):
    """Completion in zsh: after a parameter's name and its ``=`` the value follows at once."""

    source_template = ZshComplete.source_template.replace(
        "_describe -V unsorted completions_with_descriptions -U",
        "local -a behind; [[ $key == *= ]] && behind=(-S '')\n"
        '        _describe -V unsorted completions_with_descriptions -U "${(@)behind}"',
    )


class _Fish(FishComplete):
    """Completion in fish: a comma within a description does not end it."""

    source_template = FishComplete.source_template.replace("string split", "string split -m 1")


for _shell in (_Bash, _Zsh, _Fish):
    add_completion_class(_shell)


def complete_question(_: click.Context, __: click.Parameter, written: str) -> list[CompletionItem]:
    """Return the questions whose names start with what is written."""
    return [
        CompletionItem(name, help=question.summary)
        for name, question in _questions().items()
        if name.startswith(written)
    ]


def complete_tag(_: click.Context, __: click.Parameter, written: str) -> list[CompletionItem]:
    """Return the tags that start with what is written."""
    return _starting(written, (tag for one in _questions().values() for tag in one.tags))


def complete_topic(_: click.Context, __: click.Parameter, written: str) -> list[CompletionItem]:
    """Return the topics that start with what is written."""
    return _starting(written, (one.topic for one in _questions().values()))


def _starting(written: str, words: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(one) for one in sorted(set(words)) if one.startswith(written)]


def complete_parameter(
    context: click.Context, _: click.Parameter, written: str
) -> list[CompletionItem]:
    """Return the parameters of the question, or the values of the one that is named already."""
    # The option that lacks its value keeps click from telling argument and options apart.
    known = _questions()
    names = (str(context.params.get("query")), *context.args)
    question = next((known[name] for name in names if name in known), None)
    if question is None:
        return []
    name, equals, value = written.partition("=")
    if not equals:
        return [
            CompletionItem(f"{one.name}=", help=one.description)
            for one in question.parameters.values()
            if one.name.startswith(name)
        ]
    if name not in question.parameters:
        return []
    found = _choices(question.parameters[name], context.params.get("store"))
    start = fold(value)
    by_key = [one for one in found if fold(one.value).startswith(start)]
    chosen = by_key or [one for one in found if fold(one.label).startswith(start)]
    return [CompletionItem(f"{name}={one.value}", help=one.label) for one in chosen[:_MOST]]


def _questions() -> Mapping[str, Question]:
    from clustergraph.questions import catalogue

    try:
        return catalogue.questions()
    except ClusterGraphError:
        return {}  # a broken file is reported where it is asked for, not at the Tab key


def _choices(parameter: Parameter, store: Path | None) -> list[Choice]:
    """Return the values of a parameter, from the graph if it is there: nothing is built here."""
    from clustergraph.quadstore import Engine
    from clustergraph.questions.names import Choice, choices_of
    from clustergraph.shipped import open_built

    try:
        engine = open_built() if store is None else Engine(Path(store))
        if engine is not None:
            return choices_of(parameter, engine, "en") or []
    except ClusterGraphError:
        return []
    return [Choice(one, one) for one in parameter.choices]
