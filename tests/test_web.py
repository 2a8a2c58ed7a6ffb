"""The bundled scripts of the pages: what is committed is what web/ gives."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
WEB = CHECKOUT / "web"
ISLANDS = CHECKOUT / "src/clustergraph/pages/static/islands"


def test_committed_bundle_is_what_the_sources_give(tmp_path: Path) -> None:
    """Building the scripts again from locked dependencies gives the same bytes."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    # In a copy, so that the checkout is left as it is and a build cannot mend what it compares.
    room = tmp_path / "web"
    shutil.copytree(WEB, room, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(ISLANDS, tmp_path / ISLANDS.relative_to(CHECKOUT))
    shutil.copytree(CHECKOUT / "LICENSES", tmp_path / "LICENSES")
    fetched = subprocess.run(
        ["npm", "ci", "--ignore-scripts"], cwd=room, capture_output=True, text=True, timeout=300
    )
    if fetched.returncode:
        pytest.skip("the dependencies of the scripts cannot be fetched from npm")
    done = subprocess.run(
        ["node", "build.mjs", "--check"], cwd=room, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_dependencies_are_locked() -> None:
    """Each dependency has one version and a checksum, and no address that it came from."""
    wanted = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    versions = {**wanted["dependencies"], **wanted["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
    text = (WEB / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
    locked = json.loads(text)["packages"]
    assert all("integrity" in entry for name, entry in locked.items() if name)


def test_licences_of_bundled_parts_are_listed() -> None:
    """Every package that the editor, the plots and the maps are made of has its licence listed."""
    listed = (CHECKOUT / "LICENSES/bundled-javascript.txt").read_text(encoding="utf-8")
    for name in ("@codemirror/view", "@observablehq/plot", "codemirror-lang-sparql", "d3-force",
                 "d3-geo", "world-atlas"):  # fmt: skip
        assert re.search(rf"^{name} \d[\d.]+ \((?:MIT|ISC)\)$", listed, re.MULTILINE), name


def test_scripts_ask_no_other_host() -> None:
    """No script holds an address to load something from."""
    for path in ISLANDS.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"https?://([\w.-]+)", text))
        # Namespaces of SVG and XHTML, which nobody looks up.
        assert named <= {"www.w3.org"}, path.name
