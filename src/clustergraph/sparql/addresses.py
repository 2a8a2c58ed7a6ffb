"""Which addresses of other hosts may be called: by a query, by an update, while validating.

An operator lists them. Addresses of this machine and of private networks are refused even so,
in whatever notation they come: they are what an attacker reaches for through a service that
calls others (server-side request forgery). Whoever sits at the machine may name them.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

_PLAIN: Final = re.compile(r"[!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]+")
_LOCAL_NAMES: Final = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa")
# IPv6 networks that lead to an IPv4 address, with the bit at which that address starts.
_EMBEDDING: Final = (
    (ipaddress.IPv6Network("::/96"), 96),
    (ipaddress.IPv6Network("::ffff:0:0/96"), 96),
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 96),
    (ipaddress.IPv6Network("64:ff9b::/96"), 96),
    (ipaddress.IPv6Network("64:ff9b:1::/48"), 96),
    (ipaddress.IPv6Network("2002::/16"), 16),
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def admits(allowed: Sequence[str], iri: str) -> bool:
    """Say whether a list of addresses admits one.

    Args:
        allowed: whole addresses; one that ends in ``*`` admits all that start like it, provided
            that it names the whole host: ``https://example.org/*``.
        iri: the address that a text names.
    """
    for entry in allowed:
        if entry == iri:
            return True
        start = entry.removesuffix("*")
        if start != entry and urlsplit(start).path and iri.startswith(start):
            return True
    return False


def idle(entry: str, *, local: bool = False) -> str | None:
    """Return why an entry of a list of addresses admits nothing, or None; local: see below."""
    start = entry.removesuffix("*")
    if start != entry and not urlsplit(start).path:
        return "name the whole host before the asterisk: https://example.org/*"
    reason = objection(start, local=local)
    return reason and f"such an address {reason}, and is refused all the same"


def objection(iri: str, *, resolve: bool = False, local: bool = False) -> str | None:
    """Return why an address must not be called, or None.

    Args:
        iri: the address, absolute.
        resolve: whether to look up what the host's name stands for.
        local: whether a host on this machine or a private network will do, where the address
            itself says that it is one; a name that only leads there will not.
    """
    if not _PLAIN.fullmatch(iri):
        return "holds characters that belong in no address; write host and path in ASCII"
    try:
        parts = urlsplit(iri)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return f"is malformed ({error})"
    if parts.scheme not in ("http", "https"):
        return "is neither http nor https"
    if "@" in parts.netloc:
        return "holds a user name"
    host = host.rstrip(".")
    if not host or "%" in host:
        return "names no host, or an encoded one"
    if (address := _literal(host)) is not None:
        if local or _public(address):
            return None
        return f"is on this machine or a private network ({address})"
    if "." not in host or host.endswith(_LOCAL_NAMES):
        return None if local else "is on this machine or a private network"
    if resolve:
        return _resolved(host, port or (443 if parts.scheme == "https" else 80))
    return None


def _resolved(host: str, port: int) -> str | None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return f"cannot be found ({error.strerror})"
    for *_, place in found:
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if not _public(address):
            return f"is on this machine or a private network ({address})"
    return None


def _literal(host: str) -> Address | None:
    """Return the address that a host is written as: also ``0x7f.1``, ``2130706433``, ``0177.1``."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def _public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address in ipaddress.IPv6Network("2001::/32"):
            return False  # Teredo: the address within is disguised
        for network, start in _EMBEDDING:
            if address in network:
                inner = int(address) >> (96 - start) & 0xFFFFFFFF
                return _public(ipaddress.IPv4Address(inner))
    return address.is_global and not address.is_multicast
