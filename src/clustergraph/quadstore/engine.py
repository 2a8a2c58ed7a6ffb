"""The embedded engine: one graph on disk, open for reading.

A store directory holds immutable generations (`clustergraph.quadstore.generations`), so that any
number of processes may read it while another writes the next one.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeAlias

import pyoxigraph as ox

from clustergraph.errors import (
    FederationError,
    QueryError,
    StoreError,
    UnknownNameError,
)
from clustergraph.quadstore.checks import check_query_syntax, explain_query
from clustergraph.quadstore.generations import Generations, Settle
from clustergraph.sparql.answers import Answer, reading
from clustergraph.sparql.policy import QueryPolicy, graph_clauses, names_its_graphs
from clustergraph.sparql.regex import MATCHES, functions
from clustergraph.sparql.rewriting import rewritten, without_repeated_variables
from clustergraph.sparql.wellformed import holdable, holds_all
from clustergraph.vocab import GRAPH, INFERRED, PREFIXES

__all__ = [
    "Answer",
    "Engine",
    "Queryable",
    "StoreEngine",
    "build",
    "is_store",
    "nothing",
    "reading",
]

# What the names of our functions start with.
_CALLED: Final = "<urn:x-clustergraph:"
_COPIED: Final = 200_000
"""How many quads are copied to be asked without what is inferred."""

Graphs: TypeAlias = list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None
NamedGraphs: TypeAlias = list[ox.NamedNode | ox.BlankNode] | None
_DEFAULT_POLICY: Final = QueryPolicy()


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
        else:
            if self._graphs is None:
                union = self._union
            else:
                default, named = [ox.DefaultGraph(), *self._graphs], [*self._graphs]
        store = self._store
        if default is not None and len(default) > 1 and self._graphs is None:
            store, default = self._merged(tuple(default), tuple(named or ()))
        evaluate = partial(
            self._evaluate, store, default_graph=default, named_graphs=named, union=union
        )
        try:
            with reading():
                return evaluate(rewritten(text))
        except SyntaxError as error:
            # The fault is explained on the text as it was written.
            with reading(), suppress(SyntaxError):
                return evaluate(rewritten(without_repeated_variables(text)))
            raise explain_query(text, error, self.prefixes, self.base_iri) from error

    def _from_clauses(
        self, text: str
    ) -> tuple[
        list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None,
        list[ox.NamedNode | ox.BlankNode] | None,
    ]:
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
    ) -> tuple[ox.Store, list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph]]:
        """Return a store and default graphs in which no statement stands twice.

        The default graph is the merge of the graphs, a set (SPARQL 1.1, 13.1), but the engine
        finds a statement once in each of them. Graphs of more than `_COPIED` statements are left
        as they are.
        """
        key = default, named
        if self._last_merge is None or self._last_merge[0] != key:
            self._last_merge = key, self._merge(default, named)
        merged = self._last_merge[1]
        return (self._store, [*default]) if merged is None else (merged, [ox.DefaultGraph()])

    def _merge(
        self, default: Sequence[object], named: Sequence[ox.NamedNode | ox.BlankNode]
    ) -> ox.Store | None:
        """Return a store with the merge of some graphs; None: nothing stands twice, or too much."""
        size = 0
        quads: set[ox.Quad] = set()
        for graph in dict.fromkeys(default):
            for quad in self._store.quads_for_pattern(None, None, None, graph):  # type: ignore[arg-type]
                size += 1
                if size > _COPIED:
                    return None
                quads.add(ox.Quad(quad.subject, quad.predicate, quad.object))
        if len(quads) == size:
            return None
        for name in named:
            quads.update(self._store.quads_for_pattern(None, None, None, name))
            if len(quads) > _COPIED:
                return None
        store = ox.Store()
        store.bulk_extend(quads)
        return store

    def _evaluate(
        self,
        store: ox.Store,
        text: str,
        *,
        default_graph: Graphs,
        named_graphs: NamedGraphs,
        union: bool,
    ) -> Answer:
        return store.query(
            text,
            base_iri=self.base_iri,
            # Passing a prefix on takes time.
            prefixes={name: iri for key, name, iri in self._prefix_table if key in text},
            use_default_graph_as_union=union,
            default_graph=default_graph,
            named_graphs=named_graphs,
            custom_functions=_FUNCTIONS if _CALLED in text else None,
        )

    def check(self, text: str) -> None:
        """Apply the policy and check the syntax; nothing is evaluated and no host called.

        Raises:
            QueryRefusedError: the policy forbids it.
            QuerySyntaxError: not SPARQL; says where and why.
        """
        with suppress(FederationError):  # checked as well, where there is no network
            self.policy.check_query(text)
        check_query_syntax(text, self.prefixes, self.base_iri)


class Engine(StoreEngine):
    """A published generation, open for reading.

    Args:
        directory: the store directory.
        hold: a file to close when the engine goes, not before, because a lock is held on it.
        number: the generation to open, which stays as long as the engine; None: the published
            one.
        policy: as for `StoreEngine`, like the remaining arguments.
        base_iri: likewise.
        union: likewise.

    Raises:
        UnknownNameError: there is no such generation.
        StoreError: there is no readable graph.
    """

    def __init__(
        self,
        directory: Path,
        hold: IO[str] | None = None,
        number: int | None = None,
        *,
        policy: QueryPolicy = _DEFAULT_POLICY,
        base_iri: str | None = None,
        union: bool = True,
    ) -> None:
        self.directory = directory
        held = Generations(directory).hold(number)
        for thing in (held, hold):
            if thing is not None:
                weakref.finalize(self, thing.close)
        self._stated: Queryable | None = None
        store = _open(held.generation.path)
        super().__init__(store, policy=policy, base_iri=base_iri, union=union)

    @property
    def store(self) -> ox.Store:
        """The engine's own handle, for what evaluates below the level of whole queries."""
        return self._store

    def shut(self) -> None:
        """Close the database; its directory stays held. Nothing can be asked any more."""
        del self._store

    def stated(self) -> Queryable:
        """Return the same graph without what is inferred, for questions about what was stated.

        A graph of common size is copied into memory at the first call, where it is asked quickly;
        a large one is asked where it is, with its graphs listed, which takes several times as long.
        """
        if self._stated is None:
            self._stated = self._without(ox.NamedNode(INFERRED))
        return self._stated

    def _without(self, graph: ox.NamedNode) -> Queryable:
        if next(self._store.quads_for_pattern(None, None, None, graph), None) is None:
            return self
        quads = (quad for quad in self._store if quad.graph_name != graph)
        few = list(islice(quads, _COPIED + 1))
        if len(few) > _COPIED:
            others = [name for name in self._store.named_graphs() if name != graph]
            return self._over(self._store, others)
        store = ox.Store()
        store.bulk_extend(few)
        return self._over(store, None)

    def _over(
        self, store: ox.Store, graphs: Sequence[ox.NamedNode | ox.BlankNode] | None
    ) -> StoreEngine:
        return StoreEngine(
            store,
            policy=self.policy,
            prefixes=self.prefixes,
            base_iri=self.base_iri,
            union=self._union,
            graphs=graphs,
        )

    def mentions(self, iri: str) -> bool:
        """Say whether the graph states anything about the thing that bears this IRI."""
        quads = self._store.quads_for_pattern(ox.NamedNode(iri), None, None)
        return next(iter(quads), None) is not None

    def names_in(self, namespace: str) -> list[str]:
        """Return the local names, within a namespace, of the things that the graph describes."""
        found = self.query(
            "SELECT DISTINCT ?thing WHERE { ?thing a ?class "
            f"FILTER(isIRI(?thing) && STRSTARTS(STR(?thing), {ox.Literal(namespace)})) }}"
        )
        assert isinstance(found, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
        return sorted(solution["thing"].value.removeprefix(namespace) for solution in found)

    def graphs(self) -> list[str]:
        """Return the IRIs of the named graphs, sorted."""
        return sorted(
            graph.value for graph in self._store.named_graphs() if isinstance(graph, ox.NamedNode)
        )

    def dump(
        self,
        stream: IO[bytes],
        form: ox.RdfFormat,
        graph: str | None = None,
        *,
        inferred: bool = True,
    ) -> None:
        """Write the graph, with the project's prefixes where the format has such.

        Args:
            stream: where to write.
            form: a format that holds datasets, unless ``graph`` is given; one that does not
                gets the union of all graphs.
            graph: the IRI of the one graph to write.
            inferred: whether what is inferred belongs to the whole.

        Raises:
            UnknownNameError: no such graph.
        """
        if graph is not None and graph not in (known := self.graphs()):
            names = [iri.removeprefix(GRAPH) for iri in known]
            raise UnknownNameError("graph", graph.removeprefix(GRAPH), names)
        prefixes = dict(PREFIXES)
        if graph is not None:
            node = ox.NamedNode(graph)
            quads = self._store.quads_for_pattern(None, None, None, node)
            if holds_all(form) and not form.supports_datasets:
                self._store.dump(stream, form, from_graph=node, prefixes=prefixes)
            elif form.supports_datasets:
                ox.serialize(holdable(quads, form), stream, form, prefixes=prefixes)
            else:
                triples = holdable((quad.triple for quad in quads), form)
                ox.serialize(triples, stream, form, prefixes=prefixes)
        elif form.supports_datasets and inferred and holds_all(form):
            self._store.dump(stream, form, prefixes=prefixes)
        elif form.supports_datasets:
            own = ox.NamedNode(INFERRED)
            kept = (quad for quad in self._store if inferred or quad.graph_name != own)
            ox.serialize(holdable(kept, form), stream, form, prefixes=prefixes)
        else:
            other = f"GRAPH ?g {{ ?s ?p ?o }} FILTER(?g != <{INFERRED}>)"
            found = self._store.query(
                f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {{ ?s ?p ?o }} UNION {{ {other} }} }}"
                if not inferred
                else "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }",
                use_default_graph_as_union=inferred,
            )
            assert isinstance(found, ox.QueryTriples)  # noqa: S101 - it is a CONSTRUCT
            ox.serialize(holdable(found, form), stream, form, prefixes=prefixes)


