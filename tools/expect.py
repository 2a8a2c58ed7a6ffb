"""Write or check the expected answers of the questions on the sample graph of the tests.

python tools/expect.py [NAME...]   write tests/sample/answers/NAME.tsv (or .nt, .txt); all, if none
python tools/expect.py --check     compare all that are kept; exit 1 where one differs

The sample is frozen (tools/sample.py), so that new facts change no answer. tests/sample/values.yaml
gives the parameters with which a question is asked of it, where its defaults find nothing there.
"""

from __future__ import annotations

import argparse
import sys
from functools import cache
from pathlib import Path
from typing import Final

import pyoxigraph as ox
import yaml

from clustergraph.questions import catalogue
from clustergraph.questions.catalogue import Question
from clustergraph.questions.parameters import TODAY

SAMPLE: Final = Path(__file__).parents[1] / "tests" / "sample"
DAY: Final = "2026-01-01"
"""The day that stands for today."""


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a question of the catalogue")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    differing = 0
    for question in [catalogue.find(name) for name in arguments.names] or kept():
        path, text = answer_file(question), render(question)
        if not arguments.check:
            path.write_text(text, encoding="utf-8")
            print(path)
        elif path.read_text(encoding="utf-8") != text:
            differing += 1
            print(f"{question.name}: the answer differs from {path}")
    return 1 if differing else 0


def kept() -> list[Question]:
    """Return the questions whose answers are kept: all but the checks."""
    return [question for question in catalogue.questions().values() if question.kind != "checks"]


def answer_file(question: Question) -> Path:
    """Return the file of the expected answer."""
    suffix = {ox.QueryBoolean: ".txt", ox.QueryTriples: ".nt"}.get(type(ask(question)), ".tsv")
    return SAMPLE / "answers" / (question.name + suffix)


def bound(question: Question) -> str:
    """Return the query with the parameters for the sample."""
    values = {
        name: [DAY] for name, parameter in question.parameters.items() if TODAY in parameter.default
    }
    for name, given in (_values().get(question.name) or {}).items():
        values[name] = given if isinstance(given, list) else [given]
    return question.bind(values)


def ask(
    question: Question, text: str = ""
) -> ox.QuerySolutions | ox.QueryTriples | ox.QueryBoolean:
    """Ask a question of the sample, with its parameters for it unless another text is given."""
    return sample().query(text or bound(question), use_default_graph_as_union=True)


def render(question: Question) -> str:
    """Return the answer as it is kept: SPARQL's TSV, sorted N-Triples, or true or false."""
    answer = ask(question)
    if isinstance(answer, ox.QueryBoolean):
        return "true\n" if answer else "false\n"
    if isinstance(answer, ox.QuerySolutions):
        return (answer.serialize(format=ox.QueryResultsFormat.TSV) or b"").decode("utf-8")
    lines = (ox.serialize(answer, format=ox.RdfFormat.N_TRIPLES) or b"").decode("utf-8")
    return "".join(f"{line}\n" for line in sorted(lines.splitlines()))


@cache
def sample() -> ox.Store:
    """Return the sample graph."""
    store = ox.Store()
    store.load(path=SAMPLE / "graph.trig", format=ox.RdfFormat.TRIG)
    return store


@cache
def _values() -> dict[str, dict[str, str | list[str]]]:
    text = (SAMPLE / "values.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.BaseLoader) or {}  # noqa: S506 - all values as text


if __name__ == "__main__":
    sys.exit(main())
