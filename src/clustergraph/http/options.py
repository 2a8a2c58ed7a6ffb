"""What an operator decides about the service; each name carries its unit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from clustergraph.settings import MAX_NESTING, MAX_QUERY_BYTES

__all__ = ["Options"]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of ``clustergraph serve``.

    Attributes:
        query_timeout_s: how long a query may take, waiting included; requests may ask for less.
        write_timeout_s: how long an update or an upload may take.
        write_wait_s: how long one may wait for others before it is refused.
        max_result_bytes: longest answer.
        max_query_bytes: longest query or update text.
        max_nesting: deepest nesting of brackets in one.
        max_upload_bytes: longest body of a write, as sent and after decompression.
        max_head_bytes: longest request line and headers.
        workers: processes for young queries; each may use a core.
        slots: further queries that may be long under way at the same time.
        aged_after_s: from when on a query counts as long.
        queue: requests that may wait for a worker.
        queries_per_client: requests that one address may have open; 0: any number.
        worker_memory_bytes: address space of a worker.
        writer_memory_bytes: address space of the process that writes.
        cache_bytes: room for whole answers.
        stall_s: how long a client may let a connection stand still in the middle of a request or
            an answer.
        default_graph: what a query's default graph is: all graphs, or the default graph itself.
        allow_service: addresses that SERVICE may name.
        allow_load: addresses that LOAD may name.
        token: what writers must present; empty: nobody may write.
        access_log: where to write a line a request; None: nowhere.
        log_queries: whether these lines hold the queries.
        writable: whether the graph takes writes at all.
        remote: whether the graph is another server's.
        update_address: where that server takes updates; None: where it answers queries.
        graph_store_address: its graph store; None: it has none.
        max_validate_bytes: longest content that is judged without being stored.
        validate_writes: whether changes that would add a violation are refused.
        shapes: the file or directory of shapes that hold here; None: the shipped ones.
        inference: whether each write brings what follows from the graph up to date.
        prepare: whether what pages need of the whole graph is worked out ahead.
    """

    query_timeout_s: float = 30.0
    write_timeout_s: float = 300.0
    write_wait_s: float = 30.0
    max_result_bytes: int = 1 << 30
    max_query_bytes: int = MAX_QUERY_BYTES
    max_nesting: int = MAX_NESTING
    max_upload_bytes: int = 1 << 30
    max_head_bytes: int = 64 << 10
    workers: int = 2
    slots: int = 8
    aged_after_s: float = 0.5
    queue: int = 512
    queries_per_client: int = 256
    worker_memory_bytes: int = 1 << 30
    writer_memory_bytes: int = 4 << 30
    cache_bytes: int = 64 << 20
    stall_s: float = 30.0
    default_graph: Literal["union", "own"] = "union"
    allow_service: tuple[str, ...] = ()
    allow_load: tuple[str, ...] = ()
    token: str = ""
    access_log: Path | None = None
    log_queries: bool = False
    writable: bool = False
    remote: bool = False
    update_address: str | None = None
    graph_store_address: str | None = None
    max_validate_bytes: int = 16 << 20
    validate_writes: bool = True
    shapes: Path | None = None
    inference: bool = True
    prepare: bool = True

    def for_worker(self) -> dict[str, Any]:
        """Return what workers have to know, fit for JSON: no secrets."""
        kept = asdict(self)
        del kept["token"], kept["access_log"]
        kept["writable"] = self.takes_writes
        kept["shapes"] = None if self.shapes is None else str(self.shapes.absolute())
        return kept

    @property
    def takes_writes(self) -> bool:
        """Whether anybody may write: nobody may without a token, so nothing says that they can."""
        return self.writable and bool(self.token)
