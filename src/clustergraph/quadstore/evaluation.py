"""Queries evaluated over an open store, under a policy, with the answer that SPARQL defines."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Final, Protocol, TypeAlias

import pyoxigraph as ox

from clustergraph.errors import FederationError, QueryError
from clustergraph.quadstore.checks import check_query_syntax, explain_query
from clustergraph.sparql.answers import Answer, reading
from clustergraph.sparql.policy import QueryPolicy, graph_clauses, names_its_graphs
from clustergraph.sparql.regex import MATCHES, functions
from clustergraph.sparql.rewriting import deviations, rewritten, without_repeated_variables
from clustergraph.sparql.terms import UsedTerm, unknown_terms
from clustergraph.vocab import PREFIXES

# What the names of our functions start with.
_CALLED: Final = "<urn:x-clustergraph:"
_MERGED: Final = 200_000
"""How many quads of graphs named by FROM are merged into a set."""
_MOST_TERMS: Final = 10_000
_DEFAULT_POLICY: Final = QueryPolicy()
Graphs: TypeAlias = list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None
NamedGraphs: TypeAlias = list[ox.NamedNode | ox.BlankNode] | None


class Queryable(Protocol):
    """A graph that answers queries: an embedded engine or a remote endpoint.

    Every implementation enforces its `QueryPolicy` itself.
    """

    def query(
        self,
        text: str,
        *,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
    ) -> Answer:
        """Evaluate one query; see `StoreEngine.query`."""
        ...

    def check(self, text: str) -> None:
        """Apply policy and syntax check without evaluating; see `StoreEngine.check`."""
        ...


class StoreEngine:
    """Evaluates queries over an open store, under a policy.

    Args:
        store: the quads.
        policy: what queries may do; by default they call no other host.
        prefixes: prefixes that queries need not declare.
        base_iri: against which relative IRIs are resolved.
        union: whether the default graph is the union of all graphs, unless the query or the
            request names its own; else it is the store's own default graph.
        graphs: the only named graphs that can be seen, beside the default graph; None: all.
    """

    def __init__(
        self,
        store: ox.Store,
        *,
        policy: QueryPolicy = _DEFAULT_POLICY,
        prefixes: Mapping[str, str] = PREFIXES,
        base_iri: str | None = None,
        union: bool = True,
        graphs: Sequence[ox.NamedNode | ox.BlankNode] | None = None,
    ) -> None:
        self._store = store
        self._graphs = graphs
        self._union = union
        self.policy = policy
        self.prefixes = prefixes
        self.base_iri = base_iri
        self._known_terms: set[str] = set()
        self._last_merge: tuple[object, ox.Store | None] | None = None
        self._prefix_table = [(f"{name}:", name, iri) for name, iri in prefixes.items()]

    def query(
        self,
        text: str,
        *,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
    ) -> Answer:
        """Evaluate a SPARQL 1.1 query.

        Args:
            text: SELECT, ASK, CONSTRUCT or DESCRIBE.
            default_graphs: IRIs of the graphs that make up the default graph; with
                ``named_graphs`` they replace what the query says (SPARQL 1.1 Protocol, 2.1.4).
            named_graphs: IRIs of the graphs that GRAPH may name.

        Returns:
            The answer, evaluated as it is read; reading may raise what this method raises
            inside `reading`.

        Raises:
            QueryRefusedError: the policy forbids it.
            FederationError: it calls other endpoints, and this process has no network.
            QuerySyntaxError: not SPARQL; says where and why.
            QueryError: the engine could not evaluate it.
        """
        self.policy.check_query(text)
        default: Graphs = None
        named: NamedGraphs = None
        union = False
        if default_graphs or named_graphs:
            default, named = [*_nodes(default_graphs)], [*_nodes(named_graphs)]
        elif names_its_graphs(text):
            default, named = self._from_clauses(text)
        elif self._graphs is None:
            union = self._union
        else:
            default, named = [ox.DefaultGraph(), *self._graphs], [*self._graphs]
        store = self._store
        if default is not None and len(default) > 1 and self._graphs is None:
            key = tuple(default), tuple(named or ())
            if self._last_merge is None or self._last_merge[0] != key:
                self._last_merge = key, self._merged(*key)
            if (merged := self._last_merge[1]) is not None:
                store, default = merged, [ox.DefaultGraph()]

        def evaluate(asked: str) -> Answer:
            with reading():
                return store.query(
                    asked,
                    base_iri=self.base_iri,
                    # Passing a prefix on takes time.
                    prefixes={name: iri for key, name, iri in self._prefix_table if key in asked},
                    use_default_graph_as_union=union,
                    default_graph=default,
                    named_graphs=named,
                    custom_functions=_FUNCTIONS if _CALLED in asked else None,
                )

        try:
            return evaluate(rewritten(text))
        except SyntaxError as error:
            # The fault is explained on the text as it was written.
            with suppress(SyntaxError):
                return evaluate(rewritten(without_repeated_variables(text)))
            raise explain_query(text, error, self.prefixes, self.base_iri) from error

    def warnings(self, text: str, namespace: str) -> list[str]:
        """Return what may be amiss with a query that is valid, in sentences; usually nothing.

        Args:
            text: the query.
            namespace: of the vocabulary whose unknown terms are told.
        """
        return [*(words for _, words in self.unknown_terms(text, namespace)), *deviations(text)]

    def unknown_terms(self, text: str, namespace: str) -> list[tuple[UsedTerm, str]]:
        """Return the terms of a namespace that a query uses and the graph lacks, with a message."""

        def is_known(iri: str) -> bool:
            if iri not in self._known_terms:
                node = ox.NamedNode(iri)
                patterns = ((node, None, None), (None, node, None), (None, None, node))
                found = (self._store.quads_for_pattern(*pattern) for pattern in patterns)
                if not any(next(quads, None) is not None for quads in found):
                    return False
                if len(self._known_terms) < _MOST_TERMS:
                    self._known_terms.add(iri)
            return True

        # A quick look at the names decides whether a closer one is worth its time.
        prefixes = tuple(name for name, iri in self.prefixes.items() if iri == namespace)
        names_found = _names_pattern(prefixes).findall(text) if prefixes else ()
        if namespace not in text and all(
            f"{namespace}{name}" in self._known_terms for name in names_found
        ):
            return []
        try:
            return unknown_terms(
                text, self.prefixes, namespace, is_known, lambda: self.names_in(namespace)
            )
        except ValueError:
            return []  # an IRI that is none: the parser says so

    def names_in(self, namespace: str) -> list[str]:
        """Return the local names, within a namespace, of the things that the graph describes."""
        found = self.query(
            "SELECT DISTINCT ?thing WHERE { ?thing a ?class "
            f"FILTER(isIRI(?thing) && STRSTARTS(STR(?thing), {ox.Literal(namespace)})) }}"
        )
        assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
        return sorted(solution["thing"].value.removeprefix(namespace) for solution in found)

    def _from_clauses(self, text: str) -> tuple[Graphs, NamedGraphs]:
        """Return the graphs of several FROM clauses; None, None: the engine reads the clauses."""
        prologue, default, named = graph_clauses(text)
        if len(default) < 2:
            return None, None
        known = "".join(f"PREFIX {name}: <{iri}> " for name, iri in self.prefixes.items())
        terms = " , ".join([*default, *named])
        turtle = f"{known} {prologue} <x:a> <x:a> {terms} ."
        try:
            parsed = ox.parse(turtle, ox.RdfFormat.TURTLE, base_iri=self.base_iri)
            nodes = [quad.object for quad in parsed if isinstance(quad.object, ox.NamedNode)]
        except (SyntaxError, ValueError):
            return None, None
        if len(nodes) != len(default) + len(named):
            return None, None
        return [*nodes[: len(default)]], [*nodes[len(default) :]]

    def _merged(
        self,
        default: tuple[ox.NamedNode | ox.BlankNode | ox.DefaultGraph, ...],
        named: tuple[ox.NamedNode | ox.BlankNode, ...],
    ) -> ox.Store | None:
        """Return a store in which no statement of some graphs stands twice.

        The default graph is the merge of the graphs, a set (SPARQL 1.1, 13.1), but the engine
        finds a statement once in each of them.

        Returns:
            None: nothing stands twice, or the graphs have more than `_MERGED` statements.
        """
        found = itertools.islice(
            (
                ox.Quad(*quad.triple)
                for graph in dict.fromkeys(default)
                for quad in self._store.quads_for_pattern(None, None, None, graph)
            ),
            _MERGED + 1,
        )
        count, quads = 0, set[ox.Quad]()
        for count, quad in enumerate(found, 1):  # noqa: B007 - the last one is the number
            quads.add(quad)
        if len(quads) == count or count > _MERGED:
            return None
        for name in named:
            quads.update(self._store.quads_for_pattern(None, None, None, name))
            if len(quads) > _MERGED:
                return None
        store = ox.Store()
        store.bulk_extend(quads)
        return store

    def check(self, text: str) -> None:
        """Apply the policy and check the syntax; nothing is evaluated and no host called.

        Raises:
            QueryRefusedError: the policy forbids it.
            QuerySyntaxError: not SPARQL; says where and why.
        """
        with suppress(FederationError):  # checked as well, where there is no network
            self.policy.check_query(text)
        check_query_syntax(text, self.prefixes, self.base_iri)


def _nodes(iris: Sequence[str]) -> list[ox.NamedNode]:
    try:
        return [ox.NamedNode(iri) for iri in iris]
    except ValueError as error:
        raise QueryError(f"a graph is named by an absolute IRI ({error})") from error


@cache
def _names_pattern(prefixes: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, prefixes))}):([\w-]+)")


_NOTHING: Final = ox.Store()


def _matches(*terms: Any) -> Any:
    """Evaluate REGEX as XPath defines it; as the engine has it where XPath has no such pattern."""
    name = ox.NamedNode(MATCHES)
    found = functions[name](*terms)
    if found is None and all(isinstance(term, ox.Literal) for term in terms):
        rows = _NOTHING.query(f"SELECT (REGEX({', '.join(map(str, terms))}) AS ?x) {{}}")
        assert isinstance(rows, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
        found = next(rows)[0]
    return found


_FUNCTIONS: Final = {**functions, ox.NamedNode(MATCHES): _matches}
