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
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph.pages.model import model
from clustergraph.pages.records import (
    BODY,
    JOINS,
    MEMBER,
    Evidence,
    Fact,
    Record,
    Said,
    by_property,
    incoming,
    read,
    text_of,
)  # fmt: skip
from clustergraph.pages.statements import NAMES, RECORDS, called, names_of, statements
from clustergraph.pages.visit import short
from clustergraph.vocab import BASE, CODE, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Row, Visit

__all__ = ["Thing", "compatible", "gathered"]

_CG, _ORG, _DCT = (PREFIXES[name] for name in ("cg", "org", "dcterms"))
_TYPE: Final = PREFIXES["rdf"] + "type"
_SOURCE, _SOURCE_NOTE = _DCT + "source", _CG + "sourceNote"
_MEASURED: Final = _CG + "measuredBy"
_HAS: Final = ("hasMember", "hasPartner", "coordinatedBy")
# Said elsewhere on the page, or by records.
_ELSEWHERE: Final = frozenset(
    (
        _TYPE, _SOURCE, _SOURCE_NOTE, _CG + "basis", _CG + "hasLabel", _CG + "hasAmount",
        _CG + "receivedAward", _MEASURED, PREFIXES["rdfs"] + "isDefinedBy",
        PREFIXES["geo"] + "hasGeometry", PREFIXES["prov"] + "wasDerivedFrom",
    )
)  # fmt: skip
_OURS: Final = (BASE, CODE, *(PREFIXES[name] for name in ("nuts", "nace", "org")))
# Kinds of records that are about another thing first.
_SECOND: Final = ("body", "origin")
_MOST_RECORDS: Final = 400


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
        found = {text_of(one) for one in self.values.get(_TYPE, ())}
        found.update(
            text_of(said.term) for fact in self.inferred if fact.property == _TYPE
            for said in fact.values
        )  # fmt: skip
        return found


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
    thing = Thing(iri, by_property(said))
    records = _records(visit, node, thing)
    thing.facts = list(_facts(thing))
    thing.inferred = [
        Fact(name, [Said(one, []) for one in values], len(values), inferred=True)
        for name, values in sorted(by_property(follows).items())
    ]
    thing.incoming = incoming(visit, node, whole, page)
    _say_once(visit, thing)
    named = _names(visit, _mentioned(thing, [*said, *follows, *records]))
    thing.names = called(named, visit.language)
    thing.titles = [
        one.object for one in named if one.subject == node and isinstance(one.object, ox.Literal)
    ]
    thing.sources = _sources(visit, thing)
    return thing


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


def _records(visit: Visit, node: ox.NamedNode, thing: Thing) -> list[ox.Triple]:
    """Read the records about a thing, of each kind a bounded number; return what they say."""
    places = " UNION ".join(
        f"{{ SELECT ?record ('{kind}' AS ?kind) {{ ?record <{name}> {node} }}"
        f" LIMIT {_MOST_RECORDS} }}"
        for name, kind in RECORDS.items()
    )
    measured = f"{{ {node} <{_MEASURED}> ?record BIND('measurement' AS ?kind) }}"
    thing.records, triples = read(visit, f"{places} UNION {measured}")
    return triples


def _facts(thing: Thing) -> Iterator[Fact]:
    """Yield what is said directly, each value with its evidence."""
    evidence: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    for record in thing.records.get("claim", ()):
        said = record.text(_CG + "claimObject", _CG + "claimValue")
        evidence[record.text(_CG + "claimProperty"), said].append(record.evidence)
    for kind, other, relations in (("member", BODY, JOINS), ("body", MEMBER, _HAS)):
        for record in thing.records.get(kind, ()):
            for name in relations:
                evidence[_CG + name, record.text(*other)].append(record.evidence)
    for record in thing.records.get("change", ()):
        evidence[_CG + "dissolvedOn", record.text(_CG + "changedOn")].append(record.evidence)
    whole = thing.evidence
    own = [Evidence(whole.sources)] if whole.sources else []
    for name, values in sorted(thing.values.items()):
        if name not in _ELSEWHERE:
            told = [Said(one, evidence.get((name, text_of(one)), own)) for one in values]
            yield Fact(name, told, len(told), disputed=_disputed(told))


def _disputed(values: Iterable[Said]) -> bool:
    """Return whether two values contradict each other, by what is claimed of them.

    A date that is only told less exactly than another does not contradict it.
    """
    doubted = [one.term for one in values if any(each.contradicts for each in one.evidence)]
    return any(not compatible(text_of(a), text_of(b)) for a, b in combinations(doubted, 2))


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


def _say_once(visit: Visit, thing: Thing) -> None:
    """Leave out what says the same the other way round: of two inverse relations, one is shown.

    Which of them: the one whose reverse has words of its own ("members" for *member of*); else
    the one that leads from the thing.
    """
    words = visit.words("thing")
    stated = {link.property: link.total for link in thing.incoming if not link.inferred}
    leading = {fact.property: fact.total for fact in (*thing.facts, *thing.inferred)}

    def reverse(name: str) -> str:
        term = model().terms.get(name)
        if term is None or "symmetric" in term.traits:
            return name if term else ""
        return next(iter(term.inverse), "")

    def worded(name: str) -> bool:
        return words.has("incoming-" + short(name))

    def referred(fact: Fact) -> bool:
        """Whether what refers to the thing says the same, and better."""
        other = reverse(fact.property)
        better = worded(other) and not worded(fact.property)
        return better and stated.get(other, 0) >= fact.total

    thing.facts = [fact for fact in thing.facts if not referred(fact)]
    thing.inferred = [
        fact for fact in thing.inferred if stated.get(reverse(fact.property), 0) < fact.total
    ]
    kept = {fact.property for fact in thing.facts}
    thing.incoming = [
        link
        for link in thing.incoming
        if leading.get(reverse(link.property), 0) < link.total
        or (reverse(link.property) not in kept and not link.inferred)
    ]


def _mentioned(thing: Thing, triples: Iterable[ox.Triple]) -> Iterator[str]:
    """Yield the IRIs that the page names: properties, values, subjects, roles."""
    yield thing.iri
    yield from (one.object.value for one in triples if isinstance(one.object, ox.NamedNode))
    yield from thing.recorded()
    yield from (fact.property for fact in (*thing.facts, *thing.inferred))
    for link in thing.incoming:
        yield link.property
        for said in link.values:
            yield text_of(said.term)
            for evidence in said.evidence:
                yield from evidence.roles


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
    if not found:
        return {}
    rows = visit.select(
        f"SELECT ?source ?title ?publisher ?issued ?temporary {{ VALUES ?source {{ "
        f"{' '.join(sorted(found))} }} ?source a cg:Source "
        "OPTIONAL { ?source dcterms:title ?title } OPTIONAL { ?source dcterms:issued ?issued } "
        "OPTIONAL { ?source cg:publisherName ?publisher } "
        "OPTIONAL { ?source cg:temporaryHost ?temporary } }"
    )
    return {row.source: row for row in rows}
