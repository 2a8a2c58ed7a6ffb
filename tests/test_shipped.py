"""The cached graph of the shipped data is as old as what it was made from, and no older."""

from __future__ import annotations

from pathlib import Path

import pytest

import clustergraph
from clustergraph import shipped

PACKAGE = Path(clustergraph.__file__).parent


def hashed(monkeypatch: pytest.MonkeyPatch, changed: str) -> str:
    """The fingerprint, if one module of the package were another."""
    read = Path.read_bytes

    def instead(path: Path) -> bytes:
        return read(path) + (b"#" if path == PACKAGE / changed else b"")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", instead)
        return shipped.fingerprint()


@pytest.mark.parametrize(
    "module", ["dataset.py", "csvw/convert.py", "owl/closure.py", "quadstore/generations.py"]
)
def test_code_that_makes_the_graph_counts(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """A change of what reads tables, infers or writes makes a new graph."""
    assert (PACKAGE / module).exists()
    assert hashed(monkeypatch, module) != shipped.fingerprint()


@pytest.mark.parametrize("module", ["http/worker.py", "pages/frame.py", "sparql/lexer.py"])
def test_code_that_reads_it_does_not(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """A change of pages, service or queries leaves the graph as it is."""
    assert (PACKAGE / module).exists()
    assert hashed(monkeypatch, module) == shipped.fingerprint()
