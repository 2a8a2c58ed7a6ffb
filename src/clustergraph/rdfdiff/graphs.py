"""Graphs as what they state about each thing; blank nodes are identified by what they state.

A blank node that one statement refers to is part of what refers to it, with all it states; one that
nothing refers to is a thing of its own. Others, such as nodes in a circle, are named by the
canonical form of the part of the graph that they hang together with.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.errors import UnreadableInputError
from clustergraph.quadstore import Engine, is_store
from clustergraph.shacl.paths import Term, show
from clustergraph.shacl.reading import read
from clustergraph.vocab import INFERRED, PREFIXES

_RDF: Final = PREFIXES["rdf"]
_FIRST, _REST, _NIL = (_RDF + name for name in ("first", "rest", "nil"))
_DEEP: Final = 64
_ROUNDS: Final = 4
_LONGEST: Final = 1_000_000
# Canonicalization takes exponential time in the number of nodes that look the same.
_MOST_TWINS: Final = 6

Said: TypeAlias = Mapping[str, frozenset[str]]
Statements: TypeAlias = dict[Term, list[tuple[str, Term]]]


class Graph:
    """A graph as what it says of each thing that stands for itself.

    Attributes:
        said: for each thing, by its key, the texts of its values by property.
        terms: the term behind a text.
        lists: the texts of the members of a list, by its own text.
        has_undecided: whether parts are left out in which too many blank nodes look the same.
    """

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self.terms: dict[str, Term] = {}
        self.lists: dict[str, tuple[str, ...]] = {}
        self.has_undecided = False
        self._texts: dict[Term, str] = {}
        self._fill(triples)
        if entangled := self._entangled():
            self._fill(list(self._named_apart(entangled)))
        self._apart = self._entangled()
        self.said = dict(self._described())

    def _fill(self, triples: Iterable[ox.Triple]) -> None:
        self.by_subject: Statements = defaultdict(list)
        self.referrers: Statements = defaultdict(list)
        for triple in dict.fromkeys(triples):
            subject, value = triple.subject, triple.object
            if isinstance(subject, ox.Triple) or isinstance(value, ox.Triple):
                continue
            self.by_subject[subject].append((triple.predicate.value, value))
            if isinstance(value, ox.BlankNode):
                self.referrers[value].append((triple.predicate.value, subject))

    def _triples(self) -> Iterator[ox.Triple]:
        for subject, statements in self.by_subject.items():
            for predicate, value in statements:
                yield ox.Triple(subject, ox.NamedNode(predicate), value)  # type: ignore[arg-type]

    def _described(self) -> Iterator[tuple[str, Said]]:
        """Yield what is said of each thing that stands for itself, by its key."""
        # Nameless things that look alike are told apart by number.
        twins: Counter[str] = Counter()
        for subject, statements in self.by_subject.items():
            is_blank = isinstance(subject, ox.BlankNode)
            if is_blank and subject not in self._apart and self.referrers.get(subject):
                continue  # told as part of what refers to it
            found: dict[str, set[str]] = defaultdict(set)
            for predicate, value in statements:
                text = self.text(value)
                # Two nodes that say the same are two all the same.
                if isinstance(value, ox.BlankNode):
                    text = _numbered(text, found[predicate])
                found[predicate].add(text)
            key = self.text(subject)
            twins[key] += is_blank
            unique = f"{key} #{twins[key]}" if twins[key] > 1 else key
            yield unique, {name: frozenset(values) for name, values in found.items()}

    def text(self, term: Term) -> str:
        """Return a term as a text; of a blank node, all that it says."""
        if term in self._texts:
            return self._texts[term]
        if not isinstance(term, ox.BlankNode):
            text = str(term)
            self.terms[text] = term
        elif term in self._apart:
            text = str(term)
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

    def _entangled(self) -> set[Term]:
        """Return the blank nodes that are no part of one other thing: shared, in circles, deep."""
        shared = {blank for blank, by in self.referrers.items() if len(by) > 1}
        waiting = [
            (subject, 0)
            for subject in self.by_subject
            if not isinstance(subject, ox.BlankNode) or not self.referrers.get(subject)
        ] + [(blank, 0) for blank in shared]
        nested = set()
        while waiting:
            node, depth = waiting.pop()
            for predicate, value in self.by_subject.get(node, ()):
                if isinstance(value, ox.BlankNode) and value not in shared and depth < _DEEP:
                    nested.add(value)
                    waiting.append((value, depth + (predicate != _REST)))
        return self.referrers.keys() - nested

    def _named_apart(self, entangled: set[Term]) -> Iterator[ox.Triple]:
        """Yield all triples, entangled nodes under names that are the same in equal graphs.

        Source: RDF Dataset Canonicalization, section 4.4, for each connected part by itself.
        """
        part_of = self._parts(entangled)
        parts: dict[Term, list[ox.Triple]] = defaultdict(list)
        for triple in self._triples():
            part = part_of.get(triple.subject) or part_of.get(triple.object)
            if part is None:
                yield triple
            else:
                parts[part].append(triple)
        twins: Counter[str] = Counter()
        for part_triples in parts.values():
            alike = Counter(_colours(part_triples).values())
            if sum(count for count in alike.values() if count > 1) > _MOST_TWINS:
                self.has_undecided = True
                continue
            part_graph = ox.Dataset(ox.Quad(*triple) for triple in part_triples)
            part_graph.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
            mark = _hash("\n".join(sorted(map(str, part_graph))))
            twins[mark] += 1
            names = f"n{mark}.{twins[mark]}"
            for quad in part_graph:
                subject, value = (
                    ox.BlankNode(f"{names}.{end.value}") if isinstance(end, ox.BlankNode) else end
                    for end in (quad.subject, quad.object)
                )
                yield ox.Triple(subject, quad.predicate, value)

    def _parts(self, entangled: set[Term]) -> dict[object, Term]:
        """Return, for each blank node that hangs together with an entangled one, the same node."""
        found: dict[object, Term] = {}
        for first in entangled:
            waiting = [first]
            while waiting:
                node = waiting.pop()
                if isinstance(node, ox.BlankNode) and node not in found:
                    found[node] = first
                    for statements in (self.by_subject, self.referrers):
                        waiting += [other for _, other in statements.get(node, ())]
        return found


def _colours(triples: Iterable[ox.Triple]) -> dict[object, str]:
    """Return a hash for each blank node, made of what it and its neighbours up to 4 steps say."""
    said: dict[object, list[tuple[str, object]]] = defaultdict(list)
    for subject, predicate, value in triples:
        said[subject].append((str(predicate), value))
        said[value].append((f"^{predicate}", subject))
    colours: dict[object, str] = {node: "" for node in said if isinstance(node, ox.BlankNode)}
    for _ in range(_ROUNDS):
        colours = {
            node: _hash(
                "\n".join(sorted(f"{name} {colours.get(end, end)}" for name, end in said[node]))
            )
            for node in colours
        }
    return colours


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _numbered(text: str, taken: Collection[str]) -> str:
    """Return a text, with a number where it is taken."""
    number = 1
    while (one := text if number == 1 else f"{text} #{number}") in taken:
        number += 1
    return one


def read_side(name: str) -> set[ox.Triple]:
    """Read one side of a comparison; named graphs are read as one, what is inferred is left out.

    Args:
        name: an RDF file, a table, a directory of them, a store, one of its generations as
            ``STORE@41``, or ``shipped``.

    Raises:
        UnreadableInputError: nothing is there, or it is not what its name says.
        UnknownNameError: the store has no such generation.
        TablesError: cells break their table's metadata.
    """
    if name == "shipped":
        from clustergraph.dataset import assemble, observations

        return {quad.triple for quad in (*assemble().quads, *observations())}
    before, at, number = name.rpartition("@")
    is_generation = bool(at) and number.isdecimal() and not Path(name).exists()
    path = Path(before if is_generation else name)
    if is_store(path):
        store = Engine(path, number=int(number) if is_generation else None).store
        return {quad.triple for quad in store if quad.graph_name != ox.NamedNode(INFERRED)}
    if is_generation:
        reason = f"is no store, so that it has no generation {number} to compare"
        raise UnreadableInputError(str(path), reason)
    return set(read([path]))
