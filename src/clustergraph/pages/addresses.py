"""Which address of the service describes what an IRI names, and the other way round.

An IRI becomes the path of an address by RFC 3987, section 3.1: characters outside ASCII are
percent-encoded once, and what is percent-encoded in the IRI stays as it is. ``?`` and ``#``, which
would end a path, are percent-encoded as well.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from clustergraph.vocab import BASE, CG, ID

_SAFE: Final = "/-._~!$&'()*+,;=:@%"
# What the service describes at an address of its own; the rest is at /resource.
_ROOMS: Final = re.compile(r"(?:id|code|graph)/.+", re.DOTALL)
_DOCUMENTS: Final = re.compile(r"(?:ns|shapes|ontology(?:/[\w.-]+)*)(?:#.*)?", re.DOTALL)
# A client resolves these before it asks (RFC 3986, section 5.2.4).
_DOTS: Final = re.compile(r"(?:^|/)\.{1,2}(?:/|$)|//|\\")
_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
# Characters that a client may have percent-encoded although a path needs no such thing.
_NEEDLESS: Final = frozenset(string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@")


def encode(text: str) -> str:
    """Return part of an IRI as it stands in the path of an address."""
    return quote(text, safe=_SAFE)


def local(iri: str) -> str:
    """Return the path, with a query if need be, at which the service describes a thing."""
    if iri.startswith(CG) and iri != CG:
        return "/ns/" + encode(iri.removeprefix(CG))
    path = iri.removeprefix(BASE)
    if path != iri and not _DOTS.search(path):
        if path.startswith("id/") and _ROOMS.fullmatch(path):
            return "/doc/" + encode(iri.removeprefix(ID))
        if _ROOMS.fullmatch(path):
            return "/" + encode(path)
        if _DOCUMENTS.fullmatch(path):
            return "/" + quote(path, safe=_SAFE + "#")
    return "/resource?iri=" + quote(iri, safe="")


def readings(raw: str) -> Iterator[str]:
    """Yield the parts of IRIs that a part of a path may stand for, the likeliest first.

    Args:
        raw: as sent, percent-encoded.
    """
    seen = set()
    usual = _ESCAPES.sub(_usual, raw)
    for one in (usual, raw, usual.replace("%3F", "?").replace("%3f", "?").replace("%23", "#")):
        if one not in seen:
            seen.add(one)
            yield one


def _usual(match: re.Match[str]) -> str:
    """Decode what an IRI writes as it is: characters outside ASCII, and those of paths."""
    text, found = match[0], ""
    for piece in re.finditer(rb"[\x00-\x7f]|[\x80-\xff]+", unquote_to_bytes(text)):
        escaped = text[3 * piece.start() : 3 * piece.end()]
        try:
            decoded = piece[0].decode("utf-8")
        except UnicodeDecodeError:
            decoded = ""
        plain = decoded and (not decoded.isascii() or decoded in _NEEDLESS)
        found += decoded if plain else escaped
    return found
