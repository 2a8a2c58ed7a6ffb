"""A SPARQL 1.1 server elsewhere: asked, updated, and its graphs read and replaced.

`Endpoint` answers queries. `RemoteEngine` adds updates and the Graph Store Protocol, so that a
server with an engine of its own (Virtuoso, GraphDB, Stardog, Neptune, …) can take the place of the
embedded one. What a query's default graph is, that server decides.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Final, Literal
from urllib.error import HTTPError
from urllib.parse import quote, urlencode

import pyoxigraph as ox

from clustergraph.errors import EndpointError, UnknownNameError, UsageError
from clustergraph.quadstore.checks import check_query_syntax, check_update_syntax
from clustergraph.quadstore.transport import Channel, Credentials, Reply, split_address
from clustergraph.settings import REMOTE_TIMEOUT_S
from clustergraph.sparql.answers import Answer, holdable
from clustergraph.sparql.lexer import Token, query_form, tokens
from clustergraph.sparql.policy import QueryPolicy
from clustergraph.vocab import BASE, GRAPH, INFERRED, PREFIXES

_SOLUTIONS: Final = "application/sparql-results+json, application/sparql-results+xml;q=0.9"
_TRIPLES: Final = "application/n-triples, text/turtle;q=0.9, application/rdf+xml;q=0.8"


class Endpoint:
    """A remote endpoint that answers queries (SPARQL 1.1 Protocol, query by POST).

    Args:
        url: its address, ``http`` or ``https``; may hold a name and a password.
        timeout_s: how long an answer may take in all.
        credentials: what lets us in; overrides what ``url`` holds.
        policy: what queries may do there. None: they are the user's own, and that server decides;
            otherwise each passes the policy and our own parser before it is sent.

    Raises:
        UsageError: ``url`` is not such an address.
    """

    def __init__(
        self,
        url: str,
        timeout_s: float = REMOTE_TIMEOUT_S,
        credentials: Credentials | None = None,
        policy: QueryPolicy | None = None,
    ) -> None:
        self.policy = policy
        self.url, found = split_address(url)
        self._channel = Channel(credentials or found, timeout_s)
        self._channel.trust(self.url)

    def query(
        self,
        text: str,
        *,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
    ) -> Answer:
        """Evaluate a query there; project prefixes that it uses are declared for it.

        Args:
            text: SELECT, ASK, CONSTRUCT or DESCRIBE.
            default_graphs: IRIs of the graphs that make up the default graph (SPARQL 1.1
                Protocol, section 2.1.4).
            named_graphs: IRIs of the graphs that GRAPH may name.

        Returns:
            The answer, received whole, so that what fails on the way is told before it is used.

        Raises:
            QueryRefusedError: the policy forbids it.
            QuerySyntaxError: there is a policy, and it is not SPARQL.
            QueryError: the endpoint says that the query is wrong.
            EndpointError: it cannot be reached, fails, or answers with something else.
        """
        self.check(text)
        asked = query_form(text)
        graph = asked in ("CONSTRUCT", "DESCRIBE")
        fields = [
            ("query", declare_prefixes(text)),
            *(("default-graph-uri", iri) for iri in default_graphs),
            *(("named-graph-uri", iri) for iri in named_graphs),
        ]
        reply = self._post(self.url, fields, _TRIPLES if graph else _SOLUTIONS)
        answer = _read(self.url, reply, graph)
        if asked == "ASK" and isinstance(answer, ox.QuerySolutions):
            # Virtuoso 7 answers with a table: of one row, or of none.
            return _truth(next(iter(answer), None) is not None)
        return answer

    def _post(self, url: str, fields: Sequence[tuple[str, str]], accept: str) -> Reply:
        """Send a request of the SPARQL 1.1 Protocol (sections 2.1.2 and 2.2.1)."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": accept}
        return self._channel.request("POST", url, headers, urlencode(fields).encode())

    def check(self, text: str) -> None:
        """Apply the policy and check the syntax, if there is a policy; nothing is sent.

        Raises:
            QueryRefusedError: the policy forbids it.
            QuerySyntaxError: not SPARQL; says where and why.
        """
        if self.policy is not None:
            self.policy.check_query(text)
            check_query_syntax(text, base_iri=BASE)


