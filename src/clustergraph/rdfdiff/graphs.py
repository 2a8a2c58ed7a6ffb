"""Graphs as what they say of each thing, with nodes that bear no name recognised by what they say.

A blank node has no name to be recognised by. One that others refer to is told as part of what
refers to it, by all it says; one that nothing refers to stands for itself, and is taken for the
node of the other side that says most of the same. Nodes that refer to each other in a circle are
told apart by what surrounds them, looked at again and again until nothing new comes of it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.shacl.paths import show
from clustergraph.vocab import PREFIXES

__all__ = ["Graph", "Said", "is_nameless", "pair"]

_RDF: Final = PREFIXES["rdf"]
_TYPE: Final = _RDF + "type"
_FIRST, _REST, _NIL = (_RDF + name for name in ("first", "rest", "nil"))
_SIMILAR: Final = 0.5
_DEEP: Final = 64
_ROUNDS: Final = 4
_LONGEST: Final = 1_000_000
_MANY: Final = 50
# Most nodes that look the same and are connected, for canonicalization to take no time.
_LARGEST_GROUP: Final = 5
_LONGEST_CIRCLE: Final = 60

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal
Said: TypeAlias = Mapping[str, frozenset[str]]


class Graph:
    """A graph as what it says of each thing that stands for itself.

    Attributes:
        said: for each thing, by its key, the texts of its values by property.
        terms: the term behind a text.
        lists: the texts of the members of a list, by its own text.
    """

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self.by_subject: dict[Term, list[tuple[str, Term]]] = defaultdict(list)
        self.referrers: dict[Term, list[tuple[str, Term]]] = defaultdict(list)
        for triple in dict.fromkeys(triples):
            subject, value = triple.subject, triple.object
            if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
                continue
            self.by_subject[subject].append((triple.predicate.value, value))
            if isinstance(value, ox.BlankNode):
                self.referrers[value].append((triple.predicate.value, subject))
        self.terms: dict[str, Term] = {}
        self.lists: dict[str, tuple[str, ...]] = {}
        self._texts: dict[Term, str] = {}
        self._colours = self._coloured()
        self.said = dict(self._told())

    def _told(self) -> Iterator[tuple[str, dict[str, frozenset[str]]]]:
        """Yield what is said of each thing that stands for itself, by its key."""
        nameless: list[tuple[str, dict[str, frozenset[str]]]] = []
        for subject, statements in self.by_subject.items():
            is_blank = isinstance(subject, ox.BlankNode)
            if is_blank and self.referrers.get(subject) and subject not in self._colours:
                continue  # told as part of what refers to it
            found: dict[str, set[str]] = defaultdict(set)
            for predicate, value in statements:
                text = self.text(value)
                # Two nodes that say the same are two all the same.
                if isinstance(value, ox.BlankNode):
                    text = _numbered(text, found[predicate])
                found[predicate].add(text)
            said = {name: frozenset(values) for name, values in found.items()}
            if is_blank:
                nameless.append((self.text(subject), said))
            else:
                yield self.text(subject), said
        # Nameless things that look alike are told apart by number.
        twins: Counter[str] = Counter()
        for key, said in sorted(nameless, key=lambda one: (one[0], sorted(_statements(one[1])))):
            twins[key] += 1
            yield (f"{key} #{twins[key]}" if twins[key] > 1 else key), said

    def alike(self, other: Graph) -> bool | None:
        """Return whether nodes that surroundings cannot tell apart are connected alike.

        Source: RDF Dataset Canonicalization, section 4.4; its cost is bounded here beforehand
        (section 7.1: graphs can be made for which it takes exponential time).

        Returns:
            None when there are too many of them that resemble each other.
        """
        if Counter(self._colours.values()) != Counter(other._colours.values()):
            return False
        if not self._colours:
            return True
        if self._is_costly() or other._is_costly():
            return None
        return self._canonical() == other._canonical()

    def _canonical(self) -> set[ox.Quad]:
        dataset = ox.Dataset(
            ox.Quad(subject, ox.NamedNode(predicate), value)  # type: ignore[arg-type]
            for subject, statements in self.by_subject.items()
            for predicate, value in statements
            if isinstance(subject, ox.BlankNode) or isinstance(value, ox.BlankNode)
        )
        dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
        return set(dataset)

    def _is_costly(self) -> bool:
        """Return whether canonicalization could take very long."""
        near: dict[Term, set[Term]] = defaultdict(set)
        for node, colour in self._colours.items():
            for statements in (self.by_subject, self.referrers):
                for _, end in statements.get(node, ()):
                    if end != node and self._colours.get(end) == colour:
                        near[node].add(end)
        seen: set[Term] = set()
        for start in near:
            group: set[Term] = set()
            waiting = [start]
            while waiting:
                if (node := waiting.pop()) not in seen:
                    seen.add(node)
                    group.add(node)
                    waiting += near[node]
            is_circle = all(len(near[node]) <= 2 for node in group)
            if len(group) > (_LONGEST_CIRCLE if is_circle else _LARGEST_GROUP):
                return True
        return False

    def text(self, term: Term) -> str:
        """Return a term as a text; of a blank node, all that it says."""
        if term in self._texts:
            return self._texts[term]
        if not isinstance(term, ox.BlankNode):
            text = str(term)
            self.terms[text] = term
        elif term in self._colours:
            text = self._colours[term]
        elif (members := self._members(term)) is not None:
            text = f"( {' '.join(map(self._shown, members))} )"
            self.lists[text] = tuple(map(self.text, members))
        else:
            parts = sorted(
                f"{show(ox.NamedNode(predicate))} {self._shown(value)}"
                for predicate, value in self.by_subject.get(term, ())
            )
            text = f"[ {' ; '.join(parts)} ]"
        self._texts[term] = text
        return text

    def _shown(self, value: Term) -> str:
        return self.text(value) if isinstance(value, ox.BlankNode) else show(value)

    def _members(self, head: Term) -> list[Term] | None:
        """Return the members of a well-formed list; None for any other blank node."""
        members: list[Term] = []
        while isinstance(head, ox.BlankNode):
            said = dict(self.by_subject.get(head, ()))
            if set(said) != {_FIRST, _REST} or len(members) > _LONGEST:
                return None
            members.append(said[_FIRST])
            head = said[_REST]
        return members if head == ox.NamedNode(_NIL) and members else None

    def _coloured(self) -> dict[Term, str]:
        """Name the blank nodes that are on a circle, too deep, or referred to more than once.

        Their names come from what they say and from what their neighbours say, and so on: always
        as many rounds, so that the same surroundings have the same name in both graphs.
        """
        shared = self._entangled()
        if not shared:
            return {}
        blanks = self.by_subject.keys() | self.referrers.keys()
        colours: dict[Term, str] = {
            blank: "" for blank in blanks if isinstance(blank, ox.BlankNode)
        }
        for _ in range(_ROUNDS):
            colours = {blank: self._colour(blank, colours) for blank in colours}
        return {blank: f"_:{colours[blank]}" for blank in shared}

    def _colour(self, blank: Term, colours: Mapping[Term, str]) -> str:
        parts = [
            f"{sign} {predicate} {colours.get(other, other)}"
            for sign, statements in (("", self.by_subject), ("^", self.referrers))
            for predicate, other in statements.get(blank, ())
        ]
        text = "\n".join([colours[blank], *sorted(parts)])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def _entangled(self) -> set[Term]:
        found = {blank for blank, by in self.referrers.items() if len(by) > 1}
        # What blank nodes alone refer to, each once, may be a circle without an entrance.
        for blank, by in self.referrers.items():
            steps, node = 0, by[0][1]
            while len(self.referrers.get(node, ())) == 1 and steps <= _DEEP:
                if node == blank:
                    found.add(blank)
                    break
                node, steps = self.referrers[node][0][1], steps + 1
            if steps > _DEEP and _FIRST not in dict(self.by_subject.get(blank, ())):
                found.add(blank)
        return found


def _numbered(text: str, taken: Collection[str]) -> str:
    """Return a text, with a number where it is taken."""
    number = 1
    while (one := text if number == 1 else f"{text} #{number}") in taken:
        number += 1
    return one


def pair(before: Graph, after: Graph) -> None:
    """Give the nameless things of both graphs that say most of the same one key."""
    olds = [key for key in before.said.keys() - after.said.keys() if is_nameless(key)]
    news = [key for key in after.said.keys() - before.said.keys() if is_nameless(key)]
    features = {key: set(_features(after.said[key], after)) for key in news}
    bearers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key in news:
        for feature in features[key]:
            bearers[feature].append(key)
    taken: set[str] = set()
    renamed: dict[str, str] = {}
    for key in sorted(olds):
        mine = set(_features(before.said[key], before))
        # What very many say recognises none of them, and comparing with all would take long.
        telling = [one for one in mine if len(bearers[one]) <= _MANY]
        near = {other for one in telling for other in bearers[one]} - taken
        ranked = sorted(
            ((2 * len(mine & features[other]) / (len(mine) + len(features[other])), other)
             for other in near),
            reverse=True,
        )  # fmt: skip
        if ranked and ranked[0][0] >= _SIMILAR:
            best = ranked[0][1]
            taken.add(best)
            before.said[best] = before.said.pop(key)
            if key.startswith("_:"):
                renamed[key] = best
    if renamed:
        for said in before.said.values():
            for name, values in said.items():
                if not values.isdisjoint(renamed):
                    said[name] = frozenset(renamed.get(value, value) for value in values)


def is_nameless(key: str) -> bool:
    """Say whether a key is that of a thing without an address."""
    return not key.startswith("<")


def _features(said: Said, graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield what tells a nameless thing from others: all that it says but its class."""
    for name, value in _statements(said):
        if name != _TYPE:
            yield from ((name, part) for part in graph.lists.get(value, (value,)))


def _statements(said: Said) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, values in said.items() for value in values)
