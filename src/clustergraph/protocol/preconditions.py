"""Entity tags and what requests make conditional on them (RFC 9110, section 13)."""

from __future__ import annotations

import re
import time
from hashlib import blake2b
from typing import Final

from clustergraph import artefacts
from clustergraph.errors import RequestError
from clustergraph.protocol import faults
from clustergraph.protocol.messages import Context, Request, Response

__all__ = ["check", "http_date", "published", "tag", "unchanged"]

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7E\x80-\xFF]*)"')


def tag(context: Context, variant: str) -> str:
    """Return the strong entity tag of one representation of one generation.

    It opens with the generation's number. The version of the program is part of it, which may
    write the same otherwise, and the time of the commit: another store has the same numbers.

    Args:
        context: the generation.
        variant: what tells this representation from the others of the same generation.
    """
    stamp = f"{context.committed_at} {artefacts.version()}"
    return f'"{context.generation}-{variant}-{blake2b(stamp.encode(), digest_size=4).hexdigest()}"'


def published(generation: int) -> tuple[str, str]:
    """Return the header that says which generation holds a write."""
    return "Clustergraph-Generation", str(generation)


def http_date(seconds: float) -> str:
    """Return seconds since 1970 as HTTP writes a date (RFC 9110, section 5.6.7)."""
    moment = time.gmtime(seconds)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.tm_wday]
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905
    month = months[moment.tm_mon - 1]
    return time.strftime(f"{day}, %d {month} %Y %H:%M:%S GMT", moment)


def unchanged(request: Request, context: Context, current: str) -> Response | None:
    """Return the 304 that a conditional GET or HEAD asks for, or None (RFC 9110, 13.1.2, 13.1.3).

    Args:
        request: the request.
        context: what it is answered from.
        current: the entity tag of what it would get.
    """
    wanted = request.headers.get("if-none-match")
    if wanted is not None:
        same = wanted.strip() == "*" or any(found == current for _, found in _tags(wanted))
    else:
        since = request.headers.get("if-modified-since")
        same = (
            since is not None
            and context.committed_at is not None
            and (limit := _parse_date(since)) is not None
            and int(context.committed_at) <= limit
        )
    return Response(304, [("ETag", current), ("Vary", "Accept")]) if same else None


def check(request: Request, context: Context, base: int | None, exists: bool) -> None:
    """Refuse a write whose precondition fails (RFC 9110, section 13.2.2).

    A tag in the request fits if it was given out for the generation that the write starts from,
    for whatever representation.

    Args:
        request: the request.
        context: where it was prepared.
        base: the generation that the write starts from; None: there is none, for changes of
            others were applied before.
        exists: whether there is something at the address.

    Raises:
        RequestError: it fails (412).
    """
    headers = request.headers
    wanted = headers.get("if-match")
    if wanted is not None:
        fits = exists if wanted.strip() == "*" else _names(wanted, base, strong=True)
        if not fits:
            raise _failed("If-Match", base)
    elif (since := headers.get("if-unmodified-since")) is not None:
        limit = _parse_date(since)
        committed_at = context.committed_at if base == context.generation else time.time()
        if limit is not None and committed_at is not None and int(committed_at) > limit:
            raise _failed("If-Unmodified-Since", base)
    refused = headers.get("if-none-match")
    if refused is not None:
        fits = exists if refused.strip() == "*" else _names(refused, base, strong=False)
        if fits:
            raise _failed("If-None-Match", base)


def _names(header: str, generation: int | None, *, strong: bool) -> bool:
    return any(
        found.partition("-")[0] == f'"{generation}'
        for weak, found in _tags(header)
        if not (weak and strong)
    )


def _tags(header: str) -> list[tuple[bool, str]]:
    return [(bool(match[1]), f'"{match[2]}"') for match in _TAG.finditer(header)]


def _failed(name: str, base: int | None) -> RequestError:
    state = f"generation {base}" if base is not None else "ahead of the last published generation"
    detail = f"{name} does not hold: the graph is at {state}; read it again and repeat the change"
    return faults.precondition_failed(detail)


def _parse_date(text: str) -> float | None:
    """Return an HTTP date in seconds since 1970; None: it is none, and the header is ignored."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
