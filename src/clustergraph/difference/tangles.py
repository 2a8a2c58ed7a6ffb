"""Whether nodes without a name are connected alike in two graphs.

Nodes are coloured by what they say and by the colours of their neighbours, until no more of them
can be told apart. Where several still bear one colour, one of them is taken for each that it might
be on the other side, and the colouring goes on from there. That finds an answer at once for what
people write; as there are graphs for which no method is quick, the work is bounded.

Source: B. D. McKay and A. Piperno, Practical graph isomorphism II, 2014, section 2; the danger is
that of RDF Dataset Canonicalization, section 7.1.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

__all__ = ["Tangle", "alike"]

Tangle: TypeAlias = Mapping[Hashable, Sequence[tuple[str, Hashable]]]
"""What each node is connected to: by which property, and to which other of them or what else."""

Node: TypeAlias = tuple[bool, Hashable]
Ways: TypeAlias = dict[Node, list[tuple[str, Node | str]]]
Colours: TypeAlias = dict[Node, int]

_WORK: Final = 5_000_000
"""How many connections are looked at in all: some seconds."""
_DEEPEST: Final = 200


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
        self._ways: Ways = {
            (side, node): [
                (label, (side, end) if end in tangle else str(end)) for label, end in connected
            ]
            for side, tangle in ((False, one), (True, other))
            for node, connected in tangle.items()
        }

    def succeeds(self) -> bool:
        """Match the parts that hang together, each with one that is like it."""
        colours = self._refined(dict.fromkeys(self._ways, 0))
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
                reached = {end for _, end in self._ways[node] if isinstance(end, tuple)} - seen
                seen |= reached
                waiting += reached
            if part:
                yield part

    def _match(self, colours: Colours, depth: int = 0) -> bool:
        """Say whether nodes of both sides can be paired so that each has its colour."""
        if depth > _DEEPEST:
            raise _TooEntangledError
        colours = self._refined(colours)
        classes: dict[int, tuple[list[Node], list[Node]]] = defaultdict(lambda: ([], []))
        for node, colour in colours.items():
            classes[colour][node[0]].append(node)
        if any(len(ours) != len(theirs) for ours, theirs in classes.values()):
            return False
        undecided = [pair for pair in classes.values() if len(pair[0]) > 1]
        if not undecided:
            return True
        ours, theirs = min(undecided, key=lambda pair: len(pair[0]))
        return any(
            self._match({**colours, ours[0]: -1, candidate: -1}, depth + 1) for candidate in theirs
        )

    def _refined(self, colours: Colours) -> Colours:
        """Return colours that tell apart what the neighbours' colours tell apart."""
        before, count = -1, len(set(colours.values()))
        while before < count:
            numbers: dict[object, int] = {}
            found: Colours = {}
            for node, colour in colours.items():
                ways = self._ways[node]
                self._left -= 1 + len(ways)
                around = Counter(
                    (label, colours[end] if isinstance(end, tuple) else end) for label, end in ways
                )
                looks = (colour, frozenset(around.items()))
                found[node] = numbers.setdefault(looks, len(numbers))
            if self._left < 0:
                raise _TooEntangledError
            colours, before, count = found, count, len(numbers)
        return colours
