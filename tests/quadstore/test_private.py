"""Stores and caches are nobody else's business."""

from __future__ import annotations

import stat
from pathlib import Path

import pyoxigraph as ox
import pytest

from clustergraph.quadstore import build
from clustergraph.quadstore.disk import make_private, sync_tree
from clustergraph.quadstore.generations import Generations
from clustergraph.shipped import open_shipped

QUAD = ox.Quad(*[ox.NamedNode("http://example.org/x")] * 3)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_stores_and_backups_are_private(tmp_path: Path) -> None:
    """A store, its backup and the directories made for them can be entered by the owner alone."""
    build(tmp_path / "new" / "store", lambda: [QUAD])
    Generations(tmp_path / "new" / "store").backup(tmp_path / "backups" / "first")
    for made in ("new", "new/store", "backups", "backups/first"):
        assert mode(tmp_path / made) == 0o700, made


def test_an_empty_directory_becomes_private(tmp_path: Path) -> None:
    """A directory that stood there before, open to all, does not stay so."""
    (tmp_path / "store").mkdir(mode=0o755)
    build(tmp_path / "store", lambda: [QUAD])
    assert mode(tmp_path / "store") == 0o700


def test_the_cache_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is cached is made in directories of mode 0700."""
    monkeypatch.setenv("CLUSTERGRAPH_CACHE", str(tmp_path / "cache"))
    engine = open_shipped(lambda: [QUAD])
    for path in (tmp_path / "cache", tmp_path / "cache" / "graphs", engine.directory):
        assert mode(path) == 0o700, path


def test_only_new_directories_are_changed(tmp_path: Path) -> None:
    """A directory that was there keeps its mode."""
    (tmp_path / "mine").mkdir(mode=0o755)
    make_private(tmp_path / "mine" / "new")
    assert [mode(tmp_path / "mine"), mode(tmp_path / "mine" / "new")] == [0o755, 0o700]


def test_files_that_vanish_are_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database removes obsolete files a little after it was closed, while others are synced."""
    for name in ("a", "b", "c"):
        (tmp_path / name).touch()
    listed = list(tmp_path.iterdir())
    (tmp_path / "b").unlink()
    monkeypatch.setattr(Path, "iterdir", lambda _: iter(listed))
    sync_tree(tmp_path)
