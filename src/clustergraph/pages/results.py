"""What stands below a result: the same in other formats, and the same from elsewhere."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from clustergraph.errors import ClusterGraphError
from clustergraph.pages.words import Words
from clustergraph.protocol.problems import describe
from clustergraph.sparql.results import FORMATS

if TYPE_CHECKING:
    from clustergraph.pages.outcome import Outcome
    from clustergraph.pages.visit import Visit

__all__ = ["LIMITS", "about", "curl", "downloads", "fault", "frame", "most_rows", "python"]

LIMITS: Final = (100, 1000, 5000)
"""How many rows a page may show."""

_USUAL: Final = 1000
_METHODS: Final = {"solutions": "select", "graph": "construct", "truth": "ask"}


def most_rows(visit: Visit) -> int:
    """Return how many rows a visitor wants to see at most."""
    wanted = visit.parameter("rows")
    return int(wanted) if wanted in map(str, LIMITS) else _USUAL


def about(visit: Visit) -> dict[str, Any]:
    """Return what the templates of results need besides the result: words, for scripts as well."""
    words = Words(visit.language, "islands").own()
    return {
        "r": Words(visit.language, "results"),
        # Within a page, no text may close the element that holds this.
        "island_words": json.dumps(words, ensure_ascii=False).replace("<", "\\u003c"),
        "limits": LIMITS,
        "older": _older(visit),
    }


def _older(visit: Visit) -> str:
    """Return the data version that a link was made with, if it is no longer the current one."""
    version = visit.parameter("version")
    return version if version.isdecimal() and version != str(visit.generation) else ""


def fault(error: ClusterGraphError) -> tuple[int, dict[str, Any]]:
    """Return the status of a query that failed, and what to say of it."""
    status, document = describe(error)
    return status, {
        key: document.get(key) for key in ("status", "title", "detail", "line", "column")
    }


def downloads(outcome: Outcome, address: str, fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names and addresses of an answer's formats.

    Args:
        outcome: the answer.
        address: where it is asked for.
        fields: the parameters.
    """
    triples = outcome.form == "graph"
    return [
        (name, f"{address}?{urlencode({**fields, 'format': name}, doseq=True)}")
        for name, form in FORMATS.items()
        if form.holds_triples == triples and _written(name)
    ]


@cache
def _written(name: str) -> bool:
    """Say whether a format can be written here; text tables are for terminals and documents."""
    if name == "parquet":
        return find_spec("pyarrow") is not None
    return name not in ("table", "markdown", "trig", "nquads")


def curl(outcome: Outcome, address: str, fields: Mapping[str, Sequence[str]]) -> str:
    """Return a command that asks the same."""
    accept = "text/turtle" if outcome.form == "graph" else "text/csv"
    lines = [f"curl -G {shlex.quote(address)} -H {shlex.quote(f'Accept: {accept}')}"]
    for name, values in fields.items():
        lines += [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for value in values]
    return " \\\n  ".join(lines)


def python(
    outcome: Outcome, base: str, query: str, values: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Return Python that asks the same with clustergraph.

    Args:
        outcome: the answer.
        base: the service.
        query: a query's text, or the name of a ready question.
        values: of the question's parameters.
    """
    method = _METHODS[outcome.form]
    last = f"graph.{method}({_call(query, values or {})})"
    if method == "select":
        last = f"for row in {last}:\n    print(row)"
    else:
        last = f"print({last}{'.serialize()' if method == 'construct' else ''})"
    return f"import clustergraph\n\ngraph = clustergraph.connect({_text(base)})\n{last}"


def frame(
    outcome: Outcome, base: str, query: str, values: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Return Python that asks the same for a data frame; nothing if the answer has no rows."""
    if outcome.form != "solutions":
        return ""
    return (
        "import clustergraph\n\n"
        f"frame = clustergraph.connect({_text(base)}).select({_call(query, values or {})}).frame()"
    )


def _call(query: str, values: Mapping[str, Sequence[str]]) -> str:
    arguments = [_text(query)]
    for name, given in values.items():
        written = [_text(value) for value in given]
        one = written[0] if len(written) == 1 else "[" + ", ".join(written) + "]"
        arguments.append(f"{name}={one}")
    return ", ".join(arguments)


def _text(text: str) -> str:
    """Write a text as Python does; one of several lines as people do."""
    if "\n" not in text.strip():
        return json.dumps(text.strip(), ensure_ascii=False)
    escaped = text.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""\n{escaped}\n"""'
