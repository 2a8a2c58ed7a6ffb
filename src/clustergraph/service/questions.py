"""The ready questions and the counts of the graph, answered in a worker process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from clustergraph.errors import ClusterGraphError, RequestError
from clustergraph.service.problems import describe
from clustergraph.service.protocol import Context, Request, Response, Write
from clustergraph.store import Engine, wire

if TYPE_CHECKING:
    from clustergraph.store.remote import RemoteEngine

__all__ = ["responder"]

_COUNT = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }"


def responder(engine: Engine | RemoteEngine) -> Callable[[Request, Context], Response]:
    """Return what answers ``/queries/NAME``, and ``/`` with the counts, from ``engine``."""

    def respond(request: Request, context: Context) -> Response:
        try:
            if request.path == "/":
                return _counts(engine)
            return _ask(engine, request)
        except ClusterGraphError as error:
            status, document = describe(error)
            body = json.dumps(document, ensure_ascii=False).encode()
            return Response(status, [("Content-Type", "application/problem+json")], body)

    return respond


def _counts(engine: Engine | RemoteEngine) -> Response:
    found = engine.query(_COUNT)
    (solution,) = found  # type: ignore[misc]
    counts = {"statements": int(solution["n"].value), "graphs": len(engine.graphs())}
    headers = [("Content-Type", "application/json")]
    return Response(200, headers, json.dumps(counts).encode(), cacheable=True)


def _ask(engine: Engine | RemoteEngine, request: Request) -> Response:
    from clustergraph import answers, catalogue
    from clustergraph.service.negotiation import choose

    question = catalogue.find(unquote(request.path.removeprefix("/queries/")))
    try:
        pairs = parse_qsl(
            request.query_string.decode("latin-1"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=100,
        )
    except ValueError as error:
        detail = f"the address is not well-formed: {error}"
        raise RequestError(400, "The request is wrong", detail) from error
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    # A question may have a parameter of that name; then Accept alone decides.
    formats = [] if "format" in question.parameters else values.pop("format", [])
    if "timeout" not in question.parameters:
        values.pop("timeout", None)
    answer = catalogue.ask(question, engine, values)
    form = choose(request.headers.get("accept"), answers.is_triples(answer), formats[-1:])

    def stream(write: Write) -> bytes:
        pieces = _Pieces(write)
        answers.write(answer, form, pieces)  # type: ignore[arg-type]
        return pieces.rest()

    headers = [("Vary", "Accept, Accept-Encoding"), ("Content-Type", form.content_type)]
    return Response(200, headers, stream, cacheable=True)


class _Pieces:
    """A file to write to that hands its content on in chunks."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        self._parts.append(bytes(data))
        self._size += len(data)
        if self._size >= wire.CHUNK_BYTES:
            self._write(self.rest())
        return len(data)

    def flush(self) -> None:
        """Do nothing: chunks are of a good size only."""

    def rest(self) -> bytes:
        """Return what has not been handed on."""
        data = b"".join(self._parts)
        self._parts, self._size = [], 0
        return data
