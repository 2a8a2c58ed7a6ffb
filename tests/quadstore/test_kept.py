"""What is worked out once a generation and kept on disk."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import httpx
import pytest

from clustergraph.quadstore.kept import kept


def test_made_once_a_generation(tmp_path: Path) -> None:
    """The second who asks gets what the first has made; another generation gets its own."""
    made = iter([b"first", b"second", b"third"])
    ask = [(1, 5.0), (1, 5.0), (2, 6.0), (1, 7.0)]
    found = [kept(tmp_path, number, moment, "x", lambda: next(made)) for number, moment in ask]
    assert found == [b"first", b"first", b"second", b"third"]


def test_made_once_by_all_who_ask_together(tmp_path: Path) -> None:
    """Those who come while it is made wait for it."""
    calls, begun, go_on = [], threading.Event(), threading.Event()

    def make() -> bytes:
        calls.append(1)
        begun.set()
        go_on.wait(10)
        return b"made"

    found: list[bytes] = []

    def ask() -> None:
        found.append(kept(tmp_path, 1, 0.0, "x", make))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    assert begun.wait(10)
    go_on.set()
    for asker in askers:
        asker.join(10)
    assert (found, calls) == ([b"made"] * 3, [1])


def test_old_ones_go(tmp_path: Path) -> None:
    """What belongs to generations long gone does not pile up, nor what was left half written."""
    for number in range(1, 8):
        kept(tmp_path, number, 0.0, "x", lambda: b"made")
    (tmp_path / "kept" / ".x.half").mkdir()
    kept(tmp_path, 8, 0.0, "x", lambda: b"made")
    names = {path.name for path in (tmp_path / "kept").iterdir()}
    left = sorted(name[:6] for name in names if name != "lock-x")
    assert left == ["000006", "000007", "000008"]


def test_what_takes_long_keeps_nobody_from_the_rest(tmp_path: Path) -> None:
    """While one thing is being made, another is made as well."""
    begun, go_on = threading.Event(), threading.Event()

    def make() -> bytes:
        begun.set()
        go_on.wait(10)
        return b"long"

    asker = threading.Thread(target=lambda: kept(tmp_path, 1, 0.0, "x", make))
    asker.start()
    assert begun.wait(10)
    try:
        assert kept(tmp_path, 1, 0.0, "y", lambda: b"short") == b"short"
        assert not go_on.is_set()
    finally:
        go_on.set()
        asker.join(10)


def test_failure_is_nobodys_result(tmp_path: Path) -> None:
    """What fails is not kept."""
    with pytest.raises(ZeroDivisionError):
        kept(tmp_path, 1, 0.0, "x", lambda: bytes([1 // 0]))
    assert kept(tmp_path, 1, 0.0, "x", lambda: b"made") == b"made"


def test_store_that_cannot_be_written(tmp_path: Path) -> None:
    """It is worked out anew each time where there is no place to keep it."""
    (tmp_path / "kept").write_text("in the way")
    assert kept(tmp_path, 1, 0.0, "x", lambda: b"made") == b"made"


def test_statistics_are_kept_for_all_workers(small_store: Path, serve: object) -> None:
    """The description that the service gives is counted once; the file holds the counts."""
    running = serve("--store", small_store, "--workers", 2)  # type: ignore[operator]
    assert httpx.get(f"{running.base}/sparql", trust_env=False).status_code == 200
    (path,) = (Path(small_store) / "kept").glob("*.statistics-*")
    counted = json.loads(path.read_bytes())
    assert sum(counted["graphs"].values()) > 0
    # Whoever counts later reads the file: what it says is what is described.
    counted["graphs"] = {"https://example.org/of-the-file": 7}
    path.write_text(json.dumps(counted))
    again = serve("--store", small_store, "--workers", 2)  # type: ignore[operator]
    assert "of-the-file" in httpx.get(f"{again.base}/sparql", trust_env=False).text
    path.unlink()
