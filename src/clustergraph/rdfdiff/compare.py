"""Two graphs, compared thing by thing, and told by the names of things."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from unicodedata import category, combining, normalize

import pyoxigraph as ox

from clustergraph.rdfdiff.graphs import Graph, Said
from clustergraph.shacl.paths import show
from clustergraph.vocab import CG, PREFIXES

_TYPE: Final = PREFIXES["rdf"] + "type"
_NAMES: Final = (PREFIXES["rdfs"] + "label", PREFIXES["skos"] + "prefLabel")
_CLAIM: Final = CG + "Claim"
_CLAIMED: Final = [CG + f"claim{part}" for part in ("Subject", "Property", "Object", "Value")]
_ANNOTATED: Final = [
    f"{PREFIXES['owl']}annotated{part}" for part in ("Source", "Property", "Target")
]
"""What a claim, and a note on a statement, are about."""


@dataclass(frozen=True)
class Values:
    """What changed of one property of a thing; texts as people read them.

    Attributes:
        name: the property's label, or its short name.
        removed: values that only the old graph has.
        added: values that only the new graph has.
        removed_terms: the same values as terms in N-Triples, for programs.
        added_terms: likewise.
    """

    name: str
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed_terms: tuple[str, ...] = ()
    added_terms: tuple[str, ...] = ()


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
    before, after = Graph(old), Graph(new)
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
    if before.has_undecided or after.has_undecided:
        nodes = Thing("", "nodes without a name", "", "", is_claim=False)
        words_of = "too many look the same to tell whether they refer to each other in the same way"
        changed.append(Change(nodes, (Values(words_of),)))
    return Difference(
        tuple(sorted(added, key=_order)),
        tuple(sorted(removed, key=_order)),
        tuple(sorted(changed, key=lambda change: _order(change.thing))),
        count_in,
        count_out,
    )


def _as_seen(text: str) -> str:
    """Return a text as it looks: without what white space and composition hide."""
    shown = (
        " " if one.isspace() else one
        for one in normalize("NFKC", text)
        if one.isspace() or category(one) not in ("Cc", "Cf")
    )  # fmt: skip
    return " ".join("".join(shown).split())


_SPACES: Final = re.compile(r"^ | $| (?= )|(?<= ) ")


def _visible(text: str) -> str:
    """Return a text with spaces at its ends, double spaces and unseen characters made visible."""
    escaped = "".join(
        one if one.isprintable() and not combining(one) else one.encode("unicode_escape").decode()
        for one in text
    )
    return _SPACES.sub("␣", escaped)


def _only(one: Said, other: Said) -> dict[str, frozenset[str]]:
    left = {name: values - other.get(name, frozenset()) for name, values in one.items()}
    return {name: values for name, values in left.items() if values}


def _order(thing: Thing) -> tuple[bool, str, str, str]:
    return thing.is_claim, thing.kind, thing.name.casefold(), thing.iri


class _Words:
    """The names of things, as either graph or the ontology gives them; the later one first."""

    def __init__(self, names: Iterable[ox.Triple], before: Graph, after: Graph) -> None:
        self._labels: dict[str, str] = {}
        known = Graph(triple for triple in names if triple.predicate.value in _NAMES)
        self._terms = ChainMap(after.terms, before.terms, known.terms)
        self._lists = ChainMap(after.lists, before.lists, known.lists)
        for graph in (known, before, after):
            for key, said in graph.said.items():
                if label := self._label(said, graph):
                    self._labels[key] = label

    @staticmethod
    def _label(said: Said, graph: Graph) -> str:
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
        kinds = [word for one in types if (word := self._labels.get(one))]
        kind = kinds[0] if kinds else self._short(types[0]) if types else ""
        name = (self._labels.get(key) if not is_claim else "") or self._unnamed(said)
        iri = key[1:-1] if key.startswith("<") else key
        short = "" if name and not key.startswith("<") else self._short(key)
        values = self.values(gains or {}, losses or {})
        return Thing(iri, short, name, kind, is_claim, values)

    def values(self, gains: Said, losses: Said) -> tuple[Values, ...]:
        found = []
        for name in gains.keys() | losses.keys():
            less, more = losses.get(name, frozenset()), gains.get(name, frozenset())
            if len(less) == len(more) == 1:
                less, more = self._of_lists(*less, *more)
            words = self._labels.get(f"<{name}>")
            terms = (tuple(sorted(less)), tuple(sorted(more)))
            gone, come = self._told_apart(*terms)
            found.append(Values(words or show(ox.NamedNode(name)), gone, come, *terms))
        return tuple(sorted(found, key=lambda one: one.name.casefold()))

    def _told_apart(
        self, less: tuple[str, ...], more: tuple[str, ...]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return values in the plainest form in which a reader sees how they differ."""
        gone: tuple[str, ...] = ()
        come: tuple[str, ...] = ()
        for form in (self.word, self.exact):
            gone, come = tuple(map(form, less)), tuple(map(form, more))
            if set(map(_as_seen, gone)).isdisjoint(map(_as_seen, come)):
                break
        return gone, come

    def _of_lists(self, was: str, now: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return the members that only one of two lists has; of other values, themselves."""
        olds, news = self._lists.get(was, ()), self._lists.get(now, ())
        gone, come = frozenset(olds) - frozenset(news), frozenset(news) - frozenset(olds)
        if olds and news and (gone or come):
            return gone, come
        return frozenset({was}), frozenset({now})

    def word(self, text: str) -> str:
        """Return a value as people read it: with its name, if it has one."""
        term = self._terms.get(text)
        if isinstance(term, ox.Literal):
            return f"{term.value} ({term.language})" if term.language else term.value
        label = self._labels.get(text, "")
        return f"{label} ({self._short(text)})" if label else self._short(text)

    def exact(self, text: str) -> str:
        """Return a literal with what is not seen made visible: spaces, marks, the datatype."""
        term = self._terms.get(text)
        if not isinstance(term, ox.Literal):
            return text
        kind = term.language or show(term.datatype)
        return f'"{_visible(term.value)}" ({kind})'

    def _parts(self, said: Said, names: Iterable[str]) -> list[str]:
        found = (text for name in names for text in sorted(said.get(name, ()))[:1])
        return [self._labels.get(text) or self.word(text) for text in found]

    def _unnamed(self, said: Said) -> str:
        """Return what names a thing without a label: the statement or the classes it is about."""
        if parts := self._parts(said, _CLAIMED) or self._parts(said, _ANNOTATED):
            return " – ".join(parts)
        for members in sorted(said.get(PREFIXES["owl"] + "members", ()))[:1]:
            parts = [
                self._labels.get(one) or self.word(one) for one in self._lists.get(members, ())
            ]
        return ", ".join(parts)

    def _short(self, text: str) -> str:
        return show(ox.NamedNode(text[1:-1])) if text.startswith("<") else text
