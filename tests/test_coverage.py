"""docs/coverage.md: the graph has each notion of the cluster policy page; a question finds it."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from clustergraph.quadstore import Engine

TOOL = Path(__file__).parents[1] / "tools" / "coverage.py"


@pytest.fixture(scope="module")
def coverage() -> ModuleType:
    spec = importlib.util.spec_from_file_location("clustergraph_tools_coverage", TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def graph(coverage: ModuleType, shipped: Engine) -> Any:
    return coverage.Graph(shipped)


def test_no_notion_is_missing(coverage: ModuleType, graph: Any) -> None:
    """Each notion has a term or thing, and the answer of its question holds it."""
    notions = coverage.read()
    entries, gaps = coverage.prove(notions, graph)
    assert gaps == []
    assert len(entries) == len(notions) >= 120


def test_page_is_written_from_the_table(coverage: ModuleType, graph: Any) -> None:
    """The committed page is what the tool writes today."""
    entries, _ = coverage.prove(coverage.read(), graph)
    assert coverage.PAGE.read_text(encoding="utf-8") == coverage.render(entries), (
        "run python tools/coverage.py"
    )


def test_no_notion_stands_twice(coverage: ModuleType) -> None:
    """A notion is told once in its section."""
    keys = [(notion.section, notion.name) for notion in coverage.read()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("change", "gap"),
    [
        ({"iri": "https://w3id.org/clustergraph/id/notion/unheard-of"}, "nothing in the graph"),
        ({"iri": "https://w3id.org/clustergraph/id/person/porter"}, "does not hold"),
        ({"query": "label-level"}, "did you mean label-levels"),
        ({"query": "members-as-graph"}, "is no SELECT"),
        ({"parameters": (("colour", "red"),)}, "colour"),
        ({"beside": frozenset({"2", "Platinum"})}, "no row"),
    ],
)
def test_gap_is_told(coverage: ModuleType, graph: Any, change: dict[str, object], gap: str) -> None:
    """A notion without a thing, or that its question does not return, is reported with its line."""
    gold = next(notion for notion in coverage.read() if notion.query == "label-levels")
    assert coverage.prove([gold], graph)[1] == []
    entries, gaps = coverage.prove([replace(gold, **change)], graph)
    assert not entries
    assert len(gaps) == 1
    assert gaps[0].startswith(f"coverage.csv:{gold.line}: {gold.name}: ")
    assert gap in gaps[0]


def test_table_of_another_shape_is_refused(coverage: ModuleType, tmp_path: Path) -> None:
    """A line with a cell too few does not shift the meaning of the others."""
    table = tmp_path / "coverage.csv"
    header = ",".join(coverage.COLUMNS)
    table.write_text(f"{header}\nsection,notion,cg:Cluster,notions,\n", encoding="utf-8")
    with pytest.raises(ValueError, match="columns section, notion"):
        coverage.read(table)
