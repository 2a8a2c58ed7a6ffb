"""Records about a thing (claims, memberships, awards, figures), and what refers to it.

Records are the evidence for facts, and for what refers to the thing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph.pages.statements import RECORDS, Term, said_of
from clustergraph.vocab import CODE, INFERRED, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = [
    "BODY", "JOINS", "MEMBER", "Evidence", "Fact", "Record", "Said", "Values", "by_property",
    "incoming", "read", "text_of",
]  # fmt: skip

_CG, _ORG, _DCT = (PREFIXES[name] for name in ("cg", "org", "dcterms"))
_SOURCE, _SOURCE_NOTE = _DCT + "source", _CG + "sourceNote"
MEMBER: Final = (_ORG + "member", _CG + "participant")
"""By which a membership or participation names who takes part."""
BODY: Final = (_ORG + "organization", _CG + "participationIn")
"""By which it names in what."""
JOINS: Final = ("memberOf", "partnerIn", "participatesIn", "coordinates")
"""Properties by which the first relates to the second, in our namespace."""

_TYPE: Final = PREFIXES["rdf"] + "type"
# By which a record says what the thing has to do with another, and by which that is the other.
_LINKS: Final[Mapping[str, tuple[str, str]]] = {
    "claimed": (_CG + "claimObject", _CG + "claimSubject"),
    "organization": (_ORG + "organization", _ORG + "member"),
    "undertaking": (_CG + "participationIn", _CG + "participant"),
}
# What refers to a thing and would only be a list of observations.
_NOT_LISTED: Final = frozenset(
    (
        *RECORDS, *(to for to, _ in _LINKS.values()), PREFIXES["prov"] + "wasDerivedFrom",
        *(_CG + name for name in ("observedRegion", "observedActivity", "period")),
    )
)  # fmt: skip
_MOST_LINKS: Final = 12
# What has more than this is shown after the rest.
_MANY: Final = 50
_LINKS_PAGE: Final = 100

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
class Fact:
    """A property with its values, or with what refers to the thing by it.

    Attributes:
        property: its IRI.
        values: all values, or some of what refers to the thing.
        total: how many there are.
        estimated: how many of all rest on an estimate.
        disputed: whether sources contradict each other about it.
        inferred: whether no statement says so: all of it follows.
        incoming: whether the thing is the value.
    """

    property: str
    values: list[Said]
    total: int
    estimated: int = 0
    disputed: bool = False
    inferred: bool = False
    incoming: bool = False


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


def incoming(visit: Visit, node: ox.NamedNode, whole: str, page: int) -> list[Fact]:
    """Return what refers to the thing by each property: some, or a page of one."""
    pattern = "?s ?p $thing FILTER(isIRI(?s))"
    counts = _counts(visit, pattern, node)
    inferred = _counts(visit, f"GRAPH <{INFERRED}> {{ {pattern} }}", node)
    estimates = _counts(
        visit,
        "?claim cg:claimObject $thing ; cg:claimProperty ?p ; cg:claimSubject ?s ; "
        f"cg:basis <{CODE}basis/estimated>",
        node,
    )
    found: list[Fact] = []
    for name, total in sorted(counts.items(), key=lambda one: (one[1] > _MANY, one[0])):
        if name in _NOT_LISTED or (name == _TYPE and not whole):
            continue
        size = _LINKS_PAGE if name == whole else _MOST_LINKS
        rows = visit.select(
            f"SELECT DISTINCT ?s {{ ?s $property $thing FILTER(isIRI(?s)) }} ORDER BY ?s "
            f"LIMIT {size} OFFSET {(page - 1) * size if name == whole else 0}",
            thing=node,
            property=ox.NamedNode(name),
        )
        subjects = [Said(ox.NamedNode(row.s), []) for row in rows]
        follows = inferred.get(name, 0) == total
        found.append(
            Fact(name, subjects, total, estimates.get(name, 0), inferred=follows, incoming=True)
        )
    evidence: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    for kind, record in _links(visit, node, found):
        if kind == "claimed":
            key = record.text(_CG + "claimProperty"), record.text(_CG + "claimSubject")
            evidence[key].append(record.evidence)
        else:
            for relation in JOINS:
                evidence[_CG + relation, record.text(*MEMBER)].append(record.evidence)
    for one, name in _inferred(visit, node, found):
        evidence[name, one].append(Evidence(basis="inferred"))
    for link in found:
        for said in link.values:
            said.evidence = evidence.get((link.property, text_of(said.term)), [])
    return found


def _counts(visit: Visit, pattern: str, node: ox.NamedNode) -> dict[str, int]:
    """Return how many things relate to one, by property."""
    text = f"SELECT ?p (COUNT(DISTINCT ?s) AS ?n) {{ {pattern} }} GROUP BY ?p"
    return {row.p: row.n for row in visit.select(text, thing=node) if row.p}


def _group(links: Iterable[Fact]) -> str:
    """Return the subjects of links as they stand in VALUES."""
    return " ".join(sorted({str(said.term) for link in links for said in link.values}))


def _links(visit: Visit, node: ox.NamedNode, links: Iterable[Fact]) -> Iterator[tuple[str, Record]]:
    """Yield the records that say what some other things have to do with the thing, by kind."""
    if group := _group(links):
        patterns = " UNION ".join(
            f"{{ VALUES ?other {{ {group} }} ?record <{by}> ?other ; <{to}> {node} "
            f"BIND('{kind}' AS ?kind) }}"
            for kind, (to, by) in _LINKS.items()
        )
        for kind, records in read(visit, patterns)[0].items():
            for record in records:
                yield kind, record


def _inferred(visit: Visit, node: ox.NamedNode, links: Iterable[Fact]) -> Iterator[tuple[str, str]]:
    """Yield those links to a thing, by subject and property, that nobody states."""
    group = _group(link for link in links if not link.inferred)
    text = f"""SELECT ?s ?p {{ VALUES ?s {{ {group} }} GRAPH <{INFERRED}> {{ ?s ?p $thing }}
        FILTER NOT EXISTS {{ GRAPH ?g {{ ?s ?p $thing }} FILTER(?g != <{INFERRED}>) }} }}"""
    for row in visit.select(text, thing=node):
        yield row.s, row.p
