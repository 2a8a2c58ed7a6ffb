"""The kinds of problems that a request may meet, each with its status and title (RFC 9457).

docs/protocol.md lists the kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from clustergraph.errors import RequestError

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


WORKER_FAILURES: Final = {
    "deadline": (
        "The time is up",
        "the request ran into its time limit; ask for less, or start from the most selective "
        "pattern",
    ),
    "slots": (
        "Too many long queries",
        "too many long queries run already; try again later, or ask for less",
    ),
    "memory": (
        "Out of memory",
        "the request needs more memory than one may have; a query: ask for less, or without "
        "ORDER BY, DISTINCT and large groups; data: send them in smaller parts, less deeply nested",
    ),
    "crashed": (
        "The engine gave up",
        "the request took the process down that worked on it; it may nest too deeply: make it "
        "simpler",
    ),
    "killed": ("Interrupted", "the work on the request was interrupted; try again"),
    "stopped": ("The service stops", "the service is being stopped; try again later"),
}
"""Title and detail by the reason for which a worker ended."""


def fault(title: str, detail: str, **more: object) -> RequestError:
    """Return the error of a kind.

    Args:
        title: a key of `KINDS`.
        detail: what is wrong this time, and what to do about it.
        more: further members of the problem document; ``headers`` go to the response.
    """
    return RequestError(KINDS[title], title, detail, **more)


bad_request: Final = partial(fault, "Wrong request")
bad_content: Final = partial(fault, "Wrong content")
bad_parameter: Final = partial(fault, "Wrong parameter")
not_found: Final = partial(fault, "Not found")
not_ready: Final = partial(fault, "Not ready", headers=[("Retry-After", "5")])
read_only: Final = partial(
    fault, "Read-only", "this service takes no writes; queries go to /sparql"
)


def no_format(offered: Sequence[str], detail: str) -> RequestError:
    """Return 406: no format suits; ``offered`` are the media types that there are."""
    return fault("No acceptable format", detail, offered=list(offered))


def unsupported_type(detail: str, accepted: str) -> RequestError:
    """Return 415: a body of a type that is not taken; ``accepted`` is for Accept-Post."""
    return fault("Unsupported media type", detail, headers=[("Accept-Post", accepted)])


def unsupported_coding(detail: str, accepted: str) -> RequestError:
    """Return 415: a body compressed in a way that is not taken (RFC 9110, section 15.5.16)."""
    return fault("Unsupported content coding", detail, headers=[("Accept-Encoding", accepted)])
