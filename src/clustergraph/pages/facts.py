"""What the graph says of one thing, put in order for people: facts with evidence, records, links.

A fact is a direct statement. Its evidence are the records that say where it comes from: a claim
(`cg:Claim`), a membership, a participation; else the sources of the thing itself. Figures, label
awards, amounts and changes are records that stand for themselves.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING, Final, TypeAlias

import pyoxigraph as ox

from clustergraph.pages.model import model
from clustergraph.pages.statements import (
    NAMES,
    RECORDS,
    Term,
    called,
    names_of,
    said_of,
    statements,
)  # fmt: skip
from clustergraph.pages.visit import short
from clustergraph.vocab import BASE, CG, CODE, INFERRED, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Row, Visit

_ORG, _DCT = PREFIXES["org"], PREFIXES["dcterms"]
_TYPE: Final = PREFIXES["rdf"] + "type"
_SOURCE, _SOURCE_NOTE = _DCT + "source", CG + "sourceNote"
_MEASURED: Final = CG + "measuredBy"
# By which a membership or participation names who takes part, and in what; properties by which the
# first relates to the second, and the second to the first.
_MEMBER: Final = (_ORG + "member", CG + "participant")
_BODY: Final = (_ORG + "organization", CG + "participationIn")
_JOINS: Final = ("memberOf", "partnerIn", "participatesIn", "coordinates")
_HAS: Final = ("hasMember", "hasPartner", "coordinatedBy")
# Said elsewhere on the page, or by records.
_ELSEWHERE: Final = frozenset(
    (
        _TYPE, _SOURCE, _SOURCE_NOTE, CG + "basis", CG + "hasLabel", CG + "hasAmount",
        CG + "receivedAward", _MEASURED, PREFIXES["rdfs"] + "isDefinedBy",
        PREFIXES["geo"] + "hasGeometry", PREFIXES["prov"] + "wasDerivedFrom",
    )
)  # fmt: skip
# What refers to a thing and would only be a list of records or observations.
_NOT_LISTED: Final = frozenset(
    (
        *RECORDS, *_BODY, PREFIXES["prov"] + "wasDerivedFrom",
        *(CG + name for name in ("claimObject", "observedRegion", "observedActivity", "period")),
    )
)  # fmt: skip
_OURS: Final = (BASE, CODE, *(PREFIXES[name] for name in ("nuts", "nace", "org")))
# Kinds of records that are about another thing first.
_SECOND: Final = ("body", "origin")
_MOST_RECORDS: Final = 400
_MOST_LINKS: Final = 12
# What has more than this is shown after the rest.
_MANY: Final = 50
_LINKS_PAGE: Final = 100

_REFERRING: Final = f"""SELECT ?s ?follows {{
  {{ SELECT DISTINCT ?s {{ ?s $property $thing FILTER(isIRI(?s)) }} ORDER BY ?s %s }}
  BIND(EXISTS {{ GRAPH <{INFERRED}> {{ ?s $property $thing }} }} && NOT EXISTS {{
    GRAPH ?g {{ ?s $property $thing }} FILTER(?g != <{INFERRED}>) }} AS ?follows)
}} ORDER BY ?s"""
_ABOUT_SOURCES: Final = """SELECT ?source ?title ?publisher ?issued ?temporary {
  VALUES ?source { %s } ?source a cg:Source
  OPTIONAL { ?source dcterms:title ?title } OPTIONAL { ?source dcterms:issued ?issued }
  OPTIONAL { ?source cg:publisherName ?publisher }
  OPTIONAL { ?source cg:temporaryHost ?temporary }
}"""

_Key: TypeAlias = tuple[str, str]
"""A property, and the text of a value or subject."""


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
    evidence: list[Evidence] = field(default_factory=list)


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
    values: dict[str, list[Term]] = field(default_factory=dict)

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
            self.texts(CG + "evidence"),
            self.text(CG + "basis").rpartition("/")[2],
            self.text(
                CG + "claimYear", CG + "memberSince", CG + "participationStart",
                CG + "statedYear", CG + "amountYear",
            ),
            self.texts(_ORG + "role", CG + "participationRole"),
            self.texts(CG + "curatorNote"),
            CG + "contradicts" in self.values,
        )  # fmt: skip


@dataclass(slots=True)
class Thing(Record):
    """All that is known of a thing; ``values`` is what is stated of it directly.

    Attributes:
        facts: the same with evidence, but for what is shown in other ways.
        inferred: what only follows from other statements.
        records: by kind: ``figure``, ``award``, ``amount``, ``change``, …
        incoming: what refers to it.
        names: what each IRI that occurs is called, in the language of the visit or another.
        titles: what it is called itself, in each language.
        sources: title, publisher, … of the sources that occur, by address.
    """

    facts: list[Fact] = field(default_factory=list)
    inferred: list[Fact] = field(default_factory=list)
    records: dict[str, list[Record]] = field(default_factory=dict)
    incoming: list[Fact] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    titles: list[ox.Literal] = field(default_factory=list)
    sources: dict[str, Row] = field(default_factory=dict)

    def name(self, iri: str) -> str:
        """Return what an IRI is called, or a short form of it."""
        return self.names.get(iri) or iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri

    def recorded(self) -> list[str]:
        """Return the IRIs of the records about it."""
        return [one.iri for several in self.records.values() for one in several]

    def kinds(self) -> set[str]:
        """Return the IRIs of the classes, stated or inferred."""
        follow = [said.term for one in self.inferred if one.property == _TYPE
                  for said in one.values]  # fmt: skip
        return set(map(text_of, (*self.values.get(_TYPE, ()), *follow)))


def gathered(visit: Visit, iri: str, *, whole: str = "", page: int = 1) -> Thing:
    """Return what the graph says of a thing.

    Args:
        visit: whom to tell.
        iri: the thing.
        whole: a property by which things refer to it, to list a whole page of these.
        page: which page.
    """
    node = ox.NamedNode(iri)
    said, follows = statements(visit.engine, node)
    thing = Thing(iri, _by_property(said))
    # Of each kind of records a bounded number.
    kinds = [
        f"{{ SELECT ?record ('{kind}' AS ?kind) {{ ?record <{name}> {node} }}"
        f" LIMIT {_MOST_RECORDS} }}"
        for name, kind in RECORDS.items()
    ]
    measured = f"{{ {node} <{_MEASURED}> ?record BIND('measurement' AS ?kind) }}"
    thing.records, triples = _read(visit, [*kinds, measured])
    thing.facts = list(_facts(thing))
    thing.inferred = [
        Fact(name, [Said(one) for one in values], len(values), inferred=True)
        for name, values in sorted(_by_property(follows).items())
    ]
    thing.incoming = _incoming(visit, node, whole, page)
    _say_once(visit, thing)
    named = _names(visit, _mentioned(thing, [*said, *follows, *triples]))
    thing.names = called(named, visit.language)
    thing.titles = [
        one.object for one in named if one.subject == node and isinstance(one.object, ox.Literal)
    ]
    thing.sources = _sources(visit, thing)
    return thing


def text_of(term: object) -> str:
    """Return a term as text: the IRI, or the value of a literal; nothing for None."""
    return "" if term is None else str(getattr(term, "value", term))


def _by_property(triples: Iterable[ox.Triple]) -> dict[str, list[Term]]:
    """Return the values of statements about one thing, sorted, by property."""
    found: dict[str, set[Term]] = defaultdict(set)
    for triple in triples:
        found[triple.predicate.value].add(triple.object)
    return {
        name: sorted(values, key=lambda one: (text_of(one), str(one)))
        for name, values in found.items()
    }


def _read(visit: Visit, patterns: Iterable[str]) -> tuple[dict[str, list[Record]], list[ox.Triple]]:
    """Return the records that patterns find as ``?record``, by ``?kind``, and all they say."""
    kinds: dict[str, set[str]] = defaultdict(set)
    text = f"SELECT DISTINCT ?record ?kind {{ {' UNION '.join(patterns)} }}"
    for row in visit.solutions(text):
        if isinstance(row["record"], ox.NamedNode):
            kinds[text_of(row["kind"])].add(row["record"].value)
    every = sorted(set().union(*kinds.values()))
    by_record: dict[str, list[ox.Triple]] = {iri: [] for iri in every}
    for triple in said_of(visit.engine, map(ox.NamedNode, every), inferred=True):
        by_record[text_of(triple.subject)].append(triple)
    return {
        kind: [Record(iri, _by_property(by_record[iri])) for iri in sorted(iris)]
        for kind, iris in kinds.items()
    }, [triple for triples in by_record.values() for triple in triples]


def _facts(thing: Thing) -> Iterator[Fact]:
    """Yield what is said directly, each value with its evidence."""
    evidence: dict[_Key, list[Evidence]] = defaultdict(list)
    for record in thing.records.get("claim", ()):
        said = record.text(CG + "claimObject", CG + "claimValue")
        evidence[record.text(CG + "claimProperty"), said].append(record.evidence)
    for kind, other, relations in (("member", _BODY, _JOINS), ("body", _MEMBER, _HAS)):
        for record in thing.records.get(kind, ()):
            for name in relations:
                evidence[CG + name, record.text(*other)].append(record.evidence)
    for record in thing.records.get("change", ()):
        evidence[CG + "dissolvedOn", record.text(CG + "changedOn")].append(record.evidence)
    whole = thing.evidence
    own = [Evidence(whole.sources)] if whole.sources else []
    for name, values in sorted(thing.values.items()):
        if name not in _ELSEWHERE:
            told = [Said(one, evidence.get((name, text_of(one)), own)) for one in values]
            doubted = [text_of(one.term) for one in told
                       if any(each.contradicts for each in one.evidence)]  # fmt: skip
            disputed = any(not compatible(*pair) for pair in combinations(doubted, 2))
            yield Fact(name, told, len(told), disputed=disputed)


def compatible(one: str, other: str) -> bool:
    """Return whether two dates may mean the same: one is less exact, and meets the other.

    31 August 2025 may be what is elsewhere told as September 2025, or as 2025; August and
    September 2025 are different.
    """
    if len(one) == len(other):
        return one == other
    try:
        starts, ends = zip(_days(one), _days(other), strict=True)
    except ValueError:
        return False
    return max(starts) - min(ends) <= 1


def _days(written: str) -> tuple[int, int]:
    """Return the first and the last day of a date, counted from the beginning of time.

    Raises:
        ValueError: it is no date.
    """
    first = last = date.fromisoformat((written + "-01-01")[:10])
    if len(written) == len("2025"):
        last = first.replace(month=12, day=31)
    elif len(written) == len("2025-09"):
        last = first.replace(day=monthrange(first.year, first.month)[1])
    return first.toordinal(), last.toordinal()


def _incoming(visit: Visit, node: ox.NamedNode, whole: str, page: int) -> list[Fact]:
    """Return what refers to the thing by each property: some, or a page of one."""

    def counted(pattern: str) -> dict[str, int]:
        text = f"SELECT ?p (COUNT(DISTINCT ?s) AS ?n) {{ {pattern} }} GROUP BY ?p"
        return {row.p: row.n for row in visit.select(text, thing=node) if row.p}

    pattern = "?s ?p $thing FILTER(isIRI(?s))"
    counts, inferred = counted(pattern), counted(f"GRAPH <{INFERRED}> {{ {pattern} }}")
    estimates = counted(
        "?claim cg:claimObject $thing ; cg:claimProperty ?p ; cg:claimSubject ?s ; "
        f"cg:basis <{CODE}basis/estimated>"
    )
    found: list[Fact] = []
    for name, total in sorted(counts.items(), key=lambda one: (one[1] > _MANY, one[0])):
        if name in _NOT_LISTED or (name == _TYPE and not whole):
            continue
        size = _LINKS_PAGE if name == whole else _MOST_LINKS
        skipped = (page - 1) * size if name == whole else 0
        follows = inferred.get(name, 0) == total
        text = _REFERRING % f"LIMIT {size} OFFSET {skipped}"
        subjects = []
        for row in visit.select(text, thing=node, property=ox.NamedNode(name)):
            marked = row.follows == "true" and not follows
            inference = [Evidence(basis="inferred")] if marked else []
            subjects.append(Said(ox.NamedNode(row.s), inference))
        found.append(
            Fact(name, subjects, total, estimates.get(name, 0), inferred=follows, incoming=True)
        )
    evidence = _evidence_for(visit, node, found)
    for link in found:
        for said in link.values:
            said.evidence[:0] = evidence.get((link.property, text_of(said.term)), ())
    return found


def _evidence_for(
    visit: Visit, node: ox.NamedNode, links: Iterable[Fact]
) -> dict[_Key, list[Evidence]]:
    """Return what records say of links to the thing, by property and subject."""
    others = " ".join(sorted({str(said.term) for link in links for said in link.values}))
    found: dict[_Key, list[Evidence]] = defaultdict(list)
    if not others:
        return found
    patterns = [
        f"{{ VALUES ?other {{ {others} }} ?record <{by}> ?other ; <{to}> {node} "
        f"BIND('{to}' AS ?kind) }}"
        for to, by in (
            (CG + "claimObject", CG + "claimSubject"), *zip(_BODY, _MEMBER, strict=True)
        )
    ]  # fmt: skip
    for kind, records in _read(visit, patterns)[0].items():
        for record in records:
            subject = record.text(CG + "claimSubject", *_MEMBER)
            claimed = [record.text(CG + "claimProperty")]
            joins = [CG + name for name in _JOINS]
            for name in claimed if kind == CG + "claimObject" else joins:
                found[name, subject].append(record.evidence)
    return found


def _say_once(visit: Visit, thing: Thing) -> None:
    """Leave out what says the same the other way round: of two inverse relations, one is shown.

    Which of them: the one whose reverse has words of its own ("members" for *member of*); else
    the one that leads from the thing.
    """
    words = visit.words("thing")
    links = {link.property: link for link in thing.incoming}
    hidden = set()
    for fact in (*thing.facts, *thing.inferred):
        term = model().terms.get(fact.property)
        if term is None:
            continue
        same = (term.iri,) if "symmetric" in term.traits else term.inverse
        for link in (links[name] for name in same if name in links):
            worded, leading = (words.has("incoming-" + short(one.property)) for one in (link, fact))
            better = fact.inferred or (worded and not leading)
            if better and not link.inferred and link.total >= fact.total:
                hidden.add(id(fact))
            elif fact.total >= link.total and (link.inferred or not fact.inferred):
                hidden.add(id(link))
    thing.facts, thing.inferred, thing.incoming = (
        [one for one in several if id(one) not in hidden]
        for several in (thing.facts, thing.inferred, thing.incoming)
    )


def _mentioned(thing: Thing, triples: Iterable[ox.Triple]) -> Iterator[str]:
    """Yield the IRIs that the page names: properties, values, subjects, roles."""
    yield thing.iri
    yield from (one.object.value for one in triples if isinstance(one.object, ox.NamedNode))
    yield from thing.recorded()
    yield from (fact.property for fact in (*thing.facts, *thing.inferred, *thing.incoming))
    for said in (said for link in thing.incoming for said in link.values):
        yield text_of(said.term)
        yield from (role for evidence in said.evidence for role in evidence.roles)


def _names(visit: Visit, iris: Iterable[str]) -> list[ox.Triple]:
    """Return the names of things; records without one are called by their subject and keys."""
    known = [ox.NamedNode(iri) for iri in sorted(set(iris)) if iri.startswith(_OURS)]
    triples = names_of(visit.engine, known, ())
    named = {one.subject for one in triples}
    records = " ".join(str(node) for node in known if node not in named and "--" in node.value)
    about = "|".join(f"<{name}>" for name, kind in RECORDS.items() if kind not in _SECOND)
    text = (
        f"SELECT ?record ?name {{ VALUES ?record {{ {records} }} "
        f"?record ({about}) ?thing . ?thing rdfs:label ?name }}"
    )
    for row in visit.solutions(text) if records else ():
        keys = [row["name"].value, *row["record"].value.rpartition("/")[2].split("--")[1:]]
        name = ox.Literal(" · ".join(keys), language=row["name"].language)
        triples.append(ox.Triple(row["record"], ox.NamedNode(NAMES[0]), name))
    return triples


def _sources(visit: Visit, thing: Thing) -> dict[str, Row]:
    """Return what the graph says of the sources that a page names."""
    evidence = [one for link in thing.incoming for said in link.values for one in said.evidence]
    evidence += [record.evidence for records in thing.records.values() for record in records]
    evidence.append(thing.evidence)
    found = {
        str(ox.NamedNode(one))
        for each in evidence
        for one in (*each.sources, *each.looked_at)
        if one.startswith(("http://", "https://")) and not set(one) & set('<>"{}|\\^` \n\r\t')
    }
    rows = visit.select(_ABOUT_SOURCES % " ".join(sorted(found))) if found else ()
    return {row.source: row for row in rows}
