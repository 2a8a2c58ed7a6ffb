"""What the graph says of one thing, put in order for people: facts with evidence, records, links.

A fact is a direct statement. Its evidence are the records that say where it comes from: a claim
(`cg:Claim`), a membership, a participation; else the sources of the thing itself. Figures, label
awards and amounts are records that stand for themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph.pages.naming import names_of
from clustergraph.quadstore.engine import reading
from clustergraph.vocab import BASE, CODE, INFERRED, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = [
    "RECORDS",
    "Evidence",
    "Fact",
    "Incoming",
    "Record",
    "Said",
    "Thing",
    "gathered",
    "names",
]

_CG, _ORG, _DCT, _SKOS, _RDFS, _RDF = (
    PREFIXES[name] for name in ("cg", "org", "dcterms", "skos", "rdfs", "rdf")
)
_TYPE: Final = _RDF + "type"
_SOURCE, _SOURCE_NOTE = _DCT + "source", _CG + "sourceNote"
_LABELS: Final = (_RDFS + "label", _SKOS + "prefLabel")
RECORDS: Final[Mapping[str, str]] = {
    _CG + "claimSubject": "claim",
    _CG + "figureOf": "figure",
    _CG + "holder": "award",
    _CG + "amountOf": "amount",
    _ORG + "member": "member",
    _CG + "participant": "member",
    _ORG + "organization": "body",
    _CG + "participationIn": "body",
}
"""By which property a record says what it is about, and what kind of record that makes it."""

# By which it says what that has to do with another thing, and by which that is the other.
_LINKS: Final[Mapping[str, tuple[str, str]]] = {
    "claimed": (_CG + "claimObject", _CG + "claimSubject"),
    "organization": (_ORG + "organization", _ORG + "member"),
    "undertaking": (_CG + "participationIn", _CG + "participant"),
}
_MEMBER: Final = (_ORG + "member", _CG + "participant")
_BODY: Final = (_ORG + "organization", _CG + "participationIn")
# Said elsewhere on the page, or by records.
_ELSEWHERE: Final = frozenset(
    (
        _TYPE, _SOURCE, _SOURCE_NOTE, _CG + "hasLabel", _CG + "hasAmount", _CG + "receivedAward",
        _RDFS + "isDefinedBy", PREFIXES["geo"] + "hasGeometry",
    )
)  # fmt: skip
_MOST_RECORDS: Final = 400
_MOST_LINKS: Final = 12
# What has more than this is shown after the rest.
_MANY: Final = 50
_LINKS_PAGE: Final = 100

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Values = dict[str, list[Term]]


@dataclass(slots=True)
class Evidence:
    """Where a fact comes from.

    Attributes:
        iri: the record that says so; empty: the thing as a whole.
        sources: addresses and notes.
        basis: ``stated``, ``estimated`` or ``derived``; ``inferred``: it only follows from other
            statements; empty: not said.
        year: when the source says that it held, or since when.
        roles: IRIs of the roles of a membership.
        notes: what is remarked.
        contradicts: whether another record says otherwise.
    """

    iri: str = ""
    sources: list[str] = field(default_factory=list)
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
    """A property with all its values.

    Attributes:
        property: its IRI.
        values: what it is.
        disputed: whether sources contradict each other about it.
        inferred: whether it follows from other statements only.
    """

    property: str
    values: list[Said]
    disputed: bool = False
    inferred: bool = False


@dataclass(slots=True)
class Record:
    """A record about the thing.

    Attributes:
        iri: its own IRI.
        values: all that it says, by property.
    """

    iri: str
    values: Values

    def first(self, *properties: str) -> Term | None:
        """Return the first value of the first of the properties that has any."""
        for name in properties:
            if found := self.values.get(name):
                return found[0]
        return None

    def text(self, *properties: str) -> str:
        """Return the same as text."""
        found = self.first(*properties)
        return "" if found is None else str(getattr(found, "value", found))

    @property
    def evidence(self) -> Evidence:
        """What the record says of where it comes from."""
        said = self.values
        return Evidence(
            self.iri,
            _texts(said, _SOURCE) + _texts(said, _CG + "evidence") + _texts(said, _SOURCE_NOTE),
            self.text(_CG + "basis").rpartition("/")[2],
            self.text(
                _CG + "claimYear", _CG + "memberSince", _CG + "participationStart",
                _CG + "amountYear",
            ),
            _texts(said, _ORG + "role") + _texts(said, _CG + "participationRole"),
            _texts(said, _CG + "curatorNote"),
            bool(said.get(_CG + "contradicts")),
        )  # fmt: skip


@dataclass(slots=True)
class Incoming:
    """What refers to the thing by one property.

    Attributes:
        property: its IRI.
        total: how many.
        subjects: IRIs of some of them.
        evidence: by subject, where the link comes from.
    """

    property: str
    total: int
    subjects: list[str]
    evidence: dict[str, list[Evidence]] = field(default_factory=dict)


@dataclass(slots=True)
class Thing:
    """All that is known of a thing.

    Attributes:
        iri: its IRI.
        values: what is said of it directly, by property.
        facts: the same with evidence, but for what is shown in other ways.
        records: by kind: ``figure``, ``award``, ``amount``, ``claim``, …
        incoming: what refers to it.
        names: what each IRI that occurs is called: language → name.
        sources: those of the thing as a whole.
    """

    iri: str
    values: Values = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    records: dict[str, list[Record]] = field(default_factory=dict)
    incoming: list[Incoming] = field(default_factory=list)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)

    @property
    def known(self) -> bool:
        """Whether the graph says anything of it."""
        return bool(self.values or self.incoming or self.records)

    def name(self, iri: str, language: str) -> str:
        """Return what an IRI is called in a language, or another, or a short form of it."""
        known = self.names.get(iri, {})
        for tongue in (language, "en", ""):
            if tongue in known:
                return known[tongue]
        return next(iter(known.values()), "") or _tail(iri)

    def first(self, *properties: str) -> str:
        """Return the first value of the first of the properties that has any, as text."""
        return Record(self.iri, self.values).text(*properties)


def gathered(visit: Visit, iri: str, *, incoming: str = "", page: int = 1) -> Thing:
    """Return what the graph says of a thing.

    Args:
        visit: whom to tell.
        iri: the thing.
        incoming: a property by which things refer to it, to list a whole page of these.
        page: which page.
    """
    node = ox.NamedNode(iri)
    thing = Thing(iri)
    inferred: dict[str, set[Term]] = defaultdict(set)
    asserted: dict[str, set[Term]] = defaultdict(set)
    text = (
        "SELECT ?p ?o ?g { { GRAPH ?g { $thing ?p ?o } } UNION { $thing ?p ?o } }"
        if not visit.generation
        else "SELECT ?p ?o ?g { GRAPH ?g { $thing ?p ?o } }"
    )
    for predicate, value, graph in _rows(visit, text, thing=node):
        kind = inferred if _value(graph) == INFERRED else asserted
        kind[_value(predicate)].add(value)
    thing.values = {name: _sorted(values) for name, values in asserted.items()}
    thing.sources = _texts(thing.values, _SOURCE) + _texts(thing.values, _SOURCE_NOTE)
    thing.records = _records(visit, node)
    thing.facts = list(_facts(thing))
    for name, values in sorted(inferred.items()):
        if new := _sorted(values - asserted[name]):
            thing.facts.append(Fact(name, [Said(one, []) for one in new], inferred=True))
    thing.incoming = _incoming(visit, node, incoming, page)
    thing.names = names(visit, _mentioned(thing))
    return thing


def names(visit: Visit, iris: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return what things are called, by language; those without a name are left out."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    known = [ox.NamedNode(iri) for iri in sorted(set(iris)) if _is_ours(iri)]
    for one in names_of(visit.engine, known, ()):
        assert isinstance(one.object, ox.Literal)  # noqa: S101 - names are texts
        found[_value(one.subject)].setdefault(one.object.language or "", one.object.value)
    return dict(found)


def _rows(visit: Visit, text: str, **terms: ox.NamedNode) -> Iterator[Sequence[Term]]:
    with reading():
        for solution in visit.solutions(text, **terms):
            yield tuple(solution)


def _records(visit: Visit, node: ox.NamedNode) -> dict[str, list[Record]]:
    """Return the records about a thing, by kind; of each kind a bounded number."""
    return _read(
        visit,
        " UNION ".join(
            f"{{ SELECT ?record ('{kind}' AS ?kind) {{ ?record <{name}> {node} }}"
            f" LIMIT {_MOST_RECORDS} }}"
            for name, kind in RECORDS.items()
        ),
    )


def _links(visit: Visit, node: ox.NamedNode, others: Iterable[str]) -> dict[str, list[Record]]:
    """Return the records that say what some other things have to do with the thing."""
    group = " ".join(str(ox.NamedNode(other)) for other in sorted(set(others)))
    if not group:
        return {}
    return _read(
        visit,
        " UNION ".join(
            f"{{ VALUES ?other {{ {group} }} ?record <{by}> ?other ; <{to}> {node} "
            f"BIND('{kind}' AS ?kind) }}"
            for kind, (to, by) in _LINKS.items()
        ),
    )


def _read(visit: Visit, patterns: str) -> dict[str, list[Record]]:
    """Return the records that patterns find as ``?record``, by ``?kind``, with all they say."""
    kinds: dict[str, set[str]] = defaultdict(set)
    values: dict[str, dict[str, set[Term]]] = defaultdict(lambda: defaultdict(set))
    text = f"SELECT ?record ?kind ?p ?o {{ {patterns} ?record ?p ?o }}"
    for record, kind, predicate, value in _rows(visit, text):
        iri = _value(record)
        kinds[_value(kind)].add(iri)
        values[iri][_value(predicate)].add(value)
    return {
        kind: [
            Record(iri, {name: _sorted(said) for name, said in values[iri].items()})
            for iri in sorted(iris)
        ]
        for kind, iris in kinds.items()
    }


def _facts(thing: Thing) -> Iterator[Fact]:
    """Yield what is said directly, each value with its evidence."""
    evidence: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    for record in thing.records.get("claim", ()):
        said = record.first(_CG + "claimObject", _CG + "claimValue")
        if said is not None:
            evidence[record.text(_CG + "claimProperty"), _value(said)].append(record.evidence)
    for record in thing.records.get("member", ()):
        other = record.text(*_BODY)
        for name in ("memberOf", "partnerIn", "participatesIn", "coordinates"):
            evidence[_CG + name, other].append(record.evidence)
    for record in thing.records.get("body", ()):
        other = record.text(*_MEMBER)
        for name in ("hasMember", "hasPartner", "coordinatedBy"):
            evidence[_CG + name, other].append(record.evidence)
    own = [Evidence(sources=thing.sources)] if thing.sources else []
    for name, values in sorted(thing.values.items()):
        if name in _ELSEWHERE:
            continue
        said_values = [Said(one, evidence.get((name, _value(one)), own)) for one in values]
        disputed = sum(any(one.contradicts for one in said.evidence) for said in said_values) > 1
        yield Fact(name, said_values, disputed)


def _incoming(visit: Visit, node: ox.NamedNode, whole: str, page: int) -> list[Incoming]:
    """Return what refers to the thing by each property: some, or a page of one."""
    counts = [
        (_value(predicate), int(_value(n)))
        for predicate, n in _rows(
            visit,
            "SELECT ?p (COUNT(DISTINCT ?s) AS ?n) { ?s ?p $thing FILTER(isIRI(?s)) } GROUP BY ?p",
            thing=node,
        )
    ]
    ours = {*RECORDS, *(to for to, _ in _LINKS.values())}
    found: list[Incoming] = []
    for name, total in sorted(counts, key=lambda one: (one[1] > _MANY, one[0])):
        if name in ours or (name == _TYPE and not whole):
            continue
        size = _LINKS_PAGE if name == whole else _MOST_LINKS
        start = (page - 1) * size if name == whole else 0
        rows = _rows(
            visit,
            f"SELECT DISTINCT ?s {{ ?s $property $thing FILTER(isIRI(?s)) }} ORDER BY ?s "
            f"LIMIT {size} OFFSET {start}",
            thing=node,
            property=ox.NamedNode(name),
        )
        found.append(Incoming(name, total, [_value(subject) for (subject,) in rows]))
    evidence: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    records = _links(visit, node, (one for link in found for one in link.subjects))
    for record in records.get("claimed", ()):
        key = record.text(_CG + "claimProperty"), record.text(_CG + "claimSubject")
        evidence[key].append(record.evidence)
    for record in records.get("organization", []) + records.get("undertaking", []):
        for name in ("memberOf", "partnerIn", "participatesIn"):
            evidence[_CG + name, record.text(*_MEMBER)].append(record.evidence)
    for one, name in _inferred(visit, node, {one for link in found for one in link.subjects}):
        evidence[name, one].append(Evidence(basis="inferred"))
    for link in found:
        for one in link.subjects:
            if (link.property, one) in evidence:
                link.evidence[one] = evidence[link.property, one]
    return found


def _inferred(
    visit: Visit, node: ox.NamedNode, subjects: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Yield those links to a thing, by subject and property, that nobody states."""
    group = " ".join(str(ox.NamedNode(one)) for one in sorted(subjects))
    text = f"""SELECT ?s ?p {{ VALUES ?s {{ {group} }} GRAPH <{INFERRED}> {{ ?s ?p $thing }}
        FILTER NOT EXISTS {{ GRAPH ?g {{ ?s ?p $thing }} FILTER(?g != <{INFERRED}>) }} }}"""
    for subject, predicate in _rows(visit, text, thing=node):
        yield _value(subject), _value(predicate)


