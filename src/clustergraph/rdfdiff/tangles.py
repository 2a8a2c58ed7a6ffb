"""Whether nodes without a name are connected alike in two graphs.

Nodes are coloured by what they say and by the colours of their neighbours, until no more of them
can be told apart. Where several still bear one colour, one of them is taken for each that it might
be on the other side, and the colouring goes on from there. That finds an answer at once for what
people write; as there are graphs for which no method is quick, the work is bounded.

Source: B. D. McKay and A. Piperno, Practical graph isomorphism II, 2014, section 2; the danger is
that of RDF Dataset Canonicalization, section 7.1.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

__all__ = ["Tangle", "alike"]

Tangle: TypeAlias = Mapping[Hashable, Sequence[tuple[str, Hashable]]]
"""What each node is connected to: by which property, and to which other of them or what else."""

Node: TypeAlias = tuple[bool, Hashable]
Ways: TypeAlias = dict[Node, list[tuple[str, Node | str]]]
Colours: TypeAlias = dict[Node, int]

_WORK: Final = 5_000_000
"""How many connections are looked at in all: some seconds."""


class _TooEntangledError(Exception):
    """An answer would take longer than anybody waits."""


def alike(one: Tangle, other: Tangle, work: int = _WORK) -> bool | None:
    """Say whether the nodes of one graph can be taken for those of another.

    Args:
        one: the nodes of the one graph.
        other: those of the other.
        work: how many connections may be looked at.

    Returns:
        None when that was not enough to tell.
    """
    if one == other:
        return True
    try:
        return _Matching(one, other, work).succeeds()
    except _TooEntangledError:
        return None


class _Matching:
    """A search for pairs of nodes; those of the other graph are marked as such."""

    def __init__(self, one: Tangle, other: Tangle, work: int) -> None:
        self._left = work
        self._fresh = itertools.count(1)
        self._ways: Ways = {
            (side, node): [
                (label, (side, end) if end in tangle else str(end)) for label, end in connected
            ]
            for side, tangle in ((False, one), (True, other))
            for node, connected in tangle.items()
        }

    def succeeds(self) -> bool:
        """Match the parts that hang together, each with one that is like it."""
        colours = dict.fromkeys(self._ways, 0)
        self._refine(colours, self._ways)
        parts: dict[tuple[int, ...], tuple[list[list[Node]], list[list[Node]]]]
        parts = defaultdict(lambda: ([], []))
        for part in self._parts():
            looks = tuple(sorted(colours[node] for node in part))
            parts[looks][part[0][0]].append(part)
        if any(len(ours) != len(theirs) for ours, theirs in parts.values()):
            return False
        # What is like a third one is alike: the first that fits will do.
        for ours, theirs in parts.values():
            for part in ours:
                for index, candidate in enumerate(theirs):
                    if self._match({node: colours[node] for node in (*part, *candidate)}):
                        del theirs[index]
                        break
                else:
                    return False
        return True

    def _parts(self) -> Iterator[list[Node]]:
        seen: set[Node] = set()
        for start in self._ways:
            part: list[Node] = []
            waiting = [] if start in seen else [start]
            seen.add(start)
            while waiting:
                node = waiting.pop()
                part.append(node)
                reached = self._neighbours(node) - seen
                seen |= reached
                waiting += reached
            if part:
                yield part

    def _neighbours(self, node: Node) -> set[Node]:
        return {end for _, end in self._ways[node] if isinstance(end, tuple)}

    def _match(self, colours: Colours) -> bool:
        """Say whether nodes of both sides can be paired so that each has its colour."""
        trail: list[tuple[Colours, Node, Iterator[Node]]] = []
        while (choice := self._undecided(colours)) is not None:
            ours, theirs = choice
            if theirs:
                trail.append((colours, ours[0], iter(theirs)))
            while trail and (candidate := next(trail[-1][2], None)) is None:
                trail.pop()
            if not trail or candidate is None:
                return False
            before, node, _ = trail[-1]
            colours = {**before, **dict.fromkeys((node, candidate), next(self._fresh))}
            self._refine(colours, self._neighbours(node) | self._neighbours(candidate))
        return True

    def _undecided(self, colours: Colours) -> tuple[list[Node], list[Node]] | None:
        """Return the smallest class that several of each side are in; None when there is none.

        When some colour is not borne by as many on each side, nobody is left to choose from.
        """
        self._spend(len(colours))
        classes: dict[int, tuple[list[Node], list[Node]]] = defaultdict(lambda: ([], []))
        for node, colour in colours.items():
            classes[colour][node[0]].append(node)
        if any(len(ours) != len(theirs) for ours, theirs in classes.values()):
            return [], []
        several = (pair for pair in classes.values() if len(pair[0]) > 1)
        return min(several, key=lambda pair: len(pair[0]), default=None)

    def _refine(self, colours: Colours, doubted: Iterable[Node]) -> None:
        """Tell apart, in place, what the neighbours' colours tell apart.

        Args:
            colours: of nodes of both sides, so that those alike bear the same.
            doubted: those whose neighbours changed their colour; the others of one class are alike.
        """
        classes: dict[int, set[Node]] = defaultdict(set)
        for node, colour in colours.items():
            classes[colour].add(node)
        self._spend(len(colours))
        waiting = set(doubted)
        while waiting:
            affected: dict[int, set[Node]] = defaultdict(set)
            for node in waiting:
                affected[colours[node]].add(node)
            changed: list[Node] = []
            for colour, members in affected.items():
                split: dict[object, set[Node]] = defaultdict(set)
                for node in members:
                    split[self._looks(node, colours)].add(node)
                # Those not in doubt keep the colour, with whoever looks like them; else most do.
                undoubted = next((node for node in classes[colour] if node not in members), None)
                if undoubted is not None:
                    split.pop(self._looks(undoubted, colours), None)
                else:
                    split.pop(max(split, key=lambda looks: len(split[looks])))
                for group in split.values():
                    changed += group
                    classes[colour] -= group
                    classes[new := next(self._fresh)] = group
                    colours |= dict.fromkeys(group, new)
            waiting = {near for node in changed for near in self._neighbours(node)}

    def _looks(self, node: Node, colours: Colours) -> frozenset[tuple[object, int]]:
        ways = self._ways[node]
        self._spend(1 + len(ways))
        return frozenset(
            Counter(
                (label, colours[end] if isinstance(end, tuple) else end) for label, end in ways
            ).items()
        )

    def _spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise _TooEntangledError
