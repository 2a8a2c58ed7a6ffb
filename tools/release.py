"""Stamp a version: on the package, on the ontology and its modules, and on the pages of changes.

Usage: ``python tools/release.py VERSION [--date YYYY-MM-DD] [--since WHERE]``

VERSION is three numbers. WHERE is the ontology of the previous version: a directory, or what git
knows it by; by default the tag ``v`` and the version that the ontology bears now (or, when VERSION
is stamped again, the one before). What changed since then is told in ``ontology/CHANGES.md``, by
terms, from the difference between the two. The first version, which has no earlier one, is told by
its number of terms. Nothing is committed.
"""

from __future__ import annotations

import argparse
import datetime
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

import pyoxigraph as ox

from clustergraph.rdfdiff import compare, render
from clustergraph.vocab import CG, ONTOLOGY, shorten

VERSION = re.compile(r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)")
HEADING = "# Changes of the ontology\n\nWritten by `tools/release.py`; newest first.\n"
FILES = ("*.ttl", "alignments/*.ttl")
KINDS = ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")
# What a release itself changes is no news.
STAMPS = ("versionIRI", "versionInfo", "priorVersion", "modified", "bibliographicCitation")


def triples(ontology: Path) -> set[ox.Triple]:
    """Return what an ontology and its alignments say, but for the stamps of releases."""
    return {
        quad.triple
        for pattern in FILES
        for path in sorted(ontology.glob(pattern))
        for quad in ox.parse(path=path, rename_blank_nodes=True)
        if not quad.predicate.value.endswith(STAMPS)
    }


def earlier(root: Path, since: str, folder: Path) -> Path | None:
    """Return the directory of the earlier ontology; None when git knows of none."""
    if Path(since).is_dir():
        return Path(since)
    command = ["git", "-C", str(root), "archive", since, "--", "ontology"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "ontology"


def changes(root: Path, old: Path | None, version: str, date: str) -> str:
    """Return the section of one version for the page of changes."""
    head = f"## {version} ({date})\n\n"
    new = triples(root / "ontology")
    if old is None:
        kinds = Counter(
            str(getattr(triple.object, "value", "")).rpartition("#")[2]
            for triple in new
            if str(getattr(triple.subject, "value", "")).startswith(CG)
            and triple.predicate.value.endswith("#type")
        )
        counts = ", ".join(f"{kinds[kind]} × owl:{kind}" for kind in KINDS)
        return f"{head}The first version: {counts}.\n"
    difference = compare(triples(old), new, new)
    told = render(difference, "markdown").strip()
    return head + (told or "No term changed.") + "\n"


def version_of(root: Path) -> str:
    """Return the version that the ontology bears."""
    whole = root / "ontology" / "ontology.ttl"
    found = re.search(r'owl:versionInfo\s+"([^"]+)"', whole.read_text(encoding="utf-8"))
    if found is None:
        raise SystemExit(f"{whole} bears no version: give it an owl:versionInfo")
    return found[1]


def previous(root: Path, version: str) -> str:
    """Return the version before the one that is made; itself when it is the first."""
    now = version_of(root)
    if now != version:
        return now
    text = (root / "ontology" / "ontology.ttl").read_text(encoding="utf-8")
    found = re.search(r"owl:priorVersion\s+<\S+/([\d.]+)>", text)
    return found[1] if found else version


def stamp(root: Path, version: str, date: str) -> str:
    """Write the version into the package and the ontology; return the one it had before."""
    whole = root / "ontology" / "ontology.ttl"
    before = version_of(root)
    for pattern in FILES:
        for path in sorted((root / "ontology").glob(pattern)):
            text = path.read_text(encoding="utf-8")
            text = re.sub(rf"(<{re.escape(ONTOLOGY)}\S*/)\d+\.\d+\.\d+>", rf"\g<1>{version}>", text)
            text = re.sub(r'(owl:versionInfo\s+)"[^"]*"', rf'\g<1>"{version}"', text)
            path.write_text(text, encoding="utf-8")
    text = whole.read_text(encoding="utf-8")
    text = re.sub(r'(dcterms:modified\s+)"[^"]*"', rf'\g<1>"{date}"', text)
    text = re.sub(
        r"\(\d{4}\)(\. The clustergraph ontology[^\"]*, version )[\d.]+(\. \S+/)[\d.]+",
        rf"({date[:4]})\g<1>{version}\g<2>{version}",
        text,
    )
    if before != version:
        text = re.sub(r"    owl:priorVersion .*\n", "", text)
        prior = f"    owl:priorVersion   <{ONTOLOGY}/{before}> ;\n"
        text = re.sub(r"(    owl:versionInfo .*\n)", rf"\g<1>{prior}", text)
    whole.write_text(text, encoding="utf-8")
    package = root / "pyproject.toml"
    text = package.read_text(encoding="utf-8")
    text = re.sub(r'(?m)^version = "[^"]*"', f'version = "{version}"', text, count=1)
    package.write_text(text, encoding="utf-8")
    log = root / "CHANGELOG.md"
    text = log.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^## Unreleased.*$", f"## {version} ({date})", text, count=1)
    log.write_text(text, encoding="utf-8")
    return before


def main(arguments: list[str]) -> int:
    """Stamp the version, write the page of changes; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("version")
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    parser.add_argument("--since")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    given = parser.parse_args(arguments)
    if not VERSION.fullmatch(given.version):
        parser.error(f"{given.version!r} is no version: write three numbers, such as 0.2.0")
    datetime.date.fromisoformat(given.date)
    page = given.root / "ontology" / "CHANGES.md"
    sections = page.read_text(encoding="utf-8").removeprefix(HEADING) if page.exists() else ""
    # A release that is stamped again is told again, not twice.
    kept = re.split(r"(?m)^(?=## )", sections)
    others = [part for part in kept if not part.startswith(f"## {given.version} ")]
    with tempfile.TemporaryDirectory() as folder:
        since = given.since or f"v{previous(given.root, given.version)}"
        # The first version that is stamped again has nothing before it but itself.
        again = since == f"v{given.version}"
        old = None if again else earlier(given.root, since, Path(folder))
        if old is None and (given.since or any(part.strip() for part in others)):
            parser.error(
                f"there is no ontology at {since}, neither as a directory nor for git: "
                "name the one of the previous version with --since"
            )
        before = stamp(given.root, given.version, given.date)
        fresh = changes(given.root, old, given.version, given.date)
    page.write_text(HEADING + "\n" + fresh + "\n" + "".join(others).lstrip("\n"), encoding="utf-8")
    print(f"{shorten(ONTOLOGY)} {before} → {given.version}; see {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
