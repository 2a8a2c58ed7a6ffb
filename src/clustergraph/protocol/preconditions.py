"""Entity tags and what requests make conditional on them (RFC 9110, section 13)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime
from hashlib import blake2b
from typing import Final

from clustergraph import artefacts
from clustergraph.errors import RequestError
from clustergraph.protocol import Context, Request, faults

_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7E\x80-\xFF]*)"')


def entity_tag(generation: int, committed_at: float, key: bytes) -> str:
    """Return the strong entity tag of the response to a request (RFC 9110, section 8.8.3).

    It opens with the generation's number. The version of the program is part of it, which may
    write the same otherwise, and the time of the commit: another store has the same numbers.

    Args:
        generation: that the response is made from.
        committed_at: when that was published, in seconds since 1970.
        key: all of the request that the response depends on.
    """
    stamp = f"{committed_at:.6f} {artefacts.version()}"
    digest = blake2b(key, digest_size=9, key=stamp.encode()[:64]).hexdigest()
    return f'"{generation}-{digest}"'


def http_date(seconds: float) -> str:
    """Return seconds since 1970 as HTTP writes a date (RFC 9110, section 5.6.7)."""
    return formatdate(seconds, usegmt=True)


def holds(if_none_match: str, etag: str) -> bool:
    """Return whether If-None-Match names an entity tag, by the weak comparison."""
    return if_none_match.strip() == "*" or any(found == etag for _, found in _tags(if_none_match))


def not_modified(headers: Mapping[str, str], etag: str, last_modified: str) -> bool:
    """Return whether a client has a response already (RFC 9110, 13.1.2 and 13.1.3).

    Args:
        headers: of the request, by lower-case name.
        etag: of the response; empty: it has none.
        last_modified: likewise.
    """
    if "if-none-match" in headers:
        return bool(etag) and holds(headers["if-none-match"], etag)
    since = headers.get("if-modified-since", "")
    if not since or not last_modified:
        return False
    limit, modified = _parse_date(since), _parse_date(last_modified)
    return since == last_modified or (
        limit is not None and modified is not None and modified <= limit
    )


def check(request: Request, context: Context, base: int, exists: bool) -> None:
    """Refuse a write whose precondition fails (RFC 9110, section 13.2.2).

    A tag in the request fits if it was given out for the generation that the write starts from,
    for whatever representation.

    Args:
        request: the request.
        context: where it was prepared.
        base: the generation that the write starts from.
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


def _names(header: str, generation: int, *, strong: bool) -> bool:
    return any(
        found.partition("-")[0] == f'"{generation}'
        for weak, found in _tags(header)
        if not (weak and strong)
    )


def _tags(header: str) -> list[tuple[bool, str]]:
    return [(bool(match[1]), f'"{match[2]}"') for match in _TAG.finditer(header)]


def _failed(name: str, base: int) -> RequestError:
    return faults.fault(
        "Precondition failed",
        f"{name} does not hold: the graph is at generation {base}; read it again and repeat the "
        "change",
    )


def _parse_date(text: str) -> float | None:
    """Return an HTTP date in seconds since 1970; None: it is none, and the header is ignored."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
