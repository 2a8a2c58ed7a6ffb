# ruff: noqa: D102 - the names say it
"""Ask handlers in this process: the same routes and the same delivery as in a worker."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from clustergraph.errors import ClusterGraphError, RequestError
from clustergraph.http.codec import decode_head
from clustergraph.http.delivery import Delivery, HeadOnlyError
from clustergraph.http.gateway import Gateway
from clustergraph.http.options import Options
from clustergraph.http.routes import READERS, resolve
from clustergraph.http.server import config_of, target_of
from clustergraph.http.worker import Reader, open_generation
from clustergraph.pages.frame import not_found
from clustergraph.protocol import GENERATION, Change, Context, Request, Response, faults, problems
from clustergraph.workers import wire
from clustergraph.workers.pool import Call

Commit = Callable[[Callable[..., Any]], tuple[int, Any]]


class Frames:
    """Stands for the socket to the gateway, and keeps what is sent."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send(self, frame: bytes) -> int:
        self.frames.append(frame)
        return len(frame)

    def sendmsg(self, pieces: list[bytes]) -> int:
        return self.send(b"".join(pieces))

    @property
    def status(self) -> int:
        return decode_head(self.frames[0]).status

    @property
    def headers(self) -> dict[str, str]:
        found = decode_head(self.frames[0]).headers
        names = [name for name, _ in found]
        assert len(names) == len(set(names)), "a header stands twice"
        return {name.decode(): value.decode() for name, value in found}

    @property
    def chunks(self) -> list[bytes]:
        if self.frames[0][0] == wire.FULL:
            return [decode_head(self.frames[0]).body]
        return [frame[1:] for frame in self.frames if frame[0] == wire.DATA]

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def complete(self) -> bool:
        return self.frames[-1][0] in (wire.FULL, wire.END)

    @property
    def error(self) -> str:
        """What the log gets."""
        if self.frames[-1][0] == wire.ABORT:
            return self.frames[-1][1:].decode()
        return decode_head(self.frames[0]).error


def handler_of(request: Request) -> Callable[[Request, Context], Response | Change]:
    """Resolve the route of a request as the gateway does, and return its handler."""
    request.raw_path = request.raw_path or request.path
    request.path = unquote(request.raw_path)
    found = resolve(request.path)
    if found is None:
        raise faults.not_found(f"nothing is at {request.path}")
    routes, request.parameters = found
    method = "GET" if request.method == "HEAD" else request.method
    if method not in routes:
        # As the gateway refuses methods.
        allowed = ", ".join([*routes, *(["HEAD"] if "GET" in routes else []), "OPTIONS"])
        if method == "OPTIONS":
            return lambda _, __: Response(204, [("Allow", allowed)])
        raise faults.fault(
            "Method not allowed", f"{request.path} takes {allowed}", headers=[("Allow", allowed)]
        )
    route = routes[method]
    request.operation = route.operation
    assert route.handler is not None, f"{request.path} is no route of workers"
    return route.handler


def prepare(request: Request, context: Context) -> Response | Change:
    """Return a response, or a change that waits to be applied; errors are problem documents."""
    try:
        return handler_of(request)(request, context)
    except ClusterGraphError as error:
        return problems.respond(error, request.headers.get("accept"))


def handle(request: Request, context: Context, commit: Commit | None = None) -> Response:
    """Return the response to a request; a change is committed."""
    found = prepare(request, context)
    if isinstance(found, Response):
        return found
    assert commit is not None, "a change without a way to commit it"
    try:
        generation, changed = commit(found.apply)
        response = found.respond(changed.result)
        response.headers.append((GENERATION, str(generation)))
        return response
    except ClusterGraphError as error:
        return problems.respond(error, request.headers.get("accept"))


def visit(request: Request, context: Context) -> Response:
    """Return the response to somebody who prefers pages, also where nothing is."""
    try:
        handler = handler_of(request)
    except RequestError:
        handler = not_found
    found = handler(request, context)
    assert isinstance(found, Response)
    return found


def deliver(
    response: Response,
    request: Request | None = None,
    *,
    limit: int = 1 << 30,
    gzip: bool = False,
    head_only: bool = False,
) -> Frames:
    """Return the frames that a worker sends for a response."""
    frames = Frames()
    delivery = Delivery(frames, gzip, head_only, limit)  # type: ignore[arg-type]
    try:
        delivery.send(response)
    except HeadOnlyError:
        pass
    except Exception as error:
        delivery.fail(error, request.headers.get("accept") if request else None)
    return frames


class _Socket(Frames):
    """The socket of a worker: gives it the frames that wait, and keeps what it sends."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[bytes] = []

    def recv(self, _: int) -> bytes:
        return self.waiting.pop(0) if self.waiting else b""


class Inline:
    """Stands for the pool of workers: a worker in this process answers at once.

    Args:
        directory: the store.
        options: of the service.
    """

    def __init__(self, directory: Path, options: Options) -> None:
        self.target = target_of(directory)
        self.failures: dict[str, int] = {}
        self.on_publish = self.publish = lambda *_: None
        self.ready = True
        self._socket = _Socket()
        opened = open_generation(config_of(options), network=False)
        self._worker = Reader(self._socket, opened, READERS)  # type: ignore[arg-type]
        self._pass(bytes([wire.OPEN]) + json.dumps(asdict(self.target)).encode())

    def figures(self) -> dict[str, int]:
        return {"idle": 1, "waiting": 0}

    def submit(self, payload: bytes, file: Any, deadline_s: float) -> Call:
        assert file is None, "a long body needs a process"
        call = Call(self, payload, file, deadline_s)  # type: ignore[arg-type]
        call.frames.extend(self._pass(bytes([wire.ASK]) + payload))
        call.worker = self  # type: ignore[assignment]
        return call

    def resume(self) -> None:
        """As a worker whose frames are read again."""

    def _pass(self, frame: bytes) -> list[bytes]:
        self._socket.frames, self._socket.waiting = [], [frame]
        self._worker.serve()
        return self._socket.frames


@contextmanager
def site(directory: Path, **more: Any) -> Iterator[httpx.Client]:
    """A client of the service over a store, without a web server and processes of workers.

    Args:
        directory: the store.
        more: members of `Options`.
    """
    logger = logging.getLogger("clustergraph")
    handlers, propagates = [*logger.handlers], logger.propagate
    options = Options(store=str(directory), prepare=False, **more)
    gateway = Gateway(options, Inline(directory, options))  # type: ignore[arg-type]
    loop = asyncio.new_event_loop()

    async def answer(request: httpx.Request) -> httpx.Response:
        raw_path, _, query = request.url.raw_path.partition(b"?")
        events = iter([{"type": "http.request", "body": request.read()}])
        sent: list[Any] = []

        async def receive() -> Any:
            return next(events, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": request.method, "scheme": request.url.scheme,
            "path": unquote(raw_path.decode(), errors="replace"), "raw_path": raw_path,
            "query_string": query, "client": ("127.0.0.1", 1),
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
        }  # fmt: skip
        await gateway(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        status, headers = sent[0]["status"], sent[0]["headers"]
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

    transport = httpx.MockTransport(lambda request: loop.run_until_complete(answer(request)))
    try:
        with httpx.Client(transport=transport, base_url="http://127.0.0.1:8000") as client:
            yield client
    finally:
        loop.close()
        logger.handlers[:], logger.propagate = handlers, propagates
