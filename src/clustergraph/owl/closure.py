"""All that follows from a graph, drawn at once and written to a graph of its own.

Whole sets of statements are taken at a time, each only when it is new (semi-naive evaluation), so
that nothing is drawn twice from the same statements and rules that feed each other come to an end.
Terms are kept as the texts in which the engine writes and reads them, which costs a fraction of
what objects would: half of the time goes into the store.
"""

from __future__ import annotations

import gc
import itertools
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias, cast

import pyoxigraph as ox

from clustergraph.errors import StoreError
from clustergraph.owl.rules import TYPE, Rules, Step, compile_rules
from clustergraph.vocab import INFERRED

Pair: TypeAlias = tuple[str, str]
Turn: TypeAlias = tuple[str, bool]
Index: TypeAlias = defaultdict[str, list[str]]

_GRAPH: Final = ox.NamedNode(INFERRED)
_TYPE: Final = str(TYPE)
MOST: Final = 20_000_000
"""How many statements may follow; more is taken for a mistake in the ontology."""


def materialise(store: ox.Store, rules: Rules | None = None) -> int:
    """Make the inferred graph of a store hold what follows from the others, and nothing else.

    Args:
        store: to be changed; not by anybody else meanwhile.
        rules: what draws conclusions; by default what the store's own ontology makes.

    Returns:
        How many statements are inferred.

    Raises:
        StoreError: more follows than could be meant.
    """
    rules = compile_rules(store) if rules is None else rules
    if not rules:
        store.remove_graph(_GRAPH)
        return 0
    collected = gc.isenabled()
    # The collector would walk over millions of tuples, none of which is in a cycle.
    gc.disable()
    try:
        before = set(_lines(store, f"SELECT ?s ?p ?o {{ GRAPH {_GRAPH} {{ ?s ?p ?o }} }}"))
        blocks = list(_Closure(store, rules, bool(before)).run())
        count = sum(block.count("\n") for block in blocks)
        if before:
            # To remove all that stays and to write it again would take several times as long.
            after = {line.removesuffix(" .") for block in blocks for line in block.split("\n")[:-1]}
            for quad in _quads(before - after):
                store.remove(quad)
            blocks = ["".join(f"{line} .\n" for line in after - before)]
        _write(store, blocks)
    finally:
        if collected:
            gc.enable()
    # That the graph is there says that it is complete, be it empty.
    store.add_graph(_GRAPH)
    return count