class RemoteEngine(Endpoint):
    """A remote server that takes updates and graphs as well.

    Args:
        url: where it answers queries.
        update_url: where it takes updates; None: at ``url``.
        graph_store_url: its graph store, for indirect identification (``?graph=``); None: it has
            none.
        timeout_s: how long a request may take in all.
        credentials: what lets us in; overrides what ``url`` holds.
        policy: what queries and updates may do there; see `Endpoint`.

    Raises:
        UsageError: an address is none.
    """

    def __init__(
        self,
        url: str,
        *,
        update_url: str | None = None,
        graph_store_url: str | None = None,
        timeout_s: float = REMOTE_TIMEOUT_S,
        credentials: Credentials | None = None,
        policy: QueryPolicy | None = None,
    ) -> None:
        super().__init__(url, timeout_s, credentials, policy)
        self.update_url = self.url if update_url is None else split_address(update_url)[0]
        self.graph_store_url = graph_store_url and split_address(graph_store_url)[0]
        for address in filter(None, (self.update_url, self.graph_store_url)):
            self._channel.trust(address)

    def update(
        self,
        text: str,
        *,
        using_graphs: Sequence[str] = (),
        using_named_graphs: Sequence[str] = (),
    ) -> None:
        """Have an update made there; project prefixes that it uses are declared for it.

        Args:
            text: the update.
            using_graphs: IRIs of the graphs that WHERE matches by default (SPARQL 1.1 Protocol,
                section 2.2.3).
            using_named_graphs: IRIs of the graphs that GRAPH may name in WHERE.

        Raises:
            QueryRefusedError: the policy forbids it.
            QuerySyntaxError: there is a policy, and it is not SPARQL.
            QueryError: the server says that the update is wrong.
            EndpointError: it cannot be reached, refuses or fails.
        """
        if self.policy is not None:
            text = self.policy.check_update(text)
            check_update_syntax(text, BASE)
        fields = [
            ("update", declare_prefixes(text)),
            *(("using-graph-uri", iri) for iri in using_graphs),
            *(("using-named-graph-uri", iri) for iri in using_named_graphs),
        ]
        self._post(self.update_url, fields, "*/*")

    # Graph Store HTTP Protocol, section 5; graphs are read by queries, which every server answers

    def get_graph(self, graph: str | None) -> list[ox.Triple]:
        """Return what a graph holds.

        Args:
            graph: its IRI; None: the default graph.

        Raises:
            EndpointError: the server cannot be reached, refuses or fails.
        """
        answer = self.query(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {_within(graph)} }}")
        assert isinstance(answer, list)  # noqa: S101 - it is a CONSTRUCT
        return answer

    def has_graph(self, graph: str | None) -> bool:
        """Return whether a graph holds anything."""
        return bool(self.query(f"ASK {{ {_within(graph)} }}"))

    def put_graph(self, graph: str | None, body: bytes | IO[bytes], media_type: str) -> bool:
        """Make ``body`` the content of a graph, in place of what it held.

        Args:
            graph: its IRI; None: the default graph.
            body: the content; a file is sent from its start, as it is read.
            media_type: of ``body``.

        Returns:
            Whether the server says that the graph is new.

        Raises:
            QueryError: the server says that the content is wrong.
            EndpointError: it cannot be reached, refuses or fails.
        """
        reply = self._graph_request("PUT", graph, {"Content-Type": media_type}, body)
        return reply.status == http.client.CREATED

    def post_graph(self, graph: str | None, body: bytes | IO[bytes], media_type: str) -> bool:
        """Add ``body`` to what a graph holds; arguments and result as for `put_graph`."""
        reply = self._graph_request("POST", graph, {"Content-Type": media_type}, body)
        return reply.status == http.client.CREATED

    def delete_graph(self, graph: str | None) -> None:
        """Remove a graph.

        Raises:
            UnknownNameError: there is no such graph.
            EndpointError: the server cannot be reached, refuses or fails.
        """
        self._graph_request("DELETE", graph, {}, None)

    def _graph_request(
        self,
        method: Literal["PUT", "POST", "DELETE"],
        graph: str | None,
        headers: Mapping[str, str],
        body: bytes | IO[bytes] | None,
    ) -> Reply:
        base = self.graph_store_url
        if base is None:
            raise UsageError(f"{self.url}: say where its graph store is, to reach whole graphs")
        query = "default" if graph is None else urlencode({"graph": graph}, quote_via=quote)
        url = f"{base}{'&' if '?' in base else '?'}{query}"
        try:
            return self._channel.request(method, url, headers, body)
        except EndpointError as error:
            cause = error.__cause__
            if graph is not None and isinstance(cause, HTTPError) and cause.code == 404:
                raise UnknownNameError("graph", graph, ()) from error
            raise

    # As the embedded engine

    def graphs(self) -> list[str]:
        """Return the IRIs of the named graphs, sorted."""
        found = self.query("SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }")
        assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
        return sorted(row["g"].value for row in found)

    def dump(
        self,
        stream: IO[bytes],
        form: ox.RdfFormat,
        graph: str | None = None,
        *,
        inferred: bool = True,
    ) -> None:
        """Write the graph; arguments as for `Engine.dump`.

        Raises:
            UnknownNameError: no such graph.
            EndpointError: the server cannot be reached, refuses or fails.
        """
        known = self.graphs()
        if graph is not None and graph not in known:
            names = [iri.removeprefix(GRAPH) for iri in known]
            raise UnknownNameError("graph", graph.removeprefix(GRAPH), names)
        whole = known if inferred else [name for name in known if name != INFERRED]
        quads = self._quads(whole) if graph is None else self._quads([graph], own_default=False)
        statements = quads if form.supports_datasets else (quad.triple for quad in quads)
        ox.serialize(holdable(statements, form), stream, form, prefixes=dict(PREFIXES))  # type: ignore[arg-type]

    def _quads(self, graphs: Sequence[str], own_default: bool = True) -> Iterator[ox.Quad]:
        for name in graphs:
            node = ox.NamedNode(name)
            for triple in self.get_graph(name):
                yield ox.Quad(triple.subject, triple.predicate, triple.object, node)
        if own_default:
            # Whatever the server takes for the default graph: not what stands elsewhere as well.
            where = "?s ?p ?o FILTER NOT EXISTS { GRAPH ?g { ?s ?p ?o } }"
            found = self.query(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {where} }}")
            assert isinstance(found, list)  # noqa: S101 - it is a CONSTRUCT
            for triple in found:
                yield ox.Quad(triple.subject, triple.predicate, triple.object)


