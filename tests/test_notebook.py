"""The notebook runs, and shows what it shows now."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import clustergraph
from clustergraph.client import Graph
from clustergraph.quadstore import Engine

ROOT = Path(__file__).parents[1]


def test_notebook_shows_what_it_finds(shipped: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell, run again, prints and shows what the notebook holds."""
    pytest.importorskip("pandas")
    monkeypatch.setattr(clustergraph, "connect", lambda: Graph(shipped), raising=False)
    found = importlib.util.spec_from_file_location("notebook", ROOT / "tools" / "notebook.py")
    assert found is not None
    assert found.loader is not None
    tool = importlib.util.module_from_spec(found)
    found.loader.exec_module(tool)
    text = tool.NOTEBOOK.read_text("utf-8")
    assert tool.refreshed(text) == text, "run python tools/notebook.py"