class _Closure:
    """What is known so far, and what of it is new: pairs of subject and object by relation.

    A relation is a property, or ``rdf:type`` with one class as its object (see `_of_class`). Those
    of rules with several steps are indexed by both ends.
    """

    def __init__(self, store: ox.Store, rules: Rules, has_inferred: bool) -> None:
        self._store = store
        self._has_inferred = has_inferred
        self._rows: dict[str, list[tuple[str, list[Turn], int]]] = defaultdict(list)
        indexed: set[str] = set()
        for path in rules.paths:
            row = [(str(step.predicate), step.inverse) for step in path.body]
            for place, (name, _) in enumerate(row):
                self._rows[name].append((str(path.head), row, place))
                if len(row) > 1:
                    indexed.add(name)
        for rule in rules.types:
            source, turn = rule.source, (_of_class(rule.source), False)
            if isinstance(source, Step):
                turn = (str(source.predicate), source.inverse)
            self._rows[turn[0]].append((_of_class(rule.head), [turn], 0))
        heads = {head for rows in self._rows.values() for head, _, _ in rows}
        self._known: dict[str, set[Pair]] = {
            name: set() for name in sorted(heads | self._rows.keys())
        }
        # Where rows lead over types, those of each class are a part of one more relation.
        self._typed = _TYPE in self._known
        self._values: dict[str, Index] = {name: defaultdict(list) for name in indexed}
        self._bearers: dict[str, Index] = {name: defaultdict(list) for name in indexed}
        self._new: deque[tuple[str, set[Pair]]] = deque()
        self._derived: list[tuple[str, set[Pair]]] = []
        self._count = 0

    def run(self) -> Iterator[str]:
        """Draw all conclusions, and yield them in blocks of Turtle, a statement in each line."""
        for name in self._known:
            self._take(name, self._read(name))
        # A row in which all is stated is found from its first statement.
        for _ in range(len(self._new)):
            self._follow(*self._new.popleft(), first=True)
        while self._new:
            self._follow(*self._new.popleft())
        for name, pairs in self._derived:
            predicate = name.partition("\t")[0]
            yield "".join([f"{subject}\t{predicate}\t{value} .\n" for subject, value in pairs])

    def _read(self, name: str) -> set[Pair]:
        """Return what is stated with a relation."""
        predicate, _, kind = name.partition("\t")
        wanted, pattern = ("?s", f"?s {predicate} {kind}") if kind else ("?s ?o", f"?s {name} ?o")
        if self._has_inferred:
            elsewhere = f"GRAPH ?g {{ {pattern} }} FILTER(?g != {_GRAPH})"
            pattern = f"{{ {pattern} }} UNION {{ {elsewhere} }}"
        query = f"SELECT {wanted} {{ {pattern} }}"
        lines = _lines(self._store, query, union=not self._has_inferred)
        if kind:
            return {(member, kind) for member in lines}
        return {cast(Pair, tuple(line.split("\t"))) for line in lines}

    def _follow(self, name: str, pairs: set[Pair], first: bool = False) -> None:
        """Learn what follows from new statements with one relation.

        Args:
            name: the relation.
            pairs: their subjects and objects.
            first: whether they count only where a row begins.
        """
        for head, row, place in self._rows.get(name, ()):
            if place == 0 or not first:
                self._learn(head, self._draw(head, row, place, pairs))

    def _draw(self, head: str, row: list[Turn], place: int, pairs: set[Pair]) -> set[Pair]:
        """Return what follows when ``pairs`` stand at one place of a row."""
        inverse = row[place][1]
        if kind := head.partition("\t")[2]:
            return {(end, kind) for end in {pair[inverse] for pair in pairs} if _is_thing(end)}
        if len(row) == 1:
            if not inverse:
                return pairs
            return {(value, subject) for subject, value in pairs if _is_thing(value)}
        before = [self._hop(name, not turned) for name, turned in reversed(row[:place])]
        after = [self._hop(name, turned) for name, turned in row[place + 1 :]]
        found: set[Pair] = set()
        for pair in pairs:
            starts, ends = {pair[inverse]}, {pair[not inverse]}
            for index in before:
                starts = {other for one in starts for other in index.get(one, ())}
            for index in after:
                ends = {other for one in ends for other in index.get(one, ())}
            if starts and ends:
                found.update(itertools.product(filter(_is_thing, starts), ends))
        return found

    def _hop(self, name: str, inverse: bool) -> Index:
        """Return where a property leads from each term, or from where it leads there."""
        return self._bearers[name] if inverse else self._values[name]

    def _learn(self, name: str, pairs: set[Pair]) -> None:
        """Take up statements with one relation that are new."""
        new = pairs - self._known[name]
        if not new:
            return
        self._take(name, new)
        self._derived.append((name, new))
        if self._typed and name == _TYPE:
            for kind, members in itertools.groupby(sorted(new, key=_last), _last):
                if f"{_TYPE}\t{kind}" in self._known:
                    self._take(f"{_TYPE}\t{kind}", set(members))
        elif self._typed and "\t" in name:
            self._take(_TYPE, new)
        self._count += len(new)
        if self._count > MOST:
            raise StoreError(
                f"more than {MOST:,} statements follow from the graph: look for a property that is "
                "declared transitive or symmetric and should not be"
            )

    def _take(self, name: str, pairs: set[Pair]) -> None:
        self._known[name] |= pairs
        self._new.append((name, pairs))
        if name in self._values:
            values, bearers = self._values[name], self._bearers[name]
            for subject, value in pairs:
                values[subject].append(value)
                bearers[value].append(subject)


def _of_class(name: object) -> str:
    """Return the relation of the members of a class to it."""
    return f"{_TYPE}\t{name}"


def _last(pair: Pair) -> str:
    return pair[1]


def _is_thing(term: str) -> bool:
    """Say whether a term may be a subject: an IRI or a blank node."""
    return term[0] in "<_" and not term.startswith("<<")


def _lines(store: ox.Store, query: str, union: bool = False) -> list[str]:
    """Return the rows of an answer, the terms in Turtle and with tabs between them."""
    answer = store.query(query, use_default_graph_as_union=union)
    assert isinstance(answer, ox.QuerySolutions)  # noqa: S101 - it is a SELECT
    text = (answer.serialize(format=ox.QueryResultsFormat.TSV) or b"").decode()
    # The names of the columns stand first, and nothing after the last row.
    return text.split("\n")[1:-1]


def _quads(lines: Iterable[str]) -> Iterator[ox.Quad]:
    """Parse lines of Turtle, without their full stops, into quads of the inferred graph."""
    for quad in ox.parse(
        "".join(f"{line} .\n" for line in lines), ox.RdfFormat.TURTLE, lenient=True
    ):
        yield ox.Quad(quad.subject, quad.predicate, quad.object, _GRAPH)


def _write(store: ox.Store, blocks: Iterable[str]) -> None:
    """Add statements to the inferred graph."""
    named: list[bytes] = []
    blank: list[str] = []
    for block in blocks:
        if "_:" in block:
            # Loading would give new names to blank nodes. Only line feeds end a line: other breaks
            # stand in literals.
            lines = [line.removesuffix(" .") for line in block.split("\n")[:-1]]
            blank += (line for line in lines if "\t_:" in line or line[0] == "_")
            block = "".join(
                f"{line} .\n" for line in lines if "\t_:" not in line and line[0] != "_"
            )
        named.append(block.encode())
    text = b"".join(named)
    store.bulk_load(text, ox.RdfFormat.TURTLE, to_graph=_GRAPH, lenient=True)
    store.extend(_quads(blank))