def _within(graph: str | None) -> str:
    return "?s ?p ?o" if graph is None else f"GRAPH {ox.NamedNode(graph)} {{ ?s ?p ?o }}"


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


def _truth(value: bool) -> ox.QueryBoolean:
    document = f'{{"head": {{}}, "boolean": {str(value).lower()}}}'
    answer = ox.parse_query_results(document, ox.QueryResultsFormat.JSON)
    assert isinstance(answer, ox.QueryBoolean)  # noqa: S101 - the document says so
    return answer


def _read(url: str, reply: Reply, graph: bool) -> Answer:
    """Parse an endpoint's answer according to its media type."""
    kind = reply.media_type
    try:
        if graph and (form := ox.RdfFormat.from_media_type(kind)):
            return [quad.triple for quad in ox.parse(reply.content, form, base_iri=url)]
        if not graph and (shape := ox.QueryResultsFormat.from_media_type(kind)):
            answer = ox.parse_query_results(reply.content, shape)
            if isinstance(answer, ox.QuerySolutions):
                # It is parsed while it is read: what is wrong has to show before it is used.
                for _ in answer:
                    pass
                reply.content.seek(0)
                answer = ox.parse_query_results(reply.content, shape)
            return answer
    except (SyntaxError, ValueError) as error:
        problem = f"the answer is not well-formed {kind}: {error}"
        raise EndpointError(f"{url}: {problem}", problem) from error
    problem = f"it answered with {kind or 'no media type'}, which is no result"
    raise EndpointError(f"{url}: {problem}", f"the SPARQL server failed: {problem}")