def _open(database: Path) -> ox.Store:
    try:
        # The database opens its files when they are needed, wherever the process is by then.
        store = ox.Store.read_only(str(database.absolute()))
        next(iter(store), None)
    except (OSError, RuntimeError) as error:
        raise StoreError(
            f"{database}: not a readable graph ({error}); go back to an older generation "
            "(clustergraph generations roll-back), restore a backup, or name another directory"
        ) from error
    return store


def build(
    directory: Path, quads: Callable[[], Iterable[ox.Quad]], settle: Settle | None = None
) -> None:
    """Make ``directory`` a store whose first generation holds what ``quads`` yields.

    With ``settle`` it holds as well what that adds, for instance what follows from the quads.

    Nothing but a complete store ever stands at ``directory``: the work is done beside it and
    moved there at the end. When someone else was quicker, theirs stays.

    Raises:
        StoreError: ``directory`` holds something else already, or the disk refuses.
    """

    def fill(store: ox.Store) -> None:
        store.bulk_extend(quads())
        if settle is not None:
            settle(store, None)
        store.optimize()

    Generations(directory).create(fill)


def is_store(directory: Path) -> bool:
    """Say whether ``directory`` is a store that `build` made."""
    return Generations(directory).exist()


def _nodes(iris: Sequence[str]) -> list[ox.NamedNode]:
    try:
        return [ox.NamedNode(iri) for iri in iris]
    except ValueError as error:
        raise QueryError(f"a graph is named by an absolute IRI ({error})") from error


def nothing() -> ox.Store:
    """Return an empty graph in memory."""
    return ox.Store()


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
