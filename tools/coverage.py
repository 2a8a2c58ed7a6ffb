"""Write docs/coverage.md: each notion of the page on cluster policy, and where the graph has it.

Usage: ``python tools/coverage.py [--check]``. docs/coverage.csv says for each notion which term or
thing stands for it and which ready question returns it. Nothing of that is believed: the term or
thing must be in the graph under a name, and the question, asked with the parameters given, must
answer with it, in one row with whatever else the column ``row`` lists. ``--check`` writes nothing
and exits 1 when the page is out of date; a gap exits 1 in any case.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import ClusterGraphError, UsageError
from clustergraph.quadstore import Engine
from clustergraph.questions import catalogue
from clustergraph.shipped import open_graph
from clustergraph.vocab import CG, CODE, PREFIXES

ROOT: Final = Path(__file__).resolve().parent.parent
TABLE: Final = ROOT / "docs" / "coverage.csv"
PAGE: Final = ROOT / "docs" / "coverage.md"
COLUMNS: Final = ["section", "notion", "iri", "query", "parameters", "row"]

Row = frozenset[str]


@dataclass(frozen=True, slots=True)
class Notion:
    """A row of the table.

    Attributes:
        line: where it stands in docs/coverage.csv, from 1.
        section: the heading of the page under which the notion is named.
        name: the notion, in our own words.
        iri: the term or thing that stands for it.
        query: the ready question whose answer holds it.
        parameters: with what the question is asked.
        beside: texts that must stand in the same row of the answer.
    """

    line: int
    section: str
    name: str
    iri: str
    query: str
    parameters: tuple[tuple[str, str], ...]
    beside: Row


@dataclass(frozen=True, slots=True)
class Entry:
    """A notion that the graph has: the name and kind of what stands for it."""

    notion: Notion
    label: str
    kind: str


class Graph:
    """The shipped graph as the proof needs it: names, kinds, answers.

    Args:
        engine: what answers.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.rows = cache(self._rows)

    def names(self, iri: str) -> list[str]:
        """Return the names of a term or thing, the English one first."""
        text = f"SELECT ?name WHERE {{ <{iri}> rdfs:label|skos:prefLabel ?name }}"
        found = [row["name"] for row in self._select(text)]
        found.sort(key=lambda name: (getattr(name, "language", "") != "en", name.value))
        return [name.value for name in found]

    def kind(self, iri: str) -> str:
        """Say what stands behind an IRI: a class, a property, a code of a list or a thing."""
        if iri.startswith(CG):
            classes = [row["class"].value for row in self._types(iri)]
            return "class" if PREFIXES["owl"] + "Class" in classes else "property"
        if iri.startswith(CODE):
            return "code: " + iri.removeprefix(CODE).partition("/")[0].replace("-", " ")
        names = {name for row in self._types(iri) for name in self.names(row["class"].value)[:1]}
        return "thing: " + ", ".join(sorted(names))

    def _types(self, iri: str) -> ox.QuerySolutions:
        return self._select(
            f"SELECT ?class WHERE {{ GRAPH ?graph {{ <{iri}> a ?class }} "
            "FILTER(?graph != graph:inferred) }"
        )

    def _select(self, text: str) -> ox.QuerySolutions:
        found = self._engine.query(text)
        assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
        return found

    def _rows(self, query: str, parameters: tuple[tuple[str, str], ...]) -> list[Row]:
        values: dict[str, list[str]] = {}
        for name, value in parameters:
            values.setdefault(name, []).append(value)
        answer = catalogue.ask(catalogue.find(query), self._engine, values)
        if not isinstance(answer, ox.QuerySolutions):
            raise UsageError(f"{query} is no SELECT: choose a question that answers with rows")
        return [
            frozenset(getattr(term, "value", "") for term in row if term is not None)
            for row in answer
        ]


def read(path: Path = TABLE) -> list[Notion]:
    """Read the table of notions.

    Raises:
        ValueError: the columns are not those of `COLUMNS`, or a row has another number of cells.
    """
    with path.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    if header != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise ValueError(f"{path}: every line has the columns {', '.join(COLUMNS)}")
    return [
        Notion(
            line,
            section,
            name,
            expand(iri),
            query,
            tuple(_pair(part) for part in parameters.split(";") if part.strip()),
            frozenset(part.strip() for part in beside.split("|") if part.strip()),
        )
        for line, (section, name, iri, query, parameters, beside) in enumerate(rows, start=2)
    ]


