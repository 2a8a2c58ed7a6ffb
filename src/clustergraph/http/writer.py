"""The process that writes: reads requests, checks them, and commits them in groups.

It says which request it works on, so that one that takes the process down can be told from
those that only waited beside it.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from clustergraph.errors import ClusterGraphError
from clustergraph.http.admission import WARNINGS, Admitted, SpoiltError, admit
from clustergraph.http.codec import Ask, decode_request
from clustergraph.http.delivery import Delivery, LogBuffer, send_failure
from clustergraph.http.routes import WRITERS
from clustergraph.owl import Inference, unsettle
from clustergraph.protocol import Change, Config, Context, Request, Response
from clustergraph.protocol.problems import respond
from clustergraph.quadstore.delta import Changed
from clustergraph.quadstore.engine import Engine, nothing
from clustergraph.quadstore.generations import Apply, Generations
from clustergraph.shacl.guard import Guard
from clustergraph.workers import wire

__all__ = ["Writer"]


class Writer:
    """Commits what it is sent.

    Args:
        sock: from and to the serving process.
        config: what the operator decided.
        wall: what stands between it and the network; empty: nothing does.
        network: whether LOAD may fetch.
        validate: whether what would add a violation is refused.
        infer: whether what follows from the graph is kept up to date; else it is removed.
    """

    def __init__(
        self,
        sock: socket.socket,
        config: Config,
        wall: str,
        network: bool,
        validate: bool,
        infer: bool = True,
    ) -> None:
        self._sock = sock
        self._config = config
        self._wall = wall
        self._network = network
        # Compiled before the first request, which must not wait for it.
        self._guard = Guard(config.shapes) if validate else None
        self._inference = Inference() if infer else None
        self._waiting: list[tuple[Change, Request, Ask]] = []
        self._log = LogBuffer()

    def serve(self) -> None:
        """Take requests until the other end closes."""
        while frame := self._sock.recv(wire.FRAME_BYTES):
            kind = frame[0]
            if kind == wire.ASK:
                ask = decode_request(memoryview(frame)[1:])
                self._take(ask, ask.request())
            elif kind == wire.FILE:
                ask = decode_request(memoryview(frame)[1:])
                request = ask.request()
                # Closed after the commit: what is applied may be read from it.
                request.body = wire.receive_file(self._sock)
                self._take(ask, request)
            elif kind == wire.COMMIT:
                self._commit()
            else:
                self._open(json.loads(frame[1:]))

    def _open(self, target: dict[str, Any]) -> None:
        self._generations = Generations(Path(target["directory"]))
        # What was interrupted last time must not stay until the next commit.
        self._generations.recover()
        self._see()
        self._sock.send(bytes([wire.READY]) + json.dumps({"wall": self._wall}).encode())

    def _see(self) -> None:
        current = self._generations.current
        # Writes look at the copy that they are applied to, never at the published generation.
        self._context = Context(
            nothing(),
            current.number,
            self._config,
            network=self._network,
            committed_at=current.committed_at,
        )

    def _take(self, ask: Ask, request: Request) -> None:
        """Parse and check a write; it waits for COMMIT unless that fails."""
        try:
            found = WRITERS[ask.operation](request, self._context)
        except ClusterGraphError as error:
            found = respond(error, request)
        except Exception as error:
            self._fail(error, ask, request)
            return
        if isinstance(found, Change):
            self._waiting.append((found, request, ask))
            self._sock.send(bytes([wire.TAKEN]))
        else:
            self._answer(found, ask, request)

    def _commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        outcomes: list[object]
        try:
            generation, outcomes = self._generations.commit_group(
                [
                    self._announce(index, change.apply, index == len(waiting) - 1)
                    for index, (change, _, _) in enumerate(waiting)
                ],
                self._inference or unsettle,
            )
            if generation.number != self._context.generation:
                self._see()
                text = json.dumps(
                    {"number": generation.number, "committed_at": generation.committed_at}
                )
                self._sock.send(bytes([wire.PUBLISHED]) + text.encode())
        except Exception as error:
            outcomes = [error] * len(waiting)
        for (change, request, ask), outcome in zip(waiting, outcomes, strict=True):
            if isinstance(outcome, SpoiltError):
                response = respond(outcome.reason, request)
            elif isinstance(outcome, ClusterGraphError):
                response = respond(outcome, request)
            elif isinstance(outcome, Admitted):
                response = change.respond(outcome.result, self._context.generation)
                if outcome.warnings:
                    response.headers.append((WARNINGS, str(outcome.warnings)))
            else:
                assert isinstance(outcome, Exception)  # noqa: S101 - or it was applied
                self._fail(outcome, ask, request)
                continue
            self._answer(response, ask, request)

    def _announce(
        self, index: int, apply: Apply[Changed[object]], last: bool
    ) -> Apply[Admitted[object]]:
        def announced(store: Any, number: int | None) -> Admitted[object]:
            self._sock.send(bytes([wire.APPLYING]) + index.to_bytes(4, "big"))
            if self._inference and number not in (None, self._context.generation):
                # Another process has written meanwhile.
                self._inference.forget()
            try:
                return admit(store, apply(store, number), self._guard, self._before)
            finally:
                if last:
                    self._sock.send(bytes([wire.APPLYING]) + wire.APPLIED.to_bytes(4, "big"))

        return announced

    def _before(self) -> Any:
        """Open the graph as it is published; nobody writes there."""
        return Engine(self._generations.directory, number=self._context.generation).store

    def _answer(self, response: Response, ask: Ask, request: Request) -> None:
        self._delivery(ask, request).send(response)

    def _fail(self, error: Exception, ask: Ask, request: Request) -> None:
        send_failure(self._delivery(ask, request), error, request)

    def _delivery(self, ask: Ask, request: Request) -> Delivery:
        if not isinstance(request.body, bytes):
            request.body.close()
        return Delivery(self._sock, ask.gzip, False, self._config.max_result_bytes, self._log)
