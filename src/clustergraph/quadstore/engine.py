"""The embedded engine: one graph on disk, open for reading.

A store directory holds immutable generations (`clustergraph.quadstore.generations`), so that any
number of processes may read it while another writes the next one.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Final

import pyoxigraph as ox

from clustergraph.errors import (
    StoreError,
    UnknownNameError,
)
from clustergraph.quadstore.evaluation import Queryable, StoreEngine
from clustergraph.quadstore.generations import Generations, Settle
from clustergraph.sparql.answers import holdable, holds_all
from clustergraph.sparql.policy import QueryPolicy
from clustergraph.vocab import GRAPH, INFERRED, PREFIXES

_COPIED: Final = 400_000
"""How many quads are copied to be asked without what is inferred."""

_DEFAULT_POLICY: Final = QueryPolicy()


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
        self._stated: dict[frozenset[str], Queryable] = {}
        store = _open(held.generation.path)
        super().__init__(store, policy=policy, base_iri=base_iri, union=union)

    @property
    def store(self) -> ox.Store:
        """The engine's own handle, for what evaluates below the level of whole queries."""
        return self._store

    def shut(self) -> None:
        """Close the database; its directory stays held. Nothing can be asked any more."""
        del self._store

    def stated(self, without: Collection[str] = ()) -> Queryable:
        """Return the same graph without what is inferred, for questions about what was stated.

        A graph of common size is copied into memory at the first call, where it is asked quickly;
        a large one is asked where it is, with its graphs listed, which takes several times as long.

        Args:
            without: IRIs of further graphs to leave out.
        """
        left_out = frozenset((INFERRED, *without))
        if left_out not in self._stated:
            self._stated[left_out] = self._without({ox.NamedNode(iri) for iri in left_out})
        return self._stated[left_out]

    def _without(self, graphs: Collection[ox.NamedNode]) -> Queryable:
        known = list(self._store.named_graphs())
        others = [graph for graph in known if graph not in graphs]
        if len(others) == len(known):
            return self
        quads = (
            quad
            for graph in (ox.DefaultGraph(), *others)
            for quad in self._store.quads_for_pattern(None, None, None, graph)
        )
        few = list(islice(quads, _COPIED + 1))
        if len(few) > _COPIED:
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
            form: a format; one that holds no datasets gets the statements of all graphs, or of
                ``graph``.
            graph: the IRI of the one graph to write.
            inferred: whether what is inferred belongs to the whole.

        Raises:
            UnknownNameError: no such graph.
        """
        if graph is not None and graph not in (known := self.graphs()):
            names = [iri.removeprefix(GRAPH) for iri in known]
            raise UnknownNameError("graph", graph.removeprefix(GRAPH), names)
        prefixes = dict(PREFIXES)
        node = None if graph is None else ox.NamedNode(graph)
        datasets = form.supports_datasets
        if holds_all(form) and datasets == (node is None) and (inferred or node is not None):
            self._store.dump(stream, form, from_graph=node, prefixes=prefixes)
            return
        named = (one for one in self._store.named_graphs() if inferred or one.value != INFERRED)
        quads = (
            quad
            for one in ([ox.DefaultGraph(), *named] if node is None else [node])
            for quad in self._store.quads_for_pattern(None, None, None, one)
        )
        statements = quads if datasets else (quad.triple for quad in quads)
        ox.serialize(holdable(statements, form), stream, form, prefixes=prefixes)  # type: ignore[arg-type]


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
        # Queries of many statements take a sixth longer without.
        store.optimize()

    Generations(directory).create(fill)


def is_store(directory: Path) -> bool:
    """Say whether ``directory`` is a store that `build` made."""
    return Generations(directory).exist()
