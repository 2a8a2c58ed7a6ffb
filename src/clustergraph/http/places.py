"""Where pages are, and what they depend on besides their address: plain data, for both sides.

The serving process looks here which addresses it hands to a worker, and the worker which module
makes the page. One line adds one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from clustergraph.pages.words import LANGUAGES, THEMES
from clustergraph.protocol.negotiation import prefers_html

__all__ = ["PLACES", "Place", "find", "visitor"]


@dataclass(frozen=True, slots=True)
class Place:
    """Addresses of one kind.

    Attributes:
        name: the module, in the room, whose function ``show`` makes the page.
        pattern: what the path matches, as a whole.
        examples: addresses to look at, for tests that walk all pages.
        html_only: whether only those who prefer HTML are shown a page; others get what the
            application has at the same address.
        room: the package, in ``clustergraph.http``.
    """

    name: str
    pattern: re.Pattern[str]
    examples: tuple[str, ...]
    html_only: bool = False
    room: str = "pages"


def _place(
    name: str, pattern: str, *examples: str, html_only: bool = False, room: str = "pages"
) -> Place:
    return Place(name, re.compile(pattern), examples, html_only, room)


PLACES: Final = (
    _place("overview", r"/", "/"),
    _place("find", r"/find(?:\.(?P<form>csv|xlsx|json))?", "/find", "/find?q=textil"),
    _place("query", r"/query", "/query", "/query?query=SELECT+*+%7B+%3Fs+a+cg%3ACountryGroup+%7D"),
    _place("vocabulary", r"/query/(?P<what>check|terms|things)"),
    _place("queries", r"/queries", "/queries", html_only=True),
    _place(
        "question", r"/queries/(?P<name>[\w.-]+)", "/queries/clusters-per-country", html_only=True
    ),
    _place("country", r"/country(?:/(?P<code>[A-Za-z]{2}))?", "/country", "/country/CZ"),
    _place("compare", r"/compare", "/compare", "/compare?with=CZ&with=SK"),
    _place("policy", r"/policy", "/policy", "/policy?strategy=industrial-2021"),
    _place(
        "quality",
        r"/quality(?:/(?P<name>[\w-]+))?",
        "/quality",
        "/quality/LabelAward-dated",
    ),
    _place("ontology", r"/ontology", "/ontology", "/ontology?q=label", html_only=True),
    _place("switches", r"/settings"),
    _place("files", r"/static/[\w-]+/(?P<name>[\w./-]+)|/favicon\.ico"),
    # Linked data.
    _place("identities", r"/id/.+", room="linked"),
    _place(
        "vocabularies",
        r"/(?:ns|shapes|ontology|ontology/(?:[\w-]+/)*[\w.-]+?)"
        r"(?:\.(?:ttl|html|jsonld|nt|rdf))?|/data/[\w./-]+",
        "/ns",
        "/shapes",
        "/ontology/core",
        room="linked",
    ),
    _place(
        "documents",
        r"/(?:doc|code|graph|ns)/.+|/resource(?:\.\w+)?",
        "/doc/cluster-organisation/clutex",
        "/code/country/CZ",
        "/ns/Cluster",
        "/resource?iri=http://data.europa.eu/nuts/code/CZ051",
        room="linked",
    ),
    _place("catalog", r"/catalog(?:\.(?:ttl|html|jsonld|nt|rdf))?", "/catalog", room="linked"),
    _place(
        "dumps",
        r"/dump(?P<ending>\.(?:nq|trig|ttl|nt)(?:\.gz)?)",
        room="linked",
    ),
    _place(
        "dumps",
        r"/dump/(?P<graph>.+?)(?P<ending>\.(?:ttl|nt|rdf|jsonld)(?:\.gz)?)",
        room="linked",
    ),
    _place("index", r"/things(?:/[\w./-]+)?(?:\.\w+)?", "/things", room="linked"),
    _place("sitemaps", r"/robots\.txt|/sitemap\.xml|/sitemap/(?P<part>\d+)\.xml", room="linked"),
    _place("contexts", r"/context\.jsonld|/frames/(?P<name>\w+)\.jsonld", room="linked"),
)
"""All of them; the first that matches is it."""


def find(path: str, accept: str | None) -> tuple[Place, re.Match[str]] | None:
    """Return the place that a path is in, and the match; None: there is no page for it."""
    for place in PLACES:
        if match := place.pattern.fullmatch(path):
            if place.html_only and not prefers_html(accept):
                continue
            return place, match
    return None


_COOKIE: Final = re.compile(rb"(?:^|[;,]\s*)(lang|theme)=([a-z]+)\s*(?=$|[;,])")
_LANGUAGE: Final = re.compile(
    rb"\s*([A-Za-z]{2,3}|\*)(?:-[\w-]+)?\s*(?:;\s*q=([01](?:\.\d*)?))?\s*"
)


def visitor(headers: Mapping[bytes, bytes]) -> bytes:
    """Return language and theme, as a worker is told them in further headers of a request.

    Cookies decide, else Accept-Language (RFC 9110, section 12.5.4); there are few outcomes, so
    that answers can be kept by them.
    """
    chosen = dict(_COOKIE.findall(headers.get(b"cookie", b"")))
    language = chosen.get(b"lang", b"").decode()
    if language not in LANGUAGES:
        language = _preferred(headers.get(b"accept-language", b""))
    theme = chosen.get(b"theme", b"").decode()
    return f"language\x01{language}\x01theme\x01{theme if theme in THEMES else ''}".encode()


def _preferred(accepted: bytes) -> str:
    best, language = 0.0, LANGUAGES[0]
    for part in accepted[:1000].split(b","):
        if match := _LANGUAGE.fullmatch(part):
            name = match[1].decode().lower()
            quality = float(match[2] or 1)
            if name in LANGUAGES and quality > best:
                best, language = quality, name
    return language
