"""What a change in git touches: the findings that it made, or that are about what it changed.

The state before the change is read from git and validated in the same way as the present one. So
every finding that a change causes is told, however far from the change it stands; a finding that
was there before is told only if it is about a thing whose statements changed.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from clustergraph import artefacts
from clustergraph.errors import TablesError, UnreadableInputError, UsageError
from clustergraph.shacl.fingerprints import fingerprint
from clustergraph.shacl.report import Report
from clustergraph.shacl.run import DEFAULTS, Options, validate_files, validate_graph
from clustergraph.validation import in_context
from clustergraph.validation.whole import Whole

_ROOMS: Final = ("ontology", "shapes", "data")


def changed_since(
    revision: str, paths: Sequence[Path] | None = None, options: Options = DEFAULTS
) -> Report:
    """Validate as `validate` does, and return the part of the report that a change touches.

    Args:
        revision: what git knows the earlier state by: a commit, a branch, a tag.
        paths: what is validated; the shipped data when None, which then must lie in a checkout.
        options: how both states are validated.

    Raises:
        UsageError: there is no git repository, or it does not know the revision.
        UnreadableInputError, TablesError: as `validate` does, of the present state.
    """
    present = [path.resolve() for path in paths] if paths else _rooms()
    own = [path.resolve() for path in options.shapes]
    inputs = [*present, *own]
    repository = _Repository.around(present[0])
    commit = repository.commit(revision)
    now = _state(paths or present, not paths, options)
    options.progress("comparing")
    with tempfile.TemporaryDirectory(prefix="clustergraph-") as directory:
        earlier = Path(directory).resolve()
        repository.extract(commit, inputs, earlier)
        before = [old for path in present if (old := repository.at(path, earlier)).exists()]
        rules = [repository.at(path, earlier) for path in own]
        known = all(path.exists() for path in rules)
        if len(before) < (1 if paths else len(_ROOMS)) or not known:
            return now.report
        # What was unreadable before says nothing: then all findings are told.
        with suppress(UnreadableInputError, TablesError):
            earlier_options = replace(options, shapes=tuple(rules))
            return _touched(now, _state(before, not paths, earlier_options))
    return now.report


@dataclass(frozen=True)
class _State:
    """The files at one time: what is wrong with them, and all they say."""

    report: Report
    known: Counter[str]
    said: set[str]


def _state(paths: Sequence[Path], whole: bool, options: Options) -> _State:
    """Validate files, or the whole graph that the files of the rooms make."""
    if whole:
        ontology, rules, data = paths
        graph = Whole(ontology, data)
        if not options.shapes:
            options = replace(options, shapes=(rules,), outside=None)
        report = validate_graph(graph, options)
        said = graph.said()
    else:
        report, statements = validate_files(paths, in_context(options))
        said = {_said(triple) for triple in statements}
    return _State(report, Counter(map(fingerprint, report.findings)), said)


def _touched(now: _State, before: _State) -> Report:
    touched = {line.partition(" ")[0] for line in now.said ^ before.said}
    made = now.known - before.known
    kept = []
    for finding in now.report.findings:
        mark = fingerprint(finding)
        if made[mark] > 0:
            made[mark] -= 1
        elif str(finding.focus) not in touched:
            continue
        kept.append(finding)
    return replace(now.report, findings=tuple(kept))


def _said(triple: ox.Triple) -> str:
    """Return a triple as text; blank nodes, which are named anew at each reading, are alike."""
    return " ".join("_:" if isinstance(term, ox.BlankNode) else str(term) for term in triple)


def _rooms() -> list[Path]:
    return [artefacts.room(name).resolve() for name in _ROOMS]


@dataclass(frozen=True)
class _Repository:
    """A git repository, asked by its command."""

    root: Path

    @staticmethod
    def around(path: Path) -> _Repository:
        found = _git(
            path if path.is_dir() else path.parent, "rev-parse", "--show-toplevel",
            refused=f"{path} lies in no git repository, so --changed-since has nothing to compare "
            "with",
        )  # fmt: skip
        return _Repository(Path(found.decode().rstrip("\n")).resolve())

    def commit(self, revision: str) -> str:
        found = _git(
            self.root, "rev-parse", "--verify", "--quiet", "--end-of-options",
            f"{revision}^{{commit}}",
            refused=f"git knows no revision {revision!r}; a shallow clone may lack it: fetch the "
            "history first",
        )  # fmt: skip
        return found.decode().strip()

    def extract(self, commit: str, paths: Iterable[Path], target: Path) -> None:
        """Write the files as they were, if they were; metadata beside a table comes with it."""
        folders = {
            path if (self.root / path).is_dir() else Path(path).parent.as_posix()
            for path in self.inside(paths)
        }
        for folder in folders:
            with suppress(subprocess.CalledProcessError):
                packed = _git(self.root, "archive", commit, "--", folder)
                with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                    archive.extractall(target, filter="data")

    def at(self, path: Path, target: Path) -> Path:
        return target / path.relative_to(self.root)

    def inside(self, paths: Iterable[Path]) -> list[str]:
        try:
            return [path.relative_to(self.root).as_posix() for path in paths]
        except ValueError as error:
            raise UsageError(
                f"not all paths lie in the git repository {self.root}: {error}"
            ) from error


def _git(directory: Path, *arguments: str, refused: str = "") -> bytes:
    """Return what git prints; where it refuses, that is wrong usage, if ``refused`` says why."""
    try:
        return subprocess.run(  # noqa: S603 - arguments of our own, revisions checked by git
            ["git", "-C", str(directory), *arguments],  # noqa: S607 - whichever git is installed
            check=True,
            capture_output=True,
        ).stdout
    except FileNotFoundError as error:
        raise UsageError("--changed-since needs git, which is not installed") from error
    except subprocess.CalledProcessError as error:
        if not refused:
            raise
        raise UsageError(refused) from error
