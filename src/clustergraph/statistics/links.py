"""Which cluster organisations lie in a measured cluster's region and work in its field.

The rule: an organisation relates to a measured cluster if its region is the cluster's, or lies in
it, and one of its fields maps to the cluster's activity. Its fields are its sectors where these
have activities of NACE, else its ecosystems; an ecosystem stands for the activities that sources
name (``cg:naceComposition``), else for those of the reviewed mapping (``cg:mapsToActivity``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

import pyoxigraph as ox

from clustergraph.vocab import CG, CODE, GRAPH, ID, PREFIXES

_GRAPH: Final = ox.NamedNode(GRAPH + "cluster_links")
_TYPE: Final = ox.NamedNode(PREFIXES["rdf"] + "type")
_NOTE: Final = ox.Literal(
    "computed from the region of the organisation and its sectors or ecosystem; "
    "docs/statistics.md tells how"
)
_NAMES: Final = {
    CG + name: name
    for name in (
        "claimObject", "claimProperty", "claimSubject", "concentrationOf", "basis", "dissolvedOn",
        "ecosystem", "mapsToActivity", "naceActivity", "naceComposition", "passesThresholds",
        "region", "sector",
    )
} | {
    PREFIXES["rdf"] + "type": "type",
    PREFIXES["skos"] + "broader": "broader",
    PREFIXES["dcterms"] + "isReplacedBy": "replaced",
}  # fmt: skip

_Facts = dict[str, dict[str, set[str]]]


def cluster_links(quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
    """Yield the links between cluster organisations and measured clusters, each with its claim.

    Args:
        quads: what the ontology and the tables state.
    """
    facts = _facts(quads)
    clusters: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cluster, activities in sorted(facts["concentrationOf"].items()):
        if "false" in facts["passesThresholds"][cluster]:
            continue
        for region in sorted(facts["region"][cluster]):
            for activity in activities:
                for inside in {region, *facts["replaced"][region]}:
                    clusters[inside, activity].append(cluster)
    estimated = _estimated(facts)
    kind = CG + "ClusterOrganisation"
    for organisation in sorted(facts["region"]):
        if kind not in facts["type"][organisation] or facts["dissolvedOn"][organisation]:
            continue
        fields = _fields(organisation, facts, estimated)
        around = sorted(_upwards(facts["region"][organisation], facts["broader"]))
        found: dict[str, tuple[bool, str]] = {}
        for activity, how in sorted(fields.items()):
            for region in around:
                for cluster in clusters.get((region, activity), ()):
                    found[cluster] = min(found.get(cluster, how), how)
        for cluster, (guessed, field) in sorted(found.items()):
            yield from _claim(organisation, cluster, field, "estimated" if guessed else "derived")


def _facts(quads: Iterable[ox.Quad]) -> _Facts:
    """Return the statements that the rule needs: property → subject → objects."""
    facts: _Facts = {name: defaultdict(set) for name in _NAMES.values()}
    for quad in quads:
        name = _NAMES.get(quad.predicate.value)
        if name is not None and isinstance(quad.subject, ox.NamedNode):
            facts[name][quad.subject.value].add(quad.object.value)  # type: ignore[union-attr]
    return facts


def _estimated(facts: _Facts) -> set[tuple[str, str]]:
    """Return the links from an organisation to an ecosystem that are estimates only."""
    bases: dict[tuple[str, str], set[str]] = defaultdict(set)
    for claim, properties in facts["claimProperty"].items():
        if CG + "ecosystem" in properties:
            for subject in facts["claimSubject"][claim]:
                for ecosystem in facts["claimObject"][claim]:
                    bases[subject, ecosystem] |= facts["basis"][claim]
    surer = {f"{CODE}basis/stated", f"{CODE}basis/derived"}
    return {link for link, basis in bases.items() if basis and not basis & surer}


def _fields(
    organisation: str, facts: _Facts, estimated: set[tuple[str, str]]
) -> dict[str, tuple[bool, str]]:
    """Return activity → whether it is an estimate, and the sector or ecosystem it comes from."""
    found: dict[str, tuple[bool, str]] = {}

    def add(activities: Iterable[str], guessed: bool, field: str) -> None:
        for activity in _upwards(activities, facts["broader"]):
            found[activity] = min(found.get(activity, (guessed, field)), (guessed, field))

    for sector in sorted(facts["sector"][organisation]):
        add(facts["naceActivity"][sector], True, sector)
    if not found:
        for ecosystem in sorted(facts["ecosystem"][organisation]):
            known = facts["naceComposition"][ecosystem]
            guessed = not known or (organisation, ecosystem) in estimated
            add(known or facts["mapsToActivity"][ecosystem], guessed, ecosystem)
    return found


def _upwards(things: Iterable[str], broader: dict[str, set[str]]) -> set[str]:
    """Return things with all that is broader than they are."""
    found: set[str] = set()
    ahead = list(things)
    while ahead:
        thing = ahead.pop()
        if thing not in found:
            found.add(thing)
            ahead.extend(broader.get(thing, ()))
    return found


def _claim(organisation: str, cluster: str, field: str, basis: str) -> Iterator[ox.Quad]:
    names = "--".join(
        [organisation.rpartition("/")[2], "related-cluster", cluster.rpartition("/")[2]]
    )
    claim = ox.NamedNode(f"{ID}claim/{names}")
    about, measured = ox.NamedNode(organisation), ox.NamedNode(cluster)
    link = ox.NamedNode(CG + "relatedCluster")
    statements: tuple[tuple[ox.NamedNode, ox.NamedNode, ox.NamedNode | ox.Literal], ...] = (
        (about, link, measured),
        (claim, _TYPE, ox.NamedNode(CG + "Claim")),
        (claim, ox.NamedNode(CG + "claimSubject"), about),
        (claim, ox.NamedNode(CG + "claimProperty"), link),
        (claim, ox.NamedNode(CG + "claimObject"), measured),
        (claim, ox.NamedNode(CG + "basis"), ox.NamedNode(f"{CODE}basis/{basis}")),
        (claim, ox.NamedNode(PREFIXES["prov"] + "wasDerivedFrom"), ox.NamedNode(field)),
        (claim, ox.NamedNode(CG + "sourceNote"), _NOTE),
    )
    for subject, predicate, value in statements:
        yield ox.Quad(subject, predicate, value, _GRAPH)
