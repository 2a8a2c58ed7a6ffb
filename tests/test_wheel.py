"""The wheel: built, installed into an environment of its own, and asked from an empty directory."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from clustergraph import artefacts

CHECKOUT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(
    not (CHECKOUT / "pyproject.toml").is_file(), reason="needs the source checkout"
)


def call(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command; return what it printed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    result = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**clean, "PYTHONUTF8": "1", **environment},
        text=True,
        capture_output=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    target = tmp_path_factory.mktemp("dist")
    call(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, CHECKOUT,
        cwd=target,
    )  # fmt: skip
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment that has clustergraph from the wheel alone.

    What clustergraph depends on is lent by this environment, so that no network is needed.
    """
    home = tmp_path_factory.mktemp("env")
    venv.create(home, symlinks=True)
    interpreter = home / "bin" / "python"
    call(
        sys.executable, "-m", "pip", "--python", interpreter, "install", "--no-deps", "--no-index",
        "--disable-pip-version-check", wheel, cwd=home,
    )  # fmt: skip
    site = Path(call(interpreter, "-c", "import sysconfig as s; print(s.get_path('purelib'))",
                     cwd=home).strip())  # fmt: skip
    # A directory named in a .pth file is searched, but its own .pth files, such as the one that
    # makes the checkout importable, are not read.
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return interpreter


def test_wheel_holds_the_rooms_and_nothing_else(wheel: Path) -> None:
    """Ontology, shapes, queries and data are in the wheel, whole; tests and tools are not."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for name in ("ontology", "shapes", "queries", "data"):
            for path in artefacts.files(name, "*"):
                packed = f"clustergraph/_packaged/{path.relative_to(CHECKOUT).as_posix()}"
                assert packed in names
                assert archive.read(packed) == path.read_bytes()
    assert "clustergraph/py.typed" in names
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"clustergraph", "cluster_policy_graph-0.1.0.dist-info"}


@pytest.mark.usefixtures("shipped")
def test_installed_wheel_is_what_the_checkout_is(python: Path, tmp_path: Path) -> None:
    """An installed clustergraph answers from an empty directory, from the graph of the same files.

    It finds the graph that the checkout built: both have the same ontology, data and code.
    """
    answers(python, tmp_path, fresh=False)


@pytest.mark.full
def test_installed_wheel_builds_its_graph(python: Path, tmp_path: Path) -> None:
    """Without a graph in the cache, an installed clustergraph builds it from its own files."""
    answers(python, tmp_path, fresh=True)


def answers(python: Path, tmp_path: Path, *, fresh: bool) -> None:
    """Ask an installed clustergraph, with a cache of its own or with that of the tests."""
    here = tmp_path / "empty"
    here.mkdir()
    home = tmp_path / "cache" if fresh else Path(os.environ["CLUSTERGRAPH_CACHE"])
    before = set() if fresh else set((home / "graphs").iterdir())
    cache = {"CLUSTERGRAPH_CACHE": str(home)}
    where = call(python, "-c", "import clustergraph; print(clustergraph.__file__)", cwd=here)
    assert Path(where.strip()).is_relative_to(python.parents[1]), "not the checkout's"
    command = python.with_name("clustergraph")
    out = call(
        command, "query", "organisations-in-country", "-p", "country=CZ", "--format", "csv",
        cwd=here, **cache,
    )  # fmt: skip
    assert "CLUTEX" in out
    listed = call(command, "queries", cwd=here, **cache)
    assert "organisations-in-country" in listed
    assert list(here.iterdir()) == []
    if fresh:
        (graph,) = (path for path in (home / "graphs").iterdir() if path.is_dir())
        assert (graph / "current").is_file()
    else:
        assert set((home / "graphs").iterdir()) == before
