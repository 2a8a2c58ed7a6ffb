"""The release script: stamps every place that bears the version, tells what changed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what a release touches, and of the ontology as it was."""
    for name in ("copy/ontology", "old"):
        shutil.copytree(ROOT / "ontology", tmp_path / name, ignore=shutil.ignore_patterns("codes"))
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path / "copy" / name)
    return tmp_path / "copy"


def release(copy: Path, version: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "release.py"), version, "--root", str(copy)]
    return subprocess.run([*command, *more], capture_output=True, text=True, check=False)


def test_release_stamps_and_tells(copy: Path) -> None:
    """Package, modules, alignments, citation and both pages bear the version; terms are told."""
    core = copy / "ontology" / "core.ttl"
    text = core.read_text(encoding="utf-8")
    text = text.replace('"cluster organisation"@en', '"cluster body"@en', 1)
    core.write_text(text + '\ncg:Guild a owl:Class ; rdfs:label "guild"@en .\n', "utf-8")
    done = release(copy, "9.8.7", "--date", "2031-02-03", "--since", str(copy.parent / "old"))
    assert done.returncode == 0, done.stderr
    for path in [*copy.glob("ontology/*.ttl"), *copy.glob("ontology/alignments/*.ttl")]:
        said = [q for q in ox.parse(path=path) if q.predicate.value.endswith("versionIRI")]
        assert said, path
        assert all(q.object.value.endswith("/9.8.7") for q in said), path
    whole = (copy / "ontology" / "ontology.ttl").read_text(encoding="utf-8")
    assert "(2031). The clustergraph ontology" in whole
    assert "version 9.8.7. https://w3id.org/clustergraph/ontology/9.8.7" in whole
    assert "owl:priorVersion" in whole
    assert 'dcterms:modified   "2031-02-03"' in whole
    assert 'version = "9.8.7"' in (copy / "pyproject.toml").read_text(encoding="utf-8")
    page = (copy / "ontology" / "CHANGES.md").read_text(encoding="utf-8")
    assert "## 9.8.7 (2031-02-03)" in page
    assert "- `cg:Guild`: owl:Class “guild”" in page
    assert "cluster organisation (en) → cluster body (en)" in page
    assert "versionI" not in page


def test_release_wants_to_know_the_earlier_version(copy: Path) -> None:
    """An earlier ontology that is not there is told before anything is stamped."""
    before = (copy / "ontology" / "ontology.ttl").read_text(encoding="utf-8")
    for since in (("--since", "no-such-thing"), ()):
        done = release(copy, "9.8.7", *since)
        assert done.returncode == 2
        assert "--since" in done.stderr
        assert (copy / "ontology" / "ontology.ttl").read_text(encoding="utf-8") == before


def test_release_is_told_once(copy: Path) -> None:
    """Stamping the same version again replaces its section, and keeps those before it."""
    since = ("--since", str(copy.parent / "old"))
    for version in ("9.8.7", "9.9.0", "9.9.0"):
        assert release(copy, version, *since).returncode == 0
    page = (copy / "ontology" / "CHANGES.md").read_text(encoding="utf-8")
    assert page.count("## 9.9.0 (") == page.count("## 9.8.7 (") == 1
    assert page.index("## 9.9.0") < page.index("## 9.8.7")
    assert "No term changed." in page


def test_release_refuses_what_is_no_version(copy: Path) -> None:
    """A version is three numbers; anything else is refused with an example."""
    done = release(copy, "v1")
    assert done.returncode == 2
    assert "0.2.0" in done.stderr
