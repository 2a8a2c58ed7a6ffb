"""Records about a thing: claims, memberships, awards, figures, and what they say of facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph.pages.statements import Term, said_of
from clustergraph.vocab import PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = [
    "BODY", "JOINS", "MEMBER", "Evidence", "Record", "Said", "Values", "by_property", "read",
    "text_of",
]  # fmt: skip

_CG, _ORG, _DCT = (PREFIXES[name] for name in ("cg", "org", "dcterms"))
_SOURCE, _SOURCE_NOTE = _DCT + "source", _CG + "sourceNote"
MEMBER: Final = (_ORG + "member", _CG + "participant")
"""By which a membership or participation names who takes part."""
BODY: Final = (_ORG + "organization", _CG + "participationIn")
"""By which it names in what."""
JOINS: Final = ("memberOf", "partnerIn", "participatesIn", "coordinates")
"""Properties by which the first relates to the second, in our namespace."""

Values = dict[str, list[Term]]


@dataclass(slots=True)
class Evidence:
    """Where a fact comes from.

    Attributes:
        sources: addresses and notes that state it.
        looked_at: addresses that an estimate rests on, which need not state it.
        basis: ``stated``, ``estimated`` or ``derived``; ``inferred``: it only follows from other
            statements; empty: not said.
        year: when the source says that it held, or since when.
        roles: IRIs of the roles of a membership.
        notes: what curators remarked.
        contradicts: whether another record says otherwise.
    """

    sources: list[str] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)
    basis: str = ""
    year: str = ""
    roles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    contradicts: bool = False


@dataclass(slots=True)
class Said:
    """One value of a property, with the evidence for it."""

    term: Term
    evidence: list[Evidence]


@dataclass(slots=True)
class Record:
    """A record about the thing.

    Attributes:
        iri: its own IRI.
        values: all that it says, by property.
    """

    iri: str
    values: Values = field(default_factory=dict)

    def first(self, *properties: str) -> Term | None:
        """Return the first value of the first of the properties that has any."""
        return next((self.values[name][0] for name in properties if name in self.values), None)

    def text(self, *properties: str) -> str:
        """Return the same as text."""
        return text_of(self.first(*properties))

    def texts(self, *properties: str) -> list[str]:
        """Return all values of the properties as text."""
        return [text_of(one) for name in properties for one in self.values.get(name, ())]

    @property
    def evidence(self) -> Evidence:
        """What the record says of where it comes from."""
        return Evidence(
            self.texts(_SOURCE, _SOURCE_NOTE),
            self.texts(_CG + "evidence"),
            self.text(_CG + "basis").rpartition("/")[2],
            self.text(
                _CG + "claimYear", _CG + "memberSince", _CG + "participationStart",
                _CG + "statedYear", _CG + "amountYear",
            ),
            self.texts(_ORG + "role", _CG + "participationRole"),
            self.texts(_CG + "curatorNote"),
            _CG + "contradicts" in self.values,
        )  # fmt: skip


def read(visit: Visit, patterns: str) -> tuple[dict[str, list[Record]], list[ox.Triple]]:
    """Return the records that patterns find as ``?record``, by ``?kind``, and all they say."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for row in visit.solutions(f"SELECT DISTINCT ?record ?kind {{ {patterns} }}"):
        if isinstance(row["record"], ox.NamedNode):
            kinds[text_of(row["kind"])].add(row["record"].value)
    every = sorted(set().union(*kinds.values()))
    triples = list(said_of(visit.engine, map(ox.NamedNode, every), inferred=True))
    by_record: dict[str, list[ox.Triple]] = defaultdict(list)
    for triple in triples:
        by_record[text_of(triple.subject)].append(triple)
    return {
        kind: [Record(iri, by_property(by_record[iri])) for iri in sorted(iris)]
        for kind, iris in kinds.items()
    }, triples


def by_property(triples: Iterable[ox.Triple]) -> Values:
    """Return the values of statements about one thing, sorted, by property."""
    found: dict[str, dict[Term, None]] = defaultdict(dict)
    for triple in triples:
        found[triple.predicate.value][triple.object] = None
    return {
        name: sorted(values, key=lambda one: (text_of(one), str(one)))
        for name, values in found.items()
    }


def text_of(term: object) -> str:
    """Return a term as text: the IRI, or the value of a literal; nothing for None."""
    return "" if term is None else str(getattr(term, "value", term))
