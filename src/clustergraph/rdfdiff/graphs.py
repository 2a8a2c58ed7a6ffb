"""Graphs as what they state about each thing; blank nodes are identified by what they state.

A blank node that others refer to is part of what refers to it, with all it states; one that nothing
refers to is a thing of its own. Nodes that refer to each other in a circle are identified by what
surrounds them, up to a few steps away; what that leaves undecided is canonicalized.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.shacl.paths import show
from clustergraph.vocab import PREFIXES

__all__ = ["Graph", "Said", "is_nameless"]

_RDF: Final = PREFIXES["rdf"]
_TYPE: Final = _RDF + "type"
_FIRST, _REST, _NIL = (_RDF + name for name in ("first", "rest", "nil"))
_DEEP: Final = 64
_ROUNDS: Final = 4
_LONGEST: Final = 1_000_000
# Most nodes that look the same, for canonicalization to take no time.
_MOST_TWINS: Final = 6

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
        for key, said in nameless:
            twins[key] += 1
            yield (f"{key} #{twins[key]}" if twins[key] > 1 else key), said

    def alike(self, other: Graph) -> bool | None:
        """Return whether nodes that surroundings cannot tell apart are connected alike.

        Source: RDF Dataset Canonicalization, section 4.4. Graphs can be made for which it takes
        exponential time (section 7.1), so it is used for a few such nodes only.

        Returns:
            None when there are too many of them that resemble each other.
        """
        colours = Counter(self._colours.values())
        if colours != Counter(other._colours.values()):
            return False
        twins = sum(count for count in colours.values() if count > 1)
        if twins > _MOST_TWINS:
            return None
        return not twins or self._canonical() == other._canonical()

    def _canonical(self) -> set[ox.Quad]:
        dataset = ox.Dataset(
            ox.Quad(subject, ox.NamedNode(predicate), value)  # type: ignore[arg-type]
            for subject, statements in self.by_subject.items()
            for predicate, value in statements
            if isinstance(subject, ox.BlankNode) or isinstance(value, ox.BlankNode)
        )
        dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
        return set(dataset)

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


def is_nameless(key: str) -> bool:
    """Say whether a key is that of a thing without an address."""
    return not key.startswith("<")
