"""The report as RDF: a ``sh:ValidationReport``.

Source: SHACL, section 3.6.
"""

from __future__ import annotations

from typing import Final

import pyoxigraph as ox

from clustergraph.shacl.report import Finding, Report
from clustergraph.vocab import PREFIXES

__all__ = ["write"]

_SH: Final = PREFIXES["sh"]
_PREFIXES: Final = {
    name: PREFIXES[name] for name in ("cg", "org", "rdf", "rdfs", "sh", "shape", "skos", "xsd")
}


def write(report: Report) -> str:
    """Return the standard report in Turtle, nested results under ``sh:detail``."""
    root = ox.BlankNode()
    triples = [
        _say(root, PREFIXES["rdf"] + "type", ox.NamedNode(_SH + "ValidationReport")),
        _say(root, _SH + "conforms", ox.Literal(report.conforms())),
    ]
    for finding in report.findings:
        triples.extend(_result(root, _SH + "result", finding))
    written = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=_PREFIXES)
    return (written or b"").decode()


def _result(parent: ox.BlankNode, link: str, finding: Finding) -> list[ox.Triple]:
    node = ox.BlankNode()
    triples = [
        _say(parent, link, node),
        _say(node, PREFIXES["rdf"] + "type", ox.NamedNode(_SH + "ValidationResult")),
        _say(node, _SH + "resultSeverity", ox.NamedNode(finding.severity_iri)),
        _say(node, _SH + "focusNode", finding.focus),
        _say(node, _SH + "sourceShape", finding.shape),
    ]
    if finding.component:
        component = ox.NamedNode(finding.component)
        triples.append(_say(node, _SH + "sourceConstraintComponent", component))
    messages = finding.messages
    if finding.message and not messages:
        messages = (ox.Literal(finding.message, language="en"),)
    triples.extend(_say(node, _SH + "resultMessage", message) for message in messages)
    if finding.constraint is not None:
        triples.append(_say(node, _SH + "sourceConstraint", finding.constraint))
    if finding.value is not None:
        triples.append(_say(node, _SH + "value", finding.value))
    if finding.path is not None:
        start, described = finding.path.triples()
        triples.extend(described)
        triples.append(_say(node, _SH + "resultPath", start))
    for inner in finding.detail:
        triples.extend(_result(node, _SH + "detail", inner))
    return triples


def _say(
    subject: ox.NamedNode | ox.BlankNode,
    predicate: str,
    value: ox.NamedNode | ox.BlankNode | ox.Literal,
) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), value)
