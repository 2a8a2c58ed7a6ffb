"""What passes between the gateway and its workers: typed requests and response heads (msgspec)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from clustergraph.protocol import Request

__all__ = [
    "Ask",
    "Head",
    "Headers",
    "decode_head",
    "decode_request",
    "encode_head",
    "encode_request",
]

Headers = list[tuple[bytes, bytes]]


class Ask(msgspec.Struct, array_like=True):
    """A request for a worker. The same request has the same bytes: they are the cache's key.

    Attributes:
        operation: name of the route.
        method: in upper case; HEAD goes as GET with ``head_only``.
        path: decoded.
        raw_path: as sent.
        query_string: as sent.
        parameters: of the path, decoded.
        headers: those that the response depends on.
        base: where clients reach the service, without a slash at the end.
        language: of pages; empty: the response does not depend on it.
        theme: of pages.
        gzip: whether the client accepts gzip.
        body: unless it is in a file.
        head_only: whether the body of the response is not wanted.
        failure: why another worker failed to answer this request.
    """

    operation: str
    method: str
    path: str
    raw_path: str
    query_string: bytes
    parameters: dict[str, str]
    headers: dict[str, str]
    base: str
    language: str = ""
    theme: str = ""
    gzip: bool = False
    body: bytes = b""
    head_only: bool = False
    failure: str = ""

    def request(self) -> Request:
        """Return it as handlers take it."""
        return Request(
            self.method,
            self.path,
            self.query_string,
            self.headers,
            self.body,
            self.base,
            operation=self.operation,
            parameters=self.parameters,
            raw_path=self.raw_path,
            language=self.language or "en",
            theme=self.theme,
            failure=self.failure,
        )


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


encode_request: Final[Callable[[Ask], bytes]] = msgspec.msgpack.Encoder().encode
decode_request: Final[Callable[[bytes | memoryview], Ask]] = msgspec.msgpack.Decoder(Ask).decode
_encode_head: Final = msgspec.msgpack.Encoder().encode
_decode_head: Final = msgspec.msgpack.Decoder(Head).decode


def encode_head(kind: int, head: Head) -> bytes:
    """Return a FULL or START frame."""
    return bytes([kind]) + _encode_head(head)


def decode_head(frame: bytes) -> Head:
    """Return what a FULL or START frame holds."""
    return _decode_head(memoryview(frame)[1:])
