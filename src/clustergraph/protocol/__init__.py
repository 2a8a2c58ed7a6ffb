"""What goes into the protocols and what comes out: plain values, without any HTTP library."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec
import pyoxigraph as ox

from clustergraph.quadstore.delta import Changed
from clustergraph.quadstore.evaluation import Queryable, StoreEngine
from clustergraph.quadstore.kept import kept
from clustergraph.settings import DEFAULT_PUBLISHER, MAX_NESTING, MAX_QUERY_BYTES
from clustergraph.sparql.policy import QueryPolicy
from clustergraph.vocab import BASE, PREFIXES

__all__ = [
    "CHUNK_BYTES", "GENERATION", "WARNINGS", "Change", "Config", "Context", "Handler", "Operator",
    "Request", "Response", "Sink", "Stream", "drop_idle_prefixes",
]  # fmt: skip

WARNINGS: Final = "Clustergraph-Warnings"
"""The header that says how many findings a change has added that do not forbid it."""

GENERATION: Final = "Clustergraph-Generation"
"""The header that says which generation holds a write."""

CHUNK_BYTES: Final = 64 * 1024
"""An answer up to this long is sent in one piece, a longer one in chunks of about this length."""


class Sink:
    """A file for the engine's serialisers: gathers small writes into chunks.

    Args:
        write: takes one chunk; may block as long as the client is slow; raises when it has gone.
    """

    __slots__ = ("_parts", "_size", "_write", "broken", "total")

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._parts: list[bytes] = []
        self._size = 0
        self.total = 0
        self.broken = False

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        size = len(data)
        self.total += size
        if self._size + size > CHUNK_BYTES:
            try:
                self._write(b"".join(self._parts))
            except BaseException:
                self.broken = True
                raise
            self._parts = []
            self._size = 0
        self._parts.append(data)
        self._size += size
        return size

    def flush(self) -> None:
        """Do nothing: chunks go out when they are full."""

    def rewrite(self, change: Callable[[bytes], bytes], most_bytes: int = CHUNK_BYTES) -> None:
        """Change the whole body, if it is no longer than that and none of it has gone out."""
        if self.total == self._size <= most_bytes:
            self._parts = [change(self.rest())]
            self.total = self._size = len(self._parts[0])

    def rest(self) -> bytes:
        """Return what has not been written yet."""
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)


Stream: TypeAlias = Callable[[Sink], object]
"""Writes a body."""


class Request(msgspec.Struct, array_like=True):
    """One HTTP request, its body received whole, as it travels to a worker.

    The same request has the same bytes: they are the key of the gateway's cache.

    Attributes:
        method: in upper case; HEAD goes as GET with ``head_only``.
        path: decoded, from the service's root: ``/sparql``.
        query_string: what follows the question mark, as sent.
        headers: those that the response depends on, by lower-case name; several of one name joined
            by commas.
        body: the content as received, still compressed; large ones as a file, which can seek.
        base: scheme, host and prefix by which clients reach the service, without a slash at the
            end: ``https://example.org``.
        operation: the name of its route; see `clustergraph.http.routes`.
        parameters: of the path, decoded.
        raw_path: as sent, percent-encoded.
        language: of pages.
        theme: of pages: ``light``, ``dark``, or empty: as the system has it.
        gzip: whether the client accepts gzip.
        head_only: whether the body of the response is not wanted.
        failure: why another worker failed to answer this request, a key of
            `clustergraph.protocol.faults.WORKER_FAILURES`; empty: none did.
    """

    method: str
    path: str
    query_string: bytes = b""
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: Any = b""
    base: str = "http://localhost"
    operation: str = ""
    parameters: dict[str, str] = msgspec.field(default_factory=dict)
    raw_path: str = ""
    language: str = "en"
    theme: str = ""
    gzip: bool = False
    head_only: bool = False
    failure: str = ""


@dataclass(slots=True)
class Response:
    """One HTTP response.

    Attributes:
        status: the HTTP status.
        headers: names and values, in order; Content-Length is left to whoever sends it.
        body: whole, or what streams it.
        cacheable: whether the same request gets the same bytes as long as the generation stays;
            only then may it be kept and bear a strong ETag.
        federated: the request is admitted but needs the network, which this worker has not: it
            is to be handled again by one that has. Status and body are to be ignored then.
        published: number and time of the generation that it has made.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes | Stream = b""
    cacheable: bool = False
    federated: bool = False
    published: tuple[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs the service, as its pages and its catalogue tell it.

    Attributes:
        publisher: the name of the publisher.
        contact: an e-mail address for questions and reports of errors; empty: none is published.
        report_address: where reports of errors go: an address with ``{title}``, ``{body}``,
            ``{thing}``, ``{property}``, ``{value}`` or ``{source}``; empty: to ``contact``.
        legal: the legal notice and privacy statement, as plain text; empty: the usual one.
    """

    publisher: str = DEFAULT_PUBLISHER
    contact: str = ""
    report_address: str = ""
    legal: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """What an operator decides.

    Attributes:
        default_graph: what a query's default graph is when it names none: the union of all
            graphs, or the store's own default graph.
        max_result_bytes: longest answer; a longer one is broken off.
        max_query_bytes: longest query or update.
        max_nesting: deepest nesting of brackets in a query or update.
        max_upload_bytes: longest upload, after decompression.
        allow_service: addresses that SERVICE may name; see `clustergraph.sparql.policy`.
        allow_load: addresses that LOAD may name.
        writable: whether the service takes writes at all, be it in another worker; the
            description says so.
        max_validate_bytes: longest content that is judged without being stored, decompressed.
        shapes: the file or directory of shapes that hold here; None: the shipped ones.
        regions: boundaries of regions, as `clustergraph.pages.boundaries` keeps them; None: none.
        operator: who runs the service.
    """

    default_graph: Literal["union", "own"] = "union"
    max_result_bytes: int = 1 << 30
    max_query_bytes: int = MAX_QUERY_BYTES
    max_nesting: int = MAX_NESTING
    max_upload_bytes: int = 1 << 30
    allow_service: tuple[str, ...] = ()
    allow_load: tuple[str, ...] = ()
    writable: bool = False
    max_validate_bytes: int = 16 << 20
    shapes: Path | None = None
    regions: Path | None = None
    operator: Operator = Operator()

    def policy(self, network: bool) -> QueryPolicy:
        """Return what queries and updates may do; network: whether this process has one."""
        return QueryPolicy(
            self.max_query_bytes, self.max_nesting, self.allow_service, self.allow_load, network
        )

    def engine(self, store: ox.Store, network: bool) -> StoreEngine:
        """Return an engine over a store that does what the operator decided."""
        return StoreEngine(
            store,
            policy=self.policy(network),
            prefixes=PREFIXES,
            base_iri=BASE,
            union=self.default_graph == "union",
        )


@dataclass(slots=True)
class Context:
    """What a request is answered from: one generation of the graph.

    Attributes:
        store: that generation, open for reading.
        generation: its number.
        config: what the operator decided.
        committed_at: when it was published, in seconds since 1970; None: not known.
        network: whether this worker may call other hosts.
        memory: what is computed once a generation and worker; starts empty with each.
        directory: the store, in which things are kept for all workers; None: there is none.
        budget_s: how long it may take to validate the whole of the generation.
        engine: evaluates queries over it, under the operator's policy; made from ``store`` and
            ``config`` unless given.
    """

    store: ox.Store
    generation: int
    config: Config = field(default_factory=Config)
    committed_at: float | None = None
    network: bool = False
    memory: dict[str, object] = field(default_factory=dict)
    directory: Path | None = None
    budget_s: float = 10.0
    engine: Queryable = field(default=None, repr=False)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.engine is None:
            self.engine = self.config.engine(self.store, self.network)

    def derived(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what is derived from the generation: from memory, from the disk, or made anew.

        What is derived from a graph that is elsewhere is made each time, since it may change.

        Args:
            name: what it is; letters and hyphens.
            make: works it out; its result can be written as JSON.
        """
        if not self.generation:
            return make()
        known = self.memory.get(name)
        if known is None:
            if self.directory is None or self.committed_at is None:
                known = make()
            else:
                data = kept(
                    self.directory,
                    self.generation,
                    self.committed_at,
                    name,
                    lambda: json.dumps(make(), ensure_ascii=False).encode(),
                )
                known = json.loads(data)
            self.memory[name] = known
        return known


Handler: TypeAlias = "Callable[[Request, Context], Response | Change]"
"""Answers a request; only operations that write return a change."""


@dataclass(slots=True)
class Change:
    """A write that has been read and checked, and only waits to be applied.

    Attributes:
        apply: takes the copy and the number of the generation that it was copied from. When it
            raises, the copy is discarded. What it returns says what it added and removed.
        respond: makes the response from the result in what ``apply`` returned.
    """

    apply: Callable[[ox.Store, int], Changed[object]]
    respond: Callable[[object], Response]


def drop_idle_prefixes(turtle: bytes) -> bytes:
    """Return Turtle or TriG without the declarations at its head that nothing below needs."""
    lines = turtle.split(b"\n")
    body = next((at for at, line in enumerate(lines) if not line.startswith(b"@prefix ")), 0)
    below = b"\n".join(lines[body:])
    kept = [line for line in lines[:body] if line[8 : line.index(b":") + 1] in below]
    return b"\n".join([*kept, below])
