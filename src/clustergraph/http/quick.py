"""The shortest way from a plain query to its frame, on the side of the workers.

A look-up is evaluated in a tenth of a millisecond, and all that `clustergraph.protocol`
does around it takes about as long. What is a GET of one plain SELECT or ASK is therefore looked
at once: if nothing in it needs a closer look, it is evaluated and its frame sent. In any doubt
nothing happens, and the protocol decides.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from clustergraph.errors import ClusterGraphError
from clustergraph.http.frames import Frames, head
from clustergraph.protocol import Context, Response
from clustergraph.protocol.negotiation import choose
from clustergraph.protocol.parameters import decode
from clustergraph.protocol.query import Sink
from clustergraph.workers import wire

__all__ = ["Quick"]

_BEGINNING: Final = bytes([wire.ASK]) + b"GET\0/sparql\0query="
_LONGEST_BYTES: Final = 4000
# What calls out, names its graphs, differs from call to call, makes triples, or hides any of it.
_CLOSER: Final = (
    "service", "from", "now", "rand", "uuid", "bnode", "construct", "describe", "\\",
)  # fmt: skip
_MOST_MANNERS: Final = 256


@dataclass(frozen=True, slots=True)
class _Manner:
    """How an answer is to be written.

    Attributes:
        form: for the engine.
        response: status and headers.
        head: the same, as the beginning of a frame.
    """

    form: ox.QueryResultsFormat
    response: Response
    head: bytes


class Quick:
    """Answers plain queries.

    Args:
        sock: to the serving process.
        context: what they are answered from.
    """

    def __init__(self, sock: socket.socket, context: Context) -> None:
        self._sock = sock
        self._store = context.store
        self._config = context.config
        self._union = context.config.default_graph == "union"
        # By what follows the query in its frame: Accept, flags and so on.
        self._manners: dict[bytes, _Manner | None] = {}

    def answer(self, frame: bytes) -> bool:
        """Answer a request.

        Args:
            frame: as it came, with its kind.

        Returns:
            Whether its answer is sent; if not, nothing is.
        """
        if not frame.startswith(_BEGINNING) or len(frame) > _LONGEST_BYTES:
            return False
        end = frame.find(b"\0", len(_BEGINNING))
        raw, rest = frame[len(_BEGINNING) : end], frame[end:]
        try:
            manner = self._manners[rest]
        except KeyError:
            manner = self._learn(rest)
        if manner is None or b"&" in raw:
            return False
        config = self._config
        try:
            text = decode(raw)
        except ClusterGraphError:
            return False
        if not self._is_plain(text):
            return False
        sink = Sink(started := _Started(self._sock, manner.response), config.max_result_bytes)
        try:
            result = self._store.query(
                text, base_iri=config.base_iri, use_default_graph_as_union=self._union
            )
            if isinstance(result, ox.QueryTriples):  # only its beginning has been evaluated
                return False
            result.serialize(sink, manner.form)  # type: ignore[arg-type]
        except (SyntaxError, RuntimeError, OSError, ValueError, ClusterGraphError):
            if started.frames is not None:
                raise
            return False
        if started.frames is None:
            self._sock.send(manner.head + sink.rest())
        else:
            started.frames.end(sink.rest())
        return True

    def _is_plain(self, text: str) -> bool:
        """Say whether a query can do without the guards, and without the project's prefixes."""
        if not text.isascii():
            return False
        # No colon but those of whole IRIs: so no name with a prefix.
        if text.count(":") != text.count("<http://") + text.count("<https://"):
            return False
        lowered = text.lower()
        for word in _CLOSER:
            if word in lowered:
                return False
        config = self._config
        openers = text.count("{") + text.count("(") + text.count("[") + text.count("<<")
        return openers <= config.max_nesting and len(text) <= config.max_query_bytes

    def _learn(self, rest: bytes) -> _Manner | None:
        accept, content_type, flags, more, _, body = rest[1:].split(b"\0", 5)
        manner = None
        if not (content_type or flags or more or body):
            try:
                form = choose(accept.decode("latin-1") or None, (), "solutions")
            except ClusterGraphError:
                form = None
            if form is not None and isinstance(form.engine, ox.QueryResultsFormat):
                lines = [("Content-Type", form.content_type), ("Vary", "Accept")]
                response = Response(200, lines, cacheable=True)
                manner = _Manner(form.engine, response, head(wire.FULL, response, b""))
        if len(self._manners) >= _MOST_MANNERS:
            self._manners.clear()
        self._manners[rest] = manner
        return manner


class _Started:
    """Takes the chunks of an answer that turns out long."""

    __slots__ = ("_response", "_sock", "frames")

    def __init__(self, sock: socket.socket, response: Response) -> None:
        self._sock = sock
        self._response = response
        self.frames: Frames | None = None

    def __call__(self, chunk: bytes) -> None:
        if self.frames is None:
            self.frames = Frames(self._sock, b"")
            self.frames.start(self._response)
        self.frames.data(chunk)
