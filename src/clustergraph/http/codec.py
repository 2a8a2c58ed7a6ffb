"""What passes between the gateway and its workers: requests and heads of responses (msgspec)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from clustergraph.protocol import Request

__all__ = [
    "Head",
    "Headers",
    "decode_head",
    "decode_request",
    "encode_head",
    "encode_request",
]

Headers = list[tuple[bytes, bytes]]


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
