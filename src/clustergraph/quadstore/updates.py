"""SPARQL updates, with what they do to a store: quad by quad.

The engine does not say what an update has changed, and to compare a graph with itself takes as
long as the graph is large. So an update is taken apart into its operations, and each is carried
out here: the engine evaluates its pattern, and fills the templates with the solutions in a store of
its own; what they make is removed and added quad by quad. What is told is what has been done,
whatever the taking apart made of a text.

An update that cannot be taken apart safely, or an operation that does very much, is carried out by
the engine as a whole; nothing is told of it then.

Source: SPARQL 1.1 Update, sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from typing import Final, TypeAlias, cast

import pyoxigraph as ox

from clustergraph.quadstore.checks import check_operation
from clustergraph.quadstore.delta import (
    MOST_QUADS,
    Delta,
    Graph,
    GraphName,
    contents,
    exchange,
    named,
)
from clustergraph.sparql.lexer import tokens
from clustergraph.sparql.operations import Operation, operations
from clustergraph.sparql.policy import QueryPolicy

# In VALUES no blank nodes may stand: these IRIs stand for them.
_BLANK: Final = "urn:x-clustergraph:blank:"
_PROBE: Final = ox.NamedNode("urn:x-clustergraph:probe")
_WHOLE_GRAPHS: Final = frozenset({"CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY"})

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
_DEFAULT_POLICY: Final = QueryPolicy()


class _TooMuchError(Exception):
    """This is for the engine, as a whole; nothing of the operation at hand has been done."""


def update(
    store: ox.Store,
    text: str,
    *,
    base_iri: str | None = None,
    prefixes: Mapping[str, str] | None = None,
    policy: QueryPolicy = _DEFAULT_POLICY,
    most: int = MOST_QUADS,
) -> Delta | None:
    """Carry out an update, and say what it did.

    Args:
        store: is changed; nobody else may write to it meanwhile.
        text: one or more operations.
        base_iri: resolves relative IRIs.
        prefixes: need no declaration.
        policy: what the update may do; by default it calls no other host.
        most: how many quads an operation may touch and still be told.

    Returns:
        What has changed; None: that is not known.

    Raises:
        QueryRefusedError: the policy forbids it; nothing has happened.
        SyntaxError: the text is no update.
        RuntimeError: an operation failed.
        ValueError: as above.
        OSError: as above, or the disk refuses.
            After an error in a later operation, those before it have been done: discard the store.
    """
    parts = operations(policy.check_update(text), base_iri, prefixes)
    for operation in parts:
        if operation.tokens:
            check_operation(operation)
    engine = _Engine(store, most)
    done: Delta | None = Delta()
    for operation in parts:
        try:
            done = None if done is None else done.then(engine.carry_out(operation))
        except _TooMuchError:
            done = None
        if done is None:
            _run(store, operation, operation.text)
    return done


class _Reading:
    """Reads the tokens of an operation one after the other."""

    def __init__(self, operation: Operation) -> None:
        self._tokens = operation.tokens
        self._text = operation.text
        self._start = operation.start
        self._at = 0

    def word(self, *words: str) -> bool:
        """Pass over words, if they are what comes next."""
        following = self._tokens[self._at : self._at + len(words)]
        if len(following) < len(words):
            return False
        if not all(token.is_word(word) for token, word in zip(following, words, strict=True)):
            return False
        self._at += len(words)
        return True

    def iri(self) -> str:
        """Pass over an IRI, and return it as written."""
        if self._at == len(self._tokens) or self._tokens[self._at].kind not in ("iri", "name"):
            raise _TooMuchError
        self._at += 1
        return self._tokens[self._at - 1].text

    def block(self) -> str:
        """Pass over a group in braces, and return it as written."""
        first, depth = self._at, 0
        for at in range(first, len(self._tokens)):
            token = self._tokens[at]
            depth += (token.text == "{") - (token.text == "}") if token.kind == "sign" else 0
            if not depth:
                break
        else:
            raise _TooMuchError
        if at == first:
            raise _TooMuchError
        self._at = at + 1
        start, end = self._tokens[first].start, self._tokens[at].end
        return self._text[start - self._start : end - self._start]

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self._at != len(self._tokens):
            raise _TooMuchError


class _Engine:
    """Carries out operations on a store.

    Args:
        store: is changed.
        most: how many quads an operation may touch.
    """

    def __init__(self, store: ox.Store, most: int) -> None:
        self._store = store
        self._most = most

    def carry_out(self, operation: Operation) -> Delta:
        """Carry out one operation, and say what it did."""
        if not operation.tokens:
            raise _TooMuchError
        reading = _Reading(operation)
        if reading.word("INSERT", "DATA"):
            quads = self._quads(operation, reading.block())
            reading.end()
            return exchange(self._store, (), quads)
        if reading.word("DELETE", "DATA"):
            quads = self._quads(operation, reading.block())
            reading.end()
            return exchange(self._store, quads, ())
        if reading.word("DELETE", "WHERE"):
            block = reading.block()
            reading.end()
            return self._modify(operation, "", block, "", "", block)
        first = operation.tokens[0]
        if first.kind == "word" and first.text.upper() in _WHOLE_GRAPHS:
            return self._whole_graphs(operation, reading)
        into = reading.iri() if reading.word("WITH") else ""
        deleted = reading.block() if reading.word("DELETE") else ""
        inserted = reading.block() if reading.word("INSERT") else ""
        if not deleted and not inserted:
            raise _TooMuchError
        dataset = ""
        while reading.word("USING"):
            dataset += "FROM NAMED " if reading.word("NAMED") else "FROM "
            dataset += reading.iri() + " "
        reading.word("WHERE")
        pattern = reading.block()
        reading.end()
        return self._modify(operation, into, deleted, inserted, dataset, pattern)

    def _quads(self, operation: Operation, block: str) -> list[ox.Quad]:
        """Return the quads of a block, with the engine's reading of it."""
        scratch = ox.Store()
        _run(scratch, operation, f"INSERT DATA {block}")
        return list(scratch)

    def _name(self, operation: Operation, iri: str) -> ox.NamedNode:
        """Return the graph that an IRI, as written, names."""
        quad = f"{{ GRAPH {iri} {{ {_PROBE} {_PROBE} {_PROBE} }} }}"
        (found,) = self._quads(operation, quad)
        return cast(ox.NamedNode, found.graph_name)

    def _modify(
        self,
        operation: Operation,
        into: str,
        deleted: str,
        inserted: str,
        dataset: str,
        pattern: str,
    ) -> Delta:
        """Do what the templates make of the solutions of a pattern (section 3.1.3)."""
        variables = (one.text[1:] for one in tokens(deleted + inserted) if one.kind == "variable")
        names = sorted(set(variables))
        projection = " ".join(f"?{name}" for name in names) or f"(1 AS ?{_unused(pattern)})"
        graph = [self._name(operation, into)] if into and not dataset else None
        solutions = self._store.query(
            f"SELECT {projection} {dataset} WHERE {pattern}",
            base_iri=operation.base_iri,
            prefixes=dict(operation.prefixes),
            default_graph=graph,  # type: ignore[arg-type]
        )
        assert isinstance(solutions, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
        rows = [
            " ".join(_written(solution[name]) for name in names)
            for solution in islice(solutions, self._most + 1)
        ]
        if len(rows) > self._most:
            raise _TooMuchError
        values = f"VALUES ({' '.join(f'?{name}' for name in names)}) {{ ({') ('.join(rows)}) }}"
        removed, added = (
            self._filled(operation, into, template, values) if template and rows else set()
            for template in (deleted, inserted)
        )
        return exchange(self._store, removed, added)

    def _filled(self, operation: Operation, into: str, template: str, values: str) -> set[ox.Quad]:
        """Return what the engine makes of a template and solutions."""
        scratch = ox.Store()
        given = f"WITH {into} " if into else ""
        _run(scratch, operation, f"{given}INSERT {template} WHERE {{ {values} }}")
        quads = set()
        for quad in scratch:
            with suppress(TypeError):  # what would be no statement is left out
                quads.add(ox.Quad(*map(_read, quad)))  # type: ignore[arg-type]
        if len(quads) > self._most:
            raise _TooMuchError
        return quads

    def _whole_graphs(self, operation: Operation, reading: _Reading) -> Delta:
        """Have the engine carry out an operation on whole graphs; compare these."""
        reading.word(operation.tokens[0].text.upper())
        reading.word("SILENT")
        concerned: list[Graph] = []
        every = False
        while True:
            if reading.word("ALL") or reading.word("NAMED"):
                every = True
            elif reading.word("DEFAULT"):
                concerned.append(ox.DefaultGraph())
            else:
                reading.word("GRAPH")
                concerned.append(self._name(operation, reading.iri()))
            if not reading.word("TO"):
                break
        reading.end()
        graphs = named(self._store) if every else _present(self._store, concerned)
        places = [*graphs, ox.DefaultGraph()] if every else concerned
        before = self._contents(places)
        _run(self._store, operation, operation.text)
        after = self._contents(places, most=2 * self._most)
        left = named(self._store) if every else _present(self._store, concerned)
        return Delta(after - before, before - after, left - graphs, graphs - left)

    def _contents(self, graphs: Iterable[Graph], most: int | None = None) -> set[ox.Quad]:
        found: set[ox.Quad] = set()
        room = self._most if most is None else most
        for graph in dict.fromkeys(graphs):
            held = contents(self._store, graph, room - len(found))
            if held is None:
                raise _TooMuchError
            found |= held
        return found


def _run(store: ox.Store, operation: Operation, text: str) -> None:
    """Have the engine carry out a text with the declarations of an operation."""
    store.update(text, base_iri=operation.base_iri, prefixes=dict(operation.prefixes))


def _present(store: ox.Store, graphs: Iterable[Graph]) -> set[GraphName]:
    return {
        graph
        for graph in graphs
        if not isinstance(graph, ox.DefaultGraph) and store.contains_named_graph(graph)
    }


def _unused(pattern: str) -> str:
    name = "one"
    while name in pattern:
        name += "_"
    return name


def _written(term: Term | None) -> str:
    """Return a term as VALUES takes it."""
    if isinstance(term, ox.BlankNode):
        return f"<{_BLANK}{term.value}>"
    if isinstance(term, ox.Triple):
        return f"<<( {' '.join(map(_written, term))} )>>"
    return "UNDEF" if term is None else str(term)


def _read(term: Term | ox.DefaultGraph) -> Term | ox.DefaultGraph:
    """Return a term that `_written` has written."""
    if isinstance(term, ox.NamedNode) and term.value.startswith(_BLANK):
        return ox.BlankNode(term.value.removeprefix(_BLANK))
    if isinstance(term, ox.Triple):
        return ox.Triple(*map(_read, term))  # type: ignore[arg-type]
    return term
