"""Documents on other hosts, where whoever validates has named them.

Nothing but what the list of addresses admits is asked for, by http or https and directly, no
redirect leads beyond it, and time, size and number are bounded. See
`clustergraph.sparql.addresses`.
"""

from __future__ import annotations

import http.client
import threading
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Final, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urldefrag, urlsplit

from clustergraph import artefacts
from clustergraph.errors import UnreadableInputError, UsageError
from clustergraph.sparql.addresses import admits, idle, objection

_HEADERS: Final = {
    "Accept": "text/turtle, application/trig, application/n-triples, application/n-quads, "
    "application/rdf+xml;q=0.9, application/ld+json;q=0.8",
    "Accept-Encoding": "identity",
    "User-Agent": f"clustergraph/{artefacts.version()}",
}


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


@dataclass
class Outside:
    """The documents that may be fetched, each at most once.

    Args:
        allowed: their addresses; one that ends in ``*`` admits all that start like it.
        timeout_s: how long one document may take, from looking up its host to its last byte.
        max_documents: how many may be fetched in one run.
        max_bytes: how long they may be together.

    Attributes:
        unmatched: what data and shapes name and the list does not admit, with its place.

    Raises:
        UsageError: an entry of the list admits nothing.
    """

    allowed: Sequence[str]
    timeout_s: float = 20
    max_documents: int = 50
    max_bytes: int = 32 << 20
    unmatched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for entry in self.allowed:
            if reason := idle(entry, local=True):
                raise UsageError(f"--fetch {entry} admits nothing: {reason}")
        self._known: dict[str, Document] = {}
        # Neither proxies nor other schemes.
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
            UnreadableInputError: the list does not admit it, a limit is reached, or it fails.
        """
        address = urldefrag(address)[0]
        if address not in self._known:
            if len(self._known) >= self.max_documents:
                raise UnreadableInputError(
                    address, f"{self.max_documents} documents are the most in one run; admit fewer"
                )
            self._known[address] = self._fetched(address)
        return self._known[address]

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
            except (UnreadableInputError, OSError, http.client.HTTPException, ValueError) as error:
                done.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(self.timeout_s)
        result = done[0] if done else TimeoutError()
        if isinstance(result, Document):
            return result
        if isinstance(result, UnreadableInputError):
            raise result
        if isinstance(result, HTTPError):
            result.close()
        reason: object = result.reason if type(result) is URLError else result
        if isinstance(reason, TimeoutError):
            reason = f"no whole answer within {self.timeout_s:g} s"
        raise UnreadableInputError(
            address, f"cannot be fetched ({reason}); is the address right? Or keep a copy"
        ) from result

    def _download(self, address: str) -> Document:
        if reason := self.objection(address):
            raise UnreadableInputError(address, reason)
        request = urllib.request.Request(address, headers=_HEADERS)  # noqa: S310 - see objection()
        left = self.max_bytes - sum(len(document.content) for document in self._known.values())
        with self._opener.open(request, timeout=self.timeout_s) as response:
            content = response.read(left + 1)
            if len(content) > left:
                reason = f"is too long: {self.max_bytes >> 20} MiB are the most in one run"
                raise UnreadableInputError(address, reason)
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return Document(urldefrag(response.url)[0], kind, content)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to addresses that are admitted themselves."""

    max_repeats = max_redirections = 5

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
            raise UnreadableInputError(req.full_url, f"redirects to <{newurl}>, which {reason}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
