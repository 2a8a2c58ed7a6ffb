"""The kinds of problems that a request may meet, each with its status and title (RFC 9457).

What is made for a kind here returns its `RequestError`; ``detail`` says what is wrong this time and
what to do about it. docs/protocol.md lists the kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from clustergraph.errors import RequestError

__all__ = [
    "KINDS",
    "bad_content",
    "bad_parameter",
    "bad_request",
    "bad_syntax",
    "gone",
    "method_not_allowed",
    "no_format",
    "not_found",
    "not_implemented",
    "not_ready",
    "precondition_failed",
    "read_only",
    "refused",
    "too_large",
    "unsupported_coding",
    "unsupported_type",
    "update_failed",
]

KINDS: Final = {
    "Wrong request": 400,
    "Wrong content": 400,
    "Wrong parameter": 400,
    "Syntax error": 400,
    "Not authorised": 401,
    "Refused": 403,
    "Read-only": 403,
    "Not found": 404,
    "Method not allowed": 405,
    "No acceptable format": 406,
    "The update failed": 409,
    "Withdrawn": 410,
    "Request timeout": 408,
    "Precondition failed": 412,
    "Content too large": 413,
    "Address too long": 414,
    "Unsupported media type": 415,
    "Unsupported content coding": 415,
    "The answer is too large": 422,
    "Invalid change": 422,
    "Too many requests": 429,
    "Header too long": 431,
    "The service failed": 500,
    "The query failed": 500,
    "Not implemented": 501,
    "The engine gave up": 502,
    "The other endpoint failed": 502,
    "Interrupted": 503,
    "Not ready": 503,
    "The service stops": 503,
    "The store failed": 503,
    "Too busy": 503,
    "Too many long queries": 503,
    "The time is up": 504,
    "Out of memory": 507,
    "The disk is full": 507,
}
"""The titles of all problems with their statuses."""


bad_request: Final = partial(RequestError, 400, "Wrong request")
bad_content: Final = partial(RequestError, 400, "Wrong content")
bad_parameter: Final = partial(RequestError, 400, "Wrong parameter")
bad_syntax: Final = partial(RequestError, 400, "Syntax error")
refused: Final = partial(RequestError, 403, "Refused")
read_only: Final = partial(
    RequestError, 403, "Read-only", "this service takes no writes; queries go to /sparql"
)
not_found: Final = partial(RequestError, 404, "Not found")
update_failed: Final = partial(RequestError, 409, "The update failed")
gone: Final = partial(RequestError, 410, "Withdrawn")
precondition_failed: Final = partial(RequestError, 412, "Precondition failed")
too_large: Final = partial(RequestError, 413, "Content too large")
not_implemented: Final = partial(RequestError, 501, "Not implemented")
not_ready: Final = partial(RequestError, 503, "Not ready", headers=[("Retry-After", "5")])


def method_not_allowed(detail: str, allow: str) -> RequestError:
    """Return 405: the address takes other methods (RFC 9110, section 15.5.6)."""
    return RequestError(405, "Method not allowed", detail, headers=[("Allow", allow)])


def no_format(offered: Sequence[str], detail: str) -> RequestError:
    """Return 406: no format suits; ``offered`` are the media types that there are."""
    return RequestError(406, "No acceptable format", detail, offered=list(offered))


def unsupported_type(detail: str, accepted: str) -> RequestError:
    """Return 415: a body of a type that is not taken; ``accepted`` is for Accept-Post."""
    headers = [("Accept-Post", accepted)]
    return RequestError(415, "Unsupported media type", detail, headers=headers)


def unsupported_coding(detail: str, accepted: str) -> RequestError:
    """Return 415: a body compressed in a way that is not taken (RFC 9110, section 15.5.16)."""
    headers = [("Accept-Encoding", accepted)]
    return RequestError(415, "Unsupported content coding", detail, headers=headers)
