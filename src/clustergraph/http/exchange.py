"""One request under way in the gateway: its body in, its response out, and what the log needs."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from html import escape
from typing import IO, Any, Final, TypeAlias

from clustergraph.errors import ClusterGraphError
from clustergraph.http.codec import Headers
from clustergraph.http.options import Options
from clustergraph.http.routes import Route
from clustergraph.pages.words import LANGUAGES, THEMES
from clustergraph.protocol import Request, faults, problems
from clustergraph.protocol.faults import fault
from clustergraph.protocol.negotiation import prefers_html, weighted

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LEFT: Final = 499
"""The status in the log for a client that left before its response."""
LEAST_BYTES_PER_S: Final = 16 << 10
"""How fast a client must send and read on the whole, beyond the stall timeout."""

CORS: Final[Headers] = [
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"ETag, Link, Content-Disposition, Retry-After, X-Total-Count, Clustergraph-Warnings, "
        b"Clustergraph-Query-Warnings",
    ),
]
_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
_REFERRER: Final = (b"referrer-policy", b"same-origin")
ALWAYS: Final[Headers] = [*CORS, _NOSNIFF]
"""Headers of every response."""
# Data are not to be rendered, nor framed.
_DATA_POLICY: Final = (
    b"content-security-policy",
    b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)
_PREFLIGHT: Final[Headers] = [
    (
        b"access-control-allow-headers",
        b"Accept, Authorization, Content-Type, If-Match, If-None-Match",
    ),
    (b"access-control-max-age", b"86400"),
]

# The headers that workers get: with a body, and without.
_READING: Final = (b"accept",)
_WRITING: Final = (
    b"accept", b"content-type", b"content-encoding", b"if-match",
    b"if-none-match", b"if-unmodified-since",
)  # fmt: skip
_MAX_VALUE_BYTES: Final = 8 << 10
_MIN_TIMEOUT_S: Final = 0.1
_TIMEOUT: Final = re.compile(rb"(?:^|&)timeout=([0-9]{1,6}(?:\.[0-9]{1,6})?)(?:&|$)")
_HOST: Final = re.compile(
    r"[A-Za-z0-9.\-_]{1,255}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?"
)
_COOKIE: Final = re.compile(rb"(?:^|[;,]\s*)(lang|theme)=([a-z]+)\s*(?=$|[;,])")
# Longer bodies go to a worker as a file.
_INLINE_BYTES: Final = 64 << 10
# A longer body is sent in pieces, so that a client that does not read it is noticed.
_PIECE_BYTES: Final = 64 << 10


class AbortError(ClusterGraphError):
    """A response that has begun cannot be completed: the server aborts the connection."""


class Exchange:
    """One request under way.

    Args:
        scope: of ASGI.
        receive: of ASGI.
        send: of ASGI.
        headers: by name; several of one name are joined by commas.
        client: the address of whoever asks.
        options: what the operator decided.

    Attributes:
        route: what answers it; None: the path is unknown.
        parameters: of the path.
        status: of the response; `LEFT` until there is one.
        sent_bytes: length of the body sent.
        outcome: ``hit`` (from the cache), ``miss``, or why it failed.
        started: whether the response has begun.
        left: whether the client left before the response began.
        watch: waits until the client leaves.
    """

    __slots__ = (
        "_scope", "_send", "base", "begun_s", "body", "client", "deadline_s", "file",
        "headers", "left", "method", "options", "outcome", "parameters", "path", "query_string",
        "receive", "route", "sent_bytes", "started", "status", "watch",
    )  # fmt: skip

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: dict[bytes, bytes],
        client: str,
        options: Options,
    ) -> None:
        self.begun_s = time.monotonic()
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query_string: bytes = scope["query_string"]
        self.headers = headers
        self.client = client
        self.options = options
        self.route: Route | None = None
        self.parameters: dict[str, str] = {}
        self.base = ""
        self.deadline_s = 0.0
        self.status = LEFT
        self.sent_bytes = 0
        self.outcome = "miss"
        self.started = False
        self.left = False
        self.watch: asyncio.Task[None] | None = None
        self.body = b""
        self.file: IO[bytes] | None = None
        self._scope = scope
        self.receive = receive
        self._send = send

    @property
    def accept(self) -> str:
        """The Accept header."""
        return self.headers.get(b"accept", b"").decode("latin-1")

    def close(self) -> None:
        """Release what the body takes."""
        if self.file is not None:
            self.file.close()

    # The request

    def request(self) -> Request:
        """Return the request for a worker.

        Both the method HEAD and a GET give the same; see `Request.head_only`.

        Raises:
            RequestError: a header is malformed or too long.
        """
        route = self.route
        assert route is not None  # noqa: S101 - the gateway has resolved it
        headers = {}
        for name in _READING if self.method in ("GET", "HEAD") else _WRITING:
            value = self.headers.get(name)
            if value:
                if len(value) > _MAX_VALUE_BYTES:
                    raise faults.bad_request(f"the header {name.decode()} is too long")
                headers[name.decode()] = value.decode("latin-1")
        found = Request(
            "GET" if self.method == "HEAD" else self.method,
            self.path,
            self.query_string,
            headers,
            self.body,
            self.find_base(),
            route.operation,
            self.parameters,
            self._scope["raw_path"].decode("latin-1"),
            gzip=_accepts_gzip(self.headers.get(b"accept-encoding", b"")),
        )
        if route.personal:
            found.language, found.theme = visitor(self.headers)
        return found

    def find_base(self) -> str:
        """Return where clients reach the service.

        Raises:
            RequestError: the Host header is malformed.
        """
        if not self.base:
            self.base = (self.options.public_address or "").rstrip("/")
            if not self.base:
                host = self.headers.get(b"host", b"localhost")
                self.base = _origin(self._scope["scheme"], host)
        return self.base

    def time_limit_s(self, most_s: float) -> float:
        """Return the request's timeout in seconds, capped at the limit.

        A request states it by ``?timeout=SECONDS``.

        Raises:
            RequestError: it is too short for any worker.
        """
        if b"timeout=" not in self.query_string or not (
            found := _TIMEOUT.search(self.query_string)
        ):
            return most_s
        limit_s = float(found[1])
        if limit_s < _MIN_TIMEOUT_S:
            raise faults.bad_parameter(f"timeout takes seconds, from {_MIN_TIMEOUT_S}")
        return min(limit_s, most_s)

    async def receive_body(self, limit: int) -> None:
        """Receive the body.

        Raises:
            RequestError: it is too long or arrives too slowly, or the client left.
        """
        closing = [("Connection", "close")]
        too_long = fault(
            "Content too large", f"at most {limit:,} bytes are accepted", headers=closing
        )
        length = self.headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > limit:
            raise too_long
        chunks: list[bytes] = []
        size, more = 0, True
        begun_s = asyncio.get_running_loop().time()
        while more:
            patience_s = self.options.stall_timeout_s + size / LEAST_BYTES_PER_S
            try:
                async with asyncio.timeout_at(begun_s + patience_s):
                    event = await self.receive()
            except TimeoutError as error:
                self.outcome = "stalled"
                detail = "the request body arrives too slowly"
                raise fault("Request timeout", detail, headers=closing) from error
            if event["type"] == "http.disconnect":
                # The client left, or what it sent is no body: the server does not tell apart.
                self.left = True
                raise faults.bad_request("the request body is not complete")
            chunk = event.get("body", b"")
            more = event.get("more_body", False)
            size += len(chunk)
            if size > limit:
                raise too_long
            if self.file is None and size > _INLINE_BYTES:
                self.file = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
                self.file.write(b"".join(chunks))
                chunks.clear()
            if self.file is None:
                chunks.append(chunk)
            else:
                self.file.write(chunk)
        self.body = b"".join(chunks)

    async def disconnected(self) -> None:
        """Return when the client has left."""
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.left = not self.started

    # The response

    async def start(self, status: int, headers: Headers) -> None:
        """Send status and headers."""
        self.status, self.started = status, True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def send(self, chunk: bytes, more: bool = True) -> float:
        """Send a piece of the body; return how long the client kept us waiting, in seconds.

        Raises:
            AbortError: the client reads too slowly.
        """
        begun_s = time.monotonic()
        patience_s = self.options.stall_timeout_s + len(chunk) / LEAST_BYTES_PER_S
        try:
            async with asyncio.timeout(patience_s):
                await self._send({"type": "http.response.body", "body": chunk, "more_body": more})
        except TimeoutError as error:
            self.outcome = "stalled"
            raise AbortError("the client reads too slowly") from error
        self.sent_bytes += len(chunk)
        return time.monotonic() - begun_s

    async def reply(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a complete response."""
        await self.start(status, headers)
        if self.method == "HEAD":
            body = b""
        size = len(body)
        if size <= _PIECE_BYTES:
            self.sent_bytes = size
            await self._send({"type": "http.response.body", "body": body})
            return
        for at in range(0, size, _PIECE_BYTES):
            last = at + _PIECE_BYTES >= size
            await self.send(body[at : at + _PIECE_BYTES], more=not last)

    async def refuse(self, error: ClusterGraphError) -> None:
        """Send a problem document (RFC 9457), or a plain page to people."""
        response = problems.respond(error, self.accept)
        headers, body = [*response.headers], response.body
        assert isinstance(body, bytes)  # noqa: S101 - it is no stream
        if self.route is not None and self.route.personal and prefers_html(self.accept):
            found = problems.describe(error)
            body = _page(found["title"], found["detail"])
            headers[0] = ("Content-Type", "text/html; charset=utf-8")
        headers.append(("Content-Length", str(len(body))))
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers]
        await self.reply(response.status, secured([*ALWAYS, *encoded], self.base), body)

    async def reply_options(self, methods: tuple[str, ...]) -> None:
        """Say which methods an address takes."""
        allowed = ", ".join(methods).encode()
        headers = [
            *ALWAYS, (b"allow", allowed), (b"access-control-allow-methods", allowed), *_PREFLIGHT
        ]  # fmt: skip
        await self.reply(204, secured(headers, self.base), b"")


