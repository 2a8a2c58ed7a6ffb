"""What refers to a thing: by each property some, or a page of one, with evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from clustergraph.pages.records import JOINS, MEMBER, Evidence, Record, Said, read, text_of
from clustergraph.pages.statements import RECORDS
from clustergraph.vocab import CODE, INFERRED, PREFIXES

if TYPE_CHECKING:
    from clustergraph.pages.visit import Visit

__all__ = ["Incoming", "incoming"]

_CG, _ORG = PREFIXES["cg"], PREFIXES["org"]
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


@dataclass(slots=True)
class Incoming:
    """What refers to the thing by one property.

    Attributes:
        property: its IRI.
        total: how many.
        subjects: some of them, with the evidence for the link.
        estimated: how many of all rest on an estimate.
        inferred: whether no statement says so: all of it follows.
    """

    property: str
    total: int
    subjects: list[Said] = field(default_factory=list)
    estimated: int = 0
    inferred: bool = False


def incoming(visit: Visit, node: ox.NamedNode, whole: str, page: int) -> list[Incoming]:
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
    found: list[Incoming] = []
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
        link = Incoming(name, total, [Said(ox.NamedNode(row.s), []) for row in rows])
        link.estimated = estimates.get(name, 0)
        link.inferred = inferred.get(name, 0) == total
        found.append(link)
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
        for said in link.subjects:
            said.evidence = evidence.get((link.property, text_of(said.term)), [])
    return found


def _counts(visit: Visit, pattern: str, node: ox.NamedNode) -> dict[str, int]:
    """Return how many things relate to one, by property."""
    text = f"SELECT ?p (COUNT(DISTINCT ?s) AS ?n) {{ {pattern} }} GROUP BY ?p"
    return {row.p: row.n for row in visit.select(text, thing=node) if row.p}


def _group(links: Iterable[Incoming]) -> str:
    """Return the subjects of links as they stand in VALUES."""
    return " ".join(sorted({str(said.term) for link in links for said in link.subjects}))


def _links(
    visit: Visit, node: ox.NamedNode, links: Iterable[Incoming]
) -> Iterator[tuple[str, Record]]:
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


def _inferred(
    visit: Visit, node: ox.NamedNode, links: Iterable[Incoming]
) -> Iterator[tuple[str, str]]:
    """Yield those links to a thing, by subject and property, that nobody states."""
    group = _group(link for link in links if not link.inferred)
    text = f"""SELECT ?s ?p {{ VALUES ?s {{ {group} }} GRAPH <{INFERRED}> {{ ?s ?p $thing }}
        FILTER NOT EXISTS {{ GRAPH ?g {{ ?s ?p $thing }} FILTER(?g != <{INFERRED}>) }} }}"""
    for row in visit.select(text, thing=node):
        yield row.s, row.p
