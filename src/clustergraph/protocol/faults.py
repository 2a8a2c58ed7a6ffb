"""The kinds of problems that a request may meet, each with its status and title (RFC 9457).

One function for each kind makes its `RequestError`; ``detail`` says what is wrong this time and
what to do about it. docs/protocol.md lists the kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def _fault(title: str, detail: str, **more: object) -> RequestError:
    return RequestError(KINDS[title], title, detail, **more)


def bad_request(detail: str, **more: object) -> RequestError:
    """Return 400: the address or a header is wrong."""
    return _fault("Wrong request", detail, **more)


def bad_content(detail: str, **more: object) -> RequestError:
    """Return 400: the body is not what it claims to be."""
    return _fault("Wrong content", detail, **more)


def bad_parameter(detail: str, **more: object) -> RequestError:
    """Return 400: the value of a parameter is wrong."""
    return _fault("Wrong parameter", detail, **more)


def bad_syntax(detail: str, **more: object) -> RequestError:
    """Return 400: a document breaks the grammar of its format."""
    return _fault("Syntax error", detail, **more)


def refused(detail: str) -> RequestError:
    """Return 403: the service does not do this."""
    return _fault("Refused", detail)


def read_only(detail: str = "this service takes no writes; queries go to /sparql") -> RequestError:
    """Return 403: the service takes no writes."""
    return _fault("Read-only", detail)


def not_found(detail: str, **more: object) -> RequestError:
    """Return 404: nothing is at this address."""
    return _fault("Not found", detail, **more)


def method_not_allowed(method: str, allow: str, detail: str = "") -> RequestError:
    """Return 405: the address takes other methods (RFC 9110, section 15.5.6)."""
    said = detail or f"this address takes {allow}; not {method[:40]}"
    return _fault("Method not allowed", said, headers=[("Allow", allow)])


def no_format(offered: Sequence[str], detail: str) -> RequestError:
    """Return 406: no format suits; ``offered`` are the media types that there are."""
    return _fault("No acceptable format", detail, offered=list(offered))


def update_failed(detail: str) -> RequestError:
    """Return 409: an operation of an update failed, and nothing was changed."""
    return _fault("The update failed", detail)


def gone(detail: str, **more: object) -> RequestError:
    """Return 410: the thing was withdrawn."""
    return _fault("Withdrawn", detail, **more)


def precondition_failed(detail: str) -> RequestError:
    """Return 412: a precondition of the request does not hold."""
    return _fault("Precondition failed", detail)


def too_large(detail: str) -> RequestError:
    """Return 413: the body, unpacked, or a text in it is too long."""
    return _fault("Content too large", detail)


def unsupported_type(detail: str, accepted: str) -> RequestError:
    """Return 415: a body of a type that is not taken; ``accepted`` is for Accept-Post."""
    return _fault("Unsupported media type", detail, headers=[("Accept-Post", accepted)])


def unsupported_coding(detail: str, accepted: str) -> RequestError:
    """Return 415: a body compressed in a way that is not taken (RFC 9110, section 15.5.16)."""
    return _fault("Unsupported content coding", detail, headers=[("Accept-Encoding", accepted)])


def not_implemented(detail: str) -> RequestError:
    """Return 501: this installation cannot do this."""
    return _fault("Not implemented", detail)


def not_ready(detail: str) -> RequestError:
    """Return 503: what is asked for is being prepared."""
    return _fault("Not ready", detail, headers=[("Retry-After", "5")])
