"""The gateway: the one way in for every request (ASGI 3).

It resolves the route, applies limits and access control, and lets a worker answer. It never parses
queries or data: that is done by worker processes, which may be killed.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Callable
from typing import Final

from clustergraph.errors import ClusterGraphError, RequestError
from clustergraph.http.api import create_app, declare
from clustergraph.http.background import Background
from clustergraph.http.codec import Headers
from clustergraph.http.exchange import (
    ALWAYS,
    LEFT,
    AbortError,
    Exchange,
    Receive,
    Scope,
    Send,
    secured,
)
from clustergraph.http.limits import OpenRequests, Throttle, close_surplus_connections
from clustergraph.http.metrics import AccessLog
from clustergraph.http.options import Options
from clustergraph.http.responder import Responder
from clustergraph.http.routes import NOT_FOUND, resolve
from clustergraph.protocol import faults
from clustergraph.protocol.faults import fault
from clustergraph.protocol.negotiation import prefers_html
from clustergraph.workers.pool import Pool
from clustergraph.workers.process import Target

# Wrong tokens that one address may send at once, and one more after each interval.
_WRONG_TOKENS: Final = 20
_WRONG_TOKEN_INTERVAL_S: Final = 3.0
# Idle connections are kept open between requests, so there may be more of them.
_CONNECTIONS_PER_REQUEST: Final = 2
_TICK_S: Final = 1.0
_MAX_TARGET_BYTES: Final = 32 << 10
# Proxies on this machine are believed who asks them, and how.
_TRUSTED: Final = frozenset(("127.0.0.1", "::1"))

_log: Final = logging.getLogger("clustergraph")


class Gateway:
    """The service as an ASGI application.

    Args:
        options: what the operator decided.
        readers: workers that read; not started yet.
        federated: workers that may call other hosts; None: there are none.
        writers: workers that write, here or to another server; None: there are none.
        background: computes ahead what pages need; None: nobody does.
        published: returns the generation that is published now.
    """

    def __init__(
        self,
        options: Options,
        readers: Pool,
        federated: Pool | None = None,
        writers: Pool | None = None,
        background: Background | None = None,
        published: Callable[[], Target] | None = None,
    ) -> None:
        self.options = options
        self.readers = readers
        self.background = background
        self.responder = Responder(options, readers, federated, writers)
        self.responder.publish = self.publish
        self.metrics = self.responder.metrics
        self.log = (
            AccessLog(options.access_log, options.log_queries) if options.access_log else None
        )
        self.port = 0
        self._app = create_app(self)
        self._federated = federated
        self._writers = writers
        self._published = published
        self._open = OpenRequests(options.client_limit)
        self._wrong_tokens = Throttle(_WRONG_TOKENS, _WRONG_TOKEN_INTERVAL_S)
        self._trusted = _TRUSTED | set(options.trusted_proxies)
        self._follow_error = ""
        self._ticker: asyncio.Task[None] | None = None
        self._declaring: asyncio.Task[None] | None = None
        readers.on_publish = self.responder.cache.clear
        if background is not None:
            background.on_failure = self.metrics.prepare_failures.inc

    # Life

    async def start(self) -> None:
        """Start the workers.

        Raises:
            StoreError: they cannot start; says why.
        """
        try:
            for part in (self.readers, self._federated, self._writers):
                if part is not None:
                    await part.start()
        except BaseException:
            await self.stop()
            raise
        if self.background is not None:
            self.background.begin(self.readers.target, after_s=0)
        self._ticker = asyncio.get_running_loop().create_task(self._tick())

    async def stop(self) -> None:
        """End the workers."""
        if self._ticker is not None:
            self._ticker.cancel()
        parts = (self.background, self._writers, self._federated, self.readers)
        for part in parts:
            if part is not None:
                await part.stop()
        if self.log is not None:
            self.log.close()

    async def publish(self, target: Target) -> None:
        """Serve another generation from now on; returns when all requests get it."""
        if self._federated is not None:
            await self._federated.publish(target)
        await self.readers.publish(target)
        if self.background is not None:
            self.background.begin(target)

    async def _tick(self) -> None:
        """Serve what others publish, close surplus connections, and write the log out."""
        limit = _CONNECTIONS_PER_REQUEST * self.options.client_limit
        while True:
            await asyncio.sleep(_TICK_S)
            await self._follow()
            if self.port and limit:
                close_surplus_connections(self.port, limit)
            if self.log is not None:
                self.log.flush()

    async def _follow(self) -> None:
        """Serve a generation that another process has published, perhaps the command line."""
        if self._published is None:
            return
        try:
            target = self._published()
            if target.number > self.readers.target.number:
                await self.publish(target)
        except (ClusterGraphError, OSError) as error:
            # What is served stays.
            self.metrics.follow_failures.inc()
            if str(error) != self._follow_error:
                _log.warning("no new generation could be found: %s", error)
            self._follow_error = str(error)

    # Requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        headers = dict(scope["headers"])
        if len(headers) != len(scope["headers"]):
            headers = _joined(scope["headers"])
        client = scope["client"][0] if scope.get("client") else ""
        if b"x-forwarded-for" in headers and (client in self._trusted or "*" in self._trusted):
            client = _behind_proxy(scope, headers)
        exchange = Exchange(scope, receive, send, headers, client, self.options)
        entered = self._open.enter(client)
        try:
            if not entered:
                detail = (
                    f"one address may have {self.options.client_limit} requests open; try later"
                )
                raise fault("Too many requests", detail, headers=[("Retry-After", "1")])
            await self._answer(exchange, scope)
        except RequestError as error:
            await exchange.refuse(error)
        except AbortError:
            raise  # the server aborts the connection, so that the client sees a truncated response
        except Exception:
            _log.exception("%s %s failed", exchange.method, exchange.path)
            if exchange.started:
                raise
            detail = "an unexpected error; the log has it"
            await exchange.refuse(fault("The service failed", detail))
        finally:
            if entered:
                self._open.leave(client)
            self._record(exchange)
            exchange.close()

    async def _answer(self, exchange: Exchange, scope: Scope) -> None:
        if len(scope["raw_path"]) + len(exchange.query_string) > _MAX_TARGET_BYTES:
            detail = f"an address may have {_MAX_TARGET_BYTES:,} bytes; send a long query by POST"
            raise fault("Address too long", detail)
        found = resolve(exchange.path)
        if found is None:
            if exchange.method != "GET" or not prefers_html(exchange.accept):
                raise faults.not_found(f"nothing is at {exchange.path[:200]}; / says what is here")
            exchange.route = NOT_FOUND
            await self.responder.answer(exchange)
            return
        routes, exchange.parameters = found
        route = exchange.route = routes.get(exchange.method)
        if route is None:
            await self._refuse_method(exchange, (*routes, "OPTIONS"))
            return
        if route.runs == "gateway":
            await self._report(exchange, scope)
            return
        if route.runs == "writer":
            self._admit(exchange)
        if route.body_limit:
            await exchange.receive_body(getattr(self.options, route.body_limit))
        if route.runs == "writer":
            await self.responder.write(exchange)
        else:
            await self.responder.answer(exchange)

    async def _refuse_method(self, exchange: Exchange, methods: tuple[str, ...]) -> None:
        if exchange.method == "OPTIONS":
            exchange.find_base()
            await exchange.reply_options(methods)
            return
        words = ", ".join(methods)
        detail = f"{exchange.path[:200]} takes {words}"
        raise fault("Method not allowed", detail, headers=[("Allow", words)])

    def _admit(self, exchange: Exchange) -> None:
        """Refuse a write that is not possible, or has no token."""
        if self._writers is None:
            raise fault(
                "Read-only",
                "nobody may write here: the service was started without a token "
                "(--token-file or CLUSTERGRAPH_TOKEN)"
                if self.options.store is not None
                else "this graph takes no writes; the service can be started with --store DIR",
            )
        self._authorise(exchange, self.options.token)

    def _authorise(self, exchange: Exchange, expected: str) -> None:
        """Refuse a request without the token."""
        given = exchange.headers.get(b"authorization", b"")
        scheme, _, token = given.partition(b" ")
        if given and self._wrong_tokens.exhausted(exchange.client):
            detail = "too many wrong tokens came from your address; try again later"
            headers = [("Retry-After", f"{_WRONG_TOKEN_INTERVAL_S:.0f}")]
            raise fault("Too many requests", detail, headers=headers)
        bearer = scheme.lower() == b"bearer"
        if bearer and hmac.compare_digest(token.strip(), expected.encode()):
            return
        if given:
            self._wrong_tokens.count(exchange.client)
        asked = 'Bearer realm="clustergraph"' + (', error="invalid_token"' if bearer else "")
        detail = "this needs the service's token: Authorization: Bearer …"
        raise fault("Not authorised", detail, headers=[("WWW-Authenticate", asked)])

    async def _report(self, exchange: Exchange, scope: Scope) -> None:
        exchange.find_base()
        assert exchange.route is not None  # noqa: S101 - resolved before
        if exchange.route.operation == "metrics":
            token = self.options.metrics_token or self.options.token
            if not token:
                detail = "there are no metrics without a token: --metrics-token-file, --token-file"
                raise fault("Refused", detail)
            self._authorise(exchange, token)
        elif exchange.route.operation == "openapi":
            if self._declaring is None:
                declaring = asyncio.to_thread(declare, self._app)
                self._declaring = asyncio.get_running_loop().create_task(declaring)
            await asyncio.shield(self._declaring)

        async def send(message: Scope) -> None:
            if message["type"] == "http.response.start":
                headers: Headers = [*ALWAYS, *message["headers"]]
                await exchange.start(message["status"], secured(headers, exchange.base))
            else:
                await exchange.send(message.get("body", b""), message.get("more_body", False))

        await self._app(scope, exchange.receive, send)

    def _record(self, exchange: Exchange) -> None:
        seconds = time.monotonic() - exchange.begun_s
        status = LEFT if exchange.left else exchange.status
        operation = exchange.route.operation if exchange.route is not None else "unknown"
        self.metrics.observe(operation, status, seconds, exchange.sent_bytes)
        if self.log is None:
            return
        more = {}
        if self.log.with_queries:
            text = exchange.query_string + (b"\n" + exchange.body if exchange.body else b"")
            more["query"] = text.decode("utf-8", "replace").strip()
        self.log.write(
            client=exchange.client,
            method=exchange.method,
            path=exchange.path,
            status=status,
            seconds=round(seconds, 6),
            bytes=exchange.sent_bytes,
            how=exchange.outcome,
            **more,
        )


def _joined(pairs: Headers) -> dict[bytes, bytes]:
    """Return headers by name, the values of one name joined by commas (RFC 9110, 5.3)."""
    joined: dict[bytes, bytes] = {}
    for name, value in pairs:
        joined[name] = joined[name] + b", " + value if name in joined else value
    return joined


def _behind_proxy(scope: Scope, headers: dict[bytes, bytes]) -> str:
    """Return the client of a trusted proxy, and take over how it asked."""
    scheme = headers.get(b"x-forwarded-proto", b"").strip().lower()
    if scheme in (b"http", b"https"):
        scope["scheme"] = scheme.decode()
    # The last address is that which the proxy itself has seen.
    return headers[b"x-forwarded-for"].rsplit(b",", 1)[-1].strip()[:64].decode("latin-1")
