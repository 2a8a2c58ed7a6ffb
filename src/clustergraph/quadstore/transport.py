"""Requests to other servers: credentials, deadlines, and what their refusals mean in words."""

from __future__ import annotations

import http.client
import io
import json
import re
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit

from clustergraph import artefacts
from clustergraph.errors import EndpointError, QueryError, UsageError, without_places

_AGENT: Final = f"clustergraph/{artefacts.version()}"
_CHUNK_BYTES: Final = 1 << 16
_LONGEST_REASON: Final = 500
_REMOTE: Final = "CLUSTERGRAPH_REMOTE_"
_PASSWORD: Final = re.compile(r"//.*@")
_MARKUP: Final = re.compile(r"<style.*?</style>|<[^>]*>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What lets us in: a name and a password (Basic or Digest, as asked for), or a token (Bearer).

    Attributes:
        user: the name.
        password: its password.
        token: sent with every request.
    """

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A response.

    Attributes:
        status: of HTTP, below 300.
        media_type: without parameters.
        content: whole, at its start.
    """

    status: int
    media_type: str
    content: IO[bytes]


class Channel:
    """How requests get out: with credentials, a deadline and errors in words.

    Args:
        credentials: what lets us in, at the hosts that are trusted.
        timeout_s: how long a request may take in all.
    """

    def __init__(self, credentials: Credentials, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._credentials = credentials
        self._passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        digest = urllib.request.HTTPDigestAuthHandler(self._passwords)
        answers = () if credentials.user is None else (_Again(), digest, _Basic(self._passwords))
        self._opener = urllib.request.build_opener(*answers)

    def trust(self, url: str) -> None:
        """Give our name and password to the host of an address if it asks for them."""
        user, password = self._credentials.user, self._credentials.password
        if user is not None:
            self._passwords.add_password(None, _origin(url), user, password or "")

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | IO[bytes] | None
    ) -> Reply:
        """Send a request and receive all of the response.

        Args:
            method: of HTTP.
            url: an address that `split_address` has checked, perhaps with a query.
            headers: of the request.
            body: a file is sent from its start, as it is read.

        Raises:
            QueryError: the server says that the request is wrong.
            EndpointError: it cannot be reached, refuses or fails.
        """
        request = urllib.request.Request(url, body, dict(headers), method=method)  # noqa: S310 - checked
        request.add_header("User-Agent", _AGENT)
        if body is not None and not isinstance(body, bytes):
            request.add_header("Content-Length", str(body.seek(0, io.SEEK_END)))
            body.seek(0)
        if self._credentials.token:
            # For the server that is asked, and for none that it sends us on to.
            token = f"Bearer {self._credentials.token}"
            request.add_unredirected_header("Authorization", token)
        # The timeout of a socket begins anew with each byte.
        deadline = time.monotonic() + self.timeout_s
        content = io.BytesIO()
        try:
            with self._opener.open(request, timeout=self.timeout_s) as response:
                while chunk := response.read1(_CHUNK_BYTES):
                    if time.monotonic() > deadline:
                        raise TimeoutError
                    content.write(chunk)
                if response.length:
                    raise http.client.IncompleteRead(b"", response.length)
        except HTTPError as error:
            with error:
                raise _refusal(url, error) from error
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            if isinstance(reason, TimeoutError):
                reason = f"no answer within {self.timeout_s:g} s"
            elif isinstance(reason, http.client.IncompleteRead):
                reason = "it broke off in the middle of its answer"
            raise EndpointError(
                f"{url} cannot be reached: {reason}",
                f"the SPARQL server cannot be reached: {_without_address(str(reason), url)}",
            ) from error
        content.seek(0)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        return Reply(response.status, kind, content)


class _Basic(urllib.request.HTTPBasicAuthHandler):
    """Answers challenges for Basic; leaves others alone, at which the original raises."""

    def http_error_401(self, *arguments: Any) -> Any:
        headers = arguments[-1]
        if headers.get("WWW-Authenticate", "").lower().startswith("basic"):
            return super().http_error_401(*arguments)
        return None


class _Again(urllib.request.BaseHandler):
    """Prepares for the next handler to send a request again, with credentials."""

    handler_order = 0

    def http_error_401(
        self, request: urllib.request.Request, refused: http.client.HTTPResponse, *_: Any
    ) -> None:
        refused.close()
        if isinstance(request.data, io.IOBase):
            request.data.seek(0)


def credentials_from(environment: Mapping[str, str]) -> Credentials | None:
    """Return what the environment says lets us in at another server; None: it says nothing.

    Args:
        environment: ``CLUSTERGRAPH_REMOTE_TOKEN``, or ``CLUSTERGRAPH_REMOTE_USER`` and
            ``CLUSTERGRAPH_REMOTE_PASSWORD``.

    Raises:
        UsageError: it says both, or half of one.
    """
    token, user, password = (
        environment.get(f"{_REMOTE}{name}") or None for name in ("TOKEN", "USER", "PASSWORD")
    )
    if token and (user or password):
        raise UsageError(f"{_REMOTE}TOKEN and {_REMOTE}USER exclude each other: set one")
    if password and not user:
        raise UsageError(f"{_REMOTE}PASSWORD is set without {_REMOTE}USER: set both")
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise UsageError(f"{_REMOTE}TOKEN holds characters that no token has")
    return Credentials(user, password, token) if token or user else None


def split_address(url: str) -> tuple[str, Credentials]:
    """Split a name and a password off an address."""
    try:
        parts = urlsplit(url)
        plain = url.isascii() and url.isprintable() and " " not in url
        # Reading the port raises when it is no number.
        valid = plain and parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        shown = _PASSWORD.sub("//…@", url)
        raise UsageError(f"{shown!r} is not the address of an endpoint: http(s)://host/path")
    host = parts.netloc.rpartition("@")[2]
    user, password = (part and unquote(part) for part in (parts.username, parts.password))
    return urlunsplit(parts._replace(netloc=host)), Credentials(user, password)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def _refusal(url: str, error: HTTPError) -> QueryError | EndpointError:
    """Say in words that a server refused, with the reason that it gave."""
    reason = _reason(error)
    public = _without_address(reason, url)
    if error.code == http.client.BAD_REQUEST:
        told = f"the SPARQL server refused the query: {public}"
        return QueryError(f"{url} refused the query: {reason}", told)
    return EndpointError(
        f"{url} answered {error.code} {error.reason}: {reason}",
        f"the SPARQL server answered {error.code} {error.reason}: {public}",
    )


def _without_address(text: str, url: str) -> str:
    """Return a text without the address of the server and paths of its machine."""
    host = urlsplit(url).hostname or url
    for address in (url, _origin(url).rstrip("/"), urlsplit(url).netloc, host):
        text = text.replace(address, "the server")
    return without_places(text)


def _reason(error: HTTPError) -> str:
    """Return what the body of an error says: text, or the detail of a problem document."""
    try:
        body = error.read(8 * _LONGEST_REASON)
    except (OSError, http.client.HTTPException):
        return "(its reason got lost on the way)"
    kind = error.headers.get("Content-Type", "")
    text = body.decode("utf-8", "replace")
    if "json" in kind:
        try:
            problem = json.loads(text)
            text = str(problem.get("detail") or problem.get("title") or problem)
        except (ValueError, AttributeError):
            pass
    elif "html" in kind:
        text = _MARKUP.sub(" ", text)
    return " ".join(text.split())[:_LONGEST_REASON]
