"""The inferred graph kept up to date: what a change adds to it, and what it takes away.

A statement that goes may leave others without support, though each of them may still follow in
another way. So everything that was drawn from it is doubted first, in whatever many steps; what
still follows from undoubted statements is taken back in, with all that hangs on it; what remains
in doubt goes (delete and rederive: Gupta, Mumick and Subrahmanian, 1993). Circles are no exception:
two statements that only support each other are both in doubt, and nothing takes them back in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Final, TypeAlias, cast

import pyoxigraph as ox

from clustergraph.owl.closure import materialise
from clustergraph.owl.rules import (
    TYPE,
    Node,
    PathRule,
    Rules,
    Step,
    Term,
    TypeRule,
    compile_rules,
    is_schema,
)
from clustergraph.quadstore.delta import Delta
from clustergraph.vocab import INFERRED

Statement: TypeAlias = tuple[Node, ox.NamedNode, Term]
Reason: TypeAlias = tuple[PathRule | TypeRule, tuple[Statement, ...]]

_GRAPH: Final = ox.NamedNode(INFERRED)


class Inference:
    """Keeps the inferred graph of one store in line with its other graphs, change by change.

    It remembers the rules from one change to the next, so that it has to see every change: who
    finds that others have written meanwhile calls `forget`.
    """

    def __init__(self) -> None:
        self._rules: Rules | None = None

    def forget(self) -> None:
        """Read the rules anew at the next change."""
        self._rules = None

    def __call__(self, store: ox.Store, delta: Delta | None) -> Delta | None:
        """Bring the inferred graph in line with what a change did to the others.

        When the change is not known, or concerns the ontology that the rules are made from, or
        nothing was inferred before, the graph is made anew; else only what the change bears on is
        looked at.

        Args:
            store: after the change; its inferred graph is as it was before.
            delta: what was added and removed; None: not known.

        Returns:
            What changed in the inferred graph; None: that is not known.

        Raises:
            StoreError: more follows than could be meant.
        """
        rules = self._rules if self._rules is not None else compile_rules(store)
        changed = [] if delta is None else [q.triple for q in (*delta.added, *delta.removed)]
        complete = store.contains_named_graph(_GRAPH) if rules else True
        if delta is None or not complete or any(is_schema(triple, rules) for triple in changed):
            # Until the change is published, these rules are those of a store that may never be.
            self._rules = None
            materialise(store)
            return None
        self._rules = rules
        return maintain(store, changed, rules)


def settle(store: ox.Store, delta: Delta | None) -> Delta | None:
    """Do what a new `Inference` does."""
    return Inference()(store, delta)


def unsettle(store: ox.Store, delta: Delta | None) -> Delta | None:
    """Remove the inferred graph: where nothing is inferred, nothing out of date may stay."""
    if not store.contains_named_graph(_GRAPH):
        return Delta()
    store.remove_graph(_GRAPH)
    return None


def maintain(store: ox.Store, changed: Iterable[ox.Triple], rules: Rules) -> Delta:
    """Change the inferred graph by what follows from a change to the others.

    Args:
        store: after the change; its inferred graph is as it was before.
        changed: every triple that the change added to a graph, or removed from one.
        rules: what draws conclusions, before and after the change.

    Returns:
        What changed in the inferred graph.
    """
    concerned = {
        (cast(Node, triple.subject), triple.predicate, triple.object)
        for triple in changed
        if rules.concern(triple.predicate, triple.object)
    }
    status = {statement: _status(store, statement) for statement in concerned}
    lost = {statement for statement, (stated, _) in status.items() if not stated}
    # Inferred before, stated now: nothing else changes by that.
    moved = {statement for statement, both in status.items() if both == (True, True)}
    gained = [statement for statement, both in status.items() if both == (True, False)]

    before = Facts(store, more=lost)
    doubted: set[Statement] = set()
    queue = list(lost)
    while queue:
        for follows in _consequences(queue.pop(), before, rules):
            if follows not in doubted and _status(store, follows) == (False, True):
                doubted.add(follows)
                queue.append(follows)

    new: set[Statement] = set()
    now = Facts(store, more=new, less=doubted)
    for statement in [*doubted, *lost]:
        if any(True for _ in reasons(statement, now, rules)):
            gained.append(statement)
    for statement in gained:
        if statement in doubted:
            doubted.discard(statement)
        elif statement in lost:
            now.add(statement)
    queue = gained
    while queue:
        for follows in _consequences(queue.pop(), now, rules):
            if follows in doubted:
                doubted.discard(follows)
                queue.append(follows)
            elif follows not in new and _status(store, follows) == (False, False):
                now.add(follows)
                queue.append(follows)

    change = Delta(
        {ox.Quad(*statement, _GRAPH) for statement in new},
        {ox.Quad(*statement, _GRAPH) for statement in (*doubted, *moved)},
    )
    change.apply(store)
    return change


class Facts:
    """What a store holds, stated or inferred, with some statements more and some less.

    Args:
        store: what is looked at.
        more: statements that count as held; grow by `add` only.
        less: statements that do not count; may change.
    """

    def __init__(
        self,
        store: ox.Store,
        more: set[Statement] | None = None,
        less: set[Statement] | None = None,
    ) -> None:
        self._store = store
        self._more: set[Statement] = set() if more is None else more
        self._less: set[Statement] = set() if less is None else less
        self._of: dict[tuple[Term, ox.NamedNode], list[Statement]] = {}
        self._to: dict[tuple[Term, ox.NamedNode], list[Statement]] = {}
        for statement in self._more:
            self._index(statement)

    def add(self, statement: Statement) -> None:
        """Count a statement as held."""
        self._more.add(statement)
        self._index(statement)

    def _index(self, statement: Statement) -> None:
        subject, predicate, value = statement
        self._of.setdefault((subject, predicate), []).append(statement)
        self._to.setdefault((value, predicate), []).append(statement)

    def holds(self, statement: Statement) -> bool:
        """Say whether a statement is held."""
        if statement in self._more:
            return True
        if statement in self._less:
            return False
        return any(True for _ in self._store.quads_for_pattern(*statement, None))

    def along(self, term: Term, step: Step) -> Iterator[tuple[Term, Statement]]:
        """Yield where a step leads from a term, and the statement that is taken; maybe twice."""
        if step.inverse:
            more = self._to.get((term, step.predicate), ())
            found = self._store.quads_for_pattern(None, step.predicate, term, None)
        elif isinstance(term, ox.NamedNode | ox.BlankNode):
            more = self._of.get((term, step.predicate), ())
            found = self._store.quads_for_pattern(term, step.predicate, None, None)
        else:
            return
        for statement in tuple(more):
            yield statement[0 if step.inverse else 2], statement
        for quad in found:
            statement = (cast(Node, quad.subject), quad.predicate, quad.object)
            if statement not in self._less:
                yield statement[0 if step.inverse else 2], statement


def reasons(statement: Statement, facts: Facts, rules: Rules) -> Iterator[Reason]:
    """Yield the rules that a statement follows by in one step, each with what it follows from."""
    subject, predicate, value = statement
    for rule in rules.to_property.get(predicate, ()):
        for taken in _rows(subject, rule.body, value, facts):
            yield rule, taken
    if predicate != TYPE or not isinstance(value, ox.NamedNode):
        return
    for typing in rules.to_class.get(value, ()):
        if isinstance(typing.source, Step):
            for _, used in facts.along(subject, typing.source):
                yield typing, (used,)
        elif facts.holds(below := (subject, TYPE, typing.source)):
            yield typing, (below,)


def _rows(
    start: Term, row: tuple[Step, ...], end: Term, facts: Facts
) -> Iterator[tuple[Statement, ...]]:
    """Yield the statements of each way from one term to another along a row of steps."""
    if len(row) > 1:
        back = Step(row[-1].predicate, not row[-1].inverse)
        if _leads_to_fewer(start, row[0], end, back, facts):
            for between, statement in facts.along(start, row[0]):
                for rest in _rows(between, row[1:], end, facts):
                    yield (statement, *rest)
        else:
            for between, statement in facts.along(end, back):
                for rest in _rows(start, row[:-1], between, facts):
                    yield (*rest, statement)
        return
    first, last = (end, start) if row[0].inverse else (start, end)
    if isinstance(first, ox.NamedNode | ox.BlankNode):
        statement = (first, row[0].predicate, last)
        if facts.holds(statement):
            yield (statement,)


def _leads_to_fewer(one: Term, step: Step, other: Term, turn: Step, facts: Facts) -> bool:
    """Say whether a step leads to no more terms than another one, without counting many."""
    pairs = zip_longest(facts.along(one, step), facts.along(other, turn))
    return next((ways[0] is None for ways in pairs if None in ways), True)


def _consequences(statement: Statement, facts: Facts, rules: Rules) -> Iterator[Statement]:
    """Yield what follows in one step from a statement together with others that are held."""
    subject, predicate, value = statement
    for rule, place in rules.by_step.get(predicate, ()):
        ends = (value, subject) if rule.body[place].inverse else (subject, value)
        starts = {ends[0]}
        for step in reversed(rule.body[:place]):
            back = Step(step.predicate, not step.inverse)
            starts = {other for one in starts for other, _ in facts.along(one, back)}
        lasts = {ends[1]}
        for step in rule.body[place + 1 :]:
            lasts = {other for one in lasts for other, _ in facts.along(one, step)}
        for first in starts:
            if isinstance(first, ox.NamedNode | ox.BlankNode):
                for last in lasts:
                    yield first, rule.head, last
    for typing in rules.by_use.get(predicate, ()):
        used = value if isinstance(typing.source, Step) and typing.source.inverse else subject
        if isinstance(used, ox.NamedNode | ox.BlankNode):
            yield used, TYPE, typing.head
    if predicate == TYPE and isinstance(value, ox.NamedNode):
        for typing in rules.by_class.get(value, ()):
            yield subject, TYPE, typing.head


def _status(store: ox.Store, statement: Statement) -> tuple[bool, bool]:
    """Say whether a statement is stated, and whether it is in the inferred graph."""
    graphs = {quad.graph_name for quad in store.quads_for_pattern(*statement, None)}
    return bool(graphs - {_GRAPH}), _GRAPH in graphs
