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

__all__ = ["materialise"]

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
    """What is known so far, and what of it is new.

    Statements are kept as pairs of subject and object by property, and those about types as
    members by class. The properties of rules with several steps are indexed by both ends.
    """

    def __init__(self, store: ox.Store, rules: Rules, has_inferred: bool) -> None:
        self._store = store
        self._has_inferred = has_inferred
        self._rows: dict[str, list[tuple[str, list[Turn], int]]] = {}
        for name, places in rules.by_step.items():
            self._rows[str(name)] = [
                (str(rule.head), [(str(step.predicate), step.inverse) for step in rule.body], place)
                for rule, place in places
            ]
        self._heads = {str(name) for name in rules.to_property}
        self._above: dict[str, list[str]] = {}
        self._uses: dict[str, list[tuple[str, bool]]] = {}
        for rule in rules.types:
            if isinstance(rule.source, Step):
                use = (str(rule.head), rule.source.inverse)
                self._uses.setdefault(str(rule.source.predicate), []).append(use)
            else:
                self._above.setdefault(str(rule.source), []).append(str(rule.head))
        self._classes = self._above.keys() | {str(name) for name in rules.to_class}
        self._typed = _TYPE in self._rows or _TYPE in self._heads
        indexed = {
            step.predicate for rule in rules.paths if len(rule.body) > 1 for step in rule.body
        }
        self._values: dict[str, Index] = {str(name): defaultdict(list) for name in indexed}
        self._bearers: dict[str, Index] = {str(name): defaultdict(list) for name in indexed}
        self._pairs: dict[str, set[Pair]] = {}
        self._members: dict[str, set[str]] = {}
        self._new_pairs: deque[tuple[str, set[Pair]]] = deque()
        self._new_members: deque[tuple[str, set[str]]] = deque()
        self._derived_pairs: list[tuple[str, set[Pair]]] = []
        self._derived_members: list[tuple[str, set[str]]] = []
        self._count = 0

    def run(self) -> Iterator[str]:
        """Draw all conclusions, and yield them in blocks of Turtle, a statement in each line."""
        self._read()
        # A row in which all is stated is found from its first statement.
        for _ in range(len(self._new_pairs)):
            self._follow(*self._new_pairs.popleft(), first=True)
        while self._new_pairs or self._new_members:
            while self._new_pairs:
                self._follow(*self._new_pairs.popleft())
            if self._new_members:
                below, members = self._new_members.popleft()
                for above in self._above.get(below, ()):
                    self._learn_class(above, members)
        for name, pairs in self._derived_pairs:
            yield "".join([f"{subject}\t{name}\t{value} .\n" for subject, value in pairs])
        for above, members in self._derived_members:
            ending = f"\t{_TYPE}\t{above} .\n"
            yield ending.join([*members, ""])

    # Reading what is stated

    def _read(self) -> None:
        whole = self._rows.keys() | self._heads
        for name in sorted(whole):
            pairs = _pairs(self._ask("?s ?o", f"?s {name} ?o"))
            self._pairs[name] = pairs
            if pairs:
                self._index(name, pairs)
                self._new_pairs.append((name, pairs.copy()))
        if self._typed:
            for member, name in self._pairs[_TYPE]:
                self._members.setdefault(name, set()).add(member)
        for name in sorted(self._classes):
            if not self._typed:
                self._members[name] = set(self._ask("?s", f"?s {_TYPE} {name}"))
            if name in self._above and self._members.get(name):
                self._new_members.append((name, self._members[name].copy()))
        for name in sorted(self._uses.keys() - whole):
            for above, inverse in self._uses[name]:
                end = "?o" if inverse else "?s"
                used = self._ask(f"DISTINCT {end}", f"?s {name} ?o")
                self._learn_class(above, set(filter(_is_thing, used)))

    def _ask(self, wanted: str, pattern: str) -> list[str]:
        """Return the rows of an answer from what is stated."""
        if self._has_inferred:
            elsewhere = f"GRAPH ?g {{ {pattern} }} FILTER(?g != {_GRAPH})"
            pattern = f"{{ {pattern} }} UNION {{ {elsewhere} }}"
        query = f"SELECT {wanted} {{ {pattern} }}"
        return _lines(self._store, query, union=not self._has_inferred)

    # Drawing conclusions

    def _follow(self, name: str, pairs: set[Pair], first: bool = False) -> None:
        """Learn what follows from new statements with one property.

        Args:
            name: the property.
            pairs: their subjects and objects.
            first: whether they count only where a row begins.
        """
        for head, row, place in self._rows.get(name, ()):
            if place == 0 or not first:
                self._learn(head, self._draw(row, place, pairs))
        for above, inverse in self._uses.get(name, ()):
            ends = {pair[inverse] for pair in pairs}
            self._learn_class(above, set(filter(_is_thing, ends)))

    def _draw(self, row: list[Turn], place: int, pairs: set[Pair]) -> set[Pair]:
        """Return what follows when ``pairs`` stand at one place of a row."""
        inverse = row[place][1]
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
        """Take up statements with one property; pass those on that are new."""
        if name == _TYPE:
            for above, group in itertools.groupby(sorted(pairs, key=_last), _last):
                self._learn_class(above, {member for member, _ in group})
            return
        new = pairs - self._pairs[name]
        if new:
            self._pairs[name] |= new
            self._index(name, new)
            self._new_pairs.append((name, new))
            self._derived_pairs.append((name, new))
            self._grow(len(new))

    def _learn_class(self, name: str, members: set[str]) -> None:
        """Take up members of a class; pass those on that are new."""
        known = self._members.setdefault(name, set())
        new = members - known
        if not new:
            return
        known |= new
        self._derived_members.append((name, new))
        self._grow(len(new))
        if name in self._above:
            self._new_members.append((name, new))
        if self._typed:
            pairs = {(member, name) for member in new}
            self._index(_TYPE, pairs)
            self._new_pairs.append((_TYPE, pairs))

    def _index(self, name: str, pairs: set[Pair]) -> None:
        if name in self._values:
            values, bearers = self._values[name], self._bearers[name]
            for subject, value in pairs:
                values[subject].append(value)
                bearers[value].append(subject)

    def _grow(self, count: int) -> None:
        self._count += count
        if self._count > MOST:
            raise StoreError(
                f"more than {MOST:,} statements follow from the graph: look for a property that is "
                "declared transitive or symmetric and should not be"
            )


def _pairs(lines: Iterable[str]) -> set[Pair]:
    return {cast(Pair, tuple(line.split("\t"))) for line in lines}


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