@lru_cache(maxsize=128)
def _origin(scheme: str, host: bytes) -> str:
    name = host.decode("latin-1")
    if not _HOST.fullmatch(name):
        raise faults.bad_request("the Host header is malformed")
    return f"{scheme}://{name}"


def secured(headers: Headers, base: str) -> Headers:
    """Return headers with a Content-Security-Policy, unless they have one.

    Pages load scripts and styles from ``/static/`` alone; everything else loads nothing.
    """
    html = False
    for name, value in headers:
        if name == b"content-security-policy":
            return headers
        if name == b"content-type":
            html = value.startswith(b"text/html")
    if not html:
        return [*headers, _DATA_POLICY]
    return [*headers, (b"content-security-policy", _page_policy(base)), _REFERRER]


@lru_cache(maxsize=32)
def _page_policy(base: str) -> bytes:
    files = f"{base}/static/"
    return (
        f"default-src 'self'; img-src 'self' blob:; script-src {files}; style-src {files}; "
        "object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ).encode()


def _page(title: str, detail: str) -> bytes:
    """Return a plain page for people whom no worker could show one."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · clustergraph</title></head>\n"
        f"<body><main><h1>{escape(title)}</h1>\n<p>{escape(detail)}</p></main></body></html>\n"
    ).encode()


@lru_cache(maxsize=128)
def _accepts_gzip(accepted: bytes) -> bool:
    """Return whether Accept-Encoding admits gzip, by name or as ``*`` (RFC 9110, 12.5.3)."""
    codings = dict(weighted(accepted[:1000].decode("latin-1")))
    named = [codings[name] for name in ("gzip", "x-gzip", "*") if name in codings]
    return bool(named) and named[0] > 0


def visitor(headers: dict[bytes, bytes]) -> tuple[str, str]:
    """Return language and theme: of the cookies, else of Accept-Language (RFC 9110, 12.5.4)."""
    chosen = dict(_COOKIE.findall(headers.get(b"cookie", b"")))
    language = chosen.get(b"lang", b"").decode()
    if language not in LANGUAGES:
        language = _preferred(headers.get(b"accept-language", b""))
    theme = chosen.get(b"theme", b"").decode()
    return language, theme if theme in THEMES else ""


@lru_cache(maxsize=128)
def _preferred(accepted: bytes) -> str:
    best, language = 0.0, LANGUAGES[0]
    for name, quality in weighted(accepted[:1000].decode("latin-1")):
        name = name.partition("-")[0]
        if name in LANGUAGES and quality > best:
            best, language = quality, name
    return language
