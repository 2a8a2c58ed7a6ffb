"""The SPARQL addresses, in front of everything else: a bare ASGI application that moves bytes.

It decides who may ask, keeps time, caches and streams. It never parses what strangers send: that
is done by worker processes, which it can afford to lose. All other addresses fall through to the
application behind it.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from typing import Final

import clustergraph
from clustergraph.errors import ClusterGraphError, RequestError
from clustergraph.http import places
from clustergraph.http.cache import Answer, parse_head
from clustergraph.http.connection import Connection
from clustergraph.http.exchange import LEFT, Exchange, Receive, Scope, Send, joined
from clustergraph.http.forwarding import Forwarding
from clustergraph.http.metrics import AccessLog, Metrics
from clustergraph.http.options import Options
from clustergraph.http.preparing import Preparing
from clustergraph.http.reading import CORS, Reading, retry_after
from clustergraph.http.writing import Writing
from clustergraph.protocol.problems import WORKER_FAILURES
from clustergraph.workers.pool import Pool
from clustergraph.workers.process import BusyError, DiedError, Target

__all__ = ["Front"]

App = Callable[[Scope, Receive, Send], Awaitable[None]]

_INVALID: Final = 422
_READS: Final = ("GET", "HEAD", "OPTIONS")
# What may be done at which address. Below /store every graph has one.
_METHODS: Final = {
    "/sparql": (*_READS, "POST"),
    "/update": ("POST", "OPTIONS"),
    "/validate": ("POST", "OPTIONS"),
    "/store": (*_READS, "PUT", "POST", "DELETE"),
    "/.well-known/void": _READS,
    "/metrics": _READS,
    "/health": _READS,
    "/ready": _READS,
}
# How long another server may take to say that it is there.
_READY_S: Final = 5.0
_OPERATIONS: Final = {
    "/sparql": "query",
    "/validate": "validation",
    "/.well-known/void": "description",
}
_PREFLIGHT: Final = (
    b"access-control-allow-headers",
    b"Accept, Authorization, Content-Type, If-Match, If-None-Match, Prefer",
)


class Front:
    """The application; see the module.

    Args:
        options: what the operator decided.
        readers: workers that read; not started yet.
        app: what answers at all other addresses.
        federated: workers that may ask other hosts; None: there are none.
        writer: the command that starts the worker that writes; None: the graph is read-only.
        look: returns the generation that is published now; None: it never changes.
        forwarding: takes the writes of a graph that is elsewhere.
        preparing: works out ahead what pages need; None: nobody does.
    """

    def __init__(
        self,
        options: Options,
        readers: Pool,
        app: App,
        federated: Pool | None = None,
        writer: list[str] | None = None,
        look: Callable[[], Target] | None = None,
        forwarding: Forwarding | None = None,
        preparing: Preparing | None = None,
    ) -> None:
        target = readers.target
        self.options = options
        self.readers = readers
        self.federated = federated
        self.preparing = preparing
        self.reading = Reading(options, readers, federated)
        self.writing: Writing | Forwarding | None = forwarding
        if writer:
            self.writing = Writing(
                writer,
                readers.target,
                self.publish,
                options.write_timeout_s,
                options.write_wait_s,
                options.queue,
            )
        readers.on_publish = self.reading.cache.clear
        self.app = app
        self.metrics = Metrics()
        self.log = (
            AccessLog(options.access_log, options.log_queries) if options.access_log else None
        )
        self._look = look or (lambda: target)
        self.on_started: Callable[[], object] = lambda: None
        self.failure: ClusterGraphError | None = None
        self._open: dict[str, int] = {}
        self._token = options.token.encode()

    # Life

    async def start(self) -> None:
        """Start the workers.

        Raises:
            StoreError: they cannot start.
        """
        await self.readers.start()
        if self.federated is not None:
            await self.federated.start()
        if self.writing is not None:
            await self.writing.start()
        if self.preparing is not None:
            self.preparing.begin(self.readers.target, after_s=0)
        self._ticker = asyncio.get_running_loop().create_task(self._tick())

    async def stop(self) -> None:
        """Stop them."""
        self._ticker.cancel()
        for pool in (self.preparing, self.readers, self.federated, self.writing):
            if pool is not None:
                await pool.stop()
        if self.log is not None:
            self.log.close()

    async def publish(self, target: Target) -> None:
        """Serve another generation from now on; returns when all requests get it."""
        if self.federated is not None:
            await self.federated.publish(target)
        await self.readers.publish(target)
        if self.preparing is not None:
            self.preparing.begin(target)

    async def _follow(self) -> None:
        """Serve what somebody else has published meanwhile, from the command line perhaps."""
        try:
            target = self._look()
            if target.number > self.readers.target.number:
                await self.publish(target)
        except ClusterGraphError:
            # What is served stays; whoever took the store away will see it in the metrics.
            self.metrics.follow_failures += 1

    async def _tick(self) -> None:
        """Look after connections that stand still, and write the log out."""
        while True:
            await asyncio.sleep(min(1.0, self.options.stall_s / 4))
            await self._follow()
            now = time.monotonic()
            for connection in list(Connection.open):
                connection.check(now)
            if self.log is not None:
                self.log.flush()

    # Requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        path = scope["path"]
        methods = _METHODS.get(path)
        headers = dict(scope["headers"])
        if len(headers) != len(scope["headers"]):
            headers = joined(scope["headers"])
        if methods is None and path.startswith("/store/"):
            methods, path = _METHODS["/store"], "/store"
        operation, visitor = _operation(path), b""
        if methods is None:
            found = places.find(path, headers.get(b"accept", b"").decode("latin-1"))
            if found is None:
                await self.app(scope, receive, send)
                return
            methods, operation = _READS, found[0].name
            visitor = places.visitor(headers)
        client = scope["client"][0] if scope.get("client") else ""
        exchange = Exchange(scope, receive, send, operation, headers, client, visitor)
        await self._counted(exchange, path, methods)

    def admits(self, client: str) -> bool:
        """Say whether an address may have one more request open."""
        limit = self.options.queries_per_client
        return not limit or self._open.get(client, 0) < limit

    def enter(self, client: str) -> None:
        """Count a request of an address as open."""
        self._open[client] = self._open.get(client, 0) + 1

    def leave(self, client: str) -> None:
        """Count it as answered."""
        if self._open[client] == 1:
            del self._open[client]
        else:
            self._open[client] -= 1

    async def _counted(self, exchange: Exchange, path: str, methods: tuple[str, ...]) -> None:
        """Answer, with the limit on open requests before and the bookkeeping after."""
        client = exchange.client
        if not self.admits(client):
            await exchange.refuse(
                429,
                "Too many requests",
                f"{client} has {self.options.queries_per_client} requests open, which is all it "
                "may; try again later",
                [(b"retry-after", b"1")],
            )
            self.record(exchange)
            return
        self.enter(client)
        try:
            await self._route(exchange, path, methods)
        finally:
            self.leave(client)
            self.record(exchange)

    async def _route(self, exchange: Exchange, path: str, methods: tuple[str, ...]) -> None:
        method = exchange.scope["method"]
        if method == "OPTIONS":
            allowed = ", ".join(methods).encode()
            head = [
                *CORS, (b"allow", allowed), (b"access-control-allow-methods", allowed), _PREFLIGHT,
                (b"access-control-max-age", b"86400"),
            ]  # fmt: skip
            await exchange.reply(204, head, b"")
        elif method not in methods:
            words = ", ".join(methods)
            allow = [(b"allow", words.encode())]
            await exchange.refuse(405, "Method not allowed", f"{path} takes {words}", allow)
        elif method in _READS and (
            exchange.visitor or path in ("/sparql", "/store", "/.well-known/void")
        ):
            await self.reading.answer(exchange)
        elif path == "/sparql":
            if await exchange.take_body(4 * self.options.max_query_bytes):
                await self.reading.answer(exchange)
        elif path in ("/update", "/store"):
            await self._write(exchange)
        elif path == "/validate":
            if await exchange.take_body(self.options.max_validate_bytes):
                await self.reading.answer(exchange)
        else:
            await self._report(exchange, path)

    async def relay(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a worker answer a request that the application behind passes back."""
        client = scope["client"][0] if scope.get("client") else ""
        headers = joined(scope["headers"])
        question = scope["path"].startswith("/queries/")
        visitor = b"" if question else places.visitor(headers)
        operation = "question" if question else "page"
        exchange = Exchange(scope, receive, send, operation, headers, client, visitor)
        try:
            await self.reading.answer(exchange)
        finally:
            self.record(exchange)

    async def _consult(self, path: bytes, limit_s: float) -> bytes:
        """Return what a worker says at an address.

        Raises:
            RequestError: none says anything, or it says what is wrong.
        """
        healthy = False
        try:
            worker = await self.readers.take(time.monotonic() + limit_s)
            try:
                worker.send(b"GET\0%b\0\0\0\0\0\0http://localhost\0" % path)
                _, status, _, body = parse_head(await worker.frame())
                healthy = True
            finally:
                self.readers.give(worker, healthy)
        except BusyError as error:
            detail = f"no worker could say ({error}); try again later"
            raise RequestError(503, "Too busy", detail) from error
        except DiedError as died:
            raise RequestError(*WORKER_FAILURES[died.reason]) from died
        if status != 200:
            problem = json.loads(body)
            raise RequestError(status, problem["title"], problem["detail"])
        return body

    async def _write(self, exchange: Exchange) -> None:
        """Answer a request that changes the graph."""
        if self.writing is None:
            way = (
                "nobody may write here: the service was started without a token "
                "(--token-file or CLUSTERGRAPH_TOKEN)"
                if self.options.writable
                else "this graph takes no writes; the service can be started with --store DIR"
            )
            await exchange.refuse(403, "Read-only", way)
            return
        scheme, _, token = exchange.headers.get(b"authorization", b"").partition(b" ")
        bearer = scheme.lower() == b"bearer"
        if not (bearer and hmac.compare_digest(token.strip(), self._token)):
            error = b', error="invalid_token"' if bearer else b""
            await exchange.refuse(401, "Not authorised",
                "writes need the service's token: Authorization: Bearer …",
                [(b"www-authenticate", b'Bearer realm="clustergraph"' + error)],
            )  # fmt: skip
            return
        if not await exchange.take_body(self.options.max_upload_bytes):
            return
        prepared = exchange.prepare()
        if prepared is None:
            await exchange.refuse(400, "The request is wrong", "NUL or no proper host")
            return
        try:
            answer = await self.writing.submit(prepared[1], exchange.body)
        except BusyError as error:
            await exchange.refuse(
                503, "Too busy", f"{error}; try again later", [(b"retry-after", b"1")]
            )
        except DiedError as died:
            exchange.how = died.reason
            await exchange.refuse(*WORKER_FAILURES[died.reason], retry_after(died.reason))
        else:
            self._note_findings(exchange, answer)
            await exchange.reply(answer.status, answer.lines, answer.body)

    def _note_findings(self, exchange: Exchange, answer: Answer) -> None:
        """Remember what the guard on writes found, for log and metrics."""
        if answer.status == _INVALID:
            exchange.how = "invalid"
            self.metrics.refused_writes += 1
        for name, value in answer.lines:
            if name == b"clustergraph-warnings":
                exchange.how = f"{value.decode()} warnings"
                self.metrics.write_warnings += int(value)

    async def _report(self, exchange: Exchange, path: str) -> None:
        """Answer for the service itself."""
        if path == "/metrics":
            body = self.metrics.render(self.gauges()).encode()
            content_type = b"text/plain; version=0.0.4; charset=utf-8"
            status = 200
        else:
            said = "ok" if self.readers.ready else "no worker is ready"
            if self.options.remote and path == "/ready" and self.readers.ready:
                try:
                    await self._consult(b"/ready", min(_READY_S, self.options.query_timeout_s))
                except RequestError as error:
                    said = str(error)
            status = 200 if said == "ok" else 503
            number = None if self.options.remote else self.readers.target.number
            about = {"status": said, "version": clustergraph.__version__, "generation": number}
            body = json.dumps(about).encode()
            content_type = b"application/json"
        head = [*CORS, (b"content-type", content_type), (b"cache-control", b"no-store")]
        head.append((b"content-length", b"%d" % len(body)))
        await exchange.reply(status, head, body)

    def gauges(self) -> dict[str, tuple[str, str, dict[str, float]]]:
        """Return what is measured at the moment; see `Metrics.render`."""
        states = self.readers.figures()
        waiting = states.pop("waiting")
        kills = self.readers.kills
        cache = self.reading.cache
        return {
            "clustergraph_workers": (
                "gauge", "Worker processes that read, by state.",
                {f'state="{state}"': count for state, count in states.items()},
            ),
            "clustergraph_queue": ("gauge", "Requests that wait for a worker.", {"": waiting}),
            "clustergraph_generation": (
                "gauge", "The generation that is served.", {"": self.readers.target.number},
            ),
            "clustergraph_workers_ended_total": (
                "counter", "Workers that ended before their answer did, by reason.",
                {f'reason="{reason}"': count for reason, count in sorted(kills.items())},
            ),
            "clustergraph_follow_failures_total": (
                "counter", "Looks for a new generation that failed.",
                {"": self.metrics.follow_failures},
            ),
            "clustergraph_prepare_failures_total": (
                "counter", "Generations of which pages could not be prepared.",
                {"": self.preparing.failures if self.preparing else 0},
            ),
            "clustergraph_cache_bytes": (
                "gauge", "Room that answers take.", {"": cache.used_bytes},
            ),
            "clustergraph_cache_answers": ("gauge", "Answers kept.", {"": len(cache)}),
            "clustergraph_cache_requests_total": (
                "counter", "Requests by whether their answer was kept.",
                {'result="hit"': cache.hits, 'result="miss"': cache.misses},
            ),
        }  # fmt: skip

    # Pieces

    def record(self, exchange: Exchange) -> None:
        """Count a request that is answered, and log it."""
        scope, body = exchange.scope, exchange.body
        text: bytes = scope["query_string"]
        if not isinstance(body, bytes):
            body.close()
        elif body:
            text += b"\n" + body
        status = LEFT if exchange.left and not exchange.answering else exchange.status
        self.note(
            exchange.operation, exchange.client, scope["method"], scope["path"], text, status,
            exchange.started_s, exchange.size, exchange.how,
        )  # fmt: skip

    def note(
        self,
        operation: str,
        client: str,
        method: str,
        path: str,
        text: bytes,
        status: int,
        started_s: float,
        size: int,
        how: str,
    ) -> None:
        """Count a request and log it; its parts are those of an `Exchange`."""
        seconds = time.monotonic() - started_s
        self.metrics.observe(operation, status, seconds, size)
        if self.log is not None:
            query = text.decode("utf-8", "replace").strip() if self.log.with_queries else None
            self.log.write(client, method, path, status, seconds, size, how, query)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await send({"type": "websocket.close"})
            return
        await receive()
        try:
            await self.start()
        except ClusterGraphError as error:
            self.failure = error
            await send({"type": "lifespan.startup.failed", "message": ""})
            return
        await send({"type": "lifespan.startup.complete"})
        self.on_started()
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})


def _operation(path: str) -> str:
    return _OPERATIONS.get(path) or path[1:]
