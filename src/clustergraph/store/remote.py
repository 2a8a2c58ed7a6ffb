"""A SPARQL endpoint elsewhere, asked through SPARQLWrapper."""

from __future__ import annotations

import io
import warnings
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import pyoxigraph as ox
from SPARQLWrapper import POST, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import SPARQLWrapperException

import clustergraph
from clustergraph.errors import EndpointError, QueryError, UsageError
from clustergraph.settings import REMOTE_TIMEOUT_S
from clustergraph.store.engine import Answer
from clustergraph.store.lexer import Token, query_form, tokens
from clustergraph.vocab import PREFIXES

__all__ = ["Endpoint", "declare_prefixes"]

_SOLUTIONS: Final = "application/sparql-results+json, application/sparql-results+xml;q=0.9"
_TRIPLES: Final = "application/n-triples, text/turtle;q=0.9, application/rdf+xml;q=0.8"


class Endpoint:
    """A remote endpoint that answers queries (SPARQL 1.1 Protocol, query by POST).

    Args:
        url: its address, ``http`` or ``https``.
        timeout_s: how long it may take.

    Raises:
        UsageError: ``url`` is not such an address.
    """

    def __init__(self, url: str, timeout_s: int = REMOTE_TIMEOUT_S) -> None:
        if not _is_address(url):
            raise UsageError(f"{url!r} is not the address of an endpoint: http(s)://host/path")
        self.url = url
        self.timeout_s = timeout_s

    def query(self, text: str) -> Answer:
        """Evaluate a query there; project prefixes that it uses are declared for it.

        Raises:
            QueryError: the endpoint says that the query is wrong.
            EndpointError: it cannot be reached, fails, or answers with something else.
        """
        wrapper = SPARQLWrapper(self.url, agent=f"clustergraph/{clustergraph.__version__}")
        wrapper.setMethod(POST)
        # Accept alone says what we want; no format=… that an endpoint may take amiss.
        wrapper.setOnlyConneg(True)
        wrapper.setTimeout(self.timeout_s)
        wrapper.setQuery(declare_prefixes(text))
        graph = query_form(text) in ("CONSTRUCT", "DESCRIBE")
        wrapper.addCustomHttpHeader("Accept", _TRIPLES if graph else _SOLUTIONS)
        try:
            with warnings.catch_warnings():
                # It warns about media types that it does not know; they are checked below.
                warnings.simplefilter("ignore")
                response = wrapper.query().response
                kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
                body = response.read()
        except SPARQLWrapperException as error:
            raise QueryError(f"{self.url} refused the query: {_first_lines(error)}") from error
        except HTTPError as error:
            raise EndpointError(
                f"{self.url} answered {error.code} {error.reason}: "
                f"{error.read(500).decode('utf-8', 'replace').strip()}"
            ) from error
        except (TimeoutError, URLError, ConnectionError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                reason = f"no answer within {self.timeout_s} s"
            raise EndpointError(f"{self.url} cannot be reached: {reason}") from error
        return _read(self.url, kind, body, graph)


def declare_prefixes(text: str) -> str:
    """Return ``text`` with a declaration for each project prefix that it uses undeclared.

    The declarations stand on the first line, so that line numbers in messages stay right.
    """
    used: set[str] = set()
    declared: set[str] = set()
    before: Token | None = None
    for token in tokens(text):
        if token.kind == "name":
            prefix = token.text.partition(":")[0]
            (declared if before is not None and before.is_word("PREFIX") else used).add(prefix)
        before = token
    missing = sorted(prefix for prefix in used - declared if prefix in PREFIXES)
    return "".join(f"PREFIX {prefix}: <{PREFIXES[prefix]}> " for prefix in missing) + text


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname)


def _read(url: str, kind: str, body: bytes, graph: bool) -> Answer:
    """Parse an endpoint's answer according to its media type."""
    try:
        if graph and (form := ox.RdfFormat.from_media_type(kind)):
            return [quad.triple for quad in ox.parse(io.BytesIO(body), form, base_iri=url)]
        if not graph and (shape := ox.QueryResultsFormat.from_media_type(kind)):
            return ox.parse_query_results(io.BytesIO(body), shape)
    except (SyntaxError, ValueError) as error:
        raise EndpointError(f"{url}: its answer is not well-formed {kind}: {error}") from error
    raise EndpointError(f"{url}: it answered with {kind or 'no media type'}, which is no result")


def _first_lines(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