def expand(name: str) -> str:
    """Return the IRI of a name such as ``id:notion/cluster`` or ``cg:Cluster``."""
    prefix, colon, local = name.partition(":")
    return PREFIXES[prefix] + local if colon and prefix in PREFIXES else name


def prove(notions: list[Notion], graph: Graph) -> tuple[list[Entry], list[str]]:
    """Look each notion up.

    Returns:
        the notions that the graph has, and for each other one what is missing.
    """
    entries, gaps = [], []
    for notion in notions:
        if gap := _gap(notion, graph):
            gaps.append(f"{TABLE.name}:{notion.line}: {notion.name}: {gap}")
        else:
            label = graph.names(notion.iri)[0]
            entries.append(Entry(notion, label, graph.kind(notion.iri)))
    return entries, gaps


def render(entries: list[Entry]) -> str:
    """Write the page."""
    return "".join(f"{line}\n" for line in _lines(entries))


def _gap(notion: Notion, graph: Graph) -> str:
    names = graph.names(notion.iri)
    if not names:
        return f"nothing in the graph bears the IRI {notion.iri} and a name"
    try:
        rows = graph.rows(notion.query, notion.parameters)
    except ClusterGraphError as error:
        return str(error)
    holding = [row for row in rows if notion.iri in row or not row.isdisjoint(names)]
    if not holding:
        return f"the answer of {notion.query} ({len(rows)} rows) does not hold {notion.iri}"
    if not any(notion.beside <= row for row in holding):
        beside = ", ".join(sorted(notion.beside))
        return f"no row of {notion.query} holds both {notion.iri} and {beside}"
    return ""


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), expand(value.strip())


def _lines(entries: list[Entry]) -> Iterator[str]:
    questions = {entry.notion.query for entry in entries}
    yield "# Coverage: the page on cluster policy in the graph"
    yield ""
    yield (
        "The Czech National Cluster Association explains cluster policy on one page. This table "
        "goes through that page from top to bottom:"
    )
    yield (
        "each notion on it, the class, property, code or thing that stands for it here, and a "
        "ready question whose answer"
    )
    yield (
        "holds it. The table is proven, not asserted: `tools/coverage.py` asks each question of "
        "the shipped graph and fails"
    )
    yield (
        "where the answer lacks the notion. Where *beside* names something, it stands in the same "
        "row of the answer."
    )
    yield ""
    yield f"**{len(entries)} notions, {len(questions)} questions, no gap.**"
    for section, group in groupby(entries, key=lambda entry: entry.notion.section):
        yield ""
        yield f"## {section}"
        yield ""
        yield "| notion | in the graph | kind | question | beside |"
        yield "| --- | --- | --- | --- | --- |"
        for entry in group:
            yield _line(entry)
    yield ""
    yield (
        "Written by `python tools/coverage.py` from [coverage.csv](coverage.csv); edit that file."
    )


def _line(entry: Entry) -> str:
    notion = entry.notion
    question = catalogue.find(notion.query)
    link = f"[{question.name}](../queries/{question.kind}/{question.path.name})"
    given = " ".join(f"`{name}={_short(value)}`" for name, value in notion.parameters)
    cells = [
        notion.name,
        f"[{entry.label}]({notion.iri})",
        entry.kind,
        f"{link} {given}".strip(),
        ", ".join(sorted(notion.beside)),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _short(value: str) -> str:
    for prefix in ("id", "code"):
        if value.startswith(PREFIXES[prefix]):
            return f"{prefix}:" + value.removeprefix(PREFIXES[prefix])
    return value


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    graph = Graph(open_graph())
    entries, gaps = prove(read(), graph)
    for gap in gaps:
        print(gap, file=sys.stderr)
    if gaps:
        return 1
    page = render(entries)
    if not arguments.check:
        PAGE.write_text(page, encoding="utf-8")
    elif page != PAGE.read_text(encoding="utf-8"):
        print(f"{PAGE.name} is out of date: python tools/coverage.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
