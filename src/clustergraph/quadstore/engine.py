"""The embedded engine: one graph on disk, open for reading.

A store directory holds immutable generations (`clustergraph.quadstore.generations`), so that any
number of processes may read it while another writes the next one.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Final, Protocol, TypeAlias

import pyoxigraph as ox

from clustergraph.errors import QueryError, StoreError, UnknownNameError
from clustergraph.quadstore.generations import Generations, Settle
from clustergraph.sparql.messages import explain
from clustergraph.sparql.policy import names_its_graphs, refuse_service
from clustergraph.vocab import GRAPH, INFERRED, PREFIXES

__all__ = ["Answer", "Engine", "Queryable", "build", "is_store", "nothing", "reading"]

_COPIED: Final = 200_000
"""How many quads are copied to be asked without what is inferred."""

Answer: TypeAlias = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples | list[ox.Triple]
"""SELECT: solutions; ASK: a truth; CONSTRUCT and DESCRIBE: triples.

An answer is read in the thread that asked for it.
"""


class Queryable(Protocol):
    """Whatever answers a query: the embedded engine or a remote endpoint."""

    def query(self, text: str) -> Answer:
        """Evaluate one query; see `Engine.query`."""
        ...


class Engine:
    """A published generation, open for reading.

    Args:
        directory: the store directory.
        hold: a file to close when the engine goes, not before, because a lock is held on it.
        number: the generation to open, which stays as long as the engine; None: the published
            one.

    Raises:
        UnknownNameError: there is no such generation.
        StoreError: there is no readable graph.
    """

    def __init__(
        self, directory: Path, hold: IO[str] | None = None, number: int | None = None
    ) -> None:
        self.directory = directory
        held = Generations(directory).hold(number)
        for thing in (held, hold):
            if thing is not None:
                weakref.finalize(self, thing.close)
        self._open(held.generation.path)

    @property
    def store(self) -> ox.Store:
        """The engine's own handle, for what evaluates below the level of whole queries."""
        return self._store

    def shut(self) -> None:
        """Close the database; its directory stays held. Nothing can be asked any more."""
        del self._store

    def _open(self, database: Path) -> None:
        self._stated: Queryable | None = None
        try:
            # The database opens its files when they are needed, wherever the process is by then.
            self._store = ox.Store.read_only(str(database.absolute()))
            next(iter(self._store), None)
        except (OSError, RuntimeError) as error:
            raise StoreError(
                f"{database}: not a readable graph ({error}); go back to an older generation "
                "(clustergraph generations roll-back), restore a backup, or name another directory"
            ) from error

    def query(
        self,
        text: str,
        *,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
    ) -> Answer:
        """Evaluate a SPARQL 1.1 query; the project's prefixes need no declaration.

        The default graph is the union of all graphs, unless the query (FROM) or the arguments
        say otherwise.

        Args:
            text: SELECT, ASK, CONSTRUCT or DESCRIBE.
            default_graphs: IRIs of the graphs that make up the default graph (SPARQL 1.1
                Protocol, section 2.1.4).
            named_graphs: IRIs of the graphs that GRAPH may name.

        Returns:
            The answer, evaluated as it is read; reading may raise what this method raises
            inside `reading`.

        Raises:
            QuerySyntaxError: not SPARQL; says where and why.
            QueryRefusedError: a SERVICE clause.
            QueryError: the engine could not evaluate it.
        """
        refuse_service(text)
        chosen = bool(default_graphs or named_graphs)
        try:
            with reading():
                return self._store.query(
                    text,
                    prefixes=dict(PREFIXES),
                    use_default_graph_as_union=not chosen and not names_its_graphs(text),
                    default_graph=[*_nodes(default_graphs)] if chosen else None,
                    named_graphs=[*_nodes(named_graphs)] if chosen else None,
                )
        except SyntaxError as error:
            raise explain(text, error, PREFIXES, _parse) from error

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
            return _Part(self._store, [g for g in self._store.named_graphs() if g != graph])
        store = ox.Store()
        store.bulk_extend(few)
        return _Part(store, None)

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
            if form.supports_datasets:
                quads = self._store.quads_for_pattern(None, None, None, node)
                ox.serialize(quads, stream, form, prefixes=prefixes)
            else:
                self._store.dump(stream, form, from_graph=node, prefixes=prefixes)
        elif form.supports_datasets and inferred:
            self._store.dump(stream, form, prefixes=prefixes)
        elif form.supports_datasets:
            own = ox.NamedNode(INFERRED)
            kept = (quad for quad in self._store if quad.graph_name != own)
            ox.serialize(kept, stream, form, prefixes=prefixes)
        else:
            other = f"GRAPH ?g {{ ?s ?p ?o }} FILTER(?g != <{INFERRED}>)"
            triples = self._store.query(
                f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {{ ?s ?p ?o }} UNION {{ {other} }} }}"
                if not inferred
                else "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }",
                use_default_graph_as_union=inferred,
            )
            assert isinstance(triples, ox.QueryTriples)  # noqa: S101 - it is a CONSTRUCT
            ox.serialize(triples, stream, form, prefixes=prefixes)


class _Part:
    """Some graphs of a store; `query` as that of the engine.

    Args:
        store: holds them.
        graphs: which ones, beside the default graph; None: all.
    """

    def __init__(self, store: ox.Store, graphs: list[ox.NamedNode | ox.BlankNode] | None) -> None:
        self._store = store
        self._graphs = graphs

    def query(self, text: str) -> Answer:
        refuse_service(text)
        own = names_its_graphs(text)
        listed = None if own else self._graphs
        try:
            with reading():
                return self._store.query(
                    text,
                    prefixes=dict(PREFIXES),
                    use_default_graph_as_union=listed is None and not own,
                    default_graph=None if listed is None else [ox.DefaultGraph(), *listed],
                    named_graphs=listed,
                )
        except SyntaxError as error:
            raise explain(text, error, PREFIXES, _parse) from error


@contextmanager
def reading() -> Iterator[None]:
    """Turn what the engine raises while it evaluates into `QueryError`."""
    try:
        yield
    except (RuntimeError, OSError, ValueError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise QueryError(f"the query could not be evaluated: {error}") from error


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


_NOTHING: Final = nothing()


def _parse(text: str) -> None:
    _NOTHING.query(text, prefixes=dict(PREFIXES))
