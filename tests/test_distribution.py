"""The name of the distribution: nothing tells a user to install somebody else's project."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import clustergraph
from clustergraph import artefacts
from clustergraph.errors import EXTRAS, MissingExtraError

CHECKOUT = Path(__file__).parents[1]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# What an installer is told to install: everything after the verb up to the end of the command.
_INSTALLS = re.compile(
    r"(?:\bpip[\d.]*(?:\"?,?\s+|\s+)(?:install|download)|\buv (?:pip install|add|tool install)|"
    r"\buvx|\bpipx (?:install|run)|\bpoetry add|\bconda install)\b([^\n;&|`]*)"
)
_SOMEBODY_ELSES = re.compile(r"(?<![\w./-])clustergraph(?![\w./-])", re.IGNORECASE)


def _texts() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT, capture_output=True, check=True,
    )  # fmt: skip
    names = listed.stdout.decode().split("\0")
    bundled = ("web/", "src/clustergraph/pages/static/", "LICENSES/")
    return [CHECKOUT / name for name in names if name and not name.startswith(bundled)]


def _wrong(text: str) -> list[str]:
    """Return the install commands in a text that name the other project's distribution."""
    return [found[0] for found in _INSTALLS.finditer(text) if _SOMEBODY_ELSES.search(found[1])]


def test_no_text_tells_to_install_the_other_project() -> None:
    """No document, message, workflow or script installs `clustergraph` from an index."""
    mentions = {}
    for path in _texts():
        if path == Path(__file__) or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if wrong := _wrong(text):
            mentions[str(path.relative_to(CHECKOUT))] = wrong
        extras = re.findall(r"(?<![\w.-])clustergraph\[\w+\]", text)
        if extras and path.suffix != ".py":
            mentions[str(path.relative_to(CHECKOUT))] = extras
    assert mentions == {}


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        ("pip install clustergraph", True),
        ("    - pip install --quiet clustergraph", True),
        ("python -m pip install 'clustergraph[pandas]'", True),
        ("uv tool install clustergraph", True),
        ("pipx run clustergraph", True),
        ("pip install ./cluster_policy_graph-*.whl", False),
        ("pip install cluster-policy-graph", False),
        ("pip install . && clustergraph serve", False),
        ("pip install ../clustergraph/dist/x.whl", False),
    ],
)
def test_the_search_finds_such_commands(text: str, is_wrong: bool) -> None:
    """The search above tells the other project's name from paths, wheels and our command."""
    assert bool(_wrong(text)) == is_wrong


def test_version_is_that_of_our_distribution() -> None:
    """The version is read from the metadata of the distribution that pyproject.toml names."""
    assert PROJECT["name"] == artefacts.DISTRIBUTION
    assert clustergraph.__version__ == PROJECT["version"]


@pytest.mark.parametrize("extra", sorted(EXTRAS))
def test_missing_extras_name_their_packages(extra: str) -> None:
    """The message about a missing extra lists the packages that pyproject.toml lists for it."""
    declared = {
        re.split(r"[<>=~! ]", requirement)[0]
        for requirement in PROJECT["optional-dependencies"][extra]
    }
    assert declared == set(EXTRAS[extra])
    message = str(MissingExtraError("this", extra))
    assert all(package in message for package in declared)
    assert not _wrong(message)


def test_lock_file_has_a_hash_for_every_package() -> None:
    """Each package of the lock file is pinned and has hashes, and none that we need is missing."""
    text = (CHECKOUT / "requirements-dev.lock").read_text(encoding="utf-8")
    entries = re.findall(
        r"^([\w.-]+)==\S+((?:[^\n]*\\\n\s+--hash=sha256:[0-9a-f]{64})+)", text, re.M
    )
    named = {re.sub(r"[-_.]+", "-", name).lower() for name, _ in entries}
    lines = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert len(entries) == len(lines)
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(one for extra in extras.values() for one in extra)]
    names = {re.sub(r"[-_.]+", "-", re.split(r"[<>=~!;\[ ]", one)[0]).lower() for one in wanted}
    assert names - {PROJECT["name"]} <= named
