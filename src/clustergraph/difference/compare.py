"""Two graphs, compared thing by thing.

A blank node has no name to be recognised by. One that others refer to is told as part of what
refers to it, by all it says; one that nothing refers to stands for itself, and is taken for the
node of the other side that says most of the same. Nodes that refer to each other in a circle are
told apart by what surrounds them, looked at again and again until nothing new comes of it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import pyoxigraph as ox

from clustergraph.validation.paths import show
from clustergraph.vocab import CG, PREFIXES

__all__ = ["Change", "Difference", "Thing", "Values", "compare"]

_RDF: Final = PREFIXES["rdf"]
_TYPE: Final = _RDF + "type"
_FIRST, _REST, _NIL = (_RDF + name for name in ("first", "rest", "nil"))
_NAMES: Final = (PREFIXES["rdfs"] + "label", PREFIXES["skos"] + "prefLabel")
_CLAIM: Final = CG + "Claim"
_SIMILAR: Final = 0.5
_DEEP: Final = 64
_ROUNDS: Final = 4
_LONGEST: Final = 1_000_000
_MANY: Final = 50
# What the languages themselves have names for and no ontology of ours labels.
_KINDS: Final = {
    **{f"<{PREFIXES['owl']}{kind}Property>": "property" for kind in ("Object", "Datatype")},
    f"<{PREFIXES['owl']}AnnotationProperty>": "property",
    f"<{PREFIXES['owl']}Class>": "class",
    f"<{PREFIXES['owl']}Ontology>": "ontology",
    f"<{PREFIXES['owl']}Axiom>": "note on a statement",
    f"<{PREFIXES['owl']}AllDisjointClasses>": "classes that exclude each other",
    f"<{PREFIXES['skos']}Concept>": "entry",
    f"<{PREFIXES['skos']}ConceptScheme>": "code list",
}
_RELATIONS: Final = {
    _TYPE: "is a",
    PREFIXES["rdfs"] + "label": "name",
    PREFIXES["rdfs"] + "subClassOf": "is below",
    PREFIXES["rdfs"] + "subPropertyOf": "is below",
    PREFIXES["rdfs"] + "domain": "leads from",
    PREFIXES["rdfs"] + "range": "leads to",
    PREFIXES["rdfs"] + "isDefinedBy": "defined in",
    PREFIXES["owl"] + "inverseOf": "inverse of",
    PREFIXES["owl"] + "disjointWith": "excludes",
    PREFIXES["owl"] + "members": "members",
    PREFIXES["skos"] + "prefLabel": "name",
    PREFIXES["skos"] + "altLabel": "other name",
    PREFIXES["skos"] + "definition": "definition",
    PREFIXES["skos"] + "scopeNote": "scope",
    PREFIXES["skos"] + "note": "note",
    PREFIXES["skos"] + "broader": "is below",
    PREFIXES["skos"] + "closeMatch": "much the same as",
    PREFIXES["dcterms"] + "source": "source",
    PREFIXES["schema"] + "domainIncludes": "meant to lead from",
    PREFIXES["schema"] + "rangeIncludes": "meant to lead to",
}

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal
Said: TypeAlias = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Values:
    """What changed of one property of a thing; texts as people read them.

    Attributes:
        name: the property's label, or its short name.
        removed: values that only the old graph has.
        added: values that only the new graph has.
    """

    name: str
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


@dataclass(frozen=True)
class Thing:
    """A thing that is in one of two graphs.

    Attributes:
        iri: its address; for one without, what it says.
        short: the address as a prefixed name.
        name: its label, or what a claim claims; may be empty.
        kind: the label of its class; may be empty.
        is_claim: whether it is a claim about another thing.
        said: what the graph says of it.
    """

    iri: str
    short: str
    name: str
    kind: str
    is_claim: bool
    said: tuple[Values, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Change:
    """A thing that both graphs describe, differently."""

    thing: Thing
    values: tuple[Values, ...]


@dataclass(frozen=True)
class Difference:
    """What is different between an old graph and a new one.

    Attributes:
        added: things that only the new one describes, sorted by name.
        removed: things that only the old one describes.
        changed: things that both describe, differently.
        statements_added: how many statements are new.
        statements_removed: how many statements are gone.
    """

    added: tuple[Thing, ...] = ()
    removed: tuple[Thing, ...] = ()
    changed: tuple[Change, ...] = ()
    statements_added: int = 0
    statements_removed: int = 0

    def __bool__(self) -> bool:
        """Say whether anything is different."""
        return bool(self.added or self.removed or self.changed)


def compare(
    old: Iterable[ox.Triple], new: Iterable[ox.Triple], names: Iterable[ox.Triple] = ()
) -> Difference:
    """Compare two graphs.

    Args:
        old: the triples of the earlier one.
        new: the triples of the later one.
        names: triples that name what the graphs use without naming it, such as an ontology's.
    """
    before, after = _Graph(old), _Graph(new)
    _pair(before, after)
    words = _Words([*names], before, after)
    added, removed, changed = [], [], []
    count_in = count_out = 0
    for key in sorted(before.said.keys() | after.said.keys()):
        was, now = before.said.get(key, {}), after.said.get(key, {})
        gains, losses = _only(now, was), _only(was, now)
        count_in += sum(map(len, gains.values()))
        count_out += sum(map(len, losses.values()))
        if not was:
            added.append(words.thing(key, now, gains=now))
        elif not now:
            removed.append(words.thing(key, was, losses=was))
        elif gains or losses:
            values = words.values(gains, losses)
            changed.append(Change(words.thing(key, now), values))
    if not (added or removed or changed) and not before.alike(after):
        tangle = Thing("", "nodes without a name", "", "", is_claim=False)
        changed.append(Change(tangle, (Values("refer to each other in another way"),)))
    return Difference(
        tuple(sorted(added, key=_order)),
        tuple(sorted(removed, key=_order)),
        tuple(sorted(changed, key=lambda change: _order(change.thing))),
        count_in,
        count_out,
    )


def _only(one: Said, other: Said) -> dict[str, frozenset[str]]:
    left = {name: values - other.get(name, frozenset()) for name, values in one.items()}
    return {name: values for name, values in left.items() if values}


def _order(thing: Thing) -> tuple[bool, str, str, str]:
    return thing.is_claim, thing.kind, thing.name.casefold(), thing.iri


class _Graph:
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

    def alike(self, other: _Graph) -> bool:
        """Say whether nodes that surroundings cannot tell apart are connected alike (RDFC-1.0)."""
        return self._canonical() == other._canonical()

    def _canonical(self) -> set[ox.Quad]:
        """Return the statements of the entangled nodes, in their canonical form."""
        quads = ox.Dataset(
            ox.Quad(subject, ox.NamedNode(predicate), value)
            for subject in self._colours
            if isinstance(subject, ox.BlankNode)
            for predicate, value in self.by_subject.get(subject, ())
        )
        quads.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
        return set(quads)

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
            while isinstance(node, ox.BlankNode) and node in self.referrers and steps <= _DEEP:
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


def _pair(before: _Graph, after: _Graph) -> None:
    """Give the nameless things of both graphs that say most of the same one key."""
    olds = [key for key in before.said.keys() - after.said.keys() if _nameless(key)]
    news = [key for key in after.said.keys() - before.said.keys() if _nameless(key)]
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


def _nameless(key: str) -> bool:
    return not key.startswith("<")


def _features(said: Said, graph: _Graph) -> Iterator[tuple[str, str]]:
    """Yield what tells a nameless thing from others: all that it says but its class."""
    for name, value in _statements(said):
        if name != _TYPE:
            yield from ((name, part) for part in graph.lists.get(value, (value,)))


def _statements(said: Said) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, values in said.items() for value in values)


class _Words:
    """The names of things, as either graph or the ontology gives them; the later one first."""

    def __init__(self, names: Iterable[ox.Triple], before: _Graph, after: _Graph) -> None:
        self._labels: dict[str, str] = {}
        known = _Graph(triple for triple in names if triple.predicate.value in _NAMES)
        self._graphs = (after, before, known)
        for graph in reversed(self._graphs):
            for key, said in graph.said.items():
                if label := self._label(said, graph):
                    self._labels[key] = label

    @staticmethod
    def _label(said: Said, graph: _Graph) -> str:
        for name in _NAMES:
            literals = [
                term
                for text in sorted(said.get(name, ()))
                if isinstance(term := graph.terms.get(text), ox.Literal)
            ]
            for literal in literals:
                if literal.language == "en":
                    return literal.value
            if literals:
                return literals[0].value
        return ""

    def thing(
        self, key: str, said: Said, *, gains: Said | None = None, losses: Said | None = None
    ) -> Thing:
        types = sorted(said.get(_TYPE, ()))
        is_claim = f"<{_CLAIM}>" in types
        kinds = [word for one in types if (word := self._labels.get(one) or _KINDS.get(one))]
        kind = kinds[0] if kinds else self._short(types[0]) if types else ""
        name = self._claimed(said) if is_claim else self._labels.get(key) or self._unnamed(said)
        iri = key[1:-1] if key.startswith("<") else key
        short = "" if _nameless(key) and name else self._short(key)
        values = self.values(gains or {}, losses or {})
        return Thing(iri, short, name, kind, is_claim, values)

    def values(self, gains: Said, losses: Said) -> tuple[Values, ...]:
        found = []
        for name in gains.keys() | losses.keys():
            less, more = losses.get(name, frozenset()), gains.get(name, frozenset())
            if len(less) == len(more) == 1:
                less, more = self._of_lists(*less, *more)
            words = self._labels.get(f"<{name}>") or _RELATIONS.get(name)
            gone, come = (sorted(map(self.word, texts)) for texts in (less, more))
            if not set(gone).isdisjoint(come):
                # Only the datatype tells them apart.
                gone, come = (sorted(map(self.typed, texts)) for texts in (less, more))
            found.append(Values(words or show(ox.NamedNode(name)), tuple(gone), tuple(come)))
        return tuple(sorted(found, key=lambda one: one.name.casefold()))

    def _of_lists(self, was: str, now: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return the members that only one of two lists has; of other values, themselves."""
        olds, news = (
            next((g.lists[text] for g in self._graphs if text in g.lists), ())
            for text in (was, now)
        )
        gone, come = frozenset(olds) - frozenset(news), frozenset(news) - frozenset(olds)
        if olds and news and (gone or come):
            return gone, come
        return frozenset({was}), frozenset({now})

    def word(self, text: str) -> str:
        """Return a value as people read it: with its name, if it has one."""
        term = next((g.terms[text] for g in self._graphs if text in g.terms), None)
        if isinstance(term, ox.Literal):
            return f"{term.value} ({term.language})" if term.language else term.value
        label = self._labels.get(text, "")
        return f"{label} ({self._short(text)})" if label else self._short(text)

    def typed(self, text: str) -> str:
        """Return a value with its datatype."""
        term = next((g.terms[text] for g in self._graphs if text in g.terms), None)
        if isinstance(term, ox.Literal) and not term.language:
            return f"{term.value} ({show(term.datatype)})"
        return self.word(text)

    def _claimed(self, said: Said) -> str:
        """Return a claim as a sentence: its subject, property and object or value."""
        parts = []
        for name in ("claimSubject", "claimProperty", "claimObject", "claimValue"):
            for text in sorted(said.get(CG + name, ()))[:1]:
                parts.append(self._labels.get(text) or self.word(text))
        return " – ".join(parts)

    def _unnamed(self, said: Said) -> str:
        """Return what names a thing without a name: the statement or the classes it is about."""
        parts = [
            self._labels.get(text) or self.word(text)
            for name in ("annotatedSource", "annotatedProperty", "annotatedTarget")
            for text in sorted(said.get(PREFIXES["owl"] + name, ()))[:1]
        ]
        if parts:
            return " – ".join(parts)
        members = sorted(said.get(PREFIXES["owl"] + "members", ()))[:1]
        texts = next((g.lists[one] for one in members for g in self._graphs if one in g.lists), ())
        return ", ".join(self._labels.get(text) or self.word(text) for text in texts)

    def _short(self, text: str) -> str:
        return show(ox.NamedNode(text[1:-1])) if text.startswith("<") else text