def _mentioned(thing: Thing) -> set[str]:
    """Return the IRIs that the page names: properties, values, subjects, roles."""
    found = {thing.iri}
    for fact in thing.facts:
        found.add(fact.property)
        for said in fact.values:
            if isinstance(said.term, ox.NamedNode):
                found.add(said.term.value)
            for one in said.evidence:
                found.update(one.roles)
    for link in thing.incoming:
        found.add(link.property)
        found.update(link.subjects)
        for evidence in link.evidence.values():
            for one in evidence:
                found.update(one.roles)
    for records in thing.records.values():
        for record in records:
            for values in record.values.values():
                found.update(one.value for one in values if isinstance(one, ox.NamedNode))
    found.update(one.value for one in thing.values.get(_TYPE, ()) if isinstance(one, ox.NamedNode))
    return found


def _is_ours(iri: str) -> bool:
    return iri.startswith((BASE, CODE, *(PREFIXES[name] for name in ("nuts", "nace", "org"))))


def _sorted(values: Iterable[Term]) -> list[Term]:
    return sorted(values, key=lambda one: (_value(one), str(one)))


def _texts(values: Values, name: str) -> list[str]:
    return [_value(one) for one in values.get(name, ())]


def _value(term: Term | None) -> str:
    return "" if term is None else str(getattr(term, "value", term))


def _tail(iri: str) -> str:
    """Return the last part of an IRI, to stand for what has no name."""
    return iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri
