"""The notebook runs on the data of today."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

import clustergraph
from clustergraph.client import Graph
from clustergraph.quadstore import Engine

ROOT = Path(__file__).parents[1]


def forms(text: str) -> list[tuple[str, list[str]]]:
    """Return the sources of the cells, with the kinds of output that each has."""
    return [
        ("".join(cell["source"]), sorted(kind for one in cell.get("outputs", ())
                                         for kind in one.get("data", {one.get("name", ""): 1})))
        for cell in json.loads(text)["cells"]
    ]  # fmt: skip


def test_notebook_runs(shipped: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell runs, and shows as many things of the same kinds as the notebook holds.

    What it shows in figures changes with the data; `python tools/notebook.py` renews it.
    """
    pytest.importorskip("pandas")
    monkeypatch.setattr(clustergraph, "connect", lambda: Graph(shipped), raising=False)
    found = importlib.util.spec_from_file_location("notebook", ROOT / "tools" / "notebook.py")
    assert found is not None
    assert found.loader is not None
    tool = importlib.util.module_from_spec(found)
    found.loader.exec_module(tool)
    text = tool.NOTEBOOK.read_text("utf-8")
    assert forms(tool.refreshed(text)) == forms(text)
