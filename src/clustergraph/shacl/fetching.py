"""Documents on other hosts, where whoever validates has named them.

Nothing but what the list of addresses admits is asked for, by http or https and directly, no
redirect leads beyond it, and time, size and number are bounded. See
`clustergraph.sparql.addresses`.
"""

from __future__ import annotations

import http.client
import threading
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Final, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urldefrag, urlsplit

from clustergraph import artefacts
from clustergraph.errors import UsageError
from clustergraph.sparql.addresses import admits, idle, objection

__all__ = ["Document", "Limits", "Outside", "UnfetchedError"]

_ACCEPT: Final = (
    "text/turtle, application/trig, application/n-triples, application/n-quads, "
    "application/rdf+xml;q=0.9, application/ld+json;q=0.8"
)
_MOST_HOPS: Final = 5
"""How often an address may lead to another."""

_AGENT: Final = f"clustergraph/{artefacts.version()}"


class Limits(NamedTuple):
    """What fetching may cost.

    Attributes:
        seconds: for one document, from looking up its host to its last byte.
        documents: how many in one run.
        bytes: how long they may be together.
    """

    seconds: float = 20
    documents: int = 50
    bytes: int = 32 << 20


_LIMITS: Final = Limits()


class Document(NamedTuple):
    """What was fetched.

    Attributes:
        address: where it was in the end, after redirects.
        media_type: what the server says it is, without parameters, in lower case.
        content: its bytes.
    """

    address: str
    media_type: str
    content: bytes


class UnfetchedError(Exception):
    """A document cannot be had; says why, and what to do. Told with the place that names it."""


@dataclass
class Outside:
    """The documents that may be fetched, each at most once.

    Args:
        allowed: their addresses; one that ends in ``*`` admits all that start like it.
        limits: what they may cost.

    Attributes:
        unmatched: what data and shapes name and the list does not admit, with its place.

    Raises:
        UsageError: an entry of the list admits nothing.
    """

    allowed: Sequence[str]
    limits: Limits = _LIMITS
    unmatched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for entry in self.allowed:
            if reason := idle(entry, local=True):
                raise UsageError(f"--fetch {entry} admits nothing: {reason}")
        self._known: dict[str, Document] = {}
        self._left = self.limits.bytes
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            _Redirects(self),
        ):
            self._opener.add_handler(handler)

    def admits(self, address: str) -> bool:
        """Say whether the list names an address; its fragment does not count."""
        return admits(self.allowed, urldefrag(address)[0])

    def get(self, address: str) -> Document:
        """Fetch a document, or return it again.

        Args:
            address: where it is; a fragment does not count.

        Raises:
            UnfetchedError: the list does not admit it, a limit is reached, or the server refuses.
        """
        address = urldefrag(address)[0]
        known = self._known.get(address)
        if known is not None:
            return known
        if len(self._known) >= self.limits.documents:
            raise UnfetchedError(
                f"cannot be fetched: {self.limits.documents} documents are the most in one run; "
                "admit fewer, or keep copies beside your files"
            )
        document = self._fetched(address)
        self._left -= len(document.content)
        self._known[address] = document
        return document

    def objection(self, address: str) -> str | None:
        """Return why an address must not be asked, or None."""
        if not self.admits(address):
            return "is not among the addresses that --fetch names"
        if any(unquote(part) in (".", "..") for part in urlsplit(address).path.split("/")):
            return "leads up and down: write it without dots"
        return objection(address, resolve=True, local=True)

    def _fetched(self, address: str) -> Document:
        """Fetch within the time; a server that sends a byte now and then gets no more of it."""
        done: list[Document | Exception] = []

        def work() -> None:
            try:
                done.append(self._download(address))
            except (UnfetchedError, OSError, http.client.HTTPException, ValueError) as error:
                done.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(self.limits.seconds)
        result = done[0] if done else TimeoutError()
        if isinstance(result, Document):
            return result
        if isinstance(result, UnfetchedError):
            raise result
        raise UnfetchedError(f"cannot be fetched: {self._words(result)}") from result

    def _download(self, address: str) -> Document:
        if reason := self.objection(address):
            raise UnfetchedError(f"cannot be fetched: it {reason}")
        headers = {"Accept": _ACCEPT, "Accept-Encoding": "identity", "User-Agent": _AGENT}
        request = urllib.request.Request(address, headers=headers)  # noqa: S310 - see objection()
        deadline = time.monotonic() + self.limits.seconds
        with self._opener.open(request, timeout=self.limits.seconds) as response:
            content = bytearray()
            while chunk := response.read1(1 << 16):
                content += chunk
                if len(content) > self._left:
                    raise UnfetchedError(
                        f"is too long: {self.limits.bytes >> 20} MiB are the most in one run; keep "
                        "a copy beside your files"
                    )
                if time.monotonic() > deadline:
                    raise TimeoutError
            if response.length:
                raise http.client.IncompleteRead(bytes(content), response.length)
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise UnfetchedError("comes compressed, unasked: keep a copy beside your files")
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return Document(urldefrag(response.url)[0], kind, bytes(content))

    def _words(self, error: Exception) -> str:
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(error, HTTPError):
            error.close()
            if error.code < 400:
                return (
                    f"the server answers {error.code}, and leads on to no http address or more "
                    f"than {_MOST_HOPS} times"
                )
            reason = f"the server answers {error.code} {http.client.responses.get(error.code, '')}"
        elif isinstance(reason, TimeoutError):
            return f"no whole answer within {self.limits.seconds:g} s; try again, or keep a copy"
        elif isinstance(reason, http.client.IncompleteRead):
            return "the answer broke off; try again"
        elif isinstance(reason, OSError) and reason.strerror:
            reason = reason.strerror
        return f"{reason or type(error).__name__}; is the address right?"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to addresses that are admitted themselves."""

    max_repeats = max_redirections = _MOST_HOPS

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> Any:
        # The caller reads what comes with a redirect, however long it is: there is nothing to read.
        fp.close()
        if reason := self._outside.objection(newurl):
            raise UnfetchedError(f"cannot be fetched: it redirects to <{newurl}>, which {reason}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
