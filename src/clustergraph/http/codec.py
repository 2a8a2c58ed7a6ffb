"""What passes between the gateway and its workers: jobs, requests, heads of responses (msgspec)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from clustergraph.protocol import Config, Request

Headers = list[tuple[bytes, bytes]]


class Job(msgspec.Struct, frozen=True):
    """What a worker is for: no secrets, and addresses to write to only where it writes there.

    Attributes:
        kind: ``read``, ``federated``, ``prepare`` or ``refresh`` (the data of pages), ``write``, or
            for a graph of another server ``remote`` or ``remote-write``.
        config: what the operator decided.
        memory_bytes: its address space.
        directories: that it may write to, the store first.
        timeout_s: how long another server may take.
        validate: whether a change that would add a violation is refused.
        infer: whether what follows from the graph is kept up to date.
        update_address: where another server takes updates, if not where it answers queries.
        graph_store_address: where another server takes whole graphs.
    """

    kind: str
    config: Config
    memory_bytes: int = 0
    directories: tuple[str, ...] = ()
    timeout_s: float = 0.0
    validate: bool = True
    infer: bool = True
    update_address: str | None = None
    graph_store_address: str | None = None


class Head(msgspec.Struct, array_like=True):
    """Status and headers of a response, with its body or the beginning of it.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
        body: the whole body, or its first bytes.
        cacheable: whether the same request gets the same response while the generation lasts.
        error: for the log: what went wrong unexpectedly, with its traceback.
        published: number and time of the generation that a write has made.
    """

    status: int
    headers: Headers
    body: bytes = b""
    cacheable: bool = False
    error: str = ""
    published: tuple[int, float] | None = None


def encode_job(job: Job) -> str:
    """Return a job as JSON, for the command line of its worker."""
    return msgspec.json.encode(job, enc_hook=str).decode()


def decode_job(text: str) -> Job:
    """Return the job that is given as JSON."""
    return msgspec.json.decode(text, type=Job, dec_hook=lambda kind, value: kind(value))


encode_request: Final[Callable[[Request], bytes]] = msgspec.msgpack.Encoder().encode
decode_request: Final[Callable[[bytes | memoryview], Request]] = msgspec.msgpack.Decoder(
    Request
).decode
_encode_head: Final = msgspec.msgpack.Encoder().encode
_decode_head: Final = msgspec.msgpack.Decoder(Head).decode


def encode_head(kind: int, head: Head) -> bytes:
    """Return a FULL or START frame."""
    return bytes([kind]) + _encode_head(head)


def decode_head(frame: bytes) -> Head:
    """Return what a FULL or START frame holds."""
    return _decode_head(memoryview(frame)[1:])
