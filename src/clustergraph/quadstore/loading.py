"""Large files into a store, in one commit, by a process of their own.

The engine's parsers recurse: a file that nests deep enough overflows the stack, which ends the
process without a word. So whoever asks for a load has it done by a child, and hears from it how far
it is; when it dies, the graph is as it was.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, Final, TypeAlias, cast

import pyoxigraph as ox

from clustergraph.errors import ClusterGraphError, StoreError, UnreadableInputError, UsageError
from clustergraph.quadstore.delta import Changed, Delta, fill_graph
from clustergraph.quadstore.generations import Generation, Generations, Settle
from clustergraph.rdf.files import format_of, opened, reading_of

_TOLD_EVERY_S: Final = 0.1
_OUT_OF_STACK: Final = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)

Tell = Callable[[int, int], object]
"""Takes the index of the file being read, and how many of its bytes have been."""

Sources = dict[ox.Triple, list[Path]]
"""Statements, in the order in which they were read, with the files that hold them."""

Review = Callable[[ox.Store, Delta | None, Sources | None], object]
"""Looks at what was loaded, before it is published; what it raises keeps it from that. Of a large
load neither the delta nor the sources are known."""


Hear = Callable[[str], object]
"""Takes in words what is done."""

Prepare: TypeAlias = "Callable[[Job, Hear], tuple[Review | None, Settle | None]]"


class RefusedError(ClusterGraphError):
    """What was to be loaded was refused by whoever reviewed it; the text says why."""


def load(
    directory: Path,
    paths: Sequence[Path],
    *,
    graph: str | None = None,
    form: ox.RdfFormat | None = None,
    base_iri: str | None = None,
    tell: Tell = lambda index, done: None,
    review: Review | None = None,
    settle: Settle | None = None,
) -> Generation:
    """Load files into a store, all of them or none, in this process.

    Args:
        directory: the store; made, with nothing else in it, where there is none.
        paths: RDF files, also compressed by gzip.
        graph: the IRI of the graph for statements that name none; None: the default graph.
        form: their format; None: what each one's name says.
        base_iri: against which relative IRIs are resolved.
        tell: hears how far it is.
        review: looks at what was loaded.
        settle: completes the store, after that.

    Returns:
        The generation published.

    Raises:
        SyntaxFaultError: a file breaks the grammar of its format; nothing is loaded.
        UnreadableInputError: a file cannot be read; nothing is loaded.
        StoreError: the store cannot be written; `DiskFullError` if for want of room.
    """
    target = None if graph is None else _graph(graph)
    sources: Sources = {}
    files = [
        _File(path, form or format_of(path), base_iri, target, partial(tell, index), sources)
        for index, path in enumerate(paths)
    ]

    def fill(store: ox.Store, _: int | None = None) -> Changed[None]:
        delta = fill_graph(store, None, files)
        if review is not None:
            review(store, delta, None if delta is None else sources)
        return Changed(None, delta)

    generations = Generations(directory)
    if generations.exist():
        return generations.commit(fill, settle)[0]
    return generations.create(fill, settle)


@dataclass(frozen=True, slots=True)
class _File:
    """A file to be loaded.

    Attributes:
        path: where it is.
        form: its format.
        base_iri: against which relative IRIs are resolved.
        graph: where statements go that name no graph; None: to the default graph.
        tell: hears how many bytes have been read.
        sources: takes what it states.
    """

    path: Path
    form: ox.RdfFormat
    base_iri: str | None
    graph: ox.NamedNode | None
    tell: Callable[[int], object]
    sources: Sources

    def quads(self) -> Iterator[ox.Quad]:
        with self._reading() as stream:
            for quad in ox.parse(
                stream, self.form, base_iri=self.base_iri, rename_blank_nodes=True
            ):
                files = self.sources.setdefault(quad.triple, [])
                if self.path not in files:
                    files.append(self.path)
                if self.graph is not None and isinstance(quad.graph_name, ox.DefaultGraph):
                    quad = ox.Quad(quad.subject, quad.predicate, quad.object, self.graph)
                yield quad

    def load(self, store: ox.Store, _: object) -> None:
        with self._reading() as stream:
            store.bulk_load(stream, self.form, base_iri=self.base_iri, to_graph=self.graph)

    @contextmanager
    def _reading(self) -> Iterator[IO[bytes]]:
        with opened(self.path) as (content, file), reading_of(self.path, self.form):
            yield cast(IO[bytes], _Watched(content, file, self.tell))


@dataclass(frozen=True, slots=True)
class Job:
    """What a process of its own is to load; see `load`.

    Attributes:
        directory: the store.
        paths: the files.
        graph: for statements that name none.
        form: the media type of the files; None: what each one's name says.
        base_iri: against which relative IRIs are resolved.
        more: for whoever prepares the load.
    """

    directory: Path
    paths: Sequence[Path]
    graph: str | None = None
    form: str | None = None
    base_iri: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def format(self) -> ox.RdfFormat | None:
        """The format of the files, where it is given."""
        return ox.RdfFormat.from_media_type(self.form) if self.form else None


def unprepared(job: Job, hear: Hear) -> tuple[Review | None, Settle | None]:
    """Prepare nothing: what is loaded is neither reviewed nor completed."""
    return None, None


def load_apart(
    job: Job,
    tell: Tell = lambda index, done: None,
    hear: Hear = lambda words: None,
    prepare: Prepare = unprepared,
) -> Generation:
    """Do what `load` does in a process of its own; survive what that does not.

    Args:
        job: what is to be loaded.
        tell: hears how far reading is.
        hear: is told in words what is done after reading.
        prepare: called in that process; returns what reviews and what completes the load.

    Raises:
        RefusedError: the load was reviewed and refused.
        UnreadableInputError: also when a file nests too deeply for the parser.
        StoreError: also when the process was killed.
    """
    at = 0
    messages, theirs = multiprocessing.Pipe(duplex=False)
    # -P, and no program from the working directory: that may be anybody's.
    program = "from clustergraph.quadstore.loading import work; work()"
    with (
        messages,
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-c", program, str(theirs.fileno())],
            stdin=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            # Ctrl-C is for whoever waits, who then ends this one.
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        ) as child,
    ):
        theirs.close()
        assert child.stdin is not None  # noqa: S101 - it is a pipe
        try:
            child.stdin.write(pickle.dumps((job, prepare)))
            child.stdin.close()
            with suppress(EOFError):
                while True:
                    match messages.recv():
                        case ClusterGraphError() as error:
                            raise error
                        case str() as words:
                            hear(words)
                        case (at, done):
                            tell(at, done)
        except BaseException:
            child.kill()
            raise
    if not child.returncode:
        return Generations(job.directory).current
    Generations(job.directory).recover()
    if -child.returncode in _OUT_OF_STACK:
        raise UnreadableInputError(
            str(job.paths[at]), "nests too deeply for the parser, which gave up; nothing was loaded"
        )
    reason = "failed"
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        reason = f"was ended by {name}, perhaps for want of memory"
    raise StoreError(f"{job.directory}: the process that loads {reason}; nothing was loaded")


def work() -> None:
    """Be the process that loads; what to load comes by standard input."""
    job: Job
    prepare: Prepare
    job, prepare = pickle.load(sys.stdin.buffer)  # noqa: S301 - from whoever started this
    messages = Connection(int(sys.argv[1]), readable=False)
    last, ended = 0.0, -1

    @cache
    def size(index: int) -> int:
        return job.paths[index].stat().st_size

    def tell(index: int, done: int) -> None:
        nonlocal last, ended
        now = time.monotonic()
        at_end = ended < index and done == size(index)
        if not done or at_end or now - last >= _TOLD_EVERY_S:
            last, ended = now, index if at_end else ended
            # Fails when nobody waits any more, and so ends the load.
            messages.send((index, done))

    try:
        review, settle = prepare(job, messages.send)
        load(
            job.directory,
            job.paths,
            graph=job.graph,
            form=job.format,
            base_iri=job.base_iri,
            tell=tell,
            review=review,
            settle=settle,
        )
    except ClusterGraphError as error:
        messages.send(error)


class _Watched:
    """A stream that tells how far reading has got in the file beneath it."""

    def __init__(self, content: IO[bytes], file: IO[bytes], tell: Callable[[int], object]) -> None:
        self._content = content
        self._file = file
        self._tell = tell
        tell(0)

    def read(self, size: int = -1) -> bytes:
        data = self._content.read(size)
        self._tell(self._file.tell())
        return data


def _graph(iri: str) -> ox.NamedNode:
    try:
        return ox.NamedNode(iri)
    except ValueError as error:
        raise UsageError(f"{iri!r}: a graph is named by an absolute IRI ({error})") from error
